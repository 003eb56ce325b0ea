"""The documentation names what exists: a page per public module, a line per public function."""

from __future__ import annotations

import importlib.util
import re
import types
from pathlib import Path

import pytest

import minitorch as mt

DOCS = Path(__file__).parent.parent / "docs"


def public_modules():
    """The modules that users import: those in `__all__`, and in theirs, and three more."""
    found = {"minitorch", "minitorch.func", "minitorch.testing.op_table"}
    waiting = [mt]
    while waiting:
        module = waiting.pop()
        for name in getattr(module, "__all__", ()):
            value = getattr(module, name)
            if isinstance(value, types.ModuleType):
                found.add(value.__name__)
                waiting.append(value)
    return found - {"minitorch.utils"}  # only a roof over its parts


@pytest.fixture(scope="module")
def op_page():
    spec = importlib.util.spec_from_file_location("op_page", DOCS / "op_page.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_public_module_has_a_page_of_the_reference():
    pages = {page.stem: page.read_text(encoding="utf-8") for page in (DOCS / "api").glob("*.md")}
    shown = set(re.findall(r"automodule:: (\S+)", "\n".join(pages.values())))
    assert public_modules() <= shown
    listed = re.search(r"```\{toctree\}.*?```", pages.pop("index"), re.DOTALL)[0].split()
    assert set(pages) <= set(listed)


def test_the_op_page_lists_every_public_function(op_page):
    text = op_page.markdown()
    for namespace in op_page.NAMESPACES:
        for name in op_page.functions(namespace):
            assert f"<{namespace}.{name}>`" in text
    assert op_page.PLACE in (DOCS / "ops.md").read_text(encoding="utf-8")


def test_the_op_page_knows_methods_in_place_forms_and_rows(op_page):
    laws = op_page.held_to_laws()
    assert op_page.cells("minitorch", "exp", mt.exp, laws)[1:] == [
        "`e ** input`.", "`.exp`", "`exp_`", "yes"
    ]  # fmt: skip
    assert op_page.cells("minitorch.linalg", "inv", mt.linalg.inv, laws)[2:] == ["", "", "yes"]
    assert op_page.cells("minitorch", "zeros", mt.zeros, laws)[2:] == ["", "", ""]


def test_every_public_function_says_what_it_gives(op_page):
    silent = [
        f"{namespace}.{name}"
        for namespace in op_page.NAMESPACES
        for name, function in op_page.functions(namespace).items()
        if not op_page.first_line(function)
    ]
    assert not silent


def test_every_law_has_its_lesson_on_the_page_of_laws():
    from minitorch.testing import LAWS

    page = (DOCS / "laws.md").read_text(encoding="utf-8")
    assert set(LAWS) == set(re.findall(r"^\*\*(\w+)\*\*:", page, re.MULTILINE))
