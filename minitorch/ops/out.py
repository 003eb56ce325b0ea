"""``out=``: put a result into a tensor that the caller made."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from minitorch.dtypes import can_cast, from_numpy_dtype
from minitorch.engine.clock import owner, stamp
from minitorch.engine.state import TensorState
from minitorch.ops.elsewhere import elsewhere

F = TypeVar("F", bound=Callable[..., Any])


def not_a_tensor(name: str, error: AttributeError) -> Exception:
    """What to raise instead of an AttributeError, where an argument was no Tensor."""
    if isinstance(error.obj, TensorState | np.ndarray) or (
        error.obj is None and error.name is None
    ):
        return error
    return TypeError(f"{name}() needs a Tensor, got {type(error.obj).__name__}")


NUMPYS_NAMES = {"axis": "dim", "keepdims": "keepdim"}


def _otherwise(function: F, error: Exception, args: Any, kwargs: dict[str, Any]) -> Any:
    """The call that raised `error` once more, with PyTorch's names for NumPy's keywords; or what
    an argument answers that is no Tensor.
    """
    if isinstance(error, AttributeError):
        return elsewhere(function, not_a_tensor(function.__name__, error), args, kwargs)
    if kwargs.keys().isdisjoint(NUMPYS_NAMES):
        return elsewhere(function, error, args, kwargs)
    return function(*args, **{NUMPYS_NAMES.get(name, name): x for name, x in kwargs.items()})


def takes_tensors(function: F) -> F:
    """Let a function raise a TypeError where an argument should have been a Tensor.

    A method needs no such thing for `self`, nor its price: see `as_method`.
    """

    @functools.wraps(function)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (AttributeError, TypeError) as error:
            return _otherwise(function, error, args, kwargs)

    return wrapped  # type: ignore[return-value]


def as_method(function: F) -> F:
    """The function without `takes_tensors`."""
    return function.__wrapped__  # type: ignore[attr-defined]


def store(out: Any, result: Any) -> Any:
    """Write `result` (a Tensor, or a tuple of them) into `out`, and return `out`."""
    if isinstance(result, tuple):
        if not isinstance(out, tuple | list) or len(out) != len(result):
            raise TypeError(f"out must be a tuple of {len(result)} Tensors")
        parts = [store(o, r) for o, r in zip(out, result)]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    if not isinstance(out, TensorState):
        raise TypeError(f"out must be a Tensor, got {type(out).__name__}")
    if result._node is not None or (out._node is not None and not out._data.dtype.kind == "b"):
        raise RuntimeError(
            "functions with out= are not differentiable, but one of the arguments requires grad; "
            "leave out= away, or use no_grad()"
        )
    have, want = from_numpy_dtype(result._data.dtype), from_numpy_dtype(out._data.dtype)
    if not can_cast(have, want):
        raise RuntimeError(f"result type {have} can't be cast to the dtype of out, {want}")
    check_memory(out._data)
    if out._data.shape != result._data.shape:
        if out._data.size:
            warnings.warn(
                f"out had shape {out._data.shape} and was resized to {result._data.shape}; "
                "give an empty out, or one of the right shape",
                stacklevel=3,
            )
        out._data = np.empty(result._data.shape, out._data.dtype)
    np.copyto(out._data, result._data, casting="unsafe")
    stamp(out._data)
    return out


def check_memory(data: np.ndarray) -> None:
    """Refuse to write where one cell of memory is many elements, or to read-only memory."""
    if not data.flags.c_contiguous and _overlaps_itself(data):
        raise RuntimeError(
            f"a tensor of shape {list(data.shape)} with strides {data.strides} has elements "
            "that share memory (expand(), unfold()); clone() it before writing to it"
        )
    if not data.flags.writeable:
        raise RuntimeError("this tensor looks into read-only memory; clone() it before writing")


def _check_apart(name: str, out: Any, args: Any) -> None:
    for x in args:
        if isinstance(x, tuple | list):
            _check_apart(name, out, x)
        elif isinstance(x, TensorState) and owner(x._data) is owner(out._data):
            raise RuntimeError(f"{name}(): out looks into the memory of an argument; clone() it")


def _overlaps_itself(data: np.ndarray) -> bool:
    extent = data.itemsize
    for step, n in sorted([(abs(step), n) for step, n in zip(data.strides, data.shape) if n > 1]):
        if step < extent:
            return data.size > 0
        extent += (n - 1) * step
    return False


def with_out(function: F, apart: bool = False, exact: bool = False) -> F:
    """Give a function of tensors the keyword ``out=``.

    `apart`: `out` may not look into the memory of an argument.  `exact`: nor be of another dtype
    than the result.
    """

    @functools.wraps(function)
    def wrapped(*args: Any, out: Any = None, **kwargs: Any) -> Any:
        try:
            result = function(*args, **kwargs)
        except (AttributeError, TypeError) as error:
            result = _otherwise(function, error, args, kwargs)
        if out is None:
            return result
        if exact and out._data.dtype != result._data.dtype:
            raise RuntimeError(
                f"{function.__name__}(): out must be of dtype {result.dtype}, got {out.dtype}"
            )
        if apart:
            _check_apart(function.__name__, out, args)
        return store(out, result)

    return wrapped  # type: ignore[return-value]
