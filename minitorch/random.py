"""The default stream of random numbers.  Mirrors ``torch.random``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minitorch.ops.random import (
    default_generator,
    get_rng_state,
    initial_seed,
    manual_seed,
    seed,
    set_rng_state,
)

__all__ = [
    "default_generator", "fork_rng", "get_rng_state", "initial_seed", "manual_seed", "seed",
    "set_rng_state",
]  # fmt: skip


@contextmanager
def fork_rng(devices: Any = None, enabled: bool = True, **ignored: Any) -> Iterator[None]:
    """A context after which the default stream goes on as if nothing had been drawn in it.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> with minitorch.random.fork_rng():
    ...     inside = minitorch.rand(1)
    >>> bool(inside == minitorch.rand(1))
    True
    """
    state = get_rng_state()
    try:
        yield
    finally:
        if enabled:
            set_rng_state(state)
