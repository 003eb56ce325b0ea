"""Addition, multiplication and their relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import common_dtype, from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops import operators
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.elements import check_fits
from minitorch.ops.operators import mul, neg
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise
from minitorch.ops.promotion import is_half, refusal, rounded_once
from minitorch.ops.rounding import _div_floor, _div_trunc
from minitorch.ops.where import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "add",
    "addcdiv",
    "addcmul",
    "div",
    "divide",
    "gcd",
    "lcm",
    "lerp",
    "mul",
    "multiply",
    "neg",
    "negative",
    "positive",
    "rsub",
    "sub",
    "subtract",
    "true_divide",
]


def _alpha(name: str, input: Any, other: Any, alpha: Any) -> Any:
    """`alpha`, where it is of a kind that the result can hold, as the number that counts."""
    raw = [x._data if isinstance(x, TensorState) else x for x in (input, other)]
    dtype = common_dtype(*raw)
    kind = dtype.kind
    if isinstance(alpha, bool) and kind != "b":
        raise RuntimeError(f"{name}(): alpha may be a boolean only for boolean results")
    if (kind in "biu" and isinstance(alpha, float)) or (kind != "c" and isinstance(alpha, complex)):
        raise RuntimeError(
            f"{name}(): the result is {from_numpy_dtype(dtype)}, so alpha cannot be {alpha!r}"
        )
    check_fits(alpha, dtype)
    if is_half(dtype):
        return float(dtype.type(alpha))
    return bool(alpha) if kind == "b" else alpha


@rounded_once
def _with_alpha(operator: Any, input: Any, other: Any, alpha: Any) -> Any:
    return operator(input, mul(other, alpha))


def add(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input + alpha * other``.

    >>> import minitorch
    >>> minitorch.add(minitorch.tensor([1.0, 2.0]), 10, alpha=2)
    tensor([21., 22.])
    """
    if alpha != 1 or alpha is True:
        alpha = _alpha("add", input, other, alpha)
        result = _with_alpha(operators.add, input, other, alpha)
        return result if out is None else store(out, result)
    return operators.add(input, other, out=out)


def sub(input: Any, other: Any, *, alpha: Any = 1, out: Any = None) -> Tensor:
    """``input - alpha * other``."""
    if alpha != 1 or alpha is True:
        alpha = _alpha("sub", input, other, alpha)
        result = _with_alpha(operators.sub, input, other, alpha)
        return result if out is None else store(out, result)
    return operators.sub(input, other, out=out)


def rsub(input: Any, other: Any, alpha: Any = 1) -> Tensor:
    """``other - alpha * input``."""
    check_tensor("rsub", input)
    return sub(other, input, alpha=alpha)


def div(input: Any, other: Any, *, rounding_mode: str | None = None, out: Any = None) -> Tensor:
    """``input / other``: a floating result, unless `rounding_mode` is "floor" or "trunc".

    >>> import minitorch
    >>> x = minitorch.tensor([7, -7])
    >>> minitorch.div(x, 2), minitorch.div(x, 2, rounding_mode="floor")
    (tensor([ 3.5000, -3.5000]), tensor([ 3, -4]))
    """
    if rounding_mode is None:
        return operators.div(input, other, out=out)
    if rounding_mode == "floor":
        return _div_floor(input, other, out=out)
    if rounding_mode == "trunc":
        return _div_trunc(input, other, out=out)
    raise RuntimeError(f"div(): rounding_mode is None, 'floor' or 'trunc', not {rounding_mode!r}")


def positive(input: Tensor) -> Tensor:
    """`input` itself."""
    check_tensor("positive", input)
    if input._data.dtype.kind == "b":
        raise RuntimeError("positive(): the + operator is not defined for boolean tensors")
    return input


@rounded_once
def lerp(input: Tensor, end: Tensor, weight: Any, *, out: Any = None) -> Tensor:
    """``input + weight * (end - input)``: the point at `weight` on the way to `end`.

    >>> import minitorch
    >>> minitorch.lerp(minitorch.tensor([0.0, 10.0]), minitorch.tensor([10.0, 20.0]), 0.5)
    tensor([ 5., 15.])
    """
    check_tensor("lerp", input, end)
    check_floating("lerp", input)
    weights = [weight] if isinstance(weight, TensorState) and weight._data.ndim else []
    for other in [end, *weights]:
        if other._data.dtype != input._data.dtype:
            raise RuntimeError(
                f"lerp() takes tensors of one dtype, got {from_numpy_dtype(input._data.dtype)} "
                f"and {from_numpy_dtype(other._data.dtype)}"
            )
    way = operators.sub(end, input)
    if weights:
        near = wrap(np.abs(weight._data) < 0.5)
        result = where(near, _from(input, way, weight), _to(end, way, weight))
    else:
        number = weight._data if isinstance(weight, TensorState) else weight
        result = _from(input, way, weight) if abs(number) < 0.5 else _to(end, way, weight)
    return result if out is None else store(out, result)


def _from(input: Tensor, way: Tensor, weight: Any) -> Tensor:
    return operators.add(input, mul(way, weight))


def _to(end: Tensor, way: Tensor, weight: Any) -> Tensor:
    """From the nearer point, as PyTorch: `end` itself at 1."""
    return operators.sub(end, mul(way, operators.sub(1, weight)))


@rounded_once
def addcmul(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None
) -> Tensor:
    """``input + value * tensor1 * tensor2``.

    >>> import minitorch
    >>> minitorch.addcmul(minitorch.ones(2), minitorch.ones(2), minitorch.full((2,), 3.0), value=2)
    tensor([7., 7.])
    """
    check_tensor("addcmul", input, tensor1, tensor2)
    tensor1 = _times_value("addcmul", input, tensor1, value)
    result = operators.add(input, mul(tensor1, tensor2))
    return result if out is None else store(out, result)


def _times_value(name: str, input: Any, tensor1: Any, value: Any) -> Any:
    """``value * tensor1``; among integers, `value` loses its fraction."""
    kinds = input._data.dtype.kind + tensor1._data.dtype.kind
    if kinds == "bb":
        raise refusal(name, (input._data,), TypeError())
    if isinstance(value, complex) and "c" not in kinds:
        raise RuntimeError(f"{name}(): value is {value}, but the tensors are real")
    dtype = common_dtype(input._data, tensor1._data)
    check_fits(value, dtype)
    if dtype.kind in "iu":
        value = int(value)
    return tensor1 if value == 1 else mul(tensor1, value)


@rounded_once
def addcdiv(
    input: Tensor, tensor1: Tensor, tensor2: Tensor, *, value: Any = 1, out: Any = None
) -> Tensor:
    """``input + value * tensor1 / tensor2``; not for two tensors of integers."""
    check_tensor("addcdiv", input, tensor1, tensor2)
    if tensor1._data.dtype.kind in "biu" and tensor2._data.dtype.kind in "biu":
        raise RuntimeError(
            "addcdiv() does not divide integers by integers; call float() on one of them first"
        )
    tensor1 = _times_value("addcdiv", input, tensor1, value)
    result = operators.add(input, operators.div(tensor1, tensor2))
    return result if out is None else store(out, result)


@elementwise(kinds="iu", numbers="none")
def gcd(input, other):
    """The greatest common divisor, not negative; ``gcd(0, 0)`` is 0."""
    return np.gcd(input, other)


@elementwise(kinds="iu", numbers="none")
def lcm(input, other):
    """The least common multiple, not negative."""
    return np.lcm(input, other)


negative, subtract, multiply = neg, sub, mul
divide = true_divide = div
