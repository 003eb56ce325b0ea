"""The three maps of `convolution` on arrays: windows written out as columns, and matrix products.

Columns for all kernel elements would be k * k copies of the input.  Here only those along the last
dimensions are written out; along the first one, the windows of kernel row k are rows k, k + 1 ...
of the same memory, and so a product with a slice of it:

    columns   (N, kernel columns * C, input rows * places in a row)
    out[n]  = sum over kernel rows k of  w[k] @ columns[n, :, rows from k on]

A product for every sample is no loss: OpenBLAS is quickest where it need not rearrange operands.
As many samples at a time as keep the columns in the cache; these parts of the batch are shared out
over threads.  64 images, 3x3 kernels, float32, forward and backward on two threads, in ms (Xeon):

    channels, size                           16, 32     64, 16
    all k * k columns, merged samples          18.8       29.3
    this                                        7.3       16.7
    PyTorch                                     7.7       13.8
"""

from __future__ import annotations

import functools
import itertools
import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from minitorch.numerics.aligned import aligned
from minitorch.numerics.threads import spread
from minitorch.ops import convolution_rows
from minitorch.ops.convolution_rows import few
from minitorch.ops.windows import Windows, meeting

_CACHE = 1 << 20  # bytes of columns that are made at a time
_MORE = 8  # times as many outputs as channels: reading their columns is still quicker
_JOINED = 64  # elements of a kernel, in all channels; with more, the columns are not few
_SHARED = 1 << 25  # multiplications; with fewer, two threads are no faster than one
_LEAD = 1 << 20  # multiplications that one thread does until a helper has woken up

Array = np.ndarray[Any, np.dtype[Any]]


class _Columns:
    """The columns of (n, C, *sizes): (n, groups, *kernel[1:], C/groups, P, Q, *places[1:]).

    With a stride s along the first dimension, row q * s + p of the padded input is at [p, q].
    """

    def __init__(self, windows: Windows, groups: int, channels: int, dtype: Any) -> None:
        kernel, stride, before, dilation, sizes, places = windows
        s, each = stride[0], slice(None)
        firsts = [k * dilation[0] for k in range(kernel[0])]
        phases = sorted({first % s for first in firsts})
        rows = max(first // s for first in firsts) + places[0]
        self.dtype = dtype
        self.groups, self.channels = groups, channels
        self.shape = (groups, *kernel[1:], channels, len(phases), rows, *places[1:])
        # For each kernel row: where its windows are in the last dimensions as one.
        row, length = math.prod(places[1:]), math.prod(places)
        starts = [(phases.index(f % s) * rows + f // s) * row for f in firsts]
        self.slices = [slice(start, start + length) for start in starts]
        self.flat = (groups, math.prod(kernel[1:]) * channels, len(phases) * rows * row)
        size = math.prod(self.shape) * dtype.itemsize
        self.most = max(1, _CACHE // max(1, size))  # samples whose columns fit into the cache
        # What goes where: indices of memory, and of an input (n, groups, C/groups, *sizes).
        self.pieces: list[tuple[Any, Any]] = []
        for k in np.ndindex(*kernel[1:]):
            met = [
                meeting(k[i - 1] * dilation[i] - before[i], stride[i], sizes[i], places[i])
                for i in range(1, len(kernel))
            ]
            for i, phase in enumerate(phases):
                at, inputs = meeting(phase - before[0], s, sizes[0], rows)
                self.pieces.append((
                    (each, each, *k, each, i, at, *[a for a, _ in met]),
                    (each, each, each, inputs, *[b for _, b in met]),
                ))  # fmt: skip

    def memory(self, n: int) -> Array:
        """Zeros that begin on a cache line: elsewhere, products take up to 40 % longer."""
        return aligned((n, *self.shape), self.dtype, np.zeros)

    @contextmanager
    def borrowed(self, parts: list[slice]) -> Iterator[Array]:
        """`memory` that `fill` may have written to: what it never writes to is zero.

        Each thread keeps what it had last, for the next convolution like it.
        """
        n = max((part.stop - part.start for part in parts), default=0)
        kept, _kept.last = _kept.last, (None, None)
        memory = kept[1] if kept[0] is self and len(kept[1]) >= n else self.memory(n)
        yield memory
        if memory.nbytes <= 2 * _CACHE:  # the columns of one large image may be anything
            _kept.last = self, memory

    def rows(self, memory: Array) -> list[Array]:
        """For each kernel row: its columns, (n, groups, kernel columns * C, places), a view."""
        flat = memory.reshape(len(memory), *self.flat)
        return [flat[..., one] for one in self.slices]

    def fill(self, memory: Array, x: Array) -> None:
        x = self.grouped(x)
        for there, here in self.pieces:
            memory[there] = x[here]

    def add_to(self, x: Array, memory: Array) -> None:
        """The adjoint of `fill`: every column back to where it came from."""
        x = self.grouped(x)
        for there, here in self.pieces:
            x[here] += memory[there]

    def grouped(self, x: Array) -> Array:
        return x.reshape(len(x), self.groups, self.channels, *x.shape[2:])

    def parts(self, start: int, stop: int, times: int = 1) -> list[slice]:
        """These samples, no more at a time than keep `times` their columns in the cache."""
        parts = -(-(stop - start) // max(1, self.most // times))
        ends = [start + i * (stop - start) // max(1, parts) for i in range(parts + 1)]
        return [slice(a, b) for a, b in zip(ends, ends[1:])]


class _Kept(threading.local):
    """What a thread had last: the columns, and their memory; nothing while it is borrowed."""

    last: tuple[Any, Any] = None, None


_kept = _Kept()
_columns = functools.lru_cache(maxsize=256)(_Columns)  # 15 us each: as much as a small product


def _weights(w: Array, groups: int, joined: bool = False) -> Array:
    """(O, C, k, ...) -> (k, groups, O/groups, ... * C), or `joined`: one row of all k * ... * C."""
    rows = np.moveaxis(w, 1, -1)[np.newaxis] if joined else np.moveaxis(w, (2, 1), (0, -1))
    each = math.prod(w.shape[1:]) // len(rows)
    return rows.reshape(len(rows), groups, len(w) // groups, each)


def _flat(x: Array, groups: int) -> Array:
    """(N, C, *places) -> (N, groups, C/groups, all places)"""
    return x.reshape(len(x), groups, x.shape[1] // groups, math.prod(x.shape[2:]))


def _cuts(rows: int, each: int) -> int:
    """In how many equal pieces to take `rows` of a product, of `each` multiplications a row.

    OpenBLAS does not rearrange the operands of up to a million multiplications, and 64 channels of
    16x16 take 11.5 ms instead of 12.5.
    """
    cuts = (n for n in range(1, rows // 16 + 1) if not rows % n and rows * each <= n * 10**6)
    return next(cuts, 1)


def _with_row(windows: Windows, *arrays: Array) -> Any:
    """One dimension as two, the first of size 1."""
    if len(windows.kernel) > 1:
        return windows, *arrays
    rows = [np.expand_dims(a, 2) for a in arrays]
    return Windows(*[(v, *f) for v, f in zip((1, 1, 0, 1, 1, 1), windows)]), *rows


def conv(x: Array, w: Array, bias: Array | None, windows: Windows, groups: int) -> Array:
    """(N, C, *sizes), (O, C/groups, *kernel) -> (N, O, *places); `bias` is None or (O,)."""
    if few(windows, w.shape[1]):
        out = convolution_rows.conv(x, w, windows, groups)
        return out if bias is None else out + bias.reshape(-1, *[1] * len(windows.kernel))
    out = np.empty((x.shape[0], w.shape[0], *windows.places), x.dtype)
    given = _flat(x, groups) if windows.pointwise() else None
    windows, x, w = _with_row(windows, x, w)
    columns = _columns(windows, groups, w.shape[1], x.dtype)
    flat = _flat(out, groups)
    # Where few columns meet many outputs, to write them out for every kernel row is less work than
    # to add up a product for each: 32 outputs from one channel of 28x28 take 1.1 ms, not 2.5.
    size, rows = math.prod(w.shape[1:]), w.shape[2]
    joined = rows > 1 and size <= min(_JOINED, rows * flat.shape[2])
    weights = _weights(w, groups, joined)
    if bias is not None:  # a whole sample: to add one number to short lines takes twice the time
        bias = np.repeat(bias, flat.shape[-1]).reshape(flat.shape[1:])

    def work(start: int, stop: int) -> None:
        parts = columns.parts(start, stop, 1 + rows * joined)
        with columns.borrowed([] if given is not None else parts) as memory:
            # For the columns of all kernel rows, or for the product of one.
            every = (groups, weights.shape[-1]) if joined else flat.shape[1:3]
            spare = aligned((len(memory), *every, flat.shape[-1]), x.dtype)
            for part in parts:
                total = flat[part]
                n = len(total)
                if given is not None:
                    np.matmul(weights[0], given[part], out=total)
                else:
                    columns.fill(memory[:n], x[part])
                    lines = columns.rows(memory[:n])
                    if joined:
                        lines = [np.concatenate(lines, axis=2, out=spare[:n])]
                    for k, line in enumerate(lines):
                        np.matmul(weights[k], line, out=spare[:n] if k else total)
                        if k:
                            np.add(total, spare[:n], out=total)
                if bias is not None:
                    np.add(total, bias, out=total)

    _share(work, len(x), out.size * size)
    return out


def _lead(samples: int, multiplications: int) -> int:
    """How many samples are done until a helper has woken up, of those that take so many."""
    return min(samples // 2, samples * _LEAD // max(1, multiplications))


def _share(work: Any, samples: int, multiplications: int) -> None:
    spread(work, samples, multiplications >= _SHARED, _lead(samples, multiplications))


def conv_input(u: Array, w: Array, windows: Windows, groups: int) -> Array:
    """(N, O, *places), (O, C/groups, *kernel) -> (N, C, *sizes): the adjoint of `conv` in x."""
    # With strides, `_by_reading` makes several convolutions of it: 32 channels of 16x16 from 64
    # with stride 2 take 1.7 ms so, and 1.4 ms by rows.
    if few(windows, w.shape[1], math.prod(windows.stride)):
        return convolution_rows.conv_input(u, w, windows, groups)
    outputs, channels = w.shape[0] // groups, w.shape[1]
    if outputs <= _MORE * channels:
        return _by_reading(u, w, windows, groups)
    out = np.zeros((u.shape[0], groups * channels, *windows.sizes), u.dtype)
    windows, w, target = _with_row(windows, w, out)
    columns = _columns(windows, groups, channels, u.dtype)
    flat, weights = _flat(u, groups), _weights(w, groups).swapaxes(2, 3)

    def work(start: int, stop: int) -> None:
        for part in columns.parts(start, stop):
            memory = columns.memory(part.stop - part.start)
            for k, rows in enumerate(columns.rows(memory)):
                np.add(rows, np.matmul(weights[k], flat[part]), out=rows)
            columns.add_to(target[part], memory)

    _share(work, len(u), u.size * math.prod(w.shape[1:]))
    return out


def _by_reading(u: Array, w: Array, windows: Windows, groups: int) -> Array:
    """`conv_input` as convolutions of `u` with the kernel turned round; reading beats adding.

    Inputs that are a stride apart meet the same elements of the kernel, so each of these phases is
    a convolution of its own: 16 channels of 32x32 from 32 with stride 2 take 1.7 ms, not 2.3.
    """
    outputs, channels = w.shape[0] // groups, w.shape[1]
    w = w.reshape(groups, outputs, *w.shape[1:]).swapaxes(1, 2)
    w = w.reshape(groups * channels, outputs, *w.shape[3:])
    out = np.empty((u.shape[0], len(w), *windows.sizes), u.dtype)
    for phases in itertools.product(*map(_phases, *windows[:5])):
        inputs, taps, before, dilation, places = zip(*phases)
        there = (..., *inputs)
        if None in taps:
            out[there] = 0
            continue
        some = w[(..., *taps)]
        ones = (1,) * len(taps)
        turned = Windows(some.shape[2:], ones, before, dilation, windows.places, places)
        part = conv(u, some, None, turned, groups)
        if part.shape == out.shape:
            return part
        out[there] = part
    return out


def _phases(kernel: int, stride: int, before: int, dilation: int, size: int) -> list[Any]:
    """For every `stride`-th input of one dimension, from each of the first on: which these are,
    the kernel elements that they meet, the last one first (None: none), and a convolution's
    `before`, `dilation` and number of places, to read windows' places by them."""
    found = []
    common = math.gcd(stride, dilation)
    for i in range(min(stride, size)):
        met = [k for k in range(kernel) if (i + before - k * dilation) % stride == 0]
        taps = slice(met[-1], None, -(stride // common)) if met else None
        first = (i + before - met[-1] * dilation) // stride if met else 0
        places = len(range(i, size, stride))
        found.append((slice(i, None, stride), taps, -first, dilation // common, places))
    return found


def conv_weight(u: Array, x: Array, windows: Windows, groups: int) -> Array:
    """(N, O, *places), (N, C, *sizes) -> (O, C/groups, *kernel): the adjoint of `conv` in w."""
    if few(windows, x.shape[1] // groups):
        return convolution_rows.conv_weight(u, x, windows, groups)
    outputs, channels = u.shape[1] // groups, x.shape[1] // groups
    shape = (u.shape[1], channels, *windows.kernel)
    flat, given = _flat(u, groups).swapaxes(2, 3), None
    if windows.pointwise():
        given = _flat(x, groups)
    windows, x = _with_row(windows, x)
    columns = _columns(windows, groups, channels, u.dtype)
    places, samples, multiplications = flat.shape[2], len(x), u.size * math.prod(shape[1:])
    # Four partial sums: half of them, with its lead, are one thread's; but they are the same ones
    # for any number of threads, so that those change no result.
    half = (samples + _lead(samples, multiplications)) // 2
    shared = multiplications >= _SHARED
    ends = [0, half // 2, half, (half + samples) // 2, samples] if shared else [0, samples]
    cuts = _cuts(columns.flat[1], outputs * places)
    # OpenBLAS is slow with a transposed right side of few rows and many columns: 32 channels of
    # 16x16 take 1.9 ms so, and 1.4 ms if it is written out.
    rewrite = places < 1000 and columns.flat[1] > 32
    sums = np.zeros((len(ends) - 1, windows.kernel[0], groups, columns.flat[1], outputs), u.dtype)

    def work(start: int, stop: int) -> None:
        lanes = [columns.parts(*lane) for lane in zip(ends[start:stop], ends[start + 1 :])]
        made = [part for parts in lanes for part in parts] if given is None else []
        with columns.borrowed(made) as memory:
            for lane, parts in enumerate(lanes, start):
                for part in parts:
                    if given is None:
                        columns.fill(memory[: part.stop - part.start], x[part])
                        lines = columns.rows(memory[: part.stop - part.start])
                    else:
                        lines = [given[part]]
                    grads = flat[part].copy() if rewrite else flat[part]
                    for k, rows in enumerate(lines):
                        rows = rows.reshape(*rows.shape[:2], cuts, rows.shape[2] // cuts, places)
                        some = np.add.reduce(np.matmul(rows, grads[:, :, np.newaxis]), 0)
                        sums[lane, k] += some.reshape(sums.shape[2:])

    spread(work, len(sums), shared)
    total = np.add.reduce(sums, 0).reshape(
        windows.kernel[0], groups, *windows.kernel[1:], channels, outputs
    )
    # (k, groups, *kernel[1:], C, O) -> (groups, O, C, k, *kernel[1:])
    total = np.moveaxis(total, (1, -1, -2), (0, 1, 2))
    return np.ascontiguousarray(total).reshape(shape)
