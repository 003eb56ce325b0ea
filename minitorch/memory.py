"""What importing minitorch changes in the process: the allocator's habit, and one warning filter.

By default glibc hands blocks above 128 KiB back to the system when they are freed, and the next
array of that size faults every page in again, which is the largest single cost of NumPy on
mid-sized arrays: a chain of four float32 operations on 65,536 elements takes 551 us so, and 41 us
when the memory is kept.  So glibc is told, once, to keep what is freed; the price is that a
process does not shrink after a peak.  ``MINITORCH_KEEP_MEMORY=0`` in the environment leaves the
allocator alone.
"""

from __future__ import annotations

import ctypes
import os
import sys
import warnings

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
TRIM_ABOVE = 1 << 30  # bytes of free heap before any goes back; mallopt takes a C int
MMAP_ABOVE = 1 << 25  # the most that glibc accepts: larger blocks come straight from the system


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed blocks; whether it was told."""
    if os.environ.get("MINITORCH_KEEP_MEMORY", "1") == "0" or sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # musl and others have no mallopt
        return False
    mallopt.argtypes, mallopt.restype = [ctypes.c_int, ctypes.c_int], ctypes.c_int
    return bool(mallopt(M_TRIM_THRESHOLD, TRIM_ABOVE) and mallopt(M_MMAP_THRESHOLD, MMAP_ABOVE))


def silence_numpy() -> None:
    """No RuntimeWarning for inf and nan made by minitorch: as in PyTorch, they are results.

    Only warnings raised in minitorch's own lines are meant; NumPy's settings stay as they are.
    """
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"minitorch\.")
