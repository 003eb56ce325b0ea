"""Shapes: other views of the same elements (reshape, permute, squeeze ...)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import dtype
from minitorch.engine.state import TensorState
from minitorch.ops.copying import contiguous
from minitorch.ops.dims import check_dim, check_dims
from minitorch.ops.out import not_a_tensor, takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.strided import view_dtype

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "adjoint", "atleast_1d", "atleast_2d", "atleast_3d", "flatten", "moveaxis", "movedim",
    "permute", "ravel", "reshape", "squeeze", "swapaxes", "swapdims", "t", "transpose", "unflatten",
    "unsqueeze",
]  # fmt: skip

# --- the primitives ----------------------------------------------------------------------------


@primitive(view=True)
def _view(x, /, shape):
    return x.reshape(shape)


_view.gradient(x=lambda g, x_shape: np.reshape(g, x_shape))


@primitive(view=True)
def _permute(x, /, dims):
    return x.transpose(dims)


def _inverse(dims: tuple[int, ...]) -> list[int]:
    return sorted(range(len(dims)), key=lambda i: dims[i] % len(dims))


_permute.gradient(x=lambda g, dims: np.transpose(g, _inverse(dims)))


@primitive(view=True)
def _transpose(x, /, dim0, dim1):
    return x.swapaxes(dim0, dim1)


_transpose.gradient(x=lambda g, dim0, dim1: np.swapaxes(g, dim0, dim1))


def step_back(old: np.ndarray, step: tuple[Any, Any]) -> tuple[Any, Any]:
    """The step that leads from a moved or reshaped tensor back to what it was."""
    return step if step[0] is _transpose else (_view, (old.shape,))


# --- arguments ---------------------------------------------------------------------------------


def sizes(given: Any) -> tuple[Any, ...]:
    """A number or a sequence of them, as a tuple."""
    return (given,) if hasattr(given, "__index__") else tuple(given)


def _cannot(what: str, shape: Any, x: Any) -> RuntimeError:
    return RuntimeError(
        f"{what}: shape {list(shape)} is invalid for a tensor of shape {list(x.shape)} with "
        f"{x.size} elements"
    )


# --- reshape -----------------------------------------------------------------------------------


def reshape(input: Tensor, shape: Sequence[int]) -> Tensor:
    """The same elements in row-major order in another shape; one size may be -1 (inferred).

    A view of the same memory where the layout allows it, otherwise a copy.

    >>> import minitorch
    >>> minitorch.reshape(minitorch.arange(6), (2, -1))
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    try:
        shape = tuple(shape)
        result = _view(input, shape)
    except ValueError:
        raise _cannot("view() or reshape()", shape, input._data) from None
    except TypeError:
        raise TypeError(f"reshape(): the shape must be integers, got {shape!r}") from None
    except AttributeError as error:
        raise not_a_tensor("reshape", error) from None
    if result._data.shape != shape and min(shape) < -1:
        raise RuntimeError(f"reshape(): invalid shape {list(shape)}: sizes may be -1 but not less")
    return result


def view(input: Tensor, shape: Any) -> Tensor:
    """`reshape` that never copies; RuntimeError where the layout in memory does not allow it.

    Given a dtype, the same bytes read as another dtype.
    """
    if isinstance(shape, dtype):
        return view_dtype(input, shape.dtype)
    result = reshape(input, shape if type(shape) is tuple else sizes(shape))
    if result._view is None and input._data.size:
        raise RuntimeError(
            f"view(): shape {list(input._data.shape)} with strides {input.stride()} cannot be seen "
            f"as shape {list(result._data.shape)} without a copy; use reshape()"
        )
    return result


@takes_tensors
def flatten(input: Tensor, start_dim: int = 0, end_dim: int = -1) -> Tensor:
    """Dimensions `start_dim` to `end_dim` (inclusive) made into one.

    >>> import minitorch
    >>> minitorch.flatten(minitorch.zeros(2, 3, 4), 1).shape
    minitorch.Size([2, 12])
    """
    shape = input._data.shape
    first, last = check_dim(start_dim, len(shape)), check_dim(end_dim, len(shape))
    if first > last:
        raise RuntimeError(
            f"flatten(): start_dim {start_dim} comes after end_dim {end_dim} "
            f"in a tensor of {len(shape)} dimensions"
        )
    if first == last and shape:
        return input
    merged = math.prod(shape[first : last + 1])
    return reshape(input, (*shape[:first], merged, *shape[last + 1 :]))


@takes_tensors
def ravel(input: Tensor) -> Tensor:
    """All elements in one dimension: a view if they lie row by row in memory, else a copy."""
    return _view(contiguous(input), (-1,))


@takes_tensors
def unflatten(input: Tensor, dim: int, sizes: Sequence[int]) -> Tensor:
    """Dimension `dim` split into dimensions of `sizes`; one of them may be -1.

    >>> import minitorch
    >>> minitorch.unflatten(minitorch.zeros(2, 12), 1, (3, -1)).shape
    minitorch.Size([2, 3, 4])
    """
    shape = input._data.shape
    if not len(sizes):
        raise RuntimeError("unflatten(): sizes must be non-empty")
    dim = check_dim(dim, len(shape))
    if not shape:
        raise RuntimeError("unflatten(): a zero-dimensional tensor has no dimension to split")
    known = math.prod(n for n in sizes if n != -1)
    wild = list(sizes).count(-1)
    if wild > 1 or (shape[dim] % known if wild and known else known != shape[dim] and not wild):
        raise RuntimeError(
            f"unflatten(): sizes {tuple(sizes)} do not multiply to the size of dimension {dim}, "
            f"{shape[dim]} in shape {list(shape)}"
        )
    full = [shape[dim] // known if n == -1 and known else n for n in sizes]
    return view(input, (*shape[:dim], *full, *shape[dim + 1 :]))


# --- order of dimensions -----------------------------------------------------------------------


@takes_tensors
def permute(input: Tensor, dims: Sequence[int]) -> Tensor:
    """The dimensions in the order `dims`: result dimension i is input dimension ``dims[i]``.

    >>> import minitorch
    >>> minitorch.permute(minitorch.zeros(2, 3, 4), (2, 0, 1)).shape
    minitorch.Size([4, 2, 3])
    """
    try:
        if dims:  # NumPy takes () for "all in reverse"
            return _permute(input, tuple(dims))
    except ValueError:
        pass
    ndim = input._data.ndim
    if len(dims) != ndim:
        raise RuntimeError(
            f"permute(): {len(dims)} dims {tuple(dims)} for a tensor of {ndim} dimensions"
        )
    if len({check_dim(d, ndim) for d in dims}) != ndim:
        raise RuntimeError(f"permute(): duplicate dims {tuple(dims)} are not allowed")
    return _permute(input, tuple(dims))


def transpose(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """Two dimensions exchanged."""
    try:
        ndim = input._data.ndim
    except AttributeError as error:
        raise not_a_tensor("transpose", error) from None
    if type(dim0) is type(dim1) is int and -ndim <= dim0 < ndim and -ndim <= dim1 < ndim:
        return _transpose(input, dim0, dim1)
    first, second = check_dim(dim0, ndim), check_dim(dim1, ndim)
    return _transpose(input, first, second) if ndim else _view(input, ())


def swapaxes(input: Tensor, axis0: int, axis1: int) -> Tensor:
    """`transpose` under NumPy's name."""
    return transpose(input, axis0, axis1)


def swapdims(input: Tensor, dim0: int, dim1: int) -> Tensor:
    """`transpose` under a third name."""
    return transpose(input, dim0, dim1)


@takes_tensors
def t(input: Tensor) -> Tensor:
    """A matrix transposed; tensors of fewer dimensions as they are."""
    ndim = input._data.ndim
    if ndim > 2:
        raise RuntimeError(f"t() is for at most 2 dimensions, this has {ndim}; use mT or transpose")
    return _transpose(input, 0, 1) if ndim == 2 else _view(input, input._data.shape)


@takes_tensors
def mT(input: Tensor) -> Tensor:
    """The last two dimensions exchanged: each matrix of a batch transposed."""
    ndim = input._data.ndim
    if ndim < 2:
        raise RuntimeError(f"mT is for matrices or batches of matrices, this has {ndim} dimensions")
    return _transpose(input, ndim - 2, ndim - 1)


@takes_tensors
def T(input: Tensor) -> Tensor:
    """All dimensions in reverse order."""
    ndim = input._data.ndim
    return _transpose(input, 0, 1) if ndim == 2 else _permute(input, tuple(range(ndim))[::-1])


@takes_tensors
def adjoint(input: Tensor) -> Tensor:
    """`mT` of the complex conjugate."""
    transposed: Any = mT(input)
    return np.conj(transposed) if input._data.dtype.kind == "c" else transposed


mH = adjoint


@takes_tensors
def H(input: Tensor) -> Tensor:
    """A matrix transposed and conjugated."""
    ndim = input._data.ndim
    if ndim not in (0, 2):
        raise RuntimeError(f"H is for matrices (2 dimensions), this has {ndim}; use mH")
    transposed: Any = t(input)
    return np.conj(transposed) if input._data.dtype.kind == "c" else transposed


@takes_tensors
def movedim(input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]) -> Tensor:
    """Dimensions `source` moved to the places `destination`; the others keep their order.

    >>> import minitorch
    >>> minitorch.movedim(minitorch.zeros(2, 3, 4), 0, -1).shape
    minitorch.Size([3, 4, 2])
    """
    ndim = input._data.ndim
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(targets):
        raise RuntimeError(
            f"movedim(): source {source} and destination {destination} differ in length"
        )
    taken = dict(zip(_distinct(targets, ndim), _distinct(sources, ndim)))
    others = (d for d in range(ndim) if d not in taken.values())
    return _permute(input, tuple([taken[i] if i in taken else next(others) for i in range(ndim)]))


def _distinct(dims: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    return check_dims(dims, ndim) if dims else ()


def moveaxis(
    input: Tensor, source: int | Sequence[int], destination: int | Sequence[int]
) -> Tensor:
    """`movedim` under NumPy's name."""
    return movedim(input, source, destination)


# --- dimensions of size 1 ----------------------------------------------------------------------


@takes_tensors
def squeeze(input: Tensor, dim: int | Sequence[int] | None = None, *, axis: Any = None) -> Tensor:
    """Without its dimensions of size 1; or without `dim`, where that is of size 1.

    >>> import minitorch
    >>> minitorch.squeeze(minitorch.zeros(1, 3, 1)).shape
    minitorch.Size([3])
    """
    shape = input._data.shape
    dim = axis if dim is None else dim
    if dim is None:
        return _view(input, tuple([n for n in shape if n != 1]))
    chosen = check_dims(dim, len(shape)) if not isinstance(dim, tuple | list) or dim else ()
    return _view(input, tuple([n for i, n in enumerate(shape) if n != 1 or i not in chosen]))


@takes_tensors
def unsqueeze(input: Tensor, dim: int | None = None, *, axis: int | None = None) -> Tensor:
    """With a dimension of size 1 put in at `dim`.

    >>> import minitorch
    >>> minitorch.unsqueeze(minitorch.zeros(3), 0).shape
    minitorch.Size([1, 3])
    """
    shape = input._data.shape
    dim = check_dim(axis if dim is None else dim, len(shape) + 1)
    return _view(input, (*shape[:dim], 1, *shape[dim:]))


@takes_tensors
def atleast_1d(*tensors: Any) -> Any:
    """Zero-dimensional tensors as shape (1,); the others as they are."""
    return _each(tensors, lambda x: x if x._data.ndim else _view(x, (1,)))


@takes_tensors
def atleast_2d(*tensors: Any) -> Any:
    """Tensors of fewer dimensions as one row."""
    return _each(tensors, lambda x: x if x._data.ndim > 1 else _view(x, (1, x._data.size)))


@takes_tensors
def atleast_3d(*tensors: Any) -> Any:
    """Vectors as shape (1, n, 1), matrices as (n, m, 1)."""

    def deepen(x: Any) -> Any:
        shape = x._data.shape
        if len(shape) > 2:
            return x
        return _view(x, (*shape, 1) if len(shape) == 2 else (1, x._data.size, 1))

    return _each(tensors, deepen)


def _each(tensors: tuple[Any, ...], change: Any) -> Any:
    if len(tensors) == 1 and isinstance(tensors[0], TensorState):
        return change(tensors[0])
    if len(tensors) == 1:
        tensors = tuple(tensors[0])
    return tuple([change(x) for x in tensors])
