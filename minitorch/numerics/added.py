"""``y = b y + a x``, in one pass over memory where BLAS is at hand: what most optimizers end with.

NumPy takes two or three passes, and memory for ``a x`` between them.  BLAS rounds the sum once, not
twice: to the nearest number, which is what PyTorch gives, too.  What is left behind the last whole
`LINE` of elements, it may round twice; so arrays are cut at multiples of that, and only there.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np

from minitorch.numerics.aligned import LINE
from minitorch.numerics.threads import alone, openblas, spread

# Bytes: a call through ctypes takes 4 us, and with fewer NumPy is done by then.  This is less than
# half a tile (`TILE_BYTES`), the least that a large array is cut into: so how it is cut, for one
# thread or for several, does not decide how it is rounded.
MANY = 3 << 14
SHARED = 1 << 20  # elements: more are shared out over threads


def add_scaled(
    y: np.ndarray, a: Any, x: np.ndarray, spare: np.ndarray | None = None, keep: Any = 1
) -> None:
    """``y = keep * y + a * x`` for numbers `a` and `keep`; `spare`, of the same shape, may be
    written to."""
    blas = _blas(y.dtype) if y.nbytes >= MANY and y.flags.writeable else None
    alike = x.dtype == y.dtype and x.shape == y.shape and _in_a_row(x) and _in_a_row(y)
    if blas is None or not alike or not a or not keep:  # BLAS drops what has the factor 0, NaN too
        if keep != 1:
            y *= keep
        y += np.multiply(x, a, spare)
        return
    axpy, axpby = blas

    def some(start: int, stop: int) -> None:
        first, last = LINE * start, min(LINE * stop, y.size)
        shift = first * y.itemsize
        source, goal = _address(x) + shift, _address(y) + shift
        with alone:
            if keep == 1:
                axpy(last - first, a, source, 1, goal, 1)
            else:
                axpby(last - first, a, source, 1, keep, goal, 1)

    lines = -(-y.size // LINE)
    if y.size >= SHARED:
        spread(some, lines)
    else:
        some(0, lines)


def _in_a_row(x: np.ndarray) -> bool:
    return x.flags.c_contiguous and x.flags.aligned


def _address(x: np.ndarray) -> int:
    if x.flags.writeable:  # a tenth of the time of `__array_interface__`, 0.9 us
        return ctypes.addressof(ctypes.c_char.from_buffer(x))
    return x.__array_interface__["data"][0]


@functools.cache
def _blas(dtype: np.dtype[Any]) -> tuple[Any, Any] | None:
    """BLAS's axpy and axpby for `dtype`; None if it has none, or is another than OpenBLAS."""
    letter, number = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}.get(
        dtype.char, (None, None)
    )
    found = openblas() if letter and dtype.isnative else None
    if found is None:
        return None
    library, prefix, suffix = found
    try:
        axpy = getattr(library, f"{prefix}cblas_{letter}axpy{suffix}")
        axpby = getattr(library, f"{prefix}cblas_{letter}axpby{suffix}")
    except AttributeError:
        return None
    count = ctypes.c_int64 if suffix else ctypes.c_int
    vector = [ctypes.c_void_p, count]
    axpy.argtypes = [count, number, *vector, *vector]
    axpby.argtypes = [count, number, *vector, number, *vector]
    axpy.restype = axpby.restype = None
    return axpy, axpby
