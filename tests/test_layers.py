"""The first layers: Linear, Identity, Flatten, Sequential, activations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn

# --- Linear -----------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 3), max_size=3), st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_linear_is_an_affine_map_of_the_last_dimension(lead, n, m, bias):
    layer = nn.Linear(n, m, bias=bias, dtype=mt.float64)
    x = mt.randn(*lead, n, dtype=mt.float64, requires_grad=True)
    y = layer(x)
    assert y.shape == (*lead, m)
    expected = x.detach().numpy() @ layer.weight.detach().numpy().T
    if bias:
        expected = expected + layer.bias.detach().numpy()
    np.testing.assert_allclose(y.detach().numpy(), expected, atol=1e-12)
    y.sum().backward()
    for t in (x, *layer.parameters()):
        assert t.grad.shape == t.shape


def test_linear_gradients():
    mt.manual_seed(0)

    def make(*shape):
        return mt.randn(*shape, dtype=mt.float64, requires_grad=True)

    for lead in [(), (4,), (2, 3)]:
        for bias in (True, False):
            args = (make(*lead, 3), make(2, 3), *([make(2)] if bias else []))
            assert mt.autograd.gradcheck(nn.functional.linear, args)
            assert mt.autograd.gradgradcheck(nn.functional.linear, args)


def test_linear_begins_evenly_within_its_bound():
    mt.manual_seed(0)
    layer = nn.Linear(400, 50)
    for p in layer.parameters():
        assert p.abs().max().item() <= 1 / 20 and p.abs().max().item() > 0.9 / 20
    mt.manual_seed(0)
    assert nn.Linear(400, 50).weight.tolist() == layer.weight.tolist()
    before = layer.weight.tolist()
    layer.reset_parameters()
    assert layer.weight.tolist() != before
    assert nn.Linear(0, 3)(mt.ones(2, 0)).tolist() == [[0] * 3] * 2


def test_linear_options():
    layer = nn.Linear(3, 2, bias=False, dtype=mt.float64)
    assert layer.bias is None and layer.weight.dtype is mt.float64
    assert repr(layer) == "Linear(in_features=3, out_features=2, bias=False)"
    assert list(layer.state_dict()) == ["weight"]


def test_linear_works_on_arrays_whose_dtype_is_another_object():
    import pickle

    x = mt.from_numpy(pickle.loads(pickle.dumps(np.ones((2, 3), np.float32))))
    assert nn.Linear(3, 2)(x).shape == (2, 2)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (mt.ones(2, 4), r"\(2, 4\), weight \(2, 3\)"),
        (mt.ones(()), r"\(\)"),
        (mt.ones(2, 3, dtype=mt.float64), "float64 and float32"),
    ],
)
def test_linear_errors(x, words):
    with pytest.raises(RuntimeError, match=words):
        nn.Linear(3, 2)(x)


# --- shapes -----------------------------------------------------------------------------------


def test_flatten_and_unflatten():
    x = mt.arange(24).reshape(2, 3, 4)
    assert nn.Flatten()(x).shape == (2, 12) and nn.Flatten(0)(x).tolist() == list(range(24))
    assert nn.Flatten(0, 1)(x).shape == (6, 4)
    assert nn.Unflatten(1, (3, 4))(nn.Flatten()(x)).tolist() == x.tolist()
    assert repr(nn.Flatten()) == "Flatten(start_dim=1, end_dim=-1)"


def test_identity():
    x = mt.ones(2)
    assert nn.Identity(54, unused=0.1)(x) is x and repr(nn.Identity(1)) == "Identity()"


# --- activations ------------------------------------------------------------------------------


@given(st.lists(st.floats(-30, 30), min_size=1, max_size=5))
def test_activations(values):
    x = mt.tensor(values, dtype=mt.float64)
    a = x.numpy()
    for layer, expected in [
        (nn.ReLU(), np.maximum(a, 0)),
        (nn.Sigmoid(), 1 / (1 + np.exp(-a))),
        (nn.Tanh(), np.tanh(a)),
        (nn.Softmax(dim=0), np.exp(a - a.max()) / np.exp(a - a.max()).sum()),
    ]:
        np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(
        nn.LogSoftmax(dim=0)(x).exp().numpy(), nn.Softmax(dim=0)(x).numpy(), rtol=1e-10
    )


def test_relu_in_place():
    x = mt.tensor([-1.0, 2.0], requires_grad=True)
    h = x * 3
    y = nn.ReLU(inplace=True)(h)
    assert y is h
    y.sum().backward()
    assert x.grad.tolist() == [0, 3]


# --- Sequential -------------------------------------------------------------------------------


@pytest.fixture
def net():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))


def test_sequential_calls_in_turn(net):
    x = mt.ones(4, 2)
    assert net(x).tolist() == net[2](net[1](net[0](x))).tolist()
    assert nn.Sequential()(x) is x


def test_sequential_is_a_list(net):
    a, b, c = net
    assert len(net) == 3 and net[-1] is c and list(net[1:]) == [b, c]
    assert type(net[:2]) is nn.Sequential
    d = nn.Tanh()
    net[1] = d
    assert net[1] is d
    net.append(b)
    assert list(net.insert(0, b)) == [b, a, d, c, b]
    assert list(net._modules) == ["0", "1", "2", "3", "4"]
    del net[0]
    assert net.pop(-1) is b and list(net) == [a, d, c] and list(net._modules) == ["0", "1", "2"]
    del net[1:]
    assert list(net) == [a]
    assert list(net + nn.Sequential(b, c)) == [a, b, c] and len(net) == 1
    net += nn.Sequential(b)
    assert list(net.extend([c])) == [a, b, c] and len(2 * net) == len(net * 2) == 6
    for call, error in [
        (lambda: net[3], IndexError),
        (lambda: net.insert(7, a), IndexError),
        (lambda: net.insert(0, 5), AssertionError),
        (lambda: net + 5, ValueError),
        (lambda: net * 0, ValueError),
        (lambda: net * 1.5, TypeError),
        (lambda: nn.Sequential(5), TypeError),
    ]:
        with pytest.raises(error):
            call()


def test_sequential_with_names():
    from collections import OrderedDict

    net = nn.Sequential(OrderedDict(first=nn.Linear(1, 1), second=nn.ReLU()))
    assert net.first is net[0] and list(net.state_dict()) == ["first.weight", "first.bias"]
    assert list(net[:1]._modules) == ["first"]
