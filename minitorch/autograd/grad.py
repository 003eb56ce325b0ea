"""Asking for gradients: `backward` collects them in ``.grad``, `grad` returns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine import backward as engine
from minitorch.engine.state import TensorState, wrap
from minitorch.tensor.core import run_backward

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

TensorOrTensors = Any


def _tuple(tensors: Any) -> tuple[Any, ...]:
    return (tensors,) if isinstance(tensors, TensorState) else tuple(tensors)


def _gradients_for(outputs: tuple[Any, ...], given: Any) -> tuple[Any, ...]:
    gradients = (None,) * len(outputs) if given is None else _tuple(given)
    if len(gradients) != len(outputs):
        raise RuntimeError(f"{len(outputs)} tensors were given, but {len(gradients)} gradients")
    return gradients


def backward(
    tensors: TensorOrTensors,
    grad_tensors: TensorOrTensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: TensorOrTensors = None,
) -> None:
    """Add the gradients of the sum of `tensors` to ``.grad`` of the leaves behind them.

    `grad_tensors` are the tensors' own gradients, needed where one has more than one element.
    Mirrors ``torch.autograd.backward``.

    >>> import minitorch
    >>> x = minitorch.ones(2, requires_grad=True)
    >>> minitorch.autograd.backward([x.sum(), (3 * x).sum()])
    >>> x.grad
    tensor([4., 4.])
    """
    outputs = _tuple(tensors)
    gradients = _gradients_for(outputs, grad_tensors)
    roots = [engine.root(y, g, create_graph) for y, g in zip(outputs, gradients, strict=True)]
    run_backward(roots, retain_graph, create_graph, inputs)


def grad(
    outputs: TensorOrTensors,
    inputs: TensorOrTensors,
    grad_outputs: TensorOrTensors = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of the sum of `outputs` with respect to `inputs`; ``.grad`` stays as it is.

    An input that the outputs do not depend on is an error, or None with `allow_unused`, or zeros
    with `materialize_grads`.  Mirrors ``torch.autograd.grad``.

    >>> import minitorch
    >>> x = minitorch.tensor(3.0, requires_grad=True)
    >>> (dy,) = minitorch.autograd.grad(x**3, x, create_graph=True)
    >>> minitorch.autograd.grad(dy, x)
    (tensor(18.),)
    """
    if is_grads_batched:
        raise NotImplementedError("is_grads_batched is not there; call grad() for each gradient")
    if allow_unused is False and materialize_grads:
        raise ValueError(
            "materialize_grads=True makes zeros of unused inputs: allow_unused is True"
        )
    ends, starts = _tuple(outputs), _tuple(inputs)
    if not starts:
        raise ValueError("grad() needs at least one input")
    for i, start in enumerate(starts):
        if not isinstance(start, TensorState):
            raise TypeError(f"input {i} is a {type(start).__name__}, not a Tensor")
        if start._node is None:
            raise RuntimeError(f"input {i} (shape {start._data.shape}) does not require grad")
    roots = [
        engine.root(end, g, create_graph)
        for end, g in zip(ends, _gradients_for(ends, grad_outputs))
    ]
    edges = [engine.edge_of(start) for start in starts]
    found = engine.run(
        roots,
        keep_graph=create_graph if retain_graph is None else retain_graph,
        create_graph=create_graph,
        targets=edges,
    )
    return tuple(
        _result(i, start, found.get(edge), allow_unused, materialize_grads)
        for i, (start, edge) in enumerate(zip(starts, edges))
    )


def _result(i: int, start: Any, gradient: Any, allow_unused: Any, materialize: bool) -> Any:
    if gradient is None:
        if materialize:
            return wrap(np.zeros_like(start._data))
        if not allow_unused:
            raise RuntimeError(
                f"input {i} (shape {start._data.shape}) was not used to compute the outputs. "
                "Set allow_unused=True if that is meant: its gradient is then None"
            )
        return None
    return gradient if isinstance(gradient, TensorState) else wrap(np.asarray(gradient))


__all__: Sequence[str] = ["backward", "grad"]
