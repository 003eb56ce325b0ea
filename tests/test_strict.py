"""Strict mode: each mistake is an error that explains itself, and no correct program is accused."""

from __future__ import annotations

import copy
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn, optim, strict_mode
from minitorch.errors import StrictError
from minitorch.nn import functional as F
from minitorch.optim.swa_utils import AveragedModel, update_bn
from minitorch.utils.checkpoint import checkpoint

X, Y = mt.linspace(-1, 1, 32).reshape(8, 4), mt.arange(8) % 3


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 5)
        self.drop = nn.Dropout(0.1)
        self.fc2 = nn.Linear(5, 3)

    def forward(self, x):
        return self.fc2(self.drop(self.fc1(x).relu()))


def sgd(*modules):
    return optim.SGD([p for module in modules for p in module.parameters()], lr=0.1)


def step(model, optimizer, zero=True):
    if zero:
        optimizer.zero_grad()
    F.cross_entropy(model(X), Y).backward()
    optimizer.step()


def state(module):
    return [p.detach().clone() for p in module.parameters()]


# --- losses that would broadcast ----------------------------------------------------------------

BROADCASTING = {
    "mse_loss": F.mse_loss,
    "l1_loss": F.l1_loss,
    "smooth_l1_loss": F.smooth_l1_loss,
    "huber_loss": F.huber_loss,
    "poisson_nll_loss": F.poisson_nll_loss,
    "gaussian_nll_loss": lambda x, t: F.gaussian_nll_loss(x, t, mt.ones(x.shape)),
    "kl_div": lambda x, t: F.kl_div(x, t, reduction="sum"),
    "soft_margin_loss": F.soft_margin_loss,
    "multilabel_soft_margin_loss": F.multilabel_soft_margin_loss,
    "hinge_embedding_loss": F.hinge_embedding_loss,
    "margin_ranking_loss": lambda x, t: F.margin_ranking_loss(x, x, t),
}


@pytest.mark.parametrize("name", BROADCASTING)
def test_a_loss_that_would_broadcast(name):
    x, t = mt.full((6, 1), 0.5), mt.ones(1, 6)
    with mt.strict(), pytest.raises(StrictError) as caught:
        BROADCASTING[name](x, t)
    for words in (f"{name}()", "(6, 1)", "(1, 6)", "(6, 6)", "36 terms instead of 6"):
        assert words in str(caught.value)
    with mt.strict():
        assert BROADCASTING[name](x, t.reshape(6, 1)).shape == ()


@pytest.mark.parametrize("module", [nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss, nn.HuberLoss])
def test_so_do_the_modules_of_losses(module):
    with (
        mt.strict(),
        pytest.raises(StrictError, match="give the target the input's shape"),
    ):
        module()(mt.zeros(5, 1), mt.zeros(5))


@given(st.lists(st.integers(1, 3), max_size=3), st.lists(st.integers(1, 3), max_size=3))
def test_strict_refuses_exactly_what_broadcasts(a, b):
    x, t = mt.zeros(a), mt.zeros(b)
    try:
        wide = np.broadcast_shapes(tuple(a), tuple(b))
    except ValueError:
        wide = None
    with mt.strict():
        if a == b:
            F.mse_loss(x, t)
        elif wide is not None:
            with pytest.raises(StrictError, match="broadcast"):
                F.mse_loss(x, t)


# --- probabilities given to cross_entropy -------------------------------------------------------

SCORES = st.integers(0, 2**32 - 1).flatmap(
    lambda seed: st.tuples(
        st.just(seed),
        st.sampled_from([(1, 5), (2, 2), (7, 3), (64, 10), (2, 4, 3), (5,)]),
        st.floats(0.01, 30),
        st.sampled_from([np.float32, np.float64]),
        st.booleans(),
    )
)


def scores(draw):
    seed, shape, scale, dtype, recorded = draw
    values = np.random.default_rng(seed).normal(0, scale, shape).astype(dtype)
    x = mt.from_numpy(values).requires_grad_(recorded)
    t = mt.zeros([n for i, n in enumerate(shape) if i != min(1, len(shape) - 1)], dtype=mt.int64)
    return x, t, 0 if len(shape) == 1 else 1


@given(SCORES)
def test_scores_are_never_taken_for_probabilities(draw):
    x, t, _ = scores(draw)
    with mt.strict():
        F.cross_entropy(x, t)
        F.cross_entropy(x * 1, t)
        F.cross_entropy(x.relu(), t)


@given(SCORES, st.sampled_from(["softmax", "log_softmax", "by hand", "log by hand"]))
def test_probabilities_always_are(draw, how):
    x, t, dim = scores(draw)
    if "hand" in how:
        p = (x - x.amax(dim, keepdim=True)).exp()
        p = p / p.sum(dim, keepdim=True)
        p = (p + 1e-30).log() if how.startswith("log") else p
    else:
        p = getattr(F, how)(x, dim)
    with mt.strict(), pytest.raises(StrictError, match="scores") as caught:
        F.cross_entropy(p, t)
    assert ("log-probabilities" in str(caught.value)) == how.startswith("log")
    F.cross_entropy(p, t)


def test_a_softmax_or_sigmoid_at_the_end_of_the_model():
    for last in (nn.Softmax(dim=1), nn.LogSoftmax(dim=1), nn.Sigmoid()):
        model = nn.Sequential(nn.Linear(4, 3), last)
        with mt.strict(), pytest.raises(StrictError, match=r"cross_entropy.*\(8, 3\)"):
            nn.CrossEntropyLoss()(model(X), Y)


def test_nothing_to_tell_from():
    with mt.strict():
        F.cross_entropy(mt.zeros(0, 3), mt.zeros(0, dtype=mt.int64), reduction="sum")
        F.cross_entropy(mt.zeros(4, 1), mt.zeros(4, dtype=mt.int64))  # one class: always 1
        F.cross_entropy(mt.zeros(4, 3), Y[:4])  # a last layer that starts at zero
        F.cross_entropy(mt.full((4, 3), float("nan")), Y[:4])


# --- optimizers ---------------------------------------------------------------------------------


def test_zero_grad_forgotten():
    model = Net()
    optimizer = sgd(model)
    with mt.strict():
        step(model, optimizer)
        before = state(model)
        with pytest.raises(StrictError, match="zero_grad.. was forgotten") as caught:
            step(model, optimizer, zero=False)
        assert "Net.fc1.weight (5, 4)" in str(caught.value)
        assert "1 more" in str(caught.value)
        assert f"at {__file__}:" in str(caught.value)  # where the last step was made
        assert all(mt.equal(a, b) for a, b in zip(before, state(model)))  # nothing has moved
        step(model, optimizer)


def test_zero_grad_forgotten_in_a_decorated_step():
    model = Net()
    optimizer = sgd(model)
    strict_step = mt.strict()(step)
    strict_step(model, optimizer)
    with pytest.raises(StrictError, match="forgotten"):
        strict_step(model, optimizer, zero=False)


def test_zero_grad_forgotten_in_a_closure():
    model = Net()
    optimizer = optim.LBFGS(model.parameters(), max_iter=3)

    def closure():
        loss = F.cross_entropy(model(X), Y)
        loss.backward()
        return loss

    with mt.strict(), pytest.raises(StrictError, match="forgotten"):
        optimizer.step(closure)


def test_parameters_that_no_optimizer_holds():
    model = Net()
    optimizer = sgd(model.fc1)
    with mt.strict(), pytest.raises(StrictError, match="no optimizer holds") as caught:
        step(model, optimizer)
    assert "Net.fc2.weight (3, 5), Net.fc2.bias (3,)" in str(caught.value)
    assert "fc1" not in str(caught.value)


def test_an_optimizer_of_another_model():
    optimizer = sgd(Net())
    with mt.strict(), pytest.raises(StrictError, match="made anew after the optimizer"):
        step(Net(), optimizer)


def test_an_optimizer_without_parameters():
    with mt.strict():
        with pytest.raises(ValueError, match="empty parameter list"):
            optim.SGD([], lr=0.1)
        with pytest.raises(StrictError, match="all parameter groups of this Adam are empty"):
            optim.Adam([{"params": []}, {"params": iter(())}])
    optimizer = optim.SGD([{"params": []}], lr=0.1)
    with mt.strict(), pytest.raises(StrictError, match="holds no parameters"):
        optimizer.step()
    optimizer = sgd(Net().requires_grad_(False))
    with mt.strict(), pytest.raises(StrictError, match="4 parameters, and all have requires_grad"):
        optimizer.step()


def test_parameters_without_gradient():
    class Forgetful(Net):
        def forward(self, x):
            return self.fc2(self.drop(self.fc1(x).relu().detach()))

    model = Forgetful()
    optimizer = sgd(model)
    with mt.strict():
        with pytest.raises(StrictError, match="got no gradient in this step") as caught:
            step(model, optimizer)
        assert "Forgetful.fc1.weight (5, 4), Forgetful.fc1.bias (5,)" in str(caught.value)
        model.zero_grad()
        with pytest.raises(StrictError, match="no parameter of this SGD has a gradient"):
            optimizer.step()


def test_a_layer_that_forward_forgets_or_detaches_is_no_branch():
    class Forgetful(Net):
        def __init__(self):
            super().__init__()
            self.fc3 = nn.Linear(5, 3)  # and never mentioned again

    class Detached(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 3)])

        def forward(self, x):
            for layer in self.layers:
                x = layer(x.detach())
            return x

    class Unrecorded(Net):
        def forward(self, x):
            with mt.no_grad():
                x = self.drop(self.fc1(x).relu())
            return self.fc2(x)

    for model, name in ((Forgetful(), "fc3"), (Detached(), "layers.0"), (Unrecorded(), "fc1")):
        with mt.strict(), pytest.raises(StrictError, match=rf"{name}.weight .* got no gradient"):
            step(model, sgd(model))


def test_parameters_are_named_by_the_optimizer_where_there_is_no_model():
    w, b = (mt.ones(2, requires_grad=True) for _ in range(2))
    for params, name in (([w, b], "parameter 1"), ([("w", w), ("bias", b)], "bias")):
        optimizer = optim.SGD(params, lr=0.1)
        optimizer.zero_grad()
        w.sum().backward()
        with mt.strict(), pytest.raises(StrictError, match=rf"{name} \(2,\) got no gradient"):
            optimizer.step()


def test_an_optimizer_with_a_step_of_its_own_is_watched_too():
    class Own(optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, {})

        def step(self, closure=None):
            with mt.no_grad():
                for p in self.param_groups[0]["params"]:
                    p -= 0.1 * p.grad

    model = Net()
    optimizer = Own(model.parameters())
    with mt.strict():
        step(model, optimizer)
        with pytest.raises(StrictError, match="forgotten"):
            step(model, optimizer, zero=False)


# --- training mode under no_grad ----------------------------------------------------------------


@pytest.mark.parametrize("off", [mt.no_grad, mt.inference_mode])
def test_training_mode_under_no_grad(off):
    model = Net()
    with mt.strict(), off():
        with pytest.raises(StrictError, match=r"Net is in training mode.*drop \(Dropout\)"):
            model(X)
        model.eval()
        model(X)
        with pytest.raises(StrictError, match="Linear is in training mode"):
            nn.Linear(4, 2)(X)
        with pytest.raises(StrictError, match="Dropout is in training mode"):
            nn.Dropout()(X)


def test_also_in_a_decorated_function():
    @mt.no_grad()
    def evaluate(model):
        return model(X)

    with mt.strict(), pytest.raises(StrictError, match=r"eval\(\)"):
        evaluate(Net())


def test_losses_and_activations_need_no_eval():
    with mt.strict(), mt.no_grad():
        nn.CrossEntropyLoss(weight=mt.ones(3))(nn.ReLU()(mt.zeros(8, 3)), Y)
        nn.Sequential(nn.Flatten(), nn.Softmax(dim=1))(X)


# --- correct programs ---------------------------------------------------------------------------

CORRECT = []


def correct(program):
    CORRECT.append(pytest.param(program, id=program.__name__))
    return program


@correct
def accumulation():
    model = Net()
    optimizer = sgd(model)
    for _ in range(3):
        for part in range(4):
            F.cross_entropy(model(X[part::4]), Y[part::4]).backward()
        optimizer.step()
        optimizer.zero_grad()


@correct
def zeroed_in_other_ways():
    model = Net()
    optimizer = sgd(model)
    for zero in (
        lambda: optimizer.zero_grad(set_to_none=False),
        lambda: model.zero_grad(),
        lambda: model.zero_grad(set_to_none=False),
        lambda: [p.grad.zero_() for p in model.parameters()],
        lambda: [p.grad.fill_(0) for p in model.parameters()],
        lambda: [setattr(p, "grad", None) for p in model.parameters()],
        lambda: [setattr(p, "grad", mt.zeros_like(p)) for p in model.parameters()],
    ):
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        zero()


def gan(generator_first, made_inside):
    maker, judge = nn.Linear(2, 4), nn.Linear(4, 1)
    optimizers = [sgd(maker), sgd(judge)]
    with mt.strict():
        if made_inside:
            optimizers = [sgd(maker), sgd(judge)]
        loss_of = nn.BCEWithLogitsLoss()
        real, fake = mt.ones(8, 1), mt.zeros(8, 1)

        def train_judge():
            optimizers[1].zero_grad()
            made = maker(mt.randn(8, 2)).detach()
            (loss_of(judge(X), real) + loss_of(judge(made), fake)).backward()
            optimizers[1].step()

        def train_maker():
            optimizers[0].zero_grad()
            loss_of(judge(maker(mt.randn(8, 2))), real).backward()  # fills the judge's, too
            optimizers[0].step()

        for _ in range(3):
            for train in (train_maker, train_judge)[:: 1 if generator_first else -1]:
                train()


@correct
def gans():
    with mt.strict(False):
        for first in (True, False):
            for inside in (True, False):
                gan(first, inside)


@correct
def frozen_parameters():
    model = Net()
    optimizer = sgd(model)  # made first, with all
    model.fc1.requires_grad_(False)
    for _ in range(2):
        step(model, optimizer)
    model.fc1.requires_grad_(True)
    for _ in range(2):
        step(model, optimizer)


@correct
def transfer_learning():
    pretrained = Net()
    optimizer = sgd(pretrained)
    for _ in range(2):
        step(pretrained, optimizer)
    pretrained.requires_grad_(False)
    pretrained.fc2 = nn.Linear(5, 3)
    head = sgd(pretrained.fc2)
    for _ in range(2):
        step(pretrained, head)


@correct
def features_of_a_model_that_was_trained_before():
    encoder, head = nn.Linear(4, 5), nn.Linear(5, 3)
    optimizer = sgd(encoder)
    for _ in range(2):
        optimizer.zero_grad()
        encoder(X).square().mean().backward()
        optimizer.step()
    del optimizer
    optimizer = sgd(head)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(head(encoder(X).detach()), Y).backward()
        optimizer.step()


@correct
def a_head_trained_on_after_the_whole():
    body, head = nn.Linear(4, 5), nn.Linear(5, 3)
    whole = sgd(body, head)
    F.cross_entropy(head(body(X)), Y).backward()
    whole.step()
    whole.zero_grad()
    del whole
    optimizer = sgd(head)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(head(body(X).detach()), Y).backward()
        optimizer.step()


@correct
def gradients_zeroed_in_place_and_set_by_hand():
    model = Net()
    optimizer = sgd(model)
    step(model, optimizer)
    F.cross_entropy(model(X), Y).backward()
    optimizer.zero_grad(set_to_none=False)
    optimizer.step()  # nothing is moved by zeros


@correct
def gradients_of_another_model_were_looked_at_before():
    other = Net()
    F.cross_entropy(other(X), Y).backward()
    model = Net()
    optimizer = sgd(model)
    for _ in range(2):
        step(model, optimizer)


@correct
def training_and_evaluation():
    model = nn.Sequential(Net(), nn.BatchNorm1d(3))
    optimizer = sgd(model)
    for _ in range(2):
        model.train()
        step(model, optimizer)
        model.eval()
        with mt.no_grad():
            F.cross_entropy(model(X), Y)


@correct
def tied_weights():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.out = nn.Embedding(5, 4), nn.Linear(4, 5, bias=False)
            self.out.weight = self.table.weight

        def forward(self, tokens):
            return self.out(self.table(tokens))

    model = Tied()
    optimizer = sgd(model)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(model(mt.arange(5)), mt.arange(5)).backward()
        optimizer.step()


@correct
def several_losses_and_optimizers():
    body, head, critic = nn.Linear(4, 5), nn.Linear(5, 3), nn.Linear(5, 1)
    optimizers = [sgd(body, head), sgd(critic)]
    for _ in range(3):
        for optimizer in optimizers:
            optimizer.zero_grad()
        hidden = body(X)
        F.cross_entropy(head(hidden), Y).backward(retain_graph=True)
        F.mse_loss(critic(hidden), mt.ones(8, 1)).backward()
        for optimizer in optimizers:
            optimizer.step()


@correct
def alternating_optimizers_with_late_zeroing():
    first, second = nn.Linear(4, 4), nn.Linear(4, 3)
    optimizers = sgd(first), sgd(second)
    for _ in range(3):
        for optimizer in optimizers:
            F.cross_entropy(second(first(X)), Y).backward()
            optimizer.step()
            for each in optimizers:
                each.zero_grad()


@correct
def closures():
    for make in (optim.SGD, optim.LBFGS, lambda p: optim.LBFGS(p, line_search_fn="strong_wolfe")):
        model = Net().eval()
        optimizer = make(model.parameters())

        def closure(optimizer=optimizer, model=model):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), Y)
            loss.backward()
            return loss

        losses = [float(optimizer.step(closure)) for _ in range(3)]
        assert losses[-1] < losses[0]


@correct
def branches():
    class Branches(nn.Module):
        def __init__(self):
            super().__init__()
            self.experts = nn.ModuleList([nn.Linear(4, 4) for _ in range(4)])
            self.heads = nn.ModuleDict({"a": nn.Linear(4, 3), "b": Net()})
            self.skipped = nn.Sequential(nn.Linear(4, 4), nn.ReLU())

        def forward(self, x, i):
            x = self.experts[i](x)
            if i == 2:
                x = self.skipped(x)
            return self.head(x, "ab"[i % 2])

        def head(self, x, name):
            return self.heads[name](x)

    model = Branches()
    optimizer = sgd(model)
    for i in range(4):
        optimizer.zero_grad(set_to_none=i < 2)
        F.cross_entropy(model(X, i), Y).backward()
        optimizer.step()


@correct
def lazy_modules_that_learn_their_shapes():
    model = nn.Sequential(nn.LazyLinear(5), nn.ReLU(), nn.LazyLinear(3))
    with mt.no_grad():
        model(X)
    step(model, sgd(model))


@correct
def clipping_and_schedules():
    model = Net()
    optimizer = optim.AdamW(model.parameters())
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 5)
    for _ in range(3):
        optimizer.zero_grad(set_to_none=False)
        F.cross_entropy(model(X), Y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        schedule.step()


@correct
def averaged_weights_and_batch_norm():
    model = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    optimizer = sgd(model)
    average = AveragedModel(model)
    for _ in range(2):
        step(model, optimizer)
        average.update_parameters(model)
    update_bn([X], average)
    average.eval()
    with mt.no_grad():
        average(X)


@correct
def dropout_that_stays_on_in_evaluation():
    model = Net().eval()
    model.drop.train()
    with mt.no_grad():
        mt.stack([model(X) for _ in range(3)]).std(0)


@correct
def a_teacher_inside_a_model():
    class Distilled(nn.Module):
        def __init__(self):
            super().__init__()
            self.student, self.teacher = Net(), Net().requires_grad_(False)

        def forward(self, x):
            with mt.no_grad():  # in training mode like the whole, as momentum encoders are
                wanted = self.teacher(x)
            return self.student(x) + wanted

    model = Distilled()
    optimizer = sgd(model.student)
    for _ in range(2):
        step(model, optimizer)


@correct
def a_function_that_calls_a_module():
    layer = nn.Linear(4, 4)

    class Through(mt.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return layer(x)

        @staticmethod
        def backward(ctx, g):
            return g

    Through.apply(X.clone().requires_grad_()).sum().backward()


@correct
def checkpointed():
    model = Net()
    optimizer = sgd(model)
    for _ in range(2):
        optimizer.zero_grad()
        F.cross_entropy(checkpoint(model, X, use_reentrant=False), Y).backward()
        optimizer.step()


@correct
def adversarial_inputs():
    model = Net()
    optimizer = sgd(model)
    for _ in range(2):
        x = X.clone().requires_grad_()
        (slope,) = mt.autograd.grad(F.cross_entropy(model(x), Y), x)
        optimizer.zero_grad()
        F.cross_entropy(model(X + 0.1 * slope.sign()), Y).backward()
        optimizer.step()


@correct
def a_copied_target_network():
    policy = Net().eval()
    target = copy.deepcopy(policy)
    optimizer = sgd(policy)
    for _ in range(2):
        with mt.no_grad():
            wanted = target(X).amax(1)
        optimizer.zero_grad()
        F.mse_loss(policy(X).gather(1, Y[:, None]).squeeze(1), wanted).backward()
        optimizer.step()
        target.load_state_dict(policy.state_dict())


@correct
def gradients_set_by_hand():
    model = Net()
    optimizer = sgd(model)
    for _ in range(3):
        for p in model.parameters():
            if p.grad is None:
                p.grad = mt.ones_like(p)
            else:
                p.grad.copy_(mt.ones_like(p))
        optimizer.step()


@pytest.mark.parametrize("program", CORRECT)
def test_correct_programs_are_not_accused(program):
    mt.manual_seed(0)
    with mt.strict():
        program()


# --- the mode itself ----------------------------------------------------------------------------


def test_off_by_default_and_after_the_block():
    assert not strict_mode._hooks
    with pytest.raises(StrictError), mt.strict():
        nn.MSELoss()(mt.zeros(2, 1), mt.zeros(2))
    assert not strict_mode._hooks
    assert strict_mode.backward.run is strict_mode._run
    with pytest.warns(UserWarning, match="broadcast"):
        nn.MSELoss()(mt.zeros(2, 1), mt.zeros(2))
    model = Net()
    optimizer = sgd(model)
    for _ in range(2):
        step(model, optimizer, zero=False)


def test_nested_and_excepted():
    def mistake():
        F.cross_entropy(mt.softmax(X, 1), Y)

    with mt.strict():
        with mt.strict(False):
            mistake()
            with mt.strict(), pytest.raises(StrictError):
                mistake()
            mistake()
        with pytest.raises(StrictError):
            mistake()


def test_a_decorator_with_and_without_brackets_and_for_generators():
    @mt.strict
    def plain():
        F.cross_entropy(mt.softmax(X, 1), Y)

    @mt.strict()
    def several():
        yield 1
        F.cross_entropy(mt.softmax(X, 1), Y)

    with pytest.raises(StrictError):
        plain()
    steps = several()
    assert next(steps) == 1
    F.cross_entropy(mt.softmax(X, 1), Y)  # outside it is not strict
    with pytest.raises(StrictError):
        next(steps)
    assert not strict_mode._hooks


@pytest.mark.parametrize(("value", "code"), [("1", 1), ("0", 0), (None, 0)])
def test_the_environment(value, code):
    program = (
        "import threading, minitorch as mt\n"
        "def mistake():\n"
        "    mt.nn.functional.cross_entropy(mt.full((2, 2), 0.5), mt.tensor([0, 1]))\n"
        "thread = threading.Thread(target=mistake); thread.start(); thread.join()\n"
        "mistake()"
    )
    env = {k: v for k, v in os.environ.items() if k != "MINITORCH_STRICT"}
    env |= {} if value is None else {"MINITORCH_STRICT": value}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    assert done.returncode == code
    assert done.stderr.count("StrictError: cross_entropy()") == 2 * code  # in every thread


def test_nothing_is_loaded_before_it_is_wanted():
    program = (
        "import sys, minitorch; assert 'minitorch.strict_mode' not in sys.modules; "
        "minitorch.nn, minitorch.optim; assert 'minitorch.strict_mode' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_dropped_is_not_kept_alive():
    with mt.strict():
        model = Net()
        optimizer = sgd(model)
        step(model, optimizer)
        assert len(strict_mode._used) >= 4
        known = len(strict_mode._used), len(strict_mode._models)
        del model, optimizer
        assert len(strict_mode._used) == known[0] - 4
        assert len(strict_mode._models) == known[1] - 1
