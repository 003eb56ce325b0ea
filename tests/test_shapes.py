"""Shapes, joining, splitting, repeating: against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt

few = settings(max_examples=40, deadline=None)


def numbers(*shape):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape)


def same(tensor, array):
    np.testing.assert_array_equal(tensor.numpy(), array)


@st.composite
def shape_and_dims(draw, least=1):
    shape = draw(hnp.array_shapes(min_dims=least, max_dims=4, min_side=0, max_side=4))
    dim = st.integers(-len(shape), len(shape) - 1)
    return shape, draw(dim), draw(dim)


@few
@given(shape_and_dims())
def test_moving_dimensions(case):
    shape, a, b = case
    x = numbers(*shape)
    t = mt.tensor(x)
    same(t.transpose(a, b), np.swapaxes(x, a, b))
    same(mt.movedim(t, a, b), np.moveaxis(x, a, b))
    same(t.unsqueeze(a), np.expand_dims(x, a if a >= 0 else a + len(shape) + 1))
    same(t.flatten(), x.reshape(-1))
    same(t.flip(a), np.flip(x, a))
    same(t.roll(3, a), np.roll(x, 3, a))
    same(t.roll(1), np.roll(x, 1))
    same(t.repeat_interleave(2, a), np.repeat(x, 2, a))
    same(t.squeeze(), np.squeeze(x))
    order = np.random.default_rng(0).permutation(len(shape))
    same(t.permute(*order.tolist()), np.transpose(x, order))
    same(t.permute(tuple(order - len(shape))), np.transpose(x, order))


@few
@given(shape_and_dims(), st.integers(1, 4))
def test_taking_apart_and_putting_together(case, n):
    shape, dim, _ = case
    x = numbers(*shape)
    t = mt.tensor(x)
    for pieces in (t.split(n, dim), t.chunk(n, dim), t.tensor_split(n, dim)):
        same(mt.cat(pieces, dim), x)
    if shape[dim]:
        same(mt.stack(t.unbind(dim), dim), x)
    for mine, theirs in zip(t.tensor_split(n, dim), np.array_split(x, n, dim), strict=True):
        same(mine, theirs)


@few
@given(
    hnp.array_shapes(max_dims=3, max_side=3), st.lists(st.integers(0, 3), min_size=3, max_size=3)
)
def test_repeating(shape, repeats):
    x = numbers(*shape)
    same(mt.tensor(x).repeat(repeats), np.tile(x, repeats))
    same(mt.tile(mt.tensor(x), repeats), np.tile(x, repeats))
    y = mt.tensor(x * 1.0).requires_grad_()
    y.repeat(repeats).sum().backward()
    assert (y.grad == np.prod(repeats)).all()


@few
@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=4))
def test_broadcasting(case):
    arrays = [np.ones(s) for s in case.input_shapes]
    assert mt.broadcast_shapes(*case.input_shapes) == case.result_shape
    for t, a in zip(mt.broadcast_tensors(*map(mt.tensor, arrays)), np.broadcast_arrays(*arrays),
                    strict=True):  # fmt: skip
        same(t, a)
    t = mt.tensor(arrays[0]).expand(case.result_shape)
    same(t.sum_to_size(arrays[0].shape), arrays[0] * (t.numel() / max(arrays[0].size, 1)))


def test_reshape_infers_and_copies_only_when_it_must():
    x = mt.arange(6).reshape(2, -1)
    assert x.shape == (2, 3)
    assert x.reshape(3, 2).data_ptr() == x.data_ptr()
    assert x.t().reshape(-1).data_ptr() != x.data_ptr()
    assert x.reshape(shape=(6,)).shape == (6,)
    with pytest.raises(RuntimeError, match="without a copy"):
        x.t().view(-1)
    for bad in ((4,), (-1, -1), (-2, 3), (4, -1)):
        with pytest.raises(RuntimeError):
            x.reshape(bad)
    with pytest.raises(RuntimeError):
        mt.zeros(0, 2).reshape(-1, 0)


def test_view_as_another_dtype():
    x = mt.tensor([1.0, 2.0])
    assert x.view(mt.int32).tolist() == np.array([1, 2], "f4").view("i4").tolist()
    assert x.view(dtype=mt.float64).shape == (1,)
    with pytest.raises(RuntimeError):
        mt.zeros(3).view(mt.float64)


def test_cat_promotes_and_passes_over_legacy_empties():
    x = mt.cat([mt.ones(2, dtype=mt.int64), mt.ones(1), mt.zeros(0)])
    assert x.dtype == mt.float32 and x.shape == (3,)
    assert mt.cat([mt.zeros(0), mt.ones(2, 2)], 1).shape == (2, 2)
    with pytest.raises(RuntimeError, match="tensor 1"):
        mt.cat([mt.ones(2, 2), mt.ones(2, 3)])
    with pytest.raises(ValueError, match="non-empty"):
        mt.cat([])
    assert mt.cat([mt.ones(2, 3).t(), mt.ones(2, 3).t()]).is_contiguous()


def test_stacking():
    a, b = numbers(3), numbers(3) + 5
    for name in ("stack", "hstack", "vstack", "dstack", "column_stack"):
        same(getattr(mt, name)([mt.tensor(a), mt.tensor(b)]), getattr(np, name)([a, b]))
    same(mt.stack([mt.tensor(a), mt.tensor(b)], -1), np.stack([a, b], -1))
    with pytest.raises(RuntimeError, match="equal"):
        mt.stack([mt.zeros(2), mt.zeros(3)])


def test_grids():
    a, b = mt.arange(3), mt.arange(2)
    for indexing in ("ij", "xy"):
        for mine, theirs in zip(mt.meshgrid(a, b, indexing=indexing),
                                np.meshgrid(numbers(3), numbers(2), indexing=indexing),
                                strict=True):  # fmt: skip
            same(mine, theirs)
    assert mt.cartesian_prod(a, b).tolist() == [[i, j] for i in range(3) for j in range(2)]
    assert mt.combinations(a, 2).tolist() == [[0, 1], [0, 2], [1, 2]]
    assert len(mt.combinations(a, 2, True)) == 6
    x = mt.block_diag(mt.ones(2, 1), mt.tensor(5.0), mt.ones(2))
    assert x.shape == (4, 4) and x.sum().item() == 9


@few
@given(hnp.array_shapes(min_dims=2, max_dims=3, max_side=4), st.integers(-3, 3))
def test_triangles_and_diagonals(shape, k):
    x = numbers(*shape) * 1.0
    t = mt.tensor(x)
    same(t.tril(k), np.tril(x, k))
    same(t.triu(k), np.triu(x, k))
    same(t.diagonal(k), np.diagonal(x, k))
    embedded = mt.diag_embed(t, k)
    same(embedded.diagonal(k, -2, -1), x)
    assert embedded.sum() == t.sum()
    same(t.clone().tril_(k), np.tril(x, k))


def test_diagonal_of_a_matrix():
    x = mt.arange(6.0).reshape(2, 3)
    assert mt.diag(x).tolist() == [0, 4]
    assert mt.diag(mt.tensor([1, 2]), 1).tolist() == [[0, 1, 0], [0, 0, 2], [0, 0, 0]]
    assert mt.trace(x).item() == 4
    x.fill_diagonal_(9)
    assert x.diagonal().tolist() == [9, 9]
    tall = mt.zeros(7, 2).fill_diagonal_(1, wrap=True)
    assert tall.sum().item() == np.sum(_wrapped(7, 2))


def _wrapped(rows, columns):
    a = np.zeros((rows, columns))
    np.fill_diagonal(a, 1, wrap=True)
    return a


@few
@given(shape_and_dims(), st.integers(1, 3), st.integers(1, 3))
def test_unfold_is_a_sliding_window(case, size, step):
    shape, dim, _ = case
    x = numbers(*shape)
    if shape[dim] < size:
        with pytest.raises(RuntimeError):
            mt.tensor(x).unfold(dim, size, step)
        return
    windows = np.lib.stride_tricks.sliding_window_view(x, size, dim)
    every = [slice(None)] * windows.ndim
    every[dim % len(shape)] = slice(None, None, step)
    same(mt.tensor(x).unfold(dim, size, step), windows[tuple(every)])


def test_as_strided_stays_in_its_memory():
    x = mt.arange(6)
    assert x.as_strided((2, 3), (1, 2)).tolist() == [[0, 2, 4], [1, 3, 5]]
    assert x[2:].as_strided((2,), (1,)).tolist() == [2, 3]
    assert x[2:].as_strided((2,), (1,), 0).tolist() == [0, 1]
    with pytest.raises(RuntimeError, match="memory"):
        x.as_strided((7,), (1,))
    with pytest.raises(RuntimeError):
        x.as_strided((2,), (-1,), 3)


def test_conversions():
    x = mt.tensor([1.5, 0.0])
    assert x.to(mt.float32) is x and x.float() is x and x.to("cpu") is x and x.cpu() is x
    assert x.to(mt.float32, copy=True) is not x
    assert x.int().tolist() == [1, 0] and x.bool().tolist() == [True, False]
    assert x.to(mt.zeros(1, dtype=mt.int8)).dtype == mt.int8
    assert x.to("cpu", mt.float64).dtype == mt.float64
    assert x.type() == "minitorch.FloatTensor" and x.type(mt.int64).dtype == mt.int64
    with pytest.raises(NotImplementedError):
        x.to("cuda")
    y = mt.tensor([2.0]).requires_grad_()
    (y.double() * 3).sum().backward()
    assert y.grad.dtype == mt.float32 and y.grad.item() == 3


def test_resizing():
    x = mt.arange(6.0)
    assert x.resize_(2, 2).tolist() == [[0, 1], [2, 3]]
    assert x.resize_(5).tolist() == [0, 1, 2, 3, 4]
    assert x.resize_(3, 3).reshape(-1)[:6].tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(RuntimeError):
        mt.zeros(2, requires_grad=True).resize_(3)
    assert mt.zeros(1).set_(x[1:]).data_ptr() == x[1:].data_ptr()


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda x: x.transpose(0, 3), IndexError),
        (lambda x: x.permute(0, 1), RuntimeError),
        (lambda x: x.permute(0, 0, 1), RuntimeError),
        (lambda x: x.squeeze(5), IndexError),
        (lambda x: x.unsqueeze(-5), IndexError),
        (lambda x: x.expand(2, 3), RuntimeError),
        (lambda x: x.expand(2, 3, 5), RuntimeError),
        (lambda x: x.t(), RuntimeError),
        (lambda x: x.flatten(2, 1), RuntimeError),
        (lambda x: x.unflatten(2, (3, 3)), RuntimeError),
        (lambda x: x.split(-1), RuntimeError),
        (lambda x: x.split([1, 2]), RuntimeError),
        (lambda x: x.chunk(0), RuntimeError),
        (lambda x: x.narrow(0, 1, 2), RuntimeError),
        (lambda x: x.select(0, 2), IndexError),
        (lambda x: x.repeat(2), RuntimeError),
        (lambda x: x.flip(0, 0), RuntimeError),
        (lambda x: x.roll((1, 2), 0), RuntimeError),
        (lambda x: mt.unsqueeze("x", 0), TypeError),
        (lambda x: mt.broadcast_shapes((2,), (3,)), RuntimeError),
    ],
)
def test_errors(call, error):
    with pytest.raises(error):
        call(mt.zeros(2, 3, 4))
