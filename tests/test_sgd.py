"""SGD and what all optimizers share: groups, hooks, closures, saving."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.optim import SGD, Optimizer


def parameter(*values):
    return nn.Parameter(mt.tensor(values, dtype=mt.float64))


def textbook(p, grads, lr, momentum, dampening, decay, nesterov, maximize):
    buffer = None
    for g in grads:
        g = (-g if maximize else g) + decay * p
        if momentum:
            buffer = g if buffer is None else momentum * buffer + (1 - dampening) * g
            g = g + momentum * buffer if nesterov else buffer
        p = p - lr * g
    return p


@given(
    st.floats(0, 1), st.sampled_from([0, 0.5, 0.9]), st.sampled_from([0, 0.3]),
    st.sampled_from([0, 0.1]), st.booleans(), st.booleans(), st.integers(1, 5),
)  # fmt: skip
def test_steps_follow_the_formula(lr, momentum, dampening, decay, nesterov, maximize, steps):
    nesterov = nesterov and momentum > 0 and dampening == 0
    options = {
        "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": decay,
        "nesterov": nesterov, "maximize": maximize,
    }  # fmt: skip
    p = parameter(1.0, -2.0)
    optimizer = SGD([p], **options)
    grads = np.random.default_rng(steps).standard_normal((steps, 2))
    for k, g in enumerate(grads):
        given_grad = mt.tensor(g)
        p.grad = given_grad
        optimizer.step()
        assert given_grad.tolist() == g.tolist()  # the gradient is left alone
        if k == 1:  # on the way, through a saved state
            other = SGD([p], lr=77.0)
            other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
            optimizer = other
    expected = textbook(np.array([1.0, -2.0]), grads, *options.values())
    np.testing.assert_allclose(p.detach().numpy(), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lr": -1}, "learning rate: -1"),
        ({"lr": float("nan")}, "learning rate"),
        ({"momentum": -0.1}, "momentum"),
        ({"weight_decay": -0.1}, "weight_decay"),
        ({"nesterov": True}, "Nesterov"),
        ({"nesterov": True, "momentum": 0.9, "dampening": 0.1}, "Nesterov"),
    ],
)
def test_bad_options(options, words):
    with pytest.raises(ValueError, match=words):
        SGD([parameter(1.0)], **options)


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        (list, ValueError, "empty"),
        (lambda: parameter(1.0), TypeError, "single Tensor"),
        (lambda: [1.0], TypeError, "float"),
        (lambda: [parameter(1.0) * 2], ValueError, "non-leaf"),
        (lambda: [{"params": [p := parameter(1.0)]}, {"params": [p]}], ValueError, "more than one"),
        (lambda: [{"params": {parameter(1.0)}}], TypeError, "set"),
    ],
)
def test_bad_parameters(params, error, words):
    with pytest.raises(error, match=words):
        SGD(params(), lr=0.1)


def test_groups():
    a, b, c = parameter(1.0), parameter(1.0), parameter(1.0)
    optimizer = SGD([{"params": [a]}, {"params": b, "lr": 1.0}], lr=0.1)
    optimizer.add_param_group({"params": [c], "momentum": 0.5})
    for p in (a, b, c):
        p.grad = mt.ones(1, dtype=mt.float64)
    optimizer.step()
    assert [p.item() for p in (a, b, c)] == [0.9, 0.0, 0.9]
    assert c in optimizer.state and a not in optimizer.state
    assert [g["lr"] for g in optimizer.param_groups] == [0.1, 1.0, 0.1]
    assert "Parameter Group 2" in repr(optimizer) and "lr: 1.0" in repr(optimizer)
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    assert a.item() == pytest.approx(0.4)


def test_named_parameters():
    optimizer = SGD(nn.Linear(1, 1).named_parameters(), lr=0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]


def test_parameters_without_gradient_stay():
    a, b = parameter(1.0), parameter(1.0)
    optimizer = SGD([a, b], lr=0.1, weight_decay=0.5)
    a.grad = mt.ones(1, dtype=mt.float64)
    optimizer.step()
    assert a.item() != 1 and b.item() == 1 and a.is_leaf and a.requires_grad


@pytest.mark.parametrize("dtype", [mt.float16, mt.float32, mt.complex64])
def test_dtypes_are_kept(dtype):
    p = nn.Parameter(mt.ones(2, dtype=dtype))
    optimizer = SGD([p], lr=0.5, momentum=0.9, weight_decay=0.1, nesterov=True)
    for _ in range(2):
        p.grad = mt.ones(2, dtype=dtype)
        optimizer.step()
    assert p.dtype is optimizer.state[p]["momentum_buffer"].dtype is dtype


def test_the_buffer_is_no_ones_gradient():
    p = parameter(1.0)
    optimizer = SGD([p], lr=0.1, momentum=0.9)
    p.grad = mt.ones(1, dtype=mt.float64)
    optimizer.step()
    assert not np.shares_memory(optimizer.state[p]["momentum_buffer"]._data, p.grad._data)


def test_zero_grad():
    p = parameter(1.0)
    optimizer = SGD([p], lr=0.1)
    (p * 2).sum().backward()
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0]
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is None


def test_closures_record_even_under_no_grad():
    p = parameter(3.0)
    optimizer = SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with mt.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 9 and p.item() == pytest.approx(2.4) and optimizer.step() is None


def test_hooks():
    p = parameter(1.0)
    optimizer, log = SGD([p], lr=0.1), []
    handle = optimizer.register_step_pre_hook(lambda o, args, kwargs: log.append("pre"))
    optimizer.register_step_post_hook(lambda o, args, kwargs: log.append(o is optimizer))
    optimizer.step()
    handle.remove()
    optimizer.step()
    assert log == ["pre", True, True]


# --- saving -----------------------------------------------------------------------------------


def trained():
    p, q = parameter(1.0, 2.0), parameter(3.0)
    optimizer = SGD([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.1, momentum=0.9)
    ((p * p).sum() + (q * q).sum()).backward()
    optimizer.step()
    return optimizer


def test_the_layout_of_a_saved_state():
    state = trained().state_dict()
    assert [g["params"] for g in state["param_groups"]] == [[0], [1]]
    assert sorted(state["state"]) == [0, 1] and state["state"][0]["momentum_buffer"].tolist() == [
        2,
        4,
    ]


def test_loading_casts_and_copies():
    state = trained().state_dict()
    p, q = (nn.Parameter(mt.ones(n)) for n in (2, 1))
    optimizer = SGD([{"params": [p]}, {"params": [q]}], lr=9.0)
    optimizer.load_state_dict(state)
    buffer = optimizer.state[p]["momentum_buffer"]
    assert buffer.dtype is mt.float32 and buffer.tolist() == [2, 4]
    assert [g["lr"] for g in optimizer.param_groups] == [0.1, 0.5]
    buffer.zero_()
    assert state["state"][0]["momentum_buffer"].tolist() == [2, 4]


def test_loading_what_does_not_fit_changes_nothing():
    optimizer = trained()
    before = optimizer.state_dict()
    with pytest.raises(ValueError, match="1 parameter groups"):
        optimizer.load_state_dict(SGD([parameter(1.0)], lr=0.1).state_dict())
    groups = [{"params": [parameter(1.0)]}, {"params": [parameter(1.0), parameter(1.0)]}]
    with pytest.raises(ValueError, match="group 1 of the loaded state has 2"):
        optimizer.load_state_dict(SGD(groups, lr=0.1).state_dict())
    assert optimizer.state_dict()["param_groups"] == before["param_groups"]


def test_an_optimizer_of_ones_own():
    class Sign(Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def update(self, group, params, grads):
            for p, g in zip(params, grads):
                p._data -= group["lr"] * np.sign(g)

    p = parameter(1.0, -1.0)
    p.grad = mt.tensor([0.3, -7.0], dtype=mt.float64)
    Sign([p], 0.5).step()
    assert p.tolist() == [0.5, -0.5]
    with pytest.raises(NotImplementedError, match="update"):
        Optimizer([p], {}).step()
