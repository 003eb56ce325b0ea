"""What every file of linear algebra needs: checks of its arguments, and small matrix notions."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.ops.checks import check_tensor
from minitorch.ops.complex_numbers import _conj

conj = _conj  # on arrays and Tensors; real ones are returned as they are


def transposed(x: Any) -> Any:
    """Each matrix transposed; for arrays and Tensors, as the functions below."""
    return np.swapaxes(x, -1, -2)


def adjoint(x: Any) -> Any:
    """Each matrix transposed and conjugated."""
    return conj(np.swapaxes(x, -1, -2))


def check_matrices(name: str, *inputs: Any, square: bool = False) -> None:
    """Refuse what is no (batch of) floating matrices; `square` concerns the first only."""
    for input in inputs:
        check_float(name, input)
        shape = input._data.shape
        if len(shape) < 2:
            raise RuntimeError(
                f"{name}() takes matrices or batches of them, which have at least 2 dimensions; "
                f"this has shape {list(shape)}"
            )
    rows, columns = inputs[0]._data.shape[-2:]
    if square and rows != columns:
        raise RuntimeError(
            f"{name}() takes square matrices; these are {rows} by {columns} "
            f"(shape {list(inputs[0]._data.shape)})"
        )
    check_one_dtype(name, *inputs)


def check_float(name: str, input: Any) -> None:
    """RuntimeError for dtypes that LAPACK does not know: integers, booleans, half precision."""
    check_tensor(name, input)
    if input._data.dtype.char not in "fdFD":
        raise RuntimeError(
            f"{name}() is for float32, float64, complex64 and complex128, not "
            f"{from_numpy_dtype(input._data.dtype)}"
        )


def check_one_dtype(name: str, first: Any, *others: Any) -> None:
    for other in others:
        if other._data.dtype != first._data.dtype:
            raise RuntimeError(
                f"{name}(): the operands must have one dtype, got "
                f"{from_numpy_dtype(first._data.dtype)} and {from_numpy_dtype(other._data.dtype)}"
            )


def each_or_nan(function: Any, x: np.ndarray, *before: np.ndarray) -> np.ndarray:
    """``function(*before, x)`` for each matrix in a batch; nan where it raises LinAlgError."""
    out = np.full_like(x, np.nan)
    for i in np.ndindex(x.shape[:-2]):
        try:
            out[i] = function(*[a[i] for a in before], x[i])
        except np.linalg.LinAlgError:
            pass
    return out
