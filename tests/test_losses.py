"""Losses: values from their definitions, gradients, options and errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn import functional as F

REDUCTIONS = st.sampled_from(["none", "mean", "sum"])


def scores(*shape):
    return mt.randn(*shape, dtype=mt.float64, requires_grad=True)


def log_softmax(a, axis):
    a = a - a.max(axis=axis, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=axis, keepdims=True))


def reduced(losses, weights, reduction):
    if reduction == "none":
        return losses
    return losses.sum() / (weights.sum() if reduction == "mean" else 1)


# --- cross-entropy ----------------------------------------------------------------------------


@given(
    st.integers(1, 4), st.integers(1, 4), st.lists(st.integers(1, 3), max_size=2), REDUCTIONS,
    st.booleans(), st.sampled_from([-100, -1, 0, 2]), st.integers(0, 2**31),
)  # fmt: skip
def test_cross_entropy_with_classes(n, c, rest, reduction, weighted, ignore, seed):
    """-w[t] log softmax(x)[t]; ignored targets count nothing; the mean is a weighted one."""
    draw = np.random.default_rng(seed)
    mt.manual_seed(seed)
    x = scores(n, c, *rest)
    t = draw.integers(0, c, (n, *rest))
    if ignore < 0:
        t[draw.random(t.shape) < 0.3] = ignore
    weight = draw.random(c) + 0.1 if weighted else np.ones(c)
    inside = np.where(t == ignore, 0, t)
    counts = np.where(t == ignore, 0, weight[inside])
    log_p = log_softmax(x.detach().numpy(), 1)
    losses = -np.take_along_axis(log_p, np.expand_dims(inside, 1), 1).squeeze(1) * counts
    if reduction == "mean" and not counts.sum():
        return
    found = F.cross_entropy(
        x, mt.tensor(t), mt.tensor(weight) if weighted else None, ignore_index=ignore,
        reduction=reduction,
    )  # fmt: skip
    np.testing.assert_allclose(
        found.detach().numpy(), reduced(losses, counts, reduction), atol=1e-12
    )
    found.sum().backward()
    assert np.all(x.grad.numpy().transpose(0, *range(2, x.ndim), 1)[t == ignore] == 0)


@given(st.integers(1, 4), st.integers(1, 4), REDUCTIONS, st.booleans(), st.floats(0, 1))
def test_cross_entropy_with_probabilities_and_smoothing(n, c, reduction, weighted, smoothing):
    x = scores(n, c)
    weight = np.linspace(0.5, 2, c) if weighted else np.ones(c)
    p = np.random.default_rng(n * c).dirichlet(np.ones(c), n)
    mixed = p * (1 - smoothing) + smoothing / c
    losses = -(log_softmax(x.detach().numpy(), 1) * mixed * weight).sum(axis=1)
    found = F.cross_entropy(
        x, mt.tensor(p), mt.tensor(weight) if weighted else None, reduction=reduction,
        label_smoothing=smoothing,
    )  # fmt: skip
    np.testing.assert_allclose(
        found.detach().numpy(), reduced(losses, np.ones(n), reduction), atol=1e-12
    )


def test_smoothing_of_classes_is_that_of_their_probabilities():
    x, t = scores(5, 3), mt.tensor([0, 2, 1, 1, 0])
    one_hot = mt.eye(3, dtype=mt.float64)[t]
    for reduction in ("none", "sum", "mean"):
        a = F.cross_entropy(x, t, reduction=reduction, label_smoothing=0.2)
        b = F.cross_entropy(x, one_hot, reduction=reduction, label_smoothing=0.2)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy())


OPTIONS = [
    {}, {"reduction": "sum"}, {"reduction": "none"}, {"ignore_index": 1}, {"label_smoothing": 0.3},
    {"weight": mt.tensor([1.0, 2.0, 0.5], dtype=mt.float64)},
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS)
def test_cross_entropy_gradients(options):
    mt.manual_seed(0)
    x, t = scores(4, 3), mt.tensor([0, 1, 2, 1])
    assert gradcheck(lambda x: F.cross_entropy(x, t, **options), x)
    assert gradgradcheck(lambda x: F.cross_entropy(x, t, **options), x)


def test_an_ignored_class_that_exists():
    x, t = scores(3, 2), mt.tensor([0, 1, 1])
    loss = F.cross_entropy(x, t, ignore_index=0)
    assert loss.item() == pytest.approx(F.cross_entropy(x[1:], t[1:]).item())
    loss.backward()
    assert x.grad[0].tolist() == [0, 0]


def test_a_single_sample_without_a_batch():
    x = scores(3)
    a, b = F.cross_entropy(x, mt.tensor(2)), F.cross_entropy(x.unsqueeze(0), mt.tensor([2]))
    assert a.item() == pytest.approx(b.item())


def test_large_scores_stay_finite():
    x = mt.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    loss = F.cross_entropy(x, mt.tensor([1, 1]))
    loss.backward()
    assert loss.item() == 1e4 and np.isfinite(x.grad.numpy()).all()


def test_everything_ignored_is_nan():
    x = mt.ones(2, 3)
    assert math.isnan(F.cross_entropy(x, mt.tensor([-100, -100])).item())
    assert F.cross_entropy(x, mt.tensor([-100, -100]), reduction="sum").item() == 0
    assert math.isnan(F.cross_entropy(mt.ones(0, 3), mt.ones(0, dtype=mt.int64)).item())


X = mt.zeros(2, 3)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: F.cross_entropy(X, mt.tensor([0, 3])), IndexError, "Target 3 is out of bounds"),
        (lambda: F.cross_entropy(X, mt.tensor([0, -1])), IndexError, "Target -1"),
        (lambda: F.cross_entropy(X, mt.tensor([0, 1, 2])), ValueError, r"\(2, 3\), target \(3,\)"),
        (lambda: F.cross_entropy(X, mt.tensor([[0], [1]])), RuntimeError, r"target \(2, 1\)"),
        (lambda: F.cross_entropy(X, mt.zeros(2)), RuntimeError, "int64"),
        (lambda: F.cross_entropy(X, mt.tensor([0, 1]), mt.ones(2)), RuntimeError, "3 classes"),
        (lambda: F.cross_entropy(X, mt.tensor([0, 1]), reduction="avg"), ValueError, "avg"),
        (lambda: F.cross_entropy(X, mt.tensor([0, 1]), label_smoothing=2), RuntimeError, "2"),
        (lambda: F.cross_entropy(X, [0, 1]), TypeError, "list"),
        (lambda: F.nll_loss(X, mt.tensor([0, 3])), IndexError, "Target 3"),
        (lambda: F.nll_loss(mt.zeros(3), mt.tensor([0, 1])), ValueError, r"\(C,\)"),
    ],
)
def test_classification_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()


# --- nll and mse ------------------------------------------------------------------------------


def test_nll_is_the_second_half_of_cross_entropy():
    x, t = scores(4, 3, 2), mt.tensor([[0, 1], [2, 2], [1, 0], [0, 0]])
    for options in ({}, {"reduction": "sum"}, {"ignore_index": 2}):
        a = F.nll_loss(F.log_softmax(x, 1), t, **options)
        assert a.item() == pytest.approx(F.cross_entropy(x, t, **options).item())


@given(st.integers(1, 5), st.integers(1, 4), st.data())
def test_the_common_case_of_nll_is_the_general_one(n, c, data):
    """A weight of one for every class takes the other way."""
    x = scores(n, c)
    t = mt.tensor(data.draw(st.lists(st.integers(0, c - 1), min_size=n, max_size=n)))
    found = []
    for weight in (None, mt.ones(c, dtype=mt.float64)):
        loss = F.nll_loss(x.sin(), t, weight)
        (first,) = mt.autograd.grad(loss, x, create_graph=True)
        (second,) = mt.autograd.grad(first.square().sum(), x, retain_graph=True)
        (plain,) = mt.autograd.grad(loss, x)
        found.append([a.detach().numpy() for a in (loss, plain, first, second)])
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


def test_an_ignored_target_forgives_minus_infinity():
    log_p = mt.tensor([[-math.inf, 0.0], [-1.0, -0.5]])
    assert F.nll_loss(log_p, mt.tensor([0, 1]), ignore_index=0).item() == 0.5


@given(st.lists(st.integers(0, 3), max_size=3), REDUCTIONS)
def test_mse(shape, reduction):
    a, b = scores(*shape), scores(*shape)
    squares = (a.detach().numpy() - b.detach().numpy()) ** 2
    if not squares.size and reduction == "mean":
        assert math.isnan(F.mse_loss(a, b).item())
        return
    expected = reduced(squares, np.ones(squares.shape), reduction)
    found = F.mse_loss(a, b, reduction=reduction)
    np.testing.assert_allclose(found.detach().numpy(), expected, atol=1e-12)
    found.sum().backward()
    np.testing.assert_allclose(a.grad.numpy(), -b.grad.numpy())


def test_mse_gradients_and_broadcasting():
    a, b = scores(3, 2), scores(3, 2)
    assert gradcheck(F.mse_loss, (a, b)) and gradgradcheck(F.mse_loss, (a, b))
    with pytest.warns(UserWarning, match="broadcast"):
        assert F.mse_loss(mt.zeros(3, 1), mt.ones(3)).item() == 1
    half = F.mse_loss(mt.full((4000,), 2.0, dtype=mt.float16), mt.zeros(4000, dtype=mt.float16))
    assert half.item() == 4 and half.dtype is mt.float16


# --- as modules -------------------------------------------------------------------------------


def test_modules():
    x, t = scores(4, 3), mt.tensor([0, 1, 2, 1])
    w = mt.tensor([1.0, 2.0, 3.0], dtype=mt.float64)
    loss = nn.CrossEntropyLoss(w, ignore_index=1, reduction="sum", label_smoothing=0.1)
    assert list(loss.state_dict()) == ["weight"] and loss.weight is w
    assert loss(x, t).item() == F.cross_entropy(
        x, t, w, ignore_index=1, reduction="sum", label_smoothing=0.1
    ).item()  # fmt: skip
    assert (
        nn.NLLLoss(reduction="none")(x, t).tolist() == F.nll_loss(x, t, reduction="none").tolist()
    )
    assert nn.MSELoss(reduction="sum")(x, x * 2).item() == pytest.approx((x * x).sum().item())
    assert repr(nn.MSELoss()) == "MSELoss()"
    with pytest.raises(ValueError, match="median"):
        nn.MSELoss(reduction="median")
    with pytest.warns(UserWarning, match="deprecated"):
        assert nn.MSELoss(size_average=False).reduction == "sum"
