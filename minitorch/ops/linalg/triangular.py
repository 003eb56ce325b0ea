"""Triangular systems, and the factorisations with a triangle: Cholesky and QR."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import wrap
from minitorch.errors import LinAlgError
from minitorch.ops.linalg.matrices import (
    adjoint,
    check_matrices,
    conj,
    each_or_nan,
    transposed,
)
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cholesky", "cholesky_ex", "qr", "solve_triangular"]

# --- systems -----------------------------------------------------------------------------------


@primitive
def substitute(a, b, /, upper):
    """The `x` with ``a @ x == b``, where of `a` one triangle is read."""
    if upper:  # backwards it is a lower triangle
        return _forward(np.triu(a)[..., ::-1, ::-1], b[..., ::-1, :])[..., ::-1, :]
    return _forward(np.tril(a), b)


def _forward(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Forward substitution, a half at a time: nearly all of it is matrix products."""
    n = a.shape[-1]
    if n <= 64:
        try:
            return np.linalg.solve(a, b)
        except np.linalg.LinAlgError:  # a zero on the diagonal: inf and nan, where they belong
            if n == 1:
                return b / a
    half = n // 2
    top = _forward(a[..., :half, :half], b[..., :half, :])
    rest = b[..., half:, :] - a[..., half:, :half] @ top
    return np.concatenate([top, _forward(a[..., half:, half:], rest)], -2)


def _substitute_gradient_a(g, a, out, upper):
    g = substitute(transposed(a), g, not upper)
    return -(np.triu if upper else np.tril)(g @ transposed(out))


substitute.gradient(
    a=_substitute_gradient_a,
    b=lambda g, a, upper: substitute(transposed(a), g, not upper),
)


@with_out
def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """The `X` with ``A @ X = B``, where `A` is a triangle (only that part of it is read).

    With `left` False ``X @ A = B``; with `unitriangular` the diagonal counts as ones.

    >>> import minitorch
    >>> A, B = minitorch.tensor([[2.0, 0.0], [1.0, 1.0]]), minitorch.tensor([[2.0], [3.0]])
    >>> minitorch.linalg.solve_triangular(A, B, upper=False)
    tensor([[1.],
            [2.]])
    """
    check_matrices("solve_triangular", A, B, square=True)
    check_fit("solve_triangular", A, B, left)
    if unitriangular:
        strict = np.triu(A, 1) if upper else np.tril(A, -1)
        A = strict + wrap(np.eye(A._data.shape[-1], dtype=bool))
    if left:
        return substitute(A, B, upper)
    return transposed(substitute(transposed(A), transposed(B), not upper))


def check_fit(name: str, A: Any, B: Any, left: bool = True) -> None:
    """Refuse a right-hand side `B` that has not as many rows (or columns) as `A`."""
    a, b = A._data.shape, B._data.shape
    at = -2 if left else -1
    if len(b) < 2:
        raise RuntimeError(f"{name}(): B must be matrices, got shape {list(b)}")
    if b[at] != a[-2]:
        raise RuntimeError(
            f"{name}(): A of shape {list(a)} and B of shape {list(b)} do not fit: B has size "
            f"{b[at]} in dimension {at}, and A {a[-2]}"
        )
    try:
        np.broadcast_shapes(a[:-2], b[:-2])
    except ValueError:
        raise RuntimeError(
            f"{name}(): the batch dimensions of shapes {list(a)} and {list(b)} do not broadcast"
        ) from None


# --- Cholesky ----------------------------------------------------------------------------------


def _lower_factor(a: np.ndarray) -> np.ndarray:
    factor = np.linalg.cholesky(a)
    if not np.isfinite(np.diagonal(factor, 0, -2, -1)).all():  # LAPACK let nan and inf pass
        raise np.linalg.LinAlgError
    return factor


@primitive
def _cholesky(a, /, upper, name):
    """The factor; where there is none an error in the name of `name`, or else nan."""
    if upper:
        return adjoint(_cholesky(adjoint(a), False, name))
    try:
        return _lower_factor(a)
    except np.linalg.LinAlgError:
        if name is None:
            return each_or_nan(_lower_factor, a)
        raise LinAlgError(
            f"{name}(): a matrix of shape {list(a.shape[-2:])} is not positive-definite: its "
            f"leading minor of order {int(np.max(_bad_minor(a)))} is not"
        ) from None


def _bad_minor(a: np.ndarray) -> np.ndarray:
    """For each matrix the order of its first minor that is not positive-definite; 0 if all are."""
    info = np.zeros(a.shape[:-2], np.int32)
    for i in np.ndindex(info.shape):
        for order in range(1, a.shape[-1] + 1):
            try:
                _lower_factor(a[i][:order, :order])
            except np.linalg.LinAlgError:
                info[i] = order
                break
    return info


def _cholesky_gradient(g, out, upper):
    """``L^-* P/2 L^-1``, where P has the lower triangle of L* gL, and below mirrors above."""
    factor = conj(out)
    if upper:
        factor, g = adjoint(factor), adjoint(g)
    p = np.tril(adjoint(factor) @ g)
    half = substitute(adjoint(factor), 0.5 * (p + adjoint(np.tril(p, -1))), True)
    return transposed(substitute(transposed(factor), transposed(half), True))


_cholesky.gradient(a=_cholesky_gradient)


@with_out
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """The lower triangle L with ``A = L @ L.mH``, for symmetric positive-definite `A`.

    With `upper`, U with ``A = U.mH @ U``.  LinAlgError where `A` is not positive-definite.

    >>> import minitorch
    >>> minitorch.linalg.cholesky(minitorch.tensor([[4.0, 2.0], [2.0, 5.0]]))
    tensor([[2., 0.],
            [1., 2.]])
    """
    check_matrices("cholesky", A, square=True)
    return _cholesky(A, upper, "cholesky")


@with_out
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Any:
    """`cholesky` without errors: `info` is 0, or the order of the first minor that is at fault.

    Where it is not 0 the factor is nan.
    """
    check_matrices("cholesky_ex", A, square=True)
    factor = _cholesky(A, upper, "cholesky_ex" if check_errors else None)
    failed = np.isnan(factor._data).any()
    source = adjoint(A._data) if upper else A._data
    info = _bad_minor(source) if failed else np.zeros(source.shape[:-2], np.int32)
    return return_types.linalg_cholesky_ex(factor, wrap(info))


# --- QR ----------------------------------------------------------------------------------------


@primitive
def _qr(a, /, mode):
    return tuple(np.linalg.qr(a, mode))


def _qr_gradient(g, out):
    """``(gQ + Q sym(triu(gR R* - Q* gQ))) R^-*`` for square R, where sym(X) = X + X* - diag."""
    (g_q, g_r), q, r = g, conj(out[0]), conj(out[1])
    inner: Any = 0 if g_r is None else g_r @ adjoint(r)
    if g_q is not None:
        inner = inner - adjoint(q) @ g_q
    inner = np.triu(inner)
    inner = inner + adjoint(inner)
    inner = inner - 0.5 * inner * np.eye(inner.shape[-1], dtype=bool)
    x = q @ inner
    if g_q is not None:
        x = x + g_q
    return transposed(substitute(conj(r), transposed(x), True))


_qr.gradient(a=_qr_gradient)


@with_out
def qr(A: Tensor, mode: str = "reduced") -> Any:
    """(Q, R) with ``A = Q @ R``: orthonormal columns, and an upper triangle.

    For m by n matrices and k = min(m, n), Q is (m, k) and R (k, n); with `mode` "complete" (m, m)
    and (m, n); with "r" Q is left empty.

    >>> import minitorch
    >>> Q, R = minitorch.linalg.qr(minitorch.tensor([[3.0, 1.0], [4.0, 2.0]]))
    >>> Q @ R
    tensor([[3.0000, 1.0000],
            [4.0000, 2.0000]])
    """
    check_matrices("qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"qr(): mode is 'reduced', 'complete' or 'r', not {mode!r}")
    m, n = A._data.shape[-2:]
    if mode == "r":
        empty = wrap(np.empty(0, A._data.dtype))
        return return_types.linalg_qr(empty, _qr_without_q(A))
    if mode == "complete" and m > n:
        return return_types.linalg_qr(*_complete_qr(A))
    if m >= n:
        return return_types.linalg_qr(*_qr(A, "reduced"))
    # The first m columns determine Q, and so the rest of R.
    q, r = _qr(A[..., :m], "reduced")
    return return_types.linalg_qr(q, np.concatenate([r, adjoint(q) @ A[..., m:]], -1))


@primitive
def _qr_without_q(a, /):
    return np.linalg.qr(a, "r")


@primitive
def _complete_qr(a, /):
    return tuple(np.linalg.qr(a, "complete"))


def _refuse_gradient(g):
    raise RuntimeError(
        "qr() can be differentiated with mode='reduced' only, or 'complete' for matrices that have "
        "no more rows than columns: otherwise a part of Q is missing, or arbitrary"
    )


_qr_without_q.gradient(a=_refuse_gradient)
_complete_qr.gradient(a=_refuse_gradient)
