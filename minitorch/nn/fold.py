"""Windows as columns and back: `Unfold` (im2col) and `Fold` (col2im)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minitorch.nn.conv import Size
from minitorch.nn.module import Module
from minitorch.ops import windows

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class Unfold(Module):
    """All windows as columns: (N, C, H, W) -> (N, C * kernel elements, places).

    >>> import minitorch
    >>> minitorch.nn.Unfold(3)(minitorch.ones(2, 4, 5, 5)).shape
    minitorch.Size([2, 36, 9])
    """

    def __init__(
        self, kernel_size: Size, dilation: Size = 1, padding: Size = 0, stride: Size = 1
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return windows.unfold(input, self.kernel_size, self.dilation, self.padding, self.stride)

    def extra_repr(self) -> str:
        return (
            f"kernel_size={self.kernel_size}, dilation={self.dilation}, padding={self.padding}, "
            f"stride={self.stride}"
        )


class Fold(Module):
    """Columns added up where `Unfold` takes them: (N, C * elements, places) -> (N, C, H, W).

    >>> import minitorch
    >>> minitorch.nn.Fold((5, 5), 3)(minitorch.ones(2, 36, 9)).shape
    minitorch.Size([2, 4, 5, 5])
    """

    def __init__(
        self, output_size: Size, kernel_size: Size, dilation: Size = 1, padding: Size = 0,
        stride: Size = 1,
    ) -> None:  # fmt: skip
        super().__init__()
        self.output_size = output_size
        self.kernel_size = kernel_size
        self.dilation = dilation
        self.padding = padding
        self.stride = stride

    def forward(self, input: Tensor) -> Tensor:
        return windows.fold(
            input, self.output_size, self.kernel_size, self.dilation, self.padding, self.stride
        )

    def extra_repr(self) -> str:
        return (
            f"output_size={self.output_size}, kernel_size={self.kernel_size}, "
            f"dilation={self.dilation}, padding={self.padding}, stride={self.stride}"
        )
