"""``y += a x``, in one pass over memory where BLAS is at hand: what most optimizers end with.

NumPy takes two passes, and memory for ``a x`` between them.  BLAS rounds once, not twice: to the
nearest number, which is what PyTorch gives, too.  What is left behind the last whole `LINE` of
elements, it may round twice; so arrays are cut at multiples of that, and only there.
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


def add_scaled(y: np.ndarray, a: Any, x: np.ndarray, spare: np.ndarray | None = None) -> None:
    """``y += a * x`` for a number `a`; `spare`, of the same shape, may be written to."""
    axpy = _axpy(y.dtype) if y.nbytes >= MANY and y.flags.writeable else None
    alike = x.dtype == y.dtype and x.shape == y.shape and _in_a_row(x) and _in_a_row(y)
    if axpy is None or not alike:
        y += np.multiply(x, a, spare)
        return

    def some(start: int, stop: int) -> None:
        first, last = LINE * start, min(LINE * stop, y.size)
        shift = first * y.itemsize
        with alone:
            axpy(last - first, a, _address(x) + shift, 1, _address(y) + shift, 1)

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
def _axpy(dtype: np.dtype[Any]) -> Any:
    """BLAS's function for `dtype`; None if there is none, or another BLAS than OpenBLAS."""
    letter, number = {"f": ("s", ctypes.c_float), "d": ("d", ctypes.c_double)}.get(
        dtype.char, (None, None)
    )
    found = openblas() if letter and dtype.isnative else None
    if found is None:
        return None
    library, prefix, suffix = found
    try:
        function = getattr(library, f"{prefix}cblas_{letter}axpy{suffix}")
    except AttributeError:
        return None
    count = ctypes.c_int64 if suffix else ctypes.c_int
    function.argtypes = [count, number, ctypes.c_void_p, count, ctypes.c_void_p, count]
    function.restype = None
    return function
