"""dtypes: names, aliases, limits, and the laws of promotion."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import dtypes

ALL = dtypes.ALL
NAMES = st.sampled_from([d for d in ALL if d is not mt.bfloat16])
ANY = st.sampled_from(ALL)


@pytest.fixture
def default_is_put_back():
    yield
    mt.set_default_dtype(mt.float32)


def test_names_and_aliases():
    assert repr(mt.float32) == "minitorch.float32" and mt.float is mt.float32
    assert (mt.double, mt.half, mt.long, mt.int, mt.short) == (
        mt.float64, mt.float16, mt.int64, mt.int32, mt.int16,
    )  # fmt: skip
    assert (mt.cfloat, mt.cdouble) == (mt.complex64, mt.complex128)
    assert mt.float32.itemsize == 4 and mt.float32.is_floating_point and mt.complex64.is_complex
    assert mt.int8.is_signed and not mt.uint8.is_signed and not mt.bool.is_signed
    assert mt.complex64.to_real() is mt.float32 and mt.float64.to_complex() is mt.complex128


@given(ANY)
def test_a_dtype_is_one_object(d):
    assert pickle.loads(pickle.dumps(d)) is d is copy.deepcopy(d)
    assert dtypes.from_numpy_dtype(d.dtype) is d and np.zeros(1, d).dtype == d.dtype
    assert mt.zeros(1, dtype=d).dtype is d


def test_what_is_no_dtype():
    for bad in ("float32", 5, np.dtype("U3"), object):
        with pytest.raises(TypeError):
            mt.zeros(1, dtype=bad)
    assert mt.zeros(1, dtype=float).dtype is mt.float64  # Python's types, as in PyTorch
    assert mt.zeros(1, dtype=np.int16).dtype is mt.int16
    for bad in (np.array(["a"]), np.array([None]), np.zeros(1, "M8[s]")):
        with pytest.raises(TypeError):
            mt.tensor(bad)


# --- promotion --------------------------------------------------------------------------------


@given(ANY, ANY)
def test_promotion_is_commutative_and_goes_up(a, b):
    c = mt.promote_types(a, b)
    assert c is mt.promote_types(b, a) and mt.promote_types(a, a) is a
    assert mt.can_cast(a, c) and mt.can_cast(b, c)
    assert mt.promote_types(a, c) is c and mt.promote_types(b, c) is c
    assert c.category == max(a.category, b.category)


@given(NAMES, NAMES, NAMES)
def test_promotion_is_associative_within_a_category(a, b, c):
    """Across categories it is not, in PyTorch either: (int64, float16, ...) forgets the width."""
    if len({a.category, b.category, c.category}) == 1:
        p = mt.promote_types
        assert p(p(a, b), c) is p(a, p(b, c))


def test_promotion_by_hand():
    for a, b, c in [
        (mt.int64, mt.float16, mt.float16),
        (mt.uint8, mt.int8, mt.int16),
        (mt.bool, mt.uint8, mt.uint8),
        (mt.float64, mt.complex64, mt.complex128),
        (mt.float16, mt.bfloat16, mt.float32),
        (mt.int32, mt.bool, mt.int32),
    ]:
        assert mt.promote_types(a, b) is c


@given(NAMES, NAMES, st.booleans(), st.booleans())
def test_ranks(a, b, a_zero_dim, b_zero_dim):
    """Tensors of no dimensions count only where their category is higher."""
    x, y = mt.zeros(() if a_zero_dim else 1, dtype=a), mt.zeros(() if b_zero_dim else 1, dtype=b)
    result = mt.result_type(x, y)
    assert result is mt.result_type(y, x) is (x * y).dtype
    if a_zero_dim == b_zero_dim:
        assert result is mt.promote_types(a, b)
    else:
        wide, narrow = (b, a) if a_zero_dim else (a, b)
        assert result.category == max(a.category, b.category)
        if narrow.category <= wide.category:
            assert result is wide


@given(NAMES, st.sampled_from([True, 3, 2.5, 1j]))
def test_python_numbers_are_weak(d, number):
    result = mt.result_type(mt.zeros(1, dtype=d), number)
    category = dtypes.from_numpy_dtype(dtypes.scalar_dtype(number)).category
    if category <= d.category:
        assert result is d
    elif category == dtypes.COMPLEX and d.is_floating_point:
        assert result is d.to_complex()
    else:
        assert result is {1: mt.int64, 2: mt.float32, 3: mt.complex64}[category]


@given(ANY, ANY)
def test_can_cast_looks_at_the_category_alone(a, b):
    assert mt.can_cast(a, b) is (a.category <= b.category)


def test_the_default_dtype(default_is_put_back):
    assert mt.get_default_dtype() is mt.float32
    mt.set_default_dtype(mt.float64)
    assert mt.tensor(1.5).dtype is mt.zeros(1).dtype is mt.rand(1).dtype is mt.float64
    assert (mt.tensor(1) / 2).dtype is mt.float64 and mt.tensor(1j).dtype is mt.complex128
    assert mt.result_type(mt.tensor(1), 1.5) is mt.float64
    for bad in (mt.int64, mt.complex64, "float32", float):
        with pytest.raises(TypeError, match="floating"):
            mt.set_default_dtype(bad)
    assert mt.get_default_dtype() is mt.float64


# --- limits -----------------------------------------------------------------------------------


@pytest.mark.parametrize("d", [mt.float16, mt.float32, mt.float64])
def test_finfo(d):
    info, theirs = mt.finfo(d), np.finfo(d.dtype)
    assert info.bits == d.itemsize * 8 and info.dtype == d.name
    assert (info.eps, info.max, info.min) == (theirs.eps, theirs.max, theirs.min)
    assert info.tiny == info.smallest_normal == theirs.tiny and "eps=" in repr(info)
    assert 1 + info.eps > 1 and d.dtype.type(1 + info.eps / 4) == 1


def test_finfo_of_other_kinds():
    assert mt.finfo().dtype == "float32" and mt.finfo(mt.complex64).bits == 32
    assert mt.finfo(mt.bfloat16).eps == 2**-7
    with pytest.raises(TypeError, match="iinfo"):
        mt.finfo(mt.int8)


@pytest.mark.parametrize("d", [mt.uint8, mt.int8, mt.int16, mt.int32, mt.int64])
def test_iinfo(d):
    info = mt.iinfo(d)
    assert info.bits == d.itemsize * 8 and info.max - info.min + 1 == 2**info.bits
    with pytest.raises(TypeError, match="finfo"):
        mt.iinfo(mt.float32)


def test_bfloat16():
    pytest.importorskip("ml_dtypes")
    x = mt.tensor([1.0, 2.0], dtype=mt.bfloat16, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    assert y.dtype is x.grad.dtype is mt.bfloat16 and x.grad.tolist() == [2, 4]
    assert mt.tensor(1.5).to(mt.bfloat16).item() == 1.5
