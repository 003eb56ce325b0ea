"""Numbers on a grid of short exact values, and dtypes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import minitorch as mt

__all__ = ["RealStrategy", "dtypes", "reals"]

_POINTS = 64  # about so many numbers are on a grid


class RealStrategy(SearchStrategy[float]):
    """What `reals` returns: numbers of a `grid`, simplest first, inside of a declared `domain`."""

    def __init__(self, low: float | None, high: float | None, avoided: Sequence[float], by: float):
        super().__init__()
        self.domain = (
            -math.inf if low is None else float(low),
            math.inf if high is None else float(high),
        )
        self.declared = low is not None or high is not None or bool(avoided)
        grid = _grid(-4.0 if low is None and high is None else _end(low, high, -8.0),
                     4.0 if low is None and high is None else _end(high, low, 8.0))  # fmt: skip
        kept = [x for x in grid if all(abs(x - a) >= by for a in avoided)]
        if not kept:
            raise ValueError(
                f"no number between {self.domain[0]:g} and {self.domain[1]:g} keeps a distance of "
                f"{by:g} from {list(avoided)}"
            )
        self.avoided, self.by = tuple(avoided), by
        self.grid = np.array(sorted(kept, key=_length))
        self._draw = st.sampled_from(self.grid.tolist())

    def do_draw(self, data: Any) -> float:
        return data.draw(self._draw)

    def lengthened(self, numbers: np.ndarray) -> np.ndarray:
        """`numbers` with all their digits in use, so that a value saved too short is noticed."""
        moved = np.clip(numbers * (1 - 1 / 987.654321), *self.domain)
        near = [np.abs(moved - a) < self.by for a in self.avoided]
        return np.where(np.any(near, axis=0), numbers, moved) if near else moved

    def __repr__(self) -> str:
        return f"reals({self.domain[0]:g}, {self.domain[1]:g})"


def _end(this: float | None, other: float | None, reach: float) -> float:
    return float(this) if this is not None else float(other or 0.0) + reach


def reals(
    lo: float | None = None, hi: float | None = None, *, away_from: Any = (), by: float = 0.1
) -> SearchStrategy[float]:
    """Numbers from `lo` to `hi` (both allowed), on a grid of short exact values.

    `away_from` is a number, or several, from which to keep the distance `by`: where a function has
    a kink or a pole.  `lo` and `hi` declare a domain: finite differences do not step outside.
    Without them, numbers between -4 and 4 are drawn.
    """
    avoided = (away_from,) if isinstance(away_from, int | float) else tuple(away_from)
    if lo is not None and hi is not None and not lo <= hi:
        raise ValueError(f"there are no numbers from {lo} to {hi}")
    return RealStrategy(lo, hi, avoided, by)


def _grid(low: float, high: float) -> list[float]:
    """Multiples of a power of two; in the middle of a wide range more, by powers."""
    if low == high:
        return [low]
    step = 2.0 ** math.ceil(math.log2((high - low) / _POINTS))
    found = {k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1)}
    if (low > 0 and high / low > 1e3) or step >= 1:  # many orders of magnitude
        ends = max(abs(low), abs(high))
        least = low if low > 0 else 1e-3
        powers = [2.0**k for k in range(math.ceil(math.log2(least)), int(math.log2(ends)) + 1)]
        found = {s * p for p in powers for s in (1, -1)} | {0.0, low, high}
    if low <= -1 and high >= 1:  # a branch for small numbers should be seen, too
        found |= {sign * 2.0**-k for k in (4, 5, 6, 10) for sign in (1, -1)}
    kept = [x + 0.0 for x in found if low <= x <= high]
    return kept or [low + (high - low) * k / 4 for k in range(5)]


def _length(x: float) -> tuple[int, float, bool]:
    """How long a number is to write: its binary places, then its size, then its sign."""
    mantissa, exponent = math.frexp(x)
    places = max(0, _bits(mantissa) - exponent) if x else 0
    return places, abs(x), x < 0


def _bits(mantissa: float) -> int:
    whole = abs(int(mantissa * 2**53))
    return 53 - ((whole & -whole).bit_length() - 1) if whole else 0


def dtypes(kinds: str = "f") -> SearchStrategy[Any]:
    """dtypes of the kinds in `kinds`: f (float), c (complex), i (integer), b (bool).

    float64 or complex128 first: what is exact enough for finite differences.
    """
    every = {
        "f": [mt.float64, mt.float32],
        "c": [mt.complex128, mt.complex64],
        "i": [mt.int64, mt.int32, mt.int16, mt.int8, mt.uint8],
        "b": [mt.bool],
    }
    unknown = set(kinds) - set(every)
    if unknown:
        raise ValueError(f"unknown kinds {sorted(unknown)}; there are {', '.join(every)}")
    return st.sampled_from([dtype for kind in kinds for dtype in every[kind]])
