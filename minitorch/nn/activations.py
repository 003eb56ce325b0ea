"""Activations as modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops.activations import sigmoid
from minitorch.ops.inplace import in_place
from minitorch.ops.rectifiers import relu
from minitorch.ops.softmax import log_softmax, softmax
from minitorch.ops.trigonometry import tanh

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

_relu_ = in_place(relu)


class ReLU(Module):
    """``max(0, x)``."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return _relu_(input) if self.inplace else relu(input)

    def extra_repr(self) -> str:
        return "inplace=True" if self.inplace else ""


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``."""

    def forward(self, input: Tensor) -> Tensor:
        return sigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        return tanh(input)


class Softmax(Module):
    """``exp(x) / sum(exp(x))`` along `dim`."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        return softmax(input, self.dim)

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class LogSoftmax(Softmax):
    """``log(softmax(x))`` along `dim`, computed without loss of precision."""

    def forward(self, input: Tensor) -> Tensor:
        return log_softmax(input, self.dim)
