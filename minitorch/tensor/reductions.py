"""Methods: sums, extremes, norms and spread over dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import extremes, norms, statistics
from minitorch.ops import reductions as ops
from minitorch.ops.inplace import in_place
from minitorch.tensor.numpy_protocol import FUNCTIONS


class ReductionMethods(TensorState):
    __slots__ = ()

    sum = ops.sum
    mean = ops.mean
    prod = ops.prod
    nansum = ops.nansum
    nanmean = ops.nanmean
    logsumexp = ops.logsumexp
    all = ops.all
    any = ops.any
    count_nonzero = ops.count_nonzero

    max = extremes.max
    min = extremes.min
    amax = extremes.amax
    amin = extremes.amin
    aminmax = extremes.aminmax
    argmax = extremes.argmax
    argmin = extremes.argmin

    norm = norms.norm
    dist = norms.dist
    renorm = norms.renorm
    renorm_ = in_place(norms.renorm)

    var = statistics.var
    std = statistics.std
    cov = statistics.cov
    corrcoef = statistics.corrcoef


def _numpy_form(op: Any) -> Any:
    """NumPy's call of a reduction: `axis` () reduces nothing, None everything."""

    def call(a: Any, axis: Any = None, keepdims: bool = False, **settings: Any) -> Any:
        if axis == ():
            return a
        return op(a, axis, keepdims, **settings)

    return call


for _function, _op in {
    np.sum: ops.sum,
    np.mean: ops.mean,
    np.prod: ops.prod,
    np.nansum: ops.nansum,
    np.nanmean: ops.nanmean,
    np.all: ops.all,
    np.any: ops.any,
    np.max: extremes.amax,
    np.min: extremes.amin,
    np.amax: extremes.amax,
    np.amin: extremes.amin,
    np.argmax: extremes.argmax,
    np.argmin: extremes.argmin,
}.items():
    FUNCTIONS[_function] = _numpy_form(_op)


def _var(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return statistics.var(a, axis, keepdim=keepdims, correction=ddof)


def _std(a: Any, axis: Any = None, ddof: float = 0, keepdims: bool = False) -> Any:
    return statistics.std(a, axis, keepdim=keepdims, correction=ddof)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return norms.linalg_norm(x, ord, axis, keepdims)


FUNCTIONS.update(
    {
        np.count_nonzero: lambda a, axis=None: ops.count_nonzero(a, axis),
        np.var: _var,
        np.std: _std,
        np.linalg.norm: _norm,
    }
)
