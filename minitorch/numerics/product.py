"""Products of matrices, and which of them are worth a second thread.

OpenBLAS shares out products from a quarter of a million multiplications on, and its other thread
then spins for a while.  In products of less than some millions that gains less than the spinning
takes from what comes between: a step of a GPT, 64 wide, took 22 ms so, and 19 ms in one thread.
From there on it gains: a step of a 784-128-64-10 network at batch 64 took 510 us, and now 470.

As soon as there are helpers (`minitorch.numerics.threads`), OpenBLAS's threads would spin on the
helpers' processors, too, and everything that is spread took several times as long.  A large product
is then spread itself; to wake a helper up takes up to 0.1 ms, as long as a smaller one.
"""

from __future__ import annotations

import math

import numpy as np

from minitorch.numerics.threads import alone, helpers, spread, threads

ALONE = 1 << 18  # multiplications; OpenBLAS does so few in one thread itself
SHARED = 1 << 22  # with so many, OpenBLAS shares a product out
SPREAD = 1 << 24  # with so many, it is spread over helpers, where there are some
_VECTOR = 1 << 13  # the same as `ALONE` for a matrix and a vector: elements of the matrix


def product(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``x @ y`` for matrices."""
    rows, columns = len(x), y.shape[1]
    work = rows * columns * len(y)
    if work < ALONE:
        return np.matmul(x, y)
    if work < (SPREAD if helpers else SHARED):
        with alone:
            return np.matmul(x, y)
    if not helpers:
        return np.matmul(x, y)
    out = np.empty((rows, columns), np.result_type(x, y))

    def some_rows(start: int, stop: int) -> None:
        np.matmul(x[start:stop], y, out=out[start:stop])

    def some_columns(start: int, stop: int) -> None:
        np.matmul(x, y[:, start:stop], out=out[:, start:stop])

    spread(some_rows if rows >= columns else some_columns, max(rows, columns))
    return out


def with_vector(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``x @ y``, one of which is a vector."""
    if max(x.size, y.size) >= _VECTOR:
        with alone:
            return x.dot(y)
    return x.dot(y)


def products(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """``x @ y`` for stacks of matrices."""
    if x.ndim < 3 or x.shape[:-2] != y.shape[:-2]:
        return np.matmul(x, y)
    if len(x) == 1 and x.ndim == 3:
        return product(x[0], y[0])[np.newaxis]
    work = math.prod(x.shape) * y.shape[-1]
    if work < SPREAD or len(x) == 1 or threads() == 1:
        if work < ALONE:
            return np.matmul(x, y)
        with alone:
            return np.matmul(x, y)
    out = np.empty((*x.shape[:-1], y.shape[-1]), np.result_type(x, y))

    def some(start: int, stop: int) -> None:
        np.matmul(x[start:stop], y[start:stop], out=out[start:stop])

    spread(some, len(x))
    return out
