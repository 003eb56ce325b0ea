"""oneDNN, which minitorch does not use.  Mirrors ``torch.backends.mkldnn``."""

enabled = True

__all__ = ["enabled", "is_available"]


def is_available() -> bool:
    """Whether oneDNN can be used: False."""
    return False
