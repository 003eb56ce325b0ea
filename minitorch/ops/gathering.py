"""Picking and placing along one dimension: index_select, index_add, gather ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import take_along
from minitorch.ops.broadcasting import expand
from minitorch.ops.dims import check_dim
from minitorch.ops.elements import as_element
from minitorch.ops.indexing import Key, _index, _put, _put_add
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.selecting import ALL
from minitorch.ops.shapes import flatten, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["gather", "index_add", "index_copy", "index_fill", "index_select", "take_along_dim"]


# --- one index for whole slices ----------------------------------------------------------------


def _index_vector(name: str, index: Any, size: int, dim: int, error: type[Exception]) -> np.ndarray:
    """The array in `index`, checked: integers from 0 to `size` in at most one dimension."""
    array = index._data
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): index must be int64 or int32, got {index.dtype}")
    if array.ndim > 1:
        raise IndexError(f"{name}(): index must be a vector, got shape {list(array.shape)}")
    if array.size and not 0 <= array.min() <= array.max() < size:
        bad = array[(array < 0) | (array >= size)].flat[0]
        raise error(f"{name}(): index {bad} is out of bounds for dimension {dim} with size {size}")
    return array.reshape(-1)


def _slices_key(name: str, x: Any, dim: int, index: Any,
                error: type[Exception] = IndexError) -> tuple[Any, Key]:  # fmt: skip
    """`x` with at least one dimension, and the key of its slices number `index` along `dim`."""
    dim = check_dim(dim, x._data.ndim)
    if not x._data.ndim:
        x = reshape(x, (1,))
    return x, (*(ALL,) * dim, _index_vector(name, index, x._data.shape[dim], dim, error))


def _match_source(name: str, x: Any, key: Key, source: Any, error: type[Exception]) -> Any:
    """`source`, if it has the dtype of `x` and the shape of ``x[key]``."""
    if source._data.dtype != x._data.dtype:
        raise RuntimeError(
            f"{name}(): the source must be {x.dtype} as the tensor is, got {source.dtype}"
        )
    dim = len(key) - 1
    shape = (*x._data.shape[:dim], key[-1].size, *x._data.shape[dim + 1 :])
    have = source._data.shape
    if not have and shape == (1,):
        return source
    if have != shape:
        raise error(f"{name}(): the source must have shape {list(shape)}, got {list(have)}")
    return source


def index_select(input: Tensor, dim: int, index: Tensor) -> Tensor:
    """The entries of `dim` at the numbers in `index`.

    >>> import minitorch as mt
    >>> mt.index_select(mt.tensor([[1, 2], [3, 4]]), 1, mt.tensor([1, 1]))
    tensor([[2, 2],
            [4, 4]])
    """
    if not input._data.ndim and index._data.size != 1:
        raise RuntimeError(
            f"index_select(): a tensor of no dimensions has one entry, not {index._data.size}"
        )
    x, key = _slices_key("index_select", input, dim, index)
    picked = _index(x, key)
    return picked if x is input else reshape(picked, ())


index_select = with_out(index_select, apart=True, exact=True)


def _index_add(put: Any, input: Any, dim: int, index: Any, source: Any, alpha: Any) -> Any:
    x, key = _slices_key("index_add", input, dim, index, RuntimeError)
    if source._data.ndim != input._data.ndim:
        raise RuntimeError(
            f"index_add(): the source has shape {list(source._data.shape)} and the tensor "
            f"{list(input._data.shape)}; they must have as many dimensions"
        )
    _match_source("index_add", x, key, source, RuntimeError)
    if alpha != 1:
        source = source * alpha
    done = put(x, source, key)
    return done if x is input else input if put is _put_add.in_place else reshape(done, ())


@with_out
def index_add(input: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """``alpha * source`` added to the entries of `dim` at `index`; repeated ones add up.

    >>> import minitorch as mt
    >>> mt.index_add(mt.zeros(3), 0, mt.tensor([0, 0]), mt.tensor([1.0, 2.0]))
    tensor([3., 0., 0.])
    """
    return _index_add(_put_add, input, dim, index, source, alpha)


@takes_tensors
def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: Any = 1) -> Tensor:
    """`index_add` in place."""
    return _index_add(_put_add.in_place, self, dim, index, source, alpha)


def _index_copy(put: Any, input: Any, dim: int, index: Any, source: Any) -> Any:
    x, key = _slices_key("index_copy", input, dim, index)
    done = put(x, _match_source("index_copy", x, key, source, IndexError), key)
    return done if x is input else input if put is _put.in_place else reshape(done, ())


@with_out
def index_copy(input: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """`source` in place of the entries of `dim` at `index`."""
    return _index_copy(_put, input, dim, index, source)


@takes_tensors
def index_copy_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """`index_copy` in place."""
    return _index_copy(_put.in_place, self, dim, index, source)


def _index_fill(put: Any, input: Any, dim: int, index: Any, value: Any) -> Any:
    dim = check_dim(dim, input._data.ndim)
    x = input if input._data.ndim else reshape(input, (1,))
    if index._data.ndim > 1:
        raise RuntimeError(f"index_fill(): index must be a vector, got {list(index.shape)}")
    if index._data.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"index_fill(): index must be int64, got {index.dtype}")
    value = element("index_fill", value, x._data.dtype)
    try:
        done = put(x, value, (*(ALL,) * dim, np.unique(index._data)))
    except IndexError as error:
        raise IndexError(f"index_fill(): {str(error).replace('axis', 'dimension')}") from None
    return done if x is input else input if put is _put.in_place else reshape(done, ())


def element(name: str, value: Any, dtype: np.dtype[Any]) -> Any:
    """`value`, a number or a tensor without dimensions, in `dtype`."""
    if not isinstance(value, TensorState):
        return as_element(value, dtype)
    if value._data.ndim:
        raise RuntimeError(
            f"{name}(): value must be a number or a 0-dimensional tensor, got shape "
            f"{list(value._data.shape)}"
        )
    if value._data.dtype.kind == "c" and dtype.kind != "c":
        raise RuntimeError(f"{name}(): a complex value does not fit into a real tensor")
    return value


@takes_tensors
def index_fill(input: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """`value` in place of the entries of `dim` at `index`.

    >>> import minitorch as mt
    >>> mt.index_fill(mt.zeros(3), 0, mt.tensor([0, 2]), 1.0)
    tensor([1., 0., 1.])
    """
    return _index_fill(_put, input, dim, index, value)


@takes_tensors
def index_fill_(self: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
    """`index_fill` in place."""
    return _index_fill(_put.in_place, self, dim, index, value)


# --- an index for every element ----------------------------------------------------------------


def _index_along(name: str, x: Any, dim: int, index: Any, source: Any = None) -> tuple[int, Any]:
    """`dim` counted from the front, and the int64 array in `index`, checked against `x`."""
    shape = x._data.shape
    dim = check_dim(dim, len(shape))
    array = index._data
    if not array.size:
        return dim, array.astype(np.int64)
    if array.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"{name}(): index must be int64 or int32, got {index.dtype}")
    mine, theirs = shape or (1,), array.shape or (1,)
    others = [source._data.shape or (1,)] if source is not None else []
    if any(len(other) != len(mine) for other in [theirs, *others]):
        raise RuntimeError(
            f"{name}(): tensor, index (and source) must have as many dimensions as one another; "
            f"got {list(shape)}, {list(array.shape)}" + "".join(f", {list(s)}" for s in others)
        )
    if any(n > m for d, (n, m) in enumerate(zip(theirs, mine)) if d != dim) or any(
        n > m for other in others for n, m in zip(theirs, other)
    ):
        raise RuntimeError(
            f"{name}(): index of shape {list(array.shape)} must be no larger than the tensor "
            f"({list(shape)}) apart from dimension {dim}"
            + "".join(f", and no larger than the source ({list(s)})" for s in others)
        )
    if not 0 <= array.min() <= array.max() < mine[dim]:
        bad = array[(array < 0) | (array >= mine[dim])].flat[0]
        raise RuntimeError(
            f"{name}(): index {bad} is out of bounds for dimension {dim} with size {mine[dim]}"
        )
    return dim, array.astype(np.int64, copy=False)


def gather(input: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Tensor:
    """``out[i][j] = input[index[i][j]][j]`` for `dim` 0, and so on.

    >>> import minitorch as mt
    >>> mt.gather(mt.tensor([[1, 2], [3, 4]]), 1, mt.tensor([[0], [1]]))
    tensor([[1],
            [4]])
    """
    dim, array = _index_along("gather", input, dim, index)
    if not array.size and array.ndim != input._data.ndim:
        return reshape(flatten(input)[:0], array.shape)
    if not input._data.ndim:
        picked = take_along(reshape(input, (1,)), array.reshape(-1), 0)
        return reshape(picked, array.shape)
    return take_along(input, array if array.ndim else array.reshape(1), dim)


gather = with_out(gather, apart=True, exact=True)


@with_out
def take_along_dim(input: Tensor, indices: Tensor, dim: int | None = None) -> Tensor:
    """`gather` where `indices` and `input` are broadcast, and indices may be negative.

    Without `dim`: from the flat tensor.
    """
    if dim is None:
        input, indices, dim = flatten(input), flatten(indices), 0
    x, index = input._data, indices._data
    if x.ndim != index.ndim:
        raise RuntimeError(
            f"take_along_dim(): input has {x.ndim} dimensions and indices {index.ndim}"
        )
    if index.dtype != np.int64:
        raise RuntimeError(f"take_along_dim(): indices must be int64, got {indices.dtype}")
    dim = check_dim(dim, x.ndim)
    try:
        common = np.broadcast_shapes(_without(x.shape, dim), _without(index.shape, dim))
    except ValueError:
        raise RuntimeError(
            f"take_along_dim(): shapes {list(x.shape)} and {list(index.shape)} do not broadcast "
            f"apart from dimension {dim}"
        ) from None
    size = x.shape[dim] if x.ndim else 1
    index = np.broadcast_to(index, (*common[:dim], *index.shape[dim : dim + 1], *common[dim:]))
    index = np.where(index < 0, index + size, index)
    wide = expand(input, (*common[:dim], *x.shape[dim : dim + 1], *common[dim:]))
    return gather(wide, dim, wrap(index))


def _without(shape: tuple[int, ...], dim: int) -> tuple[int, ...]:
    return shape[:dim] + shape[dim + 1 :]
