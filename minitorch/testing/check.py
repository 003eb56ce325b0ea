"""Functions held to the laws: one example (`check_example`), or many drawn (`check_function`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import minitorch as mt
from minitorch.testing.check_modules import check_module
from minitorch.testing.check_runs import run_check
from minitorch.testing.checker import Checker, CheckReport, as_arrays, options_of
from minitorch.testing.subject import subject_of

__all__ = ["CheckReport", "check_example", "check_function"]


def check_example(
    fn: Any,
    *inputs: Any,
    laws: Any = "all",
    reference: Any = None,
    constant: Sequence[int] = (),
    domains: Sequence[Any] | None = None,
    declared: bool = False,
    rtol: float = 1e-4,
    value_rtol: float | None = None,
    batch_dim: int | None = None,
    cycles: str | None = None,
) -> CheckReport:
    """Hold `fn` to the laws on these very inputs; `LawError` if one is broken.

    What the scripts in failure reports call; needs NumPy alone.  `inputs` are arrays or Tensors,
    and whatever else `fn` takes; `constant` are the numbers of arrays whose gradient is not tested.
    The other arguments are those of `check_function`.

    >>> import numpy as np
    >>> square = (lambda x: x * x, lambda g, x: g * 2 * x)
    >>> bool(check_example(square, np.array([1.0, -0.5])))
    True
    """
    subject = subject_of(fn)
    args = [as_arrays(a) for a in inputs]
    options = options_of(subject, reference, batch_dim, cycles, value_rtol, laws)
    checker = Checker(subject, laws, options)
    example = checker.example(
        args, constant=constant, domains=domains, declared=declared, rtol=rtol
    )
    if checker.breaks(example):
        raise checker.error()
    if checker.refusal is not None:
        raise checker.refusal
    return checker.finish()


def check_function(
    fn: Any,
    *strategies: Any,
    reference: Any = None,
    laws: Any = "all",
    max_examples: int | None = None,
    seconds: float | None = None,
    seed: int = 0,
    rtol: float = 1e-4,
    value_rtol: float | None = None,
    cycles: str | None = None,
    body: Callable[..., None] | None = None,
) -> CheckReport:
    """Hold `fn` to every law that applies, on inputs drawn by Hypothesis.

    `fn` is a function of Tensors, an ``autograd.Function`` (or its ``apply``), a module, or a pair
    ``(forward, backward)`` of NumPy functions (see `minitorch.testing.pair`).  There is one of
    `strategies` for each argument: `tensors`, ``hypothesis.extra.numpy.arrays`` and the like, or
    any other value, which is passed as it is.  ``broadcastable(2)`` or ``signature(...)`` stand for
    as many tensors.  Tensors without a shape get shapes that broadcast with each other.

    - `reference`: computes the value in another way, from arrays
    - `laws`: "all", or names of laws (see `minitorch.testing.laws.LAWS`); "all -pickles" is all
      but one
    - `max_examples`, `seconds`: how many examples, and for how long; the profile's unless given
    - `seed`: of what is drawn
    - `rtol`: tolerance of gradients, relative, beside the error bar of the finite differences
    - `value_rtol`: tolerance of values against the reference (1e-6)
    - `cycles`: "refused": the graph must go without the garbage collector
    - `body`: more assertions: called with the inputs of each example

    A law that is broken raises `LawError`, an AssertionError, for the smallest inputs found.

    >>> from minitorch.testing import check_function, tensors
    >>> square = (lambda x: x * x, lambda g, x: g * 2 * x)
    >>> bool(check_function(square, tensors()))
    True
    """
    if isinstance(fn, mt.nn.Module):
        return check_module(
            fn, *strategies, reference=reference, laws=laws, max_examples=max_examples,
            seconds=seconds, seed=seed, rtol=rtol, value_rtol=value_rtol, body=body,
        )  # fmt: skip
    subject = subject_of(fn, seed)
    options = options_of(subject, reference, None, cycles, value_rtol, laws)
    checker = Checker(subject, laws, options)
    return run_check(checker, strategies, max_examples, seconds, seed, rtol, body)
