"""What programs that can train in several processes ask for first.

They import the module, and use it when they are told to.  Processes here share no tensors, so
training in several of them would silently train copies: starting them is refused.  (DataLoader has
workers of its own.)  Mirrors names of ``torch.multiprocessing``.
"""

from __future__ import annotations

from multiprocessing import (
    cpu_count,
    current_process,
    get_all_start_methods,
    get_start_method,
    set_start_method,
)
from typing import Any

__all__ = [
    "Pool", "Process", "cpu_count", "current_process", "get_all_sharing_strategies",
    "get_all_start_methods", "get_sharing_strategy", "get_start_method", "set_sharing_strategy",
    "set_start_method", "spawn",
]  # fmt: skip


def _refused(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"multiprocessing.{name}: processes do not share tensors here, each would train a copy. "
        "Train in one process, or use Python's multiprocessing and NumPy arrays"
    )


def Process(*args: Any, **kwargs: Any) -> Any:
    """Refused: it could not share a model."""
    raise _refused("Process")


def Pool(*args: Any, **kwargs: Any) -> Any:
    """Refused: its processes could not share a model."""
    raise _refused("Pool")


def spawn(*args: Any, **kwargs: Any) -> Any:
    """Refused: the processes could not share a model."""
    raise _refused("spawn")


def get_all_sharing_strategies() -> set[str]:
    """The ways in which processes share tensors: none.

    >>> import minitorch
    >>> minitorch.multiprocessing.get_all_sharing_strategies()
    set()
    """
    return set()


def get_sharing_strategy() -> str:
    """The way in which processes share tensors: ``"none"``."""
    return "none"


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted without effect: DataLoader's workers hand over batches in shared memory anyway."""
