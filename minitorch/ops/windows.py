"""Windows that slide over the spatial dimensions: what convolution and pooling have in common.

A kernel of k elements per dimension is laid over an input at places that are `stride` apart.  All
kernels here loop over the elements of the *kernel* (`Windows.taps`), never over pixels: for one
kernel element, the inputs that it meets at all places are one strided slice.

`unfold` writes all windows out as columns (im2col), `fold` adds columns back to where they came
from (col2im); each is the other's adjoint, and so its gradient.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["fold", "unfold"]

Sizes = tuple[int, ...]


class Windows(NamedTuple):
    """How a kernel is laid over an input; each field has one entry per spatial dimension.

    `before` elements of padding come before the first input; `sizes` are those of the input,
    `places` how many windows there are.
    """

    kernel: Sizes
    stride: Sizes
    before: Sizes
    dilation: Sizes
    sizes: Sizes
    places: Sizes

    def taps(self) -> Iterator[tuple[Sizes, Any, Any]]:
        """For each element of the kernel: its number, the places where it meets an input rather
        than padding, and those inputs; as indices for the last dimensions of arrays."""
        each = [
            [(k, *meeting(k * d - p, s, size, count)) for k in range(kernel)]
            for kernel, s, p, d, size, count in zip(*self)
        ]
        for taps in itertools.product(*each):
            offset, places, inputs = zip(*taps)
            if all(p.stop > p.start for p in places):
                yield offset, (..., *places), (..., *inputs)

    def pointwise(self) -> bool:
        """Whether every window is one element, and every element one window."""
        single = max(self.kernel + self.stride) == 1 and not any(self.before)
        return single and self.sizes == self.places


def meeting(first: int, stride: int, size: int, places: int) -> tuple[slice, slice]:
    """The places p with ``0 <= first + p * stride < size``, and these numbers, as slices."""
    start = max(0, -(first // stride))
    stop = max(start, min(places, -((first - size) // stride)))
    begin = first + start * stride
    return slice(start, stop), slice(begin, max(begin, begin + (stop - start) * stride), stride)


def each_dim(name: str, what: str, value: Any, dims: int) -> Sizes:
    """`value`, an integer or a sequence of them, once for each of `dims` dimensions."""
    values = value if isinstance(value, tuple | list) else (value,)
    try:
        found = tuple([operator.index(v) for v in values])
    except TypeError:
        raise TypeError(
            f"{name}(): {what} must be an integer or {dims} of them, not {value!r}"
        ) from None
    if len(found) == 1:
        found *= dims
    if len(found) != dims:
        raise RuntimeError(f"{name}(): {what} must be one integer or {dims} of them, got {value}")
    return found


def count_places(size: int, kernel: int, stride: int, padding: int, dilation: int) -> int:
    """How many windows fit; `padding` counts both sides."""
    return (size + padding - dilation * (kernel - 1) - 1) // stride + 1


# --- unfold and fold -----------------------------------------------------------------------------


@primitive
def _unfold(x, /, windows):
    """(N, C, *sizes) -> (N, C, *kernel, *places)"""
    columns = np.zeros((*x.shape[:2], *windows.kernel, *windows.places), x.dtype)
    for k, places, inputs in windows.taps():
        columns[(slice(None), slice(None), *k, *places)] = x[inputs]
    return columns


@primitive
def _fold(columns, /, windows):
    """(N, C, *kernel, *places) -> (N, C, *sizes)"""
    out = np.zeros((*columns.shape[:2], *windows.sizes), columns.dtype)
    for k, places, inputs in windows.taps():
        out[inputs] += columns[(slice(None), slice(None), *k, *places)]
    return out


_unfold.gradient(x=lambda g, windows: _fold(g, windows))
_fold.gradient(columns=lambda g, windows: _unfold(g, windows))


def _windows(
    name: str, sizes: Sizes, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> Windows:
    kernel = each_dim(name, "kernel_size", kernel_size, 2)
    stride = each_dim(name, "stride", stride, 2)
    padding = each_dim(name, "padding", padding, 2)
    dilation = each_dim(name, "dilation", dilation, 2)
    if min(kernel + stride + dilation) <= 0:
        raise RuntimeError(
            f"{name}(): kernel_size, stride and dilation must be positive, got {kernel}, {stride} "
            f"and {dilation}"
        )
    if min(padding) < 0:
        raise RuntimeError(f"{name}(): padding must not be negative, got {padding}")
    places = tuple([
        count_places(n, k, s, 2 * p, d)
        for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation)
    ])  # fmt: skip
    if min(places) < 1:
        raise RuntimeError(
            f"{name}(): no window of {kernel} (dilation {dilation}) fits into an input of "
            f"{tuple(sizes)} with padding {padding}"
        )
    return Windows(kernel, stride, padding, dilation, tuple(sizes), places)


def unfold(
    input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """All windows as columns: (N, C, H, W) -> (N, C * kernel elements, places); N may be missing.

    >>> import minitorch
    >>> x = minitorch.arange(9.0).reshape(1, 1, 3, 3)
    >>> minitorch.nn.functional.unfold(x, 2)[0, :, 0]
    tensor([0., 1., 3., 4.])
    """
    shape = _shape("unfold", input, (3, 4))
    if 0 in shape[-3:]:
        raise RuntimeError(f"unfold(): only the batch may be empty, got shape {shape}")
    w = _windows("unfold", shape[-2:], kernel_size, dilation, padding, stride)
    batched = input if len(shape) == 4 else reshape(input, (1, *shape))
    columns = _unfold(batched, w)
    return reshape(columns, (*shape[:-3], shape[-3] * math.prod(w.kernel), math.prod(w.places)))


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0,
    stride: Any = 1,
) -> Tensor:  # fmt: skip
    """Columns added up where `unfold` takes them: (N, C * kernel elements, places) -> (N, C, H, W).

    >>> import minitorch
    >>> columns = minitorch.ones(1, 4, 4)
    >>> minitorch.nn.functional.fold(columns, (3, 3), 2)[0, 0]
    tensor([[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]])
    """
    shape = _shape("fold", input, (2, 3))
    if 0 in shape[-2:]:
        raise RuntimeError(f"fold(): only the batch may be empty, got shape {shape}")
    sizes = each_dim("fold", "output_size", output_size, 2)
    w = _windows("fold", sizes, kernel_size, dilation, padding, stride)
    elements, places = math.prod(w.kernel), math.prod(w.places)
    if shape[-2] % elements or shape[-1] != places:
        raise RuntimeError(
            f"fold(): an output of {sizes} with kernel {w.kernel} needs an input of "
            f"(N, a multiple of {elements}, {places}), got {shape}"
        )
    channels = shape[-2] // elements
    count = shape[0] if len(shape) == 3 else 1
    out = _fold(reshape(input, (count, channels, *w.kernel, *w.places)), w)
    return out if len(shape) == 3 else reshape(out, (channels, *sizes))


def _shape(name: str, input: Any, dims: tuple[int, ...]) -> Sizes:
    if not isinstance(input, TensorState):
        raise TypeError(f"{name}() needs a Tensor, got {type(input).__name__}")
    if input._data.dtype.kind in "iu":
        raise NotImplementedError(f"{name}() is not for {from_numpy_dtype(input._data.dtype)}")
    if input._data.ndim not in dims:
        wanted = " or ".join(map(str, dims))
        raise RuntimeError(f"{name}() needs {wanted} dimensions, got shape {input._data.shape}")
    return input._data.shape
