"""What all losses share: ``reduction=``, and how shapes meet."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch.engine.state import TensorState
from minitorch.ops.checks import check_tensor
from minitorch.ops.reductions import mean, sum

REDUCTIONS = ("none", "mean", "sum")


def reduction_of(
    reduction: str,
    size_average: bool | None,
    reduce: bool | None,
    choices: tuple[str, ...] = REDUCTIONS,
) -> str:
    """One of `choices`; PyTorch's two old flags still count.  ValueError for anything else."""
    if size_average is not None or reduce is not None:
        warnings.warn("size_average and reduce are deprecated; use reduction=", stacklevel=3)
        if reduce is False:
            return "none"
        return "mean" if size_average in (None, True) else "sum"
    if reduction not in choices:
        raise ValueError(f"{reduction!r} is not a valid value for reduction: {', '.join(choices)}")
    return reduction


def reduced_loss(loss: Any, reduction: str) -> Any:
    """`loss` itself, its mean or its sum."""
    return loss if reduction == "none" else mean(loss) if reduction == "mean" else sum(loss)


def alike(input: Any, target: Any) -> bool:
    """Whether both are Tensors of one shape and one real floating dtype."""
    if not isinstance(input, TensorState) or not isinstance(target, TensorState):
        return False
    x, t = input._data, target._data
    return x.dtype is t.dtype and x.shape == t.shape and x.dtype.kind == "f"


def check_shapes(name: str, input: Any, target: Any) -> None:
    """Warn where `input` and `target` are broadcast: that is nearly always a mistake."""
    check_tensor(name, input, target)
    if input._data.shape != target._data.shape:
        warnings.warn(
            f"{name}: the target has shape {target._data.shape} and the input "
            f"{input._data.shape}; they are broadcast, which is rarely meant",
            stacklevel=3,
        )


def check_same_shape(name: str, input: Any, other: Any, what: str = "target") -> None:
    """ValueError unless both have one shape."""
    check_tensor(name, input, other)
    if input._data.shape != other._data.shape:
        raise ValueError(
            f"{name}(): {what} has shape {other._data.shape}, input {input._data.shape}"
        )
