"""Tools around training.  Mirrors ``torch.utils``."""

from typing import TYPE_CHECKING, Any

from minitorch.utils import checkpoint, data

if TYPE_CHECKING:
    from minitorch.utils.resume import Checkpoint

__all__ = ["Checkpoint", "checkpoint", "data"]


def __getattr__(name: str) -> Any:
    if name == "Checkpoint":  # imported when it is asked for: it needs to know every layer
        from minitorch.utils.resume import Checkpoint

        return Checkpoint
    raise AttributeError(f"module 'minitorch.utils' has no attribute {name!r}")
