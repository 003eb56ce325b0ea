"""PyTorch's old constructors: ``Tensor(2, 3)``, ``LongTensor([1, 2])``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.dtypes import (
    bool_,
    default_numpy,
    dtype,
    float16,
    float32,
    float64,
    from_numpy_dtype,
    int8,
    int16,
    int32,
    int64,
    uint8,
)  # fmt: skip
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.creation import sizes, to_array


def construct(args: tuple[Any, ...], kind: dtype | None = None) -> Any:
    """Uninitialised memory from sizes, or a copy of nested lists; always of one dtype."""
    wanted = default_numpy() if kind is None else kind.dtype
    if len(args) == 1 and isinstance(args[0], TensorState):
        if args[0]._data.dtype != wanted:
            raise TypeError(f"expected a Tensor of {from_numpy_dtype(wanted)}, got {args[0].dtype}")  # type: ignore[attr-defined]
        return wrap(args[0]._data)
    if len(args) == 1 and isinstance(args[0], Sequence | np.ndarray):
        if type(args[0]).__name__ != "Size":
            return wrap(to_array(args[0], wanted, copy=True))
    return wrap(np.empty(sizes(args), wanted))


class _Typed(type):
    """``isinstance(t, LongTensor)`` asks for the dtype."""

    kind: dtype

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorState) and instance._data.dtype == cls.kind.dtype

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        return construct(args, cls.kind)


def _typed(name: str, kind: dtype) -> Any:
    return _Typed(name, (), {"kind": kind, "__doc__": f"Old constructor of {kind} tensors."})


FloatTensor = _typed("FloatTensor", float32)
DoubleTensor = _typed("DoubleTensor", float64)
HalfTensor = _typed("HalfTensor", float16)
LongTensor = _typed("LongTensor", int64)
IntTensor = _typed("IntTensor", int32)
ShortTensor = _typed("ShortTensor", int16)
CharTensor = _typed("CharTensor", int8)
ByteTensor = _typed("ByteTensor", uint8)
BoolTensor = _typed("BoolTensor", bool_)
