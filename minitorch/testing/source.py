"""The source of a function, with what it names, so that a script can be pasted and run."""

from __future__ import annotations

import ast
import builtins
import inspect
import linecache
import math
import sys
import sysconfig
import textwrap
import types
from typing import Any

import numpy as np

from minitorch.engine.state import TensorState

__all__ = ["Script", "array_text"]

_MOST_LINES = 200


class NoSource(Exception):
    """The source is not to be had, or names what cannot be written down."""


class Script:
    """Imports and definitions, gathered as values are asked for with `expression`."""

    def __init__(self) -> None:
        self.imports = ["import numpy as np", "import minitorch as mt"]
        self.definitions: list[str] = []
        self._names: dict[str, Any] = {"np": np, "mt": sys.modules["minitorch"]}

    def text(self) -> str:
        return "\n".join(self.imports) + "\n\n" + "\n\n".join(self.definitions) + "\n"

    def add_import(self, line: str) -> None:
        if line not in self.imports:
            self.imports.append(line)

    def name(self, name: str, value: Any) -> None:
        """Make `name` mean `value` in the script."""
        if name in self._names:
            if self._names[name] is not value and self._names[name] != id(value):
                raise NoSource(f"{name} means two things")
            return
        if isinstance(value, types.ModuleType):
            self._names[name] = value
            plain = value.__name__ == name
            self.add_import(f"import {value.__name__}" + ("" if plain else f" as {name}"))
            return
        text = self.expression(value)
        if text != name:
            self._names[name] = value
            self.definitions.append(f"{name} = {text}")

    def expression(self, value: Any) -> str:
        """An expression for `value`; what it needs is added to the script.  May raise NoSource."""
        if isinstance(value, np.ndarray):
            return array_text(value)
        if isinstance(value, TensorState):
            return tensor_text(value._data)
        if isinstance(value, np.ufunc):
            return f"np.{value.__name__}" if hasattr(np, value.__name__) else _fail(value)
        home, named = str(getattr(value, "__module__", "")), getattr(value, "__name__", "")
        if home.split(".")[0] == "numpy" and not isinstance(value, type):
            for place in ("np", "np.linalg", "np.fft"):
                if getattr(getattr(np, place[3:]) if place != "np" else np, named, None) is value:
                    return f"{place}.{named}"
        if value is None or isinstance(value, bool | int | str | bytes):
            return repr(value)
        if isinstance(value, float):
            return repr(value) if math.isfinite(value) else f"float({str(value)!r})"
        if isinstance(value, np.generic):
            return f"np.{value.dtype.name}({value.item()!r})"
        if isinstance(value, tuple | list) and type(value) in (tuple, list):
            parts = ", ".join(self.expression(v) for v in value)
            if isinstance(value, list):
                return f"[{parts}]"
            return f"({parts},)" if len(value) == 1 else f"({parts})"
        if type(value) is dict:
            pairs = (f"{self.expression(k)}: {self.expression(v)}" for k, v in value.items())
            return "{" + ", ".join(pairs) + "}"
        if isinstance(value, types.MethodType) and isinstance(value.__self__, type):
            return f"{self.expression(value.__self__)}.{value.__name__}"
        if isinstance(value, types.ModuleType):
            self.add_import(f"import {value.__name__}")
            return value.__name__
        if isinstance(value, type | types.FunctionType | types.BuiltinFunctionType):
            return self._callable(value)
        return _fail(value)

    def _callable(self, value: Any) -> str:
        for key, known in self._names.items():
            if known is value:
                return key
        if _of_a_library(value):
            return self._imported(value)
        if not isinstance(value, type | types.FunctionType):
            return _fail(value)
        node, text = _find(value)
        if isinstance(node, ast.Lambda):
            self._needs(value, node)
            return f"({text})"
        name = value.__name__
        if name in self._names:
            raise NoSource(f"{name} means two things")
        self._names[name] = value  # before what it needs: it may need itself
        self._needs(value, node)
        if sum(d.count("\n") for d in self.definitions) > _MOST_LINES:
            raise NoSource("it takes too much source")
        self.definitions.append(text)
        return name

    def _imported(self, value: Any) -> str:
        module, name = value.__module__, value.__qualname__
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if found is not value:
            return _fail(value)
        first = name.split(".")[0]
        self.add_import(f"from {module} import {first}")
        return name

    def _needs(self, value: Any, node: ast.AST) -> None:
        """Define the names that the source of `value` uses and does not make itself."""
        known = _names_around(value)
        made = {
            n.id
            for n in ast.walk(node)
            if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)
        }
        made |= {a.arg for a in ast.walk(node) if isinstance(a, ast.arg)}
        made |= {
            n.name for n in ast.walk(node)
            if isinstance(n, ast.FunctionDef | ast.ClassDef) and n is not node
        }  # fmt: skip
        used = [
            n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)
        ]
        for name in dict.fromkeys(used):
            if name in made and not isinstance(value, type):
                continue
            if name in known:
                if known[name] is not value:
                    self.name(name, known[name])
            elif name not in made and not hasattr(builtins, name) and name != "__class__":
                raise NoSource(f"{name} is not known")


def _fail(value: Any) -> str:
    raise NoSource(f"a {type(value).__name__} cannot be written down")


def _of_a_library(value: Any) -> bool:
    """Whether `value` comes from an installed package or the standard library: import it."""
    module = getattr(value, "__module__", None)
    if module is None or module == "__main__":
        return False
    if module.split(".")[0] in ("minitorch", "numpy", "builtins"):
        return True
    file = getattr(sys.modules.get(module), "__file__", None)
    if file is None:
        return module.split(".")[0] in sys.stdlib_module_names
    paths = sysconfig.get_paths()
    return any(file.startswith(paths[k]) for k in ("purelib", "platlib", "stdlib"))


def _find(value: Any) -> tuple[ast.AST, str]:
    """The syntax tree and the source text of a function or class."""
    try:
        file = inspect.getsourcefile(value) or ""
        lines = linecache.getlines(file, getattr(value, "__globals__", None))
        source = "".join(lines)
        tree = ast.parse(source)
        first = (
            value.__code__.co_firstlineno
            if hasattr(value, "__code__")
            else (inspect.getsourcelines(value)[1])
        )
    except (OSError, TypeError, SyntaxError) as error:
        raise NoSource(str(error)) from error
    if getattr(value, "__name__", "") == "<lambda>":
        found = [
            n for n in ast.walk(tree)
            if isinstance(n, ast.Lambda) and _same_code(n, value)
        ]  # fmt: skip
        if not found:
            raise NoSource("the lambda was not found in its file")
        return found[0], ast.unparse(found[0])
    for n in ast.walk(tree):
        if isinstance(n, ast.FunctionDef | ast.ClassDef) and n.name == value.__name__:
            start = min([n.lineno, *(d.lineno for d in n.decorator_list)])
            if start == first or n.lineno == first:
                text = "\n".join(source.splitlines()[start - 1 : n.end_lineno])
                return n, textwrap.dedent(text)
    raise NoSource(f"{value.__name__} was not found in its file")


def _same_code(node: ast.Lambda, value: Any) -> bool:
    """Whether `node` is the source of the lambda `value`: lines may hold several."""
    body = node.body
    place = (body.lineno, body.end_lineno, body.col_offset, body.end_col_offset)
    return place in set(value.__code__.co_positions())


def _names_around(value: Any) -> dict[str, Any]:
    """What the names in a function's or class's source mean."""
    functions = [value] if isinstance(value, types.FunctionType) else []
    known: dict[str, Any] = {}
    if isinstance(value, type):
        for member in vars(value).values():
            for f in (member, getattr(member, "__func__", None), getattr(member, "fget", None)):
                if isinstance(f, types.FunctionType):
                    functions.append(f)
        module = sys.modules.get(value.__module__)
        known.update(vars(module) if module else {})
    for f in functions:
        known.update(f.__globals__)
    for f in functions:
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
            try:
                known[name] = cell.cell_contents
            except ValueError:
                continue
    if isinstance(value, type):
        for base in value.__bases__:
            known.setdefault(base.__name__, base)
    return known


def array_text(a: np.ndarray) -> str:
    """An expression for an array, in the layout that it has."""
    if a.dtype.kind in "fc" and not np.isfinite(a).all():
        numbers = np.array2string(a, separator=", ", floatmode="unique", threshold=10**9)
        numbers = numbers.replace("nan", "np.nan").replace("inf", "np.inf").replace("\n", "")
    else:
        numbers = repr(a.tolist())
    default = a.dtype in (np.float64, np.int64, np.bool_, np.complex128)
    kind = "" if default and a.size else f", dtype=np.{a.dtype.name}"
    if 0 in a.shape:
        return f"np.zeros({a.shape}{kind})"
    plain = f"np.array({numbers}{kind})"
    if a.flags.c_contiguous or a.ndim == 0:
        return plain
    if a.T.flags.c_contiguous:
        return f"np.array({plain}, order='F')"
    if any(s == 0 and n > 1 for s, n in zip(a.strides, a.shape)):
        return f"np.broadcast_to({plain}[:1], {a.shape})"
    if a.strides[-1] < 0:
        return f"np.array({plain}[..., ::-1])[..., ::-1]"
    return f"np.repeat({plain}, 2, -1)[..., ::2]"


def tensor_text(a: np.ndarray) -> str:
    """An expression for a Tensor that holds such an array."""
    text = array_text(a)
    if text.startswith("np.array([") and text.endswith("])") and np.isfinite(a).all():
        return f"mt.tensor({text[9:-1]}, dtype=mt.{a.dtype.name})"
    return f"mt.from_numpy({text})"
