"""Switches of CUDA's libraries, which are not here: what is set is kept, and changes nothing.

Mirrors ``torch.backends.cuda``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

matmul = SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    fp32_precision="ieee",
)

__all__ = ["is_built", "matmul", "sdp_kernel"]


def is_built() -> bool:
    """Whether minitorch was built with CUDA: False."""
    return False


@contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[Any]:
    """A context that chooses CUDA's attention kernel; on the CPU there is one, and it stays."""
    yield {}
