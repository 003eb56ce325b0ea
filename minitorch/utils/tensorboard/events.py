"""TensorBoard's event files: a record per event, each a Protocol Buffers message.

A record is its length, a checksum of that, the message, and a checksum of it (TensorFlow's TFRecord
format); a checksum is a masked CRC-32C.  Of the messages ``Event``, ``Summary`` and
``Summary.Value``, only the fields that scalars need are written.
"""

from __future__ import annotations

import struct

POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed


def _table() -> list[int]:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (POLYNOMIAL if byte & 1 else 0)
        table.append(byte)
    return table


TABLE = _table()


def crc32c(data: bytes) -> int:
    """The CRC-32C checksum.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(message: bytes) -> bytes:
    """A message as it stands in the file."""
    length = struct.pack("<Q", len(message))
    return length + _masked(length) + message + _masked(message)


def _varint(number: int) -> bytes:
    number &= 2**64 - 1
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def version_event(time: float) -> bytes:
    """The first event of every file."""
    return struct.pack("<Bd", 1 << 3 | 1, time) + _field(3, b"brain.Event:2")


def scalar_event(tag: str, value: float, step: int, time: float) -> bytes:
    """One number of the curve `tag`."""
    point = _field(1, tag.encode()) + struct.pack("<Bf", 2 << 3 | 5, value)
    when = struct.pack("<Bd", 1 << 3 | 1, time) + b"\x10" + _varint(step)
    return when + _field(5, _field(1, point))
