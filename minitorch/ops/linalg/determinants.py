"""Determinants, and their logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.ops.linalg.inverses import inverse
from minitorch.ops.linalg.matrices import check_matrices, transposed
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["det", "slogdet"]


@primitive
def _det(a, /):
    with np.errstate(all="ignore"):
        return np.linalg.det(a)


@primitive
def _cofactors(a, /):
    """The gradient of the determinant: ``det(a) * inv(a).T``, also where there is no inverse."""
    det = np.asarray(_det(a))
    if det.all():
        return det[..., None, None] * np.linalg.inv(a).swapaxes(-1, -2)
    u, s, vh = np.linalg.svd(a)
    others = np.stack([np.prod(np.delete(s, i, -1), -1) for i in range(s.shape[-1])], -1)
    phase = np.asarray(np.linalg.det(u) * np.linalg.det(vh))[..., None, None]
    return phase * (u.conj() * others[..., None, :]) @ vh.conj()


def _cofactors_gradient(g, a, out):
    """``(C sum(g C) - C g^T C) / det``."""
    total = np.sum(g * out, (-2, -1))[..., None, None]
    return (out * total - out @ transposed(g) @ out) / _det(a)[..., None, None]


def _det_gradient(g, a):
    g = g[..., None, None]
    return g * _cofactors(a) if a.shape[-1] != 1 else g


_det.gradient(a=_det_gradient)
_cofactors.gradient(a=_cofactors_gradient)


@with_out
def det(A: Tensor) -> Tensor:
    """The determinant of square matrices.

    >>> import minitorch
    >>> minitorch.linalg.det(minitorch.tensor([[2.0, 1.0], [0.0, 3.0]]))
    tensor(6.)
    """
    check_matrices("det", A, square=True)
    return _det(A)


@primitive
def _slogdet(a, /):
    with np.errstate(all="ignore"):
        return tuple(np.linalg.slogdet(a))


def _slogdet_gradient(g, a, out):
    """With t = tr(A^-1 dA), the logarithm changes by re(t), and the sign turns by im(t)."""
    (g_sign, g_log), (sign, _) = g, out
    z = np.zeros_like(out[1]) if g_log is None else g_log
    if g_sign is not None and np.iscomplexobj(a):
        z = z + np.imag(g_sign * sign) * 1j
    return z[..., None, None] * transposed(inverse(a, None))


_slogdet.gradient(a=_slogdet_gradient)


@with_out
def slogdet(A: Tensor) -> Any:
    """(sign, logabsdet) of the determinant, which is ``sign * exp(logabsdet)``.

    For singular matrices (0, -inf); for complex ones the sign is a number of length 1.

    >>> import minitorch
    >>> sign, log = minitorch.linalg.slogdet(minitorch.tensor([[0.0, 1.0], [1.0, 0.0]]))
    >>> sign, log
    (tensor(-1.), tensor(0.))
    """
    check_matrices("slogdet", A, square=True)
    return return_types.linalg_slogdet(*_slogdet(A))
