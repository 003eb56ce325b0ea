"""Methods: pieces, copies side by side, diagonals."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops import diagonals, joining, repeating, selecting
from minitorch.ops.inplace import in_place
from minitorch.ops.out import as_method
from minitorch.tensor.numpy_protocol import FUNCTIONS
from minitorch.tensor.shapes import spread

_split = as_method(selecting.split)


class JoinMethods(TensorState):
    __slots__ = ()

    select = as_method(selecting.select)
    narrow = as_method(selecting.narrow)
    narrow_copy = selecting.narrow_copy

    def split(self, split_size: Any, dim: int = 0) -> tuple[Any, ...]:
        """See `minitorch.split`."""
        return _split(self, split_size, dim)  # type: ignore[arg-type]

    split_with_sizes = as_method(selecting.split_with_sizes)
    tensor_split = as_method(selecting.tensor_split)
    chunk = as_method(selecting.chunk)
    unbind = as_method(selecting.unbind)
    hsplit = selecting.hsplit
    vsplit = selecting.vsplit
    dsplit = selecting.dsplit

    repeat = spread(as_method(repeating.repeat), "repeats")
    tile = spread(as_method(repeating.tile), "dims")
    repeat_interleave = repeating.repeat_interleave
    flip = spread(as_method(repeating.flip), "dims")
    fliplr = repeating.fliplr
    flipud = repeating.flipud
    roll = repeating.roll
    rot90 = repeating.rot90

    diag = diagonals.diag
    diag_embed = as_method(diagonals.diag_embed)
    diagflat = diagonals.diagflat
    diagonal = as_method(diagonals.diagonal)
    trace = diagonals.trace
    tril = diagonals.tril
    triu = diagonals.triu
    tril_ = in_place(diagonals.tril)
    triu_ = in_place(diagonals.triu)


def _tensors(arrays: Any) -> list[Any]:
    return [a if isinstance(a, TensorState) else wrap(np.asarray(a)) for a in arrays]


def _np_append(arr: Any, values: Any, axis: Any = None) -> Any:
    parts = _tensors([arr, values])
    return joining.cat([p.reshape(-1) for p in parts] if axis is None else parts, axis or 0)


def _np_roll(a: Any, shift: Any, axis: Any = None) -> Any:
    count = len(axis) if isinstance(axis, tuple | list) else 1
    shifts = shift if isinstance(shift, tuple | list) else (shift,) * count
    return repeating.roll(a, tuple(shifts), axis)


def _np_flip(m: Any, axis: Any = None) -> Any:
    return repeating.flip(m, tuple(range(m.ndim)) if axis is None else axis)


FUNCTIONS.update({
    np.concatenate: lambda arrays, axis=0: joining.cat(_tensors(arrays), axis),
    np.append: _np_append,
    np.stack: lambda arrays, axis=0: joining.stack(_tensors(arrays), axis),
    np.hstack: lambda tup: joining.hstack(_tensors(tup)),
    np.vstack: lambda tup: joining.vstack(_tensors(tup)),
    np.dstack: lambda tup: joining.dstack(_tensors(tup)),
    np.column_stack: lambda tup: joining.column_stack(_tensors(tup)),
    np.split: lambda ary, parts, axis=0: list(selecting.tensor_split(ary, parts, axis)),
    np.hsplit: lambda ary, parts: list(selecting.hsplit(ary, parts)),
    np.vsplit: lambda ary, parts: list(selecting.vsplit(ary, parts)),
    np.dsplit: lambda ary, parts: list(selecting.dsplit(ary, parts)),
    np.array_split: lambda ary, parts, axis=0: list(selecting.tensor_split(ary, parts, axis)),
    np.tile: lambda A, reps: repeating.tile(A, reps),
    np.repeat: lambda a, repeats, axis=None: repeating.repeat_interleave(a, repeats, axis),
    np.flip: _np_flip,
    np.fliplr: lambda m: repeating.fliplr(m),
    np.flipud: lambda m: repeating.flipud(m),
    np.roll: _np_roll,
    np.rot90: lambda m, k=1, axes=(0, 1): repeating.rot90(m, k, axes),
    np.diag: lambda v, k=0: diagonals.diag(v, k),
    np.diagflat: lambda v, k=0: diagonals.diagflat(v, k),
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: diagonals.diagonal(a, offset, axis1, axis2),
    np.trace: lambda a: diagonals.trace(a),
    np.tril: lambda m, k=0: diagonals.tril(m, k),
    np.triu: lambda m, k=0: diagonals.triu(m, k),
    np.meshgrid: lambda *xi, indexing="xy": list(joining.meshgrid(*xi, indexing=indexing)),
})  # fmt: skip
