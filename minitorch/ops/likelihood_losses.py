"""Losses that are negative log-likelihoods of distributions, and the distance between two.

All take tensors of one shape (*) and give a number per element, their mean or their sum.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

import numpy as np

from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.creation import full_like
from minitorch.ops.exponential import exp, log, xlogy
from minitorch.ops.loss_reduction import REDUCTIONS, reduced_loss, reduction_of, refuse_broadcast
from minitorch.ops.operators import add, div, mul, sub
from minitorch.ops.powers import square
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import sum
from minitorch.ops.shapes import unsqueeze
from minitorch.ops.where import masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["gaussian_nll_loss", "kl_div", "poisson_nll_loss"]


@primitive
def _at_least(input, /, bound):
    """`input`, but not below `bound`; the gradient passes unchanged."""
    return np.maximum(input, input.dtype.type(bound))


_at_least.gradient(input=lambda g: g)


def gaussian_nll_loss(
    input: Tensor,
    target: Tensor,
    var: Tensor | float,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """``(log(var) + (input - target) ** 2 / var) / 2``: of a normal distribution.

    `input` is the mean and `var` the variance: of the same shape, or with last dimension 1 or
    without it, or a number.  It counts as at least `eps`.  `full` adds ``log(2 pi) / 2``.
    ValueError for a negative variance.

    >>> import minitorch
    >>> mean, var = minitorch.tensor([1.0]), minitorch.tensor([1.0])
    >>> minitorch.nn.functional.gaussian_nll_loss(mean, minitorch.tensor([3.0]), var)
    tensor(2.)
    """
    check_tensor("gaussian_nll_loss", input, target)
    refuse_broadcast("gaussian_nll_loss", input, target)
    if isinstance(var, float):
        var = full_like(input, var)
    check_floating("gaussian_nll_loss", var, complex=False)
    shape, var_shape = input._data.shape, var._data.shape
    if np.any(var._data < 0):
        raise ValueError("gaussian_nll_loss(): var has negative entries")
    if var_shape != shape:
        if var_shape == shape[:-1]:
            var = unsqueeze(var, -1)
        elif len(var_shape) != len(shape) or math.prod(
            v for n, v in zip(shape, var_shape) if n != v
        ) != 1:  # fmt: skip
            raise ValueError(f"gaussian_nll_loss(): var has shape {var_shape}, input {shape}")
    how = reduction_of(reduction, None, None)
    var = _at_least(var, eps)
    loss = mul(add(log(var), div(square(sub(input, target)), var)), 0.5)
    if full:
        loss = add(loss, 0.5 * math.log(2 * math.pi))
    return reduced_loss(loss, how)


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``rate - target * log(rate)``: of a Poisson distribution; `input` is ``log(rate)``.

    With ``log_input=False`` it is the rate, and its logarithm is taken of ``rate + eps``.  `full`
    adds ``log(target!)``, by Stirling's formula and for targets above 1.

    >>> import minitorch
    >>> log_rate = minitorch.tensor([0.0])
    >>> minitorch.nn.functional.poisson_nll_loss(log_rate, minitorch.tensor([5.0]))
    tensor(1.)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_tensor("poisson_nll_loss", input, target)
    refuse_broadcast("poisson_nll_loss", input, target)
    if log_input:
        loss = sub(exp(input), mul(target, input))
    else:
        loss = sub(input, mul(target, log(add(input, eps))))
    if full:
        stirling = sub(mul(target, log(target)), target)
        stirling = add(stirling, mul(log(mul(target, 2 * math.pi)), 0.5))
        loss = add(loss, masked_fill(stirling, target <= 1, 0))
    return reduced_loss(loss, how)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """``target * (log(target) - input)``: Kullback and Leibler's divergence.

    `input` holds log-probabilities, `target` probabilities, or their logarithms with
    `log_target`.  ``reduction="batchmean"``, the sum divided by the size of the batch, is the
    divergence of mathematics; "mean" divides by the number of elements, with a warning.

    >>> import minitorch
    >>> half = minitorch.full((1, 2), 0.5)
    >>> target = minitorch.tensor([[1.0, 0.0]])
    >>> minitorch.nn.functional.kl_div(half.log(), target, reduction="batchmean")
    tensor(0.6931)
    """
    check_floating("kl_div", input, complex=False)
    check_floating("kl_div", target, complex=False)
    refuse_broadcast("kl_div", input, target)
    how = reduction_of(reduction, size_average, reduce, (*REDUCTIONS, "batchmean"))
    if how == "mean" and size_average is None and reduce is None:
        warnings.warn(
            'kl_div: reduction="mean" divides by the number of elements; the divergence of '
            'mathematics is reduction="batchmean"',
            stacklevel=2,
        )
    if log_target:
        loss = mul(exp(target), sub(target, input))
    else:
        loss = sub(xlogy(target, target), mul(target, input))
    if how == "batchmean":
        loss = sum(loss)
        return div(loss, input._data.shape[0]) if input._data.ndim else loss
    return reduced_loss(loss, how)
