"""`import minitorch` brings in NumPy and the standard library, and leaves the rest alone."""

import json
import os
import subprocess
import sys

import pytest


def run(program, **environment):
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_nothing_but_numpy_is_imported():
    loaded = run(
        "import sys, json, numpy; before = set(sys.modules); import minitorch;"
        "print(json.dumps(sorted({m.partition('.')[0] for m in set(sys.modules) - before})))"
    )
    foreign = set(loaded) - set(sys.stdlib_module_names) - {"minitorch", "numpy"}
    assert not foreign
    assert not {"unittest", "pdb", "asyncio", "multiprocessing", "sqlite3", "email"} & set(loaded)


def test_numpys_error_state_is_left_alone():
    before, after = run(
        "import json, numpy; a = numpy.geterr(); import minitorch;"
        "print(json.dumps([a, numpy.geterr()]))"
    )
    assert before == after


def test_numpy_still_warns_its_own_users():
    warned = run(
        "import json, warnings\n"
        "with warnings.catch_warnings(record=True) as seen:\n"
        "    import numpy as np, minitorch as mt\n"
        "    mt.zeros(1).log(); mt.tensor([1e38]) * 1e38; mt.tensor([0.0]) / 0\n"
        "    n = len(seen); np.log(np.zeros(1))\n"
        "print(json.dumps([n, len(seen)]))"
    )
    assert warned == [0, 1]


@pytest.mark.parametrize("value", ["0", "1"])
def test_the_allocator_can_be_left_alone(value):
    assert run(
        "import json, minitorch.memory; print(json.dumps(minitorch.memory.keep_freed_memory()))",
        MINITORCH_KEEP_MEMORY=value,
    ) in ([False] if value == "0" else [True, False])


def test_the_version_is_that_of_the_distribution():
    import minitorch

    assert minitorch.__version__.count(".") == 2
