"""The three maps of `convolution` where there are few places: windows as rows, one product.

Where a kernel has few places, as in the last layers of a network, a product for every sample is a
small one, and reads all weights again.  So all windows are written out as rows, one below the
other, and there is one product for the whole batch:

    rows    (groups, N * places, kernel elements * C/groups)
    out     = rows @ w.T,    rows of the gradient = u @ w,    gradient of w = u.T @ rows

With more places, `convolution_kernels` is faster: it copies less.  64 images, on one thread of a
Xeon, in ms there and here:

                                      conv          conv_input     conv_weight
    16 -> 120 channels, 5x5 of 5x5    0.30   0.09    3.6   0.07     4.9   0.07
    128 -> 256, 4x4 of 8x8, stride 2  16.5   10.1   20.3    9.7    25.7   10.3
    64 channels, 3x3 of 7x7            2.7    3.6    2.8    3.8     3.4    3.6
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch.numerics.product import products
from minitorch.ops.windows import Windows

FEW = 16  # places

Array = np.ndarray[Any, np.dtype[Any]]


def few(windows: Windows, channels: int, times: int = 1) -> bool:
    """Whether there are few places, or no more than `times` as many.

    With few channels in a group, what is copied at once is short, and a quarter is too many.
    """
    most = times * FEW if channels >= 32 else FEW // 4
    return math.prod(windows.places) <= most


def conv(x: Array, w: Array, windows: Windows, groups: int) -> Array:
    """(N, C, *sizes), (O, C/groups, *kernel) -> (N, O, *places)"""
    out = products(_rows(x, windows, groups), _weights(w, windows, groups).swapaxes(1, 2))
    out = out.reshape(groups, len(x), math.prod(windows.places), len(w) // groups)
    out = np.moveaxis(out, (0, 3), (1, 2)).reshape(len(x), len(w), *windows.places)
    return np.ascontiguousarray(out)


def conv_input(u: Array, w: Array, windows: Windows, groups: int) -> Array:
    """(N, O, *places), (O, C/groups, *kernel) -> (N, C, *sizes)"""
    n, channels = len(u), w.shape[1]
    rows = products(_outputs(u, groups), _weights(w, windows, groups))
    if _whole(windows):
        x = rows.reshape(groups, n, channels, *windows.sizes)
    else:
        last = np.zeros((groups, n, *windows.sizes, channels), rows.dtype)
        rows = rows.reshape(groups, n, *windows.places, *windows.kernel, channels)
        for there, here in _taps(windows):
            last[here] += rows[there]
        x = np.moveaxis(last, -1, 2)
    return np.ascontiguousarray(x.swapaxes(0, 1).reshape(n, groups * channels, *windows.sizes))


def conv_weight(u: Array, x: Array, windows: Windows, groups: int) -> Array:
    """(N, O, *places), (N, C, *sizes) -> (O, C/groups, *kernel)"""
    outputs, channels = u.shape[1], x.shape[1] // groups
    grad = products(_outputs(u, groups).swapaxes(1, 2), _rows(x, windows, groups))
    if _whole(windows):
        return grad.reshape(outputs, channels, *windows.kernel)
    grad = np.moveaxis(grad.reshape(outputs, *windows.kernel, channels), -1, 1)
    return np.ascontiguousarray(grad)


def _rows(x: Array, windows: Windows, groups: int) -> Array:
    """Every window of (N, C, *sizes): (groups, N * places, kernel elements * C/groups)."""
    n, channels = len(x), x.shape[1] // groups
    rows = x.reshape(n, groups, channels, *windows.sizes).swapaxes(0, 1)
    if not _whole(windows):
        last = np.ascontiguousarray(np.moveaxis(rows, 2, -1))
        rows = np.zeros((groups, n, *windows.places, *windows.kernel, channels), x.dtype)
        for there, here in _taps(windows):
            rows[there] = last[here]
    each = math.prod(windows.kernel) * channels
    return rows.reshape(groups, n * math.prod(windows.places), each)


def _weights(w: Array, windows: Windows, groups: int) -> Array:
    """(O, C/groups, *kernel) -> (groups, O/groups, kernel elements * C/groups)"""
    each = math.prod(w.shape[1:])
    if not _whole(windows):
        w = np.moveaxis(w, 1, -1)
    return w.reshape(groups, len(w) // groups, each)


def _outputs(u: Array, groups: int) -> Array:
    """(N, O, *places) -> (groups, N * places, O/groups)"""
    places = math.prod(u.shape[2:])
    u = u.reshape(len(u), groups, u.shape[1] // groups, places)
    return np.moveaxis(u, (1, 3), (0, 2)).reshape(groups, len(u) * places, u.shape[2])


def _whole(windows: Windows) -> bool:
    """Whether the one window is the whole input: then nothing is copied, and channels come first
    within a row.  Everywhere else they come last, so that longer pieces are copied at once."""
    one = max(windows.places) == min(windows.places) == 1
    return one and windows.kernel == windows.sizes and not any(windows.before)


def _taps(windows: Windows) -> Iterator[tuple[Any, Any]]:
    """For each kernel element: where it is in rows (groups, N, *places, *kernel, C/groups), and
    which inputs (groups, N, *sizes, C/groups) it meets there."""
    every = (slice(None), slice(None))
    for offset, places, inputs in windows.taps():
        yield (*every, *places[1:], *offset), (*every, *inputs[1:])
