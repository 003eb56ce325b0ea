"""Smooth activations as modules, and those along a dimension (GLU, softmax).

All work element by element, ``(*) -> (*)``, unless they say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn import functional as F
from minitorch.nn.module import Module
from minitorch.nn.rectifiers import Inplace, options

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


# --- smooth ones --------------------------------------------------------------------------------


class ELU(Module):
    """``x`` where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.ELU()(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        return options(f"alpha={self.alpha}", self.inplace)


class CELU(ELU):
    """``x`` where it is positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.CELU(2.0)(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.7869,  2.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.celu(input, self.alpha, self.inplace)


class SELU(Inplace):
    """`ELU` with two constants that keep mean 0 and variance 1 from layer to layer.

    >>> import minitorch
    >>> minitorch.nn.SELU()(minitorch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.selu(input, self.inplace)


class GELU(Module):
    """``x`` times the probability that a normal number is below it (Hendrycks & Gimpel 2016).

    >>> import minitorch
    >>> minitorch.nn.GELU()(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.1587,  1.9545])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        return f"approximate={self.approximate!r}"


class SiLU(Inplace):
    """``x * sigmoid(x)``, also called swish.

    >>> import minitorch
    >>> minitorch.nn.SiLU()(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.silu(input, self.inplace)


class Mish(Inplace):
    """``x * tanh(softplus(x))``.

    >>> import minitorch
    >>> minitorch.nn.Mish()(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.mish(input, self.inplace)


class Softplus(Module):
    """``log(1 + exp(beta * x)) / beta``; ``x`` itself where ``beta * x > threshold``.

    >>> import minitorch
    >>> minitorch.nn.Softplus()(minitorch.tensor([0.0, 30.0]))
    tensor([ 0.6931, 30.0000])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Tensor) -> Tensor:
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        return f"beta={self.beta}, threshold={self.threshold}"


class Sigmoid(Module):
    """``1 / (1 + exp(-x))``.

    >>> import minitorch
    >>> minitorch.nn.Sigmoid()(minitorch.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.sigmoid(input)


class LogSigmoid(Module):
    """``log(sigmoid(x))``, without overflow.

    >>> import minitorch
    >>> minitorch.nn.LogSigmoid()(minitorch.tensor([0.0, -1000.0]))
    tensor([-6.9315e-01, -1.0000e+03])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.logsigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent.

    >>> import minitorch
    >>> minitorch.nn.Tanh()(minitorch.tensor([0.0, 2.0]))
    tensor([0.0000, 0.9640])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanh(input)


class Tanhshrink(Module):
    """``x - tanh(x)``.

    >>> import minitorch
    >>> minitorch.nn.Tanhshrink()(minitorch.tensor([0.0, 2.0]))
    tensor([0.0000, 1.0360])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.tanhshrink(input)


class Softsign(Module):
    """``x / (1 + abs(x))``.

    >>> import minitorch
    >>> minitorch.nn.Softsign()(minitorch.tensor([-1.0, 3.0]))
    tensor([-0.5000,  0.7500])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softsign(input)


# --- along a dimension --------------------------------------------------------------------------


class _Along(Module):
    """An activation along a dimension."""

    dim: int | None

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        return f"dim={self.dim}"


class GLU(_Along):
    """``a * sigmoid(b)`` of the two halves of `dim`: (*, 2n, *) -> (*, n, *).

    >>> import minitorch
    >>> minitorch.nn.GLU()(minitorch.tensor([4.0, 0.0]))
    tensor([2.])
    """

    dim: int

    def __init__(self, dim: int = -1) -> None:
        super().__init__(dim)

    def forward(self, input: Tensor) -> Tensor:
        return F.glu(input, self.dim)


class Softmax(_Along):
    """``exp(x) / sum(exp(x))`` along `dim`: positive, with sum 1.

    >>> import minitorch
    >>> minitorch.nn.Softmax(dim=1)(minitorch.zeros(1, 4))
    tensor([[0.2500, 0.2500, 0.2500, 0.2500]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmax(input, self.dim)


class LogSoftmax(_Along):
    """``log(softmax(x))`` along `dim`, computed without loss of precision.

    >>> import minitorch
    >>> minitorch.nn.LogSoftmax(dim=1)(minitorch.tensor([[0.0, 1000.0]]))
    tensor([[-1000.,     0.]])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.log_softmax(input, self.dim)


class Softmin(_Along):
    """``softmax(-x)`` along `dim`.

    >>> import minitorch
    >>> minitorch.nn.Softmin(dim=0)(minitorch.tensor([0.0, 0.0, 1.0]))
    tensor([0.4223, 0.4223, 0.1554])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softmin(input, self.dim)


class Softmax2d(Module):
    """`Softmax` over the channels at each position of (N, C, H, W) or (C, H, W).

    >>> import minitorch
    >>> minitorch.nn.Softmax2d()(minitorch.zeros(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        if input._data.ndim not in (3, 4):
            raise ValueError(f"Softmax2d: expected input to be 3D or 4D, got {input.shape}")
        return F.softmax(input, -3)
