"""Recurrent cells: one step of a recurrent network at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.creation import empty
from minitorch.ops.linear import linear
from minitorch.ops.recurrent_steps import STEPS
from minitorch.ops.shapes import squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class RNNCellBase(Module):
    """What the cells share: `num_chunks` gates, each with weights for the input and the state."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            made = Parameter(empty(rows, device=device, dtype=dtype)) if bias else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew, evenly in ±1 / sqrt(hidden_size)."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _step(self, mode: str, input: Any, hx: Any, parts: int) -> tuple[Any, ...]:
        """The new state, as many tensors as `parts`; without a batch, if `input` is 1-D."""
        name = self._get_name()
        ndim = input._data.ndim
        if ndim not in (1, 2):
            raise ValueError(
                f"{name}: Expected input to be 1D or 2D, got {ndim}D instead, of shape "
                f"{list(input._data.shape)}"
            )
        for given in hx or ():
            if given._data.ndim not in (1, 2):
                raise ValueError(
                    f"{name}: Expected hidden to be 1D or 2D, got {given._data.ndim}D instead, of "
                    f"shape {list(given._data.shape)}"
                )
        if ndim == 1:
            input = unsqueeze(input, 0)
            hx = hx and tuple(unsqueeze(given, 0) for given in hx)
        shape = (input._data.shape[0], self.hidden_size)
        if hx is None:
            hx = tuple(wrap(np.zeros(shape, input._data.dtype)) for _ in range(parts))
        for given in hx:
            if given._data.shape != shape:
                raise RuntimeError(
                    f"{name}: the hidden state must have shape {list(shape)} to go with an input "
                    f"of shape {list(input._data.shape)}, got {list(given._data.shape)}"
                )
        share = linear(input, self.weight_ih, self.bias_ih)
        state = STEPS[mode](share, hx, self.weight_hh, self.bias_hh, None)
        return state if ndim == 2 else tuple(squeeze(part, 0) for part in state)

    def extra_repr(self) -> str:
        shown = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            shown += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            shown += f", nonlinearity={self.nonlinearity}"
        return shown


class RNNCell(RNNCellBase):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or relu: (N, input) -> (N, hidden).

    >>> import minitorch
    >>> minitorch.nn.RNNCell(3, 4)(minitorch.randn(2, 3)).shape
    minitorch.Size([2, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        mode = "RNN_" + self.nonlinearity.upper()
        return self._step(mode, input, None if hx is None else (hx,), 1)[0]


class LSTMCell(RNNCellBase):
    """One step of an `LSTM`: (N, input), (h, c) -> (h', c'), each (N, hidden).

    >>> import minitorch
    >>> h, c = minitorch.nn.LSTMCell(3, 4)(minitorch.randn(2, 3))
    >>> h.shape, c.shape
    (minitorch.Size([2, 4]), minitorch.Size([2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        h, c = self._step("LSTM", input, hx, 2)
        return h, c


class GRUCell(RNNCellBase):
    """One step of a `GRU`: (N, input) -> (N, hidden).

    >>> import minitorch
    >>> minitorch.nn.GRUCell(3, 4)(minitorch.randn(2, 3)).shape
    minitorch.Size([2, 4])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step("GRU", input, None if hx is None else (hx,), 1)[0]
