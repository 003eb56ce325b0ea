"""Tools around training.  Mirrors ``torch.utils``."""

from minitorch.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
