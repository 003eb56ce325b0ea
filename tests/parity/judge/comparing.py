"""Two results compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from tests.parity.judge.sides import dtype_name, fields_of, is_tensor, to_numpy


class Difference(Exception):
    """What differs: a category and a message."""

    def __init__(self, category: str, message: str):
        super().__init__(message)
        self.category = category


def _isnan(a: np.ndarray) -> np.ndarray:
    return np.isnan(a) if a.dtype.kind in "fc" else np.zeros(a.shape, bool)


def mismatch(expected: np.ndarray, actual: np.ndarray, tolerance: tuple[float, float]) -> str:
    """Where two arrays of one shape and dtype differ, in words; '' if nowhere."""
    if expected.size == 0:
        return ""
    with np.errstate(all="ignore"):
        if expected.dtype.kind not in "fc":
            bad = expected != actual
        else:
            rtol, atol = tolerance
            wide = np.complex128 if expected.dtype.kind == "c" else np.float64
            e, a = expected.astype(wide), actual.astype(wide)
            size = np.abs(e)
            finite = size[np.isfinite(size)]
            # Cancellation: what is far below the largest value is not compared to its own size.
            floor = 1e-9 * float(finite.max()) if finite.size and rtol <= 1e-5 else 0.0
            bad = ~(np.abs(a - e) <= atol + floor + rtol * size) & (e != a)
            bad &= ~(_isnan(e) & _isnan(a))
            bad |= np.isinf(e) != np.isinf(a)
            if wide is np.complex128:  # an infinite complex number has many spellings
                bad &= ~(np.isinf(e) & np.isinf(a)) & ~(~np.isfinite(e) & ~np.isfinite(a))
        if not bad.any():
            return ""
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        want, got = expected[place], actual[place]
        text = f"{int(bad.sum())}/{bad.size} differ, first at {list(place)}: "
        text += f"torch {want!s}, here {got!s}"
        if expected.dtype.kind in "fc":
            off = np.abs(a - e)[bad]
            off = off[np.isfinite(off)]
            if off.size:
                text += f" (max abs difference {off.max():.3g})"
        return text


def compare_tensor(
    expected: torch.Tensor, actual: Any, module: Any, tolerances: dict, factor: float, what: str
) -> None:
    """Raises Difference unless dtype, shape and values agree."""
    if not is_tensor(actual, module):
        raise Difference("structure", f"{what}is {type(actual).__name__}, not a Tensor")
    want, got = dtype_name(expected), dtype_name(actual)
    if want != got:
        raise Difference("dtype", f"{what}dtype: torch {want}, here {got}")
    if tuple(expected.shape) != tuple(actual.shape):
        raise Difference(
            "shape", f"{what}shape: torch {list(expected.shape)}, here {list(actual.shape)}"
        )
    e, a = to_numpy(expected), to_numpy(actual)
    if a.dtype != e.dtype or a.shape != e.shape:
        raise Difference(
            "dtype", f"{what}says {got}{list(actual.shape)} but holds {a.dtype}{list(a.shape)}"
        )
    rtol, atol = tolerances.get(want, (0.0, 0.0))
    text = mismatch(e, a, (rtol * factor, atol * factor))
    if text:
        raise Difference("value", what + text)


def compare_tree(expected: Any, actual: Any, module: Any, leaf: Any, what: str = "") -> None:
    """Walks two results; ``leaf(e, a, what)`` compares their tensors."""
    if isinstance(expected, torch.Tensor):
        if not is_tensor(actual, module):
            raise Difference("structure", f"{what}is {type(actual).__name__}, not a Tensor")
        leaf(expected, actual, what)
        return
    if isinstance(expected, torch.Size):
        if not isinstance(actual, tuple) or tuple(expected) != tuple(actual):
            raise Difference("value", f"{what}torch {tuple(expected)}, here {actual!r}")
        return
    if isinstance(expected, list | tuple):
        kind = list if isinstance(expected, list) else tuple
        if not isinstance(actual, kind):
            raise Difference(
                "structure", f"{what}torch gives a {kind.__name__}, here {type(actual).__name__}"
            )
        if len(expected) != len(actual):
            raise Difference(
                "structure", f"{what}length: torch {len(expected)}, here {len(actual)}"
            )
        for i, name in enumerate(fields_of(expected)):
            if not hasattr(actual, name):
                raise Difference("structure", f"{what}the result has no field {name!r}")
            if getattr(actual, name) is not actual[i]:
                raise Difference("structure", f"{what}field {name!r} is not element {i}")
        for i, (e, a) in enumerate(zip(expected, actual, strict=True)):
            compare_tree(e, a, module, leaf, f"{what}[{i}] ")
        return
    if isinstance(expected, torch.dtype):
        if str(expected).split(".")[-1] != str(actual).split(".")[-1]:
            raise Difference("value", f"{what}torch {expected}, here {actual}")
        return
    if isinstance(expected, bool | int | float | complex | str):
        if type(expected) is not type(actual):
            raise Difference(
                "structure",
                f"{what}torch gives {type(expected).__name__}, here {type(actual).__name__}",
            )
        same = expected == actual or (expected != expected and actual != actual)
        if not same and isinstance(expected, float | complex):
            same = abs(expected - actual) <= 1e-6 * abs(expected)
        if not same:
            raise Difference("value", f"{what}torch {expected!r}, here {actual!r}")
        return
    if expected is None and actual is not None:
        raise Difference("structure", f"{what}torch gives None, here {type(actual).__name__}")
