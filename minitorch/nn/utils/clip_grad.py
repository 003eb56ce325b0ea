"""Gradients kept from growing too large."""

from __future__ import annotations

import warnings
from types import GeneratorType
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.modes import no_grad
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.joining import stack
from minitorch.ops.norms import vector_norm

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "clip_grad_norm",
    "clip_grad_norm_",
    "clip_grad_value_",
    "clip_grads_with_norm_",
    "get_total_norm",
]

Tensors = Any  # one Tensor, or an iterable of them


def _listed(tensors: Tensors) -> list[Any]:
    if isinstance(tensors, TensorState):
        return [tensors]
    if hasattr(tensors, "parameters"):
        raise TypeError(f"got a {type(tensors).__name__}: give its parameters()")
    return list(tensors)


def _grads(parameters: Tensors) -> list[Any]:
    return [p.grad for p in _listed(parameters) if p.grad is not None]


@no_grad()
def get_total_norm(
    tensors: Tensors,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """The norm of all entries of all tensors together, as if they were one vector.

    `error_if_nonfinite`: RuntimeError for NaN or infinity.

    >>> import minitorch
    >>> minitorch.nn.utils.get_total_norm([minitorch.tensor([3.0]), minitorch.tensor([4.0])])
    tensor(5.)
    """
    norms = [vector_norm(t, float(norm_type)) for t in _listed(tensors)]
    if not norms:
        return wrap(np.zeros((), np.float32))
    total = vector_norm(stack(norms), float(norm_type))
    if error_if_nonfinite and not np.isfinite(total._data):
        raise RuntimeError(
            f"the norm of order {norm_type} of all gradients is {total.item()}, so they cannot be "
            "clipped; error_if_nonfinite=False scales them all the same"
        )
    return total


@no_grad()
def clip_grads_with_norm_(
    parameters: Tensors, max_norm: float, total_norm: Tensor, foreach: bool | None = None
) -> None:
    """Scale all gradients by ``max_norm / total_norm``, if that is less than 1."""
    scale = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
    for grad in _grads(parameters):
        grad.mul_(scale)


def clip_grad_norm_(
    parameters: Tensors,
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scale all gradients, so that their norm taken together is at most `max_norm`.

    Returns the norm before (Pascanu et al., 2013).

    >>> import minitorch
    >>> w = minitorch.zeros(2, requires_grad=True)
    >>> w.grad = minitorch.tensor([3.0, 4.0])
    >>> minitorch.nn.utils.clip_grad_norm_(w, max_norm=1.0)
    tensor(5.)
    >>> w.grad
    tensor([0.6000, 0.8000])
    """
    members = _listed(parameters)
    if not members and isinstance(parameters, GeneratorType):
        warnings.warn(
            "`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=2
        )
    total = get_total_norm(_grads(members), norm_type, error_if_nonfinite)
    clip_grads_with_norm_(members, max_norm, total)
    return total


@no_grad()
def clip_grad_value_(parameters: Tensors, clip_value: float, foreach: bool | None = None) -> None:
    """Clamp every entry of every gradient to ±`clip_value`.

    >>> import minitorch
    >>> w = minitorch.zeros(2, requires_grad=True)
    >>> w.grad = minitorch.tensor([3.0, -0.5])
    >>> minitorch.nn.utils.clip_grad_value_(w, 1.0)
    >>> w.grad
    tensor([ 1.0000, -0.5000])
    """
    bound = float(clip_value)
    for grad in _grads(parameters):
        grad.clamp_(min=-bound, max=bound)


def clip_grad_norm(*args: Any, **kwargs: Any) -> Tensor:
    """Deprecated name of `clip_grad_norm_`."""
    warnings.warn(
        "nn.utils.clip_grad_norm is deprecated: use nn.utils.clip_grad_norm_", FutureWarning, 2
    )
    return clip_grad_norm_(*args, **kwargs)
