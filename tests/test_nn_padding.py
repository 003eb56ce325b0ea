"""Laws of padding: as NumPy pads, and its gradient is the adjoint."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn

F = nn.functional
few = settings(max_examples=40, deadline=None)
MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
amounts = st.lists(st.integers(0, 3), min_size=4, max_size=4)


@few
@given(mode=st.sampled_from(list(MODES)), sides=amounts)
def test_pads_as_numpy(mode, sides):
    x = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    left, right, top, bottom = sides
    expected = np.pad(x, [(0, 0), (0, 0), (top, bottom), (left, right)], MODES[mode])
    np.testing.assert_array_equal(F.pad(mt.tensor(x), sides, mode).numpy(), expected)


@few
@given(mode=st.sampled_from(list(MODES)), sides=amounts, crop=st.integers(0, 2))
def test_the_gradient_is_the_adjoint(mode, sides, crop):
    rng = np.random.default_rng(0)
    x = mt.tensor(rng.standard_normal((1, 4, 5)), requires_grad=True)
    sides = sides[:2] if mode != "constant" else [-crop, *sides[1:]]
    y = F.pad(x, sides, mode)
    g = mt.tensor(rng.standard_normal(y.shape))
    y.backward(g)
    assert (y * g).sum().item() == pytest.approx((x * x.grad).sum().item())


@few
@given(sides=amounts)
def test_cropping_undoes_padding(sides):
    x = mt.tensor(np.random.default_rng(0).standard_normal((4, 5)))
    assert mt.equal(F.pad(F.pad(x, sides, value=7.0), [-n for n in sides]), x)


def test_layers_and_refusals():
    assert nn.ZeroPad2d((1, 2, 3, 4))(mt.ones(1, 1, 1)).shape == (1, 8, 4)
    assert nn.ConstantPad1d(1, 3.0)(mt.ones(1, 1)).tolist() == [[3.0, 1.0, 3.0]]
    assert nn.ReflectionPad3d(1)(mt.ones(0, 1, 2, 2, 2)).shape == (0, 1, 4, 4, 4)
    assert repr(nn.CircularPad1d(2)) == "CircularPad1d((2, 2))"
    with pytest.raises(RuntimeError, match="reflecting"):
        nn.ReflectionPad1d(3)(mt.ones(1, 3))
    with pytest.raises(ValueError, match="expected 3D or 4D"):
        nn.CircularPad2d(1)(mt.ones(3, 3))
    with pytest.raises(NotImplementedError, match="mode"):
        F.pad(mt.ones(1, 3), (1, 1), "mirror")
    with pytest.raises(RuntimeError, match="pairs"):
        F.pad(mt.ones(3), (1,))


def test_nothing_is_aliased():
    x = mt.ones(1, 3)
    for mode in MODES:
        F.pad(x, (0, 0), mode).fill_(5)
    assert x.tolist() == [[1, 1, 1]]
