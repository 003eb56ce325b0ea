"""Laws that every op of the op table obeys, on arguments that Hypothesis draws and shrinks."""

from __future__ import annotations

import gc
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.testing.op_table import TABLE, Argument, Row

rows = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
few = settings(max_examples=8, deadline=None)


def draw_array(draw, argument: Argument, sizes: dict[str, int]) -> np.ndarray:
    """Numbers on a grid inside the argument's interval, off its ends and off zero."""
    shape = tuple(sizes[name] for name in argument.dims)
    count = int(np.prod(shape))
    steps = st.integers(0, 63)
    numbers = draw(st.lists(steps, min_size=count, max_size=count, unique=argument.distinct))
    grid = (np.array(numbers, np.float64).reshape(shape) + 0.47) / 64
    array = argument.low + (argument.high - argument.low) * grid
    return array if argument.make is None else argument.make(array)


@st.composite
def arguments(draw, row: Row, smallest: int = 1) -> list[np.ndarray]:
    """An array for each argument of `row`; dimensions of the same name have the same size."""
    names = sorted({name for argument in row.arguments for name in argument.dims})
    sizes = {name: draw(st.integers(max(smallest, 2 if name == "n" else 1), 3)) for name in names}
    return [draw_array(draw, argument, sizes) for argument in row.arguments]


def largest(t):
    return float(np.max(np.abs(t.numpy()), initial=0.0))


def leaves(arrays, dtype=None):
    return [mt.tensor(a, dtype=dtype, requires_grad=True) for a in arrays]


def pull(out, inputs, seed=0):
    """The gradients of `inputs` for a random incoming gradient."""
    g = mt.tensor(np.random.default_rng(seed).standard_normal(out.shape)).to(out.dtype)
    return mt.autograd.grad(out, inputs, g, allow_unused=True, retain_graph=True), g


@rows
@few
@given(data=st.data())
def test_value_is_that_of_the_reference(row, data):
    arrays = data.draw(arguments(row))
    out = row.function(*[mt.tensor(a) for a in arrays])
    assert out.dtype == mt.float64
    if row.reference is not None:
        expected = row.reference(*arrays)
        assert out.shape == np.shape(expected)
        np.testing.assert_allclose(out.numpy(), expected, rtol=1e-9, atol=1e-12)


@rows
@few
@given(data=st.data())
def test_gradient_is_that_of_finite_differences(row, data):
    inputs = leaves(data.draw(arguments(row)))
    assert mt.autograd.gradcheck(row.function, inputs, rtol=1e-4, atol=1e-5)


@rows
@settings(max_examples=3, deadline=None)
@given(data=st.data())
def test_second_gradient_is_that_of_finite_differences(row, data):
    inputs = leaves(data.draw(arguments(row)))
    assert mt.autograd.gradgradcheck(row.function, inputs, rtol=1e-3, atol=1e-4)


@rows
@few
@given(data=st.data())
def test_float32_stays_float32_and_close_to_float64(row, data):
    arrays = data.draw(arguments(row))
    wide, narrow = leaves(arrays), leaves(arrays, mt.float32)
    exact, out = row.function(*wide), row.function(*narrow)
    assert out.dtype == mt.float32
    scale = largest(exact.detach()) + 1.0
    np.testing.assert_allclose(
        out.detach().numpy(), exact.detach().numpy(), atol=row.float32 * scale
    )
    (got, _), (want, _) = pull(out, narrow), pull(exact, wide)
    for g, w in zip(got, want):
        assert (g is None) == (w is None)
        if g is not None:
            assert g.dtype == mt.float32
            bound = row.float32 * 10 * (largest(w) + 1.0)
            np.testing.assert_allclose(g.numpy(), w.numpy(), atol=bound)


@rows
@few
@given(data=st.data())
def test_nothing_is_mutated_and_gradients_share_no_memory(row, data):
    arrays = data.draw(arguments(row))
    inputs = leaves(arrays)
    out = row.function(*inputs)
    before = out.detach().numpy().copy()
    grads, g = pull(out, inputs)
    kept = g.numpy().copy()
    out.backward(g)
    np.testing.assert_array_equal(g.numpy(), kept)
    np.testing.assert_array_equal(out.detach().numpy(), before)
    for x, a in zip(inputs, arrays):
        np.testing.assert_array_equal(x.detach().numpy(), a)
    made = [x.grad.numpy() for x in inputs if x.grad is not None]
    for i, one in enumerate(made):
        others = [g.numpy(), out.detach().numpy(), *(x.detach().numpy() for x in inputs)]
        others += made[:i]
        assert not any(np.shares_memory(one, other) for other in others)


@rows
@few
@given(data=st.data())
def test_layout_in_memory_does_not_matter(row, data):
    arrays = data.draw(arguments(row))
    plain = leaves(arrays)
    # Reversed axes, and every other element of a longer array.
    odd = []
    for a in arrays:
        padded = np.zeros((*a.shape[:-1], 2 * a.shape[-1]))[..., ::2].T.copy(order="F").T
        padded[...] = a
        odd.append(mt.from_numpy(padded).requires_grad_())
    a, b = row.function(*plain), row.function(*odd)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-13)
    for x, y in zip(pull(a, plain)[0], pull(b, odd)[0]):
        if x is not None:
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-8, atol=1e-11)


@rows
@few
@given(data=st.data())
def test_backward_is_linear_in_the_incoming_gradient(row, data):
    inputs = leaves(data.draw(arguments(row)))
    out = row.function(*inputs)
    rng = np.random.default_rng(0)
    u, v = (mt.tensor(rng.standard_normal(out.shape)) for _ in range(2))

    def back(g):
        return mt.autograd.grad(out, inputs, g, retain_graph=True, materialize_grads=True)

    for a, b, both in zip(back(u), back(v), back(2 * u + v)):
        np.testing.assert_allclose((2 * a + b).numpy(), both.numpy(), rtol=1e-8, atol=1e-10)


@rows
@few
@given(data=st.data())
def test_no_grad_gives_the_same_values_and_no_graph(row, data):
    inputs = leaves(data.draw(arguments(row)))
    recorded = row.function(*inputs)
    with mt.no_grad():
        plain = row.function(*inputs)
    assert plain.is_leaf
    # LAPACK takes another route when vectors are not asked for, so not to the last bit.
    np.testing.assert_allclose(
        plain.detach().numpy(), recorded.detach().numpy(), rtol=1e-12, atol=1e-14
    )


@rows
def test_empty_tensors_work(row):
    if not row.zero_size:
        return
    sizes = {name: 0 if name != "n" else 2 for a in row.arguments for name in a.dims}
    inputs = []
    for argument in row.arguments:
        array = np.zeros(tuple(sizes[name] for name in argument.dims))
        inputs.append(
            mt.tensor(array if argument.make is None else argument.make(array), requires_grad=True)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = row.function(*inputs)
        if out.requires_grad:
            out.sum().backward()
            for x in inputs:
                assert x.grad is None or x.grad.shape == x.shape


@rows
def test_dropping_the_result_frees_the_graph(row):
    rng = np.random.default_rng(0)
    arrays = []
    for argument in row.arguments:
        shape = [2] * len(argument.dims)
        grid = (rng.permutation(64)[: 2 ** len(shape)].reshape(shape) + 0.47) / 64
        array = argument.low + (argument.high - argument.low) * grid
        arrays.append(array if argument.make is None else argument.make(array))
    inputs = leaves(arrays)
    gc.collect()
    gc.disable()
    try:
        middle = [x * 1.0 for x in inputs]
        out = row.function(*middle)
        nodes = [weakref.ref(x.grad_fn) for x in middle]
        out.sum().backward()
        del middle, out
        assert all(node() is None for node in nodes)
    finally:
        gc.enable()
