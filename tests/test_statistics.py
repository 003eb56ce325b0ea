"""Variance, covariance, quantiles, counts, norms and distances."""

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
matrices = hnp.arrays(
    np.float64, hnp.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=6),
    elements=st.floats(-3, 3),
)  # fmt: skip


def leaf(values):
    return mt.tensor(values, dtype=mt.float64, requires_grad=True)


@few
@given(matrices, st.sampled_from([None, 0, 1, (0, 1), -1]), st.integers(0, 1), st.booleans())
def test_var_and_std_as_numpy(x, dim, correction, keepdim):
    kw = {"axis": dim, "ddof": correction, "keepdims": keepdim}
    t = mt.tensor(x)
    var, mean = mt.var_mean(t, dim, correction=correction, keepdim=keepdim)
    np.testing.assert_allclose(var.numpy(), np.var(x, **kw), atol=1e-12)
    np.testing.assert_allclose(mean.numpy(), np.mean(x, axis=dim, keepdims=keepdim), atol=1e-12)
    std = mt.std(t, dim, bool(correction), keepdim)
    np.testing.assert_allclose(std.numpy(), np.std(x, **kw), atol=1e-12)


def test_var_of_one_element_and_of_equal_ones():
    assert math.isnan(mt.var(mt.tensor([3.0])).item())
    assert mt.var(mt.tensor([3.0]), unbiased=False).item() == 0
    assert mt.var(mt.tensor([1.0, 2.0]), False).item() == 0.25  # the second argument may be that
    x = leaf([2.0, 2.0, 2.0])
    x.std().backward()
    assert x.grad.tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match="floating"):
        mt.tensor([1, 2]).var()


@few
@given(matrices)
def test_cov_and_corrcoef_as_numpy(x):
    rng = np.random.default_rng(0)
    f, a = rng.integers(1, 4, x.shape[1]), rng.random(x.shape[1]) + 0.1
    t = mt.tensor(x)
    np.testing.assert_allclose(mt.cov(t).numpy(), np.cov(x), atol=1e-10)
    got = mt.cov(t, correction=0, fweights=mt.tensor(f), aweights=mt.tensor(a))
    np.testing.assert_allclose(got.numpy(), np.cov(x, ddof=0, fweights=f, aweights=a), atol=1e-10)
    if (np.std(x, 1) > 1e-3).all():
        np.testing.assert_allclose(mt.corrcoef(t).numpy(), np.corrcoef(x), atol=1e-9)


@few
@given(
    matrices,
    st.lists(st.floats(0, 1), min_size=1, max_size=3),
    st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest"]),
    st.sampled_from([None, 0, -1]),
)
def test_quantiles_as_numpy(x, q, interpolation, dim):
    got = mt.quantile(
        mt.tensor(x), mt.tensor(q, dtype=mt.float64), dim, interpolation=interpolation
    )
    want = np.quantile(x, q, axis=dim, method=interpolation)
    np.testing.assert_allclose(got.numpy(), want, atol=1e-9)
    one = mt.quantile(mt.tensor(x), q[0], dim, True, interpolation=interpolation)
    assert one.shape == np.sum(x, axis=dim, keepdims=True).shape


def test_quantiles_and_nan():
    x = mt.tensor([[1.0, NAN, 3.0], [1.0, 2.0, 4.0]])
    assert math.isnan(mt.quantile(x, 0.5).item())
    np.testing.assert_array_equal(mt.quantile(x, 0.5, 1).numpy(), [NAN, 2])
    assert mt.nanquantile(x, 0.5, 1).tolist() == [2, 2]
    y = leaf([4.0, 1.0, 2.0])
    y.quantile(0.75).backward()
    assert y.grad.tolist() == [0.5, 0, 0.5]
    for bad in (lambda: mt.quantile(x, 1.5), lambda: mt.quantile(mt.tensor([1, 2]), 0.5),
                lambda: mt.quantile(mt.zeros(0), 0.5), lambda: mt.quantile(x, x)):  # fmt: skip
        with pytest.raises(RuntimeError):
            bad()


@few
@given(st.lists(st.floats(-4, 4, width=32), min_size=1), st.integers(1, 7))
def test_every_element_in_range_is_counted_once(values, bins):
    x = mt.tensor(values)
    assert mt.histc(x, bins, -4, 4).sum().item() == len(values)
    hist, edges = mt.histogram(x, bins)
    assert hist.sum().item() == len(values) and edges.shape == (bins + 1,)
    hist, edges = mt.histogram(x, bins, range=(-5.0, 5.0), density=True)
    assert (hist * edges.diff()).sum().item() == pytest.approx(1, abs=1e-5)


def test_counts():
    assert mt.bincount(mt.tensor([1, 1, 3]), minlength=6).tolist() == [0, 2, 0, 1, 0, 0]
    assert mt.bincount(mt.tensor([0, 2]), mt.tensor([0.5, 2.0])).tolist() == [0.5, 0, 2]
    assert mt.histc(mt.tensor([1.0, 1.0]), 3).tolist() == [0, 2, 0]
    edges = mt.tensor([0.0, 1.0, 5.0])
    assert mt.histogram(mt.tensor([0.5, 1.0, 5.0, 9.0]), edges).hist.tolist() == [1, 2]
    for bad in (
        lambda: mt.bincount(mt.tensor([-1])),
        lambda: mt.bincount(mt.tensor([[1]])),
        lambda: mt.bincount(mt.tensor([1.0])),
        lambda: mt.histc(mt.tensor([1.0]), 0),
        lambda: mt.histc(mt.tensor([1.0, NAN])),
        lambda: mt.histogram(mt.tensor([1.0]), 2, range=(2.0, 1.0)),
    ):
        with pytest.raises(RuntimeError):
            bad()


ORDERS = [0, 0.5, 1, 1.5, 2, 3, INF, -INF, -1]


@pytest.mark.parametrize("p", ORDERS)
@few
@given(matrices)
def test_norms_as_numpy(p, x):
    t = mt.tensor(x)
    got = mt.linalg.vector_norm(t, p, 1)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(got.numpy(), np.linalg.norm(x, p, 1), rtol=1e-9, atol=1e-12)
    assert mt.norm(t, p, 1, True).shape == (x.shape[0], 1)
    if p in (1, 2, INF, -INF):
        got = mt.linalg.matrix_norm(t, p)
        assert got.item() == pytest.approx(np.linalg.norm(x, p), abs=1e-9)


@pytest.mark.parametrize("p", ORDERS)
def test_no_norm_has_a_slope_at_zero(p):
    x = leaf([0.0, 0.0, 0.0])
    (grad,) = mt.autograd.grad(mt.norm(x, p), x, allow_unused=True, create_graph=True)
    if p == 0:
        assert grad is None
        return
    assert grad.tolist() == [0, 0, 0]
    if p == 2:
        (second,) = mt.autograd.grad(grad.sum(), x)
        assert second.tolist() == [0, 0, 0]


@pytest.mark.parametrize("p", [1, 1.5, 2, 3, INF, -INF, -1])
def test_norms_are_differentiated_also_for_complex(p):
    x = leaf([[1.0, -2.0], [0.5, 3.0]])
    z = mt.tensor([1 + 2j, -0.5 + 1j], dtype=mt.complex128, requires_grad=True)
    for y in (x, z):
        assert mt.autograd.gradcheck(lambda y: mt.norm(y, p), y)
        assert mt.autograd.gradgradcheck(lambda y: mt.norm(y, p, 0), y)


def test_zeros_beside_others_have_no_slope_either():
    for p in (0.5, 1.5, 3):
        x = leaf([0.0, 2.0])
        mt.norm(x, p).backward()
        assert x.grad.tolist() == pytest.approx([0, 1])


def test_norm_errors():
    with pytest.raises(RuntimeError, match="floating"):
        mt.norm(mt.tensor([1, 2]))
    with pytest.raises(RuntimeError, match="nothing"):
        mt.linalg.vector_norm(mt.zeros(0), INF)
    assert mt.norm(mt.zeros(0)).item() == 0
    with pytest.raises(RuntimeError, match="order"):
        mt.linalg.matrix_norm(mt.eye(2), 3)
    with pytest.raises(RuntimeError, match="hold"):
        mt.linalg.vector_norm(mt.zeros(2, dtype=mt.float64), dtype=mt.float32)


@few
@given(matrices, st.sampled_from([0.0, 1.0, 2.0, 3.0, INF]))
def test_cdist_is_the_norm_of_all_differences(x, p):
    got = mt.cdist(mt.tensor(x), mt.tensor(x[::-1].copy()), p)
    want = [[np.linalg.norm(a - b, p) for b in x[::-1]] for a in x]
    np.testing.assert_allclose(got.numpy(), want, atol=1e-9)


def test_cdist_by_matrix_product():
    rng = np.random.default_rng(0)
    a, b = leaf(rng.standard_normal((3, 4))), leaf(rng.standard_normal((5, 4)))
    fast = mt.cdist(a, b, compute_mode="use_mm_for_euclid_dist")
    np.testing.assert_allclose(fast.detach().numpy(), mt.cdist(a, b).detach().numpy(), atol=1e-12)
    assert mt.autograd.gradcheck(
        lambda a, b: mt.cdist(a, b, compute_mode="use_mm_for_euclid_dist"), (a, b)
    )
    many = mt.cdist(mt.ones(30, 2), mt.ones(30, 2))
    assert many.abs().max().item() == 0


def test_renorm_and_dist():
    x = mt.tensor([[3.0, 4.0], [0.3, 0.4]])
    np.testing.assert_allclose(mt.renorm(x, 2, 0, 1.0).numpy(), [[0.6, 0.8], [0.3, 0.4]], rtol=1e-6)
    assert mt.dist(x[0], x[1] * 0, 1).item() == 7
    for bad in ((-1, 0, 1.0), (2, 0, -1.0)):
        with pytest.raises(RuntimeError):
            mt.renorm(x, *bad)
