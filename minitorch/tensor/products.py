"""Methods: products of vectors and matrices, and the ``@`` operator."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import arithmetic, einsum
from minitorch.ops import products as ops
from minitorch.ops.inplace import in_place
from minitorch.ops.shapes import ravel
from minitorch.tensor.numpy_protocol import FUNCTIONS, UFUNCS, with_tensors


class ProductMethods(TensorState):
    __slots__ = ()

    __matmul__ = ops.matmul_operator

    def __rmatmul__(self: Any, other: Any) -> Any:
        return ops.matmul(other, self)

    matmul = ops.matmul
    mm = ops.mm
    bmm = ops.bmm
    mv = ops.mv
    dot = ops.dot
    vdot = ops.vdot
    inner = ops.inner
    outer = ops.outer
    ger = ops.ger
    kron = ops.kron

    addmm = ops.addmm
    addmv = ops.addmv
    addr = ops.addr
    addbmm = ops.addbmm
    baddbmm = ops.baddbmm

    addmm_ = in_place(ops.addmm)
    addmv_ = in_place(ops.addmv)
    addr_ = in_place(ops.addr)
    addbmm_ = in_place(ops.addbmm)
    baddbmm_ = in_place(ops.baddbmm)


def _np_dot(a: Any, b: Any) -> Any:
    """NumPy's `dot`: the last dimension of one, the last but one of the other."""
    if a.ndim == 0 or b.ndim == 0:
        return arithmetic.mul(a, b)
    return ops.matmul(a, b) if b.ndim <= 2 else einsum.tensordot(a, b, ([-1], [-2]))


def _np_tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    return einsum.tensordot(a, b, axes)


UFUNCS[np.matmul] = ops.matmul

FUNCTIONS.update(
    {
        np.dot: with_tensors(_np_dot),
        np.inner: with_tensors(ops.inner),
        np.outer: with_tensors(lambda a, b: ops.outer(ravel(a), ravel(b))),
        np.vdot: with_tensors(lambda a, b: ops.vdot(ravel(a), ravel(b))),
        np.kron: with_tensors(ops.kron),
        np.einsum: with_tensors(einsum.einsum),
        np.tensordot: with_tensors(_np_tensordot),
    }
)
