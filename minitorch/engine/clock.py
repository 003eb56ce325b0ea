"""One clock for graph and mutation.

Nodes are numbered as they are made, and every in-place write stamps the memory it wrote with the
next number of the same clock.  At backward, a saved array whose memory was stamped *after* its
node was made has been overwritten: using it would give a wrong gradient, so it is an error.  The
forward pass pays nothing for this.
"""

from __future__ import annotations

import itertools
import os
import sys
import weakref
from typing import Any

import numpy as np

tick = itertools.count(1).__next__

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


class Stamp:
    """The last in-place write to one block of memory: when, how often so far, and from where."""

    __slots__ = ("alive", "place", "time", "writes")

    def __init__(self, alive: weakref.ref[Any]) -> None:
        self.alive = alive
        self.time = 0
        self.writes = 0
        self.place: Any = ""

    @property
    def where(self) -> str:
        """``file:line`` of the write: worked out when asked for, since that takes longer."""
        if isinstance(self.place, str):
            return self.place
        code, instruction = self.place
        for start, end, line in code.co_lines():
            if start <= instruction < end:
                return f"{code.co_filename}:{line}"
        return code.co_filename


class _Latest:
    """The time of the last stamp of all: nodes younger than that need no check."""

    __slots__ = ("time",)

    def __init__(self) -> None:
        self.time = 0


latest = _Latest()

# By the id of the object that owns the memory; an entry leaves when its owner does.
stamps: dict[int, Stamp] = {}


class Overwritten:
    """Stands where a node saved an array that the node's own in-place write destroyed."""

    __slots__ = ("array", "where")

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        self.where = users_line()


def owner(array: np.ndarray) -> Any:
    """The object whose memory `array` looks at: itself, or the end of its chain of bases."""
    found: Any = array
    base = array.base
    while base is not None:
        found = base
        base = getattr(base, "base", None)
    return found


class _Apart:
    """The memory of an array under another name; `base` as arrays have it."""

    __slots__ = ("__array_interface__", "__weakref__", "array", "base")

    def __init__(self, array: np.ndarray, base: np.ndarray | None = None) -> None:
        self.array = array
        self.base = base
        self.__array_interface__ = array.__array_interface__


def apart(array: np.ndarray) -> np.ndarray:
    """The same memory with another `owner`: writes through it leave no stamp on `array`."""
    whole = block(array)
    twin = np.asarray(_Apart(whole))
    if whole is not array:
        twin = np.asarray(_Apart(array, twin))
    return twin if twin.dtype == array.dtype else twin.view(array.dtype)  # bfloat16


def block(array: np.ndarray) -> np.ndarray:
    """The last array in the chain of bases of `array`: all the memory that it may look into."""
    found, base = array, array.base
    while base is not None:
        if isinstance(base, np.ndarray):
            found = base
        base = getattr(base, "base", None)
    return found


def stamp(array: np.ndarray, where: Any = None) -> None:
    """Record that the memory of `array` has just been overwritten by the caller's line."""
    block = owner(array)
    key = id(block)
    entry = stamps.get(key)
    if entry is None:

        def forget(_: Any, key: int = key) -> None:
            stamps.pop(key, None)

        try:
            alive = weakref.ref(block, forget)
        except TypeError:  # `bytes` and the like cannot be watched, nor can they be written to
            return
        entry = stamps[key] = Stamp(alive)
    entry.time = latest.time = tick()
    entry.writes += 1
    entry.place = users_place() if where is None else where


def stamp_all(tensors: Any, where: Any) -> None:
    """`stamp` for many tensors at once: what an optimizer's step has written."""
    now = tick()
    for tensor in tensors:
        entry = stamps.get(id(tensor._data))
        if entry is None:
            stamp(tensor._data, where)
        else:
            entry.time = now
            entry.writes += 1
            entry.place = where
    latest.time = max(latest.time, now)


def writes(array: np.ndarray) -> int:
    """How often the memory of `array` has been written in place (``Tensor._version``)."""
    entry = stamps.get(id(owner(array)))
    return 0 if entry is None else entry.writes


def overwritten(value: Any, since: int) -> Stamp | Overwritten | None:
    """The stamp on the memory of `value` (an array, or a list of them) if later than `since`."""
    if isinstance(value, np.ndarray):
        entry = stamps.get(id(owner(value)))
        return entry if entry is not None and entry.time > since else None
    if type(value) in (tuple, list):
        for part in value:
            found = overwritten(part, since)
            if found is not None:
                return found
    return value if type(value) is Overwritten else None


def users_place() -> tuple[Any, int]:
    """The code and instruction of the innermost frame outside minitorch."""
    frame = sys._getframe(2)
    while frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return frame.f_code, frame.f_lasti


def users_line() -> str:
    """``file:line`` of the innermost frame outside minitorch."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        if frame.f_back is None:
            break
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
