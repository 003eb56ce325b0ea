"""Methods: comparisons, logic and bits, and choices."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import comparison, logic
from minitorch.ops import where as choices
from minitorch.ops.inplace import in_place
from minitorch.tensor.numpy_protocol import FUNCTIONS, UFUNCS, on_arrays, with_tensors


class ComparisonMethods(TensorState):
    __slots__ = ()

    # --- operators ----------------------------------------------------------------------------

    __eq__ = comparison.eq.operator
    __ne__ = comparison.ne.operator
    __lt__ = comparison.lt.operator
    __le__ = comparison.le.operator
    __gt__ = comparison.gt.operator
    __ge__ = comparison.ge.operator

    __hash__ = object.__hash__

    __and__ = __rand__ = logic.bitwise_and.operator
    __or__ = __ror__ = logic.bitwise_or.operator
    __xor__ = __rxor__ = logic.bitwise_xor.operator
    __lshift__ = logic.bitwise_left_shift.operator
    __rshift__ = logic.bitwise_right_shift.operator

    def __rlshift__(self, other: Any) -> Any:
        return logic.bitwise_left_shift(other, self)

    def __rrshift__(self, other: Any) -> Any:
        return logic.bitwise_right_shift(other, self)

    def __invert__(self) -> Any:
        if self._data.dtype.kind not in "biu":
            raise TypeError("~ is for integer and boolean tensors")
        return logic.bitwise_not(self)

    __iand__ = in_place(logic.bitwise_and)
    __ior__ = in_place(logic.bitwise_or)
    __ixor__ = in_place(logic.bitwise_xor)
    __ilshift__ = in_place(logic.bitwise_left_shift)
    __irshift__ = in_place(logic.bitwise_right_shift)

    # --- comparisons and tests ----------------------------------------------------------------

    allclose = comparison.allclose
    eq = comparison.eq
    equal = comparison.equal
    ge = comparison.ge
    greater = comparison.gt
    greater_equal = comparison.ge
    gt = comparison.gt
    isclose = comparison.isclose
    isfinite = comparison.isfinite
    isinf = comparison.isinf
    isnan = comparison.isnan
    isneginf = comparison.isneginf
    isposinf = comparison.isposinf
    le = comparison.le
    less = comparison.lt
    less_equal = comparison.le
    lt = comparison.lt
    ne = comparison.ne
    not_equal = comparison.ne

    eq_ = in_place(comparison.eq)
    ge_ = in_place(comparison.ge)
    greater_ = in_place(comparison.gt, "greater_")
    greater_equal_ = in_place(comparison.ge, "greater_equal_")
    gt_ = in_place(comparison.gt)
    le_ = in_place(comparison.le)
    less_ = in_place(comparison.lt, "less_")
    less_equal_ = in_place(comparison.le, "less_equal_")
    lt_ = in_place(comparison.lt)
    ne_ = in_place(comparison.ne)
    not_equal_ = in_place(comparison.ne, "not_equal_")

    # --- logic and bits -----------------------------------------------------------------------

    bitwise_and = logic.bitwise_and
    bitwise_left_shift = logic.bitwise_left_shift
    bitwise_not = logic.bitwise_not
    bitwise_or = logic.bitwise_or
    bitwise_right_shift = logic.bitwise_right_shift
    bitwise_xor = logic.bitwise_xor
    logical_and = logic.logical_and
    logical_not = logic.logical_not
    logical_or = logic.logical_or
    logical_xor = logic.logical_xor

    bitwise_and_ = in_place(logic.bitwise_and)
    bitwise_left_shift_ = in_place(logic.bitwise_left_shift)
    bitwise_not_ = in_place(logic.bitwise_not)
    bitwise_or_ = in_place(logic.bitwise_or)
    bitwise_right_shift_ = in_place(logic.bitwise_right_shift)
    bitwise_xor_ = in_place(logic.bitwise_xor)
    logical_and_ = in_place(logic.logical_and)
    logical_not_ = in_place(logic.logical_not)
    logical_or_ = in_place(logic.logical_or)
    logical_xor_ = in_place(logic.logical_xor)

    # --- choices ------------------------------------------------------------------------------

    def where(self, condition: Any, other: Any) -> Any:
        """This tensor where `condition` is true, `other` elsewhere."""
        return choices.where(condition, self, other)

    masked_fill = choices.masked_fill
    nan_to_num = choices.nan_to_num
    nan_to_num_ = in_place(choices.nan_to_num)
    masked_fill_ = in_place(choices.masked_fill)


UFUNCS.update(
    {
        np.bitwise_and: logic.bitwise_and.ufunc,
        np.bitwise_or: logic.bitwise_or.ufunc,
        np.bitwise_xor: logic.bitwise_xor.ufunc,
        np.equal: comparison.eq.ufunc,
        np.greater: comparison.gt.ufunc,
        np.greater_equal: comparison.ge.ufunc,
        np.invert: logic.bitwise_not,
        np.isfinite: comparison.isfinite,
        np.isinf: comparison.isinf,
        np.isnan: comparison.isnan,
        np.left_shift: logic.bitwise_left_shift.ufunc,
        np.less: comparison.lt.ufunc,
        np.less_equal: comparison.le.ufunc,
        np.logical_and: logic.logical_and.ufunc,
        np.logical_not: logic.logical_not,
        np.logical_or: logic.logical_or.ufunc,
        np.logical_xor: logic.logical_xor.ufunc,
        np.not_equal: comparison.ne.ufunc,
        np.right_shift: logic.bitwise_right_shift.ufunc,
    }
)

FUNCTIONS.update(
    {
        np.allclose: on_arrays(np.allclose),
        np.array_equal: on_arrays(np.array_equal),
        np.isclose: with_tensors(comparison.isclose),
        np.isneginf: comparison.isneginf,
        np.isposinf: comparison.isposinf,
        np.nan_to_num: lambda x, copy=True, **values: choices.nan_to_num(x, **values),
        np.where: choices.where,
    }
)
