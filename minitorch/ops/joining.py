"""Several tensors made into one: cat, stack and their relatives."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import common_dtype
from minitorch.engine.state import TensorState
from minitorch.layouts import channels_last, laid_out
from minitorch.ops.broadcasting import expand
from minitorch.ops.copying import cast
from minitorch.ops.dims import check_dim
from minitorch.ops.orders import is_channels_last
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.primitive import primitive
from minitorch.ops.selecting import ALL
from minitorch.ops.shapes import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    reshape,
)

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "block_diag", "cartesian_prod", "cat", "column_stack", "concat", "concatenate", "dstack",
    "hstack", "meshgrid", "row_stack", "stack", "vstack",
]  # fmt: skip


@primitive(many=True)
def _cat(xs, /, dim, starts):
    """The arrays one after another along `dim`; array i begins at ``starts[i]``."""
    out = np.concatenate(xs, dim)
    if not xs[0].flags.c_contiguous and all(is_channels_last(x) for x in xs):
        return laid_out(out, channels_last)
    return out if out.flags.c_contiguous else np.ascontiguousarray(out)


_cat.gradient(xs=lambda g, dim, starts, i: g[(*(ALL,) * dim, slice(starts[i], starts[i + 1]))])


@primitive(many=True)
def _stack(xs, /, dim):
    before = (ALL,) * dim
    return np.ascontiguousarray(np.concatenate([x[(*before, None)] for x in xs], dim))


_stack.gradient(xs=lambda g, dim, i: g[(*(ALL,) * dim, i)])


def cat(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors one after another along the existing dimension `dim`.

    Sizes of the other dimensions must agree; a 1-dimensional tensor without elements is passed
    over, whatever they are.  Dtypes meet as in arithmetic.

    >>> import minitorch
    >>> minitorch.cat([minitorch.zeros(2), minitorch.ones(1)])
    tensor([0., 0., 1.])
    """
    if isinstance(tensors, TensorState):
        raise TypeError("cat(): expected a list or tuple of Tensors, got one Tensor")
    shapes = [x._data.shape for x in tensors]
    if not shapes:
        raise ValueError("cat(): expected a non-empty list of Tensors")
    tensors = alike(tensors)
    like = shapes[0]
    if (0,) in shapes:
        like = next((shape for shape in shapes if shape != (0,)), (0,))
    ndim = len(like)
    if not ndim:
        raise RuntimeError("cat(): zero-dimensional tensor cannot be concatenated; use stack()")
    dim = check_dim(dim, ndim)
    if ndim > 1 and (0,) in shapes:
        empty = (*like[:dim], 0, *like[dim + 1 :])
        tensors = [reshape(x, empty) if s == (0,) else x for x, s in zip(tensors, shapes)]
        shapes = [empty if shape == (0,) else shape for shape in shapes]
    starts = [0]
    for i, shape in enumerate(shapes):
        if shape != like and (
            len(shape) != ndim or shape[:dim] != like[:dim] or shape[dim + 1 :] != like[dim + 1 :]
        ):
            raise RuntimeError(
                f"cat(): tensor {i} has shape {list(shape)}, others have {list(like)}; "
                f"they must agree except in dimension {dim}"
            )
        starts.append(starts[-1] + shape[dim])
    return _cat(tensors, dim, starts)


cat = concat = concatenate = with_out(cat, apart=True)


def alike(tensors: Sequence[Any]) -> list[Any]:
    """The tensors in the dtype in which they meet."""
    first = tensors[0]._data.dtype
    for x in tensors:
        if x._data.dtype is not first:
            dtype = common_dtype(*[x._data for x in tensors])
            return [cast(x, dtype) for x in tensors]
    return list(tensors)


@with_out
def stack(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """The tensors side by side along a new dimension `dim`; their shapes must be equal.

    >>> import minitorch
    >>> minitorch.stack([minitorch.zeros(2), minitorch.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    shapes = [x._data.shape for x in tensors]
    if not shapes:
        raise RuntimeError("stack expects a non-empty TensorList")
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise RuntimeError(
                f"stack(): tensor {i} has shape {list(shape)}, tensor 0 has {list(shapes[0])}; "
                "they must be equal"
            )
    return _stack(alike(tensors), check_dim(dim, len(shapes[0]) + 1))


@with_out
def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Side by side: `cat` along dimension 1 (dimension 0 of vectors and numbers)."""
    tensors = _deep("hstack", tensors, atleast_1d)
    return cat(tensors, 0 if tensors[0]._data.ndim == 1 else 1)


@with_out
def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """One above the other: `cat` along dimension 0, vectors as rows.

    >>> import minitorch
    >>> minitorch.vstack([minitorch.zeros(2), minitorch.ones(2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    return cat(_deep("vstack", tensors, atleast_2d), 0)


row_stack = vstack


@with_out
def dstack(tensors: Sequence[Tensor]) -> Tensor:
    """One behind the other: `cat` along dimension 2."""
    return cat(_deep("dstack", tensors, atleast_3d), 2)


@with_out
def column_stack(tensors: Sequence[Tensor]) -> Tensor:
    """Vectors (and numbers) as columns, matrices as they are, side by side."""

    def column(x: Any) -> Any:
        return reshape(x, (x._data.size, 1)) if x._data.ndim < 2 else x

    return cat(_deep("column_stack", tensors, column), 1)


def _deep(name: str, tensors: Sequence[Any], deepen: Any) -> list[Any]:
    if not len(tensors):
        raise RuntimeError(f"{name} expects a non-empty list of Tensors")
    return [deepen(x) for x in tensors]


# --- grids -------------------------------------------------------------------------------------


@primitive(many=True)
def _block_diag(xs, /, corners):
    """Matrices along the diagonal of zeros; matrix i has its first element at ``corners[i]``."""
    out = np.zeros(corners[-1], xs[0].dtype)
    for x, (row, column) in zip(xs, corners):
        out[row : row + x.shape[0], column : column + x.shape[1]] = x
    return out


_block_diag.gradient(xs=lambda g, corners, i: g[
    corners[i][0] : corners[i + 1][0], corners[i][1] : corners[i + 1][1]])  # fmt: skip


@takes_tensors
def block_diag(*tensors: Tensor) -> Tensor:
    """The matrices (vectors as rows) along the diagonal of a matrix of zeros.

    >>> import minitorch
    >>> minitorch.block_diag(minitorch.ones(1, 2), minitorch.tensor([[3.0]]))
    tensor([[1., 1., 0.],
            [0., 0., 3.]])
    """
    if not tensors:
        raise RuntimeError("block_diag() expects at least one tensor")
    corners = [(0, 0)]
    for x in tensors:
        if x._data.ndim > 2:
            raise RuntimeError(
                f"block_diag() takes tensors of at most 2 dimensions, got shape {list(x.shape)}"
            )
        rows, columns = np.atleast_2d(x._data).shape
        corners.append((corners[-1][0] + rows, corners[-1][1] + columns))
    return _block_diag(alike([atleast_2d(x) for x in tensors]), corners)


@takes_tensors
def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """The coordinates of a grid: tensor i expanded along every dimension but i.

    With ``indexing="xy"`` the first two dimensions are exchanged.

    >>> import minitorch
    >>> minitorch.meshgrid(minitorch.tensor([1, 2]), minitorch.tensor([3, 4]), indexing="ij")
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    if len(tensors) == 1 and not isinstance(tensors[0], TensorState):
        tensors = tuple(tensors[0])
    if not tensors:
        raise RuntimeError("meshgrid() expects at least one tensor")
    if indexing not in ("ij", "xy"):
        raise RuntimeError(f"meshgrid(): indexing must be 'ij' or 'xy', got {indexing!r}")
    if any(x._data.ndim > 1 for x in tensors):
        shapes = [list(x._data.shape) for x in tensors]
        raise RuntimeError(f"meshgrid() takes vectors and numbers, got shapes {shapes}")
    if any(x._data.dtype != tensors[0]._data.dtype for x in tensors):
        raise RuntimeError("meshgrid() expects all tensors to be of the same dtype")
    swap = indexing == "xy" and len(tensors) > 1
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple([x._data.size for x in tensors])
    grids = [
        expand(reshape(x, [n if d == i else 1 for d, n in enumerate(shape)]), shape)
        for i, x in enumerate(tensors)
    ]
    if swap:
        grids[:2] = grids[1::-1]
    return tuple(grids)


@takes_tensors
def cartesian_prod(*tensors: Tensor) -> Tensor:
    """All ways to take one element of each vector, as rows; of one vector, itself.

    >>> import minitorch
    >>> minitorch.cartesian_prod(minitorch.tensor([1, 2]), minitorch.tensor([3]))
    tensor([[1, 3],
            [2, 3]])
    """
    for x in tensors:
        if x._data.ndim != 1:
            raise RuntimeError(f"cartesian_prod() takes vectors, got shape {list(x._data.shape)}")
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape(x, (-1,)) for x in meshgrid(*tensors)], 1)
