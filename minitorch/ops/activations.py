"""Smooth activation functions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.numerics import normal
from minitorch.numerics.adding import widened
from minitorch.numerics.aligned import scratch
from minitorch.numerics.tiles import batches
from minitorch.ops.bounds import clamp
from minitorch.ops.checks import check_floating
from minitorch.ops.dims import check_dim
from minitorch.ops.fused import fused
from minitorch.ops.operators import add, div, mul, neg, sub
from minitorch.ops.out import store, takes_tensors, with_out
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import in_single, rounded_once
from minitorch.ops.selecting import narrow
from minitorch.ops.signs import abs
from minitorch.ops.sloped import by_slope, ufunc_clip, with_slope
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


ROOT_HALF, ROOT_TWO_OVER_PI = math.sqrt(0.5), math.sqrt(2 / math.pi)
CUBIC = 0.044715  # how much of x ** 3 the tanh form of gelu adds to x


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


@rounded_once
def _silu_reference(input):
    return mul(input, sigmoid(input))


def _silu_and_slope(x, value, slope):
    below = np.negative(x, out=value)
    np.exp(below, out=below)
    below += 1
    if slope is None:
        np.divide(x, below, out=value)
        return
    s = np.divide(1, below, out=slope)  # the sigmoid
    np.divide(x, below, out=value)
    rest = 1 - s
    rest *= value
    s += rest


@fused(reference=_silu_reference)
def _silu(input, /):
    return with_slope(_silu_and_slope, input)


_silu.backward(by_slope)


@takes_tensors
def silu(input: Tensor) -> Tensor:
    """``input * sigmoid(input)``, also called swish."""
    check_floating("silu", input)
    return (_silu_reference if input._data.dtype.kind == "c" else _silu)(input)


@rounded_once
def _softplus_reference(input, beta, threshold):
    z = mul(input, beta)
    return choose(z > threshold, input, div(neg(logsigmoid(neg(z))), beta))


def _softplus_and_slope(x, value, slope, beta, threshold):
    z = x if beta == 1 else np.multiply(x, beta, out=value)
    linear = z > threshold
    e = np.exp(ufunc_clip(z, -np.inf, threshold, out=value), out=value)
    if slope is not None:
        far = e if threshold < 40 else np.minimum(e, 2.0**60)  # infinity by itself is NaN
        np.divide(far, far + 1, out=slope)
    np.log1p(e, out=value)
    if beta != 1:
        value /= beta
    if linear.any():
        value[...] = choose(linear, x, value)
        if slope is not None:
            slope[...] = choose(linear, 1, slope)


@fused(reference=_softplus_reference)
def _softplus(input, /, beta, threshold):
    return with_slope(_softplus_and_slope, input, beta, threshold)


_softplus.backward(by_slope)


@with_out
def softplus(input: Tensor, beta: float = 1.0, threshold: float = 20.0) -> Tensor:
    """``log(1 + exp(beta * input)) / beta``; `input` itself where ``beta * input > threshold``."""
    check_floating("softplus", input, complex=False)
    return _softplus(input, beta, threshold)


@rounded_once
def _mish_reference(input):
    return mul(input, tanh(_softplus_reference(input, 1, 20)))


def _mish_and_slope(x, value, slope):
    """With ``e = exp(x)`` and ``n = e * (e + 2)``, ``tanh(log(1 + e))`` is ``n / (n + 2)``.

    And its slope is ``4 e (e + 1) / (n + 2) ** 2``.  That is right to all digits where `e` is
    small, too, and takes a twentieth of the time of `np.logaddexp`.
    """
    e = scratch(x.size, x.dtype).reshape(x.shape)
    np.exp(ufunc_clip(x, -np.inf, 22, out=e), out=e)  # from there on, both are those of a line
    n = np.add(e, 2, out=value)
    n *= e
    if slope is not None:
        np.subtract(n, e, out=slope)
        slope *= 4
    below = np.add(n, 2, out=e)
    n /= below
    if slope is not None:
        below *= below
        slope /= below
        past = np.subtract(x, 22, out=below)
        slope *= np.subtract(x, ufunc_clip(past, 0, np.inf, out=past), out=past)  # inf: NaN
        slope += n
    n *= x


@fused(reference=_mish_reference)
def _mish(input, /):
    return with_slope(_mish_and_slope, input)


_mish.backward(by_slope)


@takes_tensors
def mish(input: Tensor) -> Tensor:
    """``input * tanh(softplus(input))``."""
    check_floating("mish", input, complex=False)
    return _mish(input)


@rounded_once
def _glu_reference(input, dim):
    half = input._data.shape[dim] // 2
    return mul(narrow(input, dim, 0, half), sigmoid(narrow(input, dim, half, half)))


@fused(reference=_glu_reference)
def _glu(input, /, dim):
    shape = input.shape
    halves = math.prod(shape[:dim]), 2, math.prod(shape[dim:]) // 2
    x = widened(input.reshape(halves))
    out = np.empty((halves[0], halves[2]), x.dtype)
    s = np.empty_like(out)  # the sigmoid
    for i in batches(halves[0], 2 * halves[2]):
        np.negative(x[i, 1], out=s[i])
        np.exp(s[i], out=s[i])
        s[i] += 1
        np.divide(1, s[i], out=s[i])
        np.multiply(x[i, 0], s[i], out=out[i])
    out = out.astype(input.dtype, copy=False)
    return out.reshape(*shape[:dim], shape[dim] // 2, *shape[dim + 1 :]), (x, s, shape)


@_glu.backward
def _(g, wanted, x, s, shape):
    g = widened(g).reshape(s.shape)
    grad = np.empty(shape, x.dtype)
    parts = grad.reshape(x.shape)
    for i in batches(len(x), 2 * s.shape[1]):
        first, second = parts[i, 0], parts[i, 1]
        np.multiply(g[i], s[i], out=first)
        np.subtract(1, s[i], out=second)
        second *= x[i, 0]
        second *= first
    return (grad,)


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
    return _glu(input, dim)


# --- exponential units --------------------------------------------------------------------------


@primitive
@in_single
def _elu_reference(input, /, alpha, scale, input_scale):
    below = np.expm1(np.minimum(input, 0) * input_scale)
    return below * (alpha * scale) + np.maximum(input, 0) * scale


def _elu_rule(g, input, alpha, scale, input_scale):
    slope = np.exp(keep(input, input < 0) * input_scale) * (alpha * scale * input_scale)
    return choose(input > 0, g * scale, g * slope)


_elu_reference.gradient(input=_elu_rule)


def _elu_and_slope(x, value, slope, alpha, scale, input_scale):
    exponent = ufunc_clip(x, -np.inf, 0, out=value)
    if input_scale != 1:
        exponent *= input_scale
    if slope is not None:
        np.exp(exponent, out=slope)
        factor = alpha * scale * input_scale
        if factor != 1:
            slope *= factor
        if factor != scale:
            slope[...] = choose(x > 0, scale, slope)
    below = np.expm1(exponent, out=value)
    if alpha * scale != 1:
        below *= alpha * scale
    above = ufunc_clip(x, 0, np.inf, out=scratch(x.size, x.dtype).reshape(x.shape))
    if scale != 1:
        above *= scale
    value += above


@fused(reference=_elu_reference)
def _elu(input, /, alpha, scale, input_scale):
    return with_slope(_elu_and_slope, input, alpha, scale, input_scale)


_elu.backward(by_slope)


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


def _gelu_and_slope(x, value, slope):
    bell = scratch(x.size, x.dtype).reshape(x.shape) if slope is None else slope
    normal.bell_and_below(x, bell, value)
    if slope is not None:
        slope *= BELL
        slope += value
    value *= x


@fused(reference=_gelu_reference)
def _gelu(input, /):
    return with_slope(_gelu_and_slope, input)


_gelu.backward(by_slope)


@rounded_once
def _gelu_tanh_reference(input):
    cube = mul(mul(input, input), input)
    t = tanh(mul(add(input, mul(cube, CUBIC)), ROOT_TWO_OVER_PI))
    return mul(input, mul(add(t, 1), 0.5))


def _gelu_tanh_and_slope(x, value, slope):
    square = np.multiply(x, x, out=scratch(x.size, x.dtype).reshape(x.shape))
    above = np.multiply(square, CUBIC, out=value)
    above += 1
    above *= x
    above *= ROOT_TWO_OVER_PI
    np.tanh(above, out=above)
    above += 1
    if slope is not None:
        # With t for the tanh: (1 + t) / 2 * (1 + x (1 - t) * the slope of its argument).
        np.subtract(2, above, out=slope)
        square *= 3 * CUBIC * ROOT_TWO_OVER_PI
        square += ROOT_TWO_OVER_PI
        slope *= square
        slope *= x
        slope += 1
        slope *= above
        slope *= 0.5
    value *= x
    value *= 0.5


@fused(reference=_gelu_tanh_reference)
def _gelu_tanh(input, /):
    return with_slope(_gelu_tanh_and_slope, input)


_gelu_tanh.backward(by_slope)


@with_out
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
