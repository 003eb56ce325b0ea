"""Keywords that all functions of a dimension share: ``out``, and NumPy's `axis` and `keepdims`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from minitorch.ops.out import store

F = TypeVar("F", bound=Callable[..., Any])


def reduction(function: F) -> F:
    """Give a function ``out=`` and, as PyTorch does, NumPy's names for `dim` and `keepdim`."""

    @functools.wraps(function)
    def wrapped(
        *args: Any, out: Any = None, axis: Any = None, keepdims: bool | None = None, **kwargs: Any
    ) -> Any:
        if axis is not None:
            kwargs["dim"] = axis
        if keepdims is not None:
            kwargs["keepdim"] = keepdims
        result = function(*args, **kwargs)
        return result if out is None else store(out, result)

    return wrapped  # type: ignore[return-value]
