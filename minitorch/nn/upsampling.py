"""Layers that make images (lines, volumes) larger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.nn.module import Module
from minitorch.ops.resampling import interpolate

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

Size = int | Sequence[int]
Scale = float | tuple[float, ...]


class Upsample(Module):
    """`interpolate` to `size`, or to `scale_factor` times the size: (N, C, ...) -> (N, C, ...).

    >>> import minitorch
    >>> minitorch.nn.Upsample(scale_factor=2)(minitorch.tensor([[[1.0, 2.0]]]))
    tensor([[[1., 1., 2., 2.]]])
    """

    def __init__(
        self,
        size: Size | None = None,
        scale_factor: Scale | None = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        self.name = type(self).__name__
        self.size = size
        self.scale_factor: Any = None
        if isinstance(scale_factor, tuple):
            self.scale_factor = tuple(float(s) for s in scale_factor)
        elif scale_factor:
            self.scale_factor = float(scale_factor)
        self.mode = mode
        self.align_corners = align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Tensor) -> Tensor:
        return interpolate(
            input,
            self.size,
            self.scale_factor,
            self.mode,
            self.align_corners,
            self.recompute_scale_factor,
        )

    def extra_repr(self) -> str:
        if self.scale_factor is not None:
            return f"scale_factor={self.scale_factor!r}, mode={self.mode!r}"
        return f"size={self.size!r}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Every pixel repeated: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.UpsamplingNearest2d(scale_factor=2)(minitorch.ones(1, 1, 2, 3)).shape
    minitorch.Size([1, 1, 4, 6])
    """

    def __init__(self, size: Size | None = None, scale_factor: Scale | None = None) -> None:
        super().__init__(size, scale_factor, mode="nearest")


class UpsamplingBilinear2d(Upsample):
    """Bilinear, the corner pixels staying where they are: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.UpsamplingBilinear2d((4, 6))(minitorch.ones(1, 1, 2, 3)).shape
    minitorch.Size([1, 1, 4, 6])
    """

    def __init__(self, size: Size | None = None, scale_factor: Scale | None = None) -> None:
        super().__init__(size, scale_factor, mode="bilinear", align_corners=True)
