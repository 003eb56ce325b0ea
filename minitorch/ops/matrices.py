"""Linear algebra under the names that PyTorch gave it before ``torch.linalg``.

They differ from those in `minitorch.ops.linalg` in their arguments and in what they return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.arithmetic import add
from minitorch.ops.checks import check_tensor
from minitorch.ops.copying import clone
from minitorch.ops.exponential import log
from minitorch.ops.linalg import (
    determinants,
    inverses,
    least_squares,
    powers,
    spectral,
    triangular,
    vectors,
)
from minitorch.ops.linalg import lu as factors
from minitorch.ops.linalg.matrices import adjoint, check_matrices, transposed
from minitorch.ops.out import with_out
from minitorch.ops.repeating import flip
from minitorch.ops.where import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "chain_matmul", "cholesky", "cholesky_inverse", "cholesky_solve", "cross", "det", "inverse",
    "logdet", "lu", "lu_solve", "lu_unpack", "matrix_exp", "matrix_power", "orgqr", "pinverse",
    "qr", "slogdet", "svd", "triangular_solve", "vander",
]  # fmt: skip

det = determinants.det
inverse = inverses.inv
matrix_exp = powers.matrix_exp
matrix_power = powers.matrix_power
orgqr = powers.householder_product


def pinverse(input: Tensor, rcond: float = 1e-15) -> Tensor:
    """`linalg.pinv`, where singular values up to ``rcond * the largest`` count as 0."""
    return least_squares.pinv(input, rcond)


@with_out
def chain_matmul(*matrices: Tensor) -> Tensor:
    """`linalg.multi_dot` of the arguments."""
    check_tensor("chain_matmul", *matrices)
    if len(matrices) == 1:
        return matrices[0]
    if any(x._data.ndim != 2 for x in matrices):
        raise RuntimeError(
            f"chain_matmul() takes matrices, got {[list(x._data.shape) for x in matrices]}"
        )
    return powers.multi_dot(matrices)


@with_out
def cross(input: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
    """`linalg.cross` along `dim`, or else the first dimension of size 3.

    >>> import minitorch
    >>> minitorch.cross(minitorch.tensor([1, 0, 0]), minitorch.tensor([0, 1, 0]))
    tensor([0, 0, 1])
    """
    check_tensor("cross", input, other)
    if dim is None:
        shape = input._data.shape
        if 3 not in shape:
            raise RuntimeError(f"cross(): shape {list(shape)} has no dimension of size 3")
        dim = shape.index(3)
    return vectors.cross(input, other, dim=dim)


# --- determinants ------------------------------------------------------------------------------


@with_out
def slogdet(input: Tensor) -> Any:
    """`linalg.slogdet`: (sign, logabsdet)."""
    return return_types.slogdet(*determinants.slogdet(input))


def logdet(input: Tensor) -> Tensor:
    """The logarithm of the determinant: -inf where that is 0, nan where it is negative.

    >>> import minitorch
    >>> minitorch.logdet(minitorch.eye(3))
    tensor(0.)
    """
    check_matrices("logdet", input, square=True)
    sign, size = determinants.slogdet(input)
    if sign._data.dtype.kind == "c":
        return add(size, log(sign))
    return where(wrap(sign._data < 0), np.nan, size)


# --- factorisations ----------------------------------------------------------------------------


@with_out
def cholesky(input: Tensor, upper: bool = False) -> Tensor:
    """`linalg.cholesky`; with `upper` of a matrix of which the upper triangle is read."""
    return triangular.cholesky(input, upper=upper)


@with_out
def qr(input: Tensor, some: bool = True) -> Any:
    """`linalg.qr` in mode "reduced", or "complete" if not `some`."""
    return return_types.qr(*triangular.qr(input, "reduced" if some else "complete"))


@with_out
def svd(input: Tensor, some: bool = True, compute_uv: bool = True) -> Any:
    """(U, S, V) with ``input = U @ diag(S) @ V.mH``: V itself, unlike `linalg.svd`.

    Without `some` U and V are square; without `compute_uv` they are zeros.

    >>> import minitorch
    >>> minitorch.svd(minitorch.tensor([[3.0, 0.0], [0.0, -4.0]])).S
    tensor([4., 3.])
    """
    check_matrices("svd", input)
    if compute_uv:
        u, s, vh = spectral.svd(input, not some)
        return return_types.svd(u, s, adjoint(vh))
    shape, kind = input._data.shape, input._data.dtype
    u, v = (wrap(np.zeros((*shape[:-2], n, n), kind)) for n in shape[-2:])
    return return_types.svd(u, spectral.svdvals(input), v)


@with_out
def lu(input: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
    """`linalg.lu_factor`: (LU, pivots); with `get_infos` also `linalg.lu_factor_ex`'s info."""
    result = factors.lu_factor_ex(input, pivot=pivot)
    return result if get_infos else result[:2]


@with_out
def lu_solve(b: Tensor, LU_data: Tensor, LU_pivots: Tensor) -> Tensor:
    """`linalg.lu_solve`: the `x` with ``A @ x = b``, given `lu` of `A`."""
    return factors.lu_solve(LU_data, LU_pivots, b)


@with_out
def lu_unpack(
    LU_data: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True
) -> Any:
    """(P, L, U) from what `lu` gives; what is not to be unpacked is left empty."""
    check_matrices("lu_unpack", LU_data)
    kind = LU_data._data.dtype
    p = lower = upper = wrap(np.empty(0, kind))
    if unpack_pivots:
        if not isinstance(LU_pivots, TensorState) or LU_pivots._data.dtype != np.int32:
            raise RuntimeError("lu_unpack(): LU_pivots must be int32, as lu() returns them")
        p = wrap(factors.permutation(LU_pivots._data, LU_data._data.shape[-2], kind))
    if unpack_data:
        lower, upper = factors.unpack(LU_data)
    return return_types.lu_unpack(p, lower, upper)


# --- systems -----------------------------------------------------------------------------------


@with_out
def triangular_solve(
    b: Tensor, A: Tensor, upper: bool = True, transpose: bool = False, unitriangular: bool = False
) -> Any:
    """(solution of ``A @ X = b``, a copy of `A`) for a triangle `A`; with `transpose` of `A.T`."""
    check_matrices("triangular_solve", A, b, square=True)
    matrix = transposed(A) if transpose else A
    solution = triangular.solve_triangular(
        matrix, b, upper=upper != transpose, unitriangular=unitriangular
    )
    return return_types.triangular_solve(solution, clone(A))


@with_out
def cholesky_solve(B: Tensor, L: Tensor, upper: bool = False) -> Tensor:
    """The `X` with ``A @ X = B``, given the Cholesky factor `L` of `A`."""
    check_matrices("cholesky_solve", L, B, square=True)
    triangular.check_fit("cholesky_solve", L, B)
    lower = adjoint(L) if upper else L
    return triangular.substitute(adjoint(lower), triangular.substitute(lower, B, False), True)


@with_out
def cholesky_inverse(L: Tensor, upper: bool = False) -> Tensor:
    """The inverse of `A`, given its Cholesky factor `L`."""
    check_matrices("cholesky_inverse", L, square=True)
    return cholesky_solve(wrap(np.eye(L._data.shape[-1], dtype=L._data.dtype)), L, upper)


def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of every element of a vector, from ``N - 1`` down to 0 unless `increasing`.

    >>> import minitorch
    >>> minitorch.vander(minitorch.tensor([2, 3]), 3)
    tensor([[4, 2, 1],
            [9, 3, 1]])
    """
    check_tensor("vander", x)
    if x._data.ndim != 1:
        raise RuntimeError(f"vander() takes a vector, got shape {list(x._data.shape)}")
    n = x._data.size if N is None else N
    if n < 0:
        raise RuntimeError(f"vander(): N must not be negative, got {n}")
    rising = powers.vander(x, N=max(n, 2))[:, :n]
    return rising if increasing else flip(rising, (1,))
