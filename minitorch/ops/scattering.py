"""Placing along one dimension, element by element: scatter, scatter_add, scatter_reduce."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.numerics.adding import widened
from minitorch.ops.along import places_along, take_along
from minitorch.ops.copying import cast, clone
from minitorch.ops.elements import as_element
from minitorch.ops.filling import zero_like
from minitorch.ops.gathering import _index_along, _match_source, _slices_key
from minitorch.ops.indexing import Key, _index, _put, _put_add, add_at
from minitorch.ops.inplace import edit, in_place
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import prod
from minitorch.ops.selecting import ALL
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["index_reduce", "scatter", "scatter_add", "scatter_reduce"]


def _key_along(shape: tuple[int, ...], dim: int, index: np.ndarray) -> Key:
    """The key of the elements that `gather` would pick from `shape`."""
    key: list[Any] = list(np.ogrid[tuple([slice(0, n) for n in index.shape])])
    key[dim] = index
    return tuple(key)


@edit
def _put_along(x, values, /, indices, dim):
    """``x`` with `values` where `take_along` would read: the last one counts."""
    if x.flags.c_contiguous:
        x.reshape(-1)[places_along(indices, dim, x.shape)] = values
    else:
        x[_key_along(x.shape, dim, indices)] = values


@edit
def _add_along(x, values, /, indices, dim):
    """``x`` with `values` added where `take_along` would read: all count."""
    if x.flags.c_contiguous and widened(x) is x:  # flat places: two thirds of the time
        places = places_along(indices, dim, x.shape)
        np.add.at(x.reshape(-1), places.reshape(-1), values.reshape(-1))
    else:
        add_at(x, _key_along(x.shape, dim, indices), values)


_put_along.gradient(
    x=lambda g, indices, dim: _put_along(g, zero_like(g), indices, dim),
    values=lambda g, indices, dim: take_along(g, indices, dim),
)
_add_along.gradient(
    x=lambda g: g,
    values=lambda g, indices, dim: take_along(g, indices, dim),
)
for _saving in (_put_along, _add_along):
    _saving.op.saves_arrays = True  # the indices


def _scatter(put: Any, name: str, input: Any, dim: int, index: Any, src: Any) -> Any:
    """`src` put where `gather` would read, by `put`: `_put_along`, `_add_along`, or in place."""
    whole = isinstance(src, TensorState)
    if whole and src._data.dtype != input._data.dtype:
        raise RuntimeError(f"{name}(): src must be {input.dtype} as the tensor is, got {src.dtype}")
    dim, array = _index_along(name, input, dim, index, src if whole else None)
    x = input if input._data.ndim else reshape(input, (1,))
    if not array.size:
        return input if put in (_put_along.in_place, _add_along.in_place) else clone(input)
    array = array if array.ndim else array.reshape(1)
    if whole:
        src = src if src._data.ndim else reshape(src, (1,))
        if src._data.shape != array.shape:
            src = _part(src, array.shape)
    else:
        src = as_element(src, x._data.dtype)
    done = put(x, src, array, dim)
    if x is input:
        return done
    return input if put in (_put_along.in_place, _add_along.in_place) else reshape(done, ())


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
    return _scatter(_put_along, "scatter", input, dim, index, src)


@takes_tensors
def scatter_(
    self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None,
    reduce: str | None = None,
) -> Tensor:  # fmt: skip
    """`scatter` in place."""
    src = value if src is None else src
    if reduce is not None:
        return _reduced_in_place(self, dim, index, src, reduce)
    return _scatter(_put_along.in_place, "scatter", self, dim, index, src)


_reduced_in_place = in_place(_scatter_by_reduce)


@with_out
def scatter_add(input: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """A copy with ``out[index[i][j]][j] += src[i][j]`` for `dim` 0, and so on.

    >>> import minitorch as mt
    >>> mt.scatter_add(mt.zeros(2), 0, mt.tensor([0, 0, 1]), mt.ones(3))
    tensor([2., 1.])
    """
    return _scatter(_add_along, "scatter_add", input, dim, index, src)


@takes_tensors
def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """`scatter_add` in place."""
    return _scatter(_add_along.in_place, "scatter_add", self, dim, index, src)


# --- reducing what meets at one place ----------------------------------------------------------


@primitive
def _scatter_extreme(x, src, /, key, largest, include_self):
    """The largest (or smallest) of what meets at a place, with ``x[key]`` if `include_self`."""
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
