"""Data types: PyTorch's names over NumPy's, and PyTorch's rules for mixing them.

A `dtype` is a name and a NumPy dtype.  NumPy accepts it wherever it takes a dtype.  Promotion
goes by category first (bool < integer < floating < complex) and by width within a category, so
``int64 + float32`` is ``float32`` here, where NumPy would say ``float64``.
"""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np

BOOL, INTEGER, FLOATING, COMPLEX = range(4)


class dtype:
    """A data type, such as ``minitorch.float32``.  Mirrors ``torch.dtype``.

    >>> import minitorch
    >>> minitorch.float32, minitorch.float32.itemsize, minitorch.int8.is_floating_point
    (minitorch.float32, 4, False)
    """

    __slots__ = ("_numpy", "category", "itemsize", "name")

    def __init__(self, name: str, category: int, itemsize: int) -> None:
        self.name = name
        self.category = category
        self.itemsize = itemsize
        self._numpy: np.dtype[Any] | None = None if name == "bfloat16" else np.dtype(name)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy dtype; under this name NumPy itself finds it (``np.zeros(3, float32)``)."""
        if self._numpy is None:
            # Only bfloat16 comes from outside NumPy; it is looked for when first used.
            try:
                ml_dtypes = importlib.import_module("ml_dtypes")
            except ImportError:
                raise NotImplementedError(
                    "bfloat16 needs the optional package ml_dtypes "
                    "(pip install ml_dtypes); float16 and float32 need nothing"
                ) from None
            self._numpy = np.dtype(ml_dtypes.bfloat16)
            _FROM_NUMPY[self._numpy] = self
        return self._numpy

    @property
    def is_floating_point(self) -> bool:
        return self.category == FLOATING

    @property
    def is_complex(self) -> bool:
        return self.category == COMPLEX

    @property
    def is_signed(self) -> bool:
        return self.name not in ("bool", "uint8")

    def to_real(self) -> DType:
        """complex64 -> float32, complex128 -> float64; the others are themselves."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)

    def to_complex(self) -> DType:
        """float32 -> complex64, float64 -> complex128 (``torch.dtype.to_complex``)."""
        return {"float64": complex128, "complex128": complex128}.get(self.name, complex64)

    def __repr__(self) -> str:
        return f"minitorch.{self.name}"

    def __reduce__(self) -> tuple[Any, ...]:
        return _by_name, (self.name,)


DType = dtype  # inside the class, `dtype` is its property


def _by_name(name: str) -> DType:
    return BY_NAME[name]


bool_ = dtype("bool", BOOL, 1)
uint8 = dtype("uint8", INTEGER, 1)
int8 = dtype("int8", INTEGER, 1)
int16 = short = dtype("int16", INTEGER, 2)
int32 = int_ = dtype("int32", INTEGER, 4)
int64 = long = dtype("int64", INTEGER, 8)
float16 = half = dtype("float16", FLOATING, 2)
bfloat16 = dtype("bfloat16", FLOATING, 2)
float32 = float_ = dtype("float32", FLOATING, 4)
float64 = double = dtype("float64", FLOATING, 8)
complex64 = cfloat = dtype("complex64", COMPLEX, 8)
complex128 = cdouble = dtype("complex128", COMPLEX, 16)

ALL = (bool_, uint8, int8, int16, int32, int64, float16, bfloat16, float32, float64,
       complex64, complex128)  # fmt: skip
BY_NAME = {d.name: d for d in ALL}
_FROM_NUMPY: dict[np.dtype[Any], dtype] = {d._numpy: d for d in ALL if d._numpy is not None}
_PYTHON_TYPES: dict[type, dtype] = {bool: bool_, int: int64, float: float64, complex: complex128}

# The default floating dtype, and the complex dtype that goes with it.
_default = float32


def from_numpy_dtype(numpy_dtype: np.dtype[Any]) -> dtype:
    """The minitorch dtype of a NumPy dtype; TypeError where there is none (strings, objects)."""
    found = _FROM_NUMPY.get(numpy_dtype)
    if found is None:
        native = numpy_dtype.newbyteorder("=")  # big-endian files, say
        found = _FROM_NUMPY.get(native)
        if found is None and numpy_dtype.name == "bfloat16":
            _ = bfloat16.dtype  # registers it
            found = bfloat16
        if found is None:
            raise TypeError(
                f"a Tensor cannot hold NumPy's {numpy_dtype}; it holds bool, uint8, int8 to int64, "
                "float16 to float64, complex64 and complex128"
            )
    return found


def to_numpy_dtype(kind: Any) -> np.dtype[Any]:
    """The NumPy dtype behind a minitorch dtype, a Python number type or a NumPy dtype."""
    if isinstance(kind, dtype):
        return kind.dtype
    if kind in _PYTHON_TYPES:
        return _PYTHON_TYPES[kind].dtype
    if isinstance(kind, np.dtype) or (isinstance(kind, type) and issubclass(kind, np.generic)):
        return from_numpy_dtype(np.dtype(kind)).dtype
    known = isinstance(kind, str) and isinstance(globals().get(kind), dtype)
    meant = f": write minitorch.{kind}, without quotes" if known else ""
    raise TypeError(f"expected a dtype such as minitorch.float32, got {kind!r}{meant}")


def get_default_dtype() -> dtype:
    """The dtype of ``tensor(1.5)`` and of integer division.

    >>> import minitorch
    >>> minitorch.get_default_dtype()
    minitorch.float32
    """
    return _default


def set_default_dtype(d: dtype) -> None:
    """Set the floating dtype that Python floats become (float16, bfloat16, float32, float64)."""
    global _default
    if not isinstance(d, dtype) or not d.is_floating_point:
        raise TypeError(f"the default dtype must be a floating dtype, got {d!r}")
    _ = d.dtype  # bfloat16 without ml_dtypes is refused here, not in the middle of an op
    _default = d


def default_numpy() -> np.dtype[Any]:
    """NumPy's name for the default floating dtype."""
    return _default.dtype


def _category(numpy_dtype: np.dtype[Any]) -> int:
    return from_numpy_dtype(numpy_dtype).category


def promote_numpy(a: np.dtype[Any], b: np.dtype[Any]) -> np.dtype[Any]:
    """`promote_types` on NumPy dtypes."""
    if a == b:
        return a
    first, second = from_numpy_dtype(a), from_numpy_dtype(b)
    low, high = (first, second) if first.category <= second.category else (second, first)
    if high.category == COMPLEX and low.category == FLOATING:
        return complex128.dtype if low is float64 else high.dtype
    if low.category < high.category:
        return high.dtype
    if low.category == FLOATING and low.itemsize == high.itemsize:
        return float32.dtype  # float16 with bfloat16: neither holds the other
    if low.category == FLOATING:
        return (low if low.itemsize > high.itemsize else high).dtype
    return np.promote_types(a, b)


def promote_types(type1: DType, type2: DType) -> DType:
    """The smallest dtype to which both can be promoted (``torch.promote_types``).

    >>> import minitorch as mt
    >>> mt.promote_types(mt.int64, mt.float32), mt.promote_types(mt.uint8, mt.int8)
    (minitorch.float32, minitorch.int16)
    """
    return from_numpy_dtype(promote_numpy(type1.dtype, type2.dtype))


def can_cast(from_: dtype, to: dtype) -> bool:
    """Whether promotion may turn `from_` into `to`: never to a lower category.

    >>> import minitorch as mt
    >>> mt.can_cast(mt.double, mt.float), mt.can_cast(mt.float, mt.int)
    (True, False)
    """
    return from_.category <= to.category


def scalar_dtype(value: Any) -> np.dtype[Any]:
    """The NumPy dtype that a Python number counts as: bool, int64, default float or complex."""
    if isinstance(value, bool):
        return bool_.dtype
    if isinstance(value, int):
        return int64.dtype
    if isinstance(value, float):
        return _default.dtype
    if isinstance(value, complex):
        return _default.to_complex().dtype
    raise TypeError(f"expected a Tensor or a number, got {type(value).__name__}")


def common_dtype(*operands: Any) -> np.dtype[Any]:
    """The dtype in which arrays and Python numbers meet, by PyTorch's three ranks.

    Arrays with dimensions come first, zero-dimensional arrays second, Python numbers last; a
    lower rank matters only where its category is higher.
    """
    ranks: list[np.dtype[Any] | None] = [None, None, None]
    for x in operands:
        if isinstance(x, np.ndarray):
            kind, rank = x.dtype, 0 if x.ndim else 1
        else:
            kind, rank = scalar_dtype(x), 2
        seen = ranks[rank]
        ranks[rank] = kind if seen is None else promote_numpy(seen, kind)
    result = ranks[0]
    for lower in ranks[1:]:
        result = _combine_ranks(result, lower)
    assert result is not None, "no operands"
    return result


def _combine_ranks(
    higher: np.dtype[Any] | None, lower: np.dtype[Any] | None
) -> np.dtype[Any] | None:
    if higher is None or lower is None:
        return lower if higher is None else higher
    above, below = _category(higher), _category(lower)
    if below <= above:
        return higher
    if above == FLOATING:  # a complex number keeps the precision of the floating tensor
        return from_numpy_dtype(higher).to_complex().dtype
    return promote_numpy(higher, lower)


class finfo:
    """Limits of a floating dtype (``torch.finfo``): `bits, eps, min, max, tiny, resolution`.

    >>> import minitorch
    >>> minitorch.finfo(minitorch.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: DType | None = None) -> None:
        kind: DType = _default if type is None else type
        if not (kind.is_floating_point or kind.is_complex):
            raise TypeError(f"finfo() needs a floating dtype, got {kind}; use iinfo()")
        if kind is bfloat16:
            info: Any = importlib.import_module("ml_dtypes").finfo(kind.dtype)
        else:
            info = np.finfo(kind.dtype)
        self.bits = kind.to_real().itemsize * 8
        self.eps = float(info.eps)
        self.min = float(info.min)
        self.max = float(info.max)
        self.tiny = self.smallest_normal = float(info.smallest_normal)
        self.resolution = float(info.resolution)
        self.dtype = kind.to_real().name

    def __repr__(self) -> str:
        names = "resolution", "min", "max", "eps", "smallest_normal", "tiny"
        body = ", ".join(f"{name}={getattr(self, name):g}" for name in names)
        return f"finfo({body}, dtype={self.dtype})"


class iinfo:
    """Limits of an integer dtype (``torch.iinfo``): `bits, min, max`.

    >>> import minitorch
    >>> minitorch.iinfo(minitorch.int8).max
    127
    """

    def __init__(self, type: DType) -> None:
        if type.category != INTEGER:
            raise TypeError(f"iinfo() needs an integer dtype, got {type}; use finfo()")
        info = np.iinfo(type.dtype)
        self.bits, self.min, self.max = info.bits, int(info.min), int(info.max)
        self.dtype = type.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
