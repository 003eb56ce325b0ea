"""Reading from a file that is not to be trusted: no more is asked for than there is."""

from __future__ import annotations

import contextlib
import io
import mmap
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from minitorch.errors import LoadError

ALIGNMENT = 16  # bytes: the itemsize of complex128, the widest dtype
SHOWN = 400  # characters of a long error, at its beginning and at its end


class Source:
    """The bytes of a file, by position.

    What lies beyond its end is refused before any memory is set aside for it.
    """

    def __init__(self, file: Any, name: str) -> None:
        self.file = file
        self.name = name
        self.start = file.tell()
        self.size = file.seek(0, os.SEEK_END) - self.start
        self._pages: memoryview | None = None

    def error(self, problem: str) -> LoadError:
        """The error to raise about this file."""
        if len(problem) > 2 * SHOWN:  # names may have thousands of characters
            problem = f"{problem[:SHOWN]} ... {problem[-SHOWN:]}"
        return LoadError(f"cannot load {self.name}: {problem}")

    def _seek(self, position: int, count: int) -> None:
        if position < 0 or count < 0 or position + count > self.size:
            raise self.error(
                f"truncated or damaged: bytes {position:,} to {position + count:,} are asked for, "
                f"the file has {self.size:,}"
            )
        self.file.seek(self.start + position)

    def read(self, position: int, count: int) -> bytes:
        """`count` bytes from `position` on."""
        self._seek(position, count)
        data = self.file.read(count)
        if len(data) != count:
            raise self.error("truncated while it was read")
        return data

    def array(self, position: int, count: int) -> np.ndarray:
        """`count` bytes from `position` on, in memory of their own: shape ``(count,)``, uint8."""
        self._seek(position, count)  # before memory is set aside
        data = np.empty(count, np.uint8)
        self.fill(position, data)
        return data

    def fill(self, position: int, data: np.ndarray) -> None:
        """Read the bytes from `position` on into `data`, shape ``(count,)``, uint8."""
        count = data.size
        self._seek(position, count)
        view = memoryview(data)
        done = 0
        while done < count:
            got = self.file.readinto(view[done : done + (1 << 30)])
            if not got:
                raise self.error("truncated while it was read")
            done += got

    def mapped(self, position: int, count: int) -> np.ndarray:
        """The same bytes, read from the disk only when they are used.

        Writes to them do not reach the file.
        """
        self._seek(position, count)
        if count == 0:
            return np.empty(0, np.uint8)
        if self._pages is None:
            self._pages = memoryview(mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_COPY))
        # A memoryview each, for the clock tells memory apart by the object that owns it.
        data = np.frombuffer(self._pages[position : position + count], np.uint8)
        aligned = data.__array_interface__["data"][0] % ALIGNMENT == 0
        return data if aligned else data.copy()


@contextlib.contextmanager
def open_source(f: Any) -> Iterator[Source]:
    """The bytes of a path, or of a file object from where it stands."""
    if isinstance(f, (str, os.PathLike)):
        with open(f, "rb") as file:
            yield Source(file, repr(os.fspath(f)))
        return
    if not callable(getattr(f, "read", None)):
        raise AttributeError(
            f"load() needs a path or a file open for reading, got {type(f).__name__}"
        )
    usable = callable(getattr(f, "readinto", None)) and _seekable(f)
    if isinstance(f, io.TextIOBase):
        raise TypeError("load() needs a file open in binary mode: open(path, 'rb')")
    yield Source(f if usable else io.BytesIO(f.read()), f"{getattr(f, 'name', type(f).__name__)!r}")


def _seekable(f: Any) -> bool:
    return bool(callable(getattr(f, "seekable", None)) and f.seekable())
