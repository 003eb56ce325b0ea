"""Losses as modules: their options are set once, and the call takes input and target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from minitorch.nn import functional as F
from minitorch.nn.module import Module
from minitorch.ops.loss_reduction import REDUCTIONS, reduction_of

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Loss(Module):
    """A loss with a reduction: "none", "mean" or "sum"."""

    reductions: tuple[str, ...] = REDUCTIONS

    def __init__(
        self, size_average: bool | None = None, reduce: bool | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        self.reduction = reduction_of(reduction, size_average, reduce, self.reductions)


class WeightedLoss(Loss):
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


# --- numbers ------------------------------------------------------------------------------------


class MSELoss(Loss):
    """``(input - target) ** 2``, averaged (or summed, or each).

    >>> import minitorch
    >>> minitorch.nn.MSELoss()(minitorch.zeros(4), minitorch.ones(4))
    tensor(1.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(Loss):
    """``abs(input - target)``, averaged (or summed, or each).

    >>> import minitorch
    >>> minitorch.nn.L1Loss()(minitorch.zeros(4), minitorch.full((4,), 2.0))
    tensor(2.)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.l1_loss(input, target, reduction=self.reduction)


class SmoothL1Loss(Loss):
    """`HuberLoss` divided by `beta`: slope 1 beyond it (Girshick 2015).

    >>> import minitorch
    >>> minitorch.nn.SmoothL1Loss()(minitorch.tensor([3.0]), minitorch.zeros(1))
    tensor(2.5000)
    """

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        beta: float = 1.0,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.beta = beta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class HuberLoss(Loss):
    """``d ** 2 / 2`` of the difference d up to `delta`, ``delta * (abs(d) - delta / 2)`` beyond.

    >>> import minitorch
    >>> minitorch.nn.HuberLoss(delta=2.0)(minitorch.tensor([3.0]), minitorch.zeros(1))
    tensor(4.)
    """

    def __init__(self, reduction: str = "mean", delta: float = 1.0) -> None:
        super().__init__(reduction=reduction)
        if not isinstance(delta, int | float):
            raise TypeError(f"HuberLoss: delta must be a number, got {type(delta).__name__}")
        self.delta = delta

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.huber_loss(input, target, reduction=self.reduction, delta=self.delta)


class GaussianNLLLoss(Loss):
    """The negative log-likelihood of normal distributions with means `input`, variances `var`.

    >>> import minitorch
    >>> mean, var = minitorch.tensor([1.0]), minitorch.tensor([1.0])
    >>> minitorch.nn.GaussianNLLLoss()(mean, minitorch.tensor([3.0]), var)
    tensor(2.)
    """

    def __init__(self, *, full: bool = False, eps: float = 1e-6, reduction: str = "mean") -> None:
        super().__init__(reduction=reduction)
        self.full = full
        self.eps = eps

    def forward(self, input: Tensor, target: Tensor, var: Tensor | float) -> Tensor:
        return F.gaussian_nll_loss(
            input, target, var, full=self.full, eps=self.eps, reduction=self.reduction
        )


class PoissonNLLLoss(Loss):
    """The negative log-likelihood of Poisson distributions with rates (or their logs) `input`.

    >>> import minitorch
    >>> minitorch.nn.PoissonNLLLoss()(minitorch.tensor([0.0]), minitorch.tensor([5.0]))
    tensor(1.)
    """

    def __init__(
        self,
        log_input: bool = True,
        full: bool = False,
        size_average: bool | None = None,
        eps: float = 1e-8,
        reduce: bool | None = None,
        reduction: str = "mean",
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_input = log_input
        self.full = full
        self.eps = eps

    def forward(self, log_input: Tensor, target: Tensor) -> Tensor:
        return F.poisson_nll_loss(
            log_input,
            target,
            log_input=self.log_input,
            full=self.full,
            eps=self.eps,
            reduction=self.reduction,
        )


class KLDivLoss(Loss):
    """``target * (log(target) - input)``: Kullback and Leibler's divergence; input is a log.

    >>> import minitorch
    >>> loss = minitorch.nn.KLDivLoss(reduction="batchmean")
    >>> loss(minitorch.full((1, 2), 0.5).log(), minitorch.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """

    reductions = (*REDUCTIONS, "batchmean")

    def __init__(
        self,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        log_target: bool = False,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.log_target = log_target

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


# --- classes ------------------------------------------------------------------------------------


class NLLLoss(WeightedLoss):
    """The negative log-likelihood of log-probabilities (N, C, ...) at class numbers (N, ...).

    >>> import minitorch
    >>> log_p = minitorch.log_softmax(minitorch.zeros(2, 4), dim=1)
    >>> minitorch.nn.NLLLoss()(log_p, minitorch.tensor([0, 3]))
    tensor(1.3863)
    """

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
        return F.nll_loss(
            input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction
        )


class CrossEntropyLoss(WeightedLoss):
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
        own = self._buffers  # twenty times quicker to look up than self.weight
        return F.cross_entropy(
            input,
            target,
            own["weight"] if "weight" in own else self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCELoss(WeightedLoss):
    """``-(target * log(input) + (1 - target) * log(1 - input))``: `input` holds probabilities.

    >>> import minitorch
    >>> minitorch.nn.BCELoss()(minitorch.tensor([0.5, 0.5]), minitorch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class BCEWithLogitsLoss(Loss):
    """`BCELoss` of ``sigmoid(input)``, exact for large inputs too; `pos_weight` counts "yes".

    >>> import minitorch
    >>> minitorch.nn.BCEWithLogitsLoss()(minitorch.tensor([200.0]), minitorch.tensor([0.0]))
    tensor(200.)
    """

    weight: Tensor | None
    pos_weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        size_average: bool | None = None,
        reduce: bool | None = None,
        reduction: str = "mean",
        pos_weight: Tensor | None = None,
    ) -> None:
        super().__init__(size_average, reduce, reduction)
        self.register_buffer("weight", weight)
        self.register_buffer("pos_weight", pos_weight)

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, pos_weight=self.pos_weight, reduction=self.reduction
        )


class CTCLoss(Loss):
    """The loss of label sequences without an alignment: see `functional.ctc_loss`.

    >>> import minitorch
    >>> log_p = minitorch.full((2, 1, 2), 0.5).log()
    >>> minitorch.nn.CTCLoss()(log_p, minitorch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """

    def __init__(
        self, blank: int = 0, reduction: str = "mean", zero_infinity: bool = False
    ) -> None:
        super().__init__(reduction=reduction)
        self.blank = blank
        self.zero_infinity = zero_infinity

    def forward(
        self, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any
    ) -> Tensor:
        return F.ctc_loss(
            log_probs,
            targets,
            input_lengths,
            target_lengths,
            self.blank,
            self.reduction,
            self.zero_infinity,
        )
