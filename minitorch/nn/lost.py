"""Parameters and modules in plain lists and dicts, which would never be found: refused.

Asked when parameters are listed or saved, not when an attribute is set: a program may register
what it holds afterwards, or train it by other means.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from minitorch.nn.parameter import Parameter


def check_containers(root: Any, module: Any) -> None:
    """TypeError if a plain list or dict of `module` holds what would be lost to `root`."""
    for name, value in module.__dict__.items():
        if isinstance(value, list | tuple | dict | set) and value:
            refuse_lost(root, type(module), name, value)


def refuse_lost(root: Any, owner: type, name: str, value: Any) -> None:
    """Parameters and modules in a plain list or dict would be lost to the optimizer.

    Unless they are registered under another name, or the attribute's name begins with ``_``.
    """
    if name.startswith("_"):
        return
    held = list(_members(value, set()))
    if not held:
        return
    modules = list(root.modules()) if "_modules" in root.__dict__ else []
    known = {id(m) for m in modules} | {id(p) for m in modules for p in m._parameters.values()}
    for item in held:
        if id(item) not in known:
            kind = "Parameter" if isinstance(item, Parameter) else "Module"
            wanted = "Dict" if isinstance(value, dict) else "List"
            raise TypeError(
                f"attribute {name!r} of {owner.__name__} is a plain {type(value).__name__} that "
                f"holds a {kind}: parameters() would not find it. Use nn.{kind}{wanted}, or a "
                "name that begins with _ if it is not to be trained or saved"
            )


def _members(value: Any, seen: set[int]) -> Iterator[Any]:
    """The parameters and modules in nested plain containers."""
    if isinstance(value, Parameter) or hasattr(type(value), "named_parameters"):
        yield value
    elif isinstance(value, list | tuple | dict | set) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            yield from _members(item, seen)
