"""Making tensors: from data, filled, in sequences, and like another tensor."""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.devices import require_cpu
from minitorch.dtypes import (
    BOOL,
    INTEGER,
    default_numpy,
    dtype,
    from_numpy_dtype,
    promote_numpy,
    scalar_dtype,
    to_numpy_dtype,
)
from minitorch.engine.state import LEAF, TensorState, wrap
from minitorch.layouts import strided
from minitorch.ops.elements import as_element, check_fits
from minitorch.ops.out import store

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_numpy", "frombuffer",
    "full", "full_like", "linspace", "logspace", "ones", "ones_like", "scalar_tensor", "tensor",
    "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip

Number = bool | int | float | complex


def made(array: np.ndarray, device: Any, requires_grad: bool, layout: Any = None) -> Any:
    """A new leaf from `array`, after the checks that every creation function makes."""
    require_cpu(device)
    if layout is not None and layout is not strided:
        raise NotImplementedError(f"minitorch has dense tensors only, no layout {layout!r}")
    if requires_grad and array.dtype.kind not in "fcV":
        raise RuntimeError(
            "only floating and complex tensors can require gradients; this is "
            f"{from_numpy_dtype(array.dtype)}: write 1.0 for 1, or give a floating dtype"
        )
    return wrap(array, LEAF if requires_grad else None)


def sizes(size: tuple[Any, ...]) -> tuple[int, ...]:
    """``(2, 3)`` from ``zeros(2, 3)``, ``zeros((2, 3))`` or ``zeros([2, 3])``."""
    if len(size) == 1 and isinstance(size[0], Sequence):
        size = tuple(size[0])
    try:
        shape = tuple([operator.index(n) for n in size])
    except TypeError:
        kinds = [type(n).__name__ for n in size]
        raise TypeError(f"a shape is made of integers, got {kinds}: {list(size)}") from None
    if any(n < 0 for n in shape):
        raise RuntimeError(f"a dimension cannot be negative: {list(shape)}")
    return shape


def by_name(name: str, size: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The size where it came as a keyword, ``zeros(size=(2, 3))``."""
    if size or list(named) != ["size"]:
        wrong = next((n for n in named if n != "size"), "size")
        raise TypeError(f"{name}() got an unexpected keyword argument {wrong!r}")
    return (named["size"],)


# --- from data --------------------------------------------------------------------------------


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A new tensor from a number, nested lists or an array; always a copy.

    Python floats become the default dtype, integers int64; arrays keep their dtype.  ValueError
    for nested lists of uneven lengths.

    >>> import minitorch
    >>> minitorch.tensor([[1, 2], [3, 4.5]])
    tensor([[1.0000, 2.0000],
            [3.0000, 4.5000]])
    """
    if isinstance(data, TensorState):
        warnings.warn(
            "tensor(t) copies a tensor and forgets its history: write t.detach().clone()",
            stacklevel=2,
        )
    array = to_array(data, None if dtype is None else to_numpy_dtype(dtype), copy=True)
    return made(array, device, requires_grad)


def to_array(data: Any, wanted: np.dtype[Any] | None, copy: bool) -> np.ndarray:
    """Anything that `tensor` takes, as an array in PyTorch's dtype."""
    if isinstance(data, TensorState):
        data = data._data
    if isinstance(data, np.ndarray):
        native = from_numpy_dtype(data.dtype).dtype if wanted is None else wanted
        return np.array(data, dtype=native) if copy else np.asarray(data, dtype=native)
    if isinstance(data, float | int | complex) and not isinstance(data, np.generic):
        return _number(data, wanted)
    if hasattr(data, "__array__") and not isinstance(data, Sequence):
        return to_array(np.asarray(data), wanted, copy)
    if isinstance(data, str | bytes) or not isinstance(data, Sequence | memoryview | range):
        if hasattr(data, "__array_interface__") or hasattr(data, "__dlpack__"):
            return to_array(np.asarray(data), wanted, copy)
        raise TypeError(f"cannot make a tensor from a {type(data).__name__}")
    plain = _plain(data)
    try:
        array = np.array(plain)
    except ValueError:
        _check_even(plain, 0)
        raise
    except OverflowError:
        raise RuntimeError("an integer is too large for int64") from None
    if array.dtype.kind in "OUSM":
        _refuse_leaves(plain)
    if wanted is None:
        wanted = _leaf_dtype(plain) or default_numpy()
    if array.dtype != wanted:
        _check_range(array, wanted)
    return array.astype(wanted)


def _check_range(array: np.ndarray, wanted: np.dtype[Any]) -> None:
    """RuntimeError for numbers too large for a dtype of integers, TypeError for complex ones."""
    _check_real(array, wanted)
    if wanted.kind in "iu" and array.dtype.kind in "iuf" and array.size:
        check_fits(array.min().item(), wanted)
        check_fits(array.max().item(), wanted)


def _number(value: Any, wanted: np.dtype[Any] | None) -> np.ndarray:
    if wanted is None:
        wanted = scalar_dtype(value)
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O":
            raise OverflowError
    except OverflowError:
        raise RuntimeError(f"the integer {value} is too large for int64") from None
    if wanted.kind in "iu" and array.dtype.kind in "iuf":
        check_fits(value, wanted)
    _check_real(array, wanted)
    return array.astype(wanted)


def _check_real(array: np.ndarray, wanted: np.dtype[Any]) -> None:
    if wanted.kind not in "cb" and array.dtype.kind == "c":
        raise TypeError(f"a complex number cannot become {from_numpy_dtype(wanted)}")


def _plain(data: Any) -> Any:
    """Nested lists with every Tensor replaced by its number, every other sequence by a list."""
    if isinstance(data, TensorState):
        if data._data.size != 1:
            raise ValueError(
                "only one element tensors can be converted to Python scalars; a list holds one of "
                f"shape {list(data._data.shape)}: use stack() or cat()"
            )
        return data._data.reshape(())[()]
    if isinstance(data, list | tuple):
        return [_plain(x) for x in data] if _holds_other(data) else data
    if isinstance(data, Sequence | memoryview) and not isinstance(data, str | bytes):
        return [_plain(x) for x in data]
    return data


def _holds_other(data: Any) -> bool:
    return not all(type(x) in (float, int, bool) for x in data)


def _check_even(data: Any, depth: int) -> tuple[int, ...]:
    """The shape of nested lists; ValueError naming the first place where lengths differ."""
    if not isinstance(data, list | tuple):
        return np.shape(data)
    shapes = [_check_even(x, depth + 1) for x in data]
    for shape in shapes:
        if shape != shapes[0]:
            first, other = shapes[0], shape
            raise ValueError(
                f"nested lists must have even lengths: at depth {depth + 1} one element has shape "
                f"{first} and another {other}"
            )
    return (len(shapes), *(shapes[0] if shapes else ()))


def _leaves(data: Any) -> Any:
    if isinstance(data, list | tuple):
        for x in data:
            yield from _leaves(x)
    else:
        yield data


def _leaf_dtype(data: Any) -> np.dtype[Any] | None:
    """The dtype in which all numbers meet; arrays and NumPy's scalars bring their own."""
    result: np.dtype[Any] | None = None
    for kind in {_type_of_leaf(x) for x in _leaves(data)}:
        result = kind if result is None else promote_numpy(result, kind)
    return result


def _type_of_leaf(x: Any) -> np.dtype[Any]:
    if isinstance(x, np.ndarray | np.generic):
        return from_numpy_dtype(x.dtype).dtype
    return scalar_dtype(x)


def _refuse_leaves(data: Any) -> None:
    for x in _leaves(data):
        if not isinstance(x, bool | int | float | complex | np.generic | np.ndarray):
            raise TypeError(f"a tensor is made of numbers, got a {type(x).__name__}")
        if isinstance(x, int) and abs(x) >= 2**63:
            raise RuntimeError(f"the integer {x} is too large for int64")
    raise TypeError("a tensor is made of numbers")


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, without a copy where that is possible.

    A tensor of the right dtype is returned itself, history and all; an array shares its memory.
    """
    require_cpu(device)
    wanted = None if dtype is None else to_numpy_dtype(dtype)
    if isinstance(data, TensorState):
        if wanted is None or wanted == data._data.dtype:
            return data  # type: ignore[return-value]
        return data.to(from_numpy_dtype(wanted))  # type: ignore[attr-defined]
    return wrap(to_array(data, wanted, copy=False))


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`obj` as a tensor, sharing memory where possible unless `copy`; see `as_tensor`."""
    result = as_tensor(obj, dtype, device)
    if copy:
        result = wrap(result._data.copy())
    if requires_grad and result._node is None:
        return made(result._data, device, True)
    return result if requires_grad or result._node is None else wrap(result._data)


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor that shares memory with a NumPy array.

    >>> import numpy as np, minitorch
    >>> a = np.zeros(2)
    >>> t = minitorch.from_numpy(a)
    >>> a[0] = 7
    >>> t
    tensor([7., 0.], dtype=minitorch.float64)
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected an np.ndarray, got {type(ndarray).__name__}")
    if not ndarray.dtype.isnative:
        raise ValueError(f"the array's byte order ({ndarray.dtype.str}) is not this machine's")
    from_numpy_dtype(ndarray.dtype)
    return wrap(np.asarray(ndarray))


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A tensor of one dimension over the memory of any Python buffer."""
    return made(np.frombuffer(buffer, to_numpy_dtype(dtype), count, offset), None, requires_grad)


def scalar_tensor(
    s: Number, *, dtype: Any = None, device: Any = None, layout: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A zero-dimensional tensor; of the default dtype, also for integers."""
    kind = default_numpy() if dtype is None else to_numpy_dtype(dtype)
    return made(np.asarray(s).astype(kind), device, requires_grad, layout)


# --- filled -----------------------------------------------------------------------------------


def _filled(make: Any, doc: str) -> Any:
    def function(
        *size: Any,
        out: Any = None,
        dtype: Any = None,
        layout: Any = None,
        device: Any = None,
        requires_grad: bool = False,
        pin_memory: bool = False,
        memory_format: Any = None,
        **named: Any,
    ) -> Any:
        if named:
            size = by_name(make.__name__, size, named)
        kind = default_numpy() if dtype is None else to_numpy_dtype(dtype)
        result = made(make(sizes(size), kind), device, requires_grad, layout)
        return result if out is None else store(out, result)

    function.__name__ = function.__qualname__ = make.__name__
    function.__doc__ = doc
    return function


zeros = _filled(np.zeros, "A tensor of zeros: ``zeros(2, 3)`` or ``zeros((2, 3))``.")
ones = _filled(np.ones, "A tensor of ones: ``ones(2, 3)`` or ``ones((2, 3))``.")
empty = _filled(np.empty, "A tensor whose elements are whatever was in memory.")


def full(
    size: Sequence[int],
    fill_value: Number,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor filled with one number, which also says the dtype unless `dtype` does.

    >>> import minitorch
    >>> minitorch.full((2,), 7)
    tensor([7, 7])
    """
    value = fill_value._data.item() if isinstance(fill_value, TensorState) else fill_value
    shape = (size,) if isinstance(size, int) else size
    kind = scalar_dtype(value) if dtype is None else to_numpy_dtype(dtype)
    array = np.empty(sizes((shape,)), kind)
    array.fill(as_element(value, kind))
    result = made(array, device, requires_grad, layout)
    return result if out is None else store(out, result)


def _like(fill: Any, input: Any, dtype: Any, layout: Any, device: Any, requires_grad: bool) -> Any:
    if not isinstance(input, TensorState):
        raise TypeError(f"expected a Tensor, got {type(input).__name__}")
    kind = input._data.dtype if dtype is None else to_numpy_dtype(dtype)
    array = np.empty_like(input._data, dtype=kind)
    if fill is not None:
        array.fill(as_element(fill, kind))
    return made(array, device, requires_grad, layout)


def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros in the shape and dtype of `input`."""
    return _like(0, input, dtype, layout, device, requires_grad)


def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Ones in the shape and dtype of `input`."""
    return _like(1, input, dtype, layout, device, requires_grad)


def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Whatever was in memory, in the shape and dtype of `input`."""
    return _like(None, input, dtype, layout, device, requires_grad)


def full_like(
    input: Tensor, fill_value: Number, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """One number everywhere, in the shape and dtype of `input`."""
    return _like(fill_value, input, dtype, layout, device, requires_grad)


# --- sequences --------------------------------------------------------------------------------


def _value(x: Any) -> Any:
    """A number from a number or a zero-dimensional tensor."""
    if isinstance(x, TensorState):
        if x._data.ndim:
            raise RuntimeError(f"expected a number or a 0-d tensor, got shape {x._data.shape}")
        return x._data.item()
    return x.item() if isinstance(x, np.generic) else x


def arange(
    start: Any = 0,
    end: Any = None,
    step: Any = 1,
    *,
    out: Any = None,
    dtype: Any = None,
    layout: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """``start, start + step, ...`` up to but without `end`: ``ceil((end - start) / step)`` numbers.

    int64 if all three are integers, else the default dtype.

    >>> import minitorch
    >>> minitorch.arange(4), minitorch.arange(1, 2, 0.5)
    (tensor([0, 1, 2, 3]), tensor([1.0000, 1.5000]))
    """
    if end is None:
        start, end = 0, start
    first, last, stride = _value(start), _value(end), _value(step)
    if any(isinstance(x, complex) or not isinstance(x, int | float) for x in (first, last, stride)):
        raise RuntimeError(f"arange() takes real numbers, got {first!r}, {last!r}, {stride!r}")
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    if not (math.isfinite(first) and math.isfinite(last)):
        raise RuntimeError(f"unsupported range: {first} -> {last}")
    if (last - first) * stride < 0:
        raise RuntimeError(f"step {stride} never leads from {first} to {last}")
    if dtype is not None or out is None:
        kind = to_numpy_dtype(dtype) if dtype is not None else _common(first, last, stride)
    else:
        kind = out._data.dtype
    if kind.kind in "bc":
        raise NotImplementedError(f"arange() is not there for {from_numpy_dtype(kind)}")
    if isinstance(first, int) and isinstance(last, int) and isinstance(stride, int):
        count = -((first - last) // stride)
        array = np.arange(first, first + count * stride, stride).astype(kind)
    else:
        count = math.ceil((last - first) / stride)
        if kind.kind in "iu":  # as PyTorch: the ends are converted, for int64 before counting
            first, last, stride = int(first), int(last), int(stride)
            if kind.itemsize == 8:
                if stride == 0:
                    raise ValueError(f"step must be nonzero; {step} is not, as an integer")
                count = max(math.ceil((last - first) / stride), 0)
        array = _steps(first, stride, count, kind)
    result = made(array, device, requires_grad, layout)
    return result if out is None else store(out, result)


def _steps(first: float, stride: float, count: int, kind: np.dtype[Any]) -> Any:
    """``first + i * stride``, to the bit as PyTorch's vector kernel makes it.

    It multiplies and adds in one rounding, and starts each vector of 32 bytes anew from a rounded
    number, but for the numbers after the last pair of vectors.
    """
    if kind.itemsize > 2 and float(first).is_integer() and float(stride).is_integer():
        return (first + stride * np.arange(count, dtype=np.float64)).astype(kind)
    work = np.dtype(np.float32 if kind.itemsize == 2 else np.float64)
    step = np.longdouble(work.type(stride))  # in which a product is not rounded
    array = (work.type(first) + np.arange(count) * step).astype(work).astype(kind)
    lanes = 32 // kind.itemsize
    whole = count - count % (2 * lanes)
    starts = array[:whole:lanes, None].astype(np.longdouble)
    array[:whole] = (starts + np.arange(lanes) * step).astype(work).reshape(-1)
    return array


def _common(*values: Any) -> np.dtype[Any]:
    return default_numpy() if any(isinstance(v, float) for v in values) else np.dtype(np.int64)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers, evenly spaced from `start` to `end`, both included.

    >>> import minitorch
    >>> minitorch.linspace(0, 1, 5)
    tensor([0.0000, 0.2500, 0.5000, 0.7500, 1.0000])
    """
    first, last, count, kind = _spaced(start, end, steps, dtype)
    if kind.kind == "c":
        real, imag = _even(first.real, last.real, count), _even(first.imag, last.imag, count)
        values: np.ndarray = real + 1j * imag
    else:
        values = _even(first, last, count)
    result = made(values.astype(kind), device, requires_grad, layout)
    return result if out is None else store(out, result)


def _even(first: Any, last: Any, count: int) -> np.ndarray:
    """Steps from `first` up to halfway, then back from `last`: to the bit as PyTorch's."""
    step = np.longdouble((last - first) / type(first)(max(count - 1, 1)))
    i = np.arange(count)
    forward = i < (count // 2 if count > 1 else 1)
    numbers = np.where(forward, first + step * i, last - step * (count - 1 - i))
    return numbers.astype(type(first))


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``base ** linspace(start, end, steps)``."""
    first, last, count, kind = _spaced(start, end, steps, dtype)
    exponents = np.linspace(first, last, count, dtype="D" if kind.kind == "c" else "d")
    result = made(np.power(base, exponents).astype(kind), device, requires_grad, layout)
    return result if out is None else store(out, result)


def _spaced(start: Any, end: Any, steps: Any, dtype: Any) -> tuple[Any, Any, int, np.dtype[Any]]:
    """The ends as PyTorch rounds them, how many numbers, and their dtype."""
    first, last = _value(start), _value(end)
    try:
        count = operator.index(steps)
    except TypeError:
        raise TypeError(f"steps must be an integer, got {type(steps).__name__}") from None
    if count < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {count}")
    wide = isinstance(first, complex) or isinstance(last, complex)
    if dtype is None:
        default = from_numpy_dtype(default_numpy())
        kind = default.to_complex().dtype if wide else default.dtype
    else:
        kind = to_numpy_dtype(dtype)
        if wide and kind.kind != "c":
            raise RuntimeError(f"complex ends need a complex dtype, got {dtype}")
    if kind.kind in "iu":
        first, last = int(first), int(last)
    work = kind.type if kind.char in "fdFD" else np.dtype(np.float64).type
    return work(first), work(last), count, kind


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The identity matrix, (n, n) or (n, m)."""
    rows, columns = sizes((n, n if m is None else m))
    kind = default_numpy() if dtype is None else to_numpy_dtype(dtype)
    result = made(np.eye(rows, columns, dtype=kind), device, requires_grad, layout)
    return result if out is None else store(out, result)


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtype | None = None, device: Any = None,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """Rows and columns (2, n) of the elements on and below diagonal `offset`."""
    return _triangle(np.tril_indices, row, col, offset, dtype, device)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: dtype | None = None, device: Any = None,
    layout: Any = None,
) -> Tensor:  # fmt: skip
    """Rows and columns (2, n) of the elements on and above diagonal `offset`."""
    return _triangle(np.triu_indices, row, col, offset, dtype, device)


def _triangle(indices: Any, row: int, col: int, offset: int, kind: Any, device: Any) -> Any:
    rows, columns = sizes((row, col))
    wanted = np.dtype(np.int64) if kind is None else to_numpy_dtype(kind)
    if from_numpy_dtype(wanted).category not in (BOOL, INTEGER) or wanted.itemsize < 4:
        raise RuntimeError(f"indices are int32 or int64, not {kind}")
    return made(np.stack(indices(rows, offset, columns)).astype(wanted), device, False)
