"""Fused ops, element by element, that compute their slope along with their value.

The two share most of their arithmetic: with the exponential that gives silu, its slope is a few
products away.  So the slope is what is kept, and backward is one product.  Of 65,536 elements,
silu takes 100 us there and back, instead of 150 with a rule that begins anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.engine.modes import mode
from minitorch.numerics.adding import widened
from minitorch.numerics.tiles import LARGE, in_tiles, over_tiles

__all__: list[str] = []

# `np.clip` in itself: faster than maximum() with a number, but its function in Python takes 5 us,
# where a product of matrices has just swept the caches.
ufunc_clip: Any = np._core.umath.clip  # type: ignore[attr-defined]


def with_slope(compute: Callable[..., Any], input: np.ndarray, *settings: Any) -> tuple[Any, Any]:
    """What the kernel of such an op returns: its value, and its slope to be kept.

    ``compute(x, value, slope, *settings)`` writes both, in single or double precision, to arrays
    of at least one dimension; `slope` is None where nothing is recorded: nobody will ask for it.
    """
    x = widened(input)
    value = np.empty_like(x)
    slope = np.empty_like(x) if mode.recording else None
    if x.ndim and (x.size < LARGE or not x.flags.c_contiguous):
        compute(x, value, slope, *settings)
    else:
        flat = [None if a is None else a.reshape(-1) for a in (x, value, slope)]

        def work(part: slice) -> None:
            compute(*[None if a is None else a[part] for a in flat], *settings)

        over_tiles(work, x.size)
    if x is not input:
        value = value.astype(input.dtype)
        slope = None if slope is None else slope.astype(input.dtype)
    return value, (slope,)


def by_slope(g: np.ndarray, wanted: Any, slope: np.ndarray) -> tuple[np.ndarray]:
    """Their backward kernel."""
    return (g * slope if g.size < LARGE else in_tiles(np.multiply, g, slope),)
