"""Products of vectors and matrices: `matmul` and its special cases, and sums with them (`addmm`).

The operands must have one dtype; nothing is promoted, except in `outer` and `addr`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops import bilinear
from minitorch.ops.arithmetic import add, mul
from minitorch.ops.checks import check_tensor
from minitorch.ops.complex_numbers import conj
from minitorch.ops.filling import fill
from minitorch.ops.out import store, with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import in_dtype, rounded_once
from minitorch.ops.shapes import permute, reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "addbmm", "addmm", "addmv", "addr", "baddbmm", "bmm", "dot", "ger", "inner", "kron", "matmul",
    "mm", "mv", "outer", "vdot",
]  # fmt: skip

_ORDINARY = "fdFDqlihbB"  # NumPy's letters for the dtypes that BLAS or C multiplies as they are


@primitive
def _dot(a, b, /):
    return a.dot(b)


@primitive
def _outer(a, b, /):
    return a[:, None] * b


@primitive
def _addmm(input, x, w, /):
    out = x.dot(w)
    out += input
    return out


_dot.gradient(a=lambda g, b: g * b, b=lambda g, a: g * a)
_outer.gradient(a=lambda g, b: bilinear.mm_t(b, g), b=lambda g, a: bilinear.mm(a, g))
_addmm.gradient(
    input=lambda g: g,
    x=lambda g, w: bilinear.mm_t(g, w),
    w=lambda g, x: bilinear.t_mm(x, g),
)


# --- which primitive, and whether it may be called ---------------------------------------------


def matmul(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """``input @ other``: the product of two vectors, matrices, or batches of matrices.

    Matrices are the last two dimensions, the dimensions before them broadcast.  A vector counts
    as a row on the left and as a column on the right.  RuntimeError where sizes do not fit or
    dtypes differ.

    >>> import minitorch
    >>> a, b = minitorch.ones(2, 3), minitorch.ones(3)
    >>> (a @ b).shape, (minitorch.ones(7, 4, 2) @ a).shape
    (minitorch.Size([2]), minitorch.Size([7, 4, 3]))
    """
    result = matmul_operator(input, other)
    if result is NotImplemented:
        return _with_arrays(input, other, out)
    return result if out is None else store(out, result)


def matmul_operator(input: Any, other: Any) -> Any:
    """``input @ other`` for Tensors; other types are left to Python."""
    if not (isinstance(input, TensorState) and isinstance(other, TensorState)):
        return NotImplemented
    x, y = input._data, other._data
    if x.dtype is y.dtype and x.dtype.char in _ORDINARY:
        try:
            if y.ndim == 2:
                return bilinear.mm(input, other)
            return _matmul(input, other)
        except (ValueError, IndexError):
            raise _misfit("matmul", x, y) from None
    return product("matmul", _matmul, input, other)


def _matmul(a: Any, b: Any) -> Any:
    """`matmul` of any shapes, in a dtype that can be multiplied as it is."""
    left, right = a._data.ndim, b._data.ndim
    if not left or not right:
        raise ValueError
    if right == 2:
        return bilinear.mm(a, b)
    if right == 1:
        if left <= 2:
            return _dot(a, b) if left == 1 else _mv(a, b)
        return squeeze(bilinear.mm(a, unsqueeze(b, 1)), -1)
    if left == 1:
        return squeeze(bilinear.bmm(unsqueeze(a, 0), b), -2)
    return bilinear.bmm(a, b)


def _mv(a: Any, b: Any) -> Any:
    return bilinear.mm_t(b, a)


def _with_arrays(input: Any, other: Any, out: Any) -> Any:
    """A Tensor with an array, as when NumPy was asked for the product."""
    operands = [wrap(x) if isinstance(x, np.ndarray) else x for x in (input, other)]
    check_tensor("matmul", *operands)
    return matmul(*operands, out=out)


def product(name: str, op: Callable[[Any, Any], Any], a: Any, b: Any, out: Any = None) -> Any:
    """``op(a, b)``, a product: half precision computed in single, and clear errors."""
    x, y = a._data, b._data
    try:
        if x.dtype is y.dtype and x.dtype.char in _ORDINARY:
            result = op(a, b)
        else:
            result = _unordinary(name, op, a, b)
    except ValueError:
        raise _misfit(name, x, y) from None
    return result if out is None else store(out, result)


def _unordinary(name: str, op: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    kind = a._data.dtype
    if kind != b._data.dtype:
        raise RuntimeError(
            f"{name}(): the operands must have one dtype, got {from_numpy_dtype(kind)} and "
            f"{from_numpy_dtype(b._data.dtype)}; convert one with to()"
        )
    if kind.kind == "b":
        raise NotImplementedError(f"{name}() is not defined for booleans; convert them with int()")
    if kind.itemsize > 2:
        return op(a, b)
    single = np.dtype(np.float32)
    return in_dtype(op(in_dtype(a, single), in_dtype(b, single)), kind)


def _misfit(name: str, x: np.ndarray, y: np.ndarray) -> RuntimeError:
    """Why the shapes of `x` and `y` do not go together in a product."""
    what = f"{name}(): shapes {list(x.shape)} and {list(y.shape)} cannot be multiplied"
    if not x.ndim or not y.ndim:
        return RuntimeError(f"{what}: a number is neither vector nor matrix; use *")
    k, at = (y.shape[-2], "-2") if y.ndim > 1 else (y.shape[0], "0")
    if x.shape[-1] != k:
        return RuntimeError(
            f"{what}: size {x.shape[-1]} of dimension -1 must be size {k} of dimension {at} "
            "of the other"
        )
    return RuntimeError(f"{what}: the dimensions before the last two do not broadcast")


def _check_ndim(name: str, a: Any, a_ndim: int, b: Any, b_ndim: int) -> None:
    check_tensor(name, a, b)
    if a._data.ndim != a_ndim or b._data.ndim != b_ndim:
        kinds = ("a vector", "a matrix", "a batch of matrices")
        raise RuntimeError(
            f"{name}() takes {kinds[a_ndim - 1]} and {kinds[b_ndim - 1]} ({a_ndim} and {b_ndim} "
            f"dimensions); got shapes {list(a._data.shape)} and {list(b._data.shape)}"
        )


# --- products ----------------------------------------------------------------------------------


def mm(input: Tensor, mat2: Tensor, *, out: Any = None) -> Tensor:
    """``input @ mat2`` for two matrices.

    >>> import minitorch
    >>> minitorch.mm(minitorch.tensor([[1, 2]]), minitorch.tensor([[3], [4]]))
    tensor([[11]])
    """
    _check_ndim("mm", input, 2, mat2, 2)
    return product("mm", bilinear.mm, input, mat2, out)


def bmm(input: Tensor, mat2: Tensor, *, out: Any = None) -> Tensor:
    """``input @ mat2`` for two batches of equally many matrices.

    >>> import minitorch
    >>> minitorch.bmm(minitorch.ones(5, 2, 3), minitorch.ones(5, 3, 4)).shape
    minitorch.Size([5, 2, 4])
    """
    _check_ndim("bmm", input, 3, mat2, 3)
    x, y = input._data.shape, mat2._data.shape
    if x[0] != y[0]:
        raise RuntimeError(
            f"bmm(): shapes {list(x)} and {list(y)} have different batch sizes, {x[0]} and {y[0]}"
        )
    return product("bmm", bilinear.bmm, input, mat2, out)


def mv(input: Tensor, vec: Tensor, *, out: Any = None) -> Tensor:
    """``input @ vec`` for a matrix and a vector."""
    _check_ndim("mv", input, 2, vec, 1)
    return product("mv", _mv, input, vec, out)


def dot(input: Tensor, tensor: Tensor, *, out: Any = None) -> Tensor:
    """The sum of the products of two vectors' elements.

    >>> import minitorch
    >>> minitorch.dot(minitorch.tensor([1, 2]), minitorch.tensor([3, 4]))
    tensor(11)
    """
    _check_ndim("dot", input, 1, tensor, 1)
    return product("dot", _dot, input, tensor, out)


@with_out
def vdot(input: Tensor, other: Tensor) -> Tensor:
    """`dot` with the complex conjugate of `input`."""
    _check_ndim("vdot", input, 1, other, 1)
    return product("vdot", _dot, conj(input), other)


@with_out
def inner(input: Tensor, other: Tensor) -> Tensor:
    """Sums of products over the last dimension of both: (..., k), (***, k) -> (..., ***).

    A zero-dimensional operand multiplies the other.

    >>> import minitorch
    >>> minitorch.inner(minitorch.tensor([[1, 2], [3, 4]]), minitorch.tensor([1, 10]))
    tensor([21, 43])
    """
    check_tensor("inner", input, other)
    x, y = input._data, other._data
    if not x.ndim or not y.ndim:
        return mul(input, other)
    if x.shape[-1] != y.shape[-1]:
        raise RuntimeError(
            f"inner(): shapes {list(x.shape)} and {list(y.shape)} differ in their last dimension"
        )
    if y.ndim == 1:
        return product("inner", _matmul, input, other)
    rows = other if y.ndim == 2 else reshape(other, (math.prod(y.shape[:-1]), y.shape[-1]))
    result = product("inner", bilinear.mm_t, input, rows)
    return result if y.ndim == 2 else reshape(result, x.shape[:-1] + y.shape[:-1])


def outer(input: Tensor, vec2: Tensor, *, out: Any = None) -> Tensor:
    """Every element of one vector times every element of another: (n,), (m,) -> (n, m).

    >>> import minitorch
    >>> minitorch.outer(minitorch.tensor([1, 2]), minitorch.tensor([3, 4]))
    tensor([[3, 4],
            [6, 8]])
    """
    _check_ndim("outer", input, 1, vec2, 1)
    if input._data.dtype is vec2._data.dtype:
        result = _outer(input, vec2)
    else:
        result = mul(unsqueeze(input, 1), vec2)
    return result if out is None else store(out, result)


ger = outer


@with_out
def kron(input: Tensor, other: Tensor) -> Tensor:
    """The Kronecker product: every element of `input` times the whole of `other`, as blocks.

    >>> import minitorch
    >>> minitorch.kron(minitorch.eye(2), minitorch.ones(1, 2))
    tensor([[1., 1., 0., 0.],
            [0., 0., 1., 1.]])
    """
    check_tensor("kron", input, other)
    x, y = input._data.shape, other._data.shape
    ndim = max(len(x), len(y))
    x, y = (1,) * (ndim - len(x)) + x, (1,) * (ndim - len(y)) + y
    # Dimension i of the result is made of dimension i of one (outer) and of the other (inner).
    first = reshape(input, tuple(size for n in x for size in (n, 1)))
    second = reshape(other, tuple(size for n in y for size in (1, n)))
    return reshape(mul(first, second), tuple(n * m for n, m in zip(x, y)))


# --- beta * input + alpha * product ------------------------------------------------------------


@rounded_once
def addmm(
    input: Tensor,
    mat1: Tensor,
    mat2: Tensor,
    *,
    beta: Any = 1,
    alpha: Any = 1,
    out: Any = None,
) -> Tensor:
    """``beta * input + alpha * (mat1 @ mat2)``; `input` is broadcast, and ignored if `beta` is 0.

    >>> import minitorch
    >>> minitorch.addmm(minitorch.ones(2), minitorch.ones(2, 3), minitorch.ones(3, 2), alpha=2)
    tensor([[7., 7.],
            [7., 7.]])
    """
    _check_ndim("addmm", mat1, 2, mat2, 2)
    check_tensor("addmm", input)
    kind = mat1._data.dtype
    plain = input._data.dtype is kind is mat2._data.dtype and kind.char in _ORDINARY
    if plain and beta == 1 and alpha == 1:
        try:
            result = _addmm(input, mat1, mat2)
            return result if out is None else store(out, result)
        except ValueError:
            pass  # the general way says what does not fit
    result = _plus("addmm", input, beta, mm(mat1, mat2), alpha)
    return result if out is None else store(out, result)


@with_out
@rounded_once
def addmv(input: Tensor, mat: Tensor, vec: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * (mat @ vec)``; `input` is broadcast, and ignored if `beta` is 0."""
    return _plus("addmv", input, beta, mv(mat, vec), alpha)


@with_out
def addr(input: Tensor, vec1: Tensor, vec2: Tensor, *, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """``beta * input + alpha * outer(vec1, vec2)``; `input` is ignored if `beta` is 0."""
    check_tensor("addr", input, vec1, vec2)
    operands = (input._data, vec1._data, vec2._data)
    if all(x.dtype.kind in "biu" for x in operands):
        for factor in (beta, alpha):
            if isinstance(factor, float | complex):
                raise RuntimeError(f"addr(): {factor!r} is no factor for tensors of integers")
    return _plus("addr", input, beta, outer(vec1, vec2), alpha, promote=True)


@with_out
@rounded_once
def baddbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2)``; `input` is ignored if `beta` is 0."""
    return _plus("baddbmm", input, beta, bmm(batch1, batch2), alpha)


@with_out
@rounded_once
def addbmm(
    input: Tensor, batch1: Tensor, batch2: Tensor, *, beta: Any = 1, alpha: Any = 1
) -> Tensor:
    """``beta * input + alpha * bmm(batch1, batch2).sum(0)``; `input` is ignored if `beta` is 0."""
    _check_ndim("addbmm", batch1, 3, batch2, 3)
    (b, n, k), y = batch1._data.shape, batch2._data.shape
    if y[:2] != (b, k):
        raise _misfit("addbmm", batch1._data, batch2._data)
    # One product does the sum too: the matrices side by side times the matrices on one another.
    left, right = reshape(permute(batch1, (1, 0, 2)), (n, b * k)), reshape(batch2, (b * k, y[2]))
    return _plus("addbmm", input, beta, product("addbmm", bilinear.mm, left, right), alpha)


def _plus(name: str, input: Any, beta: Any, product: Any, alpha: Any, promote: bool = False) -> Any:
    check_tensor(name, input)
    x, y = input._data, product._data
    if x.dtype != y.dtype and not promote:
        raise RuntimeError(
            f"{name}(): input is {from_numpy_dtype(x.dtype)} and the product "
            f"{from_numpy_dtype(y.dtype)}; they must have one dtype"
        )
    fits = all(n in (1, m) for n, m in zip(x.shape[::-1], y.shape[::-1]))
    if not fits or x.ndim > y.ndim:
        raise RuntimeError(
            f"{name}(): input of shape {list(x.shape)} cannot be expanded to the shape of the "
            f"product, {list(y.shape)}"
        )
    product = _times(name, product, alpha)
    # With beta 0 nan and inf in `input` do not count, but it keeps its place in the graph.
    return add(_times(name, input, beta) if beta != 0 else fill(input, 0), product)


def _times(name: str, x: Any, factor: Any) -> Any:
    if factor is True or factor == 1:
        return x
    kind = x._data.dtype.kind
    if isinstance(factor, complex) and kind != "c":
        raise RuntimeError(f"{name}(): {factor!r} is no factor for real tensors")
    if kind in "biu":
        factor = bool(factor) if kind == "b" else int(factor)
    return mul(x, factor)
