"""Max pooling, and what all pooling over equal windows shares.

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
from minitorch.numerics.threads import spread
from minitorch.numerics.tiles import SHARED
from minitorch.ops.along import put_along
from minitorch.ops.orders import keeps_channels_last
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import reshape
from minitorch.ops.where import keep, masked_fill
from minitorch.ops.windows import Windows, each_dim, meeting

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "max_pool1d", "max_pool1d_with_indices", "max_pool2d", "max_pool2d_with_indices", "max_pool3d",
    "max_pool3d_with_indices",
]  # fmt: skip

_CACHE = 1 << 19  # bytes of input worked on at a time


# --- windows, one dimension at a time ------------------------------------------------------------


def parts(x: np.ndarray) -> Iterator[slice]:
    """Slices of the first dimension, each small enough for the cache."""
    n = max(1, _CACHE * len(x) // max(1, x.nbytes))
    return (slice(start, start + n) for start in range(0, len(x), n))


def planes_of(x: np.ndarray) -> np.ndarray:
    """(N, C, *sizes) -> (N * C, *sizes)"""
    return x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])


def _along(axis: int, ndim: int, where: slice) -> tuple[slice, ...]:
    return (slice(None),) * axis + (where,) + (slice(None),) * (ndim - axis - 1)


def taps_along(windows: Windows, dim: int, ndim: int) -> list[tuple[Any, Any, bool]]:
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


def reduce_windows(ufunc: np.ufunc, x: np.ndarray, windows: Windows, start: Any) -> np.ndarray:
    """`ufunc` over every window of `x`; `start` is its neutral element."""
    for dim in range(len(windows.kernel)):
        taps = sorted(taps_along(windows, dim, x.ndim), key=lambda tap: not tap[2])
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
        size == k * n and p == 0 and (d == 1 or k == 1) for k, _, p, d, size, n in zip(*windows)
    )


# --- maxima --------------------------------------------------------------------------------------


def _least(dtype: np.dtype[Any]) -> Any:
    return np.iinfo(dtype).min if dtype.kind in "iu" else -np.inf


def _maxima(x: np.ndarray, windows: Any) -> np.ndarray:
    """The maximum of each window."""
    planes, least = planes_of(x), _least(x.dtype)
    out = np.empty((len(planes), *windows.places), x.dtype)
    some = list(parts(planes))

    def work(start: int, stop: int) -> None:
        for part in some[start:stop]:
            out[part] = reduce_windows(np.maximum, planes[part], windows, least)

    spread(work, len(some), x.size > SHARED)
    return out.reshape(*x.shape[:2], *windows.places)


@primitive
def _max_pool(x, /, windows, maxima):
    return maxima.copy()  # the program may write to its result; the gradient needs the maxima


@primitive
def _to_maxima(g, x, out, /, windows):
    """Zeros of the shape of `x`, with each `g` added where the maximum of its window came from."""
    if not np.all(np.isfinite(out)):  # comparing does not find NaN, nor tell -inf from padding
        return _scatter(keep(g, ~_void(windows)), x, argmax(x, _tables(windows)))
    tiles = _tiles(windows)
    dx = np.empty(x.shape, g.dtype) if tiles else np.zeros(x.shape, g.dtype)
    planes, grads, maxima, target = planes_of(x), planes_of(g), planes_of(out), planes_of(dx)
    some, taps = list(parts(planes)), list(windows.taps())

    def work(start: int, stop: int) -> None:
        for part in some[start:stop]:
            xs, gs, ms, ds = planes[part], grads[part], maxima[part], target[part]
            free = np.ones(ms.shape, bool)  # windows whose maximum has not been met yet
            for _, places, inputs in taps[:-1] if tiles else taps:
                hit = xs[inputs] == ms[places]
                hit &= free[places]
                free[places] ^= hit
                if tiles:
                    np.multiply(gs, hit, out=ds[inputs])
                else:
                    ds[inputs] += gs[places] * hit
            if tiles:  # what is left over is in the last place
                np.multiply(gs, free, out=ds[taps[-1][2]])

    spread(work, len(some), x.size > SHARED)
    return dx


@primitive
def _from_maxima(v, x, out, /, windows):
    """What `v` has where the maxima of `x` are: the adjoint of `_to_maxima`."""
    return keep(_gather(v, argmax(x, _tables(windows))), ~_void(windows))


_max_pool.gradient(x=lambda g, x, windows, maxima: _to_maxima(g, x, maxima, windows))
_to_maxima.gradient(
    g=lambda g, x, out, windows: _from_maxima(g, x, out, windows),
    x=lambda g, x: np.zeros_like(x),
)
_from_maxima.gradient(v=lambda g, x, out, windows: _to_maxima(g, x, out, windows))


@primitive
def _gather(x, /, indices):
    """``x[n, c].flatten()[indices[n, c]]``"""
    places = indices.reshape(*x.shape[:2], math.prod(indices.shape[2:]))
    return np.take_along_axis(_flat(x), places, 2).reshape(indices.shape)


@primitive
def _scatter(g, x, /, indices):
    """Zeros of the shape of `x`, with `g` added at `indices`: the adjoint of `_gather`."""
    return put_along(_flat(g), _flat(indices), 2, _flat(x).shape).reshape(x.shape)


_gather.gradient(x=lambda g, x, indices: _scatter(g, x, indices))
_scatter.gradient(g=lambda g, indices: _gather(g, indices), x=lambda g, x: np.zeros_like(x))


def _flat(x: np.ndarray) -> np.ndarray:
    return x.reshape(*x.shape[:2], math.prod(x.shape[2:]))


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


def _void(windows: Windows) -> np.ndarray:
    """Which windows hold padding alone: gaps wider than the input allow that."""
    void = np.zeros(windows.places, bool)
    for dim, (k, s, p, d, size, places) in enumerate(zip(*windows)):
        inputs = np.arange(places)[:, None] * s - p + d * np.arange(k)
        missed = ~((inputs >= 0) & (inputs < size)).any(1)
        void |= missed.reshape(-1, *(1,) * (len(windows.places) - dim - 1))
    return void


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
            ones = (1,) * dim, (1,) * (dims - dim - 1)
            at = at * size + line.reshape(*line.shape[:-1], *ones[0], line.shape[-1], *ones[1])
        if at.ndim == dims:
            values = planes[:, :, at]
        else:
            values = np.take_along_axis(planes, _flat(at), 2)
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


# --- checks --------------------------------------------------------------------------------------


def check_input(
    name: str, dims: int, input: Any, integers: bool = False, filled: int | None = None
) -> None:
    """A floating Tensor (or integers) with `dims` spatial dimensions, C before, and perhaps N.

    The last `filled` dimensions, by default all but N, must not be empty.
    """
    if not isinstance(input, TensorState):
        raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
    x = input._data
    filled = dims + 1 if filled is None else filled
    if x.ndim not in (dims + 1, dims + 2) or 0 in x.shape[-filled:]:
        raise RuntimeError(
            f"{name}() needs {dims + 1} (one sample) or {dims + 2} dimensions, the last {filled} "
            f"not empty; got shape {x.shape}"
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


def pool_windows(
    name: str, input: Any, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any,
    ceil_mode: bool,
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
        if not 0 <= p <= k // 2:
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


# --- max pooling ---------------------------------------------------------------------------------


def _max(name: str, dims: int) -> tuple[Any, Any]:
    """``max_pool{dims}d`` and its form that always returns indices, too."""

    def max_pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        check_input(name, dims, input, integers=dims > 1)
        windows = pool_windows(name, input, dims, kernel_size, stride, padding, dilation, ceil_mode)
        if return_indices:
            maxima, indices = batched(dims, input, lambda x: at_maxima(x, _tables(windows)))
            if any(d > size for d, size in zip(windows.dilation, windows.sizes)):
                void = np.broadcast_to(_void(windows), maxima._data.shape)
                maxima = masked_fill(maxima, wrap(void), _least(maxima._data.dtype))
            return maxima, indices
        if input._data.ndim == dims + 2:
            return _max_pool(input, windows, _maxima(input._data, windows))
        return batched(dims, input, lambda x: _max_pool(x, windows, _maxima(x._data, windows)))

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
max_pool2d, max_pool2d_with_indices = map(keeps_channels_last, _max("max_pool2d", 2))
max_pool3d, max_pool3d_with_indices = _max("max_pool3d", 3)
