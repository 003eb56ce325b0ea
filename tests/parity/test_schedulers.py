"""Schedulers must give PyTorch's rates (and momenta), step by step and through state_dict."""

import inspect
import warnings

import pytest
import torch

import minitorch as mt
from tests.parity.both import through_a_file

STEPS = 30
LOSSES = [1.0, 0.8, 0.9, 0.85, 0.7, 0.7, 0.7, 0.71, 0.7, 0.69999, 0.5, 0.6, 0.6, 0.6, 0.6] * 2


class Growing:
    """A callable object: it is saved."""

    def __init__(self, rate=0.9):
        self.rate = rate

    def __call__(self, epoch):
        return self.rate**epoch


CONFIGURATIONS = {
    "lambda": lambda s, o: s.LambdaLR(o, lambda e: 0.95**e),
    "lambda per group": lambda s, o: s.LambdaLR(o, [lambda e: 1 / (e + 1), Growing()]),
    "multiplicative": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.95),
    "multiplicative object": lambda s, o: s.MultiplicativeLR(o, [Growing(), Growing(0.99)]),
    "step": lambda s, o: s.StepLR(o, 4),
    "step gamma": lambda s, o: s.StepLR(o, step_size=7, gamma=0.5),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 5, 20]),
    "multistep twice": lambda s, o: s.MultiStepLR(o, [8, 8, 2], gamma=0.3),
    "constant": lambda s, o: s.ConstantLR(o),
    "constant factor": lambda s, o: s.ConstantLR(o, factor=0.4, total_iters=9),
    "linear": lambda s, o: s.LinearLR(o),
    "linear down": lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.1, total_iters=13),
    "linear to zero": lambda s, o: s.LinearLR(o, start_factor=0.5, end_factor=0.0, total_iters=6),
    "exponential": lambda s, o: s.ExponentialLR(o, gamma=0.9),
    "polynomial": lambda s, o: s.PolynomialLR(o),
    "polynomial power": lambda s, o: s.PolynomialLR(o, total_iters=20, power=0.9),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, T_max=10),
    "cosine floor": lambda s, o: s.CosineAnnealingLR(o, T_max=40, eta_min=0.01),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=6),
    "restarts longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 4, T_mult=2, eta_min=1e-3),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.1, step_size_up=5),
    "cyclic 2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.1, 0.2], 3, 5, mode="triangular2"),
    "cyclic exp": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 4, mode="exp_range", gamma=0.95),
    "cyclic custom": lambda s, o: s.CyclicLR(
        o, 0.01, 0.1, 4, scale_fn=Growing(0.8), scale_mode="iterations", cycle_momentum=False
    ),
    "onecycle": lambda s, o: s.OneCycleLR(o, max_lr=0.2, total_steps=35),
    "onecycle linear": lambda s, o: s.OneCycleLR(
        o, [0.2, 0.4], epochs=7, steps_per_epoch=5, anneal_strategy="linear", pct_start=0.4
    ),
    "onecycle three": lambda s, o: s.OneCycleLR(
        o, 0.2, total_steps=31, three_phase=True, cycle_momentum=False, div_factor=10.0
    ),
    "plateau": lambda s, o: s.ReduceLROnPlateau(o, patience=2),
    "plateau max": lambda s, o: s.ReduceLROnPlateau(o, "max", factor=0.5, patience=1, cooldown=2),
    "plateau abs": lambda s, o: s.ReduceLROnPlateau(
        o, patience=0, threshold=0.05, threshold_mode="abs", min_lr=[0.01, 0.001]
    ),
    "chained": lambda s, o: s.ChainedScheduler([s.ConstantLR(o), s.ExponentialLR(o, gamma=0.9)]),
    "chained cosine": lambda s, o: s.ChainedScheduler(
        [s.LinearLR(o, total_iters=4), s.CosineAnnealingLR(o, 12), s.MultiStepLR(o, [9])], o
    ),
    "sequential": lambda s, o: s.SequentialLR(
        o, [s.ConstantLR(o, 0.1, total_iters=5), s.ExponentialLR(o, gamma=0.9)], [6]
    ),
    "sequential three": lambda s, o: s.SequentialLR(
        o,
        [s.LinearLR(o, total_iters=4), s.CosineAnnealingWarmRestarts(o, 5), s.StepLR(o, 3)],
        milestones=[4, 17],
    ),
    "sequential nested": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.LinearLR(o), s.StepLR(o, 2)]), s.PolynomialLR(o, total_iters=9)],
        milestones=[8],
    ),
    "sequential of sequential": lambda s, o: s.SequentialLR(
        o,
        [s.SequentialLR(o, [s.ConstantLR(o, 0.5, 2), s.ExponentialLR(o, 0.9)], [2]),
         s.CosineAnnealingLR(o, 9)],
        milestones=[6],
    ),
    "sequential of chained": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.ConstantLR(o, 0.5, 2), s.ExponentialLR(o, 0.9)]), s.StepLR(o, 3)],
        milestones=[6],
    ),
    "sequential of chained polynomial": lambda s, o: s.SequentialLR(
        o,
        [s.ChainedScheduler([s.PolynomialLR(o, 12, 2.0), s.MultiStepLR(o, [3])]), s.StepLR(o, 3)],
        milestones=[6],
    ),
    "chained sequential": lambda s, o: s.ChainedScheduler(
        [s.SequentialLR(o, [s.ConstantLR(o, 0.5, 2), s.ExponentialLR(o, 0.9)], [3]),
         s.StepLR(o, 4)],
    ),
}  # fmt: skip


def optimizer(lib, kind="SGD", tensor_lr=False):
    lr = lib.tensor(0.05) if tensor_lr else 0.05
    options = {"momentum": 0.9} if kind == "SGD" else {}
    groups = [{"params": [lib.zeros(2, requires_grad=True)]},
              {"params": [lib.zeros(3, requires_grad=True)], "lr": 0.5}]  # fmt: skip
    return getattr(lib.optim, kind)(groups, lr=lr, **options)


def advance(scheduler, i):
    scheduler.optimizer.step()
    if type(scheduler).__name__ == "ReduceLROnPlateau":
        scheduler.step(LOSSES[i])
    else:
        scheduler.step()


def seen(scheduler):
    groups = scheduler.optimizer.param_groups
    keys = ("lr", "initial_lr", "momentum", "betas", "max_momentum", "base_momentum")
    numbers = [float(lr) for lr in scheduler.get_last_lr()]
    for group in groups:
        for key in keys:
            value = group.get(key, 0.0)
            numbers += [float(v) for v in value] if isinstance(value, tuple) else [float(value)]
    return pytest.approx(numbers, rel=1e-6, abs=1e-9)


@pytest.fixture(autouse=True)
def strict():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # PyTorch's own complaint about a chain within a sequence
        warnings.filterwarnings("ignore", message="Detected call of `lr_scheduler")
        yield


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("make", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_rates(make, kind):
    theirs = make(torch.optim.lr_scheduler, optimizer(torch, kind))
    ours = make(mt.optim.lr_scheduler, optimizer(mt, kind))
    assert seen(ours) == seen(theirs).expected
    for i in range(STEPS):
        advance(ours, i)
        advance(theirs, i)
        assert seen(ours) == seen(theirs).expected, i


@pytest.mark.parametrize("make", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
@pytest.mark.parametrize("way", ["within", "from torch", "to torch"])
def test_rates_through_state_dict(make, way):
    source, goal = {"within": (mt, mt), "from torch": (torch, mt), "to torch": (mt, torch)}[way]
    first = make(source.optim.lr_scheduler, optimizer(source))
    straight = make(torch.optim.lr_scheduler, optimizer(torch))
    for i in range(11):
        advance(first, i)
        advance(straight, i)
    second = make(goal.optim.lr_scheduler, optimizer(goal))
    second.load_state_dict(through_a_file(first.state_dict(), source, goal))
    saved = through_a_file(first.optimizer.state_dict(), source, goal)
    second.optimizer.load_state_dict({**saved, "state": {}})
    assert second.get_last_lr() == first.get_last_lr()
    for i in range(11, STEPS):
        advance(second, i)
        advance(straight, i)
        assert seen(second) == seen(straight).expected, i


@pytest.mark.parametrize("make", CONFIGURATIONS.values(), ids=CONFIGURATIONS)
def test_tensor_rates(make):
    theirs_optimizer, ours_optimizer = optimizer(torch, "Adam", True), optimizer(mt, "Adam", True)
    try:
        theirs = make(torch.optim.lr_scheduler, theirs_optimizer)
        for i in range(10):
            advance(theirs, i)
    except Exception as error:
        pytest.skip(f"PyTorch fails here: {error}")
    ours = make(mt.optim.lr_scheduler, ours_optimizer)
    rate = ours_optimizer.param_groups[0]["lr"]
    for i in range(10):
        advance(ours, i)
    assert ours_optimizer.param_groups[0]["lr"] is rate  # changed in place
    for a, b in zip(ours.get_last_lr(), theirs.get_last_lr()):
        assert float(a) == pytest.approx(float(b), rel=1e-5)


RESUMED = {
    "step": lambda s, o: s.StepLR(o, 4, last_epoch=7),
    "multistep": lambda s, o: s.MultiStepLR(o, [3, 8], last_epoch=7),
    "constant": lambda s, o: s.ConstantLR(o, last_epoch=4),
    "linear": lambda s, o: s.LinearLR(o, total_iters=9, last_epoch=4),
    "exponential": lambda s, o: s.ExponentialLR(o, 0.9, last_epoch=4),
    "polynomial": lambda s, o: s.PolynomialLR(o, 9, last_epoch=4),
    "cosine": lambda s, o: s.CosineAnnealingLR(o, 9, last_epoch=4),
    "restarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 9, last_epoch=4),
    "lambda": lambda s, o: s.LambdaLR(o, lambda e: 0.9**e, last_epoch=4),
    "cyclic": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 5, last_epoch=4),
}


@pytest.mark.parametrize("make", RESUMED.values(), ids=RESUMED)
def test_resumed_by_last_epoch(make):
    made = []
    for lib in (mt, torch):
        o = optimizer(lib)
        with pytest.raises(KeyError):
            make(lib.optim.lr_scheduler, o)
        for group in o.param_groups:
            group.update(initial_lr=group["lr"] * 2)
        made.append(make(lib.optim.lr_scheduler, o))
    for i in range(12):
        assert seen(made[0]) == seen(made[1]).expected, i
        for scheduler in made:
            advance(scheduler, i)


CLOSED = ["step", "multistep", "constant", "linear", "exponential", "polynomial power", "cosine",
          "restarts longer", "lambda"]  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.filterwarnings("ignore")
def test_rates_by_epoch_number(name):
    made = []
    for lib in (mt, torch):
        made.append(CONFIGURATIONS[name](lib.optim.lr_scheduler, optimizer(lib)))
        made[-1].optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for epoch in (3, 17, 4, 9):
            for scheduler in made:
                scheduler.step(epoch)
            assert seen(made[0]) == seen(made[1]).expected


@pytest.mark.parametrize(
    "make",
    [
        lambda s, o: s.StepLR(3, 4),
        lambda s, o: s.ConstantLR(o, factor=1.5),
        lambda s, o: s.LinearLR(o, start_factor=0.0),
        lambda s, o: s.LinearLR(o, end_factor=1.5),
        lambda s, o: s.LambdaLR(o, [lambda e: 1.0]),
        lambda s, o: s.MultiplicativeLR(o, [1.0, 2.0]),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, T_mult=0),
        lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, eta_min="a"),
        lambda s, o: s.CyclicLR(o, 0.1, [0.1]),
        lambda s, o: s.CyclicLR(o, 0.1, 0.2, mode="round"),
        lambda s, o: s.OneCycleLR(o, 0.1),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=0),
        lambda s, o: s.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=3),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=3, pct_start=2.0),
        lambda s, o: s.OneCycleLR(o, 0.1, total_steps=3, anneal_strategy="sin"),
        lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
        lambda s, o: s.ReduceLROnPlateau(o, mode="mid"),
        lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="mid"),
        lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]),
        lambda s, o: s.ChainedScheduler([]),
        lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]),
        lambda s, o: s.SequentialLR(o, [s.StepLR(o, 3)], [3]),
        lambda s, o: s.SequentialLR(o, [], []),
        lambda s, o: s.SequentialLR(o, [3], []),
    ],
)
def test_errors(make):
    with pytest.raises(Exception) as theirs:
        make(torch.optim.lr_scheduler, optimizer(torch))
    with pytest.raises(theirs.type):
        make(mt.optim.lr_scheduler, optimizer(mt))


def test_names_and_arguments():
    names = torch.optim.lr_scheduler.__all__
    assert set(names) == set(mt.optim.lr_scheduler.__all__)
    for name in names:
        ours, theirs = (
            inspect.signature(getattr(lib.optim.lr_scheduler, name)).parameters.values()
            for lib in (mt, torch)
        )
        assert [(p.name, p.kind, p.default) for p in ours] == [
            (p.name, p.kind, p.default) for p in theirs
        ], name
