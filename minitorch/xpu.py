"""What programs ask about Intel's GPUs, answered truthfully: there is none to use.

Mirrors ``torch.xpu``.
"""

from __future__ import annotations

__all__ = ["device_count", "empty_cache", "is_available", "manual_seed", "manual_seed_all"]


def is_available() -> bool:
    """Whether tensors can live on an Intel GPU: False."""
    return False


def device_count() -> int:
    """The number of Intel GPUs that can be used: 0."""
    return 0


def manual_seed(seed: int) -> None:
    """Seeds the stream of the GPU, of which there is none."""
    int(seed)


manual_seed_all = manual_seed


def empty_cache() -> None:
    """Nothing: there is no GPU memory to give back."""
