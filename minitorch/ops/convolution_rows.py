"""The three maps of `convolution` where there are few places: windows as rows, one product.

Where a kernel has few places, as in the last layers of a network, a product for every sample is a
small one, and reads all weights again.  So all windows are written out as rows, one below the
other, and there is one product for the whole batch:

    rows    (groups, N * places, C/groups * kernel elements)
    out     = rows @ w.T,    rows of the gradient = u @ w,    gradient of w = u.T @ rows

For larger images this takes up to seven times as long as what `convolution_kernels` does.  In ms
there, and here, on one thread of a Xeon:

                                              conv          conv_input      conv_weight
    16 -> 120 channels, 5x5 of 5x5, 64    0.30   0.09      3.6   0.07      4.9   0.07
    512 channels, 3x3 of 2x2, 32            27    5.6       29    5.5       77    4.7
    16 channels, 3x3 of 4x4, 64           0.18   0.25     0.19   0.35     0.22   0.24
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.numerics.product import products
from minitorch.ops.windows import Windows

FEW = 8  # places; with so few, this is faster

Array = np.ndarray[Any, np.dtype[Any]]


def few(windows: Windows) -> bool:
    """Whether these maps are the faster ones."""
    return math.prod(windows.places) <= FEW


def conv(x: Array, w: Array, windows: Windows, groups: int) -> Array:
    """(N, C, *sizes), (O, C/groups, *kernel) -> (N, O, *places)"""
    out = products(_rows(x, windows, groups), _weights(w, groups).swapaxes(1, 2))
    out = out.reshape(groups, len(x), math.prod(windows.places), len(w) // groups)
    return np.moveaxis(out, (0, 3), (1, 2)).reshape(len(x), len(w), *windows.places)


def conv_input(u: Array, w: Array, windows: Windows, groups: int) -> Array:
    """(N, O, *places), (O, C/groups, *kernel) -> (N, C, *sizes)"""
    n, channels = len(u), w.shape[1]
    rows = products(_outputs(u, groups), _weights(w, groups))
    if _whole(windows):
        x = rows.reshape(groups, n, channels, *windows.sizes)
    else:
        x = np.zeros((groups, n, channels, *windows.sizes), rows.dtype)
        rows = rows.reshape(groups, n, *windows.places, channels, *windows.kernel)
        for there, here in _taps(windows):
            np.moveaxis(x, 2, -1)[here] += rows[there]
    return x.swapaxes(0, 1).reshape(n, groups * channels, *windows.sizes)


def conv_weight(u: Array, x: Array, windows: Windows, groups: int) -> Array:
    """(N, O, *places), (N, C, *sizes) -> (O, C/groups, *kernel)"""
    grad = products(_outputs(u, groups).swapaxes(1, 2), _rows(x, windows, groups))
    return grad.reshape(u.shape[1], x.shape[1] // groups, *windows.kernel)


def _rows(x: Array, windows: Windows, groups: int) -> Array:
    """Every window of (N, C, *sizes): (groups, N * places, C/groups * kernel elements)."""
    n, channels = len(x), x.shape[1] // groups
    x = x.reshape(n, groups, channels, *windows.sizes).swapaxes(0, 1)
    if _whole(windows):
        rows = x
    else:
        rows = np.zeros((groups, n, *windows.places, channels, *windows.kernel), x.dtype)
        for there, here in _taps(windows):
            rows[there] = np.moveaxis(x, 2, -1)[here]
    each = channels * math.prod(windows.kernel)
    return rows.reshape(groups, n * math.prod(windows.places), each)


def _whole(windows: Windows) -> bool:
    """Whether there is one window, the whole input."""
    return windows.kernel == windows.sizes and not any(windows.before) and _one(windows.places)


def _one(sizes: tuple[int, ...]) -> bool:
    return max(sizes) == min(sizes) == 1


def _taps(windows: Windows) -> Any:
    """For each kernel element: where it is in the rows, (groups, N, *places, C/groups, *kernel),
    and the inputs that it meets there, (groups, N, *sizes, C/groups)."""
    both = (slice(None), slice(None))
    for offset, places, inputs in windows.taps():
        yield (*both, *places[1:], slice(None), *offset), (*both, *inputs[1:])


def _weights(w: Array, groups: int) -> Array:
    """(O, C/groups, *kernel) -> (groups, O/groups, C/groups * kernel elements)"""
    return w.reshape(groups, len(w) // groups, math.prod(w.shape[1:]))


def _outputs(u: Array, groups: int) -> Array:
    """(N, O, *places) -> (groups, N * places, O/groups)"""
    places = math.prod(u.shape[2:])
    u = u.reshape(len(u), groups, u.shape[1] // groups, places)
    return np.moveaxis(u, (1, 3), (0, 2)).reshape(groups, len(u) * places, u.shape[2])
