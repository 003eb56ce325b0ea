"""`Tensor`: a NumPy array that remembers how it was made.

Each file here is a table of methods, one family of ops each; the ops are in `minitorch.ops`.
"""

from __future__ import annotations

from typing import Any

from minitorch.engine import state
from minitorch.tensor.arithmetic import ArithmeticMethods
from minitorch.tensor.comparison import ComparisonMethods
from minitorch.tensor.copying import CopyMethods
from minitorch.tensor.core import Core
from minitorch.tensor.creation import CreationMethods
from minitorch.tensor.elementary import ElementaryMethods
from minitorch.tensor.indexing import IndexMethods
from minitorch.tensor.joining import JoinMethods
from minitorch.tensor.matrices import MatrixMethods
from minitorch.tensor.numpy_protocol import NumpyProtocol
from minitorch.tensor.products import ProductMethods
from minitorch.tensor.random import RandomMethods
from minitorch.tensor.reductions import ReductionMethods
from minitorch.tensor.scans import ScanMethods
from minitorch.tensor.shapes import ShapeMethods
from minitorch.tensor.sorting import SortMethods
from minitorch.tensor.typed import construct


class Tensor(
    Core,
    CreationMethods,
    RandomMethods,
    NumpyProtocol,
    ArithmeticMethods,
    ElementaryMethods,
    ComparisonMethods,
    ReductionMethods,
    ScanMethods,
    SortMethods,
    CopyMethods,
    IndexMethods,
    JoinMethods,
    MatrixMethods,
    ProductMethods,
    ShapeMethods,
):
    """A multi-dimensional array with a gradient.  Mirrors ``torch.Tensor``.

    Made by `minitorch.tensor` and its relatives; ``Tensor(2, 3)`` is PyTorch's old constructor.
    """

    __slots__ = ()

    def __new__(cls, *args: Any) -> Tensor:
        return construct(args)


state.tensor_class = Tensor
