"""Optimizers held to laws: steps that repeat, resume, descend, and touch nothing else."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.testing.checker import CheckReport
from minitorch.testing.profiles import current_profile
from minitorch.testing.report import LawError

__all__ = ["OPTIMIZER_LAWS", "check_optimizer"]

STEPS = 4


class _Trial:
    """Parameters that start at given numbers, and the gradients of some steps."""

    def __init__(self, make: Callable[[Any], Any], starts: Sequence[np.ndarray], seed: int) -> None:
        self.make, self.starts = make, starts
        rng = np.random.default_rng(seed)
        self.gradients = [
            [rng.integers(-64, 65, a.shape) / 32.0 for a in starts] for _ in range(2 * STEPS)
        ]

    def parameters(self, dtype: Any = mt.float64) -> list[Any]:
        return [mt.nn.Parameter(mt.tensor(a, dtype=dtype)) for a in self.starts]

    def run(
        self, optimizer: Any, parameters: Sequence[Any], first: int = 0, count: int = STEPS
    ) -> None:
        """`count` steps with the gradients from number `first` on."""
        for gradients in self.gradients[first : first + count]:
            for p, g in zip(parameters, gradients):
                p.grad = mt.tensor(g, dtype=p.dtype)
            # LBFGS asks for the loss; it is linear, so its gradient is what was set.
            _step(optimizer, lambda: sum((p.grad * p.detach()).sum() for p in parameters))

    def trained(self, count: int = STEPS, dtype: Any = mt.float64) -> tuple[Any, list[Any]]:
        parameters = self.parameters(dtype)
        optimizer = self.make(parameters)
        self.run(optimizer, parameters, 0, count)
        return optimizer, parameters


def _step(optimizer: Any, closure: Callable[[], Any]) -> None:
    """A step; the closure goes to those that take one."""
    if inspect.signature(optimizer.step).parameters:
        optimizer.step(closure)
    else:
        optimizer.step()


def _arrays(parameters: Sequence[Any]) -> list[np.ndarray]:
    return [p.detach().numpy().copy() for p in parameters]


def _compare(
    got: Sequence[np.ndarray], want: Sequence[np.ndarray], said: str, rtol: float = 0
) -> None:
    for i, (a, b) in enumerate(zip(got, want)):
        scale = float(np.max(np.abs(b), initial=0.0))
        if a.shape != b.shape or not np.all(np.abs(a - b) <= rtol * scale):
            raise AssertionError(f"parameter {i}: {said}\nexpected {b.tolist()}\ngot {a.tolist()}")


def repeatable(trial: _Trial) -> None:
    """The same gradients give the same steps, to the bit."""
    first, second = (_arrays(trial.trained()[1]) for _ in range(2))
    _compare(first, second, "two runs give different numbers")


def resumes(trial: _Trial) -> None:
    """``state_dict`` holds all that later steps need: loaded into a new one, it goes on alike."""
    optimizer, parameters = trial.trained()
    if not hasattr(optimizer, "state_dict"):
        return
    _, straight = trial.trained(2 * STEPS)
    again = [mt.nn.Parameter(p.detach().clone()) for p in parameters]
    fresh = trial.make(again)
    fresh.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    trial.run(fresh, again, STEPS)
    _compare(_arrays(again), _arrays(straight), "resumed from state_dict, the steps differ", 1e-12)


def no_gradient_no_step(trial: _Trial) -> None:
    """A parameter without a gradient stays where it is, also with weight decay or momentum."""
    parameters = trial.parameters()
    optimizer = trial.make(parameters)
    before = _arrays(parameters)
    _step(optimizer, lambda: mt.zeros(()))
    _compare(_arrays(parameters), before, "it moved without a gradient")


def gradients_kept(trial: _Trial) -> None:
    """A step reads gradients and does not write to them, and leaves parameters leaves."""
    parameters = trial.parameters()
    optimizer = trial.make(parameters)
    trial.run(optimizer, parameters, 0, 2)
    for p, g in zip(parameters, trial.gradients[1]):
        if p.grad is None or not np.array_equal(p.grad.numpy(), g):
            raise AssertionError(f"the step has changed a gradient: {g.tolist()} became {p.grad}")
        if not p.is_leaf or not p.requires_grad or p.grad.requires_grad:
            raise AssertionError("after a step, a parameter is no leaf that requires grad any more")


def groups(trial: _Trial) -> None:
    """Parameters in groups of their own are stepped as those in one group."""
    _, together = trial.trained()
    parameters = trial.parameters()
    try:
        optimizer = trial.make([{"params": [p]} for p in parameters])
        trial.run(optimizer, parameters)
    except (ValueError, TypeError, AttributeError):
        return  # it knows no groups, and says so
    _compare(_arrays(parameters), _arrays(together), "another step in a group of its own", 1e-12)


def dtype_kept(trial: _Trial) -> None:
    """float32 parameters stay float32, near where float64 ones go."""
    _, wide = trial.trained()
    _, narrow = trial.trained(dtype=mt.float32)
    for p, q in zip(narrow, wide):
        scale = float(np.max(np.abs(q.detach().numpy()), initial=1.0))
        if p.dtype != mt.float32:
            raise AssertionError(f"a float32 parameter became {p.dtype}")
        if not np.all(np.abs(p.detach().numpy() - q.detach().numpy()) <= 1e-3 * scale):
            raise AssertionError(f"in float32 the steps go elsewhere: {p} instead of {q}")


def descends(trial: _Trial) -> None:
    """On a bowl, the loss goes down."""
    parameters = trial.parameters()
    if not any(p.numel() for p in parameters):
        return
    with mt.no_grad():
        for p in parameters:
            p += 3.0 * (p >= 0) - 3.0 * (p < 0)  # away from the bottom
    optimizer = trial.make(parameters)

    def closure() -> Any:
        for p in parameters:
            p.grad = None
        loss = mt.stack([(p * p).sum() for p in parameters]).sum()
        loss.backward()
        return loss

    losses = []
    for _ in range(12):
        losses.append(float(closure()))  # its gradients are there, too, for who calls no closure
        _step(optimizer, closure)
    if not losses[-1] < losses[0]:
        raise AssertionError(f"the loss of a bowl went from {losses[0]:g} to {losses[-1]:g}")


def zeroed(trial: _Trial) -> None:
    """``zero_grad`` takes the gradients away, or makes them zero."""
    optimizer, parameters = trial.trained(1)
    if not hasattr(optimizer, "zero_grad"):
        return
    optimizer.zero_grad()
    left = [p.grad for p in parameters if p.grad is not None and p.grad.abs().sum() != 0]
    if left:
        raise AssertionError(f"zero_grad left {left[0]}")


def _reference_law(reference: Callable[..., Any]) -> Callable[[_Trial], None]:
    def value(trial: _Trial) -> None:
        """Steps are those of the reference, a function of arrays."""
        _, parameters = trial.trained()
        want = []
        for i, start in enumerate(trial.starts):
            x = start.astype(np.float64)
            state: dict[Any, Any] = {}
            for gradients in trial.gradients[:STEPS]:
                x = reference(x, gradients[i], state)
            want.append(x)
        _compare(_arrays(parameters), want, "the steps are not those of the reference", 1e-9)

    return value


OPTIMIZER_LAWS: list[Callable[[_Trial], None]] = [
    repeatable, no_gradient_no_step, gradients_kept, zeroed, groups, resumes, dtype_kept, descends,
]  # fmt: skip


def check_optimizer(
    factory: Callable[..., Any],
    *strategies: Any,
    reference: Callable[..., Any] | None = None,
    laws: Any = "all",
    max_examples: int | None = None,
    seed: int = 0,
    **settings: Any,
) -> CheckReport:
    """Hold an optimizer to its laws, on parameters drawn by Hypothesis and random gradients.

    `factory` makes one from parameters: a class, with `settings` for its other arguments, or a
    function.  `strategies` draw the parameters (two tensors unless given).  `reference` is one
    step as a function of arrays, ``reference(x, gradient, state) -> new x``, with a dict `state`
    that starts empty.  Raises `LawError`, with the smallest parameters that break a law.

    >>> from minitorch.testing import check_optimizer
    >>> bool(check_optimizer(mt.optim.SGD, lr=0.1, reference=lambda x, g, state: x - 0.1 * g))
    True
    """
    from minitorch.testing.drawing import draw_examples, prepared_strategies
    from minitorch.testing.strategies import tensors

    tried = [*OPTIMIZER_LAWS, *([_reference_law(reference)] if reference else [])]
    if laws != "all":
        named = laws.replace(",", " ").split() if isinstance(laws, str) else list(laws)
        unknown = set(named) - {one.__name__ for one in tried}
        if unknown:
            known = ", ".join(one.__name__ for one in tried)
            raise ValueError(f"no law of optimizers is called {sorted(unknown)}; there are {known}")
        tried = [one for one in tried if one.__name__ in named]
    name = getattr(factory, "__name__", type(factory).__name__)
    report = CheckReport(name, laws={one.__name__: 0 for one in tried})
    broken: list[Any] = []

    def one(drawn: Sequence[Any]) -> None:
        starts = [t.detach().numpy() for t in drawn]
        trial = _Trial(lambda params: factory(params, **settings), starts, seed)
        report.examples += 1
        for law in tried if not broken else [broken[0][0]]:
            report.laws[law.__name__] += 1
            failure: Exception | None = None
            try:
                law(trial)
            except Exception as error:
                failure = error
            if failure is not None:
                broken[:] = [(law, starts, failure)]
                raise _Stop

    given = strategies or (tensors(shape=(2, 3)), tensors(shape=(3,)))
    most = max_examples or max(5, current_profile().examples // 10)
    stopped = False
    try:
        draw_examples(one, prepared_strategies(given), most, seed)
    except _Stop:
        stopped = True
    if stopped:
        law, starts, failure = broken[0]
        shown = "\n".join(f"  parameter {i} = {a.tolist()}" for i, a in enumerate(starts))
        error = LawError(
            f"{name} breaks the law {law.__name__!r}: {failure}\n\n"
            f"Smallest parameters found:\n{shown}\n\nThe law: {law.__doc__}"
        )
        error.law, error.inputs = law.__name__, starts
        raise error from failure
    return report


class _Stop(Exception):
    """A law is broken; raised from one place, as Hypothesis tells failures apart by it."""
