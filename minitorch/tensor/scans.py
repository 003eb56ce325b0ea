"""Methods: running sums, products and extremes; differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import differences, scans
from minitorch.ops.inplace import in_place
from minitorch.ops.shapes import reshape
from minitorch.tensor.numpy_protocol import FUNCTIONS


class ScanMethods(TensorState):
    __slots__ = ()

    cumsum = scans.cumsum
    cumprod = scans.cumprod
    cummax = scans.cummax
    cummin = scans.cummin
    logcumsumexp = scans.logcumsumexp
    diff = differences.diff

    cumsum_ = in_place(scans.cumsum)
    cumprod_ = in_place(scans.cumprod)


def _numpy_form(op: Any) -> Any:
    """NumPy's call of a scan: without `axis`, over the flattened tensor."""

    def call(a: Any, axis: int | None = None) -> Any:
        return op(reshape(a, (-1,)), 0) if axis is None else op(a, axis)

    return call


FUNCTIONS.update(
    {
        np.cumsum: _numpy_form(scans.cumsum),
        np.cumprod: _numpy_form(scans.cumprod),
        np.diff: lambda a, n=1, axis=-1: differences.diff(a, n, axis),
        np.trapezoid: lambda y, x=None, dx=1.0, axis=-1: differences.trapezoid(
            y, x, dx=dx, dim=axis
        ),
    }
)
