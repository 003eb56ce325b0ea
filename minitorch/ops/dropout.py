"""Dropout: random elements or channels set to zero in training, the others scaled up to match.

The alpha variants keep the mean and variance of SELU's outputs instead: what is dropped becomes
SELU's lowest value, and all is rescaled (Klambauer et al., 2017).
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.checks import check_floating
from minitorch.ops.inplace import in_place
from minitorch.ops.operators import add, mul
from minitorch.ops.orders import memory_order
from minitorch.ops.out import takes_tensors
from minitorch.ops.random import stream
from minitorch.ops.shapes import squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "alpha_dropout", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout",
]  # fmt: skip

_LOWEST = 1.7580993408473766  # SELU's scale times its alpha: how far below zero it goes

_mul_, _add_ = in_place(mul), in_place(add)


def check_probability(p: float) -> None:
    """ValueError unless `p` is a probability."""
    if not 0 <= p <= 1:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _kept(input: Any, p: float, lead: int | None) -> np.ndarray:
    """1 where an element stays, 0 where it is dropped; with `lead`, one number for all that the
    first `lead` dimensions (those up to the channel) share.
    """
    check_floating("dropout", input)
    shape = input._data.shape
    if lead is not None:
        if len(shape) < lead:
            raise RuntimeError(
                f"dropping channels needs {lead} or more dimensions, got shape {list(shape)}"
            )
        shape = (*shape[:lead], *(1,) * (len(shape) - lead))
    elif not input._data.flags.c_contiguous:
        return _in_memory_order(input._data, p)
    return stream(None).bernoulli(1 - p, shape, input._data.dtype)


def _in_memory_order(data: np.ndarray, p: float) -> np.ndarray:
    """What `_kept` gives for transposed memory: PyTorch draws as the elements lie."""
    axes = memory_order(data)
    drawn = stream(None).bernoulli(1 - p, tuple(data.shape[a] for a in axes), data.dtype)
    return drawn.transpose(np.argsort(axes))


def _drop(input: Any, p: float, training: bool, inplace: bool, lead: int | None = None) -> Any:
    check_probability(p)
    data = input._data
    if p == 0 or not training or not data.size:
        return input
    times = _mul_ if inplace else mul
    if p == 1:
        return times(input, wrap(np.zeros((), data.dtype)))
    kept = _kept(input, p, lead)
    kept /= data.dtype.type(1 - p)
    return times(input, wrap(kept))


def _drop_low(input: Any, p: float, training: bool, inplace: bool, lead: int | None = None) -> Any:
    check_probability(p)
    data = input._data
    if p == 0 or not training or not data.size:
        return input
    times, plus = (_mul_, _add_) if inplace else (mul, add)
    if p == 1:
        return times(input, wrap(np.zeros((), data.dtype)))
    scale = 1 / math.sqrt((_LOWEST**2 * p + 1) * (1 - p))
    kept = _kept(input, p, lead)
    low = (kept - 1) * (_LOWEST * scale) + _LOWEST * scale * p
    return plus(times(input, wrap(kept * scale)), wrap(low))


@takes_tensors
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element zero with probability `p`, else divided by ``1 - p``, so that the mean stays.

    Outside of `training`, the input itself (Srivastava et al., 2014).

    >>> import minitorch
    >>> minitorch.nn.functional.dropout(minitorch.ones(3), 0.5, training=False)
    tensor([1., 1., 1.])
    """
    return _drop(input, p, training, inplace)


@takes_tensors
def dropout1d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels: (C, L) or (N, C, L) -> the same."""
    check_probability(p)
    ndim = input._data.ndim
    if ndim not in (2, 3):
        raise RuntimeError(f"dropout1d: expected 2D or 3D input, got shape {list(input.shape)}")
    return _drop_channels(input, p, training, inplace, ndim == 3)


@takes_tensors
def dropout2d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels: (N, C, H, W) -> the same; (N, C, L) as well, with a warning."""
    check_probability(p)
    ndim = input._data.ndim
    if ndim != 4:
        warnings.warn(
            f"dropout2d: a {ndim}D input is taken as (N, C, ...); use dropout1d for (N, C, L), "
            "dropout for inputs without channels",
            stacklevel=2,
        )
    return _drop(input, p, training, inplace, 2)


@takes_tensors
def dropout3d(
    input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Tensor:
    """`dropout` of whole channels: (C, D, H, W) or (N, C, D, H, W) -> the same."""
    check_probability(p)
    ndim = input._data.ndim
    if ndim not in (4, 5):
        warnings.warn(f"dropout3d: expected 4D or 5D input, got {ndim}D", stacklevel=2)
    return _drop_channels(input, p, training, inplace, ndim == 5)


def _drop_channels(input: Any, p: float, training: bool, inplace: bool, batched: bool) -> Any:
    """The channel is the second dimension, or without a batch the first."""
    if batched or inplace:
        return _drop(input, p, training, inplace, 2 if batched else 1)
    return squeeze(_drop(unsqueeze(input, 0), p, training, False, 2), 0)


@takes_tensors
def alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`dropout` for networks of SELUs: keeps mean 0 and variance 1."""
    return _drop_low(input, p, training, inplace)


@takes_tensors
def feature_alpha_dropout(
    input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False
) -> Tensor:
    """`alpha_dropout` of whole channels: (N, C, ...) -> the same."""
    return _drop_low(input, p, training, inplace, 2)
