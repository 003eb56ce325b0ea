"""Singular values and eigenvalues.

Vectors are determined only up to their phase (for real matrices, up to their sign).  A loss must
not depend on it; for complex matrices that is checked in backward.  Gradients divide by the
differences of (squared) values, so they are infinite or nan where values coincide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.modes import mode
from minitorch.engine.state import TensorState
from minitorch.ops.linalg.inverses import _solve
from minitorch.ops.linalg.matrices import (
    adjoint,
    check_matrices,
    conj,
    off_diagonal,
    refusing,
    transposed,
)
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["eig", "eigh", "eigvals", "eigvalsh", "svd", "svdvals"]

_NOT_FINITE = "the algorithm did not converge: the input is ill-conditioned or not finite"


def _check_phase(name: str, phase: Any) -> None:
    """`phase`: how the loss changes with the phase of each vector; it must not."""
    phase = phase._data if isinstance(phase, TensorState) else phase
    if phase.dtype.kind == "c" and not np.allclose(phase.imag, 0, atol=1e-2):
        raise RuntimeError(
            f"backward of {name}(): the loss depends on the phase of the vectors, which is "
            "arbitrary in the complex case, so its gradient is not defined"
        )


def _diagonal(x: Any) -> Any:
    return np.diagonal(x, 0, -2, -1)


# --- singular values ---------------------------------------------------------------------------


@primitive
def _svd(a, /, full):
    return tuple(np.linalg.svd(a, full_matrices=full))


def _svd_gradient(g, out, full):
    """With P = U* gU and Q = V* gV:  U (skew(P)/E S + S skew(Q)/E + gS) V*, and what leaves U, V.

    E[j, k] = s[k]^2 - s[j]^2.  The rule of a function that is not holomorphic: see
    `minitorch.ops.complex_numbers`; so the saved matrices enter conjugated.
    """
    g_u, g_s, g_vh = g
    u, s, vh = conj(out[0]), out[1], conj(out[2])
    m, n, k = u.shape[-2], vh.shape[-1], s.shape[-1]
    if full:  # what lies outside the first k columns is arbitrary: no gradient is taken from it
        u, vh = u[..., :k], vh[..., :k, :]
        g_u = None if g_u is None else g_u[..., :k]
        g_vh = None if g_vh is None else g_vh[..., :k, :]
    row, column = s[..., None, :], s[..., :, None]
    inner: Any = 0 if g_s is None else g_s[..., None, :] * np.eye(k, dtype=bool)
    if g_u is not None or g_vh is not None:
        p = 0 if g_u is None else adjoint(u) @ g_u
        q = 0 if g_vh is None else transposed(conj(vh)) if False else adjoint(g_vh @ adjoint(vh))
        phase = 0
        ...
    return inner


