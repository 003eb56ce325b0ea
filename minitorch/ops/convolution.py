"""Convolution in any number of dimensions: three bilinear maps, each the gradient of the others.

    _conv(x, w)          (N, C, *sizes), (O, C/groups, *kernel) -> (N, O, *places)
    _conv_input(u, w)    (N, O, *places), (O, C/groups, *kernel) -> (N, C, *sizes)
    _conv_weight(u, x)   (N, O, *places), (N, C, *sizes) -> (O, C/groups, *kernel)

They are the partial derivatives of one number, the sum of ``u * conv(x, w)``, so rules of all
orders are among them; `_conv_input` is also what is called transposed convolution.

How they are computed is in `convolution_kernels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.numerics.adding import widened
from minitorch.ops import convolution_kernels as kernels
from minitorch.ops.arithmetic import add
from minitorch.ops.orders import keeps_channels_last
from minitorch.ops.primitive import primitive
from minitorch.ops.reductions import sum_over
from minitorch.ops.shapes import reshape
from minitorch.ops.windows import Sizes, Windows, count_places, each_dim

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
]  # fmt: skip

# --- the three maps ------------------------------------------------------------------------------


@primitive
def _conv(x, w, bias, /, windows, groups):
    return kernels.conv(widened(x), widened(w), bias, windows, groups).astype(x.dtype, copy=False)


@primitive
def _conv_input(u, w, /, windows, groups):
    return kernels.conv_input(widened(u), widened(w), windows, groups).astype(u.dtype, copy=False)


@primitive
def _conv_weight(u, x, /, windows, groups):
    return kernels.conv_weight(widened(u), widened(x), windows, groups).astype(u.dtype, copy=False)


_conv.gradient(
    x=lambda g, w, windows, groups: _conv_input(g, w, windows, groups),
    w=lambda g, x, windows, groups: _conv_weight(g, x, windows, groups),
    bias=lambda g: sum_over(g, (0, *range(2, len(g.shape))), False),
)
_conv_input.gradient(
    u=lambda g, w, windows, groups: _conv(g, w, None, windows, groups),
    w=lambda g, u, windows, groups: _conv_weight(u, g, windows, groups),
)
_conv_weight.gradient(
    u=lambda g, x, windows, groups: _conv(x, g, None, windows, groups),
    x=lambda g, u, windows, groups: _conv_input(u, g, windows, groups),
)


# --- the public functions ------------------------------------------------------------------------


def _check(name: str, dims: int, input: Any, weight: Any, bias: Any, groups: int) -> None:
    """What holds for both kinds of convolution: kinds, dtypes and numbers of dimensions."""
    for what, tensor in (("input", input), ("weight", weight), ("bias", bias)):
        if not isinstance(tensor, TensorState) and not (tensor is None and what == "bias"):
            raise TypeError(f"{name}(): {what} must be a Tensor, got {type(tensor).__name__}")
    x, w = input._data, weight._data
    have = f"input has shape {x.shape}, weight {w.shape}"
    if w.ndim != dims + 2 or x.ndim not in (dims + 1, dims + 2):
        raise RuntimeError(
            f"{name}(): expected an input of {dims + 1} (one sample) or {dims + 2} dimensions and "
            f"a weight of {dims + 2}; {have}"
        )
    for what, array in (("weight", w), ("bias", None if bias is None else bias._data)):
        if array is not None and array.dtype != x.dtype:
            raise RuntimeError(
                f"{name}(): input and {what} must have the same dtype, got "
                f"{from_numpy_dtype(x.dtype)} and {from_numpy_dtype(array.dtype)}: convert the "
                f"input with to({from_numpy_dtype(array.dtype)})"
            )
    if x.dtype.kind in "biu" and x.dtype != np.int64:
        raise NotImplementedError(f"{name}() is not for {from_numpy_dtype(x.dtype)}")
    if isinstance(groups, float):
        raise TypeError(f"{name}(): groups must be an integer, got {groups}")
    if groups <= 0:
        raise RuntimeError(f"{name}(): groups must be positive, got {groups}")
    if w.shape[0] == 0 or w.shape[0] % groups:
        raise RuntimeError(
            f"{name}(): the first size of the weight must be a multiple of groups={groups}; {have}"
        )


def _check_bias(name: str, bias: Any, outputs: int) -> None:
    if bias is not None and bias._data.shape != (outputs,):
        raise RuntimeError(
            f"{name}(): bias must have shape ({outputs},), one element for each output channel; "
            f"got {bias._data.shape}"
        )


def _steps(name: str, dims: int, stride: Any, dilation: Any) -> tuple[Sizes, Sizes]:
    stride = each_dim(name, "stride", stride, dims)
    dilation = each_dim(name, "dilation", dilation, dims)
    if min(stride) <= 0 or min(dilation) <= 0:
        raise RuntimeError(f"{name}(): stride {stride} and dilation {dilation} must be positive")
    return stride, dilation


def check_convolved(name: str, dims: int, input: Any, weight: Any, bias: Any, groups: int) -> None:
    """TypeError or RuntimeError unless a convolution can take these, whatever its padding."""
    _check(name, dims, input, weight, bias, groups)
    shape = input._data.shape
    channels, wanted = shape[-dims - 1], weight._data.shape[1] * groups
    if channels != wanted:
        raise RuntimeError(
            f"{name}(): a weight of shape {weight._data.shape} with groups={groups} takes {wanted} "
            f"input channels; input has shape {shape}, {channels} in dimension "
            f"{len(shape) - dims - 1}"
            + ("; channels come before height and width: permute()" if shape[-1] in (1, 3) else "")
        )
    _check_bias(name, bias, weight._data.shape[0])


def _convolve(
    name: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    dilation: Any, groups: int,
) -> Any:  # fmt: skip
    stride, dilation = _steps(name, dims, stride, dilation)
    check_convolved(name, dims, input, weight, bias, groups)
    shape, kernel = input._data.shape, weight._data.shape[2:]
    sizes = shape[-dims:]
    before, both = _padding(name, padding, kernel, stride, dilation)
    places = tuple(map(count_places, sizes, kernel, stride, both, dilation))
    if min(places) < 1 or min(kernel) < 1 or min(sizes) < 1:
        raise RuntimeError(
            f"{name}(): a kernel of {kernel} (dilation {dilation}) does not fit into an input of "
            f"{sizes} with padding {padding}"
        )
    windows = Windows(kernel, stride, before, dilation, sizes, places)
    if len(shape) == dims + 2:
        return _conv(input, weight, bias, windows, groups)
    out = _conv(reshape(input, (1, *shape)), weight, bias, windows, groups)
    return reshape(out, out._data.shape[1:])


def _padding(
    name: str, padding: Any, kernel: Sizes, stride: Sizes, dilation: Sizes
) -> tuple[Sizes, Sizes]:
    """The padding before the first element, and that of both sides together."""
    if isinstance(padding, str):
        if padding == "valid":
            return (0,) * len(kernel), (0,) * len(kernel)
        if padding != "same":
            raise RuntimeError(f"{name}(): padding must be 'valid', 'same' or numbers: {padding!r}")
        if max(stride) > 1:
            raise RuntimeError(f"{name}(): padding='same' needs stride 1, got {stride}")
        both = tuple([d * (k - 1) for d, k in zip(dilation, kernel)])
        return tuple([b // 2 for b in both]), both
    before = each_dim(name, "padding", padding, len(kernel))
    if min(before) < 0:
        raise RuntimeError(f"{name}(): padding must not be negative, got {before}")
    return before, tuple([2 * b for b in before])


def _convolve_transpose(
    name: str, dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Any:  # fmt: skip
    _check(name, dims, input, weight, bias, groups)
    shape, kernel = input._data.shape, weight._data.shape[2:]
    places = shape[-dims:]
    stride, dilation = _steps(name, dims, stride, dilation)
    before = each_dim(name, "padding", padding, dims)
    extra = each_dim(name, "output_padding", output_padding, dims)
    if min(before + extra) < 0:
        raise RuntimeError(f"{name}(): padding {before} and {extra} must not be negative")
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation)):
        raise RuntimeError(
            f"{name}(): output_padding {extra} must be smaller than stride {stride} or dilation "
            f"{dilation}"
        )
    if shape[-dims - 1] != weight._data.shape[0]:
        raise RuntimeError(
            f"{name}(): a weight of shape {weight._data.shape} takes {weight._data.shape[0]} input "
            f"channels; input has shape {shape}"
        )
    outputs = weight._data.shape[1] * groups
    _check_bias(name, bias, outputs)
    sizes = tuple([
        (n - 1) * s - 2 * p + d * (k - 1) + e + 1
        for n, s, p, d, k, e in zip(places, stride, before, dilation, kernel, extra)
    ])  # fmt: skip
    if min(sizes) < 1 or min(places) < 1:
        raise RuntimeError(f"{name}(): an input of {places} gives an output of {sizes}")
    windows = Windows(kernel, stride, before, dilation, sizes, places)
    batched = input if len(shape) == dims + 2 else reshape(input, (1, *shape))
    out = _conv_input(batched, weight, windows, groups)
    if bias is not None:
        out = add(out, reshape(bias, (outputs, *(1,) * dims)))
    return out if batched is input else reshape(out, out._data.shape[1:])


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """(N, C, L) with (O, C/groups, k) -> (N, O, L'): see `conv2d`.

    >>> import minitorch
    >>> x = minitorch.tensor([[[1.0, 2.0, 4.0]]])
    >>> minitorch.nn.functional.conv1d(x, minitorch.tensor([[[-1.0, 1.0]]]))
    tensor([[[1., 2.]]])
    """
    return _convolve("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


@keeps_channels_last
def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """``out[n, o, p] = bias[o] + sum over c, k of weight[o, c, k] * input[n, c, s * p + d * k]``

    (N, C, H, W) with a weight (O, C/groups, kh, kw) -> (N, O, H', W'); N may be missing.
    `stride` is s and `dilation` d; `padding` zeros are put on both sides: numbers, "valid" (none)
    or "same" (as many as keep the size).  With `groups`, output channels see only their group of
    the input channels.

    >>> import minitorch
    >>> x, w = minitorch.ones(1, 3, 8, 8), minitorch.ones(4, 3, 3, 3)
    >>> minitorch.nn.functional.conv2d(x, w, stride=2, padding=1).shape
    minitorch.Size([1, 4, 4, 4])
    """
    return _convolve("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Tensor:  # fmt: skip
    """(N, C, D, H, W) with (O, C/groups, kd, kh, kw) -> (N, O, D', H', W'): see `conv2d`."""
    return _convolve("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """(N, C, L) with (C, O/groups, k) -> (N, O, L'): see `conv_transpose2d`."""
    return _convolve_transpose("conv_transpose1d", 1, input, weight, bias, stride, padding,
                               output_padding, groups, dilation)  # fmt: skip


@keeps_channels_last
def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The gradient of `conv2d` for its input, as an op: every input element adds a scaled kernel.

    (N, C, H, W) with a weight (C, O/groups, kh, kw) -> (N, O, H', W'), where
    ``H' = (H - 1) * stride - 2 * padding + dilation * (kh - 1) + output_padding + 1``.

    >>> import minitorch
    >>> x, w = minitorch.ones(1, 1, 2, 2), minitorch.ones(1, 1, 2, 2)
    >>> minitorch.nn.functional.conv_transpose2d(x, w)[0, 0]
    tensor([[1., 2., 1.],
            [2., 4., 2.],
            [1., 2., 1.]])
    """
    return _convolve_transpose("conv_transpose2d", 2, input, weight, bias, stride, padding,
                               output_padding, groups, dilation)  # fmt: skip


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """(N, C, D, H, W) with (C, O/groups, kd, kh, kw) -> (N, O, ...): see `conv_transpose2d`."""
    return _convolve_transpose("conv_transpose3d", 3, input, weight, bias, stride, padding,
                               output_padding, groups, dilation)  # fmt: skip
