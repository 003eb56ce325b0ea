"""`python -m minitorch.run`: a program that imports torch runs on minitorch, as Python runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(tmp_path):
    """Run files of a folder (`script.py` first of all); what came of it."""

    def run(source, *arguments, how=("script.py",), stdin="", **files):
        (tmp_path / "script.py").write_text(source, encoding="utf-8")
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
        return subprocess.run(
            [sys.executable, "-m", "minitorch.run", *how, *arguments],
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    return run


def printed(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_every_way_of_importing_gives_minitorch(run):
    done = run(
        "import torch\n"
        "import torch.nn as nn, torch.nn.functional as F, torch.optim.lr_scheduler\n"
        "from torch import Tensor, optim\n"
        "from torch.nn import init\n"
        "from torch.autograd import Variable\n"
        "import minitorch\n"
        "assert nn is minitorch.nn and F is minitorch.nn.functional\n"
        "assert Tensor is minitorch.Tensor\n"
        "assert optim is torch.optim is minitorch.optim and init is minitorch.nn.init\n"
        "assert nn.__spec__.name == 'minitorch.nn' and torch.zeros is minitorch.zeros\n"
        "torch.backends.cudnn.benchmark = True\n"
        "torch.extra = 1; assert minitorch.extra == 1; del torch.extra\n"
        "assert not hasattr(torch, 'extra')\n"
        "assert torch.__version__.startswith('2.') and minitorch.__version__ in torch.__version__\n"
        "x = torch.ones(2, requires_grad=True); (x * x).sum().backward(); print(x.grad.tolist())\n"
    )
    assert printed(done) == ["[2.0, 2.0]"]


def test_the_program_sees_what_python_shows_it(run):
    done = run(
        "import sys, helper, os, pickle\n"
        "class Mine: pass\n"
        "assert type(pickle.loads(pickle.dumps(Mine()))) is Mine\n"
        "print(__name__, os.path.basename(__file__), sys.argv, sys.path[0] == os.getcwd())\n"
        "sys.exit(int(sys.argv[2]))\n",
        "--exit", "3", helper="import torch; torch.ones(1)",
    )  # fmt: skip
    assert done.returncode == 3, done.stderr
    assert done.stdout.strip() == "__main__ script.py ['script.py', '--exit', '3'] True"


def test_an_error_is_shown_as_python_shows_it(run):
    done = run("import torch\ndef f():\n    return torch.ones(2) @ torch.ones(3)\nf()\n")
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1].endswith('script.py", line 4, in <module>')
    assert lines[-1].startswith("RuntimeError")


def test_syntax_errors_and_missing_files(run):
    done = run("x = = 1\n")
    assert done.returncode == 1 and "SyntaxError" in done.stderr
    assert "run.py" not in done.stderr
    done = run("", how=("nowhere.py",))
    assert done.returncode == 2 and "can't open file" in done.stderr
    assert run("", how=()).returncode == 2


@pytest.mark.parametrize("how", [("-m", "helper"), ("-c", "import helper")])
def test_modules_and_lines_of_code(run, how):
    source = "import sys, torch\nprint(torch.ones(1).item(), sys.argv[1:])"
    assert printed(run("", "a", how=how, helper=source)) == ["1.0 ['a']"]


def test_standard_input(run):
    assert printed(run("", how=("-",), stdin="import torch; print(torch.e > 2)")) == ["True"]


@pytest.mark.parametrize(
    "line, error, message",
    [
        ("torch.fx.Graph()", "AttributeError", "minitorch has no torch.fx (used at script.py:2); "),
        ("torch.nn.Linearr(1, 2)", "AttributeError", "did you mean torch.nn.Linear?"),
        ("torch.optim.Nothing", "AttributeError", "minitorch has no torch.optim.Nothing (used at"),
        ("torch.ones(2).to_mkldnn()", "AttributeError", "no torch.Tensor.to_mkldnn (used at scri"),
        ("import torch.export", "ModuleNotFoundError", "no torch.export (used at script."),
        ("from torch import fx", "ImportError", "no torch.fx (used at script.py:2); mod"),
        ("from torch.nn import Foo", "ImportError", "no torch.nn.Foo (used at script.py:2); docs/"),
        ("from torch.fx import Graph", "ModuleNotFoundError", "no torch.fx (used at script.py:2)"),
        ("import torchvision_is_not_there", "ModuleNotFoundError", "No module named"),
    ],
)  # fmt: skip
def test_a_missing_name_says_where_and_what_instead(run, line, error, message):
    done = run(f"import torch\n{line}\n")
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith(error) and message in last, done.stderr
    assert "Did you mean: '" not in last


def test_missing_names_can_be_asked_for(run):
    done = run(
        "import torch\n"
        "print(hasattr(torch, 'fx'), getattr(torch.nn, 'Foo', 7), hasattr(torch.ones(1), 'xyz'))\n"
        "try:\n    from torch.utils.collect_env import main\n"
        "except ImportError as error:\n    print('show_config' in str(error))\n"
    )
    assert printed(done) == ["False 7 False", "True"]


def test_the_real_one_is_left_alone():
    """Without `minitorch.run` nothing is aliased; where torch is loaded, it stays."""
    program = (
        "import sys, types, minitorch\n"
        "assert 'torch' not in sys.modules\n"
        "sys.modules['torch'] = types.ModuleType('torch')\n"
        "import minitorch.run\n"
        "try:\n    minitorch.run.alias_torch()\n"
        "except RuntimeError as error:\n    print('already imported' in str(error))\n"
        "import torch; print(hasattr(torch, 'nn'))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert printed(done) == ["True", "False"]


def test_minitorch_says_what_to_use_instead():
    import minitorch

    with pytest.raises(AttributeError, match=r"minitorch has no torch\.fx; models are not traced"):
        _ = minitorch.fx
    assert not hasattr(minitorch, "export")


SPAWNING = """
import torch
from torch.utils.data import DataLoader, Dataset

class Numbers(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, index):
        return index, torch.__version__

if __name__ == "__main__":
    for how in torch.multiprocessing.get_all_start_methods():
        loader = DataLoader(Numbers(), batch_size=4, num_workers=1, multiprocessing_context=how)
        for numbers, versions in loader:
            print(numbers.tolist(), set(versions) == {torch.__version__})
"""


def test_processes_that_are_spawned_go_on_with_minitorch(run):
    result = run(SPAWNING)
    assert result.stderr == ""
    assert set(result.stdout.splitlines()) == {"[0, 1, 2, 3] True"}
