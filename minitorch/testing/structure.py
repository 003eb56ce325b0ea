"""The arrays inside of a list of arguments, and arguments made anew from other arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.engine.state import TensorState

__all__ = ["arrays_in", "replaced", "tensors_in"]


def arrays_in(value: Any) -> list[np.ndarray]:
    """The arrays in nested tuples and lists, in order; a Tensor counts as its array."""
    if isinstance(value, TensorState):
        return [value._data]
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, tuple | list):
        return [array for part in value for array in arrays_in(part)]
    return []


def tensors_in(value: Any) -> list[Any]:
    """The Tensors in nested tuples, lists and dicts, in order."""
    if isinstance(value, TensorState):
        return [value]
    if isinstance(value, dict):
        return [t for part in value.values() for t in tensors_in(part)]
    if isinstance(value, tuple | list):
        return [t for part in value for t in tensors_in(part)]
    return []


def replaced(value: Any, make: Callable[[], Any]) -> Any:
    """`value` with each array in it, in order, replaced by what `make` returns."""
    if isinstance(value, TensorState | np.ndarray):
        return make()
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(replaced(part, make) for part in value))
    if isinstance(value, tuple | list):
        return type(value)(replaced(part, make) for part in value)
    return value
