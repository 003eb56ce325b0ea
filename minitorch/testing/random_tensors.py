"""`make_tensor`: a Tensor of random numbers in an interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.testing.array_layouts import laid_out

__all__ = ["make_tensor"]

_RANGES = {"b": (0, 2), "u": (0, 10), "i": (-9, 10), "f": (-9, 9), "c": (-9, 9), "V": (-9, 9)}


def make_tensor(
    *shape: Any,
    dtype: Any,
    device: Any = None,
    low: float | None = None,
    high: float | None = None,
    requires_grad: bool = False,
    noncontiguous: bool = False,
    exclude_zero: bool = False,
    memory_format: Any = None,
) -> Any:
    """A Tensor with numbers drawn uniformly from ``[low, high)``.

    Without `low` and `high`: booleans, 0 to 9 for unsigned and -9 to 9 for signed integers, and
    floating-point numbers between -9 and 9.  Limits outside of the dtype's range are clamped to
    it.  With `noncontiguous`, strides have gaps; with `exclude_zero`, zeros become the smallest
    positive number.  Seeded by ``manual_seed``.  Mirrors ``torch.testing.make_tensor``.

    >>> _ = mt.manual_seed(0)
    >>> make_tensor(2, 3, dtype=mt.float32, low=-1, high=1).shape
    minitorch.Size([2, 3])
    """
    if len(shape) == 1 and not isinstance(shape[0], int):
        shape = tuple(shape[0])
    kind = np.dtype(dtype).kind
    if kind not in _RANGES:
        raise TypeError(f"make_tensor does not make tensors of {dtype}")
    if noncontiguous and memory_format is not None:
        raise ValueError("noncontiguous and memory_format cannot both be given")
    if requires_grad and kind not in "fcV":
        raise ValueError(
            f"requires_grad=True is for floating-point and complex dtypes, not {dtype}"
        )
    low, high = _limits(dtype, kind, low, high)
    if kind == "b":
        made = mt.randint(int(low), int(high), shape, dtype=dtype, device=device)
    elif kind in "iu":
        made = mt.randint(math.ceil(low), math.ceil(high), shape, dtype=dtype, device=device)
    else:
        wide = mt.float64 if np.dtype(dtype).itemsize >= 8 else mt.float32
        made = low + (high - low) * mt.rand(shape, dtype=wide, device=device)
        if kind == "c":
            other = low + (high - low) * mt.rand(shape, dtype=wide, device=device)
            made = mt.complex(made, other)
        made = made.to(dtype)
    if exclude_zero:
        least = 1 if kind in "biu" else mt.finfo(dtype).tiny
        made = mt.where(
            made == 0, mt.full_like(made, least * (1 + 1j) if kind == "c" else least), made
        )
    if noncontiguous and made.numel() > 1:
        made = mt.from_numpy(laid_out(made._data, "strided"))
    elif memory_format is not None:
        made = made.contiguous(memory_format=memory_format)
    return made.requires_grad_() if requires_grad else made


def _limits(dtype: Any, kind: str, low: float | None, high: float | None) -> tuple[float, float]:
    """`low` and `high`, or the defaults, within what the dtype can hold."""
    first, last = _RANGES[kind]
    low, high = first if low is None else low, last if high is None else high
    if math.isnan(low) or math.isnan(high):
        raise ValueError(f"low and high cannot be NaN, got {low} and {high}")
    least, most = (0, 2) if kind == "b" else _reach(dtype, kind)
    if low >= high:
        raise ValueError(f"low must be less than high, got {low} and {high}")
    return min(max(low, least), most), min(max(high, least), most)


def _reach(dtype: Any, kind: str) -> tuple[float, float]:
    if kind in "iu":
        return mt.iinfo(dtype).min, mt.iinfo(dtype).max
    return mt.finfo(dtype).min, mt.finfo(dtype).max
