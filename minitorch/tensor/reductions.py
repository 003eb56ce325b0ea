"""Methods: sums, products and counts over dimensions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import extremes, scans
from minitorch.ops import reductions as ops
from minitorch.ops.along import take_along
from minitorch.ops.dims import check_dim
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

    cumsum = scans.cumsum
    cumprod = scans.cumprod
    cummax = scans.cummax
    cummin = scans.cummin
    logcumsumexp = scans.logcumsumexp

    cumsum_ = in_place(scans.cumsum)
    cumprod_ = in_place(scans.cumprod)


def _numpy_form(op: Any) -> Any:
    """NumPy's call of a reduction: `axis` () reduces nothing, None everything."""

    def call(a: Any, axis: Any = None, keepdims: bool = False, **settings: Any) -> Any:
        if axis == ():
            return a
        return op(a, axis, keepdims, **settings)

    return call


for function, op in {
    np.sum: ops.sum,
    np.mean: ops.mean,
    np.prod: ops.prod,
    np.nansum: ops.nansum,
    np.nanmean: ops.nanmean,
    np.all: ops.all,
    np.any: ops.any,
    np.max: extremes.amax,
    np.min: extremes.amin,
    np.argmax: extremes.argmax,
    np.argmin: extremes.argmin,
}.items():
    FUNCTIONS[function] = _numpy_form(op)


def _take_along_axis(arr: Any, indices: Any, axis: int = -1) -> Any:
    indices = indices._data if isinstance(indices, TensorState) else indices
    return take_along(arr, indices, check_dim(axis, arr.ndim))


FUNCTIONS[np.take_along_axis] = _take_along_axis
