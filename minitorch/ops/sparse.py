"""Sparse matrices by name: minitorch stores every element, so their values are here, dense.

A program that builds and multiplies sparse matrices computes the same numbers; it saves no memory.
``is_sparse`` says False of them, and what only a sparse layout has (``indices()``, ``values()``)
is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import to_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.ops.copying import cast
from minitorch.ops.creation import as_tensor, zeros
from minitorch.ops.indexing import index_put
from minitorch.ops.products import addmm, mm

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["sparse_coo_tensor", "spmm"]


def sparse_coo_tensor(
    indices: Any, values: Any = None, size: Sequence[int] | None = None, *, dtype: Any = None,
    device: Any = None, requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:  # fmt: skip
    """A dense tensor with ``out[indices[:, i]] = values[i]``, and 0 elsewhere.

    `indices` is (number of dimensions, number of values); values at the same place are added.
    Differentiable with respect to `values`.  Mirrors ``torch.sparse_coo_tensor``, which does not
    store the zeros.

    >>> import minitorch
    >>> minitorch.sparse_coo_tensor([[0, 1, 1], [2, 0, 0]], [3.0, 4.0, 5.0], (2, 3))
    tensor([[0., 0., 3.],
            [9., 0., 0.]])
    """
    places = as_tensor(indices)._data
    numbers = as_tensor(values, device=device)
    if places.ndim != 2 or places.dtype.kind not in "iu":
        raise RuntimeError(
            f"indices must be integers of shape (dimensions, values), got {places.shape}"
        )
    found = numbers._data.shape
    if found[:1] != places.shape[1:]:
        raise RuntimeError(f"{places.shape[1]} indices for values of shape {found}")
    if size is None:
        size = [int(n) + 1 for n in places.max(1)] + list(found[1:])
    size = tuple(size)
    if len(size) != len(places) + len(found) - 1 or tuple(size[len(places) :]) != found[1:]:
        raise RuntimeError(
            f"size {size} does not fit indices of {len(places)} dimensions and values of {found}"
        )
    limits = np.array(size[: len(places)])[:, None]
    if places.size and ((places < 0) | (places >= limits)).any():
        raise RuntimeError(f"indices reach outside of a tensor of size {size}")
    if dtype is not None:
        numbers = cast(numbers, to_numpy_dtype(dtype))
    if requires_grad:
        numbers = numbers.detach()
    whole = zeros(size, dtype=numbers.dtype)
    rows = tuple(as_tensor(row) for row in places)
    out: Any = index_put(whole, rows, numbers, accumulate=True)
    return out.requires_grad_() if requires_grad else out


def to_sparse(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """Itself: every element is stored."""
    return self


def to_dense(self: Tensor, dtype: Any = None, **kwargs: Any) -> Tensor:
    """Itself, or in another dtype: every element is stored."""
    return self if dtype is None else cast(self, to_numpy_dtype(dtype))


def coalesce(self: Tensor) -> Tensor:
    """Itself: values at the same place were added when it was made."""
    return self


def spmm(input: Tensor, mat2: Tensor) -> Tensor:
    """``input @ mat2``, matrices both; all elements are stored.  Mirrors ``torch.spmm``."""
    return mm(input, mat2)


def sparse_addmm(mat: Tensor, mat1: Tensor, mat2: Tensor, beta: float = 1, alpha: float = 1) -> Any:
    """``beta * mat + alpha * (mat1 @ mat2)``; all elements are stored."""
    if not all(isinstance(m, TensorState) for m in (mat, mat1, mat2)):
        raise TypeError("addmm() takes Tensors")
    return addmm(mat, mat1, mat2, beta=beta, alpha=alpha)
