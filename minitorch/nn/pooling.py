"""Pooling layers: each output is the maximum, the average or a norm of a window of the input.

In all of them (N, C, *sizes) -> (N, C, *places), and N may be missing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.nn.conv import Size, each
from minitorch.nn.module import Module
from minitorch.ops import average_pooling, pooling, uneven_pooling

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _Pool(Module):
    """A layer that is a call of `function` for `dims` dimensions."""

    dims: int
    function: Callable[..., Any]


# --- maxima --------------------------------------------------------------------------------------


class _MaxPool(_Pool):
    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0, dilation: Size = 1,
        return_indices: bool = False, ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Any:
        return type(self).function(
            input, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode,
            self.return_indices,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}, "
            f"dilation={self.dilation}, ceil_mode={self.ceil_mode}"
        )


class MaxPool1d(_MaxPool):
    """The maximum of every window of one dimension.  Mirrors ``torch.nn.MaxPool1d``."""

    dims, function = 1, pooling.max_pool1d


class MaxPool2d(_MaxPool):
    """The maximum of every window.  Mirrors ``torch.nn.MaxPool2d``.

    >>> import minitorch
    >>> minitorch.nn.MaxPool2d(2)(minitorch.ones(1, 3, 8, 8)).shape
    minitorch.Size([1, 3, 4, 4])
    """

    dims, function = 2, pooling.max_pool2d


class MaxPool3d(_MaxPool):
    """The maximum of every window of three dimensions.  Mirrors ``torch.nn.MaxPool3d``."""

    dims, function = 3, pooling.max_pool3d


class _MaxUnpool(_Pool):
    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = each(kernel_size, self.dims)
        self.stride = each(kernel_size if stride is None else stride, self.dims)
        self.padding = each(padding, self.dims)

    def forward(
        self, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None
    ) -> Tensor:
        return type(self).function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpool):
    """Values back to where `MaxPool1d` found them.  Mirrors ``torch.nn.MaxUnpool1d``."""

    dims, function = 1, uneven_pooling.max_unpool1d


class MaxUnpool2d(_MaxUnpool):
    """Values back to where `MaxPool2d` found them, zeros elsewhere.  Mirrors ``MaxUnpool2d``.

    >>> import minitorch
    >>> values, indices = minitorch.nn.MaxPool2d(2, return_indices=True)(minitorch.ones(1, 1, 4, 4))
    >>> minitorch.nn.MaxUnpool2d(2)(values, indices).sum()
    tensor(4.)
    """

    dims, function = 2, uneven_pooling.max_unpool2d


class MaxUnpool3d(_MaxUnpool):
    """Values back to where `MaxPool3d` found them.  Mirrors ``torch.nn.MaxUnpool3d``."""

    dims, function = 3, uneven_pooling.max_unpool3d


# --- averages and norms --------------------------------------------------------------------------


class AvgPool1d(_Pool):
    """The average of every window of one dimension.  Mirrors ``torch.nn.AvgPool1d``."""

    dims = 1

    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
        ceil_mode: bool = False, count_include_pad: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = each(kernel_size, 1)
        self.stride = each(kernel_size if stride is None else stride, 1)
        self.padding = each(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Tensor) -> Tensor:
        return average_pooling.avg_pool1d(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class _AvgPool(_Pool):
    def __init__(
        self, kernel_size: Size, stride: Size | None = None, padding: Size = 0,
        ceil_mode: bool = False, count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(
            input, self.kernel_size, self.stride, self.padding, self.ceil_mode,
            self.count_include_pad, self.divisor_override,
        )  # fmt: skip

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class AvgPool2d(_AvgPool):
    """The average of every window; padding counts as zeros if `count_include_pad`.

    >>> import minitorch
    >>> minitorch.nn.AvgPool2d(2)(minitorch.ones(1, 3, 8, 8)).shape
    minitorch.Size([1, 3, 4, 4])
    """

    dims, function = 2, average_pooling.avg_pool2d


class AvgPool3d(_AvgPool):
    """The average of every window of three dimensions.  Mirrors ``torch.nn.AvgPool3d``."""

    dims, function = 3, average_pooling.avg_pool3d


class _LPPool(_Pool):
    def __init__(
        self, norm_type: float, kernel_size: Size, stride: Size | None = None,
        ceil_mode: bool = False,
    ) -> None:  # fmt: skip
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )

    def extra_repr(self) -> str:
        return (
            f"norm_type={self.norm_type}, kernel_size={self.kernel_size}, stride={self.stride}, "
            f"ceil_mode={self.ceil_mode}"
        )


class LPPool1d(_LPPool):
    """``(sum of x ** norm_type over the window) ** (1 / norm_type)``, in one dimension."""

    dims, function = 1, average_pooling.lp_pool1d


class LPPool2d(_LPPool):
    """``(sum of x ** norm_type over the window) ** (1 / norm_type)``.

    >>> import minitorch
    >>> minitorch.nn.LPPool2d(2, 2)(minitorch.ones(1, 1, 2, 2))
    tensor([[[[2.]]]])
    """

    dims, function = 2, average_pooling.lp_pool2d


class LPPool3d(_LPPool):
    """``(sum of x ** norm_type over the window) ** (1 / norm_type)``, in three dimensions."""

    dims, function = 3, average_pooling.lp_pool3d


# --- an output of a wanted size ------------------------------------------------------------------


class _AdaptiveAvgPool(_Pool):
    def __init__(self, output_size: int | None | Sequence[int | None]) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Tensor) -> Tensor:
        return type(self).function(input, self.output_size)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """Averages, as many as wanted, spread evenly.  Mirrors ``torch.nn.AdaptiveAvgPool1d``."""

    dims, function = 1, uneven_pooling.adaptive_avg_pool1d


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """Averages of windows spread so evenly that the output has the size `output_size`.

    >>> import minitorch
    >>> minitorch.nn.AdaptiveAvgPool2d((1, None))(minitorch.ones(2, 3, 7, 5)).shape
    minitorch.Size([2, 3, 1, 5])
    """

    dims, function = 2, uneven_pooling.adaptive_avg_pool2d


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """Averages, as many as wanted, spread evenly.  Mirrors ``torch.nn.AdaptiveAvgPool3d``."""

    dims, function = 3, uneven_pooling.adaptive_avg_pool3d


class _AdaptiveMaxPool(_Pool):
    def __init__(
        self, output_size: int | None | Sequence[int | None], return_indices: bool = False
    ) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Tensor) -> Any:
        return type(self).function(input, self.output_size, self.return_indices)

    def extra_repr(self) -> str:
        return f"output_size={self.output_size}"


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """Maxima, as many as wanted, spread evenly.  Mirrors ``torch.nn.AdaptiveMaxPool1d``."""

    dims, function = 1, uneven_pooling.adaptive_max_pool1d


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """Maxima of windows spread so evenly that the output has the size `output_size`.

    >>> import minitorch
    >>> minitorch.nn.AdaptiveMaxPool2d(3)(minitorch.ones(2, 3, 7, 5)).shape
    minitorch.Size([2, 3, 3, 3])
    """

    dims, function = 2, uneven_pooling.adaptive_max_pool2d


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """Maxima, as many as wanted, spread evenly.  Mirrors ``torch.nn.AdaptiveMaxPool3d``."""

    dims, function = 3, uneven_pooling.adaptive_max_pool3d


class _FractionalMaxPool(_Pool):
    def __init__(
        self, kernel_size: Size, output_size: Size | None = None,
        output_ratio: float | Sequence[float] | None = None, return_indices: bool = False,
        _random_samples: Tensor | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        name = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(f"{name} needs either an output_size or an output_ratio, and not both")
        self.kernel_size = each(kernel_size, self.dims)
        if self.dims == 3 and min(self.kernel_size) <= 0:
            raise ValueError(f"{name}: kernel_size must be greater than 0, got {kernel_size}")
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else each(output_size, self.dims)
        self.output_ratio = None if output_ratio is None else each(output_ratio, self.dims)
        if self.output_ratio is not None and not all(0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"{name}: output_ratio must be between 0 and 1, got {output_ratio}")

    def forward(self, input: Tensor) -> Any:
        return type(self).function(
            input, self.kernel_size, self.output_size, self.output_ratio, self.return_indices,
            _random_samples=self._random_samples,
        )  # fmt: skip


class FractionalMaxPool2d(_FractionalMaxPool):
    """Maxima of windows whose distances are drawn at random (Graham, 2014).

    >>> import minitorch
    >>> minitorch.nn.FractionalMaxPool2d(2, output_ratio=0.7)(minitorch.ones(1, 3, 10, 10)).shape
    minitorch.Size([1, 3, 7, 7])
    """

    dims, function = 2, uneven_pooling.fractional_max_pool2d


class FractionalMaxPool3d(_FractionalMaxPool):
    """Maxima of windows whose distances are drawn at random, in three dimensions."""

    dims, function = 3, uneven_pooling.fractional_max_pool3d
