"""Choosing between values, element by element."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import common_dtype, finfo, from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.checks import check_tensor
from minitorch.ops.elements import as_element, check_bounds, check_fits
from minitorch.ops.masking import nonzero
from minitorch.ops.out import store
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import in_dtype, refusal, unify

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["masked_fill", "nan_to_num", "where"]

SMALL = 2048  # elements; for no more, one call is quicker than six
FEW = 512  # and than three
_BITS: dict[int, np.dtype[Any]] = {n: np.dtype(f"i{n}") for n in (2, 4, 8)}


def _as_bits(mask: np.ndarray, itemsize: int) -> np.ndarray:
    """-1 (all bits) where `mask`, else 0, in integers of `itemsize` bytes."""
    return np.negative(mask.view(np.int8)).astype(_BITS[itemsize])


def _worth_bits(mask: Any, x: Any, few: int = SMALL) -> bool:
    """NumPy's where() guesses the mask, and wrongly: 10 ns an element if it is random.

    Arithmetic on the bits takes a tenth of that, but more calls: not for `few` elements.
    """
    return (
        type(mask) is type(x) is np.ndarray
        and mask.size > few
        and mask.shape == x.shape
        and x.dtype.itemsize in _BITS
    )


def _bits(x: Any, dtype: np.dtype[Any]) -> Any:
    """`x`, an array or a number, as bits of `dtype`."""
    return np.asarray(x, dtype).view(_BITS[dtype.itemsize])


@primitive
def keep(input, mask, /):
    """`input` where `mask` is true, else 0; not even inf or NaN passes where it is false.

    So what is multiplied by 1 or 0 is its bits.
    """
    if not _worth_bits(mask, input, FEW):
        return np.where(mask, input, np.zeros((), input.dtype))
    bits = mask.astype(_BITS[input.itemsize])
    bits *= input.view(bits.dtype)
    return bits.view(input.dtype)


keep.gradient(input=lambda g, mask: keep(g, mask))


@primitive
def _where(condition, input, other, /):
    """`input` where `condition`, else `other`: arrays of one dtype, or numbers."""
    if condition.size <= SMALL:
        return np.where(condition, input, other)
    whole, part = (input, other) if np.ndim(input) else (other, input)
    if not _worth_bits(condition, whole) or (np.ndim(part) and part.shape != whole.shape):
        return np.where(condition, input, other)
    first, second = _bits(input, whole.dtype), _bits(other, whole.dtype)
    bits = _as_bits(condition, whole.itemsize)
    bits &= first ^ second
    bits ^= second
    return bits.view(whole.dtype)


_where.gradient(
    input=lambda g, condition: keep(g, condition),
    other=lambda g, condition: keep(g, np.logical_not(condition)),
)


choose = _where  # for rules: arrays of one dtype, without checks


@primitive
def flat_in(value, source, /):
    """`value`, computed from `source`, but constant around it: it has a derivative, of zero."""
    return value


flat_in.gradient(value=lambda g: g, source=lambda g: np.zeros_like(g))


def where(condition: Tensor, input: Any = None, other: Any = None, *, out: Any = None) -> Any:
    """`input` where `condition` is true, `other` elsewhere; all three broadcast.

    No gradient reaches the values that were not chosen, even where they are NaN.  With `condition`
    alone: where it is not zero, as `nonzero` with `as_tuple`.

    >>> import minitorch
    >>> x = minitorch.tensor([-1.0, 2.0])
    >>> minitorch.where(x > 0, x, 0.0)
    tensor([0., 2.])
    """
    if input is None and other is None:
        return nonzero(condition, as_tuple=True)
    mask = as_mask("where", condition)
    check_bounds(input, other)
    check_bounds(other, input)
    result = _chosen("where", mask, *unify("where", input, other))
    if not isinstance(result, TensorState):  # of two numbers
        result = wrap(np.asarray(result, common_dtype(input, other)))
    return result if out is None else store(out, result)


def _chosen(name: str, mask: Any, input: Any, other: Any) -> Any:
    try:
        return _where(mask, input, other)
    except ValueError as error:
        operands = [x._data if isinstance(x, TensorState) else x for x in (mask, input, other)]
        raise refusal(name, operands, error) from None


def as_mask(name: str, condition: Any) -> Any:
    """`condition` as an array of booleans (uint8 counts, as in PyTorch)."""
    data = condition._data if isinstance(condition, TensorState) else condition
    if not isinstance(data, np.ndarray | np.bool_):
        raise TypeError(f"{name}(): the condition must be a Tensor, got {type(data).__name__}")
    if data.dtype.kind != "b":
        if data.dtype != np.uint8:
            raise RuntimeError(
                f"{name}(): the condition must be boolean, got {from_numpy_dtype(data.dtype)}"
            )
        data = data.astype(bool)
    return data


def masked_fill(input: Tensor, mask: Tensor, value: Any) -> Tensor:
    """`input` with `value`, a number or a 0-d Tensor, where `mask` is true.

    >>> import minitorch
    >>> minitorch.masked_fill(minitorch.ones(2), minitorch.tensor([True, False]), 0)
    tensor([0., 1.])
    """
    check_tensor("masked_fill", input, mask)
    if mask._data.dtype.kind != "b":
        raise RuntimeError(
            f"masked_fill(): the mask must be boolean, got {from_numpy_dtype(mask._data.dtype)}"
        )
    if isinstance(value, TensorState) and value._data.ndim:
        raise RuntimeError(
            f"masked_fill(): value must be a number or a 0-d Tensor, got shape {value._data.shape}"
        )
    dtype = input._data.dtype
    if not isinstance(value, TensorState):
        value = as_element(value, dtype)
    elif value._data.dtype.kind == "c" and dtype.kind != "c":
        raise RuntimeError(f"masked_fill(): {input.dtype} cannot hold a complex value")
    else:
        check_fits(value._data.item(), dtype)
        value = in_dtype(value, dtype)
    return _chosen("masked_fill", mask._data, value, input)


def nan_to_num(
    input: Tensor,
    nan: float | None = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
    *,
    out: Any = None,
) -> Tensor:
    """`input` with NaN and the infinities replaced; these by the limits of the dtype, if not given.

    >>> import minitorch
    >>> minitorch.nan_to_num(minitorch.tensor([1.0, float("nan"), float("inf")]), posinf=9)
    tensor([1., 0., 9.])
    """
    check_tensor("nan_to_num", input)
    result = _nan_to_num(input, nan, posinf, neginf)
    return result if out is None else store(out, result)


@primitive
def _nan_to_num(input, /, nan, posinf, neginf):
    out = input.copy()
    if input.dtype.kind in "biu":
        return out
    limits = finfo(from_numpy_dtype(input.dtype))
    for part in (out.real, out.imag) if input.dtype.kind == "c" else (out,):
        part[np.isnan(part)] = 0.0 if nan is None else nan
        part[part == np.inf] = limits.max if posinf is None else posinf
        part[part == -np.inf] = limits.min if neginf is None else neginf
    return out


_nan_to_num.gradient(input=lambda g, input: keep(g, np.isfinite(input)))
