"""Which module an error came from: its path, as in ``encoder.2.fc (Linear(16, 4)) of Net``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from minitorch.engine.state import TensorState

if TYPE_CHECKING:
    from minitorch.nn.module import Module


def say_where(error: Exception, module: Module) -> Exception:
    """`error`, saying the path from `module` to the module whose forward raised it.

    Every module on the way out calls this, and so the path grows.  minitorch's own errors have it
    in their message; those of others keep theirs, and have it in a note.
    """
    state: Any = error.__dict__
    if "_modules" not in state:
        error = _not_a_tensor(error)
        state = error.__dict__
        state.update(_modules=[module], _names=[], _message=_own_message(error))
    else:
        child = state["_modules"][-1]
        # Not only children: those in a ModuleList are called without it.
        name = next((n for n, m in module.named_modules() if m is child), type(child).__name__)
        state["_names"].insert(0, name)
        state["_modules"].append(module)
    place = f"in {_brief(state['_modules'][0])}"
    if state["_names"]:
        path = ".".join(state["_names"])
        place = f"in {path} ({place[3:]}) of {module._get_name()}"
    if state["_message"] is not None:
        error.args = (f"{state['_message']}\n{place}",)
    elif len(state["_modules"]) > 1 and "__notes__" in state:
        error.__notes__[-1] = place
    else:
        with suppress(Exception):  # a class that refuses attributes
            error.add_note(place)
    return error


def _not_a_tensor(error: Exception) -> Exception:
    """A better error for what an array or a list in the place of a Tensor leads to."""
    if isinstance(error, AttributeError) and error.name == "_data":
        kind = type(error.obj).__name__
        advice = "make one with tensor()"
        if isinstance(error.obj, tuple):
            advice = "if it came from a layer that returns several (LSTM, attention), pick one"
        elif hasattr(error.obj, "forward"):
            advice = f"make the module first, then call it, as in {kind}()(x)"
        better = TypeError(f"modules compute with Tensors, got {kind}: {advice}")
        better.__traceback__ = error.__traceback__
        return better
    return error


def _own_message(error: Exception) -> str | None:
    """The message, if it is an error that minitorch raised and that has nothing but a message."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    name = "" if trace is None else trace.tb_frame.f_globals.get("__name__", "")
    own = name.startswith("minitorch.") and len(error.args) == 1
    message = error.args[0] if own and not isinstance(error, KeyError) else None
    return message if isinstance(message, str) else None


def _brief(module: Module) -> str:
    """A module as the call that makes it, such as ``Conv2d(3, 8, 5, stride=2)``."""
    kind = module._get_name()
    if module._modules:
        return kind
    try:
        return f"{kind}({', '.join(_arguments(module))})"
    except Exception:  # a module of the user's: what it is made with cannot be seen
        return kind


def _arguments(module: Module) -> Iterator[str]:
    """The arguments it was made with, those left out that are as by default."""
    for name, parameter in inspect.signature(type(module)).parameters.items():
        default = parameter.default
        if default is parameter.empty:
            yield _as_given(getattr(module, name))
        elif hasattr(module, name):
            value: Any = getattr(module, name)
            if isinstance(default, bool):  # such as bias=True
                value = value is not None and value is not False
            spread = (default,) * len(value) if isinstance(value, tuple) else default
            if value is not default and value not in (default, spread):
                yield f"{name}={_as_given(value)}"


def _as_given(value: Any) -> str:
    """One number for a tuple of equal ones."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return "Tensor" if isinstance(value, TensorState) else repr(value)
