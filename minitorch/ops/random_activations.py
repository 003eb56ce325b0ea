"""Activations that draw random numbers: rrelu and gumbel_softmax.  The streams are PyTorch's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.checks import check_floating
from minitorch.ops.dims import check_dim
from minitorch.ops.inplace import in_place
from minitorch.ops.operators import add, div, sub
from minitorch.ops.primitive import primitive
from minitorch.ops.random import Generator, stream
from minitorch.ops.rectifiers import leaky_relu
from minitorch.ops.softmax import softmax
from minitorch.ops.where import flat_in

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["gumbel_softmax", "rrelu", "rrelu_"]


@primitive
def _sloped(input, /, slopes):
    return input * slopes


_sloped.gradient(input=lambda g, input, slopes: flat_in(g * slopes, input))


def _random_leaky_relu(
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    generator: Generator | None = None,
) -> Tensor:
    """`leaky_relu`, in training with a slope drawn for each element; `rrelu_` writes in place."""
    check_floating("rrelu", input, complex=False)
    if not lower <= upper:
        raise RuntimeError(f"rrelu(): lower {lower} is greater than upper {upper}")
    if not training:
        return leaky_relu(input, (lower + upper) / 2)
    slopes = np.ones_like(input._data, order="C")
    drawn = input._data <= 0  # only these draw, one after the other
    numbers = stream(generator).uniform((int(np.count_nonzero(drawn)),), "float64", lower, upper)
    slopes[drawn] = numbers.astype(slopes.dtype)
    return _sloped(input, slopes)


rrelu_ = in_place(_random_leaky_relu, "rrelu_")


def rrelu(
    input: Tensor,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Tensor:
    """`leaky_relu`, in training with a slope drawn from [lower, upper) for each element <= 0.

    Otherwise with the mean slope ``(lower + upper) / 2`` (Xu et al. 2015).

    >>> import minitorch
    >>> minitorch.nn.functional.rrelu(minitorch.tensor([-1.0, 2.0]), 0.2, 0.4)
    tensor([-0.3000,  2.0000])
    """
    function = rrelu_ if inplace else _random_leaky_relu
    return function(input, lower, upper, training)


def gumbel_softmax(
    logits: Tensor, tau: float = 1, hard: bool = False, eps: float = 1e-10, dim: int = -1
) -> Tensor:
    """A sample from the classes along `dim`, smooth in `logits` (Jang et al. 2016).

    ``softmax((logits + gumbel noise) / tau)``; with `hard` the one-hot vector of its largest
    element, with the gradient of the smooth sample.

    >>> import minitorch
    >>> int(minitorch.nn.functional.gumbel_softmax(minitorch.zeros(4, 3), hard=True).sum())
    4
    """
    check_floating("gumbel_softmax", logits, complex=False)
    shape, dtype = logits._data.shape, logits._data.dtype
    waits = stream(None).exponential(shape, dtype)
    noise = wrap(-np.log(waits))
    soft = softmax(div(add(logits, noise), tau), dim)
    if not hard:
        return soft
    dim = check_dim(dim, len(shape))
    one_hot = np.zeros(shape, dtype)
    if shape and one_hot.size:
        best = np.argmax(soft._data, axis=dim, keepdims=True)
        np.put_along_axis(one_hot, best, 1, axis=dim)
    else:
        one_hot[...] = 1
    return add(sub(wrap(one_hot), wrap(soft._data)), soft)
