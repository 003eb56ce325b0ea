"""Claimed gradients held against finite differences, with intervals instead of guesses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from minitorch.numerics.closer_look import closer_look
from minitorch.numerics.finite_differences import EDGE, KINK, UNSETTLED, Slopes

__all__ = ["Verdict", "judge"]

ndarray = np.ndarray


@dataclass
class Verdict:
    """What finite differences say to a claimed gradient, element by element.

    `expected` and `error`  the gradient, and how sure that is
    `low`, `high`           the interval that counts as right (before tolerances)
    `wrong`                 outside of it
    `kinks`, `edges`, `unsettled`  not judged as a number: at a kink (anything between the slopes to
                            both sides passes), where there is no slope, where differences fail
    """

    expected: ndarray
    error: ndarray
    low: ndarray
    high: ndarray
    got: ndarray
    wrong: ndarray
    kinks: ndarray
    edges: ndarray
    unsettled: ndarray

    @property
    def skipped(self) -> ndarray:
        """Elements that were not compared with one number."""
        return self.kinks | self.edges | self.unsettled


def judge(
    slopes: Slopes,
    got: ndarray,
    g: ndarray,
    *,
    rtol: float = 1e-4,
    atol: float = 0.0,
    epsilon: float = 2.0**-52,
) -> Verdict:
    """Compare `got`, the claimed gradient of ``(g * f(x)).sum()``, with ``slopes``.

    Tolerances are relative to the gradient, plus the error bar.  Elements in doubt are settled by
    more differences first (`Slopes.refine`).  `epsilon` is the precision that `got` is computed in.
    """
    with np.errstate(all="ignore"):
        doubtful = _compare(slopes, got, g, rtol, atol, epsilon, bars=0.0)
        for i in np.flatnonzero((doubtful.wrong | doubtful.skipped) & ~slopes.refined):
            slopes.refine(int(i))
        verdict = _compare(slopes, got, g, rtol, atol, epsilon, bars=3.0)
        for i in np.flatnonzero(verdict.wrong & np.isfinite(got)):
            allowed = atol + rtol * max(abs(verdict.low[i]), abs(verdict.high[i]))
            if not closer_look(slopes, int(i), got[i], g, verdict.expected[i], allowed):
                break  # one that is wrong is enough
            verdict.wrong[i], verdict.unsettled[i] = False, True
        return verdict


def _compare(
    slopes: Slopes, got: ndarray, g: ndarray, rtol: float, atol: float, epsilon: float, bars: float
) -> Verdict:
    live = g != 0
    kinds = np.where(live, slopes.kind, 0)
    kinks, edges, unsettled = ((kinds == k).any(axis=1) for k in (KINK, EDGE, UNSETTLED))
    size = np.abs(g)
    expected = slopes.value @ g
    weighted = np.where(live, slopes.error, 0.0)
    error = weighted @ size
    ends = (slopes.low * g, slopes.high * g)
    low, high = np.minimum(*ends).sum(axis=1), np.maximum(*ends).sum(axis=1)
    # At a kink of several inputs together (ties in a sort), what moving one alone shows is not all.
    bound = np.where(live, np.maximum(np.abs(slopes.low), np.abs(slopes.high)), 0.0)
    spread = bound.max(axis=1, initial=0.0) * size.sum()
    low, high = np.where(kinks, -spread, low), np.where(kinks, spread, high)
    reach = np.maximum(np.abs(low), np.abs(high))
    # Rounding: of the gradient itself, and of what cancels in it, which is as large as what the
    # input does to any other output.
    most = np.abs(slopes.value).max(axis=1, initial=0.0) * size.max(initial=0.0)
    rounding = epsilon * (4096 * (np.abs(slopes.value) @ size) + 16 * most)
    # Where the slope is not cleanly settled, rounding of larger, cancelled terms may show.
    zero = error > 1e-6 * np.abs(expected)
    if bars:  # once all differences have been taken
        rounding += np.where(zero, 4096 * epsilon * size.max(initial=0.0), 0.0)
    allowed = atol + rtol * reach + rounding + bars * np.where(np.isfinite(error), error, np.inf)
    # Both below what rounding leaves of 0 in an array of this size.
    dust = 8 * epsilon * np.max(np.abs(slopes.center), initial=0.0) * size.max(initial=0.0)
    dusty = (np.abs(got) <= dust) & (reach <= 16 * dust)
    # Or of 1, which may have cancelled on the way, as in 1 - (1 - x * x).
    nothing = (got == 0) & (reach <= 4 * epsilon * size.max(initial=0.0))
    # Or of the inputs, where their products cancel, as in the determinant of a singular matrix.
    crumb = 64 * epsilon * size.max(initial=0.0) * min(1.0, slopes.scale)
    nothing |= (np.abs(got) <= crumb) & (reach <= crumb)
    # A slope that large steps settle is no rounding, however small, unless outputs are far larger,
    # or other slopes; but what it is made of may have cancelled, as 1 - tanh(x)**2 does: half a per
    # cent of it.
    doubted = np.where(slopes.sure, 0.0, np.abs(slopes.value)) @ size
    unsure = (error + doubted > 1e-3 * np.abs(expected)) | kinks
    unsure |= reach < 1e-2 * reach.max(initial=0.0)
    nothing &= unsure | (np.abs(got - expected) <= 5e-3 * reach)
    nothing |= dusty
    inside = (got >= low - allowed) & (got <= high + allowed)
    # Where there is no slope anything goes, NaN too (0 * inf, when no gradient comes in); a kink
    # is no excuse for NaN.
    no_number = edges | (unsettled & ~np.isnan(got))
    no_number |= np.isnan(got) & (slopes.kind == EDGE).any(axis=1)
    wrong = ~inside & ~no_number & ~nothing
    return Verdict(expected, error, low, high, got, wrong, kinks, edges, unsettled)
