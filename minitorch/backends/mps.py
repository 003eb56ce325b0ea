"""Apple's Metal, which minitorch does not use.  Mirrors ``torch.backends.mps``."""

__all__ = ["is_available", "is_built"]


def is_available() -> bool:
    """Whether tensors can live on an Apple GPU: False."""
    return False


def is_built() -> bool:
    """Whether minitorch was built with Metal: False."""
    return False
