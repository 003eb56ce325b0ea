"""Laws of tables: embeddings, bags and one-hot rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.numerics.adding import add_to_rows

F = nn.functional
few = settings(max_examples=25, deadline=None)
numbers = st.lists(st.integers(0, 5), min_size=1, max_size=12)


def table(rows=6, width=3):
    return mt.tensor(np.random.default_rng(0).standard_normal((rows, width)), requires_grad=True)


@few
@given(
    rows=numbers, width=st.sampled_from([0, 1, 2, 3, 200]),
    dtype=st.sampled_from([np.float32, np.float64, np.complex64, np.int64]), special=st.booleans(),
)  # fmt: skip
def test_rows_are_added_where_they_came_from(rows, width, dtype, special):
    rows = np.array(rows)
    values = (9 * np.random.default_rng(0).standard_normal((len(rows), width))).astype(dtype)
    if special and dtype != np.int64:
        values[:1, :1], values[-1:, -1:] = np.inf, np.nan
    out, expected = np.zeros((6, width), dtype), np.zeros((6, width), dtype)
    add_to_rows(out, rows, values)
    for row, value in zip(rows, values):
        expected[row] += value
    np.testing.assert_array_equal(out, expected)


@few
@given(rows=numbers)
def test_embedding_is_a_product_with_one_hot_rows(rows):
    weight, index = table(), mt.tensor(rows)
    out = F.embedding(index, weight)
    product = F.one_hot(index, 6).double() @ weight
    assert mt.allclose(out, product)
    g = mt.tensor(np.random.default_rng(1).standard_normal(out.shape))
    (a,), (b,) = [mt.autograd.grad(o, weight, g) for o in (out, product)]
    assert mt.allclose(a, b)


@few
@given(rows=numbers, padding=st.integers(-6, 5))
def test_the_padding_row_gets_no_gradient(rows, padding):
    weight = table()
    F.embedding(mt.tensor(rows), weight, padding).sum().backward()
    assert not weight.grad[padding].any()
    counts = np.bincount(rows, minlength=6)
    counts[padding] = 0
    np.testing.assert_array_equal(weight.grad.numpy()[:, 0], counts)


def test_scale_grad_by_freq_and_max_norm():
    weight = table()
    F.embedding(mt.tensor([1, 1, 2]), weight, scale_grad_by_freq=True).sum().backward()
    np.testing.assert_allclose(weight.grad.numpy()[:, 0], [0, 1, 1, 0, 0, 0])
    layer = nn.Embedding(4, 3, max_norm=0.5)
    out = layer(mt.tensor([0, 2]))
    assert (out.norm(dim=1) <= 0.5 + 1e-6).all()
    assert mt.equal(out, layer.weight[[0, 2]])  # shortened in place


@few
@given(
    rows=numbers,
    cuts=st.lists(st.integers(0, 12), max_size=3),
    mode=st.sampled_from(["sum", "mean", "max"]),
)
def test_a_bag_is_a_reduction_of_its_rows(rows, cuts, mode):
    weight = table()
    starts = [0, *sorted(min(c, len(rows)) for c in cuts)]
    out = F.embedding_bag(mt.tensor(rows), weight, mt.tensor(starts), mode=mode)
    reduce = {"sum": mt.sum, "mean": mt.mean, "max": mt.amax}[mode]
    for bag, a, b in zip(out, starts, [*starts[1:], len(rows)]):
        picked = weight[rows[a:b]] if b > a else mt.zeros(1, 3, dtype=mt.float64)
        assert mt.allclose(bag, reduce(picked, 0))


def test_sample_weights_and_a_batch_of_bags():
    weight, index = table(), mt.tensor([[0, 1], [2, 2]])
    samples = mt.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=mt.float64, requires_grad=True)
    out = F.embedding_bag(index, weight, mode="sum", per_sample_weights=samples)
    assert mt.allclose(out[1], 7 * weight[2])
    out.sum().backward()
    assert mt.allclose(samples.grad, weight[index].sum(-1))


def test_layers():
    layer = nn.Embedding(5, 2, padding_idx=-1)
    assert layer.padding_idx == 4 and not layer.weight[4].any()
    other = nn.Embedding(5, 2)
    other.load_state_dict(layer.state_dict())
    assert mt.equal(other.weight, layer.weight)
    frozen = nn.Embedding.from_pretrained(layer.weight.detach())
    assert not frozen.weight.requires_grad
    assert nn.EmbeddingBag(5, 2)(mt.ones(3, 2, dtype=mt.int64)).shape == (3, 2)
    assert layer(mt.ones(0, 3, dtype=mt.int64)).shape == (0, 3, 2)


def test_refusals():
    with pytest.raises(IndexError, match="out of range"):
        F.embedding(mt.tensor([6]), table())
    with pytest.raises(RuntimeError, match="int64"):
        F.embedding(mt.tensor([1.0]), table())
    with pytest.raises(ValueError, match="offsets"):
        F.embedding_bag(mt.tensor([1]), table())
    with pytest.raises(RuntimeError, match="non-negative"):
        F.one_hot(mt.tensor([-1]))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_empty_bags_have_a_gradient_of_zeros(mode):
    weight = table().requires_grad_()
    F.embedding_bag(mt.tensor([[1], [1]]), weight, mode=mode, padding_idx=1).sum().backward()
    assert not weight.grad.any()
