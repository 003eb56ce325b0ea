"""Exponentials, trigonometry, special functions, complex numbers, activations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import special
from minitorch.ops import activations, rectifiers, softmax

INF, NAN = math.inf, math.nan
small = st.floats(-3, 3)


def t(*values, dtype=None):
    return mt.tensor(list(values), dtype=dtype)


def close(result, expected, rel=1e-6):
    np.testing.assert_allclose(np.asarray(result.tolist()), expected, rtol=rel, atol=1e-7)
    return True


# --- exponentials, trigonometry, special functions ----------------------------------------------


def test_special_values():
    assert close(mt.log(t(0.0, -1.0, INF)), [-INF, NAN, INF])
    assert close(mt.sqrt(t(-1.0, INF)), [NAN, INF])
    assert close(mt.exp(t(1000.0, -INF)), [INF, 0.0])
    assert close(mt.log1p(t(1e-10, dtype=mt.float64)), [1e-10], rel=1e-14)
    assert close(mt.expm1(t(1e-10, dtype=mt.float64)), [1e-10], rel=1e-9)
    assert close(mt.logaddexp(t(1000.0, -INF), t(1000.0, -INF)), [1000 + math.log(2), -INF])
    assert close(mt.xlogy(t(0.0, 0.0, 2.0), t(0.0, NAN, 0.0)), [0.0, NAN, -INF])
    assert close(mt.sinc(t(0.0, 0.5)), [1.0, 2 / math.pi])
    assert close(mt.asin(t(1.0, 2.0)), [math.pi / 2, NAN])
    assert close(mt.atan2(t(1.0, 0.0), t(0.0, -1.0)), [math.pi / 2, math.pi])
    assert close(mt.erf(t(0.0, INF)), [0.0, 1.0])
    assert close(mt.lgamma(t(1.0, 0.0, 5.0)), [0.0, INF, math.log(24)])
    assert close(special.entr(t(0.0, -1.0, 1.0)), [0.0, -INF, 0.0])
    assert close(special.log_ndtr(t(-100.0)), [-5005.5242])


def test_integers_become_the_default_float():
    assert mt.exp(t(1, 2)).dtype is mt.float32
    assert mt.sigmoid(t(True)).dtype is mt.float32
    assert mt.atan2(t(1), t(2)).dtype is mt.float32
    assert mt.polygamma(1, t(1)).dtype is mt.float32


@given(small)
def test_inverses(x):
    y = mt.tensor(x, dtype=mt.float64)
    for there, back in (
        (mt.sinh, mt.asinh), (mt.tanh, mt.atanh), (mt.exp, mt.log), (mt.expm1, mt.log1p),
        (mt.sigmoid, mt.logit), (mt.atan, mt.tan), (mt.deg2rad, mt.rad2deg),
        (special.ndtr, special.ndtri),
    ):  # fmt: skip
        assert back(there(y)).item() == pytest.approx(x, rel=1e-9, abs=1e-9)


@given(x=small, y=small)
def test_complex_numbers_satisfy_the_functional_equations(x, y):
    z = mt.tensor(complex(x, y), dtype=mt.complex128)
    one = mt.sin(z) ** 2 + mt.cos(z) ** 2
    assert one.item() == pytest.approx(1.0, rel=1e-6, abs=1e-6 * abs(mt.sin(z).item()) ** 2)
    assert mt.exp(mt.log(z + 5)).item() == pytest.approx(z.item() + 5, rel=1e-9)
    assert mt.sqrt(z + 5).square().item() == pytest.approx(z.item() + 5, rel=1e-9)


SMOOTH = [
    mt.sin, mt.cosh, mt.tan, mt.asin, mt.acos, mt.atan, mt.asinh, mt.acosh, mt.atanh, mt.exp2,
    mt.log2, mt.log1p, mt.expm1, mt.sqrt, mt.rsqrt, mt.reciprocal, mt.sigmoid, mt.sinc, mt.sgn,
    abs, mt.angle, mt.real, mt.conj, lambda z: z**3, lambda z: z**0.3, lambda z: 2**z,
    lambda z: z ** (z + 1), lambda z: mt.logaddexp(z, 2 * z), activations.silu,
    lambda z: mt.view_as_real(z), lambda z: mt.complex(mt.imag(z), mt.real(z)),
    lambda z: mt.polar(abs(z), mt.angle(z)),
]  # fmt: skip


@pytest.mark.parametrize("function", SMOOTH, ids=[getattr(f, "__name__", "?") for f in SMOOTH])
def test_gradients_of_complex_functions(function):
    z = mt.tensor([0.3 + 0.4j, -0.7 + 0.2j, 1.5 - 0.6j], dtype=mt.complex128, requires_grad=True)
    assert mt.autograd.gradcheck(function, z)
    assert mt.autograd.gradgradcheck(function, z)


SPECIAL = {
    special.erfcx: 0.5, special.ndtr: 0.3, special.ndtri: 0.3, special.log_ndtr: -0.8,
    special.entr: 0.7, special.i0: 0.6, special.i0e: 0.6, special.i1: 0.6, special.i1e: -0.6,
    special.digamma: 1.7, special.gammaln: 2.3,
    (lambda x: special.polygamma(2, x)): 1.4, (lambda x: special.multigammaln(x, 3)): 2.5,
    (lambda x: special.xlog1py(x, x)): 0.4, (lambda x: special.zeta(2.5, x)): 1.3,
    (lambda x: special.gammainc(mt.full_like(x, 1.5).detach(), x)): 0.9,
}  # fmt: skip


@pytest.mark.parametrize("function", SPECIAL)
def test_gradients_of_special_functions(function):
    x = mt.tensor([SPECIAL[function]], dtype=mt.float64, requires_grad=True)
    assert mt.autograd.gradcheck(function, x)
    assert mt.autograd.gradgradcheck(function, x)


def test_functions_of_real_numbers_refuse_complex_ones():
    for function in (mt.erf, mt.lgamma, mt.deg2rad, mt.relu, special.i0):
        with pytest.raises(NotImplementedError, match="complex64"):
            function(t(1j))
    with pytest.raises(RuntimeError):
        mt.polygamma(-1, t(1.0))


# --- complex numbers ----------------------------------------------------------------------------


def test_real_and_imaginary_parts_are_views():
    z = t(1 + 2j, 3 + 4j)
    mt.imag(z).mul_(10)
    assert z.tolist() == [1 + 20j, 3 + 40j]
    mt.view_as_real(z)[0, 0] = 7
    assert z.real.tolist() == [7.0, 3.0]
    pairs = mt.zeros(2, 2)
    mt.view_as_complex(pairs).add_(1 + 2j)
    assert pairs.tolist() == [[1.0, 2.0], [1.0, 2.0]]
    with pytest.raises(RuntimeError):
        mt.imag(t(1.0))
    with pytest.raises(RuntimeError):
        mt.view_as_complex(mt.zeros(3))
    x = t(1.0)
    assert mt.real(x) is x and mt.conj(x) is x and mt.resolve_conj(x) is x


def test_making_complex_numbers():
    assert mt.complex(t(1.0), t(2.0)).tolist() == [1 + 2j]
    assert close(mt.polar(t(2.0), t(math.pi / 2)), [2j])
    assert close(mt.angle(t(1j, -1.0)), [math.pi / 2, math.pi])
    assert close(mt.angle(t(2.0, -2.0)), [0.0, math.pi])
    with pytest.raises(RuntimeError):
        mt.complex(t(1.0), t(2.0).double())


# --- activations --------------------------------------------------------------------------------

F = activations
R = rectifiers
VALUES = {
    R.relu: [0, 0, 1, 7], R.relu6: [0, 0, 1, 6], R.hardtanh: [-1, 0, 1, 1],
    R.leaky_relu: [-0.02, 0, 1, 7], R.hardsigmoid: [1 / 6, 0.5, 2 / 3, 1],
    R.hardswish: [-1 / 3, 0, 2 / 3, 7], R.hardshrink: [-2, 0, 1, 7],
    R.softshrink: [-1.5, 0, 0.5, 6.5], F.softsign: [-2 / 3, 0, 0.5, 0.875],
    F.silu: [-0.238405844, 0, 0.731058579, 6.99362618],
    F.mish: [-0.252501488, 0, 0.865098388, 6.99998832],
    F.gelu: [-0.0455002639, 0, 0.841344746, 7.0],
    (lambda x: F.gelu(x, approximate="tanh")): [-0.0454023, 0, 0.841192, 7.0],
    F.softplus: [0.126928011, 0.693147181, 1.31326169, 7.00091147],
    F.logsigmoid: [-2.12692801, -0.693147181, -0.313261688, -0.000911466454],
    F.elu: [-0.864664717, 0, 1, 7], F.celu: [-0.864664717, 0, 1, 7],
    F.selu: [-1.52016638, 0, 1.05070099, 7.3549069],
    F.tanhshrink: [-1.03597242, 0, 0.238405844, 6.00000166],
    F.sigmoid: [0.119202922, 0.5, 0.731058579, 0.999088949],
}  # fmt: skip


@pytest.mark.parametrize("function", VALUES)
@pytest.mark.parametrize("times", [1, 2000])  # large arrays take another way
def test_activations(function, times):
    x = mt.tensor([-2.0, 0.0, 1.0, 7.0] * times)
    assert close(function(x), VALUES[function] * times, rel=1e-5)
    x16 = x.half()
    assert function(x16).dtype is mt.float16
    np.testing.assert_allclose(function(x16).tolist(), VALUES[function] * times, atol=2e-3)
    assert math.isnan(function(t(NAN)).item())


@pytest.mark.parametrize("function", VALUES)
def test_gradients_of_activations(function):
    x = mt.tensor([-2.2, -0.3, 0.2, 0.9, 2.7, 7.1], dtype=mt.float64, requires_grad=True)
    assert mt.autograd.gradcheck(function, x)
    assert mt.autograd.gradgradcheck(function, x)


def test_gradients_at_the_kinks():
    def slope(function, at):
        x = t(at).requires_grad_()
        function(x).backward(t(1.0))
        return x.grad.item()

    assert slope(mt.relu, 0.0) == 0
    assert slope(R.leaky_relu, 0.0) == pytest.approx(0.01)
    assert slope(R.hardtanh, 1.0) == 0
    assert slope(F.elu, 0.0) == 1
    assert slope(R.hardswish, -3.0) == 0
    assert slope(R.hardswish, 3.0) == 1
    assert slope(lambda x: mt.relu(x) ** 0.5, -1.0) == 0  # not infinity times zero


def test_parametric_activations():
    x = mt.tensor([[-2.0, -4.0], [1.0, 2.0]], requires_grad=True)
    w = t(0.5, 0.25).requires_grad_()
    y = mt.prelu(x, w)
    assert y.tolist() == [[-1.0, -1.0], [1.0, 2.0]]
    y.sum().backward()
    assert x.grad.tolist() == [[0.5, 0.25], [1.0, 1.0]] and w.grad.tolist() == [-2.0, -4.0]
    with pytest.raises(RuntimeError, match="channels"):
        mt.prelu(x, t(1.0, 2.0, 3.0))
    assert mt.threshold(t(-1.0, 2.0), 1.0, 9.0).tolist() == [9.0, 2.0]
    assert close(F.glu(t(1.0, 0.0)), [0.5])
    with pytest.raises(RuntimeError, match="odd"):
        F.glu(t(1.0, 2.0, 3.0))
    with pytest.raises(RuntimeError):
        F.gelu(t(1.0), approximate="no")


@pytest.mark.parametrize("shape", [(3, 5), (4000, 3), (2, 3, 4)])
@pytest.mark.parametrize("dim", [0, -1])
def test_softmax_against_the_textbook(shape, dim):
    x = np.random.default_rng(1).standard_normal(shape) * 5
    e = np.exp(x - x.max(dim, keepdims=True))
    expected = e / e.sum(dim, keepdims=True)
    for dtype, tolerance in ((np.float64, 1e-14), (np.float32, 1e-5), (np.float16, 1e-2)):
        data = mt.from_numpy(x.astype(dtype))
        assert mt.softmax(data, dim).dtype is data.dtype
        np.testing.assert_allclose(mt.softmax(data, dim).numpy(), expected, atol=tolerance)
        logs = mt.log_softmax(data, dim).numpy()
        np.testing.assert_allclose(logs, np.log(expected), atol=tolerance * 10)


@pytest.mark.parametrize("function", [mt.softmax, mt.log_softmax, softmax.softmin])
@pytest.mark.parametrize("dim", [0, 1])
def test_gradients_of_softmax(function, dim):
    x = mt.tensor([[0.3, -1.0, 2.0], [0.1, 0.2, 0.4]], dtype=mt.float64, requires_grad=True)
    assert mt.autograd.gradcheck(lambda x: function(x, dim), x)
    assert mt.autograd.gradgradcheck(lambda x: function(x, dim), x)


def test_softmax_at_the_edges():
    assert mt.softmax(t(1e30, -INF, 1e30), 0).tolist() == [0.5, 0.0, 0.5]
    assert mt.log_softmax(t(0.0, 1000.0), 0).tolist() == [-1000.0, 0.0]
    assert mt.softmax(mt.zeros(0, 3), 1).shape == (0, 3)
    assert mt.softmax(mt.tensor(2.0), 0).item() == 1
    assert mt.softmax(t(1, 1), 0, dtype=mt.float64).tolist() == [0.5, 0.5]
    with pytest.raises(RuntimeError):
        mt.softmax(t(1, 2), 0)
    with pytest.raises(IndexError):
        mt.softmax(t(1.0), 1)


def test_derivatives_of_log_ndtr_are_finite_on_either_side():
    x = t(-1e6, -100.0, 0.0, 100.0, 1e6, dtype=mt.float64).requires_grad_()
    (slope,) = mt.autograd.grad(special.log_ndtr(x).sum(), x, create_graph=True)
    (bend,) = mt.autograd.grad(slope.sum(), x)
    middle = math.sqrt(2 / math.pi)
    expected = [1e6 + 1e-6, 100.00999800099927, middle, 0, 0]
    np.testing.assert_allclose(slope.detach().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(bend.numpy(), [-1, -0.99990006, -(middle**2), 0, 0], rtol=1e-3)


@pytest.mark.parametrize("dtype", [mt.float16, mt.bfloat16, mt.float32, mt.float64])
def test_functions_keep_the_dtype(dtype):
    x = mt.tensor([0.5, 40.0], dtype=dtype, requires_grad=True)
    for y in (
        mt.xlogy(x, 3), mt.xlogy(x, 2.5), mt.xlogy(2.5, x), mt.special.xlog1py(x, 3),
        mt.special.xlog1py(2, x), mt.deg2rad(x), mt.rad2deg(x),
    ):  # fmt: skip
        assert y.dtype is dtype
        (gradient,) = mt.autograd.grad(y.sum(), x)
        assert gradient.dtype is dtype
    turned = np.asarray(x.detach().double().tolist()) * (np.pi / 180)
    assert mt.deg2rad(x).tolist() == mt.tensor(turned).to(dtype).tolist()
