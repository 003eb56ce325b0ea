"""Laws of the graph: recorded only when asked, freed when dropped, walked once or rightly twice."""

from __future__ import annotations

import gc
import pickle
import weakref
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.autograd.function import _FunctionOp
from minitorch.engine.backward import edge_of
from minitorch.engine.state import LEAF, Node, wrap
from minitorch.testing.example import Example
from minitorch.testing.laws.law import Broken, close, law, same, scale_of

__all__ = ["graph_freed", "no_grad", "own_shapes", "pickles", "second_backward"]


@law("graph", limit=6)
def no_grad(example: Example) -> None:
    """Under ``no_grad`` the values are the same, and no graph is recorded.

    A function that differentiates inside may refuse to work there, aloud.
    """
    try:
        with mt.no_grad():
            plain: Any = example.call()
    except RuntimeError:
        return
    for t in plain.tensors:
        if edge_of(t) is not None and not any(t is leaf for leaf in plain.leaves):
            raise Broken("under no_grad, the result still requires grad")
    for have, want in zip(plain.outs, example.outs):
        if have.shape != want.shape or not close(have, want, 1e-12, scale_of(want)).all():
            raise Broken("under no_grad the value is another", expected=want, got=have)


@law("graph", limit=8)
def own_shapes(example: Example) -> None:
    """What a Function's backward returns has the shapes of forward's arguments.

    The engine sums a gradient that is too large down to its argument, as PyTorch's does, and hides
    that a broadcast was not undone.  Whoever calls backward otherwise, or copies the formula, is
    not so lucky.
    """
    if example.empty or not example.active:
        return
    run: Any = example.call()
    for node in _function_nodes([t._node for t in run.tensors]):
        if node.shape is not None:
            g: Any = np.ones(node.shape, node.dtype)
        else:
            g = [None if like is None else np.ones(*like) for like in node.outputs]
        try:
            found = node.through(g)
        except Exception:
            return  # for the law of gradients to tell
        for i, (got, edge) in enumerate(zip(found, node.inputs)):
            want = None if edge is None else tuple(edge.shape)
            if got is not None and want is not None and tuple(got.shape) != want:
                text = (
                    f"{node.op.name}.backward returns a gradient of shape {tuple(got.shape)} for "
                    f"argument {i}, of shape {want}"
                )
                raise Broken(text, diagnosis=f"the broadcast was not undone: {text}")


def _function_nodes(nodes: list[Any]) -> list[Any]:
    """The nodes of Functions behind `nodes`."""
    found, seen = [], set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if not isinstance(node, Node) or id(node) in seen:
            continue
        seen.add(id(node))
        waiting += node.inputs
        if isinstance(node.op, _FunctionOp):
            found.append(node)
    return found


@law("graph", limit=3)
def graph_freed(example: Example) -> None:
    """When the result is dropped, the graph goes with it.

    A result kept as an attribute of ``ctx``, or in a list that only grows, keeps every graph alive.
    """
    if not example.active or not example.outs:
        return
    run: Any = example.call()
    nodes = [
        weakref.ref(t._node) for t in run.tensors if t._node is not None and t._node is not LEAF
    ]
    inputs = {id(t) for t in run.leaves}
    nodes = [n for n, t in zip(nodes, run.tensors) if id(t) not in inputs]
    if not nodes:
        return
    del run
    if all(node() is None for node in nodes):
        return
    if example.options.get("cycles") != "refused":
        gc.collect()  # a cycle that the collector finds is a delay, not a leak
        if all(node() is None for node in nodes):
            return
    raise Broken(
        "the graph is still there after the result was dropped", diagnosis="leaks the graph"
    )


@law("graph", limit=4)
def second_backward(example: Example) -> None:
    """A second backward through the same graph is refused, or gives the same gradient.

    With ``retain_graph=True`` it gives the same; without, it may raise, but not be silently wrong.
    """
    if not example.active or not example.outs:
        return
    run: Any = example.call()
    starts = [run.leaves[i] for i in example.active]
    ends = [(t, wrap(g)) for t, g in zip(run.tensors, example.gs) if t._node is not None]
    if not ends:
        return

    def pull(keep: bool) -> list[Any]:
        found = mt.autograd.grad(
            [t for t, _ in ends], starts, [wrap(g._data.copy()) for _, g in ends],
            retain_graph=keep, allow_unused=True,
        )  # fmt: skip
        return [None if g is None else g._data.copy() for g in found]

    first = pull(True)
    backs = [("after retain_graph=True", pull(False))]
    try:
        backs.append(("without retain_graph", pull(False)))
    except RuntimeError:
        pass
    for when, back in backs:
        for k, (have, want) in enumerate(zip(back, first)):
            if (have is None) != (want is None) or (have is not None and not same(have, want)):
                raise Broken(
                    f"a second backward {when} gives another gradient of {example.label(k)}",
                    leaf=k, expected=want, got=have,
                )  # fmt: skip


@law("graph", limit=1)
def pickles(example: Example) -> None:
    """What comes out survives pickling; so does a module, parameters and all.

    A module that cannot be pickled at all (a class inside of a function, a lambda as an attribute)
    is left alone: what pickles must come back the same.
    """
    run: Any = example.call(active=())
    for t in run.tensors:
        back = pickle.loads(pickle.dumps(t.detach()))
        if not same(back._data, t._data):
            raise Broken("the result is another after pickling", expected=t._data, got=back._data)
    if not example.subject.is_module:
        return
    module = example.subject.module  # type: ignore[attr-defined]
    try:
        copy = pickle.loads(pickle.dumps(module))
    except Exception:
        return
    mine, theirs = module.state_dict(), copy.state_dict()
    if list(mine) != list(theirs):
        raise Broken(f"after pickling, the module has the state {list(theirs)}, not {list(mine)}")
    for name, t in mine.items():
        if hasattr(t, "_data") and not same(t._data, theirs[name]._data):
            raise Broken(
                f"{name} is another after pickling", expected=t._data, got=theirs[name]._data
            )


@law(limit=3)
def wrong_shapes(example: Example) -> None:
    """Shapes that do not fit are an error that names both.

    Held against minitorch's own functions, and against yours when you ask for this law by name.
    """
    if example.options.get("strict_errors") is None:
        return
    shaped = [i for i in example.active if i < example.inputs and example.leaves[i].ndim]
    if len(shaped) < 2:
        return
    for i in shaped[1:]:
        for axis in range(example.leaves[i].ndim):
            length = example.leaves[i].shape[axis]
            if length == 0:
                continue
            longer = np.concatenate([example.leaves[i]] * 5, axis)
            leaves = [*example.leaves[:i], longer, *example.leaves[i + 1 :]]
            try:
                example.call(leaves, active=())
            except Exception as error:
                said = str(error)
                if str(length * 5) not in said or not any(
                    str(n) in said for n in [length, *example.leaves[shaped[0]].shape]
                ):
                    raise Broken(
                        f"given shapes {[a.shape for a in leaves]}, the error does not name what "
                        f"clashes: {type(error).__name__}: {said}"
                    ) from error
