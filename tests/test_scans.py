"""Running sums, products and extremes, and differences."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt

NAN, INF = math.nan, math.inf
few = settings(max_examples=30, deadline=None)


def leaf(values):
    return mt.tensor(values, dtype=mt.float64, requires_grad=True)


@st.composite
def arrays_and_dim(draw, elements):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=5))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    return draw(hnp.arrays(np.float64, shape, elements=elements)), dim


@few
@given(arrays_and_dim(st.floats(-3, 3)))
def test_as_numpy(case):
    x, dim = case
    t = mt.tensor(x)
    np.testing.assert_allclose(t.cumsum(dim).numpy(), np.cumsum(x, dim), atol=1e-12)
    np.testing.assert_allclose(t.cumprod(dim).numpy(), np.cumprod(x, dim), atol=1e-12)
    np.testing.assert_allclose(t.diff(dim=dim).numpy(), np.diff(x, axis=dim))
    np.testing.assert_array_equal(t.cummax(dim).values.numpy(), np.maximum.accumulate(x, dim))
    np.testing.assert_allclose(
        t.logcumsumexp(dim).numpy(), np.log(np.cumsum(np.exp(x), dim)), atol=1e-12
    )
    if x.shape[dim] > 1:
        for edge_order in (1, 2):
            if x.shape[dim] > edge_order:
                (got,) = mt.gradient(t, dim=dim, spacing=0.5, edge_order=edge_order)
                want = np.gradient(x, 0.5, axis=dim, edge_order=edge_order)
                np.testing.assert_allclose(got.numpy(), want, atol=1e-12)
    np.testing.assert_allclose(
        mt.trapezoid(t, dx=0.5, dim=dim).numpy(), np.trapezoid(x, dx=0.5, axis=dim), atol=1e-12
    )


@few
@given(arrays_and_dim(st.sampled_from([0.0, 0.0, 1.0, -2.0, 0.5])))
def test_cumprod_is_differentiated_through_zeros(case):
    x, dim = case
    assert mt.autograd.gradcheck(lambda t: t.cumprod(dim), leaf(x))
    assert mt.autograd.gradgradcheck(lambda t: t.cumprod(dim), leaf(x))


@few
@given(arrays_and_dim(st.integers(-2, 2).map(float)))
def test_indices_of_running_extremes_point_at_the_last_of_equals(case):
    x, dim = case
    values, indices = mt.tensor(x).cummin(dim)
    np.testing.assert_array_equal(np.take_along_axis(x, indices.numpy(), dim), values.numpy())
    lines, places = np.moveaxis(x, dim, 0), np.moveaxis(indices.numpy(), dim, 0)
    for i in range(len(lines)):
        equal = (lines[: i + 1] == lines[: i + 1].min(0)) * np.arange(i + 1).reshape(
            (-1,) + (1,) * (x.ndim - 1)
        )
        np.testing.assert_array_equal(places[i], equal.max(0))


def test_many_lines_and_long_lines():
    rng = np.random.default_rng(0)
    shapes = (200, 300), (20, 1500), (1500, 20), (50_000,), (4, 5000)
    for shape, dim in [(s, d) for s in shapes for d in range(len(s))]:
        x = rng.standard_normal(shape).astype(np.float32)
        got = mt.tensor(x).cumsum(dim)
        assert got.dtype == mt.float32 and got.is_contiguous()
        np.testing.assert_allclose(got.numpy(), np.cumsum(x.astype(float), dim), atol=2e-4)
        backwards = mt.tensor(x, requires_grad=True)
        backwards.cumsum(dim).sum().backward()
        steps = np.arange(shape[dim], 0, -1.0)
        want = np.broadcast_to(steps if dim == len(shape) - 1 else steps[:, None], shape)
        np.testing.assert_allclose(backwards.grad.numpy(), want)


def test_nan_stays_and_is_found():
    values, indices = mt.tensor([1.0, NAN, 2.0, NAN, 3.0]).cummax(0)
    assert indices.tolist() == [0, 1, 1, 3, 3]
    assert [math.isnan(v) for v in values.tolist()] == [False, True, True, True, True]


def test_logcumsumexp_of_infinities_and_of_large_numbers():
    x = mt.tensor([-INF, -INF, 1000.0, 1000.0], requires_grad=True)
    out = x.logcumsumexp(0)
    np.testing.assert_allclose(out.tolist(), [-INF, -INF, 1000, 1000 + math.log(2)])
    assert mt.tensor([1.0, INF, 2.0]).logcumsumexp(0).tolist() == [1, INF, INF]
    y = leaf([900.0, 1.0, 2.0])
    y.logcumsumexp(0)[2].backward()
    np.testing.assert_allclose(y.grad.tolist(), [1, 0, 0], atol=1e-300)


def test_numbers_and_empty_lines():
    assert mt.tensor(3.0).cumsum(0).item() == mt.tensor(3.0).cumprod(-1).item() == 3
    assert mt.tensor(3.0).cummax(0).indices.item() == 0
    assert mt.zeros(0, 2).cumsum(0).shape == (0, 2)
    with pytest.raises(IndexError):
        mt.tensor(3.0).cumsum(1)


def test_in_place_and_dtypes():
    x = mt.tensor([1, 2, 3], dtype=mt.int32)
    assert x.cumsum(0).dtype == mt.int64
    assert x.cumsum_(0).dtype == mt.int32 and x.tolist() == [1, 3, 6]
    assert mt.tensor([1.5, 1.5]).cumsum(0, dtype=mt.int64).tolist() == [1, 2]
    y = leaf([2.0, 3.0])
    z = y * 1
    z.cumprod_(0)
    z.sum().backward()
    assert y.grad.tolist() == [4, 2]


def test_differences():
    assert mt.diff(mt.tensor([True, False, False])).tolist() == [True, False]
    x = mt.tensor([1.0, 4.0, 9.0])
    assert x.diff(prepend=mt.zeros(1), append=mt.zeros(1)).tolist() == [1, 3, 5, -9]
    assert x.diff(2).tolist() == [2]
    assert x.diff(9).shape == (0,)
    for bad in (lambda: mt.diff(mt.tensor(1.0)), lambda: x.diff(-1), lambda: x.diff(append=x[0])):
        with pytest.raises(RuntimeError):
            bad()


def test_gradient_at_uneven_points():
    at = np.array([0.0, 1.0, 3.0, 4.0])
    y = at**2
    for edge_order in (1, 2):
        (got,) = mt.gradient(mt.tensor(y), spacing=[mt.tensor(at)], edge_order=edge_order)
        np.testing.assert_allclose(got.numpy(), np.gradient(y, at, edge_order=edge_order))
    with pytest.raises(RuntimeError, match="coordinates"):
        mt.gradient(mt.tensor(y), spacing=[mt.tensor(at[:3])])


def test_areas():
    y = mt.tensor([1.0, 5.0, 10.0])
    assert mt.trapezoid(y, mt.tensor([0.0, 1.0, 3.0])).item() == 18
    assert mt.cumulative_trapezoid(y, mt.tensor([0.0, 1.0, 3.0])).tolist() == [3, 18]
    assert mt.trapezoid(mt.tensor([1, 2])).dtype == mt.float32
    with pytest.raises(RuntimeError, match="points"):
        mt.trapezoid(y, mt.tensor([0.0, 1.0]))


def test_what_comes_before_infinity_has_its_gradient():
    x = mt.tensor([0.0, math.inf, 1.0, 2.0], requires_grad=True)
    x.logcumsumexp(0).sum().backward()
    assert x.grad[0].item() == 1.0 and x.grad[2:].tolist() == [0.0, 0.0]
