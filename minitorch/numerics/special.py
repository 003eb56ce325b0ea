"""Special functions of arrays: all that NumPy lacks of ``torch.special``.

Each takes arrays (several are broadcast) and returns a new one of their dtype, float64 to a few
units in the last place, float32 to its own rounding; NaN and inf propagate as PyTorch's do.  The
short functions stand here; the others are grouped by idea and re-exported.
"""

from __future__ import annotations

import numpy as np

from .bessel import i0, i0e, i1, i1e
from .gamma import digamma, from_integer, lgamma, polygamma, zeta
from .incomplete import gammainc, gammaincc
from .normal import erf, erfc, erfcx, erfinv, log_ndtr, ndtr, ndtri
from .tiles import Array, elementwise

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "gammainc",
    "gammaincc",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "lgamma",
    "log_ndtr",
    "logit",
    "ndtr",
    "ndtri",
    "polygamma",
    "sinc",
    "xlog1py",
    "xlogy",
    "zeta",
]


def xlogy(x: Array, y: Array) -> Array:
    """x log(y), and 0 where x is 0 unless y is NaN."""
    return elementwise(lambda x, y: vanish(x, y, np.log(y)), x, y)


def xlog1py(x: Array, y: Array) -> Array:
    """x log(1 + y), and 0 where x is 0 unless y is NaN."""
    return elementwise(lambda x, y: vanish(x, y, np.log1p(y)), x, y)


def vanish(x: Array, y: Array, logarithm: Array) -> Array:
    """The product of `x` and `logarithm`, where zero times infinity is zero."""
    product = x * logarithm
    if not np.all(x):
        np.copyto(product, 0.0, where=(x == 0) & ~np.isnan(y))
    return product


def entr(x: Array) -> Array:
    """-x log(x), the summand of entropy: 0 at 0, -inf below."""

    def kernel(x: Array) -> Array:
        product = vanish(x, x, np.log(x))
        np.negative(product, out=product)
        np.copyto(product, -np.inf, where=x < 0)
        return product

    return elementwise(kernel, x)


def sinc(x: Array) -> Array:
    """sin(pi x) / (pi x), and 1 at 0; the sine is exactly 0 at the other integers."""

    def kernel(x: Array) -> Array:
        half = np.rint(x) * 0.5
        half -= np.floor(half)  # 0.5 where the nearest integer is odd and turns the sign
        sine = np.sin(np.pi * from_integer(x)) * (1.0 - 4.0 * half)
        sine /= np.pi * x
        np.copyto(sine, 1.0, where=x == 0)
        return sine

    return elementwise(kernel, x)


def logit(x: Array, eps: float | None = None) -> Array:
    """log(x / (1 - x)), accurate near 1/2 too; with `eps`, x is first clamped to [eps, 1 - eps]."""

    def kernel(x: Array) -> Array:
        if eps is not None:
            low, high = x.dtype.type(eps), 1 - x.dtype.type(eps)
            x = np.where(x < low, low, np.where(x > high, high, x))
        small = np.minimum(x + 0.0, 1.0 - x)  # + 0.0: the infinity below -0.0 would be negative
        # |2 x - 1| / small is one less than the odds of the likelier side, without cancellation
        size = np.log1p(np.abs(2.0 * x - 1.0) / small)
        tiny = (small > 0) & np.isinf(size)
        if tiny.any():
            np.copyto(size, -np.log(small), where=tiny)
        return np.copysign(size, x - 0.5)

    return elementwise(kernel, x)
