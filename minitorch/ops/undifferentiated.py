"""Results that depend on their input, with no gradient defined: backward raises, as in PyTorch."""

from __future__ import annotations

import numpy as np

from minitorch.ops.primitive import primitive


@primitive
def undifferentiated(input, /, result, name):
    """`result`, computed from `input` by the function `name`."""
    return result


def _refuse(g: np.ndarray, name: str) -> None:
    raise NotImplementedError(
        f"{name}() has no gradient; detach() what should not be differentiated"
    )


undifferentiated.gradient(input=_refuse)
