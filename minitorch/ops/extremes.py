"""The largest and the smallest, and where they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import picked
from minitorch.ops.bounds import maximum, minimum
from minitorch.ops.checks import check_ordered, check_tensor
from minitorch.ops.dims import check_dim
from minitorch.ops.out import store
from minitorch.ops.primitive import primitive
from minitorch.ops.reduction import reduction
from minitorch.ops.reductions import Dims, kept_shape, reduced, spread

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["amax", "amin", "aminmax", "argmax", "argmin", "max", "min"]


@primitive
def _amax(input, /, dims, keepdim):
    return np.maximum.reduce(input, axis=dims, keepdims=keepdim)


@primitive
def _amin(input, /, dims, keepdim):
    return np.minimum.reduce(input, axis=dims, keepdims=keepdim)


@primitive
def even_share(input, extreme, /, dims):
    """1 / k for each of the k elements that equal their line's extreme, 0 for the others."""
    extreme = extreme.reshape(kept_shape(input.shape, dims))
    found = (input == extreme) | ((input != input) & (extreme != extreme))  # nan equals nan here
    ties = np.add.reduce(found, axis=dims, dtype=input.dtype, keepdims=True)
    return np.true_divide(found, ties, dtype=input.dtype)


def to_extremes(g, input, out, dims, keepdim):
    """The gradient goes to the extreme element; equal ones share it evenly."""
    return spread(g, dims, keepdim, input.shape) * even_share(input, out, dims)


_amax.gradient(input=to_extremes)
_amin.gradient(input=to_extremes)


def check_not_empty(
    name: str, shape: tuple[int, ...], dims: Dims, error: type[Exception] = RuntimeError
) -> None:
    """Of nothing, there is no largest element."""
    if dims is None:
        if 0 in shape:
            raise error(
                f"{name}() of an empty tensor of shape {shape}: give a dim of non-zero size"
            )
        return
    for dim in (dims,) if isinstance(dims, int) else dims:
        if shape[dim] == 0:
            raise IndexError(f"{name}(): dimension {dim} of a tensor of shape {shape} has size 0")


@reduction
def amax(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest element over `dim`; equal ones share the gradient evenly.

    >>> import minitorch
    >>> minitorch.amax(minitorch.tensor([[1, 5], [7, 2]]), dim=1)
    tensor([5, 7])
    """
    return _extreme("amax", _amax, input, dim, keepdim)


@reduction
def amin(input: Tensor, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest element over `dim`; equal ones share the gradient evenly."""
    return _extreme("amin", _amin, input, dim, keepdim)


def _extreme(name: str, op: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    dims = reduced(name, input, dim)
    error = IndexError if dim or dim == 0 else RuntimeError
    check_not_empty(name, input._data.shape, dims, error)
    check_ordered(name, input)
    return op(input, dims, keepdim)


def aminmax(
    input: Tensor, *, dim: int | None = None, keepdim: bool = False, out: Any = None
) -> Any:
    """The smallest and the largest element over `dim`: ``(min, max)``."""
    result = return_types.aminmax(
        _extreme("aminmax", _amin, input, dim, keepdim),
        _extreme("aminmax", _amax, input, dim, keepdim),
    )
    if out is None:
        return result
    if any(o._data.dtype != input._data.dtype for o in out):
        raise RuntimeError(f"aminmax(): both tensors in out= must be {input.dtype}")
    return store(out, result)


@reduction
def max(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The largest element; along `dim`, ``(values, indices)``; with a Tensor, `maximum` of the two.

    Of equal elements along `dim` the first is taken, and gets the gradient; without `dim` they
    share it. nan is larger than everything.

    >>> import minitorch
    >>> minitorch.max(minitorch.tensor([[1, 5], [7, 2]]))
    tensor(7)
    >>> minitorch.max(minitorch.tensor([[1, 5], [7, 2]]), dim=1).indices
    tensor([1, 0])
    """
    other = dim if isinstance(dim, TensorState) else other
    if other is not None:
        return maximum(input, other)
    if dim is None:
        return _extreme("max", _amax, input, None, keepdim)
    return return_types.max(*_extreme_along("max", np.ndarray.argmax, input, dim, keepdim))


@reduction
def min(input: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
    """The smallest element, the smallest along `dim`, or `minimum` of two Tensors: see `max`."""
    other = dim if isinstance(dim, TensorState) else other
    if other is not None:
        return minimum(input, other)
    if dim is None:
        return _extreme("min", _amin, input, None, keepdim)
    return return_types.min(*_extreme_along("min", np.ndarray.argmin, input, dim, keepdim))


def _extreme_along(name: str, find: Any, input: Tensor, dim: int, keepdim: bool) -> Any:
    indices = _find(name, find, input, dim, True)
    return picked(input, indices, check_dim(dim, input._data.ndim), keepdim)


def _find(name: str, find: Any, input: Tensor, dim: int | None, keepdim: bool) -> np.ndarray:
    check_tensor(name, input)
    x = input._data
    dim = None if dim is None else check_dim(dim, x.ndim)
    if x.ndim == 0:
        dim = None
    check_not_empty(name, x.shape, dim, IndexError)
    check_ordered(name, input)
    return np.asarray(find(x, dim, keepdims=keepdim))


@reduction
def argmax(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the largest element is, along `dim` or in the flattened tensor. Of ties, the first.

    >>> import minitorch
    >>> minitorch.tensor([[1, 5], [7, 2]]).argmax(), minitorch.tensor([[1, 5], [7, 2]]).argmax(1)
    (tensor(2), tensor([1, 0]))
    """
    return _arg("argmax", np.ndarray.argmax, input, dim, keepdim)


@reduction
def argmin(input: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
    """Where the smallest element is, along `dim` or in the flattened tensor. Of ties, the first."""
    return _arg("argmin", np.ndarray.argmin, input, dim, keepdim)


def _arg(name: str, find: Any, input: Tensor, dim: int | None, keepdim: bool) -> Tensor:
    check_tensor(name, input)
    if input._data.dtype.kind == "b":
        raise RuntimeError(f"{name}() is for numbers, not {input.dtype}")
    return wrap(_find(name, find, input, dim, keepdim))
