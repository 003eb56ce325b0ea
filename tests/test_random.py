"""Random tensors: streams, states and in-place fills (the numbers are test_generator's)."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt

DRAWS = {
    "rand": lambda **k: mt.rand(4, **k),
    "randn": lambda **k: mt.randn(4, **k),
    "randint": lambda **k: mt.randint(0, 100, (4,), **k),
    "randperm": lambda **k: mt.randperm(40, **k),
    "normal": lambda **k: mt.normal(1.0, 2.0, (4,), **k),
    "normal of tensors": lambda **k: mt.normal(mt.zeros(4), mt.ones(4), **k),
    "bernoulli": lambda **k: mt.bernoulli(mt.full((40,), 0.5), **k),
    "poisson": lambda **k: mt.poisson(mt.full((40,), 3.0), **k),
    "binomial": lambda **k: mt.binomial(mt.full((40,), 9.0), mt.full((40,), 0.5), **k),
    "multinomial": lambda **k: mt.multinomial(mt.ones(40), 20, **k),
    "rand_like": lambda **k: mt.rand_like(mt.zeros(4), **k),
    "randn_like": lambda **k: mt.randn_like(mt.zeros(4), **k),
    "randint_like": lambda **k: mt.randint_like(mt.zeros(9), 100, **k),
    "uniform_": lambda **k: mt.zeros(4).uniform_(-1, 1, **k),
    "normal_": lambda **k: mt.zeros(4).normal_(**k),
    "random_": lambda **k: mt.zeros(4).random_(0, 1000, **k),
    "bernoulli_": lambda **k: mt.zeros(40).bernoulli_(0.5, **k),
    "exponential_": lambda **k: mt.zeros(4).exponential_(**k),
    "geometric_": lambda **k: mt.zeros(40).geometric_(0.3, **k),
    "cauchy_": lambda **k: mt.zeros(4).cauchy_(**k),
    "log_normal_": lambda **k: mt.zeros(4).log_normal_(**k),
}


@pytest.mark.parametrize("name", DRAWS)
def test_streams(name):
    draw = DRAWS[name]
    mt.manual_seed(7)
    state = mt.get_rng_state()
    first, second = draw().tolist(), draw().tolist()
    assert first != second
    mt.manual_seed(7)
    assert draw().tolist() == first
    mt.set_rng_state(state)
    assert draw().tolist() == first
    generator = mt.Generator().manual_seed(7)
    before = mt.get_rng_state().tolist()
    assert draw(generator=generator).tolist() == first
    assert mt.get_rng_state().tolist() == before  # a generator of one's own leaves the rest alone
    with pytest.raises(TypeError, match="Generator"):
        draw(generator=np.random.default_rng())


def test_generators():
    g = mt.Generator()
    assert g.manual_seed(3) is g and g.initial_seed() == 3
    state = g.get_state()
    assert state.dtype is mt.uint8
    a = mt.rand(3, generator=g)
    g.set_state(state)
    assert mt.rand(3, generator=g).tolist() == a.tolist()
    with pytest.raises(TypeError):
        g.set_state([1, 2])
    assert mt.manual_seed(5) is mt.default_generator and mt.initial_seed() == 5
    assert isinstance(mt.seed(), int)


@given(st.integers(-5, 5), st.integers(1, 10), st.sampled_from([mt.int64, mt.uint8, mt.float32]))
def test_randint(low, span, dtype):
    low = max(low, 0) if dtype is mt.uint8 else low
    t = mt.randint(low, low + span, (50,), dtype=dtype)
    assert t.dtype is dtype and low <= t.min().item() and t.max().item() < low + span


def test_randint_forms():
    assert mt.randint(3, (2, 2)).shape == (2, 2) and mt.randint(5, 6, (3,)).tolist() == [5, 5, 5]
    for bad, error in [
        ((5, 5, (1,)), RuntimeError),
        ((3,), TypeError),
        ((0.5, 2, (1,)), TypeError),
    ]:
        with pytest.raises(error):
            mt.randint(*bad)


@given(st.integers(0, 30))
def test_randperm(n):
    assert sorted(mt.randperm(n).tolist()) == list(range(n))


def test_dtypes():
    assert mt.rand(2, dtype=mt.float64).dtype is mt.float64
    assert mt.randn(2, dtype=mt.complex64).dtype is mt.complex64
    for make in (mt.rand, mt.randn):
        with pytest.raises(NotImplementedError, match="floating"):
            make(2, dtype=mt.int64)
    with pytest.raises(NotImplementedError):
        mt.zeros(2, dtype=mt.int64).normal_()
    with pytest.raises(RuntimeError):
        mt.bernoulli(mt.zeros(2, dtype=mt.int64))


def test_fills_are_in_place():
    t = mt.zeros(2, 3)
    assert t.t().uniform_() is not None and t.abs().sum() > 0 and t[0].normal_().shape == (3,)
    x = mt.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x.normal_()
    with mt.no_grad():
        assert x.normal_() is x
    assert x.is_leaf and x.requires_grad and x.abs().sum() > 0


def test_a_fill_cuts_the_gradient():
    x = mt.ones(3, requires_grad=True)
    y = x * 2
    y[1:].uniform_()
    y.sum().backward()
    assert x.grad.tolist() == [2, 0, 0]


def test_chance_has_no_gradient():
    p = mt.full((3,), 0.5, requires_grad=True)
    mt.bernoulli(p).sum().backward()
    assert p.grad.tolist() == [0, 0, 0]
    mean = mt.zeros(3, requires_grad=True)
    mt.normal(mean, 1.0).sum().backward()
    assert mean.grad.tolist() == [0, 0, 0]


def test_leaves_can_be_drawn():
    x = mt.randn(3, requires_grad=True)
    assert x.is_leaf and x.requires_grad
    out = mt.empty(3)
    assert mt.rand(3, out=out) is out
