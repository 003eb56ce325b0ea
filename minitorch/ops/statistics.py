"""How elements scatter around their mean: variance, standard deviation, covariance."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.numerics.adding import add_up
from minitorch.ops.arithmetic import div, mul, sub
from minitorch.ops.bilinear import mm_t
from minitorch.ops.bounds import clamp
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.complex_numbers import _conj, complex, conj, imag, real
from minitorch.ops.diagonals import diagonal
from minitorch.ops.norms import root
from minitorch.ops.powers import sqrt
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import rounded_once
from minitorch.ops.reduction import reduction
from minitorch.ops.reductions import Dims, count, mean_over, reduced, spread, sum
from minitorch.ops.shapes import reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["corrcoef", "cov", "std", "std_mean", "var", "var_mean"]


@primitive
def _var(input, /, dims, correction, keepdim):
    if input.dtype.itemsize == 2:
        wide = input.astype(np.float32)
        return _var.op.function(wide, dims, correction, keepdim).astype(input.dtype)
    d = input - mean_over(input, dims, True)
    if d.dtype.kind == "c":
        total = np.add.reduce(d.real * d.real + d.imag * d.imag, axis=dims, keepdims=keepdim)
    else:
        total = add_up(d, dims, keepdim, d)
    freedom = count(input.shape, dims) - correction
    return total / (freedom if freedom > 0 else 0)  # nan, or inf


def _var_gradient(g, input, dims, correction, keepdim, input_shape):
    freedom = count(input_shape, dims) - correction
    scale = 2 / freedom if freedom else np.inf
    deviation = input - mean_over(input, dims, True)
    return spread(g * scale, dims, keepdim, input_shape) * _conj(deviation)


_var.gradient(input=_var_gradient)


@reduction
def var(
    input: Tensor,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The variance over `dim`: the squared distances from the mean, over n - `correction`.

    `correction` is 1, or 0 with ``unbiased=False``. nan where there are too few elements.

    >>> import minitorch
    >>> minitorch.var(minitorch.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _var(*_settings("var", input, dim, unbiased, correction), keepdim)


@reduction
@rounded_once
def std(
    input: Tensor,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> Tensor:
    """The standard deviation: the square root of `var`, with gradient 0 where it is 0."""
    return root(_var(*_settings("std", input, dim, unbiased, correction), keepdim))


@reduction
def var_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """`var` and `mean`, as a tuple."""
    input, dims, correction = _settings("var_mean", input, dim, unbiased, correction)
    return _var(input, dims, correction, keepdim), mean_over(input, dims, keepdim)


@reduction
def std_mean(
    input: Tensor,
    dim: Any = None,
    unbiased: bool = True,
    keepdim: bool = False,
    *,
    correction: float | None = None,
) -> tuple[Tensor, Tensor]:
    """`std` and `mean`, as a tuple."""
    input, dims, correction = _settings("std_mean", input, dim, unbiased, correction)
    return root(_var(input, dims, correction, keepdim)), mean_over(input, dims, keepdim)


def _settings(
    name: str, input: Tensor, dim: Any, unbiased: bool, correction: float | None
) -> tuple[Tensor, Dims, float]:
    if type(dim) is bool:  # var(input, unbiased)
        dim, unbiased = None, dim
    dims = reduced(name, input, dim)
    check_floating(name, input)
    return input, dims, int(unbiased) if correction is None else correction


# --- covariance -----------------------------------------------------------------------------------


def cov(
    input: Tensor,
    *,
    correction: int = 1,
    fweights: Tensor | None = None,
    aweights: Tensor | None = None,
) -> Tensor:
    """The covariance of variables (rows) over observations (columns).

    `fweights` says how often each observation counts, `aweights` how much.
    Shape: (n, m) -> (n, n); (m,) and () -> ().

    >>> import minitorch
    >>> minitorch.cov(minitorch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    check_tensor("cov", input)
    correction = operator.index(correction)
    if input._data.ndim > 2:
        raise RuntimeError(f"cov() takes up to two dimensions, got shape {input._data.shape}")
    if input._data.dtype.kind == "b":
        raise RuntimeError("cov() is for numbers, not booleans")
    x = reshape(input, (1, -1)) if input._data.ndim < 2 else input
    n = x._data.shape[1]
    weights = _weights(n, fweights, aweights)
    if weights is None:
        total, freedom = n, n - correction if n > correction else 0
        weighted = x
    else:
        total = sum(weights)
        lost = total if aweights is None else sum(mul(weights, aweights))
        freedom = clamp(sub(total, mul(div(lost, total), correction)), 0)
        weighted = mul(x, weights)
    center = div(sum(weighted, 1, True), total)
    deviation = sub(x, center)
    weighted = deviation if weights is None else mul(deviation, weights)
    c = div(mm_t(deviation, conj(weighted)), freedom)
    return squeeze(c)


def _weights(n: int, fweights: Tensor | None, aweights: Tensor | None) -> Tensor | None:
    """The weight of each of `n` observations, the product of both kinds."""
    weights = None
    for name, w, kinds in ("fweights", fweights, "iu"), ("aweights", aweights, "fV"):
        if w is None:
            continue
        check_tensor("cov", w)
        if w._data.dtype.kind not in kinds or w._data.shape != (n,):
            raise RuntimeError(
                f"cov(): {name} must be {'integers' if kinds == 'iu' else 'floating'} of shape "
                f"{(n,)}, one for each observation, got {w.dtype} of shape {w._data.shape}"
            )
        if (w._data < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
        weights = w if weights is None else mul(weights, w)
    if weights is not None and not weights._data.sum():
        raise RuntimeError("cov(): the weights add up to zero")
    return weights


def corrcoef(input: Tensor) -> Tensor:
    """The correlation coefficients of variables (rows) over observations (columns): see `cov`.

    >>> import minitorch
    >>> minitorch.corrcoef(minitorch.tensor([[0.0, 1.0, 2.0], [2.0, 1.0, 0.0]]))
    tensor([[ 1., -1.],
            [-1.,  1.]])
    """
    check_tensor("corrcoef", input)
    c = cov(input)
    if c._data.ndim == 0:
        return div(c, c)
    deviations = sqrt(real(diagonal(c)))
    c = div(div(c, unsqueeze(deviations, 1)), deviations)
    if c._data.dtype.kind != "c":
        return clamp(c, -1, 1)
    return complex(clamp(real(c), -1, 1), clamp(imag(c), -1, 1))
