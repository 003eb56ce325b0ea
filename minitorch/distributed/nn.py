"""Differentiable exchange between processes: refused, there is one.  ``torch.distributed.nn``.

Here so that programs which import it for other machines start.
"""

from __future__ import annotations

from typing import Any

from minitorch.distributed import refused

__all__ = ["all_gather", "all_reduce", "broadcast", "reduce"]


def all_gather(*args: Any, **kwargs: Any) -> Any:
    """Refused: no group was started."""
    raise refused("nn.all_gather")


def all_reduce(*args: Any, **kwargs: Any) -> Any:
    """Refused: no group was started."""
    raise refused("nn.all_reduce")


def broadcast(*args: Any, **kwargs: Any) -> Any:
    """Refused: no group was started."""
    raise refused("nn.broadcast")


def reduce(*args: Any, **kwargs: Any) -> Any:
    """Refused: no group was started."""
    raise refused("nn.reduce")
