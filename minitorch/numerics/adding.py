"""Sums as of NumPy's `np.add.reduce`, but through BLAS where that is faster.

The sum along contiguous memory is its product with ones. Long lines are cut, so that single
precision loses no more digits than in NumPy's pairwise sums.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minitorch.numerics.product import with_vector

SMALL = 4096  # elements; below, calls cost more than they save
_LONGEST = 4096  # elements of a line that are added up in one go


def add_up(x: np.ndarray, dims: Any, keepdim: Any, times: np.ndarray | None = None) -> Any:
    """The sum over `dims` of `x`, or of ``x * times``, two arrays of one shape and layout."""
    kept = _kept_in_front(dims, x.ndim)
    usual = x.size >= SMALL and x.dtype.char in "fd" and x.flags.c_contiguous
    mixed = kept < 0 and isinstance(dims, tuple) and dims[-1] == x.ndim - 1
    if usual and mixed and times is None:
        # A channel, say: each of its lines, and then the sum of these.
        first = len(dims) - next((i for i, d in enumerate(dims[::-1]) if d != x.ndim - 1 - i), 0)
        lines = add_up(x, dims[first:], keepdim)
        return np.add.reduce(lines, axis=dims[:first], keepdims=keepdim)
    if kept < 0 or not usual:
        return np.add.reduce(x if times is None else x * times, axis=dims, keepdims=keepdim)
    lines = x.reshape(*x.shape[:kept], -1)
    n = lines.shape[-1]
    cut = 0 if n < 2 * _LONGEST else n - n % _LONGEST
    factors = None if times is None else times.reshape(lines.shape)
    total = _dot(lines[..., cut:], None if factors is None else factors[..., cut:])
    if cut:
        cells = (*lines.shape[:-1], cut // _LONGEST, _LONGEST)
        if factors is not None:
            factors = factors[..., :cut].reshape(cells)
        total = np.add.reduce(_dot(lines[..., :cut].reshape(cells), factors), -1) + total
    return total.reshape(x.shape[:kept] + (1,) * (x.ndim - kept)) if keepdim else total


def add_rows(x: np.ndarray) -> np.ndarray:
    """The sum of the rows of a matrix: (n, m) -> (m); through BLAS four times faster."""
    kind = x.dtype.char
    if kind not in "fd":
        wide = np.float32 if x.dtype.itemsize == 2 else None  # half precision sums badly
        return np.add.reduce(x, axis=0, dtype=wide).astype(x.dtype, copy=False)
    ones = _ones(len(x), kind)
    return ones.dot(x) if x.size < SMALL else with_vector(ones, x)


def add_columns(x: np.ndarray) -> np.ndarray:
    """The sum of the columns of a matrix: (n, m) -> (n)."""
    if x.dtype.char not in "fd" or x.shape[1] > _LONGEST:
        return np.add.reduce(x, axis=1)
    ones = _ones(x.shape[1], x.dtype.char)
    return x.dot(ones) if x.size < SMALL else with_vector(x, ones)


_PAIRS = {np.dtype(np.float32): np.complex64, np.dtype(np.float64): np.complex128}


def add_to_rows(out: np.ndarray, rows: np.ndarray, values: np.ndarray) -> None:
    """``out[rows[i]] += values[i]`` for (n, m) and (k, m), where a row may come several times.

    `out` lies row by row.  NumPy adds quickly at an array of places in flat memory, at anything
    else slowly; and two numbers side by side are added as one complex number, at half of the
    places: 500 rows of 256 take 0.12 ms so, and 0.21 one by one.
    """
    width = out.shape[1]
    pair = _PAIRS.get(out.dtype)
    if pair and width and not width % 2 and values.dtype == out.dtype:
        out, values, width = out.view(pair), np.ascontiguousarray(values).view(pair), width // 2
    places = rows if width == 1 else rows[:, np.newaxis] * width + np.arange(width)
    np.add.at(out.reshape(-1), places.reshape(-1), values.reshape(-1))


def widened(x: np.ndarray) -> np.ndarray:
    """`x`, in single precision if it is in half: too few digits to add up in."""
    half = x.dtype.itemsize == 2 and x.dtype.kind in "fV"
    return x.astype(np.float32) if half else x


@functools.lru_cache(maxsize=64)
def _ones(n: int, kind: str) -> np.ndarray:
    ones = np.ones(n, kind)
    ones.flags.writeable = False
    return ones


def _dot(lines: np.ndarray, factors: np.ndarray | None) -> Any:
    if factors is None:
        factors = np.ones(lines.shape[-1], lines.dtype)
    return np.vecdot(lines, factors)


def _kept_in_front(dims: Any, ndim: int) -> int:
    """How many dimensions stay if `dims` are the last ones; -1 if they are not."""
    if dims is None:
        return 0
    first = dims if isinstance(dims, int) else dims[0] if dims else ndim
    wanted = (first,) if isinstance(dims, int) else dims
    return first if wanted == tuple(range(first, ndim)) else -1
