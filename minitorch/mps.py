"""What programs ask about Apple's GPUs, answered truthfully: there is none to use.

Mirrors ``torch.mps``.
"""

from __future__ import annotations

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "seed", "synchronize"]


def is_available() -> bool:
    """Whether tensors can live on an Apple GPU: False."""
    return False


def device_count() -> int:
    """The number of Apple GPUs that can be used: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seeds the stream of the GPU, of which there is none."""
    int(seed)


def seed() -> None:
    """Nothing: there is no stream to seed."""


def empty_cache() -> None:
    """Nothing: there is no GPU memory to give back."""


def synchronize() -> None:
    """Nothing: a result is computed when its call returns."""
