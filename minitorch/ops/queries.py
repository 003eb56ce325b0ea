"""Questions about tensors, and constants."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import common_dtype, dtype, from_numpy_dtype
from minitorch.engine.state import TensorState, wrap

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "e", "from_dlpack", "inf", "is_complex", "is_floating_point", "is_nonzero", "is_signed",
    "is_tensor", "nan", "newaxis", "numel", "pi", "result_type",
]  # fmt: skip

pi, e, inf, nan, newaxis = math.pi, math.e, math.inf, math.nan, None


def is_tensor(obj: Any) -> bool:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, TensorState)


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype is float16, bfloat16, float32 or float64."""
    return from_numpy_dtype(input._data.dtype).is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether the dtype is complex64 or complex128."""
    return from_numpy_dtype(input._data.dtype).is_complex


def is_signed(input: Tensor) -> bool:
    """Whether the dtype holds negative numbers."""
    return from_numpy_dtype(input._data.dtype).is_signed


def is_nonzero(input: Tensor) -> bool:
    """Whether the one element of `input` is not zero."""
    if input._data.size != 1:
        raise RuntimeError(f"is_nonzero() needs one element, got shape {input._data.shape}")
    return bool(input._data.item())


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input._data.size


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype in which two tensors or numbers meet.

    >>> import minitorch as mt
    >>> mt.result_type(mt.tensor([1, 2], dtype=mt.int32), 1.0)
    minitorch.float32
    """
    operands = [t._data if isinstance(t, TensorState) else t for t in (tensor1, tensor2)]
    return from_numpy_dtype(common_dtype(*operands))


def from_dlpack(ext_tensor: Any) -> Tensor:
    """A tensor that shares memory with anything that speaks DLPack (NumPy, PyTorch, JAX ...)."""
    array = np.from_dlpack(ext_tensor)
    from_numpy_dtype(array.dtype)
    return wrap(array)
