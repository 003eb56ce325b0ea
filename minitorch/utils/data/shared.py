"""Batches from process to process: large arrays through shared memory, the rest by pickle.

A batch is pickled with its arrays left out (protocol 5); they are copied into a *segment*, and the
receiver's arrays look into the same memory.  A segment has no name in the file system: it is
memory that lives as long as a process has it open, however the processes end, so none can leak.
When the receiver's last array on a segment is gone, its number goes back with the next task, and
the sender uses it again, with all its pages in place.
"""

from __future__ import annotations

import copyreg
import io
import itertools
import mmap
import os
import pickle
import socket
import tempfile
import weakref
from collections import deque
from typing import Any, NamedTuple

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import wrap
from minitorch.tensor import Tensor

SHARED_FROM = 1 << 15  # bytes: smaller batches are faster through the pipe
LEFT_OUT_FROM = 1 << 9  # bytes: smaller arrays stay in the pickle
MOST_HELD = 32  # segments whose arrays the program keeps; more are copied, and given back
ALIGNED = 64  # bytes, for fast vector loads
POSIX = os.name == "posix"


class Parcel(NamedTuple):
    """A pickled batch. `segment` is None if its buffers travel along, else (number, size, name):
    the buffers, and the pickle too if it is None here, lie there from `spans[i][0]` for
    `spans[i][1]` bytes; `fresh` if the receiver has not seen the segment; the sender is done with
    those in `dropped`."""

    pickle: bytes | None
    buffers: list[bytearray]
    segment: tuple[int, int, str] | None = None
    spans: tuple[tuple[int, int], ...] = ()
    fresh: bool = False
    dropped: tuple[int, ...] = ()


class Sender:
    """The worker's side (the program's, where it sends spawned workers their dataset)."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.numbers = itertools.count()
        self.segments: dict[int, mmap.mmap] = {}
        self.free: list[int] = []

    def pack(
        self, value: Any, kind: type[pickle.Pickler] = pickle.Pickler
    ) -> tuple[Parcel, int | None]:
        """A parcel, and the handle to send after it if its segment is new."""
        buffers: list[pickle.PickleBuffer] = []

        def leave_out(buffer: pickle.PickleBuffer) -> bool:
            small = buffer.raw().nbytes < LEFT_OUT_FROM
            if not small:
                buffers.append(buffer)
            return small

        stream = io.BytesIO()
        pickler = kind(stream, 5, buffer_callback=leave_out)
        pickler.dispatch_table = REDUCED
        pickler.dump(value)
        pieces: list[Any] = [buffer.raw() for buffer in buffers]
        pickled: bytes | None = stream.getvalue()
        if pickled is not None and len(pickled) >= SHARED_FROM:
            pieces.append(memoryview(pickled))
            pickled = None
        spans, end = [], 0
        for piece in pieces:
            spans.append((end, piece.nbytes))
            end += -(-piece.nbytes // ALIGNED) * ALIGNED
        if pickled is not None and end < SHARED_FROM:
            return Parcel(pickled, [bytearray(piece) for piece in pieces]), None
        before = set(self.segments)
        number, handle, name = self._segment(end)
        memory = self.segments[number]
        for piece, (start, size) in zip(pieces, spans):
            # NumPy copies faster than a slice assignment does.
            np.frombuffer(memory, np.uint8, size, start)[:] = np.frombuffer(piece, np.uint8)
        segment = (number, len(memory), name)
        dropped = tuple(before - set(self.segments))
        return Parcel(pickled, [], segment, tuple(spans), handle is not None, dropped), handle

    def send(self, message: Any, handle: int | None) -> None:
        self.connection.send(message)
        if handle is not None and handle >= 0:
            with _socket(self.connection) as channel:
                socket.send_fds(channel, [b"!"], [handle])
            os.close(handle)

    def _segment(self, size: int) -> tuple[int, int | None, str]:
        """Number, handle if it is new, and name of a segment that nobody uses."""
        for number in self.free:
            if len(self.segments[number]) >= size:
                self.free.remove(number)
                return number, None, ""
        for number in self.free:  # all too small
            del self.segments[number]
        self.free.clear()
        size += size // 8  # a slightly larger batch fits too
        size = -(-size // mmap.PAGESIZE) * mmap.PAGESIZE
        number = next(self.numbers)
        if not POSIX:
            name = f"minitorch-{os.getpid()}-{number}"
            self.segments[number] = mmap.mmap(-1, size, tagname=name)  # type: ignore[call-arg]
            return number, -1, name
        handle = _nameless()
        os.ftruncate(handle, size)
        self.segments[number] = mmap.mmap(handle, size)
        return number, handle, ""


def _reduced(tensor: Tensor) -> Any:
    """A Tensor without the copy that it makes of itself for `pickle`: the segment is one."""
    if tensor._node is None and not tensor.__dict__:
        return _arrived, (tensor._data,)
    if not tensor.is_leaf:
        raise RuntimeError("a tensor cannot take its history along to another process: detach() it")
    return tensor.__reduce_ex__(5)


def _arrived(array: np.ndarray) -> Any:
    # An unpickled array has a dtype object of its own: equal, but not the one that is known.
    return wrap(array.view(from_numpy_dtype(array.dtype).dtype))


REDUCED = {**copyreg.dispatch_table, Tensor: _reduced}


def _socket(connection: Any) -> socket.socket:
    """The socket that a pipe of `multiprocessing` is made of; open files can be sent through it."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=os.dup(connection.fileno()))


def _nameless() -> int:
    """A file that is nowhere but in memory (or, where the system has no such, unlinked)."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("minitorch-batch")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class Receiver:
    """The program's side."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.segments: dict[int, mmap.mmap] = {}
        self.watched: dict[int, weakref.ref[Any]] = {}
        self.returned: deque[int] = deque()

    def unpack(self, parcel: Parcel) -> Any:
        """The batch; to be called right after the message with its parcel has arrived."""
        if parcel.segment is None:
            assert parcel.pickle is not None
            return pickle.loads(parcel.pickle, buffers=parcel.buffers)
        number, size, name = parcel.segment
        for old in parcel.dropped:
            del self.segments[old]
        if parcel.fresh:
            self._open(number, size, name)
        root = np.frombuffer(self.segments[number], np.uint8)
        memory = memoryview(root)
        pieces = [memory[start : start + length] for start, length in parcel.spans]
        pickled = parcel.pickle
        if pickled is None:
            pickled = bytes(pieces.pop())
        watched, returned = self.watched, self.returned
        if len(watched) >= MOST_HELD:
            # Each held segment is an open file, and of those a process may have a thousand.
            returned.append(number)
            return pickle.loads(pickled, buffers=[bytearray(piece) for piece in pieces])

        def gone(_: Any) -> None:
            watched.pop(number, None)
            returned.append(number)

        # Every array of the batch keeps `root` alive through the memoryview under it.
        watched[number] = weakref.ref(root, gone)
        return pickle.loads(pickled, buffers=pieces)

    def give_back(self) -> list[int]:
        """The numbers of segments that the sender may use again."""
        numbers = []
        while self.returned:
            numbers.append(self.returned.popleft())
        return numbers

    def _open(self, number: int, size: int, name: str) -> None:
        if not POSIX:
            self.segments[number] = mmap.mmap(-1, size, tagname=name)  # type: ignore[call-arg]
            return
        with _socket(self.connection) as channel:
            _, handles, _, _ = socket.recv_fds(channel, 1, 1)
        if not handles:
            raise OSError("no shared memory came: are too many files open?")
        handle = handles[0]
        try:
            self.segments[number] = mmap.mmap(handle, size)
        finally:
            os.close(handle)
