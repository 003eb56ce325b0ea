"""Modules that stand for files of PyTorch which minitorch cuts otherwise.

``from torch.distributions.normal import Normal`` names the file; here a class lives where it fits.
"""

from __future__ import annotations

import sys
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def stand_in(home: str, file: str, names: dict[str, Any]) -> ModuleType:
    """The module ``home.file`` that holds `names`, such that import statements find it."""
    name = f"{home}.{file}"
    there = name.replace("minitorch", "torch", 1)
    module: Any = ModuleType(name, f"Mirrors ``{there}``.")
    module.__spec__ = ModuleSpec(name, None)
    module.__all__ = [n for n in names if n[0] != "_"]
    vars(module).update(names)
    sys.modules[name] = module  # where the import system looks first
    return module
