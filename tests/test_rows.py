"""Rows of layers that are run as one op are what they are one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch import nn
from minitorch.nn.modules.module import register_module_forward_hook
from minitorch.ops.rows import Row

ACTIVATIONS = {"relu": nn.ReLU, "relu_": lambda: nn.ReLU(True), "tanh": nn.Tanh, "sig": nn.Sigmoid}


def single(model, x):
    """Each layer by itself, so that no two of them are a row."""
    for layer in model:
        x = layer(x)
    return x


def is_row(out):
    return isinstance(out.grad_fn.op, Row)


@st.composite
def networks(draw):
    width, layers = draw(st.integers(1, 4)), []
    first = width
    for kind in draw(st.lists(st.sampled_from(["linear", *ACTIVATIONS]), min_size=2, max_size=7)):
        if kind == "linear":
            out = draw(st.integers(1, 4))
            layers.append(nn.Linear(width, out))
            width = out
        elif kind != "relu_" or (layers and isinstance(layers[-1], nn.Linear)):
            layers.append(ACTIVATIONS[kind]())
    model = nn.Sequential(*layers).to(draw(st.sampled_from([minitorch.float32, minitorch.float64])))
    for p in model.parameters():
        p.requires_grad_(draw(st.booleans()))
    lead = draw(st.sampled_from([(), (3,), (0,), (2, 3)]))
    dtype = next((p.dtype for p in model.parameters()), minitorch.float32)
    return model, minitorch.randn(*lead, first, dtype=dtype), draw(st.booleans())


@given(networks())
def test_value_and_gradients_are_those_of_the_layers(drawn):
    model, x, wants = drawn
    results = []
    for run in (lambda x: model(x), lambda x: single(model, x)):
        leaf = x.clone().requires_grad_(wants)
        out = run(leaf * 1)  # what an in-place activation may write to
        wanted = [t for t in (leaf, *model.parameters()) if t.requires_grad]
        grads = []
        if out.requires_grad:
            grads = minitorch.autograd.grad((out * out).sum(), wanted, materialize_grads=True)
        results.append([out.detach(), *grads])
    assert all(np.array_equal(a, b) for a, b in zip(*results, strict=True))


@given(networks())
def test_second_gradients_are_those_of_the_layers(drawn):
    model, x, _ = drawn
    model.double().requires_grad_(True)
    results = []
    for run in (lambda x: model(x), lambda x: single(model, x)):
        leaf = x.double().requires_grad_()
        out = run(leaf * 1)
        (first,) = minitorch.autograd.grad((out * out).sum(), leaf, create_graph=True)
        wanted = [leaf, *model.parameters()]
        results.append(
            minitorch.autograd.grad((first * first).sum(), wanted, materialize_grads=True)
        )
    assert all(np.allclose(a, b, 1e-9, 1e-12) for a, b in zip(*results, strict=True))


@pytest.fixture
def model():
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))


def test_a_row_is_one_node(model):
    out = model(minitorch.ones(5, 3))
    assert is_row(out)
    assert out.grad_fn.name() == "AffineTanhAffineBackward0"
    assert [edge is not None for edge, _ in out.grad_fn.next_functions] == [False, *[True] * 4]


def test_nothing_is_recorded_under_no_grad(model):
    with minitorch.no_grad():
        assert model(minitorch.ones(5, 3)).grad_fn is None


def test_frozen_layers_in_front_are_not_walked(model):
    model[0].requires_grad_(False)
    out = model(minitorch.ones(5, 3))
    out.sum().backward()
    assert model[0].weight.grad is None
    assert model[2].weight.grad is not None


@pytest.mark.parametrize(
    "listen",
    [
        lambda layer, hear: layer.register_forward_hook(lambda *_: hear()),
        lambda layer, hear: layer.register_forward_pre_hook(lambda *_: hear()),
        lambda layer, hear: layer.register_full_backward_hook(lambda *_: hear()),
        lambda layer, hear: layer.register_full_backward_pre_hook(lambda *_: hear()),
        lambda layer, hear: setattr(layer, "forward", lambda x: (hear(), x)[1]),
        lambda layer, hear: register_module_forward_hook(
            lambda module, *_: hear() if module is layer else None
        ),
    ],
)
def test_whoever_listens_in_between_hears(model, listen):
    heard = []
    handle = listen(model[1], lambda: heard.append(1))
    model(minitorch.ones(5, 3)).sum().backward()
    assert heard == [1]
    if hasattr(handle, "remove"):
        handle.remove()


@pytest.mark.parametrize("owner", [nn.Module, nn.Linear])
def test_patched_classes_are_called(model, monkeypatch, owner):
    seen, name = [], "__call__" if owner is nn.Module else "forward"
    original = getattr(owner, name)

    def patched(self, *args):
        seen.append(type(self).__name__)
        return original(self, *args)

    monkeypatch.setattr(owner, name, patched)
    model(minitorch.ones(5, 3))
    assert seen.count("Linear") == 2


def test_subclasses_are_called():
    class Loud(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 2

    loud = Loud(3, 3)
    model = nn.Sequential(loud, nn.Tanh(), nn.ReLU())
    x = minitorch.ones(2, 3)
    assert np.array_equal(model(x).detach(), loud(x).tanh().relu().detach())


def test_an_inplace_relu_in_front_writes_to_its_input():
    x = minitorch.tensor([-1.0, 2.0])
    nn.Sequential(nn.ReLU(inplace=True), nn.Tanh())(x)
    assert x.tolist() == [0, 2]


@pytest.mark.parametrize("dtype", [minitorch.float16, minitorch.bfloat16, minitorch.complex64])
def test_other_dtypes_go_one_by_one(model, dtype):
    model[1] = nn.Tanh()
    model.to(dtype)
    x = minitorch.ones(5, 3, dtype=dtype)
    assert model(x).dtype == dtype
    assert np.array_equal(model(x).detach().tolist(), single(model, x).detach().tolist())


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (minitorch.ones(5, 4), "in_features is 3"),
        (minitorch.ones(5, 3).double(), "dtypes differ"),
        ([[1.0, 2.0, 3.0]], "modules compute with Tensors"),
    ],
)
def test_mistakes_are_told_by_the_layer_that_they_meet(model, x, words):
    with pytest.raises((RuntimeError, TypeError), match=words) as caught:
        model(x)
    assert "in 0 (Linear(3, 4)) of Sequential" in str(caught.value)


@pytest.mark.parametrize("name", ["weight", "bias"])
def test_parameters_of_other_dimensions_are_refused(model, name):
    layer = model[2]
    setattr(layer, name, nn.Parameter(getattr(layer, name).detach()[None]))
    with pytest.raises(RuntimeError, match=r"in 2 \(Linear"):
        model(minitorch.ones(2, 3))


def test_what_was_saved_must_not_be_overwritten(model):
    out = model(minitorch.ones(5, 3))
    with minitorch.no_grad():
        model[2].weight.mul_(2)
    with pytest.raises(RuntimeError, match="AffineTanhAffineBackward0 saved .* overwritten"):
        out.sum().backward()


def test_large_layers_are_worked_through_in_tiles():
    model = nn.Sequential(nn.Linear(4, 600), nn.Tanh(), nn.Linear(600, 3))
    x = minitorch.randn(500, 4)
    grads = []
    for out in (model(x), single(model, x)):
        grads.append(minitorch.autograd.grad((out * out).sum(), model.parameters()))
    assert all(np.array_equal(a, b) for a, b in zip(*grads))


def test_a_bias_that_is_broadcast_gets_a_gradient_of_its_shape(model):
    model[2].bias = nn.Parameter(minitorch.ones(1))
    model(minitorch.ones(5, 3)).sum().backward()
    assert model[2].bias.grad.tolist() == [10]


def test_a_node_hooks_gradients_are_looked_at(model):
    out = model(minitorch.ones(5, 3))
    out.grad_fn.register_hook(lambda into, _: (*into[:-1], minitorch.ones(5, 2)))
    out.sum().backward()
    assert model[2].bias.grad.tolist() == [5, 5]


def test_a_layer_frozen_after_the_forward_pass_gets_no_gradient():
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    x = minitorch.randn(4, 2, requires_grad=True)
    (expected,) = minitorch.autograd.grad(model(x).square().sum(), x)
    for p, create in [(p, c) for p in model.parameters() for c in (False, True)]:
        out = model(x).square().sum()
        p.requires_grad_(False)
        x.grad = None
        out.backward(create_graph=create)
        assert p.grad is None
        np.testing.assert_allclose(x.grad.detach().numpy(), expected.numpy(), rtol=1e-6)
        p.requires_grad_(True)
        model.zero_grad()
