"""Order, rank, distinct values, and places in sorted ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt

NAN = math.nan
few = settings(max_examples=40, deadline=None)


@st.composite
def arrays_and_dim(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=6))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    return draw(hnp.arrays(np.int64, shape, elements=st.integers(-3, 3))), dim


@few
@given(arrays_and_dim(), st.booleans())
def test_sorting_is_stable_both_ways(case, descending):
    x, dim = case
    values, indices = mt.sort(mt.tensor(x), dim, descending)
    key = -x if descending else x
    np.testing.assert_array_equal(indices.numpy(), np.argsort(key, dim, kind="stable"))
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, indices.numpy(), dim))


@few
@given(arrays_and_dim(), st.booleans(), st.data())
def test_topk_and_kthvalue_are_parts_of_the_sorted(case, largest, data):
    x, dim = case
    n = x.shape[dim]
    ordered = np.sort(x, dim)
    k = data.draw(st.integers(1, n))
    values, indices = mt.tensor(x).topk(k, dim, largest)
    np.testing.assert_array_equal(np.take_along_axis(x, indices.numpy(), dim), values.numpy())
    wanted = np.flip(ordered, dim) if largest else ordered
    np.testing.assert_array_equal(values.numpy(), np.take(wanted, np.arange(k), dim))
    kth = mt.tensor(x).kthvalue(k, dim)
    np.testing.assert_array_equal(kth.values.numpy(), np.take(ordered, k - 1, dim))
    median = mt.tensor(x).median(dim).values.numpy()
    np.testing.assert_array_equal(median, np.take(ordered, (n - 1) // 2, dim))


def test_topk_of_a_long_line():
    x = np.random.default_rng(0).permutation(5000)
    assert mt.tensor(x).topk(3).values.tolist() == [4999, 4998, 4997]
    assert mt.tensor(x).topk(2, largest=False).indices.tolist() == [
        int(np.flatnonzero(x == i)[0]) for i in range(2)
    ]


@few
@given(
    shape=st.sampled_from([(40, 64), (3000,), (7, 50, 9), (2, 2000)]),
    dtype=st.sampled_from([np.float32, np.float64, np.float16, np.int64, np.int32, np.uint8]),
    ties=st.booleans(), nans=st.booleans(), turned=st.booleans(), largest=st.booleans(),
    data=st.data(),
)  # fmt: skip
def test_many_elements_are_in_the_order_of_a_stable_sort(
    shape, dtype, ties, nans, turned, largest, data
):
    rng = np.random.default_rng(data.draw(st.integers(0, 9)))
    x = 9 * rng.standard_normal(shape)
    x = (np.round(x) if ties else x).astype(np.float32).astype(dtype)
    if nans and x.dtype.kind == "f":
        x.reshape(-1)[rng.integers(0, x.size, 5)] = NAN
    x = np.asfortranarray(x) if turned else x
    dim = data.draw(st.integers(0, x.ndim - 1))
    k = data.draw(st.integers(0, x.shape[dim]))
    order = np.argsort(np.flip(x, dim) if largest else x, dim, "stable")
    order = np.flip(x.shape[dim] - 1 - order, dim) if largest else order
    np.testing.assert_array_equal(mt.sort(mt.tensor(x), dim, largest).indices.numpy(), order)
    values, indices = mt.topk(mt.tensor(x), k, dim, largest)
    first = np.take(order, np.arange(k), dim)
    np.testing.assert_array_equal(indices.numpy(), first)
    np.testing.assert_array_equal(values.numpy(), np.take_along_axis(x, first, dim))


def test_topk_of_lines_of_which_one_has_a_nan_and_one_a_tie_at_the_border():
    x = np.tile(np.arange(1000.0), (2, 1))
    x[0, 7] = NAN
    x[1, 5] = 998.0
    indices = mt.tensor(x).topk(2).indices.tolist()
    assert indices == [[7, 999], [999, 5]]


def test_nan_is_larger_than_everything():
    x = mt.tensor([3.0, NAN, 1.0])
    assert x.sort().indices.tolist() == [2, 0, 1]
    assert x.sort(descending=True).indices.tolist() == [1, 0, 2]
    assert x.topk(2).indices.tolist() == [1, 0]
    assert math.isnan(x.median().item()) and x.median(0).indices.item() == 1
    assert x.nanmedian().item() == 1 and x.nanmedian(0).indices.item() == 2
    assert math.isnan(mt.tensor([NAN, NAN]).nanmedian().item())


@few
@given(arrays_and_dim())
def test_mode_is_the_smallest_of_the_most_frequent(case):
    x, dim = case
    values, indices = mt.tensor(x).mode(dim)
    for line, value, index in zip(
        np.moveaxis(x, dim, -1).reshape(-1, x.shape[dim]),
        values.numpy().reshape(-1),
        indices.numpy().reshape(-1),
    ):
        found, counts = np.unique(line, return_counts=True)
        assert value == found[np.argmax(counts)]
        assert index == np.flatnonzero(line == value)[-1]


def test_gradients_go_back_to_where_the_elements_came_from():
    for pick in (
        lambda x: x.sort(1).values,
        lambda x: x.sort(0, descending=True).values,
        lambda x: x.topk(2, 1).values,
        lambda x: x.kthvalue(2, 0).values,
        lambda x: x.median(1).values,
        lambda x: x.mode(1).values,
        mt.median,
        mt.msort,
    ):
        x = mt.tensor([[3.0, 1.0, 2.0], [6.0, 4.0, 5.0]], dtype=mt.float64, requires_grad=True)
        assert mt.autograd.gradcheck(pick, x)
        assert mt.autograd.gradgradcheck(lambda x, pick=pick: pick(x) ** 2, x)


def test_out_of_range():
    x = mt.ones(2, 3)
    for bad in (lambda: x.topk(4), lambda: x.kthvalue(0), lambda: x.kthvalue(4)):
        with pytest.raises(RuntimeError, match="out of range"):
            bad()
    for name in ("median", "mode", "nanmedian"):
        with pytest.raises(IndexError, match="size 0"):
            getattr(mt, name)(mt.ones(3, 0), 1)
    with pytest.raises(NotImplementedError):
        mt.sort(mt.tensor([1j]))


@few
@given(arrays_and_dim())
def test_unique_as_numpy(case):
    x, dim = case
    t = mt.tensor(x)
    got = mt.unique(t, return_inverse=True, return_counts=True)
    values, inverse, counts = np.unique(x, return_inverse=True, return_counts=True)
    for g, w in zip(got, (values, inverse.reshape(x.shape), counts)):
        np.testing.assert_array_equal(g.numpy(), w)
    slices, inverse = t.unique(return_inverse=True, dim=dim)
    np.testing.assert_array_equal(slices.numpy(), np.unique(x, axis=dim))
    np.testing.assert_array_equal(slices.index_select(dim, inverse).numpy(), x)


@few
@given(st.lists(st.integers(0, 2), min_size=1))
def test_unique_consecutive_undone_by_repetition(numbers):
    x = mt.tensor(numbers)
    values, inverse, counts = mt.unique_consecutive(x, return_inverse=True, return_counts=True)
    assert np.repeat(values.numpy(), counts.numpy()).tolist() == numbers
    assert values.numpy()[inverse.numpy()].tolist() == numbers
    assert (values.numpy()[1:] != values.numpy()[:-1]).all()


def test_unique_refuses_to_be_differentiated():
    x = mt.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises(NotImplementedError, match="no gradient"):
        x.unique().sum().backward()


@few
@given(st.lists(st.integers(0, 9)), st.lists(st.integers(0, 9)), st.booleans())
def test_searchsorted_and_bucketize(sequence, values, right):
    s, v = mt.tensor(sorted(sequence), dtype=mt.int64), mt.tensor(values, dtype=mt.int64)
    want = np.searchsorted(s.numpy(), v.numpy(), "right" if right else "left")
    assert mt.searchsorted(s, v, right=right).tolist() == want.tolist()
    assert mt.bucketize(v, s, right=right).tolist() == want.tolist()
    rows = mt.searchsorted(mt.stack([s, s]), mt.stack([v, v]), right=right)
    assert rows.tolist() == [want.tolist()] * 2


def test_searchsorted_errors_and_sorter():
    s = mt.tensor([3.0, 1.0, 2.0])
    assert mt.searchsorted(s, mt.tensor([2.5]), sorter=mt.tensor([1, 2, 0])).item() == 2
    assert mt.searchsorted(mt.sort(s).values, 2.0, out_int32=True).dtype == mt.int32
    for bad in (
        {"side": "up"},
        {"side": "left", "right": True},
        {"sorter": mt.tensor([0, 1])},
        {"sorter": mt.tensor([0, 1, 9])},
    ):
        with pytest.raises(RuntimeError):
            mt.searchsorted(s, s, **bad)


def test_isin():
    x = mt.tensor([[1, 2], [3, 4]])
    assert mt.isin(x, mt.tensor([2, 3])).tolist() == [[False, True], [True, False]]
    assert mt.isin(x, 2, invert=True).tolist() == [[True, False], [True, True]]
    assert mt.isin(2, x).item() is True
