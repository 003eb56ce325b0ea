"""Run a NumPy kernel over arrays of any shape, in tiles that stay in the cache.

A special function is a chain of thirty-odd ufunc calls.  Over a large array each call would stream
through memory and, worse, every temporary would be fresh memory to fault in; over a tile the
temporaries are blocks that malloc has just seen, still in the cache.  So kernels are written as
plain expressions, and this file is the only one that knows about size, shape and dtype.

Kernels must not write to their arguments, which may be views of the caller's memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from minitorch.numerics.threads import spread, threads

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Kernel: TypeAlias = Callable[..., Array]
Coefficients: TypeAlias = Sequence[Array]  # of a polynomial, highest power first
Ratio: TypeAlias = tuple[Coefficients, Coefficients]  # numerator, denominator
Tables: TypeAlias = tuple[Ratio, Ratio]  # for float64, for float32: indexed by `short`

TILE_BYTES = 1 << 17  # smaller: the calls cost more than the arithmetic; larger: out of L2

DOUBLE = np.dtype(np.float64)
SINGLE = np.dtype(np.float32)


def elementwise(kernel: Kernel, *arrays: Array) -> Array:
    """`kernel` over the broadcast arrays, in their own precision (float16: in float32)."""
    dtype = result_dtype(arrays)
    return run(kernel, arrays, DOUBLE if dtype == DOUBLE else SINGLE, dtype)


def elementwise_in_double(kernel: Kernel, *arrays: Array) -> Array:
    """`kernel` over the broadcast arrays in float64, rounded once to their own precision.

    The kernel is told with ``short=True`` when eight good digits are enough.  Float64 arithmetic
    with short tables is both fast and exact to float32 rounding, cancellation or not.
    """
    dtype = result_dtype(arrays)
    return run(partial(kernel, short=dtype != DOUBLE), arrays, DOUBLE, dtype)


def result_dtype(arrays: Sequence[Array]) -> np.dtype[Any]:
    dtype: np.dtype[Any] = np.result_type(*arrays)
    if dtype.kind in "biu" or dtype.itemsize > DOUBLE.itemsize:
        return DOUBLE
    return dtype


@np.errstate(all="ignore")  # NaN and inf are answers here, not accidents
def run(
    kernel: Kernel, arrays: Sequence[Array], work: np.dtype[Any], dtype: np.dtype[Any]
) -> Array:
    arrays = [np.asarray(a) for a in arrays]
    shape = arrays[0].shape
    if len(arrays) > 1:
        shape = np.broadcast_shapes(*(a.shape for a in arrays))
    flat = [flatten(a, shape) for a in arrays]
    size, tile = math.prod(shape), TILE_BYTES // work.itemsize
    if size <= tile:
        result = kernel(*(f.astype(work, copy=False) for f in flat))
        return result.astype(dtype, copy=False).reshape(shape)
    out = np.empty(size, dtype)
    for start in range(0, size, tile):
        piece = slice(start, start + tile)
        parts = (f if f.size == 1 else f[piece] for f in flat)
        out[piece] = kernel(*(p.astype(work, copy=False) for p in parts))
    return out.reshape(shape)


def flatten(array: Array, shape: tuple[int, ...]) -> Array:
    """One-dimensional; an array of one element stays so, to be broadcast tile by tile."""
    if array.size == 1 or array.shape == shape:
        return array.reshape(-1)
    return np.broadcast_to(array, shape).reshape(-1)


# --------------------------------------------------------------------------- large tiles, threads

LARGE = 1 << 18  # elements; from here on, tiles save more than they cost
SHARED = 1 << 19  # elements; with more, a second thread saves more than it costs to wake it
LINE = 64  # elements; arrays are cut where a line of the cache may begin
LEAD = 3 << 15  # elements that one thread does until a helper has woken up, in a light ufunc
BLOCK = 1 << 16  # elements that one thread has in its cache while it works on them


def block(times: int = 4) -> int:
    """How many elements to work on at a time: with several threads, `times` as many as with one.

    Between NumPy's calls threads wait for each other, and to be woken up takes longer than what
    the cache saves: softmax of (1024, 1024), forward and backward, took 2.5 ms in the blocks that
    are best in one thread, and 1.6 ms in eight times larger ones.
    """
    return BLOCK if threads() == 1 else times * BLOCK


def batches(count: int, size: int, together: int = 2 * BLOCK) -> list[slice]:
    """`count` things of `size` elements each, as many at a time as the cache takes."""
    blocks = 1 if count * size < LARGE else -(-count * size // together)
    blocks = min(count, blocks + (blocks > 1) * blocks % 2)  # equal shares for two threads
    ends = [i * count // blocks for i in range(blocks + 1)] if blocks else []
    return [slice(start, stop) for start, stop in zip(ends, ends[1:])]


def over_tiles(
    work: Callable[[slice], object], size: int, tile: int | None = None, worth: bool = True
) -> None:
    """``work(part)`` for slices that together are `size` elements, shared out over threads.

    If it is not `worth` that, one after the other.
    """
    tile = (block() if worth else BLOCK) if tile is None else max(1, tile)

    def some(start: int, stop: int) -> None:
        count = -(-(stop - start) // tile)
        for i in range(count):
            first, last = (start + k * (stop - start) // count for k in (i, i + 1))
            work(slice(first, last))

    spread(some, size, worth and size > tile)


def in_tiles(function: Callable[..., Array], *arrays: Any) -> Array:
    """``function(*arrays)``, a new array, for a function that works element by element.

    What it makes on the way stays in the cache, and two threads share the work: of a million
    elements, ``g * (1 - out * out)`` takes 0.5 ms instead of 0.8.  A ufunc makes nothing on the
    way, so it is only shared out.  Where arrays do not lie alike in memory, nothing is.
    """
    single = isinstance(function, np.ufunc)
    if single and threads() == 1:
        return function(*arrays)
    shape = max((a.shape for a in arrays if isinstance(a, np.ndarray)), key=math.prod)
    flat = []
    for a in arrays:
        if isinstance(a, np.ndarray) and a.ndim:
            if a.size == 1 and a.ndim <= len(shape):
                a = a.reshape(())
            elif a.shape == shape and a.flags.c_contiguous:
                a = a.reshape(-1)
            else:
                return function(*arrays)
        flat.append(a)

    def cut(part: slice) -> list[Any]:
        return [a[part] if isinstance(a, np.ndarray) and a.ndim else a for a in flat]

    out = np.empty(shape, function(*cut(slice(0, 1))).dtype)
    line = out.reshape(-1)

    def some_lines(start: int, stop: int) -> None:
        part = slice(LINE * start, LINE * stop)
        function(*cut(part), out=line[part])

    def work(part: slice) -> None:
        line[part] = function(*cut(part))

    worth = out.size > SHARED
    if single:
        spread(some_lines, -(-out.size // LINE), worth, LEAD // LINE)
    else:
        over_tiles(work, out.size, worth=worth)
    return out


# --------------------------------------------------------------------------------------- kernels


def piecewise(pieces: Sequence[tuple[Array, Kernel]], *arrays: Array) -> Array:
    """Each element by the function of the one mask it lies in; the masks share out all elements.

    A function sees its own elements only, so nothing is computed twice, and a tile that lies in
    one region, the usual case, is neither gathered nor scattered.
    """
    size = pieces[0][0].size
    out: Array | None = None
    for mask, function in pieces:
        count = np.count_nonzero(mask)
        if count == size:
            return function(*arrays)
        if count:
            where = np.flatnonzero(mask)  # much faster to index with than the mask itself
            values = function(*(a[where] for a in arrays))
            out = np.empty(size, values.dtype) if out is None else out
            out[where] = values
    return np.empty_like(arrays[0]) if out is None else out


def horner(x: Array, coefficients: Coefficients) -> Array:
    """The polynomial in `x`, highest power first."""
    y = x * coefficients[0]
    for c in coefficients[1:-1]:
        y += c
        y *= x
    y += coefficients[-1]
    return y


def ratio(x: Array, table: Ratio) -> Array:
    """The quotient of two polynomials in `x`."""
    above, below = table
    y = horner(x, above)
    y /= horner(x, below)
    return y


def read_ratio(text: str, dtype: np.dtype[Any] = DOUBLE) -> Ratio:
    """A table written as numbers, a slash, numbers."""
    above, below = text.split("/")
    return read_polynomial(above, dtype), read_polynomial(below, dtype)


def read_polynomial(text: str, dtype: np.dtype[Any] = DOUBLE) -> Coefficients:
    """Zero-dimensional arrays, with which a ufunc call starts twice as fast as with floats."""
    return [np.array(float(number), dtype) for number in text.split()]
