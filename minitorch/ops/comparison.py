"""Comparisons and tests: tensors of booleans.  None of them has a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minitorch.dtypes import default_numpy, from_numpy_dtype
from minitorch.engine.state import wrap
from minitorch.ops.checks import check_tensor
from minitorch.ops.primitive import elementwise
from minitorch.ops.promotion import refusal

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "allclose",
    "eq",
    "equal",
    "ge",
    "greater",
    "greater_equal",
    "gt",
    "isclose",
    "isfinite",
    "isinf",
    "isnan",
    "isneginf",
    "isposinf",
    "le",
    "less",
    "less_equal",
    "lt",
    "ne",
    "not_equal",
]

ORDERED = "biufV"


@elementwise(numbers="other")
def eq(input, other):
    """``input == other``, element by element."""
    return np.equal(input, other)


@elementwise(numbers="other")
def ne(input, other):
    """``input != other``, element by element."""
    return np.not_equal(input, other)


@elementwise(kinds=ORDERED, numbers="other")
def lt(input, other):
    """``input < other``, element by element."""
    return np.less(input, other)


@elementwise(kinds=ORDERED, numbers="other")
def le(input, other):
    """``input <= other``, element by element."""
    return np.less_equal(input, other)


@elementwise(kinds=ORDERED, numbers="other")
def gt(input, other):
    """``input > other``, element by element."""
    return np.greater(input, other)


@elementwise(kinds=ORDERED, numbers="other")
def ge(input, other):
    """``input >= other``, element by element."""
    return np.greater_equal(input, other)


not_equal, less, less_equal, greater, greater_equal = ne, lt, le, gt, ge


@elementwise()
def isnan(input):
    """Whether each element is NaN.

    >>> import minitorch
    >>> minitorch.isnan(minitorch.tensor([1.0, float("nan")]))
    tensor([False,  True])
    """
    return np.isnan(input)


@elementwise()
def isinf(input):
    """Whether each element is infinite, of either sign."""
    return np.isinf(input)


@elementwise()
def isfinite(input):
    """Whether each element is neither infinite nor NaN."""
    return np.isfinite(input)


@elementwise(kinds=ORDERED)
def isposinf(input):
    """Whether each element is plus infinity."""
    return np.equal(input, np.inf)


@elementwise(kinds=ORDERED)
def isneginf(input):
    """Whether each element is minus infinity."""
    return np.equal(input, -np.inf)


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and the same elements (NaN is not equal to NaN).

    >>> import minitorch
    >>> minitorch.equal(minitorch.tensor([1, 2]), minitorch.tensor([1, 2]))
    True
    """
    check_tensor("equal", input, other)
    return np.array_equal(input._data, other._data)


def isclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> Tensor:
    """Whether ``abs(input - other) <= atol + rtol * abs(other)``, element by element."""
    check_tensor("isclose", input, other)
    x, y = input._data, other._data
    if x.dtype != y.dtype:
        raise RuntimeError(
            f"isclose() compares tensors of one dtype, got {from_numpy_dtype(x.dtype)} "
            f"and {from_numpy_dtype(y.dtype)}"
        )
    if rtol < 0 or atol < 0:
        raise RuntimeError(f"isclose(): rtol and atol must not be negative, got {rtol} and {atol}")
    try:
        close = np.equal(x, y)
    except ValueError as error:
        raise refusal("isclose", (x, y), error) from None
    if rtol or atol:
        if x.dtype.kind in "biu":
            x, y = x.astype(default_numpy()), y.astype(default_numpy())
        distance = np.abs(x - y)
        close = close | (np.isfinite(distance) & (distance <= atol + np.abs(rtol * y)))
    if equal_nan and x.dtype.kind in "fcV":
        close = close | (np.isnan(x) & np.isnan(y))
    return wrap(np.asarray(close))


def allclose(
    input: Tensor,
    other: Tensor,
    rtol: float = 1e-05,
    atol: float = 1e-08,
    equal_nan: bool = False,
) -> bool:
    """Whether all elements are close: see `isclose`.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 2.0])
    >>> minitorch.allclose(x, x + 1e-7), minitorch.allclose(x, x + 1e-3)
    (True, False)
    """
    return bool(np.all(isclose(input, other, rtol, atol, equal_nan)._data))
