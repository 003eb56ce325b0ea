"""gradcheck and gradgradcheck: right gradients pass, wrong ones do not."""

import warnings

import pytest

import minitorch as mt
from minitorch.autograd import Function, GradcheckError, gradcheck, gradgradcheck


def inputs(complex=False):
    mt.manual_seed(0)
    return mt.randn(2, 3, dtype=mt.complex128 if complex else mt.float64, requires_grad=True)


def with_gradient(forward, backward):
    """A function of one tensor whose gradient is claimed to be ``backward(g, x)``."""

    class Claimed(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return forward(x)

        @staticmethod
        def backward(ctx, g):
            return backward(g, *ctx.saved_tensors)

    return Claimed.apply


def one_element(g, x):
    right = g * 2 * x
    return mt.cat([right[:1] * mt.tensor([1, 1, 1.01]), right[1:]])


WRONG = {
    "factor": lambda g, x: g * 2.01 * x,
    "sign": lambda g, x: -g * 2 * x,
    "zero": lambda g, x: g * 0,
    "one element": one_element,
    "transposed": lambda g, x: (g * 2 * x).flip(1),
}


def test_right_gradients_pass():
    assert gradcheck(with_gradient(lambda x: x * x, lambda g, x: g * 2 * x), inputs())
    assert gradcheck(lambda x: x.exp().sum(dim=0), inputs())


@pytest.mark.parametrize("name", WRONG)
def test_wrong_gradients_fail(name):
    f = with_gradient(lambda x: x * x, WRONG[name])
    with pytest.raises(GradcheckError, match="finite differences give"):
        gradcheck(f, inputs())
    assert not gradcheck(f, inputs(), raise_exception=False)


COMPLEX = {
    "square": (lambda z: z * z, lambda g, z: g * (2 * z).conj(), lambda g, z: g * 2 * z),
    "abs": (lambda z: z.abs(), lambda g, z: g * z / z.abs(), lambda g, z: g * z.conj() / z.abs()),
    "real": (lambda z: z.real * 1, lambda g, z: g + 0j * z, lambda g, z: g * 1j + 0j * z),
    "conj": (lambda z: z.conj() * 1, lambda g, z: g.conj(), lambda g, z: g),
}


@pytest.mark.parametrize("name", COMPLEX)
def test_complex(name):
    forward, right, wrong = COMPLEX[name]
    assert gradcheck(with_gradient(forward, right), inputs(complex=True))
    with pytest.raises(GradcheckError):
        gradcheck(with_gradient(forward, wrong), inputs(complex=True))


def test_real_to_complex():
    assert gradcheck(lambda x: mt.complex(x, x * x), inputs())


def test_every_input_and_every_output_is_checked():
    f = with_gradient(lambda x: x * x, WRONG["sign"])
    x, y = inputs(), inputs()
    with pytest.raises(GradcheckError, match="output 0.* input 1"):
        gradcheck(lambda a, b: a * f(b), (x, y))
    with pytest.raises(GradcheckError, match="output 1"):
        gradcheck(lambda a: (a * 2, a > 0, f(a)), x)
    assert gradcheck(lambda a, b: a * f(b), (x, y.detach()))  # not asked for


def test_a_gradient_that_changes_from_call_to_call():
    noise = iter(range(1000))
    f = with_gradient(lambda x: x * 1, lambda g, x: g + next(noise) * 1e-7)
    with pytest.raises(GradcheckError, match="deterministic"):
        gradcheck(f, inputs())
    assert gradcheck(f, inputs(), nondet_tol=1)


def test_a_wrong_second_derivative():
    def detached(x):  # the first derivative is right, the second is lost
        return with_gradient(lambda x: x * x, lambda g, x: g * 2 * x.detach())(x)

    assert gradcheck(detached, inputs())
    with pytest.raises(GradcheckError):
        gradgradcheck(detached, inputs())
    assert not gradgradcheck(detached, inputs(), raise_exception=False)
    assert gradgradcheck(lambda x: x * x, inputs())
    assert gradgradcheck(lambda x: x * x, inputs(), mt.ones(2, 3, dtype=mt.float64))


def test_independent_outputs_and_empty_inputs():
    assert gradcheck(lambda x: mt.ones(2, dtype=mt.float64), inputs())
    assert gradcheck(lambda x: x * 2, mt.ones(0, dtype=mt.float64, requires_grad=True))
    assert gradcheck(lambda x: x * 2, mt.tensor(1.0, dtype=mt.float64, requires_grad=True))


def test_single_precision_is_warned_about():
    x = mt.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="float64"):
        gradcheck(lambda x: x * 2, x, eps=1e-2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gradcheck(lambda x: x * 2, inputs())


def test_nothing_to_check():
    with pytest.raises(ValueError, match="requires grad"):
        gradcheck(lambda x: x, mt.ones(1))


def test_it_leaves_its_inputs_alone():
    x = inputs()
    before = x.tolist()
    gradcheck(lambda x: x * x, x)
    gradgradcheck(lambda x: x * x, x)
    assert x.tolist() == before and x.grad is None
