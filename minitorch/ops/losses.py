"""Classification losses: how unlikely the scores make the right classes.

They take scores `input` of shape (N, C) or (C), or (N, C, d1, d2, ...) with a class per
position, and class numbers `target` of the same shape without C.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.modes import mode
from minitorch.engine.state import TensorState, wrap
from minitorch.numerics.adding import add_columns, widened
from minitorch.ops.along import take_along
from minitorch.ops.arithmetic import mul, neg
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.copying import cast
from minitorch.ops.fused import fused
from minitorch.ops.loss_reduction import reduced_loss, reduction_of, refuse_probabilities
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import sum
from minitorch.ops.shapes import reshape, squeeze
from minitorch.ops.softmax import largest, log_softmax
from minitorch.ops.where import flat_in, masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cross_entropy", "nll_loss"]


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """``-weight[target] * input[target]``: the negative log-likelihood, of log-probabilities.

    The mean is weighted: the sum is divided by the sum of the weights that were picked.  Targets
    equal to `ignore_index` do not count.  IndexError when a target is not a class.

    >>> import minitorch
    >>> log_p = minitorch.log_softmax(minitorch.zeros(2, 4), dim=1)
    >>> minitorch.nn.functional.nll_loss(log_p, minitorch.tensor([0, 3]))
    tensor(1.3863)
    """
    how = reduction_of(reduction, size_average, reduce)
    check_floating("nll_loss", input, complex=False)
    check_tensor("nll_loss", target, *([] if weight is None else [weight]))
    if _usual(input._data, target._data, weight, ignore_index, how):
        return _mean_nll(input, target._data)
    check_classes(input, target, weight)
    return _nll(input, target, weight, ignore_index, how)


def _usual(x: np.ndarray, t: np.ndarray, weight: Any, ignore_index: int, how: str) -> bool:
    """The common case: (N, C) scores, class numbers in range, the mean of all."""
    if how != "mean" or weight is not None or ignore_index >= 0:
        return False
    if x.ndim != 2 or x.dtype.char not in "fd" or t.dtype.char != "l" or not t.size:
        return False
    # Read without a sign, negative numbers are too large as well.
    return t.shape == x.shape[:1] and bool(t.view(np.uint64).max() < x.shape[1])


def _nll(input: Any, target: Any, weight: Any, ignore_index: int, how: str) -> Any:
    dim = 0 if input._data.ndim == 1 else 1
    picked, weights = _pick_classes(_linear(input), target, weight, ignore_index, dim)
    loss = neg(mul(picked, weights))
    if how == "mean":
        with np.errstate(invalid="ignore"):
            return _over(loss, np.add.reduce(widened(weights._data), axis=None))
    return reduced_loss(loss, how)


def _nll_reference(input: Any, target: Any) -> Any:
    classes = target if isinstance(target, TensorState) else wrap(target)
    return _nll(input, classes, None, -100, "mean")


@fused(reference=_nll_reference)
def _mean_nll(input, /, target):
    rows = _numbers(len(target))
    picked = np.add.reduce(input[rows, target])
    return np.asarray(picked / input.dtype.type(-len(rows))), (input.shape, rows, target)


@_mean_nll.backward
def _(g, wanted, shape, rows, target):
    grad = np.zeros(shape, g.dtype)
    grad[rows, target] = g / -len(rows)
    return (grad,)


@functools.lru_cache(maxsize=16)
def _numbers(n: int) -> np.ndarray:
    numbers = np.arange(n)
    numbers.flags.writeable = False
    return numbers


def _over(loss: Any, total: Any) -> Any:
    """``sum(loss) / total``; halves are rounded once, for counts over 256 are not exact in them."""
    wide = widened(np.empty(0, loss._data.dtype)).dtype
    return cast(sum(cast(loss, wide)) / wrap(np.asarray(total, wide)), loss._data.dtype)


@primitive
def _linear(input, /):
    """`input`; what is linear in it still has a second derivative, of zero."""
    return input


_linear.gradient(input=lambda g, input: flat_in(g, input))


def _pick_classes(
    input: Any, target: Any, weight: Any, ignore_index: int, dim: int
) -> tuple[Any, Any]:
    """``input[target]`` along `dim`, and what each counts (0 for ignored targets)."""
    classes = input._data.shape[dim]
    t = target._data.reshape(np.delete(input._data.shape, dim))
    t, counts, ignored = weigh_targets(t, classes, weight, ignore_index, input._data.dtype)
    if classes == 0:
        return wrap(np.zeros(t.shape, input._data.dtype)), wrap(counts)
    picked = squeeze(take_along(input, np.expand_dims(t, dim), dim), dim)
    if np.any(ignored):  # an ignored -inf must not become 0 * inf
        picked = masked_fill(picked, wrap(ignored), 0)
    return picked, wrap(counts)


def weigh_targets(
    target: np.ndarray, classes: int, weight: Any, ignore_index: int, dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets (0 where ignored), what each of them counts (0 where ignored), and where that is."""
    t = target.astype(np.int64)
    ignored = t == ignore_index
    wrong = (t < 0) | (t >= classes)
    if np.any(wrong & ~ignored):
        bad = t[wrong & ~ignored].flat[0]
        raise IndexError(
            f"Target {bad} is out of bounds: there are {classes} classes, 0 to {classes - 1}"
        )
    t = np.where(ignored, 0, t)
    counts = np.ones(t.shape, dtype) if weight is None else weight._data[t]
    return t, np.where(ignored, 0, counts).astype(dtype), ignored


def check_classes(input: Any, target: Any, weight: Any) -> None:
    x, t = input._data, target._data
    shapes = f"input has shape {x.shape}, target {t.shape}"
    if x.ndim == 0:
        raise ValueError(f"expected 1 or more dimensions (C last or second): {shapes}")
    if x.ndim == 1:
        if t.shape not in ((), (1,)):
            meant = "" if x.dtype.kind == "f" else ". Scores are wanted, not classes (argmax)"
            raise ValueError(f"a (C,) input takes a target of one class: {shapes}{meant}")
    elif t.ndim == 0 or x.shape[0] != t.shape[0]:
        raise ValueError(f"expected input batch size to match target batch size: {shapes}")
    elif x.shape[2:] != t.shape[1:]:
        raise RuntimeError(f"expected (N, C, d1, ...) and (N, d1, ...): {shapes}{_advice(x, t)}")
    if t.dtype.kind not in "iu" or t.dtype.itemsize not in (1, 8):
        raise RuntimeError(
            f"class targets are int64 numbers, got {target.dtype}: call long(), if they are classes"
        )
    if weight is not None:
        if weight._data.dtype != x.dtype:
            raise RuntimeError(f"weight is {weight.dtype}, input {input.dtype}; they must be alike")
        classes = x.shape[0 if x.ndim == 1 else 1]
        if weight._data.shape != (classes,):
            raise RuntimeError(
                f"weight must have one element for each of the {classes} classes, "
                f"got shape {weight._data.shape}"
            )


def _advice(x: np.ndarray, t: np.ndarray) -> str:
    """What may have been meant, where the shapes do not fit."""
    if x.shape == t.shape:
        return ". Class probabilities are floating: float(). One-hot targets: argmax(1)"
    if t.shape == (len(x), 1):
        return ". Drop the last dimension of the target: squeeze(1)"
    if x.shape[:-1] == t.shape:
        return ". The classes come second: input.movedim(-1, 1)"
    return ""


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """``-log softmax(input)[target]``: for scores (logits), not probabilities.

    `target` holds class numbers, or class probabilities of the input's shape.  `weight` (C,)
    counts classes, `label_smoothing` mixes the uniform distribution into the target.

    >>> import minitorch
    >>> scores = minitorch.tensor([[2.0, 0.0], [0.0, 2.0]])
    >>> minitorch.nn.functional.cross_entropy(scores, minitorch.tensor([0, 1]))
    tensor(0.1269)
    """
    how = reduction_of(reduction, size_average, reduce)
    if not isinstance(input, TensorState) or not isinstance(target, TensorState):
        kinds = f"{type(input).__name__} and {type(target).__name__}"
        raise TypeError(f"cross_entropy() takes two Tensors, got {kinds}: use tensor()")
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0, got {label_smoothing}")
    if mode.strict:
        refuse_probabilities("cross_entropy", input)
    x, t = input._data, target._data
    if x.shape == t.shape and x.ndim and t.dtype.kind in "fV":
        if ignore_index >= 0:
            raise RuntimeError("ignore_index is for class numbers, not for probabilities")
        return _probability_targets(input, target, weight, how, label_smoothing)
    if label_smoothing == 0.0 and _usual(x, t, weight, ignore_index, how):
        return _mean_cross_entropy(input, t)
    check_classes(input, target, weight)
    dim = 0 if x.ndim == 1 else 1
    log_p = log_softmax(input, dim)
    loss = nll_loss(log_p, target, weight, None, ignore_index, None, how)
    if label_smoothing == 0.0:
        return loss
    return _smoothed(loss, log_p, target, weight, ignore_index, how, label_smoothing, dim)


def _smoothed(
    loss: Any, log_p: Any, target: Any, weight: Any, ignore_index: int, how: str,
    smoothing: float, dim: int,
) -> Any:  # fmt: skip
    """Mix in the loss against the uniform distribution over the classes."""
    classes = log_p._data.shape[dim]
    t = target._data.reshape(np.delete(log_p._data.shape, dim))
    ignored = t == ignore_index
    spread = log_p if weight is None else mul(log_p, _along(weight, log_p, dim))
    uniform: Any = np.where(ignored, 0, neg(sum(spread, dim)))
    if how == "mean":
        counts = 1 if weight is None else weight._data[np.where(ignored, 0, t)]
        uniform = _over(uniform, np.add.reduce(widened(np.where(ignored, 0, counts)), axis=None))
    else:
        uniform = reduced_loss(uniform, how)
    return (1 - smoothing) * loss + uniform * (smoothing / classes)


def _along(weight: Any, like: Any, dim: int) -> Any:
    """`weight` (C,) shaped to multiply `like` along `dim`."""
    return reshape(weight, (1,) * dim + (-1,) + (1,) * (like._data.ndim - dim - 1))


def _probability_targets(input: Any, target: Any, weight: Any, how: str, smoothing: float) -> Any:
    dim = 0 if input._data.ndim == 1 else 1
    classes = input._data.shape[dim]
    if weight is not None and weight._data.shape != (classes,):
        raise RuntimeError(f"weight must have shape ({classes},), got {weight._data.shape}")
    if smoothing > 0:
        target = target * (1 - smoothing) + smoothing / max(classes, 1)
    products = mul(log_softmax(input, dim), target)
    if weight is not None:
        products = mul(products, _along(weight, input, dim))
    loss = neg(sum(products, dim))
    if how == "mean":  # over the batch and positions, whatever the weights
        with np.errstate(invalid="ignore"):  # the mean of nothing is nan
            return _over(loss, loss._data.size)
    return reduced_loss(loss, how)


def _cross_entropy_reference(input: Any, target: Any) -> Any:
    return _nll_reference(log_softmax(input, 1), target)


@fused(reference=_cross_entropy_reference)
def _mean_cross_entropy(input, /, target):
    rows = _numbers(len(target))
    shifted = input - largest(input, 1)
    picked = shifted[rows, target]
    probabilities = np.exp(shifted, out=shifted)
    sums = add_columns(probabilities)
    loss = np.add.reduce(np.log(sums) - picked) / input.dtype.type(len(rows))
    return np.asarray(loss), (probabilities, sums, rows, target)


@_mean_cross_entropy.backward
def _(g, wanted, probabilities, sums, rows, target):
    # (softmax - one_hot(target)) * g / N; the saved probabilities must stay as they are.
    scale = (g / len(rows)).astype(sums.dtype)
    grad = probabilities * (scale / sums)[:, None]
    grad[rows, target] -= scale
    return (grad,)
