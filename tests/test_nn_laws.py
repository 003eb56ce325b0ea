"""Laws of layers, whatever the layer: a batch is a stack of singles, empty batches pass, a state
dict is a round trip, and nothing that is handed out shares memory with what was put in.
"""

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn

# layer, shape of one sample, how PyTorch's unbatched form is called (None: has none)
LAYERS = {
    "Linear": (lambda: nn.Linear(4, 3), (4,)),
    "Bilinear": (lambda: nn.Bilinear(4, 4, 3), (4,), 2),
    "Conv1d": (lambda: nn.Conv1d(2, 4, 3, padding=1, groups=2), (2, 7)),
    "Conv2d": (lambda: nn.Conv2d(2, 3, 3, stride=2, padding="valid"), (2, 7, 6)),
    "Conv2d same": (lambda: nn.Conv2d(2, 3, 3, padding="same", padding_mode="reflect"), (2, 5, 6)),
    "Conv3d": (lambda: nn.Conv3d(2, 3, 2, dilation=2), (2, 5, 4, 3)),
    "ConvTranspose1d": (lambda: nn.ConvTranspose1d(2, 3, 3, stride=2), (2, 5)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(2, 3, 3, 2, 1, 1), (2, 4, 3)),
    "ConvTranspose3d": (lambda: nn.ConvTranspose3d(2, 2, 2), (2, 3, 3, 2)),
    "MaxPool1d": (lambda: nn.MaxPool1d(2), (2, 6)),
    "MaxPool2d": (lambda: nn.MaxPool2d(3, 2, 1, ceil_mode=True), (2, 6, 7)),
    "MaxPool3d": (lambda: nn.MaxPool3d(2), (2, 4, 4, 4)),
    "AvgPool1d": (lambda: nn.AvgPool1d(2), (2, 6)),
    "AvgPool2d": (lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False), (2, 6, 7)),
    "AvgPool3d": (lambda: nn.AvgPool3d(2), (2, 4, 4, 4)),
    "LPPool2d": (lambda: nn.LPPool2d(2, 2), (2, 6, 6)),
    "AdaptiveAvgPool2d": (lambda: nn.AdaptiveAvgPool2d((3, 2)), (2, 7, 5)),
    "AdaptiveMaxPool2d": (lambda: nn.AdaptiveMaxPool2d(3), (2, 7, 5)),
    "Unfold": (lambda: nn.Unfold(2), (2, 4, 5)),
    "ReflectionPad2d": (lambda: nn.ReflectionPad2d(1), (2, 4, 5)),
    "ReplicationPad1d": (lambda: nn.ReplicationPad1d(2), (2, 4)),
    "CircularPad2d": (lambda: nn.CircularPad2d(1), (2, 4, 5)),
    "LayerNorm": (lambda: nn.LayerNorm((3, 4)), (3, 4)),
    "RMSNorm": (lambda: nn.RMSNorm(4), (3, 4)),
    "GroupNorm": (lambda: nn.GroupNorm(2, 4), (4, 5), None),
    "InstanceNorm1d": (lambda: nn.InstanceNorm1d(2, affine=True), (2, 6)),
    "InstanceNorm2d": (lambda: nn.InstanceNorm2d(2), (2, 3, 4)),
    "BatchNorm2d eval": (lambda: nn.BatchNorm2d(2).eval(), (2, 3, 4), None),
    "BatchNorm1d eval": (lambda: nn.BatchNorm1d(3).eval(), (3,), None),
    "LocalResponseNorm": (lambda: nn.LocalResponseNorm(2), (3, 4, 4), None),
    "GLU": (lambda: nn.GLU(), (3, 4)),
    "PReLU": (lambda: nn.PReLU(), (3, 4)),
    "Softmax": (lambda: nn.Softmax(-1), (3, 4)),
    "PixelShuffle": (lambda: nn.PixelShuffle(2), (4, 3, 2)),
    "Upsample": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (2, 3, 4), None),
    "Flatten": (lambda: nn.Flatten(), (2, 3), None),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(4, 2, 8, 0.0, batch_first=True), (5, 4)
    ),
    "GRUCell": (lambda: nn.GRUCell(4, 3), (4,)),
}  # fmt: skip
RECURRENT = {"RNN": nn.RNN, "LSTM": nn.LSTM, "GRU": nn.GRU}


def made(name):
    make, shape, *rest = LAYERS[name]
    mt.manual_seed(0)
    inputs = rest[0] if rest and rest[0] else 1
    return make().double(), shape, inputs, not (rest and rest[0] is None)


def draw(shape, seed):
    return mt.from_numpy(np.random.default_rng(seed).normal(size=shape))


@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=5, deadline=None)
@given(batch=st.integers(1, 4), seed=st.integers(0, 99))
def test_a_batch_is_a_stack_of_singles(name, batch, seed):
    layer, shape, inputs, unbatched = made(name)
    xs = [draw((batch, *shape), seed + i) for i in range(inputs)]
    whole = layer(*xs)
    for i in range(batch):
        slices = [x[i : i + 1] for x in xs]
        np.testing.assert_allclose(
            layer(*slices)[0].detach(), whole[i].detach(), rtol=1e-10, atol=1e-12
        )
        if unbatched:
            single = layer(*[x[i] for x in xs])
            np.testing.assert_allclose(single.detach(), whole[i].detach(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", RECURRENT)
@settings(max_examples=4, deadline=None)
@given(batch=st.integers(1, 3), length=st.integers(1, 4), seed=st.integers(0, 99))
def test_recurrent_batches_are_stacks_of_singles(name, batch, length, seed):
    mt.manual_seed(seed)
    layer = RECURRENT[name](3, 4, 2, bidirectional=True).double()
    x = draw((length, batch, 3), seed)
    whole = layer(x)[0]
    for i in range(batch):
        np.testing.assert_allclose(layer(x[:, i])[0].detach(), whole[:, i].detach(), rtol=1e-10)


@pytest.mark.parametrize("name", [n for n in LAYERS if n != "LocalResponseNorm"])
def test_an_empty_batch_passes_and_gives_empty_or_zero_gradients(name):
    layer, shape, inputs, _ = made(name)
    one = layer(*[draw((1, *shape), 0)] * inputs)
    xs = [mt.zeros(0, *shape, dtype=mt.float64, requires_grad=True) for _ in range(inputs)]
    out = layer(*xs)
    assert tuple(out.shape) == (0, *one.shape[1:])
    out.sum().backward()
    assert all(x.grad.shape == x.shape for x in xs)
    assert not any(np.any(p.grad.numpy()) for p in layer.parameters() if p.grad is not None)


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 4), (0, 3, 4, 4), (2, 3, 0, 4)])
@pytest.mark.parametrize("options", [{}, {"momentum": None}, {"track_running_stats": False}])
def test_batch_norm_learns_nothing_from_an_empty_batch(shape, options):
    layer = (nn.BatchNorm2d if len(shape) == 4 else nn.BatchNorm1d)(3, **options)
    x = mt.zeros(shape, requires_grad=True)
    out = layer(x)
    assert out.shape == shape
    out.sum().backward()
    assert x.grad.shape == shape
    assert not any(np.any(p.grad.numpy()) for p in layer.parameters())
    if layer.running_mean is not None:
        assert layer.running_mean.tolist() == [0] * 3 and layer.running_var.tolist() == [1] * 3


@pytest.mark.parametrize("name", LAYERS)
def test_a_state_dict_is_a_round_trip(name):
    layer, shape, inputs, _ = made(name)
    other = LAYERS[name][0]().double()
    xs = [draw((2, *shape), 1)] * inputs
    keys = other.load_state_dict(copy.deepcopy(layer.state_dict()))
    assert not keys.missing_keys and not keys.unexpected_keys
    assert np.array_equal(other(*xs).detach(), layer(*xs).detach())
    twin = copy.deepcopy(layer)
    assert np.array_equal(twin(*xs).detach(), layer(*xs).detach())
    for mine, its in zip(layer.parameters(), twin.parameters(), strict=True):
        assert not np.shares_memory(mine.numpy(force=True), its.numpy(force=True))


@pytest.mark.parametrize("name", LAYERS)
def test_inputs_stay_as_they_are_and_no_gradients_share_memory(name):
    layer, shape, inputs, _ = made(name)
    xs = [draw((3, *shape), i).requires_grad_() for i in range(inputs)]
    before = [x.detach().numpy().copy() for x in xs]
    layer(*xs).square().sum().backward()
    for x, old in zip(xs, before, strict=True):
        assert np.array_equal(x.detach().numpy(), old)
    grads = [t.grad.numpy() for t in (*xs, *layer.parameters()) if t.grad is not None]
    held = [t.detach().numpy() for t in (*xs, *layer.parameters())]
    for i, grad in enumerate(grads):
        for other in (*grads[:i], *held):
            assert not np.shares_memory(grad, other)


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@settings(max_examples=10, deadline=None)
@given(rows=st.integers(1, 7), size=st.integers(1, 8), seed=st.integers(0, 99))
def test_cross_entropy_by_parts_is_that_of_the_whole(reduction, rows, size, seed):
    """The chunked kernel and its reference: values and gradients."""
    random = np.random.default_rng(seed)
    target = mt.from_numpy(random.integers(0, 5, rows))
    target[0] = -100
    weight = mt.from_numpy(random.uniform(0.5, 2, 5))
    found = []
    for options in (None, nn.LinearCrossEntropyOptions(batch_chunk_size=size)):
        tensors = [draw(s, seed + 1).requires_grad_() for s in ((rows, 3), (5, 3), (5,))]
        x, w, b = tensors
        loss = nn.functional.linear_cross_entropy(
            x, w, target, linear_bias=b, weight=weight, reduction=reduction, options=options
        )
        if rows > 1 or reduction != "mean":  # the mean of nothing is nan
            loss.sum().backward()
            found.append([loss.detach(), *(t.grad for t in tensors)])
    for whole, parts in zip(*found):
        np.testing.assert_allclose(parts, whole, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", [*LAYERS, "BatchNorm1d", "InstanceNorm2d tracking"])
def test_what_is_refused_changes_nothing_and_says_where(name):
    """Also what batch norm remembers, and counts; the error has the path and the shape."""
    if name == "BatchNorm1d":
        layer, shape, inputs = nn.BatchNorm1d(3).double(), (3,), 1
    elif name == "InstanceNorm2d tracking":
        layer = nn.InstanceNorm2d(2, affine=True, track_running_stats=True).double()
        shape, inputs = (2, 3, 4), 1
    else:
        layer, shape, inputs, _ = made(name)
    net = nn.Sequential(nn.Sequential(layer))
    net.forward = lambda *xs: layer(*xs)  # with as many arguments as the layer wants
    right = draw((2, *shape), 0)
    net(*[right] * inputs)
    larger = [mt.zeros(*[n + (i == d) for i, n in enumerate(right.shape)]).double()
              for d in range(1, right.ndim)]  # fmt: skip
    refused = []
    for wrong in [*larger, right[(None,) * 4], right.to(mt.complex64), right.bool(), None, "x"]:
        before = {key: value.clone() for key, value in net.state_dict().items()}
        try:
            net(wrong, *[right] * (inputs - 1))
        except (TypeError, ValueError, RuntimeError, IndexError, AssertionError) as error:
            refused.append(str(error))
            assert all(mt.equal(value, before[key]) for key, value in net.state_dict().items())
            if any(wrong is x for x in larger):
                sizes = ", ".join(map(str, wrong.shape))
                assert f"[{sizes}]" in refused[-1] or f"({sizes})" in refused[-1]
    assert refused
    assert all("in 0.0" in text for text in refused)
