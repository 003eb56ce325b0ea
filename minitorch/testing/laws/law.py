"""What a law is: a name, a lesson, and a check of one example."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from minitorch.autograd.gradcheck import precision
from minitorch.testing.example import Example

__all__ = ["REGISTRY", "Broken", "Law", "close", "law", "same", "scale_of"]


class Broken(Exception):
    """A law does not hold for an example; `leaf` is the number of the active leaf it is about.

    `expected`, `got`, `error` and `wrong` fill the table of the report.  With `gradient`, what is
    wrong is a gradient for ``example.gs``, and the report can say what mistake it looks like.
    """

    def __init__(
        self, text: str, *, leaf: int | None = None, expected: Any = None, got: Any = None,
        error: Any = None, wrong: Any = None, low: Any = None, high: Any = None,
        gradient: bool = False, diagnosis: str = "",
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.text, self.leaf, self.gradient, self.diagnosis = text, leaf, gradient, diagnosis
        self.expected, self.got, self.error, self.wrong = expected, got, error, wrong
        self.low, self.high = low, high


@dataclass(frozen=True)
class Law:
    """A law that functions obey: `check` raises `Broken` for an example that does not.

    `needs`  what a law can be checked on: "graph" (functions of Tensors), "pair", "module", or an
             option of the check, such as "reference"
    `limit`  on how many examples of one check it is tried, at most
    """

    name: str
    lesson: str
    check: Callable[[Example], None]
    needs: tuple[str, ...] = ()
    limit: int | None = None

    def applies(self, example: Example) -> bool:
        """Whether the law means anything for what is tested."""
        subject = example.subject
        kinds = {"graph": subject.has_graph, "pair": subject.is_pair, "module": subject.is_module}
        return all(
            kinds[need] if need in kinds else example.options.get(need) is not None
            for need in self.needs
        )


REGISTRY: dict[str, Law] = {}


def law(*needs: str, limit: int | None = None) -> Callable[[Callable[[Example], None]], Law]:
    """Declare a law: the function's name is the law's, its docstring the lesson."""

    def declare(check: Callable[[Example], None]) -> Law:
        made = Law(check.__name__, (check.__doc__ or "").strip(), check, needs, limit)
        REGISTRY[made.name] = made
        return made

    return declare


def scale_of(*arrays: Any) -> float:
    """The largest finite magnitude in `arrays`."""
    sizes = [np.abs(a[np.isfinite(a)]) for a in map(np.asarray, arrays)]
    return max([float(np.max(s)) for s in sizes if s.size], default=0.0)


def close(got: Any, expected: Any, rtol: float, scale: float = 0.0) -> np.ndarray:
    """Where two arrays of one shape agree, to `rtol` of the element, or of `scale`.

    In single precision and below, `rtol` is at least what rounding takes.
    """
    got, expected = np.asarray(got), np.asarray(expected)
    rtol = max(rtol, 200 * max(precision(got), precision(expected)))
    with np.errstate(all="ignore"):
        near = np.abs(got - expected) <= rtol * np.maximum(np.abs(expected), scale)
    return near | (got == expected) | (np.isnan(got) & np.isnan(expected))


def same(a: Any, b: Any) -> bool:
    """Whether two arrays are equal to the bit (NaN is NaN)."""
    a, b = np.asarray(a), np.asarray(b)
    return (
        a.shape == b.shape
        and a.dtype == b.dtype
        and bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))
    )
