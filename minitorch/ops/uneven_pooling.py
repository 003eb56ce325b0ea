"""Pooling with windows that need not be alike, and its inverse.

Adaptive pooling gives an output of a wanted size: window i of n begins at ``i * size // n`` and
ends before ``ceil((i + 1) * size / n)``.  Fractional pooling draws where windows begin.
`max_unpool` puts values back to where `max_pool` found them.
"""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import take_along
from minitorch.ops.arithmetic import div
from minitorch.ops.average_pooling import avg_pool1d, avg_pool2d, avg_pool3d
from minitorch.ops.checks import check_tensor
from minitorch.ops.orders import keeps_channels_last
from minitorch.ops.pooling import (
    at_maxima,
    batched,
    check_input,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import rounded_once
from minitorch.ops.random import rand
from minitorch.ops.reductions import mean
from minitorch.ops.shapes import reshape
from minitorch.ops.windows import Sizes, each_dim

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d", "adaptive_max_pool1d",
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d", "adaptive_max_pool3d_with_indices", "fractional_max_pool2d",
    "fractional_max_pool2d_with_indices", "fractional_max_pool3d",
    "fractional_max_pool3d_with_indices", "max_unpool1d", "max_unpool2d", "max_unpool3d",
]  # fmt: skip

_AVG = {1: avg_pool1d, 2: avg_pool2d, 3: avg_pool3d}
_MAX = {1: max_pool1d, 2: max_pool2d, 3: max_pool3d}


# --- adaptive ------------------------------------------------------------------------------------


def _wanted(name: str, dims: int, input: Any, output_size: Any) -> Sizes:
    """The output's sizes; None keeps the input's."""
    check_tensor(name, input)
    if dims > 1 and isinstance(output_size, tuple | list) and input._data.ndim <= len(output_size):
        raise ValueError(
            f"{name}(): output_size {output_size} needs an input of at least "
            f"{len(output_size) + 1} dimensions, got shape {input._data.shape}"
        )
    # PyTorch wants filled what comes after the first dimension, but for plain averages windows only
    average = name in ("adaptive_avg_pool1d", "adaptive_avg_pool2d")
    check_input(name, dims, input, filled=dims if average else input._data.ndim - 1)
    sizes = input._data.shape[-dims:]
    given = output_size if isinstance(output_size, tuple | list) else (output_size,) * dims
    if len(given) != dims:
        raise RuntimeError(f"{name}(): output_size must have {dims} entries, got {output_size}")
    try:
        wanted = tuple([n if w is None else operator.index(w) for w, n in zip(given, sizes)])
    except TypeError:
        raise TypeError(f"{name}(): output_size must be integers, got {output_size}") from None
    if min(wanted) < 0:
        raise RuntimeError(f"{name}(): output_size must not be negative, got {output_size}")
    return wanted


def _divides(wanted: Sizes, input: Any) -> bool:
    """Whether all windows are alike, and ordinary pooling will do."""
    shape = input._data.shape
    return 0 not in (*wanted, *shape) and not any(
        n % w for n, w in zip(shape[-len(wanted) :], wanted)
    )


def _ranges(size: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Where each of `count` windows over `size` elements begins and ends."""
    i = np.arange(count)
    return i * size // max(count, 1), -(-(i + 1) * size // max(count, 1))


@primitive
def _range_sums(x, /, dim, ranges):
    """``x[start:end]`` summed along `dim`, for each of the `ranges`, which ascend."""
    pad = np.zeros((*x.shape[:dim], 1, *x.shape[dim + 1 :]), x.dtype)
    borders = np.stack(ranges, 1).reshape(-1)
    wide = np.float32 if x.dtype.itemsize == 2 else x.dtype
    sums = np.add.reduceat(np.concatenate([x, pad], dim), borders, dim, wide)
    return sums[(slice(None),) * dim + (slice(None, None, 2),)].astype(x.dtype)


def _transposed(ranges: tuple[np.ndarray, np.ndarray], size: int) -> tuple[np.ndarray, np.ndarray]:
    """For each of `size` elements the ranges that it is in: themselves a range."""
    start, end = ranges
    i = np.arange(size)
    return np.searchsorted(end, i, "right"), np.searchsorted(start, i, "right")


@primitive
def _add_ranges(g, x, /, dim, ranges):
    """Every `g` added to all of its range: the adjoint of `_range_sums`, with ranges transposed."""
    return _range_sums(g, dim, _transposed(ranges, x.shape[dim]))


_range_sums.gradient(x=lambda g, x, dim, ranges: _add_ranges(g, x, dim, ranges))
_add_ranges.gradient(g=lambda g, dim, ranges: _range_sums(g, dim, ranges),
                     x=lambda g, x: np.zeros_like(x))  # fmt: skip


@rounded_once
def _adaptive_average(dims: int, input: Any, output_size: Any) -> Any:
    name = f"adaptive_avg_pool{dims}d"
    wanted, sizes = _wanted(name, dims, input, output_size), input._data.shape[-dims:]
    if set(wanted) == {1}:
        return mean(input, tuple(range(-dims, 0)), True)
    if _divides(wanted, input):
        return _AVG[dims](input, tuple([n // w for n, w in zip(sizes, wanted)]))
    out, first = input, input._data.ndim - dims
    for dim, (size, count) in enumerate(zip(sizes, wanted)):
        ranges = _ranges(size, count)
        lengths = (ranges[1] - ranges[0]).astype(input._data.dtype)
        sums = _range_sums(out, first + dim, ranges)
        out = div(sums, wrap(lengths.reshape(-1, *(1,) * (dims - dim - 1))))
    return out


def _adaptive_max(dims: int, input: Any, output_size: Any, return_indices: bool) -> Any:
    name = f"adaptive_max_pool{dims}d"
    wanted, sizes = _wanted(name, dims, input, output_size), input._data.shape[-dims:]
    if _divides(wanted, input):
        kernel = tuple([n // w for n, w in zip(sizes, wanted)])
        return _MAX[dims](input, kernel, return_indices=return_indices)
    tables = []
    for size, count in zip(sizes, wanted):
        start, end = _ranges(size, count)
        longest = int((end - start).max(initial=1))
        tables.append(np.minimum(start[:, None] + np.arange(longest), end[:, None] - 1))
    both = batched(dims, input, lambda x: at_maxima(x, tables))
    return both if return_indices else both[0]


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """(N, C, L) -> (N, C, output_size): see `adaptive_avg_pool2d`."""
    return _adaptive_average(1, input, output_size)


@keeps_channels_last
def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """Averages of ``output_size`` windows spread evenly: (N, C, H, W) -> (N, C, *output_size).

    An integer counts for both dimensions, None keeps a size; 1 averages whole planes.

    >>> import minitorch
    >>> minitorch.nn.functional.adaptive_avg_pool2d(minitorch.ones(2, 3, 7, 5), (1, 2)).shape
    minitorch.Size([2, 3, 1, 2])
    """
    return _adaptive_average(2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """(N, C, D, H, W) -> (N, C, *output_size): see `adaptive_avg_pool2d`."""
    return _adaptive_average(3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """(N, C, L) -> (N, C, output_size): see `adaptive_max_pool2d`."""
    return _adaptive_max(1, input, output_size, return_indices)


@keeps_channels_last
def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """Maxima of ``output_size`` windows spread evenly: (N, C, H, W) -> (N, C, *output_size).

    With `return_indices` also where they are, as numbers in the flattened plane.

    >>> import minitorch
    >>> x = minitorch.arange(6.0).reshape(1, 1, 2, 3)
    >>> minitorch.nn.functional.adaptive_max_pool2d(x, (1, 2))
    tensor([[[[4., 5.]]]])
    """
    return _adaptive_max(2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """(N, C, D, H, W) -> (N, C, *output_size): see `adaptive_max_pool2d`."""
    return _adaptive_max(3, input, output_size, return_indices)


def adaptive_max_pool1d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool1d` with ``return_indices=True``."""
    return _adaptive_max(1, input, output_size, True)


def adaptive_max_pool2d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool2d` with ``return_indices=True``."""
    return _adaptive_max(2, input, output_size, True)


def adaptive_max_pool3d_with_indices(
    input: Tensor, output_size: Any, return_indices: bool = False
) -> tuple[Tensor, Tensor]:
    """`adaptive_max_pool3d` with ``return_indices=True``."""
    return _adaptive_max(3, input, output_size, True)


# --- fractional ----------------------------------------------------------------------------------


def _fractional(
    dims: int, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, samples: Any,
) -> Any:  # fmt: skip
    name = f"fractional_max_pool{dims}d"
    if output_size is None and output_ratio is None:
        raise ValueError(f"{name} requires specifying either an output_size or an output_ratio")
    check_input(name, dims, input)
    shape = input._data.shape
    sizes, kernel = shape[-dims:], each_dim(name, "kernel_size", kernel_size, dims)
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, tuple | list) else (output_ratio,) * dims
        if len(ratios) != dims:
            raise ValueError(f"{name} requires output_ratio to be a number or {dims} of them")
        output_size = [int(n * r) for n, r in zip(sizes, ratios)]
    places = each_dim(name, "output_size", output_size, dims)
    for n, k, count in zip(sizes, kernel, places):
        if count < 1 or k < 1 or count + k - 1 > n:
            raise RuntimeError(
                f"{name}(): {places} windows of {kernel} do not fit into an input of {sizes}"
            )
    lead = (shape[0] if len(shape) == dims + 2 else 1, shape[-dims - 1])
    if samples is None:
        samples = rand(*lead, dims, dtype=input.dtype)
    elif samples._data.shape[1:] != (lead[1], dims) or len(samples._data) < lead[0]:
        raise RuntimeError(
            f"{name}(): _random_samples must have shape {(*lead, dims)}, or more samples; got "
            f"{samples._data.shape}"
        )
    if samples._data.dtype != input._data.dtype:
        raise RuntimeError(f"{name}(): _random_samples must be {input.dtype} as the input is")
    drawn = samples._data[: lead[0]]
    drawn = drawn if dims == 3 else drawn[..., ::-1]  # in two dimensions, width comes first
    tables = [
        _starts(drawn[..., i], n, k, count)[..., None] + np.arange(k)
        for i, (n, k, count) in enumerate(zip(sizes, kernel, places))
    ]
    both = batched(dims, input, lambda x: at_maxima(x, tables))
    return both if return_indices else both[0]


def _starts(sample: np.ndarray, size: int, kernel: int, count: int) -> np.ndarray:
    """Where windows begin: steps of about (size - kernel) / (count - 1), the last at the end."""
    if sample.dtype.itemsize == 2:
        sample = sample.astype(np.float32)
    starts = np.full((*sample.shape, count), size - kernel, np.int64)
    if count > 1:
        step = sample.dtype.type((size - kernel) / (count - 1))
        i = np.arange(count - 1, dtype=sample.dtype)
        at = ((i + sample[..., None]) * step).astype(np.int64)
        starts[..., :-1] = at - (sample[..., None] * step).astype(np.int64)
    return starts


def fractional_max_pool2d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """Maxima of windows whose distances are drawn at random, to shrink by any ratio.

    (N, C, H, W) -> (N, C, *output_size), or the input's sizes times `output_ratio`.
    B. Graham, "Fractional Max-Pooling" (2014).

    >>> import minitorch
    >>> x = minitorch.ones(1, 1, 7, 7)
    >>> minitorch.nn.functional.fractional_max_pool2d(x, 2, output_ratio=0.7).shape
    minitorch.Size([1, 1, 4, 4])
    """
    return _fractional(2, input, kernel_size, output_size, output_ratio, return_indices,
                       _random_samples)  # fmt: skip


def fractional_max_pool3d(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> Any:  # fmt: skip
    """(N, C, D, H, W) -> (N, C, *output_size): see `fractional_max_pool2d`."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, return_indices,
                       _random_samples)  # fmt: skip


def fractional_max_pool2d_with_indices(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`fractional_max_pool2d` with ``return_indices=True``."""
    return _fractional(2, input, kernel_size, output_size, output_ratio, True, _random_samples)


def fractional_max_pool3d_with_indices(
    input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Tensor | None = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """`fractional_max_pool3d` with ``return_indices=True``."""
    return _fractional(3, input, kernel_size, output_size, output_ratio, True, _random_samples)


# --- unpooling -----------------------------------------------------------------------------------


@primitive
def _unpool(values, /, indices, count):
    """(N, C, L) put at `indices` into zeros (N, C, count); the last one at a place stays."""
    out = np.zeros((*values.shape[:2], count), values.dtype)
    np.put_along_axis(out, indices, values, 2)
    return out


_unpool.gradient(values=lambda g, indices: take_along(g, indices, 2))


def _max_unpool(
    dims: int, input: Any, indices: Any, kernel_size: Any, stride: Any, padding: Any,
    output_size: Any,
) -> Any:  # fmt: skip
    name = f"max_unpool{dims}d"
    kernel = each_dim(name, "kernel_size", kernel_size, dims)
    stride = kernel if stride is None else each_dim(name, "stride", stride, dims)
    padding = each_dim(name, "padding", padding, dims)
    check_input(name, dims, input)
    shape = input._data.shape
    if min(stride) <= 0:
        raise RuntimeError(f"{name}(): stride must be positive, got {stride}")
    sizes = _unpooled(name, shape[-dims:], kernel, stride, padding, output_size)
    if not isinstance(indices, TensorState) or indices._data.dtype != np.int64:
        raise RuntimeError(f"{name}(): indices must be an int64 Tensor")
    if indices._data.shape != shape:
        raise RuntimeError(
            f"{name}(): input and indices must have the same shape, got {shape} and "
            f"{indices._data.shape}"
        )
    count, lead = math.prod(sizes), shape[:-dims]
    where = indices._data
    if where.size and not 0 <= where.min() <= where.max() < count:
        raise RuntimeError(
            f"{name}(): indices must be between 0 and {count - 1} for an output of {sizes}"
        )
    flat = (math.prod(lead[:-1]), lead[-1], math.prod(shape[-dims:]))
    out = _unpool(reshape(input, flat), where.reshape(flat), count)
    return reshape(out, (*lead, *sizes))


def _unpooled(
    name: str, sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, wanted: Any
) -> Sizes:
    """The sizes before pooling: what fits exactly, or `wanted` if that could be."""
    exact = tuple([(n - 1) * s + k - 2 * p for n, k, s, p in zip(sizes, kernel, stride, padding)])
    if wanted is None:
        if min(exact) < 0:
            raise ValueError(f"{name}(): the output would have the sizes {exact}")
        return exact
    wanted = tuple(wanted)
    if len(wanted) == len(sizes) + 2:
        wanted = wanted[2:]
    if len(wanted) != len(sizes):
        raise ValueError(
            f"{name}(): output_size must have {len(sizes)} or {len(sizes) + 2} entries: {wanted}"
        )
    for n, s, w in zip(exact, stride, wanted):
        if not n - s < w < n + s:
            raise ValueError(
                f"{name}(): output_size {wanted} cannot have been pooled to {sizes}: each entry "
                f"must be less than {stride} away from {exact}"
            )
    return wanted


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    """(N, C, L) -> (N, C, L'): see `max_unpool2d`."""
    return _max_unpool(1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    """Zeros with each value where `max_pool2d` found it: (N, C, H, W) -> (N, C, H', W').

    `indices` are those that ``max_pool2d(..., return_indices=True)`` returns; `output_size` says
    which of the sizes that pooling rounds to the same is meant.

    >>> import minitorch
    >>> from minitorch.nn import functional as F
    >>> x = minitorch.tensor([[[[1.0, 4.0], [2.0, 3.0]]]])
    >>> F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2)
    tensor([[[[0., 4.],
              [0., 0.]]]])
    """
    return _max_unpool(2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
    output_size: Any = None,
) -> Tensor:  # fmt: skip
    """(N, C, D, H, W) -> (N, C, D', H', W'): see `max_unpool2d`."""
    return _max_unpool(3, input, indices, kernel_size, stride, padding, output_size)
