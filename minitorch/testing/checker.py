"""`Checker`: tries the laws on one example after another, and says which is broken."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.numerics.slope_check import Verdict
from minitorch.testing.example import OUTSIDE, Example, Refused
from minitorch.testing.laws import LAWS, Broken, Law, chosen_laws
from minitorch.testing.laws.gradients import shape_said
from minitorch.testing.report import LawError, diagnosed, law_error
from minitorch.testing.structure import arrays_in, replaced
from minitorch.testing.subject import Subject

MOSTLY_SKIPPED = 0.95  # a check of which more lies at kinks has tested nothing
KEPT, MOST_NUMBERS = 6, 100  # examples remembered for the diagnosis, and their size
CAUSES = ("repeatable", "mutation")  # break these, and others break too


class Failing(Exception):
    """An example breaks a law; the `Checker` knows which."""


@dataclass
class Tally:
    """How many numbers were compared with finite differences, and how many could not be."""

    compared: int = 0
    kinks: int = 0
    edges: int = 0
    unsettled: int = 0
    steepest: float = 0.0  # the largest slope met, of first or second order
    settled: bool = False  # a law is broken: what counts as small stays as it is

    def add(self, verdict: Verdict) -> None:
        self.compared += verdict.got.size
        self.kinks += int(verdict.kinks.sum())
        self.edges += int((verdict.edges & ~verdict.kinks).sum())
        self.unsettled += int((verdict.unsettled & ~verdict.edges & ~verdict.kinks).sum())
        self.meet(verdict)

    def meet(self, verdict: Verdict) -> None:
        """Remember how steep it gets."""
        if not self.settled:
            slopes = np.abs(verdict.expected)
            self.steepest = max(self.steepest, np.max(slopes[np.isfinite(slopes)], initial=0.0))


@dataclass
class CheckReport:
    """What a check that found nothing wrong has looked at.

    `laws` says how many examples each law was tried on; a law that does not apply has none.
    """

    name: str
    examples: int = 0
    refused: int = 0
    laws: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    seconds: float = 0.0

    def __bool__(self) -> bool:
        return True

    def __str__(self) -> str:
        tried = [f"{name} ({count})" for name, count in self.laws.items() if count]
        rest = [name for name, count in self.laws.items() if not count]
        skipped = self.tally.kinks + self.tally.edges + self.tally.unsettled
        return (
            f"{self.name}: {self.examples} examples, {self.tally.compared} derivatives compared, "
            f"{skipped} at kinks or ends of the domain; {self.seconds:.1f} s\n"
            f"laws held: {', '.join(tried) or 'none'}"
            + (f"\nnot applicable here: {', '.join(rest)}" if rest else "")
        )


class Checker:
    """Tries laws on examples, and remembers what was seen.

    Once a law is broken, only that one is tried further, so that a smaller example that is found
    for it breaks the same law.
    """

    def __init__(self, subject: Subject, laws: Any, options: dict[str, Any]) -> None:
        self.subject = subject
        self.laws = chosen_laws(laws)
        self.report = CheckReport(subject.name, laws={one.name: 0 for one in self.laws})
        self.options = {**options, "tally": self.report.tally, "seen": {}}
        self.broken: Law | None = None
        self.last: tuple[Example, Broken] | None = None
        self.history: dict[bool, list[tuple[Example, Broken | None]]] = {False: [], True: []}
        self.refusal: BaseException | None = None
        self.expected = 1  # how many examples there will be
        self.more: list[Example] = []  # drawn for the diagnosis alone

    def example(self, args: Sequence[Any], **known: Any) -> Example:
        return Example(self.subject, args, options=self.options, **known)

    def breaks(self, example: Example) -> bool:
        """Whether the example breaks a law; `error` then tells all about it."""
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            return self._breaks(example)

    def _breaks(self, example: Example) -> bool:
        try:
            example.run  # noqa: B018
        except Refused as refused:
            self.report.refused += 1
            self.refusal = refused.__cause__
            return False
        searching = self.broken is None
        self.report.examples += searching
        for one in self.laws if self.broken is None else [self.broken]:
            if not one.applies(example) or (searching and not self._due(one)):
                continue
            self.report.laws[one.name] += 1
            broken = self._tried(one, example)
            may_be = searching or one is LAWS["mutation"]
            if may_be and example.overwritten and "mutation" in self.report.laws:
                one, broken = self._mutation(example)
            if broken is not None:
                known = one.name in CAUSES or not searching
                cause = None if known else self._cause(one, example)
                self.broken, broken = cause or (one, broken)
                self.last = (example, broken)
                self.report.tally.settled = True
                self._remember(example, broken)
                return True
        self._remember(example, None)
        return False

    def _tried(self, law: Law, example: Example) -> Broken | None:
        try:
            law.check(example)
        except Refused:
            return None
        except OUTSIDE as error:
            self.report.refused += law.name == "gradient"
            self.refusal = error
            return None
        except Broken as broken:
            return broken
        except Exception as error:
            said = f"it raised {type(error).__name__}: {error}"
            return Broken(said, diagnosis=shape_said(error))
        return None

    def _mutation(self, example: Example) -> tuple[Law, Broken]:
        """What the law of mutation says to an example whose inputs were written to."""
        law, name = LAWS["mutation"], example.overwritten
        example.restore()
        said = Broken(f"{name} was written to", diagnosis="mutates an input")
        return law, self._tried(law, example.variant(example.leaves)) or said

    def _cause(self, broken: Law, example: Example) -> tuple[Law, Broken] | None:
        """An earlier law, not due for this example, that tells better what is wrong with it."""
        names = [law.name for law in self.laws]
        for law in self.laws[: names.index(broken.name)]:
            if law.name in CAUSES and law.applies(example):
                found = self._tried(law, example)
                if found is not None:
                    return law, found
        return None

    def _remember(self, example: Example, broken: Broken | None) -> None:
        """Keep the examples that tell most: those with many numbers (but not too many)."""
        size = sum(a.size for a in example.leaves)
        if not example.active or example.empty or size > MOST_NUMBERS:
            return
        kept = self.history[broken is not None]
        kept.append((example, broken))
        if len(kept) > KEPT:
            kept.remove(min(kept, key=lambda pair: sum(a.size for a in pair[0].leaves)))

    def _due(self, law: Law) -> bool:
        """Whether to try a law with a limit now: the tries are spread over the whole check."""
        if law.limit is None:
            return True
        share = self.report.examples / max(self.expected, law.limit)
        return self.report.laws[law.name] < law.limit * share

    def error(self) -> LawError:
        """The error for the last example that broke a law."""
        assert self.broken is not None and self.last is not None
        example, broken = self.last
        others = [
            pair for pair in self.history[True] + self.history[False] if pair[0] is not example
        ]
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            if self.broken.name == "second_order":
                self._first_order(example, broken)
            elif broken.gradient and self._only_not_contiguous(example):
                broken.diagnosis = "wrong for non-contiguous input"
            elif broken.gradient or not broken.diagnosis:
                others += [(e, self._tried(self.broken, e)) for e in self.more]
                others = self._probed([example, *(e for e, b in others if b)], broken) + others
            return law_error(self.broken, example, broken, others)

    def _only_not_contiguous(self, example: Example) -> bool:
        """Whether the same numbers, laid out one after the other, break nothing."""
        assert self.broken is not None
        if all(a.flags.c_contiguous for a in example.leaves):
            return False
        plain = example.variant([a.copy(order="C") for a in example.leaves])
        return self._tried(self.broken, plain) is None

    def _first_order(self, example: Example, broken: Broken) -> None:
        """Say so if the gradient is wrong, too, which one example may have happened to hide."""
        tried = [(e, self._tried(LAWS["gradient"], e)) for e in map(example.probe, range(3))]
        tried += [(e, self._tried(LAWS["gradient"], e)) for e in self.more]
        wrong = [pair for pair in tried if pair[1] is not None]
        if wrong and wrong[0][1] is not None:
            broken.diagnosis = diagnosed(wrong[0][1], tried) or "wrong at first order, too"

    def _probed(
        self, examples: list[Example], broken: Broken
    ) -> list[tuple[Example, Broken | None]]:
        """More examples, of ordinary numbers: the smallest one that fails is often too special."""
        assert self.broken is not None
        largest = max(examples, key=lambda e: sum(a.size for a in e.leaves))
        if sum(a.size for a in largest.leaves) > MOST_NUMBERS:
            return []
        found: list[tuple[Example, Broken | None]] = []
        for salt in range(3):
            probe = largest.probe(salt)
            for law in [LAWS[name] for name in CAUSES] if self.broken.name not in CAUSES else []:
                cause = self._tried(law, probe)
                if cause is not None and law in self.laws:
                    broken.diagnosis = broken.diagnosis or cause.diagnosis or cause.text
            found.append((probe, self._tried(self.broken, probe)))
        return found

    def finish(self) -> CheckReport:
        """The report, or an error if nothing was really tested."""
        report = self.report
        untried = "gradient" in report.laws and not report.tally.compared
        if not report.examples or (untried and self.refusal is not None):
            if self.refusal is not None:
                raise self.refusal
            raise ValueError(f"{report.name}: no example was drawn")
        unused = [name for name, got in self.options["seen"].items() if not got]
        if unused and "parameters_used" in report.laws and self.history[False]:
            raise _unused(self, unused)
        tally = report.tally
        skipped = tally.kinks + tally.edges
        if tally.compared > 20 and skipped > MOSTLY_SKIPPED * tally.compared:
            raise AssertionError(
                f"{report.name}: of {tally.compared} derivatives, {tally.kinks} lie at kinks and "
                f"{tally.edges} where there is no slope: the gradient was hardly tested. Keep away "
                "from the kinks (elements=reals(lo, hi, away_from=...))"
            )
        return report


def _unused(checker: Checker, names: list[str]) -> LawError:
    law = LAWS["parameters_used"]
    checker.broken = law
    text = (
        f"{', '.join(names)} never got a gradient. A parameter that forward does not use is not "
        "trained; freeze it (requires_grad_(False)) or remove it"
    )
    diagnosis = f"no gradient for {', '.join(names)}"
    example = [pair[0] for pair in checker.history[False]][-1]
    return law_error(law, example, Broken(text, diagnosis=diagnosis))


def options_of(
    subject: Subject,
    reference: Any,
    batch_dim: int | None,
    cycles: str | None,
    rtol: Any,
    named: Any,
) -> dict[str, Any]:
    own = _is_own(subject.target)
    return {
        "reference": reference,
        "batch_dim": batch_dim,
        "cycles": cycles,
        "value_rtol": rtol,
        "torch": _same_in_torch(subject.target) if own else None,
        "strict_dtype": _named("dtype_kept", named),
        "strict_errors": True if own or _named("wrong_shapes", named) else None,
    }


def _named(law: str, laws: Any) -> bool:
    """Whether a law was asked for by its name."""
    return law in (laws.replace(",", " ").split() if isinstance(laws, str) else laws)


def _is_own(target: Any) -> bool:
    """Whether a public function of minitorch's is tested."""
    module, name = getattr(target, "__module__", None) or "", getattr(target, "__name__", "")
    return module.startswith("minitorch.") and (
        getattr(mt, name, None) is target or getattr(mt.nn.functional, name, None) is target
    )


def _same_in_torch(target: Any) -> Any:
    """PyTorch's function of the same name in the same place, if PyTorch is there."""
    import importlib
    import sys

    if "torch" not in sys.modules:  # a second and more: only where somebody has paid for it already
        return None
    torch: Any = importlib.import_module("torch")
    name = target.__name__
    place = torch if getattr(mt, name, None) is target else torch.nn.functional
    return getattr(place, name, None)


def as_arrays(value: Any) -> Any:
    """Arguments with arrays in the place of Tensors."""
    arrays = iter(arrays_in(value))
    return replaced(value, lambda: next(arrays))
