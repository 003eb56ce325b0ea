"""Losses: reductions, formulas against plain NumPy, batches and singles, errors."""

import itertools
import math
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.nn import functional as F

rng = np.random.default_rng(0)


def numbers(*shape):
    return mt.tensor(rng.standard_normal(shape))


def chances(*shape):
    return mt.tensor(rng.uniform(0.05, 0.95, shape))


def signs(*shape):
    return mt.tensor(rng.choice([-1.0, 1.0], shape))


N, C = 4, 3
CASES = {
    nn.L1Loss: lambda: (numbers(N, C), numbers(N, C)),
    nn.MSELoss: lambda: (numbers(N, C), numbers(N, C)),
    nn.SmoothL1Loss: lambda: (numbers(N, C), numbers(N, C)),
    nn.HuberLoss: lambda: (numbers(N, C), numbers(N, C)),
    nn.GaussianNLLLoss: lambda: (numbers(N, C), numbers(N, C), chances(N, C)),
    nn.PoissonNLLLoss: lambda: (numbers(N, C), chances(N, C)),
    nn.KLDivLoss: lambda: (numbers(N, C), chances(N, C)),
    nn.BCELoss: lambda: (chances(N, C), chances(N, C)),
    nn.BCEWithLogitsLoss: lambda: (numbers(N, C), chances(N, C)),
    nn.SoftMarginLoss: lambda: (numbers(N, C), signs(N, C)),
    nn.MultiLabelSoftMarginLoss: lambda: (numbers(N, C), chances(N, C)),
    nn.MultiLabelMarginLoss: lambda: (numbers(N, C), mt.tensor([[0, 2, -1]] * N)),
    nn.MultiMarginLoss: lambda: (numbers(N, C), mt.tensor([0, 2, 1, 1])),
    nn.NLLLoss: lambda: (numbers(N, C), mt.tensor([0, 2, 1, 1])),
    nn.CrossEntropyLoss: lambda: (numbers(N, C), mt.tensor([0, 2, 1, 1])),
    nn.HingeEmbeddingLoss: lambda: (chances(N, C), signs(N, C)),
    nn.CosineEmbeddingLoss: lambda: (numbers(N, C), numbers(N, C), signs(N)),
    nn.MarginRankingLoss: lambda: (numbers(N), numbers(N), signs(N)),
    nn.TripletMarginLoss: lambda: (numbers(N, C), numbers(N, C), numbers(N, C)),
    nn.TripletMarginWithDistanceLoss: lambda: (numbers(N, C), numbers(N, C), numbers(N, C)),
}


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "kl_div")
        yield


@pytest.mark.parametrize("make", CASES)
def test_reductions_agree(make):
    args = CASES[make]()
    before = [a.clone() for a in args]
    each = make(reduction="none")(*args)
    assert make(reduction="sum")(*args).item() == pytest.approx(each.sum().item())
    assert make()(*args).item() == pytest.approx(each.mean().item())
    assert len(each) == N
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(args, before))
    with pytest.raises(ValueError, match="reduction"):
        make(reduction="median")


@pytest.mark.parametrize("make", CASES)
def test_a_batch_is_its_samples(make):
    args = CASES[make]()
    each = make(reduction="none")(*args)
    for i in range(N):
        one = make(reduction="none")(*[a[i : i + 1] for a in args])
        assert np.allclose(one[0].numpy(), each[i].numpy())


@pytest.mark.parametrize("make", CASES)
def test_derivatives(make):
    first, *rest = CASES[make]()
    loss = make()
    assert gradcheck(lambda x: loss(x, *rest), (first.requires_grad_(),))
    assert gradgradcheck(lambda x: loss(x, *rest), (first,))


@pytest.mark.parametrize("make", [nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss, nn.BCEWithLogitsLoss])
def test_an_empty_batch(make):
    x = mt.zeros(0, 3).requires_grad_()
    loss = make(reduction="sum")(x, mt.zeros(0, 3))
    loss.backward()
    assert loss.item() == 0 and x.grad.shape == (0, 3)
    assert math.isnan(make()(x, mt.zeros(0, 3)).item())


@given(st.floats(0.1, 3), st.integers(0, 99))
def test_huber_is_square_inside_and_straight_outside(delta, seed):
    d = np.random.default_rng(seed).standard_normal(8) * 3
    want = np.where(np.abs(d) <= delta, d * d / 2, delta * (np.abs(d) - delta / 2))
    x, zero = mt.tensor(d), mt.zeros(8, dtype=mt.float64)
    assert np.allclose(F.huber_loss(x, zero, "none", delta).numpy(), want)
    smooth = F.smooth_l1_loss(x, zero, reduction="none", beta=delta).numpy()
    assert np.allclose(smooth, want / delta)
    assert F.smooth_l1_loss(x, zero, beta=0).item() == pytest.approx(np.abs(d).mean())


def test_shapes_that_differ_are_broadcast_with_a_warning():
    for loss in (F.l1_loss, F.smooth_l1_loss, F.huber_loss, F.mse_loss):
        with pytest.warns(UserWarning, match="broadcast"):
            assert loss(mt.ones(3, 1), mt.zeros(4), reduction="none").shape == (3, 4)


def test_binary_cross_entropy_with_logits_is_that_of_the_sigmoid():
    x, t, w = numbers(N, C), chances(N, C), chances(C)
    want = F.binary_cross_entropy(x.sigmoid(), t, w).item()
    assert F.binary_cross_entropy_with_logits(x, t, w).item() == pytest.approx(want)
    p = mt.tensor([1.0, 2.0, 3.0])
    got = nn.BCEWithLogitsLoss(pos_weight=p, reduction="none")(x, t).numpy()
    s = 1 / (1 + np.exp(-x.numpy()))
    assert np.allclose(got, -(p.numpy() * t.numpy() * np.log(s) + (1 - t.numpy()) * np.log(1 - s)))
    far = mt.tensor([-1000.0, 1000.0]).requires_grad_()
    loss = F.binary_cross_entropy_with_logits(far, mt.tensor([1.0, 0.0]), reduction="none")
    assert loss.tolist() == [1000, 1000]
    loss.sum().backward()
    assert far.grad.tolist() == [-1, 1]
    assert list(nn.BCEWithLogitsLoss(w, pos_weight=p).state_dict()) == ["weight", "pos_weight"]


def test_binary_cross_entropy_at_the_ends():
    p = mt.tensor([0.0, 1.0, 0.0, 1.0])
    loss = F.binary_cross_entropy(p, mt.tensor([0.0, 1.0, 1.0, 0.0]), reduction="none")
    assert loss.tolist() == [0, 0, 100, 100]


def test_kl_div_of_equals_is_zero():
    p = F.softmax(numbers(N, C), 1)
    for loss in (
        F.kl_div(p.log(), p, reduction="batchmean"),
        F.kl_div(p.log(), p.log(), reduction="batchmean", log_target=True),
    ):
        assert loss.item() == pytest.approx(0, abs=1e-12)
    q = F.softmax(numbers(N, C), 1)
    total = F.kl_div(q.log(), p, reduction="sum").item()
    assert nn.KLDivLoss(reduction="batchmean")(q.log(), p).item() == pytest.approx(total / N)


def test_gaussian_variance_shapes():
    x, t, var = numbers(N, C), numbers(N, C), chances(N)
    want = F.gaussian_nll_loss(x, t, var[:, None].expand(N, C), full=True).item()
    assert F.gaussian_nll_loss(x, t, var, full=True).item() == pytest.approx(want)
    assert F.gaussian_nll_loss(x, t, var[:, None], full=True).item() == pytest.approx(want)
    for bad, words in [(chances(C + 2), "shape"), (-var, "negative")]:
        with pytest.raises(ValueError, match=words):
            F.gaussian_nll_loss(x, t, bad)


def test_margins_by_hand():
    scores = mt.tensor([[0.5, 1.0, 0.0]])
    got = F.multi_margin_loss(scores, mt.tensor([0]), p=2, margin=1).item()
    assert got == pytest.approx((1.5**2 + 0.5**2) / 3)
    weight = mt.tensor([2.0, 1.0, 1.0])
    assert F.multi_margin_loss(scores, mt.tensor([0]), weight=weight).item() == pytest.approx(4 / 3)
    anchor, near, far = mt.zeros(1, 2), mt.tensor([[0.0, 3.0]]), mt.tensor([[0.0, 2.5]])
    assert F.triplet_margin_loss(anchor, near, far).item() == pytest.approx(1.5, abs=1e-5)
    swapped = F.triplet_margin_loss(anchor, near, far, swap=True).item()
    assert swapped == pytest.approx(1 + 3 - 0.5, abs=1e-5)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: F.binary_cross_entropy(mt.ones(2), mt.ones(3)), ValueError),
        (lambda: F.binary_cross_entropy(mt.full((2,), 1.5), mt.ones(2)), RuntimeError),
        (lambda: F.binary_cross_entropy_with_logits(mt.ones(2), mt.ones(3)), ValueError),
        (lambda: F.huber_loss(mt.ones(2), mt.ones(2), delta=0), RuntimeError),
        (lambda: F.smooth_l1_loss(mt.ones(2), mt.ones(2), beta=-1), RuntimeError),
        (lambda: F.multi_margin_loss(mt.ones(1, 2), mt.tensor([0]), p=3), ValueError),
        (lambda: F.multi_margin_loss(mt.ones(1, 2), mt.tensor([2])), RuntimeError),
        (lambda: F.multilabel_margin_loss(mt.ones(1, 2), mt.tensor([[0]])), RuntimeError),
        (lambda: F.margin_ranking_loss(mt.ones(1), mt.ones(1, 1), mt.ones(1)), RuntimeError),
        (lambda: F.cosine_embedding_loss(mt.ones(2), mt.ones(2), mt.ones(1)), RuntimeError),
        (lambda: nn.TripletMarginLoss(margin=-1), ValueError),
        (lambda: nn.MultiMarginLoss(p=3), ValueError),
        (lambda: F.l1_loss(mt.ones(2), [1, 2]), TypeError),
        (lambda: F.kl_div(mt.ones(2), mt.tensor([1, 2])), RuntimeError),
    ],
)
def test_errors(call, error):
    with pytest.raises(error):
        call()


def test_old_flags_still_count():
    with pytest.warns(UserWarning, match="deprecated"):
        assert nn.L1Loss(size_average=False).reduction == "sum"
    with pytest.warns(UserWarning, match="deprecated"):
        assert nn.BCELoss(reduce=False).reduction == "none"


# --- ctc ----------------------------------------------------------------------------------------


def spelled(path, blank=0):
    """What a path of classes spells: repeats are one, blanks nothing."""
    return [c for c, _ in itertools.groupby(path) if c != blank]


@pytest.mark.parametrize("target", [[], [1], [1, 2], [1, 1], [2, 1, 2]])
def test_ctc_is_the_sum_over_all_spellings(target):
    steps, classes = 4, 3
    log_p = F.log_softmax(numbers(steps, classes), 1)
    p = np.exp(log_p.numpy())
    paths = itertools.product(range(classes), repeat=steps)
    total = sum(math.prod(p[range(steps), path]) for path in paths if spelled(path) == target)
    labels = mt.tensor(target, dtype=mt.int64)
    loss = F.ctc_loss(log_p, labels, mt.tensor(steps), mt.tensor(len(target)), reduction="none")
    assert loss.item() == pytest.approx(-math.log(total))


def ctc(x, reference=False):
    args = (mt.tensor([[1, 2, 2], [3, 0, 0]]), mt.tensor([6, 4]), mt.tensor([3, 1]))
    if not reference:
        return F.ctc_loss(F.log_softmax(x, 2), *args, reduction="sum")
    from minitorch.ops import ctc as module

    kernel = module._ctc
    module._ctc = kernel.reference
    try:
        return ctc(x)
    finally:
        module._ctc = kernel


def test_ctc_kernel_and_reference_agree():
    x = numbers(6, 2, 4).requires_grad_()
    grads = [mt.autograd.grad(ctc(x, which), x)[0].numpy() for which in (False, True)]
    assert ctc(x).item() == pytest.approx(ctc(x, True).item())
    assert np.allclose(*grads) and gradcheck(ctc, (x,)) and gradgradcheck(ctc, (x,))


def test_ctc_batch_layouts_and_lengths():
    log_p = F.log_softmax(numbers(5, 2, 4), 2)
    rows, flat = mt.tensor([[1, 2], [3, 0]]), mt.tensor([1, 2, 3])
    one = F.ctc_loss(log_p, rows, (5, 3), (2, 1), reduction="none")
    two = F.ctc_loss(log_p, flat, (5, 3), (2, 1), reduction="none")
    single = F.ctc_loss(log_p[:3, 1], rows[1, :1], (3,), (1,), reduction="none")
    assert one.tolist() == two.tolist() and single.item() == pytest.approx(one[1].item())
    mean = nn.CTCLoss()(log_p, rows, (5, 3), (2, 1)).item()
    assert mean == pytest.approx((one[0].item() / 2 + one[1].item()) / 2)


def test_ctc_of_an_impossible_target():
    x = numbers(2, 1, 3).requires_grad_()
    args = (mt.tensor([[1, 1]]), (2,), (2,))  # needs a blank between, and so three steps
    assert F.ctc_loss(F.log_softmax(x, 2), *args).item() == math.inf
    loss = F.ctc_loss(F.log_softmax(x, 2), *args, zero_infinity=True)
    loss.backward()
    assert loss.item() == 0 and not np.any(x.grad.numpy())
    for bad in [{"blank": 3}, {"input_lengths": (3,)}, {"target_lengths": (3,)}]:
        given = dict(zip(("targets", "input_lengths", "target_lengths"), args), **bad)
        with pytest.raises(RuntimeError, match="ctc_loss"):
            F.ctc_loss(x, **given)


def test_the_mean_of_no_losses_is_nan():
    x = mt.zeros(0, 3)
    for target in (mt.zeros(0, dtype=mt.int64), mt.zeros(0, 3)):
        assert np.isnan(nn.functional.cross_entropy(x, target).item())
        assert nn.functional.cross_entropy(x, target, reduction="sum").item() == 0


def test_targets_of_a_yes_or_no_are_floating_numbers():
    with pytest.raises(RuntimeError, match=r"int64; call float\(\) first"):
        nn.BCEWithLogitsLoss()(mt.zeros(2), mt.tensor([0, 1]))


# --- fused = reference ------------------------------------------------------------------------

logits = st.integers(-800, 800).map(lambda n: n / 8)


@given(
    st.lists(st.tuples(logits, st.integers(0, 8).map(lambda n: n / 8)), min_size=1, max_size=6),
    st.sampled_from([mt.float32, mt.float64]),
    st.integers(0, 8),
)
def test_the_mean_of_bce_with_logits_is_that_of_its_elements(pairs, dtype, factor):
    results = []
    for mean in (
        lambda x, t: F.binary_cross_entropy_with_logits(x, t),
        lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none").mean(),
    ):
        x, t = (mt.tensor(v, dtype=dtype, requires_grad=True) for v in zip(*pairs))
        loss = mean(x, t)
        (loss * factor).backward(retain_graph=True)
        (slope,) = mt.autograd.grad(loss, x, create_graph=True)
        (second,) = mt.autograd.grad((slope * slope).sum(), x)
        results.append([loss.detach(), x.grad, t.grad, second])
    eps = mt.finfo(dtype).eps
    for fused, plain in zip(*results):  # a slope is the difference of two numbers up to 1
        mt.testing.assert_close(fused, plain, rtol=8 * eps, atol=(factor + 1) * eps)


def test_the_mean_of_no_bce_is_not_a_number():
    assert math.isnan(F.binary_cross_entropy_with_logits(mt.ones(0), mt.ones(0)).item())
