"""One Python number as an element of an array: converted as PyTorch does, or refused."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.dtypes import finfo, from_numpy_dtype
from minitorch.engine.state import TensorState

__all__: list[str] = []

_SURELY = 65504.0  # the largest half: no floating dtype holds less


def as_element(value: Any, dtype: np.dtype[Any]) -> Any:
    """A Python number converted to `dtype`; RuntimeError when it does not fit."""
    if type(value) is float and dtype.kind in "fc" and -_SURELY <= value <= _SURELY:
        return value
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, int | float | complex):
        raise TypeError(f"expected a number, got {type(value).__name__}")
    if isinstance(value, complex) and dtype.kind != "c":
        if value.imag:
            raise RuntimeError(f"the complex number {value} does not fit into a real tensor")
        value = value.real
    check_fits(value, dtype)
    return np.asarray(int(value) if dtype.kind in "iu" else value).astype(dtype)


def check_fits(value: Any, dtype: np.dtype[Any]) -> None:
    """RuntimeError where `dtype` would make another number of `value`.

    Infinities and NaN fit into floats; -1 is 255 in eight bits without sign, as in C.
    """
    if dtype.kind == "b":
        return
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        wraps = dtype.kind == "u" and isinstance(value, int)
        fits = (-int(info.max) if wraps else int(info.min)) <= value <= int(info.max)
    else:
        parts = (value.real, value.imag) if isinstance(value, complex) else (value,)
        fits = all(_fits_float(part, dtype) for part in parts)
    if not fits:
        name = from_numpy_dtype(dtype)
        raise RuntimeError(f"value cannot be converted to {name} without overflow: {value}")


def check_bounds(input: Any, *numbers: Any) -> None:
    """`check_fits` for integers beside a Tensor of integers, whose dtype they do not change."""
    if isinstance(input, TensorState) and input._data.dtype.kind in "iu":
        for number in numbers:
            if type(number) is int:
                check_fits(number, input._data.dtype)


def _fits_float(value: float, dtype: np.dtype[Any]) -> bool:
    return not math.isfinite(value) or abs(value) <= finfo(from_numpy_dtype(dtype)).max
