"""Laws of dropout: what is kept, what is dropped, and when."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn

F = nn.functional
LAYERS = {
    nn.Dropout: (50, 40), nn.Dropout1d: (50, 40, 3), nn.Dropout2d: (50, 40, 2, 3),
    nn.Dropout3d: (50, 40, 2, 1, 2), nn.AlphaDropout: (50, 40), nn.FeatureAlphaDropout: (50, 40, 3),
}  # fmt: skip
every = pytest.mark.parametrize("layer", LAYERS)


@every
def test_does_nothing_in_evaluation(layer):
    x = mt.randn(*LAYERS[layer])
    assert layer(0.5).eval()(x) is x
    assert layer(0.0)(x) is x


@settings(max_examples=10, deadline=None)
@given(p=st.sampled_from([0.1, 0.5, 0.9]))
def test_keeps_the_mean(p):
    y = F.dropout(mt.ones(20000), p).numpy()
    assert set(np.unique(y)) <= {0.0, np.float32(1) / np.float32(1 - p)}
    assert y.mean() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize(
    "layer", [nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.FeatureAlphaDropout]
)
def test_drops_whole_channels(layer):
    y = layer(0.5)(mt.ones(*LAYERS[layer])).reshape(50, 40, -1)
    assert mt.equal(y, y[:, :, :1].expand_as(y))
    assert 0.4 < (y[:, :, 0] == y.min()).float().mean().item() < 0.6


def test_alpha_dropout_keeps_mean_and_variance():
    y = F.alpha_dropout(mt.randn(50000), 0.3, training=True)
    assert y.mean().item() == pytest.approx(0, abs=0.05)
    assert y.std().item() == pytest.approx(1, abs=0.05)


@every
def test_gradient_goes_where_the_values_went(layer):
    x = mt.randn(*LAYERS[layer]).requires_grad_()
    y = layer(0.5)(x)
    y.sum().backward()
    dropped = x.grad == 0
    assert dropped.any() and not dropped.all()
    if not layer.__name__.endswith("AlphaDropout"):
        assert mt.equal(y == 0, dropped)


def test_inplace_and_all():
    x = mt.ones(100)
    assert F.dropout(x, 0.5, inplace=True) is x and (x == 0).any()
    assert not F.dropout(mt.ones(3), 1.0).any()
    with pytest.raises(ValueError, match="between 0 and 1"):
        nn.Dropout(1.5)
    with pytest.raises(RuntimeError, match="2D or 3D"):
        F.dropout1d(mt.ones(2, 2, 2, 2))
