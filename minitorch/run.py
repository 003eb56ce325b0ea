"""Runs a program written for PyTorch, unchanged: ``python -m minitorch.run script.py args...``.

Inside this one process, ``torch`` and its submodules are minitorch: ``import torch.nn as nn`` gives
`minitorch.nn`.  Nothing is installed, no file is written, and other processes import what they
always did, but for those that `multiprocessing` starts: they go on with minitorch.  The script sees
itself as Python would run it: ``sys.argv``, ``__main__``, tracebacks and exit codes.
``-m package.module`` runs a module, ``-c code`` a line of code.

A name that is not here is an error that says where it was used and what to use instead:
``minitorch has no torch.fx (used at script.py:12); ...``.

``torch.__version__`` is that of the PyTorch whose names and meanings these are, with minitorch's
own behind a plus sign.
"""

from __future__ import annotations

import contextlib
import dis
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import runpy
import sys
import types
from typing import Any

import minitorch
from minitorch import absent

__all__ = ["alias_torch", "main"]

MEANT = "2.13.0"  # PyTorch's release whose behaviour is minitorch's
SISTERS = ("torchvision", "torchaudio", "torchtext")  # PyTorch's other packages
IMPORT_FROM = dis.opmap["IMPORT_FROM"]
USAGE = "usage: python -m minitorch.run (script.py | -m module | -c code) [arguments ...]"


def alias_torch() -> None:
    """From now on, ``import torch`` in this process gives minitorch.

    RuntimeError if PyTorch itself was imported before: the two would mix.
    """
    loaded = sys.modules.get("torch")
    if isinstance(loaded, _Torch):
        return
    if loaded is not None:
        raise RuntimeError("PyTorch is already imported in this process; it stays what it is")
    sys.meta_path.insert(0, _Finder())
    sys.meta_path.append(_Sisters())
    _tell_spawned()
    tensor: Any = minitorch.Tensor
    tensor.__getattr__ = _missing_method


def _tell_spawned() -> None:
    """Let the processes that `multiprocessing` starts from now on do the same.

    A spawned process is first told where it comes from, and imports the program only then.
    """
    multiprocessing: Any = importlib.import_module("multiprocessing")
    spawn: Any = importlib.import_module("multiprocessing.spawn")
    told = spawn.get_preparation_data

    def get_preparation_data(name: str) -> dict[str, Any]:
        return {**told(name), "torch": _Again()}

    spawn.get_preparation_data = get_preparation_data
    multiprocessing.set_forkserver_preload([])  # not the program: it would come before that


class _Again:
    """Calls `alias_torch` where it is unpickled."""

    def __reduce__(self) -> Any:
        # By the name of the module: here it may be running as `__main__`.
        return exec, ("from minitorch.run import alias_torch; alias_torch()",)


class _Torch(types.ModuleType):
    """The module ``torch``: `minitorch`, but for its version and its words for what is missing."""

    def __getattr__(self, name: str) -> Any:
        if name == "__version__":
            return f"{MEANT}+minitorch.{minitorch.__version__}"
        try:
            value = getattr(minitorch, name)
        except AttributeError:
            raise _missing(f"torch.{name}") from None
        if isinstance(value, types.ModuleType):
            _watch(value, f"torch.{name}")
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            super().__setattr__(name, value)
        else:
            setattr(minitorch, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(minitorch, name)

    def __dir__(self) -> list[str]:
        return dir(minitorch)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds ``torch`` and what is below it in minitorch."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != "torch" and not fullname.startswith("torch."):
            return None
        ours = "minitorch" + fullname[len("torch") :]
        try:
            found = importlib.util.find_spec(ours)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise ModuleNotFoundError(absent.message(fullname, _where()), name=fullname)
        loader = _Loader(ours)
        return importlib.machinery.ModuleSpec(fullname, loader, is_package=True)


class _Loader(importlib.abc.Loader):
    """Hands out the module of minitorch itself, so that there is one class of each name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: Any) -> Any:
        if spec.name == "torch":
            module: Any = _Torch("torch", minitorch.__doc__)
            module.__all__ = minitorch.__all__
            return module
        module = importlib.import_module(self.name)
        self.own_spec = module.__spec__
        _watch(module, spec.name)
        return module

    def exec_module(self, module: Any) -> None:
        if not isinstance(module, _Torch):
            module.__spec__ = self.own_spec  # the import system has put its own there


class _Sisters(importlib.abc.MetaPathFinder):
    """Asked last: PyTorch's other packages, where they are not installed."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname in SISTERS:
            raise ModuleNotFoundError(absent.message(fullname, _where()), name=fullname)
        return None


def _watch(module: Any, name: str) -> None:
    """Make what is missing in `module`, and in the modules in it, an error of `_missing`."""
    own = vars(module).get("__getattr__")
    if hasattr(own, "asked_as") or not module.__name__.startswith("minitorch."):
        return

    def __getattr__(missing: str) -> Any:
        if own is not None:
            with contextlib.suppress(AttributeError):
                return own(missing)
        raise _missing(f"{name}.{missing}")

    __getattr__.asked_as = name  # type: ignore[attr-defined]
    module.__getattr__ = __getattr__
    for part in getattr(module, "__all__", ()):
        if isinstance(value := vars(module).get(part), types.ModuleType):
            _watch(value, f"{name}.{part}")


def _missing_method(self: Any, name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
    raise _missing(f"torch.Tensor.{name}")


def _missing(name: str) -> Exception:
    """The error for an attribute that is not there: the import statement wants its own kind."""
    frame = _user_frame()
    if name.rpartition(".")[2].startswith("__") or frame is None:
        return AttributeError(name)
    message = absent.message(name, _position(frame))
    if frame.f_code.co_code[frame.f_lasti] == IMPORT_FROM:
        return ImportError(message, name=name)
    return AttributeError(message, name=name, obj=None)  # Python adds no guess of its own


def _user_frame() -> Any:
    """The frame of the program: the nearest outside of this file and the import system."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if file != __file__ and not file.startswith("<frozen importlib"):
            return frame
        frame = frame.f_back
    return None


def _position(frame: Any) -> str:
    """``script.py:12``, relative to the working directory where that is shorter."""
    file = frame.f_code.co_filename
    if not file.startswith("<"):
        near = os.path.relpath(file)
        file = near if not near.startswith("..") else file
    return f"{file}:{frame.f_lineno}"


def _where() -> str:
    frame = _user_frame()
    return "" if frame is None else _position(frame)


def main(arguments: list[str]) -> None:
    """Run the program that `arguments` (those after ``minitorch.run``) name."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(USAGE if arguments else f"{USAGE}\nNo program given.", file=sys.stderr)
        raise SystemExit(0 if arguments else 2)
    first, *rest = arguments
    if first in ("-m", "-c"):
        if not rest:
            print(f"{USAGE}\nArgument expected for {first}.", file=sys.stderr)
            raise SystemExit(2)
        target, *rest = rest
    elif first.startswith("-") and first != "-":
        print(f"{USAGE}\nUnknown option {first}.", file=sys.stderr)
        raise SystemExit(2)
    else:
        target = first
    alias_torch()
    _forget_runner(sys.path)
    if first == "-m":
        sys.argv = ["-m", *rest]
        sys.path.insert(0, os.getcwd())
        _shown(lambda: runpy.run_module(target, run_name="__main__", alter_sys=True))
    elif first == "-c":
        sys.argv = ["-c", *rest]
        sys.path.insert(0, "")
        _shown(lambda: _execute(compile(target, "<string>", "exec"), None))
    else:
        sys.argv = [target, *rest]
        _run_file(target)


def _run_file(target: str) -> None:
    """As ``python target``: a script, ``-`` for standard input, or a folder or zip with a main."""
    if target == "-":
        sys.path.insert(0, "")
        _shown(lambda: _execute(compile(sys.stdin.read(), "<stdin>", "exec"), None))
        return
    path = os.path.abspath(target)
    if os.path.isdir(path) or target.endswith((".zip", ".pyz")):
        _shown(lambda: runpy.run_path(path, run_name="__main__"))
        return
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        print(
            f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    if not sys.flags.safe_path:
        sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    _shown(lambda: _execute(compile(source, path, "exec"), path))


def _forget_runner(path: list[str]) -> None:
    """Take back what ``python -m`` put in front of the import path: the working directory."""
    if path and not sys.flags.safe_path and path[0] in ("", os.getcwd()):
        del path[0]


def _execute(code: types.CodeType, file: str | None) -> None:
    """Run `code` as the module ``__main__``."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__builtins__=__builtins__, __cached__=None)
    if file is not None:
        main.__file__ = file
        main.__loader__ = importlib.machinery.SourceFileLoader("__main__", file)
    sys.modules["__main__"] = main
    exec(code, main.__dict__)


def _shown(program: Any) -> None:
    """Call `program`; an error it does not catch is shown without the frames of this file."""
    try:
        program()
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_code.co_filename in (
            __file__,
            "<frozen runpy>",
        ):
            trace = trace.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        raise SystemExit(1) from None


if __name__ == "__main__":
    # The module that other code imports as `minitorch.run` should be this one, not a second.
    sys.modules["minitorch.run"] = sys.modules["__main__"]
    main(sys.argv[1:])
