"""Less memory for more time: forget what a part of the model saved, and compute it again.

The part runs forward as usual, and its nodes stay in the graph; only what they saved is dropped.
When backward reaches the first of them, the part runs forward once more and its new nodes, made in
the same order, hand over what they saved.  Chen et al., "Training deep nets with sublinear memory
cost", 2016.  Mirrors ``torch.utils.checkpoint``.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Sequence
from typing import Any

from minitorch.engine import clock
from minitorch.engine.backward import edge_of
from minitorch.engine.modes import enable_grad, mode
from minitorch.engine.state import Node, TensorState, wrap
from minitorch.ops.random import default_generator

__all__ = [
    "CheckpointError", "checkpoint", "checkpoint_sequential", "get_device_states",
    "set_device_states",
]  # fmt: skip


class CheckpointError(RuntimeError):
    """The second forward pass did not repeat the first."""


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    context_fn: Any = None,
    determinism_check: str = "default",
    debug: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """``function(*args, **kwargs)``, keeping nothing for backward but the arguments.

    The function must compute the same again when it is called again; random numbers do, unless
    `preserve_rng_state` is False.  `use_reentrant` is accepted; gradients flow in either case.

    >>> import minitorch
    >>> from minitorch.utils.checkpoint import checkpoint
    >>> x = minitorch.ones(2, requires_grad=True)
    >>> checkpoint(lambda t: (t * 3).exp(), x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([60.2566, 60.2566])
    """
    if not mode.recording:
        return function(*args, **kwargs)
    # The arguments as they are now: the tensors may be written to in place later.
    inputs = [(wrap(a._data, edge_of(a)) if isinstance(a, TensorState) else a) for a in args]
    named = {k: wrap(a._data, edge_of(a)) if isinstance(a, TensorState) else a
             for k, a in kwargs.items()}  # fmt: skip
    state = default_generator.get_state() if preserve_rng_state else None
    start = clock.tick()
    outputs = function(*args, **kwargs)
    nodes = _nodes_since(start, outputs)
    made = [_kind(node) for node in nodes]
    # Weakly: a node holds `restore`, and the two would be a cycle.
    places = [weakref.ref(node) for node in nodes]

    def restore() -> None:
        alive = [place() for place in places]
        for tensor in _read_by(alive, [*inputs, *named.values()]):
            entry = clock.overwritten(tensor._data, start)
            if entry is not None:
                raise RuntimeError(
                    "backward must repeat a checkpointed function, but a tensor that it read was "
                    f"overwritten by an in-place operation at {entry.where}"
                )
        again = clock.tick()
        with enable_grad(), _random_state(state):
            repeated = _nodes_since(again, function(*inputs, **named))
        if made != [_kind(node) for node in repeated]:
            raise CheckpointError(
                f"the checkpointed function made {len(made)} nodes at first and {len(repeated)} "
                "when it was repeated: it must compute the same each time"
            )
        for node, twin in zip(alive, repeated):
            if node is not None:
                _take_over(node, twin)

    for node in nodes:
        node.hooks("more")  # makes `extra`
        node.extra["restore"] = restore  # type: ignore[index]
        node.saved = ()
    return outputs


def _kind(node: Node) -> tuple[Any, ...]:
    """What a node and its repetition have in common."""
    return node.name(), node.shape, node.dtype


def _read_by(nodes: Sequence[Node | None], inputs: Sequence[Any]) -> list[Any]:
    """The tensors that the function was given, and the leaves that it found elsewhere."""
    edges = [edge for node in nodes if node is not None for edge in node.inputs]
    return [t for t in [*inputs, *edges] if isinstance(t, TensorState)]


def _take_over(node: Node, twin: Node) -> None:
    """Give `node` what its repetition saved; or the way to get it, inside a nested checkpoint."""
    extra: Any = node.extra
    theirs = twin.extra or {}
    if "restore" not in theirs:
        node.saved = twin.saved
        extra["since"] = theirs.get("since", twin.order)
        del extra["restore"]
        return
    place = weakref.ref(node)

    def restore() -> None:
        if "restore" in theirs:
            theirs["restore"]()
        _take_over(place(), twin)  # type: ignore[arg-type]

    extra["restore"] = restore


def _nodes_since(start: int, outputs: Any) -> list[Node]:
    """The nodes behind `outputs` made after `start` whose values can be dropped, oldest first.

    A Function's node keeps what it saved: its context cannot be told apart from the user's own.
    """
    found: set[Node] = set()
    stack = [edge_of(t) for t in _tensors(outputs)]
    while stack:
        edge = stack.pop()
        if isinstance(edge, Node) and edge.order > start and edge not in found:
            found.add(edge)
            stack.extend(edge.inputs)
    ordered = sorted(found, key=lambda node: node.order)
    return [node for node in ordered if node.op.saves_arrays and not hasattr(node, "ctx")]


def _tensors(outputs: Any) -> list[Any]:
    if isinstance(outputs, TensorState):
        return [outputs]
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    if isinstance(outputs, tuple | list):
        return [t for part in outputs for t in _tensors(part)]
    return []


@contextlib.contextmanager
def _random_state(state: Any) -> Any:
    """Draw from `state` inside, and go on undisturbed afterwards."""
    if state is None:
        yield
        return
    now = default_generator.get_state()
    default_generator.set_state(state)
    try:
        yield
    finally:
        default_generator.set_state(now)


def get_device_states(*args: Any) -> tuple[list[int], list[Any]]:
    """The accelerators among `args`, and the states of their random streams: there are none."""
    return [], []


def set_device_states(devices: Any, states: Any, *, device_type: str | None = None) -> None:
    """Does nothing: there are no accelerators whose random streams could be set."""


def checkpoint_sequential(
    functions: Any,
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
) -> Any:
    """Call `functions` (or a Sequential's modules) in turn, checkpointed in `segments` pieces."""
    steps: Sequence[Any] = list(functions)
    if not 1 <= segments <= max(len(steps), 1):
        raise ValueError(f"segments must be from 1 to {len(steps)}, got {segments}")
    size = len(steps) // segments
    for i in range(segments):
        last = i == segments - 1
        piece = steps[i * size : None if last else (i + 1) * size]

        def run(x: Any, piece: Any = tuple(piece)) -> Any:
            for step in piece:
                x = step(x)
            return x

        # The last piece is walked first in backward: forgetting it would save nothing.
        input = run(input) if last else checkpoint(
            run, input, preserve_rng_state=preserve_rng_state)  # fmt: skip
    return input
