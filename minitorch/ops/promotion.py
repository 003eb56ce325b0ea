"""The dtype in which the operands of an elementwise op meet."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.dtypes import (
    common_dtype,
    default_numpy,
    from_numpy_dtype,
    scalar_dtype,
    to_numpy_dtype,
)
from minitorch.engine.backward import edge_of
from minitorch.engine.state import TensorState, wrap

ndarray = np.ndarray
_PLAIN = (float, int)
_NUMBERS = (bool, int, float, complex)
_WIDE = "fdFD"  # dtypes that numbers meet as they are
_SINGLE = np.dtype(np.float32)


def is_half(dtype: np.dtype[Any]) -> bool:
    """float16 or bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def is_array(x: Any) -> bool:
    """What a rule may call an op with instead of a Tensor."""
    return isinstance(x, ndarray | np.generic)


def only_tensors(name: str, x: Any) -> TypeError:
    """The error for an operand that must be a Tensor."""
    return TypeError(f"{name}() needs a Tensor, got {type(x).__name__}")


def number(name: str, x: Any) -> Any:
    """A Tensor of no dimensions, for an op that is called on numbers alone."""
    if not isinstance(x, _NUMBERS):
        raise only_tensors(name, x)
    return wrap(np.asarray(x, scalar_dtype(x)))


def meet(name: str, x: Any, y: Any, floats: bool) -> tuple[Any, Any]:
    """Two operands, arrays or numbers, in the dtype where PyTorch lets them meet.

    Numbers are left to NumPy, which converts them as PyTorch does, wherever that is so.
    """
    if type(y) in _PLAIN:
        if x.dtype.char in _WIDE:
            return x, y
    elif type(x) in _PLAIN and y.dtype.char in _WIDE:
        return x, y
    x, y = _operand(name, x), _operand(name, y)
    dtype = common_dtype(x, y)
    if floats and dtype.kind in "biu":
        dtype = default_numpy()
    if is_half(dtype) and name in ("mul", "div"):
        # As in PyTorch, a tensor of no dimensions counts as a number if it comes second.
        if isinstance(y, ndarray) and y.ndim == 0:
            y = y.item()
        return _factor(x, dtype), _factor(y, dtype)
    return _to(x, dtype), _to(y, dtype)


class _Factor(float):
    """A number that half precision is multiplied or divided by in single, and rounded once.

    NumPy would round the number first: 0.37 is 0.3711 in bfloat16.
    """

    __slots__ = ()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = None) -> Any:
        dtype = next(x.dtype for x in inputs if not isinstance(x, _Factor))
        result = getattr(ufunc, method)(*(np.asarray(x, _SINGLE) for x in inputs)).astype(dtype)
        if out is None:
            return result
        out[0][...] = result
        return out[0]


def _factor(x: Any, dtype: np.dtype[Any]) -> Any:
    """As `_to`, but numbers that `dtype` (half precision) cannot hold stay what they are."""
    if isinstance(x, ndarray) or float(dtype.type(x)) == x:
        return _to(x, dtype)
    return _Factor(x)


def _operand(name: str, x: Any) -> Any:
    if isinstance(x, ndarray | bool | int | float | complex) and not isinstance(x, np.generic):
        return x
    if isinstance(x, np.generic):  # NumPy's scalars count as Python's numbers, as in PyTorch
        to_numpy_dtype(x.dtype)  # raises for strings and objects
        return x.item()
    raise TypeError(f"{name}() works on Tensors and numbers; one operand is a {type(x).__name__}")


def _to(x: Any, dtype: np.dtype[Any]) -> Any:
    if isinstance(x, ndarray):
        return x if x.dtype == dtype else x.astype(dtype)
    if dtype.kind in "fc" or (type(x) is bool and dtype.kind == "b"):
        return x
    # Integers wrap around as in C (uint8 with -1 is 255); NumPy would refuse.
    return np.asarray(x).astype(dtype)


def in_dtype(x: Any, dtype: np.dtype[Any]) -> Any:
    """`x` (Tensor, array or number) as `dtype`; a Tensor keeps its place in the graph.

    No op is recorded: the engine gives every gradient the dtype of the tensor it belongs to.
    """
    if isinstance(x, TensorState):
        data = x._data
        return x if data.dtype == dtype else wrap(data.astype(dtype), edge_of(x))
    return _to(x, dtype)


def unify(name: str, *operands: Any, floats: bool = False) -> list[Any]:
    """Any number of Tensors, arrays or numbers in their common dtype (`floats`: a floating one)."""
    kinds = {x._data.dtype if isinstance(x, TensorState) else type(x) for x in operands}
    kinds.difference_update(_PLAIN)
    if len(kinds) == 1 and getattr(kinds.pop(), "kind", "O") in "fc":
        return list(operands)  # the usual case; beside them, numbers are as in `meet`
    raw = [_operand(name, x._data if isinstance(x, TensorState) else x) for x in operands]
    dtype = common_dtype(*raw)
    if floats and dtype.kind in "biu":
        dtype = default_numpy()
    return [in_dtype(x if isinstance(x, TensorState) else r, dtype) for x, r in zip(operands, raw)]


def in_single(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of one array compute half precision in single, and round once."""

    @functools.wraps(function)
    def rounded(input: Any, *settings: Any) -> Any:
        if is_half(input.dtype):
            return function(input.astype(np.float32), *settings).astype(input.dtype)
        return function(input, *settings)

    return rounded


def rounded_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """Let a function of Tensors, if all are of one half precision, compute in single."""

    @functools.wraps(function)
    def rounded(*args: Any, **settings: Any) -> Any:
        given = [*args, *settings.values()]
        kinds = {x._data.dtype for x in given if isinstance(x, TensorState)}
        if len(kinds) != 1 or not is_half(kind := kinds.pop()):
            return function(*args, **settings)
        wide = [in_dtype(x, _SINGLE) if isinstance(x, TensorState) else x for x in given]
        rest = dict(zip(settings, wide[len(args) :]))
        return in_dtype(function(*wide[: len(args)], **rest), kind)

    return rounded


def refusal(name: str, operands: Sequence[Any], error: Exception) -> RuntimeError:
    """What to raise when NumPy refused `operands` with a TypeError or ValueError."""
    kinds = [from_numpy_dtype(x.dtype) for x in operands if isinstance(x, ndarray)]
    if isinstance(error, TypeError):
        return NotImplementedError(f"{name}() is not defined for {' and '.join(map(repr, kinds))}")
    shapes = [np.shape(x) for x in operands]
    return RuntimeError(f"{name}(): {_clash(shapes) or error}")


def _clash(shapes: list[tuple[int, ...]]) -> str:
    """Why `shapes` do not broadcast."""
    for back in range(1, max(map(len, shapes)) + 1):
        sizes = [shape[-back] for shape in shapes if len(shape) >= back]
        if len({n for n in sizes if n != 1}) > 1:
            together = " and ".join(map(str, shapes))
            return f"shapes {together} do not broadcast: they differ in dimension -{back}"
    return ""
