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
from minitorch.engine.state import LEAF, Node, TensorState, recorded, wrap
from minitorch.ops.identity import identity
from minitorch.ops.op import code_of, differentiable, reattach


class FusedOp:
    """A fused op's two kernels and its reference."""

    makes_fresh = True
    saves_arrays = True
    backward_kernel: Callable[..., Sequence[Any]]

    def __init__(self, kernel: Callable[..., Any], reference: Callable[..., Any]) -> None:
        self.name = kernel.__name__.strip("_")
        self.grad_name = self.name.title().replace("_", "") + "Backward0"
        self.arity = code_of(kernel).co_posonlyargcount
        self.kernel = kernel
        self.reference = reference


class _FusedNode(Node):
    """A recorded call of a fused op: `saved` is (what the kernel kept, all arguments)."""

    __slots__ = ()

    def needed(self, create_graph: bool) -> Sequence[Any]:
        return self.saved if create_graph else self.saved[:1]

    def gradients(self, g: Any, create_graph: bool) -> Sequence[Any]:
        kept, values = self.saved
        wanted = [edge is not None for edge in self.inputs]
        if not create_graph:
            return self.op.backward_kernel(g, wanted, *kept)
        # Each input behind a node of its own, so that the walk through the reference ends there.
        args = list(values)
        for i, edge in enumerate(self.inputs):
            if edge is not None:
                args[i] = identity(reattach(values[i], edge))
            elif isinstance(values[i], np.ndarray):
                args[i] = wrap(values[i])
        with enable_grad():
            out = self.op.reference(*args)
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
            values = list(args)
            edges: list[Any] = [None] * arity
            wanted = False
            for i, a in enumerate(args):
                if isinstance(a, TensorState):
                    values[i] = a._data
                    if a._node is not None and i < arity:
                        edges[i] = a if a._node is LEAF else a._node
                        wanted = True
            out, kept = kernel(*values)
            if wanted and mode.recording and differentiable(out):
                return recorded(op, tuple(edges), (kept, values), out, _FusedNode)
            return wrap(out)

        def backward(kernel: Callable[..., Any]) -> Callable[..., Any]:
            op.backward_kernel = kernel
            return kernel

        call.__name__ = call.__qualname__ = kernel.__name__
        call.__doc__, call.__module__ = kernel.__doc__, kernel.__module__
        call.op, call.backward, call.reference = op, backward, reference  # type: ignore[attr-defined]
        return call

    return declare
