"""Methods: copies and conversions of dtype."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch import dtypes
from minitorch.devices import require_cpu
from minitorch.engine.state import TensorState, wrap
from minitorch.ops import copying as ops
from minitorch.ops import filling, sparse
from minitorch.ops.out import as_method
from minitorch.tensor.numpy_protocol import FUNCTIONS

TYPE_NAMES = {
    "bool": "BoolTensor",
    "uint8": "ByteTensor",
    "int8": "CharTensor",
    "int16": "ShortTensor",
    "int32": "IntTensor",
    "int64": "LongTensor",
    "float16": "HalfTensor",
    "bfloat16": "BFloat16Tensor",
    "float32": "FloatTensor",
    "float64": "DoubleTensor",
    "complex64": "ComplexFloatTensor",
    "complex128": "ComplexDoubleTensor",
}


def _converter(dtype: dtypes.dtype) -> Any:
    def convert(self: Any, memory_format: Any = None) -> Any:
        if memory_format is not None:
            return ops.convert(self, dtype.dtype, memory_format)
        return self if self.dtype is dtype else ops.cast(self, dtype.dtype)

    convert.__name__ = dtype.name
    convert.__doc__ = f"In dtype {dtype.name}: itself, if it is of that dtype."
    return convert


class CopyMethods(TensorState):
    __slots__ = ()

    clone = as_method(ops.clone)
    contiguous = as_method(ops.contiguous)
    to = ops.to
    copy_ = as_method(filling.copy_)
    fill_ = as_method(filling.fill_)
    zero_ = as_method(filling.zero_)

    def type_as(self, other: Any) -> Any:
        """In the dtype of `other`."""
        return ops.cast(self, other._data.dtype)

    def type(self: Any, dtype: Any = None, non_blocking: Any = False) -> Any:
        """In another dtype; without one, the name of the old constructor for this dtype."""
        if dtype is None:
            return f"minitorch.{TYPE_NAMES[self.dtype.name]}"
        if isinstance(dtype, str):
            names = {name: kind for kind, name in TYPE_NAMES.items()}
            kind = names.get(dtype.rpartition(".")[2])
            if kind is None:
                raise ValueError(f"invalid type: {dtype!r}")
            dtype = dtypes.BY_NAME[kind]
        return ops.to(self, getattr(dtype, "kind", dtype))

    def cuda(
        self, device: Any = None, non_blocking: bool = False, memory_format: Any = None
    ) -> Any:
        """Refused: minitorch computes on the CPU."""
        return require_cpu("cuda" if device is None else device)

    def pin_memory(self, device: Any = None) -> Any:
        """Itself: there is no device to copy to."""
        return self

    def is_pinned(self, device: Any = None) -> Any:
        """False: memory is pinned for copies to a device, and there is none."""
        return False

    def share_memory_(self) -> Any:
        """Itself; threads share memory anyway, processes do not."""
        return self

    def cpu(self, memory_format: Any = None) -> Any:
        """On the CPU: itself."""
        return self

    to_sparse = to_sparse_coo = sparse.to_sparse
    to_dense = sparse.to_dense
    coalesce = sparse.coalesce

    bool = _converter(dtypes.bool_)
    byte = _converter(dtypes.uint8)
    char = _converter(dtypes.int8)
    short = _converter(dtypes.int16)
    int = _converter(dtypes.int32)
    long = _converter(dtypes.int64)
    half = _converter(dtypes.float16)
    bfloat16 = _converter(dtypes.bfloat16)
    float = _converter(dtypes.float32)
    double = _converter(dtypes.float64)
    cfloat = _converter(dtypes.complex64)
    cdouble = _converter(dtypes.complex128)


def _like(value: int) -> Any:
    def filled(a: Any, dtype: Any = None, **ignored: Any) -> Any:
        kind = a._data.dtype if dtype is None else dtypes.to_numpy_dtype(dtype)
        return wrap(np.full_like(a._data, value, kind))

    return filled


FUNCTIONS.update({
    np.copy: lambda a, order="K", subok=False: ops.clone(a),
    np.zeros_like: _like(0),
    np.ones_like: _like(1),
})  # fmt: skip
