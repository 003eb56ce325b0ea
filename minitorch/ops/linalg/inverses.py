"""Inverses, and systems of linear equations with one solution."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.engine.state import wrap
from minitorch.errors import LinAlgError
from minitorch.ops.checks import check_tensor
from minitorch.ops.linalg.lu import eliminate, zero_pivot
from minitorch.ops.linalg.matrices import (
    check_float,
    check_matrices,
    check_one_dtype,
    each_or_nan,
    transposed,
)
from minitorch.ops.linalg.triangular import check_fit
from minitorch.ops.out import with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import movedim, reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["inv", "inv_ex", "solve", "solve_ex", "tensorinv", "tensorsolve"]

# `name` is who complains about a singular matrix; with None its result is nan.


@primitive
def inverse(a, /, name):
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        if name is not None:
            raise _singular(name, a) from None
        return each_or_nan(np.linalg.inv, a)


@primitive
def quotient(a, b, /, name):
    """The `x` with ``a @ x == b``."""
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if name is not None:
            raise _singular(name, a) from None
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
        return each_or_nan(np.linalg.solve, b, a)


inverse.gradient(a=lambda g, out: -(transposed(out) @ g @ transposed(out)))
quotient.gradient(
    a=lambda g, a, out, name: -(quotient(transposed(a), g, name) @ transposed(out)),
    b=lambda g, a, name: quotient(transposed(a), g, name),
)


def _info(a: np.ndarray, result: np.ndarray) -> np.ndarray:
    """For each matrix 0, or the number of the pivot that is 0 if it is singular."""
    if not np.isnan(result).any():
        return np.zeros(a.shape[:-2], np.int32)
    return zero_pivot(eliminate(a)[0])


def _singular(name: str, a: np.ndarray) -> LinAlgError:
    """The error that says which matrix in `a` has no inverse."""
    found = np.argwhere(zero_pivot(eliminate(a)[0])).tolist()
    which = f", number {found[0]} of the batch," if a.ndim > 2 and found else ""
    return LinAlgError(f"{name}(): the matrix of shape {list(a.shape[-2:])}{which} is singular")


@with_out
def inv(A: Tensor) -> Tensor:
    """The inverse: ``A @ inv(A)`` is the identity.  LinAlgError if there is none.

    >>> import minitorch
    >>> minitorch.linalg.inv(minitorch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    check_matrices("inv", A, square=True)
    return inverse(A, "inv")


@with_out
def inv_ex(A: Tensor, *, check_errors: bool = False) -> Any:
    """`inv` without errors: nan where `info` is not 0 but the number of a pivot that is 0."""
    check_matrices("inv_ex", A, square=True)
    result = inverse(A, "inv_ex" if check_errors else None)
    return return_types.linalg_inv_ex(result, wrap(_info(A._data, result._data)))


@with_out
def solve(A: Tensor, B: Tensor, *, left: bool = True) -> Tensor:
    """The `X` with ``A @ X = B``; with `left` False ``X @ A = B``.

    `B` holds matrices, or vectors: if it has one dimension, or the shape of `A` without the last.
    LinAlgError if `A` is singular.

    >>> import minitorch
    >>> A = minitorch.tensor([[2.0, 0.0], [0.0, 4.0]])
    >>> minitorch.linalg.solve(A, minitorch.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    return _solve("solve", A, B, left, "solve")


@with_out
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False) -> Any:
    """`solve` without errors: nan where `info` is not 0 but the number of a pivot that is 0."""
    result = _solve("solve_ex", A, B, left, "solve_ex" if check_errors else None)
    return return_types.linalg_solve_ex(result, wrap(_info(A._data, result._data)))


def _solve(name: str, A: Any, B: Any, left: bool, complain: str | None) -> Any:
    check_matrices(name, A, square=True)
    check_float(name, B)
    check_one_dtype(name, A, B)
    a, b = A._data.shape, B._data.shape
    vectors = len(b) == 1 or b == a[:-1]
    if vectors:
        B = unsqueeze(B, -1)
    check_fit(name, A, B, left or vectors)
    if vectors and not left:
        raise RuntimeError(f"{name}(): X @ A = B with vectors B; give matrices, or left=True")
    if left:
        result = quotient(A, B, complain)
    else:
        result = transposed(quotient(transposed(A), transposed(B), complain))
    return squeeze(result, -1) if vectors else result


@with_out
def tensorinv(A: Tensor, ind: int = 2) -> Tensor:
    """The inverse of the map that ``tensordot(A, x)`` is: `ind` dimensions are its output."""
    check_float("tensorinv", A)
    shape = A._data.shape
    if not 0 < ind <= len(shape):
        raise RuntimeError(f"tensorinv(): ind={ind} is not possible for shape {list(shape)}")
    n, m = math.prod(shape[:ind]), math.prod(shape[ind:])
    if n != m:
        raise RuntimeError(
            f"tensorinv(): shape {list(shape)} at ind={ind} is a map between {m} and {n} numbers; "
            "these must be equal"
        )
    return reshape(inverse(reshape(A, (n, n)), "tensorinv"), shape[ind:] + shape[:ind])


@with_out
def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None) -> Tensor:
    """The `X` with ``tensordot(A, X, X.ndim) = B``; `dims` of `A` are moved to its end first."""
    check_tensor("tensorsolve", A, B)
    check_float("tensorsolve", A)
    check_one_dtype("tensorsolve", A, B)
    if dims is not None:
        A = movedim(A, tuple(dims), tuple(range(A._data.ndim - len(dims), A._data.ndim)))
    rest, n = A._data.shape[B._data.ndim :], B._data.size
    if math.prod(rest) != n or A._data.size != n * n:
        raise RuntimeError(
            f"tensorsolve(): shapes {list(A._data.shape)} and {list(B._data.shape)} do not make a "
            "square system"
        )
    solution = quotient(reshape(A, (n, n)), reshape(B, (n, 1)), "tensorsolve")
    return reshape(solution, rest)
