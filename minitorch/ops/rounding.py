"""Rounding, and division with remainder."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.checks import check_floating, check_tensor, no_gradient
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "ceil",
    "fix",
    "floor",
    "floor_divide",
    "fmod",
    "frac",
    "remainder",
    "round",
    "trunc",
]

NUMBERS = "iufV"


@elementwise(kinds=NUMBERS)
def floor(input):
    """The largest integer that is not larger.

    >>> import minitorch
    >>> minitorch.floor(minitorch.tensor([1.7, -1.7]))
    tensor([ 1., -2.])
    """
    return input.copy() if input.dtype.kind in "iu" else np.floor(input)


floor.gradient(input=lambda g: np.zeros_like(g))


@elementwise(kinds=NUMBERS)
def ceil(input):
    """The smallest integer that is not smaller."""
    return input.copy() if input.dtype.kind in "iu" else np.ceil(input)


ceil.gradient(input=lambda g: np.zeros_like(g))


@elementwise(kinds=NUMBERS)
def trunc(input):
    """The integer part: rounded towards zero."""
    return input.copy() if input.dtype.kind in "iu" else np.trunc(input)


trunc.gradient(input=lambda g: np.zeros_like(g))
fix = trunc


@elementwise(kinds="fV")
def frac(input):
    """The part after the point: ``input - trunc(input)``."""
    return input - np.trunc(input)


frac.gradient(input=lambda g: g)


@elementwise(kinds=NUMBERS)
def _round(input):
    return input.copy() if input.dtype.kind in "iu" else np.rint(input)


_round.gradient(input=lambda g: np.zeros_like(g))


def round(input: Tensor, *, decimals: int = 0, out: Any = None) -> Tensor:
    """The nearest integer, halves to the even one; or the nearest multiple of ``10**-decimals``.

    >>> import minitorch
    >>> x = minitorch.tensor([0.5, 1.5, 123.456])
    >>> minitorch.round(x), minitorch.round(x, decimals=-1)
    (tensor([  0.,   2., 123.]), tensor([  0.,   0., 120.]))
    """
    decimals = operator.index(decimals)
    if decimals == 0:
        return _round(input, out=out)
    check_tensor("round", input)
    check_floating("round", input, complex=False)
    result = _round_to(input, 10.0 ** abs(decimals), decimals > 0)
    return result if out is None else store(out, result)


@primitive
def _round_to(input, /, power, behind):
    """To a multiple of ``1 / power`` (`behind` the point) or of `power`."""
    if behind:
        return np.rint(input * power) / power
    return np.rint(input / power) * power


_round_to.gradient(input=lambda g: np.zeros_like(g))


def _check_divisor(input: Any, other: Any) -> None:
    """Integers refuse to be divided by zero; floating numbers give inf or NaN."""
    array = input if isinstance(input, np.ndarray) else other
    if array.dtype.kind in "iu" and not np.all(other):
        raise RuntimeError("ZeroDivisionError: an integer was divided by zero")


@elementwise(kinds=NUMBERS)
def _div_floor(input, other):
    _check_divisor(input, other)
    return np.floor_divide(input, other)


@elementwise(kinds=NUMBERS)
def _div_trunc(input, other):
    _check_divisor(input, other)
    if input.dtype.kind in "iu":
        return np.floor_divide(input - np.fmod(input, other), other)
    return np.trunc(np.true_divide(input, other))


_div_floor.gradient(input=lambda g: np.zeros_like(g), other=lambda g: np.zeros_like(g))
_div_trunc.gradient(input=lambda g: np.zeros_like(g), other=lambda g: np.zeros_like(g))


@elementwise(kinds=NUMBERS)
def floor_divide(input, other):
    """``input // other``: the quotient rounded down.

    >>> import minitorch
    >>> minitorch.floor_divide(minitorch.tensor([7, -7]), 2)
    tensor([ 3, -4])
    """
    _check_divisor(input, other)
    return np.floor_divide(input, other)


floor_divide.gradient(input=no_gradient("floor_divide"), other=no_gradient("floor_divide"))


@elementwise(kinds=NUMBERS, numbers="one")
def remainder(input, other):
    """``input % other`` as in Python: the result has the sign of `other`."""
    _check_divisor(input, other)
    return np.remainder(input, other)


remainder.gradient(
    input=lambda g: g,
    other=lambda g, input, other: g * -_div_floor.ufunc(input, other),
)


@elementwise(kinds=NUMBERS, numbers="other")
def fmod(input, other):
    """The remainder as in C: the result has the sign of `input`."""
    _check_divisor(input, other)
    return np.fmod(input, other)


fmod.gradient(
    input=lambda g: g,
    other=lambda g, input, other: g * -np.trunc(np.true_divide(input, other)),
)
