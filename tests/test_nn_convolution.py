"""Laws of convolution, unfold and fold, and their layers."""

import math
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.nn import functional as F
from minitorch.ops import convolution_kernels, convolution_rows
from minitorch.ops.windows import Windows

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


@pytest.fixture(autouse=True, scope="module", params=[0, convolution_rows.FEW])
def few_places(request):
    """All laws hold for convolutions by columns, and for those of few places by rows."""
    usual, convolution_rows.FEW = convolution_rows.FEW, request.param
    yield
    convolution_rows.FEW = usual


@st.composite
def cases(draw, max_dims=3):
    """Arrays x (N, C, *sizes), w (O, C/groups, *kernel) and the settings of a convolution."""
    dims = draw(st.integers(1, max_dims))

    def each(low, high):
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, padding, dilation = each(1, 3), each(1, 3), each(0, 2), each(1, 2)
    sizes = tuple(
        max(1, d * (k - 1) + 1 - 2 * p) + draw(st.integers(0, 3))
        for k, p, d in zip(kernel, padding, dilation)
    )
    groups = draw(st.integers(1, 2))
    channels = groups * draw(st.sampled_from([1, 2, 7, 33]))
    outputs = groups * draw(st.sampled_from([1, 2, 3, 12]))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    x = rng.standard_normal((draw(st.integers(0, 3)), channels, *sizes))
    w = rng.standard_normal((outputs, channels // groups, *kernel))
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    return x, w, how


def textbook(x, w, stride, padding, dilation, groups):
    """The definition: one output element at a time."""
    dims = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0), *[(p, p) for p in padding]])
    kernel = w.shape[2:]
    places = [
        (n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)
    ]
    out = np.zeros((len(x), len(w), *places))
    inputs, outputs = x.shape[1] // groups, len(w) // groups
    for o in range(len(w)):
        group = o // outputs
        some = x[:, group * inputs : (group + 1) * inputs]
        for place in np.ndindex(*places):
            starts = [i * step for i, step in zip(place, stride)]
            at = [slice(i, i + d * k, d) for i, d, k in zip(starts, dilation, kernel)]
            window = some[(..., *at)]
            out[(slice(None), o, *place)] = np.sum(window * w[o], axis=tuple(range(1, dims + 2)))
    return out


@given(cases(max_dims=2))
@settings(max_examples=60, deadline=None)
def test_value_is_the_textbooks(case):
    x, w, how = case
    out = CONV[x.ndim - 2](mt.tensor(x), mt.tensor(w), **how)
    np.testing.assert_allclose(out.numpy(), textbook(x, w, **how), atol=1e-12)


@given(cases())
@settings(max_examples=60, deadline=None)
def test_the_three_maps_are_adjoint(case):
    """``<u, conv(x, w)>`` is linear in x and in w: its gradients say the same number again."""
    x, w, how = case
    a, b = mt.tensor(x, requires_grad=True), mt.tensor(w, requires_grad=True)
    before = x.copy(), w.copy()
    out = CONV[x.ndim - 2](a, b, **how)
    u = mt.tensor(np.random.default_rng(0).standard_normal(out.shape))
    total = (out * u).sum()
    for_x, for_w = mt.autograd.grad(total, (a, b), create_graph=True)
    assert math.isclose(total.item(), (for_x * a).sum().item(), abs_tol=1e-9)
    assert math.isclose(total.item(), (for_w * b).sum().item(), abs_tol=1e-9)
    # and the gradient for x is linear in w
    (again,) = mt.autograd.grad((for_x * a.detach()).sum(), b)
    np.testing.assert_allclose(again.numpy(), for_w.detach().numpy(), atol=1e-9)
    assert np.array_equal(x, before[0]) and np.array_equal(w, before[1])


@given(cases())
@settings(max_examples=30, deadline=None)
def test_transposed_convolution_is_the_gradient(case):
    x, w, how = case
    dims = x.ndim - 2
    a = mt.tensor(x, requires_grad=True)
    out = CONV[dims](a, mt.tensor(w), **how)
    u = mt.tensor(np.random.default_rng(0).standard_normal(out.shape))
    out.backward(u)
    # sizes that the strides do not reach get no gradient; output_padding adds them
    kernel, s, p, d = w.shape[2:], how["stride"], how["padding"], how["dilation"]
    extra = [
        x.shape[2 + i] - ((u.shape[2 + i] - 1) * s[i] - 2 * p[i] + d[i] * (kernel[i] - 1) + 1)
        for i in range(dims)
    ]
    if all(e < max(s[i], d[i]) for i, e in enumerate(extra)):
        got = TRANSPOSE[dims](u, mt.tensor(w), output_padding=extra, **how)
        np.testing.assert_allclose(got.numpy(), a.grad.numpy(), atol=1e-12)


@given(cases(), st.sampled_from(["float32", "float64"]))
@settings(max_examples=60, deadline=None)
def test_windows_written_out_as_rows_and_as_columns_give_the_same(case, dtype):
    x, w, how = case
    x, w = x.astype(dtype), w.astype(dtype)
    sizes, stride, padding, dilation = x.shape[2:], how["stride"], how["padding"], how["dilation"]
    out = CONV[x.ndim - 2](mt.tensor(x), mt.tensor(w), **how)
    windows = Windows(w.shape[2:], stride, padding, dilation, sizes, out.shape[2:])
    u = np.random.default_rng(0).standard_normal(out.shape).astype(dtype)
    few, convolution_rows.FEW = convolution_rows.FEW, 0  # columns, whatever the number of places
    try:
        for rows, columns in [
            (convolution_rows.conv, lambda *a: convolution_kernels.conv(*a[:2], None, *a[2:])),
            (convolution_rows.conv_input, convolution_kernels.conv_input),
            (convolution_rows.conv_weight, convolution_kernels.conv_weight),
        ]:
            given = {"conv": (x, w), "conv_input": (u, w), "conv_weight": (u, x)}[rows.__name__]
            before = [a.copy() for a in given]
            one, other = (f(*given, windows, how["groups"]) for f in (rows, columns))
            assert one.shape == other.shape and one.dtype == other.dtype == dtype
            assert one.flags.c_contiguous and other.flags.c_contiguous
            np.testing.assert_allclose(one, other, atol=1e-4 if dtype == "float32" else 1e-12)
            assert all(np.array_equal(a, b) for a, b in zip(given, before))
    finally:
        convolution_rows.FEW = few


@given(cases(max_dims=2))
@settings(max_examples=30, deadline=None)
def test_batch_is_a_stack_of_samples(case):
    x, w, how = case
    conv = CONV[x.ndim - 2]
    out = conv(mt.tensor(x), mt.tensor(w), **how)
    for i, sample in enumerate(x):
        np.testing.assert_allclose(
            conv(mt.tensor(sample), mt.tensor(w), **how).numpy(), out.numpy()[i], atol=1e-12
        )


@given(cases(max_dims=2), st.lists(st.integers(0, 3), min_size=2, max_size=5))
@settings(max_examples=40, deadline=None)
def test_what_an_earlier_convolution_left_in_memory_is_not_seen(case, batches):
    """Each thread keeps the memory of its columns: for batches of any size, NaN in some of them."""
    x, w, how = case
    conv, w = CONV[x.ndim - 2], mt.tensor(w)
    for n in batches:
        some = np.resize(x, (n, *x.shape[1:])) if x.size else np.ones((n, *x.shape[1:]))
        a = mt.tensor(some, requires_grad=True)
        conv(a, w, **how).sum().backward()
        b = mt.tensor(some, requires_grad=True)
        with clean_memory():
            out = conv(b, w, **how)
            out.sum().backward()
        assert np.array_equal(out.numpy(force=True), conv(a, w, **how).numpy(force=True))
        assert np.array_equal(a.grad, b.grad)
        conv(mt.full(some.shape, math.nan, dtype=mt.float64), w, **how)


def test_columns_of_one_shape_but_other_padding_are_kept_apart():
    w = np.ones((1, 1, 3, 3))
    how = {"stride": (1, 1), "dilation": (1, 1), "groups": 1}
    for size, padding in [(5, 0), (3, 1)] * 2:
        x = np.full((1, 1, size, size), 7.0)
        out = F.conv2d(mt.tensor(x), mt.tensor(w), padding=padding, **how)
        assert np.array_equal(out, textbook(x, w, padding=(padding,) * 2, **how))


@contextmanager
def clean_memory():
    before, convolution_kernels._kept.last = convolution_kernels._kept.last, (None, None)
    yield
    convolution_kernels._kept.last = before


@pytest.mark.parametrize(("channels", "outputs"), [(3, 2), (3, 11), (40, 2)])
@pytest.mark.parametrize("stride", [1, 2])
def test_large_inputs_are_worked_through_in_parts(channels, outputs, stride):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((7, channels, 40, 41))
    w = rng.standard_normal((outputs, channels, 3, 3))
    a, b = mt.tensor(x, requires_grad=True), mt.tensor(w, requires_grad=True)
    F.conv2d(a, b, stride=stride, padding=1).square().sum().backward()
    for i in range(len(x)):
        one = mt.tensor(x[i], requires_grad=True)
        F.conv2d(one, mt.tensor(w), stride=stride, padding=1).square().sum().backward()
        np.testing.assert_allclose(one.grad.numpy(), a.grad.numpy()[i], atol=1e-9)


def test_gradients_of_both_orders_numerically():
    x = mt.randn(2, 2, 5, dtype=mt.float64, requires_grad=True)
    w = mt.randn(2, 1, 2, dtype=mt.float64, requires_grad=True)
    b = mt.randn(2, dtype=mt.float64, requires_grad=True)

    def f(x, w, b):
        return F.conv1d(x, w, b, stride=2, padding=1, groups=2)

    assert mt.autograd.gradcheck(f, (x, w, b))
    assert mt.autograd.gradgradcheck(f, (x, w, b))


def test_complex_numbers():
    x = mt.randn(1, 2, 4, dtype=mt.complex128, requires_grad=True)
    w = mt.randn(3, 2, 2, dtype=mt.complex128, requires_grad=True)
    assert mt.autograd.gradcheck(F.conv1d, (x, w))


@pytest.mark.parametrize("kernel", [1, 2, 3, 4])
def test_same_padding_keeps_the_size(kernel):
    x = mt.randn(1, 2, 7, 6)
    assert F.conv2d(x, mt.randn(1, 2, kernel, kernel), padding="same").shape == (1, 1, 7, 6)


@given(st.integers(1, 3), st.integers(1, 2), st.integers(0, 2), st.integers(1, 2))
@settings(max_examples=30, deadline=None)
def test_fold_adds_what_unfold_takes(kernel, stride, padding, dilation):
    x = mt.randn(2, 3, 7, 6, dtype=mt.float64, requires_grad=True)
    columns = F.unfold(x, kernel, dilation, padding, stride)
    u = mt.randn(*columns.shape, dtype=mt.float64)
    back = F.fold(u, (7, 6), kernel, dilation, padding, stride)
    assert math.isclose((columns * u).sum().item(), (back * x).sum().item(), abs_tol=1e-9)
    columns.backward(u)
    np.testing.assert_allclose(x.grad.numpy(), back.numpy(), atol=1e-12)
    weight = mt.randn(4, 3, kernel, kernel, dtype=mt.float64)
    product = weight.reshape(4, -1) @ columns.detach()
    out = F.conv2d(x, weight, None, stride, padding, dilation)
    np.testing.assert_allclose(product.numpy(), out.detach().numpy().reshape(2, 4, -1), atol=1e-12)


# --- layers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["zeros", "reflect", "replicate", "circular"])
@pytest.mark.parametrize("padding", ["same", "valid", 1, (2, 0)])
def test_padding_modes_pad_first(mode, padding):
    layer = nn.Conv2d(2, 3, 3, padding=padding, padding_mode=mode)
    x = mt.randn(2, 2, 5, 6)
    sides = {"same": (1, 1, 1, 1), "valid": (0, 0, 0, 0), 1: (1, 1, 1, 1), (2, 0): (0, 0, 2, 2)}
    padded = F.pad(x, sides[padding], "constant" if mode == "zeros" else mode)
    want = F.conv2d(padded, layer.weight, layer.bias)
    np.testing.assert_allclose(layer(x).detach().numpy(), want.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize(
    "layer, text",
    [
        (nn.Conv1d(4, 6, 3, groups=2), "Conv1d(4, 6, kernel_size=(3,), stride=(1,), groups=2)"),
        (
            nn.Conv2d(1, 2, (3, 2), padding="same", bias=False, padding_mode="circular"),
            "Conv2d(1, 2, kernel_size=(3, 2), stride=(1, 1), padding=same, bias=False, "
            "padding_mode=circular)",
        ),
        (
            nn.ConvTranspose2d(1, 2, 3, 2, 1, output_padding=1, dilation=2),
            "ConvTranspose2d(1, 2, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), "
            "dilation=(2, 2), output_padding=(1, 1))",
        ),
        (nn.Unfold(2), "Unfold(kernel_size=2, dilation=1, padding=0, stride=1)"),
    ],
)
def test_text(layer, text):
    assert repr(layer) == text


def test_state_dict_round_trip():
    one, other = nn.Conv3d(2, 4, 2), nn.Conv3d(2, 4, 2)
    other.load_state_dict(one.state_dict())
    assert list(one.state_dict()) == ["weight", "bias"]
    x = mt.randn(1, 2, 3, 3, 3)
    assert mt.equal(one(x), other(x))


@given(st.integers(1, 3), st.integers(0, 1), st.integers(1, 2), st.integers(0, 2))
@settings(max_examples=30, deadline=None)
def test_output_size(stride, padding, dilation, extra):
    layer = nn.ConvTranspose1d(2, 1, 3, stride, padding, dilation=dilation)
    x = mt.randn(1, 2, 6)
    least = layer(x).shape[-1]
    if extra < stride and extra < max(stride, dilation):
        assert layer(x, [least + extra]).shape == (1, 1, least + extra)
    with pytest.raises(ValueError):
        layer(x, [least + stride])


@pytest.mark.parametrize(
    "make, error",
    [
        (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError),
        (lambda: nn.Conv2d(3, 4, 3, groups=0), ValueError),
        (lambda: nn.Conv2d(3, 4, 3, stride=2, padding="same"), ValueError),
        (lambda: nn.Conv2d(3, 4, 3, padding="none"), ValueError),
        (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), ValueError),
        (lambda: nn.ConvTranspose2d(3, 4, 3, padding_mode="reflect"), ValueError),
        (lambda: nn.Conv2d(3, 4, 3)(mt.ones(1, 2, 5, 5)), RuntimeError),
        (lambda: nn.Conv2d(3, 4, 3)(mt.ones(1, 3, 2, 5)), RuntimeError),
        (lambda: nn.Conv2d(3, 4, 3)(mt.ones(5, 5)), RuntimeError),
        (lambda: nn.Conv2d(3, 4, 3)(mt.ones(1, 3, 5, 5, dtype=mt.float64)), RuntimeError),
        (lambda: F.conv1d(mt.ones(1, 2, 3), mt.ones(1, 2, 3), mt.ones(2)), RuntimeError),
        (lambda: F.conv1d(mt.ones(1, 2, 3), mt.ones(1, 2, 3), stride=0), RuntimeError),
        (lambda: F.conv1d(mt.ones(1, 2, 3), mt.ones(1, 2, 3), padding=-1), RuntimeError),
        (lambda: F.conv_transpose1d(mt.ones(1, 2, 3), mt.ones(2, 1, 3), output_padding=1),
         RuntimeError),
        (lambda: F.fold(mt.ones(1, 4, 5), (3, 3), 2), RuntimeError),
    ],
)  # fmt: skip
def test_errors(make, error):
    with pytest.raises(error):
        make()


def test_a_network_is_laid_out_channels_last_where_it_has_four_dimensions():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(16, 2))
    x = mt.randn(2, 3, 4, 4)
    expected = model(x).detach().numpy()
    model.to(memory_format=mt.channels_last)
    assert model[0].weight.is_contiguous(memory_format=mt.channels_last)
    assert model[3].weight.is_contiguous()
    np.testing.assert_allclose(model(x).detach().numpy(), expected, rtol=1e-5, atol=1e-6)
