"""Activations as ``torch.nn.functional`` spells them: with ``inplace=``, and softmax without `dim`.

``inplace=True`` writes the result into `input`; the functions that end in ``_`` always do.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from minitorch.dtypes import dtype as DType
from minitorch.ops import activations, rectifiers
from minitorch.ops import softmax as softmaxes
from minitorch.ops.checks import check_tensor
from minitorch.ops.inplace import in_place

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "celu", "celu_", "elu", "elu_", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_",
    "leaky_relu", "leaky_relu_", "log_softmax", "mish", "relu", "relu6", "relu_", "selu", "selu_",
    "silu", "softmax", "softmin", "threshold", "threshold_",
]  # fmt: skip

celu_ = in_place(activations.celu)
elu_ = in_place(activations.elu)
hardtanh_ = in_place(rectifiers.hardtanh)
leaky_relu_ = in_place(rectifiers.leaky_relu)
relu_ = in_place(rectifiers.relu)
selu_ = in_place(activations.selu)
threshold_ = in_place(rectifiers.threshold)
_hardsigmoid_ = in_place(rectifiers.hardsigmoid)
_hardswish_ = in_place(rectifiers.hardswish)
_mish_ = in_place(activations.mish)
_relu6_ = in_place(rectifiers.relu6)
_silu_ = in_place(activations.silu)


# --- rectifiers ---------------------------------------------------------------------------------


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """``max(input, 0)``.

    >>> import minitorch
    >>> minitorch.nn.functional.relu(minitorch.tensor([-1.0, 0.0, 2.0]))
    tensor([0., 0., 2.])
    """
    return relu_(input) if inplace else rectifiers.relu(input)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """``min(max(input, 0), 6)``.

    >>> import minitorch
    >>> minitorch.nn.functional.relu6(minitorch.tensor([-1.0, 2.0, 8.0]))
    tensor([0., 2., 6.])
    """
    return _relu6_(input) if inplace else rectifiers.relu6(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """`input` where it is positive, ``negative_slope * input`` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.functional.leaky_relu(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.0100,  2.0000])
    """
    function = leaky_relu_ if inplace else rectifiers.leaky_relu
    return function(input, negative_slope)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """`input` where it is above `threshold`, `value` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.functional.threshold(minitorch.tensor([0.0, 1.0, 2.0]), 1, -5)
    tensor([-5., -5.,  2.])
    """
    function = threshold_ if inplace else rectifiers.threshold
    return function(input, threshold, value)


def hardtanh(
    input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Tensor:
    """`input` kept between `min_val` and `max_val`.

    >>> import minitorch
    >>> minitorch.nn.functional.hardtanh(minitorch.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    function = hardtanh_ if inplace else rectifiers.hardtanh
    return function(input, min_val, max_val)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """A sigmoid of three straight pieces: ``relu6(input + 3) / 6``.

    >>> import minitorch
    >>> minitorch.nn.functional.hardsigmoid(minitorch.tensor([-3.0, 0.0, 3.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """
    return _hardsigmoid_(input) if inplace else rectifiers.hardsigmoid(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * hardsigmoid(input)`` (Howard et al. 2019, MobileNetV3).

    >>> import minitorch
    >>> minitorch.nn.functional.hardswish(minitorch.tensor([-3.0, 1.5, 3.0]))
    tensor([-0.0000, 1.1250, 3.0000])
    """
    return _hardswish_(input) if inplace else rectifiers.hardswish(input)


# --- smooth ones --------------------------------------------------------------------------------


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` where it is positive, ``alpha * (exp(input) - 1)`` elsewhere (Clevert et al. 2015).

    >>> import minitorch
    >>> minitorch.nn.functional.elu(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return elu_(input, alpha) if inplace else activations.elu(input, alpha)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """`input` where it is positive, ``alpha * (exp(input / alpha) - 1)`` elsewhere.

    >>> import minitorch
    >>> minitorch.nn.functional.celu(minitorch.tensor([-1.0, 2.0]), alpha=2)
    tensor([-0.7869,  2.0000])
    """
    return celu_(input, alpha) if inplace else activations.celu(input, alpha)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """`elu` with two constants that keep mean 0 and variance 1 (Klambauer et al. 2017).

    >>> import minitorch
    >>> minitorch.nn.functional.selu(minitorch.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return selu_(input) if inplace else activations.selu(input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * sigmoid(input)``, also called swish.

    >>> import minitorch
    >>> minitorch.nn.functional.silu(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.2689,  1.7616])
    """
    return _silu_(input) if inplace else activations.silu(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """``input * tanh(softplus(input))`` (Misra 2019).

    >>> import minitorch
    >>> minitorch.nn.functional.mish(minitorch.tensor([-1.0, 2.0]))
    tensor([-0.3034,  1.9440])
    """
    return _mish_(input) if inplace else activations.mish(input)


# --- softmax ------------------------------------------------------------------------------------


def _chosen_dim(name: str, input: Tensor, dim: int | None) -> int:
    """`dim`, or the one that PyTorch guesses, with a warning: the classes of (C), (N, C), ..."""
    check_tensor(name, input)
    if dim is not None:
        return dim
    warnings.warn(
        f"{name}() without dim guesses one by the number of dimensions; that is deprecated, "
        "give dim=",
        stacklevel=3,
    )
    return 0 if input._data.ndim in (0, 1, 3) else 1


def softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """``exp(input) / sum(exp(input))`` along `dim`: positive, with sum 1.

    >>> import minitorch
    >>> minitorch.nn.functional.softmax(minitorch.tensor([0.0, 0.0, 1.0]), dim=0)
    tensor([0.2119, 0.2119, 0.5761])
    """
    return softmaxes.softmax(input, _chosen_dim("softmax", input, dim), dtype)


def log_softmax(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """``log(softmax(input, dim))``, without overflow.

    >>> import minitorch
    >>> minitorch.nn.functional.log_softmax(minitorch.tensor([0.0, 1000.0]), dim=0)
    tensor([-1000.,     0.])
    """
    return softmaxes.log_softmax(input, _chosen_dim("log_softmax", input, dim), dtype)


def softmin(
    input: Tensor, dim: int | None = None, _stacklevel: int = 3, dtype: DType | None = None
) -> Tensor:
    """``softmax(-input, dim)``: large where `input` is small.

    >>> import minitorch
    >>> minitorch.nn.functional.softmin(minitorch.tensor([0.0, 0.0, 1.0]), dim=0)
    tensor([0.4223, 0.4223, 0.1554])
    """
    return softmaxes.softmin(input, _chosen_dim("softmin", input, dim), dtype)
