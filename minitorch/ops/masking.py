"""Masks, flat positions, and the places of what is not zero."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.broadcasting import broadcast_shapes, expand
from minitorch.ops.indexing import Key, _index, _put, _put_add
from minitorch.ops.out import store, takes_tensors, with_out
from minitorch.ops.shapes import ravel, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "argwhere", "masked_scatter", "masked_select", "nonzero", "put", "take", "unravel_index",
]  # fmt: skip


# --- masks -------------------------------------------------------------------------------------


def _mask(name: str, input: Any, mask: Any) -> tuple[tuple[int, ...], np.ndarray]:
    """The shape in which `input` and `mask` meet, and the mask expanded to it."""
    array = mask._data
    if array.dtype == np.uint8 and name == "masked_select":
        array = array.astype(np.bool_)
    if array.dtype != np.bool_:
        raise RuntimeError(f"{name}(): the mask must be boolean, got {mask.dtype}")
    shape = tuple(broadcast_shapes(input._data.shape, array.shape))
    return shape, array if array.shape == shape else np.broadcast_to(array, shape)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where `mask` is true, in one dimension; the two are broadcast.

    >>> import minitorch as mt
    >>> mt.masked_select(mt.tensor([1, 2, 3]), mt.tensor([True, False, True]))
    tensor([1, 3])
    """
    shape, array = _mask("masked_select", input, mask)
    if not shape:
        return _index(reshape(input, (1,)), (array.reshape(1),))
    return _index(input if input._data.shape == shape else expand(input, shape), (array,))


masked_select = with_out(masked_select, apart=True, exact=True)


def _masked_scatter_source(input: Any, mask: np.ndarray, source: Any) -> Any:
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"masked_scatter(): the source must be {input.dtype} as the tensor is, "
            f"got {source.dtype}"
        )
    count = int(np.count_nonzero(mask))
    if source._data.size < count:
        raise RuntimeError(
            f"masked_scatter(): the mask is true {count} times, the source has "
            f"{source._data.size} elements"
        )
    return ravel(source)[:count]


@takes_tensors
def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`input` with the elements of `source`, in turn, where `mask` is true.

    >>> import minitorch as mt
    >>> mt.masked_scatter(mt.zeros(3), mt.tensor([True, False, True]), mt.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    shape, array = _mask("masked_scatter", input, mask)
    part = _masked_scatter_source(input, array, source)
    if not shape:
        return reshape(_put(reshape(input, (1,)), part, (array.reshape(1),)), ())
    return _put(input if input._data.shape == shape else expand(input, shape), part, (array,))


@takes_tensors
def masked_scatter_(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """`masked_scatter` in place."""
    shape, array = _mask("masked_scatter", self, mask)
    if shape != self._data.shape:
        raise RuntimeError(
            f"masked_scatter_(): a mask of shape {list(mask._data.shape)} does not fit a tensor "
            f"of shape {list(self._data.shape)}"
        )
    part = _masked_scatter_source(self, array, source)
    target, array = (self, array) if shape else (reshape(self, (1,)), array.reshape(1))
    _put.in_place(target, part, (array,))
    return self


# --- flat positions ----------------------------------------------------------------------------


def _flat_key(name: str, x: np.ndarray, index: Any) -> Key:
    """The key of the elements number `index` of the flat tensor."""
    array = index._data
    if array.dtype != np.int64:
        raise RuntimeError(f"{name}(): index must be int64, got {index.dtype}")
    if array.size and not -x.size <= array.min() <= array.max() < x.size:
        bad = array[(array < -x.size) | (array >= x.size)].flat[0]
        raise IndexError(f"{name}(): index {bad} is out of range for {x.size} elements")
    array = np.where(array < 0, array + x.size, array)
    if not x.size:
        return (array,) * x.ndim
    return tuple([np.asarray(a) for a in np.unravel_index(array, x.shape)])


def take(input: Tensor, index: Tensor) -> Tensor:
    """The elements number `index` of the flat tensor, in the shape of `index`.

    >>> import minitorch as mt
    >>> mt.take(mt.tensor([[1, 2], [3, 4]]), mt.tensor([0, -1]))
    tensor([1, 4])
    """
    x = input if input._data.ndim else reshape(input, (1,))
    return _index(x, _flat_key("take", x._data, index))


take = with_out(take, apart=True, exact=True)


def _put_source(input: Any, index: Any, source: Any) -> Any:
    if source._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"put(): the source must be {input.dtype} as the tensor is, got {source.dtype}"
        )
    if source._data.size != index._data.size:
        raise IndexError(
            f"put(): {index._data.size} places and {source._data.size} elements to put there"
        )
    return reshape(source, index._data.shape)


@takes_tensors
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """A copy with `source` at the places `index` of the flat tensor (added, if `accumulate`).

    >>> import minitorch as mt
    >>> mt.put(mt.zeros(2, 2), mt.tensor([0, -1]), mt.tensor([1.0, 2.0]))
    tensor([[1., 0.],
            [0., 2.]])
    """
    x = input if input._data.ndim else reshape(input, (1,))
    key = _flat_key("put", x._data, index)
    done = (_put_add if accumulate else _put)(x, _put_source(input, index, source), key)
    return done if x is input else reshape(done, ())


@takes_tensors
def put_(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """`put` in place."""
    x = self if self._data.ndim else reshape(self, (1,))
    key = _flat_key("put_", x._data, index)
    edit = _put_add if accumulate else _put
    edit.in_place(x, _put_source(self, index, source), key)
    return self


# --- what is not zero --------------------------------------------------------------------------


@takes_tensors
def nonzero(input: Tensor, *, out: Any = None, as_tuple: bool = False) -> Any:
    """The indices of all elements that are not zero: one row each, or one tensor per dimension.

    >>> import minitorch as mt
    >>> mt.nonzero(mt.tensor([[0, 1], [1, 0]]))
    tensor([[0, 1],
            [1, 0]])
    """
    data = input._data
    if as_tuple:
        return tuple([wrap(a) for a in np.nonzero(np.atleast_1d(data))])
    found = wrap(np.argwhere(data))
    return found if out is None else store(out, found)


def argwhere(input: Tensor) -> Tensor:
    """`nonzero`, one row for each element."""
    return nonzero(input)


def unravel_index(indices: Tensor, shape: int | Sequence[int]) -> tuple[Tensor, ...]:
    """The coordinates, in a tensor of `shape`, of the places `indices` of the flat tensor.

    >>> import minitorch as mt
    >>> mt.unravel_index(mt.tensor([5]), (3, 4))
    (tensor([1]), tensor([1]))
    """
    if not isinstance(indices, TensorState):
        raise TypeError(f"indices must be a Tensor, got {type(indices).__name__}")
    places = indices._data
    if places.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got {from_numpy_dtype(places.dtype)}")
    sizes = (shape,) if hasattr(shape, "__index__") else tuple(shape)
    numbers = [operator.index(n) for n in sizes]
    if any(n < 0 for n in numbers):
        raise ValueError(f"shape cannot have negative sizes, got {tuple(numbers)}")
    places = places.astype(np.int64)
    found = []
    for n in reversed(numbers):
        found.append(wrap(np.asarray(places % n)))
        places = places // n
    return tuple(found[::-1])
