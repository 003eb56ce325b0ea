"""Files are read as what they hold, or refused with one line that says which and why."""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch as mt
from minitorch.utils.data import DataLoader
from minitorch.utils.data.images import ImageFolder, read_image
from minitorch.utils.data.readers import (
    BadFile,
    read_csv,
    read_idx,
    read_mnist,
    read_npz,
    read_text,
)

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(array):
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype.str[1:]], array.ndim,
                       *array.shape)  # fmt: skip
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def refused(read, path, *words):
    with pytest.raises(BadFile) as info:
        read(path)
    message = str(info.value)
    assert "\n" not in message
    for word in (str(path), *words):
        assert word in message
    assert info.value.__cause__ is None


same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@same_folder
@given(hnp.arrays(st.sampled_from([np.dtype(t) for t in CODES]), hnp.array_shapes(max_dims=4)),
       st.booleans(), st.data())  # fmt: skip
def test_idx(tmp_path, array, packed, data):
    path = tmp_path / "x.idx"
    content = idx(array)
    path.write_bytes(gzip.compress(content) if packed else content)
    found = read_idx(path)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    assert np.array_equal(found, array, equal_nan=array.dtype.kind == "f")
    mt.from_numpy(found)[...] = 0  # writable
    cut = data.draw(st.integers(1, len(content) - 1))
    path.write_bytes(content[:cut])
    refused(read_idx, path, "truncated" if cut > 1 else "not an IDX file")
    path.write_bytes(content + b"?")
    refused(read_idx, path, "damaged")


def test_bad_idx(tmp_path):
    path = tmp_path / "x"
    refused(read_idx, path, "does not exist")
    refused(read_idx, tmp_path, "not a regular file")
    for content, word in {
        b"": "is empty",
        b"\0\0\x07\x01\0\0\0\0": "00 00 07 01",
        b"\0\0\x08\xff" + b"\0" * 2000: "not an IDX file",
        b"\x89PNG": "two zero bytes",
        b"\0\0\x08\x03" + b"\xff" * 12 + b"1234": "truncated",
        gzip.compress(idx(np.zeros(99, "u1")))[:-9]: "gzip data end too early",
        b"\x1f\x8b\x08broken": "truncated or damaged",
    }.items():
        path.write_bytes(content)
        refused(read_idx, path, word)


@pytest.mark.parametrize("dot", "-.")
@pytest.mark.parametrize("end", ["", ".gz"])
def test_mnist(tmp_path, dot, end):
    rng = np.random.default_rng(0)
    files = {}
    for part, n in (("train", 7), ("t10k", 3)):
        files[part] = rng.integers(0, 255, (n, 28, 28), np.uint8), rng.integers(0, 9, n, np.uint8)
        for name, array in zip((f"images{dot}idx3-ubyte", f"labels{dot}idx1-ubyte"), files[part]):
            content = idx(array)
            path = tmp_path / f"{part}-{name}{end}"
            path.write_bytes(gzip.compress(content) if end else content)
    for train in (True, False):
        for got, want in zip(read_mnist(tmp_path, train), files["train" if train else "t10k"]):
            assert np.array_equal(got, want)
    path.write_bytes(idx(np.zeros(9, "u1")))
    with pytest.raises(BadFile, match="3 images and .* 9 labels"):
        read_mnist(tmp_path, train=False)
    path.unlink()
    with pytest.raises(BadFile, match="without MNIST's file t10k-labels"):
        read_mnist(tmp_path, train=False)
    refused(read_mnist, tmp_path / "none", "is not a folder")


def test_npz(tmp_path):
    path = tmp_path / "x.npz"
    refused(read_npz, path, "does not exist")
    np.savez_compressed(path, x=np.arange(2000.0), y=np.array(["a"]))
    arrays = read_npz(path, ("x",))
    assert sorted(arrays) == ["x", "y"]
    assert np.array_equal(arrays["x"], np.arange(2000.0))
    refused(lambda path: read_npz(path, ("z",)), path, "'z'", "holds: x, y")
    content = path.read_bytes()
    for bad in (b"", b"hello", content[:100], content[:-40], content[:200] + b"x" + content[201:]):
        path.write_bytes(bad)
        refused(read_npz, path)
    np.save(tmp_path / "one.npy", np.zeros(3))
    refused(read_npz, tmp_path / "one.npy", "one array", "np.savez")
    np.savez(path, x=np.array([None]))
    refused(read_npz, path, "Python objects")


def npz_of(shape, content):
    """An archive with one array of bytes, whose header says `shape`."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"descr": "|u1", "fortran_order": False, "shape": shape}
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head.getvalue() + content)
    return file.getvalue()


@pytest.mark.parametrize(
    "read, content",
    [
        (read_idx, gzip.compress(bytes(100_000_000))),
        (read_text, gzip.compress(b"a" * 100_000_000)),
        (read_npz, npz_of((100_000_000,), bytes(100_000_000))),
        (read_npz, npz_of((30_000_000_000,), bytes(300))),
    ],
)
def test_little_memory_for_files_that_promise_much(tmp_path, read, content):
    path = tmp_path / "x"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        refused(read, path)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


def test_a_png_with_a_piece_of_two_gigabytes(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    path = tmp_path / "x.png"
    Image.new("RGB", (9, 9)).save(path)
    path.write_bytes(path.read_bytes().replace(b"\0\0\0\rIHDR", b"\x7f\xff\xff\xffIHDR"))
    tracemalloc.start()
    try:
        refused(read_image, path)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()


finite = st.floats(-1e9, 1e9)


@same_folder
@given(hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2), elements=finite),
       st.booleans(), st.sampled_from(["\n", "\r\n"]), st.booleans())  # fmt: skip
def test_csv(tmp_path, values, header, end, packed):
    names = [f"c{i}" for i in range(values.shape[1])]
    lines = [",".join(map(repr, row)) for row in values.tolist()]
    content = (end.join([",".join(names)] * header + lines) + end).encode()
    path = tmp_path / "x.csv"
    path.write_bytes(gzip.compress(content) if packed else content)
    table = read_csv(path)
    assert table.names == (names if header else None)
    assert np.array_equal(table.values, values)


@pytest.mark.parametrize(
    "text, words",
    [
        ("", ["is empty"]),
        ("\n \n", ["is empty"]),
        ("a,b\n", ["no samples"]),
        ("1,2\n3,4\n5,x\n", ["line 3, column 2", "'x'"]),
        ("1,2\n3\n5,6\n", ["1 columns in line 2 and 2"]),
        ("1,2\n3,4\n5", ["1 columns in the last line", "truncated"]),
        ("1,2\n,4\n", ["line 2, column 1", "''"]),
        ("1,2\n3,1_0\n", ["'1_0'"]),
        ("a,b\n1,2,3\n", ["columns"]),
        ("1,2\n\0,4\n", ["not a CSV"]),
        ("1,2\n\udcff,4\n", ["not a CSV", "byte 4"]),
        ("1,x\n1,2\n", ["line 1, column 2"]),
    ],
)
def test_bad_csv(tmp_path, text, words):
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    refused(read_csv, path, *words)


def test_text(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("\ufeffGrüße\r\nan alle\n".encode())
    assert read_text(path) == "Grüße\nan alle\n"
    path.write_bytes("Grüße".encode("latin-1"))
    refused(read_text, path, "not text in utf-8: byte 2")
    assert read_text(path, "latin-1") == "Grüße"
    path.write_bytes(b"ab\0c")
    refused(read_text, path, "zero byte at 2")


# Images -------------------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path):
    image = pytest.importorskip("PIL.Image")
    for name, n in (("dogs", 2), ("cats", 3)):
        (tmp_path / name).mkdir()
        for i in range(n):
            pixels = np.full((4, 5, 3), 10 * i + n, np.uint8)
            image.fromarray(pixels).save(tmp_path / name / f"{i}.png")
    (tmp_path / "cats" / "notes.txt").write_text("no image")
    (tmp_path / "readme.md").write_text("no class")
    return tmp_path


def test_image_folder(folder):
    dataset = ImageFolder(folder)
    assert dataset.classes == ["cats", "dogs"]
    assert dataset.class_to_idx == {"cats": 0, "dogs": 1}
    assert dataset.targets == [0, 0, 0, 1, 1]
    for workers in (0, 2):
        images, targets = next(iter(DataLoader(dataset, 5, num_workers=workers)))
        assert images.shape == (5, 3, 4, 5)
        assert images.dtype is mt.uint8
        assert images[:, 0, 0, 0].tolist() == [3, 13, 23, 2, 12]
        assert targets.tolist() == [0, 0, 0, 1, 1]
    resized = ImageFolder(folder, lambda image: image.resize((2, 2)).size, lambda t: -t)
    assert resized[4] == ((2, 2), -1)


def test_read_image(folder):
    assert read_image(folder / "dogs" / "1.png").shape == (3, 4, 5)
    gray = read_image(folder / "dogs" / "1.png", "L")
    assert gray.shape == (1, 4, 5)
    assert (gray == 12).all()


def test_bad_image_folders(folder, tmp_path):
    refused(ImageFolder, tmp_path / "none", "does not exist")
    refused(ImageFolder, folder / "readme.md", "is not a folder")
    refused(ImageFolder, folder / "cats", "no folders")
    whole = (folder / "dogs" / "1.png").read_bytes()
    path = folder / "cats" / "0.png"
    for content in (b"", b"no image", whole[:40], whole[:-30], whole[:45] + b"??" + whole[47:]):
        path.write_bytes(content)
        refused(lambda path: ImageFolder(folder)[0], path, "damaged")
    with pytest.raises(BadFile) as info:
        list(DataLoader(ImageFolder(folder), 2, num_workers=2))
    assert str(path) in str(info.value)
    assert "index 0" in str(info.value)
    (folder / "birds").mkdir()
    refused(ImageFolder, folder, "birds", "no images")


def test_without_pillow_the_extra_is_named(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        read_image(folder / "dogs" / "1.png")


def picture_bytes(kind):
    image = pytest.importorskip("PIL.Image")
    stream = io.BytesIO()
    image.fromarray(np.arange(300, dtype=np.uint8).reshape(10, 10, 3)).save(stream, kind)
    return stream.getvalue()


def npz_bytes():
    stream = io.BytesIO()
    np.savez(stream, x=np.arange(30.0), y=np.array(["a"]))
    return stream.getvalue()


WHOLE = {
    "npz": (npz_bytes, read_npz),
    "idx": (lambda: idx(np.arange(20, dtype="i4").reshape(4, 5)), read_idx),
    "idx.gz": (lambda: gzip.compress(idx(np.arange(20, dtype="i4"))), read_idx),
    "csv": (lambda: b"a,b\n" + b"1,2\n3.5,-4e3\n" * 5, read_csv),
    "png": (lambda: picture_bytes("PNG"), read_image),
    "jpeg": (lambda: picture_bytes("JPEG"), read_image),
}


@pytest.mark.parametrize("kind", WHOLE)
@same_folder
@given(st.data())
def test_a_damaged_file_is_read_or_refused_with_one_line(tmp_path, kind, data):
    make, read = WHOLE[kind]
    content = bytearray(make())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        how = data.draw(st.sampled_from(["flip", "cut", "insert"]))
        if how == "flip" and content:
            content[at] ^= 1 << data.draw(st.integers(0, 7))
        elif how == "cut":
            del content[at:]
        else:
            content[at:at] = data.draw(st.binary(max_size=5))
    path = tmp_path / f"x.{kind}"
    path.write_bytes(content)
    try:
        found = read(path)
    except BadFile as problem:
        assert str(path) in str(problem)
        assert "\n" not in str(problem)
    else:
        if kind == "npz" and "x" in found:  # has checksums: what is read is right
            assert np.array_equal(found["x"], np.arange(30.0))
