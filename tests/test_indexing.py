"""``x[...]`` in full, and the functions that pick and place: against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt

few = settings(max_examples=80, deadline=None)


def same(tensor, array):
    np.testing.assert_array_equal(tensor.detach().numpy(), array)


@st.composite
def array_and_basic_index(draw):
    shape = draw(hnp.array_shapes(max_dims=4, min_side=0, max_side=4))
    index = draw(hnp.basic_indices(shape, allow_newaxis=True, max_dims=6))
    parts = index if isinstance(index, tuple) else (index,)
    assume(all(not isinstance(p, slice) or p.step is None or p.step > 0 for p in parts))
    return np.arange(np.prod(shape, dtype=int)).reshape(shape) * 1.0, index


@few
@given(array_and_basic_index())
def test_basic_indices_give_views(case):
    x, index = case
    t = mt.tensor(x)
    part = t[index]
    same(part, x[index])
    part.fill_(-1)
    expected = x.copy()
    expected[index] = -1
    same(t, expected)


@st.composite
def array_and_advanced_index(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    count = draw(st.integers(1, len(shape)))
    common = draw(hnp.array_shapes(min_dims=1, max_dims=2, max_side=3))
    index = []
    for size in shape[:count]:
        if draw(st.booleans()):
            index.append(draw(hnp.arrays(np.int64, common, elements=st.integers(-size, size - 1))))
        else:
            index.append(slice(None, None, draw(st.integers(1, 2))))
    assume(any(isinstance(i, np.ndarray) for i in index))
    return np.arange(np.prod(shape, dtype=int)).reshape(shape) * 1.0, tuple(index)


@few
@given(array_and_advanced_index())
def test_index_arrays_pick_as_in_numpy(case):
    x, index = case
    tensors = tuple(mt.tensor(i) if isinstance(i, np.ndarray) else i for i in index)
    same(mt.tensor(x)[tensors], x[index])
    # the gradient counts how often each element was picked
    t = mt.tensor(x).requires_grad_()
    (t[tensors] * 2).sum().backward()
    counts = np.zeros(x.shape)
    np.add.at(counts, index, 2)
    same(t.grad, counts)


@few
@given(array_and_advanced_index(), st.booleans())
def test_assignment_and_index_put(case, accumulate):
    x, index = case
    tensors = tuple(mt.tensor(i) if isinstance(i, np.ndarray) else i for i in index)
    t = mt.tensor(x)
    t[tensors] = 5.0
    expected = x.copy()
    expected[index] = 5
    same(t, expected)
    if all(isinstance(i, np.ndarray) for i in index):
        values = np.random.default_rng(0).normal(size=x[index].shape)
        put = mt.index_put(mt.tensor(x), tensors, mt.tensor(values), accumulate)
        expected = x.copy()
        if accumulate:
            np.add.at(expected, index, values)
        else:
            expected[index] = values
        np.testing.assert_allclose(put.numpy(), expected)


@few
@given(hnp.arrays(np.float64, hnp.array_shapes(max_dims=3, max_side=4), elements=st.floats(-2, 2)))
def test_masks(x):
    mask = x > 0
    t, m = mt.tensor(x), mt.tensor(mask)
    same(t[m], x[mask])
    same(t.masked_select(m), x[mask])
    assert [a.tolist() for a in mt.where(m)] == [a.tolist() for a in np.nonzero(mask)]
    same(m.nonzero(), np.argwhere(mask))
    y = t.clone()
    y[m] = -1.0
    same(y, np.where(mask, -1, x))
    y[m] = t[m] * 2
    same(y, np.where(mask, x * 2, x))
    same(t.masked_scatter(m, t[m] * 2), np.where(mask, x * 2, x))
    t.requires_grad_()
    (t[m] ** 2).sum().backward()
    same(t.grad, np.where(mask, 2 * x, 0))


def test_integers_between_index_arrays_only_remove_a_dimension():
    x = mt.arange(24).reshape(2, 3, 4)
    assert x[0, :, [0, 1]].shape == (3, 2)  # NumPy would say (2, 3)
    assert x[[0, 1], :, [0, 1]].shape == (2, 3)
    assert x[:, None, [0, 1]].shape == (2, 1, 2, 4)


def test_odd_indices():
    x = mt.arange(6).reshape(2, 3)
    assert x[True].shape == (1, 2, 3) and x[False].shape == (0, 2, 3)
    assert x[mt.tensor(1)].tolist() == [3, 4, 5]
    assert x[mt.tensor([1, 0], dtype=mt.uint8)].tolist() == [[0, 1, 2]]
    assert x[np.int64(1), np.array([0, 2])].tolist() == [3, 5]
    assert x[[0, 1], [1, 2]].tolist() == [1, 5]
    assert x[[[0, 1], [1, 2]]].tolist() == [1, 5]  # a list of lists is a tuple, as in PyTorch
    assert x[range(1)].tolist() == [[0, 1, 2]]
    assert x[[]].shape == (0, 3)
    assert x[mt.tensor(1) :].tolist() == [[3, 4, 5]]
    assert x[..., ...].shape == (2, 3)


@pytest.mark.parametrize(
    "index, error, text",
    [
        (2, IndexError, "index 2 is out of bounds for dimension 0 with size 2"),
        ((0, -4), IndexError, "index -4 is out of bounds for dimension 1 with size 3"),
        ((0, 0, 0), IndexError, "too many indices"),
        ([0, 5], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
        (slice(None, None, -1), ValueError, "positive"),
        (mt.tensor([True, False, True]), IndexError, "boolean"),
        (mt.tensor([0.5]), IndexError, "int64"),
        (1.5, IndexError, "integers"),
        ("a", TypeError, "got str"),
        ((0, b"a"), TypeError, "got bytes"),
        ((mt.tensor([0, 1]), mt.tensor([0, 1, 2])), IndexError, "broadcast"),
    ],
)
def test_index_errors(index, error, text):
    x = mt.zeros(2, 3)
    with pytest.raises(error, match=text):
        x[index]
    with pytest.raises(error, match=text):
        x[index] = 1.0
    assert x.sum().item() == 0


def test_assignment_casts_and_broadcasts_or_refuses():
    x = mt.zeros(2, 3)
    x[0] = mt.tensor([1, 2, 3])
    x[:, 0] = mt.ones(1, 1, 2, dtype=mt.float64)
    assert x.tolist() == [[1, 2, 3], [1, 0, 0]]
    for index, value, error in (
        (0, mt.ones(2), RuntimeError),
        ([0, 1], mt.ones(2, 3, dtype=mt.float64), RuntimeError),
        (x > 0, mt.ones(3), RuntimeError),
        (0, [1, 2, 3], TypeError),
        (0, 1j, RuntimeError),
    ):
        with pytest.raises(error):
            x[index] = value
    with pytest.raises(RuntimeError):
        mt.zeros(2, dtype=mt.uint8)[0] = 300


def test_assignment_is_differentiated_with_respect_to_both():
    def f(x, v):
        y = x * 1
        y[0] = v
        y[[1, 2], [0, 0]] = v[:2] * 2
        y[y > 5] = v[1]
        return y

    x = mt.tensor(np.linspace(1, 6, 12).reshape(3, 4)).requires_grad_()
    v = mt.tensor([0.1, 0.2, 0.3, 0.4], dtype=mt.float64, requires_grad=True)
    mt.autograd.gradcheck(f, (x, v))
    mt.autograd.gradgradcheck(f, (x, v))


@st.composite
def scattering(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, max_side=4))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    index_shape = tuple(draw(st.integers(1, n)) for n in shape)
    index = draw(hnp.arrays(np.int64, index_shape, elements=st.integers(0, shape[dim] - 1)))
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    return rng.normal(size=shape), dim, index, rng.normal(size=index_shape)


def one_by_one(x, dim, index, src, combine):
    out = x.copy()
    for place in np.ndindex(*index.shape):
        target = list(place)
        target[dim] = index[place]
        out[tuple(target)] = combine(out[tuple(target)], src[place])
    return out


@few
@given(scattering())
def test_scattering(case):
    x, dim, index, src = case
    t, i, s = map(mt.tensor, (x, index, src))
    for name, combine in {
        "sum": lambda a, b: a + b,
        "prod": lambda a, b: a * b,
        "amax": max,
        "amin": min,
    }.items():
        expected = one_by_one(x, dim, index, src, combine)
        np.testing.assert_allclose(mt.scatter_reduce(t, dim, i, s, name).numpy(), expected)
    np.testing.assert_allclose(
        mt.scatter_add(t, dim, i, s).numpy(), one_by_one(x, dim, index, src, lambda a, b: a + b)
    )
    same(mt.scatter(t, dim, i, 7.0), one_by_one(x, dim, index, src, lambda a, b: 7))
    count = one_by_one(np.ones_like(x), dim, index, src, lambda a, b: a + 1)
    total = one_by_one(x, dim, index, src, lambda a, b: a + b)
    np.testing.assert_allclose(mt.scatter_reduce(t, dim, i, s, "mean").numpy(), total / count)
    y = t.clone()
    y.scatter_add_(dim, i, s)
    np.testing.assert_allclose(y.numpy(), total)
    wide = mt.zeros(2 * t.shape[0], *t.shape[1:], dtype=mt.float64)
    view = wide[::2]  # does not lie in one piece
    view.copy_(t)
    view.scatter_add_(dim, i, s)
    np.testing.assert_allclose(wide[::2].numpy(), total)
    same(view.scatter_(dim, i, s), one_by_one(total, dim, index, src, lambda a, b: b))
    same(view, wide[::2].numpy())
    assert not wide[1::2].any()
    kept = tuple(slice(0, n) for n in index.shape)
    picked = mt.gather(t, dim, i).numpy()
    for place in np.ndindex(*index.shape):
        target = list(place)
        target[dim] = index[place]
        assert picked[place] == x[tuple(target)]
    assert x[kept].shape == picked.shape


def test_gradients_of_scatter_and_scatter_add():
    x, src = [mt.rand(3, 4, dtype=mt.float64).requires_grad_() for _ in range(2)]
    index = mt.tensor([[1, 3], [0, 2], [3, 1]])  # all differ: which of two counts has no gradient
    for f in (
        lambda x, s: mt.scatter(x, 1, index, s) ** 2,
        lambda x, s: mt.scatter_add(x, 1, index // 2, s) ** 2,
    ):
        mt.autograd.gradcheck(f, (x, src))
        mt.autograd.gradgradcheck(f, (x, src))


@pytest.mark.parametrize("reduce", ["sum", "prod", "mean", "amax", "amin"])
@pytest.mark.parametrize("include_self", [True, False])
def test_gradients_of_scatter_reduce(reduce, include_self):
    rng = np.random.default_rng(1)
    x = mt.tensor(rng.normal(size=(3, 4))).requires_grad_()
    src = mt.tensor(rng.normal(size=(3, 2))).requires_grad_()
    index = mt.tensor([[0, 1], [0, 1], [2, 1]])

    def f(x, src):
        return mt.scatter_reduce(x, 0, index, src, reduce, include_self=include_self)

    mt.autograd.gradcheck(f, (x, src))
    mt.autograd.gradgradcheck(f, (x, src))


def test_gradient_of_a_product_with_zeros():
    x = mt.ones(1, dtype=mt.float64, requires_grad=True)
    src = mt.tensor([0.0, 2.0, 3.0], dtype=mt.float64, requires_grad=True)
    mt.scatter_reduce(x, 0, mt.tensor([0, 0, 0]), src, "prod").sum().backward()
    assert src.grad.tolist() == [6, 0, 0] and x.grad.tolist() == [0]


@few
@given(hnp.arrays(np.int64, st.integers(0, 6), elements=st.integers(0, 3)), st.integers(0, 2))
def test_whole_slices(index, dim):
    x = np.random.default_rng(0).normal(size=(4, 4, 4))
    t, i = mt.tensor(x), mt.tensor(index)
    same(t.index_select(dim, i), np.take(x, index, dim))
    source = np.random.default_rng(1).normal(size=np.take(x, index, dim).shape)
    added = x.copy()
    np.add.at(added, (*(slice(None),) * dim, index), 2 * source)
    np.testing.assert_allclose(t.index_add(dim, i, mt.tensor(source), alpha=2).numpy(), added)
    copied = x.copy()
    copied[(*(slice(None),) * dim, index)] = source
    same(t.index_copy(dim, i, mt.tensor(source)), copied)
    copied[(*(slice(None),) * dim, index)] = 3
    same(t.clone().index_fill_(dim, i, 3), copied)


def test_flat_positions():
    x = np.arange(6.0).reshape(2, 3)
    t = mt.tensor(x)
    assert t.take(mt.tensor([[0, -1]])).tolist() == [[0, 5]]
    assert t.put(mt.tensor([0, 0]), mt.ones(2, dtype=mt.float64), True).tolist()[0] == [2, 1, 2]
    assert t.T.clone().T.put_(mt.tensor([1]), mt.ones(1, dtype=mt.float64))[0, 1].item() == 1
    rows, columns = mt.unravel_index(mt.tensor([4]), (2, 3))
    assert (rows.item(), columns.item()) == (1, 1)
    order = t.argsort(dim=1, descending=True)
    same(mt.take_along_dim(t, order, 1), np.sort(x, 1)[:, ::-1])


@pytest.mark.parametrize(
    "call, error",
    [
        (lambda x: x.gather(0, mt.tensor([[5]])), RuntimeError),
        (lambda x: x.gather(0, mt.tensor([0])), RuntimeError),
        (lambda x: x.index_select(0, mt.tensor([-1])), IndexError),
        (lambda x: x.index_add_(0, mt.tensor([0]), mt.ones(2, 3)), RuntimeError),
        (lambda x: x.index_copy_(0, mt.tensor([9]), mt.ones(1, 3)), IndexError),
        (lambda x: x.index_fill_(0, mt.tensor([9]), 1.0), IndexError),
        (lambda x: x.scatter_(0, mt.tensor([[9]]), 1.0), RuntimeError),
        (lambda x: x.scatter_reduce_(0, mt.tensor([[0]]), mt.ones(1, 1), "median"), RuntimeError),
        (lambda x: x.masked_scatter_(mt.ones(2, 3).bool(), mt.ones(2)), RuntimeError),
        (lambda x: x.take(mt.tensor([6])), IndexError),
        (lambda x: x.put_(mt.tensor([6]), mt.ones(1)), IndexError),
        (lambda x: x.index_put_((mt.tensor([9]),), mt.ones(3)), IndexError),
    ],
)
def test_errors_change_nothing(call, error):
    x = mt.zeros(2, 3)
    with pytest.raises(error):
        call(x)
    assert x.sum().item() == 0


def test_parts_replaced_out_of_place():
    x = mt.zeros(3, 3)
    assert mt.diagonal_scatter(x, mt.ones(3)).trace().item() == 3
    assert mt.select_scatter(x, mt.ones(3), 1, 0)[:, 0].sum().item() == 3
    assert mt.slice_scatter(x, mt.ones(2, 3), 0, 1).sum().item() == 6
    assert mt.as_strided_scatter(x, mt.ones(2), (2,), (1,), 1)[0].tolist() == [0, 1, 1]
    assert x.sum().item() == 0


@pytest.mark.parametrize("shape", [(40, 50), (40, 50, 3), (40, 50, 0)])
@pytest.mark.parametrize("repeated", [True, False])
def test_many_places_as_in_numpy(shape, repeated):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    if repeated:
        key = rng.integers(-40, 40, (60, 30)), rng.integers(-50, 50, (60, 30))
    else:
        key = np.divmod(rng.permutation(2000)[:1800].reshape(60, 30), 50)
    index = tuple(map(mt.tensor, key))
    a = mt.tensor(x, requires_grad=True)
    picked = a[index]
    np.testing.assert_array_equal(picked.detach().numpy(), x[key])
    g = rng.standard_normal(picked.shape)
    picked.backward(mt.tensor(g))
    added = np.zeros(shape)
    np.add.at(added, key, g)
    np.testing.assert_allclose(a.grad.numpy(), added, rtol=1e-12)
    np.add.at(added, key, 1.0)
    put = mt.index_put(a.grad, index, mt.tensor(1.0, dtype=mt.float64), accumulate=True)
    np.testing.assert_allclose(put.numpy(), added, rtol=1e-12)
    with pytest.raises(IndexError):
        a[index[0] + 40 if repeated else index[0] + 20, index[1]]
