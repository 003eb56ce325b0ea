"""Methods: exponentials, trigonometry, activations, complex numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import (
    activations,
    complex_numbers,
    exponential,
    rectifiers,
    special_functions,
    trigonometry,
)
from minitorch.ops import softmax as softmaxes
from minitorch.ops.inplace import in_place
from minitorch.tensor.numpy_protocol import FUNCTIONS, UFUNCS


class ElementaryMethods(TensorState):
    __slots__ = ()

    # --- exponentials and logarithms ----------------------------------------------------------

    exp = exponential.exp
    exp2 = exponential.exp2
    expm1 = exponential.expm1
    log = exponential.log
    log10 = exponential.log10
    log1p = exponential.log1p
    log2 = exponential.log2
    logaddexp = exponential.logaddexp
    logaddexp2 = exponential.logaddexp2
    xlogy = exponential.xlogy

    exp_ = in_place(exponential.exp)
    exp2_ = in_place(exponential.exp2)
    expm1_ = in_place(exponential.expm1)
    log_ = in_place(exponential.log)
    log10_ = in_place(exponential.log10)
    log1p_ = in_place(exponential.log1p)
    log2_ = in_place(exponential.log2)
    xlogy_ = in_place(exponential.xlogy)

    # --- trigonometry -------------------------------------------------------------------------

    acos = trigonometry.acos
    acosh = trigonometry.acosh
    arccos = trigonometry.acos
    arccosh = trigonometry.acosh
    arcsin = trigonometry.asin
    arcsinh = trigonometry.asinh
    arctan = trigonometry.atan
    arctan2 = trigonometry.atan2
    arctanh = trigonometry.atanh
    asin = trigonometry.asin
    asinh = trigonometry.asinh
    atan = trigonometry.atan
    atan2 = trigonometry.atan2
    atanh = trigonometry.atanh
    cos = trigonometry.cos
    cosh = trigonometry.cosh
    deg2rad = trigonometry.deg2rad
    rad2deg = trigonometry.rad2deg
    sin = trigonometry.sin
    sinc = trigonometry.sinc
    sinh = trigonometry.sinh
    tan = trigonometry.tan
    tanh = trigonometry.tanh

    acos_ = in_place(trigonometry.acos)
    acosh_ = in_place(trigonometry.acosh)
    arccos_ = in_place(trigonometry.acos, "arccos_")
    arccosh_ = in_place(trigonometry.acosh, "arccosh_")
    arcsin_ = in_place(trigonometry.asin, "arcsin_")
    arcsinh_ = in_place(trigonometry.asinh, "arcsinh_")
    arctan_ = in_place(trigonometry.atan, "arctan_")
    arctan2_ = in_place(trigonometry.atan2, "arctan2_")
    arctanh_ = in_place(trigonometry.atanh, "arctanh_")
    asin_ = in_place(trigonometry.asin)
    asinh_ = in_place(trigonometry.asinh)
    atan_ = in_place(trigonometry.atan)
    atan2_ = in_place(trigonometry.atan2)
    atanh_ = in_place(trigonometry.atanh)
    cos_ = in_place(trigonometry.cos)
    cosh_ = in_place(trigonometry.cosh)
    deg2rad_ = in_place(trigonometry.deg2rad)
    rad2deg_ = in_place(trigonometry.rad2deg)
    sin_ = in_place(trigonometry.sin)
    sinc_ = in_place(trigonometry.sinc)
    sinh_ = in_place(trigonometry.sinh)
    tan_ = in_place(trigonometry.tan)
    tanh_ = in_place(trigonometry.tanh)

    # --- activations --------------------------------------------------------------------------

    log_softmax = softmaxes.log_softmax
    logit = activations.logit
    hardshrink = rectifiers.hardshrink
    prelu = rectifiers.prelu
    relu = rectifiers.relu
    sigmoid = activations.sigmoid
    softmax = softmaxes.softmax

    logit_ = in_place(activations.logit)
    relu_ = in_place(rectifiers.relu)
    sigmoid_ = in_place(activations.sigmoid)

    # --- special functions --------------------------------------------------------------------

    digamma = special_functions.digamma
    erf = special_functions.erf
    erfc = special_functions.erfc
    erfinv = special_functions.erfinv
    i0 = special_functions.i0
    igamma = special_functions.igamma
    igammac = special_functions.igammac
    lgamma = special_functions.lgamma
    mvlgamma = special_functions.mvlgamma

    def polygamma(self: Any, n: int) -> Any:
        """The `n`-th derivative of `digamma`."""
        return special_functions.polygamma(n, self)

    digamma_ = in_place(special_functions.digamma)
    erf_ = in_place(special_functions.erf)
    erfc_ = in_place(special_functions.erfc)
    erfinv_ = in_place(special_functions.erfinv)
    i0_ = in_place(special_functions.i0)
    igamma_ = in_place(special_functions.igamma)
    igammac_ = in_place(special_functions.igammac)
    lgamma_ = in_place(special_functions.lgamma)
    mvlgamma_ = in_place(special_functions.mvlgamma)
    polygamma_ = in_place(polygamma)

    # --- complex numbers ----------------------------------------------------------------------

    @property
    def real(self: Any) -> Any:
        """The real part, as a view; assigning writes through it."""
        return complex_numbers.real(self)

    @real.setter
    def real(self: Any, value: Any) -> None:
        complex_numbers.real(self).copy_(value)

    @property
    def imag(self: Any) -> Any:
        """The imaginary part, as a view; assigning writes through it."""
        return complex_numbers.imag(self)

    @imag.setter
    def imag(self: Any, value: Any) -> None:
        complex_numbers.imag(self).copy_(value)

    angle = complex_numbers.angle
    conj = complex_numbers.conj
    conj_physical = complex_numbers.conj_physical
    is_conj = complex_numbers.is_conj
    is_neg = complex_numbers.is_neg
    isreal = complex_numbers.isreal
    resolve_conj = complex_numbers.resolve_conj
    resolve_neg = complex_numbers.resolve_neg
    conj_physical_ = in_place(complex_numbers.conj_physical)


UFUNCS.update(
    {
        np.arccos: trigonometry.acos,
        np.arccosh: trigonometry.acosh,
        np.arcsin: trigonometry.asin,
        np.arcsinh: trigonometry.asinh,
        np.arctan: trigonometry.atan,
        np.arctan2: trigonometry.atan2.ufunc,
        np.arctanh: trigonometry.atanh,
        np.conjugate: complex_numbers.conj,
        np.cos: trigonometry.cos,
        np.cosh: trigonometry.cosh,
        np.deg2rad: trigonometry.deg2rad,
        np.degrees: trigonometry.rad2deg,
        np.exp: exponential.exp,
        np.exp2: exponential.exp2,
        np.expm1: exponential.expm1,
        np.log: exponential.log,
        np.log10: exponential.log10,
        np.log1p: exponential.log1p,
        np.log2: exponential.log2,
        np.logaddexp: exponential.logaddexp.ufunc,
        np.logaddexp2: exponential.logaddexp2.ufunc,
        np.rad2deg: trigonometry.rad2deg,
        np.radians: trigonometry.deg2rad,
        np.sin: trigonometry.sin,
        np.sinh: trigonometry.sinh,
        np.tan: trigonometry.tan,
        np.tanh: trigonometry.tanh,
    }
)

FUNCTIONS.update(
    {
        np.angle: complex_numbers.angle,
        np.i0: special_functions.i0,
        np.imag: complex_numbers.imag,
        np.iscomplexobj: lambda x: x._data.dtype.kind == "c",
        np.isreal: complex_numbers.isreal,
        np.real: complex_numbers.real,
        np.sinc: trigonometry.sinc,
    }
)
