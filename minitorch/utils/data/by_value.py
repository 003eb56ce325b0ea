"""Pickle for spawned workers that also takes what they cannot import: functions and classes of a
notebook, of ``python -c``, of an interactive session, and lambdas and local functions of any
module.

`pickle` writes functions and classes as names to be imported.  Here, where the other process would
not find the name, a function travels as its code with the globals that the code names, a class as
its bases and attributes.  Both arrive in the namespace of their module, so that functions of a
notebook see each other there as well.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import functools
import importlib
import marshal
import os
import pickle
import sys
import types
from collections.abc import Iterator
from typing import Any

MADE_ANEW = ("__dict__", "__weakref__", "_abc_impl", "__abstractmethods__", "__slots__")
DATACLASS_MARKS = ("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR")  # one each


class Pickler(pickle.Pickler):
    """For a process that is spawned by this one, and runs the same Python."""

    def reducer_override(self, value: Any) -> Any:
        if isinstance(value, types.FunctionType) and not _importable(value):
            return _reduced_function(value)
        if isinstance(value, type) and not _importable(value):
            return _reduced_class(value)
        if isinstance(value, types.ModuleType):
            return importlib.import_module, (value.__name__,)
        if isinstance(value, classmethod | staticmethod):
            return type(value), (value.__func__,)
        if isinstance(value, property):
            return property, (value.fget, value.fset, value.fdel, value.__doc__)
        if isinstance(value, functools._lru_cache_wrapper) and not _importable(value):
            return _cached, (value.cache_parameters(), value.__wrapped__)
        if isinstance(value, types.MappingProxyType):
            return _read_only, ({**value},)
        if type(value).__module__ == "dataclasses":
            for name in DATACLASS_MARKS:
                if value is getattr(dataclasses, name, None):
                    return getattr, (dataclasses, name)
        return NotImplemented


def _importable(value: Any) -> bool:
    """Whether the other process can find `value` by its name."""
    name = value.__module__
    if name == "__main__" and not main_has_a_file():
        return False
    if name == "builtins":  # some are not found there, but pickle knows them
        return True
    found: Any = sys.modules.get(name)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def main_has_a_file() -> bool:
    """Whether spawned processes can import this program's main module."""
    main = sys.modules["__main__"]
    if getattr(main, "__spec__", None) is not None:
        return True
    return os.path.exists(getattr(main, "__file__", None) or "")


@contextlib.contextmanager
def without_main() -> Iterator[None]:
    """Keeps `multiprocessing` from having a main module imported that has no file: a program on
    standard input calls it ``<stdin>``, and the process would end looking for that."""
    main = sys.modules["__main__"]
    name = None if main_has_a_file() else main.__dict__.pop("__file__", None)
    try:
        yield
    finally:
        if name is not None:
            main.__file__ = name


def _cached(parameters: dict[str, Any], function: Any) -> Any:
    return functools.lru_cache(**parameters)(function)


def _read_only(values: dict[Any, Any]) -> Any:
    return types.MappingProxyType(values)


# Each is made empty first and filled then: it may contain itself.


def _reduced_function(function: types.FunctionType) -> Any:
    code = function.__code__
    cells = function.__closure__ or ()
    named = {}
    if function.__module__ == "__main__" or function.__module__ not in sys.modules:
        known = function.__globals__
        named = {name: known[name] for name in _names(code) if name in known}
    state = {
        "globals": named,
        "cells": [_content(cell) for cell in cells],
        "defaults": (function.__defaults__, function.__kwdefaults__),
        "attributes": {**function.__dict__},
    }
    kept = marshal.dumps(code), function.__name__, function.__module__, len(cells)
    return _empty_function, kept, (state, function.__qualname__), None, None, _fill_function


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _content(cell: Any) -> tuple[Any, ...]:
    try:
        return (cell.cell_contents,)
    except ValueError:  # empty yet
        return ()


def _namespace(module: str) -> dict[str, Any]:
    try:
        return importlib.import_module(module).__dict__
    except ImportError:  # as that of what namedtuple() makes
        return sys.modules.setdefault(module, types.ModuleType(module)).__dict__


def _empty_function(code: bytes, name: str, module: str, cells: int) -> types.FunctionType:
    closure = tuple(types.CellType() for _ in range(cells))
    return types.FunctionType(marshal.loads(code), _namespace(module), name, None, closure)


def _fill_function(function: types.FunctionType, told: Any) -> None:
    state, qualname = told
    function.__globals__.update(state["globals"])
    for cell, content in zip(function.__closure__ or (), state["cells"]):
        if content:
            cell.cell_contents = content[0]
    function.__defaults__, function.__kwdefaults__ = state["defaults"]
    function.__qualname__ = qualname
    function.__dict__.update(state["attributes"])


def _reduced_class(kind: type) -> Any:
    slots = kind.__dict__.get("__slots__", ())
    slots = (slots,) if isinstance(slots, str) else tuple(slots)
    start = {"__module__": kind.__module__, "__qualname__": kind.__qualname__}
    if "__slots__" in kind.__dict__:
        start["__slots__"] = slots  # type: ignore[assignment]
    left_out = {*MADE_ANEW, *start, *slots}
    attributes = {name: v for name, v in kind.__dict__.items() if name not in left_out}
    made = type(kind), kind.__name__, kind.__bases__, start
    return _empty_class, made, attributes, None, None, _fill_class


def _empty_class(meta: type, name: str, bases: tuple[type, ...], start: dict[str, Any]) -> type:
    kind = meta(name, bases, start)
    if start["__qualname__"] == name:  # so that its instances can be sent back
        _namespace(start["__module__"]).setdefault(name, kind)
    return kind


def _fill_class(kind: Any, attributes: dict[str, Any]) -> None:
    for name, value in attributes.items():
        setattr(kind, name, value)
    abc.update_abstractmethods(kind)
