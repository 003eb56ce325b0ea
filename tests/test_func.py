"""minitorch.func: gradients of plain functions."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import func


def number(value):
    return mt.tensor(value, dtype=mt.float64)


def test_grad_of_grad_of_grad():
    def f(x):
        return x**4

    for expected in [32, 48, 48, 24]:
        f = func.grad(f)
        assert f(number(2.0)).item() == expected


@given(st.integers(-3, 3), st.integers(-3, 3))
def test_argnums(a, b):
    def f(x, y):
        return x * x * y

    x, y = number(a), number(b)
    da, db = func.grad(f, (0, 1))(x, y)
    np.testing.assert_allclose([da.item(), db.item()], [2 * a * b, a * a])
    assert func.grad(f, 1)(x, y).item() == func.grad(f, -1)(x, y).item() == db.item()
    same = func.grad(f, (0, 1))(x, x)  # one tensor in two places
    np.testing.assert_allclose([t.item() for t in same], [2 * a * a, a * a])


def test_nested_arguments_and_keywords():
    def f(parameters, x, *, scale):
        return ((parameters["w"][0] * x + parameters["b"]) * scale).sum()

    parameters = {"w": (mt.ones(2),), "b": mt.zeros(2)}
    value, g = func.value_and_grad(f)(parameters, mt.tensor([1.0, 2.0]), scale=3)
    assert value.item() == 9
    assert g["w"][0].tolist() == [3, 6] and g["b"].tolist() == [3, 3]
    assert not parameters["b"].requires_grad and parameters["b"].grad is None


def test_aux():
    def f(x):
        return (x * x).sum(), {"y": x + 1}

    x = mt.ones(2)
    g, aux = func.grad(f, has_aux=True)(x)
    assert g.tolist() == [2, 2] and aux["y"].tolist() == [2, 2] and not aux["y"].requires_grad
    (value, aux), g = func.value_and_grad(f, has_aux=True)(x)
    assert value.item() == 2 and not value.requires_grad
    g, (value, aux) = func.grad_and_value(f, has_aux=True)(x)
    assert g.tolist() == [2, 2]
    _, pull, aux = func.vjp(lambda x: (x * 2, x * 3), x, has_aux=True)
    assert not aux.requires_grad and pull(x)[0].tolist() == [2, 2]


def test_closures_keep_their_history():
    w = mt.ones(2, requires_grad=True)
    g = func.grad(lambda x: (w * x * x).sum())(mt.tensor([1.0, 2.0]))
    assert g.tolist() == [2, 4] and g.requires_grad
    g.sum().backward()
    assert w.grad.tolist() == [2, 4]


def test_an_outer_gradient_sees_through():
    x = mt.tensor(2.0, requires_grad=True)
    g = func.grad(lambda t: t**3)(x)
    g.backward()
    assert x.grad.item() == 12


def test_no_grad_outside_does_not_matter():
    with mt.no_grad():
        g = func.grad(lambda x: x * x)(mt.tensor(3.0))
    assert g.item() == 6 and not g.requires_grad


@given(st.lists(st.floats(-2, 2), min_size=2, max_size=2))
def test_vjp_jvp_and_the_jacobian(values):
    def f(x):
        return mt.stack([x[0] * x[1], x[0].sin(), x.sum()])

    x = number(values)
    J = func.jacrev(f)(x)
    y, pull = func.vjp(f, x)
    assert y.shape == (3,) and not y.requires_grad
    for i in range(3):
        row = pull(mt.eye(3, dtype=mt.float64)[i])[0]
        np.testing.assert_allclose(row.numpy(), J[i].numpy(), atol=1e-9)
    for j in range(2):
        _, column = func.jvp(f, (x,), (mt.eye(2, dtype=mt.float64)[j],))
        np.testing.assert_allclose(column.numpy(), J[:, j].numpy(), atol=1e-9)
    np.testing.assert_array_equal(func.jacfwd(f)(x).numpy(), J.numpy())


def test_jvp_is_differentiated_by_what_the_function_closes_over():
    weight = number([2.0, -1.0]).requires_grad_()
    x, tangent = number([0.3, 0.7]), number([1.0, 2.0])
    _, along = func.jvp(lambda x: (weight * x).sin(), (x,), (tangent,))
    (found,) = mt.autograd.grad(along.sum(), weight)
    expected = tangent * ((weight * x).cos() - weight * x * (weight * x).sin())
    np.testing.assert_allclose(found.numpy(), expected.detach().numpy(), rtol=1e-12)
    with mt.no_grad():
        assert not func.jvp(lambda x: weight * x, (x,), (tangent,))[1].requires_grad
        assert not func.grad(lambda x: (weight * x).sum())(x).requires_grad


@pytest.mark.parametrize("required", [False, True])
def test_a_function_that_writes_to_its_argument_is_differentiated_by_what_it_was_given(required):
    def f(x, write):
        return (x.square_() if write else x.square()).sin()

    def given():
        return number([0.5, -1.5]).requires_grad_(required) * 1

    one = mt.ones(2, dtype=mt.float64)
    results = {}
    for write in (False, True):
        total = functools.partial(lambda w, x: f(x, w).sum(), write)
        results[write] = [
            func.jvp(lambda x, w=write: f(x, w), (given(),), (one,))[1],
            func.jacrev(lambda x, w=write: f(x, w))(given()),
            func.hessian(total)(given()),
            func.grad(lambda x, t=total: func.grad(t)(x).sum())(given()),
        ]
        if required:
            results[write] += [
                func.grad(total)(given()),
                func.vjp(lambda x, w=write: f(x, w), given())[1](one)[0],
                mt.autograd.functional.jacobian(
                    lambda x, w=write: f(x, w), given(), create_graph=True
                ),
            ]
    for a, b in zip(results[False], results[True]):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)


def test_hessian():
    H = func.hessian(lambda x: (x**3).sum() + x[0] * x[1])(number([1.0, 2.0]))
    assert H.tolist() == [[6, 1], [1, 12]]
    assert func.jacrev(func.grad(lambda x: (x**3).sum()))(number([1.0, 2.0])).tolist() == [
        [6, 0],
        [0, 12],
    ]


def test_jacrev_of_several():
    J = func.jacrev(lambda x, y: x * y, (0, 1))(mt.ones(2), mt.full((2,), 3.0))
    assert J[0].tolist() == [[3, 0], [0, 3]] and J[1].tolist() == [[1, 0], [0, 1]]


def test_independent_arguments_get_zeros():
    assert func.grad(lambda x, y: x * 2, 1)(mt.tensor(1.0), mt.tensor(1.0)).item() == 0
    assert func.grad(lambda x: mt.tensor(2.0))(mt.tensor(1.0)).item() == 0


def test_errors():
    x = mt.ones(2)
    with pytest.raises(RuntimeError, match=r"0-d Tensor, got shape \(2,\)"):
        func.grad(lambda x: x)(x)
    with pytest.raises(RuntimeError, match="0-d Tensor"):
        func.grad(lambda x: 1.0)(x)
    with pytest.raises(RuntimeError, match="argnums 2"):
        func.grad(lambda x: x.sum(), 2)(x)
    with pytest.raises(RuntimeError, match="tuples"):
        func.jvp(lambda x: x, x, x)
    with pytest.raises(ValueError):
        func.vjp(lambda x: x, x)[1]((x, x))
