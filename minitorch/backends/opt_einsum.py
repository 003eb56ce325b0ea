"""The package opt_einsum, which is not used.  Mirrors ``torch.backends.opt_einsum``."""

enabled = False
strategy = None

__all__ = ["enabled", "is_available", "strategy"]


def is_available() -> bool:
    """Whether the package opt_einsum is used: False."""
    return False
