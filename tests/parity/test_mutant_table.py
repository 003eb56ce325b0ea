"""The page docs/caught.md tells what the mutation suite finds, PyTorch's gradcheck beside it."""

from __future__ import annotations

from tests.parity.mutant_table import END, PAGE, START, table


def test_the_table_is_what_the_code_finds():
    page = PAGE.read_text(encoding="utf-8")
    assert page.split(START)[1].split(END)[0] == table()
