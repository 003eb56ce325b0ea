"""A module made without drawing its first values."""

from __future__ import annotations

import inspect
from typing import Any

from minitorch.nn import init
from minitorch.nn.module import Module

__all__ = ["skip_init"]


def skip_init(module_cls: type[Any], *args: Any, **kwargs: Any) -> Any:
    """``module_cls(*args, **kwargs)`` with parameters of arbitrary values, to be filled later.

    The random generator is not used.  Mirrors ``torch.nn.utils.skip_init``.

    >>> import minitorch
    >>> minitorch.nn.utils.skip_init(minitorch.nn.Linear, 5, 1)
    Linear(in_features=5, out_features=1, bias=True)
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"expected a subclass of nn.Module, got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError(f"{module_cls.__name__} must take a device argument to be made so")
    with init.skipped():
        return module_cls(*args, **kwargs)
