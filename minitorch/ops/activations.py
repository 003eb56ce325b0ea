"""Activation functions: what networks put between their layers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import dtype as DType
from minitorch.dtypes import to_numpy_dtype
from minitorch.ops.bounds import clamp
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.copying import cast
from minitorch.ops.dims import check_dim
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive
from minitorch.ops.promotion import in_single
from minitorch.ops.where import keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["log_softmax", "logit", "relu", "sigmoid", "softmax"]

ndarray = np.ndarray


@elementwise(kinds="iufV")
def relu(input):
    """``max(input, 0)``.

    >>> import minitorch
    >>> minitorch.relu(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return np.maximum(input, 0)


@primitive
def _where_positive(grad, out, /):
    return keep(grad, out > 0)


relu.gradient(input=lambda g, out: _where_positive(g, out))
_where_positive.gradient(
    grad=lambda g, out: _where_positive(g, out), out=lambda g: np.zeros_like(g)
)


@elementwise("float")
@in_single
def sigmoid(input):
    """``1 / (1 + exp(-input))``.

    >>> import minitorch
    >>> minitorch.sigmoid(minitorch.tensor([0.0, 2.0]))
    tensor([0.5000, 0.8808])
    """
    return 1 / (1 + np.exp(-input))


sigmoid.gradient(input=lambda g, out: g * (out * (1 - out)))


@elementwise("float", kinds="biufV")
@in_single
def _logit(input):
    return np.log(input / (1 - input))


_logit.gradient(input=lambda g, input: g / (input * (1 - input)))


def logit(input: Tensor, eps: float | None = None, *, out: Any = None) -> Tensor:
    """``log(input / (1 - input))``: the inverse of `sigmoid`.

    With `eps`, `input` is first kept between `eps` and ``1 - eps``.
    """
    result = _logit(input if eps is None else clamp(input, eps, 1 - eps))
    return result if out is None else store(out, result)


# --- softmax ------------------------------------------------------------------------------------


@primitive
@in_single
def _softmax(input, /, dim):
    if input.ndim == 0 or input.size == 0:
        return np.ones_like(input)
    out = np.exp(input - np.maximum.reduce(input, dim, None, None, True))
    out /= np.add.reduce(out, dim, None, None, True)
    return out


_softmax.gradient(input=lambda g, out, dim: out * (g - np.sum(g * out, axis=dim, keepdims=True)))


@primitive
@in_single
def _log_softmax(input, /, dim):
    if input.ndim == 0 or input.size == 0:
        return np.zeros_like(input)
    out = input - np.maximum.reduce(input, dim, None, None, True)
    out -= np.log(np.add.reduce(np.exp(out), dim, None, None, True))
    return out


_log_softmax.gradient(
    input=lambda g, out, dim: g - np.exp(out) * np.sum(g, axis=dim, keepdims=True)
)


def softmax(input: Tensor, dim: int, dtype: DType | None = None, *, out: Any = None) -> Tensor:
    """``exp(input) / sum(exp(input))`` along `dim`: positive, with sum 1.

    With `dtype`, `input` is first converted to it.

    >>> import minitorch
    >>> minitorch.softmax(minitorch.tensor([0.0, 0.0, 1.0]), dim=0)
    tensor([0.2119, 0.2119, 0.5761])
    """
    check_tensor("softmax", input)
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    check_floating("softmax", input, complex=False)
    result = _softmax(input, check_dim(dim, input._data.ndim))
    return result if out is None else store(out, result)


def log_softmax(input: Tensor, dim: int, dtype: DType | None = None, *, out: Any = None) -> Tensor:
    """``log(softmax(input, dim))``, without overflow.

    >>> import minitorch
    >>> minitorch.log_softmax(minitorch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    check_tensor("log_softmax", input)
    if dtype is not None:
        input = cast(input, to_numpy_dtype(dtype))
    check_floating("log_softmax", input, complex=False)
    result = _log_softmax(input, check_dim(dim, input._data.ndim))
    return result if out is None else store(out, result)
