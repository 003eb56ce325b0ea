"""What programs ask about the CPU as a device.  Mirrors ``torch.cpu``."""

from __future__ import annotations

from typing import Any

from minitorch.cpu import amp

__all__ = [
    "amp", "current_device", "device_count", "is_available", "is_initialized", "set_device",
    "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """Whether tensors can live on the CPU: True."""
    return True


def is_initialized() -> bool:
    """Whether the CPU was started: True."""
    return True


def device_count() -> int:
    """The number of CPUs that tensors can live on: 1, however many cores it has."""
    return 1


def current_device() -> str:
    """The device that is in use: ``"cpu"``."""
    return "cpu"


def set_device(device: Any) -> None:
    """Nothing: there is one device."""


def synchronize(device: Any = None) -> None:
    """Nothing: a result is computed when its call returns."""
