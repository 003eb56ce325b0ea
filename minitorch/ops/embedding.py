"""Rows of a table by their numbers: `embedding`, bags of them, and one-hot rows.

Two adjoint primitives carry it all: `_look_up` takes rows, `_sum_rows` adds rows up where they came
from.  A bag's sum is the second one, over the numbers of the bags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.clock import stamp
from minitorch.engine.state import wrap
from minitorch.numerics.adding import add_to_rows, widened
from minitorch.ops.along import take_along
from minitorch.ops.arithmetic import div
from minitorch.ops.checks import check_floating
from minitorch.ops.indexing import _index
from minitorch.ops.operators import mul
from minitorch.ops.out import takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.shapes import reshape, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["embedding", "embedding_bag", "one_hot"]


@primitive
def _look_up(weight, /, rows, factor):
    """``weight[rows]``; `factor`, one for each row or None, counts in the gradient only."""
    return weight.take(rows, 0)


@primitive
def _sum_rows(values, /, rows, count):
    """`count` rows of zeros, ``values[i]`` added to row ``rows[i]``: the adjoint of `_look_up`."""
    dtype, width = values.dtype, values.shape[-1]
    rows, values = rows.reshape(-1), widened(values).reshape(rows.size, width)
    out = np.zeros((count, width), values.dtype)
    if rows.size < count:  # most rows come once, and need not be added to anything
        order = np.argsort(rows, kind="stable")
        ordered = rows[order]
        first = np.diff(ordered, prepend=-1) != 0
        out[ordered[first]] = values[order[first]]
        again = order[~first]
        rows, values = rows[again], values[again]
    add_to_rows(out, rows, values)
    return out.astype(dtype, copy=False)


def _look_up_gradient(g: Any, rows: np.ndarray, factor: Any, weight_shape: Any) -> Any:
    return _sum_rows(g if factor is None else g * factor, rows, weight_shape[0])


_look_up.gradient(weight=_look_up_gradient)
_sum_rows.gradient(values=lambda g, rows: _look_up(g, rows, None))


# --- arguments ------------------------------------------------------------------------------------


def _row_numbers(name: str, input: Any, weight: Any) -> np.ndarray:
    check_floating(name, weight)
    rows, shape = input._data, weight._data.shape
    if rows.dtype not in (np.int64, np.int32):
        raise RuntimeError(
            f"{name}(): row numbers must be int64 or int32, got {input.dtype}: call long()"
        )
    if len(shape) != 2:
        raise RuntimeError(f"{name}(): weight must be 2-D, got shape {list(shape)}")
    if rows.size and not 0 <= rows.min() <= rows.max() < shape[0]:
        bad = rows[(rows < 0) | (rows >= shape[0])].flat[0]
        raise IndexError(f"{name}(): index {bad} is out of range for a table of {shape[0]} rows")
    return rows


def _padding(padding_idx: int | None, count: int, error: type[Exception]) -> int | None:
    """`padding_idx` counted from the front."""
    if padding_idx is None:
        return None
    if not -count <= padding_idx < count:
        raise error(f"padding_idx {padding_idx} must be within the {count} rows of the table")
    return padding_idx % count


def _shorten(weight: Any, rows: np.ndarray, max_norm: float, norm_type: float) -> None:
    """Scale the rows that are used and longer than `max_norm` down to it, in place, unrecorded."""
    table = weight._data
    used = np.unique(rows)
    picked = table[used]
    lengths = np.linalg.norm(picked, norm_type, axis=1)
    long = lengths > max_norm
    scale = max_norm / (lengths[long] + 1e-7)
    table[used[long]] = picked[long] * scale[:, np.newaxis].astype(table.dtype)
    stamp(table)


def _share(rows: np.ndarray, dtype: Any) -> np.ndarray:
    """1 over the number of times that each row is used."""
    return (1 / np.bincount(rows.reshape(-1))[rows]).astype(dtype)[..., np.newaxis]


# --- functions ------------------------------------------------------------------------------------


@takes_tensors
def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """``weight[input]``, the rows with these numbers: (...) and (rows, d) -> (..., d).

    Row `padding_idx` gets no gradient.  With `max_norm`, rows longer than that (in the
    `norm_type`-norm) are first shortened in place.  `scale_grad_by_freq` divides gradients by how
    often a row is used.  `sparse` changes nothing: gradients are dense.

    >>> import minitorch
    >>> table = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> minitorch.nn.functional.embedding(minitorch.tensor([1, 0, 1]), table)
    tensor([[3., 4.],
            [1., 2.],
            [3., 4.]])
    """
    rows = _row_numbers("embedding", input, weight)
    if padding_idx is None and max_norm is None and not scale_grad_by_freq:
        return _look_up(weight, rows, None)
    padding = _padding(padding_idx, weight._data.shape[0], AssertionError)
    if max_norm is not None:
        _shorten(weight, rows, max_norm, norm_type)
    dtype = weight._data.dtype
    factor = _share(rows, dtype) if scale_grad_by_freq else None
    if padding is not None:
        kept = (rows != padding).astype(dtype)[..., np.newaxis]
        factor = kept if factor is None else factor * kept
    return _look_up(weight, rows, factor)


@takes_tensors
def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The "sum", "mean" or "max" of the rows in each bag: (bags, n) and (rows, d) -> (bags, d).

    Bags of different sizes lie one after another in a vector `input`, and `offsets` says where
    each begins (and, with `include_last_offset`, where the last one ends).  An empty bag is zero.
    `per_sample_weights` multiply the rows of a sum; rows `padding_idx` do not count.

    >>> import minitorch
    >>> table = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> numbers, begins = minitorch.tensor([0, 1, 1]), minitorch.tensor([0, 2])
    >>> minitorch.nn.functional.embedding_bag(numbers, table, begins, mode="sum")
    tensor([[4., 6.],
            [3., 4.]])
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"mode has to be one of sum, mean or max, got {mode!r}")
    if mode == "max" and (scale_grad_by_freq or sparse):
        raise ValueError("max mode takes neither scale_grad_by_freq nor sparse")
    samples = per_sample_weights
    if samples is not None and samples._data.shape != input._data.shape:
        raise ValueError(
            f"per_sample_weights must have the shape of the input, {list(input._data.shape)}; got "
            f"{list(samples._data.shape)}"
        )
    if weight._data.ndim != 2:
        raise ValueError(f"weight has to be a 2D Tensor, got shape {list(weight._data.shape)}")
    starts = _starts(input, offsets, include_last_offset)
    if samples is not None and mode != "sum":
        raise NotImplementedError(f"per_sample_weights are for mode 'sum', not {mode!r}")
    rows = _row_numbers("embedding_bag", input, weight).reshape(-1)
    padding = _padding(padding_idx, weight._data.shape[0], RuntimeError)
    if max_norm is not None:
        _shorten(weight, rows, max_norm, norm_type)
    if samples is not None:
        _check_samples(samples, weight)
        samples = reshape(samples, (-1,))
    bags, bag_of = len(starts) - 1, np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    rows = rows[: len(bag_of)]
    dtype = weight._data.dtype
    factor = _share(rows, dtype) if scale_grad_by_freq else None
    kept = np.arange(len(bag_of)) if padding is None else np.flatnonzero(rows != padding)
    rows, bag_of = rows[kept], bag_of[kept]
    values = _look_up(weight, rows, None if factor is None else factor[kept])
    if samples is not None:
        values = mul(values, unsqueeze(_index(samples, (kept,)), -1))
    if mode == "max":
        return _largest(values, bag_of, bags)
    total = _sum_rows(values, bag_of, bags)
    if mode == "sum":
        return total
    sizes = np.maximum(np.bincount(bag_of, minlength=bags), 1).astype(dtype)
    return div(total, wrap(sizes[:, np.newaxis]))


def _starts(input: Any, offsets: Any, include_last: bool) -> np.ndarray:
    """Where each bag begins in the flat input, and where the last one ends."""
    rows = input._data
    if rows.ndim == 2:
        if offsets is not None:
            raise ValueError("a 2D input is a batch of bags of one size and takes no offsets")
        return np.arange(len(rows) + 1) * rows.shape[1]
    if rows.ndim != 1:
        raise ValueError(f"input has to be 1D or 2D, got shape {list(rows.shape)}")
    if offsets is None or offsets._data.ndim != 1:
        raise ValueError("a 1D input needs offsets, a 1D Tensor")
    starts = offsets._data
    if starts.dtype not in (np.int64, np.int32):
        raise RuntimeError(f"offsets must be int64 or int32, got {offsets.dtype}")
    if include_last and not starts.size:
        raise RuntimeError("with include_last_offset, offsets must have at least one element")
    if not include_last:
        starts = np.append(starts, rows.size)
    if starts[0] != 0 and (starts.size > 1 or include_last):
        raise RuntimeError(f"offsets[0] has to be 0: the first bag begins there; got {starts[0]}")
    if starts.max() > rows.size or np.any(np.diff(starts) < 0):
        raise RuntimeError(
            f"offsets must not decrease, nor exceed the input's length {rows.size}: {offsets}"
        )
    return starts


def _check_samples(samples: Any, weight: Any) -> None:
    if samples._data.dtype != weight._data.dtype:
        raise RuntimeError(
            f"per_sample_weights must be {weight.dtype} as the weight is, got {samples.dtype}"
        )


def _largest(values: Any, bag_of: np.ndarray, bags: int) -> Any:
    """The largest value in each bag and column; the first of equal ones gets the gradient."""
    data, width = values._data, values._data.shape[1]
    starts = np.flatnonzero(np.diff(bag_of, prepend=-1))
    if not starts.size or not width:  # nothing but empty bags
        return _sum_rows(values, bag_of, bags)
    top = np.maximum.reduceat(data, starts, axis=0)
    full, which = np.unique(bag_of, return_inverse=True)
    places = np.arange(len(data))[:, np.newaxis]
    first = np.minimum.reduceat(np.where(data == top[which], places, len(data) - 1), starts, axis=0)
    return _sum_rows(take_along(values, first, 0), full, bags)


@takes_tensors
def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """A 1 at the place that each number names, among zeros: (...) -> (..., num_classes), int64.

    By default there are as many classes as the largest number needs.

    >>> import minitorch
    >>> minitorch.nn.functional.one_hot(minitorch.tensor([2, 0]))
    tensor([[0, 0, 1],
            [1, 0, 0]])
    """
    classes = tensor._data
    if classes.dtype != np.int64:
        raise RuntimeError(f"one_hot() is for class numbers (int64), got {tensor.dtype}")
    if not classes.size and num_classes <= 0:
        raise RuntimeError("one_hot(): num_classes cannot be inferred from an empty tensor")
    if num_classes < 1 and num_classes != -1:
        raise RuntimeError(f"one_hot(): num_classes should be positive, got {num_classes}")
    if classes.size and classes.min() < 0:
        raise RuntimeError(f"one_hot(): class numbers must be non-negative, got {classes.min()}")
    if num_classes == -1:
        num_classes = int(classes.max()) + 1
    elif classes.size and classes.max() >= num_classes:
        raise RuntimeError(f"one_hot(): class {classes.max()} is not below {num_classes}")
    return wrap((classes[..., np.newaxis] == np.arange(num_classes)).astype(np.int64))
