"""What is tested, as one kind of thing: arrays in, arrays out, and gradients pulled back.

A function of Tensors, an ``autograd.Function``, a module and a pair of NumPy functions all become
a `Subject`; the laws know nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.engine.state import LEAF, TensorState, wrap
from minitorch.testing.pair import Pair
from minitorch.testing.structure import arrays_in, replaced, tensors_in

__all__ = ["ModuleSubject", "PairSubject", "Run", "Subject", "TensorSubject", "subject_of"]


class Run:
    """One call: `outs`, its floating-point results as arrays, and `pull`."""

    outs: list[np.ndarray]
    live: Sequence[bool] = ()  # which of them are differentiable at all (empty: all)

    def pull(self, gs: Sequence[np.ndarray]) -> list[Any]:
        """The gradient of each active leaf (None: none came) for the incoming gradients `gs`."""
        raise NotImplementedError


class Subject:
    """`call(args, leaves, active)` runs the thing on `args` with its arrays replaced by `leaves`.

    `active` are the numbers of the leaves whose gradient is wanted.  `own` arrays (a module's
    parameters) follow those of the arguments.
    """

    has_graph = True  # made of Tensors
    is_pair = False
    is_module = False
    name = ""
    target: Any = None
    seed = 0

    def own(self) -> list[np.ndarray]:
        return []

    def label(self, i: int, inputs: int) -> str:
        """What leaf `i` is called in a report."""
        return f"input {i}"

    def call(self, args: Any, leaves: Sequence[np.ndarray], active: Sequence[int]) -> Run:
        raise NotImplementedError

    @contextmanager
    def narrowed(self) -> Iterator[None]:
        """Whatever else it holds is in single precision inside."""
        yield


class TensorRun(Run):
    def __init__(self, result: Any, leaves: list[Any], active: Sequence[int]) -> None:
        self.result = result
        self.leaves, self.active = leaves, active
        self.tensors = [t for t in tensors_in(result) if t._data.dtype.kind in "fcV"]
        if not tensors_in(result):
            raise TypeError(
                f"the function returned a {type(result).__name__}, not a Tensor. A function "
                "of NumPy arrays is tested as a pair: check_function((forward, backward), ...)"
            )
        self.outs = [t._data for t in self.tensors]
        self.live = [t._node is not None for t in self.tensors]

    def pull(
        self, gs: Sequence[np.ndarray], create_graph: bool = False, starts: Any = None
    ) -> list[Any]:
        starts = [self.leaves[i] for i in self.active] if starts is None else starts
        ends = [(t, wrap(g)) for t, g in zip(self.tensors, gs) if t._node is not None]
        if not ends:
            return [None] * len(starts)
        found = mt.autograd.grad(
            [t for t, _ in ends], starts, [g for _, g in ends],
            retain_graph=True, create_graph=create_graph, allow_unused=True,
        )  # fmt: skip
        return list(found) if create_graph else [None if g is None else g._data for g in found]


class TensorSubject(Subject):
    """A function of Tensors."""

    def __init__(self, function: Any, name: str) -> None:
        self.function, self.name, self.target = function, name, function

    def call(self, args: Any, leaves: Sequence[np.ndarray], active: Sequence[int]) -> TensorRun:
        tensors = [wrap(a, LEAF if i in active else None) for i, a in enumerate(leaves)]
        given = iter(tensors)
        return TensorRun(self.function(*replaced(list(args), lambda: next(given))), tensors, active)


class ModuleSubject(Subject):
    """A module: its parameters are inputs too."""

    is_module = True

    def __init__(self, module: Any, name: str, seed: int = 0) -> None:
        self.module, self.name, self.target, self.seed = module, name, module, seed
        named = [(n, p) for n, p in module.named_parameters() if p._node is not None]
        self.names = [n for n, _ in named]
        self.parameters = [p for _, p in named]
        self._start = [p._data.copy() for p in self.parameters]

    def own(self) -> list[np.ndarray]:
        return [a.copy() for a in self._start]

    @contextmanager
    def narrowed(self) -> Iterator[None]:
        frozen = [p for p in self.module.parameters() if p._node is None]
        kept = [(b, b._data) for b in [*self.module.buffers(), *frozen]]
        for b, array in kept:
            if array.dtype == np.float64:
                b._data = array.astype(np.float32)
        try:
            yield
        finally:
            for b, array in kept:
                b._data = array

    def label(self, i: int, inputs: int) -> str:
        return f"input {i}" if i < inputs else f"parameter {self.names[i - inputs]}"

    def call(self, args: Any, leaves: Sequence[np.ndarray], active: Sequence[int]) -> TensorRun:
        count = len(leaves) - len(self.parameters)
        tensors = [wrap(a, LEAF if i in active else None) for i, a in enumerate(leaves[:count])]
        given = iter(tensors)
        for p, a in zip(self.parameters, leaves[count:]):
            # Not written in place: an earlier run may still need what was there.
            p._data = np.asarray(a)
        mt.manual_seed(self.seed)
        result = self.module(*replaced(list(args), lambda: next(given)))
        return TensorRun(result, [*tensors, *self.parameters], active)


class PairRun(Run):
    def __init__(self, pair: Pair, given: list[Any], active: Sequence[int]) -> None:
        self.pair, self.given, self.active = pair, given, active
        self.result, self.cache = pair.forward(given)
        self.outs = [a for a in arrays_in(self.result) if a.dtype.kind in "fc"]

    def pull(self, gs: Sequence[np.ndarray]) -> list[Any]:
        if self.pair.remembers:  # backward takes what the last forward left behind
            self.result, self.cache = self.pair.forward(self.given)
        return self.pair.backward(self.given, self.result, self.cache, list(gs), self.active)


class PairSubject(Subject):
    """A pair (forward, backward) of NumPy functions."""

    has_graph = False
    is_pair = True

    def __init__(self, forward: Any, backward: Any, name: str) -> None:
        self.pair, self.name, self.target = Pair(forward, backward), name, (forward, backward)

    def call(self, args: Any, leaves: Sequence[np.ndarray], active: Sequence[int]) -> PairRun:
        given = iter(leaves)
        return PairRun(self.pair, replaced(list(args), lambda: next(given)), active)


def subject_of(fn: Any, seed: int = 0) -> Subject:
    """`fn` as a `Subject`: a function, an ``autograd.Function``, a module, or a pair."""
    if isinstance(fn, Subject):
        return fn
    if isinstance(fn, tuple | list):
        if len(fn) != 2 or not all(callable(f) for f in fn):
            raise TypeError("a pair to test is (forward, backward), two functions of NumPy arrays")
        return PairSubject(fn[0], fn[1], _name(fn[0]))
    if isinstance(fn, type) and issubclass(fn, mt.autograd.Function):
        return TensorSubject(fn.apply, fn.__name__)
    if isinstance(fn, type) and issubclass(fn, mt.nn.Module):
        raise TypeError(
            f"{fn.__name__} is a class of modules: use check_module({fn.__name__}, ...)"
        )
    if isinstance(fn, mt.nn.Module):
        return ModuleSubject(fn, type(fn).__name__, seed)
    if isinstance(fn, TensorState) or not callable(fn):
        raise TypeError(
            "expected a function, an autograd.Function, a module or a pair (forward, backward), "
            f"got a {type(fn).__name__}"
        )
    return TensorSubject(fn, _name(fn))


def _name(fn: Any) -> str:
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type) and fn.__name__ == "apply":
        return owner.__name__
    return getattr(fn, "__name__", type(fn).__name__)
