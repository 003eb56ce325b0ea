"""Switches of cuDNN, which is not here: what is set is kept, and changes nothing.

Results of minitorch are the same on every run (`deterministic`), whatever these say.
"""

from __future__ import annotations

enabled = True
benchmark = False
benchmark_limit = 10
deterministic = False
allow_tf32 = True

__all__ = ["allow_tf32", "benchmark", "deterministic", "enabled", "is_available", "version"]


def is_available() -> bool:
    """Whether cuDNN can be used: False."""
    return False


def version() -> int | None:
    """The version of cuDNN: None, there is none."""
    return None
