"""Recurrent layers: a layer is its cell repeated, packed is padded without the padding."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch
from minitorch import nn
from minitorch.nn.utils import rnn
from minitorch.ops.recurrent_kernels import gru_sequence, lstm_sequence
from minitorch.ops.recurrent_steps import gru_gates, lstm_gates

KINDS = [nn.RNN, nn.LSTM, nn.GRU]
CELLS = {nn.RNN: nn.RNNCell, nn.LSTM: nn.LSTMCell, nn.GRU: nn.GRUCell}


def close(a, b):
    return np.allclose(a.detach().numpy(), b.detach().numpy(), atol=1e-6)


def parts(state):
    return state if isinstance(state, tuple) else (state,)


@pytest.mark.parametrize("kind", KINDS)
def test_layer_is_its_cell_repeated(kind):
    layer, cell = kind(3, 4), CELLS[kind](3, 4)
    cell.load_state_dict({name[:-3]: w for name, w in layer.state_dict().items()})
    x = minitorch.randn(5, 2, 3)
    output, last = layer(x)
    state = None
    for t in range(5):
        state = cell(x[t], state)
        assert close(output[t], parts(state)[0])
    for a, b in zip(parts(last), parts(state)):
        assert close(a[0], b)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch_first", [False, True])
def test_batch_is_a_stack_of_singles(kind, batch_first):
    net = kind(3, 4, num_layers=2, bidirectional=True, batch_first=batch_first)
    x = minitorch.randn(5, 2, 3)
    output, last = net(x.transpose(0, 1) if batch_first else x)
    output = output.transpose(0, 1) if batch_first else output
    for i in range(2):
        one, its_last = net(x[:, i])
        assert close(output[:, i], one)
        for a, b in zip(parts(last), parts(its_last)):
            assert close(a[:, i], b)


@settings(max_examples=15)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=5), st.sampled_from(KINDS), st.booleans())
def test_packed_is_each_sequence_alone(lengths, kind, bidirectional):
    net = kind(2, 3, num_layers=2, bidirectional=bidirectional)
    sequences = [minitorch.randn(n, 2) for n in lengths]
    output, last = net(rnn.pack_sequence(sequences, enforce_sorted=False))
    for i, (x, out) in enumerate(zip(sequences, rnn.unpack_sequence(output))):
        one, its_last = net(x)
        assert close(out, one)
        for a, b in zip(parts(last), parts(its_last)):
            assert close(a[:, i], b)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), st.booleans())
def test_pack_and_pad_round_trip(lengths, batch_first):
    sequences = [minitorch.randn(n, 2) for n in lengths]
    padded = rnn.pad_sequence(sequences, batch_first=batch_first, padding_value=7.0)
    packed = rnn.pack_padded_sequence(padded, lengths, batch_first, enforce_sorted=False)
    assert len(packed.data) == sum(lengths) == packed.batch_sizes.sum().item()
    again, longs = rnn.pad_packed_sequence(packed, batch_first, padding_value=7.0)
    assert longs.tolist() == lengths and np.array_equal(again, padded)
    for a, b in zip(rnn.unpad_sequence(padded, longs, batch_first), sequences):
        assert np.array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients(kind):
    net = kind(2, 3, bidirectional=True).double()
    x = minitorch.randn(3, 2, 2, dtype=minitorch.float64, requires_grad=True)
    assert minitorch.autograd.gradcheck(lambda x: net(x)[0], (x,))


def test_projection_names_and_shapes():
    net = nn.LSTM(3, 4, 2, bidirectional=True, proj_size=2)
    shapes = {name: tuple(p.shape) for name, p in net.named_parameters()}
    assert list(shapes)[:5] == [
        "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0",
    ]  # fmt: skip
    assert shapes["weight_ih_l1_reverse"] == (16, 4) and shapes["weight_hr_l1"] == (2, 4)
    output, (h, c) = net(minitorch.randn(5, 6, 3))
    assert output.shape == (5, 6, 4) and h.shape == (4, 6, 2) and c.shape == (4, 6, 4)


def test_refusals():
    net = nn.GRU(3, 4)
    for wrong in (minitorch.ones(5, 2, 4), minitorch.ones(0, 2, 3)):
        with pytest.raises(RuntimeError):
            net(wrong)
    with pytest.raises(RuntimeError):
        net(minitorch.ones(5, 2, 3), minitorch.ones(1, 1, 4))
    with pytest.raises(ValueError):
        net(minitorch.ones(5, 2, 3, dtype=minitorch.float64))
    with pytest.raises(ValueError):
        nn.GRU(3, 4, proj_size=2)
    with pytest.raises(RuntimeError):
        rnn.pack_padded_sequence(minitorch.ones(3, 2), [1, 3])


def test_clip_and_convert():
    net = nn.Linear(3, 2)
    (net(minitorch.ones(4, 3)) * 5).sum().backward()
    before = nn.utils.get_total_norm(p.grad for p in net.parameters())
    assert close(nn.utils.clip_grad_norm_(net.parameters(), 1.0), before)
    assert nn.utils.get_total_norm([p.grad for p in net.parameters()]).item() == pytest.approx(1.0)
    nn.utils.clip_grad_value_(net.parameters(), 0.1)
    assert max(p.grad.abs().max().item() for p in net.parameters()) <= 0.1 + 1e-6
    flat = nn.utils.parameters_to_vector(net.parameters())
    nn.utils.vector_to_parameters(minitorch.arange(8.0), net.parameters())
    assert flat.shape == (8,) and net.bias.tolist() == [6.0, 7.0]


@settings(max_examples=20)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.booleans(), st.booleans())
def test_kernels_are_their_references(steps, batch, size, backwards, bias):
    def draw(*shape):
        return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)

    h, c = draw(batch, size), draw(batch, size)
    lstm = draw(steps, batch, 4 * size), h, c, draw(4 * size, size)
    gru = draw(steps, batch, 3 * size), h, draw(3 * size, size), draw(3 * size) if bias else None
    check_kernel(lstm_sequence, lstm, backwards)
    check_kernel(gru_sequence, gru, backwards)
    check_kernel(lstm_gates, (draw(batch, 4 * size), c))
    check_kernel(gru_gates, (draw(batch, 3 * size), draw(batch, 3 * size), h))


def check_kernel(kernel, args, *settings):
    """The same values and gradients, of all arguments and of each alone; arguments stay as is."""
    leaves = [a for a in args if a is not None]
    before = [a.detach().clone() for a in leaves]
    found = []
    for f in (kernel, kernel.reference):
        out = f(*args, *settings)
        for asked in (leaves, *[[leaf] for leaf in leaves]):
            grads = minitorch.autograd.grad((out * out.cos()).sum(), asked, retain_graph=True)
            found.append([x.detach().numpy() for x in (out, *grads)])
    half = len(found) // 2
    for one, other in zip(found[:half], found[half:]):
        for a, b in zip(one, other):
            assert np.allclose(a, b, rtol=1e-10, atol=1e-12)
    assert all(minitorch.equal(a, b) for a, b in zip(leaves, before))


@pytest.mark.parametrize("kind", [nn.LSTM, nn.GRU])
def test_second_gradient(kind):
    net = kind(2, 2, bidirectional=True).double()
    x = minitorch.randn(2, 2, 2, dtype=minitorch.float64, requires_grad=True)
    assert minitorch.autograd.gradgradcheck(lambda x: net(x)[0], (x,))


def test_the_output_of_a_gru_may_be_written_to():
    gru, x = nn.GRU(2, 3, bidirectional=True), minitorch.randn(4, 2, 2)
    grads = []
    for act in (minitorch.relu, minitorch.relu_):
        gru.zero_grad()
        out, h = gru(x)
        (act(out).square().sum() + h.sum()).backward()
        grads.append([p.grad for p in gru.parameters()])
    assert all(minitorch.equal(a, b) for a, b in zip(*grads))
