"""The accelerator of this machine: none, minitorch computes on the CPU.

Mirrors ``torch.accelerator``.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "current_accelerator", "current_device_index", "device_count", "device_index", "is_available",
    "set_device_idx", "set_device_index", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether there is an accelerator: False.

    >>> import minitorch
    >>> minitorch.accelerator.is_available()
    False
    """
    return False


def device_count() -> int:
    """The number of accelerators: 0."""
    return 0


def current_accelerator(check_available: bool = False) -> Any:
    """The accelerator's device: None."""
    return None


def synchronize(device: Any = None) -> None:
    """Refused, as in PyTorch: there is no accelerator."""
    raise _refused("synchronize()")


def current_device_index() -> int:
    """Refused: there is no accelerator."""
    raise _refused("current_device_index()")


def set_device_index(device: Any) -> None:
    """Refused: there is no accelerator."""
    raise _refused("set_device_index()")


set_device_idx = set_device_index


class device_index:
    """A context that makes one accelerator the current one; entering it is refused."""

    def __init__(self, device: int | None) -> None:
        self.device = device

    def __enter__(self) -> None:
        if self.device is not None:
            raise _refused("device_index()")

    def __exit__(self, *error: object) -> None: ...


def _refused(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"accelerator.{name}: there is none, minitorch computes on the CPU. "
        "Ask accelerator.is_available() first"
    )
