"""Singular values and eigenvalues.

Vectors are determined only up to their phase (for real matrices, up to their sign).  A loss must
not depend on it; for complex matrices that is checked in backward.  Gradients divide by the
differences of values, so they are infinite or nan where values coincide.

The rules here are of functions that are not holomorphic: with the saved matrices conjugated, they
read like the formulas for PyTorch's gradient (see `minitorch.ops.complex_numbers`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.modes import mode
from minitorch.engine.state import TensorState, wrap
from minitorch.errors import LinAlgError
from minitorch.ops.linalg.inverses import quotient
from minitorch.ops.linalg.matrices import adjoint, check_matrices, conj
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals"]


def _lapack(function: Callable[..., Any], *args: Any) -> Any:
    try:
        return function(*args)
    except np.linalg.LinAlgError:
        raise LinAlgError(
            f"{function.__name__}(): the algorithm did not converge for input of shape "
            f"{list(args[0].shape)}: it is ill-conditioned, or not finite"
        ) from None


def _diagonal(x: Any) -> Any:
    return np.diagonal(x, 0, -2, -1)


def _check_phase(name: str, products: Any) -> None:
    """The diagonal of `products` says how the loss changes with the phase of each vector."""
    data = products._data if isinstance(products, TensorState) else products
    if data.dtype.kind == "c" and not np.allclose(_diagonal(data).imag, 0, atol=1e-2):
        raise RuntimeError(
            f"backward of {name}(): the loss depends on the phase of the vectors, which is "
            "arbitrary in the complex case, so its gradient is not defined"
        )


# --- singular values ---------------------------------------------------------------------------


@primitive
def _svd(a, /, full):
    return tuple(_lapack(np.linalg.svd, a, full))


def _svd_gradient(g, out, full):
    """With P = skew(U* gU), Q = skew(V* gV) and E[i, j] = s[j]^2 - s[i]^2:

    ``U (P/E S + S Q/E + gS) V*``, and what moves the spaces that U and V span.
    """
    (g_u, g_s, g_vh), (u, s, vh) = g, (conj(out[0]), out[1], conj(out[2]))
    k = s.shape[-1]
    if full:  # what lies outside the first k columns is arbitrary: it gets no gradient
        u, vh = u[..., :k], vh[..., :k, :]
        g_u = None if g_u is None else g_u[..., :k]
        g_vh = None if g_vh is None else g_vh[..., :k, :]
    row, column = s[..., None, :], s[..., :, None]
    if g_u is None and g_vh is None:
        return (u * g_s[..., None, :]) @ vh
    eye = np.eye(k, dtype=bool)
    p = 0 if g_u is None else _skew(adjoint(u) @ g_u)
    q = 0 if g_vh is None else _skew(vh @ adjoint(g_vh))
    _check_phase("svd", p + q)
    inner = (p * row + column * q) / (row * row - column * column + eye)
    inner = _plus_diagonal(inner, g_s)
    if g_u is not None and g_vh is not None:
        inner = inner + p / (2 * row) * eye
    left = u @ inner
    if g_u is not None and u.shape[-2] > k:
        t = g_u / row
        left = left + t - u @ (adjoint(u) @ t)
    result = left @ vh
    if g_vh is not None and vh.shape[-1] > k:
        t = g_vh / column
        result = result + u @ (t - (t @ adjoint(vh)) @ vh)
    return result


def _skew(x: Any) -> Any:
    return x - adjoint(x)


_svd.gradient(a=_svd_gradient)


@with_out
def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> Any:
    """(U, S, Vh) with ``A = U @ diag(S) @ Vh``: orthonormal columns, and singular values >= 0.

    S is sorted, the largest first.  For m by n matrices U is (m, m) and Vh (n, n); without
    `full_matrices` (m, k) and (k, n) with k = min(m, n).

    >>> import minitorch
    >>> minitorch.linalg.svd(minitorch.tensor([[3.0, 0.0], [0.0, -4.0]])).S
    tensor([4., 3.])
    """
    check_matrices("svd", A)
    _check_driver("svd", driver)
    return return_types.linalg_svd(*_svd(A, full_matrices))


@with_out
def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:
    """The singular values alone; their gradient is finite even where they coincide."""
    check_matrices("svdvals", A)
    _check_driver("svdvals", driver)
    if A._node is not None and mode.recording:
        return _svd(A, False)[1]
    return wrap(_lapack(np.linalg.svdvals, A._data))


def _check_driver(name: str, driver: str | None) -> None:
    if driver is not None:
        raise RuntimeError(f"{name}(): driver= chooses between libraries on the GPU; leave it out")


# --- Hermitian matrices ------------------------------------------------------------------------


@primitive
def _eigh(a, /, triangle):
    return tuple(_lapack(np.linalg.eigh, a, triangle))


def _eigh_gradient(g, out):
    """``V (sym(V* gV / E) + gL) V*`` with E[i, j] = L[j] - L[i]."""
    (g_l, g_v), values, v = g, out[0], conj(out[1])
    if g_v is None:
        return (v * g_l[..., None, :]) @ adjoint(v)
    inner = adjoint(v) @ g_v
    _check_phase("eigh", inner)
    inner = _over_differences(inner, values)
    inner = 0.5 * (inner + adjoint(inner))
    return v @ _plus_diagonal(inner, g_l) @ adjoint(v)


def _over_differences(x: Any, values: Any) -> Any:
    """``x[i, j] / (values[j] - values[i])``, and 0 on the diagonal."""
    eye = np.eye(values.shape[-1], dtype=bool)
    return x * ~eye / (values[..., None, :] - values[..., :, None] + eye)


def _plus_diagonal(x: Any, g_values: Any) -> Any:
    if g_values is None:
        return x
    return x + g_values[..., None, :] * np.eye(x.shape[-1], dtype=bool)


_eigh.gradient(a=_eigh_gradient)


@with_out
def eigh(A: Tensor, UPLO: str = "L") -> Any:
    """(eigenvalues, eigenvectors) of symmetric or Hermitian `A`; the smallest value first.

    Only one triangle of `A` is read, the lower or (`UPLO` "U") the upper one.

    >>> import minitorch
    >>> minitorch.linalg.eigh(minitorch.tensor([[2.0, 1.0], [1.0, 2.0]])).eigenvalues
    tensor([1., 3.])
    """
    check_matrices("eigh", A, square=True)
    return return_types.linalg_eigh(*_eigh(A, _triangle("eigh", UPLO)))


@with_out
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """The eigenvalues alone of symmetric or Hermitian `A`."""
    check_matrices("eigvalsh", A, square=True)
    triangle = _triangle("eigvalsh", UPLO)
    if A._node is not None and mode.recording:
        return _eigh(A, triangle)[0]
    return wrap(_lapack(np.linalg.eigvalsh, A._data, triangle))


def _triangle(name: str, uplo: str) -> str:
    if uplo.upper() not in ("L", "U"):
        raise RuntimeError(f"{name}(): UPLO is 'L' or 'U', not {uplo!r}")
    return uplo.upper()


# --- any square matrices -----------------------------------------------------------------------


@primitive
def _eig(a, /):
    values, vectors = _lapack(np.linalg.eig, a)
    kind = np.result_type(a.dtype, np.complex64)  # NumPy stays real where all values are
    return values.astype(kind, copy=False), vectors.astype(kind, copy=False)


def _eig_gradient(g, out):
    """``V^-* ((V* gV - V* V diag(re(V* gV))) / E* + gL) V*`` with E[i, j] = L[j] - L[i]."""
    (g_l, g_v), values, v = g, out[0], conj(out[1])
    vh = adjoint(v)
    if g_v is None:
        return quotient(vh, g_l[..., :, None] * vh, "eig")
    x = vh @ g_v
    _check_phase("eig", x)
    inner = _over_differences(x - vh @ v * np.real(_diagonal(x))[..., None, :], values)
    return quotient(vh, _plus_diagonal(inner, g_l) @ vh, "eig")


_eig.gradient(a=_eig_gradient)


@with_out
def eig(A: Tensor) -> Any:
    """(eigenvalues, eigenvectors) of square matrices: complex, in no order.

    The vectors are columns of length 1.

    >>> import minitorch
    >>> minitorch.linalg.eig(minitorch.tensor([[0.0, -1.0], [1.0, 0.0]])).eigenvalues
    tensor([0.+1.j, 0.-1.j])
    """
    check_matrices("eig", A, square=True)
    return return_types.linalg_eig(*_eig(A))


@with_out
def eigvals(A: Tensor) -> Tensor:
    """The eigenvalues alone of square matrices."""
    check_matrices("eigvals", A, square=True)
    if A._node is not None and mode.recording:
        return _eig(A)[0]
    values = _lapack(np.linalg.eigvals, A._data)
    return wrap(values.astype(np.result_type(A._data.dtype, np.complex64), copy=False))
