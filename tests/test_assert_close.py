"""assert_close and make_tensor: PyTorch's rules, and messages that say where."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import assert_close, make_tensor

one = mt.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    "actual, expected",
    [
        (one, one * (1 + 1e-7)),
        (1.0, 1.0 + 1e-8),
        (np.ones(2), np.ones(2)),
        ([one, 2.0, None], (one, 2.0, None)),
        ({"a": one, "b": [1]}, {"b": [1], "a": one}),
        (True, True),
        (mt.tensor([1, 2]), mt.tensor([1, 2])),
        (mt.tensor([np.inf]), mt.tensor([np.inf])),
        (mt.nn.Parameter(one), one),
        (mt.ones(0), mt.ones(0)),
    ],
    ids=str,
)
def test_close(actual, expected):
    assert_close(actual, expected)


@pytest.mark.parametrize(
    "actual, expected, said",
    [
        (
            one,
            mt.tensor([1.0, 4.0, 5.0]),
            "Tensor-likes are not close!\n\nMismatched elements: 2 / 3",
        ),
        (
            one,
            mt.tensor([1.0, 4.0, 5.0]),
            r"absolute difference: 2.0 at index \(1,\) \(up to 1e-05",
        ),
        (1.0, 2.0, "Scalars are not close!\n\nExpected 2.0 but got 1.0."),
        (mt.tensor(float("nan")), mt.tensor(float("nan")), "Expected nan but got nan"),
        (one, one[:2], "attribute 'shape' do not match"),
        (one, one.double(), "attribute 'dtype' do not match: minitorch.float32"),
        ([one], [one, one], "length of the sequences mismatch: 1 != 2"),
        ({"a": 1}, {"b": 1}, r"Missing keys in the actual mapping: \['b'\]"),
        ([1, [2, 3]], [1, [2, 4]], r"The failure occurred for item \[1\]\[1\]"),
        (None, 1, "None mismatch"),
        (True, False, "Booleans mismatch"),
        (1, 1.0, r"The \(d\)types do not match"),
        (mt.tensor([1, 2]), mt.tensor([1, 3]), "Tensor-likes are not equal!"),
        (mt.tensor([np.inf]), mt.tensor([1.0]), "Mismatched elements: 1 / 1"),
    ],
)
def test_not_close(actual, expected, said):
    with pytest.raises(AssertionError, match=said):
        assert_close(actual, expected)


def test_options():
    assert_close(1, 1.0, check_dtype=False)
    assert_close(one, one.double(), check_dtype=False)
    assert_close(one, one + 0.1, rtol=0, atol=0.2)
    assert_close(mt.tensor([np.nan]), mt.tensor([np.nan]), equal_nan=True)
    with pytest.raises(ValueError, match="both"):
        assert_close(1.0, 1.0, rtol=1e-3)
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(one.numpy(), one)
    with pytest.raises(TypeError, match="No comparison pair"):
        assert_close(mt.nn.Parameter(one), one, allow_subclasses=False)
    with pytest.raises(AssertionError, match="stride"):
        assert_close(mt.ones(2, 3).T, mt.ones(3, 2), check_stride=True)
    with pytest.raises(AssertionError, match="^before Scalars"):
        assert_close(1.0, 2.0, msg=lambda said: f"before {said}")
    with pytest.raises(AssertionError, match="^no$"):
        assert_close(1.0, 2.0, msg="no")


@pytest.mark.parametrize("name", ["float32", "float64", "int64", "uint8", "bool", "complex64"])
def test_make_tensor(name):
    dtype = getattr(mt, name)
    made = make_tensor((30, 4), dtype=dtype)
    assert made.dtype == dtype and made.shape == (30, 4) and len(np.unique(made.numpy())) > 1
    if not dtype.is_complex:
        assert made.numpy().min() >= -9 and made.numpy().max() <= 10
    apart = make_tensor(4, 5, dtype=dtype, noncontiguous=True, exclude_zero=True)
    assert not apart.is_contiguous() and (apart != 0).all()


def test_make_tensor_refuses_what_it_cannot_make():
    assert make_tensor(2, dtype=mt.float32, low=1, high=2, requires_grad=True).requires_grad
    with pytest.raises(ValueError, match="less than"):
        make_tensor(2, dtype=mt.float32, low=2, high=1)
    with pytest.raises(ValueError, match="floating-point"):
        make_tensor(2, dtype=mt.int64, requires_grad=True)
