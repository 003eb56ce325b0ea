"""Parts of a tensor along its dimensions: select, narrow, split ... all views."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops.copying import clone
from minitorch.ops.dims import check_dim
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.views import SEVERAL, mark_view

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "chunk", "dsplit", "hsplit", "narrow", "narrow_copy", "select", "split", "split_with_sizes",
    "tensor_split", "unbind", "vsplit",
]  # fmt: skip

ALL = slice(None)


@primitive(view=True)
def _slice(x, /, key):
    """``x[key]``, where `key` is a tuple of integers, slices, None and one Ellipsis."""
    return x[key]


@primitive
def _slice_backward(part, /, key, shape):
    """Zeros of `shape` with `part` at `key`: the adjoint of `_slice`."""
    whole = np.zeros(shape, part.dtype)
    whole[key] = part
    return whole


_slice.gradient(x=lambda g, key, x_shape: _slice_backward(g, key, x_shape))
_slice_backward.gradient(part=lambda g, key: _slice(g, key))


@takes_tensors
def select(input: Tensor, dim: int, index: int) -> Tensor:
    """Number `index` along `dim`, which disappears.

    >>> import minitorch
    >>> minitorch.select(minitorch.tensor([[1, 2], [3, 4]]), 1, 0)
    tensor([1, 3])
    """
    shape = input._data.shape
    if not shape:
        raise IndexError("select() cannot be applied to a 0-dim tensor.")
    dim = check_dim(dim, len(shape))
    index = check_index(index, shape[dim], dim)
    return _slice(input, (*(ALL,) * dim, index, ...))


def check_index(index: Any, size: int, dim: int) -> int:
    """`index` as an int; IndexError unless it is in a dimension of `size`."""
    number = operator.index(index)
    if not -size <= number < size:
        raise IndexError(f"index {number} is out of bounds for dimension {dim} with size {size}")
    return number


@takes_tensors
def narrow(input: Tensor, dim: int, start: Any, length: int) -> Tensor:
    """`length` entries of `dim` from `start` on.

    >>> import minitorch
    >>> minitorch.narrow(minitorch.arange(5), 0, 1, 3)
    tensor([1, 2, 3])
    """
    shape = input._data.shape
    if not shape:
        raise RuntimeError("narrow() cannot be applied to a 0-dim tensor.")
    dim = check_dim(dim, len(shape))
    if isinstance(start, TensorState) and (start._data.ndim or start._data.dtype.kind not in "iu"):
        raise RuntimeError("narrow(): start must be an int or a 0-dimensional tensor of integers")
    size, first = shape[dim], operator.index(start)
    if length < 0:
        raise RuntimeError(f"narrow(): length must be non-negative, got {length}")
    if not -size <= first <= size:
        raise IndexError(
            f"narrow(): start {first} is out of range for dimension {dim} of size {size}"
        )
    first += size if first < 0 else 0
    if first + length > size:
        raise RuntimeError(
            f"narrow(): start {first} + length {length} exceeds the size {size} of dimension {dim}"
        )
    return _slice(input, (*(ALL,) * dim, slice(first, first + length), ...))


@with_out
def narrow_copy(input: Tensor, dim: int, start: int, length: int) -> Tensor:
    """A copy of `narrow`."""
    return clone(narrow(input, dim, start, length))


# --- into several pieces -----------------------------------------------------------------------


@primitive
def _split(x, /, dim, starts, keys):
    """Views of `x` from each of `starts` along `dim` to the next: `keys` are their indices."""
    return tuple([x[key] for key in keys])


def _split_gradient(g: Any, dim: int, starts: Sequence[int], x_shape: tuple[int, ...]) -> Any:
    like = next(part for part in g if part is not None)
    sizes = [b - a for a, b in zip(starts, starts[1:])]
    return np.concatenate([
        np.zeros((*x_shape[:dim], n, *x_shape[dim + 1 :]), dtype_of(like)) if part is None else part
        for part, n in zip(g, sizes)
    ], dim)  # fmt: skip


_split.gradient(x=_split_gradient)


@primitive
def _unbind(x, /, dim):
    before = (ALL,) * dim
    return tuple([x[(*before, i, ...)] for i in range(x.shape[dim])])


def _unbind_gradient(g: Any, dim: int) -> Any:
    like = next(part for part in g if part is not None)
    zeros = np.zeros(like.shape, dtype_of(like))
    return np.stack([zeros if part is None else part for part in g], dim)


_unbind.gradient(x=_unbind_gradient)


def dtype_of(x: Any) -> np.dtype[Any]:
    """The NumPy dtype of an array or a Tensor."""
    return x._data.dtype if isinstance(x, TensorState) else x.dtype


def _pieces(input: Any, dim: int, starts: Sequence[int]) -> tuple[Tensor, ...]:
    before = (ALL,) * dim
    keys = [(*before, slice(a, b), ...) for a, b in itertools.pairwise(starts)]
    pieces = _split(input, dim, starts, keys)
    for piece, key in zip(pieces, keys):
        mark_view(piece, input, _slice, (key,), SEVERAL)
    return pieces


def _whole(input: Any, dim: Any, name: str, error: Any = RuntimeError) -> tuple[int, int]:
    """`dim` counted from the front, and its size."""
    shape = input._data.shape
    if not shape:
        raise error(f"{name}() needs at least 1 dimension, this tensor has none")
    dim = check_dim(dim, len(shape))
    return dim, shape[dim]


@takes_tensors
def split(tensor: Tensor, split_size_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given size along `dim` (the last may be smaller), or of the given sizes.

    >>> import minitorch
    >>> minitorch.split(minitorch.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    if not hasattr(split_size_or_sections, "__index__"):
        return split_with_sizes(tensor, split_size_or_sections, dim)
    dim, total = _whole(tensor, dim, "split")
    size = operator.index(split_size_or_sections)
    if size < 0 or (size == 0 and total):
        raise RuntimeError(f"split(): the size of a piece must be positive, got {size}")
    return _pieces(tensor, dim, [*range(0, total, size or 1), total] if total else [0, 0])


@takes_tensors
def split_with_sizes(input: Tensor, split_sizes: Sequence[int], dim: int = 0) -> tuple[Tensor, ...]:
    """Pieces of the given sizes along `dim`, which must add up to its size."""
    dim, total = _whole(input, dim, "split_with_sizes")
    starts = [0]
    for n in split_sizes:
        starts.append(starts[-1] + n)
    if starts[-1] != total or any(n < 0 for n in split_sizes):
        raise RuntimeError(
            f"split(): the sizes {list(split_sizes)} must be non-negative and add up to {total}, "
            f"the size of dimension {dim}"
        )
    return _pieces(input, dim, starts)


@takes_tensors
def chunk(input: Tensor, chunks: int, dim: int = 0) -> tuple[Tensor, ...]:
    """At most `chunks` pieces of equal size along `dim`; the last may be smaller.

    >>> import minitorch
    >>> [len(piece) for piece in minitorch.chunk(minitorch.arange(7), 3)]
    [3, 3, 1]
    """
    dim, total = _whole(input, dim, "chunk")
    if chunks < 1:
        raise RuntimeError(f"chunk(): the number of chunks must be positive, got {chunks}")
    size = -(-total // chunks)
    return _pieces(input, dim, [*range(0, total, size), total] if size else [0] * (chunks + 1))


@takes_tensors
def unbind(input: Tensor, dim: int = 0) -> tuple[Tensor, ...]:
    """Every entry of `dim`, which disappears.

    >>> import minitorch
    >>> minitorch.unbind(minitorch.tensor([[1, 2], [3, 4]]))
    (tensor([1, 2]), tensor([3, 4]))
    """
    dim, total = _whole(input, dim, "unbind", IndexError)
    if not total:
        return ()
    pieces = _unbind(input, dim)
    before = (ALL,) * dim
    for i, piece in enumerate(pieces):
        mark_view(piece, input, _slice, ((*before, i, ...),), SEVERAL)
    return pieces


@takes_tensors
def tensor_split(input: Tensor, indices_or_sections: Any, dim: int = 0) -> tuple[Tensor, ...]:
    """A number of nearly equal pieces along `dim`, or pieces that begin at the given indices.

    >>> import minitorch
    >>> [len(piece) for piece in minitorch.tensor_split(minitorch.arange(7), 3)]
    [3, 2, 2]
    """
    dim, total = _whole(input, dim, "tensor_split")
    if isinstance(indices_or_sections, TensorState):
        array = indices_or_sections._data
        if array.dtype != np.int64 or array.ndim > 1:
            raise RuntimeError(
                "tensor_split(): indices_or_sections must be an int64 tensor of at most one "
                f"dimension, got {array.dtype} of shape {list(array.shape)}"
            )
        indices_or_sections = array.tolist()
    before = (ALL,) * dim
    if hasattr(indices_or_sections, "__index__"):
        count = operator.index(indices_or_sections)
        if count < 1:
            raise RuntimeError(
                f"tensor_split(): the number of pieces must be positive, got {count}"
            )
        small, larger = divmod(total, count)
        starts = [i * small + min(i, larger) for i in range(count + 1)]
    else:
        starts = [0, *indices_or_sections, total]
    return tuple(_slice(input, (*before, slice(a, b), ...)) for a, b in zip(starts, starts[1:]))


@takes_tensors
def hsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dimension 1 (dimension 0 of a vector)."""
    return _split_at("hsplit", input, indices_or_sections, min(input._data.ndim, 2) - 1, 1)


@takes_tensors
def vsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dimension 0."""
    return _split_at("vsplit", input, indices_or_sections, 0, 2)


@takes_tensors
def dsplit(input: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """`tensor_split` along dimension 2."""
    return _split_at("dsplit", input, indices_or_sections, 2, 3)


def _split_at(name: str, input: Any, pieces: Any, dim: int, least: int) -> tuple[Tensor, ...]:
    shape = input._data.shape
    if len(shape) < least:
        raise RuntimeError(f"{name}() needs at least {least} dimensions, got shape {list(shape)}")
    if hasattr(pieces, "__index__") and (pieces < 1 or shape[dim] % pieces):
        raise RuntimeError(
            f"{name}(): dimension {dim} of size {shape[dim]} cannot be split into {pieces} "
            "equal pieces"
        )
    return tensor_split(input, pieces, dim)
