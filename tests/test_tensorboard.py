"""Event files: what TensorBoard's format asks for, read back by a reader of our own."""

from __future__ import annotations

import struct

import pytest

import minitorch as mt
from minitorch.utils.tensorboard import SummaryWriter
from minitorch.utils.tensorboard.events import crc32c


def checksum(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(path):
    data = path.read_bytes()
    while data:
        (length,), (crc,) = struct.unpack("<Q", data[:8]), struct.unpack("<I", data[8:12])
        assert crc == checksum(data[:8])
        message = data[12 : 12 + length]
        (crc,) = struct.unpack("<I", data[12 + length : 16 + length])
        assert crc == checksum(message)
        yield message
        data = data[16 + length :]


def varint(data):
    number = shift = 0
    for i, byte in enumerate(data):
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, data[i + 1 :]


def fields(message):
    """The fields of a message: numbers, floats, or bytes."""
    found = {}
    while message:
        key, message = varint(message)
        kind = key & 7
        if kind == 0:
            value, message = varint(message)
        elif kind == 2:
            size, message = varint(message)
            value, message = message[:size], message[size:]
        else:
            size, code = (8, "<d") if kind == 1 else (4, "<f")
            (value,) = struct.unpack(code, message[:size])
            message = message[size:]
        found[key >> 3] = value
    return found


def points(folder):
    (path,) = folder.glob("events.out.tfevents.*")
    first, *rest = [fields(m) for m in records(path)]
    assert first[3] == b"brain.Event:2"
    for event in rest:
        value = fields(fields(event[5])[1])
        yield value[1].decode(), value[2], event[2]


def test_the_checksum_is_castagnolis():
    assert crc32c(b"123456789") == 0xE3069283


def test_numbers_come_back(tmp_path):
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalar("Loss/train", mt.tensor(0.5), 1)
        writer.add_scalar("Loss/train", 0.25, 300)
        writer.add_scalar("größe", 2)
    assert list(points(tmp_path)) == [("Loss/train", 0.5, 1), ("Loss/train", 0.25, 300),
                                      ("größe", 2.0, 0)]  # fmt: skip


def test_several_curves_in_one_picture(tmp_path):
    writer = SummaryWriter(log_dir=tmp_path)
    writer.add_scalars("acc", {"a": 1.0, "b": 2.0}, 7)
    writer.flush()
    assert list(points(tmp_path / "acc_a")) == [("acc", 1.0, 7)]
    assert list(points(tmp_path / "acc_b")) == [("acc", 2.0, 7)]
    writer.close()


def test_what_is_not_written_says_so(tmp_path):
    with (
        SummaryWriter(tmp_path) as writer,
        pytest.raises(NotImplementedError, match="tensorboardX"),
    ):
        writer.add_histogram("weights", mt.ones(3), 1)
