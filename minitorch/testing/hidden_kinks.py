"""Kinks that moving one number does not show: ties of several, and kinks whose slopes cancel.

The median of equal numbers stays when one of them moves, though it has a kink there; a sum of relus
may go straight through 0 for one choice of weights only; and a kink at the end of a declared domain
shows only from outside.  Backward passes go by a rule there, which no slope tells to be right or
wrong.  These looks cost many calls, so they are taken only at numbers that would be called wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from minitorch.autograd.gradcheck import flat, unflat
from minitorch.numerics.finite_differences import EDGE, KINK, SMOOTH, Slopes
from minitorch.testing.example import Example

__all__ = ["direction_has_hidden_kink", "hidden_kinks"]

_LOOKED_AT = 4  # wrong numbers of one example that are examined
_TIES = 3  # directions in which the other numbers are moved

ndarray = np.ndarray


def hidden_kinks(example: Example, k: int, wrong: ndarray) -> bool:
    """Whether the numbers of active leaf `k` that are marked in `wrong` lie at hidden kinks."""
    places, chosen = np.flatnonzero(wrong)[:_LOOKED_AT], example.chosen[k]
    places = places if chosen is None else chosen[places]
    places = np.array([p for p in places if not _at_the_end(example, k, p)], int)
    return not places.size or _tied(example, k, places) or _cancelling(example, k, places)


def _at_the_end(example: Example, k: int, place: int) -> bool:
    """Whether the number sits at the end of its domain, and has a kink there beyond the domain."""
    i = example.active[k]
    if example.domains[i] is None or flat(example.leaves[i])[place] not in example.domains[i]:
        return False
    return _kinked(example, example.leaves, k, place, inside=False)


def _tied(example: Example, k: int, places: ndarray) -> bool:
    """Whether there is a kink when numbers move together that have none alone."""
    leaf = example.leaves[example.active[k]]
    size = flat(leaf).size
    if size < 2 or example.chosen[k] is not None or leaf.dtype.kind == "c":
        return False
    live = example.flat_g != 0
    partial = example.slopes[k]
    smooth = ((partial.kind == SMOOTH) | ~live).all(axis=1)
    rng = np.random.default_rng(example.seed)
    for _ in range(_TIES):
        vector = np.where(smooth, rng.choice([-1.0, 1.0], size) * rng.integers(8, 16, size) / 16, 0)
        vector[places] = np.abs(vector[places])
        slopes = example.along({example.active[k]: unflat(vector, leaf)})
        slopes.refine(0)
        if _has_kink(example, slopes):
            return True
        # No kink in this direction, but another slope than the partial derivatives add up to.
        apart = np.abs(slopes.value[0] - vector @ partial.value)
        bars = slopes.error[0] + np.abs(vector) @ partial.error
        most = np.abs(vector) @ np.abs(partial.value) + np.abs(slopes.value[0])
        if np.any(live & (slopes.kind[0] == SMOOTH) & (apart > 4 * bars + 1e-3 * most)):
            return True
    return False


def _cancelling(example: Example, k: int, places: ndarray) -> bool:
    """Whether each of these has a kink when all numbers but itself are a little different."""
    return all(
        any(_kinked(example, leaves, k, place) for leaves in _neighbours(example, k, place))
        for place in places
    )


def _kinked(
    example: Example, leaves: Sequence[ndarray], k: int, place: int, inside: bool = True
) -> bool:
    try:
        slopes = example.slopes_at(leaves, k, np.array([place]), inside)
    except Exception:
        return False
    slopes.refine(0)
    return _has_kink(example, slopes)


def direction_has_hidden_kink(example: Example, direction: dict[int, ndarray]) -> bool:
    """Whether there is a kink in this direction when some leaf is a little different."""
    for leaves in _neighbours(example):
        try:
            slopes = example.along(direction, leaves)
        except Exception:
            continue
        slopes.refine(0)
        if _has_kink(example, slopes):
            return True
    return False


def _neighbours(
    example: Example, k: int | None = None, place: int | None = None
) -> Iterator[list[ndarray]]:
    """The leaves with one of them moved a little; number `place` of active leaf `k` stays."""
    rng = np.random.default_rng(example.seed + 1)
    for i, a in enumerate(example.leaves):
        if a.dtype.kind not in "fc" or not a.size:
            continue
        vector = flat(a)
        moved = vector + rng.integers(4, 32, vector.size) / 128 * rng.choice([-1, 1], vector.size)
        if example.domains[i] is not None:
            moved = np.clip(moved, *example.domains[i])
        if k is not None and i == example.active[k]:
            moved[place] = vector[place]
        yield [unflat(moved, a) if j == i else b for j, b in enumerate(example.leaves)]


def _has_kink(example: Example, slopes: Slopes) -> bool:
    kind, live = slopes.kind[0], example.flat_g != 0
    if kind.shape != live.shape or np.any((kind == EDGE) & live):
        return False
    return bool(np.any((kind == KINK) & live))
