"""Layers that put elements around their input: constant, reflected, repeated or wrapped ones.

``padding`` is a number for all sides, or (left, right, top, bottom, front, back) as far as the
dimensions go; negative amounts crop.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minitorch.nn.module import Module
from minitorch.ops.padding import pad

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

Amounts = int | Sequence[int]


class _Pad(Module):
    """`dims` last dimensions padded in `mode`."""

    dims: int
    mode: str

    def __init__(self, padding: Amounts) -> None:
        super().__init__()
        if isinstance(padding, int):
            padding = (padding,) * (2 * self.dims)
        self.padding = tuple(padding)

    def forward(self, input: Tensor) -> Tensor:
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPad(_Pad):
    def __init__(self, padding: Amounts, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Tensor) -> Tensor:
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Tensor) -> Tensor:
        dims, ndim = self.dims, input._data.ndim
        if ndim not in (dims + 1, dims + 2):
            raise ValueError(
                f"expected {dims + 1}D or {dims + 2}D input (got {ndim}D input, of shape "
                f"{list(input._data.shape)})"
            )
        return super().forward(input)


class ConstantPad1d(_ConstantPad):
    """`value` all around: (N, C, L) -> (N, C, left + L + right).

    >>> import minitorch
    >>> minitorch.nn.ConstantPad1d(1, 3.5)(minitorch.zeros(1, 2))
    tensor([[3.5000, 0.0000, 0.0000, 3.5000]])
    """

    dims = 1


class ConstantPad2d(_ConstantPad):
    """`value` all around: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.ConstantPad2d((1, 0, 2, 0), 3.5)(minitorch.zeros(1, 2, 2)).shape
    minitorch.Size([1, 4, 3])
    """

    dims = 2


class ConstantPad3d(_ConstantPad):
    """`value` all around: (N, C, D, H, W) -> (N, C, D', H', W').

    >>> import minitorch
    >>> minitorch.nn.ConstantPad3d(1, 3.5)(minitorch.zeros(1, 2, 2, 2)).shape
    minitorch.Size([1, 4, 4, 4])
    """

    dims = 3


class ZeroPad1d(ConstantPad1d):
    """Zeros all around: (N, C, L) -> (N, C, left + L + right).

    >>> import minitorch
    >>> minitorch.nn.ZeroPad1d(1)(minitorch.ones(1, 2))
    tensor([[0., 1., 1., 0.]])
    """

    def __init__(self, padding: Amounts) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Zeros all around: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.ZeroPad2d((1, 0, 2, 0))(minitorch.zeros(1, 2, 2)).shape
    minitorch.Size([1, 4, 3])
    """

    def __init__(self, padding: Amounts) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Zeros all around: (N, C, D, H, W) -> (N, C, D', H', W').

    >>> import minitorch
    >>> minitorch.nn.ZeroPad3d(1)(minitorch.zeros(1, 2, 2, 2)).shape
    minitorch.Size([1, 4, 4, 4])
    """

    def __init__(self, padding: Amounts) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """The input mirrored at its border elements: (N, C, L) -> (N, C, left + L + right).

    >>> import minitorch
    >>> minitorch.nn.ReflectionPad1d(2)(minitorch.tensor([[0, 1, 2]]))
    tensor([[2, 1, 0, 1, 2, 1, 0]])
    """

    dims = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """The input mirrored at its border elements: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.ReflectionPad2d(1)(minitorch.zeros(1, 2, 2)).shape
    minitorch.Size([1, 4, 4])
    """

    dims = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """The input mirrored at its border elements: (N, C, D, H, W) -> (N, C, D', H', W').

    >>> import minitorch
    >>> minitorch.nn.ReflectionPad3d(1)(minitorch.zeros(1, 2, 2, 2)).shape
    minitorch.Size([1, 4, 4, 4])
    """

    dims = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """The border elements repeated outwards: (N, C, L) -> (N, C, left + L + right).

    >>> import minitorch
    >>> minitorch.nn.ReplicationPad1d(2)(minitorch.tensor([[0, 1, 2]]))
    tensor([[0, 0, 0, 1, 2, 2, 2]])
    """

    dims = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """The border elements repeated outwards: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.ReplicationPad2d(1)(minitorch.zeros(1, 2, 2)).shape
    minitorch.Size([1, 4, 4])
    """

    dims = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """The border elements repeated outwards: (N, C, D, H, W) -> (N, C, D', H', W').

    >>> import minitorch
    >>> minitorch.nn.ReplicationPad3d(1)(minitorch.zeros(1, 2, 2, 2)).shape
    minitorch.Size([1, 4, 4, 4])
    """

    dims = 3
    mode = "replicate"


class CircularPad1d(_CircularPad):
    """Around the input what stands at its other end: (N, C, L) -> (N, C, left + L + right).

    >>> import minitorch
    >>> minitorch.nn.CircularPad1d(2)(minitorch.tensor([[0, 1, 2]]))
    tensor([[1, 2, 0, 1, 2, 0, 1]])
    """

    dims = 1


class CircularPad2d(_CircularPad):
    """Around the input what stands at its other end: (N, C, H, W) -> (N, C, H', W').

    >>> import minitorch
    >>> minitorch.nn.CircularPad2d(1)(minitorch.zeros(1, 2, 2)).shape
    minitorch.Size([1, 4, 4])
    """

    dims = 2


class CircularPad3d(_CircularPad):
    """Around the input what stands at its other end: (N, C, D, H, W) -> (N, C, D', H', W').

    >>> import minitorch
    >>> minitorch.nn.CircularPad3d(1)(minitorch.zeros(1, 2, 2, 2)).shape
    minitorch.Size([1, 4, 4, 4])
    """

    dims = 3
