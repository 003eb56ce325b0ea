"""The same numbers, laid out in memory in other ways."""

from __future__ import annotations

import numpy as np

__all__ = ["LAYOUTS", "laid_out"]

LAYOUTS = ("contiguous", "transposed", "strided", "reversed", "broadcast")


def laid_out(array: np.ndarray, layout: str) -> np.ndarray:
    """A copy of `array` whose memory is arranged as `layout` says.

    "transposed": the axes' order in memory is reversed.  "strided": every other element of a
    longer array.  "reversed": negative strides.  "broadcast": stride 0 along the first axis, whose
    elements must be equal (they are made so).

    >>> laid_out(np.arange(6.0).reshape(2, 3), "transposed").strides
    (8, 16)
    """
    if layout == "contiguous" or array.ndim == 0 or array.size == 0:
        return np.array(array, order="C")
    if layout == "transposed":
        return np.array(array.T, order="C").T
    if layout == "strided":
        wide = np.zeros((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)
        part = wide[..., ::2]
    elif layout == "reversed":
        part = np.zeros_like(array, order="C")[..., ::-1]
    elif layout == "broadcast":
        return np.broadcast_to(np.array(array[:1]), array.shape)
    else:
        raise ValueError(f"unknown layout {layout!r}; there are {', '.join(LAYOUTS)}")
    part[...] = array
    return part
