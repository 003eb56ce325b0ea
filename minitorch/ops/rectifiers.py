"""Activation functions made of straight pieces: relu and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch.numerics.tiles import LARGE, in_tiles
from minitorch.ops.checks import check_floating, check_ordered, check_tensor
from minitorch.ops.elements import as_element
from minitorch.ops.fused import fused
from minitorch.ops.operators import mul
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import in_single, refusal, rounded_once
from minitorch.ops.shapes import reshape
from minitorch.ops.sloped import by_slope, ufunc_clip, with_slope
from minitorch.ops.where import choose, flat_in, keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "prelu",
    "relu",
    "relu6",
    "softshrink",
    "threshold",
]


_LINE = {np.dtype(kind): (np.array(0, kind), np.array(np.inf, kind)) for kind in "efd"}


@elementwise(kinds="iufV", one_pass=True)
def relu(input):
    """``max(input, 0)``.

    >>> import minitorch
    >>> minitorch.relu(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    if input.dtype.kind == "f":
        zero, infinity = _LINE[input.dtype]  # as arrays, with which a ufunc starts sooner
        return ufunc_clip(input, zero, infinity)
    return np.maximum(input, 0)


# Unlike ``out > 0``, this is true of NaN, whose gradient passes in PyTorch, too.
relu.gradient(input=lambda g, out: flat_in(keep(g, out != 0), out))


@primitive
@in_single
def _leaky_relu_reference(input, /, slope):
    pick = np.maximum if slope <= 1 else np.minimum
    return pick(input, input * slope)


_leaky_relu_reference.gradient(
    input=lambda g, input, slope: flat_in(choose(input > 0, g, g * slope), input)
)


def _leak_and_slope(x, value, slope, leak):
    np.multiply(x, leak, out=value)
    (np.maximum if leak <= 1 else np.minimum)(x, value, out=value)
    if slope is not None:
        slope[...] = x > 0
        if 0 <= leak <= 1:
            ufunc_clip(slope, leak, 1, out=slope)
        else:
            slope *= 1 - leak
            slope += leak


@fused(reference=_leaky_relu_reference)
def _leaky_relu(input, /, slope):
    return with_slope(_leak_and_slope, input, slope)


_leaky_relu.backward(by_slope)


def leaky_relu(input: Tensor, negative_slope: float = 0.01) -> Tensor:
    """`input` where it is positive, ``negative_slope * input`` elsewhere."""
    check_floating("leaky_relu", input, complex=False)
    return _leaky_relu(input, negative_slope)


@primitive
def _prelu(input, weight, /):
    return choose(input > 0, input, weight * input)


_prelu.gradient(
    input=lambda g, input, weight: flat_in(choose(input > 0, g, g * weight), input),
    weight=lambda g, input: keep(g * input, input <= 0),
)


def prelu(input: Tensor, weight: Tensor) -> Tensor:
    """`input` where it is positive, ``weight * input`` elsewhere.

    `weight` has one element, or one for each channel (dimension 1) of `input`.
    """
    check_tensor("prelu", input, weight)
    check_floating("prelu", input, complex=False)
    x, w = input._data, weight._data
    if w.ndim > 1:
        raise RuntimeError(f"prelu(): weight must have at most one dimension, got shape {w.shape}")
    if x.dtype != w.dtype:
        raise RuntimeError(f"prelu(): input is {input.dtype}, but weight is {weight.dtype}")
    channels = x.shape[1] if x.ndim > 1 else 1
    if w.size not in (1, channels):
        raise RuntimeError(
            f"prelu(): weight has {w.size} elements for an input of shape {x.shape}, which has "
            f"{channels} channels"
        )
    if w.ndim == 1:
        weight = reshape(weight, (-1,) + (1,) * (x.ndim - 2) if x.ndim > 1 else (1,) * x.ndim)
    return _prelu(input, weight)


@primitive
def _hardtanh(input, /, low, high):
    if input.dtype.kind == "V":
        return np.minimum(np.maximum(input, low), high)
    return ufunc_clip(input, low, high)


_hardtanh.gradient(
    input=lambda g, input, low, high: flat_in(keep(g, ~((input <= low) | (input >= high))), input)
)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0) -> Tensor:
    """`input` kept between `min_val` and `max_val`; no gradient passes at these."""
    check_tensor("hardtanh", input)
    if input._data.dtype.kind not in "iufV":
        raise refusal("hardtanh", (input._data,), TypeError())
    if min_val > max_val:
        raise ValueError(f"hardtanh(): min_val {min_val} is greater than max_val {max_val}")
    dtype = input._data.dtype
    return _hardtanh(input, as_element(min_val, dtype), as_element(max_val, dtype))


def relu6(input: Tensor) -> Tensor:
    """``min(max(input, 0), 6)``."""
    return hardtanh(input, 0, 6)


@elementwise(kinds="fV")
@in_single
def hardsigmoid(input):
    """A sigmoid of three straight pieces: ``relu6(input + 3) / 6``."""
    return ufunc_clip(input + 3, 0, 6) / 6


hardsigmoid.gradient(input=lambda g, input: flat_in(keep(g / 6, (input > -3) & (input < 3)), input))


@rounded_once
def _hardswish_reference(input):
    return mul(input, hardsigmoid(input))


def _hardswish_and_slope(x, value, slope):
    part = np.add(x, 3, out=value)
    ufunc_clip(part, 0, 6, out=part)
    if slope is not None:
        inside = keep(x, np.abs(x) < 3)
        np.add(part, inside, out=slope)
        slope /= 6
    value *= x
    value /= 6


@fused(reference=_hardswish_reference)
def _hardswish(input, /):
    return with_slope(_hardswish_and_slope, input)


@_hardswish.backward
def _(g, wanted, slope):
    def gradient(g, slope):
        return keep(g * slope, slope != 0)  # not even infinity passes

    return (gradient(g, slope) if g.size < LARGE else in_tiles(gradient, g, slope),)


@takes_tensors
def hardswish(input: Tensor) -> Tensor:
    """``input * hardsigmoid(input)``."""
    check_floating("hardswish", input, complex=False)
    return _hardswish(input)


@primitive
def _threshold(input, /, threshold, value):
    return np.where(input <= threshold, value, input)


_threshold.gradient(
    input=lambda g, input, threshold: flat_in(keep(g, np.logical_not(input <= threshold)), input)
)


def threshold(input: Tensor, threshold: float, value: float) -> Tensor:
    """`input` where it is above `threshold`, `value` elsewhere."""
    check_ordered("threshold", input)
    dtype = input._data.dtype
    return _threshold(input, as_element(threshold, dtype), as_element(value, dtype))


@primitive
def _hardshrink(input, /, lambd):
    return keep(input, _outside(input, lambd))


@primitive
@in_single
def _softshrink(input, /, lambd):
    return input - np.minimum(np.maximum(input, -lambd), lambd)


def _outside(input, lambd):
    return np.logical_not((input >= -lambd) & (input <= lambd))


_hardshrink.gradient(input=lambda g, input, lambd: flat_in(keep(g, _outside(input, lambd)), input))
_softshrink.gradient(input=lambda g, input, lambd: flat_in(keep(g, _outside(input, lambd)), input))


@with_out
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """`input` outside [-lambd, lambd], 0 inside."""
    check_floating("hardshrink", input, complex=False)
    return _hardshrink(input, lambd)


@with_out
def softshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """`input` moved towards 0 by `lambd`, and 0 if it would pass it."""
    check_floating("softshrink", input, complex=False)
    if lambd < 0:
        raise RuntimeError(f"softshrink(): lambd must not be negative, got {lambd}")
    return _softshrink(input, lambd)
