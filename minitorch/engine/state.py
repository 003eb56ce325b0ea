"""A tensor's memory: the array it holds, and the `Node` that says how the array was made.

What a tensor can *do* is added higher up (`minitorch.tensor`); ops need only this.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from minitorch.engine.clock import tick
from minitorch.engine.modes import ever, mode


class TensorState:
    """What every tensor carries.

    `_data`  the NumPy array
    `_node`  None: needs no gradient.  LEAF: gradients are collected in `_grad`.  Otherwise the
             `Node` that made `_data`.
    `_grad`  the collected gradient, a Tensor or None
    `_view`  None, or the `View` that says which tensor's memory this looks into

    Anything rarer (hooks, a user's own attributes) lives in the instance dictionary.
    """

    __slots__ = ("__dict__", "__weakref__", "_data", "_grad", "_node", "_view")
    _data: np.ndarray
    _node: Any
    _grad: Any
    _view: Any

    _alias: weakref.ref[Any] | None = None
    _cut = False
    _live_views: list[weakref.ref[Any]] | None = None
    _hooks: dict[int, Callable[..., Any]] | None = None
    _post_hooks: dict[int, Callable[..., Any]] | None = None


class _Leaf:
    """The type of LEAF: a tensor made by the user, whose gradient is wanted."""

    def __repr__(self) -> str:
        return "LEAF"


LEAF = _Leaf()

# What `wrap` makes; `minitorch.tensor` puts its Tensor here, with all the methods.
tensor_class: type[Any] = TensorState
_new = object.__new__


def wrap(array: np.ndarray, node: Any = None) -> Any:
    """A Tensor that holds `array` itself (no copy), made by `node`."""
    tensor = _new(tensor_class)
    tensor._data = array
    tensor._node = node
    tensor._grad = None
    tensor._view = None
    return tensor


class Operation:
    """What a node has to know about the op that made it."""

    grad_name: str  # PyTorch's name for its node, such as ``MulBackward0``
    makes_fresh = True  # a gradient of its making is new memory, unless it is `g` or a view
    fits = False  # a gradient of its making has the shape and dtype of its input as it is
    saves_arrays = False  # so that the graph can be walked only once

    def gradients(self, node: Node, g: Any) -> Sequence[Any]:
        """The gradient of each of the node's inputs, given the output's; None: not wanted."""
        raise NotImplementedError

    def recorded_gradients(self, node: Node, g: Any, saved: Any) -> Sequence[Any]:
        """`gradients` when backward itself is recorded: of Tensors, instead of arrays.

        `saved` is what the node saved, or what is left of that by `saved_for`.
        """
        raise NotImplementedError

    def saved_for(self, inputs: Sequence[bool], saved: Any) -> Any:
        """Of what a node `saved`, what the gradients of these `inputs` are made from, or all.

        If less is returned, `gradients` is given a node that knows nothing else.
        """
        return saved

    def needed(self, node: Node, create_graph: bool) -> Sequence[Any]:
        """What must not have been overwritten since, for the gradients to be right."""
        return node.saved


class Node:
    """One recorded op.

    `op`      the `Operation` that knows how gradients go through
    `inputs`  for each input: the Node that made it, the leaf Tensor itself, or None
    `saved`   what the op kept for its gradients (None: they have been computed, it was freed)
    `order`   the clock when the node was made: inputs are always older
    `shape`, `dtype`   of the op's output, and so of its gradient (shape None: many outputs)
    `extra`   rare things (hooks, the traceback of anomaly mode), or None
    """

    __slots__ = ("__weakref__", "dtype", "extra", "inputs", "op", "order", "saved", "shape")

    op: Any
    inputs: tuple[Any, ...]
    saved: Any
    order: int
    shape: tuple[int, ...] | None
    dtype: np.dtype[Any] | None
    extra: dict[str, Any] | None

    _data = None  # so the walk tells nodes from leaf Tensors: 30 ns sooner than by their types

    # Without a constructor, `Node()` takes 47 ns (and `object.__new__(Node)` 68).
    def fill(
        self,
        op: Any,
        inputs: tuple[Any, ...],
        saved: Any,
        shape: tuple[int, ...] | None,
        dtype: np.dtype[Any] | None,
    ) -> Self:
        """Set all that a node knows; the node itself."""
        self.op = op
        self.inputs = inputs
        self.saved = saved
        self.order = tick()
        self.shape = shape
        self.dtype = dtype
        self.extra = None
        if ever.anomaly:
            self.remember_where()
        return self

    def remember_where(self) -> None:
        """In anomaly mode, keep the lines of the program that led here."""
        if mode.anomaly:
            import traceback

            self.hooks("more")
            self.extra["traceback"] = traceback.format_stack()[:-2]  # type: ignore[index]

    def shown(self) -> tuple[Node, int]:
        """The node that users see, and the number of its output that this one stands for."""
        return self, 0

    def name(self) -> str:
        """PyTorch's name for it, such as ``MulBackward0``."""
        return self.op.grad_name

    @property
    def next_functions(self) -> tuple[tuple[Any, int], ...]:
        """The nodes that this one's gradients go to, each with an output number."""
        return tuple(
            edge.shown() if isinstance(edge, Node) else (_end(edge), 0) for edge in self.inputs
        )

    def hooks(self, kind: str = "hooks") -> dict[int, Callable[..., Any]]:
        """The hooks on this node, by number; made when first asked for."""
        if self.extra is None:
            self.extra = {}
        return self.extra.setdefault(kind, {})

    @property
    def metadata(self) -> dict[str, Any]:
        """A place for the user's own notes on this node (``torch.autograd.graph.Node``)."""
        if self.extra is None:
            self.extra = {}
        return self.extra.setdefault("metadata", {})

    def register_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_inputs, grad_outputs)`` when backward has passed this node."""
        return RemovableHandle(self.hooks("node_hooks"), hook)

    def register_prehook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(grad_outputs)`` before backward enters this node."""
        return RemovableHandle(self.hooks("node_prehooks"), hook)

    def __repr__(self) -> str:
        return f"<{self.name()} object at {id(self):#x}>"


class _Nothing(Operation):
    """The op of a `DeadEnd`."""

    grad_name = "DeadEnd"

    def gradients(self, node: Node, g: Any, saved: Any = None) -> Sequence[Any]:
        return ()

    recorded_gradients = gradients


class DeadEnd(Node):
    """The node of a view that requires grad only since its base does: no gradient goes there.

    As in PyTorch, that is what a view is when it was made under no_grad(), or before
    ``base.requires_grad_()``.  It counts as a leaf.
    """

    __slots__ = ()

    def __init__(self, array: Any) -> None:
        self.fill(_Nothing(), (), (), array.shape, array.dtype)


def recorded(
    op: Any, inputs: tuple[Any, ...], saved: Any, out: np.ndarray, kind: type[Node] = Node
) -> Any:
    """``wrap(out, kind().fill(op, inputs, saved, out.shape, out.dtype))``, in half the time."""
    node = kind()
    node.op = op
    node.inputs = inputs
    node.saved = saved
    node.order = tick()
    node.shape = out.shape
    node.dtype = out.dtype
    node.extra = None
    if ever.anomaly:
        node.remember_where()
    tensor = _new(tensor_class)
    tensor._data = out
    tensor._node = node
    tensor._grad = None
    tensor._view = None
    return tensor


class AccumulateGrad:
    """What ``next_functions`` shows for a leaf: the end of the graph, where `.grad` grows."""

    def __init__(self, variable: Any) -> None:
        self.variable = variable
        self.next_functions: tuple[Any, ...] = ()

    def name(self) -> str:
        return "torch::autograd::AccumulateGrad"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, AccumulateGrad) and other.variable is self.variable

    def __hash__(self) -> int:
        return id(self.variable)


def _end(leaf: Any) -> AccumulateGrad | None:
    return None if leaf is None else AccumulateGrad(leaf)


class RemovableHandle:
    """Returned by every ``register_*hook``: ``remove()`` takes the hook out again.

    Also a context manager that removes the hook at the end of its block.  With `prepend` the hook
    is called before those that are there.

    >>> from minitorch import nn, ones
    >>> relu = nn.ReLU()
    >>> handle = relu.register_forward_hook(lambda module, args, output: print("called"))
    >>> out = relu(ones(1))
    called
    >>> handle.remove()
    >>> out = relu(ones(1))
    """

    _next_id = 0

    def __init__(self, hooks: dict[int, Any], hook: Any, prepend: bool = False) -> None:
        self.id = RemovableHandle._next_id
        RemovableHandle._next_id += 1
        self._hooks = hooks
        rest = dict(hooks) if prepend else {}
        if prepend:
            hooks.clear()
        hooks[self.id] = hook
        hooks.update(rest)

    def remove(self) -> None:
        """Remove the hook; doing so twice is harmless."""
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.remove()
