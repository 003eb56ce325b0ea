"""A closer look at a gradient that finite differences call wrong, before it is accused.

Two things deceive differences that agree with each other.  A bend *narrower than the steps*, as
that of ``sqrt(x * x + 1e-12)`` at 0: large steps see its two arms, and only as they shrink below
its width do their slopes run towards the gradient.  And *rounding inside the function*, larger than
its value tells, as that of ``1 - tanh(x)**2`` far out: it moves in stairs, and steps that stay on
one stair agree on a slope that is none.

Neither look is lenient by a tolerance: towards a wrong gradient no slopes run, and noise excuses no
more than its measured size.  They cost some seventy calls, so only doubtful numbers are looked at.
"""

from __future__ import annotations

import numpy as np

from minitorch.numerics.finite_differences import Slopes

__all__ = ["closer_look"]

ndarray = np.ndarray

_STEPS = 26  # each a quarter of the one before
_RUN = 3  # steps in a row that bring the slope nearer


def closer_look(
    slopes: Slopes, i: int, got: float, g: ndarray, expected: float, allowed: float
) -> bool:
    """Whether `got` may be the slope of ``(g * f(x)).sum()`` by input `i`, despite `expected`.

    `allowed` is the tolerance without error bars.
    """
    live = np.flatnonzero(g)
    weights, size = g[live], np.abs(g[live])

    def along(steps: ndarray) -> ndarray:
        return slopes.moved(i, steps)[:, live] - slopes.center[live]

    steps = slopes.widest(i) / 4.0 ** np.arange(_STEPS)
    steps = steps[steps > 16 * slopes.spacing(i)]
    up, down = along(steps), along(-steps)
    rounding = slopes.rounding(up, down)[:, live] @ size / steps
    central = (up - down) @ weights / (2 * steps)
    usable = np.isfinite(central)
    steps, central, rounding = steps[usable], central[usable], rounding[usable]
    if len(steps) <= _RUN:
        return False
    if _runs_towards(got, np.abs(expected - got), central, rounding + allowed):
        return True
    noise = slopes.noise(i)[live] @ size
    return noise > 0 and _inside_noise(got, central, rounding + noise / steps, allowed)


def _runs_towards(got: float, apart: float, central: ndarray, bar: ndarray) -> bool:
    """Whether slopes, large steps first, run towards `got` by a factor at each step, and stay."""
    away = np.abs(central - got)
    there = np.flatnonzero(away <= bar)
    if not there.size or there[0] < _RUN:
        return False
    first = there[0]
    nearer = away[first - _RUN : first] >= 3 * away[first - _RUN + 1 : first + 1]
    return bool(
        bar[first] <= 1e-2 * apart and nearer.all() and np.all(away[first:] <= 4 * bar[first:])
    )


def _inside_noise(got: float, central: ndarray, bar: ndarray, allowed: float) -> bool:
    """Whether every three steps extrapolated to 0 have `got` inside of their error bar."""
    once = (16 * central[1:] - central[:-1]) / 15
    twice = (256 * once[1:] - once[:-1]) / 255
    bars = np.abs(once[1:] - once[:-1]) + bar[2:]
    return bool(np.all(np.abs(twice - got) <= bars + allowed))
