"""Every wrong gradient of `tests.mutants` is caught with default settings, and most are named.

The whole proof (three seeds; every right op, 200 examples each) takes minutes:

    MINITORCH_WHOLE_PROOF=1 python -m pytest tests/test_mutants.py
"""

from __future__ import annotations

import os

import pytest

from minitorch.testing import LawError, check_function, check_module
from minitorch.testing.op_table import TABLE
from tests.mutants import FORMS, MUTANTS, RIGHT, Mutant, strategies_of

SEEDS = (0, 1, 2)
WHOLE = os.environ.get("MINITORCH_WHOLE_PROOF") == "1"


def check(mutant: Mutant, **settings) -> None:
    one = check_module if mutant.form == "module" else check_function
    one(mutant.subject(), *strategies_of(mutant.row), **settings)


def caught(mutant: Mutant, seed: int) -> LawError | None:
    try:
        check(mutant, seed=seed)
    except LawError as error:
        return error
    return None


def caught_and_named(seed: int, mutants: list[Mutant]) -> tuple[list[str], float]:
    """Which mutants were not caught, and the share that was named right of those with a name."""
    found = {m: caught(m, seed) for m in mutants}
    with_name = [m for m in mutants if m.operator.named]
    right = [m for m in with_name if found[m] and m.operator.named in found[m].diagnosis]
    return [m.name for m, error in found.items() if error is None], len(right) / len(with_name)


def test_there_are_enough_mutants_of_every_form():
    assert len(MUTANTS) == len({m.name for m in MUTANTS}) >= 120
    for form in FORMS:
        assert sum(m.form == form for m in MUTANTS) >= 40


@pytest.mark.parametrize("seed", SEEDS)
def test_mutants_are_caught_and_named(seed):
    """A fifth of them for each seed; all for all in the whole proof."""
    survivors, named = caught_and_named(seed, MUTANTS if WHOLE else MUTANTS[seed::5])
    assert survivors == []
    assert named >= 0.8


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_right_ops_are_not_accused(row):
    """A few examples of each form; 200 for three seeds in the whole proof."""
    for k, form in enumerate(FORMS):
        for seed in SEEDS if WHOLE else [k]:
            settings = {"max_examples": 200, "seconds": 1e9} if WHOLE else {"max_examples": 5}
            check(Mutant(RIGHT, row, form), seed=seed, **settings)
