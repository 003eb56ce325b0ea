"""NumPy's own functions on Tensors: ``np.exp(t)``, ``np.sum(t, axis=0)`` are recorded.

Gradient rules are written in these functions, so this is also what differentiates gradients.
Each family of methods enters its NumPy names in the two tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.inplace import replace

UFUNCS: dict[np.ufunc, Callable[..., Any]] = {}
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


class NumpyProtocol(TensorState):
    """The two methods by which NumPy hands its functions over."""

    __slots__ = ()

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: Any, **kwargs: Any) -> Any:
        op = UFUNCS.get(ufunc)
        out = kwargs.pop("out", None)
        if op is None or how != "__call__" or kwargs:
            raise TypeError(
                f"minitorch does not differentiate np.{ufunc.__name__}"
                + ("" if how == "__call__" else f".{how}")
                + (f" with {', '.join(kwargs)}" if kwargs else "")
                + "; use the Tensor's own method, or pass tensor.detach().numpy()"
            )
        result = op(*[_as_operand(x) for x in inputs])
        if out is None:
            return result
        target = out[0]
        if not isinstance(target, TensorState):
            raise TypeError("out= must be a Tensor when one of the inputs is")
        return replace(target, result)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        op = FUNCTIONS.get(function)
        if op is None:
            raise TypeError(
                f"minitorch does not differentiate np.{function.__name__}; "
                "use the Tensor's own method, or pass tensor.detach().numpy()"
            )
        return op(*args, **kwargs)


def with_tensors(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of Tensors alone, for NumPy's function in which arrays may stand beside them."""

    def mixed(*args: Any, **kwargs: Any) -> Any:
        return function(*[wrap(a) if isinstance(a, np.ndarray) else a for a in args], **kwargs)

    return mixed


def on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """NumPy's `function` itself, for one whose result, such as True, has no gradient."""

    def plain(*args: Any, **kwargs: Any) -> Any:
        given = [a._data if isinstance(a, TensorState) else a for a in args]
        return function(*given, **kwargs)

    return plain


def _as_operand(x: Any) -> Any:
    """NumPy's zero-dimensional results count as the numbers that they are."""
    return x.item() if isinstance(x, np.generic) else x
