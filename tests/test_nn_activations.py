"""Activations: functions and modules agree; in place or not; what they do at borders."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn import functional as F
from minitorch.ops import activations, rectifiers, regression_losses

IN_PLACE = [
    nn.CELU, nn.ELU, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LeakyReLU, nn.Mish, nn.RReLU,
    nn.ReLU, nn.ReLU6, nn.SELU, nn.SiLU, lambda inplace=False: nn.Threshold(0.5, 2.0, inplace),
]  # fmt: skip
OTHERS = [
    nn.GELU, lambda: nn.GELU("tanh"), nn.Hardshrink, nn.LogSigmoid, nn.Sigmoid, nn.Softplus,
    nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.PReLU,
]  # fmt: skip
ALONG = [nn.Softmax, nn.LogSoftmax, nn.Softmin]


def numbers(*shape, seed=0, dtype=mt.float64):
    return mt.tensor(np.random.default_rng(seed).standard_normal(shape) * 2, dtype=dtype)


@pytest.mark.parametrize("make", IN_PLACE)
def test_in_place_gives_the_same_value_and_gradient(make):
    x = numbers(3, 4)
    leaf, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    mt.manual_seed(0)
    out = make()(leaf * 1)
    mt.manual_seed(0)
    written = other * 1
    result = make(inplace=True)(written)
    assert result is written and np.array_equal(out.numpy(force=True), result.numpy(force=True))
    assert out._version == 0 and result._version == 1
    out.sum().backward()
    result.sum().backward()
    assert np.array_equal(leaf.grad.numpy(), other.grad.numpy())
    assert np.array_equal(leaf.numpy(force=True), x.numpy())


@pytest.mark.parametrize("make", IN_PLACE + OTHERS)
def test_derivatives(make):
    module = make().double().eval()
    x = numbers(2, 5, seed=1).requires_grad_()
    assert gradcheck(module, (x,)) and gradgradcheck(module, (x,))


@pytest.mark.parametrize("make", IN_PLACE + OTHERS)
@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (2, 0, 1)])
def test_any_shape(make, shape):
    x = mt.ones(shape).requires_grad_()
    y = make()(x)
    assert y.shape == shape and y.dtype is mt.float32
    y.sum().backward()
    assert x.grad.shape == shape


@given(st.integers(0, 4), st.integers(1, 5), st.integers(0, 99))
def test_softmax_of_a_batch_is_that_of_each(n, c, seed):
    x = numbers(n, c, seed=seed)
    for make in ALONG:
        y = make(dim=-1)(x)
        for i in range(n):
            assert np.allclose(y[i].numpy(), make(dim=0)(x[i]).numpy())
    assert np.allclose(F.softmax(x, 1).sum(1).numpy(), 1)


@pytest.mark.parametrize("make", ALONG)
def test_softmax_without_dim_guesses_and_warns(make):
    for shape, dim in [((4,), 0), ((2, 3), 1), ((2, 3, 4), 0), ((2, 3, 4, 5), 1)]:
        x = numbers(*shape)
        with pytest.warns(UserWarning, match="dim"):
            assert np.array_equal(make()(x).numpy(), make(dim=dim)(x).numpy())


def test_softmax2d_is_over_the_channels():
    x = numbers(2, 3, 4, 5)
    assert np.allclose(nn.Softmax2d()(x).sum(1).numpy(), 1)
    assert np.array_equal(nn.Softmax2d()(x[0]).numpy(), nn.Softmax2d()(x)[0].numpy())
    with pytest.raises(ValueError, match="3D or 4D"):
        nn.Softmax2d()(mt.ones(2, 3))


def test_glu_halves():
    x = numbers(3, 4)
    assert np.allclose(nn.GLU()(x).numpy(), (x[:, :2] * x[:, 2:].sigmoid()).numpy())
    with pytest.raises(RuntimeError, match="odd"):
        nn.GLU(0)(x)


def test_prelu_has_a_slope_per_channel():
    module = nn.PReLU(3, init=0.5)
    assert module.state_dict()["weight"].tolist() == [0.5] * 3
    with mt.no_grad():
        module.weight.copy_(mt.tensor([1.0, 2.0, 3.0]))
    y = module(-mt.ones(2, 3, 2))
    assert y[1, :, 0].tolist() == [-1, -2, -3]
    y.sum().backward()
    assert module.weight.grad.tolist() == [-4.0] * 3
    with pytest.raises(RuntimeError, match="channels"):
        module(mt.ones(2, 4))


def test_rrelu_draws_in_training_only():
    x = numbers(50)
    module = nn.RReLU(0.1, 0.3)
    slopes = (module(x) / x).numpy()
    negative = x.numpy() <= 0
    assert np.all(slopes[~negative] == 1)
    assert np.all((slopes[negative] >= 0.1 - 1e-12) & (slopes[negative] < 0.3 + 1e-12))
    assert len(set(slopes[negative])) > 5
    assert np.allclose(module.eval()(x).numpy(), F.leaky_relu(x, 0.2).numpy())


def test_gumbel_softmax_is_one_hot_with_the_smooth_gradient():
    x = numbers(6, 4).requires_grad_()
    mt.manual_seed(1)
    soft = F.gumbel_softmax(x, tau=0.5)
    mt.manual_seed(1)
    hard = F.gumbel_softmax(x, tau=0.5, hard=True)
    assert np.allclose(soft.sum(1).numpy(force=True), 1)
    assert np.array_equal(hard.argmax(1).numpy(), soft.argmax(1).numpy())
    assert sorted({round(v, 12) for v in hard.flatten().tolist()}) == [0, 1]
    w = numbers(6, 4, seed=3)
    one, two = (mt.autograd.grad((y * w).sum(), x)[0] for y in (soft, hard))
    assert np.allclose(one.numpy(), two.numpy())


def test_how_they_show():
    shown = {
        nn.ReLU(True): "ReLU(inplace=True)",
        nn.ReLU6(): "ReLU6()",
        nn.LeakyReLU(0.2, True): "LeakyReLU(negative_slope=0.2, inplace=True)",
        nn.ELU(): "ELU(alpha=1.0)",
        nn.GELU(): "GELU(approximate='none')",
        nn.Softplus(): "Softplus(beta=1.0, threshold=20.0)",
        nn.Hardtanh(): "Hardtanh(min_val=-1.0, max_val=1.0)",
        nn.Hardshrink(): "Hardshrink(0.5)",
        nn.PReLU(): "PReLU(num_parameters=1)",
        nn.Softmax(1): "Softmax(dim=1)",
        nn.Threshold(1, 2): "Threshold(threshold=1, value=2)",
        nn.Hardswish(True): "Hardswish()",
    }
    for module, text in shown.items():
        assert repr(module) == text


def test_bad_arguments():
    with pytest.raises(AssertionError):
        nn.Hardtanh(1, 0)
    with pytest.raises(RuntimeError, match="lower"):
        F.rrelu(mt.ones(2), 0.5, 0.1)
    with pytest.raises(RuntimeError, match="lambd"):
        nn.Softshrink(-1.0)(mt.ones(2))
    with pytest.raises(RuntimeError, match="leaf"):
        F.relu(mt.ones(2).requires_grad_(), inplace=True)
    with pytest.warns(FutureWarning, match="min_val"):
        assert nn.Hardtanh(min_value=-2.0).min_val == -2.0


def test_the_result_of_silu_may_be_written_to():
    x = mt.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    (alone,) = mt.autograd.grad(nn.functional.silu(x).sum(), x)
    nn.functional.silu(x).add_(1).sum().backward()  # a shortcut, say
    assert x.grad.equal(alone)


@pytest.mark.parametrize("f", [F.elu, F.selu, lambda x: F.celu(x, 0.7)])
def test_second_derivatives_of_exponential_units_at_zero_are_those_of_the_line(f):
    x = mt.zeros(1, requires_grad=True)
    (slope,) = mt.autograd.grad(f(x).sum(), x, create_graph=True)
    assert slope.item() > 0
    assert mt.autograd.grad(slope, x)[0].item() == 0


SLOPED = {  # fused ops that keep their slope, with settings
    "gelu": (activations._gelu, ()), "gelu tanh": (activations._gelu_tanh, ()),
    "silu": (activations._silu, ()), "mish": (activations._mish, ()),
    "softplus": (activations._softplus, (1, 20)), "softplus 3": (activations._softplus, (3.0, 2.0)),
    "elu": (activations._elu, (0.3, 1, 1)), "celu": (activations._elu, (0.7, 1, 1 / 0.7)),
    "selu": (activations._elu, (1.6732632423543772, 1.0507009873554805, 1)),
    "leaky_relu": (rectifiers._leaky_relu, (0.01,)), "steep": (rectifiers._leaky_relu, (-2.0,)),
    "hardswish": (rectifiers._hardswish, ()), "huber": (regression_losses._huber, (1.5, 2.0)),
}  # fmt: skip
NEAR = np.concatenate(
    [
        np.linspace(-12, 12, 477),
        [-3.0, 3.0, -0.0, 1e-30, -1e-30, -50.0, 60.0, 1e4, -1e4, 1e30, -1e30],
    ]
)


@pytest.mark.parametrize("name", SLOPED)
@pytest.mark.parametrize("shape", [(-1,), (8, -1), (61, 8)])
def test_value_and_slope_are_the_reference(name, shape):
    op, settings = SLOPED[name]
    x = mt.tensor(NEAR).reshape(shape).requires_grad_()
    if shape == (61, 8):
        x = x.detach().t().requires_grad_()
    found = []
    for function in (op, op.reference):
        out = function(x, *settings)
        g = numbers(*x.shape, seed=5)
        found.append([out, *mt.autograd.grad(out, x, g)])
    for mine, textbook in zip(*found, strict=True):
        np.testing.assert_allclose(
            mine.detach().numpy(), textbook.detach().numpy(), rtol=1e-9, atol=1e-12
        )
    with mt.no_grad():  # where no slope is computed
        assert op(x, *settings).equal(found[0][0])
    assert found[0][0].stride() == x.stride()


@pytest.mark.parametrize("name", SLOPED)
def test_single_precision_of_value_and_slope(name):
    op, settings = SLOPED[name]
    x = mt.tensor(NEAR[np.abs(NEAR) < 8], requires_grad=True)
    y = x.detach().float().requires_grad_()
    found = [op(a, *settings) for a in (x, y)]
    grads = [mt.autograd.grad(out.sum(), a)[0] for out, a in zip(found, (x, y))]
    for exact, single in (found, grads):
        assert single.dtype is mt.float32
        np.testing.assert_allclose(
            single.detach().numpy(), exact.detach().numpy(), rtol=2e-6, atol=3e-6
        )


def test_small_values_keep_their_digits():
    x = mt.tensor([-20.0, -80.0], requires_grad=True)
    for f in (F.mish, F.silu, F.softplus):
        out = f(x)
        (slope,) = mt.autograd.grad(out.sum(), x)
        e, factor = np.exp(np.float64([-20, -80])), 1 if f is F.softplus else np.float64([-20, -80])
        np.testing.assert_allclose(out.detach().numpy(), factor * e, rtol=1e-5)
        np.testing.assert_allclose(slope.numpy(), (factor + (f is not F.softplus)) * e, rtol=1e-5)


def test_no_gradient_passes_where_hardswish_is_flat():
    x = mt.tensor([-4.0, -3.0, 0.0], requires_grad=True)
    F.hardswish(x).backward(mt.tensor([np.inf, np.nan, 2.0]))
    assert x.grad.tolist() == [0, 0, 1]


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_glu_kernel_is_its_reference(dim):
    x = numbers(2, 4, 6, seed=3).requires_grad_()
    found = []
    for function in (activations._glu, activations._glu.reference):
        out = function(x, dim)
        g = numbers(*out.shape, seed=4)
        found.append([out, *mt.autograd.grad(out, x, g)])
    for mine, textbook in zip(*found, strict=True):
        assert mt.allclose(mine, textbook, rtol=1e-12)
    assert gradcheck(lambda x: F.glu(x, dim), (x,)) and gradgradcheck(lambda x: F.glu(x, dim), (x,))


@pytest.mark.parametrize("function", [F.relu, F.relu6, F.hardtanh])
def test_the_gradient_of_nan_passes(function):
    x = mt.tensor([float("nan"), -9.0, 0.5], requires_grad=True)
    function(x).backward(mt.tensor([2.0, 3.0, 4.0]))
    assert x.grad.tolist() == [2.0, 0.0, 4.0]
