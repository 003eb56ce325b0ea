"""LSTM and GRU over a whole sequence as fused ops.

What can be done for all steps at once is: in the forward pass the inputs' share of the gates (by
the caller), in the backward pass every factor that does not depend on the gradient, and the
products for the weights.  What is kept of the gates lies gate by gate, (T, gates, N, H): a product
for each gate and calls over whole gates take 1.7 ms for 32 steps of GRU, 32 x 128, where rows of
three gates took 2.4.  The references are the steps of `minitorch.ops.recurrent`, in a loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.numerics.adding import add_rows
from minitorch.numerics.threads import alone
from minitorch.ops.bilinear import rows
from minitorch.ops.fused import fused
from minitorch.ops.joining import stack
from minitorch.ops.recurrent_steps import gru_step, lstm_step, sigmoid_in_place
from minitorch.ops.selecting import unbind

__all__: list[str] = []


def _walk(step: Callable[..., Any], share: Any, state: Any, backwards: bool, *weights: Any) -> Any:
    """The states after each step, in the order of the inputs."""
    shares, states = unbind(share, 0), []
    for one in reversed(shares) if backwards else shares:
        state = step(one, state, *weights)
        states.append(state)
    return states[::-1] if backwards else states


def _in_order(backwards: bool, *arrays: np.ndarray) -> Any:
    """Views of arrays (T, ...) in the order of the walk."""
    return [x[::-1] for x in arrays] if backwards else arrays


def _before(first: np.ndarray, states: np.ndarray) -> np.ndarray:
    """The state before each step."""
    return np.concatenate([first[np.newaxis], states[:-1]])


def _gates(x: np.ndarray, count: int) -> np.ndarray:
    """(..., N, count * H) as (..., count, N, H), a view."""
    return np.moveaxis(x.reshape(*x.shape[:-1], count, x.shape[-1] // count), -2, -3)


def _lstm_reference(share: Any, h: Any, c: Any, w_hh: Any, backwards: bool) -> Any:
    states = _walk(lstm_step, share, (h, c), backwards, w_hh, None)
    return stack([stack(part) for part in zip(*states)])


@fused(reference=_lstm_reference)
def lstm_sequence(share, h, c, w_hh, /, backwards):
    """All h and c, (2, T, N, H), from the inputs' share of the gates, (T, N, 4 H)."""
    steps, batch, _ = share.shape
    size = h.shape[1]
    out = np.empty((2, steps, batch, size), share.dtype)
    gates = np.empty((steps, 4, batch, size), share.dtype)  # i, f, o, g: the sigmoids side by side
    hs, cs, x = _in_order(backwards, *out, _gates(share, 4))
    first = h, c
    # Half of what the sigmoids take, and one tanh does for all: sigmoid(2 a) = (1 + tanh(a)) / 2.
    half = np.array([0.5, 0.5, 0.5, 1], share.dtype)[:, np.newaxis, np.newaxis]
    for k, gate in enumerate((0, 1, 3, 2)):
        np.multiply(x[:, gate], half[k], out=gates[:, k])
    w = w_hh.reshape(4, size, size)[[0, 1, 3, 2]] * half
    w = np.ascontiguousarray(w.swapaxes(1, 2))
    own, new = np.empty((4, batch, size), share.dtype), np.empty(h.shape, share.dtype)
    for t in range(steps):
        a = gates[t]
        a += np.matmul(h, w, out=own)
        np.tanh(a, out=a)
        sigmoids = a[:3]
        sigmoids *= 0.5
        sigmoids += 0.5
        i, f, o, g = a
        c = np.multiply(f, c, out=cs[t])
        c += np.multiply(i, g, out=new)
        h = np.tanh(c, out=hs[t])
        h *= o
    return out, (out, gates, *first, w_hh, backwards)


@lstm_sequence.backward
def _(grad, wanted, out, gates, h, c, w_hh, backwards):
    hs, cs, gh, gc = _in_order(backwards, *out, *grad)
    i, f, o, g = (gates[:, k] for k in range(4))
    tanh_c = np.tanh(cs)
    # How each gate's pre-activation changes c (the last one: h); times the gradient, below.
    slope = np.empty_like(gates)
    for k, gate, by in (0, i, g), (1, f, _before(c, cs)), (3, o, tanh_c):
        np.subtract(1, gate, out=slope[:, k])
        slope[:, k] *= gate
        slope[:, k] *= by
    np.multiply(g, g, out=slope[:, 2])
    np.subtract(1, slope[:, 2], out=slope[:, 2])
    slope[:, 2] *= i
    tanh_c *= tanh_c
    through = np.subtract(1, tanh_c, out=tanh_c)
    through *= o
    result = np.empty((*hs.shape[:2], 4 * hs.shape[2]), gates.dtype)
    (da,) = _in_order(backwards, result)
    by_gate = _gates(da, 4)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    with alone:  # a step's product is too small for two threads
        for t in reversed(range(len(gates))):
            dh += gh[t]
            dc += gc[t]
            through[t] *= dh
            dc += through[t]
            np.multiply(slope[t, :3], dc, out=by_gate[t, :3])
            np.multiply(slope[t, 3], dh, out=by_gate[t, 3])
            dc *= f[t]
            dh = np.dot(da[t], w_hh)
    for_w = rows(da).T.dot(rows(_before(h, hs))) if wanted[3] else None
    return [x if w else None for x, w in zip((result, dh, dc, for_w), wanted)]


def _gru_reference(share: Any, h: Any, w_hh: Any, b_hh: Any, backwards: bool) -> Any:
    return stack([h for (h,) in _walk(gru_step, share, (h,), backwards, w_hh, b_hh)])


@fused(reference=_gru_reference)
def gru_sequence(share, h, w_hh, b_hh, /, backwards):
    """All h, (T, N, H), from the inputs' share of the gates, (T, N, 3 H)."""
    steps, batch, _ = share.shape
    size = h.shape[1]
    out = np.empty((steps, batch, size), share.dtype)
    own = np.empty((steps, 3, batch, size), share.dtype)  # r, z, and W_hn h + b_hn
    news = np.empty(out.shape, share.dtype)
    hs, x = _in_order(backwards, out, _gates(share, 3))
    first, w = h, np.ascontiguousarray(w_hh.reshape(3, size, size).swapaxes(1, 2))
    b = None if b_hh is None else np.repeat(b_hh.reshape(3, 1, size), batch, 1)
    for t in range(steps):
        a = np.matmul(h, w, out=own[t])
        if b is not None:
            a += b
        r, z, hn = a
        a[:2] += x[t, :2]
        sigmoid_in_place(a[:2])
        n = np.multiply(r, hn, out=news[t])
        n += x[t, 2]
        np.tanh(n, out=n)
        new = np.subtract(h, n, out=hs[t])
        new *= z
        new += n
        h = new
    # A copy of the states, which backward needs anyway: so the output may be written to.
    return out, (_before(first, hs), own, news, w_hh, backwards)


@gru_sequence.backward
def _(grad, wanted, before, own, news, w_hh, backwards):
    (g,) = _in_order(backwards, grad)
    r, z, hn = (own[:, k] for k in range(3))
    # How the pre-activations change h' through n and through z, and r through n; times the
    # gradient, below.
    by_n, by_rest = np.subtract(1, z), np.empty_like(own)
    np.multiply(before - news, z, out=by_rest[:, 1])
    by_rest[:, 1] *= by_n
    by_n *= np.subtract(1, news * news)
    np.multiply(by_n, r, out=by_rest[:, 2])
    np.subtract(1, r, out=by_rest[:, 0])
    by_rest[:, 0] *= by_rest[:, 2]
    by_rest[:, 0] *= hn
    result = np.empty((*g.shape[:2], 3 * g.shape[2]), own.dtype)
    (share,) = _in_order(backwards, result)
    da = np.empty_like(share)
    by_gate = _gates(da, 3)
    dh = np.zeros_like(before[0])
    with alone:  # a step's product is too small for two threads
        for t in reversed(range(len(own))):
            dh += g[t]
            by_n[t] *= dh
            np.multiply(by_rest[t], dh, out=by_gate[t])
            dh *= z[t]
            dh += np.dot(da[t], w_hh)
    to_share = _gates(share, 3)
    to_share[:, :2], to_share[:, 2] = by_gate[:, :2], by_n
    return (
        result if wanted[0] else None,
        dh if wanted[1] else None,
        rows(da).T.dot(rows(before)) if wanted[2] else None,
        add_rows(rows(da)) if wanted[3] else None,
    )
