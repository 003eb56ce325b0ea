"""Nested tensors: what is done to all at once is what is done to each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn

F = nn.functional
lengths = st.lists(st.integers(1, 5), min_size=1, max_size=4)


def nested(sizes, *rest, **options):
    return mt.nested.nested_tensor([mt.randn(n, *rest) for n in sizes], layout=mt.jagged, **options)


ROWWISE = {
    "linear": nn.Linear(4, 3),
    "linear without bias": nn.Linear(4, 3, bias=False),
    "layer norm": nn.LayerNorm(4),
    "rms norm": nn.RMSNorm(4),
    "gelu": nn.GELU(),
    "relu": nn.ReLU(),
    "silu": nn.SiLU(),
    "mish": nn.Mish(),
    "hardswish": nn.Hardswish(),
    "tanh": mt.tanh,
    "dropout": nn.Dropout(0.5).eval(),
    "sum with itself": lambda x: x + x,
    "arithmetic": lambda x: 1 - (2 * x - x / 4) * x,
    "a row for all": lambda x: x * mt.arange(4.0),
    "heads": lambda x: x.unflatten(-1, (2, 2)).transpose(-3, -2).transpose(-3, -2).flatten(-2),
}


@pytest.mark.parametrize("name", ROWWISE)
@given(sizes=lengths)
def test_rows_are_treated_as_in_each_tensor(name, sizes):
    x = nested(sizes, 4, requires_grad=True)
    parts = [t.detach().clone().requires_grad_() for t in x.unbind()]
    together, each = ROWWISE[name](x), [ROWWISE[name](t) for t in parts]
    sum((t**2).sum() for t in together.unbind()).backward()
    sum((t**2).sum() for t in each).backward()
    for got, expected in zip(together.unbind(), each):
        mt.testing.assert_close(got, expected)
    for got, part in zip(x.grad.unbind(), parts):
        mt.testing.assert_close(got, part.grad)


@given(sizes=lengths, other=st.integers(1, 4))
def test_attention_looks_at_ones_own_keys(sizes, other):
    def heads(x):
        return x.unflatten(-1, (2, 3)).transpose(1, 2)

    q, k, v = nested([other] * len(sizes), 6), nested(sizes, 6), nested(sizes, 6)
    together = F.scaled_dot_product_attention(heads(q), heads(k), heads(v))
    for got, *one in zip(together.transpose(1, 2).flatten(-2).unbind(), q, k, v):
        one = [t.unflatten(-1, (2, 3)).transpose(0, 1) for t in one]
        expected = F.scaled_dot_product_attention(*one).transpose(0, 1).flatten(-2)
        mt.testing.assert_close(got, expected)


def test_what_it_is_made_of():
    x = nested([2, 3], 4)
    assert x.shape == (2, "j1", 4) and x.size(-1) == 4 and len(x) == 2 and x.ndim == x.dim() == 3
    assert x.is_nested and x.layout is mt.jagged and x.dtype is mt.float32 and x.numel() == 20
    assert x.offsets().tolist() == [0, 2, 5] and x.values().shape == (5, 4)
    assert repr(x) == "NestedTensor(size=(2, j1, 4), lengths=[2, 3])"
    assert repr(x.unflatten(2, (2, 2)).transpose(1, 2)).startswith("NestedTensor(size=(2, 2, j1, 2")
    again = mt.nested.nested_tensor_from_jagged(x.values(), x.offsets())
    assert all(map(mt.equal, again, x)) and x.to(mt.float64).dtype is mt.float64
    left, right = x.chunk(2, -1)
    assert mt.equal(mt.cat([left.values(), right.values()], -1), x.values())


def test_padding():
    x = mt.nested.as_nested_tensor([mt.ones(1, 2), mt.ones(2, 2)], layout=mt.jagged)
    assert x.to_padded_tensor(-1).tolist() == [[[1, 1], [-1, -1]], [[1, 1], [1, 1]]]
    assert mt.nested.to_padded_tensor(x, 0.0, (2, 3, 2)).shape == (2, 3, 2)
    with pytest.raises(RuntimeError, match="must be"):
        x.to_padded_tensor(0, (2, 1, 2))


def test_history_is_kept_by_as_nested_tensor_alone():
    t = mt.ones(2, 3, requires_grad=True)
    mt.nested.as_nested_tensor([t, t], layout=mt.jagged).values().sum().backward()
    assert t.grad.tolist() == [[2, 2, 2]] * 2
    assert not mt.nested.nested_tensor([t], layout=mt.jagged).requires_grad


REFUSED = {
    "another layout": lambda x: mt.nested.nested_tensor([mt.ones(2)]),
    "a function that mixes rows": lambda x: mt.softmax(x, 1),
    "a function that takes tensors": lambda x: mt.cat([x, x]),
    "a sum": lambda x: mt.sum(x),
    "a method": lambda x: x.mean(1),
    "norm over the ragged dimension": lambda x: F.layer_norm(x, (3, 4)),
    "linear of the ragged dimension": lambda x: F.linear(x.transpose(1, 2), mt.ones(2, 3)),
    "other lengths": lambda x: x + nested([3, 2], 4),
    "a tensor as large as the batch": lambda x: x + mt.ones(2, 1, 4),
    "a tensor of all rows": lambda x: mt.ones(5, 4) + x,
    "attention with a tensor": lambda x: F.scaled_dot_product_attention(x, x, mt.ones(2, 3, 4)),
    "attention with a mask": lambda x: F.scaled_dot_product_attention(x, x, x, mt.ones(2, 2)),
    "the batch transposed": lambda x: x.transpose(0, 1),
    "the ragged dimension flattened": lambda x: x.flatten(1),
    "the ragged size": lambda x: x.size(1),
    "the ragged dimension cut": lambda x: x.chunk(2, 1),
    "a dimension that is not there": lambda x: x.transpose(1, 3),
    "unequal rows": lambda x: mt.nested.as_nested_tensor([*x, mt.ones(2)], layout=mt.jagged),
    "nothing": lambda x: mt.nested.nested_tensor([], layout=mt.jagged),
    "lengths that do not add up": lambda x: mt.nested.NestedTensor(mt.ones(3, 2), [2, 2]),
    "a pair of them": lambda x: F.linear(x, x),
    "an item": lambda x: x[0],
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_the_rest_is_refused(what):
    errors = (NotImplementedError, RuntimeError, TypeError, AttributeError, ValueError, IndexError)
    with pytest.raises(errors):
        REFUSED[what](nested([2, 3], 4))


def test_refusals_say_what_to_do():
    x = nested([2, 3], 4)
    with pytest.raises(NotImplementedError, match=r"flip\(\) of a nested tensor: .*unbind"):
        mt.flip(x, [0])
    with pytest.raises(AttributeError, match="nested tensors have no mean here; use it on each of"):
        x.mean()
    with pytest.raises(NotImplementedError, match="layout=torch.jagged"):
        mt.nested.nested_tensor([mt.ones(1)])
