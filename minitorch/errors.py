"""The errors that Python has no class for."""

from __future__ import annotations

from pickle import UnpicklingError


class LinAlgError(RuntimeError):
    """A matrix for which the result does not exist: singular, or not positive-definite.

    Mirrors ``torch.linalg.LinAlgError``.
    """


class StrictError(RuntimeError):
    """A likely mistake, which only strict mode refuses: see `minitorch.strict`."""


class LoadError(RuntimeError, UnpicklingError):
    """A file that cannot be loaded: damaged, of an unknown kind, or holding what is not admitted.

    The one error that `minitorch.load` raises for what is *in* a file, whatever its format.  Code
    written for PyTorch catches it as RuntimeError or ``pickle.UnpicklingError``.
    """


def _assert(condition: object, message: str) -> None:
    """AssertionError with `message` unless `condition`.  Mirrors ``torch._assert``."""
    if not condition:
        raise AssertionError(message)
