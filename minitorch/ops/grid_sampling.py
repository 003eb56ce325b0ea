"""Images read at any places: `grid_sample`, and the grids of affine maps (spatial transformers).

A place (x, y) is given from -1 to 1, left to right and top to bottom.  Its value is a weighted mean
of the pixels around it; pixel numbers are found with plain arrays, weights with Tensors, so that
the gradient of the grid is that of the weights.  (Jaderberg et al., 2015.)
"""

from __future__ import annotations

import functools
import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.numerics.adding import add_columns, widened
from minitorch.ops.bilinear import bmm_t
from minitorch.ops.checks import check_tensor
from minitorch.ops.copying import contiguous
from minitorch.ops.embedding import _look_up, _sum_rows
from minitorch.ops.fused import fused
from minitorch.ops.joining import stack
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import rounded_once
from minitorch.ops.reductions import sum
from minitorch.ops.resampling import cubic_weights
from minitorch.ops.selecting import select
from minitorch.ops.shapes import movedim, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["affine_grid", "grid_sample"]


@primitive
def _moved(x, /, value, slope):
    """`value`, which depends on `x` with this slope."""
    return value


_moved.gradient(x=lambda g, slope: g * slope)


@primitive
def _nothing(x, y, /):
    """Zeros in the shape of `x`: a gradient that is there, and zero."""
    return np.zeros_like(x)


_nothing.gradient(x=lambda g, x: _nothing(x, g), y=lambda g, y: _nothing(y, g))


# --- places outside of the image ------------------------------------------------------------------


def _stay(x: np.ndarray, size: int, align: bool) -> tuple[np.ndarray, Any]:
    return x, 1


def _clip(x: np.ndarray, size: int, align: bool) -> tuple[np.ndarray, Any]:
    """The nearest place inside, and how it moves with `x`."""
    return np.clip(x, 0, size - 1), ((x > 0) & (x < size - 1)).astype(x.dtype)


def _reflect(x: np.ndarray, size: int, align: bool) -> tuple[np.ndarray, Any]:
    """Mirrored at the middles (`align`) or the outer edges of the border pixels, and clipped."""
    low, span = (0.0, size - 1) if align else (-0.5, size)
    if span == 0:
        return np.zeros_like(x), np.zeros_like(x)
    away = np.abs(x - low)
    turns = np.floor(away / span) % 2  # 1: on the way back
    rest = np.fmod(away, span)
    clipped, slope = _clip(np.where(turns, span - rest, rest) + x.dtype.type(low), size, align)
    return clipped, slope * np.where(x < low, -1, 1) * (1 - 2 * turns)


_OUTSIDE: dict[str, Callable[..., Any]] = {"zeros": _stay, "border": _clip, "reflection": _reflect}


# --- what a value is made of ----------------------------------------------------------------------

# Along one dimension: pixel numbers, and the weights of these pixels (None: 1).
Taps = list[tuple[np.ndarray, Any]]


def _nearest(where: Any, size: int, align: bool, outside: Any) -> Taps:
    return [(np.rint(outside(where._data, size, align)[0]), None)]


def _linear(where: Any, size: int, align: bool, outside: Any) -> Taps:
    where = _moved(where, *outside(where._data, size, align))
    left = np.floor(where._data)
    share = sub(where, wrap(left))
    return [(left, sub(1, share)), (left + 1, share)]


def _cubic(where: Any, size: int, align: bool, outside: Any) -> Taps:
    left = np.floor(where._data)
    weights = cubic_weights(sub(where, wrap(left)))
    return [(outside(left + i, size, align)[0], w) for i, w in zip(range(-1, 3), weights)]


_MODES: dict[str, Callable[..., Taps]] = {
    "bilinear": _linear, "nearest": _nearest, "bicubic": _cubic,
}  # fmt: skip


def _within(place: np.ndarray, weight: Any, size: int) -> tuple[np.ndarray, Any]:
    """The number of the pixel to read, and its weight: 0 if the place is outside."""
    inside = wrap(((place >= 0) & (place < size)).astype(place.dtype))
    number = np.fmin(np.fmax(place, 0), size - 1).astype(np.int64)  # that of NaN is 0
    return number, inside if weight is None else mul(weight, inside)


@rounded_once
def _weighted_rows_reference(table: Any, weights: Any, rows: np.ndarray) -> Any:
    picked = _look_up(table, rows, None)
    return sum(mul(picked, reshape(weights, (*rows.shape, 1))), 0)


@fused(reference=_weighted_rows_reference)
def _weighted_rows(table, weights, /, rows):
    """``sum(weights[i] * table[rows[i]])``: (R, C) and (taps, ...) -> (..., C)."""
    t, w = widened(table), widened(weights)[..., np.newaxis]
    out = t.take(rows[0], 0)
    out *= w[0]
    for i in range(1, len(rows)):
        part = t.take(rows[i], 0)
        part *= w[i]
        out += part
    return out.astype(table.dtype, copy=False), (t, w, rows)


@_weighted_rows.backward
def _(g, wanted, table, weights, rows):
    g = widened(g)
    for_weights = None
    if wanted[1]:
        products = table.take(rows, 0)
        products *= g
        for_weights = add_columns(products.reshape(rows.size, g.shape[-1])).reshape(rows.shape)
    return _sum_rows(g * weights, rows, len(table)) if wanted[0] else None, for_weights


# --- functions ------------------------------------------------------------------------------------


@takes_tensors
def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """`input` read at the places of `grid`: (N, C, H, W) and (N, H', W', 2) -> (N, C, H', W').

    Or (N, C, D, H, W) and (N, D', H', W', 3).  `mode` is "bilinear", "nearest" or "bicubic".
    Outside of the image are "zeros", the "border" pixels, or its "reflection".  -1 and 1 are the
    middles of the border pixels with `align_corners`, otherwise their outer edges.

    >>> import minitorch
    >>> x = minitorch.arange(4.0).reshape(1, 1, 2, 2)
    >>> middle = minitorch.zeros(1, 1, 1, 2)
    >>> minitorch.nn.functional.grid_sample(x, middle, align_corners=True)
    tensor([[[[1.5000]]]])
    """
    _check(input, grid, mode, padding_mode)
    align = _aligned(align_corners, "grid_sample")
    (n, c, *sizes), out = input._data.shape, grid._data.shape[1:-1]
    taps = []
    for i, size in enumerate(sizes[::-1]):
        x = add(reshape(select(grid, -1, i), (n, math.prod(out))), 1)
        where = mul(x, (size - 1) / 2) if align else sub(mul(x, size / 2), 0.5)
        found = _MODES[mode](where, size, align, _OUTSIDE[padding_mode])
        taps.append([_within(place, weight, size) for place, weight in found])
    rows, weights = [], []
    for pixel in itertools.product(*taps[::-1]):
        row: Any = np.arange(n)[:, np.newaxis]
        for size, (number, _) in zip(sizes, pixel):
            row = row * size + number
        rows.append(row)
        weights.append(functools.reduce(mul, [weight for _, weight in pixel]))
    table = reshape(movedim(input, 1, -1), (math.prod((n, *sizes)), c))
    total = _weighted_rows(table, stack(weights), np.stack(rows))
    if mode == "nearest" and grid._node is not None:  # whose gradient is zero, rather than none
        total = add(total, reshape(_nothing(where, where._data), (n, -1, 1)))
    return contiguous(movedim(reshape(total, (n, *out, c)), -1, 1))


def _aligned(align_corners: bool | None, name: str) -> bool:
    if align_corners is None:
        warnings.warn(
            f"{name}(): align_corners is False by default; give it to be sure", stacklevel=4
        )
    return bool(align_corners)


def _check(input: Any, grid: Any, mode: str, padding_mode: str) -> None:
    if mode not in _MODES:
        raise ValueError(f"grid_sample(): mode must be one of {list(_MODES)}, got {mode!r}")
    if padding_mode not in _OUTSIDE:
        raise ValueError(
            f"grid_sample(): padding_mode must be one of {list(_OUTSIDE)}, got {padding_mode!r}"
        )
    x, g = input._data, grid._data
    shapes = f"input has shape {list(x.shape)}, grid {list(g.shape)}"
    if x.dtype != g.dtype or x.dtype.kind not in "fV":
        raise RuntimeError(
            f"grid_sample(): input and grid must be of one floating dtype, got {input.dtype} and "
            f"{grid.dtype}"
        )
    if x.ndim not in (4, 5) or g.ndim != x.ndim or g.shape[-1] != x.ndim - 2:
        raise RuntimeError(
            "grid_sample(): expected (N, C, H, W) with (N, H', W', 2), or (N, C, D, H, W) with "
            f"(N, D', H', W', 3): {shapes}"
        )
    if x.shape[0] != g.shape[0] or 0 in x.shape[2:]:
        raise RuntimeError(f"grid_sample(): the batches must agree and pixels exist: {shapes}")
    if mode == "bicubic" and x.ndim == 5:
        raise RuntimeError("grid_sample(): the mode bicubic is for 4-D input")


@takes_tensors
def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places to read for an affine map: (N, 2, 3) -> (N, H, W, 2), `size` being (N, C, H, W).

    In three dimensions (N, 3, 4) -> (N, D, H, W, 3).  For `grid_sample`, with the same
    `align_corners`.

    >>> import minitorch
    >>> stay = minitorch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]])
    >>> minitorch.nn.functional.affine_grid(stay, (1, 1, 1, 2), align_corners=True)
    tensor([[[[-1.,  0.],
              [ 1.,  0.]]]])
    """
    check_tensor("affine_grid", theta)
    data = theta._data
    if data.dtype.kind not in "fV":
        raise ValueError(f"Expected theta to have floating point type, but got {theta.dtype}")
    dims = len(size) - 2
    if dims not in (2, 3):
        raise NotImplementedError(f"affine_grid(): size must name 4 or 5 dimensions, got {size}")
    if data.ndim != 3 or data.shape[1:] != (dims, dims + 1) or data.shape[0] != size[0]:
        raise ValueError(
            f"affine_grid(): expected theta of shape ({size[0]}, {dims}, {dims + 1}) for size "
            f"{tuple(size)}, got {list(data.shape)}"
        )
    if min(size) <= 0:
        raise ValueError(f"Expected non-zero, positive output size. Got {tuple(size)}")
    align = _aligned(align_corners, "affine_grid")
    lines = []
    for n in size[2:]:
        line = np.linspace(-1, 1, n) if n > 1 else np.zeros(1)
        lines.append(line if align else line * (n - 1) / n)
    places = np.meshgrid(*lines, indexing="ij")[::-1]
    base = np.stack([*places, np.ones(size[2:])], -1).reshape(1, -1, dims + 1)
    return reshape(bmm_t(wrap(base.astype(data.dtype)), theta), (*size[:1], *size[2:], dims))
