"""The CPU.  Mirrors ``torch.backends.cpu``."""

__all__ = ["get_cpu_capability"]


def get_cpu_capability() -> str:
    """The vector instructions that minitorch was compiled for: "DEFAULT", it is not compiled.

    NumPy chooses its own while running; ``numpy.show_config()`` shows them.
    """
    return "DEFAULT"
