"""The larger or the smaller of two values, and values kept between bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops.checks import check_tensor
from minitorch.ops.elements import check_bounds
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import refusal, unify
from minitorch.ops.where import keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "clamp",
    "clamp_max",
    "clamp_min",
    "clip",
    "fmax",
    "fmin",
    "maximum",
    "minimum",
]

ORDERED = "biufV"


@elementwise(kinds=ORDERED, numbers="none")
def maximum(input, other):
    """The larger of two values; NaN if either is.

    >>> import minitorch
    >>> minitorch.maximum(minitorch.tensor([1.0, 5.0]), minitorch.tensor([3.0, 2.0]))
    tensor([3., 5.])
    """
    return np.maximum(input, other)


@elementwise(kinds=ORDERED, numbers="none")
def minimum(input, other):
    """The smaller of two values; NaN if either is."""
    return np.minimum(input, other)


def _chosen(g, mine, others, lost):
    """The gradient of the one that was chosen; equal ones share it."""
    return np.where(mine == others, g / 2, keep(g, np.logical_not(lost)))


maximum.gradient(
    input=lambda g, input, other: _chosen(g, input, other, input < other),
    other=lambda g, input, other: _chosen(g, other, input, other < input),
)
minimum.gradient(
    input=lambda g, input, other: _chosen(g, input, other, input > other),
    other=lambda g, input, other: _chosen(g, other, input, other > input),
)


@elementwise(kinds=ORDERED, numbers="none")
def fmax(input, other):
    """The larger of two values; a NaN gives way to a number."""
    return np.fmax(input, other)


@elementwise(kinds=ORDERED, numbers="none")
def fmin(input, other):
    """The smaller of two values; a NaN gives way to a number."""
    return np.fmin(input, other)


def _fmax_takes(input, other):
    return (input >= other) | np.isnan(other)


def _fmin_takes(input, other):
    return (input <= other) | np.isnan(other)


fmax.gradient(
    input=lambda g, input, other: keep(g, _fmax_takes(input, other)),
    other=lambda g, input, other: keep(g, np.logical_not(_fmax_takes(input, other))),
)
fmin.gradient(
    input=lambda g, input, other: keep(g, _fmin_takes(input, other)),
    other=lambda g, input, other: keep(g, np.logical_not(_fmin_takes(input, other))),
)


@primitive
def _clamp(input, min, max, /):
    """Bounds are arrays, numbers or None."""
    if input.size > 4096 and input.dtype.kind == "f" and not (np.ndim(min) or np.ndim(max)):
        # With numbers, clip() is three times as fast as maximum() and minimum().
        return np.clip(input, -np.inf if min is None else min, np.inf if max is None else max)
    if max is None:
        return np.maximum(input, min)
    return np.minimum(input if min is None else np.maximum(input, min), max)


def _inside(input, min, max):
    if max is None:
        return input >= min
    return input <= max if min is None else (input >= min) & (input <= max)


_clamp.gradient(
    input=lambda g, input, min, max: keep(g, _inside(input, min, max)),
    min=lambda g, input, min, max: keep(
        g, input < min if max is None else (input < min) & (min < max)
    ),
    max=lambda g, input, min, max: keep(
        g, input > max if min is None else (input > max) | (max < min)
    ),
)


def clamp(input: Tensor, min: Any = None, max: Any = None, *, out: Any = None) -> Tensor:
    """`input` with values below `min` raised to it and values above `max` lowered to it.

    The bounds are two numbers or two tensors; one may be left out.  At a bound, the gradient
    passes.

    >>> import minitorch
    >>> minitorch.clamp(minitorch.tensor([-2.0, 0.5, 7.0]), min=-1, max=1)
    tensor([-1.0000,  0.5000,  1.0000])
    """
    check_tensor("clamp", input)
    given = [bound for bound in (min, max) if bound is not None]
    if not given:
        raise RuntimeError("clamp(): give at least one of min and max")
    if len({isinstance(bound, TensorState) for bound in given}) > 1:
        min, max = given = [_as_number(bound) for bound in given]
    check_bounds(input, *given)
    bounded, *bounds = unify("clamp", input, *given)
    if bounded._data.dtype.kind == "c":
        raise refusal("clamp", (bounded._data,), TypeError())
    low = None if min is None else bounds[0]
    high = None if max is None else bounds[-1]
    try:
        result = _clamp(bounded, low, high)
    except ValueError as error:
        raise refusal("clamp", (input._data, *[x._data for x in given]), error) from None
    return result if out is None else store(out, result)


def _as_number(bound: Any) -> Any:
    """A bound that stands beside a number: itself, or the number in a 0-d tensor."""
    if not isinstance(bound, TensorState):
        return bound
    if bound._data.ndim or bound.requires_grad:  # type: ignore[attr-defined]
        raise TypeError(
            "clamp(): min and max must be two Tensors or two numbers, got a number and a Tensor of "
            f"shape {tuple(bound._data.shape)}"
        )
    return bound._data.item()


def clamp_min(input: Tensor, min: Any, *, out: Any = None) -> Tensor:
    """`input` with values below `min` raised to it."""
    _check_bound("clamp_min", min)
    return clamp(input, min, out=out)


def clamp_max(input: Tensor, max: Any, *, out: Any = None) -> Tensor:
    """`input` with values above `max` lowered to it."""
    _check_bound("clamp_max", max)
    return clamp(input, None, max, out=out)


def _check_bound(name: str, bound: Any) -> None:
    if bound is None:
        raise TypeError(f"{name}() needs a bound, a Tensor or a number")


clip = clamp
