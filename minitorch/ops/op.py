"""`Op`: what a node points to, and how a result is recorded."""

from __future__ import annotations

import functools
import itertools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minitorch.engine.modes import mode
from minitorch.engine.state import LEAF, Node, Operation, TensorState, recorded, wrap
from minitorch.numerics.tiles import LARGE, in_tiles

# A function of `g` and of what its other parameters name; or, where that is all it does, a ufunc
# and the name of its second operand: of such, large arrays need no tiles, which saves a copy.
Rule = Callable[..., Any] | tuple[np.ufunc, str]
ndarray = np.ndarray
NOTHING: Callable[[Sequence[Any]], Any] = operator.itemgetter(slice(0, 0))  # picks no values


def code_of(function: Any) -> Any:
    """A function's code, which knows its parameters; `inspect.signature` takes 50 times longer."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function.__code__


def _parameters(function: Callable[..., Any]) -> list[str]:
    code = code_of(function)
    return list(code.co_varnames[: code.co_argcount])


def _apart(rule: Rule | None) -> tuple[Any, list[str]]:
    """What a rule computes, and the names of what it needs beside `g`."""
    if rule is None:
        return None, []
    if isinstance(rule, tuple):
        return rule[0], [rule[1]]
    first, *names = _parameters(rule)
    if first != "g":
        raise TypeError(f"the first parameter of a rule is g, not {first}")
    return rule, names


class Op(Operation):
    """An op's name, its NumPy function, and its rules: what nodes point to.

    Its nodes save, for each input, a tuple of the values that its rule names, or None.
    """

    def __init__(self, function: Callable[..., Any], many: bool = False) -> None:
        self.name = function.__name__.strip("_")
        self.grad_name = self.name.title().replace("_", "") + "Backward0"
        self.function = function
        self.parameters = _parameters(function)
        self.many = many
        self.elementwise = False  # whether rules, too, work element by element
        self.one_pass = False  # whether its function, on a large array, is better not cut in tiles
        self.crosswise = False  # whether each rule needs the other argument alone: a product
        self.arity = 1 if many else code_of(function).co_posonlyargcount
        # For each array argument: its rule; the names that the rule wants; and the function that
        # picks their values from (*arguments, out, i).
        self.rules: Any = (None,) * self.arity
        self.needs: list[list[str]] = [[]] * self.arity
        self.picks: list[Any] = []

    def set_rules(self, rules: dict[str, Rule]) -> None:
        """Attach gradient rules, by the name of the argument that each differentiates."""
        arrays = self.parameters[: self.arity]
        for name in rules:
            if name not in arrays:
                raise TypeError(f"{self.name} has no array argument {name!r}, only {arrays}")
        apart = [_apart(rules.get(name)) for name in arrays]
        made, self.needs = [rule for rule, _ in apart], [names for _, names in apart]
        self.picks[:] = [  # in place: the op's call holds this very list
            None if rule is None else self._picker(names) for rule, names in zip(made, self.needs)
        ]
        self.saves_arrays = any(
            name == "out" or name in arrays for names in self.needs for name in names
        )
        self.crosswise = len(arrays) == 2 and self.needs == [[arrays[1]], [arrays[0]]]
        self.rules = itertools.repeat(made[0]) if self.many else tuple(made)
        if not self.many and self.arity <= 2:
            few = _of_one if self.arity == 1 else _of_two
            if self.elementwise and any(self.needs):
                few = _of_one_elementwise if self.arity == 1 else _of_two_elementwise
            self.gradients = few(*made)  # type: ignore[method-assign]

    def gradients(self, node: Node, g: Any) -> Sequence[Any]:
        return [
            None if values is None else rule(g, *values)
            for rule, values in zip(self.rules, node.saved)
        ]

    def saved_for(self, inputs: Sequence[bool], saved: Any) -> Any:
        return tuple([values if one else None for one, values in zip(inputs, saved)])

    def _picker(self, names: list[str]) -> Callable[[Sequence[Any]], tuple[Any, ...]]:
        if not names:
            return NOTHING
        where = [self._index(name) for name in names]
        shaped = [i for i, shape in where if shape]
        end = len(self.parameters) + (2 if self.many else 1)
        # Shapes are picked from behind the other values.
        places = [end + shaped.index(i) if shape else i for i, shape in where]
        if len(places) == 1:
            one = slice(places[0], places[0] + 1)
            pick: Any = operator.itemgetter(one)  # a tuple of one
        else:
            pick = operator.itemgetter(*places)
        if not shaped:
            return pick
        if len(shaped) == 1:
            (only,) = shaped
            if len(places) == 1:  # the commonest of all: views
                return lambda values: (_shape_of(values[only]),)
            return lambda values: pick((*values, _shape_of(values[only])))
        return lambda values: pick((*values, *[_shape_of(values[i]) for i in shaped]))

    def _index(self, name: str) -> tuple[int, bool]:
        """Where `name` is in (*arguments, out, i), and whether only its shape is meant."""
        places = [*self.parameters, "out", "i"] if self.many else [*self.parameters, "out"]
        if name in places:
            return places.index(name), False
        if name.endswith("_shape") and name[: -len("_shape")] in self.parameters:
            return self.parameters.index(name[: -len("_shape")]), True
        raise TypeError(f"{self.name}: a rule names {name!r}; it may name {places}")

    def saved(self, edges: Sequence[Any], values: Sequence[Any]) -> tuple[Any, ...]:
        """What each input's rule names, from ``values = (*arguments, out)``."""
        if self.many:
            pick = self.picks[0]
            return tuple([None if e is None else pick((*values, i)) for i, e in enumerate(edges)])
        given = tuple(values)
        return tuple([None if e is None else pick(given) for e, pick in zip(edges, self.picks)])

    def recorded_gradients(self, node: Node, g: Any, saved: Any) -> list[Any]:
        """`gradients` when backward itself is recorded: saved values become Tensors."""
        grads: list[Any] = []
        for position, (rule, values) in enumerate(zip(self.rules, saved)):
            if values is None:
                grads.append(None)
                continue
            names = self.needs[0 if self.many else position]
            grad = rule(g, *[self._attach(node, n, v) for n, v in zip(names, values)])
            if isinstance(grad, ndarray | np.generic):
                grad = wrap(np.asarray(grad))
            grads.append(grad)
        return grads

    def _attach(self, node: Node, name: str, value: Any) -> Any:
        """A saved value as a Tensor on its place in the graph; settings stay as they are."""
        if name == "out":
            if type(value) is tuple:
                return tuple(_output(node, i, value) for i in range(len(value)))
            return wrap(value, node)
        if name not in self.parameters[: self.arity]:
            return value
        if self.many:
            return [reattach(v, edge) for v, edge in zip(value, node.inputs)]
        if isinstance(value, ndarray):
            return reattach(value, node.inputs[self.parameters.index(name)])
        return value


def _of_one(rule: Any) -> Any:
    """`Op.gradients` for one input, without the loop: it is half of what a small op costs."""

    def gradients(node: Node, g: Any) -> Sequence[Any]:
        return (rule(g, *node.saved[0]),)

    return gradients


def _of_two(rule_a: Any, rule_b: Any) -> Any:
    """`Op.gradients` for two inputs."""

    def gradients(node: Node, g: Any) -> Sequence[Any]:
        a, b = node.saved
        return None if a is None else rule_a(g, *a), None if b is None else rule_b(g, *b)

    return gradients


def _of_one_elementwise(rule: Any) -> Any:
    """The same, where a large gradient is worked through in tiles and on several threads."""

    def gradients(node: Node, g: Any) -> Sequence[Any]:
        if g.size < LARGE:
            return (rule(g, *node.saved[0]),)
        return (in_tiles(rule, g, *node.saved[0]),)

    return gradients


def _of_two_elementwise(rule_a: Any, rule_b: Any) -> Any:
    few = _of_two(rule_a, rule_b)

    def gradients(node: Node, g: Any) -> Sequence[Any]:
        if g.size < LARGE:
            return few(node, g)
        # A rule that needs no values may return `g` itself: there is nothing to share.
        return [
            None if values is None else in_tiles(rule, g, *values) if values else rule(g)
            for rule, values in zip((rule_a, rule_b), node.saved)
        ]

    return gradients


def _shape_of(value: Any) -> Any:
    if type(value) is ndarray:
        return value.shape
    return [v.shape for v in value] if isinstance(value, list | tuple) else np.shape(value)


def reattach(value: ndarray, edge: Any) -> Any:
    """A Tensor that holds a saved array and stands where its gradient goes."""
    if isinstance(edge, TensorState) and edge._data is value:
        return edge
    return wrap(value, edge)


class Cotangents(Sequence[Any]):
    """The gradients of an op with several outputs: one entry each, None where unused.

    They meet in the engine by addition, like any gradient.  Each output brings one entry, so that
    a tensor taken apart into n pieces costs n additions, not n times n.
    """

    __slots__ = ("_count", "_parts")
    shape = dtype = None  # as of the node that they arrive at: there is nothing to fit

    def __init__(self, count: int, parts: dict[int, Any]) -> None:
        self._count = count
        self._parts = parts

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Any]:
        return map(self._parts.get, range(self._count))

    def __getitem__(self, i: Any) -> Any:
        if not 0 <= i < self._count:
            raise IndexError(i)
        return self._parts.get(i)

    def __add__(self, other: Cotangents) -> Cotangents:
        parts = self._parts  # made for this sum alone, so it may grow
        for i, grad in other._parts.items():
            parts[i] = parts[i] + grad if i in parts else grad
        return self


class _OutputNode(Node):
    """Stands between the node of an op with several outputs and one of them."""

    __slots__ = ()

    def shown(self) -> tuple[Node, int]:
        return self.inputs[0], self.saved[0][0]


class _Output(Operation):
    """The op of such a node."""

    def __init__(self, grad_name: str) -> None:
        self.grad_name = grad_name

    def gradients(self, node: Node, g: Any, saved: Any = None) -> Sequence[Any]:
        i, count = node.saved[0]
        return (Cotangents(count, {i: g}),)

    recorded_gradients = gradients


_output_op = functools.cache(_Output)  # one for all nodes of a name


def output_node(parent: Node, i: int, outs: Sequence[tuple[Any, Any]]) -> Node:
    """The node of output number `i` of `parent`; `outs` are all outputs' shapes and dtypes."""
    op = _output_op(parent.op.grad_name)
    return _OutputNode().fill(op, (parent,), ((i, len(outs)),), *outs[i])


def _output(parent: Node, i: int, outs: tuple[ndarray, ...]) -> Any:
    """Output number `i` of `parent` as a Tensor; integers and booleans have no gradient."""
    out = outs[i]
    if out.dtype.kind not in "fcV":
        return wrap(out)
    op = _output_op(parent.op.grad_name)
    return recorded(op, (parent,), ((i, len(outs)),), out, _OutputNode)


def differentiable(array: ndarray) -> bool:
    """Whether the dtype can carry gradients: floating (bfloat16 is NumPy's kind V) or complex."""
    return array.dtype.kind in "fcV"


def record(op: Op, args: Sequence[Any], values: list[Any], out: Any) -> Any:
    """Wrap `out`, the result of ``op.function(*values)``; with a node if one of `args` needs it."""
    needed = False
    edges = []
    for arg, rule in zip(args, op.rules):
        edge = arg._node if isinstance(arg, TensorState) else None
        if edge is not None:
            if rule is None:
                edge = None
            else:
                needed = True
                if edge is LEAF:
                    edge = arg
        edges.append(edge)
    if type(out) is tuple:
        outs = tuple([o if type(o) is ndarray else np.asarray(o) for o in out])
        if not needed or not mode.recording:
            return tuple([wrap(o) for o in outs])
        values.append(outs)
        parent = Node().fill(op, tuple(edges), op.saved(edges, values), None, None)
        return tuple([_output(parent, i, outs) for i in range(len(outs))])
    if type(out) is not ndarray:
        out = np.asarray(out)
    if not needed or not mode.recording or not differentiable(out):
        return wrap(out)
    values.append(out)
    return recorded(op, tuple(edges), op.saved(edges, values), out)
