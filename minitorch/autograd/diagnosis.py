"""What kind of mistake is it?  The shape of an error, read off right and wrong gradients.

A `Sample` is one gradient that was computed, beside the one that finite differences expect.  Each
*reading* below is a hypothesis about samples; `diagnose` names the first that all samples bear out:
a factor must be the same in all of them, a condition must part the wrong elements from the right.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Sample", "diagnose"]

ndarray = np.ndarray


@dataclass(eq=False)
class Sample:
    """The gradient of one input: `got`, and what finite differences expect.

    `x`        the input that it belongs to; `inputs` all of them, `index` its number
    `wrong`    which elements are outside the tolerance (none: a sample that passed)
    `g`        the gradient that came in, `out` the function's output
    `all_expected`, `all_got`, `right`  the same for every input, and whether each is right
    `alternatives`  what would be expected if a mistake had been made, by the words for the mistake
    """

    x: ndarray
    expected: ndarray
    error: ndarray
    got: ndarray
    wrong: ndarray
    g: Any = None
    out: Any = None
    index: int = 0
    inputs: Sequence[Any] = ()
    all_expected: Sequence[Any] = ()
    all_got: Sequence[Any] = ()
    right: Sequence[bool] = ()
    alternatives: dict[str, Any] = field(default_factory=dict)

    @property
    def comparable(self) -> bool:
        return np.shape(self.got) == np.shape(self.expected)

    @property
    def failed(self) -> bool:
        return not self.comparable or bool(np.any(self.wrong))

    def close(self, got: Any, expected: Any) -> bool:
        """Equal, within the error bars, for the purpose of recognizing a pattern."""
        if got is None or expected is None or np.shape(got) != np.shape(expected):
            return False
        size = np.max(np.abs(expected), initial=0.0)
        bars = 3 * np.max(self.error, initial=0.0)
        with np.errstate(all="ignore"):
            return bool(
                np.all(np.abs(got - expected) <= 2e-3 * np.abs(expected) + 1e-7 * size + bars)
            )


def diagnose(samples: Sequence[Sample]) -> str:
    """The kind of mistake, in words; empty when none is recognized."""
    failed = [s for s in samples if s.failed]
    if not failed:
        return ""
    shapes = [s for s in failed if not s.comparable]
    if shapes:
        return _shape(max(shapes, key=lambda s: np.size(s.got)))
    with np.errstate(all="ignore"):
        for reading in READINGS:
            said = reading(list(samples), failed)
            if said:
                return said
    return ""


def _shape(s: Sample) -> str:
    got, want = np.asarray(s.got), np.asarray(s.expected)
    for axes in _subsets(got.ndim):
        for keep in (False, True):
            total = np.sum(got, axis=axes, keepdims=keep)
            if total.shape == want.shape and s.close(total, want):
                return (
                    f"matches after summing over {_axes(axes)}: the broadcast was not undone "
                    f"(the gradient has shape {got.shape}, its input {want.shape})"
                )
    for order in itertools.permutations(range(got.ndim)):
        if s.close(np.transpose(got, order), want):
            return f"transposed: it has shape {got.shape}, its input {want.shape}"
    if got.size == want.size and s.close(np.reshape(got, want.shape), want):
        return f"right numbers in another shape: {got.shape}, its input {want.shape}"
    return f"wrong shape: the gradient has shape {got.shape}, its input {want.shape}"


def _subsets(n: int) -> Iterator[tuple[int, ...]]:
    for count in range(1, n + 1):
        yield from itertools.combinations(range(n), count)


def _axes(axes: tuple[int, ...]) -> str:
    return f"axis {axes[0]}" if len(axes) == 1 else f"axes {axes}"


# --- the readings, most telling first ------------------------------------------------------------


def _alternative(samples: list[Sample], failed: list[Sample]) -> str:
    """A mistake that was acted out: the result is what it would give."""
    for said in dict.fromkeys(said for s in failed for said in s.alternatives):
        told = [s for s in failed if said in s.alternatives]
        enough = 2 * len(told) > len(failed)  # of some samples nothing can be said
        if enough and all(s.close(s.got, s.alternatives[said]) for s in told):
            return said
    return ""


def _swapped(samples: list[Sample], failed: list[Sample]) -> str:
    for j in range(max(len(s.all_expected) for s in failed)):
        told = [
            s for s in failed
            if j != s.index and j < len(s.all_expected) and np.size(s.expected) > 0
            and not s.close(s.expected, s.all_expected[j])
        ]  # fmt: skip
        if len(told) == len(failed) and all(s.close(s.got, s.all_expected[j]) for s in told):
            both = all(s.close(s.all_got[j], s.expected) for s in told)
            return (
                f"swapped: the gradients of input {failed[0].index} and input {j} have changed "
                "places" if both else f"it is the gradient of input {j}"
            )  # fmt: skip
    return ""


ORDINAL = ["first", "second", "third", "fourth", "fifth", "sixth"]


def _missing(samples: list[Sample], failed: list[Sample]) -> str:
    if not all(np.all(s.got == 0) for s in samples):
        return ""
    rest = [
        all(r for j, r in enumerate(s.right) if j != s.index) for s in failed if len(s.right) > 1
    ]
    i = failed[0].index
    if rest and all(rest) and i < len(ORDINAL):
        others = [ORDINAL[j] for j in range(len(failed[0].right)) if j != i and j < len(ORDINAL)]
        return f"right for the {' and '.join(others)} input, missing for the {ORDINAL[i]}"
    return "zero everywhere: the gradient is missing"


def _ratios(samples: list[Sample]) -> list[ndarray]:
    """got / expected of each sample, where that tells something."""
    found = []
    for s in samples:
        size = np.max(np.abs(s.expected), initial=0.0)
        clear = (np.abs(s.expected) > 1e-6 * size) & (np.abs(s.expected) > 30 * s.error)
        found.append((s.got / np.where(clear, s.expected, 1))[clear])
    return found


def _constant(values: ndarray) -> bool:
    return bool(
        values.size and np.all(np.abs(values - values.flat[0]) <= 2e-3 * np.abs(values.flat[0]))
    )


def _off_by_incoming(samples: list[Sample], failed: list[Sample]) -> str:
    """Multiplied by the incoming gradient twice or not at all, element by element."""
    if any(s.g is None or np.shape(s.g) != np.shape(s.expected) for s in failed):
        return ""
    if _constant(np.concatenate([np.ravel(s.g) for s in failed])):
        return ""
    if all(s.close(s.got * s.g, s.expected) for s in failed):
        return "off by the incoming gradient: it was not multiplied by it"
    if all(s.close(s.got, s.expected * s.g) for s in failed):
        return "off by the incoming gradient: it was multiplied by it twice"
    return ""


def _factor(samples: list[Sample], failed: list[Sample]) -> str:
    ratios = [r for r in _ratios(samples) if r.size]
    if not ratios or not all(s.close(s.got, s.expected * r.flat[0]) for s, r in _paired(samples)):
        return ""
    together = np.concatenate(ratios)
    if not all(_constant(r) for r in ratios):
        return ""
    if _constant(together):
        r = float(np.real(np.mean(together)))
        if abs(r + 1) < 2e-3:
            return "sign: ratio -1.000 everywhere"
        apart = np.abs(together - r)
        if min(abs(r), abs(r - 1)) < 1e-8 or np.any(apart > max(0.1 * abs(r - 1), 1e-7)):
            return ""
        digits = 3 if abs(r - 1) > 0.02 else max(3, 1 - math.floor(math.log10(abs(r - 1))))
        return (
            f"ratio {r:.{digits}f} everywhere: a factor {_simple(r, digits)}"
            f"{_perhaps_a_count(r, samples)}"
        )
    return ""


def _perhaps_a_count(r: float, samples: list[Sample]) -> str:
    """Whether a factor is also the number of elements, or its inverse, in these samples."""
    for name, count in _COUNTS.items():
        ns = {count(s) for s in samples if s.failed}
        n = ns.pop()
        if ns or n < 2:
            continue
        if abs(r * n - 1) < 2e-3:
            return f" (1/n for n = {name}: mean instead of sum?)"
        if abs(r / n - 1) < 2e-3:
            return f" (n = {name}: sum instead of mean?)"
    return ""


def _length(axis: int, of_output: bool = False) -> Callable[[Sample], int]:
    """The length of an axis, 0 if there is none."""

    def count(s: Sample) -> int:
        shape = np.shape(s.out if of_output else s.x) if s.out is not None or not of_output else ()
        return shape[axis] if axis < len(shape) else 0

    return count


_COUNTS: dict[str, Callable[[Sample], int]] = {
    "the number of elements": lambda s: int(np.size(s.x)),
    **{f"the length of axis {k}": _length(k) for k in range(4)},
    "the number of outputs": lambda s: 0 if s.out is None else int(np.size(s.out)),
    **{f"the length of axis {k} of the output": _length(k, of_output=True) for k in range(4)},
}


def _simple(r: float, digits: int = 3) -> str:
    for d in range(1, 13):
        n = round(r * d)
        if n and abs(r * d - n) < min(2e-3 * abs(n), 10.0**-digits):
            return str(n) if d == 1 else f"{n}/{d}"
    return f"{r:.{digits}f}"


def _paired(samples: list[Sample]) -> Iterator[tuple[Sample, ndarray]]:
    for s, r in zip(samples, _ratios(samples)):
        if r.size:
            yield s, r


def _counts(samples: list[Sample], failed: list[Sample]) -> str:
    """A factor that is a number of elements, or its inverse: mean for sum, or sum for mean."""
    pairs = [(s, r) for s, r in _paired(samples)]
    if not pairs or not all(_constant(r) for _, r in pairs):
        return ""
    for name, count in _COUNTS.items():
        ns = [count(s) for s, _ in pairs]
        if any(n == 0 for n in ns) or all(n == 1 for n in ns):
            continue
        if not all(s.close(s.got, s.expected * r.flat[0]) for s, r in pairs):
            continue
        if all(abs(r.flat[0] * n - 1) < 2e-3 for n, (_, r) in zip(ns, pairs)):
            return f"mean instead of sum: factor 1/n, n = {name}"
        if all(abs(r.flat[0] / n - 1) < 2e-3 for n, (_, r) in zip(ns, pairs)):
            return f"sum instead of mean: factor n, n = {name}"
    return ""


def _along(move: Callable[[ndarray, int], ndarray], axis: int) -> Callable[[ndarray], Any]:
    return lambda a: move(a, axis) if np.ndim(a) > axis else None


def _moved(samples: list[Sample], failed: list[Sample]) -> str:
    """The right numbers in the wrong places."""
    moves: dict[str, Callable[[ndarray], Any]] = {}
    most = max(np.ndim(s.expected) for s in failed)
    if most >= 2:
        moves["transposed"] = lambda a: np.swapaxes(a, -1, -2) if a.ndim >= 2 else None
        moves["transposed (all axes reversed)"] = lambda a: a.T if a.ndim >= 2 else None
        moves["transposed: the numbers of the transposed array, read in the wrong order"] = (
            lambda a: np.swapaxes(a, -1, -2).reshape(a.shape) if a.ndim >= 2 else None
        )
    for axis in range(most):
        moves[f"reversed along axis {axis}"] = _along(np.flip, axis)
        moves[f"shifted by 1 along axis {axis}"] = _along(lambda a, k: np.roll(a, 1, k), axis)
        moves[f"shifted by -1 along axis {axis}"] = _along(lambda a, k: np.roll(a, -1, k), axis)
    for name, move in moves.items():
        told = [s for s in samples if not s.close(move(s.expected), s.expected)]
        if not told or any(s not in told for s in failed):
            continue
        if all(s.close(s.got, move(s.expected)) for s in told):
            return name
    return ""


def _wrong_axis(samples: list[Sample], failed: list[Sample]) -> str:
    """Summed or averaged over an axis too many, and broadcast back."""
    most = max(np.ndim(s.expected) for s in failed)
    for axes in _subsets(most):
        for name, reduce in (("summed", np.sum), ("averaged", np.mean)):
            told = [
                (s, np.broadcast_to(reduce(s.expected, axes, keepdims=True), s.expected.shape))
                for s in failed if np.ndim(s.expected) > max(axes)
            ]  # fmt: skip
            told = [(s, other) for s, other in told if not s.close(other, s.expected)]
            if len(told) == len(failed) and all(s.close(s.got, other) for s, other in told):
                return f"wrong axis: {name} over {_axes(axes)}, where nothing should be"
    return ""


def _conditions(samples: list[Sample]) -> dict[str, Callable[[Sample], Any]]:
    def real(s: Sample) -> ndarray:
        return np.real(s.x)

    def equal(s: Sample) -> Any:
        same = np.zeros(np.shape(s.x), bool)
        for j, other in enumerate(s.inputs):
            if j != s.index and isinstance(other, np.ndarray):
                try:
                    same = same | (np.broadcast_to(other, same.shape) == s.x)
                except ValueError:
                    continue
        return same

    def tied(s: Sample) -> Any:
        values, where, counts = np.unique(s.x, return_inverse=True, return_counts=True)
        return counts[where].reshape(np.shape(s.x)) > 1

    def whole(test: Callable[[Sample], bool]) -> Callable[[Sample], Any]:
        return lambda s: np.full(np.shape(s.x), bool(test(s)))

    def at(place: int) -> Callable[[Sample], Any]:
        def mask(s: Sample) -> Any:
            out = np.zeros(np.size(s.x), bool)
            out[place : place + 1 if place >= 0 else None] = True
            return out.reshape(np.shape(s.x))

        return mask

    return {
        "where the input is negative": lambda s: real(s) < 0,
        "where the input is positive": lambda s: real(s) > 0,
        "where the inputs are equal": equal,
        "where the input is zero": lambda s: s.x == 0,
        "where elements of the input are equal": tied,
        "where the input is larger than 1 in magnitude": lambda s: np.abs(s.x) > 1,
        "where the input is smaller than 1 in magnitude": lambda s: np.abs(s.x) < 1,
        "where the input is larger than 2 in magnitude": lambda s: np.abs(s.x) > 2,
        "when the input is not contiguous in memory": whole(lambda s: not s.x.flags.c_contiguous),
        "when the input has one element": whole(lambda s: np.size(s.x) == 1),
        "when the input has more than one element": whole(lambda s: np.size(s.x) > 1),
        "when an axis has length 1": whole(lambda s: 1 in np.shape(s.x)),
        "when the input is broadcast": whole(
            lambda s: s.out is not None and np.shape(s.x) != np.shape(s.out)
        ),
        "when the input has no axes": whole(lambda s: np.ndim(s.x) == 0),
        "everywhere but at the first element": lambda s: ~at(0)(s),
        "everywhere but at the last element": lambda s: ~at(-1)(s),
        "at the first element only": at(0),
        "at the last element only": at(-1),
    }


def _conditional(samples: list[Sample], failed: list[Sample]) -> str:
    usable = [s for s in samples if s.comparable]
    for name, condition in _conditions(samples).items():
        inside_wrong = outside_right = 0
        fits = True
        wrong_got, wrong_ratio = [], []
        for s in usable:
            mask = condition(s)
            size = np.max(np.abs(s.expected), initial=0.0)
            clear = np.abs(s.expected) > np.maximum(1e-6 * size, 30 * s.error)
            if np.any(s.wrong & ~mask) or np.any(mask & ~s.wrong & clear):
                fits = False
                break
            inside_wrong += int(np.sum(s.wrong))
            outside_right += int(np.sum(~mask & ~s.wrong & clear))
            wrong_got.append(s.got[s.wrong])
            wrong_ratio.append((s.got / np.where(clear, s.expected, 1))[s.wrong & clear])
        if not fits or not inside_wrong or not outside_right:
            continue
        values, ratios = np.concatenate(wrong_got), np.concatenate(wrong_ratio)
        if np.all(np.isnan(values)):
            what = "NaN"
        elif np.all(values == 0):
            what = "zero"
        elif _constant(ratios) and abs(ratios.flat[0] + 1) < 2e-3:
            what = "sign: the sign is wrong"
        elif _constant(ratios) and ratios.size > 1:
            what = f"off by a factor {_simple(float(np.real(ratios.flat[0])))}"
        else:
            what = "wrong"
        return f"{what} {name}"
    return ""


def _terms(s: Sample) -> dict[str, Any]:
    """Things that a gradient may be off by."""
    named = {"the input": s.x, "the output": s.out, "the incoming gradient": s.g}
    for j, other in enumerate(s.inputs):
        if j != s.index and isinstance(other, np.ndarray) and other.dtype.kind in "fc":
            named[f"input {j}"] = other
    if s.g is not None:
        for name in list(named):
            if name != "the incoming gradient" and named[name] is not None:
                try:
                    named[f"the incoming gradient times {name}"] = s.g * named[name]
                except ValueError:
                    continue
    made: dict[str, Any] = {}
    for name, value in named.items():
        if value is not None and np.shape(value) == np.shape(s.expected):
            made[name] = np.asarray(value)
    made["1"] = np.ones(np.shape(s.expected))
    return made


def _off_by_a_term(samples: list[Sample], failed: list[Sample]) -> str:
    choices = [_terms(s) for s in failed]
    if sum(np.size(s.expected) for s in failed) < 2:
        return ""
    for name in choices[0]:
        if not all(name in terms for terms in choices):
            continue
        values = [terms[name] for terms in choices]
        if name != "1" and all(s.close(s.got, s.expected * v) for s, v in zip(failed, values)):
            return f"a factor too many: off by a factor of {name}"
        if name != "1" and all(s.close(s.got * v, s.expected) for s, v in zip(failed, values)):
            return f"a factor is missing: {name}"
        for sign, said in ((1, "an extra term"), (-1, "a missing term")):
            if all(s.close(s.got - s.expected, sign * v) for s, v in zip(failed, values)):
                return f"{said}: off by {'plus' if sign > 0 else 'minus'} {name}"
    offsets = [(s.got - s.expected) for s in failed]
    together = np.concatenate([np.ravel(d) for d in offsets])
    if together.size > 2 and _constant(together):
        return f"off by a constant {float(np.real(together[0])):.4g}"
    return ""


def _not_finite(samples: list[Sample], failed: list[Sample]) -> str:
    wrong = np.concatenate([np.ravel(s.got[s.wrong]) for s in failed])
    if np.all(~np.isfinite(wrong)):
        return "NaN or infinity where the gradient is finite"
    return ""


READINGS: list[Callable[[list[Sample], list[Sample]], str]] = [
    _alternative,
    _off_by_incoming,
    _factor,
    _counts,
    _missing,
    _swapped,
    _moved,
    _conditional,
    _wrong_axis,
    _off_by_a_term,
    _not_finite,
]
