"""Shapes: of one tensor, and of several that fit each other."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

__all__ = ["LinkedShapes", "broadcastable", "shapes", "signature"]

Shape = tuple[int, ...]
_keys = itertools.count()
_MANY = 100  # elements of a shape that is drawn for its size


def shapes(
    min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 4, empty: bool = True
) -> SearchStrategy[Shape]:
    """Shapes: no axes up to `max_dims`, sides of `min_side` to `max_side`.

    Seldom one of the sides is 0, unless `empty` is False; seldom, too, the shape is the largest.
    """
    largest = (max_side,) * max_dims

    @st.composite
    def draw_shape(draw: Callable[..., Any]) -> Shape:
        ndim = draw(st.integers(min_dims, max_dims))
        sides = [draw(st.integers(min_side, max_side)) for _ in range(ndim)]
        luck = draw(st.integers(0, 19)) if sides else 0
        if empty and luck == 19:
            sides[draw(st.integers(0, ndim - 1))] = 0
        elif luck > 14 and math.prod(largest) <= _MANY:  # mistakes that only many make
            return largest
        return tuple(sides)

    return draw_shape()


class LinkedShapes(SearchStrategy[tuple[Shape, ...]]):
    """Shapes that fit each other: a strategy for a tuple of `count` of them.

    Unpacked, it gives one strategy for each shape, which still fit each other:
    ``a, b = broadcastable(2)``.
    """

    def __init__(self, draw: SearchStrategy[tuple[Shape, ...]], count: int, text: str) -> None:
        super().__init__()
        self.count, self.text, self._draw = count, text, draw
        self._key = f"minitorch shapes {next(_keys)}"

    def do_draw(self, data: Any) -> tuple[Shape, ...]:
        return data.draw(self._draw)

    def __iter__(self) -> Iterator[SearchStrategy[Shape]]:
        together = st.shared(self, key=self._key)
        return iter([together.map(_Pick(i)) for i in range(self.count)])

    def __len__(self) -> int:
        return self.count

    def __repr__(self) -> str:
        return self.text


class _Pick:
    def __init__(self, i: int) -> None:
        self.i = i

    def __call__(self, together: tuple[Shape, ...]) -> Shape:
        return together[self.i]


def broadcastable(n: int, max_dims: int = 3, max_side: int = 4, empty: bool = True) -> LinkedShapes:
    """`n` shapes that broadcast with each other: axes of length 1, and fewer axes, among them."""

    @st.composite
    def draw_shapes(draw: Callable[..., Any]) -> tuple[Shape, ...]:
        whole = draw(shapes(max_dims=max_dims, max_side=max_side, empty=empty))
        made = []
        for _ in range(n):
            kept = list(whole)
            # Nothing in half of the cases, then axes of length 1, then fewer axes.
            how = draw(st.sampled_from(["same", "same", "ones", "fewer", "both"]))
            if how in ("ones", "both"):
                kept = [1 if draw(st.booleans()) else side for side in kept]
            if how in ("fewer", "both") and kept:
                kept = kept[draw(st.integers(0, len(kept))) :]
            made.append(tuple(kept))
        return tuple(made)

    return LinkedShapes(draw_shapes(), n, f"broadcastable({n})")


def signature(text: str, max_side: int = 4) -> LinkedShapes:
    """Shapes as in the signature of a NumPy gufunc: ``"(n?,k),(k,m?)->(n?,m?)"`` is ``matmul``'s.

    Axes of the same name have the same length, a number is a length, and an axis with a ``?`` may
    be missing, everywhere at once.  What follows the arrow is for the reader.
    """
    operands = re.findall(r"\(([^()]*)\)", text.split("->")[0])
    if not operands:
        raise ValueError(f"a signature looks like '(n,k),(k,m)->(n,m)', not {text!r}")
    parsed = [[axis.strip() for axis in part.split(",") if axis.strip()] for part in operands]
    for axis in itertools.chain(*parsed):
        if not re.fullmatch(r"\d+|[A-Za-z_]\w*\??", axis):
            raise ValueError(
                f"{axis!r} in {text!r} is neither a name, nor a name with ?, nor a number"
            )
    names = sorted({axis for part in parsed for axis in part if not axis.isdigit()})

    @st.composite
    def draw_shapes(draw: Callable[..., Any]) -> tuple[Shape, ...]:
        sizes: dict[str, int | None] = {}
        for name in names:
            missing = name.endswith("?") and draw(st.booleans())
            sizes[name] = None if missing else draw(st.integers(1, max_side))
        return tuple(
            tuple(n for n in (int(a) if a.isdigit() else sizes[a] for a in part) if n is not None)
            for part in parsed
        )

    return LinkedShapes(draw_shapes(), len(parsed), f"signature({text!r})")
