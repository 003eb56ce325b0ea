"""The discrete Fourier transform and its inverse, over any dimensions.  Mirrors ``torch.fft``.

``F[k] = sum_n x[n] exp(-2 pi i k n / N)``: a product with a symmetric matrix, so that the gradient
is the same transform of the gradient.  Transforms of real input, and to real output, compute one
half, a third of the time there and back; for the textbook they are parts of the whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.dtypes import default_numpy, from_numpy_dtype
from minitorch.engine.state import wrap
from minitorch.ops.arithmetic import mul
from minitorch.ops.checks import check_tensor
from minitorch.ops.complex_numbers import conj, real
from minitorch.ops.copying import cast
from minitorch.ops.creation import made
from minitorch.ops.dims import check_dims
from minitorch.ops.fused import fused
from minitorch.ops.padding import pad_constant
from minitorch.ops.primitive import primitive
from minitorch.ops.repeating import roll
from minitorch.ops.selecting import narrow

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip

NORMS = ("backward", "ortho", "forward")
Dims = Sequence[int] | int | None


@primitive
def _transform(x, /, dims, inverse, norm):
    out = (np.fft.ifftn if inverse else np.fft.fftn)(x, axes=dims, norm=norm)
    return _transformed_innermost(x, out, dims)


_transform.gradient(x=lambda g, dims, inverse, norm: _transform(g, dims, inverse, norm))


def _transformed_innermost(x: np.ndarray, out: np.ndarray, dims: Any) -> np.ndarray:
    """`out` in PyTorch's order of memory: other dimensions outside, as they lie in `x`."""
    others = [d for d in range(x.ndim) if d not in dims]
    order = [
        *sorted(others, key=lambda d: -x.strides[d]),
        *sorted(dims, key=lambda d: -x.strides[d]),
    ]
    return np.ascontiguousarray(out.transpose(order)).transpose(np.argsort(order))


# Other factors, as of the transform in the other direction.
_REVERSED: dict[Any, Any] = {
    None: "forward",
    "backward": "forward",
    "forward": "backward",
    "ortho": "ortho",
}


def _weighted(half: Any, dim: int, n: int, factor: float) -> Any:
    """`half` of a transform of `n` elements, times `factor` where there is a mirror image of it.

    The first element has none, nor has the last one of an even number.
    """
    weights = np.full(n // 2 + 1, factor, half.real.dtype)
    weights[0] = 1
    if n % 2 == 0:
        weights[-1] = 1
    return half * weights.reshape([-1 if d == dim else 1 for d in range(half.ndim)])


def _of_real_reference(x: Any, dims: tuple[int, ...], norm: str) -> Any:
    n = x._data.shape[dims[-1]]
    full = _transform(cast(x, np.result_type(x._data.dtype, np.complex64)), dims, False, norm)
    return narrow(full, dims[-1], 0, n // 2 + 1)


@fused(reference=_of_real_reference)
def _of_real(x, /, dims, norm):
    out = np.fft.rfftn(x, axes=dims, norm=norm)
    return _transformed_innermost(x, out, dims), (x.shape, dims, norm)


@_of_real.backward
def _(g, wanted, shape, dims, norm):
    half = _weighted(np.conj(g), dims[-1], shape[dims[-1]], 0.5)
    lengths = [shape[d] for d in dims]
    return (np.fft.irfftn(half, lengths, dims, norm=_REVERSED[norm]),)


def _to_real_reference(half: Any, n: int, dims: tuple[int, ...], norm: str) -> Any:
    last = dims[-1]
    weights = _weighted(np.ones_like(half._data, half._data.real.dtype), last, n, 2)
    full = _sized(mul(half, wrap(weights)), last, n)
    return real(_transform(full, dims, True, norm))


@fused(reference=_to_real_reference)
def _to_real(half, /, n, dims, norm):
    lengths = [n if d == dims[-1] else half.shape[d] for d in dims]
    out = np.fft.irfftn(half, lengths, dims, norm=norm)
    return _transformed_innermost(half, out, dims), (n, dims, norm)


@_to_real.backward
def _(g, wanted, n, dims, norm):
    half = np.conj(np.fft.rfftn(g, axes=dims, norm=_REVERSED[norm]))
    return (_weighted(half, dims[-1], n, 2),)


def _checked(name: str, norm: str | None) -> str:
    if norm is None:
        return "backward"
    if norm not in NORMS:
        raise RuntimeError(f"{name}: norm must be one of {', '.join(NORMS)}, got {norm!r}")
    return norm


def _run(name: str, input: Any, s: Any, dim: Any, norm: str | None, inverse: bool) -> Any:
    """The transform of `input`, cut or filled with zeros to the lengths `s` along `dim`."""
    x, dims, lengths = _prepared(name, input, s, dim)
    norm = _checked(name, norm)
    for d, n in zip(dims, lengths):
        x = _sized(x, d, n)
    kind = np.result_type(x._data.dtype, np.complex64)
    return _transform(cast(x, kind), tuple(dims), inverse, norm)


def _prepared(name: str, input: Any, s: Any, dim: Any) -> tuple[Any, list[int], list[int]]:
    """The input in a floating dtype, the dimensions counted from the front, and their lengths."""
    check_tensor(name, input)
    shape = input._data.shape
    if isinstance(s, int):
        s = (s,)
    if dim is None and s is not None:
        if len(s) > len(shape):
            raise RuntimeError(f"{name}: {len(s)} sizes for a tensor of {len(shape)} dimensions")
        dim = range(len(shape) - len(s), len(shape))
    dims = list(check_dims(tuple(dim) if isinstance(dim, Sequence) else dim, len(shape)))
    lengths = [shape[d] for d in dims] if s is None else list(s)
    if len(lengths) != len(dims):
        raise RuntimeError(f"{name}: {len(lengths)} sizes for {len(dims)} dimensions")
    lengths = [shape[d] if n == -1 else n for d, n in zip(dims, lengths)]
    if any(n < 1 for n in lengths):
        raise RuntimeError(f"{name}: invalid number of data points in {lengths}")
    kind = input._data.dtype.kind
    if kind in "biu":
        input = cast(input, default_numpy())
    elif input._data.dtype not in (np.float32, np.float64, np.complex64, np.complex128):
        raise RuntimeError(f"{name} is not there for {from_numpy_dtype(input._data.dtype)}")
    return input, dims, lengths


def _sized(x: Any, d: int, n: int) -> Any:
    have = x._data.shape[d]
    if n < have:
        return narrow(x, d, 0, n)
    if n == have:
        return x
    amounts = [(0, 0)] * x._data.ndim
    amounts[d] = (0, n - have)
    return pad_constant(x, amounts, 0)


def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform along one dimension, of its first `n` elements (filled with zeros).

    `norm`: "backward" divides the inverse by `n` (the default), "forward" this, "ortho" both by
    its root.

    >>> import minitorch
    >>> minitorch.fft.fft(minitorch.tensor([1.0, 0.0, 0.0, 0.0]))
    tensor([1.+0.j, 1.+0.j, 1.+0.j, 1.+0.j])
    """
    return _run("fft", input, n, dim, norm, False)


def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `fft`."""
    return _run("ifft", input, n, dim, norm, True)


def fft2(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = (-2, -1), norm: str | None = None
) -> Tensor:
    """The transform along two dimensions, the last two by default."""
    return _run("fft2", input, s, dim, norm, False)


def ifft2(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = (-2, -1), norm: str | None = None
) -> Tensor:
    """The inverse of `fft2`."""
    return _run("ifft2", input, s, dim, norm, True)


def fftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = None, norm: str | None = None
) -> Tensor:
    """The transform along all dimensions, or those named."""
    return _run("fftn", input, s, dim, norm, False)


def ifftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = None, norm: str | None = None
) -> Tensor:
    """The inverse of `fftn`."""
    return _run("ifftn", input, s, dim, norm, True)


def _half(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Any:
    """The transform of real input: the first half of the last dimension says it all."""
    check_tensor(name, input)
    if input._data.dtype.kind == "c":
        raise RuntimeError(
            f"{name} expects real input, got {from_numpy_dtype(input._data.dtype)}: use fftn"
        )
    x, dims, lengths = _prepared(name, input, s, dim)
    norm = _checked(name, norm)
    for d, n in zip(dims, lengths):
        x = _sized(x, d, n)
    return _of_real(x, tuple(dims), norm)


def _from_half(name: str, input: Any, s: Any, dim: Any, norm: str | None) -> Any:
    """The real signal whose half transform is `input`: the other half is its conjugate."""
    x, dims, lengths = _prepared(name, input, s, dim)
    last = dims[-1]
    if s is None or (not isinstance(s, int) and list(s)[-1] == -1):
        lengths[-1] = 2 * (x._data.shape[last] - 1)
    n = lengths[-1]
    if n < 1:
        raise RuntimeError(f"{name}: invalid number of data points ({n})")
    norm = _checked(name, norm)
    for d, length in zip(dims, [*lengths[:-1], n // 2 + 1]):
        x = _sized(x, d, length)
    return _to_real(cast(x, np.result_type(x._data.dtype, np.complex64)), n, tuple(dims), norm)


def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first ``n // 2 + 1`` elements of the transform of a real signal; the rest mirrors them.

    >>> import minitorch
    >>> minitorch.fft.rfft(minitorch.ones(4)).shape
    minitorch.Size([3])
    """
    return _half("rfft", input, n, dim, norm)


def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `rfft`: a real signal of `n` elements, ``2 * (length - 1)`` by default."""
    return _from_half("irfft", input, n, dim, norm)


def rfft2(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = (-2, -1), norm: str | None = None
) -> Tensor:
    """`rfft` along the last of two dimensions, then `fft` along the other."""
    return _half("rfft2", input, s, dim, norm)


def irfft2(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = (-2, -1), norm: str | None = None
) -> Tensor:
    """The inverse of `rfft2`."""
    return _from_half("irfft2", input, s, dim, norm)


def rfftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = None, norm: str | None = None
) -> Tensor:
    """`rfft` along the last dimension, then `fft` along the others."""
    return _half("rfftn", input, s, dim, norm)


def irfftn(
    input: Tensor, s: Sequence[int] | None = None, dim: Dims = None, norm: str | None = None
) -> Tensor:
    """The inverse of `rfftn`."""
    return _from_half("irfftn", input, s, dim, norm)


def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real transform of a signal whose other half is the conjugate of this."""
    return _from_half("hfft", conj(input), n, dim, _REVERSED.get(norm, norm))


def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of `hfft`, of a real signal."""
    return conj(_half("ihfft", input, n, dim, _REVERSED.get(norm, norm)))


def _frequencies(values: np.ndarray, n: int, d: float, dtype: Any, rest: Any) -> Any:
    kind = default_numpy() if dtype is None else dtype.dtype
    return made((values / (n * d)).astype(kind), rest[0], rest[1])


def fftfreq(
    n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The frequency of each element of a transform of `n` samples, `d` apart.

    >>> import minitorch
    >>> minitorch.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    return _frequencies(np.fft.fftfreq(n) * n, n, d, dtype, (device, requires_grad))


def rfftfreq(
    n: int, d: float = 1.0, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """The frequency of each element of an `rfft` of `n` samples, `d` apart."""
    return _frequencies(np.arange(n // 2 + 1), n, d, dtype, (device, requires_grad))


def _shifted(input: Any, dim: Any, back: bool) -> Any:
    check_tensor("fftshift", input)
    shape = input._data.shape
    dims = check_dims(tuple(dim) if isinstance(dim, Sequence) else dim, len(shape))
    return roll(input, [(shape[d] + back) // 2 for d in dims], list(dims)) if dims else input


def fftshift(input: Tensor, dim: Dims = None) -> Tensor:
    """The elements of a transform with the frequency 0 moved to the middle."""
    return _shifted(input, dim, False)


def ifftshift(input: Tensor, dim: Dims = None) -> Tensor:
    """The inverse of `fftshift`."""
    return _shifted(input, dim, True)
