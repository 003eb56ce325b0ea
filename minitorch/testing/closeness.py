"""`assert_close`: equal up to rounding, by PyTorch's rules, with messages that say where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.engine.state import TensorState

__all__ = ["assert_close", "default_tolerances"]

# rtol and atol for each dtype, as in PyTorch.
_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


def default_tolerances(*dtypes: Any) -> tuple[float, float]:
    """rtol and atol for values of `dtypes`: the coarser one's; 0 for integers and booleans.

    >>> default_tolerances(mt.float32, mt.float64)
    (1.3e-06, 1e-05)
    """
    found = [_TOLERANCES.get(np.dtype(dtype).name, (0.0, 0.0)) for dtype in dtypes]
    return max(r for r, _ in found), max(a for _, a in found)


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise AssertionError unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Tensors, arrays, Python numbers, None, and (nested) sequences and mappings of them; also their
    shapes and dtypes must be the same (with `check_stride`, strides too).  Infinities must be
    equal, NaN is only close to NaN with `equal_nan`.  Tolerances left out are those of the dtype.
    `msg` replaces the message, or is a function of it.  Mirrors ``torch.testing.assert_close``.

    >>> assert_close(mt.tensor([1.0, 2.0]), mt.tensor([1.0, 2.0]) * (1 + 1e-7))
    >>> assert_close(mt.tensor([1.0, 4.0]), mt.tensor([1.0, 2.0]))
    Traceback (most recent call last):
        ...
    AssertionError: Tensor-likes are not close!
    <BLANKLINE>
    Mismatched elements: 1 / 2 (50.0%)
    Greatest absolute difference: 2.0 at index (1,) (up to 1e-05 allowed)
    Greatest relative difference: 1.0 at index (1,) (up to 1.3e-06 allowed)
    """
    if (rtol is None) != (atol is None):
        raise ValueError("rtol and atol must both be given, or neither")
    __tracebackhide__ = True
    rules = _Rules(rtol, atol, equal_nan, check_dtype, check_stride, allow_subclasses)
    said = rules.compare(actual, expected, "")
    if said is not None:
        raise AssertionError(said if msg is None else msg(said) if callable(msg) else msg)


_LOOSER = {mt.float16: (1e-3, 1e-3), mt.float32: (1e-4, 1e-5), mt.float64: (1e-5, 1e-8)}


def assert_allclose(
    actual: Any,
    expected: Any,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = True,
    msg: str = "",
) -> None:
    """`assert_close` of what need not be Tensors of one dtype, and more loosely: deprecated.

    NaN is close to NaN.  Mirrors ``torch.testing.assert_allclose``.

    >>> assert_allclose([1.0, float("nan")], mt.tensor([1.00005, float("nan")]))
    """
    if not isinstance(actual, mt.Tensor):
        actual = mt.tensor(actual)
    if not isinstance(expected, mt.Tensor):
        expected = mt.tensor(expected, dtype=actual.dtype)
    if rtol is None and atol is None:
        both = [_LOOSER.get(t.dtype, (0.0, 0.0)) for t in (actual, expected)]
        rtol, atol = map(max, zip(*both))
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False,
        msg=msg or None,
    )  # fmt: skip


class _Rules:
    """The options of one call; `compare` gives the message of the first difference, or None."""

    def __init__(
        self, rtol: float | None, atol: float | None, equal_nan: bool, check_dtype: bool,
        check_stride: bool, allow_subclasses: bool,
    ) -> None:  # fmt: skip
        self.rtol, self.atol, self.equal_nan = rtol, atol, equal_nan
        self.check_dtype, self.check_stride = check_dtype, check_stride
        self.allow_subclasses = allow_subclasses

    def compare(self, actual: Any, expected: Any, place: str) -> str | None:
        if _is_sequence(actual) and _is_sequence(expected):
            if len(actual) != len(expected):
                return self.at(
                    f"The length of the sequences mismatch: {len(actual)} != {len(expected)}", place
                )
            pairs = [(f"[{i}]", a, e) for i, (a, e) in enumerate(zip(actual, expected))]
            return self.first(pairs, place)
        if isinstance(actual, Mapping) and isinstance(expected, Mapping):
            missing = sorted(set(expected) - set(actual), key=str)
            more = sorted(set(actual) - set(expected), key=str)
            if missing or more:
                return self.at(
                    "The keys of the mappings do not match:\n"
                    f"Missing keys in the actual mapping: {missing}\n"
                    f"Additional keys in the actual mapping: {more}",
                    place,
                )
            return self.first([(f"[{k!r}]", actual[k], expected[k]) for k in expected], place)
        if actual is None or expected is None:
            if actual is expected:
                return None
            return self.at(f"None mismatch: {actual} is not {expected}", place)
        if isinstance(actual, bool | np.bool_) and isinstance(expected, bool | np.bool_):
            if bool(actual) == bool(expected):
                return None
            return self.at(f"Booleans mismatch: {actual} is not {expected}", place)
        if _is_number(actual) and _is_number(expected):
            return self.numbers(actual, expected, place)
        return self.arrays(actual, expected, place)

    def first(self, pairs: Sequence[tuple[str, Any, Any]], place: str) -> str | None:
        for where, a, e in pairs:
            said = self.compare(a, e, place + where)
            if said is not None:
                return said
        return None

    @staticmethod
    def at(said: str, place: str) -> str:
        return f"{said}\n\nThe failure occurred for item {place}" if place else said

    def numbers(self, actual: Any, expected: Any, place: str) -> str | None:
        if self.check_dtype and type(actual) is not type(expected):
            return self.at(f"The (d)types do not match: {type(actual)} != {type(expected)}.", place)
        a, e = np.asarray(actual), np.asarray(expected)
        return self.values(a, e, *self.tolerances(a.dtype, e.dtype), place)

    def tolerances(self, *dtypes: Any) -> tuple[float, float]:
        if self.rtol is not None and self.atol is not None:
            return self.rtol, self.atol
        return default_tolerances(*dtypes)

    def arrays(self, actual: Any, expected: Any, place: str) -> str | None:
        kinds = type(actual), type(expected)
        related = isinstance(actual, kinds[1]) or isinstance(expected, kinds[0])
        if not related or (not self.allow_subclasses and kinds[0] is not kinds[1]):
            raise TypeError(
                f"No comparison pair was able to handle inputs of type {kinds[0]} and {kinds[1]}."
            )
        try:
            a, e = map(_as_tensor, (actual, expected))
        except (TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"no Tensor can be made of a {kinds[0].__name__}: {error}") from error
        checks: list[tuple[bool, str, Any, Any]] = [
            (True, "shape", a.shape, e.shape),
            (self.check_dtype, "dtype", a.dtype, e.dtype),
            (self.check_stride, "stride()", a.stride(), e.stride()),
        ]
        for wanted, name, mine, theirs in checks:
            if wanted and mine != theirs:
                return self.at(
                    f"The values for attribute '{name}' do not match: {mine} != {theirs}.", place
                )
        rtol, atol = self.tolerances(a._data.dtype, e._data.dtype)
        common = mt.promote_types(a.dtype, e.dtype)
        return self.values(a.to(common)._data, e.to(common)._data, rtol, atol, place)

    def values(
        self, a: np.ndarray, e: np.ndarray, rtol: float, atol: float, place: str
    ) -> str | None:
        if a.dtype.kind in "bV":
            a, e = (x.astype(np.float32) if x.dtype.kind == "V" else x.astype(np.int64)
                    for x in (a, e))  # fmt: skip
        with np.errstate(all="ignore"):
            if a.dtype.kind in "iu":  # differences may not fit; compare large ones exactly
                difference = np.abs(a.astype(np.float64) - e.astype(np.float64))
                near = (a == e) | ((difference <= atol + rtol * np.abs(e)) & (rtol + atol > 0))
            else:
                difference = np.abs(a - e)
                near = (a == e) | (difference <= atol + rtol * np.abs(e)) & np.isfinite(e)
                if self.equal_nan:
                    near |= np.isnan(a) & np.isnan(e)
            if near.all():
                return None
            relative = difference / np.abs(e)
        word = "equal" if rtol == atol == 0 else "close"
        up_to = [f" (up to {t:g} allowed)" if word == "close" else "" for t in (atol, rtol)]
        if a.ndim == 0:
            return self.at(
                f"Scalars are not {word}!\n\n"
                f"Expected {e.item()} but got {a.item()}.\n"
                f"Absolute difference: {difference.item()}{up_to[0]}\n"
                f"Relative difference: {relative.item()}{up_to[1]}",
                place,
            )
        count = int(np.sum(~near))
        lines = [
            f"Tensor-likes are not {word}!",
            "",
            f"Mismatched elements: {count} / {a.size} ({count / a.size:.1%})",
        ]
        for name, values, allowed in (
            ("absolute", difference, up_to[0]), ("relative", relative, up_to[1]),
        ):  # fmt: skip
            among = np.where(near, 0, values)
            flat = int(np.argmax(np.where(np.isnan(among), np.inf, among)))
            where = tuple(int(n) for n in np.unravel_index(flat, a.shape))
            lines.append(
                f"Greatest {name} difference: {among[where].item()} at index {where}{allowed}"
            )
        return self.at("\n".join(lines), place)


def _as_tensor(x: Any) -> Any:
    return x if isinstance(x, TensorState) else mt.as_tensor(x)


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str | bytes)


def _is_number(x: Any) -> bool:
    return isinstance(x, int | float | complex | np.number) and not isinstance(x, np.ndarray)
