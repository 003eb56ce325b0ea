"""Several ops in a row, each on the result of the one before, recorded as one node.

    x -> linear(x, w0, b0) -> tanh -> linear(_, w2, b2)

Nobody sees what is between them, so it needs no tensors and no nodes of its own, and backward need
not walk there.  There is no arithmetic here: each `Link` has the kernels of the op that it stands
for, and the reference calls those ops one after the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch.engine.modes import mode
from minitorch.engine.state import LEAF, Node, recorded, wrap
from minitorch.numerics.tiles import LARGE, in_tiles
from minitorch.ops.activations import sigmoid
from minitorch.ops.fused import FusedOp
from minitorch.ops.linear import _affine
from minitorch.ops.primitive import Primitive
from minitorch.ops.rectifiers import relu
from minitorch.ops.trigonometry import tanh

__all__ = ["AFFINE", "RELU", "SIGMOID", "TANH", "Link", "row"]


@dataclass(frozen=True, eq=False)
class Link:
    """One op of a row: how it is called on Tensors, its kernels, its parameters' dimensions.

    ``forward(x, *parameters)`` gives the result and what the gradients need, ``backward(g, wanted,
    *kept)`` the gradients of `x` and of the parameters, None where `wanted` says no.
    """

    call: Callable[..., Any]
    forward: Callable[..., tuple[Any, tuple[Any, ...]]]
    backward: Callable[..., Sequence[Any]]
    parameters: tuple[int, ...] = ()


def _activation(op: Primitive) -> Link:
    """An elementwise op whose rule needs its result alone."""
    compute, (rule,) = op.op.function, op.op.rules
    assert op.op.needs == [["out"]]

    def forward(x: np.ndarray) -> Any:
        out = compute(x) if x.size < LARGE else in_tiles(compute, x)
        return out, (out,)

    def backward(g: np.ndarray, wanted: Any, out: np.ndarray) -> Any:
        return (rule(g, out) if g.size < LARGE else in_tiles(rule, g, out),)

    return Link(op, forward, backward)


AFFINE = Link(_affine, _affine.op.kernel, _affine.op.backward_kernel, (2, 1))
TANH, RELU, SIGMOID = _activation(tanh), _activation(relu), _activation(sigmoid)


class Row(FusedOp):
    """The op of a row's nodes: they save what is wanted, what each link kept, and all arguments."""

    def __init__(self, links: tuple[Link, ...]) -> None:
        self.links = links
        ops = [link.call.__name__.strip("_").title() for link in links]
        self.grad_name = "".join(ops[:5]) + "Etc" * (len(ops) > 5) + "Backward0"
        self.call, self.gradients = _written_out(self)  # type: ignore[assignment,method-assign]

    def reference(self, input: Any, *parameters: Any) -> Any:
        for link in self.links:
            count = len(link.parameters)
            input = link.call(input, *parameters[:count])
            parameters = parameters[count:]
        return input

    def needed(self, node: Node, create_graph: bool) -> Sequence[Any]:
        wanted, kept, values = node.saved
        return (*kept, values) if create_graph else kept


@functools.lru_cache(maxsize=256)
def row(links: tuple[Link, ...]) -> Callable[..., Any]:
    """The op that does what `links` do, as a function of its input and all their parameters.

    It takes Tensors of one dtype, single or double precision; a TypeError or ValueError, of no more
    words, if they do not fit.
    """
    return Row(links).call


def _written_out(op: Row) -> tuple[Callable[..., Any], Callable[[Node, Any], Sequence[Any]]]:
    """What calls and records `op`, and its gradients, written for its own links.

    Loops over them take as long as small layers.  For an affine map and a tanh, it is:

        def call(x, w0, b0):
            dtype = x._data.dtype
            if dtype.char not in "fd" or not dtype is w0._data.dtype is b0._data.dtype or ...:
                raise TypeError
            y, kept0 = forward0(x._data, w0._data, b0._data)
            y, kept1 = forward1(y)
            ex, ew0, eb0 = x._node, w0._node, b0._node
            if not mode.recording or ex is ew0 is eb0 is None:
                return wrap(y)
            if ex is LEAF: ex = x
            ...
            return recorded(op, (ex, ew0, eb0,), (...), y)

        def gradients(node, g):
            (x, w0, b0,), (kept0, kept1,), _ = node.saved
            g, = backward1(g, (True,), *kept1)
            g, w0, b0 = backward0(g, (x, w0, b0,), *kept0)
            return g, w0, b0
    """
    each = [
        [f"{letter}{i}" for letter, _ in zip("wb", link.parameters)]
        for i, link in enumerate(op.links)
    ]
    dims = [n for link in op.links for n in link.parameters]
    names = ["x", *[name for group in each for name in group]]
    edges = [f"e{name}" for name in names]
    kept = [f"kept{i}" for i in range(len(op.links))]
    data = ", ".join(f"{name}._data" for name in names)
    call = [
        f"def call({', '.join(names)}):",
        "dtype = x._data.dtype",
        "if dtype.char not in 'fd' or not ("
        + " is ".join(["dtype", *[f"{name}._data.dtype" for name in names[1:]], "dtype"])
        + "".join(f" and {name}._data.ndim == {n}" for name, n in zip(names[1:], dims))
        + "): raise TypeError",
    ]
    for i, group in enumerate(each):
        given = ", ".join([f"{name}._data" for name in group])
        call.append(f"y, kept{i} = forward{i}({'y' if i else 'x._data'}, {given})")
    call += [
        f"{', '.join(edges)} = {', '.join(f'{name}._node' for name in names)}",
        f"if not mode.recording or {' is '.join(edges)} is None: return wrap(y)",
        f"wanted = {', '.join(f'{edge} is not None' for edge in edges)},",
        *[f"if e{name} is LEAF: e{name} = {name}" for name in names],
        f"saved = wanted, ({', '.join(kept)},), ({data},)",
        f"return recorded(op, ({', '.join(edges)},), saved, y)",
    ]
    back = [
        "def gradients(node, g):",
        f"({', '.join(names)},), ({', '.join(kept)},), _ = node.saved",
    ]
    for i, group in reversed(list(enumerate(each))):
        upstream = " or ".join(["x", *[name for group in each[:i] for name in group]])
        wanted = ", ".join([upstream, *group])
        back.append(f"{', '.join(['g', *group])}, = backward{i}(g, ({wanted},), *kept{i})")
        if group and i:  # None: nothing before wants a gradient
            at = names.index(group[0])
            back.append(f"if g is None: return {'None, ' * at}{', '.join(names[at:])},")
    back.append(f"return {', '.join(['g', *names[1:]])},")
    scope: dict[str, Any] = {
        "LEAF": LEAF, "mode": mode, "wrap": wrap, "recorded": recorded, "op": op,
        "__name__": __name__,
    }  # fmt: skip
    for i, link in enumerate(op.links):
        scope[f"forward{i}"], scope[f"backward{i}"] = link.forward, link.backward
    for lines in (call, back):
        exec(compile("\n    ".join(lines), f"{__file__}: {lines[0]}", "exec"), scope)
    return scope["call"], scope["gradients"]
