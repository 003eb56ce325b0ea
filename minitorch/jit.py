"""TorchScript's names for programs that use them to go faster.  Mirrors ``torch.jit``.

TorchScript compiles Python to a language of its own.  Nothing is compiled here: `script` and
`trace` return what they are given, which computes the same numbers, one op at a time.
Programs cannot be saved this way (`save`, `load`): save a module's ``state_dict()`` instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

__all__ = [
    "annotate", "export", "freeze", "ignore", "is_scripting", "is_tracing", "load",
    "optimize_for_inference", "optimized_execution", "save", "script", "script_if_tracing",
    "trace", "unused",
]  # fmt: skip


def script(obj: T, *args: Any, **kwargs: Any) -> T:
    """Returns `obj`, a function or a module: there is nothing to compile.

    >>> import minitorch
    >>> @minitorch.jit.script
    ... def double(x):
    ...     return 2 * x
    >>> double(minitorch.ones(2))
    tensor([2., 2.])
    """
    if not callable(obj):
        raise TypeError(f"script() takes a function, class or module, got {type(obj).__name__}")
    return obj


def trace(func: Callable[..., Any], example_inputs: Any = None, **kwargs: Any) -> Any:
    """Returns `func`, which stays a Python program: unlike a trace, it follows its own ``if``."""
    return script(func)


def script_if_tracing(fn: T) -> T:
    """Returns `fn`."""
    return fn


def freeze(mod: T, *args: Any, **kwargs: Any) -> T:
    """Returns `mod`: there is nothing to compile."""
    return mod


def optimize_for_inference(mod: T, *args: Any) -> T:
    """Returns `mod`: there is nothing to compile."""
    return mod


def _overload_method(func: T) -> T:
    """Returns `func`, which says in its body what TorchScript is told of its types."""
    return func


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """A decorator without effect: all functions are Python here."""
    return drop if callable(drop) else lambda fn: fn


def unused(fn: T) -> T:
    """A decorator without effect."""
    return fn


def export(fn: T) -> T:
    """A decorator without effect."""
    return fn


def annotate(the_type: Any, the_value: T) -> T:
    """Returns the value."""
    return the_value


def is_scripting() -> bool:
    """Whether TorchScript is compiling this: False."""
    return False


def is_tracing() -> bool:
    """Whether TorchScript is tracing this: False."""
    return False


@contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """A context without effect: there is no compiler."""
    yield


def save(m: Any, f: Any, **kwargs: Any) -> None:
    """Refused: save ``module.state_dict()`` with `minitorch.save`."""
    raise _no_programs("save")


def load(f: Any, **kwargs: Any) -> Any:
    """Refused: build the module and load its state dict with `minitorch.load`."""
    raise _no_programs("load")


def _no_programs(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"jit.{name}: minitorch has no TorchScript. Save module.state_dict() with "
        "minitorch.save, build the module in Python, and load the state dict into it"
    )
