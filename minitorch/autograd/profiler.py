"""The older place of the profiler's names.  Mirrors ``torch.autograd.profiler``."""

from minitorch.profiler import profile, record_function

__all__ = ["profile", "record_function"]
