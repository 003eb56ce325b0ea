"""Arithmetic: operators, integers, promotion, rounding, powers, bounds; values checked by hand."""

import math
import operator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt

INF, NAN = math.inf, math.nan
integers = st.integers(-100, 100)
floats = st.floats(-100, 100)


def t(*values, dtype=None):
    return mt.tensor(list(values), dtype=dtype)


def same(result, expected, dtype=None):
    """`result` has these elements (NaN equals NaN, -0.0 differs from 0.0) and this dtype."""
    actual = np.asarray(result.tolist())
    np.testing.assert_array_equal(actual, np.asarray(expected))
    if dtype is None or dtype.is_floating_point:
        signs = np.signbit(np.nan_to_num(actual)), np.signbit(np.nan_to_num(expected))
        np.testing.assert_array_equal(*signs)
    if dtype is not None:
        assert result.dtype is dtype
    return True


OPERATORS = [
    operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod,
    operator.pow,
]  # fmt: skip


@pytest.mark.parametrize("op", OPERATORS, ids=lambda op: op.__name__)
@given(a=st.floats(0.5, 9), b=st.floats(0.5, 9))
def test_operators_agree_with_pythons_on_either_side_and_in_place(op, a, b):
    x, y = mt.tensor(a, dtype=mt.float64), mt.tensor(b, dtype=mt.float64)
    expected = pytest.approx(op(a, b), rel=1e-12)
    assert op(x, y).item() == expected
    assert op(x, b).item() == expected
    assert op(a, y).item() == expected
    in_place = getattr(operator, "i" + op.__name__)
    z = x.clone()
    assert in_place(z, y) is z
    assert z.item() == expected


@given(integers, integers.filter(bool))
def test_integer_division_is_pythons(a, b):
    x = t(a)
    assert (x // b).item() == a // b
    assert (x % b).item() == a % b
    assert mt.fmod(x, b).item() == math.fmod(a, b)
    assert mt.div(x, b, rounding_mode="trunc").item() == int(a / b)
    assert mt.div(x, b, rounding_mode="floor").dtype is mt.int64
    assert mt.div(x, b).dtype is mt.float32


@pytest.mark.parametrize(
    "divide",
    [operator.floordiv, operator.mod, mt.fmod, lambda x, y: mt.div(x, y, rounding_mode="trunc")],
)
def test_integers_divided_by_zero_raise_and_floats_do_not(divide):
    with pytest.raises(RuntimeError, match="ZeroDivision"):
        divide(t(1, 2), 0)
    with pytest.raises(RuntimeError, match="ZeroDivision"):
        divide(t(1, 2), t(1, 0))
    divide(t(1.0, 2.0), 0)


def test_floats_divided_by_zero():
    assert same(t(1.0, -1.0, 0.0) / 0, [INF, -INF, NAN])
    assert same(t(1.0, -1.0, 0.0) // 0, [INF, -INF, NAN])
    assert same(t(1, -1, 0) / 0, [INF, -INF, NAN])


def test_small_integers_wrap_around():
    x = t(255, 3, dtype=mt.uint8)
    assert same(x + 1, [0, 4], mt.uint8)
    assert same(x - 4, [251, 255], mt.uint8)
    assert same(-x, [1, 253], mt.uint8)
    assert same(x == -1, [True, False])


def test_numbers_are_weak_and_categories_are_not():
    small = t(1.0, dtype=mt.float16)
    assert (small * 2.5).dtype is mt.float16
    assert (small + t(1)).dtype is mt.float16
    assert (t(1) + 0.5).dtype is mt.float32
    assert (t(1) * 1j).dtype is mt.complex64
    assert (t(1.0, dtype=mt.float64) * 1j).dtype is mt.complex128
    assert (t(1.0) + mt.tensor(1.0, dtype=mt.float64)).dtype is mt.float32
    assert (t(True) + 1).dtype is mt.int64
    assert (t(True) + True).dtype is mt.bool
    assert mt.add(2, 3).item() == 5


def test_booleans():
    a, b = t(True, False), t(True, True)
    assert same(a + b, [True, True]) and same(a * b, [True, False])
    for refused in (lambda: a - b, lambda: a - 1, lambda: -a, lambda: abs(a), lambda: a // b):
        with pytest.raises(RuntimeError):
            refused()
    with pytest.raises(RuntimeError):
        mt.positive(a)


def test_foreign_operands():
    class Foreign:
        def __radd__(self, other):
            return "reflected"

        def __gt__(self, other):
            return "mirrored"

    x = t(1.0)
    assert x + Foreign() == "reflected"
    assert (x < Foreign()) == "mirrored"
    assert (x == None) is False and (x != "a") is True  # noqa: E711
    for op in OPERATORS:
        with pytest.raises(TypeError):
            op(x, None)
    with pytest.raises(TypeError):
        mt.add(x, "1")
    with pytest.raises(TypeError):
        mt.exp(1.0)


def test_errors_name_shapes_and_dtypes():
    with pytest.raises(RuntimeError, match=r"\(2, 3\).*\(2, 4\).*dimension -1"):
        mt.zeros(2, 3) + mt.zeros(2, 4)
    with pytest.raises(RuntimeError, match=r"\(3,\).*\(2,\)"):
        mt.where(mt.zeros(3) > 0, mt.zeros(2), 0.0)
    with pytest.raises(NotImplementedError, match=r"floor.*complex64"):
        mt.floor(t(1j))
    with pytest.raises(RuntimeError):
        mt.zeros(3).add_(mt.zeros(2, 3))


def test_alpha():
    assert same(mt.add(t(1, 2), t(3, 4), alpha=10), [31, 42])
    assert same(mt.rsub(t(1.0), 5, alpha=2), [3.0])
    with pytest.raises(RuntimeError):
        mt.add(t(1), t(1), alpha=0.5)
    with pytest.raises(RuntimeError):
        mt.add(t(1.0), t(1.0), alpha=1j)
    with pytest.raises(RuntimeError):
        mt.sub(t(1), t(1), alpha=True)


def test_rounding():
    x = t(-1.5, -0.5, 0.5, 1.5, 2.5)
    assert same(mt.round(x), [-2.0, -0.0, 0.0, 2.0, 2.0])
    assert same(mt.trunc(x), [-1.0, -0.0, 0.0, 1.0, 2.0])
    assert same(mt.frac(x), [-0.5, -0.5, 0.5, 0.5, 0.5])
    assert same(mt.round(t(1234.5678, dtype=mt.float64), decimals=2), [1234.57])
    assert same(mt.round(t(1234.5678), decimals=-2), [1200.0])
    assert same(mt.floor(t(3, -3)), [3, -3], mt.int64)
    y = x.clone().requires_grad_()
    (mt.floor(y) + mt.ceil(y) + mt.round(y) + mt.sign(y)).sum().backward()
    assert same(y.grad, [0.0] * 5)


def test_what_has_no_gradient_says_so():
    x = t(5.0).requires_grad_()
    for y in (x // 2, mt.heaviside(x, x)):
        with pytest.raises(NotImplementedError, match="gradient"):
            y.sum().backward()


@given(floats, floats.filter(lambda b: abs(b) > 1e-3))
def test_remainder_has_the_sign_of_the_divisor_and_fmod_of_the_dividend(a, b):
    x, y = t(a, dtype=mt.float64), t(b, dtype=mt.float64)
    r, f = mt.remainder(x, y).item(), mt.fmod(x, y).item()
    assert r == 0 or (r > 0) == (b > 0)
    assert f == 0 or (f > 0) == (a > 0)
    assert abs(r) <= abs(b) and abs(f) < abs(b)


def test_powers():
    i = t(5, -1, 1, 0)
    assert same(i**2, [25, 1, 1, 0], mt.int64)
    assert same(t(2, -1, 1) ** t(-1, -3, -2), [0, -1, 1], mt.int64)
    assert same(2 ** t(3, 0), [8, 1], mt.int64)
    assert same(t(16.0, 4.0) ** -0.5, [0.25, 0.5], mt.float32)
    assert same(t(2.0) ** INF, [INF])
    assert (i**0.5).dtype is mt.float32
    assert mt.float_power(i, 2).dtype is mt.float64
    with pytest.raises(RuntimeError, match="negative"):
        i**-1
    with pytest.raises(RuntimeError):
        mt.zeros(2).float_power_(2)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, 2.5, 7])
@given(x=st.floats(0.3, 3))
def test_gradient_of_a_power(exponent, x):
    base = mt.tensor(x, dtype=mt.float64, requires_grad=True)
    (base**exponent).backward()
    assert base.grad.item() == pytest.approx(exponent * x ** (exponent - 1), rel=1e-12)


def test_gradient_of_powers_at_zero():
    x = t(0.0, 0.0).requires_grad_()
    e = t(0.0, 2.0).requires_grad_()
    (x**e).sum().backward()
    assert same(x.grad, [0.0, 0.0]) and same(e.grad, [0.0, 0.0])
    y = t(0.0).requires_grad_()
    mt.sqrt(y).backward(t(1.0))
    assert same(y.grad, [INF])
    z = t(0.0).requires_grad_()
    abs(z).backward(t(1.0))
    assert same(z.grad, [0.0])


def test_bounds():
    x = t(-2.0, 0.0, NAN, 7.0)
    assert same(mt.clamp(x, -1, 5), [-1.0, 0.0, NAN, 5.0])
    assert same(mt.clamp(x, 5, -1), [-1.0, -1.0, NAN, -1.0])  # the upper bound wins
    assert same(mt.clamp(t(1, 9), max=2.5), [1.0, 2.5], mt.float32)
    assert same(mt.clamp(x, -1, mt.tensor(5.0)), [-1.0, 0.0, NAN, 5.0])
    assert same(mt.maximum(x, t(0.0)), [0.0, 0.0, NAN, 7.0])
    assert same(mt.fmax(x, t(0.0)), [0.0, 0.0, 0.0, 7.0])
    with pytest.raises(RuntimeError):
        mt.clamp(x)
    with pytest.raises(TypeError):
        mt.clamp(x, 0, t(1.0))
    with pytest.raises(TypeError):
        mt.maximum(x, 0)


@pytest.mark.parametrize("size", [4, 9000])  # large arrays take another way
def test_gradient_passes_at_a_bound_and_ties_are_shared(size):
    x = mt.tensor([-2.0, -1.0, 0.5, 1.0] * (size // 4), requires_grad=True)
    mt.clamp(x, -1, 1).sum().backward()
    assert same(x.grad[:4], [0.0, 1.0, 1.0, 1.0])
    a, b = t(1.0, 2.0, 3.0).requires_grad_(), t(1.0, 3.0, 2.0).requires_grad_()
    mt.maximum(a, b).sum().backward()
    assert same(a.grad, [0.5, 0.0, 1.0]) and same(b.grad, [0.5, 1.0, 0.0])


def test_lerp_and_multiply_add():
    a, b = t(0.0, 10.0), t(10.0, 20.0)
    assert same(mt.lerp(a, b, 0.5), [5.0, 15.0])
    assert same(mt.lerp(a, b, t(0.0, 1.0)), [0.0, 20.0])
    assert same(mt.addcmul(a, a, b, value=2), [0.0, 410.0])
    assert same(mt.addcdiv(a, b, b), [1.0, 11.0])
    with pytest.raises(RuntimeError):
        mt.lerp(a, b.double(), 0.5)
    with pytest.raises(RuntimeError):
        mt.addcdiv(t(1), t(1), t(1))


def test_signs():
    x = t(-3.0, -0.0, 0.0, NAN)
    assert same(mt.sign(x).abs(), [1.0, 0.0, 0.0, 0.0])
    assert same(mt.signbit(t(-1.0, -0.0, 0.0)), [True, True, False])
    assert same(mt.copysign(t(1.0, 2.0), -0.0), [-1.0, -2.0])
    assert mt.sgn(t(3 + 4j)).tolist() == pytest.approx([0.6 + 0.8j])
    assert same(mt.heaviside(t(-1.0, 0.0, 1.0), t(0.5)), [0.0, 0.5, 1.0])
    with pytest.raises(RuntimeError):
        mt.sign(t(1j))


@pytest.mark.parametrize("dtype", [mt.float16, mt.float32, mt.float64])
@pytest.mark.parametrize("size", [1, 40])
def test_nan_has_no_sign_and_gives_an_absolute_error_no_gradient(dtype, size):
    x = mt.full((size,), NAN, dtype=dtype, requires_grad=True)
    assert mt.sign(x).tolist() == mt.sgn(x).tolist() == [0.0] * size
    mt.nn.functional.l1_loss(x, mt.zeros(size, dtype=dtype)).backward()
    assert x.grad.tolist() == [0.0] * size


@pytest.mark.parametrize("end", [t(-2.0, 1.0), t(1e-9, 7.0)])
def test_lerp_arrives(end):
    start = t(1e9, -3e7)
    assert mt.lerp(start, end, 1.0).tolist() == end.tolist()
    assert mt.lerp(start, end, mt.ones(2)).tolist() == end.tolist()
    assert mt.lerp(start, end, mt.zeros(2)).tolist() == start.tolist()
    assert mt.lerp(t(-math.inf), t(-2.0), t(0.9)).tolist() == [-math.inf]


def test_no_angle_turns_at_the_origin():
    x, y = (mt.zeros(2, requires_grad=True) for _ in "xy")
    mt.atan2(x, y).sum().backward()
    assert x.grad.tolist() == y.grad.tolist() == [0.0, 0.0]


@given(integers, integers)
def test_gcd_and_lcm(a, b):
    assert mt.gcd(t(a), t(b)).item() == math.gcd(a, b)
    assert mt.lcm(t(a), t(b)).item() == math.lcm(a, b)


def test_in_place_forms_and_out():
    x = t(1.0, 4.0)
    assert x.sqrt_() is x and same(x, [1.0, 2.0])
    assert same(x.add_(1).mul_(2).sub_(t(1.0)), [3.0, 5.0])
    out = mt.empty(2)
    assert mt.mul(x, 2, out=out) is out and same(out, [6.0, 10.0])
    with pytest.raises(RuntimeError):
        t(1, 2).add_(0.5)
    with pytest.raises(RuntimeError):
        t(1, 2).div_(2)
