"""autograd.functional: Jacobians, Hessians and their products agree with each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch.autograd.functional import hessian, hvp, jacobian, jvp, vhp, vjp

NUMBERS = st.lists(st.floats(-2, 2), min_size=3, max_size=3)


def double(values):
    return mt.tensor(values, dtype=mt.float64)


def close(a, b):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-9)


def f(x):
    """R^3 -> R^2."""
    return mt.stack([x[0] * x[1].exp(), (x * x).sum() * x[2]])


def scalar(x, y):
    return (x.exp() * y).sum() + (x * x * y * y * y).sum()


@given(NUMBERS, NUMBERS, st.lists(st.floats(-2, 2), min_size=2, max_size=2))
def test_products_are_those_of_the_jacobian(x, v, u):
    x, v, u = double(x), double(v), double(u)
    J = jacobian(f, x)
    assert J.shape == (2, 3)
    value, right = jvp(f, x, v)
    close(value, f(x))
    close(right, J @ v)
    value, left = vjp(f, x, u)
    close(value, f(x))
    close(left, u @ J)


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_the_hessian_is_symmetric_and_its_products_agree(x, y, v, w):
    inputs, vectors = (double(x), double(y)), (double(v), double(w))
    H = hessian(scalar, inputs)
    for i in range(2):
        for j in range(2):
            close(H[i][j], H[j][i].t())
    expected = [sum((H[i][j] @ vectors[j] for j in range(2)), double([0, 0, 0])) for i in range(2)]
    for product in (vhp, hvp):
        value, found = product(scalar, inputs, vectors)
        close(value, scalar(*inputs))
        assert isinstance(found, tuple)
        for a, b in zip(found, expected):
            close(a, b)


def test_results_are_nested_as_inputs_and_outputs_are():
    x, y = mt.ones(2), mt.ones(3)

    def several(x, y):
        return x * 2, y.sum()

    J = jacobian(several, (x, y))
    assert [[t.shape for t in row] for row in J] == [[(2, 2), (2, 3)], [(2,), (3,)]]
    assert not J[0][1].any()  # independent: zeros
    assert isinstance(jacobian(lambda x: (x,), x), tuple)
    assert jacobian(lambda x: x.reshape(1, 2), x).shape == (1, 2, 2)
    assert jacobian(lambda x: x * 1, mt.ones(0)).shape == (0, 0)


def test_results_are_detached_unless_create_graph():
    x = mt.ones(2, requires_grad=True)
    for call in (
        lambda c: jacobian(lambda t: t**3, x, create_graph=c),
        lambda c: hessian(lambda t: (t**4).sum(), x, create_graph=c),
        lambda c: vjp(lambda t: t**3, x, mt.ones(2), create_graph=c)[1],
        lambda c: jvp(lambda t: t**3, x, mt.ones(2), create_graph=c)[1],
        lambda c: vhp(lambda t: (t**4).sum(), x, mt.ones(2), create_graph=c)[1],
    ):
        assert not call(False).requires_grad
        result = call(True)
        (g,) = mt.autograd.grad(result.sum(), x)
        assert g.abs().sum() > 0
    assert x.grad is None


def test_under_no_grad():
    with mt.no_grad():
        assert jacobian(lambda x: x * x, mt.tensor(3.0)).item() == 6


def test_strict_refuses_independence():
    x = mt.ones(2)

    def constant(x):
        return mt.ones(2)

    assert not jacobian(constant, x).any()
    for call in (
        lambda: jacobian(constant, x, strict=True),
        lambda: vjp(constant, x, mt.ones(2), strict=True),
        lambda: jvp(constant, x, mt.ones(2), strict=True),
        lambda: jacobian(lambda x, y: x * 2, (x, x), strict=True),
    ):
        with pytest.raises(RuntimeError, match="does not depend"):
            call()


def test_errors():
    x = mt.ones(2)
    with pytest.raises(TypeError, match="inputs must be a Tensor, got float"):
        jacobian(f, 1.0)
    with pytest.raises(TypeError, match="element 1 of inputs"):
        jacobian(f, (x, 1.0))
    with pytest.raises(TypeError, match="outputs of the function"):
        jacobian(lambda x: 1.0, x)
    with pytest.raises(RuntimeError, match="single number"):
        vjp(lambda x: x * 2, x)
    with pytest.raises(RuntimeError, match=r"shape \(3,\); the output has \(2,\)"):
        vjp(lambda x: x * 2, x, mt.ones(3))
    with pytest.raises(RuntimeError, match="v has 2 tensors"):
        vjp(lambda x: x * 2, x, (x, x))
    with pytest.raises(RuntimeError, match="single element"):
        hessian(lambda x: x * 2, x)
    with pytest.raises(ValueError, match="strategy"):
        jacobian(f, x, strategy="sideways")
