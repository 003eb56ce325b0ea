"""Layers that move elements between channels and places."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops.shuffling import channel_shuffle, pixel_shuffle, pixel_unshuffle

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class PixelShuffle(Module):
    """Groups of r² channels laid out as squares: (..., C r², H, W) -> (..., C, H r, W r).

    >>> import minitorch
    >>> minitorch.nn.PixelShuffle(3)(minitorch.zeros(1, 9, 4, 4)).shape
    minitorch.Size([1, 1, 12, 12])
    """

    def __init__(self, upscale_factor: int) -> None:
        super().__init__()
        self.upscale_factor = upscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return pixel_shuffle(input, self.upscale_factor)

    def extra_repr(self) -> str:
        return f"upscale_factor={self.upscale_factor}"


class PixelUnshuffle(Module):
    """The inverse of `PixelShuffle`: (..., C, H r, W r) -> (..., C r², H, W).

    >>> import minitorch
    >>> minitorch.nn.PixelUnshuffle(3)(minitorch.zeros(1, 1, 12, 12)).shape
    minitorch.Size([1, 9, 4, 4])
    """

    def __init__(self, downscale_factor: int) -> None:
        super().__init__()
        self.downscale_factor = downscale_factor

    def forward(self, input: Tensor) -> Tensor:
        return pixel_unshuffle(input, self.downscale_factor)

    def extra_repr(self) -> str:
        return f"downscale_factor={self.downscale_factor}"


class ChannelShuffle(Module):
    """Channels dealt from `groups` groups in turn: (N, C, ...) -> the same.

    >>> import minitorch
    >>> minitorch.nn.ChannelShuffle(2)(minitorch.arange(4).reshape(1, 4, 1)).flatten()
    tensor([0, 2, 1, 3])
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, input: Tensor) -> Tensor:
        return channel_shuffle(input, self.groups)

    def extra_repr(self) -> str:
        return f"groups={self.groups}"
