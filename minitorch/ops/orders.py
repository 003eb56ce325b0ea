"""Results that lie in memory as their argument does, where PyTorch's do.

That shows in strides, and in which elements dropout drops: random numbers are drawn in the order of
memory.  Rows of an ordinary argument pay one look at its flags.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from minitorch.engine.clock import owner
from minitorch.layouts import channels_last, laid_out, lies_as

F = TypeVar("F", bound=Callable[..., Any])


def memory_order(x: np.ndarray) -> list[int]:
    """The dimensions of `x`, outermost first, in which PyTorch makes a tensor like it.

    By falling strides; where a stride is 0 or two are equal, dimensions stay as they are.
    """
    order = list(range(x.ndim))[::-1]  # innermost first
    for i in range(1, x.ndim):
        at = i
        for before in range(i - 1, -1, -1):
            inner, outer = order[before], order[at]
            a, b = x.strides[inner], x.strides[outer]
            if a == 0 or b == 0 or (a == b and x.shape[inner] <= x.shape[outer]):
                continue
            if a < b:
                break
            order[before], order[at] = outer, inner
            at = before
    return order[::-1]


def _keeping(lay: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Callable[[F], F]:
    def keeps(function: F) -> F:
        @functools.wraps(function)
        def wrapped(input: Any, *args: Any, **kwargs: Any) -> Any:
            out = function(input, *args, **kwargs)
            if not input._data.flags.c_contiguous:
                for result in out if isinstance(out, tuple) else (out,):
                    if owner(result._data) is not owner(input._data):
                        result._data = lay(input._data, result._data)
                        result._view = None  # of something that nobody else has
            return out

        return wrapped  # type: ignore[return-value]

    return keeps


def is_channels_last(x: np.ndarray) -> bool:
    """Whether `x` are images (N, C, H, W), their channels innermost."""
    return x.ndim == 4 and lies_as(x, channels_last)


def _images(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    return laid_out(out, channels_last) if is_channels_last(x) and out.ndim == 4 else out


def _alike(x: np.ndarray, out: np.ndarray) -> np.ndarray:
    like = np.empty_like(x, out.dtype)  # in the order of `x`, without gaps
    like[...] = out
    return like


keeps_channels_last = _keeping(_images)
keeps_order = _keeping(_alike)  # element by element
