"""Laws of modules: state, modes, batches, parameters, seeds."""

from __future__ import annotations

from typing import Any

import numpy as np

import minitorch as mt
from minitorch.testing.example import Example
from minitorch.testing.laws.law import Broken, close, law, same, scale_of

__all__ = ["batch", "parameters_used", "seeded", "state_dict", "train_eval"]


def _state(module: Any) -> dict[str, np.ndarray]:
    return {n: t._data.copy() for n, t in module.state_dict().items() if hasattr(t, "_data")}


def _restore(module: Any, state: dict[str, np.ndarray], training: bool) -> None:
    for name, t in module.state_dict().items():
        if name in state:
            t._data[...] = state[name]
    module.train(training)


@law("module", limit=3)
def state_dict(example: Example) -> None:
    """What ``state_dict`` gives, loaded into another of the same kind, makes it the same function.

    Catches a parameter kept in a plain attribute, and a buffer that was never registered.
    """
    subject: Any = example.subject
    factory = example.options.get("factory")
    if factory is None or example.empty:
        return
    module = subject.module
    training = module.training
    mt.manual_seed(example.seed)  # not the seed that made this one
    other = factory()
    other.load_state_dict(module.state_dict())
    twin = example.variant(example.leaves)
    twin.subject = type(subject)(other, subject.name, subject.seed)
    module.eval()
    other.eval()
    try:
        have, want = twin.call(active=()).outs, example.call(active=()).outs
    finally:
        module.train(training)
    for a, b in zip(have, want):
        if a.shape != b.shape or not close(a, b, 1e-9, scale_of(b)).all():
            raise Broken(
                "another module of the same kind, given this one's state_dict, computes something "
                "else: part of the state is missing from it",
                expected=b, got=a,
            )  # fmt: skip


@law("module", limit=3)
def train_eval(example: Example) -> None:
    """``eval()`` and ``train()`` reach every submodule, and evaluation changes no state.

    In evaluation two calls give the same, and running statistics stay as they are.
    """
    module = example.subject.module  # type: ignore[attr-defined]
    training = module.training
    try:
        module.eval()
        if any(m.training for m in module.modules()):
            raise Broken("after eval(), a submodule is still training")
        before = _state(module)
        outs = [example.call(active=()).outs for _ in range(2)]
        for a, b in zip(*outs):
            if not same(a, b):
                raise Broken("in evaluation, two calls give different values", expected=a, got=b)
        for name, value in _state(module).items():
            if not same(value, before[name]):
                raise Broken(f"evaluation has changed {name}", expected=before[name], got=value)
        module.train()
        if not all(m.training for m in module.modules()):
            raise Broken("after train(), a submodule is still in evaluation")
    finally:
        module.train(training)


@law("module", "batch_dim", limit=4)
def batch(example: Example) -> None:
    """A batch gives what its items give one by one (in evaluation).

    Needs ``batch_dim``: only you know which axis is the batch, and some modules mix it on purpose.
    """
    module = example.subject.module  # type: ignore[attr-defined]
    dim, training = example.options["batch_dim"], module.training
    batched = [i for i in range(example.inputs) if example.leaves[i].ndim > dim]
    if not batched or example.empty:
        return
    count = example.leaves[batched[0]].shape[dim]
    module.eval()
    try:
        whole = example.call(active=()).outs
        singles = []
        for n in range(count):
            leaves = [
                np.take(a, [n], dim) if i in batched else a for i, a in enumerate(example.leaves)
            ]
            singles.append(example.call(leaves, active=()).outs)
    finally:
        module.train(training)
    for k, want in enumerate(whole):
        if want.ndim <= dim:
            continue
        got = np.concatenate([outs[k] for outs in singles], dim)
        if got.shape != want.shape or not close(got, want, 1e-6, scale_of(want)).all():
            raise Broken(
                "a batch gives something else than its items one by one: they are mixed",
                expected=got, got=want,
            )  # fmt: skip


@law("module")
def parameters_used(example: Example) -> None:
    """Every parameter that requires grad gets one, from some example at least.

    A layer that was made but never called trains nothing, silently.  Judged at the end of a check.
    """
    seen = example.options.get("seen")
    if seen is None or example.empty:
        return
    for k, i in enumerate(example.active):
        if i >= example.inputs:
            seen.setdefault(example.label(k), False)
            seen[example.label(k)] |= example.gradients[k] is not None


@law("module", limit=2)
def seeded(example: Example) -> None:
    """The same seed, the same numbers: made and called twice, a module gives the same bits."""
    factory = example.options.get("factory")
    if factory is None:
        return
    states = []
    for _ in range(2):
        mt.manual_seed(7)
        states.append(_state(factory()))
    for name in states[0]:
        if not same(states[0][name], states[1].get(name)):
            raise Broken(f"{name} is initialized differently under the same seed")
    first, second = example.call(active=()).outs, example.call(active=()).outs
    for a, b in zip(first, second):
        if not same(a, b):
            raise Broken("two calls under the same seed give different values", expected=a, got=b)
