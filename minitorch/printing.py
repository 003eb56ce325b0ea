"""How tensors print: the text of ``repr(tensor)``, and the options that steer it.

The text is PyTorch's, character for character, down to its oddities: a reader who knows one
framework's printouts can read (and diff, and paste) the other's. It is made in four steps:

    pick the items to show  ->  spell each one  ->  lay them out in brackets  ->  add suffixes

Large tensors are cut down to their edges first, so that printing costs what is shown, not what
is stored. This module sees arrays and names only; it does not know what a Tensor is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import compress, islice
from typing import Any

import numpy as np

__all__ = ["format_tensor", "get_printoptions", "printoptions", "set_printoptions"]


# ---- options ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Options:
    precision: int = 4
    threshold: float = 1000
    edgeitems: int = 3
    linewidth: int = 80
    sci_mode: bool | None = None


_PROFILES = {
    "default": _Options(),
    "short": _Options(precision=2, edgeitems=2),
    "full": _Options(threshold=float("inf")),
}

_options = _PROFILES["default"]


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors print from now on. What is not given stays as it is.

    Args:
        precision: digits after the decimal point (default: 4).
        threshold: tensors with more elements than this are summarised (default: 1000).
        edgeitems: items shown at either end of each summarised dimension (default: 3).
        linewidth: characters per line, after which rows are wrapped (default: 80).
        profile: ``"default"``, ``"short"`` or ``"full"`` (never summarise): a set of values for
            the options above, each of which may still be given beside it.
        sci_mode: ``True`` or ``False`` turns scientific notation on or off. ``None`` decides for
            each tensor by its values; as in PyTorch, leaving it out also returns to that.

    Example::

        >>> set_printoptions(precision=2)
        >>> print(format_tensor(np.array([1.12345]), dtype="minitorch.float32"))
        tensor([1.12])
        >>> set_printoptions(profile="default")
    """
    global _options
    if profile is not None and profile not in _PROFILES:
        raise ValueError(f"unknown profile {profile!r}; choose one of {', '.join(_PROFILES)}")
    for name, value in (("precision", precision), ("edgeitems", edgeitems)):
        if value is not None and (not isinstance(value, int) or value < 0):
            raise ValueError(f"{name} must be a non-negative integer, got {value!r}")

    base = _options if profile is None else _PROFILES[profile]
    _options = _Options(
        precision=base.precision if precision is None else precision,
        threshold=base.threshold if threshold is None else threshold,
        edgeitems=base.edgeitems if edgeitems is None else edgeitems,
        linewidth=base.linewidth if linewidth is None else linewidth,
        sci_mode=sci_mode,
    )


def get_printoptions() -> dict[str, Any]:
    """The options in force, as a dict that :func:`set_printoptions` accepts as keywords."""
    return asdict(_options)


@contextmanager
def printoptions(**options: Any) -> Iterator[None]:
    """:func:`set_printoptions` for the length of a ``with`` block.

    Example::

        >>> with printoptions(threshold=5, edgeitems=1):
        ...     print(format_tensor(np.arange(10), dtype="minitorch.int64"))
        tensor([0,  ..., 9])
    """
    global _options
    before = _options
    set_printoptions(**options)
    try:
        yield
    finally:
        _options = before


# ---- the whole text --------------------------------------------------------------------------


def format_tensor(
    array: np.ndarray,
    *,
    dtype: str,
    default_dtype: str = "minitorch.float32",
    device: str | None = None,
    suffixes: Sequence[str] = (),
    prefix: str = "tensor(",
) -> str:
    """The ``repr`` of a tensor that holds ``array``.

    Args:
        array: the values, on the host.
        dtype: the tensor's dtype as it prints, such as ``"minitorch.float64"``; shown where a
            reader could not guess it.
        default_dtype: the default floating-point dtype, which goes without saying.
        device: name of the device, shown if given.
        suffixes: what else to say, in order: ``"requires_grad=True"``, ``"grad_fn=<Exp>"``.
        prefix: the opening, which also sets how far the following lines are indented.
    """
    shape = array.shape
    summarize = array.size > _options.threshold

    facts = []
    if device is not None:
        facts.append(f"device='{device}'")
    # The brackets give the shape away, except where nothing stands between them.
    if shape != (0,) and (array.size == 0 or _options.edgeitems == 0):
        facts.append(f"size={shape}")
    if _needs_saying(dtype, default_dtype, empty=array.size == 0):
        facts.append(f"dtype={dtype}")

    if array.size == 0:
        body = "[]"
    elif summarize and shape and _options.edgeitems == 0:
        body = "[...]"
    else:
        cells, width = _spell((_edges(array) if summarize else array).reshape(-1))
        body = _lay_out(shape, iter(cells), width, len(prefix), summarize)
    return _append(prefix + body, [*facts, *suffixes], indent=len(prefix))


def _needs_saying(dtype: str, default_dtype: str, *, empty: bool) -> bool:
    if dtype == default_dtype:
        return False
    if empty:
        return True  # no values are there to give it away
    default_complex = "complex128" if default_dtype.endswith("float64") else "complex64"
    return not dtype.endswith((".int64", ".bool", default_complex))


def _append(text: str, suffixes: Sequence[str], indent: int) -> str:
    """Adds ``, suffix`` for each suffix, on a new line where the old one would grow too long."""
    # The start counts two characters that are not there. So it does in PyTorch, and it decides
    # where lines break.
    column = len(text) - (text.rfind("\n") + 1) + 2
    for suffix in suffixes:
        if column + len(suffix) + 2 > _options.linewidth:
            text += ",\n" + " " * indent + suffix
            column = indent + len(suffix)
        else:
            text += ", " + suffix
            column += len(suffix) + 2
    return text + ")"


# ---- which items, and where they stand -------------------------------------------------------


def _edges(array: np.ndarray) -> np.ndarray:
    """The part of a large array that is shown: both ends of every long dimension."""
    edge = _options.edgeitems
    for axis, length in enumerate(array.shape):
        if length > 2 * edge:
            array = array.take([*range(edge), *range(length - edge, length)], axis)
    return array


def _lay_out(
    shape: tuple[int, ...], cells: Iterator[str], width: int, column: int, summarize: bool
) -> str:
    """Brackets around ``cells``, which come in row-major order; opens at ``column``."""
    if not shape:
        return next(cells)
    length, inner = shape[0], shape[1:]
    edge = _options.edgeitems
    cut = summarize and length > 2 * edge
    shown = 2 * edge if cut else length
    indent = " " * (column + 1)

    if inner:
        rows = [_lay_out(inner, cells, width, column + 1, summarize) for _ in range(shown)]
        if cut:
            rows.insert(edge, "...")
        # One newline between rows, two between matrices, three between blocks of matrices ...
        return "[" + ("," + "\n" * len(inner) + indent).join(rows) + "]"

    row = list(islice(cells, shown))
    if cut:
        row.insert(edge, " ...")
    per_line = max(1, (_options.linewidth - column) // (width + len(", ")))
    lines = [", ".join(row[i : i + per_line]) for i in range(0, len(row), per_line)]
    return "[" + (",\n" + indent).join(lines) + "]"


# ---- spelling --------------------------------------------------------------------------------


def _spell(values: np.ndarray) -> tuple[list[str], int]:
    """Texts of the values of a flat array, padded to align, and the width to reckon with."""
    kind = values.dtype.kind
    if kind == "c":
        return _spell_complex(values)
    if kind in "biu":
        return _align([str(value) for value in values.tolist()])
    return _spell_floats(values)  # also bfloat16 and its kin, whose kind NumPy does not know


def _spell_floats(values: np.ndarray) -> tuple[list[str], int]:
    values = values.astype(np.float64)  # what is near 1000 or 1e-4 is judged in double precision
    # Zeros, infinities and nans have no say in the notation, nor in the width: beside narrow
    # numbers they stick out.
    telling = np.isfinite(values) & (values != 0)
    numbers = values[telling]

    integral = bool((numbers == np.ceil(numbers)).all())
    if numbers.size and _scientific(np.abs(numbers)):
        notation = f".{_options.precision}e"
    elif integral:
        notation = "#.0f"  # "#" keeps the point: 1.
    else:
        notation = f".{_options.precision}f"
    return _align([format(value, notation) for value in values.tolist()], telling.tolist())


def _scientific(magnitudes: np.ndarray) -> bool:
    if _options.sci_mode is not None:
        return _options.sci_mode
    low, high = float(magnitudes.min()), float(magnitudes.max())
    return high / low > 1000 or high > 1e8 or low < 1e-4


def _spell_complex(values: np.ndarray) -> tuple[list[str], int]:
    """Both parts are spelled apart, each in its own notation; only the first is padded."""
    reals, real_width = _spell_floats(values.real)
    imags, imag_width = _spell_floats(values.imag)
    cells = []
    for real, imag in zip(reals, map(str.lstrip, imags), strict=True):
        sign = "" if imag.startswith("-") else "+"
        cells.append(f"{real}{sign}{imag}j")
    return cells, real_width + len("+") + imag_width


def _align(cells: list[str], telling: Sequence[bool] | None = None) -> tuple[list[str], int]:
    """Pads the cells to the width of the widest, or of the widest telling one."""
    measured = cells if telling is None else compress(cells, telling)
    width = max(map(len, measured), default=1)
    return [cell.rjust(width) for cell in cells], width
