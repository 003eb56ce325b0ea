"""How elements lie in memory: `layout` (all in one block, or rows of several lengths) and
`memory_format` (the order of axes).
"""

from __future__ import annotations

from typing import Any

import numpy as np


class _Named:
    """A constant that prints as its name and stays one object through pickling and copying."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"minitorch.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class layout(_Named):
    """Mirrors ``torch.layout``: tensors are `strided`, those of `minitorch.nested` `jagged`."""

    __slots__ = ()


class memory_format(_Named):
    """In which order the elements lie.  Mirrors ``torch.memory_format``."""

    __slots__ = ()


strided = layout("strided")
jagged = layout("jagged")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")

_RANKS = {"channels_last": 4, "channels_last_3d": 5}


def laid_out(array: np.ndarray, format: memory_format | None) -> np.ndarray:
    """A copy of `array` whose elements lie as `format` says; None keeps the order of the axes."""
    if format is None or format is preserve_format:
        return array.copy("C" if 0 in array.strides else "K")  # expanded: row by row
    if format is contiguous_format:
        return array.copy("C")
    _check_rank(array, format)
    return np.moveaxis(np.moveaxis(array, 1, -1).copy("C"), -1, 1)


def lies_as(array: np.ndarray, format: memory_format | None) -> bool:
    """Whether the elements of `array` lie so already; None asks for rows without gaps."""
    if format is None or format in (contiguous_format, preserve_format):
        return array.flags.c_contiguous
    _check_rank(array, format)
    return np.moveaxis(array, 1, -1).flags.c_contiguous


def falls_as(array: np.ndarray, format: memory_format) -> bool:
    """Whether the strides of `array` suggest `format`: those of PyTorch's channels-last images fall
    in that order, with or without gaps, and all else is contiguous.  So ``to()`` takes it to be.
    """
    if format is contiguous_format:
        return not (array.ndim in (4, 5) and _channels_fall_last(array))
    _check_rank(array, format)
    return _channels_fall_last(array)


def _channels_fall_last(array: np.ndarray) -> bool:
    shape, strides = array.shape, array.strides
    least = 0
    for d in (1, *range(array.ndim - 1, 1, -1), 0):
        if shape[d] == 0 or strides[d] < least or (d == 0 and least == strides[1]):
            return False
        least = strides[d] * max(shape[d], 1)
    return strides[1] != 0


def _check_rank(array: np.ndarray, format: Any) -> None:
    if not isinstance(format, memory_format):
        raise TypeError(f"memory_format must be a memory_format, got {type(format).__name__}")
    rank = _RANKS[format.name]
    if array.ndim != rank:
        raise RuntimeError(f"{format} is for tensors of {rank} dimensions, not {array.ndim}")
