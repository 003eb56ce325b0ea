"""How an op is declared: its NumPy function, and one gradient rule per argument, side by side.

    @elementwise("float")
    def expm1(input):
        return np.expm1(input)

    expm1.gradient(input=lambda g, out: g * (out + 1))

**A rule names what it needs**, and nothing else is kept until backward: ``g``, the incoming
gradient; any argument of the op by its name; ``out``, its result; ``<argument>_shape``, only the
shape of an argument.  Rules return the gradient as if nothing had been broadcast or cast: the
engine undoes both.  A rule that is no more than a ufunc of ``g`` and one other value may be written
``(np.multiply, "out")``.

Rules speak NumPy (operators and ``np.`` functions, never array methods), or call other
primitives: given arrays, primitives return arrays.  In the ordinary backward pass a rule runs on
arrays.  With ``create_graph=True`` it is handed Tensors, which answer the same NumPy calls by
recording them: second derivatives need no code of their own.

Three kinds of declaration:

`elementwise(result)`  one or two arguments, called `input` and `other`; broadcast, promoted to a
    common dtype by PyTorch's rules.
`primitive`             arguments before ``/`` are arrays, the rest plain settings; no promotion.
`primitive(view=True)`  the same, where the result may look into its argument's memory.
`primitive(many=True)`  the first argument is a sequence of arrays; its rule may name ``i``, the
    number of the array that it differentiates.

Calls are positional.  An op with several outputs returns a tuple; its rules get ``g`` as a tuple
with None for the outputs that nothing used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.dtypes import default_numpy
from minitorch.engine import state
from minitorch.engine.clock import tick
from minitorch.engine.modes import ever, mode
from minitorch.engine.state import LEAF, Node, TensorState, recorded, wrap
from minitorch.numerics.tiles import LARGE, in_tiles
from minitorch.ops.elsewhere import elsewhere
from minitorch.ops.op import NOTHING, Cotangents, Op, record
from minitorch.ops.out import store
from minitorch.ops.promotion import is_array, meet, number, only_tensors, refusal
from minitorch.ops.views import View, mark_view

__all__ = ["Cotangents", "View", "elementwise", "mark_view", "primitive"]

ndarray = np.ndarray
_new = object.__new__


class Primitive:
    """The type that a declared op has for its callers: a function with `op` and `gradient`."""

    op: Op
    gradient: Callable[..., None]
    operator: Primitive
    ufunc: Primitive
    __name__: str

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


def _finish(call: Any, op: Op, function: Any) -> Primitive:
    call.__name__ = call.__qualname__ = function.__name__
    call.__doc__ = function.__doc__
    call.__module__ = function.__module__
    call.op = op
    call.gradient = lambda **rules: op.set_rules(rules)
    return call


def primitive(function: Any = None, *, view: bool = False, many: bool = False) -> Any:
    """Declare an op: see the head of this file."""
    if function is None:
        return lambda function: primitive(function, view=view, many=many)
    op = Op(function, many)
    arity, picks = op.arity, op.picks
    call: Any

    if many:

        def call(arrays: Any, *settings: Any) -> Any:
            raw = [a._data if isinstance(a, TensorState) else a for a in arrays]
            out = function(raw, *settings)
            for a in arrays:
                if isinstance(a, TensorState):
                    return record(op, arrays, [raw, *settings], out)
            return out

    elif view:

        def call(input: Any, *settings: Any) -> Any:
            if not isinstance(input, TensorState):
                return function(input, *settings)
            x = input._data
            y = function(x, *settings)
            if type(y) is not ndarray:
                y = np.asarray(y)
            # `wrap(y)` or `recorded(...)`, written out: of the 2 us of a small view that saves 0.3.
            result = _new(state.tensor_class)
            result._data = y
            result._grad = result._view = None
            edge = input._node
            if edge is None or not (mode.recording and picks) or y.dtype.kind not in "fcV":
                result._node = None
            else:
                result._node = node = Node()
                node.op = op
                node.inputs = (input if edge is LEAF else edge,)
                node.saved = (picks[0]((x, *settings, y)),)
                node.order = tick()
                node.shape = y.shape
                node.dtype = y.dtype
                node.extra = None
                if ever.anomaly:
                    node.remember_where()
            return mark_view(result, input, call, settings)

    elif arity == 1:

        def call(input: Any, *settings: Any) -> Any:
            if not isinstance(input, TensorState):
                return function(input, *settings)
            x = input._data
            y = function(x, *settings)
            if type(y) is tuple:
                return record(op, (input,), [x, *settings], y)
            if type(y) is not ndarray:
                y = np.asarray(y)
            node = input._node
            if node is not None and mode.recording and op.picks and y.dtype.kind in "fcV":
                edges = (input if node is LEAF else node,)
                return recorded(op, edges, (op.picks[0]((x, *settings, y)),), y)
            return wrap(y)

    elif arity == 2:

        def call(input: Any, other: Any, *settings: Any) -> Any:
            a = b = None
            x, y = input, other
            if isinstance(input, TensorState):
                x = input._data
                a = input._node
            if isinstance(other, TensorState):
                y = other._data
                b = other._node
            z = function(x, y, *settings) if settings else function(x, y)
            if type(z) is not ndarray:
                if x is input and y is other:  # no Tensor among them
                    return z
                if type(z) is tuple:
                    return record(op, (input, other), [x, y, *settings], z)
                z = np.asarray(z)
            elif x is input and y is other:
                return z
            # `wrap(z)` or `recorded(...)`, written out: a tenth of a small product.
            result = _new(state.tensor_class)
            result._data = z
            result._node = result._grad = result._view = None
            if (a is None and b is None) or not (mode.recording and picks):
                return result
            if z.dtype.kind not in "fcV":
                return result
            saved_a = saved_b = None
            if op.crosswise:  # a fifteenth of a small product quicker than picking
                if a is not None:
                    saved_a = (y,)
                    if a is LEAF:
                        a = input
                if b is not None:
                    saved_b = (x,)
                    if b is LEAF:
                        b = other
            else:
                values = (x, y, *settings, z)
                pick_a, pick_b = picks
                if pick_a is None:
                    a = None
                elif a is not None:
                    saved_a = pick_a(values)
                    if a is LEAF:
                        a = input
                if pick_b is None:
                    b = None
                elif b is not None:
                    saved_b = pick_b(values)
                    if b is LEAF:
                        b = other
            if a is None and b is None:
                return result
            result._node = node = Node()
            node.op = op
            node.inputs = (a, b)
            node.saved = (saved_a, saved_b)
            node.order = tick()
            node.shape = z.shape
            node.dtype = z.dtype
            node.extra = None
            if ever.anomaly:
                node.remember_where()
            return result

    else:

        def call(*args: Any) -> Any:
            arrays = args[:arity]
            values = [a._data if isinstance(a, TensorState) else a for a in args]
            out = function(*values)
            for a in arrays:
                if isinstance(a, TensorState):
                    return record(op, arrays, values, out)
            return out

    return _finish(call, op, function)


def elementwise(
    result: str = "same",
    kinds: str = "biufcV",
    each: bool = False,
    numbers: str = "any",
    ufunc: Any = None,
    one_pass: bool = False,
) -> Callable[[Callable[..., Any]], Any]:
    """Declare an op on one or two arrays that works element by element.

    `result` says how dtypes meet: "same" (the common dtype), "float" (the same, but integers
    become the default float first).  `kinds` are the kinds of dtype that it works on, in NumPy's
    letters (V is bfloat16): NotImplementedError for others, also if only one operand is such
    when `each` is set.  `numbers` says which operands may be Python numbers instead of Tensors:
    "any", "one" (of the two), "other" or "none".  An op that is no more than a `ufunc` of NumPy's
    names it instead of calling it: that saves 60 ns of the 1.1 us of a small op.  One on a single
    array that goes over it but once, with `one_pass`, gains nothing from tiles.

    An op on two arrays has two more forms, which take numbers anyway: `operator`, for methods
    such as ``__add__``, leaves foreign types to Python; `ufunc` is for NumPy's own functions.
    """

    def declare(function: Callable[..., Any]) -> Any:
        op = Op(function)
        op.elementwise = True
        op.one_pass = one_pass
        op.arity = len(op.parameters)
        op.rules = (None,) * op.arity
        op.needs = [[]] * op.arity
        floats = result == "float"
        if ufunc is not None:
            op.function = ufunc
        if op.arity == 1:
            return _finish(_unary(op, floats, kinds), op, function)

        def form(numbers: str, foreign: Any = None) -> Any:
            return _finish(_binary(op, floats, kinds, each, numbers, foreign), op, function)

        call = form(numbers)
        call.operator, call.ufunc = form("other", NotImplemented), form("any", NotImplemented)
        return call

    return declare


def _unary(op: Op, floats: bool, kinds: str) -> Any:
    function, picks, one_pass = op.function, op.picks, op.one_pass

    def call(input: Any, *, out: Any = None) -> Any:
        if not isinstance(input, TensorState):
            if is_array(input):
                return function(input)
            return elsewhere(call, only_tensors(op.name, input), (input,))
        x = input._data
        kind = x.dtype.kind
        if kind not in kinds:
            raise refusal(op.name, (x,), TypeError())
        if floats and kind in "biu":
            x = x.astype(default_numpy())
        y = function(x) if x.size < LARGE or one_pass else in_tiles(function, x)
        if type(y) is not ndarray:
            y = np.asarray(y)
        # `wrap(y)` or `recorded(...)`, written out, as for two operands.
        result = _new(state.tensor_class)
        result._data = y
        result._grad = result._view = None
        edge = input._node
        if edge is None or not (mode.recording and picks) or y.dtype.kind not in "fcV":
            result._node = None
        else:
            result._node = node = Node()
            node.op = op
            node.inputs = (input if edge is LEAF else edge,)
            node.saved = (picks[0]((x, y)),)
            node.order = tick()
            node.shape = y.shape
            node.dtype = y.dtype
            node.extra = None
            if ever.anomaly:
                node.remember_where()
        return result if out is None else store(out, result)

    return call


def _binary(op: Op, floats: bool, kinds: str, each: bool, numbers: str, foreign: Any = None) -> Any:
    """`foreign`: what to return for operands that are neither Tensors nor numbers."""
    function = op.function
    # Kinds of dtype in which two Tensors of one dtype meet as they are.
    plain = kinds.replace("b", "").replace("i", "").replace("u", "") if floats else kinds
    all_plain = set(plain) == set("biufcV")
    picks = op.picks

    def operands(input: Any, other: Any) -> Any:
        """The arrays or numbers to compute with, where that takes more than a look."""
        if isinstance(input, TensorState):
            try:
                y = other._data if isinstance(other, TensorState) else other
                x, y = meet(op.name, input._data, y, floats)
            except TypeError:
                if foreign is None or isinstance(other, TensorState):
                    raise
                return foreign
            if numbers == "none" and not (isinstance(other, TensorState) or is_array(other)):
                raise only_tensors(op.name, other)
        else:
            if numbers in ("none", "other") and not is_array(input):
                raise only_tensors(op.name, input)
            x, y = meet(op.name, input, other._data, floats)
        if (x if type(x) is ndarray else y).dtype.kind not in kinds or (
            each and not _all_of(kinds, input, other)
        ):
            raise refusal(op.name, (x, y), TypeError())
        return x, y

    def call(input: Any, other: Any, *, out: Any = None) -> Any:
        a = b = None
        if isinstance(other, TensorState):
            b = other._node
            if isinstance(input, TensorState):
                a = input._node
                x = input._data
                y = other._data
                if x.dtype is not y.dtype or not (all_plain or x.dtype.kind in plain):
                    x, y = operands(input, other)
            else:
                x, y = operands(input, other)
        elif isinstance(input, TensorState):
            a = input._node
            met = operands(input, other)
            if met is NotImplemented:
                return met
            x, y = met
        elif is_array(input) or is_array(other):
            return function(input, other)
        elif numbers == "any":
            return call(number(op.name, input), other, out=out)
        else:
            raise only_tensors(op.name, input)
        try:
            if type(x) is not ndarray or x.size < LARGE:
                z = function(x, y)
            else:
                z = in_tiles(function, x, y)
        except (TypeError, ValueError) as error:
            raise refusal(op.name, (x, y), error) from None
        if type(z) is not ndarray:
            z = np.asarray(z)
        # What follows is `recorded(...)`, written out: the calls would add a tenth to a small op.
        result = _new(state.tensor_class)
        result._data = z
        result._grad = None
        result._view = None
        if (a is None and b is None) or not mode.recording or not picks:
            result._node = None
        else:
            saved_a = saved_b = None
            crosswise = op.crosswise
            if a is not None:
                pick = picks[0]
                saved_a = (y,) if crosswise else () if pick is NOTHING else pick((x, y, z))
                if a is LEAF:
                    a = input
            if b is not None:
                pick = picks[1]
                saved_b = (x,) if crosswise else () if pick is NOTHING else pick((x, y, z))
                if b is LEAF:
                    b = other
            result._node = node = Node()
            node.op = op
            node.inputs = (a, b)
            node.saved = (saved_a, saved_b)
            node.order = tick()
            node.shape = z.shape
            node.dtype = z.dtype
            node.extra = None
            if ever.anomaly:
                node.remember_where()
        return result if out is None else store(out, result)

    return call


def _all_of(kinds: str, *operands: Any) -> bool:
    return all(x._data.dtype.kind in kinds for x in operands if isinstance(x, TensorState))
