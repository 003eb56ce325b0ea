"""Making tensors: from data, filled, in sequences, and like another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt

# --- from data --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype", "shape"),
    [
        (1, mt.int64, ()),
        (1.5, mt.float32, ()),
        (True, mt.bool, ()),
        (1j, mt.complex64, ()),
        ([], mt.float32, (0,)),
        ([[], []], mt.float32, (2, 0)),
        ([1, 2.0], mt.float32, (2,)),
        ([True, 2], mt.int64, (2,)),
        ((1, (2,)[0]), mt.int64, (2,)),
        (range(3), mt.int64, (3,)),
        (np.float64(1), mt.float64, ()),
        ([np.float64(1), 2], mt.float64, (2,)),
        (np.zeros((2, 1), np.float16), mt.float16, (2, 1)),
        ([np.int8(1), np.int8(2)], mt.int8, (2,)),
        ([mt.tensor(1), mt.tensor(2)], mt.int64, (2,)),
    ],
)
def test_tensor_finds_dtype_and_shape(data, dtype, shape):
    t = mt.tensor(data)
    assert t.dtype is dtype and t.shape == shape


def test_tensor_copies():
    a = np.zeros(2)
    t = mt.tensor(a)
    a[0] = 5
    assert t.tolist() == [0, 0]
    with pytest.warns(UserWarning, match="clone"):
        u = mt.tensor(t)
    u[0] = 5
    assert t.tolist() == [0, 0]


def test_tensor_requires_grad_and_converts():
    t = mt.tensor([1, 2], dtype=mt.float64, requires_grad=True)
    assert t.requires_grad and t.is_leaf and t.dtype is mt.float64
    assert mt.tensor([1.7, -1.7], dtype=mt.int32).tolist() == [1, -1]
    assert mt.tensor(np.ones(2, ">f4")).dtype is mt.float32


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1, 2], [3]], ValueError, "\\(2,\\) and another \\(1,\\)"),
        ([1, [2]], ValueError, "even"),
        ("text", TypeError, "str"),
        ([1, "a"], TypeError, "a str"),
        ([None], TypeError, "NoneType"),
        ({}, TypeError, "dict"),
        (2**70, RuntimeError, "too large"),
        ([2**70], RuntimeError, "too large"),
    ],
)
def test_bad_data(data, error, words):
    with pytest.raises(error, match=words):
        mt.tensor(data)


def test_integers_out_of_range():
    with pytest.raises(RuntimeError, match="overflow: 300"):
        mt.tensor(300, dtype=mt.uint8)
    with pytest.raises(RuntimeError, match="only floating and complex"):
        mt.tensor(1, requires_grad=True)


def _assigned(value, dtype):
    x = mt.zeros(2, dtype=dtype)
    x[0] = value
    return x


YES = mt.tensor([True])
WRITERS = {
    "tensor": lambda value, dtype: mt.tensor([value], dtype=dtype),
    "number": lambda value, dtype: mt.tensor(value, dtype=dtype),
    "as_tensor": lambda value, dtype: mt.as_tensor([[value, 0]], dtype=dtype),
    "full": lambda value, dtype: mt.full((2,), value, dtype=dtype),
    "full_like": lambda value, dtype: mt.full_like(mt.zeros(2, dtype=dtype), value),
    "fill_": lambda value, dtype: mt.zeros(2, dtype=dtype).fill_(value),
    "masked_fill": lambda value, dtype: mt.zeros(1, dtype=dtype).masked_fill(YES, value),
    "masked_fill by a tensor": lambda value, dtype: mt.zeros(1, dtype=dtype).masked_fill(
        YES, mt.tensor(value, dtype=mt.float64)
    ),
    "index_fill": lambda value, dtype: mt.zeros(1, dtype=dtype).index_fill(
        0, mt.tensor([0]), value
    ),
    "scatter": lambda value, dtype: mt.zeros(1, dtype=dtype).scatter(0, mt.tensor([0]), value),
    "pad": lambda value, dtype: mt.nn.functional.pad(mt.zeros(1, dtype=dtype), (0, 1), value=value),
    "assignment": _assigned,
}
TOO_LARGE = [
    (mt.int8, 128), (mt.int8, -129), (mt.int8, 200.5), (mt.uint8, 256), (mt.uint8, -256),
    (mt.int32, 2.0**31), (mt.int64, float("inf")), (mt.int64, float("nan")),
]  # fmt: skip
INFINITE = [(mt.float16, 70000.0), (mt.float16, -1e9), (mt.float32, 1e300), (mt.complex64, -1e39)]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_number_that_the_dtype_cannot_hold_is_refused(writer):
    write = WRITERS[writer]
    floats = writer in ("tensor", "number", "as_tensor")  # as in PyTorch, these may overflow
    for dtype, value in TOO_LARGE + ([] if floats else INFINITE):
        if writer == "assignment" and dtype is mt.float16:
            continue  # likewise
        with pytest.raises(RuntimeError, match="without overflow"):
            write(value, dtype)
    for dtype, value in [(mt.int8, -128), (mt.int8, 127), (mt.uint8, 255), (mt.float16, -65504.0)]:
        assert value in write(value, dtype).flatten().tolist()
    assert float("inf") in write(float("inf"), mt.float16).flatten().tolist()


@pytest.mark.parametrize("number", [200, -129])
def test_integers_beside_small_integers_do_not_wrap(number):
    x = mt.zeros(2, dtype=mt.int8)
    for op in (
        lambda: x.clamp(max=number),
        lambda: mt.where(x == 0, x, number),
        lambda: mt.where(x == 0, number, x),
        lambda: mt.add(x, x, alpha=number),
        lambda: mt.addcmul(x, x, x, value=number),
    ):
        with pytest.raises(RuntimeError, match="without overflow"):
            op()


def test_no_imaginary_part_is_lost():
    for data in (1 + 2j, [1 + 2j], [[mt.tensor(2j)]]):
        with pytest.raises(TypeError, match="complex"):
            mt.tensor(data, dtype=mt.float32)


def test_sharing():
    a = np.zeros(3)
    for make in (mt.from_numpy, mt.as_tensor, mt.asarray):
        t = make(a)
        t[0] += 1
        assert np.shares_memory(t.numpy(), a)
    assert a[0] == 3
    assert not np.shares_memory(mt.asarray(a, copy=True).numpy(), a)
    x = mt.ones(2, requires_grad=True)
    assert mt.as_tensor(x) is x and mt.as_tensor(x, dtype=mt.float64).requires_grad
    assert mt.frombuffer(b"\x01\x02", dtype=mt.uint8).tolist() == [1, 2]
    with pytest.raises(TypeError):
        mt.from_numpy([1])
    with pytest.raises(ValueError, match="byte order"):
        mt.from_numpy(np.ones(2, ">f4"))


# --- filled -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("make", "value"), [(mt.zeros, 0), (mt.ones, 1)])
def test_filled(make, value):
    for t in (make(2, 3), make((2, 3)), make([2, 3]), make(mt.Size([2, 3])), make(size=(2, 3))):
        assert t.tolist() == [[value] * 3] * 2 and t.dtype is mt.float32
    assert make(()).shape == () and make(2, dtype=mt.bool).dtype is mt.bool
    out = mt.empty(2)
    assert make(2, out=out) is out and out.tolist() == [value] * 2
    for bad, error in [((-1,), RuntimeError), ((1.5,), TypeError), (("a",), TypeError)]:
        with pytest.raises(error):
            make(*bad)
    with pytest.raises(TypeError, match="colour"):
        make(2, colour=1)


def test_full():
    assert mt.full((2,), 7).dtype is mt.int64 and mt.full((), 1.5).item() == 1.5
    assert mt.full((2,), True).dtype is mt.bool and mt.full((1,), 1j).dtype is mt.complex64
    assert mt.full((2,), mt.tensor(3), dtype=mt.float64).tolist() == [3, 3]
    assert mt.full_like(mt.zeros(2, dtype=mt.int8), 3).dtype is mt.int8
    with pytest.raises(RuntimeError, match="overflow"):
        mt.full((1,), 300, dtype=mt.uint8)


@pytest.mark.parametrize("make", [mt.zeros_like, mt.ones_like, mt.empty_like, mt.rand_like])
def test_like(make):
    t = mt.zeros(2, 3, dtype=mt.float64, requires_grad=True)
    u = make(t)
    assert u.shape == (2, 3) and u.dtype is mt.float64 and not u.requires_grad
    assert make(t, dtype=mt.float16, requires_grad=True).dtype is mt.float16
    with pytest.raises(TypeError):
        make([1, 2])


def test_new():
    t = mt.zeros(2, dtype=mt.float64)
    assert t.new_zeros(3).dtype is t.new_ones((3,)).dtype is t.new_empty(1).dtype is mt.float64
    assert t.new_tensor([1, 2]).dtype is mt.float64 and t.new_full((2,), 3).tolist() == [3, 3]
    assert t.new_zeros(1, dtype=mt.int8, requires_grad=False).dtype is mt.int8


def test_old_constructors():
    assert mt.Tensor(2, 3).shape == (2, 3) and mt.Tensor([2, 3]).tolist() == [2, 3]
    assert mt.LongTensor([1, 2]).dtype is mt.int64 and isinstance(mt.arange(2), mt.LongTensor)
    assert not isinstance(mt.ones(2), mt.LongTensor) and isinstance(mt.ones(2), mt.FloatTensor)


# --- sequences --------------------------------------------------------------------------------


@given(st.integers(-20, 20), st.integers(-20, 20), st.integers(-5, 5).filter(bool))
def test_arange_of_integers(start, end, step):
    if (end - start) * step < 0:
        with pytest.raises(RuntimeError, match="never leads"):
            mt.arange(start, end, step)
    else:
        t = mt.arange(start, end, step)
        assert t.tolist() == list(range(start, end, step)) and t.dtype is mt.int64


def test_arange():
    assert mt.arange(3.0).dtype is mt.float32 and mt.arange(0, 1, 0.25).tolist() == [
        0,
        0.25,
        0.5,
        0.75,
    ]
    assert (
        mt.arange(mt.tensor(3)).tolist() == [0, 1, 2]
        and mt.arange(3, dtype=mt.int8).dtype is mt.int8
    )
    for bad, error in [
        ((0, 1, 0), RuntimeError),
        ((float("inf"),), RuntimeError),
        ((1j,), RuntimeError),
    ]:
        with pytest.raises(error):
            mt.arange(*bad)
    # 80 steps of 0.1, which is a little more, are a little more than 8: a kink at 0 is passed.
    assert mt.arange(-8.0, 8.0, 0.1)[80] == mt.arange(-8.0, 8.0, 0.1).double()[80] == 2.0**-51


@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(0, 20))
def test_linspace(a, b, n):
    t = mt.linspace(a, b, n, dtype=mt.float64)
    assert t.shape == (n,)
    if n:
        assert t[0] == a and (n == 1 or t[-1] == b)
    np.testing.assert_allclose(mt.logspace(a, b, n, dtype=mt.float64).numpy(), 10 ** t.numpy())


def test_linspace_errors():
    with pytest.raises(RuntimeError, match="non-negative"):
        mt.linspace(0, 1, -1)
    with pytest.raises(TypeError):
        mt.linspace(0, 1, 2.5)
    with pytest.raises(RuntimeError, match="complex"):
        mt.linspace(0, 1j, 3, dtype=mt.float32)
    assert mt.linspace(0, 1j, 2).tolist() == [0, 1j]


@given(st.integers(0, 5), st.integers(0, 5), st.integers(-5, 5))
def test_triangles(n, m, offset):
    assert mt.eye(n, m).tolist() == np.eye(n, m).tolist()
    for ours, theirs in [(mt.tril_indices, np.tril_indices), (mt.triu_indices, np.triu_indices)]:
        t = ours(n, m, offset)
        assert t.dtype is mt.int64 and t.tolist() == [i.tolist() for i in theirs(n, offset, m)]


def test_devices_and_layouts():
    assert mt.zeros(1, device="cpu").device == mt.zeros(1, device=mt.device("cpu")).device
    for make in (mt.zeros, mt.rand, mt.eye, mt.arange):
        with pytest.raises(NotImplementedError):
            make(1, device="cuda")
