"""A part replaced, out of place: the ``*_scatter`` counterparts of the view functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.ops.copying import cast
from minitorch.ops.diagonals import _diagonal, _two_dims
from minitorch.ops.dims import check_dim
from minitorch.ops.filling import fill_
from minitorch.ops.inplace import _copy_slices
from minitorch.ops.out import takes_tensors, with_out
from minitorch.ops.selecting import ALL, _slice, check_index
from minitorch.ops.strided import as_strided
from minitorch.ops.views import replay

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["as_strided_scatter", "diagonal_scatter", "select_scatter", "slice_scatter"]


def _replaced(name: str, input: Any, src: Any, view: Any, settings: tuple[Any, ...]) -> Any:
    """A copy of `input` whose ``view(copy, *settings)`` is `src`."""
    data = input._data
    steps = ((view, settings),)
    part = replay(data, steps)
    if part.shape != src._data.shape:
        raise RuntimeError(
            f"{name}(): src must have the shape of the part, {list(part.shape)}; "
            f"got {list(src._data.shape)}"
        )
    return _copy_slices(input, cast(src, data.dtype), steps, data.shape, data.strides)


@takes_tensors
def diagonal_scatter(
    input: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1
) -> Tensor:
    """A copy whose diagonal is `src`.

    >>> import minitorch as mt
    >>> mt.diagonal_scatter(mt.zeros(2, 2), mt.ones(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    dims = _two_dims("diagonal_scatter", dim1, dim2, input._data.ndim)
    return _replaced("diagonal_scatter", input, src, _diagonal, (offset, *dims))


@takes_tensors
def select_scatter(input: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
    """A copy whose entry `index` of `dim` is `src`."""
    dim = check_dim(dim, input._data.ndim)
    index = check_index(index, input._data.shape[dim], dim)
    return _replaced("select_scatter", input, src, _slice, ((*(ALL,) * dim, index, ...),))


@with_out
def slice_scatter(
    input: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None,
    step: int = 1,
) -> Tensor:  # fmt: skip
    """A copy whose ``start:end:step`` along `dim` is `src`."""
    dim = check_dim(dim, input._data.ndim)
    if step < 1:
        raise RuntimeError(f"slice_scatter(): step must be positive, got {step}")
    key = (*(ALL,) * dim, slice(start, end, step), ...)
    return _replaced("slice_scatter", input, src, _slice, (key,))


@takes_tensors
def as_strided_scatter(
    input: Tensor, src: Tensor, size: Sequence[int], stride: Sequence[int],
    storage_offset: int | None = None,
) -> Tensor:  # fmt: skip
    """A copy whose ``as_strided(size, stride, storage_offset)`` is `src`."""
    view = as_strided(input, size, stride, storage_offset)
    ((call, settings),) = view._view.steps[-1:]
    return _replaced("as_strided_scatter", input, src, call, settings)


@takes_tensors
def fill_diagonal_(self: Tensor, fill_value: Any, wrap: bool = False) -> Tensor:
    """The main diagonal set to a number, in place.

    With `wrap`, in a tall matrix the diagonal starts again after every ``columns + 1`` rows.
    """
    shape = self._data.shape
    if len(shape) < 2:
        raise RuntimeError(f"fill_diagonal_() needs at least 2 dimensions, got shape {list(shape)}")
    if len(shape) > 2 and len(set(shape)) > 1:
        raise RuntimeError(f"fill_diagonal_(): all sizes must be equal, got shape {list(shape)}")
    length = min(shape)
    if wrap and len(shape) == 2 and shape[0] > shape[1]:
        length = -(-shape[0] * shape[1] // (shape[1] + 1))
    fill_(as_strided(self, (length,), (sum(self.stride()),)), fill_value)
    return self
