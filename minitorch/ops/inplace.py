"""In-place writes, and what they do to history.

A write replaces a tensor's value, so it replaces the tensor's node.  If the tensor is a view, the
memory of its base changed too: the base gets a node that says "as before, except for this part",
and every living view of that base is looked up in it again.  That is how PyTorch differentiates
them.  Writes that cannot be differentiated are refused before anything changes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.dtypes import can_cast, from_numpy_dtype
from minitorch.engine import clock
from minitorch.engine.backward import conj, edge_of
from minitorch.engine.modes import mode
from minitorch.engine.state import LEAF, Node, TensorState, wrap
from minitorch.ops.copying import cast
from minitorch.ops.identity import identity
from minitorch.ops.op import Op, record
from minitorch.ops.out import check_memory
from minitorch.ops.primitive import primitive
from minitorch.ops.views import Steps, keep_retaining, living_views, refresh_views, replay, view_of


def in_place(op: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """The in-place form of `op`: ``exp_ = in_place(exp)`` writes ``exp(self)`` into ``self``."""
    needs_old = _names_first_argument(op)

    @functools.wraps(op)
    def write(self: Any, *args: Any, **kwargs: Any) -> Any:
        source = self
        if mode.recording and check_writable(self, args, kwargs):
            # What the op saves of `self` is the value before the write, so it must see a copy.
            copied = needs_old or any(_same_memory(a, self) for a in args)
            source = wrap(self._data.copy() if copied else self._data, edge_of(self))
        for a in args:
            if isinstance(a, TensorState):
                check_partial_overlap(self._data, a._data)
        start = clock.tick()
        result = op(source, *args, **kwargs)
        return replace(self, result, since=start)

    write.__name__ = write.__qualname__ = name or f"{getattr(op, '__name__', 'op')}_"
    return write


def _names_first_argument(op: Any) -> bool:
    declared = getattr(op, "op", None)
    if not isinstance(declared, Op):
        return True  # composed of others: who knows what they save
    first = declared.parameters[0]
    return any(first in names for names in declared.needs)


def _same_memory(x: Any, target: Any) -> bool:
    return isinstance(x, TensorState) and clock.owner(x._data) is clock.owner(target._data)


def check_writable(target: Any, args: Any = (), kwargs: Any = None) -> bool:
    """Whether a write to `target` will be recorded; RuntimeError if it may not be written to."""
    if not mode.recording:
        return False
    if target._node is None:
        operands = (*args, *kwargs.values()) if kwargs else args
        for x in operands:
            if isinstance(x, TensorState) and x._node is not None:
                break
        else:
            return False
    view = target._view
    if view is not None and view.refusal is not None:
        raise RuntimeError(
            f"this view {view.refusal}, so a write through it cannot be differentiated. "
            "Write to a clone()"
        )
    if target._node is LEAF:
        raise RuntimeError(
            "a leaf that requires grad cannot be written in place: its old value would be lost. "
            "Write under no_grad(), or to a clone()"
        )
    if view is not None and view.base._node is LEAF:
        raise RuntimeError(
            "a view of a leaf that requires grad cannot be written in place. "
            "Write under no_grad(), or to a clone()"
        )
    return True


def check_partial_overlap(data: np.ndarray, x: np.ndarray) -> None:
    """Refuse to write to `data` where `x`, an operand, is read for other places: what is first?"""
    if clock.owner(x) is clock.owner(data) and x is not data:
        if not x.size or not data.size or not (_dense(x) and _dense(data)):
            return
        first, last = np.lib.array_utils.byte_bounds(data)
        begin, end = np.lib.array_utils.byte_bounds(x)
        same = (first, last) == (begin, end) and _alike(x, data)
        if not same and first < end and begin < last:
            raise RuntimeError(
                "an operand looks into the same memory as the tensor that is written to, but not "
                "in the same way; clone() one of them"
            )


def _alike(x: np.ndarray, y: np.ndarray) -> bool:
    """Whether the strides agree; those of dimensions that indexing by None made do not matter."""
    return x.ndim == y.ndim and all(
        a == b or (n == m == 1 and 0 in (a, b))
        for a, b, n, m in zip(x.strides, y.strides, x.shape, y.shape)
    )


def _steps(x: np.ndarray) -> list[tuple[int, int]]:
    """The strides with their sizes; those of size 1 do not matter."""
    return [(step, n) for step, n in zip(x.strides, x.shape) if n > 1]


def _dense(x: np.ndarray) -> bool:
    """Whether the elements of `x` fill a block of memory, each a place of its own."""
    extent = x.itemsize
    for step, n in sorted(_steps(x)):
        if step != extent:
            return False
        extent *= n
    return True


def replace(target: Any, result: Any, since: int | None = None) -> Any:
    """Make `target` hold `result`: its value, in target's memory, and its history.

    A node made after `since` belongs to this write alone; any other gets a node in front of it.
    """
    if since is None:
        check_writable(target, (result,))
    value, data = result._data, target._data
    if value.shape != data.shape:
        raise RuntimeError(
            f"the result has shape {list(value.shape)} and cannot be written in place into a "
            f"tensor of shape {list(data.shape)}"
        )
    if value.dtype != data.dtype:
        have, want = from_numpy_dtype(value.dtype), from_numpy_dtype(data.dtype)
        if not can_cast(have, want):
            raise RuntimeError(f"result type {have} can't be cast to the tensor's dtype {want}")
        result = cast(result, data.dtype)
        value = result._data
    check_memory(data)
    np.copyto(data, value)
    clock.stamp(data)
    node = result._node
    if mode.recording and (node is not None or target._node is not None):
        if node is None:  # what the tensor was no longer counts
            node = record(copy.op, (target, result), [data, value], data)._node
        elif since is None or node is LEAF or node.order < since:
            node = identity(result)._node
        rewrite(target, node, value)
    else:
        tell_views(target)
    return target


def tell_views(target: Any) -> None:
    """After a write to the memory of `target`: look up the views of it again."""
    base = target if target._view is None else target._view.base
    if base._live_views is not None:
        refresh_views(base)
    if base._alias is not None:  # a detached tensor: what it was detached from was written too
        origin = base._alias()
        if origin is not None:
            tell_views(origin)


def edit(function: Any = None, *, overlap: bool = False) -> Any:
    """Declare an op that changes some elements of its first argument.

    `function` writes to the array that it is given first; it must find whatever is wrong with
    its arguments before it does.  The op itself hands it a copy; ``op.in_place`` hands it the
    tensor's own memory, at the price of the changed elements alone.  Rules may not name the
    first argument, nor ``out``.  `overlap`: it does not matter if elements share memory.
    """
    if function is None:
        return lambda function: edit(function, overlap=overlap)

    def changed(*args: Any) -> Any:
        out = args[0].copy()
        function(out, *args[1:])
        return out

    call = primitive(functools.wraps(function)(changed))
    op, arity = call.op, call.op.arity
    operands = range(1, arity)

    def write(*args: Any) -> Any:
        target = args[0]
        data = target._data
        if not overlap:
            check_memory(data)
        recorded = mode.recording and check_writable(target, args[1:arity])
        values = [data, *args[1:]]
        for i in operands:
            if isinstance(args[i], TensorState):
                x = args[i]._data
                values[i] = x.copy() if clock.owner(x) is clock.owner(data) else x
        function(*values)
        clock.stamp(data)
        if recorded:
            node = record(op, args[:arity], values, data)._node
            if node is not None:
                rewrite(target, node, data)
                return target
        tell_views(target)
        return target

    call.in_place = write
    return call


def rewrite(target: Any, node: Node, value: np.ndarray) -> None:
    """`target`, just written, was made by `node`; tell its base and the other views.

    Where a rule names `out`, the node keeps the tensor's own memory instead of `value`, so that a
    later write to it is noticed.
    """
    data = target._data
    node.saved = tuple(
        [s if s is None else tuple([_after(v, value, data) for v in s]) for s in node.saved]
    )
    node.order = clock.tick()  # after the stamp of this very write
    if any(type(v) is clock.Overwritten for s in node.saved for v in s or ()):
        clock.latest.time = clock.tick()  # so that backward looks
    view = target._view
    if view is None:
        base, made = target, node
    else:
        base = view.base
        settings = (view.steps, base._data.shape, base._data.strides)
        edges = (edge_of(base), node)
        saved = tuple([None if edge is None else settings for edge in edges])
        made = Node().fill(_copy_slices.op, edges, saved, base._data.shape, base._data.dtype)
    keep_retaining(base, made)
    base._node = made
    tell_views(base)


def _after(saved: Any, value: np.ndarray, data: np.ndarray) -> Any:
    """What becomes of a saved value, when `value` has been written to `data`."""
    if saved is value:
        return data
    if isinstance(saved, np.ndarray) and clock.owner(saved) is clock.owner(data):
        return clock.Overwritten(saved)  # an operand that this very write destroyed
    return saved


@edit
def copy(x, source, /):
    """`source`, cast and expanded to the dtype and shape of `x`, in place of what `x` holds."""
    np.copyto(x, source, casting="unsafe")  # may not raise but for shapes


copy.gradient(x=lambda g: np.zeros_like(g), source=lambda g: g)


@primitive
def _copy_slices(whole, part, /, steps, shape, strides):
    """`whole` with the view that `steps` lead to replaced by `part`."""
    copy = _laid_out(shape, strides, whole.dtype)
    np.copyto(copy, whole)
    view = replay(copy, steps)
    check_memory(view)  # PyTorch, too, has no gradient for writes to an expanded tensor
    np.copyto(view, part)
    return copy


@primitive
def _relaid(x, /, shape, strides):
    """`x` in memory laid out by `strides`, so that view ops that need a layout find it."""
    copy = _laid_out(shape, strides, x.dtype)
    np.copyto(copy, x)
    return copy


_relaid.gradient(x=lambda g: g)


def _laid_out(shape: Any, strides: Any, dtype: Any) -> np.ndarray:
    """New memory with exactly these strides."""
    if 0 in shape or not shape:
        return np.empty(shape, dtype)
    ends = [(n - 1) * step for n, step in zip(shape, strides)]
    first, last = sum(min(0, end) for end in ends), sum(max(0, end) for end in ends)
    memory = np.empty(last - first + dtype.itemsize, np.uint8)
    return np.ndarray(shape, dtype, memory, -first, strides)


def _whole_gradient(g: Any, steps: Steps, shape: Any, strides: Any) -> Any:
    return _copy_slices(g, np.zeros((), bool), steps, shape, strides)  # False: 0 of any dtype


def _part_gradient(g: Any, steps: Steps, shape: Any, strides: Any) -> Any:
    # The gradient of ``z.imag`` is the imaginary part in PyTorch's convention, not in ours; so is
    # that of ``view_as_complex(x)`` made of two real ones.
    return conj(replay(_relaid(conj(g), shape, strides), steps))


_copy_slices.gradient(whole=_whole_gradient, part=_part_gradient)
_copy_slices.op.saves_arrays = True  # like PyTorch: its graph is walked once


def move_in_place(op: Callable[..., Any], back: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of a view op: the tensor itself becomes the view, its memory stays.

    ``back(old, step)`` is the step (a view op and its settings) that undoes `step` on array `old`.
    """

    @functools.wraps(op)
    def move(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_writable(self)
        moved = op(self, *args, **kwargs)
        step = moved._view.steps[-1]
        old, self._data = self._data, moved._data
        clock.stamp(old)  # PyTorch counts it as a write
        if mode.recording:
            keep_retaining(self, moved._node)
            self._node = moved._node
        view = self._view
        if view is not None:
            self._view = view_of(view.base, (*view.steps, step), view.refusal)
        else:
            for other in living_views(self):  # their steps begin at what the tensor was
                other._view = view_of(
                    self, (back(old, step), *other._view.steps), other._view.refusal
                )
        tell_views(self)
        return self

    move.__name__ = move.__qualname__ = f"{op.__name__}_"
    return move
