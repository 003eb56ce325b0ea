"""Slopes of a function by finite differences, each with an error bar that can be believed.

Central differences ``(f(x + h) - f(x - h)) / 2h`` at three steps a factor 4 apart are extrapolated
to ``h = 0`` (Richardson); what the extrapolation still moves, plus rounding, is the error bar.  The
first step is scaled to each input.  Where that does not settle a slope (`refine`), all steps from
the spacing of the numbers up to the number itself are tried, and the smallest steps that agree with
each other win: so ``sqrt`` at 1e-12, ``sin`` at 1e10 and ``x * x`` at 1e12 have right slopes.

At a kink the slopes to the left and to the right disagree, and any number between them (or 0, the
convention) is a gradient: an entry is therefore an interval, ``[low, high]``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["EDGE", "KINK", "SMOOTH", "UNSETTLED", "Slopes"]

ndarray = np.ndarray

SMOOTH = 0  # `value` with its `error`
KINK = 1  # two one-sided slopes: `low` and `high`
EDGE = 2  # no finite slope: the end of the domain, a pole, a jump
UNSETTLED = 3  # differences do not converge: too noisy, or finer than floating point

_LEVELS = 3
_MOST_STEPS = 48
_ROUNDING = 8.0  # rounding errors of a function's value that the error bar allows for
_SIXTH = np.array([1, -6, 15, -20, 15, -6, 1]) / np.sqrt(924.0)  # white noise keeps its size
_NOISY = 256.0  # so many rounding errors of the largest number around may be noise


class Slopes:
    """The slopes of `function`, from a vector of n numbers to a vector of m, at the point `x`.

    `value`, `error`, `low`, `high`, `kind` have shape ``(n, m)``; entry ``[i, o]`` belongs to
    output `o` as input `i` moves.  Steps never leave the box from `lower` to `upper`; an exception
    or a number that is not finite marks a point outside the domain.  `epsilon` is the relative
    precision of what `function` returns, `step` the first step instead of one scaled to the input.
    `size` is the magnitude of each input if it is not its own: that of a complex number, for its
    two parts; `partner` numbers for each output the one that it makes a complex number with.

    >>> found = Slopes(lambda x: np.sqrt(x), np.array([1e-12]))
    >>> f"{found.value[0, 0]:.6e}"
    '5.000000e+05'
    """

    def __init__(
        self,
        function: Callable[[ndarray], ndarray],
        x: ndarray,
        *,
        lower: Any = -np.inf,
        upper: Any = np.inf,
        epsilon: float = 2.0**-52,
        size: Any = None,
        partner: Any = None,
        step: float | None = None,
    ) -> None:
        self._function = function
        self._x = x
        self._lower = np.broadcast_to(lower, x.shape)
        self._upper = np.broadcast_to(upper, x.shape)
        self.epsilon = epsilon
        self._size = np.abs(x) if size is None else np.asarray(size)
        self.scale = float(np.max(self._size, initial=0.0))  # of the largest input
        self._spacing = np.spacing(self._size).astype(np.float64)
        self._partner = partner
        self.calls = 0
        self.center = np.asarray(function(x), np.float64)
        shape = (x.size, self.center.size)
        self.value = np.zeros(shape)
        self.error = np.full(shape, np.inf)  # until something is known
        self.low = np.zeros(shape)
        self.high = np.zeros(shape)
        self.kind = np.zeros(shape, np.uint8)
        self.refined = np.zeros(x.size, bool)
        self.sure = np.zeros(shape, bool)  # settled by large steps, where no rounding plays
        with np.errstate(all="ignore"):
            for i in range(x.size):
                self._first(i, step)

    # --- the ordinary case ---------------------------------------------------------------------

    def _first(self, i: int, step: float | None) -> None:
        size = float(self._size[i])
        first = 2.0**-4 * (_power_of_two(min(1.0, size)) if size else 1.0) if step is None else step
        room = min(self._x[i] - self._lower[i], self._upper[i] - self._x[i])
        if room < first:
            first = _power_of_two(room) if room > 0 else 0.0
        steps = first / 4.0 ** np.arange(_LEVELS)
        if steps[-1] <= 64 * self.spacing(i):
            self.refine(i)
            return
        up, down = self._sides(i, steps)
        rounding = self.rounding(up, down)
        middle, bar, _, _, right, left, gap_bar = _extrapolated(
            self.center, up, down, steps, rounding
        )
        value, error = middle[0], bar[0]
        self._set(i, value, error)
        self.sure[i] = error <= 1e-3 * np.abs(value)
        gap = np.abs(right[0] - left[0])
        size_of_both = np.maximum(np.abs(right[0]), np.abs(left[0]))
        if not np.all((gap <= 4 * gap_bar[0] + 1e-3 * size_of_both) & np.isfinite(error)):
            self.refine(i)  # perhaps a kink

    def _set(self, i: int, value: ndarray, error: ndarray) -> None:
        self.value[i] = self.low[i] = self.high[i] = value
        self.error[i] = error

    def _sides(self, i: int, steps: ndarray) -> tuple[ndarray, ndarray]:
        return self.moved(i, steps), self.moved(i, -steps)

    def moved(self, i: int, steps: ndarray) -> ndarray:
        """The outputs with input `i` moved by each of `steps`; NaN where there are none."""
        return np.array([self._at(i, h) for h in steps])

    def widest(self, i: int) -> float:
        """The largest step of input `i`."""
        return _power_of_two(max(1.0, float(self._size[i]))) / 4

    def spacing(self, i: int) -> float:
        """From input `i` to the next number."""
        return float(self._spacing[i])

    def rounding(self, up: ndarray, down: ndarray) -> ndarray:
        """By how much rounding may have changed the function's values."""
        size = np.fmax(np.abs(self.center), np.fmax(np.abs(up), np.abs(down)))
        if self._partner is not None:
            size = np.fmax(size, size[:, self._partner])
        return _ROUNDING * (self.epsilon * size + 2.0**-1022)  # underflow, too

    def _at(self, i: int, step: float) -> ndarray:
        """The function with input `i` moved by `step`; NaN where it is not defined."""
        moved = self._x.copy()
        moved[i] += step
        if not self._lower[i] <= moved[i] <= self._upper[i]:
            return np.full(self.center.shape, np.nan)
        self.calls += 1
        try:
            found = np.asarray(self._function(moved), np.float64)
        except Exception:
            return np.full(self.center.shape, np.nan)
        if found.shape != self.center.shape:
            return np.full(self.center.shape, np.nan)
        return found

    def noise(self, i: int) -> ndarray:
        """By how much each output is rough as input `i` moves, where rounding may be the reason.

        Sixth differences of a smooth function vanish by 8**6 from one spacing to the next, those of
        one with a kink by 8; those of noise stay.  1 - tanh(x)**2 far out has noise of 1e-16.
        """
        found = np.array([self._roughness(i, self.widest(i) / 2.0**k) for k in (8, 11, 14, 17)])
        found = np.nan_to_num(found, nan=0.0, posinf=0.0)
        steady = np.where(found[:-1] < 4 * found[1:], np.minimum(found[:-1], found[1:]), 0.0)
        noise = 4 * steady.max(axis=0)
        largest = max(1.0, self.scale, float(np.nanmax(np.abs(self.center), initial=0.0)))
        return np.where(noise <= _NOISY * self.epsilon * largest, noise, 0.0)

    def _roughness(self, i: int, spacing: float) -> ndarray:
        values = self.moved(i, spacing * np.arange(-4, 5))
        return np.max([np.abs(_SIXTH @ values[k : k + 7]) for k in range(3)], axis=0)

    # --- where that is not enough ----------------------------------------------------------------

    def refine(self, i: int) -> None:
        """Settle the slopes of input `i` from all steps, and say where there is none."""
        if self.refined[i]:
            return
        self.refined[i] = True
        size = float(self._size[i])
        largest = self.widest(i)
        smallest = max(256 * self.spacing(i), 2.0**-60 if size == 0 else 0.0, 2.0**-900)
        count = int(np.log2(largest / smallest) // 2) + 1
        if count > _MOST_STEPS:  # a tiny number: its own scale was tried first
            if np.all(self.error[i] <= 1e-3 * np.abs(self.value[i])):
                return
            count = _MOST_STEPS
        steps = largest / 4.0 ** np.arange(max(count, _LEVELS + 1))
        with np.errstate(all="ignore"):
            up, down = self._sides(i, steps)
            self._settle(i, up, down, steps)

    def _settle(self, i: int, up: ndarray, down: ndarray, steps: ndarray) -> None:
        rounding = self.rounding(up, down)
        found = self._settled(i, up, down, steps, rounding)
        doubtful = found[-1] != SMOOTH
        if doubtful.any() and len(doubtful) > 1:
            # What looks like a kink may be the rounding of larger numbers that cancelled.
            wide = np.fmax(rounding, np.nanmax(rounding, axis=1, keepdims=True, initial=0.0))
            again = self._settled(i, up, down, steps, wide)
            found = [np.where(doubtful, b, a) for a, b in zip(found, again)]
        doubtful = found[-1] != SMOOTH
        noise = self.noise(i) if doubtful.any() else 0.0 * rounding[0]
        noisy = doubtful & (0 < noise) & (noise <= 1e-3 * np.abs(up - down).max(axis=0))
        if noisy.any():  # rounding inside the function, of more than its value tells
            again = self._settled(i, up, down, steps, rounding + noise)
            found = [np.where(noisy, b, a) for a, b in zip(found, again)]
        self.value[i], self.error[i], self.low[i], self.high[i], self.kind[i] = found

    def _settled(
        self, i: int, up: ndarray, down: ndarray, steps: ndarray, rounding: ndarray
    ) -> list[ndarray]:
        """Value, error, low, high and kind of the slopes of input `i`."""
        c = self.center
        middle, bar, side_bar_r, side_bar_l, right, left, _ = _extrapolated(
            c, up, down, steps, rounding
        )
        # Smallest step first.
        middle, bar, right, left = middle[::-1], bar[::-1], right[::-1], left[::-1]
        side_bar_r, side_bar_l = side_bar_r[::-1], side_bar_l[::-1]
        scale = np.fmax(np.abs(middle), np.fmax(np.abs(right), np.abs(left)))
        scale = np.where(np.isfinite(scale), scale, 0.0)
        m, m_bar, m_ok = _plateau(middle, bar, scale)
        r, r_bar, r_ok = _plateau(right, side_bar_r, scale)
        s, s_bar, s_ok = _plateau(left, side_bar_l, scale)
        flat, flat_bar, flat_ok = _flattest(middle, bar)

        has_right = np.isfinite(up[-_LEVELS:]).all(axis=0)
        has_left = np.isfinite(down[-_LEVELS:]).all(axis=0)
        both = has_right & has_left & np.isfinite(c)
        gap = np.abs(r - s)
        kink = both & r_ok & s_ok & (gap > 4 * (r_bar + s_bar) + 1e-6 * np.fmax(abs(r), abs(s)))
        jump = both & ~kink & _jumps(c, up, down, rounding) & ~m_ok
        # A jump or a cusp: a one-sided slope grows without end as the step shrinks.
        floor = 4 * (rounding / steps[:, None])[::-1]
        cusp = both & ~kink
        cusp &= _diverges(right, side_bar_r, floor) | _diverges(left, side_bar_l, floor)
        one = np.isfinite(c) & (has_right ^ has_left)

        # What the first steps gave may be the better answer where nothing is settled.
        first = ~m_ok & (self.error[i] < flat_bar)
        flat, flat_bar = (
            np.where(first, self.value[i], flat),
            np.where(first, self.error[i], flat_bar),
        )
        value = np.where(m_ok, m, flat)
        error = np.where(m_ok, m_bar, flat_bar)
        # Two answers that differ: the function is noisier than its precision tells.
        two = np.isfinite(self.error[i]) & (~m_ok | (self.error[i] <= 1e-3 * abs(self.value[i])))
        error = np.where(two, np.fmax(error, np.abs(value - self.value[i])), error)
        # No difference at all: a constant, or one that hides what is below its rounding.
        hidden = 2.0**-52 * min(1.0, float(np.nanmax(np.abs(c), initial=0.0)) or 1.0)
        error = np.where((up == down).all(axis=0) & (up == c).all(axis=0), hidden, error)
        kind = np.where(both & (m_ok | flat_ok), SMOOTH, UNSETTLED)
        side = np.where(has_right, r, s)
        side_ok = np.where(has_right, r_ok, s_ok)
        side_bar = np.where(has_right, r_bar, s_bar)
        zero_side = one & ~side_ok & _vanishes(np.where(has_right, right, left)[:4], scale)
        value = np.where(one, np.where(zero_side, 0.0, side), value)
        error = np.where(one, np.where(zero_side, abs(side) + side_bar, 4 * side_bar), error)
        kind = np.where(one, np.where(side_ok | zero_side, SMOOTH, EDGE), kind)
        kind = np.where(~np.isfinite(c) | ~(has_right | has_left) | jump | cusp, EDGE, kind)
        kind = np.where(kink, KINK, kind)
        value, error = np.where(kind >= EDGE, 0.0, value), np.where(kind >= EDGE, 0.0, error)
        return [
            value,
            np.where(kink, r_bar + s_bar, error),
            np.where(kink, np.minimum(0, np.minimum(r, s)), value),
            np.where(kink, np.maximum(0, np.maximum(r, s)), value),
            kind,
        ]


def _power_of_two(x: float) -> float:
    """The largest power of two up to `x`."""
    return float(2.0 ** np.floor(np.log2(x))) if 0 < x < np.inf else 1.0


def _extrapolated(
    center: ndarray, up: ndarray, down: ndarray, steps: ndarray, rounding: ndarray
) -> tuple[ndarray, ...]:
    """For each three neighbouring steps: the central slope and the two one-sided ones, with bars.

    All have one row for each window of three steps, largest steps first.
    """
    h = steps[:, None]
    rounding = rounding / h
    central = (up - down) / (2 * h)
    once = (16 * central[1:] - central[:-1]) / 15
    middle = (256 * once[1:] - once[:-1]) / 255
    bar = np.abs(once[1:] - once[:-1]) + rounding[2:]
    sides = []
    for slope in ((up - center) / h, (center - down) / h):
        first = (4 * slope[1:] - slope[:-1]) / 3  # the term in h is gone
        second = (16 * first[1:] - first[:-1]) / 15  # and that in h**2
        sides += [second, np.abs(first[1:] - first[:-1]) + 2 * rounding[2:]]
    right, right_bar, left, left_bar = sides
    return middle, bar, right_bar, left_bar, right, left, right_bar + left_bar


def _plateau(found: ndarray, bar: ndarray, scale: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """The estimate from the smallest steps that agree with each other, bettered by larger ones.

    Rows go from small steps to large.  Returns value, error bar and whether there is a plateau.
    """
    good = np.isfinite(found) & (bar <= 1e-3 * scale)
    agree = good[1:] & good[:-1] & (np.abs(found[1:] - found[:-1]) <= bar[1:] + bar[:-1])
    there = agree.any(axis=0)
    first = np.where(there, agree.argmax(axis=0), 0)
    columns = np.arange(found.shape[1])
    value, error = found[first, columns], bar[first, columns]
    active = there.copy()
    for k in range(1, len(found)):
        later = active & (k > first)
        same = good[k] & (np.abs(found[k] - value) <= bar[k] + error)
        better = later & same & (bar[k] < error)
        value = np.where(better, found[k], value)
        error = np.where(better, bar[k], error)
        active &= ~later | same
    # A surer answer from other steps that contradicts this one: then neither is sure.
    sure = np.where(good, bar, np.inf)
    best = sure.argmin(axis=0)
    other, other_bar = found[best, columns], sure[best, columns]
    apart = there & (other_bar < error) & (np.abs(other - value) > other_bar + error)
    return value, np.where(apart, np.abs(other - value), error), there


def _flattest(found: ndarray, bar: ndarray) -> tuple[ndarray, ndarray, ndarray]:
    """Where nothing stands out of the rounding: the estimate with the smallest error bar.

    It must be one that all smaller steps allow; otherwise they see something that it does not.
    """
    usable = np.where(np.isfinite(found) & np.isfinite(bar), bar, np.inf)
    best = usable.argmin(axis=0)
    columns = np.arange(found.shape[1])
    value, error = found[best, columns], usable[best, columns]
    error = error + np.abs(value)  # not settled, so it may as well be 0
    smaller = np.arange(len(found))[:, None] < best
    allowed = ~np.isfinite(found) | (np.abs(found - value) <= 4 * (bar + error))
    return value, error, np.isfinite(error) & (allowed | ~smaller).all(axis=0)


def _jumps(c: ndarray, up: ndarray, down: ndarray, rounding: ndarray) -> ndarray:
    """Whether there is a step at the point: a limit on each side, and a gap between them.

    A gap that is far beyond rounding, however small the steps; noise has no limits.
    """
    up, down = up[-_LEVELS:], down[-_LEVELS:]
    gap = np.fmax(np.abs(up - c), np.abs(down - c))
    limits = np.fmax(np.ptp(up, axis=0), np.ptp(down, axis=0)) <= 0.1 * gap[-1]
    return limits & (gap > 4 * rounding[-_LEVELS:]).all(axis=0)


def _diverges(slope: ndarray, bar: ndarray, floor: ndarray) -> ndarray:
    """Whether a one-sided slope keeps growing as the step shrinks (rows: small steps first).

    Beyond `floor`, which rounding explains.
    """
    size = np.abs(slope[:4])
    grows = (size[:-1] > 1.5 * size[1:]).all(axis=0) & (size > floor[:4]).all(axis=0)
    return grows & (np.abs(slope[0] - slope[1]) > 0.25 * size[0]) & (bar[0] > 1e-2 * size[0])


def _vanishes(side: ndarray, scale: ndarray) -> ndarray:
    """Whether a one-sided slope goes to 0 with the step."""
    size = np.abs(side)
    return (size[0] <= 1e-2 * np.nanmax(scale, axis=0)) & (size[:-1] <= size[1:]).all(axis=0)
