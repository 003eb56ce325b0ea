"""Vectors: their products, and diagonals of matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch.ops import diagonals
from minitorch.ops.arithmetic import mul
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.complex_numbers import conj
from minitorch.ops.dims import check_dim
from minitorch.ops.linalg.matrices import check_one_dtype
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import sum

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cross", "diagonal", "vecdot"]


@primitive
def _cross(a, b, /, dim):
    a, b = np.broadcast_arrays(np.moveaxis(a, dim, 0), np.moveaxis(b, dim, 0))
    parts = [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]
    return np.stack(parts, dim)


_cross.gradient(
    a=lambda g, b, dim: _cross(b, g, dim),
    b=lambda g, a, dim: _cross(g, a, dim),
)


@with_out
def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The cross product of vectors of three elements, which lie along `dim`.

    >>> import minitorch
    >>> x, y, z = minitorch.eye(3)
    >>> minitorch.linalg.cross(x, y)
    tensor([0., 0., 1.])
    """
    check_tensor("cross", input, other)
    check_one_dtype("cross", input, other)
    x, y = input._data, other._data
    if x.ndim != y.ndim:
        raise RuntimeError(f"cross(): shapes {list(x.shape)} and {list(y.shape)} differ in length")
    if x.dtype.kind == "b":
        raise NotImplementedError("cross() is not defined for booleans")
    at = check_dim(dim, x.ndim)
    if not x.ndim or x.shape[at] != 3 or y.shape[at] != 3:
        raise RuntimeError(
            f"cross(): shapes {list(x.shape)} and {list(y.shape)} must have size 3 in dimension "
            f"{dim}"
        )
    try:
        return _cross(input, other, at - x.ndim)
    except ValueError:
        raise RuntimeError(
            f"cross(): shapes {list(x.shape)} and {list(y.shape)} do not broadcast"
        ) from None


@with_out
def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """``sum(conj(x) * y)`` over `dim`.

    >>> import minitorch
    >>> minitorch.linalg.vecdot(minitorch.tensor([[1.0, 2.0]]), minitorch.tensor([3.0, 4.0]))
    tensor([11.])
    """
    check_tensor("vecdot", x, y)
    check_floating("vecdot", x)
    check_one_dtype("vecdot", x, y)
    return sum(mul(conj(x), y), dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:
    """The diagonals of matrices, as the last dimension of a view."""
    return diagonals.diagonal(A, offset, dim1, dim2)
