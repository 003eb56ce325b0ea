"""Copies: to another dtype, or to memory of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.devices import require_cpu
from minitorch.dtypes import to_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.layouts import contiguous_format, falls_as, laid_out, lies_as, preserve_format
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["clone"]


@primitive
def _to_copy(x, /, dtype):
    return x.astype(dtype)


_to_copy.gradient(x=lambda g: g)  # the engine casts it back


def cast(input: Any, dtype: np.dtype[Any]) -> Any:
    """`input` in a NumPy dtype: itself, if it is of that dtype."""
    return input if input._data.dtype == dtype else _to_copy(input, dtype)


@primitive
def _clone(x, /, memory_format):
    return laid_out(x, memory_format)


_clone.gradient(x=lambda g: g)


@takes_tensors
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy in memory of its own; gradients pass through.

    >>> import minitorch
    >>> x = minitorch.zeros(2)
    >>> minitorch.clone(x).fill_(1), x
    (tensor([1., 1.]), tensor([0., 0.]))
    """
    return _clone(input, memory_format)


@takes_tensors
def contiguous(input: Tensor, memory_format: Any = None) -> Tensor:
    """`input` itself if its elements lie row by row (or as asked) in memory, else such a copy."""
    if lies_as(input._data, memory_format):
        return input
    return _clone(input, contiguous_format if memory_format is None else memory_format)


def to(
    input: Tensor, *args: Any, dtype: Any = None, device: Any = None, other: Any = None,
    non_blocking: bool = False, copy: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`input` in another dtype; itself when nothing changes (unless `copy`).

    ``to(dtype)``, ``to(device)``, ``to(device, dtype)`` or ``to(other)`` (the dtype of that
    tensor), each followed by `non_blocking` and `copy`.

    >>> import minitorch
    >>> minitorch.tensor([1.7, 0.0]).to(minitorch.int64)
    tensor([1, 0])
    """
    rest = list(args)
    if rest:
        first = rest.pop(0)
        if isinstance(first, TensorState):
            other = first
        elif first is None or isinstance(first, str) or hasattr(first, "index"):
            device = first
            if rest and not isinstance(rest[0], bool):
                dtype = rest.pop(0)
        else:
            dtype = first
    if rest:
        non_blocking, *rest = rest
    if rest:
        copy, *rest = rest
    if rest:
        raise TypeError(f"to() got {len(args)} positional arguments; see help(Tensor.to)")
    require_cpu(device)
    if other is not None:
        dtype = other._data.dtype
    wanted = input._data.dtype if dtype is None else to_numpy_dtype(dtype)
    return convert(input, wanted, memory_format, copy)


def convert(input: Any, dtype: np.dtype[Any], memory_format: Any = None, copy: bool = False) -> Any:
    """`input` in a dtype and a memory format: itself, if it is so and no `copy` is asked for."""
    if memory_format is preserve_format:
        memory_format = None
    if input._data.dtype != dtype:
        input = _to_copy(input, dtype)
        copy = memory_format is not None and not lies_as(input._data, memory_format)
    elif memory_format is not None:
        copy = copy or not falls_as(input._data, memory_format)
    return _clone(input, memory_format) if copy else input
