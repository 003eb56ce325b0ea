"""Running sums, products and extremes along one dimension.

The gradient of a running sum is a running sum from the other end, so the primitives here take
`reverse`. The gradient of a product must not divide by zero: it is a linear recurrence, computed
in a logarithmic number of passes, whose own gradient is again a recurrence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import return_types
from minitorch.dtypes import dtype, to_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import take_along
from minitorch.ops.checks import check_ordered, check_tensor
from minitorch.ops.copying import cast
from minitorch.ops.dims import check_dim
from minitorch.ops.primitive import primitive
from minitorch.ops.reduction import reduction
from minitorch.ops.where import keep

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cummax", "cummin", "cumprod", "cumsum", "logcumsumexp"]

# What running sums are kept in: rounding errors would add up.
_WIDER = {
    np.dtype(np.float16): np.float32,
    np.dtype(np.float32): np.float64,
    np.dtype(np.complex64): np.complex128,
}


@reduction
def cumsum(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """Running sums: ``out[i] = input[0] + ... + input[i]`` along `dim`. Integers become int64.

    >>> import minitorch
    >>> minitorch.tensor([1, 2, 3]).cumsum(0)
    tensor([1, 3, 6])
    """
    check_tensor("cumsum", input)
    dim = check_dim(dim, input._data.ndim)
    return (
        _cumsum(input, dim, False)
        if dtype is None
        else with_dtype(dtype, _cumsum, input, dim, False)
    )


@reduction
def cumprod(input: Tensor, dim: int, *, dtype: dtype | None = None) -> Tensor:
    """Running products: ``out[i] = input[0] * ... * input[i]`` along `dim`. Integers become int64.

    >>> import minitorch
    >>> minitorch.tensor([1, 2, 3]).cumprod(0)
    tensor([1, 2, 6])
    """
    check_tensor("cumprod", input)
    dim = check_dim(dim, input._data.ndim)
    op = running_product if input._data.size > 1 else _cumsum  # one element stays as it is
    return op(input, dim, False) if dtype is None else with_dtype(dtype, op, input, dim, False)


@reduction
def logcumsumexp(input: Tensor, dim: int) -> Tensor:
    """The logarithm of the running sums of ``exp(input)`` along `dim`, without overflow."""
    check_tensor("logcumsumexp", input)
    if input._data.dtype.kind in "biu":
        raise NotImplementedError(f"logcumsumexp() is for floating tensors, not {input.dtype}")
    dim = check_dim(dim, input._data.ndim)
    return _logcumsumexp(input, dim) if input._data.ndim else _cumsum(input, dim, False)


@reduction
def cummax(input: Tensor, dim: int) -> Any:
    """Running maxima along `dim`, and where they are: ``(values, indices)``.

    Of equal elements the last counts; nan is larger than everything.

    >>> import minitorch
    >>> minitorch.tensor([1, 3, 2]).cummax(0).values
    tensor([1, 3, 3])
    """
    return return_types.cummax(*_running_extreme("cummax", np.maximum, input, dim))


@reduction
def cummin(input: Tensor, dim: int) -> Any:
    """Running minima along `dim`, and where they are; see `cummax`."""
    return return_types.cummin(*_running_extreme("cummin", np.minimum, input, dim))


def _running_extreme(name: str, ufunc: Any, input: Tensor, dim: int) -> tuple[Any, Any]:
    check_tensor(name, input)
    x = input._data
    dim = check_dim(dim, x.ndim)
    check_ordered(name, input)
    lines = _lines(x, dim)
    best = _run(ufunc, lines, x.dtype)
    new = (lines == best) | (lines != lines)  # nan counts as new wherever it is
    places = np.arange(len(lines)).reshape((-1,) + (1,) * (lines.ndim - 1))
    indices = np.empty(x.shape, np.int64)
    _lines(indices, dim)[...] = _run(np.maximum, np.where(new, places, 0), np.int64)
    return take_along(input, indices, dim), wrap(indices)


def with_dtype(dtype: Any, op: Any, input: Tensor, *settings: Any) -> Tensor:
    """``op(input, *settings)``, with input and result in `dtype`."""
    kind = to_numpy_dtype(dtype)
    return cast(op(cast(input, kind), *settings), kind)


# --- primitives ---------------------------------------------------------------------------------


@primitive
def _cumsum(input, /, dim, reverse):
    return _accumulate(np.add, input, dim, reverse)


_cumsum.gradient(input=lambda g, dim, reverse: _cumsum(g, dim, not reverse))


@primitive
def running_product(input, /, dim, reverse):
    """`cumprod`; with `reverse`, from the end."""
    return _accumulate(np.multiply, input, dim, reverse)


def _product_gradient(g, input, out, dim, reverse):
    """``grad[i]`` is the sum over later k of ``g[k] * out[k] / input[i]``."""
    if all_nonzero(input):
        return _cumsum(g * out, dim, not reverse) / input
    step = -1 if reverse else 1
    earlier = shift(out, dim, step, 1)
    later = _recurrence(shift(input, dim, -step, 0), g, dim, not reverse)
    return earlier * later


running_product.gradient(input=_product_gradient)


@primitive
def _logcumsumexp(input, /, dim):
    if input.dtype.kind == "c":  # which np.logaddexp does not know
        out = input.copy()
        lines = _lines(out, dim)
        for i in range(1, len(lines)):
            lines[i] = _log_add_exp(lines[i - 1], lines[i])
        return out
    return _accumulate(np.logaddexp, input, dim, False)


def _log_add_exp(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    larger, smaller = np.where(a.real >= b.real, (a, b), (b, a))
    distance = np.where(larger.real == -np.inf, 0, smaller - larger)  # inf - inf would be nan
    return larger + np.log1p(np.exp(distance))


def _logcumsumexp_gradient(g, input, dim):
    """The sum over later k of ``g[k] * exp(input[i] - out[k])``, where no exponent is positive."""
    x = _widened(input)
    out = _logcumsumexp(x, dim)
    decay = np.exp(out - shift(out, dim, -1, np.inf))
    decay = keep(decay, out != np.inf)  # beside infinity, what is finite counts nothing
    return _recurrence(decay, _widened(g), dim, True) * np.exp(x - out)


@primitive
def _widened(input, /):
    """`input` in a wider dtype: differences of large numbers lose too much otherwise."""
    return input.astype(_WIDER.get(input.dtype, input.dtype), copy=False)


_widened.gradient(input=lambda g: g)


_logcumsumexp.gradient(input=_logcumsumexp_gradient)


@primitive
def shift(input, /, dim, by, fill):
    """``out[i] = input[i - by]`` along `dim`, and `fill` where there is none."""
    out = np.full(input.shape, fill, input.dtype)
    source, target = _lines(input, dim), _lines(out, dim)
    if by > 0:
        target[by:] = source[:-by]
    else:
        target[:by] = source[-by:]
    return out


shift.gradient(input=lambda g, dim, by: shift(g, dim, -by, 0))


@primitive
def _recurrence(a, b, /, dim, reverse):
    """``s[i] = a[i] * s[i - 1] + b[i]`` along `dim` (``s[i + 1]`` with `reverse`).

    Two steps compose to one: after k passes, ``a[i], b[i]`` lead from ``s[i - 2**k]`` to ``s[i]``.
    """
    a, out = a.astype(b.dtype), b.copy()
    step, s = _lines(a, dim, reverse), _lines(out, dim, reverse)
    n = 1
    while n < len(s):
        s[n:] += step[n:] * s[:-n]
        step[n:] *= step[:-n]
        n *= 2
    return out


def _recurrence_adjoint(g, a, dim, reverse):
    return _recurrence(shift(a, dim, 1 if reverse else -1, 0), g, dim, not reverse)


_recurrence.gradient(
    a=lambda g, a, out, dim, reverse: (
        _recurrence_adjoint(g, a, dim, reverse) * shift(out, dim, -1 if reverse else 1, 0)
    ),
    b=lambda g, a, dim, reverse: _recurrence_adjoint(g, a, dim, reverse),
)


def all_nonzero(x: Any) -> bool:
    """Whether no element of an array or Tensor is zero."""
    return bool(np.logical_and.reduce(x._data if isinstance(x, TensorState) else x, None))


def _lines(x: np.ndarray, dim: int, reverse: bool = False) -> np.ndarray:
    """A view with `dim` in front (a number counts as a line of one), from the end if `reverse`."""
    x = x.swapaxes(0, dim) if x.ndim else x.reshape(1)
    return x[::-1] if reverse else x


def _accumulate(ufunc: Any, x: np.ndarray, dim: int, reverse: bool) -> np.ndarray:
    """``ufunc.accumulate`` along `dim`, in a wider dtype than the result's."""
    kind = np.dtype(np.int64) if x.dtype.kind in "biu" else x.dtype
    wide = _WIDER.get(kind, np.float32 if kind.kind == "V" else kind)
    lines = _run(ufunc, _lines(x, dim, reverse), wide)
    out = np.empty(x.shape, kind)
    _lines(out, dim, reverse)[...] = lines
    return out


def _run(ufunc: Any, lines: np.ndarray, wide: Any) -> np.ndarray:
    """``ufunc.accumulate`` along the first dimension; across many lines, all at a time.

    A step of that takes 0.6 us at least: `accumulate` has done 250 additions by then.  It gains on
    what takes longer, and on lines that lie along memory, which would be copied to lie across.
    """
    quick = ufunc in (np.add, np.multiply) and abs(lines.strides[0]) > lines.itemsize
    if lines.size < (256 if quick else 1024) * len(lines):
        return ufunc.accumulate(lines, 0, wide)
    out = lines.astype(wide, "C")
    for i in range(1, len(out)):
        ufunc(out[i - 1], out[i], out[i])
    return out
