"""Standardizing: subtract the mean, divide by the standard deviation, scale and shift.

What layer norm does to each row, batch norm to each channel and group norm to each sample's groups
of channels; RMS norm leaves the mean alone.
For each, the textbook reference beside fused kernels, which work through blocks that stay in the
cache.  With ``y = x - mean`` and ``s = 1 / sqrt(var + eps)``, the gradient is

    dx = s * (w * g  -  mean(w * g)  -  s^2 * y * mean(w * g * y))
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.numerics.adding import add_columns, add_rows, add_up, widened
from minitorch.numerics.aligned import scratch
from minitorch.numerics.buffers import buffers_for_rows, small_buffers
from minitorch.numerics.threads import spread, threads
from minitorch.numerics.tiles import BLOCK, SHARED, batches
from minitorch.ops.fused import fused
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.powers import rsqrt
from minitorch.ops.promotion import rounded_once
from minitorch.ops.reductions import mean_over
from minitorch.ops.shapes import reshape

LANES = 4  # partial sums of a gradient; always as many, so that threads change no result


def _row_blocks(x: np.ndarray) -> tuple[list[slice], bool]:
    """And whether they are shared out.  The same for one thread and for two: sums would differ.

    For two, larger ones than the cache takes: between calls they wait for each other.
    """
    shared = x.size > 2 * SHARED
    return batches(len(x), x.shape[1], (8 if shared else 1) * BLOCK), shared


def _flat(x: Any, dtype: Any) -> Any:
    return None if x is None else x.reshape(-1).astype(dtype, copy=False)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    if weight is not None:
        x = mul(x, weight)
    return x if bias is None else add(x, bias)


# --- rows: layer norm ---------------------------------------------------------------------------


@rounded_once
def _standardized_rows_reference(input: Any, weight: Any, bias: Any, dims: Any, eps: float) -> Any:
    y = sub(input, mean_over(input, dims, True))
    var = mean_over(mul(y, y), dims, True)
    return _affine(mul(y, rsqrt(add(var, eps))), weight, bias)


def _as_rows(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    shape = x.shape[: dims[0]], x.shape[dims[0] :]
    return widened(x.reshape(math.prod(shape[0]), math.prod(shape[1])))


@fused(reference=_standardized_rows_reference)
def standardized_rows(input, weight, bias, /, dims, eps):
    """Over the last dimensions `dims`, which are those of `weight` and `bias`."""
    x = _as_rows(input, dims)
    w, b = _flat(weight, x.dtype), _flat(bias, x.dtype)
    out = np.empty(x.shape, x.dtype)
    mean, scale = np.empty((2, len(x), 1), x.dtype)
    n, (blocks, shared) = x.shape[1], _row_blocks(x)

    def work(start: int, stop: int) -> None:
        for i in blocks[start:stop]:
            mean[i] = add_up(x[i], (1,), True) / n
            y = np.subtract(x[i], mean[i], out=out[i])
            scale[i] = 1 / np.sqrt(add_up(y, (1,), True, y) / n + eps)
            y *= scale[i]
            if w is not None:
                y *= w
            if b is not None:
                y += b

    with buffers_for_rows(n):
        spread(work, len(blocks), shared)
    out = out.astype(input.dtype, copy=False).reshape(input.shape)
    return out, (x, mean, scale, w, input.shape, dims)


@standardized_rows.backward
def _(g, wanted, x, mean, scale, w, shape, dims):
    for_x, for_w, for_b = wanted
    g, n, (blocks, shared) = _as_rows(g, dims), x.shape[1], _row_blocks(x)
    grad: Any = np.empty(shape, x.dtype) if for_x else None  # a view would be copied for a leaf
    lines: Any = grad.reshape(x.shape) if for_x else None
    grad_w, grad_b = np.zeros((2, LANES, n), x.dtype)

    def work(start: int, stop: int) -> None:
        for lane in range(start, stop):
            for i in blocks[lane::LANES]:
                gi, s = g[i], scale[i]
                if for_b:
                    grad_b[lane] += add_rows(gi)
                if not (for_x or for_w):
                    continue
                y = np.subtract(x[i], mean[i], out=scratch(gi.size, x.dtype).reshape(gi.shape))
                gy = np.multiply(gi, y, out=lines[i] if for_x else None)
                if for_w:
                    grad_w[lane] += s[:, 0].dot(gy)
                if not for_x:
                    continue
                if w is None:
                    first, second = add_up(gi, (1,), True), add_up(gy, (1,), True)
                    y *= s * s * second / n
                    y += first / n
                    part = np.subtract(gi, y, out=gy)
                else:
                    first, second = gi.dot(w)[:, None], gy.dot(w)[:, None]
                    y *= s * s * second / n
                    y += first / n
                    part = np.multiply(gi, w, out=gy)
                    part -= y
                part *= s

    with buffers_for_rows(n):
        spread(work, LANES if len(blocks) > 1 else 1, shared)
    inner = shape[dims[0] :]
    return (
        grad,
        np.add.reduce(grad_w, 0).reshape(inner) if for_w else None,
        np.add.reduce(grad_b, 0).reshape(inner) if for_b else None,
    )


# --- rows without their mean: RMS norm ------------------------------------------------------------


@rounded_once
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
    for i in batches(*x.shape):
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
    for i in batches(*x.shape):
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


@rounded_once
def _standardized_channels_reference(
    input: Any, weight: Any, bias: Any, eps: float, tell: Any
) -> Any:
    ndim = input._data.ndim
    dims = (0, *range(2, ndim))
    y = sub(input, mean_over(input, dims, True))
    var = mean_over(mul(y, y), dims, True)
    weight, bias = per_channel(weight, ndim), per_channel(bias, ndim)
    return _affine(mul(y, rsqrt(add(var, eps))), weight, bias)


_LITTLE = 1 << 14  # elements
_SHORT = 512  # elements; repeat a channel's number for so few, rather than loop over channels


class _Channels:
    """(N, C, ...) as (N, C, length), and numbers that go with the channels."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.lines = shape[0], shape[1], math.prod(shape[2:])
        self.count = shape[0] * self.lines[2]
        size = self.count * shape[1]
        # With few calls each: two threads that call NumPy every 20 us take longer than one.
        self.shared = threads() > 1 and size > SHARED
        self.blocks = batches(shape[1], self.count, (8 if self.shared else 2) * BLOCK)

    def add_up(self, x: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
        """The sum of each channel of some, or of a product of two."""
        n, c, length = x.shape
        if length >= 32:
            return np.add.reduce(np.vecdot(x, np.ones(length, x.dtype) if times is None else times))
        x = x.reshape(n, c * length) if times is None else (x * times).reshape(n, c * length)
        sums = add_rows(x)
        return sums if length == 1 else np.add.reduce(sums.reshape(c, length), 1)

    def over_blocks(self, work: Callable[[int, int], None]) -> None:
        """``work(start, stop)``; of a little, before a thread or a buffer has been set up."""
        if self.count * self.lines[1] <= _LITTLE:
            work(0, len(self.blocks))
            return
        with small_buffers():
            spread(work, len(self.blocks), self.shared)

    def along(self, numbers: np.ndarray) -> np.ndarray:
        """A number per channel, to meet (N, channels, length)."""
        column = numbers[:, np.newaxis]
        return np.repeat(column, self.lines[2], 1) if 1 < self.lines[2] < _SHORT else column


@fused(reference=_standardized_channels_reference)
def standardized_channels(input, weight, bias, /, eps, tell):
    """(N, C, ...) by the mean and variance of each channel, which ``tell(mean, var)`` is told."""
    channels = _Channels(input.shape)
    along, count, blocks = channels.along, channels.count, channels.blocks
    x = widened(input.reshape(channels.lines))
    out = np.empty(x.shape, x.dtype)
    mean, var, scale = np.empty((3, x.shape[1]), x.dtype)
    w, b = _flat(weight, x.dtype), _flat(bias, x.dtype)

    def work(start: int, stop: int) -> None:
        for i in blocks[start:stop]:
            mean[i] = channels.add_up(x[:, i]) / count
            y = np.subtract(x[:, i], along(mean[i]), out=out[:, i])
            var[i] = channels.add_up(y, y) / count
            scale[i] = 1 / np.sqrt(var[i] + eps)
            y *= along(scale[i] if w is None else scale[i] * w[i])
            if b is not None:
                y += along(b[i])

    channels.over_blocks(work)
    if tell is not None:
        tell(mean, var)
    out = out.astype(input.dtype, copy=False).reshape(input.shape)
    return out, (x, mean, scale, w, channels, input.shape)


@standardized_channels.backward
def _(g, wanted, x, mean, scale, w, channels, shape):
    for_x, for_w, for_b = wanted
    along, count, blocks = channels.along, channels.count, channels.blocks
    g = widened(g.reshape(channels.lines))
    grad: Any = np.empty(x.shape, x.dtype) if for_x else None
    grad_w, grad_b = np.empty((2, x.shape[1]), x.dtype)

    def work(start: int, stop: int) -> None:
        for i in blocks[start:stop]:
            gi, s = g[:, i], scale[i]
            grad_b[i] = channels.add_up(gi)
            y = x[:, i] - along(mean[i])
            grad_w[i] = channels.add_up(gi, y) * s
            if for_x:
                y *= along(s * grad_w[i] / count)
                part = np.subtract(gi, y, out=grad[:, i])
                part -= along(grad_b[i] / count)
                part *= along(s if w is None else s * w[i])

    channels.over_blocks(work)
    return (
        grad.reshape(shape) if for_x else None,
        grad_w if for_w else None,
        grad_b if for_b else None,
    )


# --- groups of channels: group norm ---------------------------------------------------------------


@rounded_once
def _standardized_groups_reference(
    input: Any, weight: Any, bias: Any, groups: int, eps: float
) -> Any:
    shape = input._data.shape
    lines = reshape(input, (shape[0], groups, shape[1] // groups, *shape[2:]))
    y = _standardized_rows_reference(lines, None, None, tuple(range(2, len(shape) + 1)), eps)
    weight, bias = per_channel(weight, len(shape)), per_channel(bias, len(shape))
    return _affine(reshape(y, shape), weight, bias)


class _Groups:
    """(N, C, ...) as rows, a sample's group each, of lines, a channel each."""

    def __init__(self, shape: tuple[int, ...], groups: int) -> None:
        self.samples, self.length = shape[0], math.prod(shape[2:])
        self.lines = shape[0] * groups, shape[1] // groups, self.length
        self.rows = self.lines[0], self.lines[1] * self.length
        self.shared = math.prod(shape) > SHARED
        self.blocks = batches(*self.rows, (8 if self.shared else 1) * BLOCK)  # see `_row_blocks`

    def for_lines(self, x: Any) -> Any:
        """A number for each channel as one for each line: (C) -> (rows, lines, 1)."""
        if x is None:
            return None
        many = np.empty((self.samples, len(x)), x.dtype)
        many[...] = x
        return many.reshape(*self.lines[:2], 1)

    def add_up(self, x: np.ndarray, times: np.ndarray | None = None) -> np.ndarray:
        """The sum of each line, or of a product of two."""
        if self.length >= 32:
            return add_up(x, (2,), True, times)
        x = x if times is None else x * times
        if self.length == 1:
            return x
        rows, lines, length = x.shape
        return add_columns(x.reshape(rows * lines, length)).reshape(rows, lines, 1)


@fused(reference=_standardized_groups_reference)
def standardized_groups(input, weight, bias, /, groups, eps):
    """(N, C, ...), each sample's `groups` of channels by themselves; `weight` and `bias` are (C).

    With scale and shift in it: (32, 64, 16, 16) takes 1.9 ms there and back, instead of 3.6.
    """
    many = _Groups(input.shape, groups)
    x, n = widened(input.reshape(many.rows)), many.rows[1]
    w, b = (many.for_lines(_flat(a, x.dtype)) for a in (weight, bias))
    out = np.empty(x.shape, x.dtype)
    mean, scale = np.empty((2, len(x), 1), x.dtype)

    def work(start: int, stop: int) -> None:
        for i in many.blocks[start:stop]:
            mean[i] = add_up(x[i], (1,), True) / n
            y = np.subtract(x[i], mean[i], out=out[i])
            scale[i] = 1 / np.sqrt(add_up(y, (1,), True, y) / n + eps)
            y = y.reshape(len(y), *many.lines[1:])
            s = scale[i, :, np.newaxis]
            y *= s if w is None else w[i] * s
            if b is not None:
                y += b[i]

    with buffers_for_rows(many.length):
        spread(work, len(many.blocks), many.shared)
    out = out.astype(input.dtype, copy=False).reshape(input.shape)
    return out, (x, mean, scale, w, many, input.shape)


@standardized_groups.backward
def _(g, wanted, x, mean, scale, w, many, shape):
    for_x, for_w, for_b = wanted
    g, n = widened(g.reshape(many.lines)), many.rows[1]
    grad: Any = np.empty(shape, x.dtype) if for_x else None  # a view would be copied for a leaf
    lines: Any = grad.reshape(many.lines) if for_x else None
    line_w, line_b = np.empty((2, *many.lines[:2], 1), x.dtype)  # for the parameters, by line

    def work(start: int, stop: int) -> None:
        for i in many.blocks[start:stop]:
            gi, s = g[i], scale[i, :, np.newaxis]
            y = scratch(gi.size, x.dtype).reshape(x[i].shape)
            np.subtract(x[i], mean[i], out=y)
            y = y.reshape(gi.shape)
            line_b[i] = many.add_up(gi)
            line_w[i] = many.add_up(gi, y) * s
            if for_x:
                by_w, by_b = (a if w is None else a * w[i] for a in (line_w[i], line_b[i]))
                part = np.multiply(gi, s if w is None else s * w[i], out=lines[i])
                y *= s * s * np.add.reduce(by_w, 1, keepdims=True) / n
                y += s * np.add.reduce(by_b, 1, keepdims=True) / n
                part -= y

    with buffers_for_rows(many.length):
        spread(work, len(many.blocks), many.shared)
    return (
        grad,
        add_rows(line_w.reshape(shape[:2])) if for_w else None,
        add_rows(line_b.reshape(shape[:2])) if for_b else None,
    )
