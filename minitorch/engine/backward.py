"""The walk: from a result back to everything it was made from, newest node first.

Creation order is a topological order, so a heap of node numbers is all the bookkeeping there is:
the newest node that holds a gradient has heard from all its users, since they are newer still.
No recursion, so a chain of a million nodes is no deeper than one of two.

Complex numbers: rules carry the plain transposed derivative ``g * f'(x)``.  PyTorch's gradient of
a complex tensor is the conjugate of that, so gradients are conjugated where they enter (the root)
and where they leave (a leaf, a hook, the result of `gradients`).
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from minitorch.engine import clock
from minitorch.engine.modes import mode
from minitorch.engine.state import LEAF, DeadEnd, Node, TensorState, wrap
from minitorch.numerics.adding import add_rows, add_up
from minitorch.numerics.tiles import LARGE, in_tiles

ndarray = np.ndarray


def run(
    roots: Sequence[tuple[Any, Any]],
    *,
    keep_graph: bool,
    create_graph: bool,
    targets: Sequence[Any] | None = None,
) -> dict[Any, Any]:
    """Send gradients from `roots`, pairs of (edge, gradient), to the leaves or to `targets`.

    An edge is a Node or a leaf Tensor.  Gradients are arrays, or Tensors when `create_graph`.
    Returns the gradient of every leaf (or target) that was reached.
    """
    wanted = useful = goals = None
    if targets is not None:
        wanted = set(targets)
        useful = _leads_to(wanted, roots)
        goals = wanted | useful
    pending: dict[Any, Any] = {}  # node or leaf -> the sum of the gradients that have arrived
    own: set[Any] = set()  # those whose sum is an array of the engine's own, which may grow
    heap: list[tuple[int, Node]] = []  # nodes in `pending`, newest first; but for `following`
    following: Node | None = None  # so that a chain of nodes needs no heap: 0.2 us a node
    found: dict[Any, Any] = {}
    for edge, grad in roots:
        if edge in pending:
            pending[edge] = pending[edge] + grad
        elif not isinstance(edge, Node):
            pending[edge] = np.copy(grad)  # no two leaves' gradients share memory
        else:
            pending[edge] = grad
            if following is None:
                following = edge
            else:
                heapq.heappush(heap, (-edge.order, edge))

    check_nan, latest = mode.check_nan, clock.latest
    recording, mode.recording = mode.recording, create_graph
    try:
        while True:
            if following is None:
                if not heap:
                    break
                node = heapq.heappop(heap)[1]
            elif heap:
                node = heapq.heappushpop(heap, (-following.order, following))[1]
            else:
                node = following
            following = None
            g = pending.pop(node)
            if node.extra is not None:
                g = _run_hooks(node, g, create_graph)
            if wanted is not None:
                if node in wanted:
                    found[node] = conj(np.copy(g))
                if node not in useful:  # type: ignore[operator]
                    continue
            if node.saved is None:
                raise RuntimeError(
                    f"backward through {node.name()} a second time, but what it saved was freed "
                    "by the first. Call backward(retain_graph=True) the first time"
                )
            if node.order < latest.time:
                _check_not_overwritten(node, create_graph)
            op = node.op
            if goals is not None and len(node.inputs) > 1:
                grads = _some_gradients(node, g, create_graph, goals)
            elif create_graph:
                grads = op.recorded_gradients(node, g, node.saved)
            else:
                grads = op.gradients(node, g)
            if check_nan:
                _check_nan(node, grads)
            if node.extra is not None and "node_hooks" in node.extra:
                grads = _run_node_hooks(node, grads, g)
            for edge, grad in zip(node.inputs, grads):
                if grad is None or (goals is not None and edge not in goals):
                    continue
                array = edge._data  # of a leaf; a Node has none
                if not op.fits or node.extra is not None:
                    like = edge if array is None else array
                    if grad.shape != like.shape or grad.dtype is not like.dtype:
                        grad = _fit(grad, like, node, create_graph)
                if edge in pending:
                    if edge in own:
                        np.add(pending[edge], grad, out=pending[edge])
                    else:
                        pending[edge] = total = _sum(pending[edge], grad)
                        if type(total) is ndarray:
                            own.add(edge)
                elif array is None:
                    pending[edge] = grad
                    if following is None:
                        following = edge
                    else:
                        heapq.heappush(heap, (-edge.order, edge))
                elif (
                    grad is not g
                    and type(grad) is ndarray
                    and grad.base is None
                    and op.makes_fresh
                    and node.shape is not None
                ):
                    pending[edge] = grad
                else:  # someone else may hold it, and no two leaves' gradients share memory
                    pending[edge] = np.copy(grad)
                    if not create_graph:
                        own.add(edge)
            if op.saves_arrays and not keep_graph:
                node.saved = None
        if wanted is None:  # only leaves are left
            found = pending
        for leaf, grad in pending.items():
            if wanted is not None and leaf not in wanted:
                continue
            if leaf._hooks:
                for hook in list(leaf._hooks.values()):
                    grad = call_hook(hook, grad, create_graph)
                grad = np.copy(grad)  # a hook may have kept what it was shown
            found[leaf] = conj(grad) if leaf._data.dtype.kind == "c" else grad
    finally:
        mode.recording = recording
    return found


def _sum(a: Any, b: Any) -> Any:
    if type(a) is ndarray and a.size >= LARGE:
        return in_tiles(np.add, a, b)
    return a + b


def _some_gradients(node: Node, g: Any, create_graph: bool, goals: set[Any]) -> Sequence[Any]:
    """The gradients of those inputs that are among `goals`; the others are not even computed."""
    op, inputs = node.op, [edge in goals for edge in node.inputs]
    saved = op.saved_for(inputs, node.saved)
    if create_graph:
        return op.recorded_gradients(node, g, saved)
    if saved is not node.saved:
        node = Node()  # one of our own, for another thread may be at the other one
        node.saved = saved
    return op.gradients(node, g)


def _leads_to(wanted: set[Any], roots: Iterable[tuple[Any, Any]]) -> set[Any]:
    """The nodes from which some target can be reached: only their gradients are worth a walk."""
    seen: set[Any] = set()
    stack = [edge for edge, _ in roots]
    while stack:
        edge = stack.pop()
        if isinstance(edge, Node) and edge not in seen:
            seen.add(edge)
            stack.extend(edge.inputs)
    goals, useful = set(wanted), set()
    for node in sorted(seen, key=lambda node: node.order):  # inputs come before their users
        if not goals.isdisjoint(node.inputs):
            goals.add(node)
            useful.add(node)
    return useful


def _fit(grad: Any, like: Any, source: Node, create_graph: bool) -> Any:
    """`grad` in the shape and dtype of what it is the gradient of: the end of broadcasting."""
    array = grad._data if create_graph else grad
    if array.shape != like.shape:
        grad = _sum_to(grad, like.shape, source)
        array = grad._data if create_graph else grad
    if array.dtype is not like.dtype and array.dtype != like.dtype:
        grad = _cast(grad, like.dtype, create_graph)
    return grad


def _sum_to(grad: Any, shape: tuple[int, ...], source: Node) -> Any:
    """Undo broadcasting: sum `grad` over the dimensions in which an argument was stretched."""
    extra = len(grad.shape) - len(shape)
    if isinstance(grad, ndarray) and extra == 1 and grad.ndim == 2 and grad.shape[1:] == shape:
        return add_rows(grad)  # a bias, say
    stretched = tuple(
        i for i, n in enumerate(grad.shape) if i < extra or (shape[i - extra] == 1 and n != 1)
    )
    kept = tuple(1 if i in stretched else n for i, n in enumerate(grad.shape))
    if extra < 0 or kept[extra:] != tuple(shape):
        raise RuntimeError(
            f"{source.name()}'s gradient has shape {tuple(grad.shape)}; expected {tuple(shape)}"
        )
    if isinstance(grad, np.ndarray):
        wide = np.float32 if grad.dtype.itemsize == 2 else None  # half precision sums badly
        grad = (
            add_up(grad, stretched, False) if wide is None else np.add.reduce(grad, stretched, wide)
        )
        return grad if grad.shape == shape else grad.reshape(shape)
    return np.reshape(np.sum(grad, axis=stretched), shape)


def _cast(grad: Any, dtype: np.dtype[Any], create_graph: bool) -> Any:
    """`grad` in the dtype of the tensor that it belongs to (the real part, if that is real)."""
    kind = grad._data.dtype.kind if create_graph else grad.dtype.kind
    if kind == "c" and dtype.kind != "c":
        grad = np.real(grad)
    return grad.to(dtype) if create_graph else grad.astype(dtype)


def conj(grad: Any) -> Any:
    """Between PyTorch's convention and the transposed one of the rules; real numbers as is."""
    data = grad._data if isinstance(grad, TensorState) else grad
    return np.conj(grad) if data.dtype.kind == "c" else grad


def _run_hooks(node: Node, g: Any, create_graph: bool) -> Any:
    """The hooks of the tensor that `node` made, and ``retain_grad``; they may replace `g`."""
    extra = node.extra or {}
    while "restore" in extra:  # a checkpoint: what the node saved is computed again
        extra["restore"]()
    for hook in list(extra.get("hooks", {}).values()):
        g = call_hook(hook, g, create_graph)
    retain = extra.get("retain_grad")
    tensor = None if retain is None else retain()
    if tensor is not None:
        kept = as_tensor(conj(np.copy(g)))
        tensor._grad = kept if tensor._grad is None else tensor._grad + kept
    for hook in list(extra.get("node_prehooks", {}).values()):
        result = hook(_shown(g))
        if result is not None:
            parts = [None if x is None else conj(x if create_graph else x._data) for x in result]
            g = parts[0] if node.shape is not None else type(g)(len(g), dict(enumerate(parts)))
    return g


def call_hook(hook: Any, g: Any, create_graph: bool) -> Any:
    """Show a tensor hook the gradient in PyTorch's convention; take what it returns, if any."""
    shown = as_tensor(conj(g))
    result = hook(shown)
    if result is None:
        return g
    if not isinstance(result, TensorState):
        raise TypeError(f"a hook must return a Tensor or None, got {type(result).__name__}")
    have, want = result._data, shown._data
    if have.shape != want.shape or have.dtype != want.dtype:
        raise RuntimeError(
            f"a hook was given a gradient of shape {want.shape} and dtype {want.dtype}, "
            f"and returned one of shape {have.shape} and dtype {have.dtype}"
        )
    return conj(result if create_graph else result._data)


def _run_node_hooks(node: Node, grads: Iterable[Any], g: Any) -> list[Any]:
    grads = list(grads)
    for hook in list(node.extra["node_hooks"].values()):  # type: ignore[index]
        inputs = tuple(None if x is None else as_tensor(conj(x)) for x in grads)
        result = hook(inputs, _shown(g))
        if result is not None:
            raw = [isinstance(x, np.ndarray | np.generic) for x in grads]
            grads = [
                None if x is None else conj(x._data if is_raw else x)
                for x, is_raw in zip(result, raw)
            ]
    return grads


def as_tensor(g: Any) -> Any:
    """A gradient as a Tensor: what hooks are shown."""
    return g if isinstance(g, TensorState) else wrap(np.asarray(g))


def _shown(g: Any) -> tuple[Any, ...]:
    """The gradient of each output of a node, as its hooks see them."""
    parts = g if isinstance(g, Sequence) else (g,)
    return tuple(None if x is None else as_tensor(conj(x)) for x in parts)


def _check_not_overwritten(node: Node, create_graph: bool) -> None:
    since = node.order if node.extra is None else node.extra.get("since", node.order)
    for values in node.op.needed(node, create_graph):
        for value in values or ():
            entry = clock.overwritten(value, since)
            if entry is not None:
                raise RuntimeError(
                    f"one of the values that {node.name()} saved for its gradient was overwritten "
                    f"by an in-place operation at {entry.where}. Write to a copy (clone()) "
                    "there, or use the out-of-place form"
                )


def _check_nan(node: Node, grads: Iterable[Any]) -> None:
    for i, grad in enumerate(grads):
        parts = grad if isinstance(grad, Sequence) else (grad,)
        values = [x._data if isinstance(x, TensorState) else x for x in parts if x is not None]
        if any(np.any(np.isnan(x)) for x in values):
            made = (node.extra or {}).get("traceback")
            where = "" if made is None else "\nIt was made here:\n" + "".join(made)
            raise RuntimeError(f"{node.name()} returned NaN in its gradient number {i}.{where}")


def accumulate(leaf: Any, grad: Any) -> None:
    """Add to ``leaf.grad``: in place when nothing is recorded, as PyTorch does."""
    if leaf._node is None:  # requires_grad was switched off after the forward pass
        return
    if leaf._node is not LEAF and isinstance(leaf._node, Node):
        raise RuntimeError(
            "a leaf that the graph ends in has been written in place since, and is no leaf now; "
            "its gradient has nowhere to go"
        )
    previous = leaf._grad
    if previous is None:
        leaf._grad = grad if isinstance(grad, TensorState) else wrap(grad)
    elif isinstance(grad, TensorState) or previous._node is not None:
        leaf._grad = previous + as_tensor(grad)
    else:
        np.add(previous._data, grad, out=previous._data)
        clock.stamp(previous._data)
    if leaf._post_hooks:
        recording, mode.recording = mode.recording, isinstance(grad, TensorState)
        try:
            for hook in list(leaf._post_hooks.values()):
                hook(leaf)
        finally:
            mode.recording = recording


def edge_of(tensor: Any) -> Any:
    """Where a tensor's gradient goes: its node, or itself if it is a leaf; None if nowhere."""
    node = tensor._node
    return tensor if node is LEAF else None if type(node) is DeadEnd else node


def root(tensor: Any, grad: Any, create_graph: bool) -> tuple[Any, Any]:
    """The edge and the gradient to start from: `grad`, checked, or 1 for a single number."""
    data, edge = tensor._data, edge_of(tensor)
    if edge is None:
        raise RuntimeError(
            "this tensor does not require grad and has no grad_fn: nothing that it was made from "
            "requires grad, or the way there leads through detach(), numpy(), item(), no_grad() or "
            "an operation without a gradient, such as argmax() or a comparison"
        )
    if grad is None:
        if data.size != 1:
            raise RuntimeError(
                "a gradient can be left out only for a tensor of one element; this one has shape "
                f"{data.shape}. Reduce it first (.sum(), .mean()), or pass gradient="
            )
        if data.dtype.kind == "c":
            raise RuntimeError("a gradient must be given for a complex output; this is complex")
        one = np.empty(data.shape, data.dtype)
        one.fill(1)
        return edge, wrap(one) if create_graph else one
    if not isinstance(grad, TensorState):
        raise TypeError(f"gradient must be a Tensor or None, got {type(grad).__name__}")
    if grad._data.shape != data.shape:
        raise RuntimeError(
            f"the given gradient has shape {grad._data.shape} and the output has {data.shape}"
        )
    if grad._data.dtype.kind == "c" and data.dtype.kind != "c":
        raise RuntimeError("a complex gradient was given for a real output")
    start = grad if create_graph else grad._data
    if grad._data.dtype is not data.dtype:
        start = _cast(start, data.dtype, create_graph)
    return edge, conj(start)
