"""The regularised incomplete gamma functions P(a, x) and Q(a, x) = 1 - P(a, x).

After Gautschi (1979) and DiDonato & Morris (1986): wherever (a, x) lies, one method computes the
one of the two that is not near one, and the other is its complement.  Temme's uniform expansion
(1979; DLMF 8.12) serves large a with x near it; else the power series (Abramowitz & Stegun 6.5.29)
to the left of a and the continued fraction (6.5.31) to the right; and for small a and x a form
that keeps Q's relative accuracy.
"""

from __future__ import annotations

from functools import cache, partial

import numpy as np

from .gamma import HALF_LOG_2PI, STIRLING_FROM, lgamma_kernel, lgamma_one_plus, stirling
from .normal import scaled_tail
from .tiles import Array, Coefficients, elementwise_in_double, horner, piecewise


def gammainc(a: Array, x: Array) -> Array:
    """P(a, x): the share of gamma(a) that the integral has gathered at x."""
    return elementwise_in_double(lower_kernel, a, x)


def gammaincc(a: Array, x: Array) -> Array:
    """Q(a, x) = 1 - P(a, x), accurate where it is small."""
    return elementwise_in_double(upper_kernel, a, x)


def lower_kernel(a: Array, x: Array, short: bool) -> Array:
    value = signed(a, x, short)
    return np.where(np.signbit(value), 1.0 + value, value)


def upper_kernel(a: Array, x: Array, short: bool) -> Array:
    value = signed(a, x, short)
    return np.where(np.signbit(value), -value, 1.0 - value)


def signed(a: Array, x: Array, short: bool) -> Array:
    """P where that is what the method for (a, x) yields, -Q (or -0.0) elsewhere."""
    a, x = np.broadcast_arrays(a, x)
    inside = (a > 0) & (x > 0) & np.isfinite(a) & np.isfinite(x)
    near = inside & (a >= TEMME_FROM) & (np.abs(x - a) <= TEMME_WITHIN * a)
    right = inside & ~near & (x > 1.1) & (x >= a)
    # for small x: is Q the smaller?
    few = np.where(x <= 0.5, -0.4 / np.log(x) >= a, 1.1 * x >= a)
    corner = inside & (x <= 1.1) & few
    left = inside & ~(near | right | corner)
    tolerance = 1e-9 if short else 1e-16
    return piecewise(
        [
            (near, temme),
            (right, partial(continued_fraction, tolerance=tolerance)),
            (corner, partial(small_upper, tolerance=tolerance)),
            (left, partial(power_series, tolerance=tolerance)),
            (~inside, edges),
        ],
        a,
        x,
    )


def edges(a: Array, x: Array) -> Array:
    value = np.where((x == 0) | np.isinf(a), 0.0, 1.0)  # a = 0: all mass at 0; x = inf: all of it
    unknown = (a < 0) | (x < 0) | ((a == 0) & (x == 0)) | (np.isinf(a) & np.isinf(x))
    value[unknown | np.isnan(a) | np.isnan(x)] = np.nan
    return value


def power_series(a: Array, x: Array, tolerance: float) -> Array:
    """P, by terms that shrink at least as x / (a + n)."""
    n = a + 1.0
    term = x / n
    total = 1.0 + term
    while np.any(term > tolerance * total):
        n += 1.0
        term *= x
        term /= n
        total += term
    return total * density(a, x)


def continued_fraction(a: Array, x: Array, tolerance: float) -> Array:
    """-Q, from x = a on; Steed's algorithm sums the steps from one convergent to the next."""
    b = x - a + 1.0
    d = 1.0 / b
    step = d.copy()
    total = d.copy()
    n = 0.0
    while np.any(np.abs(step) > tolerance * total):
        n += 1.0
        b += 2.0
        c = n * (a - n)
        d *= c
        d += b
        np.reciprocal(d, out=d)
        step *= b * d - 1.0
        total += step
    return -total * a * density(a, x)


def small_upper(a: Array, x: Array, tolerance: float) -> Array:
    """-Q from the alternating series of P / x**a, whose leading one never meets P's own."""
    term = -x
    total = term / (a + 1.0)
    n = 1.0
    while np.any(np.abs(term) > tolerance * np.abs(total)):
        n += 1.0
        term = term * x / -n
        total += term / (a + n)
    logarithm = a * np.log(x) - lgamma_one_plus(a, short=False)
    return -np.abs(np.expm1(logarithm) + np.exp(logarithm) * a * total)


def density(a: Array, x: Array) -> Array:
    """x**a exp(-x) / gamma(a + 1), its factors balanced against each other for large a."""

    def small(a: Array, x: Array) -> Array:
        return np.exp(a * np.log(x) - x - lgamma_kernel(a + 1.0, short=False))

    def large(a: Array, x: Array) -> Array:
        return np.exp(-divergence(a, x) - stirling(a, short=False) - HALF_LOG_2PI) / np.sqrt(a)

    high = a >= STIRLING_FROM
    return piecewise([(high, large), (~high, small)], a, x)


def divergence(a: Array, x: Array) -> Array:
    """a (m - log(1 + m)) with m = x / a - 1: about (x - a)**2 / (2 a) when x is near a."""

    def near(a: Array, x: Array) -> Array:
        r = (x - a) / (x + a)  # log(1 + m) = 2 artanh(r)
        square = r * r
        return (x - a) * r - 2.0 * a * r * square * horner(square, ARTANH)

    close = np.abs(x - a) < 0.25 * (x + a)
    return piecewise([(close, near), (~close, lambda a, x: x - a - a * np.log(x / a))], a, x)


# (artanh(r) - r) / r**3 in r**2
ARTANH = [np.array(1.0 / (2 * k + 3)) for k in reversed(range(14))]

# ----------------------------------------------------------------------------- Temme's expansion

TEMME_FROM, TEMME_WITHIN = 32.0, 0.3
TEMME_ORDER, TEMME_DEGREE = 9, 16


def temme(a: Array, x: Array) -> Array:
    """P to the left of a, -Q to the right: half an erfc and a correction in powers of 1 / a."""
    exponent = divergence(a, x)
    eta = np.copysign(np.sqrt(2.0 * exponent / a), x - a)
    correction = np.zeros_like(a)
    for coefficients in reversed(temme_table()):
        correction /= a
        correction += horner(eta, coefficients)
    correction /= np.sqrt(2.0 * np.pi * a)
    half = np.copysign(0.5 * scaled_tail(np.sqrt(exponent), short=False), eta)
    return -np.exp(-exponent) * (half + correction)


@cache
def temme_table() -> list[Coefficients]:
    """The correction's coefficients of a**-k, as polynomials in eta, in exact arithmetic.

    With m = x / a - 1 a power series in eta, let f = eta / m.  The coefficients of f's even powers
    give those of Stirling's series, and DLMF 8.12.10 all the rest.
    """
    from fractions import Fraction  # not at the top: it costs as much to import as this whole file

    length = TEMME_DEGREE + 2 * TEMME_ORDER + 2
    m = [Fraction(0), Fraction(1)]
    for n in range(2, length + 1):
        m.append((m[n - 1] - sum(k * m[k] * m[n - k + 1] for k in range(2, n))) / (n + 1))
    f = [Fraction(1)]
    for n in range(1, length):
        f.append(-sum((m[k + 1] * f[n - k] for k in range(1, n + 1)), Fraction(0)))
    row, odd = f[1:], 1
    table: list[Coefficients] = []
    for k in range(TEMME_ORDER + 1):
        degree = TEMME_DEGREE - 3 * k // 2  # less is needed of what is divided by a**k
        table.append([np.array(float(c)) for c in reversed(row[: degree + 1])])
        odd *= -(2 * k + 1)
        row = [(n + 2) * row[n + 2] + odd * f[2 * k + 2] * f[n + 1] for n in range(len(row) - 2)]
    return table
