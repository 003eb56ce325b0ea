"""flex_attention: equal to scaled_dot_product_attention where both say the same."""

from __future__ import annotations

import pytest

import minitorch as mt
from minitorch.nn import functional as F
from minitorch.nn.attention import SDPBackend, sdpa_kernel
from minitorch.nn.attention.flex_attention import (
    and_masks,
    create_block_mask,
    create_mask,
    flex_attention,
    noop_mask,
    or_masks,
)


@pytest.fixture
def qkv():
    mt.manual_seed(0)
    return [mt.randn(2, 4, 5, 8, dtype=mt.float64, requires_grad=True) for _ in range(3)]


def causal(b, h, q_idx, kv_idx):
    return q_idx >= kv_idx


def gradients(out, inputs):
    return mt.autograd.grad((out * out).sum(), inputs)


@pytest.mark.parametrize(
    "ours, theirs",
    [
        ({}, {}),
        ({"block_mask": create_block_mask(causal, None, None, 5, 5)}, {"is_causal": True}),
        ({"score_mod": lambda s, b, h, q, k: mt.where(q >= k, s, -mt.inf)}, {"is_causal": True}),
        ({"scale": 0.5}, {"scale": 0.5}),
    ],
)
def test_it_is_attention(qkv, ours, theirs):
    a, b = flex_attention(*qkv, **ours), F.scaled_dot_product_attention(*qkv, **theirs)
    assert mt.allclose(a, b)
    for x, y in zip(gradients(a, qkv), gradients(b, qkv)):
        assert mt.allclose(x, y)


def test_scores_can_depend_on_their_place(qkv):
    q, k, v = qkv
    bias = (mt.arange(5)[:, None] - mt.arange(5)) * mt.arange(1, 5)[:, None, None]
    out = flex_attention(q, k, v, lambda s, b, h, i, j: s + (h + 1) * (i - j))
    assert mt.allclose(out, F.scaled_dot_product_attention(q, k, v, bias.double()))


def test_heads_can_be_shared(qkv):
    q, k, v = qkv
    few, values = k[:, :2], v[:, :2]
    out = flex_attention(q, few, values, enable_gqa=True)
    assert mt.allclose(out, F.scaled_dot_product_attention(q, few, values, enable_gqa=True))
    with pytest.raises(ValueError, match="4 heads, key 2"):
        flex_attention(q, few, values)


def test_a_query_that_may_look_nowhere_gets_zeros(qkv):
    mask = create_block_mask(lambda b, h, q, k: (q > 0) & (q >= k), None, None, 5, 5)
    out = flex_attention(*qkv, block_mask=mask)
    assert not out[:, :, 0].any()
    assert all(g.isfinite().all() for g in gradients(out, qkv))


def test_masks_combine():
    near = and_masks(causal, lambda b, h, q, k: q - k < 2)
    assert create_mask(near, 1, 1, 3, 3)[0, 0].int().tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    assert create_mask(or_masks(causal, noop_mask), None, 2, 2, 2).all()


def test_the_kernel_can_be_named(qkv):
    expected = F.scaled_dot_product_attention(*qkv)
    with sdpa_kernel([SDPBackend.MATH, SDPBackend.FLASH_ATTENTION]):
        assert mt.equal(F.scaled_dot_product_attention(*qkv), expected)
    with pytest.raises(AssertionError, match="SDPBackend"), sdpa_kernel("math"):
        pass
