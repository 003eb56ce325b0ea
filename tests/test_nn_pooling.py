"""Laws of pooling and its layers."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.nn import functional as F

MAX = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVG = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}
UNPOOL = {1: F.max_unpool1d, 2: F.max_unpool2d, 3: F.max_unpool3d}


@st.composite
def cases(draw, dilated=True, max_dims=3):
    """An array (N, C, *sizes) and the settings of a pooling that fits it."""
    dims = draw(st.integers(1, max_dims))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride = each(1, 3), each(1, 3)
    dilation = each(1, 2) if dilated else (1,) * dims
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    sizes = tuple(d * (k - 1) + 1 + draw(st.integers(0, 4)) for k, d in zip(kernel, dilation))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    x = rng.integers(-4, 5, (draw(st.integers(0, 2)), 2, *sizes)).astype(float)  # ties on purpose
    how = {"stride": stride, "padding": padding, "ceil_mode": draw(st.booleans())}
    if dilated:
        how["dilation"] = dilation
    return x, kernel, how


def windows(x, kernel, stride, padding, ceil_mode, dilation=None):
    """For each place its number, and the inputs of its window as a list of positions."""
    sizes, dims = x.shape[2:], x.ndim - 2
    dilation = dilation or (1,) * dims
    lines = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation):
        room = n + 2 * p - d * (k - 1) - 1
        count = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (count - 1) * s >= n + p:
            count -= 1
        lines.append([[j for j in range(i * s - p, i * s - p + d * k, d) if 0 <= j < n]
                      for i in range(count)])  # fmt: skip
    for place in itertools.product(*[range(len(line)) for line in lines]):
        yield place, list(itertools.product(*[line[i] for line, i in zip(lines, place)]))


@given(cases(max_dims=2))
@settings(max_examples=60, deadline=None)
def test_max_pool_is_the_first_maximum(case):
    x, kernel, how = case
    a = mt.tensor(x, requires_grad=True)
    out = MAX[x.ndim - 2](a, kernel, **how)
    values, indices = MAX[x.ndim - 2](a, kernel, return_indices=True, **how)
    assert mt.equal(out, values)
    g = np.random.default_rng(0).standard_normal(out.shape)
    out.backward(mt.tensor(g))
    grad = np.zeros(x.shape)
    for place, inputs in windows(x, kernel, **how):
        for n, c in np.ndindex(*x.shape[:2]):
            best = max(inputs, key=lambda i, n=n, c=c: x[(n, c, *i)])  # the first of equals
            assert out.detach().numpy()[(n, c, *place)] == x[(n, c, *best)]
            assert indices.numpy()[(n, c, *place)] == np.ravel_multi_index(best, x.shape[2:])
            grad[(n, c, *best)] += g[(n, c, *place)]
    np.testing.assert_allclose(a.grad.numpy(), grad, atol=1e-12)


@given(cases())
@settings(max_examples=40, deadline=None)
def test_gradients_with_and_without_indices_agree(case):
    x, kernel, how = case
    grads = []
    for indices in (False, True):
        a = mt.tensor(x, requires_grad=True)
        out = MAX[x.ndim - 2](a, kernel, return_indices=indices, **how)
        out = out[0] if indices else out
        (grad,) = mt.autograd.grad(out.square().sum(), a, create_graph=True)
        grad.square().sum().backward()
        grads.append((grad.detach().numpy(), a.grad.numpy()))
    np.testing.assert_allclose(grads[0][0], grads[1][0], atol=1e-12)
    np.testing.assert_allclose(grads[0][1], grads[1][1], atol=1e-12)


def test_nan_is_the_largest_and_infinity_is_not_padding():
    x = mt.tensor([[[1.0, math.nan, 3.0, -math.inf, -math.inf, 2.0]]], requires_grad=True)
    values, indices = F.max_pool1d(x, 2, return_indices=True)
    assert np.isnan(values.detach().numpy()[0, 0, 0]) and indices.tolist() == [[[1, 2, 5]]]
    out = F.max_pool1d(x, 2)
    out.sum().backward()
    assert x.grad.tolist() == [[[0.0, 1.0, 1.0, 0.0, 0.0, 1.0]]]
    low = mt.full((1, 1, 4), -math.inf, requires_grad=True)
    F.max_pool1d(low, 3, 1, 1).sum().backward()
    assert low.grad.tolist() == [[[2.0, 1.0, 1.0, 0.0]]]


@given(cases(dilated=False, max_dims=2), st.booleans())
@settings(max_examples=60, deadline=None)
def test_avg_pool_is_the_average(case, include_pad):
    x, kernel, how = case
    a = mt.tensor(x, requires_grad=True)
    out = AVG[x.ndim - 2](a, kernel, count_include_pad=include_pad, **how)
    for place, inputs in windows(x, kernel, **how):
        # with padding, what lies beyond it (ceil_mode) does not count
        count = math.prod(
            min(i * s - p + k, n + p) - (i * s - p)
            for i, k, s, p, n in zip(place, kernel, how["stride"], how["padding"], x.shape[2:])
        )
        total = sum(x[(..., *i)] for i in inputs)
        want = total / (count if include_pad else len(inputs))
        np.testing.assert_allclose(out.detach().numpy()[(..., *place)], want, atol=1e-12)
    u = mt.tensor(np.random.default_rng(0).standard_normal(out.shape))
    out.backward(u)
    assert math.isclose((out * u).sum().item(), (a.grad * a).sum().item(), abs_tol=1e-9)


@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 5), st.integers(1, 5))
@settings(max_examples=40, deadline=None)
def test_adaptive_pooling(height, width, rows, columns):
    x = np.random.default_rng(0).standard_normal((2, 3, height, width))
    a, b = mt.tensor(x, requires_grad=True), mt.tensor(x, requires_grad=True)
    average = F.adaptive_avg_pool2d(a, (rows, columns))
    top, where = F.adaptive_max_pool2d(b, (rows, columns), return_indices=True)
    for i, j in np.ndindex(rows, columns):
        window = x[
            ...,
            i * height // rows : -(-(i + 1) * height // rows),
            j * width // columns : -(-(j + 1) * width // columns),
        ]
        np.testing.assert_allclose(average.detach().numpy()[..., i, j], window.mean((2, 3)))
        np.testing.assert_allclose(top.detach().numpy()[..., i, j], window.max((2, 3)))
    flat = x.reshape(2, 3, -1)
    picked = np.take_along_axis(flat, where.numpy().reshape(2, 3, -1), 2)
    assert np.array_equal(picked, top.detach().numpy().reshape(2, 3, -1))
    u = mt.tensor(np.random.default_rng(1).standard_normal(average.shape))
    average.backward(u)
    assert math.isclose((average * u).sum().item(), (a.grad * a).sum().item(), abs_tol=1e-9)


@given(cases())
@settings(max_examples=40, deadline=None)
def test_unpool_puts_values_back(case):
    x, kernel, how = case
    how = {**how, "ceil_mode": False, "dilation": 1, "stride": kernel, "padding": 0}
    dims = x.ndim - 2
    assume(x.size)
    a = mt.tensor(x + np.arange(x.size).reshape(x.shape) / x.size)
    values, indices = MAX[dims](a, kernel, return_indices=True, **how)
    back = UNPOOL[dims](values, indices, kernel, output_size=x.shape)
    again = MAX[dims](mt.where(back == 0, -9.0, back), kernel, **how)
    assert back.shape == a.shape and int((back != 0).sum()) <= values.numel()
    assert np.array_equal(again.numpy()[values.numpy() != 0], values.numpy()[values.numpy() != 0])


def test_unpool_gradient():
    values = mt.randn(1, 2, 3, dtype=mt.float64, requires_grad=True)
    indices = mt.tensor([[[0, 3, 5], [1, 2, 4]]])
    assert mt.autograd.gradcheck(lambda v: F.max_unpool1d(v, indices, 2), (values,))


@given(st.integers(0, 5), st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_fractional_windows_are_in_order_and_reach_the_end(seed, kernel):
    mt.manual_seed(seed)
    x = mt.arange(100.0).reshape(1, 1, 10, 10)
    out, where = F.fractional_max_pool2d(x, kernel, output_size=(4, 6), return_indices=True)
    assert out.shape == (1, 1, 4, 6) and mt.equal(out.long(), where)
    assert where[0, 0, -1, -1] == 99
    assert bool((where.diff(dim=2) > 0).all()) and bool((where.diff(dim=3) > 0).all())


def test_lp_pool():
    x = mt.tensor([[[3.0, 4.0, 0.0, 0.0]]], requires_grad=True)
    out = F.lp_pool1d(x, 2, 2)
    assert out.tolist() == [[[5.0, 0.0]]]
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[[0.6, 0.8, 0.0, 0.0]]], rtol=1e-6)


def test_large_inputs_are_worked_through_in_parts():
    x = np.random.default_rng(0).standard_normal((40, 3, 50, 50)).astype(np.float32)
    for pool in (F.max_pool2d, F.avg_pool2d):
        a = mt.tensor(x, requires_grad=True)
        out = pool(a, 3, 2, 1)
        out.square().sum().backward()
        b = mt.tensor(x[-1], requires_grad=True)
        one = pool(b, 3, 2, 1)
        one.square().sum().backward()
        assert np.array_equal(out.detach().numpy()[-1], one.detach().numpy())
        assert np.array_equal(a.grad.numpy()[-1], b.grad.numpy())


def test_half_precision_is_averaged_in_float32():
    x = mt.full((1, 1, 4096), 1.0, dtype=mt.float16)
    assert F.avg_pool1d(x, 4096).item() == 1.0


def test_integers():
    x = mt.tensor([[[1, 5, -7, 2]]])
    assert F.avg_pool1d(x, 2).tolist() == [[[3, -2]]]
    assert F.max_pool2d(x.unsqueeze(1), (1, 2)).tolist() == [[[[5, 2]]]]


# --- layers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "layer, text",
    [
        (nn.MaxPool2d(3, 2, padding=1), "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=1, "
                                        "ceil_mode=False)"),
        (nn.AvgPool1d(2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
        (nn.AvgPool2d(2), "AvgPool2d(kernel_size=2, stride=2, padding=0)"),
        (nn.LPPool2d(2, 3), "LPPool2d(norm_type=2, kernel_size=3, stride=None, ceil_mode=False)"),
        (nn.AdaptiveAvgPool2d((1, None)), "AdaptiveAvgPool2d(output_size=(1, None))"),
        (nn.MaxUnpool1d(2), "MaxUnpool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
        (nn.FractionalMaxPool2d(2, 1), "FractionalMaxPool2d()"),
    ],
)  # fmt: skip
def test_text(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    "make, error",
    [
        (lambda: F.max_pool2d(mt.ones(1, 1, 4, 4), 2, padding=2), RuntimeError),
        (lambda: F.max_pool2d(mt.ones(1, 1, 4, 4), 5), RuntimeError),
        (lambda: F.max_pool2d(mt.ones(4, 4), 2), RuntimeError),
        (lambda: F.max_pool2d(mt.ones(1, 0, 4, 4), 2), RuntimeError),
        (lambda: F.max_pool2d(mt.ones(1, 1, 4, 4), 2, stride=0), RuntimeError),
        (lambda: F.avg_pool2d(mt.ones(1, 1, 4, 4), 2, divisor_override=0), RuntimeError),
        (lambda: F.avg_pool1d(mt.ones(1, 1, 4).bool(), 2), NotImplementedError),
        (lambda: F.adaptive_avg_pool2d(mt.ones(4, 4), (2, 2)), ValueError),
        (lambda: F.adaptive_max_pool2d(mt.ones(1, 1, 4, 4), (2, 2, 2)), RuntimeError),
        (lambda: F.max_unpool1d(mt.ones(1, 1, 2), mt.tensor([[[0, 9]]]), 2), RuntimeError),
        (lambda: F.max_unpool1d(mt.ones(1, 1, 2), mt.tensor([[[0, 1]]]), 2, output_size=(9,)),
         ValueError),
        (lambda: nn.FractionalMaxPool2d(2), ValueError),
        (lambda: nn.FractionalMaxPool2d(2, 3, 0.5), ValueError),
        (lambda: nn.FractionalMaxPool2d(2, output_ratio=1.5), ValueError),
        (lambda: F.fractional_max_pool2d(mt.ones(1, 1, 4, 4), 3, 3), RuntimeError),
    ],
)  # fmt: skip
def test_errors(make, error):
    with pytest.raises(error):
        make()


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_padding_is_at_most_half_of_the_kernel_also_with_dilation(dims):
    pool = getattr(F, f"max_pool{dims}d")
    with pytest.raises(RuntimeError, match="half of the kernel"):
        pool(mt.ones(1, 1, *[9] * dims), 3, 1, 2, dilation=2)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_a_window_of_padding_alone_has_no_maximum(size):
    """Around one input, taps two apart miss it: minus infinity, and no input has the gradient."""
    settings = {"kernel_size": (2, 1), "stride": 1, "padding": (1, 0), "dilation": (2, 1)}
    x = mt.arange(1.0, 1 + size * 4).reshape(1, 1, size, 4).double().requires_grad_()
    y = F.max_pool2d(x, **settings)
    maxima, indices = F.max_pool2d(x, **settings, return_indices=True)
    assert y.tolist() == maxima.tolist()
    assert (y == -math.inf).any().item() == (size == 1)
    for result in (y, maxima):
        (gradient,) = mt.autograd.grad(result.sum(), x)
        assert gradient.sum() == result.isfinite().sum()
    assert (indices >= 0).all() and (indices < size * 4).all()


def test_lp_pool_of_nan_has_a_gradient_of_nan():
    x = mt.tensor([[[-1.0, 0.5, 3.0, 4.0]]], requires_grad=True)
    F.lp_pool1d(x, 1.5, 2).sum().backward()  # a root of a negative number
    assert x.grad.isnan().tolist() == [[[True, True, False, False]]]
