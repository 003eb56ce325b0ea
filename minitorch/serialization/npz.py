"""NumPy's ``.npz``: a zip archive with one ``.npy`` file for each array.

The format of those: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.  NumPy
evaluates their header as Python; here it is matched with the one form that plain arrays have.
"""

from __future__ import annotations

import io
import math
import re
from typing import Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import wrap
from minitorch.serialization.archive_reader import STORED, ArchiveReader
from minitorch.serialization.archive_writer import ArchiveWriter
from minitorch.serialization.safetensors import tensors_of
from minitorch.serialization.source import Source
from minitorch.serialization.storage import MAX_DIMS, fits
from minitorch.tensor import Tensor

MAGIC = b"\x93NUMPY"
HEADER = re.compile(
    r"\{\s*'descr':\s*'(?P<descr>[^']{1,20})',\s*'fortran_order':\s*(?P<fortran>True|False),"
    r"\s*'shape':\s*\((?P<shape>([0-9]{1,18}L?(, *|(?=\))))*)\),?\s*\}\s*"
)
NUMBERS = re.compile(r"[<>|=][biufc][0-9]{1,2}")


def is_npz(archive: ArchiveReader) -> bool:
    """Whether all members of a zip archive are arrays."""
    return all(name.endswith(".npy") for name in archive.members)


def write_npz(file: Any, obj: Any) -> None:
    """Write a dictionary of tensors to a file open for writing."""
    arrays = tensors_of(obj, "npz")
    for name, array in arrays.items():
        if array.dtype.kind == "V":
            raise TypeError(f"{name!r} is bfloat16, which npz does not have; use '.pt'")
    archive = ArchiveWriter(file)
    for name, array in arrays.items():
        head = io.BytesIO()
        np.lib.format.write_array_header_1_0(head, np.lib.format.header_data_from_array_1_0(array))
        archive.add(f"{name}.npy", head.getvalue(), array.reshape(-1).view(np.uint8))
    archive.close()


def read_npz(archive: ArchiveReader, mmap: bool = False) -> dict[str, Tensor]:
    """The tensors of an archive, by name."""
    return {
        name.removesuffix(".npy"): wrap(_read_member(archive, name, mmap))
        for name in archive.members
    }


def _read_member(archive: ArchiveReader, name: str, mmap: bool) -> np.ndarray:
    source = archive.source
    member, position = archive.locate(name)
    lazily = mmap and member.method == STORED
    data = source.mapped(position, member.size) if lazily else archive.read(name)
    dtype, shape, fortran, start = _header(source, name, data)
    content = np.frombuffer(memoryview(data)[start:], np.uint8)  # memory of its own, by its looks
    if content.__array_interface__["data"][0] % dtype.alignment:
        content = content.copy()
    if content.size != math.prod(shape) * dtype.itemsize:
        raise source.error(
            f"damaged: {name!r} of shape {shape} needs {math.prod(shape) * dtype.itemsize:,} "
            f"bytes, and has {content.size:,}"
        )
    array = content.view(dtype).reshape(shape, order="F" if fortran else "C")
    return array.astype(from_numpy_dtype(dtype).dtype, copy=False)  # in the machine's byte order


def _header(
    source: Source, name: str, data: np.ndarray
) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """The dtype and shape of an array, whether its first axis is the fastest; its first byte."""
    head = bytes(data[:12])
    if len(head) < 12 or not head.startswith(MAGIC) or head[6] not in (1, 2, 3):
        raise source.error(f"damaged: {name!r} is no array")
    begin = 10 if head[6] == 1 else 12
    length = int.from_bytes(head[8:begin], "little")
    if length > 10_000:
        raise source.error(f"damaged: the header of {name!r} has {length:,} bytes")
    text = bytes(data[begin : begin + length]).decode("latin1")
    found = HEADER.fullmatch(text)
    if found is None:
        raise source.error(
            f"{name!r} is damaged, or no plain array of numbers: its header is {text[:60]!r}"
        )
    if not NUMBERS.fullmatch(found["descr"]):
        raise source.error(
            f"{name!r} holds {found['descr']!r}: text, objects and records are not loaded"
        )
    numbers = [int(n.strip().rstrip("L")) for n in found["shape"].split(",") if n.strip()]
    try:
        dtype = np.dtype(found["descr"])
        from_numpy_dtype(dtype)
    except TypeError:
        raise source.error(
            f"{name!r} holds {found['descr']!r}, for which minitorch has no dtype"
        ) from None
    if len(numbers) > MAX_DIMS:
        raise source.error(f"{name!r} has {len(numbers)} dimensions")
    if not fits(numbers, dtype.itemsize):
        raise source.error(f"damaged: {name!r} of shape {tuple(numbers)} is too large")
    return dtype, tuple(numbers), found["fortran"] == "True", begin + length
