"""How a sample moves when a parameter does: implicit reparameterization (Figurnov et al., 2018).

A sample z of the distribution F(z; a) stays at its quantile when ``dz/da = -(dF/da) / (dF/dz)``.
The derivative of F to its parameter has no closed form for gamma and beta: it is taken by a
five-point difference, of F or of its complement, whichever is small and therefore accurate.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .gamma import lgamma
from .incomplete import gammainc, gammaincc
from .incomplete_beta import betainc
from .tiles import Array


def gamma_sample_slope(a: Array, z: Array) -> Array:
    """dz/da for a sample z of Gamma(a, 1), in float64."""
    a, z = (np.asarray(v, np.float64) for v in np.broadcast_arrays(a, z))
    with np.errstate(all="ignore"):
        lower = _difference(lambda s: gammainc(s, z), a)
        upper = -_difference(lambda s: gammaincc(s, z), a)
        density = np.exp((a - 1) * np.log(z) - z - lgamma(a))
        slope = -np.where(z < a, lower, upper) / density
    # Far out on the left, z ~ (u * gamma(a + 1))**(1 / a) for a quantile u.
    return np.where(np.isfinite(slope), slope, 0.0)


def beta_sample_slope(a: Array, b: Array, x: Array) -> Array:
    """dx/da for a sample x of Beta(a, b), with b held fixed, in float64."""
    a, b, x = (np.asarray(v, np.float64) for v in np.broadcast_arrays(a, b, x))
    with np.errstate(all="ignore"):
        lower = _difference(lambda s: betainc(s, b, x)[0], a)
        upper = -_difference(lambda s: betainc(s, b, x)[1], a)
        density = np.exp(
            (a - 1) * np.log(x) + (b - 1) * np.log1p(-x) + lgamma(a + b) - lgamma(a) - lgamma(b)
        )
        slope = -np.where(x < a / (a + b), lower, upper) / density
    return np.where(np.isfinite(slope), slope, 0.0)


def _difference(f: Callable[[Array], Array], a: Array) -> Array:
    """df/da, to the fourth order in the step."""
    h = 5e-4 * np.minimum(a, np.sqrt(a))
    return (8 * (f(a + h) - f(a - h)) - (f(a + 2 * h) - f(a - 2 * h))) / (12 * h)
