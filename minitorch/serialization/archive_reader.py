"""Reading zip archives that are not to be trusted: what ``.pt`` and ``.npz`` files are made of.

Python's zipfile believes what an archive says of itself: sizes, names, how much there is to unpack.
Here every number is compared with the file before memory is set aside for it, members may not
overlap or share a name, and what was read is held against its checksum.
Layout: APPNOTE.TXT, the ".ZIP File Format Specification" of PKWARE, sections 4.3 and 4.5.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import NamedTuple

import numpy as np

from minitorch.serialization.source import Source

DRIVE = re.compile(r"[A-Za-z]:(/|$)")
STORED, DEFLATED = 0, 8
ENCRYPTED = 1  # a flag of a member
UTF8 = 0x800  # another: its name is UTF-8, else code page 437

# A compressed archive may become this much larger, and any may become as large as `FREE`: numbers
# seldom shrink to a hundredth, bombs do.
RATIO, FREE = 100, 1 << 24

LOCAL = struct.Struct("<4s5H3I2H")
CENTRAL = struct.Struct("<4s6H3I5H2I")
END = struct.Struct("<4s4H2IH")
END64 = struct.Struct("<4sQ2H2I4Q")
LOCATOR64 = struct.Struct("<4sIQI")
UNKNOWN = 0xFFFFFFFF  # the true number is in the zip64 field


class Member(NamedTuple):
    """One file of an archive: where its header is, its sizes in there and unpacked."""

    name: str
    position: int
    packed: int
    size: int
    method: int
    crc: int


class ArchiveReader:
    """The members of a zip archive, by name."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.members: dict[str, Member] = {}
        for member in self._directory():
            if member.name in self.members:
                raise source.error(f"two members are called {member.name!r}")
            self.members[member.name] = member
        self._check_layout()

    # --- the list of members --------------------------------------------------------------------

    def _directory(self) -> list[Member]:
        """The central directory, which stands at the end of the archive."""
        source = self.source
        tail = min(source.size, END.size + 0xFFFF)  # the end record and a comment
        data = source.read(source.size - tail, tail)
        at = data.rfind(b"PK\5\6")
        if at < 0 or len(data) - at < END.size:
            raise source.error("truncated: the zip archive has no end")
        _, disk, first, _, count, length, start, comment = END.unpack_from(data, at)
        end = source.size - tail + at
        if at + END.size + comment != len(data):
            raise source.error("damaged: there is something behind the end of the zip archive")
        if end >= LOCATOR64.size and source.read(end - LOCATOR64.size, 4) == b"PK\6\7":
            disk, first, count, length, start, end = self._end64(end)
        if disk or first:
            raise source.error("it is one part of a zip archive in several parts")
        if start + length != end or count * (CENTRAL.size + LOCAL.size) > source.size:
            raise source.error("damaged: the zip archive's list of members is not where it is said")
        directory = memoryview(source.read(start, length))
        members, at = [], 0
        for _ in range(count):
            member, at = self._entry(directory, at)
            members.append(member)
        if at != length:
            raise source.error("damaged: the zip archive has more members than it says")
        return members

    def _end64(self, end: int) -> tuple[int, int, int, int, int, int]:
        """The end record of an archive that is too large for the usual one."""
        source = self.source
        end -= LOCATOR64.size
        _, _, position, _ = LOCATOR64.unpack(source.read(end, LOCATOR64.size))
        record = END64.unpack(source.read(position, END64.size))
        magic, size, _, _, disk, first, _, count, length, start = record
        if magic != b"PK\6\6" or position + size + 12 != end:
            raise source.error("damaged: the end record of the zip archive")
        return disk, first, count, length, start, position

    def _entry(self, directory: memoryview, at: int) -> tuple[Member, int]:
        """The member whose entry begins at `at`, and where the next begins."""
        source = self.source
        if at + CENTRAL.size > len(directory):
            raise source.error("truncated: the zip archive's list of members")
        (magic, _, _, flags, method, _, _, crc, packed, size, name_size, extra_size, comment_size,
         disk, _, _, position) = CENTRAL.unpack_from(directory, at)  # fmt: skip
        name_at = at + CENTRAL.size
        extra_at = name_at + name_size
        end = extra_at + extra_size + comment_size
        if magic != b"PK\1\2" or end > len(directory) or disk not in (0, 0xFFFF):
            raise source.error("damaged: the zip archive's list of members")
        name = self._name(bytes(directory[name_at:extra_at]), flags)
        large = _zip64_numbers(directory[extra_at : extra_at + extra_size])
        sizes = []
        for number in (size, packed, position):
            if number == UNKNOWN:
                if not large:
                    raise source.error(f"damaged: the size of {name!r} is missing")
                number = large.pop(0)
            sizes.append(number)
        size, packed, position = sizes
        if flags & ENCRYPTED:
            raise source.error(f"{name!r} is encrypted")
        if method not in (STORED, DEFLATED):
            raise source.error(f"{name!r} is compressed by a method that is not read ({method})")
        if method == STORED and size != packed:
            raise source.error(f"damaged: {name!r} has two sizes, {size:,} and {packed:,}")
        return Member(name, position, packed, size, method, crc), end

    def _name(self, raw: bytes, flags: int) -> str:
        try:
            name = raw.decode("utf-8" if flags & UTF8 else "cp437")
        except UnicodeDecodeError:
            raise self.source.error(f"damaged: {raw!r} is no name of a member") from None
        outside = name.startswith("/") or ".." in name.split("/") or DRIVE.match(name)
        if outside or "\\" in name or "\0" in name:
            raise self.source.error(f"{name!r} as a member's name leads out of the archive")
        return name

    def _check_layout(self) -> None:
        """No two members in the same place, and not much more to unpack than there is."""
        end, unpacked = 0, 0
        for member in sorted(self.members.values(), key=lambda m: m.position):
            if member.position < end:
                raise self.source.error(f"damaged: {member.name!r} overlaps another member")
            end = member.position + LOCAL.size + member.packed
            unpacked += member.size
        if end > self.source.size:
            raise self.source.error(
                f"truncated or damaged: its members end at byte {end:,}, "
                f"the file has {self.source.size:,}"
            )
        if unpacked > max(FREE, RATIO * self.source.size):
            raise self.source.error(
                f"its {self.source.size:,} bytes would become {unpacked:,}: more than {RATIO} "
                "times as many look like an attack. If you trust it, unzip it first"
            )

    # --- their content --------------------------------------------------------------------------

    def locate(self, name: str) -> tuple[Member, int]:
        """A member, and the position of its content; the two headers it has must agree."""
        source = self.source
        member = self.members.get(name)
        if member is None:
            raise source.error(f"incomplete: it has no {name!r}")
        header = source.read(member.position, LOCAL.size)
        (magic, _, flags, method, _, _, crc, packed, size, name_size, extra_size) = (
            LOCAL.unpack(header)
        )  # fmt: skip
        start = member.position + LOCAL.size
        raw = source.read(start, name_size)
        if size == packed == UNKNOWN:
            large = _zip64_numbers(memoryview(source.read(start + name_size, extra_size)))
            size, packed = large[:2] if len(large) > 1 else (size, packed)
        written_later = flags & 8  # sizes and checksum: then they are 0 here
        agree = (crc, packed, size) == (member.crc, member.packed, member.size)
        agree = (
            agree or UNKNOWN in (packed, size) or (written_later and not (crc or packed or size))
        )
        if magic != b"PK\3\4" or method != member.method or not agree or flags & ENCRYPTED:
            raise source.error(f"damaged: the header of {name!r}")
        if self._name(raw, flags) != name:
            raise source.error(f"damaged: {name!r} is called {raw!r} in another place")
        position = start + name_size + extra_size
        if position + member.packed > source.size:
            raise source.error(f"truncated or damaged: {name!r} does not fit into the file")
        return member, position

    def read(self, name: str) -> np.ndarray:
        """The content of a member, unpacked: uint8."""
        member, position = self.locate(name)
        if member.method == STORED:
            content = self.source.array(position, member.size)
        else:
            content = self._unpack(member, position)
        if zlib.crc32(memoryview(content)) != member.crc:
            raise self.source.error(f"damaged: {name!r} does not have its checksum")
        return content

    def _unpack(self, member: Member, position: int) -> np.ndarray:
        """By and by, into memory that grows: the size that was announced is only the limit."""
        content = bytearray()
        unpacker, taken = zlib.decompressobj(-zlib.MAX_WBITS), 0
        waiting = b""
        try:
            while not unpacker.eof:
                if not waiting:
                    step = min(1 << 16, member.packed - taken)
                    waiting = self.source.read(position + taken, step)
                    taken += step
                    if not waiting:
                        break
                content += unpacker.decompress(
                    waiting, min(1 << 20, member.size + 1 - len(content))
                )
                waiting = unpacker.unconsumed_tail
                if len(content) > member.size:
                    break
        except zlib.error:
            raise self.source.error(f"damaged: {member.name!r} cannot be unpacked") from None
        if not unpacker.eof or len(content) != member.size or waiting or taken != member.packed:
            raise self.source.error(f"damaged: {member.name!r} does not have the size it says")
        return np.frombuffer(content, np.uint8)


def _zip64_numbers(extra: memoryview) -> list[int]:
    """The numbers of 64 bits in the extra field of an entry."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<2H", extra, at)
        at += 4
        if kind == 1 and at + size <= len(extra):
            return [n for (n,) in struct.iter_unpack("<Q", extra[at : at + size // 8 * 8])]
        at += size
    return []
