"""Padding: more elements around a tensor's last dimensions, or (negative amounts) fewer.

Amounts come as in PyTorch, the last dimension first: ``(left, right, top, bottom, front, back)``.
Constant padding and cropping are each other's adjoint, so one op with the signs changed is its own
gradient.  The other modes repeat elements of the input, one dimension at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.ops.checks import check_tensor
from minitorch.ops.copying import clone
from minitorch.ops.elements import as_element
from minitorch.ops.joining import cat
from minitorch.ops.primitive import primitive
from minitorch.ops.selecting import ALL, _slice

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["pad"]

Amounts = Sequence[tuple[int, int]]


@primitive
def pad_constant(x, /, amounts, value):
    """`x` with ``amounts[d] = (before, after)`` elements of `value` added along dimension d."""
    shape = [n + before + after for n, (before, after) in zip(x.shape, amounts)]
    inner = tuple([slice(max(b, 0), n - max(a, 0)) for n, (b, a) in zip(shape, amounts)])
    kept = tuple([slice(max(-b, 0), n - max(-a, 0)) for n, (b, a) in zip(x.shape, amounts)])
    out = np.zeros(shape, x.dtype) if value is None else np.full(shape, value, x.dtype)
    out[inner] = x[kept]
    return out


pad_constant.gradient(x=lambda g, amounts: pad_constant(g, [(-b, -a) for b, a in amounts], None))


@primitive
def _repeat_border(x, /, dim, index, core):
    """``x[index]`` along `dim`, where ``index[core]`` counts up in steps of one."""
    return x.take(index, dim)


@primitive
def _gather_border(g, x, /, dim, index, core):
    """Each element of `g` added where it came from in `x`: the adjoint of `_repeat_border`."""
    out = np.zeros(x.shape, g.dtype)
    source, target = np.moveaxis(g, dim, 0), np.moveaxis(out, dim, 0)
    if core.stop > core.start:
        target[index[core.start] : index[core.stop - 1] + 1] = source[core]
    for i in (*range(core.start), *range(core.stop, len(index))):  # the border is narrow
        target[index[i]] += source[i]
    return out


_repeat_border.gradient(x=lambda g, x, dim, index, core: _gather_border(g, x, dim, index, core))
_gather_border.gradient(
    g=lambda g, dim, index, core: _repeat_border(g, dim, index, core),
    x=lambda g, x: np.zeros_like(x),
)


def _reflect(x: Any, dim: int, before: int, after: int) -> Any:
    n = x._data.shape[dim]
    if max(before, after) >= n:
        raise RuntimeError(
            f"pad(): reflecting by ({before}, {after}) needs a size larger than both, got {n}"
        )
    index = np.abs(np.arange(-before, n + after))
    return _repeat_border(x, dim, np.where(index >= n, 2 * (n - 1) - index, index),
                          _core(n, before, after))  # fmt: skip


def _replicate(x: Any, dim: int, before: int, after: int) -> Any:
    n = x._data.shape[dim]
    index = np.clip(np.arange(-before, n + after), 0, n - 1)
    return _repeat_border(x, dim, index, _core(n, before, after))


def _core(n: int, before: int, after: int) -> slice:
    """Where the elements of a dimension of size `n` lie in the padded one."""
    start = max(before, 0)
    return slice(start, max(start, n + before - max(-after, 0)))


def _wrap(x: Any, dim: int, before: int, after: int) -> Any:
    n = x._data.shape[dim]
    if max(before, after) > n:
        raise RuntimeError(f"pad(): ({before}, {after}) wraps more than once around size {n}")
    first, last = max(-before, 0), n - max(-after, 0)
    key = (ALL,) * dim
    parts = [_slice(x, (*key, slice(last - before, last)))] if before > 0 else []
    parts.append(_slice(x, (*key, slice(first, last))))
    if after > 0:
        parts.append(_slice(x, (*key, slice(first, first + after))))
    return cat(parts, dim)


_MODES = {"reflect": _reflect, "replicate": _replicate, "circular": _wrap}


def pad(input: Tensor, pad: Sequence[int], mode: str = "constant", value: Any = None) -> Tensor:
    """`input` with ``pad = (left, right, top, bottom, ...)`` elements around its last dimensions.

    `mode` says which: "constant" (`value`, by default 0), "reflect" (mirrored at the border
    element), "replicate" (the border element) or "circular" (from the other end).  Only "constant"
    pads any dimensions; the others want (C, L), (C, H, W), (C, D, H, W) or a batch of these.
    Negative amounts crop.  Mirrors ``torch.nn.functional.pad``.

    >>> import minitorch
    >>> minitorch.nn.functional.pad(minitorch.tensor([[1, 2, 3]]), (2, 1), mode="reflect")
    tensor([[3, 2, 1, 2, 3, 2]])
    """
    check_tensor("pad", input)
    shape = input._data.shape
    amounts = _amounts(pad, shape)
    if mode == "constant":
        if value is not None:
            value = as_element(value, input._data.dtype)
        return pad_constant(input, amounts, value)
    if mode not in _MODES:
        raise NotImplementedError(
            f"pad(): mode must be constant, reflect, replicate or circular, got {mode!r}"
        )
    if value:
        raise RuntimeError(f"pad(): mode {mode!r} takes no value, got {value}")
    dims = len(pad) // 2
    if not 1 <= dims <= 3 or len(shape) not in (dims + 1, dims + 2):
        raise NotImplementedError(
            f"pad(): mode {mode!r} pads 1 to 3 dimensions of a tensor with 1 or 2 more than that; "
            f"got {list(pad)} for shape {list(shape)}"
        )
    if 0 in shape[-dims - (mode != "circular") :]:  # which alone allows that there is no channel
        raise RuntimeError(
            f"pad(): there is nothing to repeat in an input of shape {list(shape)}; only the batch "
            "may be empty"
        )
    for dim, (before, after) in enumerate(amounts):
        if before or after:
            input = _MODES[mode](input, dim, before, after)
    return input if any(pad) else clone(input)


def _amounts(pad: Sequence[int], shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """(before, after) of every dimension, checked."""
    if len(pad) % 2 or len(pad) > 2 * len(shape):
        raise RuntimeError(
            f"pad(): amounts come in pairs, at most one for each dimension; got {list(pad)} for "
            f"shape {list(shape)}"
        )
    pairs = [(pad[i], pad[i + 1]) for i in range(0, len(pad), 2)]
    amounts = [(0, 0)] * (len(shape) - len(pairs)) + pairs[::-1]
    for n, (before, after) in zip(shape, amounts):
        if n + min(before, 0) + min(after, 0) < 0:
            raise RuntimeError(
                f"pad(): cropping by {list(pad)} leaves less than nothing of shape {list(shape)}"
            )
    return amounts
