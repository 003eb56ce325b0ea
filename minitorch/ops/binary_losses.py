"""Losses for yes or no: each element of the target says how likely "yes" is, or is 1 or -1.

All take `input` and `target` of one shape (*) and give a number per element, their mean or sum.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.numerics.adding import add_up
from minitorch.ops.activations import logsigmoid, sigmoid
from minitorch.ops.checks import check_broadcast, check_floating, check_tensor
from minitorch.ops.fused import fused
from minitorch.ops.loss_reduction import (
    alike,
    check_same_shape,
    reduced_loss,
    reduction_of,
    refuse_broadcast,
)  # fmt: skip
from minitorch.ops.operators import add, div, mul, neg, sub
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import mean, sum

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "multilabel_soft_margin_loss",
    "soft_margin_loss",
]  # fmt: skip


@primitive
def _bce(input, target, /):
    yes, no = _logs(input)
    return -(target * yes + (1 - target) * no)


def _logs(p):
    """``log(p)`` and ``log(1 - p)``, not below -100."""
    return np.maximum(np.log(p), -100), np.maximum(np.log1p(-p), -100)


def _bce_target_rule(g, input):
    yes, no = _logs(input)
    return g * (no - yes)


_bce.gradient(
    input=lambda g, input, target: g * (input - target) / np.maximum(input * (1 - input), 1e-12),
    target=_bce_target_rule,
)


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-(target * log(input) + (1 - target) * log(1 - input))``: `input` holds probabilities.

    Logarithms count as at least -100.  RuntimeError for an input outside [0, 1].

    >>> import minitorch
    >>> p = minitorch.tensor([0.5, 0.5])
    >>> minitorch.nn.functional.binary_cross_entropy(p, minitorch.tensor([0.0, 1.0]))
    tensor(0.6931)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_same_shape("binary_cross_entropy", input, target)
    check_floating("binary_cross_entropy", input, complex=False)
    x = input._data
    if target._data.dtype != x.dtype:
        raise RuntimeError(
            f"binary_cross_entropy(): input is {input.dtype}, but target is {target.dtype}: "
            f"convert it with to({input.dtype})"
        )
    if not np.all((x >= 0) & (x <= 1)):
        raise RuntimeError(
            "binary_cross_entropy(): all elements of input must be in [0, 1]: apply sigmoid() "
            "first, or use binary_cross_entropy_with_logits(), which does"
        )
    loss = _bce(input, target)
    if weight is not None:
        check_broadcast("binary_cross_entropy", input, weight)
        loss = mul(loss, weight)
    return reduced_loss(loss, how)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of ``sigmoid(input)``, exact for large inputs too.

    `weight` counts elements, `pos_weight` counts "yes" among them; both broadcast.

    >>> import minitorch
    >>> x, target = minitorch.tensor([0.0, 200.0]), minitorch.tensor([1.0, 0.0])
    >>> minitorch.nn.functional.binary_cross_entropy_with_logits(x, target, reduction="none")
    tensor([  0.6931, 200.0000])
    """
    how = reduction_of(reduction, size_average, reduce)
    plain = how == "mean" and weight is None and pos_weight is None
    if plain and alike(input, target) and input._data.dtype.char in "fd":
        return _mean_bce_with_logits(input, target)
    check_same_shape("binary_cross_entropy_with_logits", input, target)
    if target._data.dtype.kind in "iu":
        raise RuntimeError(
            "binary_cross_entropy_with_logits(): targets are floating numbers, as they may lie "
            f"between 0 and 1, not {target.dtype}; call float() first"
        )
    log_yes = logsigmoid(input)
    if pos_weight is not None:
        check_tensor("binary_cross_entropy_with_logits", pos_weight)
        log_yes = mul(log_yes, add(mul(sub(pos_weight, 1), target), 1))
    loss = _bce_with_logits(input, target, log_yes)
    if weight is not None:
        loss = mul(loss, weight)
    return reduced_loss(loss, how)


def _bce_with_logits(input: Any, target: Any, log_yes: Any) -> Any:
    return sub(mul(sub(1, target), input), log_yes)  # log(1 - sigmoid(x)) is log_yes - x


def _mean_bce_with_logits_reference(input: Any, target: Any) -> Any:
    return mean(_bce_with_logits(input, target, logsigmoid(input)))


@fused(reference=_mean_bce_with_logits_reference)
def _mean_bce_with_logits(input, target, /):
    no = 1 - target
    loss = no * input - logsigmoid.op.function(input)
    return np.asarray(add_up(loss, None, False) / loss.size), (input, no)


@_mean_bce_with_logits.backward
def _(g, wanted, input, no):
    g = g / max(input.size, 1)
    return (
        (no - sigmoid.op.function(-input)) * g if wanted[0] else None,
        input * -g if wanted[1] else None,
    )


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``log(1 + exp(-target * input))``; targets are 1 or -1.

    >>> import minitorch
    >>> minitorch.nn.functional.soft_margin_loss(minitorch.zeros(2), minitorch.tensor([1.0, -1.0]))
    tensor(0.6931)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_floating("soft_margin_loss", input, complex=False)
    check_floating("soft_margin_loss", target, complex=False)
    refuse_broadcast("soft_margin_loss", input, target)
    product = mul(input, target)
    if product._data.shape != input._data.shape:
        raise RuntimeError(
            f"soft_margin_loss(): target has shape {target._data.shape}, input {input._data.shape}"
        )
    return reduced_loss(neg(logsigmoid(product)), how)


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The mean over the classes of `binary_cross_entropy_with_logits`: (*, C), (*, C) -> (*).

    >>> import minitorch
    >>> scores, target = minitorch.zeros(1, 3), minitorch.tensor([[1.0, 0.0, 1.0]])
    >>> minitorch.nn.functional.multilabel_soft_margin_loss(scores, target)
    tensor(0.6931)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_tensor("multilabel_soft_margin_loss", input, target)
    refuse_broadcast("multilabel_soft_margin_loss", input, target)
    yes, no = mul(target, logsigmoid(input)), mul(sub(1, target), logsigmoid(neg(input)))
    loss = neg(add(yes, no))
    if weight is not None:
        loss = mul(loss, weight)
    return reduced_loss(div(sum(loss, -1), input._data.shape[-1]), how)
