"""minitorch.func: functions mapped over batches, modules called with given parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.func import functional_call, grad, stack_module_state, vmap


@given(st.integers(1, 4), st.sampled_from([0, 1, -1]), st.sampled_from([0, 1, -1]))
def test_vmap_is_a_stack_of_calls(n, in_dim, out_dim):
    x = mt.arange(3.0 * n).reshape((n, 3) if in_dim == 0 else (3, n))
    y = mt.ones(3)
    got = vmap(lambda x, y: (x * y, {"twice": 2 * x}), (in_dim, None), out_dim)(x, y)
    rows = [x.select(in_dim, i) for i in range(n)]
    np.testing.assert_array_equal(got[0].numpy(), mt.stack(rows, out_dim).numpy())
    np.testing.assert_array_equal(got[1]["twice"].numpy(), 2 * mt.stack(rows, out_dim).numpy())


def test_vmap_nests_and_is_differentiable():
    a, b = mt.arange(3.0), mt.arange(1.0, 3.0).requires_grad_()
    table = vmap(vmap(lambda x, y: x * y, (None, 0)), (0, None))(a, b)
    np.testing.assert_array_equal(table.detach().numpy(), np.outer([0, 1, 2], [1, 2]))
    table.sum().backward()
    np.testing.assert_array_equal(b.grad.numpy(), [3, 3])
    per_sample = vmap(grad(lambda w, x: (w * x).sum() ** 2), (None, 0))(mt.ones(2), mt.eye(2))
    np.testing.assert_array_equal(per_sample.numpy(), 2 * np.eye(2))


def test_vmap_and_random_numbers():
    def noisy(x):
        return x + mt.rand(())

    x = mt.zeros(4)
    before = mt.get_rng_state()
    with pytest.raises(RuntimeError, match="random numbers"):
        vmap(noisy)(x)
    assert mt.get_rng_state().equal(before)
    assert len(set(vmap(noisy, randomness="same")(x).tolist())) == 1
    assert len(set(vmap(noisy, randomness="different")(x).tolist())) == 4


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f, x: vmap(f, in_dims=None)(x), "no argument is mapped"),
        (lambda f, x: vmap(f, in_dims=2)(x), r"in_dim 2 .* \(2, 3\)"),
        (lambda f, x: vmap(f, in_dims=(0, 0))(x), "2 entries for 1"),
        (lambda f, x: vmap(f)(x[:0]), "size 0"),
        (lambda f, x: vmap(lambda x, y: x)(x, mt.ones(5)), "differ in size: 2 .* 5"),
        (lambda f, x: vmap(lambda x: 3)(x), "must return Tensors, got a int"),
        (lambda f, x: vmap(f, out_dims=(0, 1))(x), "out_dims"),
    ],
)
def test_vmap_refuses(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call(lambda x: (x,), mt.ones(2, 3))


def test_functional_call_leaves_the_module_alone():
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    own = {name: p.detach().clone() for name, p in model.state_dict().items()}
    given = {name: p.detach() * 2 for name, p in model.named_parameters()}
    given |= {name: b.clone() for name, b in model.named_buffers()}
    x = mt.randn(4, 2)
    functional_call(model, given, (x,))
    for name, value in model.state_dict().items():
        assert value.equal(own[name]), name
    assert given["1.num_batches_tracked"].item() == 1  # the buffer that the call wrote to
    assert not given["1.running_mean"].equal(own["1.running_mean"])


def test_functional_call_gives_gradients_of_what_it_was_given():
    model = nn.Linear(2, 1)
    weight = mt.ones(1, 2, requires_grad=True)
    functional_call(model, {"weight": weight}, mt.tensor([3.0, 4.0])).backward()
    np.testing.assert_array_equal(weight.grad.numpy(), [[3, 4]])
    assert model.weight.grad is None
    assert model.bias.grad is not None


def test_functional_call_restores_after_an_error():
    model = nn.Linear(2, 1)
    weight = model.weight
    with pytest.raises(RuntimeError):
        functional_call(model, {"weight": mt.ones(1, 2)}, mt.ones(5))
    assert model.weight is weight


def test_functional_call_and_shared_parameters():
    model = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    double = {"0.weight": 2 * mt.eye(2)}
    assert functional_call(model, double, mt.ones(2)).tolist() == [4, 4]
    once = functional_call(model, double, mt.ones(2), tie_weights=False)
    assert once.tolist() == model[1](mt.full((2,), 2.0)).tolist()
    with pytest.raises(ValueError, match="shared parameter"):
        functional_call(model, {"0.weight": mt.eye(2), "1.weight": mt.ones(2, 2)}, mt.ones(2))


def test_functional_call_refuses():
    model = nn.Linear(2, 1)
    with pytest.raises(AttributeError, match="no parameter or buffer 'wait'"):
        functional_call(model, {"wait": mt.ones(1)}, mt.ones(2))
    with pytest.raises(RuntimeError, match=r"missing names \['bias'\]"):
        functional_call(model, {"weight": mt.ones(1, 2)}, mt.ones(2), strict=True)
    with pytest.raises(KeyError, match="more than one"):
        functional_call(model, [{"bias": mt.ones(1)}, {"bias": mt.ones(1)}], mt.ones(2))
    with pytest.raises(TypeError, match="float"):
        functional_call(model, {"bias": 1.0}, mt.ones(2))


def test_an_ensemble():
    models = [nn.Linear(2, 1) for _ in range(3)]
    parameters, buffers = stack_module_state(models)
    assert buffers == {} and parameters["weight"].shape == (3, 1, 2)
    assert parameters["weight"].is_leaf and parameters["weight"].requires_grad
    x = mt.randn(5, 2)
    got = vmap(lambda p: functional_call(models[0], p, x))(parameters)
    expected = mt.stack([model(x) for model in models])
    np.testing.assert_array_equal(got.detach().numpy(), expected.detach().numpy())


def test_in_place_functions_are_the_methods():
    x = mt.tensor([-1.0, 4.0])
    assert mt.relu_(x) is x and mt.sqrt_(x) is x
    assert x.tolist() == [0, 2]
    assert mt.threshold_(x, 1, 5).tolist() == [5, 2] == x.tolist()
