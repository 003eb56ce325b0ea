"""``x[...]`` and ``x[...] = value``, in full.

An index is read in two stages, as in PyTorch.  First integers, slices, None and ``...`` make a
view.  Then the index tensors (integers or masks) pick from that view: a copy.  So an integer
between index tensors only removes its dimension (NumPy would count it among the index arrays).
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.clock import owner, stamp
from minitorch.engine.modes import mode
from minitorch.engine.state import TensorState
from minitorch.numerics.adding import add_to_rows, widened
from minitorch.ops.copying import cast
from minitorch.ops.elements import as_element
from minitorch.ops.filling import zero_like
from minitorch.ops.inplace import check_partial_overlap, copy, edit, tell_views
from minitorch.ops.out import check_memory, takes_tensors
from minitorch.ops.primitive import primitive
from minitorch.ops.promotion import is_half
from minitorch.ops.selecting import ALL, _slice
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["index_put", "index_put_"]

Key = tuple[Any, ...]


@primitive
def _index(x, /, key):
    """``x[key]``, where `key` is a tuple of full slices and index arrays."""
    first = key[0]
    if len(key) == 1 and first.dtype != np.bool_:
        return x.take(first, 0)
    if len(key) == 1 and first.size > 1000 and first.shape == x.shape:
        return np.compress(first.reshape(-1), x.reshape(-1))  # several times faster than x[mask]
    places = _rows(x, key) if len(key) == x.ndim and key[-1].size > 1000 else None
    if places is not None and places[1] == x.ndim:
        return x.reshape(-1).take(places[2])  # in half of the time
    return x[key]


@primitive
def _index_backward(picked, /, key, shape):
    """Zeros of `shape` with `picked` added at `key`: the adjoint of `_index`."""
    out = np.zeros(shape, picked.dtype)
    if len(key) == 1 and key[0].dtype == np.bool_ and key[0].shape == shape:
        out.reshape(-1)[np.flatnonzero(key[0])] = picked.reshape(-1)
    else:
        add_at(out, key, picked)
    return out


_index.gradient(x=lambda g, key, x_shape: _index_backward(g, key, x_shape))
_index_backward.gradient(picked=lambda g, key: _index(g, key))


@edit
def _put(x, values, /, key):
    """``x[key] = values``."""
    x[key] = values


_put.gradient(
    x=lambda g, key: _put(g, zero_like(g), key),
    values=lambda g, key: _index(g, key),
)


@edit
def _put_add(x, values, /, key):
    """``x[key] += values``, where repeated places count every time."""
    add_at(x, key, values)


_put_add.gradient(x=lambda g: g, values=lambda g, key: _index(g, key))

for _saving in (_index, _index_backward, _put, _put_add):
    _saving.op.saves_arrays = True  # the key


def add_at(x: np.ndarray, key: Key, values: Any) -> None:
    """``x[key] += values``, where repeated places count every time: np.add.at, but faster."""
    if len(key) == 1 and key[0].dtype == np.bool_:  # a mask: its places are distinct
        x[key] += values
        return
    sums = widened(x)
    if sums is not x:  # half precision adds up badly
        add_at(sums, key, values)
        x[...] = sums
        return
    places = _rows(x, key)
    if places is None:
        np.add.at(x, key, values)
        return
    first, count, rows = places
    before, inside, after = (
        x.shape[:first],
        x.shape[first : first + count],
        x.shape[first + count :],
    )
    flat, lines, width = rows.reshape(-1), math.prod(before), math.prod(after)
    if not flat.size * lines * width:
        return
    if lines * width > 1 and _distinct(flat):
        x[key] += values
        return
    if lines > 1:
        flat = (np.arange(lines)[:, np.newaxis] * math.prod(inside) + flat).reshape(-1)
    values = np.broadcast_to(values, before + rows.shape + after)
    add_to_rows(x.reshape(-1, width), flat, values.reshape(-1, width))


def _distinct(rows: np.ndarray) -> bool:
    if rows.max() < 16 * rows.size + 65536:
        return bool(np.bincount(rows).max() == 1)
    return np.unique(rows).size == rows.size


def _rows(x: np.ndarray, key: Key) -> tuple[int, int, np.ndarray] | None:
    """The index arrays of `key` as one array of row numbers; from which dimension, and how many.

    None where np.add.at must do: scattered arrays, masks among them, `x` not contiguous.
    """
    where = [i for i, item in enumerate(key) if isinstance(item, np.ndarray)]
    first, count = where[0], len(where)
    if where[-1] - first + 1 != count or not x.flags.c_contiguous:
        return None
    rows: Any = None
    for array, size in zip(key[first : first + count], x.shape[first:]):
        if array.dtype == np.bool_:
            return None
        if array.size:
            least = array.min()
            if not -size <= least <= array.max() < size:
                return None  # np.add.at explains
            if least < 0:
                array = np.where(array < 0, array + size, array)
        rows = array if rows is None else rows * size + array
    return first, count, rows


# --- x[...] ------------------------------------------------------------------------------------


def getitem(input: Tensor, index: Any) -> Tensor:
    """``input[index]``: a view for integers, slices, None and ``...``; else a copy."""
    view_key: Key | None = (index, ...)
    array_key: Key | None = None
    if type(index) is not int:  # an int is the commonest of all: 0.1 us of 1
        view_key, array_key = read_index(index, input._data.ndim)
    result = input
    try:
        if view_key is not None:
            result = _slice(input, view_key)
        return result if array_key is None else _index(result, array_key)
    except IndexError as error:
        raise _explain(error, input) from None


def _explain(error: Exception, x: Any) -> IndexError:
    text = str(error).replace("axis", "dimension").replace("array", "tensor")
    return IndexError(f"{text} (indexing a tensor of shape {list(x._data.shape)})")


def setitem(self: Tensor, index: Any, value: Any) -> None:
    """``self[index] = value``; a tensor is broadcast, and cast to the dtype of `self`."""
    if not isinstance(value, TensorState):
        if not isinstance(value, int | float | complex) or isinstance(value, np.generic):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a tensor; make it a Tensor or a number"
            )
        if type(value) is not float or not is_half(self._data.dtype):  # 1e9 becomes inf there
            value = as_element(value, self._data.dtype)
    view_key, array_key = read_index(index, self._data.ndim)
    recorded = mode.recording and (
        self._node is not None or (isinstance(value, TensorState) and value._node is not None)
    )
    try:
        part = self._data if view_key is None else self._data[view_key]
        if isinstance(value, TensorState):
            value = _fit(value, part, array_key)
            if array_key is None and owner(part) is owner(value._data):
                check_partial_overlap(part, np.broadcast_to(value._data, part.shape))
        if not recorded:
            _write(self, part, array_key, value)
            return
        target = self if view_key is None else _slice(self, view_key)
        if array_key is None:
            copy.in_place(target, value)
        else:
            _put.in_place(target, value, array_key)
    except IndexError as error:
        raise _explain(error, self) from None


def _write(self: Any, part: np.ndarray, key: Key | None, value: Any) -> None:
    """`setitem` where nothing is recorded: straight to memory."""
    check_memory(part)
    values = value._data if isinstance(value, TensorState) else value
    if key is None:
        np.copyto(part, values, casting="unsafe")
    else:
        part[key] = values
    stamp(part)
    tell_views(self)


def _fit(value: Any, target: np.ndarray, key: Key | None) -> Any:
    """`value` as it can be written to ``target[key]``: without dimensions of size 1 in front."""
    have = value._data.shape
    shape = _picked_shape(target, key) if have else ()
    extra = len(have) - len(shape)
    if extra > 0 and have[:extra] == (1,) * extra:
        value, have, extra = reshape(value, have[extra:]), have[extra:], 0
    if extra > 0 or any(n not in (1, m) for n, m in zip(have[::-1], shape[::-1])):
        raise RuntimeError(
            f"a value of shape {list(have)} cannot be broadcast to shape {list(shape)}, which is "
            "what the index picks"
        )
    if key is not None and value._data.dtype != target.dtype:
        if value._data.size != 1 or value._data.dtype.kind == "c":
            raise RuntimeError(
                f"a tensor of {value.dtype} cannot be assigned to places picked by index tensors "
                f"in a tensor of {target.dtype}; convert it first"
            )
        value = cast(value, target.dtype)
    return value


def _picked_shape(x: np.ndarray, key: Key | None) -> tuple[int, ...]:
    """The shape of ``x[key]``; IndexError if `key` points outside of `x`."""
    if key is None:
        return x.shape
    if len(key) == 1:
        first = key[0]
        if first.dtype != np.bool_:
            return first.shape + x.shape[1:]
        if first.shape == x.shape:
            return (int(np.count_nonzero(first)),)
    # Pick from an array of the same shape that occupies one byte.
    return np.ndarray(x.shape, np.bool_, b"\0", 0, (0,) * x.ndim)[key].shape


@takes_tensors
def index_put(
    input: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """A copy with ``copy[indices] = values``, or ``+= values`` (repeated places add up).

    >>> import minitorch as mt
    >>> mt.index_put(mt.zeros(3), (mt.tensor([0, 2]),), mt.tensor([1.0, 2.0]))
    tensor([1., 0., 2.])
    """
    return (_put_add if accumulate else _put)(input, *_put_arguments(input, indices, values))


@takes_tensors
def index_put_(
    self: Tensor, indices: Sequence[Tensor], values: Tensor, accumulate: bool = False
) -> Tensor:
    """`index_put` in place."""
    edit_ = _put_add if accumulate else _put
    return edit_.in_place(self, *_put_arguments(self, indices, values))


def _put_arguments(input: Any, indices: Sequence[Any], values: Any) -> tuple[Any, Key]:
    if not isinstance(indices, tuple | list):
        raise TypeError(f"indices must be a tuple of Tensors, got {type(indices).__name__}")
    if not indices:
        raise RuntimeError("index_put() needs at least one tensor of indices")
    if values._data.dtype != input._data.dtype:
        raise RuntimeError(
            f"index_put() needs values of the tensor's dtype, {input.dtype}; got {values.dtype}"
        )
    key = []
    for index in indices:
        item = _read_item(index)
        key.append(
            np.asarray(item) if isinstance(item, int | bool) else ALL if item is None else item
        )
    if sum(_dims_used(item) for item in key) > input._data.ndim:
        raise IndexError(f"too many indices for tensor of dimension {input._data.ndim}")
    try:
        _picked_shape(input._data, tuple(key))
        return _fit(values, input._data, tuple(key)), tuple(key)
    except IndexError as error:
        raise _explain(error, input) from None


# --- reading an index --------------------------------------------------------------------------


def read_index(index: Any, ndim: int) -> tuple[Key | None, Key | None]:
    """The two stages of `index`: a key of a view, and a key of full slices and index arrays.

    Either may be None: nothing to do.
    """
    if type(index) is int:
        return (index, ...), None
    if isinstance(index, TensorState):
        array = index._data
        if array.dtype.char in "?l" and 0 < array.ndim <= ndim:  # bool and int64
            return None, (array,)
    items = index if type(index) is tuple else (index,)
    if isinstance(index, list) and _is_several(index):
        items = tuple(index)
    spread = False
    for item in items:
        if type(item) is int or item is None:
            continue
        if item is ...:
            if spread:
                return _read_arrays(items, ndim)
            spread = True
        elif type(item) is slice:
            if item.step is not None and operator.index(item.step) <= 0:
                raise ValueError(
                    f"the step of a slice must be positive, got {item.step}; see flip()"
                )
        else:
            return _read_arrays(items, ndim)
    return (items if spread else (*items, ...)), None


def _is_several(index: list[Any]) -> bool:
    """Whether a list means a tuple of indices: as in PyTorch, if an item is no plain number."""
    return len(index) < 32 and any(
        item is None or item is ... or isinstance(item, TensorState | slice | Sequence)
        for item in index
    )


def _read_arrays(items: Sequence[Any], ndim: int) -> tuple[Key | None, Key | None]:
    """`read_index` where some of the items are not basic."""
    items = [_read_item(item) for item in items]
    used = sum(_dims_used(item) for item in items)
    if used > ndim:
        raise IndexError(f"too many indices for tensor of dimension {ndim}: got {used}")
    view_key: list[Any] = []
    array_key: list[Any] = []
    for item in items:
        if item is ...:
            full = [ALL] * (ndim - used)
            view_key += full
            array_key += full
            used = ndim  # a second ... stands for nothing
        elif isinstance(item, slice):
            view_key.append(ALL if item == ALL else item)
            array_key.append(ALL)
        elif isinstance(item, int) and not isinstance(item, bool):
            view_key.append(item)
        elif item is None or isinstance(item, bool):
            view_key.append(None)
            array_key.append(ALL if item is None else np.zeros(int(item), np.int64))
        else:
            view_key += [ALL] * _dims_used(item)
            array_key.append(item)
    while array_key and array_key[-1] is ALL:
        array_key.pop()
    trivial = array_key and all(item is ALL for item in view_key)
    return None if trivial else (*view_key, ...), tuple(array_key) or None


def _dims_used(item: Any) -> int:
    if item is None or item is ... or isinstance(item, bool):
        return 0
    return item.ndim if isinstance(item, np.ndarray) and item.dtype.kind == "b" else 1


def _read_item(item: Any) -> Any:
    """An item of an index as an int, bool, slice, None, Ellipsis or index array."""
    if item is None or item is ... or isinstance(item, bool):
        return item
    if isinstance(item, slice):
        if item.step is not None and operator.index(item.step) <= 0:
            raise ValueError(f"the step of a slice must be positive, got {item.step}; see flip()")
        ends = item.start, item.stop, item.step
        return slice(*[end if end is None else operator.index(end) for end in ends])
    if isinstance(item, TensorState):
        array = item._data
    elif isinstance(item, np.bool_):
        return bool(item)
    elif hasattr(item, "__index__") and not isinstance(item, np.ndarray):
        return operator.index(item)
    elif isinstance(item, Sequence | np.ndarray) and not isinstance(item, str | bytes):
        array = np.asarray(item)
        if array.dtype != np.bool_:
            array = array.astype(np.int64)
    else:
        kind = TypeError if isinstance(item, str | bytes) else IndexError
        raise kind(
            "a tensor is indexed by integers, slices, None, ..., and tensors, arrays or lists of "
            f"integers or booleans; got {type(item).__name__}"
        )
    if array.dtype.kind not in "iub" or (array.dtype in (np.int8, np.int16) and array.ndim):
        raise IndexError(
            "tensors used as indices must be int64, int32, bool or uint8 (a mask); "
            f"got {array.dtype}"
        )
    if array.dtype == np.uint8:
        array = array.astype(np.bool_)
    return array if array.ndim else array.item()
