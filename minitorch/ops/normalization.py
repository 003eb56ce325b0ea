"""Normalization: values brought to mean 0 and variance 1 over a batch, a layer, a group ...

They differ in what shares a mean.  For an input (N, C, L): batch norm, each channel over N and L;
instance norm, each (sample, channel) over L; group norm, each sample and group of channels over L;
layer norm, each place over its last dimensions.  The arithmetic is in `standardizing`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import finfo, from_numpy_dtype
from minitorch.engine.clock import stamp
from minitorch.engine.state import wrap
from minitorch.ops.arithmetic import div
from minitorch.ops.bounds import clamp_min
from minitorch.ops.broadcasting import expand
from minitorch.ops.checks import check_floating
from minitorch.ops.copying import clone
from minitorch.ops.norms import norm
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.orders import keeps_channels_last
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.padding import pad_constant
from minitorch.ops.powers import pow, rsqrt
from minitorch.ops.promotion import in_dtype, rounded_once
from minitorch.ops.selecting import ALL, _slice
from minitorch.ops.shapes import reshape
from minitorch.ops.standardizing import (
    per_channel,
    scaled_rows,
    standardized_channels,
    standardized_groups,
    standardized_rows,
)

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "batch_norm", "group_norm", "instance_norm", "layer_norm", "local_response_norm", "normalize",
    "rms_norm",
]  # fmt: skip


def _check_dtypes(name: str, input: Any, *parameters: Any) -> None:
    """RuntimeError unless all have one dtype; with half precision, they may be float32."""
    have = input._data.dtype
    allowed = (have, np.float32) if have.itemsize == 2 else (have,)
    for tensor in parameters:
        if tensor is not None and tensor._data.dtype not in allowed:
            raise RuntimeError(
                f"{name}(): the input is {input.dtype}, and so must its parameters be; one is "
                f"{tensor.dtype}"
            )


# --- over the last dimensions ---------------------------------------------------------------------


def _last_dims(name: str, input: Any, normalized_shape: Any, *affine: Any) -> tuple[int, ...]:
    """The dimensions that `normalized_shape` names; RuntimeError unless the shapes agree."""
    check_floating(name, input)
    _check_dtypes(name, input, *affine)
    inner = tuple(normalized_shape)
    shape = input._data.shape
    if not inner:
        raise RuntimeError(f"{name}(): normalized_shape must have at least one dimension")
    for what, tensor in zip(("weight", "bias"), affine):
        if tensor is not None and tensor._data.shape != inner:
            raise RuntimeError(
                f"{name}(): {what} has shape {list(tensor._data.shape)}, but normalized_shape is "
                f"{list(inner)}"
            )
    if shape[len(shape) - len(inner) :] != inner or len(shape) < len(inner):
        raise RuntimeError(
            f"{name}(): normalized_shape {list(inner)} must be the last dimensions of the input, "
            f"which has shape {list(shape)}"
        )
    return tuple(range(len(shape) - len(inner), len(shape)))


@takes_tensors
def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` over the last dimensions.

    `normalized_shape` is their shape, and that of `weight` and `bias` (Ba, Kiros and Hinton, 2016).

    >>> import minitorch
    >>> minitorch.nn.functional.layer_norm(minitorch.tensor([[1.0, 3.0], [5.0, 9.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """
    dims = _last_dims("layer_norm", input, normalized_shape, weight, bias)
    if input._data.dtype.kind == "c":
        raise NotImplementedError("layer_norm() is for real tensors")
    return standardized_rows(input, weight, bias, dims, eps)


@takes_tensors
@rounded_once
def rms_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    eps: float | None = None,
) -> Tensor:
    """``x / sqrt(mean(x ** 2) + eps) * weight`` over the last dimensions.

    `eps` is by default the distance from 1 to the next number (Zhang and Sennrich, 2019).

    >>> import minitorch
    >>> minitorch.nn.functional.rms_norm(minitorch.tensor([3.0, 4.0]), (2,))
    tensor([0.8485, 1.1314])
    """
    dims = _last_dims("rms_norm", input, normalized_shape, weight)
    if eps is None:
        eps = finfo(from_numpy_dtype(input._data.dtype)).eps
    if input._data.dtype.kind == "c":
        return scaled_rows.reference(input, weight, dims, eps)
    return scaled_rows(input, weight, dims, eps)


# --- over channels --------------------------------------------------------------------------------


def _check_channels(name: str, input: Any, **parameters: Any) -> None:
    """RuntimeError unless there is one element of each parameter for every channel."""
    check_floating(name, input, complex=False)
    _check_dtypes(name, input, *parameters.values())
    shape = input._data.shape
    if len(shape) < 2:
        raise RuntimeError(f"{name}() needs the shape (N, C, ...), got {list(shape)}")
    for what, tensor in parameters.items():
        if tensor is not None and tensor._data.shape != shape[1:2]:
            raise RuntimeError(
                f"{name}(): {what} should have one element for each of the {shape[1]} channels of "
                f"an input of shape {list(shape)}, but has shape {list(tensor._data.shape)}"
            )


def _check_several(shape: Sequence[int], what: str) -> None:
    if math.prod(shape) == 1:
        raise ValueError(
            f"Expected more than 1 {what} when training, got input size {list(shape)}: there is no "
            "variance of one value. Use larger batches (drop_last=True), or eval()"
        )


def _check_pair(running_mean: Any, running_var: Any) -> None:
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")


def _follow(running: Any, now: np.ndarray, momentum: float) -> None:
    """Move running statistics towards what they are now (the average of rows), in place."""
    if running is not None:
        moved = (1 - momentum) * running._data + momentum * now
        if moved.ndim == 2:
            rounded = moved.astype(running._data.dtype).astype(moved.dtype)
            moved = np.add.reduce(rounded, 0) / len(moved)
        running._data[...] = moved
        stamp(running._data)


@takes_tensors
@keeps_channels_last
def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``(x - mean) / sqrt(var + eps) * weight + bias`` for each channel: (N, C, ...) -> the same.

    In `training` the mean and variance are those of the batch, and the running statistics, if
    given, move towards them by `momentum` (Ioffe and Szegedy, 2015).  Otherwise the running
    statistics are used.

    >>> import minitorch
    >>> x = minitorch.tensor([[1.0, 5.0], [3.0, 9.0]])
    >>> minitorch.nn.functional.batch_norm(x, None, None, training=True)
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]])
    """
    shape = input._data.shape
    if shape == (0,):
        return clone(input)
    if training:
        _check_several((*shape[:1], *shape[2:]), "value per channel")
        _check_pair(running_mean, running_var)
    if eps < 0 or (training and eps == 0):
        raise ValueError(f"batch_norm eps must be positive (or 0 in evaluation), but got {eps}")
    _check_channels("batch_norm", input, running_mean=running_mean, running_var=running_var,
                    weight=weight, bias=bias)  # fmt: skip
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "batch_norm(): running_mean and running_var are needed unless training"
            )
        return _by_running(input, running_mean, running_var, weight, bias, eps)
    if not input._data.size:  # an empty batch: nothing to learn from, and gradients of zero
        mean, var = (wrap(fill(shape[1], input._data.dtype)) for fill in (np.zeros, np.ones))
        return _by_running(input, mean, var, weight, bias, eps)
    if running_mean is None and running_var is None:
        return standardized_channels(input, weight, bias, eps, None)
    count = input._data.size // max(shape[1], 1)

    def tell(mean: np.ndarray, var: np.ndarray) -> None:
        if count:
            _follow(running_mean, mean, momentum)
            _follow(running_var, var * (count / (count - 1)), momentum)

    return standardized_channels(input, weight, bias, eps, tell)


def _by_running(input: Any, mean: Any, var: Any, weight: Any, bias: Any, eps: float) -> Any:
    """Standardized by given statistics, which count as constants."""
    dtype, ndim = input._data.dtype, input._data.ndim
    scale = rsqrt(add(var.detach(), eps))
    if weight is not None:
        scale = mul(scale, weight)
    out = mul(sub(input, per_channel(in_dtype(mean.detach(), dtype), ndim)),
              per_channel(in_dtype(scale, dtype), ndim))  # fmt: skip
    return out if bias is None else add(out, per_channel(in_dtype(bias, dtype), ndim))


@takes_tensors
def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`batch_norm` of every sample by itself: (N, C, L, ...) -> the same.

    Running statistics move towards the samples' averages; without `use_input_stats` they are used.

    >>> import minitorch
    >>> minitorch.nn.functional.instance_norm(minitorch.tensor([[[1.0, 3.0]], [[5.0, 9.0]]]))
    tensor([[[-1.0000,  1.0000]],
    <BLANKLINE>
            [[-1.0000,  1.0000]]])
    """
    shape = input._data.shape
    if use_input_stats:
        _check_several((1, 1, *shape[2:]), "spatial element")
        _check_pair(running_mean, running_var)
    _check_channels("instance_norm", input, running_mean=running_mean, running_var=running_var,
                    weight=weight, bias=bias)  # fmt: skip
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "instance_norm(): running_mean and running_var are needed without use_input_stats"
            )
        return _by_running(input, running_mean, running_var, weight, bias, eps)
    n, c, length = *shape[:2], math.prod(shape[2:])
    lines = reshape(input, (1, n * c, *shape[2:]))

    def tell(mean: np.ndarray, var: np.ndarray) -> None:
        for running, now in (running_mean, mean), (running_var, var * (length / (length - 1))):
            _follow(running, now.reshape(n, c), momentum)

    repeated = [None if a is None else reshape(expand(a, (n, c)), (n * c,)) for a in (weight, bias)]
    return reshape(standardized_channels(lines, *repeated, eps, tell if n and length else None),
                   shape)  # fmt: skip


@takes_tensors
@keeps_channels_last
def group_norm(
    input: Tensor,
    num_groups: int,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """`layer_norm` of each of `num_groups` groups of channels, scaled and shifted by channel.

    (N, C, ...) -> the same; C is a multiple of `num_groups` (Wu and He, 2018).

    >>> import minitorch
    >>> minitorch.nn.functional.group_norm(minitorch.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = input._data.shape
    if len(shape) < 2:
        raise RuntimeError(f"group_norm() needs the shape (N, C, ...), got {list(shape)}")
    if num_groups < 1 or shape[1] % num_groups:
        raise RuntimeError(
            f"group_norm(): the {shape[1]} channels (dimension 1) of an input of shape "
            f"{list(shape)} cannot be divided into {num_groups} groups"
        )
    _check_several((shape[0] * shape[1] // num_groups, *shape[2:]), "value per group")
    _check_channels("group_norm", input, weight=weight, bias=bias)
    return standardized_groups(input, weight, bias, num_groups, eps)


# --- others ---------------------------------------------------------------------------------------


@takes_tensors
def local_response_norm(
    input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Tensor:
    """``x / (k + alpha * mean(x ** 2)) ** beta``, the mean over `size` neighbouring channels.

    (N, C, L, ...) -> the same.  Channels outside count as 0.
    """
    shape = input._data.shape
    if len(shape) < 3:
        raise ValueError(
            f"Expected 3D or higher dimensionality input (got {len(shape)} dimensions)"
        )
    if size < 1:
        raise RuntimeError(f"local_response_norm(): size must be positive, got {size}")
    if input._data.size == 0:
        return input
    amounts = [(0, 0), (size // 2, (size - 1) // 2), *[(0, 0)] * (len(shape) - 2)]
    squares = pad_constant(mul(input, input), amounts, None)
    total: Any = _slice(squares, (ALL, slice(0, shape[1])))
    for i in range(1, size):
        total = add(total, _slice(squares, (ALL, slice(i, i + shape[1]))))
    whole = "trunc" if input._data.dtype.kind in "iu" else None  # as PyTorch averages integers
    mean = div(total, size, rounding_mode=whole)
    return div(input, pow(add(mul(mean, alpha), k), beta))


@with_out
def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """``x / max(norm(x), eps)``: vectors along `dim` brought to length 1 in the p-norm.

    >>> import minitorch
    >>> minitorch.nn.functional.normalize(minitorch.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    length = clamp_min(norm(input, p, dim, True), eps)
    return div(input, length)
