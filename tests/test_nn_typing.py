"""What an editor knows of modules: mypy reads a program and must know every type in it."""

import textwrap
from pathlib import Path

import pytest

import minitorch

PROGRAM = """
from collections.abc import Iterator
from typing import Any, assert_type

import minitorch as mt
from minitorch import Tensor, nn


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.act = nn.ReLU()
        self.scale = nn.Parameter(mt.ones(3))
        self.blocks = nn.Sequential(nn.Linear(3, 3), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(self.act(self.fc(x))) * self.scale


net = Net()
assert_type(net.fc, nn.Linear)
assert_type(net.fc.weight, nn.Parameter)
assert_type(net.fc.bias, nn.Parameter | None)
assert_type(net.fc.in_features, int)
assert_type(net.scale, nn.Parameter)
assert_type(net.train(), Net)
assert_type(net.eval().double().requires_grad_(False), Net)
assert_type(net.parameters(), Iterator[nn.Parameter])
assert_type(net.training, bool)
assert_type(net.forward(mt.ones(2, 4)), Tensor)
for name, parameter in net.named_parameters():
    assert_type(name, str)
    assert_type(parameter, nn.Parameter)
for name, module in net.named_modules():
    assert_type(module, nn.Module)
assert_type(net.get_parameter("fc.weight"), nn.Parameter)
y: Tensor = net(mt.ones(2, 4))
assert_type(nn.functional.relu(y), Tensor)
assert_type(nn.functional.linear(y, net.fc.weight), Tensor)
assert_type(nn.functional.cross_entropy(y, mt.tensor([0, 1])), Tensor)
assert_type(nn.init.kaiming_uniform_(net.fc.weight), Tensor)
conv = nn.Conv2d(3, 8, 3)
assert_type(conv.weight, nn.Parameter)
assert_type(conv.stride, tuple[Any, ...])
net.undeclared = 3
nn.Linear("4", 3)  # error: a string
nn.Linear(4)  # error: out_features is missing
net.parameters(recurs=True)  # error: no such argument
"""


def test_mypy_knows_the_types(tmp_path, monkeypatch):
    api = pytest.importorskip("mypy.api")
    monkeypatch.setenv("MYPYPATH", str(Path(minitorch.__file__).parents[1]))
    file = tmp_path / "program.py"
    file.write_text(textwrap.dedent(PROGRAM))
    out, errors, _ = api.run(
        [str(file), "--no-error-summary", "--follow-imports=silent", "--python-version=3.12",
         f"--cache-dir={tmp_path}"]
    )  # fmt: skip
    assert not errors
    wanted = [i for i, line in enumerate(PROGRAM.splitlines(), 1) if "# error" in line]
    found = [int(line.split(":")[1]) for line in out.splitlines() if ": error:" in line]
    assert sorted(set(found)) == wanted, out
