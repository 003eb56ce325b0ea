"""The condition number: how much a system of equations magnifies errors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.arithmetic import mul
from minitorch.ops.linalg.inverses import inverse
from minitorch.ops.linalg.matrices import check_matrices
from minitorch.ops.linalg.spectral import svdvals
from minitorch.ops.norms import matrix_norm
from minitorch.ops.out import with_out
from minitorch.ops.where import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cond"]


@with_out
def cond(A: Tensor, p: Any = None) -> Tensor:
    """``norm(A) * norm(inv(A))``; with `p` None or 2 the largest singular value by the smallest.

    `p` is an order of `matrix_norm`; infinite for singular matrices.

    >>> import minitorch
    >>> minitorch.linalg.cond(minitorch.tensor([[4.0, 0.0], [0.0, 2.0]]))
    tensor(2.)
    """
    if p not in (None, "fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f"cond(): there is no norm of order {p!r} for matrices")
    singular = p in (None, 2, -2)
    check_matrices("cond", A, square=not singular)
    if 0 in A._data.shape[-2:]:
        kind = A._data.real.dtype
        return wrap(np.zeros(A._data.shape[:-2], kind))
    if singular:
        values = svdvals(A)
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    inverses = inverse(A, None)
    result = mul(matrix_norm(A, p), matrix_norm(inverses, p))
    without = np.isnan(inverses._data).any((-2, -1)) & ~np.isnan(A._data).any((-2, -1))
    return where(wrap(without), math.inf, result) if without.any() else result
