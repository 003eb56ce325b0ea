"""What a gradient check found: `GradReport`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["GradReport", "GradcheckError", "number", "table"]


class GradcheckError(RuntimeError):
    """The gradient and the finite differences disagree; `report` is the `GradReport`."""

    report: GradReport | None = None


@dataclass(eq=False)
class GradReport:
    """The result of `gradcheck`: true when the gradient is right, and what was looked at.

    - `ok`: no disagreement, and not too many elements skipped
    - `compared`: how many derivatives (of one output by one input) were compared
    - `kinks`: how many of those lie at a kink, where anything between the slopes to the two sides
      passes; `edges`: where there is no finite slope (the end of the domain, a jump);
      `unsettled`: where differences are too noisy to tell
    - `largest_error`: the largest relative distance from the finite differences, beyond their bars
    - `message`: what is wrong, and `diagnosis`: what kind of mistake it looks like

    >>> import minitorch
    >>> x = minitorch.tensor([-1.0, 0.0, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> report = minitorch.autograd.gradcheck(minitorch.relu, x)
    >>> bool(report), report.kinks
    (True, 1)
    """

    ok: bool = True
    compared: int = 0
    kinks: int = 0
    edges: int = 0
    unsettled: int = 0
    largest_error: float = 0.0
    message: str = ""
    diagnosis: str = ""
    failure: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def skipped(self) -> int:
        """How many derivatives could not be compared with one number."""
        return self.kinks + self.edges + self.unsettled

    def __bool__(self) -> bool:
        return self.ok

    def __eq__(self, other: object) -> bool:
        if isinstance(other, bool):
            return self.ok == other
        return self is other

    __hash__ = object.__hash__

    def __str__(self) -> str:
        counts = [f"{self.compared} derivatives compared"]
        for name in ("kinks", "edges", "unsettled"):
            if getattr(self, name):
                counts.append(f"{getattr(self, name)} {name}")
        said = f"\n{self.message}" if self.message else ""
        return f"gradients {'right' if self.ok else 'WRONG'}: {', '.join(counts)}{said}"


def number(x: Any) -> str:
    """A number as short as it can be told apart: ``-0.5``, ``1.2346e-07``."""
    if isinstance(x, complex | np.complexfloating):
        return f"{x.real:.5g}{x.imag:+.5g}j"
    return f"{x:.5g}"


def table(
    expected: np.ndarray,
    error: np.ndarray,
    got: np.ndarray,
    wrong: np.ndarray,
    low: np.ndarray | None = None,
    high: np.ndarray | None = None,
    rows: int = 8,
) -> str:
    """The elements that are wrong: index, expected with its error bar, got, and their ratio."""
    lines = [("index", "expected", "got", "got / expected")]
    places = [tuple(int(n) for n in place) for place in np.argwhere(wrong)]
    for place in places[:rows]:
        want, have = expected[place], got[place]
        if low is not None and high is not None and high[place] > low[place]:
            shown = f"{number(low[place])} to {number(high[place])} (kink)"
            ratio = ""
        else:
            shown = f"{number(want)} ± {error[place]:.1g}"
            with np.errstate(all="ignore"):
                ratio = number(have / want) if want != 0 else "-"
        lines.append((str(list(place)), shown, number(have), ratio))
    widths = [max(len(line[k]) for line in lines) for k in range(4)]
    shown_lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines
    ]
    if len(places) > rows:
        shown_lines.append(f"... and {len(places) - rows} more")
    return "\n".join(shown_lines)
