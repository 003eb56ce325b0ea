"""Fused ops: several primitives in one kernel, where a benchmark demands it.

    @fused(reference=textbook_layer_norm)
    def layer_norm(input, weight, bias, /, eps):
        ...
        return out, (normalised, scale)          # the result, and what the gradient needs

    @layer_norm.backward
    def _(g, wanted, normalised, scale):
        ...
        return grad_input, grad_weight, grad_bias    # None where `wanted` says no

The kernels work on arrays, with ``out=`` and reused buffers.  The *reference* is the same function
composed of primitives, and reads like the textbook: tests hold the two equal, value and gradient,
and ``create_graph=True`` differentiates the reference.  No fused op without one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.engine import backward as engine
from minitorch.engine.modes import enable_grad, mode
from minitorch.engine.state import LEAF, Node, Operation, TensorState, recorded, wrap
from minitorch.ops.identity import identity
from minitorch.ops.op import code_of, reattach


class FusedOp(Operation):
    """A fused op's two kernels and its reference.

    Its nodes save which gradients are wanted, what the kernel kept, and all arguments.
    """

    saves_arrays = True
    backward_kernel: Callable[..., Sequence[Any]]

    def __init__(self, kernel: Callable[..., Any], reference: Callable[..., Any]) -> None:
        self.name = kernel.__name__.strip("_")
        self.grad_name = self.name.title().replace("_", "") + "Backward0"
        self.arity = code_of(kernel).co_posonlyargcount
        self.kernel = kernel
        self.reference = reference

    def gradients(self, node: Node, g: Any) -> Sequence[Any]:
        wanted, kept, _ = node.saved
        return self.backward_kernel(g, wanted, *kept)

    def needed(self, node: Node, create_graph: bool) -> Sequence[Any]:
        return node.saved[1:] if create_graph else node.saved[1:2]

    def recorded_gradients(self, node: Node, g: Any) -> Sequence[Any]:
        wanted, _, values = node.saved
        # Each input behind a node of its own, so that the walk through the reference ends there.
        args = list(values)
        for i, edge in enumerate(node.inputs):
            if edge is not None:
                args[i] = identity(reattach(values[i], edge))
            elif isinstance(values[i], np.ndarray):
                args[i] = wrap(values[i])
        with enable_grad():
            out = self.reference(*args)
        gates = [a._node for a, w in zip(args, wanted) if w]
        found = engine.run([(out._node, g)], keep_graph=True, create_graph=True, targets=gates)
        return [
            engine.conj(found[a._node]) if w and a._node in found else None
            for a, w in zip(args, wanted)
        ]


def fused(reference: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    """Declare a fused op: see the head of this file.  Arguments before ``/`` may be None."""

    def declare(kernel: Callable[..., Any]) -> Any:
        op = FusedOp(kernel, reference)
        arity = op.arity

        def call(*args: Any) -> Any:
            values: list[Any] = []
            edges: list[Any] = []
            wanted: list[bool] = []
            for a in args:
                if isinstance(a, TensorState):
                    node = a._node
                    values.append(a._data)
                    edges.append(a if node is LEAF else node)
                    wanted.append(node is not None)
                else:
                    values.append(a)
                    edges.append(None)
                    wanted.append(False)
            out, kept = kernel(*values)
            if True in wanted and mode.recording and out.dtype.kind in "fcV":
                saved = wanted[:arity], kept, values
                return recorded(op, tuple(edges[:arity]), saved, out)
            return wrap(out)

        def backward(kernel: Callable[..., Any]) -> Callable[..., Any]:
            op.backward_kernel = kernel
            return kernel

        call.__name__ = call.__qualname__ = kernel.__name__
        call.__doc__, call.__module__ = kernel.__doc__, kernel.__module__
        call.op, call.backward, call.reference = op, backward, reference  # type: ignore[attr-defined]
        return call

    return declare
