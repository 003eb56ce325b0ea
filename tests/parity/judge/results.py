"""How much is checked, what was found, and where PyTorch keeps its records."""

from __future__ import annotations

import collections
import contextlib
import functools
import re
import signal
import threading
import warnings
from dataclasses import dataclass, field
from typing import Any

import torch

from tests.parity.judge.lists import DTYPES, HARD, KNOWN_DIFFERENCES, OPERATORS, SOFT
from tests.parity.judge.sides import TooSlow


@dataclass
class Options:
    """How much is checked."""

    module: Any = None
    cap: int = 30  # samples per op and dtype with gradients
    value_cap: int = 12  # samples per op and dtype without
    all_samples: bool = False
    dtypes: list[torch.dtype] = field(default_factory=lambda: list(DTYPES))
    max_numel: int = 5000
    seconds: float = 20.0  # for one sample
    op_seconds: float = 120.0  # for one op
    only_sample: int | None = None
    strict: bool = False  # soft categories fail too


@dataclass
class Result:
    """What the judge found out about one op."""

    name: str
    group: str
    checks: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: dict[str, list[str]] = field(default_factory=dict)
    counts: collections.Counter = field(default_factory=collections.Counter)
    known: collections.Counter = field(default_factory=collections.Counter)
    strict: bool = False

    def fail(self, full_name: str, category: str, message: str) -> None:
        for key in KNOWN_DIFFERENCES:
            op, kind, *pattern = key
            applies = op in ("*", full_name) and kind == category
            if applies and (not pattern or re.search(pattern[0], message)):
                self.known[key] += 1
                return
        self.counts[category] += 1
        messages = self.failures.setdefault(category, [])
        if len(messages) < 200:
            messages.append(f"{full_name} {message}")

    @property
    def hard(self) -> list[str]:
        order = [*HARD, *SOFT]
        return sorted((c for c in self.counts if self.strict or c not in SOFT), key=order.index)

    @property
    def passed(self) -> bool:
        return not self.hard

    def line(self) -> str:
        label = self.name if self.group in ("torch",) else f"{self.group}.{self.name}"
        if self.passed:
            text = f"pass {label:34} {self.checks:5} checks"
        else:
            reasons = ", ".join(f"{c} {self.counts[c]}" for c in self.hard)
            text = f"FAIL {label:34} {self.checks:5} checks: {reasons}"
        soft = ", ".join(f"{c} {self.counts[c]}" for c in SOFT if c in self.counts)
        if soft and not self.strict:
            text += f"   (soft: {soft})"
        if self.known:
            text += f"   (known differences: {sum(self.known.values())})"
        return text

    def report(self, limit: int = 3, soft: bool = False) -> str:
        """The failures in words, at most ``limit`` of each category."""
        lines = []
        wanted = [*self.hard, *([c for c in SOFT if c in self.counts] if soft else [])]
        for category in dict.fromkeys(wanted):
            messages = self.failures[category]
            note = (HARD | SOFT)[category]
            lines.append(f"  {category} ({self.counts[category]}): {note}")
            lines += [f"    {m}" for m in _spread(messages, limit)]
        return "\n".join(lines)


def _spread(items: list, n: int) -> list:
    """n items evenly spread over the list (the first always)."""
    if len(items) <= n:
        return list(items)
    return [items[i * len(items) // n] for i in range(n)]


@functools.cache
def database() -> dict[str, list[Any]]:
    """PyTorch's operator records by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
    records: dict[str, list[Any]] = {}
    for op in op_db:
        records.setdefault(op.name, []).append(op)
    return records


def records_of(group: str, name: str) -> list[Any]:
    db = database()
    if group == "Tensor" and name == "normal_":
        return [op for op in db["normal"] if op.variant_test_name == "in_place"]
    if group == "Tensor" and name not in db and name.endswith("_"):
        return db[name[:-1]]
    path = name if group in ("torch", "Tensor") else f"{group}.{name}"
    return db[path]


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raises TooSlow after so many seconds of processor time."""

    def on_alarm(signum, frame):
        raise TooSlow

    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    old = signal.signal(signal.SIGPROF, on_alarm)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)


def selected(groups: list[str], ops: list[str]) -> list[tuple[str, str]]:
    """(group, name) of what was asked for; an op may be given as det, linalg.det, Tensor.view."""
    everything = [(g, n) for g, names in OPERATORS.items() for n in names]
    if groups:
        everything = [(g, n) for g, n in everything if g in groups]
    if not ops:
        return everything
    chosen = []
    for op in ops:
        hits = [(g, n) for g, n in everything if op in (n, f"{g}.{n}", f"{n}_")]
        if not hits:
            db = database()  # any other op of PyTorch's, too
            if op not in db:
                raise SystemExit(f"no operator {op!r} in the list")
            head, _, tail = op.rpartition(".")
            hits = [(head or "torch", tail)]
        chosen += hits
    return chosen
