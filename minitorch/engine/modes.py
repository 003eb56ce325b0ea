"""Grad modes: whether operations are recorded.  Each is a context manager and a decorator.

The mode belongs to the thread: a new thread records, whatever its parent does.
"""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


class _Mode(threading.local):
    recording = True  # ops make nodes
    inference = False
    anomaly = False  # nodes remember where they were made
    check_nan = False  # backward looks for NaN after every node
    strict = False  # likely mistakes are errors: see minitorch.strict_mode


mode = _Mode()


class _Ever:
    """What has been asked for since the process began: quicker to look at than the thread's mode.

    That saves 30 ns of the 1.1 us that a small recorded op takes.
    """

    __slots__ = ("anomaly",)

    def __init__(self) -> None:
        self.anomaly = False


ever = _Ever()


class _Switch:
    """Base of the contexts below: sets some of `mode`'s attributes, and puts them back."""

    def __init__(self, **wanted: bool) -> None:
        self._wanted = wanted
        self._previous: list[dict[str, bool]] = []  # a stack: the same object may be nested

    def __enter__(self) -> None:
        self._previous.append({name: getattr(mode, name) for name in self._wanted})
        for name, value in self._wanted.items():
            setattr(mode, name, value)

    def __exit__(self, *exc_info: object) -> None:
        for name, value in self._previous.pop().items():
            setattr(mode, name, value)

    def __call__(self, function: F) -> F:
        """Decorate a function, a generator function or a class (every call of it)."""
        if inspect.isclass(function):
            raise TypeError(
                f"decorate the methods of {function.__name__}, not the class: "
                f"{type(self).__name__} applies to calls"
            )
        if inspect.isgeneratorfunction(function):

            @functools.wraps(function)
            def generator(*args: Any, **kwargs: Any) -> Any:
                # The mode holds while the generator runs, not while its consumer does.
                running = function(*args, **kwargs)
                step = functools.partial(running.send, None)
                while True:
                    try:
                        with self._anew():
                            value = step()
                    except StopIteration as stop:
                        return stop.value
                    try:
                        step = functools.partial(running.send, (yield value))
                    except GeneratorExit:
                        with self._anew():
                            running.close()
                        raise
                    except BaseException as error:
                        step = functools.partial(running.throw, error)

            return generator  # type: ignore[return-value]

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self._anew():
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    def _anew(self) -> _Switch:
        """The same switch once more, for a call that may overlap with others."""
        return _Switch(**self._wanted)


class _Immediate(_Switch):
    """A switch that is thrown when it is made; its first ``with`` block only puts it back."""

    def __init__(self, **wanted: bool) -> None:
        super().__init__(**wanted)
        super().__enter__()
        self._thrown = True

    def __enter__(self) -> None:
        if self._thrown:
            self._thrown = False
        else:
            super().__enter__()

    def __call__(self, function: F) -> F:
        if self._thrown:  # as a decorator it does not switch the mode where it stands
            self._thrown = False
            self.__exit__()
        return super().__call__(function)


class no_grad(_Switch):
    """Nothing is recorded inside: results do not require grad.  Mirrors ``torch.no_grad``.

    >>> import minitorch
    >>> x = minitorch.ones(2, requires_grad=True)
    >>> with minitorch.no_grad():
    ...     y = x * 2
    >>> y.requires_grad
    False
    """

    def __new__(cls, function: Any = None) -> Any:
        self = super().__new__(cls)
        if function is not None:  # @no_grad without brackets
            self.__init__()  # type: ignore[misc]
            return self(function)
        return self

    _recording = False

    def __init__(self, function: Any = None) -> None:
        self._wanted = {"recording": self._recording}
        self._saved: list[bool] = []

    # Entered in every evaluation loop, so leaner than the general case.
    def __enter__(self) -> None:
        self._saved.append(mode.recording)
        mode.recording = self._recording

    def __exit__(self, *exc_info: object) -> None:
        mode.recording = self._saved.pop()


class enable_grad(no_grad):
    """Operations are recorded inside, also within `no_grad`.  Mirrors ``torch.enable_grad``."""

    _recording = True


class inference_mode(_Switch):
    """`no_grad` under another name: nothing is recorded.  Mirrors ``torch.inference_mode``."""

    def __new__(cls, mode: Any = True) -> Any:
        self = super().__new__(cls)
        if callable(mode):
            self.__init__()  # type: ignore[misc]
            return self(mode)
        return self

    def __init__(self, mode: bool = True) -> None:
        super().__init__(recording=not mode, inference=bool(mode))


class set_grad_enabled(_Immediate):
    """Switch recording on or off, at once or for a ``with`` block (``torch.set_grad_enabled``)."""

    def __init__(self, mode: bool) -> None:
        super().__init__(recording=bool(mode))


class detect_anomaly(_Switch):
    """Backward stops at the first NaN and shows the line of the forward pass that it comes from.

    Slow; for debugging.  Mirrors ``torch.autograd.detect_anomaly``.
    """

    def __init__(self, check_nan: bool = True) -> None:
        super().__init__(anomaly=True, check_nan=check_nan)
        ever.anomaly = True


class set_detect_anomaly(_Immediate):
    """`detect_anomaly` switched on or off, at once or for a ``with`` block."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(anomaly=mode, check_nan=check_nan and mode)
        ever.anomaly = ever.anomaly or mode


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread."""
    return mode.recording


def is_inference_mode_enabled() -> bool:
    """Whether an `inference_mode` block is active in this thread."""
    return mode.inference


def is_anomaly_enabled() -> bool:
    """Whether `detect_anomaly` is active in this thread."""
    return mode.anomaly
