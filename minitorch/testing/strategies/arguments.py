"""What else ops are called with: axes, indices, masks, classes, probabilities, special matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import minitorch as mt
from minitorch.testing.strategies.arrays import tensors
from minitorch.testing.strategies.numbers import reals
from minitorch.testing.strategies.sizes import shapes

__all__ = ["axes", "class_targets", "indices", "masks", "positive_definite", "probabilities"]


def axes(ndim: int, *, several: bool = False, negative: bool = True) -> SearchStrategy[Any]:
    """An axis of a tensor with `ndim` axes, counted from the end too; or `several`, as a tuple."""
    one = st.integers(0, ndim - 1)
    if several:
        chosen = st.lists(one, min_size=1, max_size=ndim, unique=True)
        return chosen.map(lambda found: tuple(sorted(found)))
    if not negative:
        return one
    return st.sampled_from([*range(ndim), *range(-1, -ndim - 1, -1)])


def _whole(low: int, high: int, shape: Any, dtype: Any = None) -> SearchStrategy[Any]:
    if shape is None:
        shape = shapes(min_dims=1, max_dims=1, empty=False)
    return tensors(dtype or mt.int64, shape, st.integers(low, high))


def indices(size: int, shape: Any = None, *, negative: bool = False) -> SearchStrategy[Any]:
    """int64 tensors of indices into an axis of length `size`; from the end too, if `negative`."""
    return _whole(-size if negative else 0, size - 1, shape)


def class_targets(classes: int, shape: Any = None) -> SearchStrategy[Any]:
    """int64 tensors of class numbers, 0 to ``classes - 1``: targets of a cross-entropy."""
    return _whole(0, classes - 1, shape)


def masks(shape: Any = None) -> SearchStrategy[Any]:
    """Boolean tensors."""
    return tensors(mt.bool, shape, st.booleans())


def _from_tensor(
    source: SearchStrategy[Any], change: Callable[[np.ndarray], np.ndarray]
) -> SearchStrategy[Any]:
    return source.map(lambda t: mt.from_numpy(np.ascontiguousarray(change(t.numpy()))))


def positive_definite(
    n: int | None = None, batch: tuple[int, ...] = (), dtype: Any = None
) -> SearchStrategy[Any]:
    """Symmetric matrices with eigenvalues of at least 1, of shape ``(*batch, n, n)``."""

    def change(a: np.ndarray) -> np.ndarray:
        return a @ np.swapaxes(a, -1, -2) + np.eye(a.shape[-1], dtype=a.dtype)

    sizes = st.integers(1, 3) if n is None else st.just(n)
    shape = sizes.map(lambda k: (*batch, k, k))
    return _from_tensor(tensors(dtype, shape, reals(-2, 2), layout="contiguous"), change)


def probabilities(shape: Any = None, axis: int = -1, dtype: Any = None) -> SearchStrategy[Any]:
    """Positive numbers that sum to 1 along `axis`."""

    def change(a: np.ndarray) -> np.ndarray:
        return a / np.sum(a, axis=axis, keepdims=True)

    if shape is None:
        shape = shapes(min_dims=1, empty=False)
    return _from_tensor(tensors(dtype, shape, reals(0.125, 4), layout="contiguous"), change)
