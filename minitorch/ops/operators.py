"""What Python's arithmetic operators do to tensors: ``+ - * /`` and the minus sign.

The public functions of these names, with PyTorch's options, are in `minitorch.ops.arithmetic`.
"""

from __future__ import annotations

import numpy as np

from minitorch.ops.primitive import elementwise


@elementwise(ufunc=np.add)
def add(input, other):
    """``input + other``."""


add.gradient(input=lambda g: g, other=lambda g: g)


@elementwise(kinds="iufcV", each=True, ufunc=np.subtract)
def sub(input, other):
    """``input - other``."""


sub.gradient(input=lambda g: g, other=lambda g: -g)


@elementwise(ufunc=np.multiply)
def mul(input, other):
    """``input * other``."""


mul.gradient(input=(np.multiply, "other"), other=(np.multiply, "input"))


@elementwise("float", ufunc=np.true_divide)
def div(input, other):
    """``input / other``."""


div.gradient(
    input=lambda g, other: g / other,
    other=lambda g, input, other: g * (-input / other / other),
)


@elementwise(kinds="iufcV", ufunc=np.negative)
def neg(input):
    """``-input``."""


neg.gradient(input=lambda g: -g)
