"""What the short examples share: options on the command line, a progress bar, a picture's file.

The examples can be read without this file: `options` returns its keywords, as changed by whoever
calls the script, and `save` writes the picture.
"""

import argparse
import codecs
import contextlib
import importlib.metadata
import importlib.util
import io
import math
import sys
import warnings
from pathlib import Path

import numpy as np

SCRIPT = Path(sys.argv[0]).name


def fail(message):
    """End with one line on stderr, and exit code 2."""
    print(f"{SCRIPT}: error: {message}", file=sys.stderr)
    sys.exit(2)


try:
    from matplotlib.backend_bases import FigureCanvasBase
    from matplotlib.figure import Figure  # not pyplot: no window is needed
    from tqdm import tqdm

    for name in ("minitorch", "sklearn"):  # imported by those that need them
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(name=name)
except ModuleNotFoundError as missing:
    fail(f"{missing.name} is not installed: pip install -e '.[examples]'")

__all__ = ["OneLineParser", "canvas", "options", "read_series", "read_text", "save", "tqdm"]


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message):  # argparse would print the whole usage before it
        self.exit(2, f"{self.prog}: error: {message} (--help lists the options)\n")


def options(description, **defaults):
    """An object with an attribute per keyword: its default, or what the command line says.

    Numbers must be above 0, but for the seed, which may be 0.  Files that are read must be there.
    """
    parser = OneLineParser(
        prog=SCRIPT,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for name, default in defaults.items():
        parser.add_argument(
            f"--{name}",
            type=_checked(name, type(default)),
            default=default,
            metavar={int: "N", float: "X", str: "FILE"}[type(default)],
            help=f"default: {default}" if default else "default: see above",
        )
    args = parser.parse_args()
    _check_picture(args.out)  # better now than after the training
    return args


def _check_picture(out):
    kinds = FigureCanvasBase.get_supported_filetypes()
    if Path(out).suffix[1:].lower() not in kinds:
        fail(f"--out: {out!r} must end in one of .{', .'.join(sorted(kinds))}")
    try:
        Path(out).parent.mkdir(parents=True, exist_ok=True)
        with open(out, "ab"):
            pass
    except OSError as error:
        fail(f"cannot write {out}: {error.strerror}")


def _checked(name, kind):
    if kind is str:
        return str
    low = 0 if name == "seed" else 1 if kind is int else 5e-324
    wish = f"a whole number of at least {low}" if kind is int else "a number above 0"

    def parse(text):
        try:
            value = kind(text)
        except ValueError:
            value = math.nan
        if not low <= value < 2**63:  # as NaN is
            raise argparse.ArgumentTypeError(f"must be {wish}, not {text!r}")
        return value

    return parse


def canvas(losses=None, unit=""):
    """A figure and its two halves; the left one shows how the loss fell, if there is one."""
    figure = Figure(figsize=(13, 5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.5])
    if losses:
        left.plot(losses, linewidth=0.7)
        left.set(title="training", xlabel="step", ylabel=f"loss ({unit})")
        if min(losses) > 0:
            left.set_yscale("log")
    return figure, left, right


def save(figure, path):
    """Write the picture, and say where it is."""
    figure.savefig(path, dpi=120)
    print(f"picture: {path}")


def read_text(path, at_least):
    """The text of a file; without a path, "The Zen of Python" and the licences on this machine."""
    try:
        text = Path(path).read_text(encoding="utf-8") if path else _texts_at_hand()
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path} is not a text in UTF-8")
    if len(text) < at_least:
        fail(f"{path} has {len(text)} characters; there must be {at_least} to learn from")
    return text


def _texts_at_hand():
    with contextlib.redirect_stdout(io.StringIO()):  # it prints itself when it is imported
        import this
    texts = [codecs.decode(this.s, "rot13")]
    found = [Path(contextlib.__file__).parent / "LICENSE.txt"]  # Python's own
    for package in ("numpy", "matplotlib", "scikit-learn", "tqdm"):
        files = importlib.metadata.files(package) or ()
        found += [file.locate() for file in files if "LICEN" in file.name.upper()]
    for file in found:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            texts.append(Path(file).read_text(encoding="ascii"))
    return "\n\n".join(texts)


def read_series(path, at_least):
    """The numbers of a file, the last of each line; without a path, a series that looks regular.

    It is chaotic: the number of blood cells that are replaced after a delay (Mackey and Glass
    1977), ``x' = 0.2 x(t - 17) / (1 + x(t - 17)**10) - 0.1 x(t)``.
    """
    if not path:
        x = [1.2] * 171
        while len(x) < 17000:  # ten small steps for each value that is kept
            x.append(0.99 * x[-1] + 0.02 * x[-171] / (1 + x[-171] ** 10))
        return x[2000::10]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an empty file: said below
            series = np.loadtxt(path, delimiter="," if path.endswith(".csv") else None, ndmin=2)
        series = series[:, -1]
    except OSError as error:
        fail(f"cannot read {path}: {error.strerror or error}")
    except ValueError as error:
        fail(f"{path} is not a list of numbers: {error}")
    if len(series) < at_least or not np.isfinite(series).all() or series.std() == 0:
        fail(f"{path} must hold at least {at_least} finite numbers, and not all the same")
    return series.tolist()
