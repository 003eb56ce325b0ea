"""The pytest plugin, the decorator, optimizers, and what importing all this brings in."""

import importlib.metadata
import json
import os
import subprocess
import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch.testing import LawError, check_optimizer, property, tensors

PLUGIN = "minitorch.testing.plugin"


def pytest_run(tmp_path, text, *options):
    """What a run of pytest on `text`, with the plugin, prints."""
    (tmp_path / "test_it.py").write_text(text)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    installed = [one.value for one in importlib.metadata.entry_points(group="pytest11")]
    loaded = PLUGIN in installed  # where minitorch is installed, pytest finds it by itself
    command = [sys.executable, "-m", "pytest", *([] if loaded else ["-p", PLUGIN]), "-q", *options]
    environment = {**os.environ, "PYTEST_ADDOPTS": ""}
    done = subprocess.run(
        [*command, str(tmp_path)], capture_output=True, text=True, env=environment
    )
    return done.stdout + done.stderr


def test_fixtures(tmp_path):
    printed = pytest_run(
        tmp_path,
        """
import minitorch as mt
kept = []

def test_seed(seed):
    assert seed == 5 and mt.initial_seed() == 5

def test_no_leak(leaks):
    x = mt.ones(2, requires_grad=True)
    (x * 2).sum().backward()

def test_leak(leaks):
    kept.append(mt.ones(2, requires_grad=True) * 2)

def test_strict(strict):
    pass
""",
        "--minitorch-seed=5",
    )
    assert (
        "4 passed, 1 error" in printed and "1 graph nodes" in printed and "MulBackward" in printed
    )


def test_profiles(tmp_path):
    text = """
from minitorch.testing.profiles import current_profile

def test_profile():
    assert current_profile().name == "ci"
"""
    assert "1 passed" in pytest_run(tmp_path, text, "--minitorch-profile=ci")
    assert "1 failed" in pytest_run(tmp_path, text)


def test_the_plugin_is_light_and_numpy_is_enough():
    program = (
        "import sys, json\n"
        "sys.modules['hypothesis'] = None\n"  # importing it now fails
        "import minitorch.testing.plugin, minitorch.testing as t\n"
        "light = 'minitorch.nn' not in sys.modules\n"
        "import numpy as np, minitorch as mt\n"
        "x = mt.ones(2, dtype=mt.float64, requires_grad=True)\n"
        "print(json.dumps([light, bool(t.gradcheck(mt.exp, x)), "
        "bool(t.check_example((np.exp, lambda g, out: g * out), np.ones(2)))]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert json.loads(done.stdout) == [True, True, True], done.stderr


def test_property():
    seen = []

    @property(mt.tanh, args=tensors())
    def right(x):
        seen.append(x)
        assert (mt.tanh(x).abs() <= 1).all()

    right()
    assert len(seen) > 50 and right.__name__ == "right"

    @property((np.exp, lambda g, x: g), args=[tensors()])
    def wrong(x):
        pass

    with pytest.raises(LawError, match="breaks the law 'gradient'"):
        wrong()

    @property(mt.tanh, args=tensors(shape=(2,)))
    def false(x):
        assert (x < 1).all()

    with pytest.raises(AssertionError):
        false()


class Forgetful(mt.optim.Optimizer):
    """Momentum outside of the state: not in the state dict."""

    def __init__(self, params, lr=0.1):
        super().__init__(params, {"lr": lr})
        self.velocity = {}

    @mt.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    v = self.velocity[p] = 0.5 * self.velocity.get(p, 0) + p.grad
                    p -= group["lr"] * v
        with mt.enable_grad():
            return closure() if closure else None


def test_optimizers():
    check_optimizer(mt.optim.Adam, lr=0.1)
    check_optimizer(
        lambda params: mt.optim.SGD(params, lr=0.5), reference=lambda x, g, state: x - 0.5 * g
    )
    with pytest.raises(LawError, match="reference"):
        check_optimizer(mt.optim.SGD, lr=0.1, reference=lambda x, g, state: x + 0.1 * g)
    with pytest.raises(LawError, match="resumed from state_dict"):
        check_optimizer(Forgetful)
