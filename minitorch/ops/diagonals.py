"""Diagonals and triangles of matrices."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.copying import clone
from minitorch.ops.dims import check_dim
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import ravel

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["diag", "diag_embed", "diagflat", "diagonal", "trace", "tril", "triu"]


@primitive(view=True)
def _diagonal(x, /, offset, dim1, dim2):
    diagonal = x.diagonal(offset, dim1, dim2)
    diagonal.flags.writeable = x.flags.writeable  # NumPy protects it; here it may be written
    return diagonal


@primitive
def _diag_embed(x, /, offset, dim1, dim2, shape):
    """Zeros of `shape` with `x` on a diagonal: the adjoint of `_diagonal`."""
    out = np.zeros(shape, x.dtype)
    _diagonal(out, offset, dim1, dim2)[...] = x
    return out


_diagonal.gradient(x=lambda g, offset, dim1, dim2, x_shape: _diag_embed(
    g, offset, dim1, dim2, x_shape))  # fmt: skip
_diag_embed.gradient(x=lambda g, offset, dim1, dim2: _diagonal(g, offset, dim1, dim2))


@primitive
def _tril(x, /, diagonal):
    return np.tril(x, diagonal)


@primitive
def _triu(x, /, diagonal):
    return np.triu(x, diagonal)


_tril.gradient(x=lambda g, diagonal: np.tril(g, diagonal))
_triu.gradient(x=lambda g, diagonal: np.triu(g, diagonal))


def _two_dims(name: str, dim1: int, dim2: int, ndim: int) -> tuple[int, int]:
    first, second = check_dim(dim1, ndim), check_dim(dim2, ndim)
    if first == second:
        raise RuntimeError(f"{name}(): the two dimensions must differ, got {dim1} and {dim2}")
    return first, second


@takes_tensors
def diagonal(input: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
    """The diagonal of dimensions `dim1` and `dim2`, as the last dimension of a view.

    >>> import minitorch
    >>> minitorch.diagonal(minitorch.tensor([[1, 2], [3, 4]]), 1)
    tensor([2])
    """
    return _diagonal(input, offset, *_two_dims("diagonal", dim1, dim2, input._data.ndim))


@takes_tensors
def diag_embed(input: Tensor, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """Zeros with the last dimension of `input` on a diagonal of `dim1` and `dim2`.

    >>> import minitorch
    >>> minitorch.diag_embed(minitorch.tensor([1, 2]))
    tensor([[1, 0],
            [0, 2]])
    """
    shape = input._data.shape
    first, second = _two_dims("diag_embed", dim1, dim2, len(shape) + 1)
    if not shape:
        raise IndexError("diag_embed(): a zero-dimensional tensor has no dimension to embed")
    size = shape[-1] + abs(offset)
    full = list(shape[:-1])
    for dim in sorted((first, second)):
        full.insert(dim, size)
    return _diag_embed(input, offset, first, second, tuple(full))


@with_out
def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """Of a matrix its diagonal (a copy); of a vector the matrix with that diagonal.

    >>> import minitorch
    >>> minitorch.diag(minitorch.tensor([[1, 2], [3, 4]]))
    tensor([1, 4])
    """
    ndim = input._data.ndim
    if ndim not in (1, 2):
        raise RuntimeError(f"diag() is for vectors and matrices, this has {ndim} dimensions")
    return diag_embed(input, diagonal) if ndim == 1 else clone(_diagonal(input, diagonal, 0, 1))


@takes_tensors
def diagflat(input: Tensor, offset: int = 0) -> Tensor:
    """The matrix with all elements of `input` on its diagonal."""
    return diag_embed(ravel(input), offset)


@takes_tensors
def trace(input: Tensor) -> Tensor:
    """The sum of the diagonal of a matrix.

    >>> import minitorch
    >>> minitorch.trace(minitorch.tensor([[1, 2], [3, 4]]))
    tensor(5)
    """
    if input._data.ndim != 2:
        raise RuntimeError(f"trace() is for matrices, this has shape {list(input._data.shape)}")
    if input._data.dtype.kind == "b":
        raise NotImplementedError("trace() is for numbers, not booleans")
    return np.sum(_diagonal(input, 0, 0, 1))


@with_out
def tril(input: Tensor, diagonal: int = 0) -> Tensor:
    """The lower triangle of each matrix; zeros above the given diagonal.

    >>> import minitorch
    >>> minitorch.tril(minitorch.ones(2, 2))
    tensor([[1., 0.],
            [1., 1.]])
    """
    return _tril(_matrices("tril", input), operator.index(diagonal))


@with_out
def triu(input: Tensor, diagonal: int = 0) -> Tensor:
    """The upper triangle of each matrix; zeros below the given diagonal."""
    return _triu(_matrices("triu", input), operator.index(diagonal))


def _matrices(name: str, input: Any) -> Any:
    if input._data.ndim < 2:
        raise RuntimeError(
            f"{name}() is for matrices, this tensor has {input._data.ndim} dimensions"
        )
    return input
