"""A linear layer and the cross-entropy of its scores in one, for very many classes.

With options, the scores of only a few rows are held at a time, and computed again for the gradient:
the memory of a language model's last layer then no longer grows with batch * vocabulary.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import dtypes
from minitorch.engine.state import wrap
from minitorch.numerics.adding import widened
from minitorch.ops.checks import check_floating, check_tensor
from minitorch.ops.fused import fused
from minitorch.ops.linear import linear
from minitorch.ops.loss_reduction import reduction_of
from minitorch.ops.losses import check_classes, cross_entropy, weigh_targets
from minitorch.ops.shapes import reshape, squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["LinearCrossEntropyOptions", "linear_cross_entropy"]


@dataclass(slots=True, frozen=True)
class LinearCrossEntropyOptions:
    """How `linear_cross_entropy` cuts the batch.  Mirrors ``torch.nn.LinearCrossEntropyOptions``.

    `batch_chunk_size` rows at a time; or, with the `chunking_method` "aspect_ratio:n", so many that
    their scores take about 1/n of the memory of the input.  The other fields are PyTorch's trade
    between memory and precision on GPUs: here sums are always taken in float32 or better, and
    backward may always be repeated.
    """

    allow_retain_graph: bool = False
    batch_chunk_size: int | None = None
    chunking_method: str | None = "auto"
    acc_policy: str = "auto"
    acc_dtype: Any = None

    def __post_init__(self) -> None:
        if self.acc_policy not in ("auto", "accurate", "balanced", "compact"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        if self.chunking_method is not None and self.chunking_method != "auto":
            _factor(self.chunking_method)
        size = self.batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be a positive integer or None, got {size!r}")
        floats = dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64
        if self.acc_dtype is not None and self.acc_dtype not in floats:
            raise ValueError(f"acc_dtype must be a floating dtype or None, got {self.acc_dtype!r}")


def _factor(method: str) -> int:
    """The n of "aspect_ratio:n"."""
    name, colon, factor = method.partition(":")
    factor = factor if colon else "1"
    if name != "aspect_ratio" or not factor.isdigit() or int(factor) == 0:
        raise ValueError(f"invalid chunking_method: {method!r}")
    return int(factor)


def _rows(options: LinearCrossEntropyOptions, batch: int, in_features: int, classes: int) -> int:
    """How many rows of a batch to take at a time."""
    method, given = options.chunking_method, options.batch_chunk_size
    if method == "auto":
        method = "aspect_ratio:2" if given is None else None
    if method is None:
        return max(1, min(given or batch, batch))
    wanted = math.ceil(batch / max(1, math.ceil(classes / max(1, in_features))))
    power = 1 << max(0, wanted - 1).bit_length()
    size = max(1, min(power // _factor(method), batch))
    if given not in (None, size):
        raise ValueError(
            f"batch_chunk_size={given} and chunking_method={method!r}, which gives {size}, "
            "do not agree: pass one of them"
        )
    return size


def linear_cross_entropy(
    input: Tensor, linear_weight: Tensor, target: Tensor, *, linear_bias: Tensor | None = None,
    weight: Tensor | None = None, reduction: str = "mean", ignore_index: int | None = None,
    label_smoothing: float = 0.0, options: LinearCrossEntropyOptions | None = None,
) -> Tensor:  # fmt: skip
    """``cross_entropy(linear(input, linear_weight, linear_bias), target, ...)``.

    (N, in_features) or (in_features), with `linear_weight` (C, in_features) and C classes; or
    (C, d1, ..., in_features) for a class at each of d1 * ... places.  With `options`, the scores of
    only a part of the batch are in memory at a time.  Mirrors
    ``torch.nn.functional.linear_cross_entropy``.

    >>> import minitorch
    >>> x, w = minitorch.ones(2, 3), minitorch.zeros(4, 3)
    >>> minitorch.nn.functional.linear_cross_entropy(x, w, minitorch.tensor([0, 3]))
    tensor(1.3863)
    """
    tensors = [t for t in (linear_bias, weight) if t is not None]
    check_tensor("linear_cross_entropy", input, linear_weight, target, *tensors)
    x, w = input._data, linear_weight._data
    shapes = f"input has shape {x.shape}, linear_weight {w.shape}"
    if x.ndim not in (1, 2) or w.ndim < 2 or x.shape[-1] != w.shape[-1]:
        raise RuntimeError(
            f"linear_cross_entropy() takes (N, in_features) and (C, in_features): {shapes}"
        )
    if w.ndim > 2 and x.ndim == 1:
        raise RuntimeError(f"a class at each of several places needs a batch: {shapes}")
    if linear_bias is not None and linear_bias._data.shape != w.shape[:-1]:
        raise RuntimeError(
            f"linear_bias must be of shape {w.shape[:-1]}, got {linear_bias._data.shape}"
        )
    scores_shape = x.shape[:-1] + w.shape[:-1]
    if ignore_index is None:
        ignore_index = -100
    elif target._data.shape == scores_shape:
        raise RuntimeError("ignore_index is for class numbers, not for probabilities")
    if options is not None:
        if w.ndim == 2 and label_smoothing == 0.0 and target._data.dtype == np.int64:
            how = reduction_of(reduction, None, None)
            return _by_parts(
                input, linear_weight, linear_bias, target, weight, how, ignore_index, options
            )
        warnings.warn(
            "linear_cross_entropy(): options are not used with label_smoothing, class "
            "probabilities, or several places",
            stacklevel=2,
        )
    if w.ndim > 2:
        linear_weight = reshape(linear_weight, (-1, w.shape[-1]))
        linear_bias = None if linear_bias is None else reshape(linear_bias, (-1,))
    scores = reshape(linear(input, linear_weight, linear_bias), scores_shape)
    return cross_entropy(
        scores, target, weight, None, ignore_index, None, reduction, label_smoothing
    )


def _by_parts(
    input: Any, weight: Any, bias: Any, target: Any, class_weight: Any, how: str,
    ignore_index: int, options: LinearCrossEntropyOptions,
) -> Any:  # fmt: skip
    check_floating("linear_cross_entropy", input, complex=False)
    single = input._data.ndim == 1
    if single:
        input, target = unsqueeze(input, 0), reshape(target, (1,))
    x, w = input._data, weight._data
    if x.dtype != w.dtype or (bias is not None and bias._data.dtype != x.dtype):
        raise RuntimeError(f"linear_cross_entropy(): dtypes differ: {input.dtype}, {weight.dtype}")
    like = np.broadcast_to(np.empty((), x.dtype), (len(x), len(w)))  # scores, but for their values
    check_classes(wrap(like), target, class_weight)
    t, counts, _ = weigh_targets(target._data, len(w), class_weight, ignore_index, x.dtype)
    size = _rows(options, len(x), x.shape[1], len(w))
    loss = _chunked(input, weight, bias, t, counts, how, size)
    return squeeze(loss, 0) if single and how == "none" else loss


def _reference(
    input: Any, weight: Any, bias: Any, target: Any, counts: Any, how: str, size: int
) -> Any:
    scores = linear(input, weight, bias)
    classes: Any = wrap(target) if isinstance(target, np.ndarray) else target
    each = cross_entropy(scores, classes, reduction="none") * counts
    if how == "none":
        return each
    total = each.sum()
    return total / np.add.reduce(widened(counts)) if how == "mean" else total


@fused(reference=_reference)
def _chunked(input, weight, bias, /, target, counts, how, size):
    """The losses, those of `size` rows at a time; `counts` is what each row counts."""
    losses = np.empty(len(input), _wide(input.dtype))
    for part, shifted in _scores(input, weight, bias, size):
        picked = shifted[np.arange(len(shifted)), target[part]]
        losses[part] = np.log(np.add.reduce(np.exp(shifted, out=shifted), axis=1)) - picked
    losses = np.where(counts == 0, counts, losses * counts)
    out = losses if how == "none" else np.asarray(np.add.reduce(losses))
    if how == "mean":
        with np.errstate(invalid="ignore"):
            out = out / np.add.reduce(widened(counts))
    return np.asarray(out, input.dtype), (input, weight, bias, target, counts, how, size)


@_chunked.backward
def _(g, wanted, input, weight, bias, target, counts, how, size):
    wide = _wide(input.dtype)
    each = np.broadcast_to(g, target.shape).astype(wide)
    if how == "mean":
        each = each / np.add.reduce(widened(counts))
    each = each * counts
    for_input = np.empty(input.shape, input.dtype) if wanted[0] else None
    for_weight = np.zeros(weight.shape, wide) if wanted[1] else None
    for_bias = np.zeros(len(weight), wide) if wanted[2] else None
    for part, shifted in _scores(input, weight, bias, size):
        # each * (softmax - one_hot(target)): the gradient of the scores
        scores = np.exp(shifted, out=shifted)
        scores *= (each[part] / np.add.reduce(scores, axis=1))[:, None]
        scores[np.arange(len(scores)), target[part]] -= each[part]
        if for_input is not None:
            for_input[part] = scores.dot(weight.astype(wide, copy=False))
        if for_weight is not None:
            for_weight += scores.T.dot(input[part].astype(wide, copy=False))
        if for_bias is not None:
            for_bias += np.add.reduce(scores, axis=0)
    return [
        None if grad is None else grad.astype(input.dtype, copy=False)
        for grad in (for_input, for_weight, for_bias)
    ]


def _wide(dtype: Any) -> Any:
    """The dtype to sum in: half precision is not enough."""
    return np.float32 if dtype.itemsize < 4 else dtype


def _scores(
    input: np.ndarray, weight: np.ndarray, bias: np.ndarray | None, size: int
) -> Iterator[tuple[slice, np.ndarray]]:
    """The scores of `size` rows at a time, less the largest of each row."""
    wide = _wide(input.dtype)
    columns = weight.T.astype(wide, copy=False)
    for start in range(0, len(input), size):
        part = slice(start, start + size)
        scores = input[part].astype(wide, copy=False).dot(columns)
        if bias is not None:
            scores += bias
        scores -= np.maximum.reduce(scores, axis=1, keepdims=True)
        yield part, scores
