"""`Function`: an op of your own, with its forward and its backward written by hand."""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.engine import clock
from minitorch.engine.backward import as_tensor, conj, edge_of
from minitorch.engine.modes import mode, no_grad
from minitorch.engine.state import Node, Operation, TensorState, wrap
from minitorch.ops.identity import identity
from minitorch.ops.inplace import check_writable, rewrite
from minitorch.ops.op import differentiable, output_node
from minitorch.ops.views import mark_view

OF_FUNCTION = "looks into the memory of an argument of the custom Function that returned it"


class FunctionCtx:
    """What forward leaves for backward: the first argument of both.

    Any attribute may be set on it; tensors that are inputs or outputs go through
    `save_for_backward`, which notices when they are overwritten.
    """

    needs_input_grad: tuple[bool, ...] = ()
    _to_save: tuple[Any, ...] = ()
    _dirty: tuple[Any, ...] = ()
    _non_differentiable: tuple[Any, ...] = ()
    _materialize = True
    _node: Any = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward; they come back as ``ctx.saved_tensors``."""
        for t in tensors:
            if t is not None and not isinstance(t, TensorState):
                raise TypeError(
                    f"save_for_backward takes Tensors and None, got {type(t).__name__}; "
                    "anything else can be an attribute of ctx"
                )
        self._to_save = tensors

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs forward has written to in place; they must be returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which outputs have no gradient."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward is handed zeros (True, the default) or None for unused outputs."""
        self._materialize = value

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept."""
        return self._node().unpack() if self._node is not None else self._to_save


class _FunctionOp(Operation):
    """The op of a Function's node."""

    makes_fresh = False  # backward may return anything, also what it was given
    saves_arrays = True

    def __init__(self, function: type[Function]) -> None:
        self.function = function
        self.name = function.__name__
        self.grad_name = f"{self.name}Backward"

    def gradients(self, node: Any, g: Any) -> Sequence[Any]:
        return [None if x is None else x._data for x in node.through(g)]

    def recorded_gradients(self, node: Any, g: Any, saved: Any) -> Sequence[Any]:
        return node.through(g)


class _FunctionNode(Node):
    """A recorded call of a Function."""

    __slots__ = ("ctx", "kept", "outputs")
    ctx: FunctionCtx
    kept: list[Any]
    outputs: list[Any]

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        return self.unpack()

    def keep(self, tensors: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Save `tensors` as arrays and edges: an output kept whole would be a reference cycle."""
        kept: list[Any] = []
        for t in tensors:
            place = next((i for i, out in enumerate(outputs) if out is t), None)
            kept.append(None if t is None else (t._data, place, None if place is not None
                                                else edge_of(t)))  # fmt: skip
        self.kept = kept
        self.saved = (tuple(k[0] for k in kept if k is not None),)

    def unpack(self) -> tuple[Any, ...]:
        if self.saved is None:
            raise RuntimeError(
                f"the tensors that {self.op.name} saved were freed by an earlier backward. "
                "Call backward(retain_graph=True) the first time"
            )
        return tuple(self._unpack_one(*k) if k is not None else None for k in self.kept)

    def _unpack_one(self, array: np.ndarray, place: int | None, edge: Any) -> Any:
        entry = clock.overwritten(array, self.order)
        if entry is not None:
            raise RuntimeError(
                f"a tensor that {self.op.name} saved was overwritten by an in-place operation at "
                f"{entry.where}"
            )
        if place is not None:
            single = self.shape is not None
            return wrap(array, self if single else output_node(self, place, self.outputs))
        if isinstance(edge, TensorState) and edge._data is array:
            return edge
        return wrap(array, edge)

    def through(self, g: Any) -> list[Any]:
        """The gradients of the inputs as Tensors: what the user's backward makes of `g`."""
        given = [g] if self.shape is not None else list(g)
        if self.ctx._materialize:
            given = [
                np.zeros(*like) if x is None and like is not None else x
                for x, like in zip(given, self.outputs)
            ]
        tensors = [None if x is None else conj(as_tensor(x)) for x in given]
        result = self.op.function.backward(self.ctx, *tensors)
        grads = list(result) if isinstance(result, tuple | list) else [result]
        count = len(self.inputs)
        if len(grads) < count or any(x is not None for x in grads[count:]):
            raise RuntimeError(
                f"{self.op.name}.backward returned {len(grads)} gradients for the {count} "
                "arguments of forward; return one for each, None where there is none"
            )
        for i, grad in enumerate(grads):
            if grad is not None and not isinstance(grad, TensorState):
                raise TypeError(
                    f"{self.op.name}.backward returned a {type(grad).__name__} for argument {i}; "
                    "expected a Tensor or None"
                )
        return [
            None if edge is None or x is None else conj(x) for edge, x in zip(self.inputs, grads)
        ]


class Function:
    """An op of your own.  Mirrors ``torch.autograd.Function``.

    Write `forward(ctx, *args)` and `backward(ctx, *grad_outputs)` as static methods, the second
    returning one gradient for each argument of the first; call the op with ``apply``.  Instead of
    ``forward(ctx, ...)``, there may be ``forward(...)`` and ``setup_context(ctx, inputs, output)``.

    >>> import minitorch
    >>> class Double(minitorch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         return x * 2
    ...     @staticmethod
    ...     def backward(ctx, grad):
    ...         return grad * 2
    >>> x = minitorch.ones(2, requires_grad=True)
    >>> Double.apply(x).sum().backward()
    >>> x.grad
    tensor([2., 2.])
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a Function needs a static method forward(ctx, *args)")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        raise NotImplementedError("only called when it is overridden")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        raise NotImplementedError("a Function needs a static method backward(ctx, *grad_outputs)")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(f"call {type(self).__name__}.apply(...); a Function has no instances")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call the op: forward runs unrecorded, and the result is one node of the graph."""
        ctx = FunctionCtx()
        separate = cls.setup_context is not Function.setup_context
        if separate:  # backward answers for arguments left to their defaults, too
            bound = inspect.signature(cls.forward).bind(*args)
            bound.apply_defaults()
            args = bound.args
        edges = tuple(edge_of(a) if isinstance(a, TensorState) else None for a in args)
        recorded = mode.recording and any(e is not None for e in edges)
        ctx.needs_input_grad = tuple(e is not None for e in edges)
        with no_grad():
            if separate:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        if not recorded:
            return result
        single = not isinstance(result, tuple | list)
        outputs = [result] if single else list(result)
        return _recorded(cls, ctx, args, edges, outputs, single)


def _recorded(
    cls: type[Function],
    ctx: FunctionCtx,
    args: Sequence[Any],
    edges: tuple[Any, ...],
    outputs: list[Any],
    single: bool,
) -> Any:
    """Put one node behind `outputs`."""
    dirty = {id(t) for t in ctx._dirty}
    plain = {id(t) for t in ctx._non_differentiable}
    for t in ctx._dirty:
        if not any(t is out for out in outputs):
            raise RuntimeError(f"{cls.__name__}: a tensor marked dirty must be returned by forward")
        check_writable(t, args)
    if single and not isinstance(outputs[0], TensorState):
        return outputs[0]
    # An input that is returned becomes a new tensor: the input itself keeps its history.
    made = [
        mark_view(wrap(o._data.view()), o, identity, ())
        if isinstance(o, TensorState) and id(o) not in dirty and any(o is a for a in args)
        else o
        for o in outputs
    ]
    like: list[Any] = [
        (o._data.shape, o._data.dtype) if isinstance(o, TensorState) else None for o in made
    ]
    shape, dtype = like[0] if single else (None, None)
    node = _FunctionNode().fill(_FunctionOp(cls), edges, (), shape, dtype)
    node.ctx, node.outputs = ctx, like
    node.keep(ctx._to_save, outputs)
    ctx._to_save = ()
    ctx._node = weakref.ref(node)  # strongly, ctx and node would be a cycle
    for i, (given, out) in enumerate(zip(outputs, made)):
        if not isinstance(out, TensorState):
            continue
        if id(given) in plain or not differentiable(out._data):
            out._node = None
            continue
        place = node if single else output_node(node, i, like)
        if id(given) in dirty:
            rewrite(out, place, out._data)
            continue
        out._node = place
        if out._view is not None:
            out._view.refusal = OF_FUNCTION
    return made[0] if single else tuple(made)


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a backward that is not recordable itself: second derivatives are then refused."""

    @functools.wraps(backward)
    def wrapped(ctx: Any, *grads: Any) -> Any:
        recording = mode.recording
        with no_grad():
            result = backward(ctx, *grads)
        ends = [g for g in grads if isinstance(g, TensorState) and g._node is not None]
        if not recording or not ends:
            return result
        parts = result if isinstance(result, tuple | list) else (result,)
        refused = tuple(_Refuse.apply(p, *ends) if isinstance(p, TensorState) else p for p in parts)
        return refused if isinstance(result, tuple | list) else refused[0]

    return wrapped


class _Refuse(Function):
    """The first argument, whose gradient (to the others, that it came from) is an error."""

    @staticmethod
    def forward(ctx: Any, x: Any, *ends: Any) -> Any:
        return x.detach()

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        raise RuntimeError(
            "this function was marked with @once_differentiable and cannot be differentiated twice"
        )
