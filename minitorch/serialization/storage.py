"""`Storage`: the memory that tensors look into, as files know it; and the tensors made from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.dtypes import ALL, DType
from minitorch.engine.state import LEAF, wrap
from minitorch.ops.strided import memory
from minitorch.tensor import Tensor

MAX_DIMS = 64  # NumPy's
EXPANDED, RATIO = 1 << 31, 1 << 12  # how many bytes a tensor may have, or times its storage's
METADATA = {"conj", "neg"}  # what PyTorch notes of a tensor instead of computing it

# PyTorch's names for the memory of each dtype, from the time when they were classes.
_OLD_NAMES = {
    "bool": "Bool", "uint8": "Byte", "int8": "Char", "int16": "Short", "int32": "Int",
    "int64": "Long", "float16": "Half", "bfloat16": "BFloat16", "float32": "Float",
    "float64": "Double", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
STORAGE_NAME = {dtype: f"{_OLD_NAMES[dtype.name]}Storage" for dtype in ALL}


class Storage:
    """A block of memory with the dtype that it was saved as (None: bytes)."""

    __slots__ = ("copied", "data", "dtype")

    def __init__(self, data: np.ndarray, dtype: DType | None) -> None:
        self.data = data  # uint8
        self.dtype = dtype
        self.copied = 0  # bytes of tensors that could not just look into it

    def __len__(self) -> int:
        return self.data.size // (1 if self.dtype is None else self.dtype.itemsize)

    def nbytes(self) -> int:
        """Its size in bytes."""
        return self.data.size

    def tolist(self) -> list[Any]:
        """Its elements as Python numbers."""
        return (self.data if self.dtype is None else self.data.view(self.dtype.dtype)).tolist()

    def __repr__(self) -> str:
        return f"Storage({len(self)} elements, {self.dtype or 'bytes'})"


def fits(shape: Sequence[int], itemsize: int) -> bool:
    """Whether NumPy can make an array of `shape`, also where a 0 in it leaves no element."""
    return math.prod(n for n in shape if n) * itemsize < 2**63


def _whole_numbers(name: str, values: Any) -> tuple[int, ...]:
    if not isinstance(values, (tuple, list)) or len(values) > MAX_DIMS:
        raise ValueError(f"the {name} of a tensor is no tuple of at most {MAX_DIMS} numbers")
    for n in values:
        if type(n) is not int or n < 0:
            raise ValueError(f"{n!r} in the {name} of a tensor")
    return tuple(values)


def tensor_in(
    storage: Any, offset: Any, size: Any, stride: Any, dtype: DType | None, metadata: Any
) -> Tensor:
    """A tensor that looks into `storage`; `offset` and `stride` in elements.

    ValueError if any of it would lie outside.
    """
    if not isinstance(storage, Storage):
        raise ValueError(f"a tensor is made from a storage, not from {type(storage).__name__}")
    kind = storage.dtype if dtype is None else dtype
    if kind is None:
        raise ValueError("a tensor without a dtype")
    shape, steps = _whole_numbers("shape", size), _whole_numbers("stride", stride)
    (first,) = _whole_numbers("offset", (offset,))
    if len(shape) != len(steps):
        raise ValueError(f"a tensor of shape {shape} with the strides {steps}")
    empty = 0 in shape
    end = 0 if empty else first + 1 + sum((n - 1) * step for n, step in zip(shape, steps))
    numpy_dtype, itemsize = kind.dtype, kind.itemsize
    if end * itemsize > storage.data.size:
        raise ValueError(
            f"a tensor of shape {shape}, strides {steps} and offset {first} ends behind its "
            f"storage of {storage.data.size // itemsize:,} elements"
        )
    # With a stride of 0, a small storage may look like any number of elements.
    largest = max(EXPANDED, RATIO * storage.data.size)
    if math.prod(shape) * itemsize > largest or max(steps, default=0) * itemsize >= 2**63:
        raise ValueError(f"a tensor of shape {shape} and strides {steps} is too large")
    array = np.ndarray(
        shape, numpy_dtype, storage.data, 0 if empty else first * itemsize,
        [step * itemsize for step in steps],
    )  # fmt: skip
    if metadata:
        if not isinstance(metadata, dict) or not METADATA.issuperset(metadata):
            raise ValueError("a tensor with unknown metadata")
        storage.copied += array.nbytes
        if storage.copied > storage.data.size:
            raise ValueError("more conjugated or negated tensors than their storage can hold")
        array = array.conj() if metadata.get("conj") else array
        array = -array if metadata.get("neg") else array
    return wrap(array)


def with_grad(tensor: Tensor, requires_grad: Any) -> Tensor:
    """`tensor`, as a leaf whose gradient is wanted or not."""
    if type(requires_grad) is not bool:
        raise ValueError(f"requires_grad={requires_grad!r}")
    if requires_grad:
        if not (tensor.is_floating_point() or tensor.is_complex()):
            raise ValueError(f"a tensor of {tensor.dtype} that requires grad")
        tensor._node = LEAF
    return tensor


def memory_of(array: np.ndarray) -> np.ndarray | None:
    """All the memory that `array` looks into, as bytes; None where its strides tell no offset.

    Shape: ``(bytes,)``.  It is the memory itself, not a copy.
    """
    data, size = memory(array), array.itemsize
    shift = array.__array_interface__["data"][0] - data.__array_interface__["data"][0]
    if not np.may_share_memory(data, array) and array.size:
        return None  # it was a copy
    backwards = any(step < 0 or step % size for step in array.strides)
    return None if backwards or shift % size or data.size % size else data
