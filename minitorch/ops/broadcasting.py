"""Broadcasting: dimensions of size 1 repeated without using memory, and the sums that undo it."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import reshape, sizes
from minitorch.ops.strided import strided_bytes
from minitorch.size import Size

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["broadcast_shapes", "broadcast_tensors", "broadcast_to"]


@primitive(view=True)
def _expand(x, /, shape):
    strides = [0] * len(shape)
    extra = len(shape) - x.ndim
    for i, (n, step) in enumerate(zip(x.shape, x.strides), extra):
        if n == shape[i]:
            strides[i] = step
    return strided_bytes(x, shape, strides)


_expand.gradient(x=lambda g: g)


@takes_tensors
def expand(input: Tensor, size: Any) -> Tensor:
    """Dimensions of size 1 (and new ones in front) repeated to `size`, without using memory.

    -1 keeps a size as it is.
    """
    wanted, shape = size if type(size) is tuple else sizes(size), input._data.shape
    extra = len(wanted) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand(): {len(wanted)} sizes {wanted} for a tensor of {len(shape)} dimensions"
        )
    full = list(wanted)
    for i, have in enumerate(shape, extra):
        if full[i] == -1:
            full[i] = have
        elif have != 1 and have != full[i]:
            raise RuntimeError(
                f"expand(): a tensor of shape {list(shape)} cannot be expanded to {list(wanted)}: "
                f"size {full[i]} at dimension {i} does not match {have}"
            )
    if full and min(full) < 0:
        raise RuntimeError(f"expand(): negative size in {list(wanted)}")
    return _expand(input, tuple(full))


def broadcast_to(input: Tensor, size: Sequence[int]) -> Tensor:
    """`expand` as a function.

    >>> import minitorch
    >>> minitorch.broadcast_to(minitorch.tensor([1, 2]), (2, 2))
    tensor([[1, 2],
            [1, 2]])
    """
    return expand(input, size)


@takes_tensors
def sum_to_size(input: Tensor, size: Any) -> Tensor:
    """Summed over the dimensions in which `size` was expanded to the shape of `input`.

    >>> import minitorch
    >>> minitorch.ones(2, 3).sum_to_size(1, 3)
    tensor([[2., 2., 2.]])
    """
    wanted, shape = tuple(map(operator.index, sizes(size))), input._data.shape
    extra = len(shape) - len(wanted)
    if extra < 0 or any(n not in (1, m) for n, m in zip(wanted, shape[extra:])):
        raise RuntimeError(
            f"sum_to_size(): size {list(wanted)} is not expandable to shape {list(shape)}"
        )
    if not wanted:
        return np.sum(input)
    if shape == wanted:
        return input
    dims = tuple([d for d, n in enumerate(shape) if d < extra or n != wanted[d - extra]])
    return reshape(np.sum(input, axis=dims), wanted) if dims else reshape(input, wanted)


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which tensors of `shapes` broadcast.

    >>> import minitorch
    >>> minitorch.broadcast_shapes((2, 1), (3,))
    minitorch.Size([2, 3])
    """
    given = [(s,) if isinstance(s, int) else tuple(s) for s in shapes]
    result = [1] * max(map(len, given), default=0)
    for shape in given:
        for i, n in enumerate(reversed(shape), 1):
            if n < 0:
                raise ValueError(f"broadcast_shapes(): negative size in shape {shape}")
            if n != 1 and result[-i] not in (1, n):
                raise RuntimeError(
                    f"shapes {', '.join(map(str, given))} cannot be broadcast together: sizes "
                    f"{result[-i]} and {n} meet at dimension -{i}"
                )
            if n != 1:
                result[-i] = n
    return Size(result)


@takes_tensors
def broadcast_tensors(*tensors: Any) -> Any:
    """Every tensor expanded to the shape in which they all meet."""
    if len(tensors) == 1 and not isinstance(tensors[0], TensorState):
        tensors = tuple(tensors[0])
    shape = tuple(broadcast_shapes(*[x._data.shape for x in tensors]))
    return tuple([_expand(x, shape) for x in tensors])
