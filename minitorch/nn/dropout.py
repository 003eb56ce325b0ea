"""Layers that drop elements or channels at random in training, and do nothing in evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops import dropout

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _Dropout(Module):
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        dropout.check_probability(p)
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """In training, each element zero with probability `p`, the others divided by ``1 - p``.

    >>> import minitorch
    >>> minitorch.nn.Dropout(0.2).eval()(minitorch.ones(3))
    tensor([1., 1., 1.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """`Dropout` of whole channels: (C, L) or (N, C, L) -> the same.

    >>> import minitorch
    >>> minitorch.nn.Dropout1d(0.2)(minitorch.ones(2, 3, 4)).shape
    minitorch.Size([2, 3, 4])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """`Dropout` of whole channels: (N, C, H, W) -> the same.

    >>> import minitorch
    >>> minitorch.nn.Dropout2d(0.2)(minitorch.ones(2, 3, 4, 4)).shape
    minitorch.Size([2, 3, 4, 4])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """`Dropout` of whole channels: (C, D, H, W) or (N, C, D, H, W) -> the same.

    >>> import minitorch
    >>> minitorch.nn.Dropout3d(0.2)(minitorch.ones(2, 3, 4, 4, 4)).shape
    minitorch.Size([2, 3, 4, 4, 4])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout for networks of SELUs: keeps mean 0 and variance 1.

    >>> import minitorch
    >>> minitorch.nn.AlphaDropout(0.2)(minitorch.ones(2, 3)).shape
    minitorch.Size([2, 3])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels: (N, C, ...) -> the same.

    >>> import minitorch
    >>> minitorch.nn.FeatureAlphaDropout(0.2)(minitorch.ones(2, 3, 4)).shape
    minitorch.Size([2, 3, 4])
    """

    def forward(self, input: Tensor) -> Tensor:
        return dropout.feature_alpha_dropout(input, self.p, self.training)
