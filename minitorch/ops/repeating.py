"""The same elements again, or in another order: tile, repeat_interleave, flip, roll ..."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.copying import clone
from minitorch.ops.dims import check_dim, check_dims
from minitorch.ops.indexing import _index
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import _sum
from minitorch.ops.selecting import ALL
from minitorch.ops.shapes import ravel, reshape, sizes, transpose

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "combinations", "flip", "fliplr", "flipud", "repeat_interleave", "roll", "rot90", "tile",
]  # fmt: skip


BACKWARDS = slice(None, None, -1)


@primitive
def _repeat(x, /, repeats):
    """Copies of `x` side by side, ``repeats[i]`` of them along dimension i."""
    return np.tile(x, repeats)


def _repeat_gradient(g: Any, repeats: tuple[int, ...], x_shape: tuple[int, ...]) -> Any:
    shape = (1,) * (len(repeats) - len(x_shape)) + x_shape
    pairs = np.reshape(g, tuple(itertools.chain(*zip(repeats, shape))))
    return _sum(pairs, tuple(range(0, 2 * len(shape), 2)), False)


_repeat.gradient(x=_repeat_gradient)


@primitive
def _flip(x, /, dims):
    key = [ALL] * x.ndim
    for dim in dims:
        key[dim] = BACKWARDS
    return x[(*key, ...)].copy()


_flip.gradient(x=lambda g, dims: np.flip(g, dims))


@primitive
def _roll(x, /, shifts, dims):
    return np.roll(x, shifts, dims)


_roll.gradient(x=lambda g, shifts, dims: np.roll(g, tuple([-n for n in shifts]), dims))


@takes_tensors
def repeat(input: Tensor, repeats: Any) -> Tensor:
    """Copies of the tensor side by side: so many along each dimension, new dimensions in front.

    >>> import minitorch
    >>> minitorch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    counts = tuple([operator.index(n) for n in sizes(repeats)])
    if len(counts) < input._data.ndim or any(n < 0 for n in counts):
        raise RuntimeError(
            f"repeat(): give a non-negative number for each dimension of shape "
            f"{list(input._data.shape)}, got {counts}"
        )
    return _repeat(input, counts)


@takes_tensors
def tile(input: Tensor, dims: Any) -> Tensor:
    """`repeat`, where missing numbers in front count as 1.

    >>> import minitorch
    >>> minitorch.tile(minitorch.tensor([1, 2]), (2,))
    tensor([1, 2, 1, 2])
    """
    counts = sizes(dims)
    return repeat(input, ((1,) * (input._data.ndim - len(counts)) + counts))


@takes_tensors
def repeat_interleave(
    input: Tensor, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Tensor:
    """Each entry along `dim` (of the flat tensor, if None) as often as `repeats` says, in turn.

    With one argument: ``i`` as often as ``input[i]`` says, for every i.

    >>> import minitorch
    >>> minitorch.repeat_interleave(minitorch.tensor([1, 2]), minitorch.tensor([2, 1]))
    tensor([1, 1, 2])
    """
    if repeats is None:
        input, repeats = wrap(np.arange(input._data.size)), input
        if repeats._data.ndim != 1:
            raise RuntimeError(f"repeat_interleave(): repeats must be 1-dimensional, got {repeats}")
    if dim is None:
        input, dim = ravel(input), 0
    elif not input._data.ndim:
        input = reshape(input, (1,))
    dim = check_dim(dim, input._data.ndim)
    size = input._data.shape[dim]
    counts = repeats._data if isinstance(repeats, TensorState) else np.asarray(repeats)
    if not isinstance(repeats, TensorState) and counts.dtype.kind != "i":
        raise TypeError(f"repeat_interleave(): repeats must be integers, got {repeats!r}")
    if counts.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"repeat_interleave(): repeats must be int64 or int32, got {counts.dtype}"
        )
    if counts.ndim > 1 or counts.size not in (1, size):
        raise RuntimeError(
            f"repeat_interleave(): repeats must be a number or have size {size}, that of "
            f"dimension {dim}; got shape {list(counts.shape)}"
        )
    if counts.size and counts.min() < 0:
        raise RuntimeError("repeat_interleave(): repeats cannot be negative")
    places = np.repeat(np.arange(size), counts.reshape(-1))
    if output_size is not None and output_size != places.size:
        raise RuntimeError(f"repeat_interleave(): output_size {output_size} is not {places.size}")
    return _index(input, (*(ALL,) * dim, places))


@takes_tensors
def flip(input: Tensor, dims: Any) -> Tensor:
    """The order of the given dimensions reversed (a copy).

    >>> import minitorch
    >>> minitorch.flip(minitorch.tensor([1, 2, 3]), (0,))
    tensor([3, 2, 1])
    """
    chosen = sizes(dims)
    return _flip(input, check_dims(chosen, input._data.ndim) if chosen else ())


@takes_tensors
def fliplr(input: Tensor) -> Tensor:
    """Dimension 1 reversed."""
    if input._data.ndim < 2:
        raise RuntimeError(f"fliplr() needs 2 dimensions, got shape {list(input._data.shape)}")
    return _flip(input, (1,))


@takes_tensors
def flipud(input: Tensor) -> Tensor:
    """Dimension 0 reversed."""
    if input._data.ndim < 1:
        raise RuntimeError("flipud() needs at least 1 dimension, this tensor has none")
    return _flip(input, (0,))


@takes_tensors
def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Entries moved by `shifts` along `dims` (in the flat tensor, if None); what falls off returns.

    >>> import minitorch
    >>> minitorch.roll(minitorch.tensor([1, 2, 3]), 1)
    tensor([3, 1, 2])
    """
    by = tuple(shifts) if isinstance(shifts, Sequence) else (operator.index(shifts),)
    if not by:
        raise RuntimeError("roll(): shifts must not be empty")
    along = () if dims is None else tuple(dims) if isinstance(dims, Sequence) else (dims,)
    if not along and len(by) == 1:
        return reshape(_roll(ravel(input), by, (0,)), input._data.shape)
    if len(along) != len(by):
        raise RuntimeError(f"roll(): shifts {by} and dims {along} differ in length")
    ndim = input._data.ndim
    if not ndim:
        raise IndexError(f"roll(): dims {along} of a tensor that has no dimensions")
    return _roll(input, by, tuple([check_dim(d, ndim) for d in along]))


@takes_tensors
def rot90(input: Tensor, k: int = 1, dims: Sequence[int] = (0, 1)) -> Tensor:
    """Turned by ``k`` times 90 degrees in the plane of `dims`, from the first towards the second.

    >>> import minitorch
    >>> minitorch.rot90(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([[2, 4],
            [1, 3]])
    """
    ndim = input._data.ndim
    if len(dims) != 2 or ndim < 2:
        raise RuntimeError(f"rot90() needs 2 dims and 2 dimensions, got {tuple(dims)} and {ndim}")
    if any(not -ndim <= d < ndim for d in dims) or dims[0] % ndim == dims[1] % ndim:
        raise RuntimeError(f"rot90(): dims {tuple(dims)} must be two dimensions out of {ndim}")
    first, second = dims[0] % ndim, dims[1] % ndim
    turns = operator.index(k) % 4
    if turns == 0:
        return clone(input)
    if turns == 2:
        return _flip(input, (first, second))
    return transpose(_flip(input, (second if turns == 1 else first,)), first, second)


@takes_tensors
def combinations(input: Tensor, r: int = 2, with_replacement: bool = False) -> Tensor:
    """All ways to choose `r` elements of a vector, as rows.

    >>> import minitorch
    >>> minitorch.combinations(minitorch.tensor([1, 2, 3]))
    tensor([[1, 2],
            [1, 3],
            [2, 3]])
    """
    if input._data.ndim != 1:
        raise RuntimeError(f"combinations() takes a vector, got shape {list(input._data.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations(): r must be non-negative, got {r}")
    if r == 0:
        return wrap(np.empty(0, input._data.dtype))
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = list(choose(range(input._data.size), r))
    return _index(input, (np.array(rows, np.int64).reshape(-1, r),))
