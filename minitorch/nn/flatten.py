"""Layers that only change the shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops.shapes import flatten, unflatten

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Flatten(Module):
    """Makes one dimension of `start_dim` to `end_dim`: (N, a, b) -> (N, a * b) by default.

    >>> import minitorch
    >>> minitorch.nn.Flatten()(minitorch.ones(5, 2, 3)).shape
    minitorch.Size([5, 6])
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim = start_dim
        self.end_dim = end_dim

    def forward(self, input: Tensor) -> Tensor:
        return flatten(input, self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Makes several dimensions of one: (N, 6) -> (N, 2, 3) with ``Unflatten(1, (2, 3))``.

    >>> import minitorch
    >>> minitorch.nn.Unflatten(1, (2, 3))(minitorch.zeros(4, 6)).shape
    minitorch.Size([4, 2, 3])
    """

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        super().__init__()
        sizes = unflattened_size
        if not isinstance(sizes, tuple | list) or not all(isinstance(n, int) for n in sizes):
            raise TypeError(f"unflattened_size must be a tuple of ints, got {sizes!r}")
        self.dim = dim
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        return unflatten(input, self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
