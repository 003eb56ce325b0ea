"""Examples drawn by Hypothesis from what a check was given; importing this imports Hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.strategies import SearchStrategy

from minitorch.engine.state import TensorState
from minitorch.testing.strategies import LinkedShapes, TensorStrategy, broadcastable, tensors
from minitorch.testing.structure import arrays_in

__all__ = ["Prepared", "Unsteady", "draw_examples", "prepared_strategies"]


class Unsteady(Exception):
    """The same arguments failed once, and did not fail again."""


class Prepared:
    """One strategy for each argument, and what the given ones tell about the numbers."""

    def __init__(self, strategies: list[Any]) -> None:
        self.strategies = strategies

    def knowledge(self, drawn: Sequence[Any]) -> dict[str, Any]:
        """Which arrays are constant, the domains of the others, and whether all were declared."""
        domains: list[Any] = []
        constant: list[int] = []
        declared = True
        for strategy, value in zip(self.strategies, drawn):
            arrays = arrays_in(value)
            told = isinstance(strategy, TensorStrategy)
            if told and strategy.requires_grad is False:
                constant += range(len(domains), len(domains) + len(arrays))
            domains += [strategy.domain if told else None] * len(arrays)
            if any(a.dtype.kind in "fc" for a in arrays):
                declared &= told and strategy.declared
        return {"domains": domains, "constant": constant, "declared": declared}


def prepared_strategies(given: Sequence[Any]) -> Prepared:
    """Strategies for the arguments: shapes become tensors, open shapes linked, values are kept."""
    spread: list[Any] = []
    for one in given:
        if isinstance(one, LinkedShapes):
            spread += [tensors(shape=shape) for shape in one]
        elif isinstance(one, TensorStrategy) and isinstance(one.shape, LinkedShapes):
            spread += [one.with_shape(shape) for shape in one.shape]
        else:
            spread.append(one)
    if not spread:
        raise TypeError("a check needs a strategy for each argument, such as tensors()")
    free = [k for k, one in enumerate(spread) if isinstance(one, TensorStrategy) and one.open_shape]
    if len(free) > 1:
        for k, shape in zip(free, broadcastable(len(free))):
            spread[k] = spread[k].with_shape(shape)
    return Prepared([_strategy(one) for one in spread])


def _strategy(one: Any) -> Any:
    if isinstance(one, SearchStrategy):
        return one
    if isinstance(one, tuple | list) and any(isinstance(p, SearchStrategy) for p in one):
        parts = st.tuples(*(_strategy(p) for p in one))
        return parts.map(list) if isinstance(one, list) else parts
    if isinstance(one, TensorState):
        return st.just(one._data)
    return st.just(np.asarray(one) if isinstance(one, np.ndarray) else one)


def draw_examples(
    one: Callable[[Sequence[Any]], None], ready: Prepared, max_examples: int, seed: int
) -> None:
    """Call `one` with drawn arguments; when it raises, with ever simpler ones that do so too."""
    settings = hypothesis.settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=(Phase.generate, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
    )

    def test(drawn: tuple[Any, ...]) -> None:
        one(drawn)

    try:
        hypothesis.seed(seed)(settings(hypothesis.given(st.tuples(*ready.strategies))(test)))()
    except Flaky as error:
        raise Unsteady(str(error)) from error
