"""The page "What of PyTorch is here" says the truth, and no file of minitorch imports torch."""

from __future__ import annotations

import ast
import importlib
import sys
from pathlib import Path

import pytest

import minitorch as mt
from minitorch.absent import INSTEAD, message

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


@pytest.fixture(scope="module")
def page():
    sys.path.insert(0, str(DOCS))
    try:
        yield importlib.import_module("pytorch_page")
    finally:
        sys.path.remove(str(DOCS))


def test_the_page_lists_every_public_name(page):
    text = page.markdown()
    for namespace in page.NAMESPACES:
        assert page.names(namespace), namespace
        for name in page.names(namespace):
            assert f"\n| `{name}` |" in text
    assert page.PLACE in (DOCS / "pytorch.md").read_text(encoding="utf-8")


def test_every_public_module_of_pytorchs_has_its_table(page):
    shown = {f"minitorch.{n}" if n else "minitorch" for n in page.NAMESPACES}
    for name in mt.__all__:
        value = getattr(mt, name)
        if type(value) is type(mt) and name not in ("return_types", "testing", "utils", "backends"):
            assert f"minitorch.{name}" in shown


def test_what_is_said_to_differ_is_here(page):
    for name in page.DIFFERS:
        assert page.resolve(name) is not None


def test_what_is_said_to_be_missing_is_missing(page):
    for name in INSTEAD:
        if name.startswith("torch."):
            with pytest.raises((AttributeError, ImportError)):
                page.resolve(name)


def test_the_message_names_what_to_use():
    assert message("torch.fx.Graph", "a.py:3") == (
        "minitorch has no torch.fx.Graph (used at a.py:3); models are not traced; walk "
        "module.named_modules(), or use forward hooks"
    )
    assert message("torch.zeroes").endswith("did you mean torch.zeros?")
    assert message("torch.qwertz").endswith("docs/pytorch.md lists what of PyTorch is here")


def test_no_file_of_minitorch_imports_torch():
    """Lazily or otherwise: not by a statement, not by the name given to an import function."""
    for path in (ROOT / "minitorch").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            elif isinstance(node, ast.Call):
                called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
                called = node.func.id if isinstance(node.func, ast.Name) else called
                if called in ("import_module", "__import__"):
                    names = [a.value for a in node.args if isinstance(a, ast.Constant)]
            wrong = [n for n in names if str(n).split(".")[0] == "torch"]
            assert not wrong or path.relative_to(ROOT).as_posix() in INTEROP, (path, wrong)


# The law `torch_agrees` of minitorch.testing, which compares with PyTorch where that is installed.
INTEROP = {"minitorch/testing/checker.py", "minitorch/testing/laws/values.py"}
