"""One example: the thing under test, the arrays it is called with, and what follows from them.

What several laws look at (the first run, the finite differences, the gradients) is computed once,
when first asked for.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.autograd.gradcheck import flat, partners, precision, sizes, unflat
from minitorch.errors import LinAlgError
from minitorch.numerics.finite_differences import Slopes
from minitorch.numerics.slope_check import Verdict, judge
from minitorch.testing.structure import arrays_in
from minitorch.testing.subject import Run, Subject

__all__ = ["OUTSIDE", "Example", "Refused"]

ndarray = np.ndarray
_ALL = 64  # so many elements of the inputs are moved one by one; of more, a part is
_FEW = 4
_MOST_SLOPES = 1_000_000  # of all outputs by the moved numbers: memory and time


OUTSIDE = (np.linalg.LinAlgError, LinAlgError, ZeroDivisionError, FloatingPointError)
"""How backward says, aloud, that it has no gradient for these numbers: a singular matrix, say."""


class Refused(Exception):
    """The function raised on this example: nothing can be said about it."""


class Example:
    """`subject` called with `args`, a list of arrays, constants and sequences of arrays.

    `leaves`  the arrays in `args`, then the parameters of a module
    `active`  the numbers of those whose gradients are tested: floating-point, and not excluded
    `domains` for each leaf None or the ends of the interval that its numbers come from
    `declared` whether the user said which numbers are allowed
    """

    def __init__(
        self,
        subject: Subject,
        args: Sequence[Any],
        *,
        constant: Sequence[int] = (),
        domains: Sequence[Any] | None = None,
        declared: bool = False,
        rtol: float = 1e-4,
        own: Sequence[ndarray] | None = None,
        options: Any = None,
    ) -> None:
        self.subject, self.args = subject, list(args)
        given = arrays_in(self.args)
        self.inputs = len(given)
        self.leaves: list[ndarray] = [*given, *(subject.own() if own is None else own)]
        self.active = [
            i for i, a in enumerate(self.leaves) if a.dtype.kind in "fc" and i not in constant
        ]
        self.constant = list(constant)
        self.domains = [*(domains or [None] * len(given))] + [None] * (
            len(self.leaves) - len(given)
        )
        self.declared, self.rtol, self.options = declared, rtol, options or {}
        self.originals = [a.copy() for a in self.leaves]
        self.seed = zlib.crc32(b"".join(a.tobytes() for a in self.leaves))

    # --- running ---------------------------------------------------------------------------------

    def call(self, leaves: Sequence[ndarray] | None = None, active: Any = None) -> Run:
        """Run the subject on `leaves`, its own unless others are given."""
        given = self.leaves if leaves is None else leaves
        try:
            return self.subject.call(self.args, given, self.active if active is None else active)
        except Exception:
            if active != () or not self.subject.has_graph:
                raise
            return self.subject.call(self.args, given, self.active)  # it differentiates inside

    def pull(self, run: Run, gs: Sequence[ndarray]) -> list[Any]:
        """The gradients of the active leaves; None where none came."""
        return run.pull([np.asarray(g) for g in gs])  # sums of two numbers are no arrays

    @cached_property
    def run(self) -> Run:
        """The first run, on the arrays themselves."""
        try:
            run = self.call()
        except Exception as error:
            raise Refused from error
        if any(not a.flags.c_contiguous for a in self.leaves) and self.random:
            # Random numbers are drawn in the order of memory, which moved numbers do not keep.
            self.leaves = [np.ascontiguousarray(a) for a in self.leaves]
            self.originals = [a.copy() for a in self.leaves]
            return self.call()
        return run

    @cached_property
    def outs(self) -> list[ndarray]:
        """What came out, as it was before anything else was done."""
        return [out.copy() for out in self.run.outs]

    def value(self, leaves: Sequence[ndarray]) -> ndarray:
        """All outputs as one vector."""
        outs = self.call(leaves, active=()).outs
        return np.concatenate([flat(out) for out in outs] or [np.zeros(0)])

    # --- incoming gradients ----------------------------------------------------------------------

    def draw_gs(self, salt: int = 0) -> list[ndarray]:
        """Incoming gradients: numbers from 0.5 to 2 of either sign, the same for one example.

        Zero where the output is NaN or infinite, so that the rest can be compared.
        """
        rng = np.random.default_rng((self.seed, salt))

        def numbers(out: ndarray) -> ndarray:
            size = rng.integers(32, 128, out.shape) / 64
            return size * rng.choice([-1.0, 1.0], out.shape)

        gs = [
            np.asarray(numbers(out) + (1j * numbers(out) if out.dtype.kind == "c" else 0)).astype(
                out.dtype
            )
            for out in self.outs
        ]
        for g, out in zip(gs, self.outs):
            if np.isfinite(out).any():
                g[~np.isfinite(out)] = 0
        live = self.run.live
        if any(live):  # an output marked as not differentiable takes none
            gs = [g if alive else np.zeros_like(g) for g, alive in zip(gs, live)]
        return gs

    @cached_property
    def gs(self) -> list[ndarray]:
        return self.draw_gs()

    @property
    def flat_g(self) -> ndarray:
        return self.flat_of(self.gs)

    @staticmethod
    def flat_of(gs: Sequence[ndarray]) -> ndarray:
        return np.concatenate([flat(g) for g in gs] or [np.zeros(0)])

    # --- gradients and finite differences ---------------------------------------------------------

    @cached_property
    def gradients(self) -> list[Any]:
        """The gradients for `gs`: pulled back when other calls have been made since the forward."""
        run = self.run
        self.gs  # noqa: B018
        self.decoy()
        found = self.pull(run, [g.copy() for g in self.gs])
        return [None if g is None else g.copy() for g in found]  # a later call may overwrite it

    def decoy(self) -> None:
        """Call the subject with other numbers of the same shapes: a stale value now shows."""
        try:
            self.value(self.other_leaves)
        except Exception:
            return

    @cached_property
    def other_leaves(self) -> list[ndarray]:
        """Other numbers, inside the domains."""
        made = []
        for i, a in enumerate(self.leaves):
            if i not in self.active:
                made.append(a)
                continue
            moved = a * 0.5 + 0.25
            if self.domains[i] is not None:
                moved = np.clip(moved, *self.domains[i])
            made.append(np.asarray(moved, a.dtype))
        return made

    def probe(self, salt: int) -> Example:
        """The same shapes, with ordinary numbers: of either sign where allowed, none special."""
        rng = np.random.default_rng((self.seed, 9, salt))
        leaves = []
        for i, a in enumerate(self.leaves):
            if i not in self.active or i >= self.inputs:
                leaves.append(a)
                continue
            low, high = self.domains[i] or (-2.0, 2.0)
            low, high = max(low, -1e3), min(high, 1e3)
            if self.domains[i] is not None:
                low, high = max(low, high - 4.0), high
            made = low + (high - low) * rng.integers(1, 256, a.shape) / 256
            if a.dtype.kind == "c":
                made = made + 1j * (low + (high - low) * rng.integers(1, 256, a.shape) / 256)
            leaves.append(np.asarray(made, a.dtype))
        probe = self.variant(leaves)
        probe.seed = self.seed + salt
        return probe

    def moved(self, leaf: int, vector: ndarray, chosen: ndarray | None) -> list[ndarray]:
        """The leaves, with (chosen) numbers of one replaced."""
        like = self.leaves[leaf]
        if chosen is not None:
            whole = flat(like)
            whole[chosen] = vector
            vector = whole
        leaves = list(self.leaves)
        leaves[leaf] = unflat(vector, like)
        return leaves

    @cached_property
    def chosen(self) -> list[ndarray | None]:
        """For each active leaf, which of its numbers are moved one by one (None: all)."""
        sizes = [flat(self.leaves[i]).size for i in self.active]
        if sum(sizes) <= _ALL:
            return [None] * len(sizes)
        rng = np.random.default_rng(self.seed)
        outputs = sum(out.size for out in self.outs)
        part = max(_FEW, min(_ALL, _MOST_SLOPES // max(1, outputs)) // len(sizes))

        def picked(n: int) -> ndarray:
            return np.union1d(rng.choice(n, part - 2, replace=False), [0, n - 1])

        return [None if n <= part else picked(n) for n in sizes]

    @cached_property
    def slopes(self) -> list[Slopes]:
        """Finite differences for each active leaf."""
        return [self.slopes_at(self.leaves, k) for k in range(len(self.active))]

    def slopes_at(
        self,
        leaves: Sequence[ndarray],
        k: int,
        chosen: ndarray | None = None,
        inside: bool = True,
    ) -> Slopes:
        """Finite differences of all outputs by the chosen numbers of active leaf `k`."""
        i = self.active[k]
        chosen = self.chosen[k] if chosen is None else chosen
        whole = flat(leaves[i])
        start = whole if chosen is None else whole[chosen]
        low, high = (self.domains[i] if inside else None) or (-np.inf, np.inf)

        def function(vector: ndarray) -> ndarray:
            moved = list(leaves)
            moved[i] = self.moved(i, vector, chosen)[i]
            return self.value(moved)

        size = sizes(leaves[i])
        return Slopes(
            function, start.copy(), lower=low, upper=high, epsilon=self.epsilon,
            size=size if chosen is None else size[chosen], partner=partners(self.outs),
        )  # fmt: skip

    @property
    def epsilon(self) -> float:
        """The relative precision of what comes out."""
        return max([precision(out) for out in self.outs] + [self._inner_precision])

    @property
    def _inner_precision(self) -> float:
        """That of float32 if the function computes in it, whatever it returns; found out once."""
        found = self.options.get("inner_precision")
        if found is None:
            if self.empty or not self.active or not self.finite:
                return 2.0**-52
            found = self.options["inner_precision"] = 2.0**-23 if self._rounds() else 2.0**-52
        return found

    def _rounds(self) -> bool:
        """Whether numbers with all their digits come out as those of float32."""
        leaves = [
            np.asarray(a * (1 - 1 / 987.654321), a.dtype) if i in self.active else a
            for i, a in enumerate(self.probe(0).leaves)
        ]
        try:
            numbers = self.value(leaves)
        except Exception:
            return False
        long = numbers[numbers * 2.0**12 != np.round(numbers * 2.0**12)]
        return bool(long.size and np.isfinite(long).all() and np.all(long == np.float32(long)))

    def along(
        self, directions: dict[int, ndarray], leaves: Sequence[ndarray] | None = None
    ) -> Slopes:
        """The slope of all outputs as several leaves move together, at ``t = 0``."""
        start = self.leaves if leaves is None else leaves

        def function(t: ndarray) -> ndarray:
            moved = list(start)
            for i, d in directions.items():
                moved[i] = np.asarray(moved[i] + unflat(t[0] * flat(d), moved[i]), moved[i].dtype)
            return self.value(moved)

        return Slopes(function, np.zeros(1), epsilon=self.epsilon, partner=partners(self.outs))

    def got(self, k: int, gradients: Sequence[Any]) -> ndarray:
        """Gradient `k` as numbers, zeros if None."""
        g = gradients[k]
        leaf = self.leaves[self.active[k]]
        return np.zeros(leaf.shape, leaf.dtype) if g is None else np.asarray(g)

    def verdict(self, k: int, got: ndarray, gs: Sequence[ndarray], slopes: Any = None) -> Verdict:
        """What finite differences say to `got`, the gradient of active leaf `k`."""
        vector, chosen = flat(got), self.chosen[k]
        return judge(
            self.slopes[k] if slopes is None else slopes,
            vector if chosen is None else vector[chosen],
            self.flat_of(gs), rtol=self.rtol, epsilon=max(precision(got), self.epsilon),
        )  # fmt: skip

    @property
    def precision(self) -> float:
        """The relative precision of the coarsest number that gradients are made of."""
        return max([precision(self.leaves[i]) for i in self.active] + [self.epsilon])

    @property
    def overwritten(self) -> str:
        """What an input that no longer is what it was is called; empty if all are."""
        for i, (a, b) in enumerate(zip(self.leaves, self.originals)):
            if a.tobytes() != b.tobytes():
                return self.subject.label(i, self.inputs)
        return ""

    def restore(self) -> None:
        """Give the leaves the numbers back that they had at first."""
        self.leaves = [
            a if a.tobytes() == b.tobytes() else b.copy()
            for a, b in zip(self.leaves, self.originals)
        ]

    @property
    def random(self) -> bool:
        """Whether a call draws random numbers, which may depend on dtype and layout."""
        found = self.options.get("random")
        if found is None:
            state = mt.get_rng_state()
            mt.manual_seed(self.subject.seed)
            before = mt.get_rng_state()
            try:
                self.call()
                found = not bool((mt.get_rng_state() == before).all())
            finally:
                mt.set_rng_state(state)
            self.options["random"] = found
        return found

    # --- facts -----------------------------------------------------------------------------------

    @property
    def empty(self) -> bool:
        """Whether any array is empty."""
        return any(a.size == 0 for a in [*self.leaves, *self.outs])

    @property
    def finite(self) -> bool:
        """Whether everything that went in and came out is finite."""
        return all(np.isfinite(a).all() for a in [*self.leaves, *self.outs] if a.dtype.kind in "fc")

    def label(self, k: int) -> str:
        """What active leaf `k` is called."""
        return self.subject.label(self.active[k], self.inputs)

    def variant(self, leaves: Sequence[ndarray], **changes: Any) -> Example:
        """The same example on other arrays."""
        made = Example(
            self.subject, self.args, constant=self.constant, domains=self.domains[: self.inputs],
            declared=self.declared, rtol=self.rtol, own=leaves[self.inputs :], options=self.options,
        )  # fmt: skip
        made.leaves = list(leaves)
        made.originals = [a.copy() for a in leaves]
        made.seed = self.seed
        for name, value in changes.items():
            setattr(made, name, value)
        return made


Check = Callable[[Example], None]
