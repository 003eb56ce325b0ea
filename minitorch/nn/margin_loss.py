"""Margin losses as modules: right classes, near neighbours and high ranks win by a margin."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from minitorch.nn import functional as F
from minitorch.nn.loss import Loss, WeightedLoss

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _MarginLoss(Loss):
    """A loss whose option is its margin."""

    def __init__(
        self,
        margin: float = 0.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.margin = margin


# --- classes ------------------------------------------------------------------------------------


class SoftMarginLoss(Loss):
    """``log(1 + exp(-target * input))``; targets are 1 or -1.

    >>> import minitorch
    >>> minitorch.nn.SoftMarginLoss()(minitorch.zeros(2), minitorch.tensor([1.0, -1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class MultiLabelSoftMarginLoss(WeightedLoss):
    """The mean over the classes of `BCEWithLogitsLoss`: (N, C), (N, C) -> (N).

    >>> import minitorch
    >>> loss = minitorch.nn.MultiLabelSoftMarginLoss()
    >>> loss(minitorch.zeros(1, 3), minitorch.tensor([[1.0, 0.0, 1.0]]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_soft_margin_loss(input, target, self.weight, reduction=self.reduction)


class MultiLabelMarginLoss(Loss):
    """``sum(max(0, 1 - input[j] + input[i])) / C`` over right classes j and wrong ones i.

    >>> import minitorch
    >>> loss = minitorch.nn.MultiLabelMarginLoss()
    >>> loss(minitorch.tensor([[0.1, 0.2, 0.4, 0.8]]), minitorch.tensor([[3, 0, -1, 1]]))
    tensor(0.8500)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multilabel_margin_loss(input, target, reduction=self.reduction)


class MultiMarginLoss(WeightedLoss):
    """``sum(max(0, margin - input[target] + input[i]) ** p) / C`` over i other than `target`.

    >>> import minitorch
    >>> loss = minitorch.nn.MultiMarginLoss()
    >>> loss(minitorch.tensor([[0.5, 1.0, 0.0]]), minitorch.tensor([1]))
    tensor(0.1667)
    """

    def __init__(
        self,
        p: int = 1,
        margin: float = 1.0,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        if p not in (1, 2):
            raise ValueError(f"MultiMarginLoss: p must be 1 or 2, got {p}")
        if weight is not None and weight.dim() != 1:
            raise ValueError(f"MultiMarginLoss: weight must be (C,), got {weight.shape}")
        self.p = p
        self.margin = margin

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.multi_margin_loss(
            input,
            target,
            p=self.p,
            margin=self.margin,
            weight=self.weight,
            reduction=self.reduction,
        )


# --- pairs and triplets -------------------------------------------------------------------------


class HingeEmbeddingLoss(_MarginLoss):
    """`input`, a distance, where `target` is 1; ``max(0, margin - input)`` where it is -1.

    >>> import minitorch
    >>> loss = minitorch.nn.HingeEmbeddingLoss(reduction="none")
    >>> loss(minitorch.tensor([0.5, 0.25]), minitorch.tensor([1, -1]))
    tensor([0.5000, 0.7500])
    """

    def __init__(
        self,
        margin: float = 1.0,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(margin, size_average, reduce, reduction)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.hinge_embedding_loss(input, target, margin=self.margin, reduction=self.reduction)


class CosineEmbeddingLoss(_MarginLoss):
    """``1 - cos`` of the angle where `target` is 1, ``max(0, cos - margin)`` where it is -1.

    >>> import minitorch
    >>> x, y = minitorch.tensor([[1.0, 0.0]]), minitorch.tensor([[3.0, 4.0]])
    >>> minitorch.nn.CosineEmbeddingLoss()(x, y, minitorch.tensor([1]))
    tensor(0.4000)
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.cosine_embedding_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


class MarginRankingLoss(_MarginLoss):
    """``max(0, margin - target * (input1 - input2))``: 1 means that `input1` ranks higher.

    >>> import minitorch
    >>> x, y = minitorch.tensor([1.0, 1.0]), minitorch.tensor([3.0, 0.0])
    >>> minitorch.nn.MarginRankingLoss()(x, y, minitorch.tensor([1, 1]))
    tensor(1.)
    """

    def forward(self, input1: Tensor, input2: Tensor, target: Tensor) -> Tensor:
        return F.margin_ranking_loss(
            input1, input2, target, margin=self.margin, reduction=self.reduction
        )


def _check_margin(margin: float) -> None:
    if margin <= 0:
        raise ValueError(f"margin must be greater than 0, got {margin}")


class TripletMarginLoss(Loss):
    """``max(0, margin + |anchor - positive| - |anchor - negative|)`` in the p-norm.

    >>> import minitorch
    >>> anchor, far = minitorch.zeros(1, 2), minitorch.tensor([[3.0, 4.0]])
    >>> minitorch.nn.TripletMarginLoss()(anchor, far, anchor)
    tensor(6.0000)
    """

    def __init__(
        self,
        margin: float = 1.0,
        p: float = 2.0,
        eps: float = 1e-6,
        swap: bool = False,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        _check_margin(margin)
        self.margin = margin
        self.p = p
        self.eps = eps
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_loss(
            anchor,
            positive,
            negative,
            margin=self.margin,
            p=self.p,
            eps=self.eps,
            swap=self.swap,
            reduction=self.reduction,
        )


class TripletMarginWithDistanceLoss(Loss):
    """`TripletMarginLoss` with any distance, instead of that of the 2-norm.

    >>> import minitorch
    >>> loss = minitorch.nn.TripletMarginWithDistanceLoss(
    ...     distance_function=lambda x, y: (x - y).abs().amax(-1)
    ... )
    >>> anchor, far = minitorch.zeros(1, 2), minitorch.tensor([[3.0, 4.0]])
    >>> loss(anchor, far, anchor)
    tensor(5.)
    """

    def __init__(
        self,
        *,
        distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
        margin: float = 1.0,
        swap: bool = False,
        reduction: str = "mean",
    ) -> None:
        super().__init__(reduction=reduction)
        _check_margin(margin)
        self.distance_function = (
            F.pairwise_distance if distance_function is None else distance_function
        )
        self.margin = margin
        self.swap = swap

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        return F.triplet_margin_with_distance_loss(
            anchor,
            positive,
            negative,
            distance_function=self.distance_function,
            margin=self.margin,
            swap=self.swap,
            reduction=self.reduction,
        )
