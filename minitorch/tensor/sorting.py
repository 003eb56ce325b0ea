"""Methods: order, rank, distinct values and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import counting, quantiles, searching, sorting
from minitorch.ops.along import take_along
from minitorch.ops.dims import check_dim
from minitorch.tensor.numpy_protocol import FUNCTIONS


class SortMethods(TensorState):
    __slots__ = ()

    sort = sorting.sort
    argsort = sorting.argsort
    msort = sorting.msort
    topk = sorting.topk
    kthvalue = sorting.kthvalue
    median = sorting.median
    nanmedian = sorting.nanmedian
    mode = sorting.mode
    quantile = quantiles.quantile
    nanquantile = quantiles.nanquantile

    unique = searching.unique
    unique_consecutive = searching.unique_consecutive

    bincount = counting.bincount
    histc = counting.histc
    histogram = counting.histogram


def _take_along_axis(arr: Any, indices: Any, axis: int = -1) -> Any:
    indices = indices._data if isinstance(indices, TensorState) else indices
    return take_along(arr, indices, check_dim(axis, arr.ndim))


FUNCTIONS.update(
    {
        np.sort: lambda a, axis=-1: sorting.sort(a, axis).values,
        np.argsort: lambda a, axis=-1: sorting.argsort(a, axis),
        np.take_along_axis: _take_along_axis,
    }
)
