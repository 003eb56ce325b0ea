"""Smooth activation functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.numerics import normal
from minitorch.numerics.adding import widened
from minitorch.numerics.aligned import aligned
from minitorch.numerics.tiles import LARGE, in_tiles, over_tiles
from minitorch.ops.bounds import clamp
from minitorch.ops.checks import check_floating
from minitorch.ops.dims import check_dim
from minitorch.ops.fused import fused
from minitorch.ops.operators import add, div, mul, sub
from minitorch.ops.orders import keeps_order
from minitorch.ops.out import store, with_out
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import in_single, rounded_once
from minitorch.ops.selecting import narrow
from minitorch.ops.signs import abs
from minitorch.ops.special_functions import BELL, erf
from minitorch.ops.trigonometry import tanh
from minitorch.ops.where import choose, keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "celu",
    "elu",
    "gelu",
    "glu",
    "logit",
    "logsigmoid",
    "mish",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softsign",
    "tanhshrink",
]


ROOT_HALF = math.sqrt(0.5)


# --- sigmoid and its relatives ------------------------------------------------------------------


@elementwise("float")
@in_single
def sigmoid(input):
    """``1 / (1 + exp(-input))``.

    >>> import minitorch
    >>> minitorch.sigmoid(minitorch.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """
    return 1 / (1 + np.exp(-input))


sigmoid.gradient(input=lambda g, out: g * (out * (1 - out)))


@elementwise("float", kinds="biufV")
@in_single
def _logit(input):
    return np.log(input / (1 - input))


_logit.gradient(
    input=lambda g, input: choose((input >= 0) & (input <= 1), g / (input * (1 - input)), math.nan)
)


def logit(input: Tensor, eps: float | None = None, *, out: Any = None) -> Tensor:
    """``log(input / (1 - input))``: the inverse of `sigmoid`.

    With `eps`, `input` is first kept between `eps` and ``1 - eps``.
    """
    result = _logit(input if eps is None else clamp(input, eps, 1 - eps))
    return result if out is None else store(out, result)


@elementwise(kinds="fV")
@in_single
def logsigmoid(input):
    """``log(sigmoid(input))``, without overflow."""
    return np.minimum(input, 0) - np.log1p(np.exp(-np.abs(input)))


logsigmoid.gradient(input=lambda g, input: g * sigmoid(-input))


@elementwise(kinds="fcV")
@in_single
def silu(input):
    """``input * sigmoid(input)``, also called swish."""
    return input / (1 + np.exp(-input))


def _silu_rule(g, input):  # without `out`, into which programs add their shortcut in place
    s = sigmoid(input)
    return g * (s * (1 + input * (1 - s)))


silu.gradient(input=_silu_rule)


@primitive
@in_single
def _softplus(input, /, beta, threshold):
    z = input * beta
    return choose(z > threshold, input, np.log1p(np.exp(np.minimum(z, threshold))) / beta)


def _softplus_rule(g, input, beta, threshold):
    z = input * beta
    return choose(z > threshold, g, g * sigmoid(z))


_softplus.gradient(input=_softplus_rule)


@with_out
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``; `input` itself where ``beta * input > threshold``."""
    check_floating("softplus", input, complex=False)
    return _softplus(input, beta, threshold)


@elementwise(kinds="fV")
@in_single
def mish(input):
    """``input * tanh(softplus(input))``."""
    return input * np.tanh(np.logaddexp(input, 0))


def _mish_rule(g, input):
    t = tanh(_softplus(input, 1, 20))
    return g * (t + input * (1 - t * t) * sigmoid(input))


mish.gradient(input=_mish_rule)


@rounded_once
def glu(input: Tensor, dim: int = -1) -> Tensor:
    """``a * sigmoid(b)``, where `a` and `b` are the two halves of `input` along `dim`."""
    check_floating("glu", input, complex=False)
    if input._data.ndim == 0:
        raise RuntimeError("glu() halves a dimension; a 0-d tensor has none")
    dim = check_dim(dim, input._data.ndim)
    size = input._data.shape[dim]
    if size % 2:
        raise RuntimeError(
            f"glu() halves dimension {dim}, but its size {size} is odd: {list(input._data.shape)}"
        )
    half = size // 2
    return mul(narrow(input, dim, 0, half), sigmoid(narrow(input, dim, half, half)))


# --- exponential units --------------------------------------------------------------------------


@primitive
@in_single
def _elu(input, /, alpha, scale, input_scale):
    below = np.expm1(np.minimum(input, 0) * input_scale)
    below *= alpha * scale
    below += np.maximum(input, 0) * scale
    return below


def _elu_rule(g, input, alpha, scale, input_scale):
    slope = np.exp(keep(input, input < 0) * input_scale) * (alpha * scale * input_scale)
    return choose(input > 0, g * scale, g * slope)


_elu.gradient(input=_elu_rule)


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`input` where it is positive, ``alpha * (exp(input) - 1)`` elsewhere."""
    check_floating("elu", input, complex=False)
    return _elu(input, alpha, 1, 1)


def celu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """`input` where it is positive, ``alpha * (exp(input / alpha) - 1)`` elsewhere."""
    check_floating("celu", input, complex=False)
    if alpha == 0:
        raise RuntimeError("celu(): alpha must not be 0")
    return _elu(input, alpha, 1, 1 / alpha)


def selu(input: Tensor) -> Tensor:
    """`elu` with the two constants that keep the mean 0 and the variance 1 from layer to layer."""
    check_floating("selu", input, complex=False)
    return _elu(input, 1.6732632423543772, 1.0507009873554805, 1)


# --- gelu ---------------------------------------------------------------------------------------


def _gelu_reference(input):
    return mul(input, mul(add(erf(mul(input, ROOT_HALF)), 1), 0.5))


@fused(reference=_gelu_reference)
def _gelu(input, /):
    """Kept for the gradient: the slope, which shares half of its arithmetic with the result."""
    x, dtype = input.reshape(-1), input.dtype
    out, slope = (aligned(input.shape, dtype) for _ in range(2))
    outs, slopes = out.reshape(-1), slope.reshape(-1)
    half = dtype.itemsize == 2

    def work(part: slice) -> None:
        some, below, bell = widened(x[part]), outs[part], slopes[part]
        if half:
            below, bell = np.empty((2, len(some)), some.dtype)
        normal.bell_and_below(some, bell, below)
        bell *= BELL
        bell += below
        below *= some
        if half:
            outs[part], slopes[part] = below, bell

    over_tiles(work, x.size)
    return out, (slope,)


@_gelu.backward
def _(g, wanted, slope):
    return (g * slope if g.size < LARGE else in_tiles(np.multiply, g, slope),)


def _tanh_argument(x):
    return (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)


@elementwise(kinds="fV")
@in_single
def _gelu_tanh(input):
    return input * (np.tanh(_tanh_argument(input)) + 1) * 0.5


def _gelu_tanh_rule(g, input):
    t = tanh(_tanh_argument(input))
    slope = (input * input * (3 * 0.044715) + 1) * math.sqrt(2 / math.pi)
    return g * ((t + 1 + input * ((1 - t * t) * slope)) * 0.5)


_gelu_tanh.gradient(input=_gelu_tanh_rule)


@with_out
@keeps_order
def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """`input` times the probability that a normal number is below it.

    ``approximate="tanh"`` uses the well-known formula with tanh instead.
    """
    check_floating("gelu", input, complex=False)
    if approximate == "none":
        return _gelu(input)
    if approximate == "tanh":
        return _gelu_tanh(input)
    raise RuntimeError(f"gelu(): approximate must be 'none' or 'tanh', got {approximate!r}")


# --- others -------------------------------------------------------------------------------------


def softsign(input: Tensor) -> Tensor:
    """``input / (1 + abs(input))``."""
    return div(input, add(abs(input), 1))


def tanhshrink(input: Tensor) -> Tensor:
    """``input - tanh(input)``."""
    return sub(input, tanh(input))
