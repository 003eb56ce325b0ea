"""The affine map of a linear layer: one matrix product, the bias added in the same memory.

And the bilinear map, which is linear in each of two inputs.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.numerics.adding import add_rows
from minitorch.ops.arithmetic import add
from minitorch.ops.bilinear import FEW, bmm, dot, mm, mm_t, rows
from minitorch.ops.checks import check_tensor
from minitorch.ops.copying import cast
from minitorch.ops.elsewhere import elsewhere
from minitorch.ops.fused import fused
from minitorch.ops.shapes import permute, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["bilinear", "linear"]


def _affine_reference(x: Any, w: Any, bias: Any) -> Any:
    return add(mm_t(x, w), bias)


def affine_rows(x, w, bias):
    """The affine map of each row of the matrix `x`."""
    out = x.dot(w.T) if x.size * len(w) < FEW else dot(x, w.T)
    out += bias
    return out


def weight_gradient(g, x):
    """Of the affine map of the rows of `x`."""
    return g.T.dot(x) if g.size * x.shape[1] < FEW else dot(g.T, x)


@fused(reference=_affine_reference)
def _affine(x, w, bias, /):
    if x.ndim == 2:
        return affine_rows(x, w, bias), (x, w)
    return affine_rows(rows(x), w, bias).reshape(x.shape[:-1] + w.shape[:1]), (x, w)


@_affine.backward
def _(g, wanted, x, w):
    for_x, for_w, for_bias = wanted
    shape = x.shape
    if len(shape) != 2:
        x, g = rows(x), rows(g)
    grad = dot(g, w) if for_x else None
    return (
        grad if grad is None or len(shape) == 2 else grad.reshape(shape),
        weight_gradient(g, x) if for_w else None,
        add_rows(g) if for_bias else None,
    )


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input @ weight.T + bias``: (..., in_features) -> (..., out_features).

    `weight` is (out_features, in_features), `bias` (out_features,).  RuntimeError when the sizes
    or dtypes do not fit.  Mirrors ``torch.nn.functional.linear``.

    >>> import minitorch
    >>> x, w = minitorch.ones(5, 3), minitorch.ones(2, 3)
    >>> minitorch.nn.functional.linear(x, w).shape
    minitorch.Size([5, 2])
    """
    try:
        x, w = input._data, weight._data
    except AttributeError as error:
        return elsewhere(linear, error, (input, weight, bias))
    dtype = x.dtype
    # NumPy itself finds sizes that do not fit, so that only the rest needs a look beforehand.
    if dtype == w.dtype and w.ndim == 2 and x.ndim:
        try:
            if dtype.itemsize == 2 and dtype.kind in "fV":
                return _in_single(input, weight, bias)
            if bias is None:
                return mm_t(input, weight)
            b = bias._data
            if b.dtype == dtype and b.ndim <= 1:
                return _affine(input, weight, bias)
        except ValueError:
            pass
    return _unusual(input, weight, bias)


def _in_single(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Half precision: computed in single, and rounded once."""
    half, single = input._data.dtype, np.dtype(np.float32)
    if bias is not None and bias._data.dtype != half:
        return _unusual(input, weight, bias)
    given = (input, weight) if bias is None else (input, weight, bias)
    return cast(linear(*(cast(t, single) for t in given)), half)


def _unusual(input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """A weight of one dimension is a dot product; anything else that comes here is an error."""
    x, w = input._data, weight._data
    if x.dtype != w.dtype:
        advice = f"convert the input with to({weight.dtype})"
        _refuse(f"dtypes differ, {x.dtype} and {w.dtype}, {advice}", x, w)
    if w.ndim == 2 and x.ndim and x.shape[-1] == w.shape[1] and bias is not None:
        b = bias._data
        _refuse(f"bias of shape {b.shape} ({b.dtype}) does not fit", x, w)
    if w.ndim in (1, 2) and x.ndim and x.shape[-1] != w.shape[-1]:
        sizes = f"dimension -1 of the input is {x.shape[-1]}, in_features is {w.shape[-1]}"
        flat = math.prod(x.shape[1:]) == w.shape[-1]
        _refuse(sizes + (", which flatten(1) of it would have" if flat else ""), x, w)
    if w.ndim != 1 or x.ndim == 0:
        _refuse("the input needs one or more dimensions, the weight two", x, w)
    out: Any = mm_t(input, weight.unsqueeze(0)).squeeze(-1)
    return out if bias is None else out + bias


def _refuse(why: str, x: np.ndarray, w: np.ndarray) -> None:
    raise RuntimeError(
        f"linear(): {why}: input has shape {x.shape}, weight {w.shape}; expected "
        f"(..., in_features) and (out_features, in_features)"
    )


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """``input1 @ weight[k] @ input2 + bias[k]`` for every k: (..., in1), (..., in2) -> (..., out).

    `weight` is (out, in1, in2), `bias` (out,).  RuntimeError when the sizes or dtypes do not fit.
    Mirrors ``torch.nn.functional.bilinear``.

    >>> import minitorch
    >>> x, y = minitorch.ones(5, 3), minitorch.ones(5, 4)
    >>> minitorch.nn.functional.bilinear(x, y, minitorch.ones(2, 3, 4)).shape
    minitorch.Size([5, 2])
    """
    given = (input1, input2, weight) if bias is None else (input1, input2, weight, bias)
    check_tensor("bilinear", *given)
    x, y, w = input1._data, input2._data, weight._data
    if len({t._data.dtype for t in given}) > 1:
        raise RuntimeError(f"bilinear(): dtypes differ: {', '.join(str(t.dtype) for t in given)}")
    if (
        (x.ndim == 0 or w.ndim != 3 or x.shape[:-1] != y.shape[:-1])
        or (x.shape[-1], y.shape[-1]) != w.shape[1:]
        or (bias is not None and bias._data.shape != w.shape[:1])
    ):
        raise RuntimeError(
            "bilinear(): expected inputs (..., in1) and (..., in2), a weight (out, in1, in2) and a "
            f"bias (out,), got {', '.join(str(list(t._data.shape)) for t in given)}"
        )
    if w.dtype.kind in "fV" and w.dtype.itemsize < 4:  # half precision: rounded once, at the end
        return cast(bilinear(*(cast(t, np.dtype(np.float32)) for t in given)), w.dtype)
    (out, in1, in2), count = w.shape, math.prod(x.shape[:-1])
    by_first = reshape(permute(weight, (1, 0, 2)), (in1, out * in2))
    halfway = reshape(mm(reshape(input1, (count, in1)), by_first), (count, out, in2))
    result = reshape(bmm(halfway, reshape(input2, (count, in2, 1))), (*x.shape[:-1], out))
    return result if bias is None else add(result, bias)
