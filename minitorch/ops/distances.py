"""How far apart vectors are: the angle between them, and p-norms of their differences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.arithmetic import div
from minitorch.ops.bounds import clamp_min
from minitorch.ops.broadcasting import broadcast_tensors
from minitorch.ops.checks import check_broadcast, check_floating, check_tensor
from minitorch.ops.indexing import _index
from minitorch.ops.norms import count_differing, vector_norm
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.promotion import unify
from minitorch.ops.reductions import sum

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """``x1 . x2 / (max(|x1|, eps) * max(|x2|, eps))`` along `dim`: the cosine of the angle.

    >>> import minitorch
    >>> x, y = minitorch.tensor([[3.0, 4.0]]), minitorch.tensor([[4.0, 3.0]])
    >>> minitorch.cosine_similarity(x, y)
    tensor([0.9600])
    """
    check_tensor("cosine_similarity", x1, x2)
    x1, x2 = unify("cosine_similarity", x1, x2)
    check_floating("cosine_similarity", x1, complex=False)
    if x1._data.shape != x2._data.shape:
        check_broadcast("cosine_similarity", x1, x2)
        x1, x2 = broadcast_tensors(x1, x2)
    first, second = [div(x, clamp_min(vector_norm(x, 2, dim, True), eps)) for x in (x1, x2)]
    return sum(mul(first, second), dim)


def pairwise_distance(
    x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Tensor:
    """The p-norm of ``x1 - x2 + eps`` along the last dimension: (N, D) and (N, D) -> (N).

    >>> import minitorch
    >>> minitorch.pairwise_distance(minitorch.tensor([[3.0, 4.0]]), minitorch.tensor([[0.0, 0.0]]))
    tensor([5.0000])
    """
    check_tensor("pairwise_distance", x1, x2)
    return vector_norm(add(sub(x1, x2), eps), p, -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norms of the differences of every two rows: (N, M) -> (N * (N - 1) / 2).

    >>> import minitorch
    >>> minitorch.pdist(minitorch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    tensor([5.0000, 1.0000, 4.2426])
    """
    check_floating("pdist", input, complex=False)
    shape = input._data.shape
    if len(shape) != 2:
        raise RuntimeError(f"pdist() takes a matrix, its rows being the points; got {list(shape)}")
    if p < 0:
        raise RuntimeError(f"pdist(): p must not be negative, got {p}")
    first, second = np.triu_indices(shape[0], 1)
    rows: Any = sub(_index(input, (first,)), _index(input, (second,)))
    if p == 0:
        return count_differing(rows, 1)
    return vector_norm(rows, p if shape[1] else 2, 1)
