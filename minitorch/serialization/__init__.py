"""Saving and loading.  Mirrors ``torch.serialization``; `save` and `load` are in `minitorch`."""

from minitorch.errors import LoadError
from minitorch.serialization.atomic import atomic_write
from minitorch.serialization.files import load, save
from minitorch.serialization.names import (
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)  # fmt: skip

__all__ = [
    "LoadError", "add_safe_globals", "atomic_write", "clear_safe_globals", "get_safe_globals",
    "load", "safe_globals", "save",
]  # fmt: skip
