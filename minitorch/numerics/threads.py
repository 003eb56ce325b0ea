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
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

Work = Callable[[int, int], Any]


# ----------------------------------------------------------------------------- OpenBLAS's threads


@functools.cache
def openblas() -> tuple[Any, str, str] | None:
    """NumPy's OpenBLAS, and what its functions' names begin and end with; None for another BLAS."""
    library = ctypes.CDLL(np._core._multiarray_umath.__file__)  # type: ignore[attr-defined]
    for prefix, suffix in (("scipy_", "64_"), ("scipy_", ""), ("", "64_"), ("", "")):
        if hasattr(library, f"{prefix}openblas_get_num_threads{suffix}"):
            return library, prefix, suffix
    return None


@functools.cache
def _openblas() -> tuple[Any, Any] | None:
    """The functions that get and set the number of OpenBLAS's threads; None for another BLAS."""
    found = openblas()
    if found is None:
        return None
    path, prefix, suffix = found[0]._name, *found[1:]
    library = ctypes.PyDLL(path)  # so short that to let another thread run meanwhile costs more
    return (
        getattr(library, f"{prefix}openblas_get_num_threads{suffix}"),
        getattr(library, f"{prefix}openblas_set_num_threads{suffix}"),
    )


class _Alone:
    """``with alone:`` OpenBLAS computes in the caller's thread, and in no thread of its own.

    The number of threads is one for the whole process.  The first of those who are inside at the
    same time remembers what it was, and the last puts it back: if each did, one could take the
    other's 1 for the number to put back.
    """

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self._lock, self._inside, self._usual = threading.Lock(), 0, 1

    def __enter__(self) -> None:
        blas = _openblas()
        if blas is not None:
            with self._lock:
                if not self._inside:
                    self._usual = blas[0]()
                    blas[1](1)
                self._inside += 1

    def __exit__(self, *_: object) -> None:
        blas = _openblas()
        if blas is not None:
            with self._lock:
                if self._inside == 1:
                    blas[1](self._usual)
                self._inside = max(0, self._inside - 1)  # 0: in a process forked meanwhile

    @property
    def usual(self) -> int | None:
        """How many threads there are when nobody is inside; None for another BLAS."""
        blas = _openblas()
        if blas is None:
            return None
        with self._lock:
            return self._usual if self._inside else blas[0]()

    @usual.setter
    def usual(self, count: int) -> None:
        blas = _openblas()
        if blas is None:
            raise NotImplementedError("only OpenBLAS can be told its number of threads")
        with self._lock:
            self._usual = count
            if not self._inside:
                blas[1](count)


alone = _Alone()


def threads() -> int:
    """How many threads `spread` uses at most: as many as OpenBLAS usually has."""
    return alone.usual or 1


# ------------------------------------------------------------------------------- threads of Python


class _Task:
    """Something to do, once, by whoever comes first."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work: Callable[[], Any] | None = work
        self._error: BaseException | None = None
        self._free, self._ending = threading.Lock(), threading.Lock()
        self._ending.acquire()
        self._over = False

    def run(self) -> None:
        """Unless another thread has begun it already."""
        if not self._free.acquire(blocking=False):
            return
        try:
            self._work()  # type: ignore[misc]
        except BaseException as error:
            self._error = error
        self._end()

    def _end(self) -> None:
        self._work = None  # it holds arrays
        self._over = True
        self._ending.release()

    def finish(self) -> BaseException | None:
        """Wait until it is over, if it has begun; what it raised.

        Ctrl-C counts as raised, and waits, too: nobody may get to see, or use again, arrays that
        another thread is still writing to.
        """
        interrupt: BaseException | None = None
        while not self._over:
            try:
                if self._free.acquire(blocking=False):
                    self._end()  # nobody has begun it, and now nobody will
                self._ending.acquire()
            except BaseException as error:
                interrupt = error
        return interrupt or self._error


_IDLE = 0.1  # seconds


class _Helper:
    """A thread that does one thing after another: 5 us from `start` to its first line.

    It leaves when there has been nothing to do for a while: without helpers, OpenBLAS shares out
    products, which is faster where there is nothing else to share.
    """

    pins = hasattr(os, "sched_setaffinity")  # whether threads may be told where to run

    def __init__(self) -> None:
        self._tasks: SimpleQueue[_Task] = SimpleQueue()
        self._avoided = -1
        self._thread = threading.Thread(target=self._run, name="minitorch", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                task = self._tasks.get(timeout=_IDLE)
            except Empty:
                if self._may_leave():
                    return
            else:
                task.run()

    def _may_leave(self) -> bool:
        """Whether nobody is about to give it work; it is no helper then."""
        if not _busy.acquire(blocking=False):
            return False
        try:
            if not self._tasks.empty():
                return False
            if self in helpers:
                helpers.remove(self)
            return True
        finally:
            _busy.release()

    def start(self, task: _Task) -> None:
        if _Helper.pins:
            self._keep_away()
        self._tasks.put(task)

    def _keep_away(self) -> None:
        """Stay off the processor that this thread's caller is on.

        Linux wakes a thread where the waking one runs, and work of less than a millisecond is done
        before it is moved: both halves one after the other on one processor, half of the time.
        """
        try:
            here = _processor()
            if here != self._avoided:
                others = os.sched_getaffinity(0) - {here}
                if others and self._thread.native_id is not None:
                    os.sched_setaffinity(self._thread.native_id, others)
                self._avoided = here
        except (OSError, AttributeError):  # a sandbox may forbid it: slower, and no harm done
            _Helper.pins = False


@functools.cache
def _getcpu() -> Callable[[], int]:
    return ctypes.PyDLL(None).sched_getcpu


def _processor() -> int:
    """Which one runs the caller.  AttributeError where the C library cannot tell."""
    return _getcpu()()


helpers: list[_Helper] = []
_busy = threading.Lock()  # held while work is spread: there is one set of helpers


def _forget() -> None:
    """A forked process has none of its parent's threads, and nobody is at work."""
    global _busy
    helpers.clear()
    _busy = threading.Lock()
    usual, blas = alone._usual if alone._inside else None, _openblas()
    alone.forget()
    if usual is not None and blas is not None:
        blas[1](usual)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def spread(work: Work, count: int, worth: bool = True, lead: int = 0) -> None:
    """``work(start, stop)`` for ranges that together are ``range(count)``, at the same time.

    One after the other where that is not `worth` it: a helper takes up to 0.1 ms to wake up, and
    what it has worked on is then in another processor's cache.  This thread's range is longer by
    `lead`, what it does meanwhile: to be woken up by a helper takes as long as to wake one up.

    The ranges must not depend on each other.  Results that are added up should be kept apart by
    number, not by range, for the ranges differ with the number of threads.  What one of them
    raises is raised here, when all are done.
    """
    if not worth:
        with alone:
            work(0, count)
        return
    some = min(count, threads()) if count > 1 else 1
    if some < 2 or not _busy.acquire(blocking=False):
        work(0, count)  # also for what is itself part of spread work
        return
    try:
        if _hire(some - 1):
            with alone:
                lead = min(lead, count // 2)
                _spread(work, [0, *(lead + i * (count - lead) // some for i in range(1, some + 1))])
        else:
            work(0, count)
    finally:
        _busy.release()


def _hire(count: int) -> bool:
    """Whether there are `count` helpers: the system may have no threads left, or be going down."""
    try:
        while len(helpers) < count:
            helpers.append(_Helper())
    except RuntimeError:
        return False
    return True


def _spread(work: Work, ends: list[int]) -> None:
    tasks = []
    for start, stop in zip(ends[1:], ends[2:]):
        context = contextvars.copy_context()  # np.errstate is in it
        tasks.append(_Task(functools.partial(context.run, work, start, stop)))
    try:
        for helper, task in zip(helpers, tasks):
            helper.start(task)
        work(0, ends[1])
        for task in tasks:
            task.run()  # where the processors are busy, a helper may not have woken up yet
    finally:
        errors = [error for task in tasks if (error := task.finish()) is not None]
    if errors:
        raise errors[0]
