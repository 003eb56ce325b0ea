"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from minitorch.engine.state import TensorState
from minitorch.ops.joining import cat
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters, one after the other, in one vector; differentiable.

    >>> from minitorch import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(3, 2).parameters()).shape
    minitorch.Size([8])
    """
    return cat([reshape(p, (-1,)) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Set all parameters to their parts of a vector, whose memory they then share.

    >>> import minitorch
    >>> layer = minitorch.nn.Linear(1, 1)
    >>> minitorch.nn.utils.vector_to_parameters(minitorch.tensor([2.0, 3.0]), layer.parameters())
    >>> layer(minitorch.ones(1)).item()
    5.0
    """
    if not isinstance(vec, TensorState):
        raise TypeError(f"expected a Tensor, got {type(vec).__name__}")
    start = 0
    for parameter in parameters:
        p: Any = parameter
        count = p._data.size
        part: Any = vec.detach()[start : start + count]
        p.data = reshape(part, p._data.shape)
        start += count
