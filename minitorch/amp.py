"""Mixed precision by PyTorch's names, without effect.  Mirrors ``torch.amp``.

On a GPU, half precision halves memory and time.  NumPy computes it more slowly than float32 on a
CPU, so programs that ask for it are computed in float32 as they stand: `autocast` casts nothing,
`GradScaler` scales nothing, and their results are those of the program without them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Self

from minitorch.dtypes import DType, float32
from minitorch.file_names import stand_in

__all__ = [
    "GradScaler", "autocast", "clear_autocast_cache", "custom_bwd", "custom_fwd",
    "get_autocast_dtype", "is_autocast_available", "is_autocast_cache_enabled",
    "is_autocast_enabled",
]  # fmt: skip

DEVICE_TYPES = {"cpu", "cuda", "hpu", "ipu", "maia", "mps", "mtia", "privateuseone", "xla", "xpu"}


def is_autocast_available(device_type: str) -> bool:
    """Whether `autocast` changes anything: False."""
    _check_device_type(device_type)
    return False


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """Whether operations are cast at this moment: False, also within `autocast`."""
    return False


def get_autocast_dtype(device_type: str) -> DType:
    """The dtype in which `autocast` computes: float32, where PyTorch answers a half precision.

    >>> import minitorch
    >>> minitorch.get_autocast_dtype("cpu")
    minitorch.float32
    """
    _check_device_type(device_type)
    return float32


def is_autocast_cache_enabled() -> bool:
    """Whether cast weights are kept: False, for none are cast."""
    return False


def clear_autocast_cache() -> None:
    """Nothing: no cast weights are kept."""


def _check_device_type(device_type: Any) -> None:
    if not isinstance(device_type, str):
        raise ValueError(
            f"device_type is a str such as 'cpu', got {type(device_type).__name__} {device_type!r}"
        )
    if device_type not in DEVICE_TYPES:
        raise RuntimeError(f"unsupported autocast device_type {device_type!r}")


class autocast:
    """A context, or a decorator, in which PyTorch would compute in `dtype`; here it does nothing.

    Mirrors ``torch.amp.autocast``.

    >>> import minitorch
    >>> x = minitorch.ones(2, 2)
    >>> with minitorch.autocast("cpu", dtype=minitorch.bfloat16):
    ...     print((x @ x).dtype)
    minitorch.float32
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        _check_device_type(device_type)
        self.device = device_type

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None: ...

    def __call__(self, func: Callable[..., Any]) -> Callable[..., Any]:
        if not callable(func):
            raise TypeError(
                f"autocast()(func) needs a callable, got {type(func).__name__}; as a context: "
                "with autocast(device_type): ..."
            )

        @functools.wraps(func)
        def called(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return called


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: Any = None
) -> Callable[..., Any]:
    """Decorates the forward of an `autograd.Function`; it stays as it is."""
    return _decorator(fwd, device_type)


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Callable[..., Any]:
    """Decorates the backward of an `autograd.Function`; it stays as it is."""
    return _decorator(bwd, device_type)


def _decorator(function: Callable[..., Any] | None, device_type: str) -> Callable[..., Any]:
    _check_device_type(device_type)
    return (lambda later: later) if function is None else function


class GradScaler:
    """Would scale the loss so that half-precision gradients do not vanish; here it does nothing.

    It acts as one of PyTorch's with ``enabled=False``.  Mirrors ``torch.amp.GradScaler``.

    >>> import minitorch
    >>> w = minitorch.ones(1, requires_grad=True)
    >>> optimizer = minitorch.optim.SGD([w], lr=0.5)
    >>> scaler = minitorch.amp.GradScaler("cpu")
    >>> scaler.scale((w * 2).sum()).backward()
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.item(), scaler.get_scale()
    (0.0, 1.0)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if growth_factor <= 1.0:
            raise AssertionError(f"growth_factor must be > 1.0, got {growth_factor}")
        if backoff_factor >= 1.0:
            raise AssertionError(f"backoff_factor must be < 1.0, got {backoff_factor}")
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval

    def scale(self, outputs: Any) -> Any:
        """Returns `outputs`."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing: the gradients are not scaled."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step(*args, **kwargs)``."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing: the scale stays 1."""

    def is_enabled(self) -> bool:
        """Whether it scales: False."""
        return False

    def get_scale(self) -> float:
        """The factor of the loss: 1."""
        return 1.0

    def get_growth_factor(self) -> float:
        """As given; without effect."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Noted; without effect."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """As given; without effect."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Noted; without effect."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """As given; without effect."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Noted; without effect."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """``{}``, as of one that is not enabled."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes any, and ignores it."""


# The files of PyTorch in which these are.
autocast_mode = stand_in(__name__, "autocast_mode", {
    "autocast": autocast, "custom_bwd": custom_bwd, "custom_fwd": custom_fwd,
    "is_autocast_available": is_autocast_available,
})  # fmt: skip
grad_scaler = stand_in(__name__, "grad_scaler", {"GradScaler": GradScaler})
