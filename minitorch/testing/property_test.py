"""`property`: a check and further assertions as one test function."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minitorch.testing.check import check_function
from minitorch.testing.check_modules import check_module

__all__ = ["property_test"]


def property_test(
    fn: Any, args: Any = None, **options: Any
) -> Callable[[Callable[..., Any]], Callable[[], Any]]:
    """Decorate a test: `fn` is held to the laws, and the test's body runs on each example too.

    `args` is a strategy, or one for each argument of `fn` (as in `check_function`, which takes the
    other options; a class of modules goes to `check_module`).  The body is called with the inputs:
    Tensors, or arrays for a pair of NumPy functions.  Exported as ``minitorch.testing.property``.

    >>> import minitorch
    >>> from minitorch.testing import property, tensors
    >>> @property(minitorch.tanh, args=tensors())
    ... def test_tanh(x):
    ...     assert (minitorch.tanh(x).abs() <= 1).all()
    >>> test_tanh()
    """
    import inspect

    import minitorch as mt

    strategies = list(args) if type(args) in (tuple, list) else [args]
    made = isinstance(fn, type) and issubclass(fn, mt.nn.Module)

    def decorate(body: Callable[..., Any]) -> Callable[[], Any]:
        def test() -> None:
            (check_module if made else check_function)(fn, *strategies, body=body, **options)

        functools.update_wrapper(test, body)
        del test.__wrapped__  # type: ignore[attr-defined]  # pytest would ask for its arguments
        test.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
        return test

    return decorate
