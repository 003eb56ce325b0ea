"""PyTorch's old name of a tensor that requires grad."""

from __future__ import annotations

from typing import Any

from minitorch.engine.state import TensorState

__all__ = ["Variable"]


class _Variable(type):
    """``isinstance(t, Variable)`` holds for every tensor."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, TensorState)

    def __call__(cls, data: Any, requires_grad: bool = False, volatile: Any = None) -> Any:
        if not isinstance(data, TensorState):
            raise TypeError(f"Variable() takes a Tensor, got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)  # type: ignore[attr-defined]


class Variable(metaclass=_Variable):
    """``Variable(t, requires_grad)``: a tensor on the memory of `t`; what Tensors are by now.

    Mirrors ``torch.autograd.Variable``.

    >>> import minitorch
    >>> x = minitorch.autograd.Variable(minitorch.ones(2), requires_grad=True)
    >>> x, isinstance(x, minitorch.autograd.Variable)
    (tensor([1., 1.], requires_grad=True), True)
    """
