"""The main job, examples/digits.py: it learns, repeats itself, resumes, and refuses politely."""

import gzip
import importlib
import os
import pickle
import shlex
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minitorch
from minitorch.serialization.archive_writer import ArchiveWriter

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
sys.path.insert(0, str(EXAMPLES))

data_files = importlib.import_module("data_files")
digits = importlib.import_module("digits")
picture = importlib.import_module("picture")

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals or terminals")


def start(*arguments, **keywords):
    """The example in a process of its own, as a user starts it."""
    if os.name == "posix":  # a job in the background ignores Ctrl-C, and its children would too
        keywords["preexec_fn"] = lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(
        [sys.executable, str(EXAMPLES / "digits.py"), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=keywords.pop("stderr", subprocess.PIPE),
        text=True,
        **keywords,
    )


def run(*arguments, **keywords):
    with start(*arguments, **keywords) as process:
        output, errors = process.communicate(timeout=120)
    return process.returncode, output, errors


@pytest.fixture
def go(tmp_path, capsys):
    """Runs the example in this process, which spares the imports; returns (code, out, err)."""

    def go(*arguments, out=tmp_path / "out"):
        try:
            code = digits.main(["--out", str(out), *map(str, arguments)])
        except SystemExit as exit:  # from argparse
            code = exit.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return go


def refused(result, *words):
    """Exit code 2, nothing trained, and one line on stderr that has all the words."""
    code, output, errors = result
    assert code == 2
    assert output == ""
    assert errors.startswith("digits.py: error: ")
    assert errors.count("\n") == 1
    assert errors.endswith("\n")
    assert "Traceback" not in errors
    for word in words:
        assert str(word) in errors
    return True


def final(output):
    """The figures a run ends with."""
    return [line for line in output.splitlines() if line.startswith(("test ", "weights "))]


# Data to learn from: three kinds of 8x8 images, easy to tell apart --------------------------------

N = 60


def shapes(n=N, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    x = rng.integers(0, 60, (n, 8, 8))
    x[y == 0, :, 3:5] += 180
    x[y == 1, 3:5, :] += 180
    x[y == 2, 2:6, 2:6] += 180
    return x.astype(np.uint8), y.astype(np.uint8)


def save_npz(path, x, y):
    np.savez(path, x=x, y=y)
    return path


def idx(array, code=0x08):
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, code, array.ndim, *array.shape)
    return header + array.tobytes()


def save_mnist(folder, pack=False):
    folder.mkdir()
    for part, n in (("train", N), ("t10k", 24)):
        x, y = shapes(n, seed=n)
        for name, array in (("images-idx3-ubyte", x), ("labels-idx1-ubyte", y)):
            content = idx(array)
            path = folder / f"{part}-{name}{'.gz' if pack else ''}"
            path.write_bytes(gzip.compress(content) if pack else content)
    return folder


def csv_text(header=None, label=0, n=N):
    x, y = shapes(n)
    rows = [list(map(str, row)) for row in x.reshape(n, -1).tolist()]
    for row, name in zip(rows, y.tolist(), strict=True):
        row.insert(label, str(name))
    if header:
        rows.insert(0, header)
    return "".join(",".join(row) + "\n" for row in rows)


def same_files(one, other):
    """Equal pictures, and equal checkpoints but for the streams that this program does not use."""
    first, second = (minitorch.load(folder / "checkpoint.pt") for folder in (one, other))
    for checkpoint in (first, second):
        checkpoint["streams"] = checkpoint["streams"]["minitorch"]
    bits = [pickle.dumps([c["notes"], c["epoch"], flat(c)]) for c in (first, second)]
    return bits[0] == bits[1] and picture_of(one) == picture_of(other)


def flat(saved):
    """All tensors in nested containers, as bytes."""
    if isinstance(saved, minitorch.Tensor):
        return saved.numpy().tobytes()
    if isinstance(saved, dict):
        return [(key, flat(value)) for key, value in saved.items()]
    return [flat(value) for value in saved] if isinstance(saved, list) else repr(saved)


def picture_of(folder):
    return (folder / "digits.png").read_bytes()


QUICK = ("--epochs", 2, "--hidden", 16, "--batch-size", 8)


# It learns ---------------------------------------------------------------------------------------


def test_reads_the_digits_from_any_folder_into_a_file(tmp_path):
    code, output, errors = run(cwd=tmp_path)
    assert code == 0
    assert errors == ""  # no progress bar where there is no terminal
    assert "\r" not in output
    lines = output.splitlines()
    assert sum(line.startswith("epoch") for line in lines) == 30
    accuracy = float(final(output)[0].split()[2].rstrip("%:"))
    assert accuracy >= 97

    out = tmp_path / "runs" / "digits"
    assert sorted(path.name for path in out.iterdir()) == ["checkpoint.pt", "digits.png"]
    checkpoint = minitorch.load(out / "checkpoint.pt")
    assert np.shape(checkpoint["notes"]["history"]) == (30, 4)
    assert checkpoint["parts"]["model"]["1.weight"].shape == (128, 64)
    from matplotlib.image import imread

    image = imread(out / "digits.png")[:, :, :3]
    assert image.shape[0] >= 600
    assert image.shape[1] >= 1000
    assert 0.02 < (image.min(axis=2) < 0.5).mean() < 0.5  # neither blank nor black


def test_the_same_seed_gives_the_same_bits_and_another_seed_others(go, tmp_path):
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    a, b = go(*QUICK, out=first), go(*QUICK, out=again)
    assert a[0] == b[0] == 0
    assert a[1].replace("first", "again") == b[1]
    assert same_files(first, again)
    c = go(*QUICK, "--seed", 1, out=other)
    assert final(c[1]) != final(a[1])


@posix_only
def test_a_terminal_gets_a_progress_bar(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    with start(*QUICK, "--out", tmp_path, stderr=theirs) as process:
        os.close(theirs)
        shown = b""
        try:
            while piece := os.read(ours, 1 << 16):
                shown += piece
        except OSError:  # Linux says so when the other side has closed
            pass
        os.close(ours)
        output = process.stdout.read()
    assert process.returncode == 0
    assert b"epoch 1/2" in shown
    assert "\r" not in output
    assert sum(line.startswith("epoch") for line in output.splitlines()) == 2


@posix_only
def test_a_reader_who_leaves_early_is_no_error(tmp_path):
    with start("--epochs", 20, "--hidden", 8, "--out", tmp_path) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


# It takes what it is given ------------------------------------------------------------------------


def data_npz(tmp_path):
    return [save_npz(tmp_path / "d.npz", *shapes())]


def data_npz_flat_float_labels(tmp_path):
    x, y = shapes()
    return [save_npz(tmp_path / "d.npz", x.reshape(N, -1) / 255, y.astype(float))]


def data_npz_table(tmp_path):
    x, y = shapes()
    return [save_npz(tmp_path / "d.npz", x[:, 2:4].reshape(N, -1)[:, :13] * 1e5, y * 7 + 3)]


def data_npz_colours(tmp_path):
    x, y = shapes()
    return [save_npz(tmp_path / "d.npz", np.stack([x] * 3, axis=-1), y)]


def data_npz_channels_first(tmp_path):
    x, y = shapes()
    return [save_npz(tmp_path / "d.npz", np.stack([x] * 3, axis=1), y > 0)]


def data_npz_compressed_without_suffix(tmp_path):
    x, y = shapes()
    with open(tmp_path / "data", "wb") as file:
        np.savez_compressed(file, x=x, y=y, more=np.arange(3))
    return [tmp_path / "data"]


def data_idx_folder(tmp_path):
    return [save_mnist(tmp_path / "mnist")]


def data_idx_folder_packed(tmp_path):
    return [save_mnist(tmp_path / "mnist", pack=True)]


def data_idx_pair(tmp_path):
    x, y = shapes()
    (tmp_path / "a").write_bytes(idx(x))
    (tmp_path / "b.gz").write_bytes(gzip.compress(idx(y)))
    return [tmp_path / "a", tmp_path / "b.gz"]


def data_idx_pair_of_floats(tmp_path):
    x, y = shapes()
    (tmp_path / "a").write_bytes(idx((x / 7).astype(">f4"), code=0x0D))
    (tmp_path / "b").write_bytes(idx(y.astype(">i4"), code=0x0C))
    return [tmp_path / "a", tmp_path / "b"]


def data_idx_images_find_their_labels(tmp_path):
    return [save_mnist(tmp_path / "mnist", pack=True) / "train-images-idx3-ubyte.gz"]


def data_csv(tmp_path):
    (tmp_path / "d.csv").write_text(csv_text())
    return [tmp_path / "d.csv"]


def data_csv_label_named(tmp_path):
    header = [f"p{i}" for i in range(64)] + ['"Label"']
    text = "\ufeff" + csv_text(header, label=64).replace("\n", "\r\n") + "\r\n\r\n"
    (tmp_path / "d.csv").write_bytes(text.encode())
    return [tmp_path / "d.csv"]


def data_csv_numbered_columns_packed(tmp_path):
    text = csv_text(["label", *map(str, range(64))])
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(text.encode()))
    return [tmp_path / "d.csv.gz"]


def data_csv_unnamed_label(tmp_path):
    (tmp_path / "d.csv").write_text(csv_text(["kind"] + [f"p{i}" for i in range(64)]))
    return [tmp_path / "d.csv"]


GOOD = [value for name, value in list(globals().items()) if name.startswith("data_")]
GOOD = [make for make in GOOD if callable(make)]


@pytest.mark.parametrize("make", GOOD, ids=lambda make: make.__name__)
def test_learns_from_a_users_data(make, go, tmp_path):
    code, output, errors = go("--data", *make(tmp_path), "--epochs", 8, "--batch-size", 4)
    assert (code, errors) == (0, "")
    assert float(final(output)[0].split()[2].rstrip("%:")) > 90
    assert (tmp_path / "out" / "digits.png").stat().st_size > 10_000
    assert (tmp_path / "out" / "checkpoint.pt").exists()


def test_mnists_test_set_stays_the_test_set(tmp_path):
    samples = data_files.read([save_mnist(tmp_path / "mnist")])
    train, test = digits.split(samples, 0.5)
    assert (len(train), len(test)) == (N, 24)
    assert (samples.x[test] == shapes(24, seed=24)[0]).all()


def test_every_csv_spelling_reads_the_same(tmp_path):
    x, y = shapes()
    for make in GOOD:
        if make.__name__.startswith("data_csv"):
            samples = data_files.read(make(tmp_path))
            assert (samples.x == x.reshape(N, -1)).all()
            assert (samples.y == y).all()


def test_the_sheet_shows_numbers_that_are_no_image():
    assert picture.as_image(np.zeros(64)).shape == (8, 8)
    assert picture.as_image(np.zeros(4)) is None  # two by two is hardly a picture
    assert picture.as_image(np.zeros(65)) is None
    assert picture.as_image(np.zeros((3, 9, 9))).shape == (9, 9, 3)
    assert picture.as_image(np.zeros((9, 9, 1))).shape == (9, 9)


# It refuses what cannot be right ------------------------------------------------------------------

X, Y = shapes()
NAN = np.where(np.arange(64).reshape(8, 8) == 9, np.nan, X)


def npz(x=X, y=Y):
    return lambda path: np.savez(path, x=x, y=y)


def raw(content):
    return lambda path: path.write_bytes(content)


def damaged(damage, x=X, y=Y):
    def write(path):
        np.savez(path, x=x, y=y)
        path.write_bytes(damage(path.read_bytes()))

    return write


def flip(content):
    middle = len(content) // 3
    return content[:middle] + bytes([content[middle] ^ 0x10]) + content[middle + 1 :]


ROWS = csv_text().splitlines(keepends=True)
BAD_FILES = {
    "missing.npz": (lambda path: None, "does not exist"),
    "a-folder": (lambda path: path.mkdir(), "folder", "train-images-idx3-ubyte"),
    "empty.npz": (raw(b""), "empty"),
    "empty.csv": (raw(b""), "empty"),
    "blank.csv": (raw(b"\n\n"), "empty"),
    "empty.gz": (raw(gzip.compress(b"")), "empty"),
    "cut.npz": (damaged(lambda content: content[: len(content) // 2]), "truncated"),
    "cut-late.npz": (damaged(lambda content: content[:-30]), "truncated"),
    "flipped.npz": (damaged(flip), "damaged"),
    "text.npz": (raw(b"hello"), "not an .npz"),
    "bare.npy": (lambda path: np.save(path, X), "one array", "np.savez"),
    "names.npz": (lambda path: np.savez(path, x=X, labels=Y), "'y'", "labels, x"),
    "none.npz": (lambda path: np.savez(path), "'x'", "nothing"),
    "objects.npz": (npz(y=np.array([1, None] * 30, dtype=object)), "objects"),
    "lengths.npz": (npz(y=Y[:-1]), "60 samples", "59 labels"),
    "strings.npz": (npz(y=Y.astype(str)), "y holds", "not numbers"),
    "complex.npz": (npz(x=X * 1j), "x holds", "not numbers"),
    "halves.npz": (npz(y=Y + 0.5), "y[0] is 0.5", "whole numbers"),
    "negative.npz": (npz(y=Y.astype(int) - 1), "y[0] is -1", "negative"),
    "huge-label.npz": (npz(y=Y.astype(np.uint64) + np.uint64(2**63)), "y[0]", "below"),
    "nan.npz": (npz(x=NAN), "x[0, 1, 1] is nan"),
    "infinite.npz": (npz(x=np.where(np.isnan(NAN), np.inf, X)), "x[0, 1, 1] is inf"),
    "nan-label.npz": (npz(y=np.where(Y == 1, np.nan, Y)), "y[1] is nan"),
    "enormous.npz": (npz(x=X * 1e300), "too large"),
    "one-class.npz": (npz(y=Y * 0 + 4), "one class", "4"),
    "continuous.npz": (npz(y=np.arange(N)), "60 different labels"),
    "few.npz": (npz(X[:6], Y[:6]), "too few", "6"),
    "no-samples.npz": (npz(X[:0], Y[:0]), "too few", "0"),
    "scalars.npz": (npz(x=X[:, 0, 0]), "(60,)"),
    "no-features.npz": (npz(x=X[:, :0]), "(60, 0, 8)"),
    "one-hot.npz": (npz(y=np.eye(3)[Y]), "(60, 3)"),
    "one-number.npz": (npz(x=np.array(3.0)), "x must have shape"),
    "alone.idx": (raw(idx(X)), "IMAGES LABELS"),
    "cut.gz": (raw(gzip.compress(idx(X))[:-20]), "truncated"),
    "flipped.gz": (raw(flip(gzip.compress(ROWS[0].encode() * 9))), "damaged"),
    "binary": (raw(bytes(range(256))), "not an .npz, IDX or CSV"),
    "zeros-inside.csv": (raw(b"1,2\n1,\0\n"), "not an .npz, IDX or CSV"),
    "header-only.csv": (raw(b"label,a,b\n"), "no samples"),
    "one-column.csv": (raw(b"1\n2\n3\n"), "one column"),
    "word.csv": (raw("".join([*ROWS[:3], "1,cat" + ",0" * 63]).encode()), "line 4", "'cat'"),
    "word-first.csv": (raw(("1,cat" + ",0" * 63 + "\n" + ROWS[0]).encode()), "line 1", "'cat'"),
    "gap.csv": (raw("".join([ROWS[0], "1," + ",0" * 63 + "\n", *ROWS]).encode()), "line 2", "''"),
    "ragged.csv": (raw("".join([*ROWS[:4], "1,2,3\n", *ROWS]).encode()), "3 columns in line 5"),
    "cut.csv": (raw("".join(ROWS)[:-40].encode()), "last line", "truncated"),
    "short-header.csv": (raw(("label,a,b\n" + ROWS[0]).encode()), "columns"),
    "nan.csv": (raw("".join([*ROWS, "1,nan" + ",0" * 63]).encode()), "x[60, 0] is nan"),
    "labels-in-words.csv": (raw(("a,b\n" + "cat,1\n" * 20).encode()), "line 2", "'cat'"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_refuses_a_bad_file(name, go, tmp_path):
    write, *words = BAD_FILES[name]
    path = tmp_path / name
    write(path)
    assert refused(go("--data", path, *QUICK), path, *words)
    assert not (tmp_path / "out").exists()


def cut_idx(at):
    return lambda pair: pair[0].write_bytes(pair[0].read_bytes()[:at])


BAD_IDX = {
    "cut images": (cut_idx(-1), "truncated", "3,840", "3,839"),
    "cut header": (cut_idx(9), "truncated", "header"),
    "cut magic": (cut_idx(3), "truncated", "header"),
    "no image": (lambda pair: pair[0].write_bytes(b""), "empty"),
    "more bytes": (lambda pair: pair[0].write_bytes(idx(X) + b"?"), "damaged"),
    "enormous header": (
        lambda pair: pair[0].write_bytes(b"\0\0\x08\x03" + b"\xff" * 12 + b"?"),
        "truncated",
    ),
    "unknown type": (lambda pair: pair[0].write_bytes(idx(X, code=0x07)), "not an IDX"),
    "many dimensions": (
        lambda pair: pair[0].write_bytes(b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"1"),
        "not an IDX",
    ),
    "not IDX": (lambda pair: pair[0].write_text(csv_text()), "not an IDX"),
    "missing labels": (lambda pair: pair[1].unlink(), "does not exist"),
    "fewer labels": (lambda pair: pair[1].write_bytes(idx(Y[:-2])), "60 images", "58 labels"),
    "labels twice": (lambda pair: pair[0].write_bytes(idx(Y)), "IMAGES, then LABELS"),
    "images twice": (lambda pair: pair[1].write_bytes(idx(X)), "IMAGES, then LABELS"),
}


@pytest.mark.parametrize("name", BAD_IDX)
def test_refuses_a_bad_idx_pair(name, go, tmp_path):
    pair = tmp_path / "images", tmp_path / "labels"
    pair[0].write_bytes(idx(X))
    pair[1].write_bytes(idx(Y))
    damage, *words = BAD_IDX[name]
    damage(pair)
    assert refused(go("--data", *pair, *QUICK), *words)


def test_refuses_a_bad_mnist_folder(go, tmp_path):
    folder = save_mnist(tmp_path / "mnist")
    images, labels = folder / "t10k-images-idx3-ubyte", folder / "t10k-labels-idx1-ubyte"
    images.write_bytes(idx(shapes(24)[0][:, :, :7]))
    assert refused(go("--data", folder), "(8, 8)", "(8, 7)")
    images.write_bytes(idx(X[:0]))
    labels.write_bytes(idx(Y[:0]))
    assert refused(go("--data", folder), "0 of 60 samples are for testing")
    labels.unlink()
    assert refused(go("--data", folder), "t10k-labels-idx1-ubyte")


@posix_only
def test_refuses_what_is_no_file_without_waiting(go, tmp_path):
    assert refused(go("--data", "/dev/zero"), "not a regular file")
    os.mkfifo(tmp_path / "pipe")
    assert refused(go("--data", tmp_path / "pipe"), "not a regular file")


BAD_OPTIONS = {
    "--epochs": ["0", "-1", "ten", "1.5", "9" * 5000],
    "--batch-size": ["0", "x"],
    "--lr": ["0", "-1", "nan", "inf", "fast"],
    "--hidden": ["0", "1000000000"],
    "--momentum": ["1", "-0.1"],
    "--noise": ["-1", "nan"],
    "--test-fraction": ["0", "1", "nan"],
    "--seed": ["-1", str(2**63), "abc"],
    "--epoch": ["3"],  # an abbreviation could come to mean something else
}
BAD_OPTIONS = [(option, value) for option, values in BAD_OPTIONS.items() for value in values]
BAD_OPTIONS += [("--epochs",), ("--data",), ("--no-such-option",), ("stray",)]


@pytest.mark.parametrize("option", BAD_OPTIONS, ids=lambda option: " ".join(option)[:40])
def test_refuses_a_bad_option(option, go, tmp_path):
    assert refused(go(*option), option[0])
    assert not (tmp_path / "out").exists()


def test_refuses_options_that_do_not_go_together(go, tmp_path):
    data = save_npz(tmp_path / "d.npz", *shapes())
    assert refused(go("--data", data, data, data), "--data takes")
    assert refused(go("--data", data, "--test-fraction", "0.001"), "0 of 60 samples")
    assert refused(go("--data", data, "--test-fraction", "0.999"), "60 of 60 samples")


def test_a_run_that_diverges_is_told_in_one_line(tmp_path):
    data = save_npz(tmp_path / "d.npz", *shapes())
    code, output, errors = run("--data", data, "--lr", "1e30", *QUICK, "--out", tmp_path / "out")
    assert code == 2
    assert errors.count("\n") == 1
    assert "smaller --lr" in errors
    assert not (tmp_path / "out" / "checkpoint.pt").exists()


def test_refuses_a_folder_it_cannot_write(go, tmp_path):
    data = save_npz(tmp_path / "d.npz", *shapes())
    assert refused(go("--data", data, out=data), data)
    assert refused(go("--data", data, out=data / "below"), data)
    if Path("/proc/self").exists():  # even root cannot write there
        assert refused(go("--data", data, out="/proc/self"), "/proc/self")


def test_a_full_disk_leaves_the_last_checkpoint(go, tmp_path, monkeypatch):
    data = save_npz(tmp_path / "d.npz", *shapes())
    assert go("--data", data, *QUICK)[0] == 0
    before = (tmp_path / "out" / "checkpoint.pt").read_bytes()

    def full(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ArchiveWriter, "close", full)
    code, output, errors = go("--data", data, "--epochs", 4, *QUICK[2:], "--resume")
    assert code == 2
    assert errors.count("\n") == 1
    assert "No space left" in errors
    assert (tmp_path / "out" / "checkpoint.pt").read_bytes() == before
    assert not list((tmp_path / "out").glob("*.part"))


@pytest.mark.parametrize("package", ["matplotlib", "tqdm", "sklearn", "numpy"])
def test_a_missing_package_is_named_with_the_extra_that_has_it(package, tmp_path):
    stub = tmp_path / "stubs" / package
    stub.mkdir(parents=True)
    (stub / "__init__.py").write_text(f"raise ModuleNotFoundError('gone', name={package!r})")
    paths = [str(stub.parent), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    name = {"sklearn": "scikit-learn"}.get(package, package)
    result = run("--out", tmp_path / "out", env=environment)
    assert refused(result, name, "pip install -e '.[examples]'")


# It goes on where it stopped ----------------------------------------------------------------------


@posix_only
def test_ctrl_c_tells_how_to_go_on_to_the_same_numbers(tmp_path):
    data = save_npz(tmp_path / "my data.npz", *shapes(300))
    work = tmp_path / "work"
    work.mkdir()
    options = ("--data", "../my data.npz", "--epochs", 150, "--batch-size", 4, "--hidden", 16)
    with start(*options, "--out", "cut", cwd=work) as process:
        for line in process.stdout:
            if line.startswith("epoch   3"):
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
        errors = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert len(minitorch.load(work / "cut" / "checkpoint.pt")["notes"]["history"]) < 150
    assert [path.name for path in (work / "cut").iterdir()] == ["checkpoint.pt"]

    command = shlex.split(errors.splitlines()[-1])  # as printed, from the same folder
    assert command[-1] == "--resume"
    resumed = subprocess.run(command, cwd=work, capture_output=True, text=True, timeout=120)
    assert (resumed.returncode, resumed.stderr) == (0, "")
    code, output, errors = run(*options, "--out", "whole", cwd=work)
    assert (code, errors) == (0, "")
    assert final(resumed.stdout) == final(output)
    assert same_files(work / "cut", work / "whole")
    assert data.exists()


@pytest.mark.parametrize("momentum", ["0", "0.9"])
@pytest.mark.parametrize("where", ["write", "fsync", "replace", "train"])
def test_an_interrupt_anywhere_leaves_a_whole_checkpoint(
    where, momentum, go, tmp_path, monkeypatch
):
    data = save_npz(tmp_path / "d.npz", *shapes())
    options = ("--data", data, "--epochs", 5, *QUICK[2:], "--momentum", momentum)
    whole = go(*options, out=tmp_path / "whole")
    assert whole[0] == 0

    owner, name, calls = {
        "write": (ArchiveWriter, "close", 3),
        # The first two are of the trial whether the folder can be written: file and folder.
        "fsync": (os, "fsync", 7),
        "replace": (os, "replace", 4),
        "train": (digits, "evaluate", 5),  # twice an epoch
    }[where]
    original = getattr(owner, name)

    def interrupted(*arguments, **keywords):
        nonlocal calls
        calls -= 1
        if calls == 0:
            raise KeyboardInterrupt
        return original(*arguments, **keywords)

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, interrupted)
        code, output, errors = go(*options)
    assert code == 130
    assert "2 of 5 epochs" in errors
    assert errors.endswith("--resume\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["checkpoint.pt"]

    code, output, errors = go(*options, "--resume")
    assert (code, errors) == (0, "")
    assert sum(line.startswith("epoch") for line in output.splitlines()) == 3
    assert final(output) == final(whole[1])
    assert same_files(tmp_path / "out", tmp_path / "whole")


def test_an_interrupt_before_the_first_epoch_says_that_nothing_is_saved(go, monkeypatch):
    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(digits, "train_one_epoch", interrupted)
    code, output, errors = go(*QUICK)
    assert code == 130
    assert "nothing to resume" in errors


def test_resume_trains_further_and_repeats_a_finished_run(go, tmp_path):
    data = save_npz(tmp_path / "d.npz", *shapes())
    options = ("--data", data, *QUICK[2:])
    whole = go(*options, "--epochs", 4, out=tmp_path / "whole")
    assert go(*options, "--epochs", 2)[0] == 0
    longer = go(*options, "--epochs", 4, "--resume")
    again = go(*options, "--epochs", 4, "--resume")
    assert final(whole[1]) == final(longer[1]) == final(again[1])
    assert refused(go(*options, "--epochs", 3, "--resume"), "past --epochs 3")


def test_resume_refuses_another_run(go, tmp_path):
    data = save_npz(tmp_path / "d.npz", *shapes())
    assert refused(go("--data", data, "--resume"), "nothing to resume")
    assert go("--data", data, *QUICK)[0] == 0
    other = save_npz(tmp_path / "other.npz", *shapes(seed=1))
    assert refused(go("--data", other, *QUICK, "--resume"), "other data")
    others = {"--seed": 5, "--lr": 0.5, "--momentum": 0.5, "--hidden": 17, "--batch-size": 9}
    for option, value in {**others, "--noise": 0.1, "--test-fraction": 0.3}.items():
        assert refused(go("--data", data, *QUICK, option, value, "--resume"), option, value)
    elsewhere = (tmp_path / "d.npz").rename(tmp_path / "moved.npz")
    assert go("--data", elsewhere, *QUICK, "--resume")[0] == 0


def test_resume_refuses_a_damaged_checkpoint(go, tmp_path):
    data = save_npz(tmp_path / "d.npz", *shapes())
    assert go("--data", data, *QUICK)[0] == 0
    path = tmp_path / "out" / "checkpoint.pt"
    good = path.read_bytes()
    saved = minitorch.load(path)
    parts, notes = saved["parts"], saved["notes"]

    def refuses(content):
        minitorch.save(content, path)
        return refused(go("--data", data, *QUICK, "--resume"), path)

    for content in (b"", b"PK", good[: len(good) // 2], good[:-1], flip(good), b"label,1\n"):
        path.write_bytes(content)
        assert refused(go("--data", data, *QUICK, "--resume"), path)
    for part in saved:
        assert refuses({key: value for key, value in saved.items() if key != part})
    for note in notes:
        assert refuses({**saved, "notes": {k: v for k, v in notes.items() if k != note}})
    weight = parts["model"]["1.weight"][:-1]
    assert refuses({**saved, "parts": {**parts, "model": {**parts["model"], "1.weight": weight}}})
    assert refuses({**saved, "parts": {**parts, "optimizer": {"state": {}}}})
    assert refuses({**saved, "streams": {"minitorch": minitorch.ones(3)}})
    assert refuses({**saved, "notes": {**notes, "about": {"options": 3}}})
    assert refuses([1, 2])
