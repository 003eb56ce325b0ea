"""The safetensors format: a header in JSON, then the tensors one after the other.

https://huggingface.co/docs/safetensors: eight bytes with the length of the header, the header
``{"name": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, ...}``, the bytes of all
tensors without gaps.  It has room for text under ``__metadata__``: there stands a checksum, since
the format knows none.  It is looked at where it is, so files of others load as well.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from minitorch.dtypes import BY_NAME, DType, from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.serialization.header import HeaderReader, TensorEntry
from minitorch.serialization.source import Source
from minitorch.serialization.storage import fits
from minitorch.tensor import Tensor

DTYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "I32": "int32", "I64": "int64",
    "F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64", "C64": "complex64",
}  # fmt: skip
CODES = {name: code for code, name in DTYPES.items()}
MAX_HEADER = 100_000_000  # bytes, as in the original
WRITER, CHECKSUM = "minitorch", "crc32"  # both: a damaged file shall not pass for one without
EMPTY = "00000000"  # stands for the checksum while it is worked out
BLANK = re.compile(rb'("crc32":\s*")[0-9a-f]{8}(?=")')


def is_safetensors(start: bytes) -> bool:
    """Whether a file may be one that begins with `start`."""
    return len(start) >= 9 and start[8:9] == b"{"


def write_safetensors(file: Any, obj: Any, metadata: Mapping[str, str] | None = None) -> None:
    """Write a dictionary of tensors to a file open for writing."""
    arrays = tensors_of(obj, "safetensors")
    entries: dict[str, Any] = {
        "__metadata__": {
            "format": "pt", **(metadata or {}), WRITER: "1", CHECKSUM: EMPTY,
        }
    }  # fmt: skip
    # The bytes of the widest dtypes come first: then every tensor is aligned.
    order = sorted(arrays, key=lambda name: (-arrays[name].itemsize, name))
    end, ends = 0, {}
    for name in order:
        ends[name] = end = end + arrays[name].nbytes
    for name in arrays:
        dtype = from_numpy_dtype(arrays[name].dtype).name
        if dtype not in CODES:
            raise TypeError(f"{name!r} is {dtype}, which safetensors does not have; use '.pt'")
        if name == "__metadata__":
            raise ValueError("'__metadata__' cannot be the name of a tensor in safetensors")
        shape, offsets = list(arrays[name].shape), [ends[name] - arrays[name].nbytes, ends[name]]
        entries[name] = {"dtype": CODES[dtype], "shape": shape, "data_offsets": offsets}
    header = json.dumps(entries, separators=(",", ":"), ensure_ascii=False).encode()
    header += b" " * (-len(header) % 8)
    crc = zlib.crc32(header)
    for name in order:
        crc = zlib.crc32(_bytes(arrays[name]), crc)
    file.write(len(header).to_bytes(8, "little"))
    file.write(header.replace(EMPTY.encode(), f"{crc:08x}".encode(), 1))
    for name in order:
        file.write(_bytes(arrays[name]))


def tensors_of(obj: Any, format: str) -> dict[str, np.ndarray]:
    """The arrays of a dictionary of tensors, contiguous; TypeError for anything else."""
    if not isinstance(obj, Mapping):
        raise TypeError(
            f"{format} holds a dictionary of tensors, not a {type(obj).__name__}; use '.pt'"
        )
    arrays = {}
    for name, value in obj.items():
        if not isinstance(name, str) or not isinstance(value, TensorState):
            raise TypeError(
                f"{format} holds tensors by name, but {name!r} is a {type(value).__name__}: "
                "for nested and other data use '.pt'"
            )
        arrays[name] = np.asarray(value._data, order="C")
    return arrays


def _bytes(array: np.ndarray) -> Any:
    return memoryview(array.reshape(-1).view(np.uint8))


def read_safetensors(source: Source, mmap: bool = False) -> dict[str, Tensor]:
    """The tensors of a file, by name."""
    length = int.from_bytes(source.read(0, 8), "little")
    if length > min(MAX_HEADER, source.size - 8):
        raise source.error(f"damaged: its header of {length:,} bytes does not fit into the file")
    header = source.read(8, length)
    metadata, entries = HeaderReader(header, source.error).read()
    data = 8 + length
    dtypes = {entry.name: _dtype(source, entry) for entry in entries}
    in_order = _laid_out(source, entries, source.size - data)
    crc = zlib.crc32(BLANK.sub(rb"\g<1>" + EMPTY.encode(), header, count=1))
    arrays = {}
    for entry in in_order:
        size = entry.end - entry.start
        read = source.mapped if mmap else source.array
        raw = read(data + entry.start, size)
        crc = crc if mmap else zlib.crc32(memoryview(raw), crc)
        arrays[entry.name] = raw.view(dtypes[entry.name].dtype).reshape(entry.shape)
    if not mmap and (WRITER in metadata or CHECKSUM in metadata):
        if metadata.get(CHECKSUM) != f"{crc:08x}":
            raise source.error("damaged: it does not have its checksum")
    return {entry.name: wrap(arrays[entry.name]) for entry in entries}


def _laid_out(source: Source, entries: list[TensorEntry], size: int) -> list[TensorEntry]:
    """The tensors in the order of their bytes: each byte must belong to one of them."""
    in_order = sorted(entries, key=lambda entry: (entry.start, entry.end))
    end = 0
    for entry in in_order:
        if entry.start != end or entry.end < entry.start:
            raise source.error(f"damaged: {entry.name!r} does not begin where the last tensor ends")
        end = entry.end
    if end != size:
        raise source.error(f"truncated or damaged: {size:,} bytes of data instead of {end:,}")
    return in_order


def _dtype(source: Source, entry: TensorEntry) -> DType:
    """The dtype of a tensor, whose number of bytes must be what its shape needs."""
    name = DTYPES.get(entry.dtype)
    if name is None:
        raise source.error(
            f"{entry.name!r} is {entry.dtype[:20]!r}, for which minitorch has no dtype"
        )
    needed = math.prod(entry.shape) * BY_NAME[name].itemsize
    if needed != entry.end - entry.start:
        raise source.error(
            f"damaged: {entry.name!r} of shape {entry.shape} needs {needed:,} bytes, "
            f"and has {entry.end - entry.start:,}"
        )
    if not fits(entry.shape, BY_NAME[name].itemsize):
        raise source.error(f"damaged: {entry.name!r} of shape {entry.shape} is too large")
    return BY_NAME[name]
