"""Laws of the schedulers; their rates are compared with PyTorch's in tests/parity."""

import copy
import math
import warnings

import pytest

import minitorch as mt
from minitorch.nn import BatchNorm1d, Linear
from minitorch.optim import SGD, Optimizer, lr_scheduler, swa_utils


def optimizer(lr=1.0, **options):
    return SGD([mt.zeros(1, requires_grad=True)], lr=lr, **options)


def rates(scheduler, steps):
    seen = [scheduler.get_last_lr()[0]]
    for _ in range(steps):
        scheduler.optimizer.step()
        scheduler.step()
        seen.append(scheduler.get_last_lr()[0])
    return seen


MAKERS = {
    "lambda": lambda o: lr_scheduler.LambdaLR(o, lambda e: 1 / (1 + e)),
    "multiplicative": lambda o: lr_scheduler.MultiplicativeLR(o, lambda e: 0.9),
    "step": lambda o: lr_scheduler.StepLR(o, 2, 0.5),
    "multistep": lambda o: lr_scheduler.MultiStepLR(o, [1, 3], 0.5),
    "constant": lambda o: lr_scheduler.ConstantLR(o, 0.5, 3),
    "linear": lambda o: lr_scheduler.LinearLR(o, 0.5, 1.0, 4),
    "exponential": lambda o: lr_scheduler.ExponentialLR(o, 0.5),
    "polynomial": lambda o: lr_scheduler.PolynomialLR(o, 4, 2.0),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 4),
    "restarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 2, 2),
    "cyclic": lambda o: lr_scheduler.CyclicLR(o, 0.1, 1.0, 2),
    "onecycle": lambda o: lr_scheduler.OneCycleLR(o, 1.0, 10),
    "chained": lambda o: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)]
    ),
    "sequential": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.LinearLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [3]
    ),
    "swa": lambda o: swa_utils.SWALR(o, 0.05, anneal_epochs=4),
}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lambda", [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]),
        ("multiplicative", [1, 0.9, 0.81, 0.729, 0.6561]),
        ("step", [1, 1, 0.5, 0.5, 0.25]),
        ("multistep", [1, 0.5, 0.5, 0.25, 0.25]),
        ("constant", [0.5, 0.5, 0.5, 1, 1]),
        ("linear", [0.5, 0.625, 0.75, 0.875, 1]),
        ("exponential", [1, 0.5, 0.25, 0.125, 0.0625]),
        ("polynomial", [1, 0.5625, 0.25, 0.0625, 0]),
        ("cosine", [(1 + math.cos(math.pi * i / 4)) / 2 for i in range(5)]),
        ("restarts", [1, 0.5, 1, (1 + math.cos(math.pi / 4)) / 2, 0.5]),
        ("cyclic", [0.1, 0.55, 1.0, 0.55, 0.1]),
    ],
)
def test_values_by_hand(name, expected):
    seen = rates(MAKERS[name](optimizer(momentum=0.9)), 4)
    assert seen == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("name", MAKERS)
def test_goes_on_from_its_state(name):
    make = MAKERS[name]
    straight = rates(make(optimizer(momentum=0.9)), 9)
    first = make(optimizer(momentum=0.9))
    rates(first, 4)
    second = make(optimizer(momentum=0.9))
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    second.optimizer.load_state_dict(copy.deepcopy(first.optimizer.state_dict()))
    assert rates(second, 5) == straight[4:]  # exactly


@pytest.mark.parametrize("name", MAKERS)
def test_warns_when_the_scheduler_steps_first(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler = MAKERS[name](optimizer(momentum=0.9))
        rates(scheduler, 3)
    if name == "restarts":  # may be stepped within epochs
        return
    scheduler = MAKERS[name](optimizer(momentum=0.9))
    with pytest.warns(UserWarning, match=r"before optimizer\.step"):
        scheduler.step()


def test_no_warning_about_an_optimizer_with_a_step_of_its_own():
    class Own(Optimizer):
        def step(self, closure=None):
            return None

    scheduler = lr_scheduler.StepLR(Own([mt.zeros(1)], {"lr": 1.0}), 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rates(scheduler, 3)


def test_get_lr_is_not_for_users():
    scheduler = lr_scheduler.ExponentialLR(optimizer(), 0.9)
    with pytest.warns(UserWarning, match="get_last_lr"):
        scheduler.get_lr()


def test_a_tensor_rate_is_changed_in_place():
    lr = mt.tensor(1.0)
    scheduler = lr_scheduler.ExponentialLR(optimizer(lr), 0.5)
    rates(scheduler, 2)
    assert lr.item() == 0.25
    assert scheduler.optimizer.param_groups[0]["lr"] is lr


def test_chained_schedulers_multiply():
    o = optimizer()
    both = lr_scheduler.ChainedScheduler(
        [lr_scheduler.StepLR(o, 2, 0.1), lr_scheduler.ExponentialLR(o, 0.5)]
    )
    assert rates(both, 3) == pytest.approx([1, 0.5, 0.025, 0.0125])


def test_plateau():
    o = optimizer()
    scheduler = lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1, min_lr=0.2)
    for loss in [1.0, 1.0, 1.0]:
        scheduler.step(mt.tensor(loss))
    assert scheduler.get_last_lr() == [0.5]
    for _ in range(10):
        scheduler.step(2.0)
    assert scheduler.get_last_lr() == [0.2]
    with pytest.raises(ValueError, match="factor"):
        lr_scheduler.ReduceLROnPlateau(o, factor=1.0)


def test_bad_arguments_change_nothing():
    o = optimizer(momentum=0.9)
    before = copy.deepcopy(o.param_groups[0])
    for make in (
        lambda: lr_scheduler.CyclicLR(o, 0.1, [1.0, 2.0]),
        lambda: lr_scheduler.CyclicLR(o, 0.1, 1.0, mode="square"),
        lambda: lr_scheduler.OneCycleLR(o, 1.0),
        lambda: lr_scheduler.OneCycleLR(o, [1.0, 2.0], 10),
        lambda: lr_scheduler.SequentialLR(o, [], []),
        lambda: lr_scheduler.LinearLR(o, start_factor=0.0),
        lambda: swa_utils.SWALR(o, 0.1, anneal_strategy="sine"),
        lambda: lr_scheduler.CyclicLR(optimizer().defaults, 0.1, 1.0),
    ):
        with pytest.raises((ValueError, TypeError)):
            make()
    after = o.param_groups[0]
    assert {k: v for k, v in after.items() if k != "params"} == {
        k: v for k, v in before.items() if k != "params"
    }


def test_averaged_model_and_its_batch_norm():
    model = mt.nn.Sequential(Linear(2, 2), BatchNorm1d(2))
    mean = swa_utils.AveragedModel(model)
    for value in (1.0, 2.0, 6.0):
        with mt.no_grad():
            model[0].weight.fill_(value)
        mean.update_parameters(model)
    assert (mean.module[0].weight == 3.0).all()
    mean.eval()
    batches = [(mt.randn(8, 2), None) for _ in range(3)]
    swa_utils.update_bn(batches, mean)
    seen = mt.stack([mean.module[0](x).mean(0) for x, _ in batches]).mean(0)
    assert mt.allclose(mean.module[1].running_mean, seen, atol=1e-5)
    assert not mean.training and mean.module[1].momentum == 0.1
    with pytest.raises(ValueError, match="decay"):
        swa_utils.get_ema_avg_fn(1.5)
