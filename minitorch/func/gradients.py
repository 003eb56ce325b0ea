"""Gradients of plain functions, as functions.  Mirrors ``torch.func``.

>>> import minitorch
>>> from minitorch.func import grad
>>> grad(lambda x: x**3)(minitorch.tensor(2.0))
tensor(12.)
>>> grad(grad(lambda x: x**3))(minitorch.tensor(2.0))
tensor(12.)
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch import autograd
from minitorch.autograd import functional
from minitorch.autograd.functional import handed
from minitorch.engine.backward import edge_of
from minitorch.engine.modes import enable_grad, mode
from minitorch.engine.state import LEAF, TensorState, wrap
from minitorch.ops.identity import identity

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "value_and_grad", "vjp"]

ArgNums = int | tuple[int, ...]


def map_tensors(change: Callable[[Any], Any], tree: Any) -> Any:
    """Apply `change` to every tensor in nested tuples, lists and dicts."""
    if isinstance(tree, TensorState):
        return change(tree)
    if isinstance(tree, dict):
        return type(tree)((k, map_tensors(change, v)) for k, v in tree.items())
    if isinstance(tree, tuple | list):
        parts = [map_tensors(change, v) for v in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    return tree


def _tensors(tree: Any) -> list[Any]:
    found: list[Any] = []
    map_tensors(lambda t: (found.append(t), t)[1], tree)  # type: ignore[func-returns-value]
    return found


def _fresh(t: Any) -> Any:
    """A tensor to differentiate by: a new node over `t`, so that outer gradients still see it."""
    if not (t.is_floating_point() or t.is_complex()):
        return t
    return identity(t) if t.requires_grad else wrap(t._data, LEAF)


def _reaches_beyond(results: list[Any], starts: list[Any]) -> bool:
    """Whether `results` depend on anything that requires grad besides the fresh leaves `starts`."""
    ours = {id(t) for t in starts if t.is_leaf}
    stack = [edge_of(t) for t in results if t.requires_grad]
    seen: set[int] = set()
    while stack:
        edge = stack.pop()
        if edge is None or id(edge) in seen:
            continue
        seen.add(id(edge))
        if isinstance(edge, TensorState):
            if id(edge) not in ours:
                return True
        else:
            stack.extend(edge.inputs)
    return False


def _settle(tree: Any, starts: list[Any], recording: bool) -> Any:
    """`tree` without its graph, unless an outer gradient needs that and is being recorded."""
    if recording and _reaches_beyond(_tensors(tree), starts):
        return tree
    return map_tensors(lambda t: t.detach(), tree)


def _started(args: tuple[Any, ...], argnums: ArgNums) -> tuple[list[Any], list[Any], list[Any]]:
    """The arguments with fresh tensors at `argnums`; those arguments; the tensors in them."""
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    starts = list(args)
    for n in numbers:
        if not -len(args) <= n < len(args):
            raise RuntimeError(f"argnums {argnums} does not fit {len(args)} positional arguments")
        starts[n] = map_tensors(_fresh, args[n])
    chosen = [starts[n] for n in numbers]
    return starts, chosen, [t for t in _tensors(chosen) if t.requires_grad]


def value_and_grad(
    func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """``f -> (args -> (f(args), gradient))``, for a function that returns a single number.

    `argnums` says which arguments to differentiate by; they may be nested lists, tuples and dicts
    of tensors.  With `has_aux`, the function returns ``(number, anything)``, and so does this.
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        recording = mode.recording
        with enable_grad():
            starts, chosen, leaves = _started(args, argnums)
            output = func(*map_tensors(handed, starts), **kwargs)
            value = output[0] if has_aux else output
            if not isinstance(value, TensorState) or value._data.ndim:
                known = isinstance(value, TensorState)
                what = f"shape {value._data.shape}" if known else type(value)
                raise RuntimeError(f"grad() needs a function that returns a 0-d Tensor, got {what}")
            found: tuple[Any, ...] = tuple(wrap(np.zeros_like(t._data)) for t in leaves)
            if value.requires_grad and leaves:  # type: ignore[attr-defined]
                found = autograd.grad(value, leaves, create_graph=True, materialize_grads=True)
        gradient_of = {id(t): g for t, g in zip(leaves, found)}
        grads = [map_tensors(lambda t: gradient_of.get(id(t), t), tree) for tree in chosen]
        result = tuple(grads) if isinstance(argnums, tuple) else grads[0]
        return _settle(output, leaves, recording), _settle(result, leaves, recording)

    return wrapped


def grad(func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Any:
    """``f -> its gradient``, for a function that returns a single number; see `value_and_grad`.

    With `has_aux` the result is ``(gradient, aux)``.
    """
    both = value_and_grad(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        output, gradient = both(*args, **kwargs)
        return (gradient, output[1]) if has_aux else gradient

    return wrapped


def grad_and_value(func: Callable[..., Any], argnums: ArgNums = 0, has_aux: bool = False) -> Any:
    """`value_and_grad` with the gradient first, under PyTorch's name."""
    both = value_and_grad(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        output, gradient = both(*args, **kwargs)
        return gradient, output

    return wrapped


def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """``(func(*primals), pull)``, where ``pull(v)`` is ``v^T J`` for each of the primals.

    >>> import minitorch
    >>> y, pull = vjp(lambda x: x * x, minitorch.tensor([1.0, 2.0]))
    >>> pull(minitorch.ones(2))
    (tensor([2., 4.]),)
    """
    with enable_grad():
        starts, _, leaves = _started(primals, tuple(range(len(primals))))
        result = func(*map_tensors(handed, starts))
    output, aux = result if has_aux else (result, None)
    aux = _settle(aux, leaves, mode.recording)
    ends = _tensors(output)

    def pull(cotangents: Any) -> tuple[Any, ...]:
        live = [(y, v) for y, v in zip(ends, _tensors(cotangents), strict=True) if y.requires_grad]
        found: tuple[Any, ...] = tuple(wrap(np.zeros_like(t._data)) for t in leaves)
        if live:
            found = autograd.grad(
                [y for y, _ in live], leaves, [v for _, v in live],
                retain_graph=True, create_graph=True, materialize_grads=True,
            )  # fmt: skip
        gradient_of = {id(t): g for t, g in zip(leaves, found)}
        grads = tuple(map_tensors(lambda t: gradient_of.get(id(t), t), tree) for tree in starts)
        return _settle(grads, leaves, mode.recording)

    shown = _settle(output, leaves, mode.recording)
    return (shown, pull, aux) if has_aux else (shown, pull)


def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> Any:
    """``(func(*primals), J v)``: the derivative in the direction of `tangents`.

    >>> import minitorch
    >>> jvp(lambda x: x * x, (minitorch.tensor(3.0),), (minitorch.tensor(1.0),))
    (tensor(9.), tensor(6.))
    """
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple):
        raise RuntimeError("primals and tangents must be tuples")
    starts, _, leaves = _started(primals, tuple(range(len(primals))))
    both = functional.jvp(func, tuple(starts), tangents, create_graph=True)
    return _settle(both, leaves, mode.recording)


def jacrev(func: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., Any]:
    """``f -> its Jacobian``, with respect to the arguments `argnums`.

    >>> import minitorch
    >>> jacrev(lambda x: x * x)(minitorch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        starts, _, leaves = _started(args, argnums)

        def of_chosen(*chosen: Any) -> Any:
            full = list(starts)
            for n, value in zip(numbers, chosen):
                full[n] = value
            return func(*full, **kwargs)

        chosen = tuple(starts[n] for n in numbers)
        inputs = chosen if isinstance(argnums, tuple) else chosen[0]
        result = functional.jacobian(of_chosen, inputs, create_graph=True)
        return _settle(result, leaves, mode.recording)

    return wrapped


jacfwd = jacrev  # the same values; in PyTorch the two differ in how they get there


def hessian(func: Callable[..., Any], argnums: ArgNums = 0) -> Callable[..., Any]:
    """``f -> its Hessian``: the Jacobian of the Jacobian."""
    return jacrev(jacrev(func, argnums), argnums)
