"""Views made from strides: as_strided, unfold, and the same bytes read as another dtype."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine import clock
from minitorch.engine.state import wrap
from minitorch.ops.dims import check_dim
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["as_strided", "unfold"]

# Shape, strides and offset, in elements.
Geometry = tuple[tuple[int, ...], tuple[int, ...], int]


def _address(x: np.ndarray) -> int:
    return x.__array_interface__["data"][0]


def capacity(x: np.ndarray) -> int:
    """How many elements there are from the first of `x` to the end of its memory."""
    block = clock.block(x)
    end = _address(block) + block.nbytes
    return (end - _address(x)) // x.dtype.itemsize


def memory(x: np.ndarray) -> np.ndarray:
    """All the memory that `x` looks into, as bytes."""
    block = clock.block(x)
    order = sorted(range(block.ndim), key=lambda axis: -abs(block.strides[axis]))
    return block.transpose(order).reshape(-1).view(np.uint8)  # whatever the order of the axes


def _strided(x: np.ndarray, shape: Any, strides: Any, shift: int) -> np.ndarray:
    """A view of the memory that `x` looks into; `strides` and `shift` from `x` on in elements."""
    flat = memory(x)
    size = x.dtype.itemsize
    offset = _address(x) - _address(flat) + shift * size
    steps = [step * size for step in strides]
    if 0 in shape:
        return np.ndarray(shape, x.dtype, flat, 0, steps)
    reach = [(n - 1) * step for n, step in zip(shape, steps)]  # steps may go back, too
    first = offset + sum(r for r in reach if r < 0)
    end = offset + size + sum(r for r in reach if r > 0)
    if first < 0 or end > flat.size:
        raise RuntimeError(
            f"as_strided(): size {list(shape)}, strides {list(strides)} and offset "
            f"{offset // size} need {end // size} elements of memory; there are "
            f"{flat.size // size}"
        )
    return np.ndarray(shape, x.dtype, flat, offset, steps)


def strided_bytes(x: np.ndarray, shape: Any, strides: Any) -> np.ndarray:
    """A view of elements of `x`, from its first on; `strides` in bytes."""
    if x.flags.c_contiguous and x.dtype.kind != "V":
        return np.ndarray(shape, x.dtype, x, 0, strides)
    return _strided(x, shape, [step // x.itemsize for step in strides], 0)


@primitive(view=True)
def _as_strided(x, /, size, stride, shift, geometry):
    """`shift` counts from the first element of `x`; `geometry` is that of `x`."""
    return _strided(x, size, stride, shift)


_as_strided.gradient(x=lambda g, size, stride, shift, geometry: _exchange(
    g, (size, stride, shift), geometry, False))  # fmt: skip


@primitive
def _exchange(values, /, source, target, share):
    """Add `values` into zeroed memory by one geometry, and read it off by another.

    Elements of a tensor that share memory share its gradient equally: with `share` the source's,
    otherwise the target's.
    """
    put, get = _places(source), _places(target)
    first = min((int(p.min()) for p in (put, get) if p.size), default=0)
    put, get = put - first, get - first
    extent = max((int(p.max()) + 1 for p in (put, get) if p.size), default=0)
    count = np.bincount((put if share else get).reshape(-1), minlength=extent)
    memory = np.zeros(extent, values.dtype)
    np.add.at(memory, put, values)
    if count.max(initial=0) > 1:
        memory /= np.maximum(count, 1).astype(memory.dtype)
    return memory[get]


_exchange.gradient(values=lambda g, source, target, share: _exchange(
    g, target, source, not share))  # fmt: skip


def _places(geometry: Geometry) -> np.ndarray:
    shape, strides, offset = geometry
    places = np.full((), offset)
    for n, step in zip(shape, strides):
        places = places[..., None] + np.arange(n) * step
    return places


def _geometry(x: np.ndarray) -> Geometry:
    return x.shape, tuple([step // x.dtype.itemsize for step in x.strides]), 0


@takes_tensors
def as_strided(
    input: Tensor, size: Sequence[int], stride: Sequence[int], storage_offset: int | None = None
) -> Tensor:
    """A view of the memory that `input` looks into, by any size, stride and offset (in elements).

    >>> import minitorch
    >>> minitorch.as_strided(minitorch.arange(4), (3, 2), (1, 1))
    tensor([[0, 1],
            [1, 2],
            [2, 3]])
    """
    size, stride = tuple(map(operator.index, size)), tuple(map(operator.index, stride))
    if len(size) != len(stride):
        raise RuntimeError(f"as_strided(): size {size} and stride {stride} differ in length")
    if any(n < 0 for n in size) or any(step < 0 for step in stride):
        raise RuntimeError(f"as_strided(): negative size {size} or stride {stride}")
    if storage_offset is not None and storage_offset < 0:
        raise RuntimeError(f"as_strided(): invalid storage offset {storage_offset}")
    here = 0 if storage_offset is None else input.storage_offset()
    shift = 0 if storage_offset is None else operator.index(storage_offset) - here
    result = _as_strided(input, size, stride, shift, _geometry(input._data))
    view = result._view
    if view is not None and len(view.steps) > 1 and view.base._data.dtype == input._data.dtype:
        base = view.base._data  # looked up there, since it may read what `input` does not
        shift += (_address(input._data) - _address(base)) // base.itemsize
        view.steps = ((_as_strided, (size, stride, shift, _geometry(base))),)
    return result


def as_strided_back(old: np.ndarray, step: Any) -> Any:
    """The step that leads from ``as_strided(old)`` back to `old`."""
    size, stride, shift, geometry = step[1]
    return _as_strided, (geometry[0], geometry[1], -shift, (size, stride, 0))


# --- windows -----------------------------------------------------------------------------------


@primitive(view=True)
def _unfold(x, /, dim, size, step):
    count = (x.shape[dim] - size) // step + 1
    shape = (*x.shape[:dim], count, *x.shape[dim + 1 :], size)
    along = x.strides[dim]
    strides = (*x.strides[:dim], step * along, *x.strides[dim + 1 :], along)
    return strided_bytes(x, shape, strides)


@primitive
def _fold(windows, /, dim, size, step, shape):
    """Zeros of `shape` with every window added where it was taken: the adjoint of `_unfold`."""
    out = np.zeros(shape, windows.dtype)
    count = windows.shape[dim]
    for i in range(size):
        out[(slice(None),) * dim + (slice(i, i + (count - 1) * step + 1, step),)] += windows[..., i]
    return out


_unfold.gradient(
    x=lambda g, dim, size, step, x_shape: _fold(g, dim, size, step, x_shape),
)
_fold.gradient(windows=lambda g, dim, size, step: _unfold(g, dim, size, step))


@takes_tensors
def unfold(input: Tensor, dimension: int, size: int, step: int) -> Tensor:
    """All windows of `size` along `dimension`, `step` apart: a view, windows in the last dimension.

    >>> import minitorch
    >>> minitorch.arange(5).unfold(0, 3, 2)
    tensor([[0, 1, 2],
            [2, 3, 4]])
    """
    shape = input._data.shape
    dim = check_dim(dimension, len(shape))
    size, step = operator.index(size), operator.index(step)
    have = shape[dim] if shape else 1
    if not 0 <= size <= have:
        raise RuntimeError(
            f"unfold(): size {size} must be between 0 and {have}, the size of dimension {dim}"
        )
    if step <= 0:
        raise RuntimeError(f"unfold(): step must be positive, got {step}")
    if not shape:
        return _as_strided(input, (size,), (1,), 0, _geometry(input._data))
    return _unfold(input, dim, size, step)


# --- other dtype -------------------------------------------------------------------------------


def view_dtype(input: Tensor, dtype: np.dtype[Any]) -> Tensor:
    """The same bytes read as another dtype; not differentiable."""
    data = input._data
    try:
        return wrap(data.view(dtype))
    except (ValueError, TypeError) as error:
        raise RuntimeError(
            f"view(): {data.dtype} of shape {list(data.shape)} and strides {data.strides} cannot "
            f"be read as {dtype}: {error}"
        ) from None
