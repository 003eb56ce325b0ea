"""Sets and places: distinct values, membership, and where a value belongs in sorted ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import common_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.checks import check_ordered, check_tensor
from minitorch.ops.dims import check_dim
from minitorch.ops.out import with_out
from minitorch.ops.undifferentiated import undifferentiated

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["bucketize", "isin", "searchsorted", "unique", "unique_consecutive"]


def unique(
    input: Tensor,
    sorted: bool = True,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The distinct elements in order; with `dim`, the distinct slices along it.

    `return_inverse` adds where each element of the input went, `return_counts` how often each
    distinct one occurs. The order is the same whether `sorted` or not.

    >>> import minitorch
    >>> minitorch.unique(minitorch.tensor([3, 1, 3]), return_counts=True)
    (tensor([1, 3]), tensor([1, 2]))
    """
    check_tensor("unique", input)
    check_ordered("unique", input)
    x = input._data
    if dim is None:
        order = np.argsort(x, None, "stable")
        return _runs(input, x.reshape(-1), order, x.shape, None, return_inverse, return_counts)
    dim = _dim_of_slices("unique", x, dim)
    rows = np.moveaxis(x, dim, 0)
    # The first column decides first: np.lexsort wants it last.
    columns = rows.reshape(len(rows), math.prod(rows.shape[1:])).T[::-1]
    order = np.lexsort(columns) if len(columns) else np.arange(len(rows))
    return _runs(input, rows, order, (len(rows),), dim, return_inverse, return_counts)


def unique_consecutive(
    input: Tensor,
    return_inverse: bool = False,
    return_counts: bool = False,
    dim: int | None = None,
) -> Any:
    """The elements (with `dim`, the slices along it) that differ from the one before them.

    >>> import minitorch
    >>> minitorch.unique_consecutive(minitorch.tensor([1, 1, 2, 1]))
    tensor([1, 2, 1])
    """
    check_tensor("unique_consecutive", input)
    x = input._data
    if dim is None:
        flat = x.reshape(-1)
        return _runs(input, flat, None, x.shape, None, return_inverse, return_counts)
    dim = _dim_of_slices("unique_consecutive", x, dim)
    rows = np.moveaxis(x, dim, 0)
    return _runs(input, rows, None, (len(rows),), dim, return_inverse, return_counts)


def _dim_of_slices(name: str, x: np.ndarray, dim: int) -> int:
    if x.ndim == 0:
        raise IndexError(f"{name}() along dim {dim}: the tensor has no dimensions")
    dim = check_dim(dim, x.ndim)
    if x.size == 0 and x.shape[dim]:
        raise RuntimeError(
            f"{name}(): slices of a tensor of shape {x.shape} along dim {dim} are empty"
        )
    return dim


def _runs(
    input: Tensor,
    rows: np.ndarray,
    order: np.ndarray | None,
    shape: tuple[int, ...],
    dim: int | None,
    return_inverse: bool,
    return_counts: bool,
) -> Any:
    """The first of each run of equal rows, once they are put in `order`."""
    s = rows if order is None else rows[order]
    first = np.ones(len(s), bool)
    first[1:] = (s[1:] != s[:-1]).any(tuple(range(1, s.ndim)))
    values = s[first] if dim is None else np.moveaxis(s[first], 0, dim)
    results = [undifferentiated(input, values, "unique")]
    if return_inverse:
        run = np.cumsum(first) - 1
        inverse = np.empty(len(s), np.int64)
        inverse[slice(None) if order is None else order] = run
        results.append(wrap(inverse.reshape(shape)))
    if return_counts:
        results.append(wrap(np.diff(np.append(np.flatnonzero(first), len(s)))))
    return results[0] if len(results) == 1 else tuple(results)


@with_out
def searchsorted(
    sorted_sequence: Tensor,
    input: Any,
    *,
    out_int32: bool = False,
    right: bool = False,
    side: str | None = None,
    sorter: Tensor | None = None,
) -> Tensor:
    """Where each value of `input` belongs in the sorted last dimension of `sorted_sequence`.

    Before equal elements, or (`right`, or `side` "right") after them. The leading dimensions agree,
    or the sequence has only one. `sorter` holds the indices that sort it, if it is not sorted.

    >>> import minitorch
    >>> minitorch.searchsorted(minitorch.tensor([1, 3, 5]), minitorch.tensor([3, 4]))
    tensor([1, 2])
    """
    check_tensor("searchsorted", sorted_sequence)
    check_ordered("searchsorted", sorted_sequence)
    if side not in (None, "left", "right"):
        raise RuntimeError(f"searchsorted(): side must be 'left' or 'right', got {side!r}")
    if side == "left" and right:
        raise RuntimeError("searchsorted(): side='left' contradicts right=True")
    s = sorted_sequence._data
    v = np.asarray(_values("searchsorted", input))
    if s.ndim != 1 and (v.ndim == 0 or s.ndim == 0 or s.shape[:-1] != v.shape[:-1]):
        raise RuntimeError(
            f"searchsorted(): a sequence of shape {s.shape} and values of shape {v.shape} do not "
            "go together: it must have one dimension, or the same leading dimensions"
        )
    if sorter is not None:
        s = _sorted_by(s, sorter)
    after: Any = "right" if right or side == "right" else "left"
    if s.ndim == 1:
        found = np.asarray(np.searchsorted(s, v, after))
    else:
        found = np.empty(v.shape, np.int64)
        for place in np.ndindex(s.shape[:-1]):
            found[place] = np.searchsorted(s[place], v[place], after)
    return wrap(found.astype(np.int32) if out_int32 else found)


def _values(name: str, x: Any) -> Any:
    """The array in a Tensor, or a number."""
    if isinstance(x, bool | int | float | complex):
        return x
    check_tensor(name, x)
    return x._data


def _sorted_by(s: np.ndarray, sorter: Tensor) -> np.ndarray:
    order = sorter._data
    if order.shape != s.shape:
        raise RuntimeError(
            f"searchsorted(): sorter has shape {order.shape}, the sequence {s.shape}"
        )
    if order.dtype != np.int64:
        raise RuntimeError(f"searchsorted(): sorter must be int64, got {sorter.dtype}")
    if order.size and (order.min() < 0 or order.max() >= s.shape[-1]):
        raise RuntimeError(f"searchsorted(): sorter has an index beyond size {s.shape[-1]}")
    return np.take_along_axis(s, order, -1)


@with_out
def bucketize(
    input: Any, boundaries: Tensor, *, out_int32: bool = False, right: bool = False
) -> Tensor:
    """The number of the bucket between sorted `boundaries` that each value falls into.

    >>> import minitorch
    >>> minitorch.bucketize(minitorch.tensor([1, 4, 9]), minitorch.tensor([3, 6]))
    tensor([0, 1, 2])
    """
    check_tensor("bucketize", boundaries)
    if boundaries._data.ndim != 1:
        raise RuntimeError(
            f"bucketize(): boundaries must have one dimension, got {boundaries._data.shape}"
        )
    return searchsorted(boundaries, input, out_int32=out_int32, right=right)


@with_out
def isin(
    elements: Any, test_elements: Any, *, assume_unique: bool = False, invert: bool = False
) -> Tensor:
    """Whether each of `elements` is among `test_elements`; one of the two may be a number.

    >>> import minitorch
    >>> minitorch.isin(minitorch.tensor([1, 2, 3]), minitorch.tensor([2, 3]))
    tensor([False,  True,  True])
    """
    if not isinstance(elements, TensorState):
        check_tensor("isin", test_elements)
    a, b = _values("isin", elements), _values("isin", test_elements)
    kind = common_dtype(a, b)
    if kind.kind == "c":
        raise RuntimeError("isin() is for real numbers, not complex ones")
    a, b = np.asarray(a, kind), np.asarray(b, kind)
    return wrap(np.isin(a, b, assume_unique=assume_unique, invert=invert))
