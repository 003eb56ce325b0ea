"""Values that are no Tensors and answer the functions of Tensors themselves: nested tensors.

A function asks only where it fails anyway, so that Tensors pay nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Elsewhere:
    """Base of such values.  Without `_data`, every function that does not ask refuses them."""

    def answer(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        """What ``function(*args, **kwargs)`` gives; this value is among the arguments."""
        raise NotImplementedError


def elsewhere(
    function: Callable[..., Any], error: Exception, args: Any, kwargs: dict[str, Any] | None = None
) -> Any:
    """The answer of an `Elsewhere` among the arguments; raises `error` where there is none."""
    kwargs = kwargs or {}
    for value in (*args, *kwargs.values()):
        if isinstance(value, Elsewhere):
            return value.answer(function, args, kwargs)
    raise error from None
