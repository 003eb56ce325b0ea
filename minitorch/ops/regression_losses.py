"""Losses between numbers: the squared error, the absolute one, and mixtures of both.

All take `input` and `target` of one shape (*) and give a number per element, their mean or sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.checks import check_floating
from minitorch.ops.fused import fused
from minitorch.ops.loss_reduction import (
    alike,
    check_same_shape,
    check_shapes,
    reduced_loss,
    reduction_of,
)  # fmt: skip
from minitorch.ops.operators import mul, sub
from minitorch.ops.powers import square
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import in_single
from minitorch.ops.reductions import mean, sum
from minitorch.ops.signs import abs
from minitorch.ops.sloped import by_slope, ufunc_clip, with_slope

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss"]


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``(input - target) ** 2``, averaged: the squared error.

    Different shapes are broadcast, with a warning: that is nearly always a mistake.

    >>> import minitorch
    >>> minitorch.nn.functional.mse_loss(minitorch.zeros(4), minitorch.full((4,), 2.0))
    tensor(4.)
    """
    how = reduction_of(reduction, size_average, reduce)
    if weight is None and how == "mean" and alike(input, target):
        return _mean_square(input, target)
    check_shapes("mse_loss", input, target)
    difference = sub(input, target)
    check_floating("mse_loss", difference, complex=False)
    loss = square(difference)
    if weight is not None:
        check_same_shape("mse_loss", input, weight, "weight")
        loss = mul(loss, weight)
        return sum(loss) / sum(weight) if how == "mean" else reduced_loss(loss, how)
    return reduced_loss(loss, how)


def _mean_square_reference(input: Any, target: Any) -> Any:
    return mean(square(sub(input, target)))


@fused(reference=_mean_square_reference)
def _mean_square(input, target, /):
    difference = input - target
    flat = difference.reshape(-1)
    if flat.dtype.itemsize == 2:  # half: too little room to add up in
        total = flat.astype(np.float32)
        return np.asarray(total.dot(total) / flat.size).astype(flat.dtype), (difference,)
    return np.asarray(flat.dot(flat) / flat.size), (difference,)


@_mean_square.backward
def _(g, wanted, difference):
    grad = difference * (float(g) * 2 / max(difference.size, 1))
    return grad if wanted[0] else None, -grad if wanted[1] else None


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """``abs(input - target)``, averaged: the absolute error.  The mean is weighted by `weight`.

    >>> import minitorch
    >>> minitorch.nn.functional.l1_loss(minitorch.zeros(4), minitorch.full((4,), 2.0))
    tensor(2.)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_shapes("l1_loss", input, target)
    loss = abs(sub(input, target))
    if weight is None:
        return reduced_loss(loss, how)
    check_same_shape("l1_loss", input, weight, "weight")
    loss = mul(loss, weight)
    return sum(loss) / sum(weight) if how == "mean" else reduced_loss(loss, how)


@primitive
@in_single
def _huber_reference(difference, /, delta, scale):
    size = np.abs(difference)
    bent = np.minimum(size, delta)
    return (size - bent / 2) * (bent * scale)


_huber_reference.gradient(
    difference=lambda g, difference, delta, scale: g * (_clip(difference, delta) * scale)
)


@primitive
def _clip(input, /, limit):
    """`input` kept between ``-limit`` and `limit`."""
    return np.minimum(np.maximum(input, -limit), limit)


_clip.gradient(input=lambda g, input, limit: g * (np.abs(input) < limit))


def _huber_and_slope(x, value, slope, delta, scale):
    bent = ufunc_clip(x, -delta, delta, out=slope)
    np.multiply(bent, -0.5, out=value)
    value += x
    value *= bent
    if scale != 1:
        value *= scale
        if slope is not None:
            slope *= scale


@fused(reference=_huber_reference)
def _huber(difference, /, delta, scale):
    """``difference ** 2 / 2`` up to `delta`, a straight line beyond it; times `scale`."""
    return with_slope(_huber_and_slope, difference, delta, scale)


_huber.backward(by_slope)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """`huber_loss` divided by `beta`: slope 1 beyond it; `l1_loss` if it is 0 (Girshick 2015).

    >>> import minitorch
    >>> x = minitorch.tensor([0.0, 1.0, 3.0])
    >>> minitorch.nn.functional.smooth_l1_loss(x, minitorch.zeros(3), reduction="none")
    tensor([0.0000, 0.5000, 2.5000])
    """
    how = reduction_of(reduction, size_average, reduce)
    check_shapes("smooth_l1_loss", input, target)
    if beta == 0:
        return reduced_loss(abs(sub(input, target)), how)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss(): beta must not be negative, got {beta}")
    difference = sub(input, target)
    check_floating("smooth_l1_loss", difference, complex=False)
    return reduced_loss(_huber(difference, beta, 1 / beta), how)


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    """``d ** 2 / 2`` of the difference d up to `delta`, ``delta * (abs(d) - delta / 2)`` beyond.

    As gentle as the squared error near the target, as robust as the absolute one far from it
    (Huber 1964).

    >>> import minitorch
    >>> x = minitorch.tensor([0.0, 1.0, 3.0])
    >>> minitorch.nn.functional.huber_loss(x, minitorch.zeros(3), reduction="none", delta=2)
    tensor([0.0000, 0.5000, 4.0000])
    """
    how = reduction_of(reduction, None, None)
    check_shapes("huber_loss", input, target)
    check_floating("huber_loss", input, complex=False)
    if not isinstance(delta, int | float):
        raise TypeError(f"huber_loss(): delta must be a number, got {type(delta).__name__}")
    if delta <= 0:
        raise RuntimeError(f"huber_loss(): delta must be positive, got {delta}")
    loss = _huber(sub(input, target), delta, 1)
    if weight is not None:
        check_same_shape("huber_loss", input, weight, "weight")
        loss = mul(loss, weight)
    return reduced_loss(loss, how)
