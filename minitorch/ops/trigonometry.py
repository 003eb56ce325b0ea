"""Circular and hyperbolic functions, and their inverses."""

from __future__ import annotations

import numpy as np

from minitorch.ops.primitive import elementwise
from minitorch.ops.promotion import in_single
from minitorch.ops.where import keep

__all__ = [
    "acos",
    "acosh",
    "arccos",
    "arccosh",
    "arcsin",
    "arcsinh",
    "arctan",
    "arctan2",
    "arctanh",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "cos",
    "cosh",
    "deg2rad",
    "rad2deg",
    "sin",
    "sinc",
    "sinh",
    "tan",
    "tanh",
]


@elementwise("float")
def sin(input):
    """The sine.

    >>> import minitorch
    >>> minitorch.sin(minitorch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """
    return np.sin(input)


sin.gradient(input=lambda g, input: g * np.cos(input))


@elementwise("float")
def cos(input):
    """The cosine."""
    return np.cos(input)


cos.gradient(input=lambda g, input: g * -np.sin(input))


@elementwise("float")
def tan(input):
    """The tangent."""
    return np.tan(input)


tan.gradient(input=lambda g, out: g * (1 + out * out))


@elementwise("float")
def asin(input):
    """The angle in [-pi/2, pi/2] whose sine is `input`; NaN outside [-1, 1]."""
    return np.arcsin(input)


asin.gradient(input=lambda g, input: g / np.sqrt(1 - input * input))


@elementwise("float")
def acos(input):
    """The angle in [0, pi] whose cosine is `input`; NaN outside [-1, 1]."""
    return np.arccos(input)


acos.gradient(input=lambda g, input: g / -np.sqrt(1 - input * input))


@elementwise("float")
def atan(input):
    """The angle in (-pi/2, pi/2) whose tangent is `input`."""
    return np.arctan(input)


atan.gradient(input=lambda g, input: g / (1 + input * input))


@elementwise("float", kinds="biufV", numbers="none")
def atan2(input, other):
    """The angle of the point with ordinate `input` and abscissa `other`, in [-pi, pi]."""
    return np.arctan2(input, other)


def _turned(g, input, other):
    """Across the ray through the point; 0 at the origin, where there is none (as in PyTorch)."""
    square = input * input + other * other
    return keep(g / np.where(square == 0, 1, square), square != 0)


atan2.gradient(
    input=lambda g, input, other: _turned(g * other, input, other),
    other=lambda g, input, other: _turned(g * -input, input, other),
)


@elementwise("float")
def sinh(input):
    """The hyperbolic sine."""
    return np.sinh(input)


sinh.gradient(input=lambda g, input: g * np.cosh(input))


@elementwise("float")
def cosh(input):
    """The hyperbolic cosine."""
    return np.cosh(input)


cosh.gradient(input=lambda g, input: g * np.sinh(input))


@elementwise("float", ufunc=np.tanh)
def tanh(input):
    """The hyperbolic tangent.

    >>> import minitorch
    >>> minitorch.tanh(minitorch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7616])
    """


tanh.gradient(input=lambda g, out: g * (1 - out * out))


@elementwise("float")
def asinh(input):
    """The inverse of `sinh`."""
    return np.arcsinh(input)


asinh.gradient(input=lambda g, input: g / np.sqrt(input * input + 1))


@elementwise("float")
def acosh(input):
    """The inverse of `cosh` on [1, inf); NaN below 1."""
    return np.arccosh(input)


# Two roots: for complex numbers, the root of the product would be on the wrong branch.
acosh.gradient(input=lambda g, input: g / (np.sqrt(input - 1) * np.sqrt(input + 1)))


@elementwise("float")
def atanh(input):
    """The inverse of `tanh` on (-1, 1); NaN outside [-1, 1]."""
    return np.arctanh(input)


atanh.gradient(input=lambda g, input: g / (1 - input * input))


@elementwise("float", kinds="biufV")
@in_single
def deg2rad(input):
    """Degrees to radians."""
    return input * (np.pi / 180)


deg2rad.gradient(input=lambda g: deg2rad(g))


@elementwise("float", kinds="biufV")
@in_single
def rad2deg(input):
    """Radians to degrees."""
    return input * (180 / np.pi)


rad2deg.gradient(input=lambda g: rad2deg(g))


@elementwise("float")
@in_single
def sinc(input):
    """``sin(pi * input) / (pi * input)``, and 1 at 0."""
    x = np.pi * np.where(input == 0, input.dtype.type(1e-20), input)
    return np.sin(x) / x


def _sinc_rule(g, input):
    x = np.pi * input
    return np.where(input == 0, 0, g * ((np.cos(x) * x - np.sin(x)) / (x * input)))


sinc.gradient(input=_sinc_rule)

arcsin, arccos, arctan, arctan2 = asin, acos, atan, atan2
arcsinh, arccosh, arctanh = asinh, acosh, atanh
