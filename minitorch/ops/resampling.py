"""Images (or lines, or volumes) on another grid: every new element a weighted mean of old ones.

`interpolate` works along one dimension after the other: for each, its *taps* say from which
elements a new one is made, and by which weights.  As the taps of neighbours come in order, the
gradient is a sum over runs.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.numerics.adding import widened
from minitorch.ops.copying import clone
from minitorch.ops.orders import keeps_channels_last
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.uneven_pooling import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
)

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["interpolate", "upsample", "upsample_bilinear", "upsample_nearest"]

# For one dimension: its number; the elements that each new one is made of, shape (taps, new
# size), in order along each row; and their weights, or None where there is one tap of weight 1.
Taps = tuple[int, np.ndarray, np.ndarray | None]


@primitive
def _resample(x, /, taps):
    if x.dtype != np.uint8 and _few(taps, x.shape):
        out = widened(x)
        for dim, places, weights in taps:
            out = _product(_matrix(places, weights, x.shape[dim]), out, dim)
        if np.isfinite(out).all():
            return out.astype(x.dtype, copy=False)
    return _by_taps(x, taps)


@primitive
def _resample_back(g, /, taps, shape):
    """The adjoint of `_resample`."""
    if _few(taps, shape):
        out = widened(g)
        for dim, places, weights in reversed(taps):
            out = _product(_matrix(places, weights, shape[dim]).T, out, dim)
        if np.isfinite(out).all():
            return out.astype(g.dtype, copy=False)
    return _by_taps_back(g, taps, shape)


_resample.gradient(x=lambda g, taps, x_shape: _resample_back(g, taps, x_shape))
_resample_back.gradient(g=lambda g, taps: _resample(g, taps))


# --- as products with matrices --------------------------------------------------------------------

# An element of a matrix takes a product with it 0.02 ns, and a tap takes 2 ns.
_SHORT = 64  # elements along a dimension, for each tap


def _few(taps: Sequence[Taps], shape: tuple[int, ...]) -> bool:
    """Whether products with matrices are quicker; only finite ones tell, for 0 times inf is NaN.

    Twice the size of (16, 32, 16, 16), bilinear, takes 0.5 ms there and back, by taps 6 ms.
    """
    return all(
        weights is not None and shape[dim] <= _SHORT * len(places) for dim, places, weights in taps
    )


def _matrix(places: np.ndarray, weights: Any, size: int) -> np.ndarray:
    """What makes the new elements of `size` old ones."""
    matrix = np.zeros((places.shape[1], size), weights.dtype)
    rows = np.arange(len(matrix))
    for place, weight in zip(places, weights):
        matrix[rows, place] += weight
    return matrix


def _product(matrix: np.ndarray, x: np.ndarray, dim: int) -> np.ndarray:
    """The product along `dim`."""
    before, size, after = x.shape[:dim], x.shape[dim], x.shape[dim + 1 :]
    if math.prod(after) == 1:
        out = x.reshape(math.prod(before), size) @ matrix.T
    else:
        out = matrix @ x.reshape(math.prod(before), size, math.prod(after))
    return out.reshape(*before, len(matrix), *after)


# --- by taps ------------------------------------------------------------------------------------


def _by_taps(x: np.ndarray, taps: Sequence[Taps]) -> np.ndarray:
    dtype = x.dtype
    for dim, places, weights in taps:
        if weights is None:
            x = x.take(places[0], dim)
            continue
        column = (-1,) + (1,) * (x.ndim - dim - 1)
        new = x.take(places[0], dim) * weights[0].reshape(column)
        for place, weight in zip(places[1:], weights[1:]):
            new += x.take(place, dim) * weight.reshape(column)
        x = new if dtype != np.uint8 else np.clip(np.floor(new + 0.5), 0, 255)
    return x.astype(dtype, copy=False)


def _sum_runs(x: np.ndarray, starts: np.ndarray, lengths: np.ndarray, dim: int) -> np.ndarray:
    """The sum of each run along `dim`; np.add.reduceat is slow where runs are short."""
    longest = lengths.max()
    if longest > 8:
        return np.add.reduceat(x, starts, axis=dim)
    sums = x.take(starts, dim)
    for i in range(1, longest):
        more = lengths > i
        next_ = x.take(starts[more] + i, dim)
        if more.all():
            sums += next_
        else:
            np.moveaxis(sums, dim, 0)[more] += np.moveaxis(next_, dim, 0)
    return sums


def _by_taps_back(g: np.ndarray, taps: Sequence[Taps], shape: tuple[int, ...]) -> np.ndarray:
    dtype = g.dtype
    if dtype.itemsize == 2:
        g = g.astype(np.float32)
    for dim, places, weights in reversed(taps):
        out = np.zeros((*g.shape[:dim], shape[dim], *g.shape[dim + 1 :]), g.dtype)
        target = np.moveaxis(out, dim, 0)
        for i, place in enumerate(places):
            part = g
            if weights is not None:
                part = g * weights[i].reshape((-1,) + (1,) * (g.ndim - dim - 1))
            runs = np.flatnonzero(np.diff(place, prepend=-1))
            sums = _sum_runs(part, runs, np.diff(runs, append=len(place)), dim)
            target[place[runs]] += np.moveaxis(sums, dim, 0)
        g = out
    return g.astype(dtype, copy=False)


# --- taps: from where, and how much ---------------------------------------------------------------


def _source(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> np.ndarray:
    """Where the new elements' middles lie among the old ones; with `align`, the ends meet."""
    steps = np.arange(new, dtype=dtype)
    if align:
        return steps * dtype.type((old - 1) / (new - 1) if new > 1 else 0)
    return (steps + dtype.type(0.5)) * dtype.type(_step(old, new, scale)) - dtype.type(0.5)


def _step(old: int, new: int, scale: float | None) -> float:
    return 1 / scale if scale else old / new


def _nearest(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> Any:
    place = np.floor(np.arange(new, dtype=dtype) * dtype.type(_step(old, new, scale)))
    return np.minimum(place.astype(np.int64), old - 1)[np.newaxis], None


def _nearest_pixel(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> Any:
    """As `_nearest`; but of images, and only of them, PyTorch keeps or doubles a size exactly.

    So a scale of 1.3 leaves 3 pixels as they are, though ``floor(2 / 1.3)`` is 1.
    """
    return _nearest(old, new, None if new in (old, 2 * old) else scale, align, dtype)


def _nearest_exact(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> Any:
    place = np.floor(_source(old, new, scale, False, dtype) + dtype.type(0.5))
    return np.clip(place.astype(np.int64), 0, old - 1)[np.newaxis], None


def _linear(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> Any:
    where = np.maximum(_source(old, new, scale, align, dtype), 0)
    left = np.minimum(where.astype(np.int64), old - 1)
    share = np.clip(where - left, 0, 1).astype(dtype)
    return np.stack([left, np.minimum(left + 1, old - 1)]), np.stack([1 - share, share])


def cubic_weights(t: Any) -> list[Any]:
    """The weights of four neighbours, `t` being the way from the second to the third (Keys, 1981).

    `t` may be an array or a Tensor.
    """
    a = -0.75

    def near(x: Any) -> Any:
        return ((a + 2) * x - (a + 3)) * x * x + 1

    def far(x: Any) -> Any:
        return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a

    return [far(t + 1), near(t), near(1 - t), far(2 - t)]


def _cubic(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> Any:
    where = _source(old, new, scale, align, dtype)
    left = np.minimum(np.floor(where).astype(np.int64), old - 1)
    weights = cubic_weights(np.clip(where - left, 0, 1).astype(dtype))
    places = np.clip(left + np.arange(-1, 3)[:, np.newaxis], 0, old - 1)
    return places, np.stack(weights)


def _averaging(kernel: Callable[[Any], Any], radius: int) -> Callable[..., Any]:
    """Taps of an antialiased mode: `kernel`, drawn out over all the pixels that become one."""

    def taps(old: int, new: int, scale: float | None, align: bool, dtype: Any) -> Any:
        step = _step(old, new, scale)
        if align:
            step = (old - 1) / (new - 1) if new > 1 else 0
        middle = dtype.type(step) * (np.arange(new, dtype=dtype) + dtype.type(0.5))
        stretch = dtype.type(max(step, 1))
        first = np.maximum((middle - radius * stretch + dtype.type(0.5)).astype(np.int64), 0)
        end = np.minimum((middle + radius * stretch + dtype.type(0.5)).astype(np.int64), old)
        places = first + np.arange(max((end - first).max(), 1))[:, np.newaxis]
        weights = kernel((places - middle + dtype.type(0.5)) / stretch) * (places < end)
        total = weights.sum(0)
        weights /= np.where(total == 0, 1, total)
        return np.minimum(places, old - 1), weights.astype(dtype)

    return taps


def _triangle(x: Any) -> Any:
    return np.maximum(1 - np.abs(x), 0)


def _cubic_kernel(x: Any) -> Any:
    """Keys's kernel with ``a = -0.5``, which Pillow and antialiasing take, instead of -0.75."""
    x, a = np.abs(x), -0.5
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    return np.where(x < 1, near, np.where(x < 2, (((x - 5) * x + 8) * x - 4) * a, 0))


def _lanczos_kernel(x: Any) -> Any:
    return np.where(np.abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0)


def _short(weights: np.ndarray) -> np.ndarray:
    """Rounded to what fits into 16 bits, as PyTorch does for bytes."""
    bits = 0
    while bits < 22 and int(0.5 + weights.max() * 2 ** (bits + 1)) < 2**15:
        bits += 1
    return np.copysign(np.floor(np.abs(weights) * 2**bits + 0.5), weights) / 2**bits


_TAPS: dict[str, Callable[..., Any]] = {
    "nearest": _nearest, "nearest-exact": _nearest_exact, "linear": _linear, "bilinear": _linear,
    "trilinear": _linear, "bicubic": _cubic,
}  # fmt: skip
_ANTIALIASED = {
    "bilinear": _averaging(_triangle, 1), "bicubic": _averaging(_cubic_kernel, 2),
    "lanczos": _averaging(_lanczos_kernel, 3),
}  # fmt: skip
_MEANS = {1: adaptive_avg_pool1d, 2: adaptive_avg_pool2d, 3: adaptive_avg_pool3d}
_BYTES = ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos")  # the modes for uint8
_DIMS = {"linear": 1, "bilinear": 2, "bicubic": 2, "trilinear": 3}


# --- functions ------------------------------------------------------------------------------------


@takes_tensors
@keeps_channels_last
def interpolate(
    input: Tensor,
    size: int | Sequence[int] | None = None,
    scale_factor: float | Sequence[float] | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """`input` resampled to `size`, or to `scale_factor` times its size: (N, C, ...) -> (N, C, ...).

    `mode` is "nearest" (PyTorch's and OpenCV's, which is off by half a pixel), "nearest-exact",
    "area" (means), or by the number of dimensions after the channels "linear", "bilinear",
    "bicubic", "trilinear".  With `align_corners` the centres of the corner pixels stay where they
    are, otherwise the corners.  `antialias` (bilinear, bicubic and "lanczos" of images) averages
    over all pixels that become one when an image is made smaller.

    >>> import minitorch
    >>> x = minitorch.tensor([[[0.0, 4.0]]])
    >>> minitorch.nn.functional.interpolate(x, scale_factor=2, mode="linear")
    tensor([[[0., 1., 3., 4.]]])
    """
    shape = input._data.shape
    dims = len(shape) - 2
    if mode in ("nearest", "area", "nearest-exact") and align_corners is not None:
        raise ValueError(f"align_corners is for the modes {', '.join(_DIMS)}, not for {mode!r}")
    new, scales = _new_size(shape, size, scale_factor, mode, recompute_scale_factor)
    if mode == "lanczos" and (align_corners or not antialias):
        raise ValueError("mode 'lanczos' needs antialias=True, and takes no align_corners=True")
    if antialias:
        if mode not in ("bilinear", "bicubic", "lanczos") or dims != 2:
            raise ValueError("antialias is for the modes bilinear, bicubic and lanczos in 4-D")
        table = _ANTIALIASED
    elif mode == "nearest" and dims == 2:
        table = {mode: _nearest_pixel}
    else:
        table = _TAPS
    if mode not in (*table, "area") or not 1 <= dims <= 3 or _DIMS.get(mode, dims) != dims:
        raise NotImplementedError(
            f"interpolate(): mode {mode!r} is not available for a {dims + 2}D input; the modes are "
            "nearest, nearest-exact and area for 3D to 5D, linear for 3D, bilinear and bicubic "
            "for 4D, trilinear for 5D"
        )
    _check_size(input, new, mode)
    if mode == "area":
        return _MEANS[dims](input, new)
    exact = (np.float64,) if mode in ("nearest", "nearest-exact") else (np.float64, np.uint8)
    wide = np.dtype(np.float64 if input._data.dtype in exact else np.float32)
    taps = []
    for dim in reversed(range(2, dims + 2)):
        old, n = shape[dim], new[dim - 2]
        align = bool(align_corners)
        places, weights = table[mode](old, n, scales[dim - 2], align, wide)
        if weights is not None and input._data.dtype == np.uint8:
            weights = _short(weights)
        if weights is not None or n != old or (np.diff(places) != 1).any():
            taps.append((dim, places, weights))
    return _resample(input, taps) if taps else clone(input)


def _check_size(input: Any, new: Sequence[int], mode: str) -> None:
    data = input._data
    if data.dtype.kind not in "fV" and not (data.dtype == np.uint8 and mode in _BYTES):
        raise NotImplementedError(
            f"interpolate(): mode {mode!r} is for floating tensors, not "
            f"{from_numpy_dtype(data.dtype)}"
        )
    if min(new) < 1 or 0 in data.shape[2 if mode == "area" else 1 :]:
        raise RuntimeError(
            f"interpolate(): sizes should be greater than 0; got the input shape "
            f"{list(data.shape)} and the output size {list(new)}"
        )


def _new_size(
    shape: Sequence[int], size: Any, scale_factor: Any, mode: str, recompute: bool | None
) -> tuple[list[int], list[float | None]]:
    """The new sizes, and the scales to be used instead of their ratios to the old ones."""
    dims = len(shape) - 2
    if (size is None) == (scale_factor is None):
        raise ValueError("interpolate(): give one of size and scale_factor")
    given = size if scale_factor is None else scale_factor
    each = list(given) if isinstance(given, Sequence) else [given] * dims
    if len(each) != dims:
        raise ValueError(
            f"interpolate(): {given} names {len(each)} dimensions, but an input of shape "
            f"{list(shape)} has {dims} after the channels"
        )
    if scale_factor is None:
        if recompute:
            raise ValueError("recompute_scale_factor is not meaningful with an explicit size")
        return [operator.index(n) for n in each], [None] * dims
    new = [math.floor(n * scale) for n, scale in zip(shape[2:], each)]
    keep = not recompute and mode != "area"
    return new, [float(s) for s in each] if keep else [None] * dims


def upsample(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """The old name of `interpolate`."""
    warnings.warn("upsample is deprecated; use interpolate", stacklevel=2)
    return interpolate(input, size, scale_factor, mode, align_corners)


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` in the mode "nearest"."""
    warnings.warn("upsample_nearest is deprecated; use interpolate", stacklevel=2)
    return interpolate(input, size, scale_factor, "nearest")


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """`interpolate` in the mode "bilinear" with `align_corners`."""
    warnings.warn("upsample_bilinear is deprecated; use interpolate", stacklevel=2)
    return interpolate(input, size, scale_factor, "bilinear", align_corners=True)
