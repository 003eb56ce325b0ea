"""Modules held to the laws: gradients of inputs and of every parameter, state, modes, batches."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.testing.check_runs import run_check
from minitorch.testing.checker import Checker, CheckReport, options_of
from minitorch.testing.subject import ModuleSubject

__all__ = ["check_module", "prepared"]


def prepared(factory: Any, seed: int = 0) -> Any:
    """The module that `check_module` tests: made under `seed`, in float64, its parameters moved a
    little off their initial values (a weight of exactly 1 hides a missing factor).

    >>> prepared(mt.nn.Linear(2, 1)).weight.dtype
    minitorch.float64
    """
    mt.manual_seed(seed)
    module = _made(factory).double()
    rng = np.random.default_rng(seed)
    for p in module.parameters():
        if p._node is not None and p._data.dtype.kind in "fc":
            p._data = np.asarray(p._data + rng.integers(-16, 16, p._data.shape) / 128)
    return module


def _made(factory: Any) -> Any:
    """A new module: from a class or function that makes one, or a copy of a module."""
    module = copy.deepcopy(factory) if isinstance(factory, mt.nn.Module) else factory()
    if not isinstance(module, mt.nn.Module):
        raise TypeError(
            "check_module takes a module, or a function that makes one; it made a "
            f"{type(module).__name__}"
        )
    return module


def check_module(
    factory: Any,
    *strategies: Any,
    reference: Any = None,
    laws: Any = "all",
    batch_dim: int | None = None,
    max_examples: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    rtol: float = 1e-4,
    value_rtol: float | None = None,
    body: Callable[..., None] | None = None,
) -> CheckReport:
    """Hold a module to every law, on inputs drawn by Hypothesis.

    `factory` makes the module (a class or a function without arguments), or is one.  All laws of
    `check_function` apply, to its parameters as well as to its inputs, and those of modules: the
    state dict makes another one the same, ``train`` and ``eval`` reach everything, every parameter
    gets a gradient, the same seed gives the same numbers.  With `batch_dim`, a batch must give what
    its items give one by one.  Random layers see the same random numbers in every call.

    >>> from minitorch.testing import check_module, tensors
    >>> bool(check_module(lambda: mt.nn.Linear(3, 2), tensors(shape=(4, 3)), batch_dim=0))
    True
    """
    module = prepared(factory, seed)
    name = type(module).__name__
    subject = ModuleSubject(module, name, seed)
    options = options_of(subject, reference, batch_dim, None, value_rtol, laws)
    options.update(factory=lambda: _made(factory).double(), factory_given=factory, seed=seed)
    checker = Checker(subject, laws, options)
    state = mt.get_rng_state()
    try:
        return run_check(checker, strategies, max_examples, seconds, seed, rtol, body)
    finally:
        mt.set_rng_state(state)
