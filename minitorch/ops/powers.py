"""Powers and roots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import common_dtype
from minitorch.engine.state import TensorState
from minitorch.ops.checks import check_tensor
from minitorch.ops.exponential import exp2
from minitorch.ops.operators import mul
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import in_dtype, in_single, refusal, unify
from minitorch.ops.where import keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "float_power",
    "hypot",
    "ldexp",
    "pow",
    "reciprocal",
    "rsqrt",
    "sqrt",
    "square",
]

NUMBERS = (int, float, complex)


@primitive
def _pow(input, /, exponent):
    """To the power of a number.  Small whole powers are products: ten times faster than pow()."""
    if exponent == 0.5:
        return np.sqrt(input)
    if input.dtype.kind in "iu" or not abs(exponent) <= 8 or exponent != int(exponent.real):
        return np.power(input, np.asarray(exponent).astype(input.dtype))
    if exponent < 0:
        return 1 / _pow(input, -exponent)
    if exponent == 0:
        return np.ones_like(input)
    out = input.copy() if exponent == 1 else input * input
    for _ in range(int(exponent) - 2):
        out *= input
    return out


def _power(input, n):
    return input if n == 1 else _pow(input, n)


_pow.gradient(
    input=lambda g, input, exponent: (
        g * (exponent * _power(input, exponent - 1)) if exponent != 0 else np.zeros_like(g)
    )
)


@elementwise(numbers="one")
def _pow_(input, other):
    """To the power of a tensor."""
    if input.dtype.kind == "b":
        raise TypeError
    if input.dtype.kind != "i":
        return np.power(input, other)
    # As integers, 1 / x is 0 but for 1 and -1; NumPy would refuse.
    below = other < 0
    ones = (np.abs(input) == 1) & below
    out = np.power(input, np.where(below, other & 1, other))
    return np.where(below & ~ones, 0, out)


_pow_.gradient(
    input=lambda g, input, other: keep(  # 0 where 0 * inf (or NaN) would not be
        g * (other * np.power(input, other - 1)), (other != 0) | (np.abs(input) > 0)
    ),
    other=lambda g, input, other, out: g * keep(out * np.log(input), _not_at_zero(input, other)),
)


def _not_at_zero(input, other):
    if np.iscomplexobj(other):
        return (input != 0) | (np.imag(other) != 0) | (np.real(other) < 0)
    return (input != 0) | (other < 0)


def pow(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """``input ** exponent``; one of the two may be a number.

    >>> import minitorch
    >>> minitorch.pow(minitorch.tensor([1.0, 2.0, 3.0]), 2)
    tensor([1., 4., 9.])
    """
    if isinstance(exponent, TensorState):
        if not isinstance(input, TensorState):
            input, exponent = unify("pow", input, exponent)
            input = np.asarray(input, exponent._data.dtype)
        return _pow_(input, exponent, out=out)
    if not isinstance(input, TensorState) or not isinstance(exponent, NUMBERS):
        return _pow_(input, exponent, out=out)  # which knows what to do, or what to say
    dtype = input._data.dtype
    if dtype.kind not in "fc" or isinstance(exponent, complex):
        dtype = common_dtype(input._data, exponent)
        if dtype.kind == "b":
            raise refusal("pow", (input._data,), TypeError())
        if dtype.kind in "iu" and not isinstance(exponent, complex) and exponent < 0:
            raise RuntimeError(
                f"pow(): integers cannot be raised to the negative power {exponent}; "
                "call float() first"
            )
        input = in_dtype(input, dtype)
    result = _pow(input, exponent)
    return result if out is None else store(out, result)


def square(input: Tensor, *, out: Any = None) -> Tensor:
    """``input ** 2``."""
    return pow(input, 2, out=out)


def float_power(input: Any, exponent: Any, *, out: Any = None) -> Tensor:
    """``input ** exponent`` in double precision."""
    both = [x._data if isinstance(x, TensorState) else x for x in (input, exponent)]
    dtype = np.complex128 if common_dtype(*both).kind == "c" else np.float64
    wide = [
        in_dtype(x, np.dtype(dtype)) if isinstance(x, TensorState) else x for x in (input, exponent)
    ]
    return pow(*wide, out=out)


@elementwise("float", ufunc=np.sqrt)
def sqrt(input):
    """The square root; NaN below 0.

    >>> import minitorch
    >>> minitorch.sqrt(minitorch.tensor([4.0, 2.0]))
    tensor([2.0000, 1.4142])
    """


sqrt.gradient(input=lambda g, out: g / (out * 2))


@elementwise("float")
@in_single
def rsqrt(input):
    """``1 / sqrt(input)``."""
    return 1 / np.sqrt(input)


rsqrt.gradient(input=lambda g, out: g * (out * out * out * -0.5))


@elementwise("float")
def reciprocal(input):
    """``1 / input``."""
    return 1 / input


reciprocal.gradient(input=lambda g, out: g * (-out * out))


@elementwise(kinds="fV", numbers="none")
def hypot(input, other):
    """``sqrt(input**2 + other**2)`` without overflow."""
    return np.hypot(input, other)


hypot.gradient(
    input=lambda g, input, out: g * (input / out),
    other=lambda g, other, out: g * (other / out),
)


def ldexp(input: Tensor, other: Tensor, *, out: Any = None) -> Tensor:
    """``input * 2**other``."""
    check_tensor("ldexp", input, other)
    mantissa, exponent = unify("ldexp", input, other, floats=True)
    return mul(mantissa, exp2(exponent), out=out)
