"""`Parameter`: a tensor that a module learns; `Buffer`: one that it only keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import LEAF, TensorState
from minitorch.tensor import Tensor


def _make(kind: type, data: Any, requires_grad: bool) -> Any:
    if data is None:
        array = np.empty(0, np.float32)
    elif isinstance(data, TensorState):
        array = data._data
    else:
        raise TypeError(f"{kind.__name__} takes a Tensor, got {type(data).__name__}")
    if requires_grad and array.dtype.kind not in "fcV":
        raise RuntimeError(
            f"only floating and complex tensors can require gradients: {array.dtype}"
        )
    made: Any = object.__new__(kind)
    made._data = array
    made._node = LEAF if requires_grad else None
    made._grad = None
    made._view = None
    return made


class Parameter(Tensor):
    """A tensor that registers itself when it is assigned to a module's attribute.

    Shares memory with `data`.  Mirrors ``torch.nn.Parameter``.

    >>> import minitorch
    >>> minitorch.nn.Parameter(minitorch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __slots__ = ()

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        return _make(cls, data, requires_grad)

    def __init__(self, data: Any = None, requires_grad: bool = True) -> None: ...

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    __str__ = __repr__


class Buffer(Tensor):
    """A tensor that registers itself as a buffer when assigned to a module's attribute.

    Mirrors ``torch.nn.Buffer``; with ``persistent=False`` it stays out of the state dict.
    """

    __slots__ = ()
    persistent: bool

    def __new__(cls, data: Any = None, *, persistent: bool = True) -> Buffer:
        made = _make(cls, data, False)
        made.persistent = persistent
        return made

    def __init__(self, data: Any = None, *, persistent: bool = True) -> None: ...
