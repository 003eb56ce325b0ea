"""Checking dimension arguments, in one place."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any


def check_dim(dim: Any, ndim: int) -> int:
    """`dim` counted from the front; IndexError when there is no such dimension.

    Zero-dimensional tensors accept 0 and -1, as in PyTorch.
    """
    if type(dim) is int and -ndim <= dim < ndim:
        return dim if dim >= 0 else dim + ndim
    try:
        dim = operator.index(dim)
    except TypeError:
        raise TypeError(f"dim must be an integer, got {type(dim).__name__}") from None
    count = max(ndim, 1)
    if not -count <= dim < count:
        raise IndexError(
            f"dimension {dim} is out of range for a tensor of {ndim} dimensions "
            f"(expected {-count} to {count - 1})"
        )
    return dim % count


def check_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """The dimensions meant by `dim`: an integer, a sequence, or None or () for all of them."""
    if dim is None or (isinstance(dim, Sequence) and len(dim) == 0):
        return tuple(range(ndim))
    dims = tuple(check_dim(d, ndim) for d in (dim if isinstance(dim, Sequence) else (dim,)))
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim {dim} names a dimension more than once")
    return dims if ndim else ()
