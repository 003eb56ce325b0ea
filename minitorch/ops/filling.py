"""Writing over what a tensor holds: with a number, or with another tensor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import inplace
from minitorch.ops.elements import as_element
from minitorch.ops.inplace import check_partial_overlap, edit
from minitorch.ops.out import takes_tensors

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["fill", "fill_", "zero_"]


@edit(overlap=True)
def _fill(x, /, value):
    x[...] = value


_fill.gradient(x=lambda g: np.zeros_like(g))


def _fill_with(input: Tensor, value: Any, fill: Any, copy: Any) -> Any:
    if not isinstance(value, TensorState):
        return fill(input, as_element(value, input._data.dtype))
    if value._data.ndim:
        raise RuntimeError(
            f"fill() takes a number or a 0-dimensional tensor, got shape {list(value._data.shape)}"
        )
    return copy(input, value)


@takes_tensors
def fill(input: Tensor, value: Any) -> Tensor:
    """`input`'s shape and dtype, every element `value` (a number, or a tensor with one).

    >>> import minitorch
    >>> minitorch.fill(minitorch.zeros(2), 3)
    tensor([3., 3.])
    """
    return _fill_with(input, value, _fill, inplace.copy)


@takes_tensors
def fill_(self: Tensor, value: Any) -> Tensor:
    """Every element set to `value`, in place."""
    return _fill_with(self, value, _fill.in_place, inplace.copy.in_place)


@takes_tensors
def zero_(self: Tensor) -> Tensor:
    """Every element set to zero, in place."""
    return _fill.in_place(self, 0)


@takes_tensors
def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """Every element set to that of `src`, cast and expanded, in place."""
    if not isinstance(src, TensorState):
        return inplace.copy.in_place(self, as_element(src, self._data.dtype))
    check_partial_overlap(self._data, src._data)
    try:
        if src._data.ndim > self._data.ndim:
            raise ValueError
        return inplace.copy.in_place(self, src)
    except ValueError:
        raise RuntimeError(
            f"copy_(): a source of shape {list(src._data.shape)} cannot be expanded to shape "
            f"{list(self._data.shape)}"
        ) from None


def zero_like(x: Any) -> np.ndarray:
    """A zero of the dtype of `x`, an array or a Tensor: what rules write over parts of it."""
    return np.zeros((), x._data.dtype if isinstance(x, TensorState) else x.dtype)
