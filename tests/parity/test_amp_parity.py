"""The names of mixed precision and compile take PyTorch's arguments."""

import inspect

import pytest
import torch

import minitorch as mt

NAMES = ["amp.autocast", "amp.GradScaler", "cuda.amp.autocast", "cuda.amp.GradScaler", "compile",
         "compiler.disable"]  # fmt: skip


def find(lib, name):
    for part in name.split("."):
        lib = getattr(lib, part)
    return lib


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_torchs(name):
    ours, theirs = (inspect.signature(find(lib, name)).parameters.values() for lib in (mt, torch))
    assert [(p.name, p.kind, str(p.default).replace("minitorch", "torch")) for p in ours] == [
        (p.name, p.kind, str(p.default)) for p in theirs
    ]


def test_the_scaler_has_torchs_methods():
    names = {n for n in dir(torch.amp.GradScaler) if not n.startswith("_")}
    assert names <= set(dir(mt.amp.GradScaler))
    theirs, ours = torch.amp.GradScaler("cpu", enabled=False), mt.amp.GradScaler("cpu")
    assert ours.state_dict() == theirs.state_dict()
    assert ours.get_scale() == theirs.get_scale()
    assert ours.is_enabled() == theirs.is_enabled()
