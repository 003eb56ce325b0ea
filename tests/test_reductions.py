"""Reductions: any dims as NumPy, dtypes and errors as PyTorch, gradients at the awkward places."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt
from minitorch.numerics.adding import add_up

NAN, INF = math.nan, math.inf
few = settings(max_examples=40, deadline=None)
NUMPY = {
    "sum": np.sum,
    "mean": np.mean,
    "prod": np.prod,
    "amax": np.max,
    "amin": np.min,
    "all": np.all,
    "any": np.any,
    "logsumexp": lambda x, axis, keepdims: np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims)),
}


def leaf(values):
    return mt.tensor(values, dtype=mt.float64, requires_grad=True)


def slopes(function, values, order=1):
    """The gradient (of order 2: of its squared sum) of ``function(x).sum()``."""
    x = leaf(values)
    (grad,) = mt.autograd.grad(function(x).sum(), x, create_graph=order > 1)
    if order > 1:
        (grad,) = mt.autograd.grad((grad * grad).sum(), x)
    return grad.tolist()


@st.composite
def arrays_and_dims(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=4, max_side=4))
    x = draw(hnp.arrays(np.float64, shape, elements=st.floats(-2, 2)))
    dims = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
    signed = tuple(draw(st.sampled_from([d, d - len(shape)])) for d in dims)
    return x, signed, draw(st.booleans())


@pytest.mark.parametrize("name", NUMPY)
@few
@given(arrays_and_dims())
def test_over_any_dims_as_numpy(name, case):
    x, dims, keepdim = case
    if name == "prod":  # one dimension at a time
        dims = dims[:1]
    op = getattr(mt, name)
    got = op(mt.tensor(x), dims[0] if len(dims) == 1 else dims, keepdim)
    want = NUMPY[name](x, axis=dims, keepdims=keepdim)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-12, atol=1e-12)


@few
@given(arrays_and_dims())
def test_numpy_names_and_numpy_functions(case):
    x, dims, keepdim = case
    t = mt.tensor(x)
    want = np.sum(x, axis=dims, keepdims=keepdim)
    for got in (t.sum(axis=dims, keepdims=keepdim), np.sum(t, axis=dims, keepdims=keepdim)):
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-12, atol=1e-12)
    assert t.amax(axis=dims, keepdims=keepdim).shape == want.shape
    assert np.std(t).item() == pytest.approx(np.std(x), abs=1e-12)


def test_no_dims_mean_all_except_in_all_and_any():
    x = mt.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert x.sum(()).item() == x.sum([]).item() == x.sum(None).item() == 10
    assert x.amax(()).item() == 4
    assert x.all(()).shape == x.any(()).shape == (2, 2)


def test_result_dtypes():
    for kind in (mt.bool, mt.uint8, mt.int8, mt.int32):
        x = mt.tensor([1, 1, 1], dtype=kind)
        assert x.sum().dtype == x.prod().dtype == x.cumsum(0).dtype == mt.int64
        assert x.amax().dtype == x.max(0).values.dtype == kind
        assert x.argmax().dtype == mt.int64 if kind is not mt.bool else True
        assert x.logsumexp(0).dtype == mt.float32
        with pytest.raises(RuntimeError, match="floating"):
            x.mean()
    assert mt.tensor([3, 4], dtype=mt.uint8).all().dtype == mt.uint8
    assert mt.tensor([1.5, 2.5]).sum(dtype=mt.int32).item() == 3
    assert mt.tensor([1, 2]).mean(dtype=mt.float64).dtype == mt.float64


def test_halves_are_added_in_single_precision():
    x = mt.full((10_000,), 0.1, dtype=mt.float16)
    assert x.sum().dtype == mt.float16
    assert x.sum().item() == pytest.approx(1000, rel=1e-3)
    assert x.mean().item() == pytest.approx(0.1, rel=1e-3)
    assert mt.full((300,), 300.0, dtype=mt.float16).mean().item() == 300  # the sum would be inf


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("shape", "dims"),
    [((100_003,), None), ((7, 20_001), 1), ((50, 40, 30), (1, 2)), ((9000, 3), 1), ((3, 9000), 0),
     ((20, 30, 40), (0, 2)), ((8192,), 0), ((2, 4096 * 3), (1,))],
)  # fmt: skip
def test_sums_of_many_numbers_are_exact_to_rounding(dtype, shape, dims):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape).astype(dtype)
    y = rng.standard_normal(shape).astype(dtype)
    eps = np.finfo(dtype).eps
    for times in (None, y):
        terms = x.astype(np.longdouble) * (1 if times is None else y)
        bound = 4 * eps * np.sum(abs(terms), dims, keepdims=True)
        got = add_up(x, dims, True, times)
        assert got.dtype == dtype
        assert (abs(got - np.sum(terms, dims, keepdims=True)) <= bound).all()
        assert np.array_equal(add_up(x, dims, False, times), np.squeeze(got, dims))


def test_empty_tensors():
    x = mt.zeros(0, 3)
    assert x.sum(0).tolist() == [0, 0, 0]
    assert x.prod(0).tolist() == [1, 1, 1]
    assert all(math.isnan(v) for v in x.mean(0).tolist())
    assert x.logsumexp(0).tolist() == [-INF] * 3
    assert x.all().item() is True
    assert x.amax(1).shape == (0,)
    for name in ("amax", "amin", "max", "min", "argmax", "aminmax"):
        with pytest.raises((RuntimeError, IndexError)):
            getattr(mt, name)(x)
        with pytest.raises(IndexError, match="size 0"):
            getattr(mt, name)(x, dim=0)


def test_bad_arguments_raise_what_pytorch_raises():
    x = mt.ones(2, 3)
    with pytest.raises(IndexError, match="out of range"):
        x.sum(2)
    with pytest.raises(RuntimeError, match="more than once"):
        x.sum((0, 0))
    with pytest.raises(TypeError):
        x.sum(1.5)
    with pytest.raises(TypeError, match="needs a Tensor"):
        mt.sum([1, 2])
    with pytest.raises(NotImplementedError):
        mt.tensor([1j]).amax()


def test_equal_extremes_share_the_gradient_except_along_a_dim():
    values = [1.0, 3.0, 3.0, 2.0]
    for op in (mt.amax, mt.max, lambda x: mt.amax(x, 0), lambda x: mt.aminmax(x).max):
        assert slopes(op, values) == [0, 0.5, 0.5, 0]
    assert slopes(lambda x: mt.max(x, 0).values, values) == [0, 1, 0, 0]
    assert slopes(lambda x: mt.min(x, 0).values, [2.0, 1.0, 1.0]) == [0, 1, 0]
    assert slopes(mt.median, [1.0, 2.0, 2.0, 2.0, 3.0]) == pytest.approx(
        [0, 1 / 3, 1 / 3, 1 / 3, 0]
    )


def test_nan_is_the_largest_and_the_smallest():
    x = mt.tensor([1.0, NAN, 5.0])
    assert x.max(0).indices.item() == x.min(0).indices.item() == x.argmax().item() == 1
    assert math.isnan(x.amax().item())
    assert slopes(mt.max, [1.0, NAN, NAN]) == [0, 0.5, 0.5]


@pytest.mark.parametrize("zeros", [(), (1,), (0, 3), (0, 1, 2, 3)])
def test_prod_is_differentiated_where_it_is_zero(zeros):
    values = [2.0, -3.0, 0.5, 4.0]
    for i in zeros:
        values[i] = 0.0
    others = [math.prod(values[:i] + values[i + 1 :]) for i in range(4)]
    assert slopes(mt.prod, values) == pytest.approx(others)
    pairs = [
        [0 if i == j else math.prod(v for k, v in enumerate(values) if k not in (i, j))
         for j in range(4)] for i in range(4)
    ]  # fmt: skip
    x = leaf(values)
    np.testing.assert_allclose(mt.autograd.functional.hessian(mt.prod, x).numpy(), pairs)
    both = leaf([values, values])
    both.prod(1).sum().backward()
    np.testing.assert_allclose(both.grad.numpy(), [others, others])


def test_logsumexp_of_infinities():
    assert mt.logsumexp(mt.tensor([-INF, -INF]), 0).item() == -INF
    assert mt.logsumexp(mt.tensor([INF, 1.0]), 0).item() == INF
    got = slopes(lambda x: mt.logsumexp(x, 0), [1000.0, 1000.0, -INF])
    assert got == pytest.approx([0.5, 0.5, 0])


def test_nansum_and_nanmean_leave_nan_out():
    values = [[1.0, NAN], [3.0, 4.0]]
    assert mt.nansum(mt.tensor(values)).item() == 8
    assert mt.nanmean(mt.tensor(values), 0).tolist() == [2, 4]
    assert slopes(mt.nansum, values) == [[1, 0], [1, 1]]
    assert slopes(lambda x: mt.nanmean(x, 1), values) == [[1, 0], [0.5, 0.5]]


def test_out_and_named_results():
    x = mt.tensor([[1.0, 5.0], [7.0, 2.0]])
    out = mt.empty(2)
    assert mt.amax(x, 1, out=out) is out
    assert out.tolist() == [5, 7]
    values, indices = mt.empty(2), mt.empty(2, dtype=mt.int64)
    mt.max(x, 0, out=(values, indices))
    assert values.tolist() == [7, 5] and indices.tolist() == [1, 0]
    result = x.max(1)
    assert repr(result) == (
        "minitorch.return_types.max(\nvalues=tensor([5., 7.]),\nindices=tensor([1, 0]))"
    )
    again = pickle.loads(pickle.dumps(result))
    assert type(again) is type(result) and again.indices.tolist() == [1, 0]


def test_two_tensors_meet_element_by_element():
    a, b = mt.tensor([1, 5]), mt.tensor([3, 2])
    assert mt.max(a, b).tolist() == [3, 5]
    assert a.min(b).tolist() == [1, 2]
