"""Counting elements by value: bins and histograms. None of this has a gradient."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.checks import check_tensor
from minitorch.ops.creation import linspace
from minitorch.ops.out import with_out
from minitorch.ops.undifferentiated import undifferentiated

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["bincount", "histc", "histogram"]


def bincount(input: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
    """How often each of 0, 1, 2 ... occurs in a one-dimensional tensor of integers.

    With `weights`, what the weights of each add up to. At least `minlength` results.

    >>> import minitorch
    >>> minitorch.bincount(minitorch.tensor([1, 3, 1]))
    tensor([0, 2, 0, 1])
    """
    check_tensor("bincount", input)
    x = input._data
    if x.dtype.kind not in "iu":
        raise NotImplementedError(f"bincount() is for integers, not {input.dtype}")
    if x.ndim != 1 or (x < 0).any():
        raise RuntimeError(
            f"bincount() takes one dimension of integers that are not negative, got shape {x.shape}"
            + (f" with {x.min()}" if x.size and x.min() < 0 else "")
        )
    if minlength < 0:
        raise RuntimeError(f"bincount(): minlength must not be negative, got {minlength}")
    if weights is None:
        return wrap(np.bincount(x, None, minlength))
    check_tensor("bincount", weights)
    if weights._data.shape != x.shape:
        raise RuntimeError(
            f"bincount(): weights of shape {weights._data.shape} do not fit shape {x.shape}"
        )
    kind = np.float32 if weights._data.dtype == np.float32 else np.float64
    total = np.bincount(x, weights._data, minlength).astype(kind, copy=False)
    return undifferentiated(weights, total, "bincount")


@with_out
def histc(input: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
    """How many elements fall into each of `bins` equal bins from `min` to `max`.

    Elements outside are left out. Where both are equal, the smallest and largest element serve.

    >>> import minitorch
    >>> minitorch.histc(minitorch.tensor([1.0, 2.0, 1.0]), bins=4, min=0, max=3)
    tensor([0., 2., 1., 0.])
    """
    x = _checked("histc", input).reshape(-1)
    edges = _edges("histc", x, bins, None if min == max else (min, max))
    return wrap(_counts(x, edges, None, even=True))


@with_out
def histogram(
    input: Tensor,
    bins: Any = 100,
    *,
    range: tuple[float, float] | None = None,
    weight: Tensor | None = None,
    density: bool = False,
) -> Any:
    """How many elements fall between each edge and the next: ``(hist, bin_edges)``.

    `bins` is the number of equal bins, or their edges in order. With `density`, the results are
    divided so that the area below them is 1.

    >>> import minitorch
    >>> minitorch.histogram(minitorch.tensor([1.0, 2.0, 1.0]), bins=4, range=(0.0, 3.0)).hist
    tensor([0., 2., 1., 0.])
    """
    x = _checked("histogram", input).reshape(-1)
    if isinstance(bins, TensorState):
        if bins._data.ndim != 1 or bins._data.dtype != x.dtype:
            raise RuntimeError(
                f"histogram(): the edges must be one dimension of {input.dtype}, got "
                f"{from_numpy_dtype(bins._data.dtype)} of shape {bins._data.shape}"
            )
        edges = bins._data.copy()
    else:
        edges = _edges("histogram", x, bins, range)
    if weight is not None:
        check_tensor("histogram", weight)
        if weight._data.shape != input._data.shape or weight._data.dtype != x.dtype:
            raise RuntimeError(
                f"histogram(): the weights must be {input.dtype} of shape {input._data.shape}, "
                f"got {weight.dtype} of shape {weight._data.shape}"
            )
    weights = None if weight is None else weight._data.reshape(-1)
    hist = _counts(x, edges, weights, even=not isinstance(bins, TensorState), sharp=True)
    if density:
        hist = hist / hist.sum() / np.diff(edges)
    return return_types.histogram(
        undifferentiated(input, hist, "histogram"), undifferentiated(input, edges, "histogram")
    )


def _checked(name: str, input: Tensor) -> np.ndarray:
    check_tensor(name, input)
    if input._data.dtype.kind not in "fV" or (name == "histogram" and input._data.itemsize == 2):
        raise NotImplementedError(f"{name}() is for float32 and float64, not {input.dtype}")
    return input._data


def _edges(name: str, x: np.ndarray, bins: int, span: Any) -> np.ndarray:
    """The edges of `bins` equal bins over `span`, or over what the elements span."""
    if bins <= 0:
        raise RuntimeError(f"{name}(): bins must be positive, got {bins}")
    low, high = span if span is not None else (x.min(), x.max()) if x.size else (0, 1)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise RuntimeError(f"{name}(): the range from {low} to {high} is not finite")
    if low > high:
        raise RuntimeError(f"{name}(): the range from {low} to {high} is empty")
    if low == high:
        margin = 1 if name == "histc" else 0.5
        low, high = low - margin, high + margin
    return linspace(low, high, bins + 1, dtype=from_numpy_dtype(x.dtype))._data


def _counts(
    x: np.ndarray, edges: np.ndarray, weight: Any, even: bool, sharp: bool = False
) -> np.ndarray:
    """The elements, or their weights, between each edge and the next; the last edge is included.

    Where bins are even, a place is computed; `sharp` compares it with the edges on either side.
    """
    bins = len(edges) - 1
    inside = (x >= edges[0]) & (x <= edges[-1])
    if weight is not None:
        weight = weight[inside]
    if even:
        place = ((x[inside] - edges[0]) * bins / (edges[-1] - edges[0])).astype(np.int64)
        place = np.minimum(place, bins - 1)
        if sharp:  # rounding may have put it beside its bin
            place -= x[inside] < edges[place]
            place += (x[inside] >= edges[place + 1]) & (place < bins - 1)
    else:
        place = np.searchsorted(edges, x[inside], "right") - 1
        place = np.minimum(place, bins - 1)
    return np.bincount(place, weight, bins).astype(x.dtype)
