"""One step of each kind of recurrent network.

    RNN     h' = tanh(a)                     a = W_ih x + b_ih + W_hh h + b_hh
    LSTM    i, f, g, o = the four parts of a, through sigmoid, sigmoid, tanh, sigmoid
            c' = f * c + i * g               h' = o * tanh(c'), or its projection W_hr h'
    GRU     r, z = sigmoid(first two parts of a)
            n = tanh(W_in x + b_in + r * (W_hn h + b_hn))        h' = (1 - z) * n + z * h

(Hochreiter and Schmidhuber, 1997; Cho et al., 2014.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from minitorch.ops.activations import sigmoid
from minitorch.ops.linear import linear
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.rectifiers import relu
from minitorch.ops.selecting import chunk
from minitorch.ops.trigonometry import tanh

__all__: list[str] = []

State = tuple[Any, ...]
# What one step does: (the input's share of `a`, state, W_hh, b_hh, W_hr) -> the new state, in which
# the output comes first.
Step = Callable[[Any, State, Any, Any, Any], State]


def rnn_tanh_step(share: Any, state: State, w_hh: Any, b_hh: Any, w_hr: Any = None) -> State:
    return (tanh(add(share, linear(state[0], w_hh, b_hh))),)


def rnn_relu_step(share: Any, state: State, w_hh: Any, b_hh: Any, w_hr: Any = None) -> State:
    return (relu(add(share, linear(state[0], w_hh, b_hh))),)


def lstm_step(share: Any, state: State, w_hh: Any, b_hh: Any, w_hr: Any = None) -> State:
    h, c = state
    i, f, g, o = chunk(add(share, linear(h, w_hh, b_hh)), 4, -1)
    c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    h = mul(sigmoid(o), tanh(c))
    return (h if w_hr is None else linear(h, w_hr)), c


def gru_step(share: Any, state: State, w_hh: Any, b_hh: Any, w_hr: Any = None) -> State:
    (h,) = state
    x_r, x_z, x_n = chunk(share, 3, -1)
    h_r, h_z, h_n = chunk(linear(h, w_hh, b_hh), 3, -1)
    r, z = sigmoid(add(x_r, h_r)), sigmoid(add(x_z, h_z))
    n = tanh(add(x_n, mul(r, h_n)))
    return (add(n, mul(z, sub(h, n))),)


STEPS: dict[str, Step] = {
    "RNN_TANH": rnn_tanh_step,
    "RNN_RELU": rnn_relu_step,
    "LSTM": lstm_step,
    "GRU": gru_step,
}
