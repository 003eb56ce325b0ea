"""LSTM and GRU over a whole sequence as fused ops.

What can be done for all steps at once is: in the forward pass the inputs' share of the gates (by
the caller), in the backward pass every factor that does not depend on the gradient, and the
products for the weights.  The references are the steps of `minitorch.ops.recurrent`, in a loop.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.numerics.adding import add_rows
from minitorch.ops.bilinear import rows
from minitorch.ops.fused import fused
from minitorch.ops.joining import stack
from minitorch.ops.recurrent_steps import gru_step, lstm_step
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


def _sigmoid(x: np.ndarray) -> None:
    """In place."""
    np.negative(x, out=x)
    np.exp(x, out=x)
    x += 1
    np.reciprocal(x, out=x)


def _lstm_reference(share: Any, h: Any, c: Any, w_hh: Any, backwards: bool) -> Any:
    states = _walk(lstm_step, share, (h, c), backwards, w_hh, None)
    return stack([stack(part) for part in zip(*states)])


@fused(reference=_lstm_reference)
def lstm_sequence(share, h, c, w_hh, /, backwards):
    """All h and c, (2, T, N, H), from the inputs' share of the gates, (T, N, 4 H)."""
    steps, batch, _ = share.shape
    size = h.shape[1]
    out = np.empty((2, steps, batch, size), share.dtype)
    gates = np.empty(share.shape, share.dtype)
    hs, cs, x = _in_order(backwards, out[0], out[1], share)
    first = h, c
    for t in range(steps):
        a = np.dot(h, w_hh.T, out=gates[t])
        a += x[t]
        _sigmoid(a[:, : 2 * size])
        g = a[:, 2 * size : 3 * size]
        np.tanh(g, out=g)
        _sigmoid(a[:, 3 * size :])
        c = np.multiply(a[:, size : 2 * size], c, out=cs[t])
        c += a[:, :size] * g
        h = np.tanh(c, out=hs[t])
        h *= a[:, 3 * size :]
    return out, (out, gates, *first, w_hh, backwards)


@lstm_sequence.backward
def _(grad, wanted, out, gates, h, c, w_hh, backwards):
    size = h.shape[1]
    hs, cs, gh, gc = _in_order(backwards, *out, *grad)
    i, f, g, o = (gates[..., k * size : (k + 1) * size] for k in range(4))
    tanh_c = np.tanh(cs)
    result = np.empty(gates.shape, gates.dtype)
    (da,) = _in_order(backwards, result)
    # How each gate's pre-activation changes c (the last one: h); times the gradient, below.
    da[..., :size] = g * i * (1 - i)
    da[..., size : 2 * size] = _before(c, cs) * f * (1 - f)
    da[..., 2 * size : 3 * size] = i * (1 - g * g)
    da[..., 3 * size :] = tanh_c * o * (1 - o)
    through = o * (1 - tanh_c * tanh_c)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(len(gates))):
        dh += gh[t]
        dc += gc[t]
        dc += dh * through[t]
        by_gate = da[t].reshape(len(h), 4, size)
        by_gate[:, :3] *= dc[:, np.newaxis]
        by_gate[:, 3] *= dh
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
    own = np.empty(share.shape, share.dtype)  # r, z, and W_hn h + b_hn
    news = np.empty(out.shape, share.dtype)
    hs, x = _in_order(backwards, out, share)
    first = h
    for t in range(steps):
        a = np.dot(h, w_hh.T, out=own[t])
        if b_hh is not None:
            a += b_hh
        gates = a[:, : 2 * size]
        gates += x[t, :, : 2 * size]
        _sigmoid(gates)
        n = np.multiply(a[:, :size], a[:, 2 * size :], out=news[t])
        n += x[t, :, 2 * size :]
        np.tanh(n, out=n)
        new = np.subtract(h, n, out=hs[t])
        new *= a[:, size : 2 * size]
        new += n
        h = new
    return out, (out, own, news, first, w_hh, backwards)


@gru_sequence.backward
def _(grad, wanted, out, own, n, h, w_hh, backwards):
    size = h.shape[1]
    hs, g = _in_order(backwards, out, grad)
    r, z, hn = (own[..., k * size : (k + 1) * size] for k in range(3))
    before = _before(h, hs)
    # How each pre-activation changes h'; times the gradient, below.
    da = np.empty(own.shape, own.dtype)
    by_n = (1 - z) * (1 - n * n)
    da[..., :size] = by_n * hn * r * (1 - r)
    da[..., size : 2 * size] = (before - n) * z * (1 - z)
    da[..., 2 * size :] = by_n * r
    dh = np.zeros_like(h)
    for t in reversed(range(len(own))):
        dh += g[t]
        by_n[t] *= dh
        by_gate = da[t].reshape(len(h), 3, size)
        by_gate *= dh[:, np.newaxis]
        dh *= z[t]
        dh += np.dot(da[t], w_hh)
    result = np.empty(own.shape, own.dtype)
    (share,) = _in_order(backwards, result)
    share[..., : 2 * size] = da[..., : 2 * size]
    share[..., 2 * size :] = by_n
    return (
        result if wanted[0] else None,
        dh if wanted[1] else None,
        rows(da).T.dot(rows(before)) if wanted[2] else None,
        add_rows(rows(da)) if wanted[3] else None,
    )
