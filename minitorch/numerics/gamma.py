"""The logarithm of the gamma function, its derivatives, and Hurwitz's zeta function.

Three regions serve all of them.  From 4 up, Stirling's series (Abramowitz & Stegun 6.1.40, 6.3.18,
6.4.11), economised to a short ratio in 1 / x**2.  Around the zeros, from -1/2 to 4, a ratio times
the zeros' own factors, so that relative accuracy survives there.  Left of that, the reflection
formulas (6.1.17, 6.3.7, 6.4.7).  The coefficients are our own minimax fits.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np

from .tiles import Array, Tables, elementwise_in_double, piecewise, ratio, read_ratio

STIRLING_FROM = 4.0  # the tables below begin or end here
REFLECT_BELOW = -0.5

# ---------------------------------------------------------------------------------------- lgamma


def lgamma(x: Array) -> Array:
    """log(|gamma(x)|); infinite at zero and at the negative integers."""
    return elementwise_in_double(lgamma_kernel, x)


def lgamma_kernel(x: Array, short: bool) -> Array:
    def large(x: Array) -> Array:
        return (x - 0.5) * (np.log(x) - 1.0) + (HALF_LOG_2PI - 0.5) + stirling(x, short)

    def middle(x: Array) -> Array:
        low = x < 0.5  # gamma(x) = gamma(1 + x) / x
        y = x - ~low
        return lgamma_one_plus(y, short) - np.log(np.where(low, np.abs(x), 1.0))

    def left(x: Array) -> Array:
        sine = np.abs(np.sin(np.pi * from_integer(x)))
        value = np.log(np.pi / sine) - lgamma_kernel(1.0 - x, short=False)  # may cancel
        value[(sine == 0) | np.isinf(x)] = np.inf
        return value

    above, below = x >= STIRLING_FROM, x <= REFLECT_BELOW
    return piecewise([(above, large), (below, left), (~(above | below), middle)], x)


def lgamma_one_plus(y: Array, short: bool) -> Array:
    """lgamma(1 + y) for y from -1/2 to 3, accurate at its zeros 0 and 1."""
    return ratio(y + 0.5, LGAMMA_MIDDLE[short]) * y * (y - 1.0)


def stirling(x: Array, short: bool) -> Array:
    """What Stirling's formula for lgamma leaves out, for x >= 4."""
    t = 1.0 / x
    return t * ratio(t * t, LGAMMA_LARGE[short])


def from_integer(x: Array) -> Array:
    """The exact signed distance to the nearest integer: sines of pi x need it to be small."""
    return x - np.rint(x)


HALF_LOG_2PI = 0.9189385332046728

# lgamma(1 + y) / (y (y - 1)) in y + 1/2, so that all coefficients are positive and nothing
# cancels; relative error 3e-17 and 3e-9
LGAMMA_MIDDLE: Tables = (
    read_ratio("""
        1.4099098324095397e-06 0.0009822486215691013 0.043398166898249525 0.5843505119080443
        3.356638137815483 9.54252479804674 14.38490552673487 11.634567481118193 4.744765980835359
        0.7631532572329335
        /
        0.00023414574900233577 0.016414161658729436 0.3221090921681991 2.6353589795016594
        10.670489707714204 23.337666373594192 28.65644904829773 19.637377798921378
        6.981171797077979 1.0
    """),
    read_ratio("""
        0.01989222995 0.42434158428 1.7639051158 2.1641243521 0.76315325462
        /
        0.0048565391688 0.21374417241 1.6909415346 4.1203320233 3.5996202297 1.0
    """),
)
# x times the remainder of Stirling's formula in 1 / x**2; of lgamma, 5e-17 and 3e-10
LGAMMA_LARGE: Tables = (
    read_ratio("""
        0.02976766603758699 0.32271021411644074 0.38480245025680965 0.08333333333333294
        /
        0.45399407327791347 4.018030853431033 4.650962736406861 1.0
    """),
    read_ratio("""
        0.020095620563 0.083333330998
        /
        0.27447241551 1.0
    """),
)

# ------------------------------------------------------------------------- digamma and polygamma


def digamma(x: Array) -> Array:
    """The derivative of lgamma: infinite at zero, against its sign; NaN at negative integers."""
    return elementwise_in_double(digamma_kernel, x)


def digamma_kernel(x: Array, short: bool) -> Array:
    def large(x: Array) -> Array:
        t = 1.0 / x
        square = t * t
        return np.log(x) - 0.5 * t - square * ratio(square, DIGAMMA_LARGE[short])

    def middle(x: Array) -> Array:
        low = x < 0.5  # digamma(x) = digamma(1 + x) - 1 / x
        y = x - ~low
        return ratio(y + 0.5, DIGAMMA_MIDDLE[short]) * ((y - ROOT) - ROOT_REST) - low / x

    def left(x: Array) -> Array:
        r = from_integer(x)
        r[r == 0] = np.nan
        return digamma_kernel(1.0 - x, short=False) - np.pi / np.tan(np.pi * r)  # may cancel

    above, below = x >= STIRLING_FROM, x <= REFLECT_BELOW
    return piecewise([(above, large), (below, left), (~(above | below), middle)], x)


def polygamma(n: int, x: Array) -> Array:
    """The n-th derivative of digamma (Abramowitz & Stegun 6.4.10 from n = 2 on)."""
    if n < 0:
        raise ValueError(f"polygamma(n, x) is a derivative: n must not be negative, but is {n}")
    if n == 0:
        return digamma(x)
    if n == 1:
        return elementwise_in_double(trigamma_kernel, x)
    return elementwise_in_double(partial(polygamma_kernel, n), x)


def trigamma_kernel(x: Array, short: bool) -> Array:
    def large(x: Array) -> Array:
        t = 1.0 / x
        square = t * t
        return t + 0.5 * square + t * square * ratio(square, TRIGAMMA_LARGE[short])

    def middle(x: Array) -> Array:
        low = x < 0.5  # trigamma(x) = trigamma(1 + x) + 1 / x**2
        return ratio((x - 0.5) + low, TRIGAMMA_MIDDLE[short]) + low / (x * x)

    def left(x: Array) -> Array:
        cosecant = np.pi / np.sin(np.pi * from_integer(x))
        return cosecant * cosecant - trigamma_kernel(1.0 - x, short)

    above, below = x >= STIRLING_FROM, x <= REFLECT_BELOW
    return piecewise([(above, large), (below, left), (~(above | below), middle)], x)


def polygamma_kernel(n: int, x: Array, short: bool) -> Array:
    factorial = math.exp(math.lgamma(n + 1)) if n > 170 else float(math.factorial(n))
    return (factorial if n % 2 else -factorial) * zeta_kernel(np.full_like(x, n + 1), x, short)


# The positive zero of digamma, less one: a double and what it leaves
ROOT, ROOT_REST = 0.46163214496836236, -1.5522348162858677e-17

# digamma(1 + y) / (y - root) in y + 1/2, relative error 5e-17 and 3e-9
DIGAMMA_MIDDLE: Tables = (
    read_ratio("""
        1.8483100260920852e-07 0.00017139102369352141 0.0091094178403686 0.14789843300850977
        1.0017084017666278 3.1133857747101485 4.290374118165825 2.041851487905516
        /
        3.2577626209403894e-05 0.0024822212610119973 0.05360404551143487 0.4776275502862446
        2.003752792858396 4.038164394443995 3.5745742499871005 1.0
    """),
    read_ratio("""
        0.00054095935896 0.10896088842 1.1969977934 3.1225477614 2.041851482
        /
        0.027541379844 0.51680242366 2.2569374113 3.0026291071 1.0
    """),
)
# x**2 (log(x) - 1 / (2 x) - digamma(x)) in 1 / x**2; of digamma, 1e-17 and 7e-10
DIGAMMA_LARGE: Tables = (
    read_ratio("""
        -0.011381685905277565 0.33482607667664654 1.1367014129902828 0.6587659865102655
        0.08333333333333316
        /
        5.126044737949256 14.393317093941386 8.005191838118408 1.0
    """),
    read_ratio("""
        0.029471045522 0.083333319653
        /
        0.45360293815 1.0
    """),
)
# trigamma(1 + y) in y + 1/2, relative error 3e-18 and 8e-9
TRIGAMMA_MIDDLE: Tables = (
    read_ratio("""
        0.07888669581245462 0.9532852934206236 5.0364129230556465 14.971747550691155
        26.935791119205113 29.32947493840774 18.02589782997731 4.934802200544679
        /
        0.07888669594536317 0.9532852887895652 5.042986893103134 15.051187117205563
        27.353746324766206 30.55589018495642 20.160353382421 7.063037799238343 1.0
    """),
    read_ratio("""
        4.778102961e-05 3.3954367118 10.331784055 11.49355839 4.9348021614
        /
        3.3961552589 10.3269316 11.796439386 5.7393076154 1.0
    """),
)
# x**3 (trigamma(x) - 1 / x - 1 / (2 x**2)) in 1 / x**2; of trigamma, 1e-16 and 1e-10
TRIGAMMA_LARGE: Tables = (
    read_ratio("""
        -0.06245645886231301 1.0666508243909514 3.104159193950209 1.5246268783317232
        0.1666666666666646
        /
        9.334838702599926 20.3516502867969 9.347761269960287 1.0
    """),
    read_ratio("""
        -0.01891174419 0.17978422598 0.16666666463
        /
        1.2786986149 1.0
    """),
)

# ------------------------------------------------------------------------------------------ zeta


def zeta(s: Array, q: Array) -> Array:
    """Hurwitz's zeta function: the sum of (q + k)**-s over k = 0, 1, 2, ... for s > 1.

    Infinite at s = 1 and where a term is, NaN for s < 1 and for powers of negative numbers that
    are not real.
    """
    return elementwise_in_double(zeta_kernel, s, q)


def zeta_kernel(s: Array, q: Array, short: bool) -> Array:
    s, q = np.broadcast_arrays(s, q)

    def below(s: Array, q: Array) -> Array:
        """Not above 0, only integral s: the terms on either side of 0, each a zeta function."""
        first, last = q - np.floor(q), np.ceil(q) - q  # sizes of the terms next to 0
        sign = np.where(s % 2 == 0, 1.0, -1.0)
        value = euler_maclaurin(s, first)
        value += sign * (euler_maclaurin(s, last) - euler_maclaurin(s, 1.0 - q))
        value[s != np.floor(s)] = np.nan
        value[(first == 0) | np.isinf(s) | np.isinf(q)] = np.inf
        return value

    negative = q <= 0
    value = piecewise([(negative, below), (~negative, euler_maclaurin)], s, q)
    value[(q == np.inf) & (s > 1)] = 0.0
    value[s == 1] = np.inf
    value[s < 1] = np.nan
    return value


def euler_maclaurin(s: Array, q: Array) -> Array:
    """The first terms singly; the rest as an integral, half a term, derivatives (A&S 23.1.30)."""
    a = q + TERMS
    power = a**-s
    total = power * (a / (s - 1.0) + 0.5)
    step = np.minimum(s, 1e50)  # further out the powers are 0, which must not meet infinity
    power = power * step / a
    square = 1.0 / (a * a)
    for k, coefficient in enumerate(EULER_MACLAURIN):
        total += coefficient * power
        power *= (step + (2 * k + 1)) * (step + (2 * k + 2)) * square
    for k in reversed(range(TERMS)):
        total += (q + k) ** -s
    return total


TERMS = 9
# Bernoulli numbers over factorials: B(2k) / (2k)!
EULER_MACLAURIN = tuple(
    b / math.factorial(2 * k + 2)
    for k, b in enumerate(
        (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798)
    )
)
