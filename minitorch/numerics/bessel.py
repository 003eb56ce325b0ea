"""The modified Bessel functions I0 and I1, plain and scaled by exp(-|x|).

Up to 8, polynomials in x**2 / 4 (the power series, Abramowitz & Stegun 9.6.10, economised); beyond,
exp(x) / sqrt(x) times a ratio in 1/8 - 1/x (the expansion 9.7.1, made to converge): counted from
that end, hardly a coefficient is negative and nothing cancels.  The coefficients are our own
minimax fits.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from .tiles import (
    Array,
    Coefficients,
    Tables,
    elementwise_in_double,
    horner,
    piecewise,
    ratio,
    read_polynomial,
    read_ratio,
)


def i0(x: Array) -> Array:
    """The modified Bessel function of order 0."""
    return elementwise_in_double(partial(bessel, order=0, scaled=False), x)


def i0e(x: Array) -> Array:
    """exp(-|x|) i0(x), which does not overflow."""
    return elementwise_in_double(partial(bessel, order=0, scaled=True), x)


def i1(x: Array) -> Array:
    """The modified Bessel function of order 1, the derivative of i0."""
    return elementwise_in_double(partial(bessel, order=1, scaled=False), x)


def i1e(x: Array) -> Array:
    """exp(-|x|) i1(x), which does not overflow."""
    return elementwise_in_double(partial(bessel, order=1, scaled=True), x)


def bessel(x: Array, order: int, scaled: bool, short: bool) -> Array:
    def small(y: Array) -> Array:
        value = horner(0.25 * y * y, SMALL[order][short])
        if order == 1:
            value *= y
        if scaled:
            value *= np.exp(-y)
        return value

    def large(y: Array) -> Array:
        value = ratio(0.125 - 1.0 / y, LARGE[order][short]) / np.sqrt(y)
        if not scaled:  # the exponential in two halves: it overflows before the function does
            half = np.exp(0.5 * y)
            value *= half
            value *= half
        return value

    y = np.abs(x)
    if not scaled:
        y = np.minimum(y, 1500.0)  # infinite long before, and at infinity not 0 * inf
    near = y < 8.0
    value = piecewise([(near, small), (~near, large)], y)
    return np.copysign(value, x) if order == 1 else value


# i0(x) and i1(x) / x in x**2 / 4, relative error 6e-17, 9e-9 and 1e-17, 2e-9
SMALL: tuple[tuple[Coefficients, Coefficients], ...] = (
    (
        read_polynomial("""
            2.125989847154155e-22 2.1559853145824917e-20 4.483512492514797e-18
            6.25222761775847e-16 7.597161673968418e-14 7.593775614370455e-12 6.151205526010957e-10
            3.936759067021348e-08 1.9290123712621247e-06 6.944444439143116e-05
            0.0017361111111803865 0.027777777777725454 0.2500000000000197 0.9999999999999972 1.0
        """),
        read_polynomial("""
            1.4985409158e-11 3.8106587645e-10 4.3160296085e-08 1.8937694961e-06 6.963728127e-05
            0.0017355034464 0.027778806758 0.24999918571 1.0000002248 0.99999999102
        """),
    ),
    (
        read_polynomial("""
            6.950703206141749e-24 7.841523144299098e-22 1.7178810757552197e-19
            2.606866710644767e-17 3.4529437804503423e-15 3.7969251513101975e-13
            3.417333285982767e-11 2.4604745987709127e-09 1.3778659721333706e-07
            5.787037034616991e-06 0.00017361111111452665 0.0034722222222193966 0.04166666666666785
            0.2499999999999998 0.5
        """),
        read_polynomial("""
            7.2104934832e-13 2.2964968729e-11 2.6507087719e-09 1.35915892e-07 5.7980045173e-06
            0.00017357349357 0.0034722929888 0.041666602737 0.2500000209 0.49999999896
        """),
    ),
)
# exp(-x) sqrt(x) times i0(x) and i1(x) in 1/8 - 1/x, relative error 9e-17, 1e-9
LARGE: tuple[Tables, ...] = (
    (
        read_ratio("""
            384367.3749498584 6053919.1041509565 8102364.71878518 1557647.7571228389
            10181.317770878004 15874.717305754246 -449.75659908460216 126.78617298749118
            -4.3131802962111205 0.4056863423545939
            /
            1989627.587773768 17435564.08808511 20534674.202891756 3839021.482397432
            30944.953598123022 38937.27676623453 -1062.125198455727 310.88681706346233
            -10.486882041166622 1.0
        """),
        read_ratio("""
            -0.12107318606 2.0963749421 2.8005155465 0.40568634193
            /
            6.0729584115 7.0480826375 1.0
        """),
    ),
    (
        read_ratio("""
            1940862.090442381 8659584.624658454 8049307.194425499 1433280.9394670269
            16655.35950187658 14478.092020963226 -364.6257670516264 116.28723580799686
            -3.8687408116093476 0.37941226661015137
            /
            1099809.5652746425 15108284.249367 19576631.03846958 3774034.3648845423
            26862.543682023683 38696.97495264535 -1097.82167710067 311.2741380552405
            -10.628629983006928 1.0
        """),
        read_ratio("""
            0.39377497015 2.6349802091 2.544386796 0.3794122672
            /
            4.4245419452 6.2741653556 1.0
        """),
    ),
)
