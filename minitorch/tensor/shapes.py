"""Methods: shapes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops import broadcasting, storage
from minitorch.ops import shapes as ops
from minitorch.ops.inplace import move_in_place
from minitorch.ops.out import as_method
from minitorch.tensor.numpy_protocol import FUNCTIONS


def spread(op: Any, *keywords: str) -> Any:
    """The method whose sizes may be given one by one or in one sequence: ``x.reshape(2, 3)``."""

    def method(self: Any, *sizes: Any, **named: Any) -> Any:
        if named:
            (name, value), *more = named.items()
            if sizes or more or name not in keywords:
                raise TypeError(f"{op.__name__}() takes {keywords[0]}, got {sizes} and {named}")
            return op(self, value)
        if len(sizes) > 1:
            return op(self, sizes)
        if not sizes:
            raise TypeError(f"{op.__name__}() needs its argument {keywords[0]}")
        return op(self, sizes if hasattr(sizes[0], "__index__") else sizes[0])

    method.__name__ = method.__qualname__ = op.__name__
    method.__doc__ = op.__doc__
    return method


def _shape(name: str, other: Any) -> tuple[int, ...]:
    if not isinstance(other, TensorState):
        raise TypeError(f"{name}() needs a Tensor, got {type(other).__name__}")
    return other._data.shape


class ShapeMethods(TensorState):
    __slots__ = ()

    reshape = spread(ops.reshape, "shape")
    permute = spread(as_method(ops.permute), "dims")
    expand = spread(as_method(broadcasting.expand), "size")
    sum_to_size = spread(as_method(broadcasting.sum_to_size), "size")
    view = spread(ops.view, "size", "dtype")

    def view_as(self: Any, other: Any) -> Any:
        """`view` in the shape of `other`."""
        return ops.view(self, _shape("view_as", other))

    def reshape_as(self: Any, other: Any) -> Any:
        """`reshape` to the shape of `other`."""
        return ops.reshape(self, _shape("reshape_as", other))

    def resize(self: Any, *sizes: Any) -> Any:
        """`reshape`, under PyTorch's old name: the number of elements stays."""
        warnings.warn("resize() is deprecated: use reshape() or resize_()", stacklevel=2)
        return self.reshape(*sizes)

    def expand_as(self: Any, other: Any) -> Any:
        """`expand` to the shape of `other`."""
        return broadcasting.expand(self, _shape("expand_as", other))

    flatten = as_method(ops.flatten)
    ravel = as_method(ops.ravel)
    unflatten = as_method(ops.unflatten)
    transpose = ops.transpose
    swapaxes = ops.swapaxes
    swapdims = ops.swapdims
    t = as_method(ops.t)
    adjoint = as_method(ops.adjoint)
    movedim = as_method(ops.movedim)
    moveaxis = ops.moveaxis
    squeeze = as_method(ops.squeeze)
    unsqueeze = as_method(ops.unsqueeze)
    broadcast_to = broadcasting.broadcast_to

    transpose_ = move_in_place(ops.transpose, ops.step_back)
    swapaxes_ = move_in_place(ops.swapaxes, ops.step_back)
    swapdims_ = move_in_place(ops.swapdims, ops.step_back)
    t_ = move_in_place(ops.t, ops.step_back)
    squeeze_ = move_in_place(ops.squeeze, ops.step_back)
    unsqueeze_ = move_in_place(ops.unsqueeze, ops.step_back)

    resize_ = spread(storage.resize_, "sizes")
    resize_as_ = storage.resize_as_
    set_ = storage.set_

    T = property(as_method(ops.T))
    mT = property(as_method(ops.mT))
    H = property(as_method(ops.H))
    mH = property(ops.mH)


def _np_transpose(a: Any, axes: Any = None) -> Any:
    return ops.T(a) if axes is None else ops.permute(a, axes)


def _np_reshape(a: Any, /, shape: Any, order: str = "C") -> Any:
    if order != "C":
        raise TypeError("np.reshape of a Tensor takes row-major order only")
    return ops.reshape(a, shape if isinstance(shape, tuple | list) else (shape,))


def _np_broadcast_arrays(*args: Any) -> list[Any]:
    """Tensors as Tensors, what stands beside them as arrays."""
    shape = broadcasting.broadcast_shapes(*[np.shape(a) for a in args])
    expand: Any = broadcasting.broadcast_to
    return [
        expand(a, shape) if isinstance(a, TensorState) else np.broadcast_to(a, shape) for a in args
    ]


FUNCTIONS.update({
    np.reshape: _np_reshape,
    np.ravel: lambda a, order="C": ops.ravel(a),
    np.transpose: _np_transpose,
    np.swapaxes: ops.swapaxes,
    np.moveaxis: ops.moveaxis,
    np.expand_dims: lambda a, axis: ops.unsqueeze(a, axis),
    np.squeeze: lambda a, axis=None: ops.squeeze(a, axis),
    np.broadcast_to: lambda array, shape: broadcasting.expand(array, shape),
    np.atleast_1d: ops.atleast_1d,
    np.atleast_2d: ops.atleast_2d,
    np.atleast_3d: ops.atleast_3d,
    np.broadcast_arrays: _np_broadcast_arrays,
    np.shape: lambda a: a._data.shape,
    np.ndim: lambda a: a._data.ndim,
    np.size: lambda a, axis=None: np.size(a._data, axis),
})  # fmt: skip
