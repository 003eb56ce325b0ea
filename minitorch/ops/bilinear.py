"""The products of matrices as primitives: six bilinear maps.

Three for one right-hand matrix.  The left side may have any number of leading dimensions, which
are folded into one, so that BLAS sees one product of two matrices:

    mm(x, w)        x @ w      (..., k), (k, n) -> (..., n)
    mm_t(x, w)      x @ w.T    (..., k), (n, k) -> (..., n)
    t_mm(x, y)      x.T @ y    (..., m), (..., n) -> (m, n), summed over the leading dimensions

Three for batches of matrices on both sides, whose leading dimensions broadcast:

    bmm(x, y)       x @ y      (..., m, k), (..., k, n) -> (..., m, n)
    bmm_t(x, y)     x @ y.mT   (..., m, k), (..., n, k) -> (..., m, n)
    t_bmm(x, y)     x.mT @ y   (..., k, m), (..., k, n) -> (..., m, n)

Within each three, the gradients of one are the other two, so they differentiate to any order.
NumPy hands transposed operands to BLAS as they are, without a copy.
"""

from __future__ import annotations

import math

import numpy as np

from minitorch.numerics.product import ALONE, product, products
from minitorch.ops.primitive import primitive

# Elements of a result from which np.matmul is faster.  np.dot starts 0.6 us sooner, but fills the
# result with zeros first: where it is (2048, 256), that takes 322 us, and np.matmul 208.
LARGE = 1 << 14
FEW = 1 << 16  # multiplications; with so few, no result can be much larger than that


def dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``x @ y`` for matrices."""
    work = x.size * y.shape[1]
    if work < FEW or (work < ALONE and len(x) * y.shape[1] < LARGE):
        return x.dot(y)
    return product(x, y)


def rows(x: np.ndarray) -> np.ndarray:
    """All leading dimensions as one."""
    if x.ndim == 2:
        return x
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


@primitive
def mm(x, w, /):
    if x.ndim == 2:
        return dot(x, w)
    return dot(rows(x), w).reshape(x.shape[:-1] + w.shape[1:])


@primitive
def mm_t(x, w, /):
    if x.ndim == 2:
        return dot(x, w.T)
    return dot(rows(x), w.T).reshape(x.shape[:-1] + w.shape[:1])


@primitive
def t_mm(x, y, /):
    return dot(rows(x).T, rows(y))


mm.gradient(x=lambda g, w: mm_t(g, w), w=lambda g, x: t_mm(x, g))
mm_t.gradient(x=lambda g, w: mm(g, w), w=lambda g, x: t_mm(g, x))
t_mm.gradient(x=lambda g, y: mm_t(y, g), y=lambda g, x: mm(x, g))


@primitive
def bmm(x, y, /):
    return products(x, y)


@primitive
def bmm_t(x, y, /):
    return products(x, y.swapaxes(-1, -2))


@primitive
def t_bmm(x, y, /):
    return products(x.swapaxes(-1, -2), y)


bmm.gradient(x=lambda g, y: bmm_t(g, y), y=lambda g, x: t_bmm(x, g))
bmm_t.gradient(x=lambda g, y: bmm(g, y), y=lambda g, x: t_bmm(g, x))
t_bmm.gradient(x=lambda g, y: bmm_t(y, g), y=lambda g, x: bmm(x, g))
