"""Every operator against PyTorch's own samples (see judge.py), one test each.

pytest tests/parity/test_operators.py -n 2
JUDGE_CAP=1000 pytest tests/parity/test_operators.py -k linalg      more samples per dtype
"""

import os

import pytest

minitorch = pytest.importorskip("minitorch")
judge = pytest.importorskip("tests.parity.judge")

CAP = int(os.environ.get("JUDGE_CAP", "12"))
EVERYTHING = judge.selected([], [])


@pytest.mark.parametrize(("group", "name"), EVERYTHING, ids=[f"{g}-{n}" for g, n in EVERYTHING])
def test_operator(group, name):
    if group == "nn.functional" and judge.resolve_or_none(minitorch, group) is None:
        pytest.skip("minitorch.nn.functional does not exist yet")
    options = judge.Options(module=minitorch, cap=CAP, value_cap=max(1, CAP // 2))
    result = judge.judge_op(group, name, options)
    if not result.passed:
        pytest.fail(result.line() + "\n" + result.report(), pytrace=False)
