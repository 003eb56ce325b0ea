"""Recurrent networks: a state carried along a sequence, changed at each step by the input there.

The products with the inputs do not depend on the state, so they are made for all steps at once.
What a step does is in `recurrent_steps`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.ops.dropout import dropout
from minitorch.ops.joining import cat, stack
from minitorch.ops.linear import linear
from minitorch.ops.operators import add
from minitorch.ops.recurrent_kernels import gru_sequence, lstm_sequence
from minitorch.ops.recurrent_steps import STEPS, State
from minitorch.ops.selecting import narrow, select, split, unbind

__all__: list[str] = []


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


def _fused_run(mode: str, input: Any, state: State, w: Any, backwards: bool) -> Any:
    """The outputs (T, N, H) and the last state, by a kernel; None where there is none."""
    dtype = input._data.dtype
    if (
        mode not in ("LSTM", "GRU")
        or w["w_hr"] is not None
        or dtype not in (np.float32, np.float64)
    ):
        return None
    if any(x._data.dtype != dtype for x in (*state, *w.values()) if x is not None):
        return None
    end = 0 if backwards else input._data.shape[0] - 1
    if mode == "GRU":
        share = linear(input, w["w_ih"], w["b_ih"])
        hs = gru_sequence(share, *state, w["w_hh"], w["b_hh"], backwards)
        return hs, (select(hs, 0, end),)
    bias = None if w["b_ih"] is None else add(w["b_ih"], w["b_hh"])
    share = linear(input, w["w_ih"], bias)
    hs, cs = unbind(lstm_sequence(share, *state, w["w_hh"], backwards), 0)
    return hs, (select(hs, 0, end), select(cs, 0, end))


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
            if batch_sizes is None:
                found = _fused_run(mode, input, first[i], w, run is _backwards)
                if found is not None:
                    outputs.append(found[0])
                    last.append(found[1])
                    continue

            def own_step(share: Any, state: State, w: Any = w) -> State:
                return step(share, state, w["w_hh"], w["b_hh"], w["w_hr"])

            share = linear(input, w["w_ih"], w["b_ih"])
            shares = unbind(share, 0) if batch_sizes is None else split(share, sizes)
            along, state = run(own_step, shares, sizes, first[i])
            outputs.append(stack(along) if batch_sizes is None else cat(along))
            last.append(state)
        input = outputs[0] if directions == 1 else cat(outputs, -1)
    return input, tuple(stack(parts) for parts in zip(*last))
