"""Checks of whole arguments, each with the error that PyTorch raises and a fuller message."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.ops.promotion import refusal


def check_tensor(name: str, *inputs: Any) -> None:
    """TypeError unless all `inputs` of the function `name` are Tensors."""
    for input in inputs:
        if not isinstance(input, TensorState):
            raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")


def check_ordered(name: str, input: Any) -> None:
    """NotImplementedError for complex numbers, which have no order."""
    check_tensor(name, input)
    if input._data.dtype.kind == "c":
        raise NotImplementedError(
            f"{name}() needs numbers that have an order, not {from_numpy_dtype(input._data.dtype)}"
        )


def check_number(name: str, input: Any) -> None:
    """NotImplementedError for booleans."""
    if input._data.dtype.kind == "b":
        raise NotImplementedError(f"{name}() is for numbers, not booleans")


def check_floating(name: str, input: Any, *, complex: bool = True) -> None:
    """NotImplementedError for integers and booleans, and complex numbers unless allowed."""
    if not isinstance(input, TensorState):
        check_tensor(name, input)
    if input._data.dtype.kind not in ("fcV" if complex else "fV"):
        raise NotImplementedError(
            f"{name}() is for floating{' and complex' if complex else ''} tensors, not "
            f"{from_numpy_dtype(input._data.dtype)}; call float() first"
        )


def no_gradient(name: str) -> Callable[[Any], Any]:
    """A gradient rule for ops that PyTorch, too, does not differentiate: it refuses."""

    def refuse(g: Any) -> Any:
        raise NotImplementedError(f"{name}() has no gradient: call it on tensor.detach()")

    return refuse


def check_broadcast(name: str, *inputs: Any) -> None:
    """RuntimeError unless the shapes of `inputs` broadcast."""
    arrays = [x._data if isinstance(x, TensorState) else x for x in inputs]
    try:
        np.broadcast_shapes(*[np.shape(x) for x in arrays])
    except ValueError as error:
        raise refusal(name, arrays, error) from None
