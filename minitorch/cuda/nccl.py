"""NVIDIA's communication library, which is not here.  Mirrors ``torch.cuda.nccl``."""

from __future__ import annotations

from typing import Any

__all__ = ["is_available", "version"]


def is_available(tensors: Any = None) -> bool:
    """Whether NCCL can be used: False."""
    return False


def version() -> tuple[int, int, int]:
    """Refused: there is no NCCL."""
    raise NotImplementedError("cuda.nccl.version(): minitorch computes on the CPU, without NCCL")
