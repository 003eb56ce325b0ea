"""Differences of neighbours, slopes, and areas below points."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from minitorch.engine.state import TensorState
from minitorch.ops.arithmetic import add, div, mul, sub
from minitorch.ops.checks import check_tensor
from minitorch.ops.copying import clone
from minitorch.ops.dims import check_dim, check_dims
from minitorch.ops.joining import cat
from minitorch.ops.logic import logical_xor
from minitorch.ops.out import with_out
from minitorch.ops.reductions import sum
from minitorch.ops.scans import cumsum
from minitorch.ops.selecting import narrow
from minitorch.ops.shapes import reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["cumulative_trapezoid", "diff", "gradient", "trapezoid", "trapz"]


def _part(x: Tensor, dim: int, start: int, stop: int) -> Tensor:
    """``x[start : size + stop]`` along `dim`; `stop` counts from the end, 0 being the end."""
    size = x._data.shape[dim]
    return narrow(x, dim, min(start, size), max(size + stop - start, 0))


@with_out
def diff(
    input: Tensor,
    n: int = 1,
    dim: int = -1,
    prepend: Tensor | None = None,
    append: Tensor | None = None,
) -> Tensor:
    """Differences of neighbours along `dim`, `n` times over; of booleans, whether they differ.

    >>> import minitorch
    >>> minitorch.diff(minitorch.tensor([1, 4, 9]))
    tensor([3, 5])
    """
    check_tensor("diff", input)
    ndim = input._data.ndim
    if ndim == 0:
        raise RuntimeError("diff() needs at least one dimension")
    dim = check_dim(dim, ndim)
    n = operator.index(n)
    if n < 0:
        raise RuntimeError(f"diff(): n must not be negative, got {n}")
    if n == 0:
        return clone(input)
    for more in prepend, append:
        if more is not None:
            check_tensor("diff", more)
            if more._data.ndim != ndim:
                raise RuntimeError(
                    f"diff(): what is prepended or appended must have {ndim} dimensions as the "
                    f"input, got shape {more._data.shape}"
                )
    parts = [x for x in (prepend, input, append) if x is not None]
    input = cat(parts, dim) if len(parts) > 1 else input
    minus = logical_xor if input._data.dtype.kind == "b" else sub
    for _ in range(min(n, input._data.shape[dim])):
        input = minus(_part(input, dim, 1, 0), _part(input, dim, 0, -1))
    return input


def gradient(
    input: Tensor, *, spacing: Any = 1, dim: Any = None, edge_order: int = 1
) -> tuple[Tensor, ...]:
    """The slope along each dimension in `dim` (all of them by default), estimated from neighbours.

    `spacing` is the distance of the samples, or for each dimension its own, or a Tensor of their
    coordinates. At the ends, the line or parabola (`edge_order`) through the last ones is used.

    >>> import minitorch
    >>> minitorch.gradient(minitorch.tensor([1.0, 4.0, 9.0, 16.0]))
    (tensor([3., 4., 6., 7.]),)
    """
    check_tensor("gradient", input)
    x = input._data
    if x.dtype == "uint8":
        raise RuntimeError("gradient() cannot subtract in uint8; use int16 or a floating dtype")
    if edge_order not in (1, 2):
        raise RuntimeError(f"gradient(): edge_order must be 1 or 2, got {edge_order}")
    if x.ndim == 0 and dim is not None:
        raise IndexError(f"gradient() along dim {dim}: the tensor has no dimensions")
    dims = check_dims(dim, x.ndim) if dim is None or isinstance(dim, int) or len(dim) else ()
    if isinstance(spacing, TensorState) and spacing._data.ndim:
        raise TypeError("gradient(): coordinates must be given as a list of Tensors")
    spacing = 1 if spacing is None else spacing
    steps = spacing if isinstance(spacing, Sequence) else [spacing] * len(dims)
    if len(steps) != len(dims):
        raise RuntimeError(
            f"gradient(): {len(steps)} spacings were given for {len(dims)} dimensions"
        )
    for d, step in zip(dims, steps):
        if x.shape[d] <= edge_order:
            raise RuntimeError(
                f"gradient(): dimension {d} of shape {x.shape} needs at least {edge_order + 1} "
                f"samples for edge_order={edge_order}"
            )
        if (
            isinstance(step, TensorState)
            and step is not spacing
            and (step._data.shape != (x.shape[d],))
        ):
            raise RuntimeError(
                f"gradient(): dimension {d} has {x.shape[d]} samples, but its coordinates have "
                f"shape {step._data.shape}"
            )
    return tuple(_slope(input, d, step, edge_order) for d, step in zip(dims, steps))


def _slope(f: Tensor, dim: int, step: Any, edge_order: int) -> Tensor:
    """A parabola through three neighbours, and its slope at the middle one, or at an end."""
    rise = diff(f, 1, dim)
    if isinstance(step, TensorState) and step._data.ndim:
        shape = [1] * f._data.ndim
        shape[dim] = -1
        run: Any = diff(reshape(cast("Tensor", step), shape), 1, dim)
        slope = div(rise, run)
        before, after = _part(run, dim, 0, -1), _part(run, dim, 1, 0)
        weight: Any = div(before, add(before, after))
    else:
        slope = div(rise, step)
        weight = 0.5
    left, right = _part(slope, dim, 0, -1), _part(slope, dim, 1, 0)
    middle = add(left, mul(sub(right, left), weight))
    first, last = narrow(slope, dim, 0, 1), narrow(slope, dim, slope._data.shape[dim] - 1, 1)
    if edge_order == 2:
        # The slope of a parabola changes evenly: twice as much on the whole way as halfway.
        inner = narrow(middle, dim, 0, 1), narrow(middle, dim, middle._data.shape[dim] - 1, 1)
        first, last = sub(mul(first, 2), inner[0]), sub(mul(last, 2), inner[1])
    return cat([first, middle, last], dim)


def trapezoid(y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1) -> Tensor:
    """The area below the points `y` along `dim`, which lie `dx` apart or at `x`.

    >>> import minitorch
    >>> minitorch.trapezoid(minitorch.tensor([1.0, 5.0, 10.0]))
    tensor(10.5000)
    """
    return div(sum(_strips("trapezoid", y, x, dx, dim), dim), 2.0)


trapz = trapezoid


def cumulative_trapezoid(
    y: Tensor, x: Tensor | None = None, *, dx: float = 1, dim: int = -1
) -> Tensor:
    """The area below the points `y` up to each point but the first; see `trapezoid`.

    >>> import minitorch
    >>> minitorch.cumulative_trapezoid(minitorch.tensor([1.0, 5.0, 10.0]))
    tensor([ 3.0000, 10.5000])
    """
    return div(cumsum(_strips("cumulative_trapezoid", y, x, dx, dim), dim), 2.0)


def _strips(name: str, y: Tensor, x: Tensor | None, dx: Any, dim: int) -> Tensor:
    """Twice the area of the strip below each two neighbours."""
    check_tensor(name, y)
    ndim = y._data.ndim
    if ndim == 0:
        raise IndexError(f"{name}() needs at least one dimension")
    dim = check_dim(dim, ndim)
    if y._data.dtype.kind == "b" or (x is not None and x._data.dtype.kind == "b"):
        raise RuntimeError(f"{name}() is for numbers, not booleans")
    if x is not None:
        check_tensor(name, x)
    if isinstance(dx, complex):
        raise RuntimeError(f"{name}(): dx must be a real number, got {dx}")
    heights = add(_part(y, dim, 1, 0), _part(y, dim, 0, -1))
    if x is None:
        return mul(heights, dx)
    if dx != 1:
        raise TypeError(f"{name}() takes x or dx, not both")
    if x._data.ndim == 1:
        if x._data.shape[0] != y._data.shape[dim]:
            raise RuntimeError(
                f"{name}(): {x._data.shape[0]} values of x for {y._data.shape[dim]} points"
            )
        x = reshape(x, (-1,) + (1,) * (ndim - 1 - dim))
    elif x._data.ndim < ndim:
        x = reshape(x, (1,) * (ndim - x._data.ndim) + x._data.shape)
    return mul(heights, diff(x, 1, dim - ndim))
