"""Logic on truth values and on the bits of integers."""

from __future__ import annotations

import numpy as np

from minitorch.ops.primitive import elementwise

__all__ = [
    "bitwise_and",
    "bitwise_left_shift",
    "bitwise_not",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
]


@elementwise(numbers="none")
def logical_and(input, other):
    """Whether both are non-zero."""
    return np.logical_and(input, other)


@elementwise(numbers="none")
def logical_or(input, other):
    """Whether at least one is non-zero."""
    return np.logical_or(input, other)


@elementwise(numbers="none")
def logical_xor(input, other):
    """Whether exactly one is non-zero."""
    return np.logical_xor(input, other)


@elementwise()
def logical_not(input):
    """Whether it is zero."""
    return np.logical_not(input)


@elementwise(kinds="biu", numbers="one")
def bitwise_and(input, other):
    """``input & other``, bit by bit; integers and booleans."""
    return np.bitwise_and(input, other)


@elementwise(kinds="biu", numbers="one")
def bitwise_or(input, other):
    """``input | other``, bit by bit; integers and booleans."""
    return np.bitwise_or(input, other)


@elementwise(kinds="biu", numbers="one")
def bitwise_xor(input, other):
    """``input ^ other``, bit by bit; integers and booleans."""
    return np.bitwise_xor(input, other)


@elementwise(kinds="biu")
def bitwise_not(input):
    """``~input``: all bits flipped; integers and booleans."""
    return np.invert(input)


@elementwise(kinds="iu", numbers="one")
def bitwise_left_shift(input, other):
    """``input << other``; 0 when all bits are shifted out."""
    return np.left_shift(input, other)


@elementwise(kinds="iu", numbers="one")
def bitwise_right_shift(input, other):
    """``input >> other``; the sign is kept."""
    return np.right_shift(input, other)
