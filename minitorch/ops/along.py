"""Picking elements along one dimension, and its adjoint: putting them back where they came from.

Everything that chooses elements (``max(dim)``, ``sort``, ``topk``, ``median``, ``gather`` ...) is
`take_along` at some indices, so that one pair of rules differentiates it, to any order.
Settings: `dim`, not negative, and `indices`, an array of int64, none negative. It has as many
dimensions as the input, and may be shorter in the others than `dim`, as in ``torch.gather``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.numerics.adding import widened
from minitorch.ops.primitive import primitive


@primitive
def take_along(input, /, indices, dim):
    """``out[i][j] = input[indices[i][j]][j]`` for ``dim`` 0, and so on: ``torch.gather``."""
    return input.reshape(-1).take(places_along(indices, dim, input.shape))


take_along.gradient(input=lambda g, indices, dim, input_shape: put_along(
    g, indices, dim, input_shape))  # fmt: skip


@primitive
def put_along(values, /, indices, dim, shape):
    """Zeros of `shape`, `values` added at `indices` along `dim`: the adjoint of `take_along`."""
    out = widened(np.zeros(shape, values.dtype))
    np.add.at(out.reshape(-1), places_along(indices, dim, shape).reshape(-1), values.reshape(-1))
    return out.astype(values.dtype, copy=False)


put_along.gradient(values=lambda g, indices, dim: take_along(g, indices, dim))


@primitive
def pick(input, /, indices, dim, keepdim):
    """One element of each line along `dim`; `indices` has size 1 there."""
    values = input.reshape(-1).take(places_along(indices, dim, input.shape))
    return values if keepdim else values.squeeze(dim)


pick.gradient(input=lambda g, indices, dim, keepdim, input_shape: unpick(
    g, indices, dim, keepdim, input_shape))  # fmt: skip


@primitive
def unpick(values, /, indices, dim, keepdim, shape):
    """Zeros of `shape` with one element set in each line along `dim`: the adjoint of `pick`."""
    out = np.zeros(shape, values.dtype)
    out.reshape(-1)[places_along(indices, dim, shape)] = np.reshape(values, indices.shape)
    return out


unpick.gradient(values=lambda g, indices, dim, keepdim: pick(g, indices, dim, keepdim))


def picked(input: Any, indices: np.ndarray, dim: int, keepdim: bool) -> tuple[Any, Any]:
    """The elements of a Tensor that `pick` picks, and their indices as a Tensor of that shape."""
    if input._data.ndim == 0:
        indices, keepdim = indices.reshape(()), True
    values = pick(input, indices, dim, keepdim)
    return values, wrap(indices.reshape(values._data.shape))


def places_along(indices: np.ndarray, dim: int, shape: tuple[int, ...]) -> np.ndarray:
    """Where `indices` along `dim` lie in the flat memory of a contiguous array of `shape`."""
    step = 1
    along: Any = indices
    across: Any = 0
    for axis in reversed(range(len(shape))):
        if axis == dim:
            along = indices if step == 1 else indices * step
        elif indices.shape[axis] > 1:
            line = np.arange(indices.shape[axis]) * step
            across = across + line.reshape((-1,) + (1,) * (len(shape) - 1 - axis))
        step *= shape[axis]
    return along + across
