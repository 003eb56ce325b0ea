"""Labelled samples to train on: scikit-learn's digits, or a user's .npz, IDX or CSV files.

Every reader returns the same two arrays: `x`, one sample per row, and `y`, one label per sample.
The formats are read by `minitorch.utils.data.readers`; here is what is asked of samples beyond
that. What cannot be right is refused with a `Problem` (or the library's `BadFile`), whose message
is one line that says which file, what is wrong, and where it helps, what to do.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from minitorch.utils.data.readers import (
    BadFile,
    read_bytes,
    read_csv,
    read_idx_pair,
    read_mnist,
    read_npz,
)


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
        samples = Samples(*read_idx_pair(first, Path(paths[1])))
    elif first.is_dir():
        samples = read_idx_folder(first)
    else:
        samples = read_one(first)
    return checked(samples, first)


def read_one(path):
    """Decides by the first bytes, which do not lie as a file's name may."""
    content = read_bytes(path)
    if content.startswith((b"PK", b"\x93NUMPY")):  # an .npz is a zip file of .npy files
        arrays = read_npz(path, ("x", "y"))
        return Samples(arrays["x"], arrays["y"])
    if path.suffix == ".npz":
        raise Problem(f"{path} is not an .npz file: it is damaged, or was saved as something else")
    if content.startswith(b"\0\0"):
        partner = label_file_of(path)
        if partner is None:
            raise Problem(
                f"{path} is one half of an IDX pair: "
                "give both files, --data IMAGES LABELS, or the folder with the four MNIST files"
            )
        return Samples(*read_idx_pair(path, partner))
    return read_table(path)


def read_idx_folder(folder):
    """MNIST's four files. Its test set stays the test set, so results compare with others'."""
    x, y = read_mnist(folder)
    test_x, test_y = read_mnist(folder, train=False)
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


def read_table(path):
    """One sample per line of a CSV. The label is the column named `label`, or else the first."""
    try:
        names, values = read_csv(path)
    except BadFile as problem:
        if "is not a CSV" in str(problem):
            raise Problem(f"{path} is not an .npz, IDX or CSV file") from None
        raise
    if values.shape[1] < 2:
        raise Problem(f"{path} has one column: it needs a label and at least one number per line")
    label = names.index("label") if names and "label" in names else 0
    return Samples(np.delete(values, label, axis=1), values[:, label])


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
