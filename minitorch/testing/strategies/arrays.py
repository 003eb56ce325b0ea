"""Tensors: a shape, numbers and a layout in memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import minitorch as mt
from minitorch.testing.array_layouts import LAYOUTS, laid_out
from minitorch.testing.strategies.numbers import RealStrategy, reals
from minitorch.testing.strategies.sizes import LinkedShapes, shapes

__all__ = ["TensorStrategy", "tensors"]

_ONE_BY_ONE = 32  # so many numbers are drawn one by one; more come from a seed
_FREE, _COARSE, _EQUAL, _LONG = "free", "coarse", "equal", "long"
_PATTERNS = st.sampled_from([_FREE, _FREE, _FREE, _COARSE, _COARSE, _EQUAL, _LONG])
_SEEDS = st.integers(0, 2**32 - 1)


class TensorStrategy(SearchStrategy[Any]):
    """What `tensors` returns."""

    def __init__(
        self, dtype: Any, shape: Any, elements: Any, requires_grad: bool | None, layout: str | None
    ) -> None:
        super().__init__()
        self.open_shape = shape is None  # nothing was said about it
        self.shape = shapes() if shape is None else shape
        self.dtype, self.elements = dtype, elements
        self.requires_grad, self.layout = requires_grad, layout

    @property
    def domain(self) -> tuple[float, float] | None:
        """The interval that the elements were declared to come from, if they were."""
        e = self.elements
        return e.domain if isinstance(e, RealStrategy) and e.declared else None

    @property
    def declared(self) -> bool:
        """Whether it was said which numbers are allowed."""
        return self.elements is not None

    def with_shape(self, shape: Any) -> TensorStrategy:
        return TensorStrategy(self.dtype, shape, self.elements, self.requires_grad, self.layout)

    def do_draw(self, data: Any) -> Any:
        shape = data.draw(self.shape) if isinstance(self.shape, SearchStrategy) else self.shape
        if isinstance(self.shape, LinkedShapes):
            return tuple(self._tensor(data, one) for one in shape)
        return self._tensor(data, (shape,) if isinstance(shape, int) else tuple(shape))

    def _tensor(self, data: Any, shape: tuple[int, ...]) -> Any:
        dtype = data.draw(self.dtype) if isinstance(self.dtype, SearchStrategy) else self.dtype
        kind = np.dtype(dtype).kind
        count = int(np.prod(shape))
        if kind in "fcV":
            numbers = self._numbers(data, self._elements(), count)
            if kind == "c":
                numbers = numbers + 1j * self._numbers(data, self._elements(), count)
        elif self.elements is not None:
            numbers = self._numbers(data, self.elements, count)
        else:
            numbers = self._numbers(data, _BOOLS if kind == "b" else _WHOLE[kind], count)
        layout = self.layout
        if layout is None:
            layout = data.draw(_SOME_LAYOUT)
        tensor = mt.from_numpy(laid_out(numbers.reshape(shape).astype(dtype), layout))
        return tensor.requires_grad_() if self.requires_grad else tensor

    def _elements(self) -> Any:
        return _ANY if self.elements is None else self.elements

    def _numbers(self, data: Any, elements: Any, count: int) -> np.ndarray:
        if count == 0:
            return np.zeros(0)
        grid = elements.grid if isinstance(elements, RealStrategy) else None
        if count > _ONE_BY_ONE:
            rng_seed = data.draw(_SEEDS)  # 0 is the simplest: all elements the same
            palette = (
                grid if grid is not None else np.array([data.draw(elements) for _ in range(16)])
            )
            if rng_seed == 0:
                return np.full(count, palette[0])
            return palette[np.random.default_rng(rng_seed).integers(0, len(palette), count)]
        pattern = data.draw(_PATTERNS) if count > 1 or grid is not None else _FREE
        if pattern == _EQUAL:
            return np.full(count, data.draw(elements))
        if pattern == _COARSE and grid is not None:
            elements = st.sampled_from(grid[:3].tolist())
        numbers = np.array([data.draw(elements) for _ in range(count)])
        return elements.lengthened(numbers) if pattern == _LONG and grid is not None else numbers

    def __repr__(self) -> str:
        return f"tensors(shape={self.shape!r}, dtype={self.dtype!r})"


_ANY = reals()
_BOOLS = st.booleans()
_WHOLE = {"i": st.integers(-9, 9), "u": st.integers(0, 9)}
_SOME_LAYOUT = st.sampled_from(["contiguous", *LAYOUTS])


def tensors(
    dtype: Any = None,
    shape: Any = None,
    elements: Any = None,
    requires_grad: bool | None = None,
    layout: str | None = None,
) -> TensorStrategy:
    """Tensors of `dtype` (float64 unless given), each parameter a value or a strategy for it.

    - `shape`: drawn from `shapes` unless given; several `tensors` given to `check_function`
      without a shape get shapes that broadcast with each other.  `broadcastable(n)` or
      `signature(...)` makes this a strategy for a tuple of tensors
    - `elements`: a strategy for the numbers; `reals()` unless given
    - `layout`: "contiguous", "transposed", "strided", "reversed" (negative strides), "broadcast"
      (stride 0), or the shapes "zero-dimensional" and "zero-size"; any of the first five
      unless given

    More than 32 numbers come from one seed, so large tensors are drawn in no time.
    """
    if layout == "zero-dimensional":
        shape, layout = (), "contiguous"
    elif layout == "zero-size":
        shape, layout = shapes(min_dims=1).map(lambda s: (0, *s[1:])), "contiguous"
    elif layout is not None and layout not in LAYOUTS:
        raise ValueError(
            f"unknown layout {layout!r}; there are {', '.join(LAYOUTS)}, zero-dimensional "
            "and zero-size"
        )
    if shape is None and isinstance(dtype, tuple | list | int):
        dtype, shape = None, dtype  # tensors((2, 3))
    if shape is not None and not isinstance(shape, SearchStrategy | int):
        shape = tuple(shape)
    dtype = mt.float64 if dtype is None else dtype
    return TensorStrategy(dtype, shape, elements, requires_grad, layout)
