"""Connectionist temporal classification (Graves et al. 2006): sequences without an alignment.

A label sequence of length S may be spelled out over T >= S steps: labels may repeat, and blanks
may stand between them.  The loss is ``-log`` of the sum of the probabilities of all spellings.
With the labels written as ``blank a blank b ... blank``, a spelling stays at a place, goes on to
the next, or skips a blank between two different labels; the sum over all ways to come to a place
is taken step by step, as logarithms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.along import take_along
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.exponential import exp
from minitorch.ops.fused import fused
from minitorch.ops.joining import cat, stack
from minitorch.ops.loss_reduction import reduced_loss, reduction_of
from minitorch.ops.operators import add, div, neg, sub
from minitorch.ops.reductions import logsumexp, sum
from minitorch.ops.selecting import narrow, select
from minitorch.ops.shapes import reshape
from minitorch.ops.where import masked_fill, where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["ctc_loss"]

Array = np.ndarray


def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """``-log`` of the probability of all spellings of `targets` over the steps.

    Shapes: log_probs (T, N, C) or (T, C), log-probabilities of the classes; targets (N, S), or
    all labels one after the other; the lengths (N).  "mean" first divides by the target lengths.
    A target that is too long for its input has an infinite loss, or 0 with `zero_infinity`.

    As in PyTorch, the gradient is that of the scores before `log_softmax`.

    >>> import minitorch
    >>> log_p = minitorch.full((2, 1, 2), 0.5).log()
    >>> minitorch.nn.functional.ctc_loss(log_p, minitorch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """
    how = reduction_of(reduction, None, None)
    check_tensor("ctc_loss", log_probs, targets)
    check_floating("ctc_loss", log_probs, complex=False)
    shape = log_probs._data.shape
    if len(shape) not in (2, 3) or 0 in shape:
        raise RuntimeError(f"ctc_loss() takes log_probs (T, N, C) or (T, C), got shape {shape}")
    single = len(shape) == 2
    if single:
        log_probs = reshape(log_probs, (shape[0], 1, shape[1]))
    steps, count, classes = log_probs._data.shape
    if not 0 <= blank < classes:
        raise RuntimeError(f"ctc_loss(): blank {blank} is not one of the {classes} classes")
    if targets._data.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss(): targets are class numbers, got {targets.dtype}")
    lengths = _lengths("input_lengths", input_lengths, count, steps)
    sizes = _lengths("target_lengths", target_lengths, count, None)
    labels = _padded(targets._data, sizes, count)
    if np.any((labels < 0) | (labels >= classes)):
        raise RuntimeError(f"ctc_loss(): targets must be class numbers below {classes}")
    places = np.full((count, 2 * labels.shape[1] + 1), blank)
    places[:, 1::2] = labels
    skips = np.zeros(places.shape, bool)
    skips[:, 2:] = (places[:, 2:] != blank) & (places[:, 2:] != places[:, :-2])
    loss = _ctc(log_probs, places, skips, lengths, 2 * sizes, zero_infinity)
    if single:
        loss = reshape(loss, ())
    if how != "mean":
        return reduced_loss(loss, how)
    counts = np.maximum(sizes, 1).astype(loss._data.dtype).reshape(loss._data.shape)
    return reduced_loss(div(loss, wrap(counts)), how)


def _lengths(name: str, given: Any, count: int, most: int | None) -> Array:
    lengths = np.asarray(given._data if isinstance(given, TensorState) else given)
    if lengths.dtype.kind not in "iu":
        raise RuntimeError(f"ctc_loss(): {name} must be integers")
    lengths = lengths.astype(np.int64).reshape(-1)
    if len(lengths) != count:
        raise RuntimeError(f"ctc_loss(): {len(lengths)} {name} for a batch of {count}")
    if np.any(lengths < 0) or (most is not None and np.any(lengths > most)):
        raise RuntimeError(f"ctc_loss(): {name} must be 0 to {most}, got {lengths.tolist()}")
    return lengths


def _padded(targets: Array, sizes: Array, count: int) -> Array:
    """The labels as rows (N, S); those beyond the sizes are 0."""
    most = int(sizes.max(initial=0))
    inside = np.arange(most) < sizes[:, None]
    labels = np.zeros((count, most), np.int64)
    if targets.ndim == 2:
        if targets.shape[0] != count or targets.shape[1] < most:
            raise RuntimeError(
                f"ctc_loss(): targets of shape {targets.shape} for {count} targets of up to {most}"
            )
        labels[inside] = targets[:, :most][inside]
    elif targets.ndim == 1 and len(targets) == np.add.reduce(sizes):
        labels[inside] = targets
    else:
        raise RuntimeError(
            f"ctc_loss(): targets of shape {targets.shape} for the lengths {sizes.tolist()}"
        )
    return labels


# --- the textbook: every step composed of primitives --------------------------------------------

_NEVER = -1e30  # log 0, but finite, so that its gradient is


def _shifted(x: Any, by: int) -> Any:
    """`x` moved on by so many places."""
    count, size = x._data.shape
    by = min(by, size)
    front = wrap(np.full((count, by), _NEVER, x._data.dtype))
    return cat((front, narrow(x, 1, 0, size - by)), 1)


def _reference(
    log_probs: Any, places: Array, skips: Array, lengths: Array, last: Array, zero_infinity: bool
) -> Any:
    steps, count, _ = log_probs._data.shape
    begin = np.full(places.shape, _NEVER)
    begin[:, :1] = 0  # before the first step: in front of the first place, or the second
    ways = wrap(begin.astype(log_probs._data.dtype))
    result, may_skip = ways, wrap(skips)
    for t in range(steps):
        if t == 0:
            come = [ways, _shifted(ways, 1)]
        else:
            come = [ways, _shifted(ways, 1), where(may_skip, _shifted(ways, 2), _NEVER)]
        ways = logsumexp(stack(come), 0)
        ways = add(ways, take_along(select(log_probs, 0, t), places, 1))
        result = where(wrap((lengths == t + 1)[:, None]), ways, result)
    ends = take_along(result, last[:, None], 1)
    before = take_along(result, np.maximum(last - 1, 0)[:, None], 1)
    both = wrap((last > 0)[:, None])
    last_two = stack([ends, where(both, before, _NEVER)])
    loss = neg(reshape(logsumexp(last_two, 0), (count,)))
    endless = wrap(loss._data > -_NEVER / 2)
    # The rest adds nothing, except exp(log_probs) to the gradient.
    used = wrap((np.arange(steps)[:, None] < lengths)[:, :, None])
    total = sum(where(used, exp(log_probs), 0.0), (0, 2))
    loss = add(loss, sub(total, wrap(total._data)))
    return masked_fill(loss, endless, 0.0 if zero_infinity else np.inf)


# --- the kernel: forwards, backwards, and the gradient from where both meet ---------------------


def _advance(x: Array, skips: Array) -> Array:
    """One step: stay, go on by one place, or skip one."""
    out = x.copy()
    out[:, 1:] = np.logaddexp(x[:, 1:], x[:, :-1])
    out[:, 2:] = np.where(skips[:, 2:], np.logaddexp(out[:, 2:], x[:, :-2]), out[:, 2:])
    return out


def _retreat(x: Array, skips: Array) -> Array:
    """The same backwards."""
    out = x.copy()
    out[:, :-1] = np.logaddexp(x[:, :-1], x[:, 1:])
    out[:, :-2] = np.where(skips[:, 2:], np.logaddexp(out[:, :-2], x[:, 2:]), out[:, :-2])
    return out


@fused(reference=_reference)
def _ctc(log_probs, /, places, skips, lengths, last, zero_infinity):
    steps, count, _ = log_probs.shape
    rows = np.arange(count)
    emitted = log_probs[:, rows[:, None], places]  # (T, N, 2S + 1)
    forward = np.full_like(emitted, -np.inf)
    forward[0, :, :2] = emitted[0, :, :2]
    for t in range(1, steps):
        np.add(_advance(forward[t - 1], skips), emitted[t], out=forward[t])
    done = forward[lengths - 1, rows]
    ends, before = done[rows, last], done[rows, np.maximum(last - 1, 0)]
    loss = -np.where(last > 0, np.logaddexp(ends, before), ends)
    loss = np.where(lengths > 0, loss, np.where(last > 0, np.inf, 0)).astype(log_probs.dtype)
    kept = (log_probs, emitted, forward, loss, places, skips, lengths, last, zero_infinity)
    return np.where(np.isinf(loss) & zero_infinity, 0, loss).astype(log_probs.dtype), kept


@_ctc.backward
def _(g, wanted, log_probs, emitted, forward, loss, places, skips, lengths, last, zero_infinity):
    steps, count, _ = log_probs.shape
    rows = np.arange(count)
    at_end = np.full(places.shape, -np.inf, log_probs.dtype)
    at_end[rows, np.maximum(last - 1, 0)] = 0
    at_end[rows, last] = 0
    grad = np.exp(log_probs)
    behind = np.full_like(at_end, -np.inf)  # log-probability of what comes after step t
    for t in range(steps - 1, -1, -1):
        if t + 1 < steps:
            behind = _retreat(behind + emitted[t + 1], skips)
        behind = np.where((lengths == t + 1)[:, None], at_end, behind)
        passing = np.exp(forward[t] + behind + loss[:, None])
        np.subtract.at(grad[t], (rows[:, None], places), passing)
    grad *= g[:, None]
    idle = np.arange(steps)[:, None] >= lengths
    if zero_infinity:
        idle = idle | np.isinf(loss)
    grad[idle] = 0
    return (grad,)
