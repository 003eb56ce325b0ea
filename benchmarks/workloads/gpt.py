"""Training steps of a language model in the manner of GPT-2, on 65 different tokens."""

import math

import numpy as np

from benchmarks.registry import workload
from benchmarks.workloads.training import initialize, step

TOKENS = 65


def gpt(T, layers, heads, width, context, by_hand):
    nn = T.nn
    F = nn.functional

    class Attention(nn.Module):
        def __init__(self):
            super().__init__()
            self.qkv = nn.Linear(width, 3 * width)
            self.proj = nn.Linear(width, width)
            self.register_buffer("mask", T.tril(T.ones(context, context)).view(1, 1, context, -1))

        def forward(self, x):
            n, length, _ = x.shape
            q, k, v = (
                part.view(n, length, heads, width // heads).transpose(1, 2)
                for part in self.qkv(x).split(width, dim=2)
            )
            if by_hand:
                scores = (q @ k.transpose(-2, -1)) * (1 / math.sqrt(width // heads))
                scores = scores.masked_fill(self.mask[:, :, :length, :length] == 0, -math.inf)
                y = F.softmax(scores, dim=-1) @ v
            else:
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.proj(y.transpose(1, 2).contiguous().view(n, length, width))

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.attention = Attention()
            self.mlp = nn.Sequential(
                nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
            )

        def forward(self, x):
            x = x + self.attention(self.ln1(x))
            return x + self.mlp(self.ln2(x))

    class GPT(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens = nn.Embedding(TOKENS, width)
            self.places = nn.Embedding(context, width)
            self.blocks = nn.Sequential(*[Block() for _ in range(layers)])
            self.ln = nn.LayerNorm(width)
            self.head = nn.Linear(width, TOKENS, bias=False)

        def forward(self, numbers):
            x = self.tokens(numbers) + self.places(T.arange(numbers.shape[1]))
            return self.head(self.ln(self.blocks(x)))

    return GPT()


def trained(T, batch, context, by_hand=False, **sizes):
    model = gpt(T, context=context, by_hand=by_hand, **sizes)
    initialize(T, model)
    optimizer = T.optim.AdamW(model.parameters(), lr=3e-4)
    text = np.random.default_rng(1).integers(0, TOKENS, (batch, context + 1))
    x, y = T.from_numpy(text[:, :-1].copy()), T.from_numpy(text[:, 1:].copy())
    return step(
        optimizer,
        lambda: T.nn.functional.cross_entropy(model(x).view(-1, TOKENS), y.view(-1)),
    )


@workload("gpt-small", "step of a GPT, 4 layers, 64 wide, context 32, batch 16, AdamW")
def gpt_small(T):
    return trained(T, 16, 32, layers=4, heads=4, width=64)


@workload("gpt-small-by-hand", "the same, with attention written out")
def gpt_small_by_hand(T):
    return trained(T, 16, 32, layers=4, heads=4, width=64, by_hand=True)


@workload("gpt-large", "the same, 6 layers, 192 wide, context 128, batch 8")
def gpt_large(T):
    return trained(T, 8, 128, layers=6, heads=6, width=192)
