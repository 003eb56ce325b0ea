"""Averaged models against PyTorch's."""

import inspect

import numpy as np
import pytest
import torch
from torch.optim import swa_utils as theirs

import minitorch as mt
from minitorch.optim import swa_utils as ours


def model(lib, seed=0):
    rng = np.random.default_rng(seed)
    nn = lib.nn
    made = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 2))
    with lib.no_grad():
        for p in made.parameters():
            p.copy_(lib.tensor(rng.standard_normal(tuple(p.shape)).astype("f")))
        for b in made.buffers():
            if b.is_floating_point():
                b.copy_(lib.tensor(rng.random(tuple(b.shape)).astype("f")))
    return made


@pytest.mark.parametrize(
    "options",
    [
        lambda m: {},
        lambda m: {"use_buffers": True},
        lambda m: {"avg_fn": m.get_ema_avg_fn(0.9)},
        lambda m: {"multi_avg_fn": m.get_ema_multi_avg_fn(0.9), "use_buffers": True},
        lambda m: {"multi_avg_fn": m.get_swa_multi_avg_fn()},
        lambda m: {"avg_fn": m.get_swa_avg_fn()},
    ],
)
def test_averages(options):
    a = ours.AveragedModel(model(mt), **options(ours))
    b = theirs.AveragedModel(model(torch), **options(theirs))
    for seed in range(4):
        a.update_parameters(model(mt, seed))
        b.update_parameters(model(torch, seed))
    assert list(a.state_dict()) == list(b.state_dict())
    for key, value in b.state_dict().items():
        np.testing.assert_allclose(a.state_dict()[key].numpy(), value.numpy(), rtol=1e-5, atol=1e-6)
    batches = [np.random.default_rng(i).standard_normal((5, 3)).astype("f") for i in range(3)]
    ours.update_bn([mt.tensor(x) for x in batches], a)
    theirs.update_bn([torch.tensor(x) for x in batches], b)
    for key, value in b.state_dict().items():
        np.testing.assert_allclose(a.state_dict()[key].numpy(), value.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"anneal_strategy": "linear"}, {"anneal_epochs": 0},
                                     {"anneal_epochs": 3}])  # fmt: skip
def test_swalr(options):
    rates = []
    for lib, module in ((mt, ours), (torch, theirs)):
        o = lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=0.5)
        other = lib.optim.lr_scheduler.ExponentialLR(o, 0.9)
        swa = module.SWALR(o, 0.05, **options)
        rates.append([])
        for i in range(15):
            o.step()
            (other if i < 2 else swa).step()
            rates[-1].append(o.param_groups[0]["lr"])
    assert rates[0] == pytest.approx(rates[1], rel=1e-6)


def test_names_and_arguments():
    assert set(ours.__all__) == set(theirs.__all__)
    for name in ours.__all__:
        a, b = (inspect.signature(getattr(m, name)).parameters.values() for m in (ours, theirs))
        assert [(p.name, p.default) for p in a] == [(p.name, p.default) for p in b]
