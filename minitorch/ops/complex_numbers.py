"""Complex numbers: their parts, their conjugates, and how they are made.

These are the functions that are not holomorphic, so their rules are worth a word: a rule carries
the transposed derivative, the conjugate of PyTorch's gradient (see `minitorch.engine.backward`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.ops.checks import check_broadcast, check_tensor
from minitorch.ops.out import store
from minitorch.ops.primitive import elementwise, primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "angle",
    "complex",
    "conj",
    "conj_physical",
    "imag",
    "is_conj",
    "is_neg",
    "isreal",
    "polar",
    "real",
    "resolve_conj",
    "resolve_neg",
    "view_as_complex",
    "view_as_real",
]


@primitive(view=True)
def _real(x, /):
    return x.real


_real.gradient(x=lambda g: g)


@primitive(view=True)
def _imag(x, /):
    return x.imag


_imag.gradient(x=lambda g: g * -1j)


def real(input: Tensor) -> Tensor:
    """The real part: a view of a complex tensor; a real tensor itself.

    >>> import minitorch
    >>> minitorch.real(minitorch.tensor([1 + 2j, 3 - 4j]))
    tensor([1., 3.])
    """
    check_tensor("real", input)
    return _real(input) if input._data.dtype.kind == "c" else input


def imag(input: Tensor) -> Tensor:
    """The imaginary part of a complex tensor, as a view; RuntimeError for a real one."""
    _check_complex("imag", input)
    return _imag(input)


def _check_complex(name: str, input: Any) -> None:
    check_tensor(name, input)
    if input._data.dtype.kind != "c":
        raise RuntimeError(
            f"{name}() is for complex tensors, not {from_numpy_dtype(input._data.dtype)}"
        )


@primitive
def _conj(x, /):
    return np.conjugate(x) if np.iscomplexobj(x) else x


_conj.gradient(x=lambda g: _conj(g))


def conj(input: Tensor) -> Tensor:
    """The complex conjugate; a real tensor itself.

    >>> import minitorch
    >>> minitorch.conj(minitorch.tensor([1 + 2j]))
    tensor([1.-2.j])
    """
    check_tensor("conj", input)
    return _conj(input) if input._data.dtype.kind == "c" else input


def conj_physical(input: Tensor, *, out: Any = None) -> Tensor:
    """`conj`: here, both make a new tensor of a complex one."""
    result = conj(input)
    return result if out is None else store(out, result)


def resolve_conj(input: Tensor) -> Tensor:
    """`input` itself: conjugation is never postponed here."""
    check_tensor("resolve_conj", input)
    return input


def resolve_neg(input: Tensor) -> Tensor:
    """`input` itself: negation is never postponed here."""
    check_tensor("resolve_neg", input)
    return input


def is_conj(input: Tensor) -> bool:
    """False: conjugation is never postponed here."""
    check_tensor("is_conj", input)
    return False


def is_neg(input: Tensor) -> bool:
    """False: negation is never postponed here."""
    check_tensor("is_neg", input)
    return False


@elementwise()
def isreal(input):
    """Whether the imaginary part is zero."""
    return np.isreal(input)


@elementwise("float")
def angle(input):
    """The angle of a complex number in radians; of a real one 0 or pi."""
    if np.iscomplexobj(input):
        return np.arctan2(input.imag, input.real)
    return np.where(np.isnan(input), input, np.where(input < 0, input.dtype.type(np.pi), 0))


def _angle_rule(g, input):
    if not np.iscomplexobj(input):
        return np.zeros_like(g)
    return np.where(input == 0, 0, g * -1j / input)


angle.gradient(input=_angle_rule)


@primitive
def _complex(real, imag, /):
    out = np.empty(np.broadcast_shapes(real.shape, imag.shape), np.result_type(real, 1j))
    out.real = real
    out.imag = imag
    return out


_complex.gradient(real=lambda g: np.real(g), imag=lambda g: -np.imag(g))


def complex(real: Tensor, imag: Tensor, *, out: Any = None) -> Tensor:
    """``real + i * imag``, of two tensors of one floating dtype.

    >>> import minitorch
    >>> minitorch.complex(minitorch.tensor([1.0]), minitorch.tensor([2.0]))
    tensor([1.+2.j])
    """
    _check_pair("complex", real, imag, out)
    result = _complex(real, imag)
    return result if out is None else store(out, result)


def polar(abs: Tensor, angle: Tensor, *, out: Any = None) -> Tensor:
    """The complex number of this absolute value and angle (``torch.polar``)."""
    _check_pair("polar", abs, angle, out)
    result = _complex(abs * np.cos(angle), abs * np.sin(angle))
    return result if out is None else store(out, result)


def _check_pair(name: str, first: Any, second: Any, out: Any) -> None:
    check_tensor(name, first, second)
    a, b = first._data.dtype, second._data.dtype
    if a not in (np.float32, np.float64) or a != b:
        raise RuntimeError(
            f"{name}() takes two float32 or two float64 tensors, got {from_numpy_dtype(a)} "
            f"and {from_numpy_dtype(b)}"
        )
    if isinstance(out, TensorState) and out._data.dtype != np.result_type(a, 1j):
        raise RuntimeError(
            f"{name}() of {from_numpy_dtype(a)} does not go into an out of "
            f"{from_numpy_dtype(out._data.dtype)}"
        )
    check_broadcast(name, first, second)


@primitive(view=True)
def _as_real(x, /):
    return x[..., np.newaxis].view(x.real.dtype)


@primitive(view=True)
def _as_complex(x, /):
    return x.view(np.result_type(x, 1j))[..., 0]


_as_real.gradient(x=lambda g: _complex(g[..., 0], -g[..., 1]))
_as_complex.gradient(x=lambda g: _as_real(np.conjugate(g)))


def view_as_real(input: Tensor) -> Tensor:
    """A view of a complex tensor with one more dimension: real and imaginary part."""
    _check_complex("view_as_real", input)
    return _as_real(input)


def view_as_complex(input: Tensor) -> Tensor:
    """A view of a real tensor whose last dimension holds pairs of real and imaginary part."""
    check_tensor("view_as_complex", input)
    data = input._data
    if data.dtype not in (np.float32, np.float64, np.float16):
        raise RuntimeError(
            f"view_as_complex() is for floating tensors, not {from_numpy_dtype(data.dtype)}"
        )
    if data.ndim == 0 or data.shape[-1] != 2 or data.strides[-1] != data.itemsize:
        raise RuntimeError(
            f"view_as_complex() needs a last dimension of size 2 and stride 1; the tensor has "
            f"shape {data.shape}"
        )
    return _as_complex(input)
