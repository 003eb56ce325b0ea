"""Reading the format from before PyTorch 1.6: pickles one after the other, then the memory.

A magic number, a version, facts about the machine, the object, the keys of the storages; then for
each its number of elements and its bytes.  Tensors are made before their memory is read, so it is
set aside first: in all not more than the file has.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

from minitorch.serialization.pt import Place, check_storage_key, unpickle, unpickle_trusted
from minitorch.serialization.source import Source
from minitorch.serialization.storage import Storage

MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # 0x1950a86a20f9469cfc6c, pickled
VERSION = 1001


def is_legacy(start: bytes) -> bool:
    """Whether a file that begins with `start` is a pickle, of PyTorch or of somebody else."""
    return start.startswith(b"\x80")


def read_legacy(source: Source, place: Place, weights_only: bool, **options: Any) -> Any:
    """What was saved by ``torch.save`` before PyTorch 1.6."""
    file = source.file
    file.seek(source.start)
    if file.read(len(MAGIC)) != MAGIC:
        file.seek(source.start)
        unpickle(source, file, source.size, _no_storage(source))  # names what is not admitted
        raise source.error("it is a pickle, but none that torch.save has written")
    version = unpickle(source, file, source.size, _no_storage(source))
    machine = unpickle(source, file, source.size, _no_storage(source))
    if version != VERSION or type(machine) is not dict:
        raise source.error(f"damaged, or of an unknown version: {version!r}"[:200])
    if machine.get("little_endian") is not True:
        raise source.error("its numbers are big-endian")
    stored: dict[str, tuple[Any, Storage]] = {}
    room = source.size

    def load_storage(key: Any) -> Storage:
        nonlocal room
        if type(key) is not tuple or len(key) != 6 or key[5] is not None:
            raise source.error("damaged: its pickle refers to a storage in an unknown way")
        kind, name, location, count = check_storage_key(source, key[:5])
        if name not in stored:
            size = count * (1 if kind.dtype is None else kind.dtype.itemsize)
            room -= size
            if room < 0:
                raise source.error(f"truncated or damaged: storage {name!r} has {size:,} bytes")
            storage = place(Storage(np.empty(size, np.uint8), kind.dtype), location)
            stored[name] = (kind.dtype, count), storage
        known, storage = stored[name]
        if known != (kind.dtype, count):
            raise source.error(f"damaged: its pickle says two things of storage {name!r}")
        return storage

    def read_object() -> Any:
        if weights_only:
            return unpickle(source, file, source.size, load_storage)
        return unpickle_trusted(file, load_storage, **options)

    start = file.tell()
    result = read_object()
    keys = unpickle(source, file, source.size, _no_storage(source))
    if type(keys) is not list or sorted(map(str, keys)) != sorted(stored):
        raise source.error("damaged: its list of storages")
    storages = [stored[key][1] for key in keys]
    _fill(source, storages)
    if any(storage.copied for storage in storages):  # by a conjugate, before its numbers were there
        for storage in storages:
            storage.copied = 0
        file.seek(start)
        result = read_object()
    return result


def _fill(source: Source, storages: list[Storage]) -> None:
    """Read the memory of the storages, which stands at the end of the file."""
    position = source.file.tell() - source.start
    for storage in storages:
        (count,) = struct.unpack("<q", source.read(position, 8))
        if count != len(storage):
            raise source.error(f"damaged: a storage of {count:,} elements, not {len(storage):,}")
        source.fill(position + 8, storage.data)
        position += 8 + storage.data.size
    if position != source.size:
        raise source.error("damaged: there is something behind its end")


def _no_storage(source: Source) -> Any:
    def load_storage(key: Any) -> Storage:
        raise source.error("damaged: a storage where none belongs")

    return load_storage
