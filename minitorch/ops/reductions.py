"""Sums, products and counts over dimensions.

Every function takes `dim` as an integer, or a tuple of them, counted from the front or (negative)
from the back; None or () mean all dimensions. `keepdim` leaves them there with size 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import default_numpy, dtype, to_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.numerics.adding import SMALL, add_up
from minitorch.ops.arithmetic import div
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.copying import cast
from minitorch.ops.dims import check_dim, check_dims
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.reduction import reduction
from minitorch.ops.scans import all_nonzero, running_product, shift, with_dtype

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "all",
    "any",
    "count_nonzero",
    "logsumexp",
    "mean",
    "nanmean",
    "nansum",
    "prod",
    "sum",
]

Dims = int | tuple[int, ...] | None


def reduced(name: str, input: Any, dim: Any) -> Dims:
    """The dimensions that `dim` means: an integer or a tuple, not negative; None for all."""
    if not isinstance(input, TensorState):
        raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
    if dim is None:
        return None
    ndim = input._data.ndim
    if type(dim) is int and -ndim <= dim < ndim:
        return dim if dim >= 0 else dim + ndim
    dims = check_dims(dim, ndim)
    return dims if len(dims) < ndim else None


def kept_shape(shape: tuple[int, ...], dims: Dims) -> tuple[int, ...]:
    """`shape` with size 1 in the reduced dimensions."""
    if dims is None:
        return (1,) * len(shape)
    if isinstance(dims, int):
        return (*shape[:dims], 1, *shape[dims + 1 :])
    return tuple([1 if i in dims else n for i, n in enumerate(shape)])


def count(shape: tuple[int, ...], dims: Dims) -> int:
    """How many elements are reduced to one."""
    if dims is None:
        return math.prod(shape)
    return shape[dims] if isinstance(dims, int) else math.prod([shape[i] for i in dims])


@primitive
def spread(input, /, dims, keepdim, shape):
    """`input`, reduced from `shape` over `dims`, repeated to that shape: the adjoint of a sum."""
    if not keepdim and dims is not None:
        input = np.reshape(input, kept_shape(shape, dims))
    out = np.empty(shape, input.dtype)  # faster than np.broadcast_to where small; BLAS likes it
    out[...] = input
    return out


spread.gradient(input=lambda g, dims, keepdim: _sum(g, dims, keepdim))


@primitive
def _sum(input, /, dims, keepdim):
    kind = input.dtype
    if kind.itemsize < 4 or kind.kind in "biu":
        return _reduce_widely(np.add, input, dims, keepdim)
    if input.size < SMALL:
        return np.add.reduce(input, dims, keepdims=keepdim)
    return add_up(input, dims, keepdim)


def _reduce_widely(ufunc: Any, x: Any, dims: Dims, keepdim: bool) -> Any:
    """``ufunc.reduce``: integers in int64, halves in float32 and rounded at the end."""
    kind = x.dtype
    if kind.kind in "biu":
        return ufunc.reduce(x, axis=dims, dtype=np.int64, keepdims=keepdim)
    return ufunc.reduce(x.astype(np.float32), axis=dims, keepdims=keepdim).astype(kind)


_sum.gradient(input=lambda g, dims, keepdim, input_shape: spread(g, dims, keepdim, input_shape))


def sum(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Tensor:
    """The sum over `dim`. Integers and booleans add up in int64; `dtype` converts first.

    >>> import minitorch
    >>> minitorch.sum(minitorch.tensor([[1, 2], [3, 4]]), dim=0)
    tensor([4, 6])
    """
    dims = reduced("sum", input, dim if axis is None else axis)
    keepdim = keepdim or keepdims
    if dtype is None:
        result = _sum(input, dims, keepdim)
    else:
        result = with_dtype(dtype, _sum, input, dims, keepdim)
    return result if out is None else store(out, result)


@primitive
def _mean(input, /, dims, keepdim):
    if input.dtype.itemsize == 2:
        return _mean.op.function(input.astype(np.float32), dims, keepdim).astype(input.dtype)
    return _sum.op.function(input, dims, keepdim) / count(input.shape, dims)


_mean.gradient(
    input=lambda g, dims, keepdim, input_shape: spread(
        g / count(input_shape, dims), dims, keepdim, input_shape
    )
)

sum_over, mean_over = _sum, _mean  # for rules: without checks, on arrays and Tensors


def mean(
    input: Tensor,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
    out: Any = None,
    axis: Any = None,
    keepdims: bool = False,
) -> Tensor:
    """The mean over `dim`: the sum divided by the number of elements (nan if there are none).

    RuntimeError for integers and booleans, unless `dtype` makes them floating.

    >>> import minitorch
    >>> minitorch.tensor([1.0, 2.0, 6.0]).mean()
    tensor(3.)
    """
    dims = reduced("mean", input, dim if axis is None else axis)
    keepdim = keepdim or keepdims
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    check_floating("mean", input)
    result = _mean(input, dims, keepdim)
    return result if out is None else store(out, result)


@primitive
def _prod(input, /, dims, keepdim):
    kind = input.dtype
    if kind.itemsize < 4 or kind.kind in "biu":
        return _reduce_widely(np.multiply, input, dims, keepdim)
    return np.multiply.reduce(input, axis=dims, keepdims=keepdim)


def _prod_gradient(g, input, out, dims, keepdim, input_shape):
    """The product of the other elements, which is not ``out / input`` where there are zeros."""
    if all_nonzero(input):
        return spread(g * out, dims, keepdim, input_shape) / input
    x, dim = (np.reshape(input, (-1,)), 0) if dims is None else (input, dims)
    before = shift(running_product(x, dim, False), dim, 1, 1)
    after = shift(running_product(x, dim, True), dim, -1, 1)
    return spread(g, dims, keepdim, input_shape) * np.reshape(before * after, input_shape)


_prod.gradient(input=_prod_gradient)


@reduction
def prod(
    input: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The product over `dim`, one dimension or all. Integers and booleans multiply in int64.

    The gradient is right also where elements are zero.

    >>> import minitorch
    >>> minitorch.tensor([2.0, 3.0, 4.0]).prod()
    tensor(24.)
    """
    check_tensor("prod", input)
    dims = None if dim is None else check_dim(dim, input._data.ndim)
    if input._data.ndim == 0:
        dims = None
    op = _prod if input._data.ndim else _sum  # a number stays as it is
    if dtype is None:
        return op(input, dims, keepdim)
    return with_dtype(dtype, op, input, dims, keepdim)


# --- leaving out nan ----------------------------------------------------------------------------


@elementwise()
def _without_nan(input):
    return np.where(np.isnan(input), input.dtype.type(0), input)


_without_nan.gradient(input=lambda g, input: g * ~np.isnan(input))


@reduction
def nansum(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The sum over `dim` of the elements that are not nan."""
    check_tensor("nansum", input)
    kind = input._data.dtype.kind
    if kind == "c":
        raise RuntimeError(f"nansum() is for real tensors, not {input.dtype}")
    return sum(input if kind in "biu" else _without_nan(input), dim, keepdim, dtype=dtype)


@reduction
def nanmean(
    input: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """The mean over `dim` of the elements that are not nan."""
    check_tensor("nanmean", input)
    check_floating("nanmean", input)
    total = nansum(input, dim, keepdim, dtype=dtype)
    counted = ~np.isnan(input._data)
    return div(total, sum(wrap(counted), dim, keepdim))


# --- logarithm of a sum of exponentials -----------------------------------------------------------


@primitive
def _logsumexp(input, /, dims, keepdim):
    if input.dtype.kind in "biu":
        input = input.astype(default_numpy())
    elif input.dtype.itemsize == 2:
        return _logsumexp.op.function(input.astype(np.float32), dims, keepdim).astype(input.dtype)
    if input.size == 0:
        return np.log(np.add.reduce(input, axis=dims, keepdims=keepdim))
    top = np.maximum.reduce(input.real, axis=dims, keepdims=True)
    top = np.where(np.isfinite(top), top, top.dtype.type(0))  # inf - inf would be nan
    total = np.log(np.add.reduce(np.exp(input - top), axis=dims, keepdims=keepdim))
    return total + top.reshape(total.shape)


_logsumexp.gradient(
    input=lambda g, input, out, dims, keepdim, input_shape: (
        spread(g, dims, keepdim, input_shape)
        * np.exp(input - spread(out, dims, keepdim, input_shape))
    )
)


@reduction
def logsumexp(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """``log(sum(exp(input)))`` over `dim`, without overflow.

    >>> import minitorch
    >>> minitorch.logsumexp(minitorch.tensor([100.0, 100.0]), 0)
    tensor(100.6931)
    """
    if dim is None:
        raise TypeError("logsumexp() needs dim: an integer or a tuple of integers")
    return _logsumexp(input, reduced("logsumexp", input, dim), keepdim)


# --- truth ----------------------------------------------------------------------------------------


@reduction
def all(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all elements over `dim` are nonzero. () reduces nothing, here and in `any`.

    >>> import minitorch
    >>> minitorch.tensor([[True, False], [True, True]]).all(dim=0)
    tensor([ True, False])
    """
    return _truth("all", np.logical_and, input, dim, keepdim)


@reduction
def any(input: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether some element over `dim` is nonzero."""
    return _truth("any", np.logical_or, input, dim, keepdim)


def _truth(name: str, ufunc: Any, input: Tensor, dim: Any, keepdim: bool) -> Tensor:
    dims = reduced(name, input, dim)
    if dims is None and dim is not None and input._data.ndim:
        dims = check_dims(dim, input._data.ndim) if dim else ()
    x = input._data
    found = ufunc.reduce(x if x.dtype.kind == "b" else x != 0, axis=dims, keepdims=keepdim)
    return wrap(np.asarray(found, np.uint8 if x.dtype == np.uint8 else bool))


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements over `dim` are nonzero.

    >>> import minitorch
    >>> minitorch.tensor([[0, 1], [2, 3]]).count_nonzero(dim=1)
    tensor([1, 2])
    """
    dims = reduced("count_nonzero", input, dim)
    return wrap(np.asarray(np.count_nonzero(input._data, dims)))
