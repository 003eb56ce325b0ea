"""Weights of convolutions laid out in memory with their channels next to each other."""

from __future__ import annotations

from typing import Any

from minitorch.nn.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d
from minitorch.nn.module import Module

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def _convert(module: Module, kinds: Any, memory_format: Any) -> Any:
    for part in module.modules():
        if isinstance(part, kinds):
            part.weight.data = part.weight.detach().clone(memory_format=memory_format)
    return module


def convert_conv2d_weight_memory_format(module: Module, memory_format: Any) -> Any:
    """Lay out the weights of all (transposed) 2-d convolutions; values stay as they are."""
    return _convert(module, (Conv2d, ConvTranspose2d), memory_format)


def convert_conv3d_weight_memory_format(module: Module, memory_format: Any) -> Any:
    """Lay out the weights of all (transposed) 3-d convolutions; values stay as they are."""
    return _convert(module, (Conv3d, ConvTranspose3d), memory_format)
