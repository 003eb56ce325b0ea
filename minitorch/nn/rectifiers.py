"""Activations made of straight pieces, as modules: ReLU and its relatives.

All work element by element: ``(*) -> (*)``.  With ``inplace=True`` they write into their input.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from minitorch.nn import functional as F
from minitorch.nn import init as initial
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.creation import empty

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


def options(text: str, inplace: bool) -> str:
    """`text` for ``extra_repr``, and whether the module writes into its input."""
    return ", ".join([text] * bool(text) + ["inplace=True"] * inplace)


class Inplace(Module):
    """An activation whose only option is whether to write into its input."""

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        return options("", self.inplace)


class ReLU(Inplace):
    """``max(x, 0)``.

    >>> import minitorch
    >>> minitorch.nn.ReLU()(minitorch.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.relu(input, self.inplace)


class LeakyReLU(Module):
    """``x`` where it is positive, ``negative_slope * x`` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.LeakyReLU(0.1)(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        return options(f"negative_slope={self.negative_slope}", self.inplace)


class PReLU(Module):
    """`LeakyReLU` whose slope is learned: one, or one for each channel of (N, C, *).

    `weight` (num_parameters) begins at `init` (He et al. 2015).

    >>> import minitorch
    >>> minitorch.nn.PReLU()(minitorch.tensor([-1.0, 2.0])).tolist()
    [-0.25, 2.0]
    """

    weight: Parameter

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the slopes to `init` again."""
        initial.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        return f"num_parameters={self.num_parameters}"


class RReLU(Module):
    """`LeakyReLU` with random slopes from [lower, upper) in training, the mean slope otherwise.

    >>> import minitorch
    >>> minitorch.nn.RReLU(0.2, 0.4).eval()(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.3000,  2.0000])
    """

    def __init__(self, lower: float = 1 / 8, upper: float = 1 / 3, inplace: bool = False) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        return options(f"lower={self.lower}, upper={self.upper}", self.inplace)


class Threshold(Module):
    """``x`` where it is above `threshold`, `value` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.Threshold(1, -5)(minitorch.tensor([0.0, 2.0]))
    tensor([-5.,  2.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        return options(f"threshold={self.threshold}, value={self.value}", self.inplace)


class Hardtanh(Module):
    """``x`` kept between `min_val` and `max_val`.

    >>> import minitorch
    >>> minitorch.nn.Hardtanh()(minitorch.tensor([-3.0, 3.0]))
    tensor([-1.,  1.])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        if min_value is not None or max_value is not None:
            warnings.warn(
                "min_value and max_value are now called min_val and max_val",
                FutureWarning,
                stacklevel=2,
            )
            min_val = min_val if min_value is None else min_value
            max_val = max_val if max_value is None else max_value
        if not max_val > min_val:
            raise AssertionError(f"max_val {max_val} must be greater than min_val {min_val}")
        self.min_val = min_val
        self.max_val = max_val
        self.inplace = inplace

    def forward(self, input: Tensor) -> Tensor:
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        return options(f"min_val={self.min_val}, max_val={self.max_val}", self.inplace)


class ReLU6(Hardtanh):
    """``min(max(x, 0), 6)``.

    >>> import minitorch
    >>> minitorch.nn.ReLU6()(minitorch.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def extra_repr(self) -> str:
        return options("", self.inplace)


class Hardsigmoid(Inplace):
    """``relu6(x + 3) / 6``.

    >>> import minitorch
    >>> minitorch.nn.Hardsigmoid()(minitorch.tensor([-3.0, 0.0]))
    tensor([0.0000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardswish(Inplace):
    """``x * relu6(x + 3) / 6``.

    >>> import minitorch
    >>> minitorch.nn.Hardswish()(minitorch.tensor([-3.0, 3.0]))
    tensor([-0.,  3.])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        return ""


class Hardshrink(Module):
    """``x`` outside [-lambd, lambd], 0 inside.

    >>> import minitorch
    >>> minitorch.nn.Hardshrink()(minitorch.tensor([-2.0, 0.25]))
    tensor([-2.,  0.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        return f"{self.lambd}"


class Softshrink(Hardshrink):
    """``x`` moved towards 0 by `lambd`, and 0 if it would pass it.

    >>> import minitorch
    >>> minitorch.nn.Softshrink()(minitorch.tensor([-2.0, 0.25]))
    tensor([-1.5000,  0.0000])
    """

    def forward(self, input: Tensor) -> Tensor:
        return F.softshrink(input, self.lambd)
