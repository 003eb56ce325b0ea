"""Averages and norms of windows: avg_pool and lp_pool.  Shapes as in `minitorch.ops.pooling`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import wrap
from minitorch.ops.arithmetic import div, mul, neg
from minitorch.ops.orders import keeps_channels_last
from minitorch.ops.out import with_out
from minitorch.ops.pooling import (
    batched,
    check_input,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    parts,
    planes_of,
    pool_windows,
    reduce_windows,
    taps_along,
)
from minitorch.ops.powers import pow
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import rounded_once
from minitorch.ops.signs import abs
from minitorch.ops.where import keep
from minitorch.ops.windows import Windows, each_dim

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["avg_pool1d", "avg_pool2d", "avg_pool3d", "lp_pool1d", "lp_pool2d", "lp_pool3d"]

_MAX = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}


@primitive
def _window_sums(x, /, windows):
    planes, half = planes_of(x), x.dtype.itemsize == 2 and x.dtype.kind in "fV"
    out = np.empty((len(planes), *windows.places), x.dtype)
    for part in parts(planes):
        some = planes[part].astype(np.float32) if half else planes[part]
        out[part] = reduce_windows(np.add, some, windows, 0)
    return out.reshape(*x.shape[:2], *windows.places)


@primitive
def _add_windows(g, x, /, windows):
    """Every `g` added to all inputs of its window: the adjoint of `_window_sums`."""
    planes, half = planes_of(g), g.dtype.itemsize == 2 and g.dtype.kind in "fV"
    dx = np.empty((len(planes), *windows.sizes), g.dtype)
    dims = len(windows.kernel)
    for part in parts(dx):
        some = planes[part].astype(np.float32) if half else planes[part]
        for dim in reversed(range(dims)):
            shape = list(some.shape)
            shape[1 + dim] = windows.sizes[dim]
            wide = np.zeros(shape, some.dtype)
            for at, inputs, _ in taps_along(windows, dim, dims + 1):
                wide[inputs] += some[at]
            some = wide
        dx[part] = some
    return dx.reshape(*g.shape[:2], *windows.sizes)


# As in PyTorch, the gradient names x although it does not depend on it: its own is zero, not None.
_window_sums.gradient(x=lambda g, x, windows: _add_windows(g, x, windows))
_add_windows.gradient(
    g=lambda g, windows: _window_sums(g, windows), x=lambda g, x: np.zeros_like(x)
)


def _counts(windows: Windows, include_pad: bool) -> Any:
    """How many elements each window has: one number, or an array with the shape of the places."""
    total: Any = 1
    for k, s, p, _, size, places in zip(*windows):
        first = np.arange(places) * s - p
        last = np.minimum(first + k, size + p)
        if not include_pad:
            first, last = np.maximum(first, 0), np.minimum(last, size)
        total = np.expand_dims(total, -1) * (last - first)
    return int(total.flat[0]) if total.size and np.all(total == total.flat[0]) else total


@rounded_once
def _average(
    name: str, dims: int, input: Any, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor_override: int | None = None,
) -> Any:  # fmt: skip
    check_input(name, dims, input, integers=True)
    if input._data.dtype.kind in "iu" and input._data.dtype != np.int64:
        raise NotImplementedError(f"{name}() is not for {from_numpy_dtype(input._data.dtype)}")
    if divisor_override == 0:
        raise RuntimeError(f"{name}(): divisor_override must not be zero")
    windows = pool_windows(name, input, dims, kernel_size, stride, padding, 1, ceil_mode)
    counts = divisor_override or _counts(windows, count_include_pad)
    if not isinstance(counts, int):
        counts = wrap(counts.astype(input._data.dtype))
    rounding = "trunc" if input._data.dtype.kind == "i" else None
    return batched(
        dims, input, lambda x: div(_window_sums(x, windows), counts, rounding_mode=rounding)
    )


@with_out
def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The average of every window, (N, C, L) -> (N, C, L'): see `avg_pool2d`."""
    return _average("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad)  # fmt: skip


@with_out
@keeps_channels_last
def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The average of every window, (N, C, H, W) -> (N, C, H', W').

    Padding is zeros, which count in the average if `count_include_pad`; `divisor_override` is
    what to divide by instead of the number of elements.

    >>> import minitorch
    >>> minitorch.nn.functional.avg_pool2d(minitorch.arange(4.0).reshape(1, 1, 2, 2), 2)
    tensor([[[[1.5000]]]])
    """
    return _average("avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad, divisor_override)  # fmt: skip


@with_out
def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The average of every window, (N, C, D, H, W) -> (N, C, D', H', W'): see `avg_pool2d`."""
    return _average("avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode,
                    count_include_pad, divisor_override)  # fmt: skip


def _power_average(
    dims: int, input: Any, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Any:
    name = f"lp_pool{dims}d"
    if norm_type in (math.inf, -math.inf):
        side = abs(input) if norm_type > 0 else neg(abs(input))
        top = _MAX[dims](side, kernel_size, stride, 0, 1, ceil_mode)
        return top if norm_type > 0 else neg(top)
    powers = pow(input, norm_type)
    mean = _average(name, dims, powers, kernel_size, stride, 0, ceil_mode, True)
    elements = math.prod(each_dim(name, "kernel_size", kernel_size, dims))
    total = mul(keep(mean, mean._data != 0), elements)  # no gradient at 0, where a root is steep
    return pow(total, 1.0 / norm_type)


def lp_pool1d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """``(sum of x ** norm_type over the window) ** (1 / norm_type)``, (N, C, L) -> (N, C, L').

    >>> import minitorch
    >>> minitorch.nn.functional.lp_pool1d(minitorch.tensor([[3.0, 4.0]]), 2, 2)
    tensor([[5.]])
    """
    return _power_average(1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool1d` over two dimensions, (N, C, H, W) -> (N, C, H', W')."""
    return _power_average(2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(
    input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Tensor:
    """`lp_pool1d` over three dimensions, (N, C, D, H, W) -> (N, C, D', H', W')."""
    return _power_average(3, input, norm_type, kernel_size, stride, ceil_mode)
