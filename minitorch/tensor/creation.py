"""Methods: new tensors like this one in dtype, ``x.new_zeros(2, 3)``."""

from __future__ import annotations

from typing import Any

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.ops import creation as ops


def _new_like(make: Any, doc: str) -> Any:
    def method(self: Any, *args: Any, dtype: Any = None, **kwargs: Any) -> Any:
        kind = from_numpy_dtype(self._data.dtype) if dtype is None else dtype
        return make(*args, dtype=kind, **kwargs)

    method.__name__ = method.__qualname__ = f"new_{make.__name__}"
    method.__doc__ = doc
    return method


class CreationMethods(TensorState):
    __slots__ = ()

    new_tensor = _new_like(ops.tensor, "A new tensor from data, in this tensor's dtype.")
    new_zeros = _new_like(ops.zeros, "Zeros in this tensor's dtype.")
    new_ones = _new_like(ops.ones, "Ones in this tensor's dtype.")
    new_empty = _new_like(ops.empty, "Uninitialised memory in this tensor's dtype.")
    new_full = _new_like(ops.full, "One number everywhere, in this tensor's dtype.")
