"""Hypothesis strategies: shapes, numbers, tensors and what else ops are called with.

Values are short, exact numbers (multiples of a power of two), simplest first, so that a failing
example shrinks to something like ``[[-0.5]]``.  Importing this package imports Hypothesis.
"""

from minitorch.testing.strategies.arguments import (
    axes,
    class_targets,
    indices,
    masks,
    positive_definite,
    probabilities,
)
from minitorch.testing.strategies.arrays import TensorStrategy, tensors
from minitorch.testing.strategies.numbers import RealStrategy, dtypes, reals
from minitorch.testing.strategies.sizes import LinkedShapes, broadcastable, shapes, signature

__all__ = [
    "LinkedShapes",
    "RealStrategy",
    "TensorStrategy",
    "axes",
    "broadcastable",
    "class_targets",
    "dtypes",
    "indices",
    "masks",
    "positive_definite",
    "probabilities",
    "reals",
    "shapes",
    "signature",
    "tensors",
]
