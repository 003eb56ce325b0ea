"""Methods: linear algebra; and NumPy's functions for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import matrices as ops
from minitorch.ops.linalg import (
    conditioning,
    inverses,
    least_squares,
    powers,
    spectral,
    triangular,
    vectors,
)
from minitorch.ops.norms import linalg_norm
from minitorch.tensor.numpy_protocol import FUNCTIONS


class MatrixMethods(TensorState):
    __slots__ = ()

    cholesky = ops.cholesky
    cholesky_inverse = ops.cholesky_inverse
    cholesky_solve = ops.cholesky_solve
    cross = ops.cross
    det = ops.det
    inverse = ops.inverse
    logdet = ops.logdet
    lu = ops.lu
    lu_solve = ops.lu_solve
    matrix_exp = ops.matrix_exp
    matrix_power = ops.matrix_power
    orgqr = ops.orgqr
    pinverse = ops.pinverse
    qr = ops.qr
    slogdet = ops.slogdet
    svd = ops.svd
    triangular_solve = ops.triangular_solve


def _np_svd(a: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    return spectral.svd(a, full_matrices) if compute_uv else spectral.svdvals(a)


def _np_solve(a: Any, b: Any) -> Any:
    """As in NumPy 2, only a `b` of one dimension is a vector."""
    if b.ndim == 1:
        return inverses.solve(a, b)
    return inverses.quotient(a, b, "solve")


FUNCTIONS.update(
    {
        np.linalg.cholesky: lambda a, *, upper=False: triangular.cholesky(a, upper=upper),
        np.linalg.cond: conditioning.cond,
        np.linalg.det: ops.det,
        np.linalg.eig: spectral.eig,
        np.linalg.eigh: spectral.eigh,
        np.linalg.eigvals: spectral.eigvals,
        np.linalg.eigvalsh: spectral.eigvalsh,
        np.linalg.inv: inverses.inv,
        np.linalg.matrix_power: powers.matrix_power,
        np.linalg.multi_dot: powers.multi_dot,
        np.linalg.norm: lambda x, ord=None, axis=None, keepdims=False: linalg_norm(
            x, ord, axis, keepdims
        ),
        np.linalg.pinv: least_squares.pinv,
        np.linalg.qr: triangular.qr,
        np.linalg.slogdet: ops.slogdet,
        np.linalg.solve: _np_solve,
        np.linalg.svd: _np_svd,
        np.linalg.svdvals: spectral.svdvals,
        np.cross: lambda a, b, axis=-1: vectors.cross(a, b, dim=axis),
    }
)
