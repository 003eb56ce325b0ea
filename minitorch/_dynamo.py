"""Switches of PyTorch's compiler, for programs that set them: nothing is compiled here.

Mirrors what programs use of ``torch._dynamo``.
"""

from __future__ import annotations

import types

config = types.SimpleNamespace(cache_size_limit=8, suppress_errors=False, verbose=False)


def reset() -> None:
    """Nothing: there is nothing to forget."""
