"""Elements moved between channels and places, none computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]


@primitive
def _rearrange(x, /, split, order, shape):
    """`x` in the shape `split`, its dimensions put in `order`, as a new array of `shape`."""
    return np.array(x.reshape(split).transpose(order)).reshape(shape)


def _rearrange_gradient(g, split, order, x_shape):
    back = sorted(range(len(order)), key=order.__getitem__)
    return _rearrange(g, [split[i] for i in order], back, x_shape)


_rearrange.gradient(x=_rearrange_gradient)


@takes_tensors
def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """Groups of r² channels laid out as squares of r by r: (..., C r², H, W) -> (..., C, H r, W r).

    `upscale_factor` is r (Shi et al., 2016).

    >>> import minitorch
    >>> minitorch.pixel_shuffle(minitorch.arange(4).reshape(4, 1, 1), 2)
    tensor([[[0, 1],
             [2, 3]]])
    """
    shape, r = input._data.shape, upscale_factor
    if len(shape) < 3:
        raise RuntimeError(f"pixel_shuffle() needs the shape (..., C, H, W), got {list(shape)}")
    if r <= 0 or shape[-3] % (r * r):
        raise RuntimeError(
            f"pixel_shuffle(): the upscale factor must be positive and its square must divide the "
            f"number of channels; got {r} and {shape[-3]} channels, in shape {list(shape)}"
        )
    *batch, c, h, w = shape
    n = len(batch)
    split = (*batch, c // (r * r), r, r, h, w)
    order = (*range(n), n, n + 3, n + 1, n + 4, n + 2)
    return _rearrange(input, split, order, (*batch, c // (r * r), h * r, w * r))


@takes_tensors
def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """Squares of r by r places made into r² channels: the inverse of `pixel_shuffle`.

    (..., C, H r, W r) -> (..., C r², H, W).
    """
    shape, r = input._data.shape, downscale_factor
    if len(shape) < 3:
        raise RuntimeError(f"pixel_unshuffle() needs the shape (..., C, H, W), got {list(shape)}")
    if r <= 0 or shape[-2] % r or shape[-1] % r:
        raise RuntimeError(
            f"pixel_unshuffle(): the downscale factor must be positive and divide height and "
            f"width; got {r} for shape {list(shape)}"
        )
    *batch, c, h, w = shape
    n = len(batch)
    split = (*batch, c, h // r, r, w // r, r)
    order = (*range(n), n, n + 2, n + 4, n + 1, n + 3)
    return _rearrange(input, split, order, (*batch, c * r * r, h // r, w // r))


@takes_tensors
def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """Channels dealt from `groups` groups in turn: (N, C, ...) -> the same (Zhang et al., 2018).

    >>> import minitorch
    >>> minitorch.channel_shuffle(minitorch.arange(6).reshape(1, 6, 1), 2).flatten()
    tensor([0, 3, 1, 4, 2, 5])
    """
    shape = input._data.shape
    if len(shape) < 3:
        raise RuntimeError(f"channel_shuffle() needs the shape (N, C, ...), got {list(shape)}")
    if groups <= 0 or shape[1] % groups:
        raise RuntimeError(
            f"channel_shuffle(): groups must be positive and divide the number of channels; got "
            f"{groups} and {shape[1]} channels, in shape {list(shape)}"
        )
    split = (shape[0], groups, shape[1] // groups, *shape[2:])
    return _rearrange(input, split, (0, 2, 1, *range(3, len(shape) + 1)), shape)
