"""Functions made of products of matrices: powers, the exponential, chains of products."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.broadcasting import expand
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.filling import fill
from minitorch.ops.joining import cat
from minitorch.ops.linalg.inverses import inverse
from minitorch.ops.linalg.matrices import adjoint, check_matrices, transposed
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.products import matmul
from minitorch.ops.scans import cumprod
from minitorch.ops.shapes import atleast_1d, squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["householder_product", "matrix_exp", "matrix_power", "multi_dot", "vander"]


@with_out
def matrix_power(A: Tensor, n: int) -> Tensor:
    """``A @ A @ ... @ A`` with n factors; of the inverse, if n is negative.

    >>> import minitorch
    >>> minitorch.linalg.matrix_power(minitorch.tensor([[1.0, 1.0], [0.0, 1.0]]), 5)
    tensor([[1., 5.],
            [0., 1.]])
    """
    check_tensor("matrix_power", A)
    n = operator.index(n)
    _check_square("matrix_power", A)
    if n < 0:
        check_matrices("matrix_power", A)
        A, n = inverse(A, "matrix_power"), -n
    if n == 0:
        return fill(A, 0) + wrap(np.eye(A._data.shape[-1], dtype=bool))
    result = None
    while True:  # the binary digits of n, the lowest first
        if n & 1:
            result = A if result is None else matmul(result, A)
        n >>= 1
        if not n:
            return result  # type: ignore[return-value]
        A = matmul(A, A)


def _check_square(name: str, A: Any) -> None:
    shape = A._data.shape
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise RuntimeError(f"{name}() takes square matrices, got shape {list(shape)}")


# --- the exponential ---------------------------------------------------------------------------

_PADE = (
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000,
    10559470521600, 670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
)  # fmt: skip


@primitive
def _exponential(a, /):
    """Scaling and squaring around Higham's Padé approximant of degree 13, in double precision."""
    x = a.astype(np.complex128 if a.dtype.kind == "c" else np.float64)
    norm = np.abs(x).sum(-2).max(-1, initial=0)
    doublings = np.ceil(np.log2(np.maximum(norm, 1) / 5.37)).clip(0, 1100)
    doublings = np.where(np.isfinite(norm), doublings, 0)[..., None, None]
    x = x / 2.0**doublings
    eye = np.eye(x.shape[-1])
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    powers = (eye, x2, x4, x6)
    odd, even = (
        x6 @ sum(c * p for c, p in zip(_PADE[start + 8 :: 2], powers[1:]))
        + sum(c * p for c, p in zip(_PADE[start : start + 8 : 2], powers))
        for start in (1, 0)
    )
    odd = x @ odd
    finite = np.isfinite(norm)[..., None, None]
    denominator = np.where(finite, even - odd, eye)
    out = np.where(finite, np.linalg.solve(denominator, even + odd), np.nan)
    for i in range(int(doublings.max(initial=0))):
        out = np.where(i < doublings, out @ out, out)
    return out.astype(a.dtype)


def _exponential_gradient(g, a):
    """The corner of the exponential of [[A^T, g], [0, A^T]]: the derivative in direction g."""
    at, n = transposed(a), a.shape[-1]
    top = np.concatenate([at, g], -1)
    bottom = np.concatenate([np.zeros_like(at), at], -1)
    return _exponential(np.concatenate([top, bottom], -2))[..., :n, n:]


_exponential.gradient(a=_exponential_gradient)


def matrix_exp(A: Tensor) -> Tensor:
    """The exponential of square matrices: ``I + A + A @ A / 2 + A @ A @ A / 6 + ...``.

    >>> import minitorch
    >>> minitorch.linalg.matrix_exp(minitorch.tensor([[0.0, 1.0], [0.0, 0.0]]))
    tensor([[1., 1.],
            [0., 1.]])
    """
    check_tensor("matrix_exp", A)
    check_floating("matrix_exp", A)
    _check_square("matrix_exp", A)
    return _exponential(A)


# --- products ----------------------------------------------------------------------------------


@with_out
def multi_dot(tensors: Sequence[Tensor]) -> Tensor:
    """The product of several matrices, in the order of the fewest operations.

    The first may be a vector (a row), and so may the last (a column).

    >>> import minitorch
    >>> a, b, c = minitorch.ones(2, 3), minitorch.ones(3, 4), minitorch.ones(4)
    >>> minitorch.linalg.multi_dot([a, b, c])
    tensor([12., 12.])
    """
    factors: list[Any] = list(tensors)
    if len(factors) < 2:
        raise RuntimeError(f"multi_dot() takes two tensors or more, got {len(factors)}")
    check_tensor("multi_dot", *factors)
    shapes = [list(x._data.shape) for x in factors]
    for i, shape in enumerate(shapes):
        if len(shape) != 2 and (len(shape) != 1 or i not in (0, len(shapes) - 1)):
            raise RuntimeError(
                f"multi_dot() takes matrices, the first and the last may be vectors; got {shapes}"
            )
    row, column = len(shapes[0]) == 1, len(shapes[-1]) == 1
    if row:
        factors[0] = unsqueeze(factors[0], 0)
    if column:
        factors[-1] = unsqueeze(factors[-1], 1)
    result = _chain(factors)
    if row:
        result = squeeze(result, 0)
    return squeeze(result, -1) if column else result


def _chain(factors: list[Any]) -> Any:
    """The product of matrices, bracketed by dynamic programming."""
    sizes = [x._data.shape[0] for x in factors] + [factors[-1]._data.shape[1]]
    best: dict[tuple[int, int], tuple[int, int]] = {(i, i): (0, i) for i in range(len(factors))}
    for length in range(1, len(factors)):
        for i in range(len(factors) - length):
            j = i + length
            best[i, j] = min(
                (best[i, k][0] + best[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k)
                for k in range(i, j)
            )

    def multiply(i: int, j: int) -> Any:
        k = best[i, j][1]
        return factors[i] if i == j else matmul(multiply(i, k), multiply(k + 1, j))

    return multiply(0, len(factors) - 1)


@with_out
def householder_product(input: Tensor, tau: Tensor) -> Tensor:
    """The first columns of the product of ``I - tau[i] v v*``, with v = column i from the diagonal
    on, where it counts as 1: the Q of what LAPACK's QR leaves.
    """
    check_matrices("householder_product", input)
    m, n = input._data.shape[-2:]
    check_tensor("householder_product", tau)
    k = tau._data.shape[-1] if tau._data.ndim else n + 1
    if m < n or k > n or tau._data.shape[:-1] != input._data.shape[:-2]:
        raise RuntimeError(
            f"householder_product(): reflectors of shape {list(input._data.shape)} and tau of "
            f"shape {list(tau._data.shape)} do not fit"
        )
    if tau._data.dtype != input._data.dtype:
        raise RuntimeError("householder_product(): the operands must have one dtype")
    vectors = np.tril(input, -1) + wrap(np.eye(m, n, dtype=bool))
    q: Any = fill(input, 0) + wrap(np.eye(m, n, dtype=bool))
    for i in reversed(range(k)):
        v = vectors[..., i : i + 1]
        q = q - tau[..., i, None, None] * v @ (adjoint(v) @ q)
    return q


def vander(x: Tensor, *, N: int | None = None) -> Tensor:
    """The powers 0 to ``N - 1`` of every element, in a new last dimension; N is by default n.

    >>> import minitorch
    >>> minitorch.linalg.vander(minitorch.tensor([2, 3]), N=3)
    tensor([[1, 2, 4],
            [1, 3, 9]])
    """
    check_tensor("vander", x)
    if x._data.dtype.kind == "b":
        raise RuntimeError("vander() is not for booleans")
    x = atleast_1d(x)
    shape = x._data.shape
    count = shape[-1] if N is None else N
    if count <= 1:
        raise RuntimeError(f"vander(): N must be greater than 1, got {count}")
    ones = wrap(np.ones((*shape, 1), x._data.dtype))
    return cumprod(cat([ones, expand(unsqueeze(x, -1), (*shape, count - 1))], -1), -1)
