"""`compile`, without effect: there is no compiler.  Mirrors ``torch.compile`` and its module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["allow_in_graph", "compile", "disable", "is_compiling", "reset"]


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = None,
    mode: str | None = None,
    options: dict[str, Any] | None = None,
    name: str | None = None,
    disable: bool = False,
    recompile_limit: int | None = None,
    isolate_recompiles: bool = False,
    shapes_spec: Any = None,
) -> Any:
    """Returns `model`, a function or a module, as it is; without it, a decorator that does.

    >>> import minitorch
    >>> @minitorch.compile(fullgraph=True)
    ... def double(x):
    ...     return x * 2
    >>> double(minitorch.ones(2))
    tensor([2., 2.])
    """
    if mode is not None and options is not None:
        raise RuntimeError("give mode or options, not both")
    if model is None:
        return _as_it_is
    return _as_it_is(model)


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    if not callable(function):
        raise TypeError(f"compile() takes a function or a module, got {type(function).__name__}")
    return function


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Returns `fn`; without it, a decorator: nothing is compiled anyway."""
    return _as_it_is if fn is None else _as_it_is(fn)


def allow_in_graph(fn: Any) -> Any:
    """Returns `fn`: there is no graph to be in."""
    return fn


def is_compiling() -> bool:
    """Whether a compiler is at work: False."""
    return False


def reset() -> None:
    """Nothing: there is nothing to forget."""
