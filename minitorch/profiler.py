"""Where time goes: Python's own profilers tell.  Mirrors the names of ``torch.profiler``.

An op is a Python function here, so that ``python -m cProfile script.py`` (or any sampling profiler)
shows what each costs, down to NumPy.
"""

from __future__ import annotations

import contextlib
import enum
from typing import Any

__all__ = [
    "ProfilerActivity",
    "profile",
    "record_function",
    "schedule",
    "tensorboard_trace_handler",
]


class ProfilerActivity(enum.Enum):
    """What PyTorch's profiler can watch."""

    CPU = 0
    CUDA = 1


class record_function(contextlib.ContextDecorator):
    """Names a stretch of code for PyTorch's profiler; without one running, it has no effect."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name, self.args = name, args

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *error: object) -> None: ...


def _refused(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"profiler.{name}: minitorch has no profiler of its own; ops are Python functions, so "
        "`python -m cProfile -s cumtime script.py` (or cProfile.Profile()) shows where time goes"
    )


class profile:
    """Refused: use Python's ``cProfile``, which sees every op."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise _refused("profile")


def schedule(**kwargs: Any) -> Any:
    """Refused: see `profile`."""
    raise _refused("schedule")


def tensorboard_trace_handler(*args: Any, **kwargs: Any) -> Any:
    """Refused: see `profile`."""
    raise _refused("tensorboard_trace_handler")
