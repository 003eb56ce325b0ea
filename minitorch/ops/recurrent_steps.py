"""One step of each kind of recurrent network.

    RNN     h' = tanh(a)                     a = W_ih x + b_ih + W_hh h + b_hh
    LSTM    i, f, g, o = the four parts of a, through sigmoid, sigmoid, tanh, sigmoid
            c' = f * c + i * g               h' = o * tanh(c'), or its projection W_hr h'
    GRU     r, z = sigmoid(first two parts of a)
            n = tanh(W_in x + b_in + r * (W_hn h + b_hn))        h' = (1 - z) * n + z * h

(Hochreiter and Schmidhuber, 1997; Cho et al., 2014.)

What LSTM and GRU do with the parts of `a` is one fused op each: a step forward and back of a GRU of
32, batch 16, takes 0.07 ms so, and 0.14 in primitives; of an LSTM, 0.12 and 0.17.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.ops.activations import sigmoid
from minitorch.ops.fused import fused
from minitorch.ops.joining import stack
from minitorch.ops.linear import linear
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.rectifiers import relu
from minitorch.ops.selecting import chunk, unbind
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


def sigmoid_in_place(x: np.ndarray) -> None:
    """NumPy computes tanh faster than exp."""
    x *= 0.5
    np.tanh(x, out=x)
    x *= 0.5
    x += 0.5


def _four(x: np.ndarray) -> list[np.ndarray]:
    """``chunk(x, 4, -1)`` of an array: views."""
    size = x.shape[1] // 4
    return [x[:, k * size : (k + 1) * size] for k in range(4)]


def _lstm_gates_reference(a: Any, c: Any) -> Any:
    i, f, g, o = chunk(a, 4, -1)
    c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    return stack([mul(sigmoid(o), tanh(c)), c])


@fused(reference=_lstm_gates_reference)
def lstm_gates(a, c, /):
    """h' and c', (2, N, H), from `a` (N, 4 H) and c (N, H)."""
    size = c.shape[1]
    gates = a.copy()
    i, f, g, o = _four(gates)
    sigmoid_in_place(gates[:, : 2 * size])
    np.tanh(g, out=g)
    sigmoid_in_place(o)
    out = np.empty((2, *c.shape), a.dtype)
    new = np.multiply(f, c, out=out[1])
    new += i * g
    tanh_c = np.tanh(new)
    np.multiply(o, tanh_c, out=out[0])
    return out, (gates, c, tanh_c)


@lstm_gates.backward
def _(grad, wanted, gates, c, tanh_c):
    size = c.shape[1]
    i, f, g, o = _four(gates)
    by_h, by_c = grad
    by_c = by_c + by_h * o * (1 - tanh_c * tanh_c)
    if not wanted[0]:
        return None, by_c * f
    da = gates * (1 - gates)  # but for g, below
    parts = _four(da)
    np.multiply(1 - g * g, i, out=parts[2])
    for part, by in zip(parts, (g, c, by_c, tanh_c)):
        part *= by
    da[:, : 2 * size] *= np.concatenate([by_c, by_c], 1)
    parts[3] *= by_h
    return da, by_c * f if wanted[1] else None


def _gru_gates_reference(share: Any, own: Any, h: Any) -> Any:
    x_r, x_z, x_n = chunk(share, 3, -1)
    h_r, h_z, h_n = chunk(own, 3, -1)
    r, z = sigmoid(add(x_r, h_r)), sigmoid(add(x_z, h_z))
    n = tanh(add(x_n, mul(r, h_n)))
    return add(n, mul(z, sub(h, n)))


@fused(reference=_gru_gates_reference)
def gru_gates(share, own, h, /):
    """h', (N, H), from the input's and the state's share of `a`, (N, 3 H), and h."""
    size = h.shape[1]
    gates = share[:, : 2 * size] + own[:, : 2 * size]
    sigmoid_in_place(gates)
    n = gates[:, :size] * own[:, 2 * size :]
    n += share[:, 2 * size :]
    np.tanh(n, out=n)
    out = h - n
    out *= gates[:, size:]
    out += n
    return out, (gates, n, own, h)


@gru_gates.backward
def _(g, wanted, gates, n, own, h):
    size = h.shape[1]
    r, z = gates[:, :size], gates[:, size:]
    by_z = g * z
    to_h = by_z if wanted[2] else None
    to_share = np.empty((len(h), 3 * size), g.dtype)
    slopes = 1 - gates
    by_n = np.multiply(g - by_z, 1 - n * n, out=to_share[:, 2 * size :])
    slopes[:, :size] *= r
    slopes[:, :size] *= own[:, 2 * size :]
    np.multiply(slopes[:, :size], by_n, out=to_share[:, :size])
    slopes[:, size:] *= h - n
    np.multiply(slopes[:, size:], by_z, out=to_share[:, size : 2 * size])
    to_own = None
    if wanted[1]:
        to_own = to_share.copy()
        to_own[:, 2 * size :] *= r
    return to_share if wanted[0] else None, to_own, to_h


def _gates(op: Any, *args: Any) -> Any:
    """`op`; in primitives, as in PyTorch, what is not all in single or all in double precision."""
    kinds = {x._data.dtype.char for x in args}
    return (op if kinds in ({"f"}, {"d"}) else op.reference)(*args)


def lstm_step(share: Any, state: State, w_hh: Any, b_hh: Any, w_hr: Any = None) -> State:
    h, c = state
    h, c = unbind(_gates(lstm_gates, add(share, linear(h, w_hh, b_hh)), c), 0)
    return (h if w_hr is None else linear(h, w_hr)), c


def gru_step(share: Any, state: State, w_hh: Any, b_hh: Any, w_hr: Any = None) -> State:
    (h,) = state
    return (_gates(gru_gates, share, linear(h, w_hh, b_hh), h),)


STEPS: dict[str, Step] = {
    "RNN_TANH": rnn_tanh_step,
    "RNN_RELU": rnn_relu_step,
    "LSTM": lstm_step,
    "GRU": gru_step,
}
