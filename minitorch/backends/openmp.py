"""OpenMP, which minitorch does not use.  Mirrors ``torch.backends.openmp``."""

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether minitorch was compiled with OpenMP: False."""
    return False
