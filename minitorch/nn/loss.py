"""Losses as modules: their options are set once, and the call takes input and target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops import losses

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _Loss(Module):
    """A loss with a reduction: "none", "mean" or "sum"."""

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = losses.reduction_of(reduction, size_average, reduce)


class _WeightedLoss(_Loss):
    """A loss that also weighs the classes."""

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)


class MSELoss(_Loss):
    """``(input - target) ** 2``, averaged (or summed, or each).

    >>> import minitorch
    >>> minitorch.nn.MSELoss()(minitorch.zeros(4), minitorch.ones(4))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return losses.mse_loss(input, target, reduction=self.reduction)


class NLLLoss(_WeightedLoss):
    """The negative log-likelihood of log-probabilities (N, C, ...) at class numbers (N, ...)."""

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return losses.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class CrossEntropyLoss(_WeightedLoss):
    """``-log softmax(input)[target]`` of scores (N, C, ...) at class numbers or probabilities.

    >>> import minitorch
    >>> loss = minitorch.nn.CrossEntropyLoss()
    >>> loss(minitorch.zeros(2, 4), minitorch.tensor([0, 3]))
    tensor(1.3863)
    """

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        ignore_index: int = -100,
        reduce: bool | None = None,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(weight, size_average, reduce, reduction)
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return losses.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
