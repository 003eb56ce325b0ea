"""What programs ask about other processes, answered truthfully: there are none.

Programs that train in one process unless they are started as several import these names, and ask
first.  Starting a group is refused.  Mirrors names of ``torch.distributed``.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "all_reduce", "barrier", "destroy_process_group", "get_backend", "get_rank", "get_world_size",
    "init_process_group", "is_available", "is_gloo_available", "is_initialized",
    "is_nccl_available", "is_torchelastic_launched",
]  # fmt: skip


def is_available() -> bool:
    """Whether processes can train together: False.

    >>> import minitorch
    >>> minitorch.distributed.is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """Whether a group of processes was started: False."""
    return False


def is_nccl_available() -> bool:
    """Whether NVIDIA's communication library is there: False."""
    return False


def is_gloo_available() -> bool:
    """Whether the library gloo is there: False."""
    return False


def is_torchelastic_launched() -> bool:
    """Whether torchrun started this process: False."""
    return False


def refused(name: str) -> NotImplementedError:
    """What every function here raises that needs other processes."""
    return NotImplementedError(
        f"distributed.{name}(): minitorch trains in one process. "
        "Ask distributed.is_available() or is_initialized() first"
    )


def init_process_group(*args: Any, **kwargs: Any) -> None:
    """Refused: there is one process."""
    raise refused("init_process_group")


def destroy_process_group(group: Any = None) -> None:
    """Refused: no group was started."""
    raise refused("destroy_process_group")


def get_rank(group: Any = None) -> int:
    """Refused: no group was started."""
    raise refused("get_rank")


def get_world_size(group: Any = None) -> int:
    """Refused: no group was started."""
    raise refused("get_world_size")


def get_backend(group: Any = None) -> str:
    """Refused: no group was started."""
    raise refused("get_backend")


def barrier(*args: Any, **kwargs: Any) -> None:
    """Refused: no group was started."""
    raise refused("barrier")


def all_reduce(*args: Any, **kwargs: Any) -> None:
    """Refused: no group was started."""
    raise refused("all_reduce")
