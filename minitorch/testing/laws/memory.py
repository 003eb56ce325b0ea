"""Laws of memory: nothing is overwritten, and no two gradients share it."""

from __future__ import annotations

from typing import Any

import numpy as np

import minitorch as mt
from minitorch.engine.state import wrap
from minitorch.testing.example import Example
from minitorch.testing.laws.law import Broken, law, same

__all__ = ["aliasing", "mutation"]


@law(limit=16)
def mutation(example: Example) -> None:
    """Inputs, saved values and the incoming gradient are left as they were.

    ``g *= 2`` saves an array and ruins the gradients of everyone else who was given `g`.
    """
    leaves = [a if not a.flags.writeable else a.copy(order="K") for a in example.leaves]
    before = [a.copy() for a in leaves]
    run: Any = example.call(leaves)
    _unchanged(example, leaves, before, "forward")
    if not example.active or not run.outs:
        return
    outs = [out.copy() for out in run.outs]
    saved = _saved(run)
    kept = [a.copy() for a in saved]
    gs = [g.copy() for g in example.gs]
    try:
        first = example.pull(run, gs)
    except Exception:
        return  # for the law of gradients to tell
    for g, want in zip(gs, example.gs):
        if not same(g, want):
            raise Broken(
                "backward wrote to the incoming gradient", expected=want, got=g,
                diagnosis="mutates the incoming gradient",
            )  # fmt: skip
    _unchanged(example, leaves, before, "backward")
    for have, want in zip(run.outs, outs):
        if not same(have, want):
            raise Broken(
                "backward wrote to the output", expected=want, got=have,
                diagnosis="mutates a saved value",
            )  # fmt: skip
    if not all(same(a, b) for a, b in zip(saved, kept)):
        raise Broken("backward wrote to a value saved for it", diagnosis="mutates a saved value")
    copies = [None if g is None else g.copy() for g in first]
    second = example.pull(run, [g.copy() for g in example.gs])
    for k, (a, b) in enumerate(zip(copies, second)):
        if a is not None and b is not None and not same(a, b):
            raise Broken(
                f"the second backward gives another gradient of {example.label(k)}: the first "
                "wrote to something it needs",
                leaf=k, expected=a, got=b, diagnosis="mutates a saved value",
            )  # fmt: skip


def _unchanged(
    example: Example, leaves: list[np.ndarray], before: list[np.ndarray], who: str
) -> None:
    for i, (have, want) in enumerate(zip(leaves, before)):
        if not same(have, want):
            name = example.subject.label(i, example.inputs)
            raise Broken(
                f"{who} wrote to {name}", expected=want, got=have, diagnosis="mutates an input"
            )


def _saved(run: Any) -> list[np.ndarray]:
    """The arrays that the nodes of the outputs hold on to, where that can be seen."""
    found: list[np.ndarray] = []
    for t in getattr(run, "tensors", ()):
        for values in getattr(t._node, "saved", None) or ():
            for v in values if isinstance(values, tuple | list) else (values,):
                if isinstance(v, np.ndarray):
                    found.append(v)
    return found


@law(limit=10)
def aliasing(example: Example) -> None:
    """Gradients share no memory: with each other, with inputs, with the output, with later ones.

    Whoever adds to one gradient in place (optimizers do, and clipping) would change another.  The
    incoming gradient itself may be handed on, and to several inputs: ``return g, g`` is how one
    writes an addition, and whoever gave `g` knows it.
    """
    if not example.active or not example.outs or example.empty:
        return
    run: Any = example.call()
    gs = [g.copy() for g in example.gs]
    grads = _leaf_grads(example, run, gs) if example.subject.has_graph else example.pull(run, gs)
    others = [("the output", out) for out in run.outs]
    others += [(example.subject.label(i, example.inputs), a) for i, a in enumerate(example.leaves)]
    for k, g in enumerate(grads):
        if g is None:
            continue
        handed_on = not example.subject.has_graph and any(np.shares_memory(g, one) for one in gs)
        for j in range(k):
            if grads[j] is not None and np.shares_memory(g, grads[j]) and not handed_on:
                raise Broken(
                    f"the gradients of {example.label(j)} and {example.label(k)} share memory: "
                    "adding to one in place would change the other. Return a copy of one",
                    leaf=k, diagnosis="aliased gradients",
                )  # fmt: skip
        for name, other in others:
            if np.shares_memory(g, other):
                raise Broken(
                    f"the gradient of {example.label(k)} shares memory with {name}: adding to it "
                    "in place would change that. Return a copy",
                    leaf=k, diagnosis="aliased gradients",
                )  # fmt: skip
    kept = [None if g is None else g.copy() for g in grads]
    example.pull(example.call(), example.draw_gs(1))
    for k, (have, want) in enumerate(zip(grads, kept)):
        if have is not None and not same(have, want):
            raise Broken(
                f"the gradient of {example.label(k)} changes when backward is called again: both "
                "calls return the same array. Return a new one",
                leaf=k, expected=want, got=have, diagnosis="aliased gradients",
            )  # fmt: skip


def _leaf_grads(example: Example, run: Any, gs: list[np.ndarray]) -> list[Any]:
    """``.grad`` of each active leaf after ``backward``."""
    ends = [(t, g) for t, g in zip(run.tensors, gs) if t._node is not None]
    for i in example.active:
        run.leaves[i].grad = None
    if ends:
        mt.autograd.backward([t for t, _ in ends], [wrap(g) for _, g in ends])
    made = [run.leaves[i].grad for i in example.active]
    for i in example.active:
        run.leaves[i].grad = None
    return [None if g is None else g._data for g in made]
