"""Picking and placing along one dimension: index_select, index_add, gather, scatter ..."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import take_along
from minitorch.ops.copying import cast, clone
from minitorch.ops.dims import check_dim
from minitorch.ops.filling import as_element, zero_like
from minitorch.ops.indexing import Key, _index, _put, _put_add
from minitorch.ops.inplace import in_place
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import prod
from minitorch.ops.selecting import ALL
from minitorch.ops.shapes import expand, flatten, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "gather", "index_add", "index_copy", "index_fill", "index_reduce", "index_select", "scatter",
    "scatter_add", "scatter_reduce", "take_along_dim",
]  # fmt: skip


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
            f"index_select(): a 0-dimensional tensor has one entry; {index._data.size} were asked for"
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


@with_out
def index_reduce(
    input: Tensor,
    dim: int,
    index: Tensor,
    source: Tensor,
    reduce: str,
    *,
    include_self: bool = True,
) -> Tensor:
    """The slices of `source` reduced (prod, mean, amax, amin) into those of `input` at `index`."""
    if reduce not in ("prod", "mean", "amax", "amin"):
        raise RuntimeError(f"index_reduce(): reduce must be prod, mean, amax or amin, not {reduce}")
    x, key = _slices_key("index_reduce", input, dim, index)
    source = _match_source("index_reduce", x, key, source, RuntimeError)
    source = source if source._data.ndim else reshape(source, (1,))
    shape = [1] * x._data.ndim
    shape[len(key) - 1] = -1
    full = np.broadcast_to(key[-1].astype(np.int64).reshape(shape), source._data.shape)
    done = scatter_reduce(x, len(key) - 1, wrap(full), source, reduce, include_self=include_self)
    return done if x is input else reshape(done, ())


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


def _key_along(shape: tuple[int, ...], dim: int, index: np.ndarray) -> Key:
    """The key of the elements that `gather` would pick from `shape`."""
    key: list[Any] = list(np.ogrid[tuple([slice(0, n) for n in index.shape])])
    key[dim] = index
    return tuple(key)


def _scatter(put: Any, name: str, input: Any, dim: int, index: Any, src: Any) -> Any:
    """`src` put to the places that `gather` would read, by `put`: `_put`, `_put_add`, in place."""
    whole = isinstance(src, TensorState)
    if whole and src._data.dtype != input._data.dtype:
        raise RuntimeError(f"{name}(): src must be {input.dtype} as the tensor is, got {src.dtype}")
    dim, array = _index_along(name, input, dim, index, src if whole else None)
    x = input if input._data.ndim else reshape(input, (1,))
    if not array.size:
        return input if put in (_put.in_place, _put_add.in_place) else clone(input)
    array = array if array.ndim else array.reshape(1)
    if whole:
        src = src if src._data.ndim else reshape(src, (1,))
        if src._data.shape != array.shape:
            src = _part(src, array.shape)
    else:
        src = as_element(src, x._data.dtype)
    done = put(x, src, _key_along(x._data.shape, dim, array))
    if x is input:
        return done
    return input if put in (_put.in_place, _put_add.in_place) else reshape(done, ())


def _part(x: Any, shape: tuple[int, ...]) -> Any:
    return x[tuple([slice(0, n) for n in shape])]


def _scatter_by_reduce(input: Any, dim: int, index: Any, src: Any, reduce: str) -> Any:
    """The old ``scatter(reduce=)``: a number or a tensor added or multiplied in."""
    if not isinstance(src, TensorState):
        value = as_element(src, input._data.dtype)
        src = wrap(np.broadcast_to(value, index._data.shape or (1,)))
    names = {"add": "sum", "multiply": "prod"}
    if reduce not in names:
        raise RuntimeError(f"scatter(): reduce must be 'add' or 'multiply', got {reduce!r}")
    return scatter_reduce(input, dim, index, src, names[reduce])


@with_out
def scatter(
    input: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """A copy with ``out[index[i][j]][j] = src[i][j]`` for `dim` 0, and so on.

    `src` is a tensor or a number (then also called `value`).  With `reduce` "add" or "multiply"
    what is there counts too; `scatter_reduce` does that better.

    >>> import minitorch as mt
    >>> mt.scatter(mt.zeros(2, 2), 1, mt.tensor([[0], [1]]), 5.0)
    tensor([[5., 0.],
            [0., 5.]])
    """
    src = value if src is None else src
    if reduce is not None:
        return _scatter_by_reduce(input, dim, index, src, reduce)
    return _scatter(_put, "scatter", input, dim, index, src)


@takes_tensors
def scatter_(
    self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """`scatter` in place."""
    src = value if src is None else src
    if reduce is not None:
        return _reduced_in_place(self, dim, index, src, reduce)
    return _scatter(_put.in_place, "scatter", self, dim, index, src)


_reduced_in_place = in_place(_scatter_by_reduce)


@with_out
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with ``out[index[i][j]][j] += src[i][j]`` for `dim` 0, and so on.

    >>> import minitorch as mt
    >>> mt.scatter_add(mt.zeros(2), 0, mt.tensor([0, 0, 1]), mt.ones(3))
    tensor([2., 1.])
    """
    return _scatter(_put_add, "scatter_add", input, dim, index, src)


@takes_tensors
def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`scatter_add` in place."""
    return _scatter(_put_add.in_place, "scatter_add", self, dim, index, src)


# --- reducing what meets at one place ----------------------------------------------------------


@primitive
def _scatter_extreme(x, src, /, key, largest, include_self):
    """The largest (or smallest) of ``x[key]``, if `include_self`, and all of `src` that meet there."""
    out = x.copy()
    if not include_self:
        out[key] = _least(x.dtype) if largest else _greatest(x.dtype)
    (np.maximum if largest else np.minimum).at(out, key, src)
    return out


def _least(dtype: np.dtype[Any]) -> Any:
    return -np.inf if dtype.kind in "fV" else False if dtype.kind == "b" else np.iinfo(dtype).min


def _greatest(dtype: np.dtype[Any]) -> Any:
    return np.inf if dtype.kind in "fV" else True if dtype.kind == "b" else np.iinfo(dtype).max


def _extreme_shares(g: Any, x: Any, src: Any, out: Any, key: Key) -> tuple[Any, Any, Any]:
    """Which of `x` and of `src` are extreme, and the gradient for each of those that meet."""
    mine, theirs = np.equal(x, out), np.equal(src, _index(out, key))
    return mine, theirs, g / _put_add(np.multiply(mine, 1), np.multiply(theirs, 1), key)


def _extreme_to_x(g, x, src, out, key, include_self):
    mine, _, share = _extreme_shares(g, x, src, out, key)
    grad = share * mine
    return grad if include_self else _put(grad, zero_like(grad), key)


def _extreme_to_src(g, x, src, out, key):
    _, theirs, share = _extreme_shares(g, x, src, out, key)
    return _index(share, key) * theirs


_scatter_extreme.gradient(x=_extreme_to_x, src=_extreme_to_src)


def _scatter_prod(x: Any, src: Any, key: Key, include_self: bool) -> Any:
    """Products of what meets at one place: one row of factors for each place, filled up with ones.

    So the gradient is that of `prod`, right also where factors are zero.
    """
    places = np.arange(x._data.size).reshape(x._data.shape)[key].reshape(-1)
    cells, row = np.unique(places, return_inverse=True)
    order = np.argsort(row, kind="stable")
    starts = np.searchsorted(row[order], np.arange(cells.size))
    rank = np.empty_like(row)
    rank[order] = np.arange(row.size) - starts[row[order]] + 1
    factors = wrap(np.ones((cells.size, rank.max() + 1), x._data.dtype))
    if include_self:
        start = _index(reshape(x, (-1,)), (cells,))
        factors = _put(factors, start, (ALL, np.zeros((), np.int64)))
    factors = _put(factors, reshape(src, (-1,)), (row, rank))
    product = cast(prod(factors, 1), x._data.dtype)
    return reshape(_put(reshape(x, (-1,)), product, (cells,)), x._data.shape)


def _scatter_mean(x: Any, src: Any, key: Key, include_self: bool) -> Any:
    total = _scatter_sum(x, src, key, include_self)
    count = np.ones(x._data.shape, np.int64)
    if not include_self:
        count[key] = 0
    np.add.at(count, key, 1)
    count = wrap(count.astype(x._data.dtype))
    return total // count if x._data.dtype.kind in "iu" else total / count


def _scatter_sum(x: Any, src: Any, key: Key, include_self: bool) -> Any:
    return _put_add(x if include_self else _put(x, zero_like(x), key), src, key)


_REDUCTIONS = {
    "sum": _scatter_sum,
    "mean": _scatter_mean,
    "prod": _scatter_prod,
    "amax": lambda x, src, key, own: _scatter_extreme(x, src, key, True, own),
    "amin": lambda x, src, key, own: _scatter_extreme(x, src, key, False, own),
}


@with_out
def scatter_reduce(
    input: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
) -> Tensor:
    """What `src` brings to one place (see `scatter`) reduced: sum, prod, mean, amax or amin.

    The element of `input` at that place counts too, if `include_self`.

    >>> import minitorch as mt
    >>> index, src = mt.tensor([0, 0, 1]), mt.tensor([1.0, 3.0, 5.0])
    >>> mt.scatter_reduce(mt.zeros(2), 0, index, src, "mean", include_self=False)
    tensor([2., 5.])
    """
    if reduce not in _REDUCTIONS:
        raise RuntimeError(
            f"scatter_reduce(): reduce must be {', '.join(_REDUCTIONS)}; not {reduce}"
        )
    if src._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"scatter_reduce(): src must be {input.dtype} as the tensor is, got {src.dtype}"
        )
    if reduce == "mean" and input._data.dtype.kind == "b":
        raise NotImplementedError("scatter_reduce(): there is no mean of booleans")
    dim, array = _index_along("scatter_reduce", input, dim, index, src)
    if not array.size:
        return clone(input)
    x = input if input._data.ndim else reshape(input, (1,))
    array = array if array.ndim else array.reshape(1)
    src = src if src._data.ndim else reshape(src, (1,))
    part = src if src._data.shape == array.shape else _part(src, array.shape)
    done = _REDUCTIONS[reduce](x, part, _key_along(x._data.shape, dim, array), include_self)
    return done if x is input else reshape(done, ())
