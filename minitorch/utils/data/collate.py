"""From a list of samples to one batch.  Mirrors ``torch.utils.data.default_collate``."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from minitorch.dtypes import float64
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.creation import as_tensor, tensor
from minitorch.ops.joining import stack

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

Functions = Mapping[Any, Callable[..., Any]]
_REFUSED = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def collate(batch: Sequence[Any], *, collate_fn_map: Functions | None = None) -> Any:
    """`default_collate` with functions of your own: for the type of the samples, or a base of it,
    ``collate_fn_map[type](batch, collate_fn_map=collate_fn_map)`` makes the batch."""
    functions = collate_fn_map or {}
    first = batch[0]
    kind = type(first)
    function = functions.get(kind)
    if function is None:
        function = next((f for base, f in functions.items() if isinstance(first, base)), None)
    if function is not None:
        return function(batch, collate_fn_map=collate_fn_map)

    def joined(samples: Any) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(first, Mapping):
        return _mapped(first, {key: joined([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if hasattr(first, "_fields"):
            return kind(*(joined(column) for column in zip(*batch)))
        sizes = [len(sample) for sample in batch]
        if len(set(sizes)) > 1:
            odd = next(i for i, size in enumerate(sizes) if size != sizes[0])
            raise RuntimeError(
                "each element in list of batch should be of equal size, but the first has "
                f"{sizes[0]} and number {odd} has {sizes[odd]}"
            )
        return _listed(first, [joined(column) for column in zip(*batch)])
    raise TypeError(_REFUSED.format(kind))


def default_convert(data: Any) -> Any:
    """One sample with its arrays and NumPy numbers as tensors; the rest as it is.

    What a `DataLoader` does where `batch_size` is None.

    >>> import numpy as np
    >>> from minitorch.utils.data import default_convert
    >>> default_convert({"x": np.zeros(2), "name": "a"})
    {'x': tensor([0., 0.], dtype=minitorch.float64), 'name': 'a'}
    """
    if isinstance(data, TensorState | str | bytes):
        return data
    if isinstance(data, np.ndarray | np.generic):
        return data if data.dtype.kind in "SUOaV" else as_tensor(data)
    if isinstance(data, Mapping):
        return _mapped(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence):
        parts = [default_convert(part) for part in data]
        return type(data)(*parts) if hasattr(data, "_fields") else _listed(data, parts)
    return data


def _mapped(like: Any, values: dict[Any, Any]) -> Any:
    """A mapping of the type of `like`, if that can be made."""
    try:
        if not isinstance(like, MutableMapping):
            return type(like)(values)
        twin = copy.copy(like)  # it may have more to it than its keys
        twin.update(values)
        return twin
    except TypeError:
        return values


def _listed(like: Any, values: list[Any]) -> Any:
    """A sequence of the type of `like`, if that can be made; of a tuple, a list (as PyTorch)."""
    if isinstance(like, tuple):
        return values
    try:
        if not isinstance(like, MutableSequence):
            return type(like)(values)
        twin = copy.copy(like)
        for i, value in enumerate(values):
            twin[i] = value
        return twin
    except TypeError:
        return values


# What is joined into one tensor ------------------------------------------------------------------


def _tensors(batch: Any, *, collate_fn_map: Any = None) -> Any:
    arrays = [sample._data for sample in batch]
    recorded = len(batch) - [sample._node for sample in batch].count(None)
    if not recorded and len({array.dtype for array in arrays}) == 1:
        with contextlib.suppress(ValueError):  # unequal shapes, of which `stack` speaks better
            return wrap(np.array(arrays))  # faster than np.stack
    return stack(batch)


def _arrays(batch: Any, *, collate_fn_map: Any = None) -> Any:
    if batch[0].dtype.kind in "SUOV" and batch[0].dtype.name != "bfloat16":
        raise TypeError(_REFUSED.format(batch[0].dtype))
    return collate([as_tensor(sample) for sample in batch], collate_fn_map=collate_fn_map)


def _numpy_numbers(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return as_tensor(np.array(batch))


def _floats(batch: Any, *, collate_fn_map: Any = None) -> Any:
    if set(map(type, batch)) == {float}:  # nothing to find out about them: four times as fast
        return wrap(np.array(batch))
    return tensor(batch, dtype=float64)


def _integers(batch: Any, *, collate_fn_map: Any = None) -> Any:
    if set(map(type, batch)) == {int} and -(2**63) <= min(batch) <= max(batch) < 2**63:
        return wrap(np.array(batch, np.int64))
    return tensor(batch)


def _texts(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return batch


default_collate_fn_map: dict[Any, Callable[..., Any]] = {
    TensorState: _tensors,
    np.ndarray: _arrays,
    (np.bool_, np.number, np.object_): _numpy_numbers,
    float: _floats,
    int: _integers,
    str: _texts,
    bytes: _texts,
}


def default_collate(batch: Sequence[Any]) -> Any:
    """The samples of a batch joined: tensors, arrays and numbers become tensors with one dimension
    more, and in dicts, lists, tuples and named tuples each part is joined by itself.

    Shape: `N` samples of shape ``(*)`` -> ``(N, *)``.  Floats become float64, integers int64; a
    tuple becomes a list; strings stay a list of strings.

    >>> from minitorch.utils.data import default_collate
    >>> default_collate([{"x": 1, "name": "a"}, {"x": 2, "name": "b"}])
    {'x': tensor([1, 2]), 'name': ['a', 'b']}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
