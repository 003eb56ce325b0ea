"""Layers that compare two tensors vector by vector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops.distances import cosine_similarity, pairwise_distance

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class CosineSimilarity(Module):
    """The cosine of the angle between `x1` and `x2` along `dim`.

    >>> import minitorch
    >>> cosine = minitorch.nn.CosineSimilarity()
    >>> cosine(minitorch.tensor([[3.0, 4.0]]), minitorch.tensor([[4.0, 3.0]]))
    tensor([0.9600])
    """

    def __init__(self, dim: int = 1, eps: float = 1e-8) -> None:
        super().__init__()
        self.dim = dim
        self.eps = eps

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return cosine_similarity(x1, x2, self.dim, self.eps)


class PairwiseDistance(Module):
    """The p-norm of ``x1 - x2 + eps``: (N, D) and (N, D) -> (N).

    >>> import minitorch
    >>> distance = minitorch.nn.PairwiseDistance()
    >>> distance(minitorch.tensor([[3.0, 4.0]]), minitorch.zeros(1, 2))
    tensor([5.0000])
    """

    def __init__(self, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> None:
        super().__init__()
        self.norm = p
        self.eps = eps
        self.keepdim = keepdim

    def forward(self, x1: Tensor, x2: Tensor) -> Tensor:
        return pairwise_distance(x1, x2, self.norm, self.eps, self.keepdim)
