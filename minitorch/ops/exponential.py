"""Exponentials and logarithms."""

from __future__ import annotations

import numpy as np

from minitorch.ops.primitive import elementwise
from minitorch.ops.where import keep

__all__ = [
    "exp",
    "exp2",
    "expm1",
    "log",
    "log10",
    "log1p",
    "log2",
    "logaddexp",
    "logaddexp2",
    "xlog1py",
    "xlogy",
]

LN2 = float(np.log(2.0))
LN10 = float(np.log(10.0))


@elementwise("float", ufunc=np.exp)
def exp(input):
    """``e ** input``.

    >>> import minitorch
    >>> minitorch.exp(minitorch.tensor([0.0, 1.0]))
    tensor([1.0000, 2.7183])
    """


exp.gradient(input=lambda g, out: g * out)


@elementwise("float")
def exp2(input):
    """``2 ** input``."""
    return np.exp(input * LN2) if np.iscomplexobj(input) else np.exp2(input)


exp2.gradient(input=lambda g, out: g * out * LN2)


@elementwise("float")
def expm1(input):
    """``e ** input - 1``, exact also near 0."""
    return np.expm1(input)


expm1.gradient(input=lambda g, out: g * (out + 1))


@elementwise("float", ufunc=np.log)
def log(input):
    """The natural logarithm: ``-inf`` at 0, NaN below (complex numbers have one everywhere).

    >>> import minitorch
    >>> minitorch.log(minitorch.tensor([1.0, 0.0, -1.0]))
    tensor([0., -inf, nan])
    """


log.gradient(input=lambda g, input: g / input)


@elementwise("float")
def log2(input):
    """The logarithm to base 2."""
    return np.log2(input)


log2.gradient(input=lambda g, input: g / (input * LN2))


@elementwise("float")
def log10(input):
    """The logarithm to base 10."""
    return np.log10(input)


log10.gradient(input=lambda g, input: g / (input * LN10))


@elementwise("float")
def log1p(input):
    """``log(1 + input)``, exact also near 0."""
    return np.log1p(input)


log1p.gradient(input=lambda g, input: g / (input + 1))


@elementwise(kinds="fcV", numbers="none")
def logaddexp(input, other):
    """``log(exp(input) + exp(other))`` without overflow."""
    if not np.iscomplexobj(input) and not np.iscomplexobj(other):
        return np.logaddexp(input, other)
    first = np.real(input) >= np.real(other)
    larger, smaller = np.where(first, input, other), np.where(first, other, input)
    return np.where(
        np.isinf(np.real(larger)) & (larger == smaller),
        larger,
        larger + np.log1p(np.exp(smaller - larger)),
    )


logaddexp.gradient(
    input=lambda g, input, other: g / (1 + np.exp(other - input)),
    other=lambda g, input, other: g / (1 + np.exp(input - other)),
)


@elementwise(kinds="fV", numbers="none")
def logaddexp2(input, other):
    """``log2(2**input + 2**other)`` without overflow."""
    return np.logaddexp2(input, other)


logaddexp2.gradient(
    input=lambda g, input, other: g / (1 + np.exp2(other - input)),
    other=lambda g, input, other: g / (1 + np.exp2(input - other)),
)


def _beside(x, array):
    """A number in the dtype of the array beside it: NumPy's functions of numbers are double."""
    return x if isinstance(x, np.ndarray | np.generic) else np.asarray(x, array.dtype)


@elementwise("float", kinds="biufV", numbers="one")
def xlogy(input, other):
    """``input * log(other)``, and 0 where `input` is 0 (unless `other` is NaN).

    >>> import minitorch
    >>> minitorch.xlogy(minitorch.tensor([0.0, 2.0]), minitorch.tensor([0.0, 1.0]))
    tensor([0., 0.])
    """
    other = _beside(other, input)
    return np.where((input == 0) & ~np.isnan(other), 0, input * np.log(other))


xlogy.gradient(
    input=lambda g, input, other: keep(xlogy(g, other), (input != 0) | (other > 0)),
    other=lambda g, input, other: g * (input / other),
)


@elementwise("float", kinds="biufV", numbers="one")
def xlog1py(input, other):
    """``input * log(1 + other)``, and 0 where `input` is 0 (unless `other` is NaN)."""
    other = _beside(other, input)
    return np.where((input == 0) & ~np.isnan(other), 0, input * np.log1p(other))


xlog1py.gradient(
    input=lambda g, input, other: keep(xlog1py(g, other), (input != 0) | (other > -1)),
    other=lambda g, input, other: g * (input / (other + 1)),
)
