"""The errors that Python has no class for."""

from __future__ import annotations


class LinAlgError(RuntimeError):
    """A matrix for which the result does not exist: singular, or not positive-definite.

    Mirrors ``torch.linalg.LinAlgError``.
    """


class StrictError(RuntimeError):
    """A likely mistake, which only strict mode refuses: see `minitorch.strict`."""
