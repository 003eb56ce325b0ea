"""The last layer of a classifier and its loss in one module."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from minitorch.nn.linear import Linear
from minitorch.nn.loss import WeightedLoss
from minitorch.ops.linear_cross_entropy import LinearCrossEntropyOptions, linear_cross_entropy
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["LinearCrossEntropyLoss", "LinearCrossEntropyOptions"]


class LinearCrossEntropyLoss(WeightedLoss):
    """`CrossEntropyLoss` of the scores that a `Linear` layer, `self.linear`, gives the input.

    (N, in_features) and class numbers (N); or, with `out_features` (d1, ...), class numbers
    (N, d1, ...), each scored by its own part of the layer.  With `options`, the scores of only a
    part of the batch are in memory at a time.  Mirrors ``torch.nn.LinearCrossEntropyLoss``.

    >>> import minitorch
    >>> loss = minitorch.nn.LinearCrossEntropyLoss(5, 10, out_features=(4, 3))
    >>> loss(minitorch.randn(2, 5), minitorch.zeros(2, 4, 3, dtype=minitorch.int64)).shape
    minitorch.Size([])
    """

    def __init__(
        self, in_features: int, num_classes: int, *, out_features: tuple[int, ...] = (),
        bias: bool = False, device: Any = None, dtype: Any = None, reduction: str = "mean",
        weight: Tensor | None = None, ignore_index: int | None = None,
        label_smoothing: float = 0.0, options: LinearCrossEntropyOptions | None = None,
    ) -> None:  # fmt: skip
        if weight is not None and weight._data.shape != (num_classes,):
            raise RuntimeError(
                f"weight must be of shape ({num_classes},), got {weight._data.shape}"
            )
        if not 0.0 <= label_smoothing <= 1.0:
            raise RuntimeError(f"label_smoothing must be in [0, 1], got {label_smoothing}")
        super().__init__(weight, reduction=reduction)
        self.num_classes = num_classes
        self.out_features = out_features
        self.ignore_index = ignore_index
        self.label_smoothing = label_smoothing
        rows = math.prod(out_features, start=num_classes)
        self.linear = Linear(in_features, rows, bias, device, dtype)
        self.options = options

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        shape = self.num_classes, *self.out_features
        bias = self.linear.bias
        return linear_cross_entropy(
            input,
            reshape(self.linear.weight, (*shape, self.linear.in_features)),
            target,
            linear_bias=None if bias is None else reshape(bias, shape),
            weight=self.weight,
            reduction=self.reduction,
            ignore_index=self.ignore_index,
            label_smoothing=self.label_smoothing,
            options=self.options,
        )

    def extra_repr(self) -> str:
        return (
            f"in_features={self.linear.in_features}, num_classes={self.num_classes}, "
            f"out_features={self.out_features}, bias={self.linear.bias is not None}, "
            f"reduction={self.reduction}, ignore_index={self.ignore_index}, "
            f"label_smoothing={self.label_smoothing}, options={self.options}"
        )
