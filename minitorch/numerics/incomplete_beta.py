"""The regularised incomplete beta function I_x(a, b) and its complement.

The continued fraction of Abramowitz & Stegun 26.5.8, evaluated by Lentz's method on the side of
the mean where it converges fast.
"""

from __future__ import annotations

import numpy as np

from .gamma import lgamma
from .tiles import Array

TINY, STEPS, TOLERANCE = 1e-300, 500, 1e-16


def betainc(a: Array, b: Array, x: Array) -> tuple[Array, Array]:
    """I_x(a, b) and 1 - I_x(a, b); the smaller one is accurate in relative terms."""
    a, b, x = (np.asarray(v, np.float64) for v in np.broadcast_arrays(a, b, x))
    swap = x > (a + 1) / (a + b + 2)
    p, q, z = np.where(swap, b, a), np.where(swap, a, b), np.where(swap, 1 - x, x)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        front = np.exp(p * np.log(z) + q * np.log1p(-z) + lgamma(p + q) - lgamma(p) - lgamma(q))
        small = front / p * _fraction(p, q, z)
    return np.where(swap, 1 - small, small), np.where(swap, small, 1 - small)


def _fraction(a: Array, b: Array, x: Array) -> Array:
    """The continued fraction ``1 / (1 + d1 / (1 + d2 / ...))``."""
    c = np.ones_like(x)
    d = 1 / _away(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, STEPS):
        for factor in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + factor * d)
            c = _away(1 + factor / c)
            value *= c * d
        if (np.abs(c * d - 1) <= TOLERANCE).all():
            break
    return value


def _away(x: Array) -> Array:
    """`x`, moved off zero."""
    return np.where(np.abs(x) < TINY, TINY, x)
