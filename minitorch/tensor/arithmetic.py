"""Methods: arithmetic, and Python's operators for it."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import arithmetic, bounds, operators, powers, rounding, signs
from minitorch.ops.checks import check_tensor
from minitorch.ops.inplace import in_place
from minitorch.tensor.numpy_protocol import FUNCTIONS, UFUNCS


class ArithmeticMethods(TensorState):
    __slots__ = ()

    # --- operators ----------------------------------------------------------------------------

    __add__ = __radd__ = operators.add.operator
    __sub__ = operators.sub.operator
    __mul__ = __rmul__ = operators.mul.operator
    __truediv__ = __div__ = operators.div.operator
    __floordiv__ = rounding.floor_divide.operator
    __mod__ = rounding.remainder.operator
    __pow__ = powers.pow
    __neg__ = operators.neg
    __pos__ = arithmetic.positive
    __abs__ = signs.abs

    def __rsub__(self, other: Any) -> Any:
        return operators.sub(other, self) if isinstance(self, TensorState) else NotImplemented

    def __rtruediv__(self, other: Any) -> Any:
        check_tensor("__rtruediv__", self)
        return operators.div(other, self)

    __rdiv__ = __rtruediv__

    def __rfloordiv__(self, other: Any) -> Any:
        return rounding.floor_divide(other, self)

    def __rmod__(self, other: Any) -> Any:
        return rounding.remainder(other, self)

    def __rpow__(self, other: Any) -> Any:
        return powers.pow(other, self)

    __iadd__ = in_place(operators.add)
    __isub__ = in_place(operators.sub)
    __imul__ = in_place(operators.mul)
    __itruediv__ = __idiv__ = in_place(operators.div)
    __ifloordiv__ = in_place(rounding.floor_divide)
    __imod__ = in_place(rounding.remainder)
    __ipow__ = in_place(powers.pow)

    # --- arithmetic ---------------------------------------------------------------------------

    abs = signs.abs
    absolute = signs.abs
    add = arithmetic.add
    addcdiv = arithmetic.addcdiv
    addcmul = arithmetic.addcmul
    div = arithmetic.div
    divide = arithmetic.div
    gcd = arithmetic.gcd
    lcm = arithmetic.lcm
    lerp = arithmetic.lerp
    mul = arithmetic.mul
    multiply = arithmetic.mul
    neg = arithmetic.neg
    negative = arithmetic.neg
    positive = arithmetic.positive
    sgn = signs.sgn
    sign = signs.sign
    signbit = signs.signbit
    copysign = signs.copysign
    heaviside = signs.heaviside
    nextafter = signs.nextafter
    sub = arithmetic.sub
    subtract = arithmetic.sub
    true_divide = arithmetic.div

    abs_ = in_place(signs.abs)
    absolute_ = in_place(signs.abs, "absolute_")
    add_ = in_place(arithmetic.add)
    addcdiv_ = in_place(arithmetic.addcdiv)
    addcmul_ = in_place(arithmetic.addcmul)
    div_ = in_place(arithmetic.div)
    divide_ = in_place(arithmetic.div, "divide_")
    gcd_ = in_place(arithmetic.gcd)
    lcm_ = in_place(arithmetic.lcm)
    lerp_ = in_place(arithmetic.lerp)
    mul_ = in_place(arithmetic.mul)
    multiply_ = in_place(arithmetic.mul, "multiply_")
    neg_ = in_place(arithmetic.neg)
    negative_ = in_place(arithmetic.neg, "negative_")
    sgn_ = in_place(signs.sgn)
    sign_ = in_place(signs.sign)
    sub_ = in_place(arithmetic.sub)
    subtract_ = in_place(arithmetic.sub, "subtract_")
    true_divide_ = in_place(arithmetic.div, "true_divide_")

    copysign_ = in_place(signs.copysign)
    heaviside_ = in_place(signs.heaviside)
    nextafter_ = in_place(signs.nextafter)

    # --- powers -------------------------------------------------------------------------------

    float_power = powers.float_power
    hypot = powers.hypot
    ldexp = powers.ldexp
    pow = powers.pow
    reciprocal = powers.reciprocal
    rsqrt = powers.rsqrt
    sqrt = powers.sqrt
    square = powers.square

    _float_power_ = in_place(powers.float_power)
    hypot_ = in_place(powers.hypot)
    ldexp_ = in_place(powers.ldexp)
    pow_ = in_place(powers.pow)
    reciprocal_ = in_place(powers.reciprocal)
    rsqrt_ = in_place(powers.rsqrt)
    sqrt_ = in_place(powers.sqrt)
    square_ = in_place(powers.square)

    def float_power_(self, exponent: Any) -> Any:
        """`float_power` in place, which only a double tensor can hold."""
        if self._data.dtype not in (np.float64, np.complex128):
            raise RuntimeError(f"float_power_() needs a double tensor, not {self._data.dtype}")
        return self._float_power_(exponent)

    # --- rounding -----------------------------------------------------------------------------

    ceil = rounding.ceil
    fix = rounding.trunc
    floor = rounding.floor
    floor_divide = rounding.floor_divide
    fmod = rounding.fmod
    frac = rounding.frac
    remainder = rounding.remainder
    round = rounding.round
    trunc = rounding.trunc

    ceil_ = in_place(rounding.ceil)
    fix_ = in_place(rounding.trunc, "fix_")
    floor_ = in_place(rounding.floor)
    floor_divide_ = in_place(rounding.floor_divide)
    fmod_ = in_place(rounding.fmod)
    frac_ = in_place(rounding.frac)
    remainder_ = in_place(rounding.remainder)
    round_ = in_place(rounding.round)
    trunc_ = in_place(rounding.trunc)

    # --- bounds -------------------------------------------------------------------------------

    clamp = bounds.clamp
    clamp_max = bounds.clamp_max
    clamp_min = bounds.clamp_min
    clip = bounds.clamp
    fmax = bounds.fmax
    fmin = bounds.fmin
    maximum = bounds.maximum
    minimum = bounds.minimum

    clamp_ = in_place(bounds.clamp)
    clamp_max_ = in_place(bounds.clamp_max)
    clamp_min_ = in_place(bounds.clamp_min)
    clip_ = in_place(bounds.clamp, "clip_")


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    """NumPy's call of `clamp`, by its old and its new names."""
    return bounds.clamp(a, min if a_min is None else a_min, max if a_max is None else a_max)


UFUNCS.update(
    {
        np.absolute: signs.abs,
        np.add: operators.add.ufunc,
        np.ceil: rounding.ceil,
        np.float_power: powers.float_power,
        np.floor: rounding.floor,
        np.floor_divide: rounding.floor_divide.ufunc,
        np.fmax: bounds.fmax.ufunc,
        np.fmin: bounds.fmin.ufunc,
        np.copysign: signs.copysign.ufunc,
        np.heaviside: signs._heaviside.ufunc,
        np.nextafter: signs.nextafter.ufunc,
        np.fmod: rounding.fmod.ufunc,
        np.gcd: arithmetic.gcd.ufunc,
        np.hypot: powers.hypot.ufunc,
        np.ldexp: powers.ldexp,
        np.lcm: arithmetic.lcm.ufunc,
        np.maximum: bounds.maximum.ufunc,
        np.minimum: bounds.minimum.ufunc,
        np.multiply: operators.mul.ufunc,
        np.negative: operators.neg,
        np.positive: arithmetic.positive,
        np.power: powers.pow,
        np.reciprocal: powers.reciprocal,
        np.remainder: rounding.remainder.ufunc,
        np.rint: rounding.round,
        np.sign: signs.sgn,
        np.signbit: signs.signbit,
        np.sqrt: powers.sqrt,
        np.square: powers.square,
        np.subtract: operators.sub.ufunc,
        np.true_divide: operators.div.ufunc,
        np.trunc: rounding.trunc,
    }
)

FUNCTIONS.update(
    {
        np.clip: _clip,
        np.fix: rounding.trunc,
        np.round: lambda a, decimals=0: rounding.round(a, decimals=decimals),
    }
)
