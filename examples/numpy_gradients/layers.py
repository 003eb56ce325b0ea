"""A network in plain NumPy: each layer a forward pass and the backward pass written by hand.

`forward` returns what comes out and a cache, `backward` takes the gradient of what came out and
that cache.  There is no framework in this file; `test_layers.py` holds its gradients to laws.
"""

import numpy as np


def affine(x, weight, bias):
    """``x @ weight + bias``: ``(N, in), (in, out), (out,) -> (N, out)``."""
    return x @ weight + bias, (x, weight)


def affine_backward(dout, cache):
    x, weight = cache
    return dout @ weight.T, x.T @ dout, dout.sum(axis=0)


def relu(x):
    return np.maximum(x, 0), x


def relu_backward(dout, cache):
    return dout * (cache > 0)


def layer_norm(x, scale, shift):
    """Rows of mean 0 and variance 1, then scaled and shifted: ``(N, D), (D,), (D,) -> (N, D)``."""
    centered = x - x.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centered**2).mean(axis=1, keepdims=True) + 1e-5)
    normal = centered / deviation
    return scale * normal + shift, (normal, deviation, scale)


def layer_norm_backward(dout, cache):
    normal, deviation, scale = cache
    d = dout * scale
    mean = d.mean(axis=1, keepdims=True)
    along = (d * normal).mean(axis=1, keepdims=True)
    return (d - mean - normal * along) / deviation, (dout * normal).sum(axis=0), dout.sum(axis=0)


def cross_entropy(scores, labels):
    """The mean of ``-log(softmax(scores)[label])``: ``(N, C)`` and ``(N,)`` of int to a number."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_total = np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    rows = np.arange(len(scores))
    return -(shifted - log_total)[rows, labels].mean(), (shifted - log_total, labels)


def cross_entropy_backward(dout, cache):
    log_probabilities, labels = cache
    d = np.exp(log_probabilities)
    d[np.arange(len(labels)), labels] -= 1
    return dout * d / len(labels), None
