"""How much of an operand NumPy copies aside before it computes.

A ufunc that meets a row or a column with a matrix copies what is to be repeated, and what lies
beside it, to a buffer of 8192 elements, so that its inner loop runs over that many.  Where rows are
long anyway, the copies cost more than the loops: to add a number for each channel to
(5, 16, 1024) takes 25 us so, and 11 us with small buffers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import numpy as np

_SMALL = 256  # elements; with fewer, rows of less than that get too many loops


@contextmanager
def small_buffers() -> Iterator[None]:
    """In this context, and in work that is spread from it, rows are not copied to be repeated."""
    usual = np.setbufsize(_SMALL)
    try:
        yield
    finally:
        np.setbufsize(usual)


_LONG = 192  # elements; from here on, a number for each row is subtracted in half of the time


def buffers_for_rows(length: int) -> AbstractContextManager[None]:
    """`small_buffers` where rows of `length`, which meet a number each, are long enough.

    To subtract a column from (128, 512) takes 20 us, and 7 us with small buffers.
    """
    return small_buffers() if length >= _LONG else nullcontext()
