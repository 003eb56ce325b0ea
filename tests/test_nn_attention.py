"""Attention and the transformer: the kernel is the reference, masks hide, batches are stacks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch
from minitorch import nn
from minitorch.nn.functional import scaled_dot_product_attention
from minitorch.ops.attention import _attention

sizes = st.integers(1, 4)


def draw(*shape):
    return minitorch.randn(*shape, dtype=minitorch.float64, requires_grad=True)


@settings(max_examples=30)
@given(
    sizes,
    sizes,
    sizes,
    sizes,
    st.integers(0, 2**31),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.7, 300.0]),
)
def test_kernel_is_reference(heads, rows, columns, size, seed, masked, gates, scale):
    """Scores of hundreds, whose exp overflows where the largest is not subtracted, among them."""
    minitorch.manual_seed(seed)
    q, k = draw(2, heads, rows, size), draw(2, heads, columns, size)
    v = draw(2, heads, columns, 3)
    mask = None
    if masked:  # some rows see nothing at all
        seen = minitorch.rand(rows, columns) < 0.6
        mask = minitorch.zeros(rows, columns, dtype=minitorch.float64).masked_fill(~seen, -np.inf)
    outs = []
    for f in (_attention, _attention.reference):
        out = f(q, k, v, mask, scale, gates)
        outs.append((out, *minitorch.autograd.grad((out**2).sum(), (q, k, v), create_graph=True)))
    for a, b in zip(*outs):
        assert np.allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)


def test_second_gradient():
    q, k, v = draw(2, 3, 2), draw(2, 4, 2), draw(2, 4, 2)
    f = lambda q, k, v: scaled_dot_product_attention(q, k, v, is_causal=True)  # noqa: E731
    assert minitorch.autograd.gradcheck(f, (q, k, v))
    assert minitorch.autograd.gradgradcheck(f, (q, k, v))


def test_a_query_that_sees_nothing_gives_zeros():
    x = draw(2, 2)
    mask = minitorch.tensor([[True, False], [False, False]])
    out = scaled_dot_product_attention(x, x, x, attn_mask=mask)
    assert np.allclose(out[0].detach(), x[0].detach()) and not out[1].any()
    out.sum().backward()
    assert np.isfinite(x.grad.numpy()).all()


def test_grouped_queries():
    q, k = draw(1, 4, 3, 2), draw(1, 2, 3, 2)
    out = scaled_dot_product_attention(q, k, k, enable_gqa=True)
    wide = k.repeat_interleave(2, 1)
    assert np.allclose(out.detach(), scaled_dot_product_attention(q, wide, wide).detach())


def test_refusals():
    x = draw(2, 3)
    with pytest.raises(RuntimeError, match="not both"):
        scaled_dot_product_attention(x, x, x, attn_mask=x, is_causal=True)
    with pytest.raises(RuntimeError, match="2 or more"):
        scaled_dot_product_attention(x[0], x, x)
    with pytest.raises(RuntimeError, match="dtypes"):
        scaled_dot_product_attention(x, x.float(), x)


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("options", [{}, {"kdim": 3, "vdim": 5}, {"add_bias_kv": True}])
def test_batch_is_a_stack_of_singles(batch_first, options):
    net = nn.MultiheadAttention(4, 2, batch_first=True, **options)
    net.batch_first = batch_first
    q, k = minitorch.randn(3, 5, 4), minitorch.randn(3, 6, net.kdim)
    v = minitorch.randn(3, 6, net.vdim)
    turn = (lambda x: x) if batch_first else (lambda x: x.transpose(0, 1))
    out, weights = net(turn(q), turn(k), turn(v))
    for i in range(3):
        one, its_weights = net(q[i], k[i], v[i])
        assert np.allclose(turn(out)[i].detach(), one.detach(), atol=1e-6)
        assert np.allclose(weights[i].detach(), its_weights.detach(), atol=1e-6)


def test_weights_or_not_same_output():
    net = nn.MultiheadAttention(4, 2)
    x = minitorch.randn(5, 3, 4)
    hidden = minitorch.zeros(3, 5, dtype=minitorch.bool)
    hidden[1, 3:] = True
    out, weights = net(x, x, x, key_padding_mask=hidden)
    assert not weights[1, :, 3:].any()
    quick, none = net(x, x, x, key_padding_mask=hidden, need_weights=False)
    assert none is None and np.allclose(out.detach(), quick.detach(), atol=1e-6)


@pytest.mark.parametrize("norm_first", [False, True])
def test_causal_transformer_does_not_look_ahead(norm_first):
    layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, norm_first=norm_first)
    net = nn.TransformerEncoder(layer, 2).eval()
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = minitorch.randn(2, 5, 4)
    before = net(x, mask=mask)
    x[:, 3:] += 1
    after = net(x, mask=mask)
    assert np.allclose(before[:, :3].detach(), after[:, :3].detach(), atol=1e-6)
    assert not np.allclose(before[:, 3:].detach(), after[:, 3:].detach(), atol=1e-3)


def test_state_dict_round_trip():
    a, b = (nn.Transformer(4, 2, 1, 1, 8, batch_first=True).eval() for _ in range(2))
    b.load_state_dict(a.state_dict())
    s, t = minitorch.randn(2, 3, 4), minitorch.randn(2, 5, 4)
    assert np.array_equal(a(s, t).detach(), b(s, t).detach())
    with pytest.raises(RuntimeError, match="d_model"):
        a(s, minitorch.randn(2, 5, 3))
