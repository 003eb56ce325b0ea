"""Every module class against PyTorch's own samples (see module_judge.py), one test each.

pytest tests/parity/test_modules.py -n 2
JUDGE_CAP=10000 pytest tests/parity/test_modules.py -k LSTM          every sample
"""

import os

import pytest

from tests.parity.module_judge import ModuleJudge, database

CAP = int(os.environ.get("JUDGE_CAP", "24"))


def test_the_database_is_whole():
    assert len(database()) == 114


@pytest.mark.parametrize("name", database())
def test_module(name):
    failures = ModuleJudge(name, CAP).run()
    if failures:
        pytest.fail("\n".join([f"{len(failures)} differences", *failures[:5]]), pytrace=False)
