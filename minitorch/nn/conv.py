"""Convolution layers: a bank of filters that slides over a signal, an image or a volume."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops import convolution
from minitorch.ops.creation import empty
from minitorch.ops.padding import pad

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

Size = int | Sequence[int]

PADDING_MODES = "zeros", "reflect", "replicate", "circular"


def each(value: Any, dims: int) -> tuple[Any, ...]:
    """`value` once for each dimension, unless it is a sequence already."""
    return tuple(value) if isinstance(value, Sequence) else (value,) * dims


class _ConvNd(Module):
    """What all convolutions share: the arguments, the parameters and their first values."""

    dims: int
    transposed: bool
    function: Callable[..., Tensor]
    weight: Parameter
    bias: Parameter | None

    def _set_up(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size,
        padding: str | Size, dilation: Size, output_padding: Size, groups: int, bias: bool,
        padding_mode: str, device: Any, dtype: Any,
    ) -> None:  # fmt: skip
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"in_channels={in_channels} and out_channels={out_channels} must be divisible by "
                f"groups={groups}"
            )
        if padding_mode not in PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {PADDING_MODES}, got {padding_mode!r}")
        dims = self.dims
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = each(kernel_size, dims)
        self.stride = each(stride, dims)
        self.padding = padding if isinstance(padding, str) else each(padding, dims)
        self.dilation = each(dilation, dims)
        self.output_padding = each(output_padding, dims)
        self.groups = groups
        self.padding_mode = padding_mode
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}: 'same', 'valid' or numbers")
            if padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        self.weight = Parameter(empty(self._weight_shape(), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _weight_shape(self) -> tuple[int, ...]:
        channels = [self.out_channels, self.in_channels]
        first, second = reversed(channels) if self.transposed else channels
        return (first, second // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw the parameters anew: evenly distributed in ±1 / sqrt(inputs of one output)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            bound = 1 / math.sqrt(fan_in) if fan_in > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        parts = [
            f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, "
            f"stride={self.stride}"
        ]
        if isinstance(self.padding, str) or self.padding != zeros:
            parts.append(f"padding={self.padding}")
        if self.dilation != ones:
            parts.append(f"dilation={self.dilation}")
        if self.output_padding != zeros:
            parts.append(f"output_padding={self.output_padding}")
        if self.groups != 1:
            parts.append(f"groups={self.groups}")
        if self.bias is None:
            parts.append("bias=False")
        if self.padding_mode != "zeros":
            parts.append(f"padding_mode={self.padding_mode}")
        return ", ".join(parts)


class _Conv(_ConvNd):
    transposed = False

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
        padding: str | Size = 0, dilation: Size = 1, groups: int = 1, bias: bool = True,
        padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self._set_up(in_channels, out_channels, kernel_size, stride, padding, dilation, 0, groups,
                     bias, padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """`forward` with other parameters: layers derived from these call PyTorch's so."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            # What is wrong with the input is said of the input, not of the padded one.
            convolution.check_convolved(
                f"conv{self.dims}d", self.dims, input, weight, bias, self.groups
            )
            input, padding = pad(input, self._border(), mode=self.padding_mode), 0
        return type(self).function(
            input, weight, bias, self.stride, padding, self.dilation, self.groups
        )

    def _border(self) -> list[int]:
        """The padding as `pad` wants it: (before, after), the last dimension first."""
        if isinstance(self.padding, str):
            total = [
                d * (k - 1) if self.padding == "same" else 0
                for d, k in zip(self.dilation, self.kernel_size)
            ]
            sides = [(t // 2, t - t // 2) for t in total]
        else:
            sides = [(p, p) for p in self.padding]
        return [n for side in reversed(sides) for n in side]


class Conv1d(_Conv):
    """(N, in_channels, L) -> (N, out_channels, L').  Mirrors ``torch.nn.Conv1d``; see `Conv2d`."""

    dims, function = 1, convolution.conv1d


class Conv2d(_Conv):
    """Every output channel is a filter laid over all places of all input channels (of its group).

    (N, in_channels, H, W) -> (N, out_channels, H', W'), with `weight` (out_channels,
    in_channels / groups, *kernel_size) and `bias` (out_channels,).  `padding` are numbers, "valid"
    (none) or "same" (keeps the size); `padding_mode` says what is there: zeros, or the input
    reflected, replicated or repeated ("circular").  Mirrors ``torch.nn.Conv2d``.

    >>> import minitorch
    >>> minitorch.nn.Conv2d(3, 8, 3, padding="same")(minitorch.ones(2, 3, 5, 5)).shape
    minitorch.Size([2, 8, 5, 5])
    """

    dims, function = 2, convolution.conv2d


class Conv3d(_Conv):
    """(N, in_channels, D, H, W) -> (N, out_channels, D', H', W').  Mirrors ``torch.nn.Conv3d``."""

    dims, function = 3, convolution.conv3d


class _ConvTranspose(_ConvNd):
    transposed = True

    def __init__(
        self, in_channels: int, out_channels: int, kernel_size: Size, stride: Size = 1,
        padding: Size = 0, output_padding: Size = 0, groups: int = 1, bias: bool = True,
        dilation: Size = 1, padding_mode: str = "zeros", device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        if padding_mode != "zeros":
            raise ValueError(f'{type(self).__name__} has only the padding_mode "zeros"')
        if isinstance(padding, str):
            raise TypeError(f"{type(self).__name__}: padding must be numbers, got {padding!r}")
        super().__init__()
        self._set_up(in_channels, out_channels, kernel_size, stride, padding, dilation,
                     output_padding, groups, bias, padding_mode, device, dtype)  # fmt: skip

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        extra = self.output_padding
        if output_size is not None:
            extra = self._extra_for(input, tuple(output_size))
        return type(self).function(
            input, self.weight, self.bias, self.stride, self.padding, extra, self.groups,
            self.dilation,
        )  # fmt: skip

    def _extra_for(self, input: Tensor, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """The output_padding that gives the spatial sizes `wanted`."""
        dims, shape = self.dims, tuple(input.shape)
        if len(wanted) == len(shape):
            wanted = wanted[-dims:]
        if len(wanted) != dims:
            raise ValueError(
                f"{type(self).__name__}: output_size must have {dims} or {len(shape)} entries for "
                f"an input of shape {shape}, got {wanted}"
            )
        least = [
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                shape[-dims:], self.stride, self.padding, self.dilation, self.kernel_size
            )
        ]
        most = [n + s - 1 for n, s in zip(least, self.stride)]
        if any(not low <= n <= high for low, n, high in zip(least, wanted, most)):
            raise ValueError(
                f"{type(self).__name__}: output_size {wanted} must be between {least} and {most} "
                f"for an input of shape {shape}"
            )
        return tuple([n - low for n, low in zip(wanted, least)])


class ConvTranspose1d(_ConvTranspose):
    """(N, in_channels, L) -> (N, out_channels, L').  Mirrors ``torch.nn.ConvTranspose1d``."""

    dims, function = 1, convolution.conv_transpose1d


class ConvTranspose2d(_ConvTranspose):
    """The gradient of a `Conv2d` for its input, as a layer: makes images larger.

    (N, in_channels, H, W) -> (N, out_channels, H', W') with `weight` (in_channels,
    out_channels / groups, *kernel_size).  Several sizes are shrunk to one by a strided convolution:
    `output_padding`, or ``forward(input, output_size)``, says which one is meant.  Mirrors
    ``torch.nn.ConvTranspose2d``.

    >>> import minitorch
    >>> up = minitorch.nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1)
    >>> up(minitorch.ones(1, 4, 5, 5)).shape, up(minitorch.ones(1, 4, 5, 5), (10, 10)).shape
    (minitorch.Size([1, 2, 9, 9]), minitorch.Size([1, 2, 10, 10]))
    """

    dims, function = 2, convolution.conv_transpose2d


class ConvTranspose3d(_ConvTranspose):
    """(N, in_channels, D, H, W) -> (N, out_channels, ...).  Mirrors ``nn.ConvTranspose3d``."""

    dims, function = 3, convolution.conv_transpose3d
