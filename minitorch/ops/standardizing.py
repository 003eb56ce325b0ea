"""Standardizing: subtract the mean, divide by the standard deviation, scale and shift.

What layer norm does to each row and batch norm to each channel; RMS norm leaves the mean alone.
For each, the textbook reference beside fused kernels, which work through blocks that stay in the
cache.  With ``y = x - mean`` and ``s = 1 / sqrt(var + eps)``, the gradient is

    dx = s * w * g  -  s * mean(w * g)  -  s^3 * y * mean(w * g * y)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch.numerics.adding import add_up
from minitorch.ops.fused import fused
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.powers import rsqrt
from minitorch.ops.reductions import mean_over
from minitorch.ops.shapes import reshape

BLOCK = 1 << 16  # elements


def _blocks(count: int, size: int) -> Iterator[slice]:
    """`count` things of `size` elements each, as many at a time as the cache takes."""
    step = max(1, BLOCK // max(size, 1))
    return (slice(start, min(start + step, count)) for start in range(0, count, step))


def _wide(x: Any) -> Any:
    """Half precision in single: too few digits to add up in."""
    return x.astype(np.float32) if x.dtype.itemsize == 2 else x


def _flat(x: Any, dtype: Any) -> Any:
    return None if x is None else x.reshape(-1).astype(dtype, copy=False)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = mul(x, weight)
    return x if bias is None else add(x, bias)


# --- rows: layer norm ---------------------------------------------------------------------------


def _standardized_rows_reference(input: Any, weight: Any, bias: Any, dims: Any, eps: float) -> Any:
    y = sub(input, mean_over(input, dims, True))
    var = mean_over(mul(y, y), dims, True)
    return _affine(mul(y, rsqrt(add(var, eps))), weight, bias)


def _as_rows(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    shape = x.shape[: dims[0]], x.shape[dims[0] :]
    return _wide(x.reshape(math.prod(shape[0]), math.prod(shape[1])))


@fused(reference=_standardized_rows_reference)
def standardized_rows(input, weight, bias, /, dims, eps):
    """Over the last dimensions `dims`, which are those of `weight` and `bias`."""
    x = _as_rows(input, dims)
    w, b = _flat(weight, x.dtype), _flat(bias, x.dtype)
    out = np.empty(x.shape, x.dtype)
    mean, scale = np.empty((2, len(x), 1), x.dtype)
    n = x.shape[1]
    for i in _blocks(*x.shape):
        mean[i] = add_up(x[i], (1,), True) / n
        y = np.subtract(x[i], mean[i], out=out[i])
        scale[i] = 1 / np.sqrt(add_up(y, (1,), True, y) / n + eps)
        y *= scale[i]
        if w is not None:
            y *= w
        if b is not None:
            y += b
    out = out.astype(input.dtype, copy=False).reshape(input.shape)
    return out, (x, mean, scale, w, input.shape, dims)


@standardized_rows.backward
def _(g, wanted, x, mean, scale, w, shape, dims):
    for_x, for_w, for_b = wanted
    g, n = _as_rows(g, dims), x.shape[1]
    grad: Any = np.empty(x.shape, x.dtype) if for_x else None
    grad_w, grad_b = np.zeros((2, n), x.dtype)
    for i in _blocks(*x.shape):
        gi, s = g[i], scale[i]
        if for_b:
            grad_b += np.ones(len(s), x.dtype).dot(gi)
        if not (for_x or for_w):
            continue
        y = x[i] - mean[i]
        gy = gi * y
        if for_w:
            grad_w += s[:, 0].dot(gy)
        if for_x:
            part = np.multiply(gi, s, out=grad[i])
            if w is None:
                first, second = add_up(gi, (1,), True), add_up(gy, (1,), True)
            else:
                part *= w
                first, second = gi.dot(w)[:, None], gy.dot(w)[:, None]
            y *= s * s * s * second / n
            y += s * first / n
            part -= y
    inner = shape[dims[0] :]
    return (
        grad.reshape(shape) if for_x else None,
        grad_w.reshape(inner) if for_w else None,
        grad_b.reshape(inner) if for_b else None,
    )


# --- rows without their mean: RMS norm ------------------------------------------------------------


def _scaled_rows_reference(input: Any, weight: Any, dims: Any, eps: float) -> Any:
    y = mul(input, rsqrt(add(mean_over(mul(input, input), dims, True), eps)))
    return _affine(y, weight, None)


@fused(reference=_scaled_rows_reference)
def scaled_rows(input, weight, /, dims, eps):
    """Over the last dimensions `dims`, which are those of `weight`."""
    x = _as_rows(input, dims)
    w = _flat(weight, x.dtype)
    out = np.empty(x.shape, x.dtype)
    scale = np.empty((len(x), 1), x.dtype)
    for i in _blocks(*x.shape):
        scale[i] = 1 / np.sqrt(add_up(x[i], (1,), True, x[i]) / x.shape[1] + eps)
        y = np.multiply(x[i], scale[i], out=out[i])
        if w is not None:
            y *= w
    out = out.astype(input.dtype, copy=False).reshape(input.shape)
    return out, (x, scale, w, input.shape, dims)


@scaled_rows.backward
def _(g, wanted, x, scale, w, shape, dims):
    for_x, for_w = wanted
    g, n = _as_rows(g, dims), x.shape[1]
    grad: Any = np.empty(x.shape, x.dtype) if for_x else None
    grad_w = np.zeros(n, x.dtype)
    for i in _blocks(*x.shape):
        gi, s = g[i], scale[i]
        gx = gi * x[i]
        if for_w:
            grad_w += s[:, 0].dot(gx)
        if for_x:
            part = np.multiply(gi, s, out=grad[i])
            if w is not None:
                part *= w
            second = add_up(gx, (1,), True) if w is None else gx.dot(w)[:, None]
            part -= np.multiply(x[i], s * s * s * second / n, out=gx)
    return (
        grad.reshape(shape) if for_x else None,
        grad_w.reshape(shape[dims[0] :]) if for_w else None,
    )


# --- channels: batch norm -------------------------------------------------------------------------


def per_channel(x: Any, ndim: int) -> Any:
    """A Tensor (C,) shaped to meet (N, C, ...) of `ndim` dimensions; None stays None."""
    return x if x is None or ndim == 2 else reshape(x, (-1,) + (1,) * (ndim - 2))


def _standardized_channels_reference(
    input: Any, weight: Any, bias: Any, eps: float, tell: Any
) -> Any:
    ndim = input._data.ndim
    dims = (0, *range(2, ndim))
    y = sub(input, mean_over(input, dims, True))
    var = mean_over(mul(y, y), dims, True)
    weight, bias = per_channel(weight, ndim), per_channel(bias, ndim)
    return _affine(mul(y, rsqrt(add(var, eps))), weight, bias)


class _Channels:
    """Blocks of whole channels of (N, C, ...) as matrices (N, channels * length)."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.n, self.c, self.length = shape[0], shape[1], math.prod(shape[2:])
        self.count = self.n * self.length

    def matrix(self, x: np.ndarray) -> np.ndarray:
        return _wide(x.reshape(self.n, self.c * self.length))

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Which channels, and which columns of the matrix."""
        for i in _blocks(self.c, self.count):
            yield i, slice(i.start * self.length, i.stop * self.length)

    def total(self, columns: np.ndarray) -> np.ndarray:
        """The sum of each channel, from the sums of columns."""
        return np.add.reduce(columns.reshape(-1, self.length), 1)

    def add_up(self, x: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
        """The sum of each channel of a block, or of a product of two."""
        if times is None:
            return self.total(np.ones(self.n, x.dtype).dot(x))
        if self.length < 32:
            return self.total(np.ones(self.n, x.dtype).dot(x * times))
        lines = self.n, -1, self.length
        return np.add.reduce(np.vecdot(x.reshape(lines), times.reshape(lines)), 0)

    def spread(self, x: np.ndarray) -> np.ndarray:
        """A number per channel as a row of the matrix."""
        return x if self.length == 1 else np.repeat(x, self.length)


@fused(reference=_standardized_channels_reference)
def standardized_channels(input, weight, bias, /, eps, tell):
    """(N, C, ...) by the mean and variance of each channel, which ``tell(mean, var)`` is told."""
    channels = _Channels(input.shape)
    spread, count = channels.spread, channels.count
    x = channels.matrix(input)
    out = np.empty(x.shape, x.dtype)
    mean, var = np.empty((2, channels.c), x.dtype)
    w, b = _flat(weight, x.dtype), _flat(bias, x.dtype)
    for i, columns in channels.blocks():
        block = x[:, columns]
        mean[i] = channels.add_up(block) / count
        y = block - spread(mean[i])
        var[i] = channels.add_up(y, y) / count
        s = 1 / np.sqrt(var[i] + eps)
        y *= spread(s if w is None else s * w[i])
        if b is not None:
            y += spread(b[i])
        out[:, columns] = y
    if tell is not None:
        tell(mean, var)
    out = out.astype(input.dtype, copy=False).reshape(input.shape)
    return out, (x, mean, 1 / np.sqrt(var + eps), w, channels, input.shape)


@standardized_channels.backward
def _(g, wanted, x, mean, scale, w, channels, shape):
    for_x, for_w, for_b = wanted
    spread, count = channels.spread, channels.count
    g = channels.matrix(g)
    grad: Any = np.empty(x.shape, x.dtype) if for_x else None
    grad_w, grad_b = np.empty((2, channels.c), x.dtype)
    for i, columns in channels.blocks():
        gi, s = g[:, columns], scale[i]
        grad_b[i] = channels.add_up(gi)
        y = x[:, columns] - spread(mean[i])
        grad_w[i] = channels.add_up(gi, y) * s
        if for_x:
            sw = s if w is None else s * w[i]
            part = gi * spread(sw)
            y *= spread(sw * s * grad_w[i] / count)
            part -= y
            part -= spread(sw * grad_b[i] / count)
            grad[:, columns] = part
    return (
        grad.reshape(shape) if for_x else None,
        grad_w if for_w else None,
        grad_b if for_b else None,
    )
