"""What a loaded object may be made of in the end."""

from __future__ import annotations

import itertools
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from minitorch.devices import device
from minitorch.dtypes import DType
from minitorch.errors import LoadError
from minitorch.layouts import layout
from minitorch.nn.parameter import Buffer, Parameter
from minitorch.ops.random import Generator
from minitorch.serialization.storage import Storage
from minitorch.serialization.unpickler import DEPTH
from minitorch.size import Size
from minitorch.tensor import Tensor

DATA = {
    type(None), bool, int, float, complex, str, bytes, bytearray,
    Tensor, Parameter, Buffer, Storage, Generator, DType, device, layout,
}  # fmt: skip
LISTS = {list, tuple, Size, set, frozenset}
DICTS = {dict, OrderedDict, Counter}


# A list may hold another many times, and that another: written out, it would have no end.
MOST, RATIO = 1 << 20, 100


def check_plain(result: Any, trusted: set[Any], error: Callable[[str], LoadError]) -> None:
    """Raise unless `result` is made of tensors and plain data only, and can be walked through.

    `trusted`: classes that the user vouches for; what they make is not looked into.
    """
    sizes: dict[int, int] = {}  # of containers, written out; 0 of those that are not done
    path: list[tuple[Any, Iterator[Any], int]] = []  # those that are not, each with its rest
    below = iter((result,))
    holder: Any = None
    size = held = 0  # held: how many values there are in all containers seen
    while True:
        for value in below:
            size += 1
            kind = type(value)
            if kind in DATA or kind in trusted:
                continue
            if id(value) in sizes:  # seen before, or around us
                size += sizes[id(value)]
            elif kind in DICTS or kind in LISTS:
                if not value and kind is not OrderedDict:
                    continue  # nothing to note, of which there may be millions
                if len(path) == DEPTH:
                    raise error(f"it is nested more than {DEPTH} deep")
                sizes[id(value)] = 0
                held += len(value)
                path.append((holder, below, size))
                holder, below, size = value, _items(value), 0
                break
            elif not trusted:
                raise error(f"it holds a {kind.__name__}, which is neither a tensor nor plain data")
        else:
            if size > MOST and size > RATIO * held:
                raise error("it holds lists of lists that would be endless if written out")
            if not path:
                return
            done = holder
            sizes[id(done)] = size
            holder, below, outer = path.pop()
            size += outer


def _items(container: Any) -> Iterator[Any]:
    if not isinstance(container, dict):
        return iter(container)
    own = getattr(container, "__dict__", {})
    return itertools.chain(container.keys(), container.values(), own.values())
