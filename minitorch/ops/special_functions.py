"""The error function, the gamma function, Bessel functions, and their families.

Values come from `minitorch.numerics`; here are names, checks and gradients.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.numerics import bessel, gamma, incomplete, normal
from minitorch.ops.checks import check_tensor, no_gradient
from minitorch.ops.exponential import xlogy
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import refusal, unify
from minitorch.ops.where import choose, keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "digamma",
    "erf",
    "erfc",
    "erfinv",
    "i0",
    "igamma",
    "igammac",
    "lgamma",
    "mvlgamma",
    "polygamma",
]

REAL = "biufV"
PEAK = 2 / math.sqrt(math.pi)  # of the derivative of erf
BELL = 1 / math.sqrt(2 * math.pi)  # of the normal density


# --- the normal distribution --------------------------------------------------------------------


@elementwise("float", kinds=REAL)
def erf(input):
    """The error function, ``2 / sqrt(pi)`` times the integral of ``exp(-t**2)`` from 0.

    >>> import minitorch
    >>> minitorch.erf(minitorch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8427])
    """
    return normal.erf(input)


@elementwise("float", kinds=REAL)
def erfc(input):
    """``1 - erf(input)``, exact also where that is tiny."""
    return normal.erfc(input)


@elementwise("float", kinds=REAL)
def erfcx(input):
    """``exp(input**2) * erfc(input)``."""
    return normal.erfcx(input)


@elementwise("float", kinds=REAL)
def erfinv(input):
    """The inverse of `erf` on (-1, 1)."""
    return normal.erfinv(input)


@elementwise("float", kinds=REAL)
def ndtr(input):
    """The probability that a standard normal number is below `input`."""
    return normal.ndtr(input)


@elementwise("float", kinds=REAL)
def ndtri(input):
    """The inverse of `ndtr` on (0, 1): the normal quantile."""
    return normal.ndtri(input)


@elementwise("float", kinds=REAL)
def log_ndtr(input):
    """``log(ndtr(input))``, also where `ndtr` underflows."""
    return normal.log_ndtr(input)


erf.gradient(input=lambda g, input: g * (np.exp(-input * input) * PEAK))
erfc.gradient(input=lambda g, input: g * (np.exp(-input * input) * -PEAK))
erfcx.gradient(input=lambda g, input, out: g * (input * out * 2 - PEAK))
erfinv.gradient(input=lambda g, out: g * (np.exp(out * out) / PEAK))
ndtr.gradient(input=lambda g, input: g * (np.exp(input * input * -0.5) * BELL))
ndtri.gradient(input=lambda g, out: g * (np.exp(out * out * 0.5) / BELL))


def _log_ndtr_rule(g, input, out):
    # On either side what does not overflow there, nor does its own derivative.
    above = np.exp(input * input * -0.5 - out) * BELL
    below = (2 * BELL) / erfcx(keep(input, input < 0) * -math.sqrt(0.5))
    return g * choose(input < 0, below, above)


log_ndtr.gradient(input=_log_ndtr_rule)


@elementwise("float", kinds=REAL)
def entr(input):
    """``-input * log(input)``: 0 at 0 and ``-inf`` below."""
    return np.where(input < 0, -np.inf, -xlogy(input, input))


entr.gradient(input=lambda g, input: g * (-1 - np.log(input)))


# --- the gamma function -------------------------------------------------------------------------


@elementwise("float", kinds=REAL)
def lgamma(input):
    """``log(abs(gamma(input)))``."""
    return gamma.lgamma(input)


@elementwise("float", kinds=REAL)
def digamma(input):
    """The derivative of `lgamma`."""
    return gamma.digamma(input)


@primitive
def _polygamma(input, /, n):
    return gamma.polygamma(n, input)


lgamma.gradient(input=lambda g, input: g * digamma(input))
digamma.gradient(input=lambda g, input: g * _polygamma(input, 1))
_polygamma.gradient(input=lambda g, input, n: g * _polygamma(input, n + 1))


def polygamma(n: int, input: Tensor, *, out: Any = None) -> Tensor:
    """The `n`-th derivative of `digamma`."""
    n = operator.index(n)
    if n < 0:
        raise RuntimeError(f"polygamma(): n must not be negative, got {n}")
    if n == 0:
        return digamma(input, out=out)
    check_real("polygamma", input)
    result = _polygamma(unify("polygamma", input, floats=True)[0], n)
    return result if out is None else store(out, result)


def check_real(name: str, input: Any) -> None:
    check_tensor(name, input)
    if input._data.dtype.kind == "c":
        raise refusal(name, (input._data,), TypeError())


def mvlgamma(input: Tensor, p: int, *, out: Any = None) -> Tensor:
    """The logarithm of the multivariate gamma function of dimension `p`."""
    check_real("mvlgamma", input)
    if p < 1 or input._data.dtype.kind == "b":
        raise RuntimeError(f"mvlgamma(): needs numbers and p >= 1, got {input.dtype} and p = {p}")
    (x,) = unify("mvlgamma", input, floats=True)
    result = lgamma(x) + p * (p - 1) / 4 * math.log(math.pi)
    for j in range(1, p):
        result = result + lgamma(x - j / 2)
    return result if out is None else store(out, result)


@elementwise("float", kinds=REAL, numbers="one")
def zeta(input, other):
    """Hurwitz's zeta function: the sum of ``(k + other) ** -input`` over k = 0, 1, 2, ..."""
    return gamma.zeta(input, other)


zeta.gradient(
    input=no_gradient("zeta"),
    other=lambda g, input, other: g * (-input * zeta.ufunc(input + 1, other)),
)


@elementwise(kinds="fV", numbers="none")
def igamma(input, other):
    """The regularised lower incomplete gamma function of `other`, with parameter `input`."""
    return incomplete.gammainc(input, other)


@elementwise(kinds="fV", numbers="none")
def igammac(input, other):
    """The regularised upper incomplete gamma function: ``1 - igamma(input, other)``."""
    return incomplete.gammaincc(input, other)


def _gamma_density(input, other):
    return np.exp((input - 1) * np.log(other) - other - lgamma(input))


igamma.gradient(
    input=no_gradient("igamma"),
    other=lambda g, input, other: g * _gamma_density(input, other),
)
igammac.gradient(
    input=no_gradient("igammac"),
    other=lambda g, input, other: g * -_gamma_density(input, other),
)


# --- Bessel functions ---------------------------------------------------------------------------


@elementwise("float", kinds=REAL)
def i0(input):
    """The modified Bessel function of the first kind, of order 0."""
    return bessel.i0(input)


@elementwise("float", kinds=REAL)
def i0e(input):
    """``exp(-abs(input)) * i0(input)``."""
    return bessel.i0e(input)


@elementwise("float", kinds=REAL)
def i1(input):
    """The modified Bessel function of the first kind, of order 1."""
    return bessel.i1(input)


@elementwise("float", kinds=REAL)
def i1e(input):
    """``exp(-abs(input)) * i1(input)``."""
    return bessel.i1e(input)


def _over(out, input):
    """``out / input`` for i1 and i1e: 1/2 at 0."""
    zero = input == 0
    return np.where(zero, 0.5, out / np.where(zero, 1, input))


i0.gradient(input=lambda g, input: g * i1(input))
i0e.gradient(input=lambda g, input, out: g * (i1e(input) - np.sign(input) * out))
i1.gradient(input=lambda g, input, out: g * (i0(input) - _over(out, input)))
i1e.gradient(
    input=lambda g, input, out: g * (i0e(input) - np.sign(input) * out - _over(out, input))
)
