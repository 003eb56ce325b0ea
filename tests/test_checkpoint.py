"""checkpoint: the same gradients with less memory."""

import gc
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential

PIECES = {
    "primitives": lambda t: (t * t).exp().sin(),
    "in place": lambda t: (t * 3).exp_().mul(2).relu_(),
    "views": lambda t: (t * 2)[0] * t.t()[1],
    "several outputs": lambda t: sum((p * p for p in t.unbind(0)), t[0] * 0),
    "write through a view": lambda t: _written(t * 1),
    "fused": lambda t: nn.functional.cross_entropy(t, mt.tensor([0, 1, 2])),
    "nested": lambda t: checkpoint(lambda u: (u * u).exp(), t * 2).sin(),
    "nested twice": lambda t: checkpoint(lambda u: checkpoint(lambda v: v.exp() * v, u * 2) * u, t),
    "random": lambda t: t * t * mt.rand(3, 3),
}


def _written(t):
    t[0].mul_(3)
    return t * t


def gradient(f, create_graph=False):
    x = mt.linspace(-0.9, 1.1, 9, dtype=mt.float64).reshape(3, 3).requires_grad_()
    mt.manual_seed(5)
    y = f(x).sum()
    after = mt.rand(1).item()
    (g,) = mt.autograd.grad(y, x, create_graph=create_graph)
    assert mt.rand(1).item() != after
    if create_graph:
        (g,) = mt.autograd.grad((g * g).sum(), x)
    return g.numpy(), after


@pytest.mark.parametrize("name", PIECES)
@pytest.mark.parametrize("create_graph", [False, True])
def test_the_same_gradients_and_the_same_random_numbers(name, create_graph):
    if name == "several outputs" and create_graph:
        pass
    expected, drawn = gradient(PIECES[name], create_graph)
    found, drawn_then = gradient(lambda x: checkpoint(PIECES[name], x), create_graph)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert drawn == drawn_then


def test_without_preserving_the_random_state():
    mt.manual_seed(0)
    x = mt.ones(3, requires_grad=True)
    y = checkpoint(lambda t: t.exp() * mt.rand(3), x, preserve_rng_state=False)
    y.sum().backward()
    assert not np.allclose(x.grad.numpy(), y.detach().numpy())  # other numbers the second time


def test_less_is_kept():
    """Arrays inside the function die at once; without a checkpoint they live until backward."""

    def run(wrap):
        inside = []

        def f(t):
            h = t.exp()
            inside.append(weakref.ref(h._data))
            return h.exp()

        x = mt.ones(3, requires_grad=True)
        y = wrap(f, x)
        alive = inside[0]() is not None
        y.sum().backward()
        return alive, x.grad.tolist()

    plain, saved = run(lambda f, x: f(x)), run(checkpoint)
    assert plain[0] and not saved[0] and plain[1] == saved[1]


def test_the_function_runs_again_once_per_walk():
    calls = []

    def f(t):
        calls.append(1)
        return t.exp().exp()

    x = mt.ones(3, requires_grad=True)
    y = checkpoint(f, x).sum()
    assert len(calls) == 1
    y.backward(retain_graph=True)
    assert len(calls) == 2
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()
    with mt.no_grad():
        assert not checkpoint(f, x).requires_grad


def test_parameters_in_closures_and_keyword_arguments():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = mt.rand(5, 3)  # requires no gradient itself
    scale = mt.tensor(2.0, requires_grad=True)

    def f(x, *, scale):
        return model(x) * scale

    def gradients(y):
        model.zero_grad()
        scale.grad = None
        y.sum().backward()
        return [p.grad.numpy() for p in (*model.parameters(), scale)]

    for a, b in zip(gradients(f(x, scale=scale)), gradients(checkpoint(f, x, scale=scale))):
        np.testing.assert_allclose(a, b)


def test_hooks_and_several_results():
    x = mt.ones(2, requires_grad=True)
    a, (b, nothing) = checkpoint(lambda t: (t.exp(), (t * t, None)), x)
    seen = []
    a.register_hook(lambda g: seen.append(g.tolist()))
    (a * b).sum().backward()
    assert nothing is None and seen == [[1, 1]]
    np.testing.assert_allclose(x.grad.numpy(), 3 * np.exp(1), rtol=1e-6)


def test_only_some_results_are_used():
    x = mt.ones(2, requires_grad=True)
    a, b = checkpoint(lambda t: (t.exp(), (t * t).exp()), x)
    del b
    gc.collect()
    a.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp(1), rtol=1e-6)


def test_a_function_that_does_something_else_the_second_time():
    calls = []

    def f(t):
        calls.append(1)
        return t.exp() if len(calls) == 1 else t.exp().exp()

    x = mt.ones(2, requires_grad=True)
    y = checkpoint(f, x).sum()
    with pytest.raises(CheckpointError, match="1 nodes at first and 2"):
        y.backward()
    with pytest.raises(CheckpointError):  # and again; never a wrong gradient
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize("what", ["argument", "leaf", "parameter"])
def test_what_the_function_read_was_overwritten(what):
    x = mt.ones(2, requires_grad=True)
    w = mt.ones(2, requires_grad=True)
    h = x * 2
    y = checkpoint(lambda t: (t * w).exp(), x if what == "leaf" else h).sum()
    with mt.no_grad():
        {"argument": h, "leaf": x, "parameter": w}[what].add_(1)
    with pytest.raises(RuntimeError, match="overwritten .*test_checkpoint.py"):
        y.backward()


def test_checkpoint_sequential():
    model = nn.Sequential(*[nn.Linear(3, 3) for _ in range(5)])
    x = mt.rand(2, 3, requires_grad=True)
    (expected,) = mt.autograd.grad(model(x).sum(), x)
    for segments in (1, 2, 3, 5):
        (found,) = mt.autograd.grad(checkpoint_sequential(model, segments, x).sum(), x)
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-6)
    with pytest.raises(ValueError, match="1 to 5"):
        checkpoint_sequential(model, 6, x)
