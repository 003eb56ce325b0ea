"""Laws of the norms: kernel = reference, what they fix, and running statistics."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.numerics import tiles
from minitorch.ops import standardizing

F = nn.functional
few = settings(max_examples=15, deadline=None)


def numbers(shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def leaf(array):
    return mt.tensor(array, requires_grad=True)


def same_as_reference(op, arrays, settings, atol=1e-10):
    """The fused op and its reference: value and gradient, first and second."""
    found = []
    for function in (op, op.reference):
        leaves = [None if a is None else leaf(a) for a in arrays]
        given = [a for a in leaves if a is not None]
        out = function(*leaves, *settings)
        g = leaf(numbers(out.shape, 1))
        grads = mt.autograd.grad(out, given, g, retain_graph=True)
        deep = mt.autograd.grad(out, given, g, create_graph=True)
        second = mt.autograd.grad([(d * d).sum() for d in deep], given, allow_unused=True)
        found.append([out, *grads, *deep, *[s for s in second if s is not None]])
    for mine, textbook in zip(*found, strict=True):
        np.testing.assert_allclose(
            mine.detach().numpy(), textbook.detach().numpy(), rtol=1e-7, atol=atol
        )


affine = st.tuples(st.booleans(), st.booleans())


@few
@given(rows=st.integers(1, 4), inner=st.sampled_from([(3,), (2, 5), (40,)]), affine=affine)
def test_layer_norm_kernel_is_its_reference(rows, inner, affine):
    arrays = [numbers((rows, 2, *inner)), *[numbers(inner, 2) if a else None for a in affine]]
    dims = tuple(range(2, 2 + len(inner)))
    same_as_reference(standardizing.standardized_rows, arrays, (dims, 1e-5))
    same_as_reference(standardizing.scaled_rows, arrays[:2], (dims, 1e-5))


@few
@given(
    n=st.integers(2, 4), c=st.integers(1, 3), inner=st.sampled_from([(), (2,), (5, 8)]),
    affine=affine,
)  # fmt: skip
def test_batch_norm_kernel_is_its_reference(n, c, inner, affine):
    arrays = [numbers((n, c, *inner)), *[numbers((c,), 2) if a else None for a in affine]]
    same_as_reference(standardizing.standardized_channels, arrays, (1e-5, None), atol=1e-8)


@few
@given(
    n=st.integers(1, 3), groups=st.integers(1, 3), inner=st.sampled_from([(), (3,), (5, 8)]),
    affine=affine,
)  # fmt: skip
def test_group_norm_kernel_is_its_reference(n, groups, inner, affine):
    c = 2 * groups
    arrays = [numbers((n, c, *inner)), *[numbers((c,), 2) if a else None for a in affine]]
    same_as_reference(standardizing.standardized_groups, arrays, (groups, 1e-5))


@pytest.mark.parametrize("length", [1, 7, 33])
def test_blocks_do_not_show(monkeypatch, length):
    x = numbers((6, 5, length))
    whole = [
        F.layer_norm(mt.tensor(x), x.shape[2:]),
        F.batch_norm(mt.tensor(x), None, None, training=True),
        F.group_norm(mt.tensor(x), 1),
    ]
    monkeypatch.setattr(standardizing, "BLOCK", 4)
    monkeypatch.setattr(tiles, "LARGE", 1)
    blocks = [
        F.layer_norm(mt.tensor(x), x.shape[2:]),
        F.batch_norm(mt.tensor(x), None, None, training=True),
        F.group_norm(mt.tensor(x), 1),
    ]
    for a, b in zip(whole, blocks):
        np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-12)


def test_a_large_mean_costs_no_digits():
    x = numbers((64, 32)) + 1e3
    out = F.layer_norm(mt.tensor(x.astype(np.float32)), (32,)).numpy()
    exact = F.layer_norm(mt.tensor(x.astype(np.float32).astype(np.float64)), (32,)).numpy()
    np.testing.assert_allclose(out, exact, atol=3e-4)


@few
@given(groups=st.sampled_from([1, 2, 3, 6]))
def test_group_norm_lies_between_layer_and_instance_norm(groups):
    x = mt.tensor(numbers((2, 6, 5)))
    out = F.group_norm(x, groups)
    if groups == 1:
        assert mt.allclose(out, F.layer_norm(x, (6, 5)))
    if groups == 6:
        assert mt.allclose(out, F.instance_norm(x))
    means = out.reshape(2, groups, -1).mean(-1)
    assert mt.allclose(means, mt.zeros_like(means), atol=1e-12)


@pytest.mark.parametrize(
    "norm", [nn.LayerNorm(5), nn.RMSNorm(5), nn.GroupNorm(2, 4), nn.InstanceNorm1d(4)]
)
def test_a_batch_is_a_stack_of_singles(norm):
    x = mt.tensor(numbers((3, 4, 5), dtype=np.float32))
    singles = mt.cat([norm(x[i : i + 1]) for i in range(3)])
    assert mt.allclose(norm(x), singles, atol=1e-6)


def test_running_statistics_follow_the_batches():
    norm = nn.BatchNorm1d(3, momentum=0.5).double()
    x = numbers((10, 3))
    norm(mt.tensor(x))
    np.testing.assert_allclose(norm.running_mean.numpy(), x.mean(0) / 2)
    np.testing.assert_allclose(norm.running_var.numpy(), (1 + x.var(0, ddof=1)) / 2)
    before = norm.running_mean.clone()
    norm.eval()(mt.tensor(x))
    assert mt.equal(norm.running_mean, before)


def test_momentum_none_is_the_plain_average():
    norm = nn.BatchNorm1d(2, momentum=None).double()
    batches = numbers((4, 8, 2))
    for batch in batches:
        norm(mt.tensor(batch))
    np.testing.assert_allclose(norm.running_mean.numpy(), batches.mean((0, 1)))
    assert norm.num_batches_tracked.item() == 4


def test_batch_norm_in_evaluation_is_affine():
    norm = nn.BatchNorm2d(2).eval()
    x = mt.tensor(numbers((2, 2, 3, 3), dtype=np.float32))
    assert mt.allclose(norm(x), x, atol=1e-4)
    assert mt.allclose(norm(2 * x) - norm(x), norm(x), atol=1e-4)


def test_state_dict_round_trip_and_old_files():
    norm = nn.BatchNorm1d(2)
    norm(mt.tensor(numbers((5, 2), dtype=np.float32)))
    saved = norm.state_dict()
    assert list(saved) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    other = nn.BatchNorm1d(2)
    other.load_state_dict(saved)
    assert all(
        mt.equal(a, b) for a, b in zip(norm.state_dict().values(), other.state_dict().values())
    )
    old = {k: v for k, v in saved.items() if k != "num_batches_tracked"}
    other.load_state_dict(old)  # written before there was a counter


def test_refusals():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        nn.BatchNorm1d(3)(mt.ones(1, 3))
    with pytest.raises(ValueError, match="4D"):
        nn.BatchNorm2d(3)(mt.ones(2, 3))
    with pytest.raises(RuntimeError, match="channels"):
        nn.BatchNorm2d(3)(mt.ones(2, 4, 2, 2))
    with pytest.raises(RuntimeError, match="normalized_shape"):
        nn.LayerNorm(3)(mt.ones(2, 4))
    with pytest.raises(ValueError, match="divisible"):
        nn.GroupNorm(2, 3)


def test_an_empty_batch():
    assert nn.BatchNorm2d(3)(mt.ones(0, 3, 2, 2)).shape == (0, 3, 2, 2)
    assert nn.LayerNorm(3)(mt.ones(0, 3)).shape == (0, 3)
    assert nn.GroupNorm(2, 4)(mt.ones(0, 4, 3)).shape == (0, 4, 3)


@few
@given(p=st.sampled_from([1.0, 2.0, 3.0]))
def test_normalize_brings_to_length_one(p):
    x = F.normalize(mt.tensor(numbers((3, 4))), p)
    lengths = (x.abs() ** p).sum(1) ** (1 / p)
    assert mt.allclose(lengths, mt.ones_like(lengths))


@pytest.mark.parametrize("norm", ["layer_norm", "rms_norm", "group_norm", "batch_norm"])
def test_gradients_of_half_precision_to_be_differentiated_again_are_those_that_are_not(norm):
    x = (mt.arange(32.0).reshape(8, 4) * 0.001).half().requires_grad_()  # var ** -1.5 is past half
    out = {
        "layer_norm": lambda: F.layer_norm(x, (4,)),
        "rms_norm": lambda: F.rms_norm(x, (4,)),
        "group_norm": lambda: F.group_norm(x, 2),
        "batch_norm": lambda: F.batch_norm(x, None, None, training=True),
    }[norm]()
    weights = mt.linspace(0, 1, 32).reshape(8, 4).half().flip(0)
    (plain,) = mt.autograd.grad(out, x, weights, retain_graph=True)
    (again,) = mt.autograd.grad(out, x, weights, create_graph=True)
    assert again.requires_grad
    slack = 0.01 * plain.abs().max().item()  # terms of opposite signs, each rounded to half
    np.testing.assert_allclose(again.detach().numpy(), plain.numpy(), rtol=0, atol=slack)
