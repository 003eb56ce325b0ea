"""What Python's arithmetic operators do to tensors: ``+ - * /`` and the minus sign.

The public functions of these names, with PyTorch's options, are in `minitorch.ops.arithmetic`.
"""

from __future__ import annotations

import numpy as np

from minitorch.ops.primitive import elementwise


@elementwise()
def add(input, other):
    """``input + other``."""
    return np.add(input, other)


add.gradient(input=lambda g: g, other=lambda g: g)


@elementwise(kinds="iufcV", each=True)
def sub(input, other):
    """``input - other``."""
    return np.subtract(input, other)


sub.gradient(input=lambda g: g, other=lambda g: -g)


@elementwise()
def mul(input, other):
    """``input * other``."""
    return np.multiply(input, other)


mul.gradient(input=lambda g, other: g * other, other=lambda g, input: g * input)


@elementwise("float")
def div(input, other):
    """``input / other``."""
    return np.true_divide(input, other)


div.gradient(
    input=lambda g, other: g / other,
    other=lambda g, input, other: g * (-input / other / other),
)


@elementwise(kinds="iufcV")
def neg(input):
    """``-input``."""
    return np.negative(input)


neg.gradient(input=lambda g: -g)
