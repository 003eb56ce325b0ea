"""Order along a dimension: sorting, and elements picked by their rank.

All find indices first, in NumPy, and then take the elements there, which is what is
differentiated. nan counts as larger than everything.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import wrap
from minitorch.ops.along import picked, take_along
from minitorch.ops.arithmetic import add
from minitorch.ops.checks import check_number, check_ordered, check_tensor
from minitorch.ops.dims import check_dim
from minitorch.ops.extremes import check_not_empty, to_extremes
from minitorch.ops.out import store
from minitorch.ops.primitive import primitive
from minitorch.ops.reduction import reduction
from minitorch.ops.reductions import sum

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["argsort", "kthvalue", "median", "mode", "msort", "nanmedian", "sort", "topk"]


def _along(name: str, input: Tensor, dim: int) -> tuple[np.ndarray, int]:
    """The array to look through, and `dim` checked; a number counts as a line of one."""
    check_tensor(name, input)
    check_ordered(name, input)
    x = input._data
    return x if x.ndim else x.reshape(1), check_dim(dim, x.ndim)


_FEW = 1000  # elements; for fewer, a stable sort is over before anything else has begun


def _order(x: np.ndarray, dim: int, descending: bool = False) -> np.ndarray:
    """The indices that sort `x`, equal elements in the order in which they stand."""
    if _all_differ(x, dim):  # a fifth of the time of a stable sort
        order = np.argsort(x, dim)
        return np.flip(order, dim) if descending else order
    if not descending:
        return np.argsort(x, dim, "stable")
    backwards = np.argsort(np.flip(x, dim), dim, "stable")
    return np.flip(x.shape[dim] - 1 - backwards, dim)


def _all_differ(x: np.ndarray, dim: int) -> bool:
    """Whether elements along `dim` differ, none of them nan, as far as that is quickly found."""
    if x.size < _FEW or x.dtype.kind not in "iuf" or x.itemsize < 4:
        return False
    s = np.sort(x, dim)  # where elements alone are moved, a thirtieth of that time
    n = x.shape[dim]
    return bool((_part(s, dim, 0, n - 1) < _part(s, dim, 1, n)).all())


@reduction
def sort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Any:
    """The elements in order along `dim`, and where they came from: ``(values, indices)``.

    Equal elements keep their order, whether `stable` or not.

    >>> import minitorch
    >>> minitorch.sort(minitorch.tensor([3, 1, 2])).values
    tensor([1, 2, 3])
    """
    x, dim = _along("sort", input, dim)
    indices = _order(x, dim, descending).reshape(input._data.shape)
    return return_types.sort(take_along(input, indices, dim), wrap(indices))


@reduction
def argsort(input: Tensor, dim: int = -1, descending: bool = False, stable: bool = False) -> Tensor:
    """The indices that sort `input` along `dim`; see `sort`.

    >>> import minitorch
    >>> minitorch.argsort(minitorch.tensor([3, 1, 2]))
    tensor([1, 2, 0])
    """
    x, dim = _along("argsort", input, dim)
    return wrap(_order(x, dim, descending).reshape(input._data.shape))


@reduction
def msort(input: Tensor) -> Tensor:
    """The elements in order along the first dimension."""
    return sort(input, 0).values


@reduction
def topk(input: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The `k` largest (or smallest) elements along `dim`, in order: ``(values, indices)``.

    >>> import minitorch
    >>> minitorch.topk(minitorch.tensor([3, 1, 4, 1, 5]), 2).indices
    tensor([4, 2])
    """
    x, dim = _along("topk", input, dim)
    check_number("topk", input)
    k = operator.index(k)
    n = x.shape[dim]
    if not 0 <= k <= n:
        raise RuntimeError(f"topk(): k={k} is out of range for dimension {dim} of size {n}")
    indices = _top(x, k, dim, largest) if 0 < k < n else None
    if indices is None:
        indices = _part(_order(x, dim, largest), dim, 0, k)
    if input._data.ndim == 0:
        indices = np.zeros((), np.int64)
    return return_types.topk(take_along(input, indices, dim), wrap(indices))


def _top(x: np.ndarray, k: int, dim: int, largest: bool) -> np.ndarray | None:
    """The indices for `topk`, in order; None where equal elements or nan stand at the border.

    The last of the k largest is found first, and what is not less than it picked: so the rest need
    no order.  Of (256, 256) the ten largest take 0.2 ms so, and 2 ms by sorting all.
    """
    if x.size < _FEW or x.dtype.kind not in "iuf":
        return None
    lines = np.ascontiguousarray(np.moveaxis(x, dim, -1))
    n = lines.shape[-1]
    split = np.partition(lines, n - k if largest else k - 1, -1)
    some = split[..., n - k :] if largest else split[..., :k]
    if (some != some).any():
        return None
    chosen = lines >= some[..., :1] if largest else lines <= some[..., -1:]
    if np.count_nonzero(chosen) != some.size:  # it is no less in any line
        return None
    places = np.flatnonzero(chosen)  # in each line, as they stand
    order = _order(lines.reshape(-1)[places].reshape(-1, k), 1, largest)
    starts = np.arange(len(order))[:, np.newaxis]
    indices = places[order + starts * k] - starts * n
    return np.moveaxis(indices.reshape(some.shape), -1, dim)


def kthvalue(
    input: Tensor, k: int, dim: int = -1, keepdim: bool = False, *, out: Any = None
) -> Any:
    """The `k`-th smallest element along `dim`, counted from 1, and where: ``(values, indices)``.

    >>> import minitorch
    >>> minitorch.kthvalue(minitorch.tensor([30, 10, 20]), 2).values
    tensor(20)
    """
    x, dim = _along("kthvalue", input, dim)
    check_number("kthvalue", input)
    k = operator.index(k)
    check_not_empty("kthvalue", x.shape, dim)
    if not 1 <= k <= x.shape[dim]:
        raise RuntimeError(
            f"kthvalue(): k={k} is out of range for dimension {dim} of size {x.shape[dim]}"
        )
    indices = _part(np.argpartition(x, k - 1, dim), dim, k - 1, k)
    result = return_types.kthvalue(*picked(input, indices, dim, keepdim))
    if out is None:
        return result
    if any(np.may_share_memory(o._data, x) for o in out):
        raise RuntimeError("kthvalue(): out= looks into the memory of the input; clone() one")
    return store(out, result)


@reduction
def median(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The element in the middle, the lower one of two; nan if there is a nan.

    Along `dim`: ``(values, indices)``. Without, the value; equal elements share its gradient.

    >>> import minitorch
    >>> minitorch.median(minitorch.tensor([4.0, 1.0, 3.0, 2.0]))
    tensor(2.)
    """
    return _median("median", return_types.median, input, dim, keepdim, False)


@reduction
def nanmedian(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
    """The `median` of the elements that are not nan."""
    return _median("nanmedian", return_types.nanmedian, input, dim, keepdim, True)


def _median(
    name: str, kind: Any, input: Tensor, dim: int | None, keepdim: bool, skip_nan: bool
) -> Any:
    check_tensor(name, input)
    check_number(name, input)
    if dim is not None:
        x, dim = _along(name, input, dim)
        check_not_empty(name, x.shape, dim)
        return kind(*picked(input, _middle(x, dim, skip_nan), dim, keepdim))
    check_ordered(name, input)
    x = input._data
    if x.size == 0:
        if x.dtype.kind in "fV":
            return add(sum(input), np.nan)
        return wrap(np.asarray(np.nan).astype(x.dtype))
    return _element(input, None, False, _middle(x.reshape(-1), 0, skip_nan).item())


def _middle(x: np.ndarray, dim: int, skip_nan: bool) -> np.ndarray:
    """The index of the median along `dim`, which is kept with size 1."""
    middle = (x.shape[dim] - 1) // 2
    valid = np.count_nonzero(x == x, dim, keepdims=True)
    if np.all(valid == x.shape[dim]):
        return _part(np.argpartition(x, middle, dim), dim, middle, middle + 1)
    if skip_nan:
        rank = np.maximum(valid - 1, 0) // 2
    else:
        rank = np.where(valid == x.shape[dim], middle, valid)  # the first nan follows the others
    return np.take_along_axis(_order(x, dim), rank, dim)


@primitive
def _element(input, /, dims, keepdim, place):
    """The median of all elements, found at `place`."""
    return input.reshape(-1)[place]


_element.gradient(input=to_extremes)


@reduction
def mode(input: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
    """The most frequent element along `dim`, the smallest of several: ``(values, indices)``.

    The index is that of its last occurrence.

    >>> import minitorch
    >>> minitorch.mode(minitorch.tensor([2, 1, 2, 3])).values
    tensor(2)
    """
    x, dim = _along("mode", input, dim)
    check_not_empty("mode", x.shape, dim)
    order = np.moveaxis(_order(x, dim), dim, -1)
    s = np.take_along_axis(np.moveaxis(x, dim, -1), order, -1)
    places = np.arange(s.shape[-1])
    first = np.concatenate([np.ones_like(s[..., :1], bool), s[..., 1:] != s[..., :-1]], -1)
    length = places - np.maximum.accumulate(np.where(first, places, 0), -1)
    end = np.argmax(length, -1, keepdims=True)  # where the first of the longest runs ends
    indices = np.moveaxis(np.take_along_axis(order, end, -1), -1, dim)
    return return_types.mode(*picked(input, indices, dim, keepdim))


def _part(x: np.ndarray, dim: int, start: int, stop: int) -> np.ndarray:
    return x[(slice(None),) * dim + (slice(start, stop),)]
