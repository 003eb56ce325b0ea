"""Several ops in a row, each on the result of the one before, recorded as one node.

    x -> linear(x, w0, b0) -> tanh -> linear(_, w2, b2)

Nobody sees what is between them, so it needs no tensors and no nodes of its own, and backward need
not walk there.  There is no arithmetic here: each `Link` has the kernel and the rules of the op
that it stands for, and the reference calls those ops one after the other.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch.engine.modes import mode
from minitorch.engine.state import LEAF, Node, recorded, wrap
from minitorch.numerics.adding import add_rows
from minitorch.numerics.tiles import LARGE, in_tiles
from minitorch.ops.activations import sigmoid
from minitorch.ops.bilinear import dot, rows
from minitorch.ops.fused import FusedOp
from minitorch.ops.linear import _affine, affine_rows, weight_gradient
from minitorch.ops.primitive import Primitive
from minitorch.ops.rectifiers import relu
from minitorch.ops.trigonometry import tanh

__all__ = ["AFFINE", "RELU", "SIGMOID", "TANH", "Link", "row"]


@dataclass(frozen=True, eq=False)
class Link:
    """One op of a row: how it is called on Tensors, its kernel, and its gradients.

    ``kernel(x, *parameters)`` gives the result `y`.  `rules` has, for each parameter by its
    letter and at last for ``"x"``, the function that gives its gradient, and what that takes: "g",
    "x", "y" and letters of parameters.  With parameters, which must be `fit`, `x` is a matrix.
    """

    call: Callable[..., Any]
    kernel: Callable[..., Any]
    rules: dict[str, tuple[Callable[..., Any], str]]
    fit: str = "True"
    parameters: str = ""


def _activation(op: Primitive) -> Link:
    """An elementwise op whose rule needs its result alone."""
    compute, (exact,) = op.op.function, op.op.rules
    assert op.op.needs == [["out"]]

    def kernel(x: np.ndarray) -> Any:
        return compute(x) if x.size < LARGE or op.op.one_pass else in_tiles(compute, x)

    def rule(g: np.ndarray, y: np.ndarray) -> Any:
        return exact(g, y) if g.size < LARGE else in_tiles(exact, g, y)

    return Link(op, kernel, {"x": (rule, "gy")})


AFFINE = Link(
    _affine,
    affine_rows,
    {"w": (weight_gradient, "gx"), "b": (add_rows, "g"), "x": (dot, "gw")},
    "{w}.ndim == 2 and {b}.ndim == 1 and len({b}) == len({w})",  # another `b` would be broadcast
    "wb",
)
TANH, RELU, SIGMOID = _activation(tanh), _activation(relu), _activation(sigmoid)


class Row(FusedOp):
    """The op of a row's nodes: they save what is wanted, what the rules need, and all arguments."""

    fits = True

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
            v, v_w0, v_b0, = x._data, w0._data, b0._data,
            given, dtype = v, v.dtype
            if dtype.char not in 'fd' or not (
                dtype is v_w0.dtype is v_b0.dtype is dtype
                and v_w0.ndim == 2 and v_b0.ndim == 1 and len(v_b0) == len(v_w0) and True
            ): raise TypeError
            if v.ndim != 2: v = rows(v)
            v0 = kernel0(v, v_w0, v_b0)
            v1 = kernel1(v0)
            out = v1
            if given.ndim != 2: out = out.reshape(given.shape[:-1] + out.shape[1:])
            e_x, e_w0, e_b0, = x._node, w0._node, b0._node,
            if not mode.recording or e_x is e_w0 is e_b0 is None: return wrap(out)
            wanted = e_x is not None, e_w0 is not None, e_b0 is not None,
            if e_x is LEAF: e_x = x
            ...
            saved = wanted, (v_w0, v, v1,), (given, v_w0, v_b0,)
            return recorded(op, (e_x, e_w0, e_b0,), saved, out)

        def gradients(node, g):
            (x, w0, b0,), (v_w0, v, v1,), values = node.saved
            matrix = g.ndim == 2
            if not matrix: g = rows(g)
            g = rule1_x(g, v1)
            w0 = rule0_w(g, v) if w0 else None
            b0 = rule0_b(g) if b0 else None
            g = rule0_x(g, v_w0) if x else None
            if not matrix and x: g = g.reshape(values[0].shape)
            return g, w0, b0,
    """
    links = op.links
    names = ["x", *[f"{letter}{i}" for i, link in enumerate(links) for letter in link.parameters]]
    arrays = ["v", *[f"v_{name}" for name in names[1:]]]
    nodes = [f"e_{name}" for name in names]

    def those(letters: Iterable[str], i: int) -> list[str]:
        """The variables that `letters` stand for in link `i`."""
        known = {"g": "g", "x": f"v{i - 1}" if i else "v", "y": f"v{i}"}
        return [known.get(letter, f"v_{letter}{i}") for letter in letters]

    def tuple_of(members: Iterable[str]) -> str:
        return ", ".join(members) + ","

    runs: list[str] = []
    fit: list[str] = []
    needed: list[str] = []
    back: list[str] = []
    count = 1
    for i, link in enumerate(links):
        before, count = names[:count], count + len(link.parameters)
        runs.append(f"v{i} = kernel{i}({tuple_of(those('x' + link.parameters, i))})")
        fit.append(link.fit.format(**dict(zip(link.parameters, those(link.parameters, i)))))
        lines = []
        for letter, (_, letters) in link.rules.items():
            inputs = those(letters, i)
            needed += [v for v in inputs if v != "g"]
            name = "g" if letter == "x" else f"{letter}{i}"
            line = f"{name} = rule{i}_{letter}({tuple_of(inputs)})"
            if link.parameters and letter == "x" and i:  # perhaps nothing before wants a gradient
                rest = ["None"] * len(before) + names[len(before) :]
                lines.append(f"if not ({' or '.join(before)}): return {tuple_of(rest)}")
            elif link.parameters:
                line += f" if {'x' if name == 'g' else name} else None"
            lines.append(line)
        back = lines + back
    affine = count > 1  # then they work on matrices
    kept = tuple_of(dict.fromkeys(needed))
    call = [
        f"def call({tuple_of(names)}):",
        f"{tuple_of(arrays)} = {tuple_of(f'{name}._data' for name in names)}",
        "given, dtype = v, v.dtype",
        "if dtype.char not in 'fd' or not ("
        + " is ".join(["dtype", *[f"{v}.dtype" for v in arrays[1:]], "dtype"])
        + f" and {' and '.join(fit)}): raise TypeError",
        *["if v.ndim != 2: v = rows(v)"] * affine,
        *runs,
        f"out = v{len(runs) - 1}",
        *["if given.ndim != 2: out = out.reshape(given.shape[:-1] + out.shape[1:])"] * affine,
        f"{tuple_of(nodes)} = {tuple_of(f'{name}._node' for name in names)}",
        f"if not mode.recording or {' is '.join(nodes)} is None: return wrap(out)",
        f"wanted = {tuple_of(f'{node} is not None' for node in nodes)}",
        *[f"if e_{name} is LEAF: e_{name} = {name}" for name in names],
        f"saved = wanted, ({kept}), ({tuple_of(['given', *arrays[1:]])})",
        f"return recorded(op, ({tuple_of(nodes)}), saved, out)",
    ]
    back = [
        "def gradients(node, g):",
        f"({tuple_of(names)}), ({kept}), values = node.saved",
        "matrix = g.ndim == 2",
        *["if not matrix: g = rows(g)"] * affine,
        *back,
        *["if not matrix and x: g = g.reshape(values[0].shape)"] * affine,
        f"return {tuple_of(['g', *names[1:]])}",
    ]
    scope: dict[str, Any] = {
        "LEAF": LEAF, "mode": mode, "wrap": wrap, "recorded": recorded, "op": op, "rows": rows,
        "__name__": __name__,
    }  # fmt: skip
    for i, link in enumerate(op.links):
        scope[f"kernel{i}"] = link.kernel
        scope |= {f"rule{i}_{letter}": rule for letter, (rule, _) in link.rules.items()}
    for lines in (call, back):
        exec(compile("\n    ".join(lines), f"{__file__}: {lines[0]}", "exec"), scope)
    return scope["call"], scope["gradients"]
