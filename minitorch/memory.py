"""What importing minitorch changes in the process: two habits of memory, and one warning filter.

By default glibc hands blocks above 128 KiB back to the system when they are freed, and the next
array of that size faults every page in again, which is the largest single cost of NumPy on
mid-sized arrays: a chain of four float32 operations on 65,536 elements takes 551 us so, and 41 us
when the memory is kept.  So glibc is told, once, to keep what is freed; the price is that a
process does not shrink after a peak.

Python's garbage collector looks at every container that is alive each time 700 (by default) have
been made, and a graph is made of containers: building a chain of 100,000 nodes takes 4.5 us a
node so, and 2.3 us when it looks less often.  Graphs hold no cycles and do not need it.  So its
thresholds are raised, unless the program has set its own.

``MINITORCH_KEEP_MEMORY=0`` in the environment leaves both alone.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import warnings

M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
TRIM_ABOVE = 1 << 30  # bytes of free heap before any goes back; mallopt takes a C int
MMAP_ABOVE = 1 << 25  # the most that glibc accepts: larger blocks come straight from the system


def _wanted() -> bool:
    return os.environ.get("MINITORCH_KEEP_MEMORY", "1") != "0"


def collect_less_often() -> bool:
    """Raise the garbage collector's thresholds, if they are Python's own; whether they were."""
    if not _wanted() or gc.get_threshold()[0] > 2000:
        return False
    gc.set_threshold(10_000, 20, 50)
    return True


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed blocks; whether it was told."""
    if not _wanted() or sys.platform != "linux":
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
