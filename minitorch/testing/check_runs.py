"""`run_check`: examples drawn, and the laws tried on them; the engine of all checks."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.engine.state import TensorState
from minitorch.testing.checker import (
    KEPT,
    MOST_NUMBERS,
    Checker,
    CheckReport,
    Failing,
    as_arrays,
)
from minitorch.testing.example import Example, Refused
from minitorch.testing.profiles import current_profile
from minitorch.testing.structure import arrays_in, replaced

FEWEST, FEWEST_SLOW = 10, 4  # examples before the clock may end a check; one of slow calls
FURTHER = 16  # examples drawn for the diagnosis when a law is broken


def run_check(
    checker: Checker, strategies: Sequence[Any], max_examples: int | None, seconds: float | None,
    seed: int, rtol: float, body: Callable[..., None] | None = None,
) -> CheckReport:  # fmt: skip
    """Draw examples and try the laws on them; the engine of all checks."""
    from minitorch.testing.drawing import Unsteady, draw_examples, prepared_strategies

    began, cpu = time.perf_counter(), time.process_time()  # a busy machine tests no less
    profile = current_profile()
    most = profile.examples if max_examples is None else max_examples
    limit = profile.seconds if seconds is None else seconds
    checker.expected = most
    ready = prepared_strategies(strategies)
    failing: set[Any] = set()
    found: float | None = None

    def one(drawn: Sequence[Any]) -> None:
        nonlocal found
        spent = time.process_time() - cpu
        fewest = FEWEST if spent < 4 * limit else FEWEST_SLOW
        if (
            checker.broken is None
            and spent > limit
            and checker.report.examples >= min(fewest, most)
        ):
            return
        args = [as_arrays(a) for a in drawn]
        key = _key(args)
        if found is not None and time.perf_counter() - found > 4 and key not in failing:
            return  # shrinking has taken long enough
        example = checker.example(args, rtol=rtol, **ready.knowledge(drawn))
        if checker.breaks(example):
            failing.add(key)
            found = found or time.perf_counter()
            raise Failing  # always here: Hypothesis tells failures apart by where they start
        if body is not None and checker.broken is None:
            given = iter(example.leaves)
            wrap_one = (
                (lambda: mt.from_numpy(next(given).copy()))
                if checker.subject.has_graph
                else (lambda: next(given).copy())
            )
            body(*replaced(example.args, wrap_one))

    try:
        draw_examples(one, ready, most, seed)
    except (Failing, Unsteady):
        if checker.last is None:
            raise
        checker.more = _further(checker, ready, seed, rtol)
        raise checker.error() from None
    report = checker.finish()
    report.seconds = time.perf_counter() - began
    return report


def _further(checker: Checker, ready: Any, seed: int, rtol: float) -> list[Example]:
    """Examples for the diagnosis: the smallest that fails hides where a mistake does not show."""
    from minitorch.testing.drawing import draw_examples

    made: list[Example] = []

    def one(drawn: Sequence[Any]) -> None:
        example = checker.example(
            [as_arrays(a) for a in drawn], rtol=rtol, **ready.knowledge(drawn)
        )
        if (
            0 < min(a.size for a in example.leaves)
            and sum(a.size for a in example.leaves) <= MOST_NUMBERS
        ):
            made.append(example)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        draw_examples(one, ready, FURTHER, seed + 1)
        runs = [example for example in made if _runs(example)]
    return sorted(runs, key=lambda e: -sum(a.size for a in e.leaves))[:KEPT]


def _runs(example: Example) -> bool:
    try:
        return not example.empty and bool(example.outs)
    except Refused:
        return False


def _key(args: Sequence[Any]) -> Any:
    return tuple(
        (a.shape, a.strides, a.dtype.str, a.tobytes()) for a in arrays_in(list(args))
    ) + tuple(repr(a) for a in args if not isinstance(a, np.ndarray | TensorState))
