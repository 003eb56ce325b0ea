"""Lengths and distances: norms of vectors and matrices, and of differences."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import dtype, to_numpy_dtype
from minitorch.engine.state import wrap
from minitorch.numerics.adding import add_up
from minitorch.ops.arithmetic import add, div, mul, sub
from minitorch.ops.bilinear import bmm_t
from minitorch.ops.bounds import clamp
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.complex_numbers import _conj
from minitorch.ops.copying import cast
from minitorch.ops.dims import check_dim, check_dims
from minitorch.ops.extremes import amax, amin, even_share
from minitorch.ops.linalg.spectral import svdvals
from minitorch.ops.out import store, with_out
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.reductions import reduced, spread, sum
from minitorch.ops.shapes import movedim, squeeze, unsqueeze
from minitorch.ops.signs import abs, sgn
from minitorch.ops.where import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "cdist",
    "dist",
    "norm",
    "renorm",
]  # and for linalg: linalg_norm, matrix_norm, vector_norm


@primitive
def _vector_norm(input, /, p, dims, keepdim):
    if input.dtype.itemsize == 2:
        wide = input.astype(np.float32)
        return _vector_norm.op.function(wide, p, dims, keepdim).astype(input.dtype)
    if p == 2 and input.dtype.kind == "f":
        return np.sqrt(add_up(input, dims, keepdim, input))
    a = np.abs(input)
    if p == 0:
        return np.add.reduce(a != 0, axis=dims, dtype=a.dtype, keepdims=keepdim)
    if p == 1:
        return add_up(a, dims, keepdim)
    if math.isinf(p):
        return (np.maximum if p > 0 else np.minimum).reduce(a, axis=dims, keepdims=keepdim)
    return np.add.reduce(a**p, axis=dims, keepdims=keepdim) ** (1 / p)


def _vector_norm_gradient(g, input, out, p, dims, keepdim, input_shape):
    """As PyTorch: 0 at 0 for every p, and equal largest elements share evenly."""
    if p == 0:
        return None  # the count changes in steps
    g = spread(g, dims, keepdim, input_shape)
    if p == 1:
        return g * _conj(sgn(input))
    if math.isinf(p):
        ties = even_share(np.abs(input), out, dims)
        return g * ties * _conj(sgn(input))
    out = spread(out, dims, keepdim, input_shape)
    if p == 2:
        return g * _conj(input) / np.where(out == 0, np.inf, out)
    zero = np.logical_or(input == 0, out == 0)
    ratio = np.where(zero, 1, np.abs(input)) / np.where(zero, 1, out)
    return g * np.where(zero, 0, ratio ** (p - 1)) * _conj(sgn(input))


_vector_norm.gradient(input=_vector_norm_gradient)


@with_out
def vector_norm(
    x: Tensor, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: dtype | None = None
) -> Tensor:
    """``sum(abs(x) ** ord) ** (1 / ord)`` over `dim`.  Mirrors ``torch.linalg.vector_norm``.

    `ord` inf and -inf mean the largest and the smallest absolute value; 0 counts the elements that
    are not 0.
    """
    dims = reduced("vector_norm", x, dim)
    if isinstance(ord, str):
        raise TypeError(f"vector_norm(): ord must be a number, got {ord!r}")
    if isinstance(ord, complex):
        raise RuntimeError(f"vector_norm(): ord must be a real number, got {ord!r}")
    check_floating("vector_norm", x)
    x = _in_dtype("vector_norm", x, dtype)
    if ord < 0 or ord == math.inf:
        shape = x._data.shape
        lengths = shape if dims is None else [shape[d] for d in _as_tuple(dims)]
        if 0 in lengths:
            raise RuntimeError(f"vector_norm(): the {ord} norm of nothing, in shape {shape}")
    return _vector_norm(x, float(ord), dims, keepdim)


def _as_tuple(dims: Any) -> tuple[int, ...]:
    return (dims,) if isinstance(dims, int) else dims


def _in_dtype(name: str, x: Tensor, dtype: dtype | None) -> Tensor:
    """`x` in a wider dtype of its kind; RuntimeError for a narrower one."""
    if dtype is None:
        return x
    kind = to_numpy_dtype(dtype)
    have = x._data.dtype
    if (kind.kind == "c") != (have.kind == "c") or kind.itemsize < have.itemsize:
        raise RuntimeError(f"{name}(): dtype={dtype} cannot hold a tensor of {x.dtype}")
    return cast(x, kind)


@with_out
def matrix_norm(
    A: Tensor,
    ord: Any = "fro",
    dim: tuple[int, int] = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """A norm of the matrices in the two dimensions `dim`.  Mirrors ``torch.linalg.matrix_norm``.

    `ord` is "fro" (the root of the sum of squares), "nuc" (the sum of the singular values), 2 or -2
    (the largest or smallest of them), 1 or -1 (of the column sums), inf or -inf (of the row sums).
    """
    check_tensor("matrix_norm", A)
    if ord not in ("fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf):
        raise RuntimeError(f"matrix_norm(): there is no norm of order {ord!r} for matrices")
    if isinstance(dim, int):
        raise TypeError(f"matrix_norm(): dim must be two dimensions, got {dim}")
    if A._data.ndim < 2 or len(dim) != 2:
        raise RuntimeError(
            f"matrix_norm() needs two dimensions, got shape {A._data.shape} and dim={dim}"
        )
    check_floating("matrix_norm", A)
    row, column = check_dims(dim, A._data.ndim)
    A = _in_dtype("matrix_norm", A, dtype)
    if ord == "fro":
        return vector_norm(A, 2, (row, column), keepdim)
    if ord in ("nuc", 2, -2):
        s = svdvals(movedim(A, (row, column), (-2, -1)))
        if ord == -2:
            result = amin(s, -1)
        else:  # the largest of no singular values is 0
            result = (amax if ord == 2 and s._data.shape[-1] else sum)(s, -1)
        if keepdim:
            for d in sorted((row, column)):
                result = unsqueeze(result, d)
        return result
    if math.isinf(ord):
        row, column = column, row
    sums = vector_norm(A, 1, row, True)
    if ord < 0:
        result = amin(sums, column, True)
    else:  # the largest of no lengths is 0
        result = (amax if sums._data.shape[column] else sum)(sums, column, True)
    return result if keepdim else squeeze(result, (row, column))


@with_out
def linalg_norm(
    A: Tensor,
    ord: float | str | None = None,
    dim: Any = None,
    keepdim: bool = False,
    *,
    dtype: dtype | None = None,
) -> Tensor:
    """`vector_norm` over one dimension or `matrix_norm` over two.  Mirrors ``torch.linalg.norm``.

    Without `ord`, the root of the sum of squares over any dimensions.
    """
    check_tensor("norm", A)
    dims = (dim,) if isinstance(dim, int) else dim
    if dims is not None and len(dims) not in (1, 2):
        raise RuntimeError(f"norm(): dim must be one or two dimensions, got {dim}")
    if ord is None:
        return vector_norm(A, 2, dims, keepdim, dtype=dtype)
    ndim = A._data.ndim
    if dims is None:
        if ndim not in (1, 2):
            raise RuntimeError(f"norm() of order {ord} needs dim for a tensor of {ndim} dimensions")
        dims = tuple(range(ndim))
    if isinstance(ord, str) or len(dims) == 2:
        return matrix_norm(A, ord, dims, keepdim, dtype=dtype)
    return vector_norm(A, ord, dims, keepdim, dtype=dtype)


def norm(
    input: Tensor,
    p: float | str | None = "fro",
    dim: Any = None,
    keepdim: bool = False,
    out: Any = None,
    dtype: dtype | None = None,
) -> Tensor:
    """``sum(abs(input) ** p) ** (1 / p)`` over `dim`; see `vector_norm`.

    "fro" is the same as 2; "nuc" the sum of the singular values of a matrix.

    >>> import minitorch
    >>> minitorch.norm(minitorch.tensor([3.0, 4.0]))
    tensor(5.)
    """
    check_tensor("norm", input)
    dims = (dim,) if isinstance(dim, int) else dim
    if p is None or (p == "fro" and (dims is None or len(dims) < 3)):
        p = 2
    if isinstance(p, str):
        dims = tuple(range(input._data.ndim)) if dims is None else dims
        result = matrix_norm(input, p, dims, keepdim, dtype=dtype)
    else:
        result = vector_norm(input, p, dims, keepdim, dtype=dtype)
    return result if out is None else store(out, result)


def dist(input: Tensor, other: Tensor, p: float = 2) -> Tensor:
    """The `p`-norm of the difference of two tensors.

    >>> import minitorch
    >>> minitorch.dist(minitorch.tensor([1.0, 1.0]), minitorch.tensor([4.0, 5.0]))
    tensor(5.)
    """
    check_tensor("dist", input, other)
    return vector_norm(sub(input, other), p)


@with_out
def renorm(input: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
    """`input`, with each slice along `dim` scaled down to `p`-norm `maxnorm` where it is longer.

    >>> import minitorch
    >>> minitorch.renorm(minitorch.tensor([[3.0, 4.0], [0.3, 0.4]]), 2, 0, 1.0)
    tensor([[0.6000, 0.8000],
            [0.3000, 0.4000]])
    """
    check_tensor("renorm", input)
    ndim = input._data.ndim
    if ndim < 2:
        raise RuntimeError(f"renorm() needs two dimensions or more, got {input._data.shape}")
    if isinstance(p, complex) or p <= 0:
        raise RuntimeError(f"renorm(): p must be positive, got {p}")
    if maxnorm < 0:
        raise RuntimeError(f"renorm(): maxnorm must not be negative, got {maxnorm}")
    dim = check_dim(dim, ndim)
    lengths = vector_norm(input, p, tuple(d for d in range(ndim) if d != dim), True)
    too_long = wrap(lengths._data > maxnorm)
    return mul(input, where(too_long, div(maxnorm, add(lengths, 1e-7)), 1.0))


def cdist(
    x1: Tensor,
    x2: Tensor,
    p: float = 2.0,
    compute_mode: str | None = "use_mm_for_euclid_dist_if_necessary",
) -> Tensor:
    """The distance of each row of `x1` to each row of `x2`, in `p`-norm.

    With many rows, or as `compute_mode` says, Euclidean distances come from a matrix product:
    fast, and less exact where they are small.
    Shape: (..., n, d), (..., m, d) -> (..., n, m).

    >>> import minitorch
    >>> minitorch.cdist(minitorch.tensor([[0.0, 0.0]]), minitorch.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    check_tensor("cdist", x1, x2)
    a, b = x1._data.shape, x2._data.shape
    if len(a) < 2 or len(b) < 2 or a[-1] != b[-1]:
        raise RuntimeError(
            f"cdist() needs two tensors of rows of the same length, got shapes {a} and {b}"
        )
    if p < 0:
        raise RuntimeError(f"cdist(): p must not be negative, got {p}")
    check_floating("cdist", x1, complex=False)
    check_floating("cdist", x2, complex=False)
    if x1._data.dtype != x2._data.dtype:
        raise RuntimeError(f"cdist(): the dtypes differ, {x1.dtype} and {x2.dtype}")
    if compute_mode not in _MODES:
        raise ValueError(f"cdist(): compute_mode must be one of {_MODES}, got {compute_mode!r}")
    many = a[-2] > 25 or b[-2] > 25
    if p == 2 and (compute_mode == _MODES[1] or (compute_mode in _MODES[::3] and many)):
        return _euclidean(x1, x2)
    differences = sub(unsqueeze(x1, -2), unsqueeze(x2, -3))
    if p == 0:
        return count_differing(differences, -1)
    if a[-1] == 0:
        p = 1  # there is no largest of no differences
    return vector_norm(differences, p, -1)


def count_differing(differences: Tensor, dim: int) -> Tensor:
    """How many are not zero (NaN if one is), with gradient 0."""
    ones = abs(sgn(differences))
    return sum(where(wrap(np.isnan(differences._data)), math.nan, ones), dim)


_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
    None,
)


def _euclidean(x1: Tensor, x2: Tensor) -> Tensor:
    squares = add(sum(mul(x1, x1), -1, True), unsqueeze(sum(mul(x2, x2), -1), -2))
    return root(clamp(sub(squares, mul(bmm_t(x1, x2), 2)), 0))


@elementwise()
def root(input):
    """The square root with slope 0 at 0: where nothing differs, nothing should move."""
    return np.sqrt(input)


root.gradient(input=lambda g, out: g / np.where(out == 0, np.inf, out * 2))
