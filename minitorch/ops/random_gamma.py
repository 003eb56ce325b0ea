"""Samples of gamma and Dirichlet distributions, differentiable with respect to their parameters."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.numerics.reparameterization import beta_sample_slope, gamma_sample_slope
from minitorch.ops.primitive import primitive
from minitorch.ops.random import stream
from minitorch.ops.undifferentiated import undifferentiated


def _constant(values: np.ndarray, name: str, *inputs: Any) -> Any:
    """`values`, computed from `inputs`; a gradient through them would have to be derived."""
    for x in inputs:
        if isinstance(x, TensorState):
            return undifferentiated(x, values, name)
    return values


def _plain(x: Any) -> np.ndarray:
    return x._data if isinstance(x, TensorState) else x


@primitive
def _gamma(concentration, /, sample):
    return sample


def _gamma_backward(g: Any, concentration: Any, out: Any) -> Any:
    a, z = _plain(concentration), _plain(out)
    slope = gamma_sample_slope(a, z).astype(z.dtype)
    return g * _constant(slope, "standard_gamma's gradient", concentration, out)


_gamma.gradient(concentration=_gamma_backward)


def standard_gamma(concentration: Any, generator: Any = None) -> Any:
    """Samples of Gamma(concentration, 1), element by element (``torch._standard_gamma``)."""
    a = concentration._data
    drawn = stream(generator).gamma(a)
    return _gamma(concentration, np.maximum(drawn, np.finfo(a.dtype).tiny).astype(a.dtype))


@primitive
def _dirichlet(concentration, /, sample):
    return sample


def _dirichlet_backward(g: Any, concentration: Any, out: Any) -> Any:
    a, x = _plain(concentration), _plain(out)
    wide = a.astype(np.float64)
    rest = np.maximum(wide.sum(-1, keepdims=True) - wide, np.finfo(np.float64).tiny)
    # Moving one component along its marginal Beta(a, rest) scales the others to make room.
    slope = beta_sample_slope(wide, rest, x) / np.maximum(1 - x.astype(np.float64), 1e-300)
    held = _constant(slope.astype(x.dtype), "dirichlet's gradient", concentration, out)
    return held * (g - np.sum(out * g, -1, keepdims=True))


_dirichlet.gradient(concentration=_dirichlet_backward)


def sample_dirichlet(concentration: Any, generator: Any = None) -> Any:
    """Samples of Dirichlet(concentration), row by row (``torch._sample_dirichlet``)."""
    a = concentration._data
    gammas = stream(generator).gamma(a)
    parts = gammas / gammas.sum(-1, keepdims=True)
    kind = np.finfo(a.dtype)
    parts = np.clip(parts, kind.tiny, np.nextafter(a.dtype.type(1), a.dtype.type(0)))
    return _dirichlet(concentration, parts.astype(a.dtype))
