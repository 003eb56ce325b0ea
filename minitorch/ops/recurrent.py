"""Recurrent networks: a state carried along a sequence, changed at each step by the input there.

    RNN     h' = tanh(a)                     a = W_ih x + b_ih + W_hh h + b_hh
    LSTM    i, f, g, o = the four parts of a, through sigmoid, sigmoid, tanh, sigmoid
            c' = f * c + i * g               h' = o * tanh(c'), or its projection W_hr h'
    GRU     r, z = sigmoid(first two parts of a)
            n = tanh(W_in x + b_in + r * (W_hn h + b_hn))        h' = (1 - z) * n + z * h

(Hochreiter and Schmidhuber, 1997; Cho et al., 2014.)  The products with the inputs do not depend
on the state, so they are made for all steps at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from minitorch.ops.activations import sigmoid
from minitorch.ops.dropout import dropout
from minitorch.ops.joining import cat, stack
from minitorch.ops.linear import linear
from minitorch.ops.operators import add, mul, sub
from minitorch.ops.rectifiers import relu
from minitorch.ops.selecting import chunk, narrow, split, unbind
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


def _rows(state: State, start: int, stop: int) -> State:
    """The samples from `start` to `stop` of each part of a state."""
    return tuple(narrow(s, 0, start, stop - start) for s in state)


def _joined(states: Sequence[State]) -> State:
    return states[0] if len(states) == 1 else tuple(cat(parts) for parts in zip(*states))


def _forwards(step: Any, shares: Any, sizes: Sequence[int], state: State) -> Any:
    """The outputs in order and the last state; samples that have ended drop out from the end."""
    outputs, ended = [], []
    now = sizes[0]
    for share, size in zip(shares, sizes):
        if size < now:
            ended.append(_rows(state, size, now))
            state, now = _rows(state, 0, size), size
        state = step(share, state)
        outputs.append(state[0])
    return outputs, _joined([state, *reversed(ended)])


def _backwards(step: Any, shares: Any, sizes: Sequence[int], first: State) -> Any:
    """The same from the end; samples come in as their sequences begin, with their first state."""
    outputs = []
    now = sizes[-1]
    state = _rows(first, 0, now) if now != sizes[0] else first
    for share, size in zip(reversed(shares), reversed(sizes)):
        if size > now:
            state, now = _joined([state, _rows(first, now, size)]), size
        state = step(share, state)
        outputs.append(state[0])
    return outputs[::-1], state


def recurrent(
    mode: str,
    input: Any,
    batch_sizes: Sequence[int] | None,
    initial: State,
    weights: Sequence[dict[str, Any]],
    p: float,
    training: bool,
    bidirectional: bool,
) -> tuple[Any, State]:
    """Layers of one kind (a key of `STEPS`): (T, N, I) -> (T, N, H), and the last states.

    With `batch_sizes`, the input is packed: the first ``batch_sizes[0]`` rows are step 0 of all
    samples, the next ``batch_sizes[1]`` step 1 of those that are longer ...  Each part of `initial`
    is (layers * directions, N, H); `weights` holds a dictionary for each layer and direction.
    With `bidirectional`, the second of each two runs from the end, and the outputs are joined.
    """
    step = STEPS[mode]
    sizes = batch_sizes or [input._data.shape[1]] * input._data.shape[0]
    first = list(zip(*(unbind(s, 0) for s in initial)))
    last: list[State] = []
    directions = 2 if bidirectional else 1
    for layer in range(0, len(weights), directions):
        if layer:
            input = dropout(input, p, training)
        outputs = []
        for run, i in zip((_forwards, _backwards), range(layer, layer + directions)):
            w = weights[i]

            def own_step(share: Any, state: State, w: Any = w) -> State:
                return step(share, state, w["w_hh"], w["b_hh"], w["w_hr"])

            share = linear(input, w["w_ih"], w["b_ih"])
            shares = unbind(share, 0) if batch_sizes is None else split(share, sizes)
            along, state = run(own_step, shares, sizes, first[i])
            outputs.append(stack(along) if batch_sizes is None else cat(along))
            last.append(state)
        input = outputs[0] if directions == 1 else cat(outputs, -1)
    return input, tuple(stack(parts) for parts in zip(*last))
