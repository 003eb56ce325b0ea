"""check_function and check_module: a first look at right and wrong ones, and at the report."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.autograd import Function
from minitorch.testing import (
    LawError,
    check_example,
    check_function,
    check_module,
    reals,
    signature,
    tensors,
)
from minitorch.testing.profiles import current_profile


def summed(g, shape):
    """`g` summed to `shape`: broadcasting undone."""
    axes = tuple(range(g.ndim - len(shape)))
    g = np.sum(g, axis=axes)
    kept = tuple(k for k, n in enumerate(shape) if n == 1)
    return np.sum(g, axis=kept, keepdims=True)


RIGHT = {
    "exp": ((np.exp, lambda g, x: g * np.exp(x)), [tensors()]),
    "exp, by its output": ((np.exp, lambda g, out: g * out), [tensors()]),
    "log, g last": ((np.log, lambda x, g: g / x), [tensors(elements=reals(0.25, 4))]),
    "relu": ((lambda x: np.maximum(x, 0), lambda g, x: g * (x > 0)), [tensors()]),
    "leaky relu": (
        (lambda x: np.where(x > 0, x, 0.1 * x), lambda g, x: np.where(x > 0, g, 0.1 * g)),
        [tensors()],
    ),
    "multiply": (
        (
            lambda a, b: a * b,
            lambda g, a, b: (summed(g * b, a.shape), summed(g * a, b.shape)),
        ),
        [tensors(), tensors()],
    ),
    "matmul": (
        (lambda a, b: a @ b, lambda g, a, b: (g @ b.T, a.T @ g)),
        [signature("(n,k),(k,m)->(n,m)")],
    ),
    "two outputs": (
        (lambda x: (np.sin(x), np.cos(x)), lambda gs, x: gs[0] * np.cos(x) - gs[1] * np.sin(x)),
        [tensors()],
    ),
    "a cache": (
        (lambda x: (np.tanh(x), {"x": x}), lambda dout, c: dout * (1 - np.tanh(c["x"]) ** 2)),
        [tensors()],
    ),
    "plain strategies": (
        (lambda x: x * 3, lambda g: g * 3),
        [st.lists(st.integers(-3, 3), min_size=1).map(lambda v: np.array(v, np.float64))],
    ),
}

WRONG = {  # what the diagnosis must mention
    "a factor 2": ((np.exp, lambda g, x: 2 * g * np.exp(x)), [tensors()]),
    "sign": ((np.cos, lambda g, x: g * np.sin(x)), [tensors()]),
    "incoming gradient": ((np.sin, lambda g, x: np.cos(x)), [tensors()]),
    "zero where the input is negative": (
        (lambda x: x**3, lambda g, x: np.where(x < 0, 0, 3 * x * x * g)),
        [tensors()],
    ),
    "broadcast was not undone": (
        (lambda a, b: a * b, lambda g, a, b: (g * b, g * a)),
        [tensors(), tensors()],
    ),
    "right for the first input, missing for the second": (
        (lambda a, b: a * b, lambda g, a, b: (g * b, np.zeros_like(b))),
        [tensors(shape=(2, 3)), tensors(shape=(2, 3))],
    ),
    "mean instead of sum": (
        (np.sum, lambda g, x: np.ones_like(x) * g / x.size),
        [tensors()],
    ),
    "transposed": (
        (lambda a, b: a @ b, lambda g, a, b: (g @ b, a.T @ g)),
        [tensors(shape=(2, 2)), tensors(shape=(2, 2))],
    ),
    "non-contiguous": (
        (np.exp, lambda g, x: g * np.exp(x).ravel(order="K").reshape(x.shape)),
        [tensors(shape=(2, 3), layout="contiguous")],
    ),
    "float32 only": (
        (np.sin, lambda g, x: g * np.cos(x) * (1.1 if x.dtype == np.float32 else 1)),
        [tensors()],
    ),
    "wrong dtype": (
        (np.square, lambda g, x: (2 * g * x).astype(np.float32)),
        [tensors()],
    ),
    "aliased": (
        (lambda a, b: np.sin(a + b), lambda g, a, b: (g * np.cos(a + b),) * 2),
        [tensors(shape=(2,)), tensors(shape=(2,))],
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_pairs_pass(name):
    fn, strategies = RIGHT[name]
    report = check_function(fn, *strategies)
    assert report.tally.compared > 50


def test_a_check_ends_when_its_seconds_are_spent(monkeypatch):
    """Of a clock that goes on by 0.1 s with each look: two looks an example, at the most."""
    clock = itertools.count()
    monkeypatch.setattr("minitorch.testing.check_runs.time.process_time", lambda: next(clock) / 10)
    limit = current_profile().seconds
    report = check_function((np.sin, lambda g, x: g * np.cos(x)), tensors())
    assert limit < 2 and limit / 0.2 <= report.examples <= limit / 0.1


@pytest.mark.parametrize("said", WRONG)
def test_wrong_pairs_are_caught_and_named(said):
    fn, strategies = WRONG[said]
    with pytest.raises(LawError) as caught:
        check_function(fn, *strategies)
    assert said in caught.value.diagnosis
    assert said in str(caught.value)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return -3 * x**2 * g


class Silu(Function):
    """Right at first order; the sigmoid was computed in forward, so wrong at second."""

    @staticmethod
    def forward(ctx, x):
        s = x.sigmoid()
        ctx.save_for_backward(x, s)
        return x * s

    @staticmethod
    def backward(ctx, g):
        x, s = ctx.saved_tensors
        return g * (s + x * s * (1 - s))


def test_functions():
    with pytest.raises(LawError, match="sign") as caught:
        check_function(Cube.apply, tensors(shape=(2, 3)))
    assert caught.value.law == "gradient"
    with pytest.raises(LawError) as caught:
        check_function(Silu, tensors())
    assert caught.value.law == "second_order"
    check_function(Silu, tensors(), laws="all -second_order")


def test_the_script_in_the_report_reproduces_the_failure(tmp_path):
    with pytest.raises(LawError) as caught:
        check_function(Cube, tensors())
    script = tmp_path / "again.py"
    script.write_text(caught.value.script)
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert done.returncode != 0 and "breaks the law 'gradient'" in done.stderr


def test_failures_shrink_to_short_numbers():
    wrong = (lambda x: x**3, lambda g, x: np.where(x < 0, 0, 3 * x * x * g))
    with pytest.raises(LawError) as caught:
        check_function(wrong, tensors(shape=(1, 1)))
    assert caught.value.inputs[0].tolist() == [[-1.0]]


class Doubled(nn.Module):
    """Its weight's gradient is twice what it should be."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(mt.randn(2, 3))

    def forward(self, x):
        return x @ self.weight.T + x.detach() @ (self.weight - self.weight.detach()).T


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear, self.bias = nn.Linear(3, 2), nn.Parameter(mt.zeros(2))

    def forward(self, x):
        return self.linear(x)


def test_modules():
    check_module(lambda: nn.Linear(3, 2), tensors(shape=(4, 3)), batch_dim=0)
    check_module(nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Dropout()), tensors(shape=(2, 3)))
    with pytest.raises(LawError, match="parameter weight"):
        check_module(Doubled, tensors(shape=(4, 3)))
    with pytest.raises(LawError, match="bias never got a gradient"):
        check_module(Unused, tensors(shape=(4, 3)))


def test_one_example():
    check_example(mt.exp, mt.tensor([1.0, 2.0], dtype=mt.float64))
    with pytest.raises(LawError, match="breaks the law 'gradient'"):
        check_example((np.sin, lambda g, x: g * np.sin(x)), np.array([1.0]))
    with pytest.raises(ValueError, match="no law is called"):
        check_example(mt.exp, np.ones(1), laws="gradients")
