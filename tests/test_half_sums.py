"""Half precision: sums are kept in single, for bfloat16 cannot count past 256; dtypes stay."""

import pytest

import minitorch as mt
from minitorch.nn import functional as F

MANY = 3000
HALVES = [mt.bfloat16, mt.float16]


def close(value, true, dtype):
    tolerance = 0.02 if dtype == mt.bfloat16 else 0.003
    return mt.allclose(value.float(), true.float(), tolerance, tolerance)


@pytest.fixture(params=HALVES, ids=str)
def half(request):
    mt.manual_seed(0)
    return request.param


LOSSES = {
    "mean": lambda x, t: F.cross_entropy(x, t),
    "weighted": lambda x, t: F.cross_entropy(x, t, weight=mt.tensor([1, 2, 3, 4]).to(x.dtype)),
    "smoothed": lambda x, t: F.cross_entropy(x, t, label_smoothing=0.1),
    "ignoring": lambda x, t: F.cross_entropy(x, t, ignore_index=1),
    "of probabilities": lambda x, t: F.cross_entropy(x, F.one_hot(t, 4).to(x.dtype)),
    "nll": lambda x, t: F.nll_loss(F.log_softmax(x, 1), t),
    "linear": lambda x, t: F.linear_cross_entropy(x, mt.eye(4).to(x.dtype), t),
}


@pytest.mark.parametrize("name", LOSSES)
def test_the_mean_loss_of_many_targets(name, half):
    x, t = mt.randn(MANY, 4).to(half), mt.randint(0, 4, (MANY,))
    results = []
    for given in (x.clone().requires_grad_(), x.float().requires_grad_()):
        loss = LOSSES[name](given, t)
        (loss * 1000).backward()
        assert loss.dtype == given.grad.dtype == given.dtype
        results.append((loss, given.grad))
    (loss, grad), (true_loss, true_grad) = results
    assert close(loss, true_loss, half)
    assert close(grad, true_grad, half)


ZEROS = mt.zeros(MANY, dtype=mt.int64)
COPIES = {
    "index": lambda x: x[ZEROS],
    "index_select": lambda x: mt.index_select(x, 0, ZEROS),
    "gather": lambda x: mt.gather(x, 0, ZEROS[:, None]),
    "repeat": lambda x: x.repeat(MANY, 1),
    "repeat_interleave": lambda x: x.repeat_interleave(MANY, 0),
    "expand": lambda x: x.expand(MANY, 1),
    "embedding": lambda x: F.embedding(ZEROS, x),
}


@pytest.mark.parametrize("name", COPIES)
def test_what_is_used_many_times_gets_the_whole_gradient(name, half):
    x = mt.ones(1, 1, dtype=half, requires_grad=True)
    COPIES[name](x).backward(mt.ones(MANY, 1, dtype=half))
    assert x.grad.dtype == half
    assert close(x.grad, mt.tensor([[float(MANY)]]), half)


def test_scattered_numbers_add_up(half):
    ones = mt.ones(MANY, dtype=half)
    true = mt.tensor([float(MANY)])
    for total in (
        mt.zeros(1, dtype=half).scatter_add(0, ZEROS, ones),
        mt.zeros(1, dtype=half).index_add(0, ZEROS, ones),
        mt.zeros(1, dtype=half).index_put((ZEROS,), ones, accumulate=True),
        mt.zeros(1, dtype=half).scatter_add_(0, ZEROS, ones),
    ):
        assert total.dtype == half
        assert close(total, true, half)


@pytest.mark.parametrize("rows, columns", [(2, 3), (200, 300), (3, 20000)])
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_of_any_size_keeps_the_dtype(rows, columns, bias, half):
    layer = mt.nn.Linear(8, columns, bias=bias)
    x = mt.randn(rows, 8)
    true = layer.to(half).float()(x.to(half).float())
    found = layer.to(half)(x.to(half))
    assert found.dtype == half
    assert close(found, true, half)
    found.sum().backward()
    assert all(p.grad.dtype == half for p in layer.parameters())


def test_factors_that_half_precision_cannot_hold_count_whole():
    x = mt.linspace(-2, 2, 9).to(mt.float16).requires_grad_()
    scale = mt.tensor(0.37, requires_grad=True)
    out = x * scale / 3.3 * 0.7
    assert out.dtype is mt.float16
    out.sum().backward()
    assert mt.allclose(x.grad, mt.full((9,), 0.37 / 3.3 * 0.7).half(), rtol=2e-3)
    assert scale.grad.dtype is mt.float32 and scale.grad.shape == ()
    (twice,) = mt.autograd.grad((x * x * 0.37).sum(), x, create_graph=True)
    twice.sum().backward()
    assert twice.dtype is mt.float16 and mt.equal(twice, (2 * 0.37 * x.float()).half())
    with pytest.raises(RuntimeError):
        mt.lerp(x, x.float(), 0.5)  # of two dtypes, as before
