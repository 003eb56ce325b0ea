"""Which kernel computes attention, and attention with a function of its own for scores.

Mirrors ``torch.nn.attention``.  There is one kernel, which computes what the formula says.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from contextlib import contextmanager

from minitorch.nn.attention import flex_attention

__all__ = ["SDPBackend", "flex_attention", "sdpa_kernel"]


class SDPBackend(enum.Enum):
    """PyTorch's kernels for `functional.scaled_dot_product_attention`."""

    ERROR = -1
    MATH = 0
    FLASH_ATTENTION = 1
    EFFICIENT_ATTENTION = 2
    CUDNN_ATTENTION = 3
    OVERRIDEABLE = 4


@contextmanager
def sdpa_kernel(
    backends: list[SDPBackend] | SDPBackend, set_priority: bool = False
) -> Iterator[None]:
    """A context that names the kernels to choose from; the one that there is stays.

    >>> import minitorch
    >>> from minitorch.nn.attention import SDPBackend, sdpa_kernel
    >>> x = minitorch.ones(1, 2, 4)
    >>> with sdpa_kernel(SDPBackend.MATH):
    ...     minitorch.nn.functional.scaled_dot_product_attention(x, x, x).shape
    minitorch.Size([1, 2, 4])
    """
    named = [backends] if isinstance(backends, SDPBackend) else backends
    if not isinstance(named, list | tuple) or not all(isinstance(b, SDPBackend) for b in named):
        raise AssertionError(f"backends must be one or several SDPBackend, got {backends!r}")
    if not named:
        raise AssertionError("at least one SDPBackend is needed")
    yield
