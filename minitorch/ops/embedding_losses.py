"""Losses that order things or pull them together: pairs, triplets, rankings.

Targets are 1 (alike, or the first ranks higher) or -1.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.ops.bounds import clamp_min, minimum
from minitorch.ops.checks import check_tensor
from minitorch.ops.distances import pairwise_distance
from minitorch.ops.loss_reduction import reduced_loss, reduction_of, refuse_broadcast
from minitorch.ops.operators import add, div, mul, neg, sub
from minitorch.ops.powers import sqrt, square
from minitorch.ops.reductions import sum
from minitorch.ops.where import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "triplet_margin_loss",
    "triplet_margin_with_distance_loss",
]  # fmt: skip


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`input`, a distance, where `target` is 1; ``max(0, margin - input)`` where it is -1.

    >>> import minitorch
    >>> distance, target = minitorch.tensor([0.5, 0.25]), minitorch.tensor([1, -1])
    >>> minitorch.nn.functional.hinge_embedding_loss(distance, target, reduction="none")
    tensor([0.5000, 0.7500])
    """
    how = reduction_of(reduction, size_average, reduce)
    check_tensor("hinge_embedding_loss", input, target)
    refuse_broadcast("hinge_embedding_loss", input, target)
    apart = where(target != 1, clamp_min(sub(float(margin), input), 0), 0.0)
    alike = where(target != -1, input, 0.0)
    return reduced_loss(add(apart, alike), how)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``1 - cos`` of the angle where `target` is 1, ``max(0, cos - margin)`` where it is -1.

    Shapes: (N, D), (N, D), (N) -> (N), or (D), (D), () -> ().

    >>> import minitorch
    >>> x, y = minitorch.tensor([[1.0, 0.0]]), minitorch.tensor([[3.0, 4.0]])
    >>> minitorch.nn.functional.cosine_embedding_loss(x, y, minitorch.tensor([1]))
    tensor(0.4000)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_tensor("cosine_embedding_loss", input1, input2, target)
    dims = target._data.ndim
    shapes = f"{input1._data.shape}, {input2._data.shape} and {target._data.shape}"
    if dims > 1 or input1._data.ndim != dims + 1 or input2._data.ndim != dims + 1:
        raise RuntimeError(f"cosine_embedding_loss() takes (N, D), (N, D), (N), not {shapes}")
    norms = mul(_squares(input1), _squares(input2))
    cos = div(sum(mul(input1, input2), -1), sqrt(norms))
    alike = where(target == 1, sub(1, cos), 0.0)
    apart = where(target == -1, clamp_min(sub(cos, margin), 0), 0.0)
    return reduced_loss(add(alike, apart), how)


def _squares(x: Any) -> Any:
    return add(sum(square(x), -1), 1e-12)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin - target * (input1 - input2))``: 1 means that `input1` ranks higher.

    >>> import minitorch
    >>> x, y = minitorch.tensor([1.0, 1.0]), minitorch.tensor([3.0, 0.0])
    >>> minitorch.nn.functional.margin_ranking_loss(x, y, minitorch.tensor([1, 1]))
    tensor(1.)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_tensor("margin_ranking_loss", input1, input2, target)
    shapes = [x._data.shape for x in (input1, input2, target)]
    if len({len(shape) for shape in shapes}) > 1:
        raise RuntimeError(f"margin_ranking_loss(): different numbers of dimensions: {shapes}")
    refuse_broadcast("margin_ranking_loss", input1, input2)
    refuse_broadcast("margin_ranking_loss", input1, target)
    loss = clamp_min(add(mul(neg(target), sub(input1, input2)), float(margin)), 0)
    return reduced_loss(loss, how)


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``max(0, margin + |anchor - positive| - |anchor - negative|)`` in the p-norm.

    Shapes: three times (N, D) -> (N).  With `swap` the positive stands in for the anchor where it
    is nearer to the negative (Balntas et al. 2016).

    >>> import minitorch
    >>> anchor, far = minitorch.zeros(1, 2), minitorch.tensor([[3.0, 4.0]])
    >>> minitorch.nn.functional.triplet_margin_loss(anchor, far, anchor)
    tensor(6.0000)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_tensor("triplet_margin_loss", anchor, positive, negative)

    def distance(x: Any, y: Any) -> Any:
        return pairwise_distance(x, y, p, eps)

    return reduced_loss(_triplet(anchor, positive, negative, distance, margin, swap), how)


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` with any distance, instead of that of the 2-norm.

    >>> import minitorch
    >>> anchor, far = minitorch.zeros(1, 2), minitorch.tensor([[3.0, 4.0]])
    >>> minitorch.nn.functional.triplet_margin_with_distance_loss(
    ...     anchor, far, anchor, distance_function=lambda x, y: (x - y).abs().amax(-1)
    ... )
    tensor(5.)
    """
    how = reduction_of(reduction, None, None)
    check_tensor("triplet_margin_with_distance_loss", anchor, positive, negative)
    distance = pairwise_distance if distance_function is None else distance_function
    return reduced_loss(_triplet(anchor, positive, negative, distance, margin, swap), how)


def _triplet(
    anchor: Any, positive: Any, negative: Any, distance: Any, margin: float, swap: bool
) -> Any:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")
    shapes = [x._data.shape for x in (anchor, positive, negative)]
    if len({len(shape) for shape in shapes}) > 1:
        raise RuntimeError(
            f"anchor, positive and negative have different numbers of dimensions: {shapes}"
        )
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = minimum(far, distance(positive, negative))
    return clamp_min(sub(add(near, margin), far), 0)
