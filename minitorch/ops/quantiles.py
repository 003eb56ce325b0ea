"""Quantiles: values below which a given part of the elements lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.along import take_along
from minitorch.ops.arithmetic import lerp, mul, sub
from minitorch.ops.checks import check_tensor
from minitorch.ops.dims import check_dim
from minitorch.ops.out import with_out
from minitorch.ops.shapes import movedim, reshape, squeeze
from minitorch.ops.sorting import sort

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["nanquantile", "quantile"]

_INTERPOLATIONS = ("linear", "lower", "higher", "midpoint", "nearest")


@with_out
def quantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The value with the part `q` of the elements below it; nan if there is a nan.

    Between two elements, `interpolation` is "linear", "lower", "higher", "midpoint" or "nearest".
    A one-dimensional `q` puts its dimension in front of the result.

    >>> import minitorch
    >>> minitorch.quantile(minitorch.tensor([1.0, 2.0, 4.0]), 0.75)
    tensor(3.)
    """
    return _quantile("quantile", input, q, dim, keepdim, interpolation)


@with_out
def nanquantile(
    input: Tensor,
    q: Any,
    dim: int | None = None,
    keepdim: bool = False,
    *,
    interpolation: str = "linear",
) -> Tensor:
    """The `quantile` of the elements that are not nan."""
    return _quantile("nanquantile", input, q, dim, keepdim, interpolation)


def _quantile(
    name: str, input: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str
) -> Tensor:
    q = _checked(name, input, q, interpolation)
    x = input._data
    if dim is None or x.ndim == 0:
        lines, kept = reshape(input, (-1,)), (1,) * x.ndim
    else:
        dim = check_dim(dim, x.ndim)
        lines, kept = movedim(input, dim, -1), (*x.shape[:dim], 1, *x.shape[dim + 1 :])
    ordered = sort(lines, -1).values
    values = _at_ranks(ordered, reshape(q, (-1,)), name == "nanquantile", interpolation)
    if q._data.ndim == 0:
        return reshape(values, kept) if keepdim else squeeze(values, -1)
    values = movedim(values, -1, 0)
    return reshape(values, (*q._data.shape, *kept)) if keepdim else values


def _at_ranks(ordered: Tensor, q: Tensor, skip_nan: bool, interpolation: str) -> Tensor:
    """Elements of sorted lines, whose nan are at the end. Shape: (..., n) -> (..., len(q))."""
    x = ordered._data
    end = x.shape[-1] - 1
    valid = np.count_nonzero(x == x, -1, keepdims=True)
    last = np.maximum(valid - 1, 0) if skip_nan else np.full_like(valid, end)
    rank = mul(wrap(last.astype(x.dtype)), q)
    round_below = {"nearest": np.rint, "higher": np.ceil}.get(interpolation, np.floor)
    below = round_below(rank._data).astype(np.int64)
    above = np.ceil(rank._data).astype(np.int64)
    if not skip_nan:
        below = np.where(valid <= end, end, below)
        above = np.where(valid <= end, end, above)
    values = take_along(ordered, below, x.ndim - 1)
    if interpolation == "midpoint":
        return lerp(values, take_along(ordered, above, x.ndim - 1), 0.5)
    if interpolation == "linear":
        weight = sub(rank, wrap(below.astype(x.dtype)))
        return lerp(values, take_along(ordered, above, x.ndim - 1), weight)
    return values


def _checked(name: str, input: Tensor, q: Any, interpolation: str) -> Tensor:
    """`q` as a Tensor in the dtype of `input`, after all checks."""
    check_tensor(name, input)
    x = input._data
    if x.dtype not in (np.float32, np.float64):
        raise RuntimeError(f"{name}() is for float32 and float64, not {input.dtype}")
    if x.size == 0:
        raise RuntimeError(f"{name}() of an empty tensor, of shape {x.shape}")
    if interpolation not in _INTERPOLATIONS:
        raise RuntimeError(
            f"{name}(): interpolation must be one of {_INTERPOLATIONS}, got {interpolation!r}"
        )
    if isinstance(q, int | float):
        q = wrap(np.asarray(q, x.dtype))
    check_tensor(name, q)
    if q._data.ndim > 1 or q._data.dtype != x.dtype:
        raise RuntimeError(
            f"{name}(): q must be a number, or of at most one dimension and {input.dtype} as the "
            f"input is; got {q.dtype} of shape {q._data.shape}"
        )
    if not ((q._data >= 0) & (q._data <= 1)).all():
        raise RuntimeError(f"{name}(): q must lie between 0 and 1, got {q._data}")
    return q
