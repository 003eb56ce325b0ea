"""The error function's family, and the normal distribution's, which is the same one.

Two rational functions carry it.  erf(x) is tanh(x r(x**2)), the familiar tanh form of GELU carried
to full precision: tanh saturates as erf does, so errors in r die out where erf is flat, and one
formula does for the whole line.  exp(x**2) erfc(x) is a ratio from 0 to infinity; the tails are it
times exp(-x**2), with x split as in Cody (1969) to make the exponent exact.  The quantiles divide
the unit interval as Wichura's AS 241 (1988) does.  All coefficients are our own minimax fits
(Remez exchange in 90 digits).
"""

from __future__ import annotations

import numpy as np

from .tiles import (
    SINGLE,
    Array,
    Tables,
    elementwise,
    elementwise_in_double,
    piecewise,
    ratio,
    read_polynomial,
    read_ratio,
)

SQRT_HALF = 0.7071067811865476
TWO_OVER_ROOT_PI = 1.1283791670955126

# ------------------------------------------------------------------------------------------- erf


def erf(x: Array) -> Array:
    """The error function: 2 / sqrt(pi) times the integral of exp(-t**2) from 0 to x.

    The heart of exact GELU, so float32 is computed in float32.
    """
    return elementwise(erf_kernel, x)


def erf_kernel(x: Array) -> Array:
    y = np.clip(x, -6.0, 6.0)  # where erf has long been rounded to one
    square = y * y
    r = ratio(square, ERF[x.dtype == SINGLE])
    r *= square
    r += TWO_OVER_ROOT_PI  # much the larger part: its rounding is nearly all there is
    y *= r
    return np.tanh(y, out=y)


def bell_and_below(x: Array, bell: Array, below: Array) -> None:
    """Write x exp(-x**2 / 2), and the probability that a normal number is below x: GELU's parts.

    The probability is right to what counts beside 1.  In single precision one polynomial in the
    exponent does for it, a quarter less work than through `erf_kernel`; its absolute error is 3e-8.
    """
    np.multiply(x, -0.5, out=bell)
    bell *= x
    if x.dtype == SINGLE:
        # Far out, where the fit ends, the polynomial goes on to infinity, and so tanh to 1.
        np.multiply(bell, BELOW[0], out=below)
        for c in BELOW[1:-1]:
            below += c
            below *= bell
        below += BELOW[-1]
        below *= x
        np.tanh(below, out=below)
    else:
        below[...] = erf_kernel(x * SQRT_HALF)
    below += 1
    below *= 0.5
    np.exp(bell, out=bell)
    bell *= x


# atanh(erf(x / sqrt(2))) / x in -x**2 / 2
BELOW = read_polynomial(
    """
    1.12395078e-07 4.23242934e-06 6.34359248e-05 4.42449585e-04 -1.30379865e-04 -7.26661692e-02
    7.97884941e-01
    """,
    SINGLE,
)

# (atanh(erf(x)) / x - 2 / sqrt(pi)) / x**2 in x**2; relative error of erf: 1e-17 and 3e-9
ERF: Tables = (
    read_ratio("""
        4.36158973235366e-10 4.900919970835212e-08 1.382457166543707e-06 2.439076601771744e-05
        0.0002849541422328133 0.002340366050638866 0.013262273421742679 0.04833644829536093
        0.10277260330193821
        /
        2.8743382876878344e-11 1.3842295316621429e-08 8.064165464246229e-07 1.9102817749938407e-05
        0.00030336997519843194 0.0032728126306725246 0.02513311759107094 0.13574835278571903
        0.4723597668632663 1.0
    """),
    read_ratio(
        """
        0.001811611203 0.0159152844 0.1027725117
        /
        0.0003249152407 0.02368961623 0.156892055 1.0
    """,
        SINGLE,
    ),
)

# ------------------------------------------------------------------------------ tails, and ndtr


def erfc(x: Array) -> Array:
    """1 - erf(x), to full relative accuracy in the right tail (Cody 1969)."""
    return elementwise_in_double(erfc_kernel, x)


def erfc_kernel(x: Array, short: bool) -> Array:
    y = np.abs(x)
    tail = scaled_tail(y, short)
    tail *= exp_square(y, -1.0, short)
    sign = np.copysign(1.0, x)  # to the left of 0, reflect: 2 - tail
    tail *= sign
    tail += 1.0 - sign
    return tail


def erfcx(x: Array) -> Array:
    """exp(x**2) erfc(x), which neither under- nor overflows for large x."""
    return elementwise_in_double(erfcx_kernel, x)


def erfcx_kernel(x: Array, short: bool) -> Array:
    def left(x: Array) -> Array:
        return 2.0 * exp_square(-x, 1.0, short) - scaled_tail(-x, short)

    negative = x < 0
    return piecewise([(negative, left), (~negative, lambda x: scaled_tail(x, short))], x)


def ndtr(x: Array) -> Array:
    """The normal distribution function, to full relative accuracy in the left tail."""
    return elementwise_in_double(ndtr_kernel, x)


def ndtr_kernel(x: Array, short: bool) -> Array:
    y = np.abs(x)
    tail = scaled_tail(y * SQRT_HALF, short)
    tail *= exp_square(y, -0.5, short)
    sign = np.copysign(0.5, x)
    tail *= sign  # half the tail; to the right of 0, one less half the tail
    return (0.5 + sign) - tail


def log_ndtr(x: Array) -> Array:
    """log(ndtr(x)), where ndtr itself would underflow too."""
    return elementwise_in_double(log_ndtr_kernel, x)


def log_ndtr_kernel(x: Array, short: bool) -> Array:
    def left(x: Array) -> Array:
        return np.log(0.5 * scaled_tail(x * -SQRT_HALF, short)) - 0.5 * x * x

    def right(x: Array) -> Array:
        return np.log1p(-0.5 * scaled_tail(x * SQRT_HALF, short) * exp_square(x, -0.5, short))

    negative = x < 0
    return piecewise([(negative, left), (~negative, right)], x)


def scaled_tail(x: Array, short: bool) -> Array:
    """exp(x**2) erfc(x) for x >= 0."""
    far = 1e8  # beyond, the function is 1 / x to all digits, and the powers of x might overflow
    y = ratio(np.minimum(x, far), SCALED_TAIL[short])
    y /= np.maximum(x * (1 / far), 1.0)
    return y


def exp_square(x: Array, scale: float, short: bool) -> Array:
    """exp(scale * x**2) for x >= 0.

    The error of x**2 grows with it, so x is split: its leading part, a multiple of 1/16, has an
    exact square; the rest is (x - lead) (x + lead), small.  Beyond 40 the result is 0 or inf.
    """
    x = np.minimum(x, 40.0)
    if short:
        return np.exp(scale * (x * x))
    lead = np.rint(x * 16.0)
    lead *= 0.0625
    rest = x - lead
    x += lead
    rest *= x
    lead *= lead
    return np.exp(scale * lead) * np.exp(scale * rest)


# exp(x**2) erfc(x), relative error 1e-17 and 4e-10; fitted in 1 / (1 + x), which tames infinity
SCALED_TAIL: Tables = (
    read_ratio("""
        2.1263249991420275e-05 0.00044097218101335093 0.00453281656993267 0.02993432594619058
        0.13941144498360664 0.4760776670455523 1.2047455513771101 2.232095631588477
        2.9084575115216906 2.426338498312888 1.0
        /
        3.768812933005955e-05 0.0007816028403793189 0.008053052249490222 0.05344801271781877
        0.251098612546088 0.8699634986547835 2.2549360700263237 4.352647831668326
        6.109101543500936 5.919526870074789 3.5547176654084036 1.0
    """),
    read_ratio("""
        0.018867914433 0.16199375949 0.68934345401 1.7664229645 2.8119385192 2.5874479258 1.0
        /
        0.033442507608 0.28712645587 1.2385513141 3.2744467905 5.5785513644 6.00479909
        3.7158271503 1.0
    """),
)

# ----------------------------------------------------------------------------------- quantiles


def erfinv(x: Array) -> Array:
    """The inverse of erf: infinite at -1 and 1, NaN beyond (Wichura's AS 241)."""
    return elementwise_in_double(erfinv_kernel, x)


def erfinv_kernel(x: Array, short: bool) -> Array:
    q = 0.5 * x
    return SQRT_HALF * quantile(q, 0.5 - np.abs(q), short)


def ndtri(p: Array) -> Array:
    """The normal quantile, the inverse of ndtr: infinite at 0 and 1, NaN beyond (AS 241)."""
    return elementwise_in_double(ndtri_kernel, p)


def ndtri_kernel(p: Array, short: bool) -> Array:
    return quantile(p - 0.5, np.minimum(p, 1.0 - p), short)


def quantile(q: Array, tail: Array, short: bool) -> Array:
    """The normal quantile of q + 1/2; `tail` is the smaller of that and its complement."""

    square = q * q
    out = ratio(0.180625 - square, CENTRAL[short])
    out *= q
    # Few lie outside: what has been computed of them is dropped, which costs less than to pick out
    # the others: 0.4 ms instead of 0.8 for 65,536 of erfinv.
    outside = np.flatnonzero(np.abs(q) > 0.425)
    if outside.size:
        r = np.sqrt(-np.log(tail[outside]))  # NaN outside of the unit interval
        size = ratio(np.minimum(r, 28.0) - 1.6, OUTER[short])
        size /= tail[outside] > 0  # infinite at the ends
        out[outside] = np.copysign(size, q[outside])
    return out


# quantile / q in 0.425**2 - q**2, relative error 7e-17 and 3e-10
CENTRAL: Tables = (
    read_ratio("""
        2508.949399512547 33429.21220574389 67263.70824697711 45920.94016318233 13731.48902421775
        1971.573244905279 133.141125259009 3.3871328727963665
        /
        5226.247012308398 28728.020067138048 39306.79540484958 21213.364958075585 5394.12195228565
        687.1812987841157 42.3131704974413 1.0
    """),
    read_ratio("""
        151.81744479 697.73128599 423.49657107 71.185182934 3.3871328718
        /
        209.54338674 410.81812081 175.16425869 24.021610538 1.0
    """),
)
# |quantile| in sqrt(-log(tail)) - 1.6, relative error 3e-17 and 2e-9
OUTER: Tables = (
    read_ratio("""
        6.86782660123829e-08 8.952707914092692e-06 0.0003817324653341016 0.007487275128157512
        0.07925676306853771 0.4959146709131076 1.9155488519646735 4.572059876294262
        6.457771151293028 4.831380278150125 1.4234371107496837
        /
        5.891628828575973e-16 4.856257818273528e-08 6.252934725285752e-06 0.00026008922511452644
        0.004895041574586199 0.048782451253626014 0.2813726849996308 0.9744443732423499
        1.990466914457659 2.194428939108629 1.0
    """),
    read_ratio("""
        0.0019731757267 0.070013357817 0.66433990962 2.3676552361 3.311477713 1.423437114
        /
        0.0013952062355 0.047283773298 0.39809849444 1.1266596993 1.0
    """),
)
