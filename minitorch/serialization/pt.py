"""PyTorch's own format, ``.pt``: a zip archive of a pickle, and of the memory of its tensors."""

from __future__ import annotations

import io
import pickle
import zlib
from collections.abc import Callable
from typing import Any

from minitorch.devices import device, require_cpu
from minitorch.errors import LoadError
from minitorch.serialization import names
from minitorch.serialization.archive_reader import STORED, ArchiveReader
from minitorch.serialization.archive_writer import ArchiveWriter
from minitorch.serialization.contents import check_plain
from minitorch.serialization.pickler import PROTOCOL, Pickler
from minitorch.serialization.source import Source
from minitorch.serialization.storage import Storage
from minitorch.serialization.unpickler import Call, Unpickler

FOLDER = "archive"
FORMAT = b"3\n"  # the version of the format, as of PyTorch 2

Place = Callable[[Storage, str], Storage]  # what `map_location` comes down to


def write_pt(file: Any, obj: Any, protocol: int = PROTOCOL) -> None:
    """Write `obj` to a file open for writing."""
    buffer = io.BytesIO()
    pickler = Pickler(buffer, protocol)
    try:
        pickler.dump(obj)
    except RecursionError:
        raise ValueError("what is to be saved is nested too deeply, or holds itself") from None
    archive = ArchiveWriter(file)
    archive.add(f"{FOLDER}/data.pkl", buffer.getbuffer())
    archive.add(f"{FOLDER}/byteorder", b"little")
    for key, memory in pickler.storages.items():
        archive.add(f"{FOLDER}/data/{key}", memory)
    archive.add(f"{FOLDER}/version", FORMAT)
    number = zlib.crc32(buffer.getbuffer())  # an archive is known by its content
    archive.add(f"{FOLDER}/.data/serialization_id", f"{number:040d}".encode())
    archive.close()


def read_pt(
    archive: ArchiveReader, place: Place, weights_only: bool, mmap: bool, **options: Any
) -> Any:
    """What was saved in an archive that has a ``data.pkl``."""
    source = archive.source
    folder = pickle_folder(archive)
    if any(member.method != STORED for member in archive.members.values()):
        raise source.error("it is compressed, which PyTorch's files are not; unzip and zip it anew")
    if f"{folder}/constants.pkl" in archive.members:
        raise source.error("it is a TorchScript program; save its state_dict() with torch.save")
    if f"{folder}/byteorder" in archive.members:
        order = bytes(archive.read(f"{folder}/byteorder"))
        if order != b"little":
            raise source.error(f"its numbers are {order[:10].decode('latin1')}-endian")
    content = archive.read(f"{folder}/data.pkl").tobytes()
    stored: dict[str, tuple[str, Storage]] = {}

    def load_storage(key: Any) -> Storage:
        kind, name, location, count = check_storage_key(source, key)
        if name not in stored:
            stored[name] = location, place(read_storage(kind, name), location)
        known_location, storage = stored[name]
        if storage.dtype is not kind.dtype or len(storage) != count or location != known_location:
            raise source.error(f"damaged: its pickle says two things of storage {name!r}")
        return storage

    def read_storage(kind: names.StorageType, name: str) -> Storage:
        member = f"{folder}/data/{name}"
        if not mmap:
            return Storage(archive.read(member), kind.dtype)
        found, position = archive.locate(member)
        return Storage(source.mapped(position, found.size), kind.dtype)

    if not weights_only:
        return unpickle_trusted(io.BytesIO(content), load_storage, **options)
    return unpickle(source, io.BytesIO(content), len(content), load_storage)


def pickle_folder(archive: ArchiveReader) -> str | None:
    """The folder of the archive that has the ``data.pkl``; None if there is none."""
    found = [name for name in archive.members if name.endswith("/data.pkl")]
    found = [name for name in found if name.count("/") == 1]
    return found[0].partition("/")[0] if len(found) == 1 else None


def check_storage_key(source: Source, key: Any) -> tuple[names.StorageType, str, str, int]:
    """The parts of a reference from the pickle to a storage: its kind, name, place and length."""
    if type(key) is not tuple or len(key) != 5 or key[0] != "storage":
        raise source.error("damaged: its pickle refers to something that is not a storage")
    _, kind, name, location, count = key
    good = type(kind) is names.StorageType and type(name) is type(location) is str
    if not good or type(count) is not int or count < 0:
        raise source.error("damaged: its pickle refers to a storage in an unknown way")
    return kind, name, location, count


def unpickle(source: Source, file: Any, limit: int, load_storage: Callable[[Any], Storage]) -> Any:
    """The object in a pickle, if it is made of tensors and plain data."""

    def find(name: str) -> Any:
        found = names.find_admitted(name)
        if found is None:
            raise source.error(names.refusal(name))
        return found

    unpickler = Unpickler(file, limit, source.size, find, load_storage, source.error)
    result = unpickler.load()
    unpickler.forget()
    check_plain(result, unpickler.trusted, source.error)
    return result


def unpickle_trusted(file: Any, load_storage: Callable[[Any], Storage], **options: Any) -> Any:
    """The object in a pickle that may run any code (``weights_only=False``)."""

    class Trusting(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            known = names.find_admitted(f"{module}.{name}")
            if known is None:
                return super().find_class(module, name)
            return known.function if type(known) is Call and known.trusted else known

        def persistent_load(self, key: Any) -> Any:
            return load_storage(key)

    return Trusting(file, **options).load()


def placing(map_location: Any, error: Callable[[str], LoadError]) -> Place:
    """`map_location` as a function of a storage and the name of the device it was saved from.

    None (where it was), a device or its name (there), a dictionary of names, or a function that
    gives a storage or None.
    """

    def place(storage: Storage, location: str) -> Storage:
        goal = map_location
        if isinstance(map_location, dict):
            goal = map_location.get(location)
        elif callable(map_location):
            placed = map_location(storage, location)
            if placed is not None and not isinstance(placed, Storage):
                raise TypeError(
                    f"map_location must return a storage or None, got {type(placed).__name__}"
                )
            return place_there(storage, location) if placed is None else placed
        if goal is None:
            return place_there(storage, location)
        require_cpu(goal if isinstance(goal, device) else str(goal))
        return storage

    def place_there(storage: Storage, location: str) -> Storage:
        if location != "cpu":
            raise error(
                f"its tensors were saved from {location[:40]!r}, and minitorch computes on the "
                "CPU: load it with map_location='cpu'"
            )
        return storage

    return place
