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


def _halved(x: np.ndarray, size: int, sigmoids: list[int]) -> np.ndarray:
    """`x` with the columns of the gates `sigmoids`, each of `size`, halved.

    ``sigmoid(x)`` is ``tanh(x / 2) / 2 + 1 / 2``: so all gates of a step take one call of tanh,
    which NumPy computes faster than exp.
    """
    halves = np.ones(x.shape[-1], x.dtype)
    halves.reshape(-1, size)[sigmoids] = 0.5
    return x * halves


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
    sigmoids = [0, 1, 3]
    hs, cs, x = _in_order(backwards, out[0], out[1], _halved(share, size, sigmoids))
    first, w = (h, c), np.ascontiguousarray(_halved(w_hh.T, size, sigmoids))
    slope = _halved(np.ones(4 * size, share.dtype), size, sigmoids)
    offset, new = 1 - slope, np.empty(h.shape, share.dtype)
    for t in range(steps):
        a = np.dot(h, w, out=gates[t])
        a += x[t]
        np.tanh(a, out=a)
        a *= slope
        a += offset
        c = np.multiply(a[:, size : 2 * size], c, out=cs[t])
        c += np.multiply(a[:, :size], a[:, 2 * size : 3 * size], out=new)
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
    np.subtract(1, gates, out=da)
    da[..., : 2 * size] *= gates[..., : 2 * size]
    da[..., :size] *= g
    da[..., size : 2 * size] *= _before(c, cs)
    da[..., 2 * size : 3 * size] *= (g + 1) * i
    da[..., 3 * size :] *= o * tanh_c
    through = o * (1 - tanh_c * tanh_c)
    dh, dc = np.zeros_like(h), np.zeros_like(c)
    for t in reversed(range(len(gates))):
        dh += gh[t]
        dc += gc[t]
        through[t] *= dh
        dc += through[t]
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
    sigmoids = [0, 1]
    hs, x = _in_order(backwards, out, _halved(share, size, sigmoids))
    first, w = h, np.ascontiguousarray(_halved(w_hh.T, size, sigmoids))
    b = None if b_hh is None else _halved(b_hh, size, sigmoids)
    for t in range(steps):
        a = np.dot(h, w, out=own[t])
        if b is not None:
            a += b
        gates = a[:, : 2 * size]
        gates += x[t, :, : 2 * size]
        np.tanh(gates, out=gates)
        gates *= 0.5
        gates += 0.5
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
