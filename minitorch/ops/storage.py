"""What a tensor looks at: other memory, or another amount of it."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops.out import takes_tensors
from minitorch.ops.shapes import sizes
from minitorch.ops.strided import as_strided, capacity

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["resize_as_"]


def _look_at(self: Any, data: np.ndarray) -> Any:
    """Make `self` hold `data`; it and what looked into its memory are no longer connected."""
    self._data = data
    self._view = self._live_views = None
    return self


def resize_(self: Tensor, size: Any, memory_format: Any = None) -> Tensor:
    """Give `self` the shape `size`, row by row from its first element on, in place.

    Where its memory is too small it moves to new memory, whose further elements are arbitrary.
    Refused for tensors that require grad.
    """
    if self._node is not None:
        raise RuntimeError("resize_(): a tensor that requires grad cannot be resized")
    shape = tuple(map(operator.index, sizes(size)))
    if any(n < 0 for n in shape):
        raise RuntimeError(f"resize_(): negative size in {list(shape)}")
    count = math.prod(shape)
    room = capacity(self._data)
    if count > room:
        data = np.empty(count, self._data.dtype)
        data[:room] = as_strided(self, (room,), (1,))._data
        return _look_at(self, data.reshape(shape))
    flat = as_strided(self, (count,), (1,))._data
    return _look_at(self, flat.reshape(shape))


@takes_tensors
def resize_as_(self: Tensor, the_template: Tensor, memory_format: Any = None) -> Tensor:
    """`resize_` to the shape of another tensor."""
    return resize_(self, the_template._data.shape)


@takes_tensors
def set_(
    self: Tensor, source: Tensor | None = None, storage_offset: int = 0, size: Any = None,
    stride: Any = None,
) -> Tensor:  # fmt: skip
    """Look into the memory of `source`: as it does, or by offset, size and stride in elements."""
    if source is None:
        return _look_at(self, np.empty(0, self._data.dtype))
    if not isinstance(source, TensorState):
        raise TypeError(f"set_() needs a Tensor, got {type(source).__name__}")
    if source._data.dtype != self._data.dtype:
        raise RuntimeError(f"set_(): the source is {source.dtype} and the tensor {self.dtype}")
    if size is None:
        return _look_at(self, source._data)
    shape = sizes(size)
    steps = [math.prod(shape[i + 1 :]) for i in range(len(shape))] if stride is None else stride
    return _look_at(self, as_strided(source.detach(), shape, steps, storage_offset)._data)
