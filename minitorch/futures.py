"""Results that come later, and waiting for several of them.

They are set by threads of this process.  Mirrors ``torch.futures``.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["Future", "collect_all", "wait_all"]


class Future:
    """A result that is not there yet.

    >>> from minitorch.futures import Future
    >>> later = Future()
    >>> twice = later.then(lambda done: 2 * done.value())
    >>> later.set_result(21)
    >>> twice.wait()
    42
    """

    def __init__(self, *, devices: Any = None) -> None:
        self._inner: concurrent.futures.Future[Any] = concurrent.futures.Future()

    def done(self) -> bool:
        """Whether there is a result, or an error."""
        return self._inner.done()

    def wait(self) -> Any:
        """The result, once it is there; the error that was set instead is raised."""
        return self._inner.result()

    def value(self) -> Any:
        """The result: RuntimeError if it is not there yet."""
        if not self.done():
            raise RuntimeError("value() of a Future that has no result yet; wait() waits for it")
        return self._inner.result()

    def set_result(self, result: Any) -> None:
        """Give the result, once: RuntimeError if there is one."""
        self._once(self._inner.set_result, result)

    def set_exception(self, result: Exception) -> None:
        """Let `wait` and `value` raise `result`."""
        if not isinstance(result, Exception):
            raise AssertionError(f"{result!r} is of type {type(result).__name__}, not an Exception")
        self._once(self._inner.set_exception, result)

    def _once(self, give: Callable[[Any], None], result: Any) -> None:
        try:
            give(result)
        except concurrent.futures.InvalidStateError:
            raise RuntimeError("this Future has its result; it can be set only once") from None

    def add_done_callback(self, callback: Callable[[Future], Any]) -> None:
        """Call ``callback(self)`` when there is a result: now, if there is."""
        self._inner.add_done_callback(lambda _: callback(self))

    def then(self, callback: Callable[[Future], Any]) -> Future:
        """A Future of what ``callback(self)`` returns or raises when there is a result."""
        later = Future()

        def go_on(done: Future) -> None:
            try:
                later.set_result(callback(done))
            except Exception as error:
                later.set_exception(error)

        self.add_done_callback(go_on)
        return later


def collect_all(futures: Sequence[Future]) -> Future:
    """A Future of the list `futures`, when all of them are done."""
    later, missing = Future(), list(futures)

    def check(done: Future) -> None:
        missing.remove(done)
        if not missing:
            later.set_result(list(futures))

    if not missing:
        later.set_result([])
    for future in futures:
        future.add_done_callback(check)
    return later


def wait_all(futures: Sequence[Future]) -> list[Any]:
    """The results of all, in their order; the first error among them is raised."""
    return [future.wait() for future in futures]
