"""Jacobians, Hessians and their products with vectors.  Mirrors ``torch.autograd.functional``.

A function here takes one tensor or several, and returns one or several; results are nested
accordingly.  `create_graph` lets results be differentiated again; `strict` refuses functions
whose output does not depend on an input, instead of answering zeros.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.autograd.grad import grad
from minitorch.engine.modes import enable_grad
from minitorch.engine.state import LEAF, TensorState, wrap
from minitorch.ops.identity import identity
from minitorch.ops.joining import stack
from minitorch.ops.shapes import reshape

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Any


def _as_tuple(values: Any, what: str) -> tuple[tuple[Any, ...], bool]:
    """`values` as a tuple, and whether it was one already."""
    several = isinstance(values, tuple | list)
    members = tuple(values) if several else (values,)
    for i, value in enumerate(members):
        if not isinstance(value, TensorState):
            place = f"element {i} of {what}" if several else what
            raise TypeError(f"{place} must be a Tensor, got {type(value).__name__}")
    return members, several


def _unpack(values: Any, several: bool) -> Any:
    return tuple(values) if several else values[0]


def _prepare(inputs: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    """Inputs that the outputs will depend on: the given ones, or fresh leaves on their memory."""
    if create_graph:
        return tuple(identity(x) if x.requires_grad else _leaf(x) for x in inputs)
    return tuple(_leaf(x) for x in inputs)


def _leaf(x: Any) -> Any:
    return wrap(x._data, LEAF)


def handed(start: Any) -> Any:
    """`start` for a function to use up: where that writes in place, `start` stays what it was."""
    return start if start._node is LEAF else wrap(start._data, start._node)


def _run(func: Callable[..., Any], inputs: tuple[Any, ...], strict: bool) -> Any:
    given = func(*[handed(x) for x in inputs])
    outputs, several = _as_tuple(given, "the outputs of the function")
    if strict:
        for i, out in enumerate(outputs):
            if not out.requires_grad:
                raise RuntimeError(f"output {i} of the function does not depend on its inputs")
    return outputs, several


def _grad(
    outputs: Any, inputs: Any, grads: Any, create_graph: bool, strict: bool, what: str
) -> tuple[Any, ...]:
    """`grad` with zeros where nothing depends; with `strict`, an error there."""
    live = [(o, g) for o, g in zip(outputs, grads) if o.requires_grad]
    if not live:
        found: tuple[Any, ...] = (None,) * len(inputs)
    else:
        found = grad(
            [o for o, _ in live],
            inputs,
            [g for _, g in live],
            retain_graph=True,
            create_graph=create_graph,
            allow_unused=True,
        )
    for i, g in enumerate(found):
        if strict and (g is None or (create_graph and not g.requires_grad)):
            raise RuntimeError(f"{what} does not depend on input {i}; strict=True refuses that")
    return tuple(wrap(np.zeros_like(x._data)) if g is None else g for g, x in zip(found, inputs))


def _finish(tensors: Any, create_graph: bool) -> tuple[Any, ...]:
    return tuple(tensors) if create_graph else tuple(t.detach() for t in tensors)


def _like(v: Any, others: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    """The vector `v` checked against `others`; ones for a single number when `v` is None."""
    if v is None:
        if len(others) == 1 and others[0]._data.size == 1:
            return (wrap(np.ones_like(others[0]._data)),)
        raise RuntimeError(f"v can be left out only when {what} is a single number")
    given, _ = _as_tuple(v, "v")
    if len(given) != len(others):
        raise RuntimeError(f"v has {len(given)} tensors, {what} has {len(others)}")
    for i, (a, b) in enumerate(zip(given, others)):
        if a._data.shape != b._data.shape:
            raise RuntimeError(
                f"element {i} of v has shape {a._data.shape}; {what} has {b._data.shape}"
            )
    return given


@enable_grad()
def vjp(
    func: Callable[..., Any], inputs: Tensors, v: Tensors = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``(func(inputs), v^T J)``: the vector `v`, shaped like the output, times the Jacobian.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 2.0])
    >>> minitorch.autograd.functional.vjp(lambda x: x * x, x, minitorch.ones(2))[1]
    tensor([2., 4.])
    """
    members, several = _as_tuple(inputs, "inputs")
    starts = _prepare(members, create_graph)
    outputs, out_several = _run(func, starts, strict)
    vector = _like(v, outputs, "the output")
    result = _grad(outputs, starts, vector, create_graph, strict, "the output")
    return (
        _unpack(_finish(outputs, create_graph), out_several),
        _unpack(_finish(result, create_graph), several),
    )


@enable_grad()
def jvp(
    func: Callable[..., Any], inputs: Tensors, v: Tensors = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``(func(inputs), J v)``: the Jacobian times the vector `v`, shaped like the input.

    Computed by differentiating ``u -> u^T J``, which is linear in u, once more.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 2.0])
    >>> minitorch.autograd.functional.jvp(lambda x: x * x, x, minitorch.tensor([1.0, 0.0]))[1]
    tensor([2., 0.])
    """
    members, _ = _as_tuple(inputs, "inputs")
    vector = _like(v, members, "the input")
    starts = _prepare(members, create_graph)
    outputs, out_several = _run(func, starts, strict)
    weights = tuple(wrap(np.zeros_like(o._data), LEAF) for o in outputs)
    pulled = _grad(outputs, starts, weights, True, strict, "the output")
    result = _grad(pulled, weights, vector, create_graph, False, "the product")
    return (
        _unpack(_finish(outputs, create_graph), out_several),
        _unpack(_finish(result, create_graph), out_several),
    )


@enable_grad()
def jacobian(
    func: Callable[..., Any], inputs: Tensors, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """All first derivatives: for each output and input, a tensor of both shapes one after another.

    `vectorize` is accepted and ignored.

    >>> import minitorch
    >>> minitorch.autograd.functional.jacobian(lambda x: x * x, minitorch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(f"strategy must be 'reverse-mode' or 'forward-mode', got {strategy!r}")
    members, several = _as_tuple(inputs, "inputs")
    starts = _prepare(members, create_graph)
    outputs, out_several = _run(func, starts, strict)
    table = [_rows(out, starts, create_graph, strict) for out in outputs]
    return _unpack([_unpack(row, several) for row in table], out_several)


def _rows(out: Any, starts: tuple[Any, ...], create_graph: bool, strict: bool) -> tuple[Any, ...]:
    """The Jacobians of one output with respect to each input, a row for each element."""
    rows = []
    for i in range(out._data.size):
        one = np.zeros_like(out._data)
        one.flat[i] = 1
        rows.append(_grad((out,), starts, (wrap(one),), create_graph, strict, "the output"))
    shape = out._data.shape
    result = []
    for k, start in enumerate(starts):
        full = shape + start._data.shape
        if not rows:
            result.append(wrap(np.zeros(full, start._data.dtype)))
        else:
            result.append(reshape(stack([row[k] for row in rows]), full))
    return _finish(result, create_graph)


def _check_scalar(outputs: tuple[Any, ...], several: bool) -> None:
    if several or outputs[0]._data.size != 1:
        raise RuntimeError("the function must return a single Tensor with a single element")


def hessian(
    func: Callable[..., Any], inputs: Tensors, create_graph: bool = False, strict: bool = False,
    vectorize: bool = False, outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """All second derivatives of a function that returns a single number.

    >>> import minitorch
    >>> minitorch.autograd.functional.hessian(lambda x: (x**3).sum(), minitorch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _, several = _as_tuple(inputs, "inputs")

    def gradient(*starts: Any) -> Any:
        outputs, out_several = _run(func, starts, strict)
        _check_scalar(outputs, out_several)
        one = wrap(np.ones_like(outputs[0]._data))
        pulled = _grad(outputs, starts, (one,), True, strict, "the output")
        return _unpack(pulled, several)

    return jacobian(gradient, inputs, create_graph=create_graph, strict=False)


@enable_grad()
def vhp(
    func: Callable[..., Any], inputs: Tensors, v: Tensors = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``(func(inputs), v^T H)``: the vector `v`, shaped like the input, times the Hessian."""
    members, several = _as_tuple(inputs, "inputs")
    vector = _like(v, members, "the input")
    starts = _prepare(members, create_graph)
    outputs, out_several = _run(func, starts, strict)
    _check_scalar(outputs, out_several)
    one = wrap(np.ones_like(outputs[0]._data))
    pulled = _grad(outputs, starts, (one,), True, strict, "the output")
    result = _grad(pulled, starts, vector, create_graph, strict, "the gradient")
    return (
        _unpack(_finish(outputs, create_graph), out_several),
        _unpack(_finish(result, create_graph), several),
    )


def hvp(
    func: Callable[..., Any], inputs: Tensors, v: Tensors = None, create_graph: bool = False,
    strict: bool = False,
) -> tuple[Any, Any]:  # fmt: skip
    """``(func(inputs), H v)``: the Hessian is symmetric, so this is `vhp`."""
    return vhp(func, inputs, v, create_graph, strict)
