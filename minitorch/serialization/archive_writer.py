"""Writing zip archives: what ``.pt`` and ``.npz`` files are made of.

Members are stored as they are, each beginning at a multiple of 64 bytes, so that a reader can map
them into memory.  Nothing is sought back to: any file that can be written to will do.
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

from minitorch.serialization.archive_reader import (
    CENTRAL,
    END,
    END64,
    LOCAL,
    LOCATOR64,
    UNKNOWN,
    UTF8,
)  # fmt: skip

ALIGNMENT = 64
PADDING = 0x4246  # "FB", the number that PyTorch uses for it
VERSION = 45  # of the zip format: that with 64-bit sizes
MIDNIGHT, FIRST_DAY = 0, 33  # 1980-01-01: equal contents make equal files


class ArchiveWriter:
    """Adds members to `file` one by one; `close` writes the list of them."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._position = 0
        self._entries: list[bytes] = []

    def _write(self, data: Any) -> None:
        self._file.write(data)
        self._position += memoryview(data).nbytes

    def add(self, name: str, *chunks: Any) -> None:
        """A member whose content is `chunks` (bytes or contiguous arrays), one after the other."""
        raw, at = name.encode(), self._position
        views = [memoryview(chunk).cast("B") for chunk in chunks if memoryview(chunk).nbytes]
        size, crc = 0, 0
        for view in views:
            size += view.nbytes
            crc = zlib.crc32(view, crc)
        large = struct.pack("<2H2Q", 1, 16, size, size) if size >= UNKNOWN else b""
        padding = -(at + LOCAL.size + len(raw) + len(large) + 4) % ALIGNMENT
        extra = large + struct.pack("<2H", PADDING, padding) + bytes(padding)
        short = min(size, UNKNOWN)
        common = (VERSION, UTF8, 0, MIDNIGHT, FIRST_DAY, crc, short, short, len(raw))
        self._write(LOCAL.pack(b"PK\3\4", *common, len(extra)) + raw + extra)
        for view in views:
            self._write(view)
        numbers = [size, size] if size >= UNKNOWN else []
        numbers += [at] if at >= UNKNOWN else []
        extra = struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)
        extra = extra if numbers else b""
        self._entries.append(
            CENTRAL.pack(b"PK\1\2", VERSION, *common, len(extra), 0, 0, 0, 0, min(at, UNKNOWN))
            + raw + extra
        )  # fmt: skip

    def close(self) -> None:
        """Write the list of members; the file itself stays open."""
        start, count = self._position, len(self._entries)
        for entry in self._entries:
            self._write(entry)
        length, end = self._position - start, self._position
        if count >= 0xFFFF or end >= UNKNOWN:
            self._write(
                END64.pack(b"PK\6\6", END64.size - 12, VERSION, VERSION, 0, 0, count, count,
                           length, start)
            )  # fmt: skip
            self._write(LOCATOR64.pack(b"PK\6\7", 0, end, 1))
        counts, short = min(count, 0xFFFF), (min(length, UNKNOWN), min(start, UNKNOWN))
        self._write(END.pack(b"PK\5\6", 0, 0, counts, counts, *short, 0))
