"""Layers that bring values to mean 0 and variance 1: batch, instance, group, layer and RMS norm."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops import normalization
from minitorch.ops.creation import empty, ones, tensor, zeros
from minitorch.ops.shapes import squeeze, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _Affine(Module):
    """A norm that may scale by `weight`, at first 1, and shift by `bias`, at first 0."""

    weight: Parameter | None
    bias: Parameter | None

    def _add_affine(self, shape: Any, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        for name, wanted in ("weight", weight), ("bias", bias):
            made = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)

    def reset_parameters(self) -> None:
        """Weights 1, biases 0."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


# --- running statistics: batch norm and instance norm ---------------------------------------------


class _RunningNorm(_Affine):
    """A norm of channels that may keep running averages of their means and variances."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _version = 2  # since then there is num_batches_tracked
    _dims: tuple[int, ...]  # how many dimensions the input may have

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        self._add_affine(num_features, affine, affine and bias, device, dtype)
        kept: list[Any] = [None, None, None]
        if track_running_stats:
            kept = [
                zeros(num_features, device=device, dtype=dtype),
                ones(num_features, device=device, dtype=dtype),
                tensor(0, device=device),
            ]
        for name, buffer in zip(("running_mean", "running_var", "num_batches_tracked"), kept):
            self.register_buffer(name, buffer)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the batches seen: mean 0, variance 1."""
        if self.track_running_stats:
            self.running_mean.zero_()  # type: ignore[union-attr]
            self.running_var.fill_(1)  # type: ignore[union-attr]
            self.num_batches_tracked.zero_()  # type: ignore[union-attr]

    def reset_parameters(self) -> None:
        """Forget the batches seen; weights 1, biases 0."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Tensor) -> None:
        if input._data.ndim not in self._dims:
            wanted = " or ".join(f"{n}D" for n in self._dims)
            raise ValueError(
                f"expected {wanted} input (got {input._data.ndim}D input): (N, C, ...), the "
                f"channels second; the shape is {list(input._data.shape)}"
            )

    def extra_repr(self) -> str:
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_RunningNorm):
    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        tracked = self.num_batches_tracked if self.training and self.track_running_stats else None
        if tracked is not None and self.momentum is None:  # the plain average of all batches
            momentum = 1.0 / (float(tracked) + 1)
        mean, var = self.running_mean, self.running_var
        training = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        out = normalization.batch_norm(
            input, mean, var, self.weight, self.bias, training, momentum, self.eps
        )
        if tracked is not None:  # only now: a batch that is refused does not count
            tracked.add_(1)
        return out

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        version = local_metadata.get("version")
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            state_dict[key] = tensor(0) if self.num_batches_tracked is None else (
                self.num_batches_tracked)  # fmt: skip
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class BatchNorm1d(_BatchNorm):
    """Each channel to mean 0 and variance 1 over the batch: (N, C) or (N, C, L) -> the same.

    ``(x - mean) / sqrt(var + eps) * weight + bias``.  In training the mean and variance are those
    of the batch, and `running_mean` and `running_var` move towards them by `momentum` (None: they
    become the plain average); in evaluation the running ones are used (Ioffe and Szegedy, 2015).

    >>> import minitorch
    >>> norm = minitorch.nn.BatchNorm1d(2)
    >>> norm(minitorch.tensor([[1.0, 5.0], [3.0, 9.0]]))
    tensor([[-1.0000, -1.0000],
            [ 1.0000,  1.0000]], grad_fn=<StandardizedChannelsBackward0>)
    >>> norm.running_mean
    tensor([0.2000, 0.7000])
    """

    _dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` for images: (N, C, H, W) -> the same.

    >>> import minitorch
    >>> minitorch.nn.BatchNorm2d(3)(minitorch.randn(2, 3, 4, 4)).shape
    minitorch.Size([2, 3, 4, 4])
    """

    _dims = (4,)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` for volumes: (N, C, D, H, W) -> the same.

    >>> import minitorch
    >>> minitorch.nn.BatchNorm3d(3)(minitorch.randn(2, 3, 4, 4, 4)).shape
    minitorch.Size([2, 3, 4, 4, 4])
    """

    _dims = (5,)


class _InstanceNorm(_RunningNorm):
    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        unbatched = input._data.ndim == self._dims[0]
        channels = input._data.shape[0 if unbatched else 1]
        if channels != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected the {self.num_features} channels of num_features, got {channels} "
                    f"in an input of shape {list(input._data.shape)}"
                )
            warnings.warn(
                f"the input has {channels} channels, not num_features={self.num_features}; without "
                "affine that number is not used",
                stacklevel=2,
            )
        if unbatched:
            return squeeze(self._normalized(unsqueeze(input, 0)), 0)
        return self._normalized(input)

    def _normalized(self, input: Tensor) -> Tensor:
        return normalization.instance_norm(
            input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )


class InstanceNorm1d(_InstanceNorm):
    """Each channel of each sample to mean 0 and variance 1: (C, L) or (N, C, L) -> the same.

    By default there are neither weights nor running statistics.

    >>> import minitorch
    >>> minitorch.nn.InstanceNorm1d(1)(minitorch.tensor([[1.0, 3.0]]))
    tensor([[-1.0000,  1.0000]])
    """

    _dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` for images: (C, H, W) or (N, C, H, W) -> the same.

    >>> import minitorch
    >>> minitorch.nn.InstanceNorm2d(3)(minitorch.randn(2, 3, 4, 4)).shape
    minitorch.Size([2, 3, 4, 4])
    """

    _dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` for volumes: (C, D, H, W) or (N, C, D, H, W) -> the same.

    >>> import minitorch
    >>> minitorch.nn.InstanceNorm3d(3)(minitorch.randn(2, 3, 4, 4, 4)).shape
    minitorch.Size([2, 3, 4, 4, 4])
    """

    _dims = (4, 5)


# --- without running statistics -------------------------------------------------------------------


class GroupNorm(_Affine):
    """Each of `num_groups` groups of channels to mean 0 and variance 1: (N, C, ...) -> the same.

    >>> import minitorch
    >>> minitorch.nn.GroupNorm(2, 6)(minitorch.randn(4, 6, 5)).shape
    minitorch.Size([4, 6, 5])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(
                f"num_channels ({num_channels}) must be divisible by num_groups ({num_groups})"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        self._add_affine(num_channels, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return normalization.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, affine={self.affine}, "
            f"bias={self.bias is not None}"
        )


class LayerNorm(_Affine):
    """The last dimensions, of shape `normalized_shape`, to mean 0 and variance 1.

    >>> import minitorch
    >>> minitorch.nn.LayerNorm(2)(minitorch.tensor([[1.0, 3.0], [5.0, 9.0]])).detach()
    tensor([[-1.0000,  1.0000],
            [-1.0000,  1.0000]])
    """

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        affine = elementwise_affine, elementwise_affine and bias
        self._add_affine(self.normalized_shape, *affine, device, dtype)
        self.reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        return normalization.layer_norm(
            input, self.normalized_shape, self.weight, self.bias, self.eps
        )

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    """The last dimensions, of shape `normalized_shape`, to mean square 1.

    >>> import minitorch
    >>> minitorch.nn.RMSNorm(2)(minitorch.tensor([3.0, 4.0])).detach()
    tensor([0.8485, 1.1314])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: int | Sequence[int],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        made = Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
        self.register_parameter("weight", made if elementwise_affine else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Weights 1."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Tensor) -> Tensor:
        return normalization.rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


def _as_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    return (shape,) if isinstance(shape, int) else tuple(shape)


class LocalResponseNorm(Module):
    """``x / (k + alpha * mean(x ** 2)) ** beta``, the mean over `size` neighbouring channels.

    (N, C, L, ...) -> the same (Krizhevsky, Sutskever and Hinton, 2012).

    >>> import minitorch
    >>> minitorch.nn.LocalResponseNorm(2)(minitorch.randn(1, 3, 4)).shape
    minitorch.Size([1, 3, 4])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Tensor) -> Tensor:
        return normalization.local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
