"""`Size`: the shape of a tensor, a tuple that knows its number of elements."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import SupportsIndex, overload


class Size(tuple[int, ...]):
    """A shape.  Mirrors ``torch.Size``.

    >>> from minitorch import Size
    >>> Size([2, 3]), Size([2, 3]).numel(), Size([2, 3]) == (2, 3)
    (minitorch.Size([2, 3]), 6, True)
    """

    __slots__ = ()

    def __new__(cls, sizes: Iterable[int] = ()) -> Size:
        return super().__new__(cls, sizes)

    def numel(self) -> int:
        """The product of the sizes."""
        return math.prod(self)

    @overload
    def __getitem__(self, index: SupportsIndex) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> Size: ...
    def __getitem__(self, index: SupportsIndex | slice) -> int | Size:
        part = tuple.__getitem__(self, index)
        return Size(part) if isinstance(part, tuple) else part

    def __add__(self, other: tuple[int, ...]) -> Size:  # type: ignore[override]
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times: SupportsIndex) -> Size:
        return Size(tuple.__mul__(self, times))

    def __repr__(self) -> str:
        return f"minitorch.Size([{', '.join(map(str, self))}])"
