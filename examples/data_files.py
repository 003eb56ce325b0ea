"""Reading labelled samples: scikit-learn's digits, or a user's .npz, IDX or CSV files.

Every reader returns the same two arrays: `x`, one sample per row, and `y`, one label per sample.
A file that cannot be right is refused with a `Problem`, whose message is one line that says which
file, what is wrong, and where it helps, what to do. Files come from strangers, so nothing here
runs code from a file (no pickle), and nothing is believed before it was compared with what is
really there: a header that promises more than the file holds is a truncated file.
"""

import csv
import gzip
import math
import zipfile
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np


class Problem(Exception):
    """Something the user can mend: shown as one line, without a traceback."""


class Samples(NamedTuple):
    x: np.ndarray  # (samples, ...): numbers
    y: np.ndarray  # (samples,): whole numbers, not negative
    test: int | None = None  # the last so many samples are a test set of their own
    noun: str = "samples"  # what to call them: 359 test digits


FEWEST_SAMPLES = 10
LARGEST = 1e18  # its square is still a float32


def bundled_digits():
    """1,797 handwritten digits of 8x8 pixels, which scikit-learn brings along: no download."""
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise Problem(
            "scikit-learn is not installed, and the digits come with it: "
            "pip install -e '.[examples]'"
        ) from None
    digits = load_digits()
    return Samples(digits.images, digits.target, noun="digits")


def read(paths):
    """The samples in `paths`: one file or folder, or an IDX file of images and one of labels."""
    first = Path(paths[0])
    if len(paths) > 2:
        raise Problem("--data takes one file or folder, or two IDX files: images, then labels")
    if len(paths) == 2:
        samples = read_idx_pair(first, Path(paths[1]))
    elif first.is_dir():
        samples = read_idx_folder(first)
    else:
        samples = read_one(first)
    return checked(samples, first)


def read_one(path):
    """Decides by the first bytes, which do not lie as a file's name may."""
    content = read_bytes(path)
    if content.startswith(b"PK"):  # an .npz is a zip file of .npy files
        return read_npz(path)
    if path.suffix == ".npz":
        raise Problem(f"{path} is not an .npz file: it is damaged, or was saved as something else")
    if content.startswith(b"\x93NUMPY"):
        raise Problem(f"{path} holds one array: save both with np.savez('data.npz', x=x, y=y)")
    if content.startswith(b"\0\0"):
        partner = label_file_of(path)
        if partner is None:
            raise Problem(
                f"{path} is one half of an IDX pair: "
                "give both files, --data IMAGES LABELS, or the folder with the four MNIST files"
            )
        return read_idx_pair(path, partner)
    return read_csv(path, content)


def read_bytes(path):
    """The whole file, unpacked if it is gzip."""
    if not path.exists():
        raise Problem(f"{path} does not exist")
    if not path.is_file():
        raise Problem(f"{path} is not a regular file")
    try:
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise Problem(f"{path} is truncated or damaged: its gzip data end too early") from None
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise Problem(f"{path} is empty")
    return content


# .npz --------------------------------------------------------------------------------------------


def load_npz(path):
    """All arrays of an .npz file, as a dict. Also reads the checkpoints of digits.py."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            # A name that is no array comes back as bytes; asarray makes it one nobody accepts.
            return {name: np.asarray(archive[name]) for name in archive.files}
    except FileNotFoundError:
        raise Problem(f"{path} does not exist") from None
    except OSError as error:
        raise Problem(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, EOFError, KeyError, MemoryError, RuntimeError, SyntaxError) as error:
        if "Object arrays" in str(error):  # allow_pickle=False: unpickling could run any code
            raise Problem(
                f"{path} holds arrays of Python objects (dtype object), which are not read: "
                "save arrays of plain numbers"
            ) from None
        raise Problem(f"{path} is truncated or damaged") from None
    except (zipfile.BadZipFile, zlib.error):
        raise Problem(f"{path} is truncated or damaged") from None


def read_npz(path):
    arrays = load_npz(path)
    for name in ("x", "y"):
        if name not in arrays:
            held = ", ".join(sorted(arrays)) or "nothing"
            raise Problem(f"{path} has no array named {name!r} (it holds: {held})")
    return Samples(arrays["x"], arrays["y"])


# IDX, the format of MNIST ------------------------------------------------------------------------
#
# Four bytes (0, 0, a code for the element type, the number of dimensions), then each dimension's
# size as a big-endian 32-bit number, then the elements, big-endian too.

IDX_TYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def read_idx(path):
    content = read_bytes(path)
    if not content.startswith(b"\0\0"):
        raise Problem(f"{path} is not an IDX file: it does not begin with two zero bytes")
    start = 4 + 4 * content[3] if len(content) >= 4 else 4
    if len(content) < start:
        raise Problem(f"{path} is truncated: it ends within its IDX header")
    if content[2] not in IDX_TYPES or content[3] > 8:
        raise Problem(f"{path} is not an IDX file: it begins with the bytes {content[:4].hex(' ')}")
    dtype = np.dtype(IDX_TYPES[content[2]])
    shape = tuple(np.frombuffer(content[4:start], dtype=">u4").tolist())
    promised, found = math.prod(shape) * dtype.itemsize, len(content) - start
    if found != promised:
        state = "truncated" if found < promised else "damaged"
        raise Problem(
            f"{path} is {state}: its header promises {promised:,} bytes "
            f"for shape {shape}, and {found:,} follow"
        )
    return np.frombuffer(content, dtype=dtype, offset=start).reshape(shape)


def read_idx_pair(images, labels):
    x, y = read_idx(images), read_idx(labels)
    if x.ndim < 2:
        raise Problem(f"{images} has shape {x.shape}, not that of images: give IMAGES, then LABELS")
    if y.ndim != 1:
        raise Problem(f"{labels} has shape {y.shape}, not that of labels: give IMAGES, then LABELS")
    if len(x) != len(y):
        raise Problem(f"{images} has {len(x):,} images and {labels} has {len(y):,} labels")
    return Samples(x, y)


def read_idx_folder(folder):
    """MNIST's four files. Its test set stays the test set, so results compare with others'."""
    found = {}
    for name in ("train-images", "train-labels", "t10k-images", "t10k-labels"):
        kind = "idx3-ubyte" if name.endswith("images") else "idx1-ubyte"
        options = [f"{name}{dot}{kind}{end}" for dot in "-." for end in ("", ".gz")]
        found[name] = next((folder / o for o in options if (folder / o).exists()), None)
        if found[name] is None:
            raise Problem(f"{folder} is a folder without MNIST's file {options[0]} (or .gz)")
    x, y, *_ = read_idx_pair(found["train-images"], found["train-labels"])
    test_x, test_y, *_ = read_idx_pair(found["t10k-images"], found["t10k-labels"])
    if x.shape[1:] != test_x.shape[1:]:
        raise Problem(
            f"{folder}: training images have shape {x.shape[1:]}, test images {test_x.shape[1:]}"
        )
    return Samples(np.concatenate([x, test_x]), np.concatenate([y, test_y]), test=len(test_y))


def label_file_of(images):
    """`train-labels-idx1-ubyte` for `train-images-idx3-ubyte`, packed or not, if it is there."""
    name = images.name.removesuffix(".gz").replace("images", "labels").replace("idx3", "idx1")
    for partner in (images.with_name(name), images.with_name(name + ".gz")):
        if partner.exists() and not partner.samefile(images):
            return partner
    return None


# CSV ---------------------------------------------------------------------------------------------


def read_csv(path, content):
    """One sample per line. The label is the column named `label`, or else the first."""
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        lines = ["\0"]
    if any("\0" in line for line in lines[:10]):
        raise Problem(f"{path} is not an .npz, IDX or CSV file")
    head = next((number for number, line in enumerate(lines) if line.strip()), None)
    if head is None:
        raise Problem(f"{path} is empty")

    # A first line that names the label column, or has no number at all, is a header. A line with
    # some numbers is data: taken for a header, a damaged first sample would vanish unseen.
    names = [cell.strip().lower() for cell in cells_of(lines[head])]
    width, label = len(names), 0
    if "label" in names or not any(is_number(name) for name in names):
        label = names.index("label") if "label" in names else 0
        head += 1
    if not any(line.strip() for line in lines[head:]):
        raise Problem(f"{path} has a header and no samples")
    if width < 2:
        raise Problem(f"{path} has one column: it needs a label and at least one number per line")
    try:
        table = np.loadtxt(lines[head:], delimiter=",", comments=None, quotechar='"', ndmin=2)
    except ValueError:
        raise Problem(f"{path} {first_fault(lines, head, width)}") from None
    if table.shape[1] != width:
        raise Problem(f"{path} {first_fault(lines, head, width)}")
    return Samples(np.delete(table, label, axis=1), table[:, label])


def first_fault(lines, head, width):
    """Where a CSV file goes wrong. NumPy reads fast and says it less well, so look once more."""
    for number, line in enumerate(lines[head:], start=head + 1):
        cells = cells_of(line)
        if cells and len(cells) != width:
            where = "the last line" if number == len(lines) else f"line {number}"
            hint = ": is it truncated?" if number == len(lines) else ""
            return f"has {len(cells)} columns in {where} and {width} in its first{hint}"
        for column, cell in enumerate(cells, start=1):
            if not is_number(cell):
                return f"line {number}, column {column}: {cell[:40]!r} is not a number"
    return "cannot be read as numbers separated by commas"


def cells_of(line):
    return next(csv.reader([line]), [])


def is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text  # float("1_000") is a number to Python alone


# What every reader's result must satisfy ---------------------------------------------------------


def checked(samples, path):
    x, y = samples.x, samples.y
    if y.dtype == bool:
        y = y.astype(np.int64)
    for name, array in (("x", x), ("y", y)):
        if array.dtype.kind not in "biuf":
            raise Problem(f"{path}: {name} holds {array.dtype}, which are not numbers")
    if y.ndim != 1:
        raise Problem(f"{path}: y must have one label per sample, shape (N,); it has {y.shape}")
    if x.ndim < 2:
        raise Problem(f"{path}: x must have shape (N, features) or (N, H, W); it has {x.shape}")
    if len(x) != len(y):
        raise Problem(f"{path}: x has {len(x):,} samples and y {len(y):,} labels")
    if len(x) < FEWEST_SAMPLES:
        raise Problem(f"{path} has too few samples: {len(x)}, and {FEWEST_SAMPLES} are the least")
    if x[0].size == 0:
        raise Problem(f"{path}: x has samples without a single number, its shape is {x.shape}")
    refuse_where(~np.isfinite(x), x, f"{path}: x", "which is no finite number")
    refuse_where(np.abs(x) > LARGEST, x, f"{path}: x", "which is too large to compute with")
    refuse_where(~np.isfinite(y), y, f"{path}: y", "which is no label")
    refuse_where(y != np.floor(y), y, f"{path}: y", "and labels are whole numbers")
    refuse_where(y < 0, y, f"{path}: y", "and labels are not negative")
    refuse_where(y >= 2**63, y, f"{path}: y", "and labels are below 2**63")
    y = y.astype(np.int64)
    classes = len(np.unique(y))
    if classes == 1:
        raise Problem(f"{path} has one class only: all {len(y):,} labels are {y[0]}")
    if classes > len(y) // 2:
        raise Problem(
            f"{path} has {classes:,} different labels in {len(y):,} samples: "
            "too few samples of each class to learn from"
        )
    return samples._replace(y=y)


def refuse_where(wrong, array, name, why):
    if wrong.any():
        place = np.unravel_index(np.argmax(wrong), wrong.shape)
        index = ", ".join(str(int(i)) for i in place)
        raise Problem(f"{name}[{index}] is {array[place]}, {why}")
