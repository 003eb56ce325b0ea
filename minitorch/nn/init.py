"""The first values of parameters, filled in place and unrecorded.  Mirrors ``torch.nn.init``."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from minitorch.engine.modes import no_grad
from minitorch.ops.creation import empty_like
from minitorch.ops.creation import tensor as new_tensor
from minitorch.ops.diagonals import diag
from minitorch.ops.linalg.triangular import qr
from minitorch.ops.random import randperm
from minitorch.ops.signs import sign
from minitorch.ops.where import where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "calculate_gain", "constant", "constant_", "dirac", "dirac_", "eye", "eye_", "kaiming_normal",
    "kaiming_normal_", "kaiming_uniform", "kaiming_uniform_", "normal", "normal_", "ones_",
    "orthogonal", "orthogonal_", "sparse", "sparse_", "trunc_normal_", "uniform", "uniform_",
    "xavier_normal", "xavier_normal_", "xavier_uniform", "xavier_uniform_", "zeros_",
]  # fmt: skip

P = ParamSpec("P")

_skipping = False


@contextmanager
def skipped() -> Iterator[None]:
    """Inside the block the functions of this file change nothing: for modules yet to be filled."""
    global _skipping
    before, _skipping = _skipping, True
    try:
        yield
    finally:
        _skipping = before


def _filler(fill: Callable[P, Tensor]) -> Callable[P, Tensor]:
    """Unrecorded, and without effect where `skipped`."""
    unrecorded: Callable[..., Any] = no_grad()(fill)

    @wraps(fill)
    def filled(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        if _skipping:
            return cast("Tensor", kwargs["tensor"] if "tensor" in kwargs else args[0])
        return unrecorded(*args, **kwargs)

    return filled


@_filler
def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Numbers drawn evenly from [a, b)."""
    return tensor.uniform_(a, b, generator=generator)


@_filler
def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Normal numbers."""
    return tensor.normal_(mean, std, generator=generator)


@_filler
def constant_(tensor: Tensor, val: float) -> Tensor:
    """One number everywhere."""
    return tensor.fill_(val)


@_filler
def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return tensor.fill_(1.0)


@_filler
def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return tensor.fill_(0.0)


@_filler
def trunc_normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, a: float = -2.0, b: float = 2.0,
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Normal numbers, of which only those within [a, b] are taken.

    Numbers outside are drawn again.  Where most would be outside, the draws are even within
    [a, b] instead, and each is taken with the probability that the bell curve gives it.

    >>> import minitorch
    >>> w = minitorch.nn.init.trunc_normal_(minitorch.empty(100), a=-1, b=1)
    >>> (w.abs() <= 1).all()
    tensor(True)
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            f"the mean {mean} is more than 2 std from [{a}, {b}]; the distribution may be wrong",
            stacklevel=2,
        )

    def below(x: float) -> float:
        return (1 + math.erf((x - mean) / std / math.sqrt(2))) / 2

    if below(b) - below(a) > 0.3:
        low, high = (new_tensor(x, dtype=tensor.dtype) for x in (a, b))  # as the dtype rounds them
        values: Any = tensor.normal_(mean, std, generator=generator)
        while (outside := (values < low) | (values > high)).any():
            values = where(
                outside, empty_like(tensor).normal_(mean, std, generator=generator), values
            )
        return values if values is tensor else tensor.copy_(values)

    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    values, pending = tensor, None
    while pending is None or pending.any():
        drawn = empty_like(tensor).uniform_(a, b, generator=generator)
        log_density = ((drawn - mean) / std).pow(2) * -0.5 - log_peak
        values = drawn if pending is None else where(pending, drawn, values)
        refused = empty_like(tensor).uniform_(generator=generator).log_() > log_density
        pending = refused if pending is None else pending & refused
    return tensor.copy_(values)


@_filler
def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix: a linear layer that hands on as many inputs as it can.

    >>> import minitorch
    >>> minitorch.nn.init.eye_(minitorch.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tensor.shape}")
    tensor.zero_().diagonal().fill_(1)
    return tensor


@_filler
def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Zeros, and a 1 in the middle of filter i for channel i (of each of `groups`).

    A convolution with such a weight (out, in, *kernel) hands on as many channels as it can.

    >>> import minitorch
    >>> minitorch.nn.init.dirac_(minitorch.empty(2, 2, 3))
    tensor([[[0., 1., 0.],
             [0., 0., 0.]],
    <BLANKLINE>
            [[0., 0., 0.],
             [0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ValueError(
            f"Only tensors with 3, 4, or 5 dimensions are supported, got shape {tensor.shape}"
        )
    if tensor.shape[0] % groups:
        raise ValueError(f"dim 0 must be divisible by groups={groups}, got shape {tensor.shape}")
    tensor.zero_()
    size = tensor.shape[0] // groups
    middle = tuple(n // 2 for n in tensor.shape[2:])
    for first in range(0, tensor.shape[0], size):
        for channel in range(min(size, tensor.shape[1])):
            tensor[(first + channel, channel, *middle)] = 1
    return tensor


@_filler
def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """Rows (or columns, if there are fewer) at right angles, of length `gain`.

    All dimensions but the first count as one (Saxe, McClelland and Ganguli, 2014).

    >>> import minitorch
    >>> w = minitorch.nn.init.orthogonal_(minitorch.empty(2, 3))
    >>> minitorch.allclose(w @ w.T, minitorch.eye(2), atol=1e-6)
    True
    """
    if tensor.ndim < 2:
        raise ValueError(f"2 or more dimensions are needed, got shape {tensor.shape}")
    if 0 in tensor.shape:
        return tensor
    rows = tensor.shape[0]
    drawn = tensor.new_empty((rows, tensor.numel() // rows)).normal_(0, 1, generator=generator)
    wide = rows < drawn.shape[1]
    q, r = qr(drawn.T if wide else drawn)
    q = q * sign(diag(r))  # else not all directions would be equally likely (Mezzadri, 2007)
    q = q.T if wide else q
    tensor.view_as(q).copy_(q)
    return tensor.mul_(gain)


@_filler
def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """Normal numbers, but for the part `sparsity` of every column, which is 0 (Martens, 2010).

    Which ones are 0 comes from the default generator, as in PyTorch.

    >>> import minitorch
    >>> (minitorch.nn.init.sparse_(minitorch.empty(10, 3), sparsity=0.9) == 0).sum(0)
    tensor([9, 9, 9])
    """
    if tensor.ndim != 2:
        raise ValueError(f"Only tensors with 2 dimensions are supported, got shape {tensor.shape}")
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    tensor.normal_(0, std, generator=generator)
    for column in range(columns):
        tensor[randperm(rows)[:zeros], column] = 0
    return tensor


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which a nonlinearity shrinks the spread of its inputs, to be undone."""
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, int | float):
            raise ValueError(f"negative_slope {param!r} is not a number")
        return math.sqrt(2 / (1 + slope**2))
    gains = {"tanh": 5 / 3, "relu": math.sqrt(2), "selu": 3 / 4, "sigmoid": 1.0, "linear": 1.0}
    for kind in ("conv", "conv_transpose"):
        gains.update({f"{kind}{n}d": 1.0 for n in (1, 2, 3)})
    if nonlinearity not in gains:
        raise ValueError(f"Unsupported nonlinearity {nonlinearity!r}; one of {sorted(gains)}")
    return gains[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Inputs and outputs of one unit, for a weight of shape (out, in, *kernel)."""
    if tensor.ndim < 2:
        raise ValueError(f"fan in and fan out need 2 or more dimensions, got shape {tensor.shape}")
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = {"fan_in": 0, "fan_out": 1}
    if mode.lower() not in modes:
        raise ValueError(f"Mode {mode} not supported, please use one of {list(modes)}")
    return _calculate_fan_in_and_fan_out(tensor)[modes[mode.lower()]]


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Even in ±gain * sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    bound = gain * math.sqrt(6.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Normal, with std = gain * sqrt(2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)."""
    std = gain * math.sqrt(2.0 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return normal_(tensor, 0.0, std, generator)


def kaiming_uniform_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Even in ±gain * sqrt(3 / fan) (He et al., 2015)."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    bound = math.sqrt(3.0) * std
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor, a: float = 0, mode: str = "fan_in", nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:  # fmt: skip
    """Normal, with std = gain / sqrt(fan) (He et al., 2015)."""
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    std = calculate_gain(nonlinearity, a) / math.sqrt(_calculate_correct_fan(tensor, mode))
    return normal_(tensor, 0.0, std, generator)


def _old_name(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The name without underscore that PyTorch still has, with its warning."""
    new = function.__name__
    old = new.removesuffix("_")

    @wraps(function)
    def renamed(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"nn.init.{old} is deprecated: use nn.init.{new}", FutureWarning, 2)
        return function(*args, **kwargs)

    renamed.__name__ = renamed.__qualname__ = old
    renamed.__doc__ = f"Deprecated name of `{new}`."
    return renamed


uniform = _old_name(uniform_)
normal = _old_name(normal_)
constant = _old_name(constant_)
eye = _old_name(eye_)
dirac = _old_name(dirac_)
xavier_uniform = _old_name(xavier_uniform_)
xavier_normal = _old_name(xavier_normal_)
kaiming_uniform = _old_name(kaiming_uniform_)
kaiming_normal = _old_name(kaiming_normal_)
orthogonal = _old_name(orthogonal_)
sparse = _old_name(sparse_)
