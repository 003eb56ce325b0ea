"""Margin losses for classes: the right class must beat the others by a margin.

They take scores (N, C) or (C).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.along import take_along
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.loss_reduction import reduced_loss, reduction_of
from minitorch.ops.operators import add, div, mul, sub
from minitorch.ops.powers import square
from minitorch.ops.rectifiers import relu
from minitorch.ops.reductions import sum
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["multi_margin_loss", "multilabel_margin_loss"]


def _as_rows(name: str, input: Any) -> tuple[Any, int, int]:
    """`input` as (N, C), and these two."""
    check_floating(name, input, complex=False)
    shape = input._data.shape
    if len(shape) > 2 or (shape and shape[-1] == 0):
        raise RuntimeError(f"{name}() takes scores (N, C) or (C), got shape {shape}")
    count, classes = (1, 1, *shape)[-2:]
    return reshape(input, (count, classes)), count, classes


def _check_numbers(name: str, target: Any, shapes: list[tuple[int, ...]]) -> None:
    check_tensor(name, target)
    if target._data.shape not in shapes:
        raise RuntimeError(
            f"{name}(): the input wants a target of shape {shapes[-1]}, got {target._data.shape}"
        )
    if target._data.dtype != np.int64:
        raise RuntimeError(f"{name}(): class numbers are int64, got {target.dtype}")


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum(max(0, margin - input[target] + input[i]) ** p) / C`` over i other than `target`.

    Shapes: input (N, C), target (N) -> (N).  `weight` (C) counts classes; p is 1 or 2.

    >>> import minitorch
    >>> scores, target = minitorch.tensor([[0.5, 1.0, 0.0]]), minitorch.tensor([1])
    >>> minitorch.nn.functional.multi_margin_loss(scores, target)
    tensor(0.1667)
    """
    how = reduction_of(reduction, size_average, reduce)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss(): p must be 1 or 2, got {p}")
    if weight is not None and weight._data.ndim != 1:
        raise ValueError(f"multi_margin_loss(): weight must be (C,), got {weight._data.shape}")
    rows, count, classes = _as_rows("multi_margin_loss", input)
    shape = input._data.shape
    _check_numbers("multi_margin_loss", target, [(), (count,)] if len(shape) < 2 else [(count,)])
    t = target._data.reshape(count, 1)
    if np.any((t < 0) | (t >= classes)):
        raise RuntimeError(f"multi_margin_loss(): target out of range: there are {classes} classes")
    if weight is not None and weight._data.shape != (classes,):
        raise RuntimeError(
            f"multi_margin_loss(): weight has shape {weight._data.shape} for {classes} classes"
        )
    short = relu(add(sub(rows, take_along(rows, t, 1)), margin))
    if p == 2:
        short = square(short)
    others = (np.arange(classes) != t).astype(rows._data.dtype)
    if weight is not None:
        others = others * weight._data[t]
    loss = div(sum(mul(short, wrap(others)), 1), classes)
    return reduced_loss(reshape(loss, target._data.shape if len(shape) < 2 else (count,)), how)


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``sum(max(0, 1 - input[j] + input[i])) / C`` over right classes j and wrong ones i.

    Shapes: input (N, C), target (N, C) -> (N).  A row of `target` begins with the numbers of the
    right classes; what comes after the first -1 does not count.

    >>> import minitorch
    >>> scores = minitorch.tensor([[0.1, 0.2, 0.4, 0.8]])
    >>> target = minitorch.tensor([[3, 0, -1, 1]])
    >>> minitorch.nn.functional.multilabel_margin_loss(scores, target)
    tensor(0.8500)
    """
    how = reduction_of(reduction, size_average, reduce)
    rows, count, classes = _as_rows("multilabel_margin_loss", input)
    shape = input._data.shape
    _check_numbers("multilabel_margin_loss", target, [shape])
    t = target._data.reshape(count, classes)
    if np.any((t < -1) | (t >= classes)):
        raise RuntimeError(f"multilabel_margin_loss(): class numbers are -1 to {classes - 1}")
    listed = np.logical_and.accumulate(t >= 0, axis=1)
    t = np.where(listed, t, 0)
    wrong = ~np.any((t[:, :, None] == np.arange(classes)) & listed[:, :, None], axis=1)
    pairs = (listed[:, :, None] & wrong[:, None, :]).astype(rows._data.dtype)
    right = reshape(take_along(rows, t, 1), (count, classes, 1))
    short = relu(add(sub(reshape(rows, (count, 1, classes)), right), 1))
    loss = div(sum(mul(short, wrap(pairs)), (1, 2)), classes)
    return reduced_loss(reshape(loss, shape[:-1] if shape else ()), how)
