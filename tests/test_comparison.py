"""Comparisons, logic, bits and choices; values checked by hand."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt

INF, NAN = math.inf, math.nan
bytes_ = st.integers(0, 255)


def t(*values, dtype=None):
    return mt.tensor(list(values), dtype=dtype)


COMPARISONS = {
    "eq": operator.eq, "ne": operator.ne, "lt": operator.lt, "le": operator.le,
    "gt": operator.gt, "ge": operator.ge,
}  # fmt: skip


@pytest.mark.parametrize("name", COMPARISONS)
@given(a=st.integers(-3, 3), b=st.integers(-3, 3))
def test_comparisons(name, a, b):
    op, expected = COMPARISONS[name], COMPARISONS[name](a, b)
    for result in (
        op(t(a), t(b)), op(t(a), b), op(a, t(b)), op(t(float(a)), t(b)), getattr(mt, name)(t(a), b),
    ):  # fmt: skip
        assert result.dtype is mt.bool
        assert result.item() is expected


def test_nothing_equals_nan_and_complex_numbers_have_no_order():
    assert (t(NAN) == t(NAN)).tolist() == [False]
    assert mt.equal(t(NAN), t(NAN)) is False
    assert (t(1 + 1j) == t(1 + 1j)).tolist() == [True]
    with pytest.raises(NotImplementedError):
        mt.lt(t(1j), 1)
    with pytest.raises(TypeError):
        mt.eq(1, t(1))


def test_tests():
    x = t(1.0, INF, -INF, NAN)
    assert mt.isfinite(x).tolist() == [True, False, False, False]
    assert mt.isinf(x).tolist() == [False, True, True, False]
    assert mt.isposinf(x).tolist() == [False, True, False, False]
    assert mt.isneginf(x).tolist() == [False, False, True, False]
    assert mt.isnan(x).tolist() == [False, False, False, True]
    assert mt.isnan(t(1, 2)).tolist() == [False, False]
    assert mt.isreal(t(1 + 0j, 1j)).tolist() == [True, False]


def test_close():
    x = t(1.0, 100.0, INF, NAN)
    y = t(1.0 + 1e-6, 101.0, INF, NAN)
    assert mt.isclose(x, y).tolist() == [True, False, True, False]
    assert mt.isclose(x, y, rtol=0.1, equal_nan=True).tolist() == [True] * 4
    assert mt.allclose(t(1, 2), t(1, 3), atol=1) is True
    with pytest.raises(RuntimeError, match="float32.*float64"):
        mt.isclose(x, y.double())
    with pytest.raises(RuntimeError):
        mt.isclose(x, y, rtol=-1)


@given(bytes_, bytes_)
def test_bits(a, b):
    x, y = t(a, dtype=mt.uint8), t(b, dtype=mt.uint8)
    assert (x & y).item() == a & b
    assert (x | b).item() == a | b
    assert (a ^ y).item() == a ^ b
    assert (~x).item() == 255 - a
    assert mt.logical_xor(x, y).item() == (bool(a) != bool(b))
    z = x.clone()
    z &= y
    assert z.item() == a & b


def test_shifts():
    assert (t(1, 3) << 2).tolist() == [4, 12]
    assert (1 << t(0, 3)).tolist() == [1, 8]
    assert (t(-8, 8) >> 1).tolist() == [-4, 4]
    assert (t(1, dtype=mt.uint8) << 9).tolist() == [0]
    with pytest.raises(RuntimeError):
        t(1.0) << 1
    with pytest.raises(RuntimeError):
        t(1.0) & 1
    with pytest.raises(TypeError):
        ~t(1.0)


@pytest.mark.parametrize("size", [3, 10_000])  # large arrays take another way
@pytest.mark.parametrize("dtype", [mt.float16, mt.float32, mt.float64, mt.int64, mt.complex64])
def test_where(size, dtype):
    rng = np.random.default_rng(0)
    a, b = (mt.from_numpy(rng.integers(0, 9, size)).to(dtype) for _ in range(2))
    mask = mt.from_numpy(rng.random(size) < 0.5)
    for x, y in ((a, b), (a, 7), (7, b)):
        raw = [v.numpy() if isinstance(v, mt.Tensor) else v for v in (x, y)]
        result = mt.where(mask, x, y)
        assert result.dtype is dtype
        np.testing.assert_array_equal(result.numpy(), np.where(mask.numpy(), *raw))


@pytest.mark.parametrize("size", [2, 10_000])
def test_no_gradient_from_what_was_not_chosen(size):
    x = mt.tensor([0.0, 4.0] * (size // 2), requires_grad=True)
    mt.where(x > 0, mt.sqrt(x), x).sum().backward()
    assert x.grad[:2].tolist()[1] == 0.25
    y = mt.tensor([0.0, 4.0] * (size // 2), requires_grad=True)
    mt.relu(y).sqrt().sum().backward()  # the slope of sqrt at 0 is infinite, that of relu is 0
    assert y.grad[:2].tolist() == [0.0, 0.25]


def test_where_of_numbers_and_conditions():
    mask = t(True, False)
    assert mt.where(mask, 1, 2.0).dtype is mt.float32
    assert mt.where(mask, 1, 2).dtype is mt.int64
    assert t(1.0, 2.0).where(mask, 0).tolist() == [1.0, 0.0]
    assert [i.tolist() for i in mt.where(t(0, 3, 0, 4))] == [[1, 3]]
    with pytest.raises(RuntimeError, match="boolean"):
        mt.where(t(1, 0), 1, 2)


def test_masked_fill():
    x = t(1.0, 2.0).requires_grad_()
    y = x.masked_fill(t(True, False), -INF)
    assert y.tolist() == [-INF, 2.0]
    y.sum().backward()
    assert x.grad.tolist() == [0.0, 1.0]
    with pytest.raises(RuntimeError):
        x.masked_fill(t(1, 0), 0)
    with pytest.raises(RuntimeError):
        x.masked_fill(t(True, False), t(1.0))
    with pytest.raises(RuntimeError):
        t(1, 2).masked_fill(t(True, False), 1j)


def test_nan_to_num():
    x = t(1.0, NAN, INF, -INF)
    largest = mt.finfo(mt.float32).max
    assert mt.nan_to_num(x).tolist() == [1.0, 0.0, largest, -largest]
    assert mt.nan_to_num(x, 5, posinf=6, neginf=7).tolist() == [1.0, 5.0, 6.0, 7.0]
    assert mt.nan_to_num(t(1, 2)).tolist() == [1, 2]
