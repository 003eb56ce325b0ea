"""Pooling: the maximum or the average of every window.

A window is a product of intervals, so its maximum is the maximum along one dimension of the maxima
along the others: k + k steps instead of k * k, each a running maximum of strided slices.  Sums
alike.  Large inputs are worked through in parts that fit into the cache.

Shapes: (N, C, *sizes) -> (N, C, *places); N may be missing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import put_along, take_along
from minitorch.ops.arithmetic import div, mul, neg
from minitorch.ops.out import with_out
from minitorch.ops.powers import pow
from minitorch.ops.primitive import primitive
from minitorch.ops.rectifiers import relu
from minitorch.ops.shapes import reshape
from minitorch.ops.signs import abs, sign
from minitorch.ops.windows import Sizes, Windows, each_dim, meeting

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d", "max_pool1d",
    "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices", "max_pool3d",
    "max_pool3d_with_indices",
]  # fmt: skip

_CACHE = 1 << 18  # bytes of input worked on at a time


# --- windows, one dimension at a time --------------------------------------------------------------


def _parts(x: np.ndarray) -> Iterator[slice]:
    """Slices of the first dimension, each small enough for the cache."""
    n = max(1, _CACHE * len(x) // max(1, x.nbytes))
    return (slice(start, start + n) for start in range(0, len(x), n))


def _planes(x: np.ndarray) -> np.ndarray:
    """(N, C, *sizes) -> (N * C, *sizes)"""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _along(axis: int, ndim: int, where: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (where,) + (slice(None),) * (ndim - axis - 1)


def _taps(windows: Windows, dim: int, ndim: int) -> list[tuple[Any, Any, bool]]:
    """For each kernel element along one dimension: places, inputs, whether these are all places."""
    kernel, s, p, d, size, places = [field[dim] for field in windows]
    found = []
    for k in range(kernel):
        at, inputs = meeting(k * d - p, s, size, places)
        if at.stop > at.start:
            full = at.stop - at.start == places
            axis = ndim - len(windows.kernel) + dim
            found.append((_along(axis, ndim, at), _along(axis, ndim, inputs), full))
    return found


def _reduce(ufunc: np.ufunc, x: np.ndarray, windows: Windows, start: Any) -> np.ndarray:
    """`ufunc` over every window of `x`; `start` is its neutral element."""
    for dim in range(len(windows.kernel)):
        taps = sorted(_taps(windows, dim, x.ndim), key=lambda tap: not tap[2])
        if len(taps) > 1 and taps[1][2]:
            out = ufunc(x[taps[0][1]], x[taps[1][1]])
            taps = taps[2:]
        else:
            axis = x.ndim - len(windows.kernel) + dim
            shape = (*x.shape[:axis], windows.places[dim], *x.shape[axis + 1 :])
            out = np.full(shape, start, x.dtype)
        for at, inputs, _ in taps:
            ufunc(out[at], x[inputs], out=out[at])
        x = out
    return x


def _tiles(windows: Windows) -> bool:
    """Whether every input is in exactly one window."""
    return windows.kernel == windows.stride and all(
        size == k * n and p == 0 and (d == 1 or k == 1)
        for k, _, p, d, size, n in zip(*windows)
    )


# --- maxima ----------------------------------------------------------------------------------------


def _least(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


@primitive
def _max_pool(x, /, windows):
    planes, least = _planes(x), _least(x.dtype)
    out = np.empty((len(planes), *windows.places), x.dtype)
    for part in _parts(planes):
        out[part] = _reduce(np.maximum, planes[part], windows, least)
    return out.reshape(*x.shape[:2], *windows.places)


@primitive
def _to_maxima(g, x, out, /, windows):
    """Zeros of the shape of `x`, with each `g` added where the maximum of its window came from."""
    if not np.all(np.isfinite(out)):  # comparing does not find NaN, nor tell -inf from padding
        return _scatter(g, argmax(x, _tables(windows)), windows.sizes)
    tiles = _tiles(windows)
    dx = np.empty(x.shape, g.dtype) if tiles else np.zeros(x.shape, g.dtype)
    planes, grads, maxima, spread = _planes(x), _planes(g), _planes(out), _planes(dx)
    taps = list(windows.taps())
    for part in _parts(planes):
        xs, gs, ms, ds = planes[part], grads[part], maxima[part], spread[part]
        free = np.ones(ms.shape, bool)  # windows whose maximum has not been met yet
        for _, places, inputs in taps:
            hit = xs[inputs] == ms[places]
            hit &= free[places]
            free[places] ^= hit
            if tiles:
                np.multiply(gs, hit, out=ds[inputs])
            else:
                ds[inputs] += gs[places] * hit
    return dx


@primitive
def _from_maxima(v, x, out, /, windows):
    """What `v` has where the maxima of `x` are: the adjoint of `_to_maxima`."""
    return _gather(v, argmax(x, _tables(windows)))


_max_pool.gradient(x=lambda g, x, out, windows: _to_maxima(g, x, out, windows))
_to_maxima.gradient(g=lambda g, x, out, windows: _from_maxima(g, x, out, windows))
_from_maxima.gradient(v=lambda g, x, out, windows: _to_maxima(g, x, out, windows))


def _gather(x: Any, indices: np.ndarray) -> Any:
    """``x[n, c].flatten()[indices[n, c]]``"""
    shape = x.shape
    flat = take_along(np.reshape(x, (*shape[:2], math.prod(shape[2:]))),
                      indices.reshape(*shape[:2], math.prod(indices.shape[2:])), 2)  # fmt: skip
    return np.reshape(flat, indices.shape)


def _scatter(g: np.ndarray, indices: np.ndarray, sizes: Sizes) -> np.ndarray:
    count = math.prod(g.shape[2:])
    flat = put_along(g.reshape(*g.shape[:2], count), indices.reshape(*g.shape[:2], count), 2,
                     (*g.shape[:2], math.prod(sizes)))  # fmt: skip
    return flat.reshape(*g.shape[:2], *sizes)


def _tables(windows: Windows) -> list[np.ndarray]:
    """For each dimension the inputs of each window: (places, kernel).

    In the place of padding stand the window's first and last input, which changes no maximum.
    """
    tables = []
    for k, s, p, d, size, places in zip(*windows):
        first = np.arange(places)[:, None] * s - p
        low = -(np.minimum(first, 0) // d)
        high = np.maximum((size - 1 - first) // d, low)
        tables.append(np.minimum(first + d * np.clip(np.arange(k), low, high), size - 1))
    return tables


def argmax(x: np.ndarray, tables: Sequence[np.ndarray]) -> np.ndarray:
    """Where the first maximum of each window is, as a number in the flattened ``x[n, c]``.

    `tables` say for each dimension which inputs are in a window: (..., places, kernel), where
    ... is nothing, or (N, C) if every plane has windows of its own.  NaN counts as the largest.
    """
    sizes, dims = x.shape[2:], len(tables)
    planes = x.reshape(*x.shape[:2], math.prod(sizes))
    places = tuple([t.shape[-2] for t in tables])
    best: Any = None
    for element in np.ndindex(*[t.shape[-1] for t in tables]):
        at: Any = 0
        for dim, (table, k, size) in enumerate(zip(tables, element, sizes)):
            line = table[..., k]
            at = at * size + line.reshape(*line.shape[:-1], -1, *(1,) * (dims - dim - 1))
        if at.ndim == dims:
            values = planes[:, :, at]
        else:
            values = np.take_along_axis(planes, at.reshape(*at.shape[:2], -1), 2)
            values = values.reshape(*x.shape[:2], *places)
        if best is None:
            best, where = values, np.array(np.broadcast_to(at, values.shape), np.int64)
        else:
            larger = values > best
            if x.dtype.kind in "fV":
                larger |= np.isnan(values)
            np.copyto(best, values, where=larger)
            np.copyto(where, at, where=larger)
    return where


# --- checks ----------------------------------------------------------------------------------------


def check_input(name: str, dims: int, input: Any, integers: bool = False) -> None:
    """A floating Tensor (or integers) with `dims` spatial dimensions, C before, and perhaps N."""
    if not isinstance(input, TensorState):
        raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
    x = input._data
    if x.ndim not in (dims + 1, dims + 2) or 0 in x.shape[-dims - 1 :]:
        raise RuntimeError(
            f"{name}() needs {dims + 1} (one sample) or {dims + 2} dimensions, none empty but the "
            f"batch; got shape {x.shape}"
        )
    if x.dtype.kind not in ("fViu" if integers else "fV"):
        raise NotImplementedError(f"{name}() is not for {from_numpy_dtype(x.dtype)}")


def batched(dims: int, input: Any, function: Callable[[Any], Any]) -> Any:
    """``function(input)``; a single sample is a batch of one meanwhile."""
    if input._data.ndim == dims + 2:
        return function(input)
    out = function(reshape(input, (1, *input._data.shape)))
    if isinstance(out, tuple):
        return tuple([reshape(o, o._data.shape[1:]) for o in out])
    return reshape(out, out._data.shape[1:])


def _windows(
    name: str, input: Any, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool, dilated_padding: bool = False,
) -> Windows:  # fmt: skip
    kernel = each_dim(name, "kernel_size", kernel_size, dims)
    if stride is None or (isinstance(stride, tuple | list) and not stride):
        stride = kernel
    stride = each_dim(name, "stride", stride, dims)
    padding = each_dim(name, "padding", padding, dims)
    dilation = each_dim(name, "dilation", dilation, dims)
    sizes = input._data.shape[-dims:]
    if min(kernel + stride + dilation) <= 0:
        raise RuntimeError(
            f"{name}(): kernel_size, stride and dilation must be positive, got {kernel}, {stride} "
            f"and {dilation}"
        )
    places = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation):
        extent = d * (k - 1) + 1
        if not 0 <= p <= (extent if dilated_padding else k) // 2:
            raise RuntimeError(
                f"{name}(): padding must be between 0 and half of the kernel, got padding "
                f"{padding} and kernel_size {kernel}"
            )
        room = n + 2 * p - extent
        count = (room + (s - 1 if ceil_mode else 0)) // s + 1
        if ceil_mode and (count - 1) * s >= n + p:  # the last one would see only padding
            count -= 1
        places.append(count)
    if min(places) < 1:
        raise RuntimeError(
            f"{name}(): a window of {kernel} (dilation {dilation}) does not fit into an input of "
            f"{sizes} with padding {padding}"
        )
    return Windows(kernel, stride, padding, dilation, sizes, tuple(places))


# --- max pooling -----------------------------------------------------------------------------------


def _max(name: str, dims: int) -> tuple[Any, Any]:
    """``max_pool{dims}d`` and its form that always returns indices, too."""

    def max_pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        check_input(name, dims, input, integers=dims > 1)
        windows = _windows(name, input, dims, kernel_size, stride, padding, dilation, ceil_mode, True)
        if return_indices:
            return batched(dims, input, lambda x: at_maxima(x, _tables(windows)))
        if input._data.ndim == dims + 2:
            return _max_pool(input, windows)
        return batched(dims, input, lambda x: _max_pool(x, windows))

    def with_indices(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = True,
    ) -> tuple[Tensor, Tensor]:  # fmt: skip
        return max_pool(input, kernel_size, stride, padding, dilation, ceil_mode, True)

    max_pool.__name__ = max_pool.__qualname__ = name
    with_indices.__name__ = with_indices.__qualname__ = f"{name}_with_indices"
    max_pool.__doc__ = f"""The maximum of every window of {dims} dimensions.

    `stride` is by default the kernel's size; padding counts as -inf.  With `ceil_mode`, a last
    window may begin inside and end outside.  With `return_indices` also where the maxima are, as
    numbers in the flattened plane (for `max_unpool{dims}d`).

    >>> import minitorch
    >>> x = minitorch.arange(4.0).reshape(1, 1, 4, *{(1,) * (dims - 1)})
    >>> minitorch.nn.functional.{name}(x, {(2,) + (1,) * (dims - 1)}).flatten()
    tensor([1., 3.])
    """
    with_indices.__doc__ = f"`{name}` with ``return_indices=True``."
    return max_pool, with_indices


def at_maxima(x: Any, tables: Sequence[np.ndarray]) -> tuple[Any, Any]:
    """The maxima of the windows of `tables` (see `argmax`), and where they are."""
    indices = argmax(x._data, tables)
    return _gather(x, indices), wrap(indices)


max_pool1d, max_pool1d_with_indices = _max("max_pool1d", 1)
max_pool2d, max_pool2d_with_indices = _max("max_pool2d", 2)
max_pool3d, max_pool3d_with_indices = _max("max_pool3d", 3)


# --- average pooling -------------------------------------------------------------------------------


@primitive
def _window_sums(x, /, windows):
    planes, half = _planes(x), x.dtype.itemsize == 2 and x.dtype.kind in "fV"
    out = np.empty((len(planes), *windows.places), x.dtype)
    for part in _parts(planes):
        some = planes[part].astype(np.float32) if half else planes[part]
        out[part] = _reduce(np.add, some, windows, 0)
    return out.reshape(*x.shape[:2], *windows.places)


@primitive
def _add_windows(g, /, windows):
    """Every `g` added to all inputs of its window: the adjoint of `_window_sums`."""
    planes, half = _planes(g), g.dtype.itemsize == 2 and g.dtype.kind in "fV"
    dx = np.empty((len(planes), *windows.sizes), g.dtype)
    dims = len(windows.kernel)
    for part in _parts(dx):
        some = planes[part].astype(np.float32) if half else planes[part]
        for dim in reversed(range(dims)):
            shape = list(some.shape)
            shape[1 + dim] = windows.sizes[dim]
            wide = np.zeros(shape, some.dtype)
            for at, inputs, _ in _taps(windows, dim, dims + 1):
                wide[inputs] += some[at]
            some = wide
        dx[part] = some
    return dx.reshape(*g.shape[:2], *windows.sizes)


_window_sums.gradient(x=lambda g, windows: _add_windows(g, windows))
_add_windows.gradient(g=lambda g, windows: _window_sums(g, windows))


def _counts(windows: Windows, include_pad: bool) -> Any:
    """How many elements each window has: one number, or an array with the shape of the places."""
    total: Any = 1
    for k, s, p, _, size, places in zip(*windows):
        first = np.arange(places) * s - p
        last = np.minimum(first + k, size + p)
        if not include_pad:
            first, last = np.maximum(first, 0), np.minimum(last, size)
        total = np.expand_dims(total, -1) * (last - first)
    return int(total.flat[0]) if total.size and np.all(total == total.flat[0]) else total


def _average(
    name: str, dims: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    check_input(name, dims, input, integers=True)
    if input._data.dtype.kind in "iu" and input._data.dtype != np.int64:
        raise NotImplementedError(f"{name}() is not for {from_numpy_dtype(input._data.dtype)}")
    if divisor_override == 0:
        raise RuntimeError(f"{name}(): divisor_override must not be zero")
    windows = _windows(name, input, dims, kernel_size, stride, padding, 1, ceil_mode)
    counts = divisor_override or _counts(windows, count_include_pad)
    if not isinstance(counts, int):
        counts = wrap(counts.astype(input._data.dtype))
    rounding = "trunc" if input._data.dtype.kind == "i" else None
    return batched(
        dims, input, lambda x: div(_window_sums(x, windows), counts, rounding_mode=rounding)
    )


@with_out
def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The average of every window, (N, C, L) -> (N, C, L'): see `avg_pool2d`."""
    return _average("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad)  # fmt: skip


@with_out
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The average of every window, (N, C, H, W) -> (N, C, H', W').

    Padding is zeros, which count in the average if `count_include_pad`; `divisor_override` is
    what to divide by instead of the number of elements.

    >>> import minitorch
    >>> minitorch.nn.functional.avg_pool2d(minitorch.arange(4.0).reshape(1, 1, 2, 2), 2)
    tensor([[[[1.5000]]]])
    """
    return _average("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad, divisor_override)  # fmt: skip


@with_out
def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The average of every window, (N, C, D, H, W) -> (N, C, D', H', W'): see `avg_pool2d`."""
    return _average("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad, divisor_override)  # fmt: skip


def _power_average(
    dims: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    name = f"lp_pool{dims}d"
    if norm_type in (math.inf, -math.inf):
        side = abs(input) if norm_type > 0 else neg(abs(input))
        top = (max_pool1d, max_pool2d, max_pool3d)[dims - 1](side, kernel_size, stride, 0, 1, ceil_mode)
        return top if norm_type > 0 else neg(top)
    powers = pow(input, norm_type)
    mean = _average(name, dims, powers, kernel_size, stride, 0, ceil_mode, True)
    total = mul(mul(sign(mean), relu(abs(mean))), math.prod(each_dim(name, "kernel_size",
                                                                     kernel_size, dims)))  # fmt: skip
    return pow(total, 1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """``(sum of x ** norm_type over the window) ** (1 / norm_type)``, (N, C, L) -> (N, C, L').

    >>> import minitorch
    >>> minitorch.nn.functional.lp_pool1d(minitorch.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _power_average(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool1d` over two dimensions, (N, C, H, W) -> (N, C, H', W')."""
    return _power_average(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool1d` over three dimensions, (N, C, D, H, W) -> (N, C, D', H', W')."""
    return _power_average(3, input, norm_type, kernel_size, stride, ceil_mode)
