"""``A = P @ L @ U``: Gaussian elimination with row exchanges.

NumPy does not give its factors away, so the elimination is done here, for a whole batch at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import TensorState, wrap
from minitorch.errors import LinAlgError
from minitorch.ops.joining import cat
from minitorch.ops.linalg.matrices import adjoint, check_matrices, transposed
from minitorch.ops.linalg.triangular import substitute
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["lu", "lu_factor", "lu_factor_ex", "lu_solve"]


def eliminate(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both factors in one matrix (the ones on the diagonal of L left out), and the exchanges.

    Row j was exchanged with row ``pivots[j] - 1``, in this order, as LAPACK counts.
    """
    m, n = a.shape[-2:]
    k = min(m, n)
    packed = a.reshape(math.prod(a.shape[:-2]), m, n).copy()
    pivots = np.empty((len(packed), k), np.int32)
    each = np.arange(len(packed))
    for j in range(k):
        column = packed[:, j:, j]
        row = j + np.argmax(np.abs(column.real) + np.abs(column.imag), axis=1)
        pivots[:, j] = row + 1
        packed[each, row], packed[:, j] = packed[:, j].copy(), packed[each, row]
        pivot = packed[:, j, j]
        packed[:, j + 1 :, j] /= np.where(pivot == 0, 1, pivot)[:, None]
        packed[:, j + 1 :, j + 1 :] -= packed[:, j + 1 :, j, None] * packed[:, j, None, j + 1 :]
    return packed.reshape(a.shape), pivots.reshape(*a.shape[:-2], k)


def permutation(pivots: np.ndarray, m: int, dtype: Any) -> np.ndarray:
    """The matrices P that belong to `pivots`."""
    batch, k = pivots.shape[:-1], pivots.shape[-1]
    flat = pivots.reshape(math.prod(batch), k)
    order = np.tile(np.arange(m), (len(flat), 1))
    each = np.arange(len(flat))
    for j in range(k):
        row = flat[:, j] - 1
        order[each, row], order[:, j] = order[:, j].copy(), order[each, row]
    p = np.zeros((len(flat), m, m), dtype)
    p[each[:, None], order, np.arange(m)] = 1
    return p.reshape(*batch, m, m)


@primitive
def _square_lu(a, /, packed):
    """The factors of square matrices that need no exchange: `packed`, found before."""
    return packed


def _square_lu_gradient(g, out):
    """``L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T``."""
    lt, ut = transposed(_unit_lower(out)), transposed(np.triu(out))
    inner = np.tril(lt @ np.tril(g, -1), -1) + np.triu(np.triu(g) @ ut)
    half = substitute(lt, inner, True)
    return transposed(substitute(transposed(ut), transposed(half), True))


_square_lu.gradient(a=_square_lu_gradient)


def _unit_lower(packed: Any) -> Any:
    return np.tril(packed, -1) + np.eye(packed.shape[-1], dtype=bool)


def _factor(A: Any) -> tuple[Any, Any, Any]:
    """(packed factors, pivots, P); the packed factors are recorded."""
    m, n = A._data.shape[-2:]
    k = min(m, n)
    packed, pivots = eliminate(A._data)
    p = wrap(permutation(pivots, m, A._data.dtype))
    rows = transposed(p) @ A
    square = _square_lu(rows[..., :k, :k], packed[..., :k, :k])
    if m < n:
        right = substitute(_unit_lower(square), rows[..., k:], False)
        square = cat([square, right], -1)
    elif m > n:
        # L2 U1 = A2
        below = substitute(transposed(np.triu(square)), transposed(rows[..., k:, :]), False)
        square = cat([square, transposed(below)], -2)
    return square, wrap(pivots), p


def _check_pivot(name: str, pivot: bool) -> None:
    if not pivot:
        raise RuntimeError(f"{name}(): elimination without row exchanges is not offered")


@with_out
def lu_factor(A: Tensor, *, pivot: bool = True) -> Any:
    """Both factors of `lu` in one matrix, and the row exchanges: what `lu_solve` takes."""
    packed, pivots, info = _factor_ex("lu_factor", A, pivot)
    if info._data.any():
        raise RuntimeError(
            f"lu_factor(): pivot number {info._data.max()} is 0, so lu_solve() would divide by 0; "
            "lu() and lu_factor_ex() factor singular matrices, too"
        )
    return return_types.linalg_lu_factor(packed, pivots)


@with_out
def lu_factor_ex(A: Tensor, *, pivot: bool = True, check_errors: bool = False) -> Any:
    """`lu_factor`, and for each matrix the number of the first pivot that is 0 (0: none is)."""
    packed, pivots, info = _factor_ex("lu_factor_ex", A, pivot)
    if check_errors and info._data.any():
        raise LinAlgError(f"lu_factor_ex(): pivot number {info._data.max()} is 0")
    return return_types.linalg_lu_factor_ex(packed, pivots, info)


def _factor_ex(name: str, A: Any, pivot: bool) -> tuple[Any, Any, Any]:
    check_matrices(name, A)
    _check_pivot(name, pivot)
    packed, pivots, _ = _factor(A)
    return packed, pivots, wrap(zero_pivot(packed._data))


def zero_pivot(packed: np.ndarray) -> np.ndarray:
    """For each matrix the number of the first pivot that is 0, counted from 1; 0 if none is."""
    zero = np.diagonal(packed, 0, -2, -1) == 0
    if not zero.shape[-1]:
        return np.zeros(zero.shape[:-1], np.int32)
    return np.asarray(np.where(zero.any(-1), zero.argmax(-1) + 1, 0)).astype(np.int32)


@with_out
def lu(A: Tensor, *, pivot: bool = True) -> Any:
    """(P, L, U) with ``A = P @ L @ U``: a permutation, and a lower and an upper triangle.

    >>> import minitorch
    >>> P, L, U = minitorch.linalg.lu(minitorch.tensor([[0.0, 1.0], [2.0, 4.0]]))
    >>> U
    tensor([[2., 4.],
            [0., 1.]])
    """
    check_matrices("lu", A)
    _check_pivot("lu", pivot)
    packed, _, p = _factor(A)
    return return_types.linalg_lu(p, *unpack(packed))


def unpack(packed: Any) -> tuple[Any, Any]:
    """L and U out of one matrix."""
    m, n = packed._data.shape[-2:]
    k = min(m, n)
    left = packed[..., :k]
    ones = np.eye(m, k, dtype=bool)
    return np.tril(left, -1) + wrap(ones), np.triu(packed[..., :k, :])


@with_out
def lu_solve(
    LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False
) -> Tensor:
    """The `X` with ``A @ X = B``, given `lu_factor` of `A`.

    With `left` False ``X @ A = B``; with `adjoint` for the conjugate transpose of `A`.
    """
    check_matrices("lu_solve", LU, B, square=True)
    if not isinstance(pivots, TensorState) or pivots._data.dtype != np.int32:
        raise RuntimeError("lu_solve(): pivots must be the int32 Tensor that lu_factor() returns")
    if pivots._data.shape != LU._data.shape[:-1]:
        raise RuntimeError(
            f"lu_solve(): pivots of shape {list(pivots._data.shape)} do not fit factors of shape "
            f"{list(LU._data.shape)}"
        )
    if not left:
        flipped = _adjoint(B)
        return _adjoint(lu_solve(LU, pivots, flipped, adjoint=not adjoint))
    n = LU._data.shape[-1]
    if B._data.shape[-2] != n:
        raise RuntimeError(
            f"lu_solve(): B of shape {list(B._data.shape)} does not fit matrices of size {n}"
        )
    p = wrap(permutation(pivots._data, n, LU._data.dtype))
    lower, upper = unpack(LU)
    if adjoint:
        return p @ substitute(_adjoint(lower), substitute(_adjoint(upper), B, False), True)
    return substitute(upper, substitute(lower, transposed(p) @ B, False), True)


_adjoint = adjoint  # the argument of `lu_solve` has the same name
