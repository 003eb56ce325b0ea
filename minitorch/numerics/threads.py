"""Work shared out over threads: while NumPy computes, other Python threads run.

    def work(start, stop):
        for i in range(start, stop):
            np.exp(x[i], out=out[i])

    spread(work, len(x))

OpenBLAS has threads of its own, but they help in large products only, not in what lies between,
and after a product they go on spinning for a while, which takes the cores from everybody else.  So
while work is spread, each product runs in the thread that asks for it: many of a few hundred
microseconds each take half the time so, and everything between them, too.

There are as many threads as OpenBLAS has, so ``OMP_NUM_THREADS`` and `set_num_threads` count here.
With another BLAS, whose threads cannot be held back, nothing is spread.
"""

from __future__ import annotations

import contextvars
import ctypes
import functools
import os
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

Work = Callable[[int, int], Any]

ALONE = 1 << 18  # multiplications; OpenBLAS does so few in one thread itself
SHARED = 1 << 23  # with so many, a product is shared out


@functools.cache
def blas_threads() -> tuple[Any, Any] | None:
    """The functions that get and set the number of OpenBLAS's threads; None for another BLAS."""
    library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
        try:
            return (
                getattr(library, f"{prefix}openblas_get_num_threads{suffix}"),
                getattr(library, f"{prefix}openblas_set_num_threads{suffix}"),
            )
        except AttributeError:
            continue
    return None


@functools.cache
def _current_processor() -> Callable[[], int] | None:
    """The function that tells which processor runs the caller, on Linux."""
    if not hasattr(os, "sched_setaffinity"):
        return None
    return getattr(ctypes.CDLL(None), "sched_getcpu", None)


class _Helper:
    """A thread that does one thing after another: 5 us from `start` to its first line."""

    def __init__(self) -> None:
        self._go, self._done = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._done.acquire()
        self._error: BaseException | None = None
        self._avoided = -1
        self._thread = threading.Thread(target=self._run, name="minitorch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            self._go.acquire()
            try:
                self._work()
            except BaseException as error:
                self._error = error
            self._done.release()

    def start(self, work: Callable[[], Any]) -> None:
        self._work, self._error = work, None
        self._keep_away()
        self._go.release()

    def _keep_away(self) -> None:
        """Stay off the processor that this thread's caller is on.

        Linux wakes a thread where the waking one runs, and work of less than a millisecond is done
        before it is moved: both halves one after the other on one processor, half of the time.
        """
        current = _current_processor()
        if current is not None and (here := current()) != self._avoided:
            others = os.sched_getaffinity(0) - {here}
            if others and self._thread.native_id is not None:
                os.sched_setaffinity(self._thread.native_id, others)
            self._avoided = here

    def wait(self) -> None:
        """Until the work is done; raises what it raised."""
        self._done.acquire()
        del self._work  # it holds arrays
        if self._error is not None:
            raise self._error


helpers: list[_Helper] = []
_busy = threading.Lock()  # held while work is spread: there is one set of helpers


def _forget() -> None:
    """A forked process has none of its parent's threads."""
    global _busy
    helpers.clear()
    _busy = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def threads() -> int:
    """How many threads `spread` uses at most."""
    blas = blas_threads()
    return blas[0]() if blas else 1


def spread(work: Work, count: int) -> None:
    """``work(start, stop)`` for ranges that together are ``range(count)``, at the same time.

    The ranges must not depend on each other.  Results that are added up should be kept apart by
    number, not by range, for the ranges differ with the number of threads.
    """
    blas = blas_threads() if count > 1 else None
    threads = min(count, blas[0]()) if blas else 1
    if blas is None or threads < 2 or not _busy.acquire(blocking=False):
        work(0, count)  # also for what is itself part of spread work
        return
    try:
        all_threads = blas[0]()
        blas[1](1)
        try:
            _spread(work, [i * count // threads for i in range(threads + 1)])
        finally:
            blas[1](all_threads)
    finally:
        _busy.release()


def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``x @ y`` for matrices, without OpenBLAS's own threads if there are helpers here.

    They would spin on the helpers' processors for a while after each product: everything that is
    spread took several times as long.
    """
    rows, columns = len(x), y.shape[1]
    work, blas = rows * columns * len(y), blas_threads()
    if not helpers or blas is None or work < ALONE:
        return np.matmul(x, y)
    if work < SHARED:
        all_threads = blas[0]()
        blas[1](1)
        try:
            return np.matmul(x, y)
        finally:
            blas[1](all_threads)
    out = np.empty((rows, columns), np.result_type(x, y))

    def some_rows(start: int, stop: int) -> None:
        np.matmul(x[start:stop], y, out=out[start:stop])

    def some_columns(start: int, stop: int) -> None:
        np.matmul(x, y[:, start:stop], out=out[:, start:stop])

    spread(some_rows if rows >= columns else some_columns, max(rows, columns))
    return out


def _spread(work: Work, ends: list[int]) -> None:
    while len(helpers) < len(ends) - 2:
        helpers.append(_Helper())
    some = helpers[: len(ends) - 2]
    try:
        for helper, start, stop in zip(some, ends[1:], ends[2:]):
            context = contextvars.copy_context()  # np.errstate is in it
            helper.start(functools.partial(context.run, work, start, stop))
        try:
            work(0, ends[1])
        finally:
            for helper in some:
                helper.wait()
    except BaseException:
        helpers.clear()  # one may be at work still: leave it to itself
        raise
