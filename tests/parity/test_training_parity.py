"""Losses and SGD against PyTorch: each program is run by both, and must end the same way."""

import functools
import itertools

import numpy as np
import pytest
import torch

import minitorch
from tests.parity.both import agree, close, outcome, plain

# --- losses -----------------------------------------------------------------------------------

SHAPES = [
    ((4, 3), (4,)),
    ((4, 3, 2), (4, 2)),
    ((3,), ()),
    ((4, 3, 2, 2), (4, 2, 2)),
    ((0, 3), (0,)),
]


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("weighted", [False, True])
def test_classification(shapes, loss, dtype, weighted):
    draw = np.random.default_rng(0)
    x, t = draw.standard_normal(shapes[0]), draw.integers(0, 3, shapes[1])

    def run(m, **options):
        scores = m.tensor(x, dtype=getattr(m, dtype), requires_grad=True)
        if weighted:
            options["weight"] = m.tensor([0.5, 1.0, 2.0], dtype=scores.dtype)
        result = getattr(m.nn.functional, loss)(scores, m.tensor(t), **options)
        result.sum().backward()
        return result, scores.grad

    choices = [("reduction", ("none", "mean", "sum")), ("ignore_index", (-100, 0, 1))]
    if loss == "cross_entropy":
        choices.append(("label_smoothing", (0.0, 0.2)))
    names, values = zip(*choices)
    for picked in itertools.product(*values):
        agree(functools.partial(run, **dict(zip(names, picked))))


ERRORS = {
    "class too large": lambda m, f: f(m.zeros(2, 3), m.tensor([0, 3])),
    "class negative": lambda m, f: f(m.zeros(2, 3), m.tensor([0, -1])),
    "batch": lambda m, f: f(m.zeros(2, 3), m.tensor([0, 1, 2])),
    "rest": lambda m, f: f(m.zeros(2, 3, 4), m.zeros(2, 5, dtype=m.int64)),
    "float classes": lambda m, f: f(m.zeros(2, 3), m.zeros(2)),
    "int32 classes": lambda m, f: f(m.zeros(2, 3), m.zeros(2, dtype=m.int32)),
    "uint8 classes": lambda m, f: f(m.zeros(2, 3), m.zeros(2, dtype=m.uint8)),
    "weight": lambda m, f: f(m.zeros(2, 3), m.tensor([0, 1]), m.ones(2)),
    "reduction": lambda m, f: f(m.zeros(2, 3), m.tensor([0, 1]), reduction="avg"),
    "0-d": lambda m, f: f(m.zeros(()), m.tensor(0)),
    "1-d with batch": lambda m, f: f(m.zeros(3), m.tensor([0])),
    "integers": lambda m, f: f(m.zeros(2, 3, dtype=m.int64), m.tensor([0, 1])),
}


@pytest.mark.parametrize("loss", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("name", ERRORS)
def test_classification_errors(name, loss):
    def raises(m):
        result = outcome(lambda m: ERRORS[name](m, getattr(m.nn.functional, loss)), m)
        return isinstance(result, tuple) or result

    agree(raises)


@pytest.mark.parametrize("shape", [(3, 2), (), (0,), (2, 1)])
@pytest.mark.parametrize("reduction", ["none", "mean", "sum", "other"])
def test_mse(shape, reduction):
    def run(m):
        a = m.full(shape, 2.0, requires_grad=True)
        b = m.full((2, 2) if shape == (2, 1) else shape, 0.5, requires_grad=True)
        loss = m.nn.functional.mse_loss(a, b, reduction=reduction)
        loss.sum().backward()
        return loss, a.grad, b.grad

    agree(run)


# --- SGD --------------------------------------------------------------------------------------


@pytest.mark.parametrize("momentum", [0, 0.9])
@pytest.mark.parametrize("dampening", [0, 0.3])
@pytest.mark.parametrize("decay", [0, 0.1])
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("maximize", [False, True])
def test_sgd(momentum, dampening, decay, nesterov, maximize):
    def run(m):
        m.manual_seed(0)
        model = m.nn.Linear(3, 2)
        options = {"momentum": momentum, "dampening": dampening, "weight_decay": decay,
                   "nesterov": nesterov, "maximize": maximize}  # fmt: skip
        groups = [{"params": [model.weight]}, {"params": [model.bias], "lr": 0.01}]
        optimizer = m.optim.SGD(groups, lr=0.1, **options)
        for step in range(4):
            optimizer.zero_grad()
            model(m.ones(1, 3) * step).square().sum().backward()
            optimizer.step()
            if step == 1:
                saved = optimizer.state_dict()
                optimizer = m.optim.SGD(groups, lr=5.0)
                optimizer.load_state_dict(saved)
        return model.weight, model.bias, optimizer.state_dict()

    agree(run)


def test_a_state_saved_by_pytorch_is_taken_over():
    def start(m):
        m.manual_seed(0)
        model = m.nn.Linear(3, 2)
        return model, m.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def step(m, model, optimizer):
        optimizer.zero_grad()
        model(m.ones(1, 3)).square().sum().backward()
        optimizer.step()

    theirs, ours = start(torch), start(minitorch)
    step(torch, *theirs)

    def convert(x):
        return {k: convert(v) for k, v in x.items()} if isinstance(x, dict) else (
            minitorch.tensor(x.numpy()) if isinstance(x, torch.Tensor) else x)  # fmt: skip

    ours[0].load_state_dict(convert(theirs[0].state_dict()))
    ours[1].load_state_dict(convert(theirs[1].state_dict()))
    for _ in range(2):
        step(torch, *theirs)
        step(minitorch, *ours)
    assert close(plain(list(theirs[0].parameters())), plain(list(ours[0].parameters())))
