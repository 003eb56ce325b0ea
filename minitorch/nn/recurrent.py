"""Recurrent layers: whole sequences through several layers, in one or both directions."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.nn.utils.rnn import PackedSequence
from minitorch.ops.creation import empty
from minitorch.ops.gathering import index_select
from minitorch.ops.recurrent import recurrent
from minitorch.ops.shapes import squeeze, transpose, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

_GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
_WEIGHTS = {
    "w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh",
    "w_hr": "weight_hr",
}  # fmt: skip


class RNNBase(Module):
    """What RNN, LSTM and GRU share: their parameters, checks and the walk through the layers.

    The parameters of layer k are ``weight_ih_lk``, ``weight_hh_lk``, ``bias_ih_lk``,
    ``bias_hh_lk`` and with a projection ``weight_hr_lk``; backwards, the names end in
    ``_reverse``.  All begin evenly distributed in ±1 / sqrt(hidden_size).
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if not isinstance(dropout, numbers.Number) or isinstance(dropout, bool):
            raise ValueError(f"dropout must be a number, got {type(dropout).__name__}")
        if not 0 <= dropout <= 1:
            raise ValueError(f"dropout is a probability between 0 and 1, got {dropout}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                f"dropout={dropout} stands between layers, and there is only one", stacklevel=3
            )
        for name, given, kind in (
            ("bias", bias, bool),
            ("batch_first", batch_first, bool),
            ("input_size", input_size, int),
            ("hidden_size", hidden_size, int),
        ):
            if not isinstance(given, kind):
                raise TypeError(
                    f"{name} should be of type {kind.__name__}, got: {type(given).__name__}"
                )
        for name, value in (
            ("input_size", input_size), ("hidden_size", hidden_size), ("num_layers", num_layers),
        ):  # fmt: skip
            if value <= 0:
                raise ValueError(f"{name} must be greater than zero, got {value}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(
                f"proj_size must be smaller than hidden_size, or 0 for none; got {proj_size}"
            )
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights: list[list[str]] = []
        gates, outputs = _GATES[mode] * hidden_size, proj_size or hidden_size
        directions = ("", "_reverse") if bidirectional else ("",)
        for layer in range(num_layers):
            inputs = input_size if layer == 0 else outputs * len(directions)
            for direction in directions:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (gates, inputs),
                    "weight_hh": (gates, outputs),
                }
                if bias:
                    shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = {which: f"{which}_l{layer}{direction}" for which in shapes}
                for which, shape in shapes.items():
                    parameter = Parameter(empty(*shape, device=device, dtype=dtype))
                    setattr(self, names[which], parameter)
                self._all_weights.append(list(names.values()))
        self.reset_parameters()

    @property
    def _flat_weights_names(self) -> list[str]:
        """The names of all parameters, layer by layer: programs that initialize them ask."""
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Any]:
        """All parameters, layer by layer."""
        return [getattr(self, name) for name in self._flat_weights_names]

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        bound = 1 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Does nothing: PyTorch rearranges the memory of a GPU here."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def _weights(self) -> list[dict[str, Any]]:
        """For each layer and direction, the parameters under their short names."""
        found = []
        for layer in range(self.num_layers):
            for direction in ("", "_reverse")[: 1 + self.bidirectional]:
                end = f"_l{layer}{direction}"
                found.append(
                    {short: getattr(self, name + end, None) for short, name in _WEIGHTS.items()}
                )
        return found

    def _check_input(self, input: Any, ndim: int) -> None:
        weight = self.weight_ih_l0
        if input._data.dtype != weight._data.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        shape = input._data.shape
        if len(shape) != ndim:
            raise RuntimeError(f"input must have {ndim} dimensions, got {len(shape)}")
        if shape[-1] != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, "
                f"got {shape[-1]} in shape {list(shape)}"
            )

    def _first_state(self, input: Any, hx: Any, batch: int) -> Any:
        """The states to begin with, zeros if not given, each (layers * directions, N, H)."""
        count = self.num_layers * (1 + self.bidirectional)
        sizes = [self.proj_size or self.hidden_size]
        if self.mode == "LSTM":
            sizes.append(self.hidden_size)
        shapes = [(count, batch, size) for size in sizes]
        if hx is None:
            return tuple(wrap(np.zeros(shape, input._data.dtype)) for shape in shapes)
        for i, (given, shape) in enumerate(zip(hx, shapes)):
            if given._data.shape != shape:
                which = f"hidden[{i}]" if self.mode == "LSTM" else "hidden"
                size = "(num_layers * directions, batch, size)"
                got = list(given._data.shape)
                raise RuntimeError(f"Expected {which} size {shape}, which is {size}, got {got}")
        return tuple(hx)

    def _run(self, input: Any, hx: Any) -> tuple[Any, Any]:
        """The outputs, packed if the input is, and a tuple of the last states."""
        if isinstance(input, PackedSequence):
            return self._run_packed(input, hx)
        ndim = input._data.ndim
        if ndim not in (2, 3):
            raise ValueError(
                f"{self._get_name()}: Expected input to be 2D or 3D, got {ndim}D instead, of shape "
                f"{list(input._data.shape)}"
            )
        if isinstance(hx, TensorState):
            raise RuntimeError(
                f"the states of an LSTM are a pair of Tensors, (h_0, c_0), got one of shape "
                f"{list(hx._data.shape)}"
            )
        over = 0 if self.batch_first else 1
        for given in hx or ():
            if given._data.ndim != ndim:
                raise RuntimeError(
                    f"For {'batched 3-D' if ndim == 3 else 'unbatched 2-D'} input, the states "
                    f"should also be {ndim}-D, got shape {list(given._data.shape)}"
                )
        if ndim == 2:
            input = unsqueeze(input, over)
            hx = hx and tuple(unsqueeze(given, 1) for given in hx)
        self._check_input(input, 3)
        first = self._first_state(input, hx, input._data.shape[over])
        if self.batch_first:
            input = transpose(input, 0, 1)
        if not input._data.shape[0]:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        output, last = self._through(input, None, first)
        if self.batch_first:
            output = transpose(output, 0, 1)
        if ndim == 2:
            output, last = squeeze(output, over), tuple(squeeze(state, 1) for state in last)
        return output, last

    def _run_packed(self, input: PackedSequence, hx: Any) -> tuple[Any, Any]:
        data, batch_sizes, order, back = input
        self._check_input(data, 2)
        sizes = batch_sizes.tolist()
        if hx is not None and order is not None:
            hx = tuple(index_select(given, 1, order) for given in hx)
        output, last = self._through(data, sizes, self._first_state(data, hx, sizes[0]))
        if back is not None:
            last = tuple(index_select(state, 1, back) for state in last)
        return PackedSequence(output, batch_sizes, order, back), last

    def _through(self, input: Any, sizes: Any, first: Any) -> tuple[Any, Any]:
        return recurrent(
            self.mode, input, sizes, first, self._weights(), self.dropout, self.training,
            self.bidirectional,
        )  # fmt: skip

    def extra_repr(self) -> str:
        parts = [f"{self.input_size}, {self.hidden_size}"]
        ordinary = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0,
            "bidirectional": False,
        }  # fmt: skip
        for name, value in ordinary.items():
            if getattr(self, name) != value:
                parts.append(f"{name}={getattr(self, name)}")
        return ", ".join(parts)


def _refuse_projection(proj_size: Any) -> None:
    if proj_size is not None:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")


class RNN(RNNBase):
    """``h' = tanh(W_ih x + b_ih + W_hh h + b_hh)``, or relu, along a sequence.

    input (T, N, input_size), h_0 (layers * directions, N, hidden_size) -> output
    (T, N, directions * hidden_size), h_n; N first with `batch_first` (but not in h).  Mirrors
    ``torch.nn.RNN``.

    >>> import minitorch
    >>> output, h_n = minitorch.nn.RNN(3, 4)(minitorch.randn(5, 2, 3))
    >>> output.shape, h_n.shape
    (minitorch.Size([5, 2, 4]), minitorch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: Any = None,
    ) -> None:
        _refuse_projection(proj_size)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}: 'tanh' or 'relu'")
        super().__init__(
            "RNN_" + nonlinearity.upper(), input_size, hidden_size, num_layers, bias, batch_first,
            dropout, bidirectional, device=device, dtype=dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, last = self._run(input, None if hx is None else (hx,))
        return output, last[0]


class GRU(RNNBase):
    """Gated recurrent unit along a sequence (Cho et al., 2014); shapes as of `RNN`.

    Mirrors ``torch.nn.GRU``.

    >>> import minitorch
    >>> output, h_n = minitorch.nn.GRU(3, 4)(minitorch.randn(5, 2, 3))
    >>> output.shape, h_n.shape
    (minitorch.Size([5, 2, 4]), minitorch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: Any = None,
    ) -> None:
        _refuse_projection(proj_size)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            device=device, dtype=dtype,
        )  # fmt: skip

    def forward(self, input: Any, hx: Tensor | None = None) -> tuple[Any, Tensor]:
        output, last = self._run(input, None if hx is None else (hx,))
        return output, last[0]


class LSTM(RNNBase):
    """Long short-term memory along a sequence (Hochreiter and Schmidhuber, 1997).

    input (T, N, input_size), (h_0, c_0), each (layers * directions, N, hidden_size) -> output
    (T, N, directions * hidden_size), (h_n, c_n); N first with `batch_first` (but not in h, c).
    With `proj_size`, outputs and h have that size.  Mirrors ``torch.nn.LSTM``.

    >>> import minitorch
    >>> output, (h_n, c_n) = minitorch.nn.LSTM(3, 4)(minitorch.randn(5, 2, 3))
    >>> output.shape, c_n.shape
    (minitorch.Size([5, 2, 4]), minitorch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            proj_size, device, dtype,
        )  # fmt: skip

    def forward(
        self, input: Any, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Any, tuple[Tensor, Tensor]]:
        return self._run(input, hx)
