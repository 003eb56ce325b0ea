"""Absolute values and signs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.checks import check_tensor, no_gradient
from minitorch.ops.complex_numbers import _conj
from minitorch.ops.primitive import elementwise
from minitorch.ops.where import keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "abs",
    "absolute",
    "copysign",
    "heaviside",
    "nextafter",
    "sgn",
    "sign",
    "signbit",
]


@elementwise(kinds="iufcV")
def abs(input):
    """The absolute value.

    >>> import minitorch
    >>> minitorch.abs(minitorch.tensor([-1.5, 2.0])), minitorch.abs(minitorch.tensor([3 + 4j]))
    (tensor([1.5000, 2.0000]), tensor([5.]))
    """
    return np.abs(input)


def sign_of(x):
    """The signs of an array; 0 for NaN (of which np.sign is NaN), as in PyTorch."""
    if x.dtype.kind in "biu":
        return x.copy() if x.dtype.kind == "b" else np.sign(x)
    above, below = np.greater(x, 0), np.less(x, 0)
    return np.subtract(above, below, dtype=np.int8).astype(x.dtype)


@elementwise(kinds="biufV")
def sign(input):
    """-1, 0 or 1; 0 for NaN, as in PyTorch."""
    return sign_of(input)


@elementwise()
def sgn(input):
    """``input / abs(input)``, and 0 at 0: `sign`, for complex numbers too."""
    if not np.iscomplexobj(input):
        return sign_of(input)
    size = np.abs(input)
    return np.where(size == 0, 0, input / size)


def _sgn_rule(g, input, out):
    if not np.iscomplexobj(input):
        return np.zeros_like(g)
    across = g - _conj(out) * np.real(out * g)  # only turning changes the sign
    return np.where(input == 0, 0, across / np.abs(input))


abs.gradient(input=lambda g, input: g * _conj(sgn(input)))
sign.gradient(input=lambda g: np.zeros_like(g))
sgn.gradient(input=_sgn_rule)


@elementwise(kinds="biufV")
def signbit(input):
    """Whether the sign is negative; true also for -0.0."""
    return input < 0 if input.dtype.kind in "biu" else np.signbit(input)


@elementwise("float", kinds="biufV", numbers="other")
def copysign(input, other):
    """The absolute value of `input` with the sign of `other` (-0.0 and NaN have one, too)."""
    return np.copysign(input, other)


copysign.gradient(
    input=lambda g, input, out: keep(g * (out / input), input != 0),
    other=lambda g: np.zeros_like(g),
)


@elementwise(kinds="biufV", numbers="none")
def _heaviside(input, other):
    return np.where(input == 0, other, input > 0).astype(input.dtype)


_heaviside.gradient(input=no_gradient("heaviside"), other=no_gradient("heaviside"))


def heaviside(input: Tensor, values: Tensor, *, out: Any = None) -> Tensor:
    """0 below zero, 1 above, and `values` at zero; both of one dtype."""
    check_tensor("heaviside", input, values)
    if input._data.dtype != values._data.dtype:
        raise RuntimeError(
            f"heaviside() takes two tensors of one dtype, got {input.dtype} and {values.dtype}"
        )
    return _heaviside(input, values, out=out)


@elementwise(kinds="fV", numbers="none")
def nextafter(input, other):
    """The next floating number after `input`, on the way to `other`."""
    return np.nextafter(input, other)


nextafter.gradient(
    input=lambda g, input, other: keep(g, input != other), other=lambda g: np.zeros_like(g)
)

absolute = abs
