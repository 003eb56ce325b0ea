"""Reading files of data: MNIST's IDX, ``.npz``, CSV and text, any of them packed by gzip too.

Every reader returns what the file holds as NumPy arrays (text as a string).  A file that cannot be
right is refused with `BadFile`, whose message is one line: which file, what is wrong, and where it
helps, what to do.  Files come from strangers, so nothing here runs code from a file (no pickle),
and nothing is believed before it was compared with what is really there: a header that promises
more than the file holds is a truncated file.
"""

from __future__ import annotations

import csv
import gzip
import io
import math
import os
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from minitorch.errors import LoadError
from minitorch.serialization.archive_reader import FREE, RATIO, ArchiveReader
from minitorch.serialization.source import open_source

__all__ = [
    "BadFile", "Table", "read_bytes", "read_csv", "read_idx", "read_mnist", "read_npz", "read_text",
]  # fmt: skip

AnyPath = str | os.PathLike[str]


class BadFile(ValueError):
    """A file is missing, damaged, or not what it should be: one line that says which and why."""


def read_bytes(path: AnyPath) -> bytes:
    """The whole file, unpacked if it is gzip; an empty one is refused."""
    path = Path(path)
    if not path.exists():
        raise BadFile(f"{path} does not exist")
    if not path.is_file():
        raise BadFile(f"{path} is not a regular file")
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = _unpacked(content, path)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise BadFile(f"{path} is truncated or damaged: its gzip data end too early") from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise BadFile(f"{path} is empty")
    return content


def _unpacked(packed: bytes, path: Path) -> bytes:
    """What is in gzip data; refused before it becomes many times as large."""
    limit = max(FREE, RATIO * len(packed))
    with gzip.open(io.BytesIO(packed)) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise BadFile(
            f"{path} would become more than {limit:,} bytes when unpacked, from {len(packed):,}: "
            "that looks like an attack. If you trust it, unpack it first"
        )
    return content


def read_text(path: AnyPath, encoding: str = "utf-8") -> str:
    """A text, with its line ends as ``\\n``."""
    content = read_bytes(path)
    try:
        text = content.decode("utf-8-sig" if encoding == "utf-8" else encoding)
    except UnicodeDecodeError as error:
        raise BadFile(f"{path} is not text in {encoding}: byte {error.start} is wrong") from None
    if "\0" in text:
        raise BadFile(f"{path} is not text: it has a zero byte at {text.index(chr(0))}")
    return text.replace("\r\n", "\n").replace("\r", "\n")


# .npz --------------------------------------------------------------------------------------------


def read_npz(path: AnyPath, names: tuple[str, ...] = ()) -> dict[str, np.ndarray]:
    """The arrays of an ``.npz`` file; refused unless those in `names` are among them."""
    try:
        with open(path, "rb") as file:
            if file.read(6) == b"\x93NUMPY":
                raise BadFile(
                    f"{path} holds one array: save several with np.savez('data.npz', x=x, y=y)"
                )
        with open_source(path) as source:
            archive = ArchiveReader(source)
            arrays = {
                name.removesuffix(".npy"): _array(path, archive.read(name))
                for name in archive.members
            }
    except FileNotFoundError:
        raise BadFile(f"{path} does not exist") from None
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror or error}") from None
    except LoadError as error:
        reason = str(error).removeprefix(f"cannot load {os.fspath(path)!r}: ")
        raise BadFile(f"{path} is not an .npz file, or is damaged: {reason}") from None
    except BadFile:
        raise
    except Exception:  # NumPy raises several kinds on damaged headers
        raise BadFile(f"{path} is not an .npz file, or is truncated or damaged") from None
    for name in names:
        if name not in arrays:
            held = ", ".join(sorted(arrays)) or "nothing"
            raise BadFile(f"{path} has no array named {name!r} (it holds: {held})")
    return arrays


def _array(path: AnyPath, member: np.ndarray) -> np.ndarray:
    """The array in a member of an archive, which must have as many bytes as its header says."""
    content = io.BytesIO(memoryview(member))
    if member[:6].tobytes() != b"\x93NUMPY":
        return np.asarray(content.getvalue())  # a scalar of bytes, which nobody accepts
    first = np.lib.format.read_magic(content) == (1, 0)
    header = np.lib.format.read_array_header_1_0 if first else np.lib.format.read_array_header_2_0
    shape, by_columns, dtype = header(content)
    if dtype.hasobject:  # unpickling could run any code
        raise BadFile(
            f"{path} holds arrays of Python objects (dtype object), which are not read: "
            "save arrays of plain numbers"
        )
    elements = np.frombuffer(member, dtype, math.prod(shape), content.tell())
    return elements.reshape(shape, order="F" if by_columns else "C")


# IDX, the format of MNIST ------------------------------------------------------------------------
#
# Four bytes (0, 0, a code for the element type, the number of dimensions), then each dimension's
# size as a big-endian 32-bit number, then the elements, big-endian too.

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path: AnyPath) -> np.ndarray:
    """The array in an IDX file, such as ``train-images-idx3-ubyte.gz``.

    Shape: as in the header, ``(N, 28, 28)`` for MNIST's images; dtype: as there, in this machine's
    byte order.  Source: the description on Yann LeCun's page of MNIST.
    """
    content = read_bytes(path)
    if not content.startswith(b"\0\0"):
        raise BadFile(f"{path} is not an IDX file: it does not begin with two zero bytes")
    start = 4 + 4 * content[3] if len(content) >= 4 else 4
    if len(content) < start:
        raise BadFile(f"{path} is truncated: it ends within its IDX header")
    if content[2] not in IDX_TYPES or content[3] > 8:
        raise BadFile(f"{path} is not an IDX file: it begins with the bytes {content[:4].hex(' ')}")
    dtype = np.dtype(IDX_TYPES[content[2]])
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").tolist())
    promised, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if found != promised:
        state = "truncated" if found < promised else "damaged"
        raise BadFile(
            f"{path} is {state}: its header promises {promised:,} bytes "
            f"for shape {shape}, and {found:,} follow"
        )
    array = np.frombuffer(content, dtype=dtype, offset=start).reshape(shape)
    return array.astype(dtype.newbyteorder("="))


def read_idx_pair(images: AnyPath, labels: AnyPath) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels from two IDX files, which must fit."""
    x, y = read_idx(images), read_idx(labels)
    if x.ndim < 2:
        raise BadFile(f"{images} has shape {x.shape}, not that of images: give IMAGES, then LABELS")
    if y.ndim != 1:
        raise BadFile(f"{labels} has shape {y.shape}, not that of labels: give IMAGES, then LABELS")
    if len(x) != len(y):
        raise BadFile(f"{images} has {len(x):,} images and {labels} has {len(y):,} labels")
    return x, y


def read_mnist(folder: AnyPath, train: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Images ``(N, 28, 28)`` and labels ``(N,)``, uint8, from the folder with MNIST's four files.

    The files may be packed, and have a dash or a dot before ``idx``: ``train-images-idx3-ubyte``,
    ``t10k-labels.idx1-ubyte.gz``.  Fashion-MNIST, KMNIST and the like have the same names.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise BadFile(f"{folder} is not a folder: read_mnist() takes the one with MNIST's files")
    found = []
    for name, kind in (("images", "idx3-ubyte"), ("labels", "idx1-ubyte")):
        begin = f"{'train' if train else 't10k'}-{name}"
        options = [f"{begin}{dot}{kind}{end}" for dot in "-." for end in ("", ".gz")]
        path = next((folder / option for option in options if (folder / option).exists()), None)
        if path is None:
            raise BadFile(f"{folder} is a folder without MNIST's file {options[0]} (or .gz)")
        found.append(path)
    return read_idx_pair(*found)


# CSV ---------------------------------------------------------------------------------------------


class Table(NamedTuple):
    """What `read_csv` returns: `names` of the columns (None without a header), and `values`, one
    row per line, float64."""

    names: list[str] | None
    values: np.ndarray


def read_csv(path: AnyPath) -> Table:
    """A table of numbers separated by commas; the names of its columns if it has a header.

    Shape of the values: ``(lines, columns)``, float64.  Refused: cells that are no numbers, lines
    of other lengths than the first.  A first line without any number is a header; one with some
    numbers is data, for taken as a header, a damaged first line would vanish unseen, unless it
    names a column ``label``.
    """
    try:
        lines = read_text(path).split("\n")
    except BadFile as error:
        if "not text" in str(error):
            raise BadFile(f"{path} is not a CSV file: {str(error).partition(': ')[2]}") from None
        raise
    if not lines[-1]:
        del lines[-1]
    head = next((number for number, line in enumerate(lines) if line.strip()), None)
    if head is None:
        raise BadFile(f"{path} is empty")
    first = [cell.strip() for cell in _cells(lines[head])]
    width, names = len(first), None
    lower = [cell.lower() for cell in first]
    if "label" in lower or not any(_is_number(cell) for cell in first):
        names = lower
        head += 1
    if not any(line.strip() for line in lines[head:]):
        raise BadFile(f"{path} has a header and no samples")
    try:
        values = np.loadtxt(lines[head:], delimiter=",", comments=None, quotechar='"', ndmin=2)
    except ValueError:
        raise BadFile(f"{path} {_first_fault(lines, head, width)}") from None
    if values.shape[1] != width:
        raise BadFile(f"{path} {_first_fault(lines, head, width)}")
    return Table(names, values)


def _first_fault(lines: list[str], head: int, width: int) -> str:
    """Where a CSV file goes wrong. NumPy reads fast and says it less well, so look once more."""
    for number, line in enumerate(lines[head:], start=head + 1):
        cells = _cells(line)
        if cells and len(cells) != width:
            where = "the last line" if number == len(lines) else f"line {number}"
            hint = ": is it truncated?" if number == len(lines) else ""
            return f"has {len(cells)} columns in {where} and {width} in its first{hint}"
        for column, cell in enumerate(cells, start=1):
            if not _is_number(cell):
                return f"line {number}, column {column}: {cell[:40]!r} is not a number"
    return "cannot be read as numbers separated by commas"


def _cells(line: str) -> list[str]:
    return next(csv.reader([line]), [])


def _is_number(text: str) -> Any:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # float("1_000") is a number to Python alone
