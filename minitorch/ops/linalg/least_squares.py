"""Systems without exactly one solution: pseudo-inverse, least squares, and the numerical rank."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.linalg.matrices import adjoint, check_float, check_matrices, conj
from minitorch.ops.linalg.triangular import check_fit
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["lstsq", "matrix_rank", "pinv"]


def _significant(values: np.ndarray, shape: tuple[int, ...], atol: Any, rtol: Any) -> np.ndarray:
    """Which singular values of matrices of `shape` exceed ``max(atol, rtol * the largest)``.

    `rtol` is by default 0 where `atol` is given, else what rounding may make of a zero.
    """
    atol, rtol = (t._data if isinstance(t, TensorState) else t for t in (atol, rtol))
    if rtol is None:
        rtol = max(shape[-2:]) * np.finfo(values.dtype).eps
        if atol is not None:
            rtol = np.where(np.asarray(atol) > 0, 0.0, rtol)
    largest = np.max(values, -1, initial=0)
    return values > np.asarray(np.maximum(0.0 if atol is None else atol, rtol * largest))[..., None]


def _inverted(values: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """One over the values that are kept, 0 for the others."""
    return np.where(keep, 1 / np.where(keep, values, 1), 0).astype(values.dtype)


# --- pseudo-inverse ----------------------------------------------------------------------------


@primitive
def _pinv(a, /, atol, rtol, hermitian):
    if hermitian:
        s, v = np.linalg.eigh(a)
        s = _inverted(s, _significant(np.abs(s), a.shape, atol, rtol))
        return (v * s[..., None, :]) @ adjoint(v)
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    s = _inverted(s, _significant(s, a.shape, atol, rtol))
    return (adjoint(vh) * s[..., None, :]) @ adjoint(u)


def _pinv_gradient(g, a, out):
    """The adjoint of dP = -P dA P + P P* dA* (1 - A P) + (1 - P A) dA* P* P (constant rank)."""
    a, p = conj(a), conj(out)
    gh, ph = adjoint(g), adjoint(p)
    x, y = (gh @ p) @ ph, ph @ (p @ gh)
    return (x - a @ (p @ x)) + (y - (y @ p) @ a) - ph @ g @ ph


_pinv.gradient(a=_pinv_gradient)


@with_out
def pinv(
    A: Tensor,
    rcond: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """The pseudo-inverse: of ``A @ X = B`` it gives the shortest best solution, ``pinv(A) @ B``.

    Singular values up to ``max(atol, rtol * the largest)`` count as 0; `rcond` is an old name of
    `rtol`.  With `hermitian` only the lower triangle of `A` is read.

    >>> import minitorch
    >>> minitorch.linalg.pinv(minitorch.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    check_matrices("pinv", A, square=hermitian)
    rtol = rcond if rtol is None else rtol
    return _pinv(A, atol, rtol, hermitian)


# --- least squares -----------------------------------------------------------------------------

_DRIVERS = ("gels", "gelsy", "gelsd", "gelss")


@primitive
def _nothing(x, /):
    """No residuals; but recorded, since residuals can be differentiated."""
    return np.empty(0, x.real.dtype)


_nothing.gradient(x=lambda g, x_shape: np.zeros(x_shape))


@with_out
def lstsq(A: Tensor, B: Tensor, rcond: Any = None, *, driver: str | None = None) -> Any:
    """(solution, residuals, rank, singular_values): the `X` for which ``A @ X - B`` is smallest.

    `B` holds matrices, or vectors if it has one dimension less than `A`.  As in PyTorch, the
    `driver` decides what else is returned (the rest is empty): "gelsy", the default, finds the
    rank; "gelsd" and "gelss" also the residuals and the singular values; "gels" only residuals.
    Residuals are there for more rows than columns and full rank.

    >>> import minitorch
    >>> A, B = minitorch.tensor([[1.0], [1.0]]), minitorch.tensor([[1.0], [2.0]])
    >>> minitorch.linalg.lstsq(A, B).solution
    tensor([[1.5000]])
    """
    check_matrices("lstsq", A)
    check_float("lstsq", B)
    if driver is not None and driver not in _DRIVERS:
        raise RuntimeError(f"lstsq(): driver is one of {_DRIVERS}, not {driver!r}")
    a, b = A._data.shape, B._data.shape
    vectors = len(b) == len(a) - 1
    if not vectors and len(b) != len(a):
        raise RuntimeError(
            f"lstsq(): B of shape {list(b)} must have as many dimensions as A of shape {list(a)}, "
            "or one less"
        )
    right = unsqueeze(B, -1) if vectors else B
    check_matrices("lstsq", A, right)
    check_fit("lstsq", A, right)
    solution = _pinv(A, None, rcond, False) @ right
    sizes = np.linalg.svdvals(A._data)
    rank = np.asarray(_significant(sizes, a, None, rcond).sum(-1))
    full = driver == "gels" or bool((rank == a[-1]).all())
    empty = wrap(np.empty(0, sizes.dtype))
    if a[-2] > a[-1] and full and driver not in (None, "gelsy"):
        residuals = np.sum(np.abs(A @ solution - right) ** 2, -2)
    else:
        residuals = _nothing(solution)
    return return_types.linalg_lstsq(
        squeeze(solution, -1) if vectors else solution,
        residuals,
        wrap(np.empty(0, np.int64) if driver == "gels" else rank),
        wrap(sizes) if driver in ("gelsd", "gelss") else empty,
    )


# --- rank --------------------------------------------------------------------------------------


@with_out
def matrix_rank(
    A: Tensor,
    tol: Any = None,
    hermitian: bool = False,
    *,
    atol: Any = None,
    rtol: Any = None,
) -> Tensor:
    """How many singular values exceed ``max(atol, rtol * the largest)``; `tol` is an old `atol`.

    >>> import minitorch
    >>> minitorch.linalg.matrix_rank(minitorch.ones(3, 3))
    tensor(1)
    """
    check_matrices("matrix_rank", A, square=hermitian)
    if tol is not None:
        atol, rtol = tol, 0.0
    values = np.abs(np.linalg.eigvalsh(A._data)) if hermitian else np.linalg.svdvals(A._data)
    return wrap(np.asarray(_significant(values, A._data.shape, atol, rtol).sum(-1)))
