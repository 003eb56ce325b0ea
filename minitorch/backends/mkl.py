"""Intel's MKL, of which minitorch makes no use of its own.  Mirrors ``torch.backends.mkl``."""

__all__ = ["is_available"]


def is_available() -> bool:
    """Whether minitorch calls MKL: False; NumPy may, for its products."""
    return False
