"""The old names of `minitorch.amp`, without effect either.  Mirrors ``torch.cuda.amp``."""

from __future__ import annotations

import functools
from typing import Any

from minitorch import amp
from minitorch.dtypes import float16
from minitorch.file_names import stand_in

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]

custom_fwd = functools.partial(amp.custom_fwd, device_type="cuda")
custom_bwd = functools.partial(amp.custom_bwd, device_type="cuda")


class autocast(amp.autocast):
    """`minitorch.amp.autocast` without its first argument."""

    def __init__(
        self, enabled: bool = True, dtype: Any = float16, cache_enabled: bool = True
    ) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(amp.GradScaler):
    """`minitorch.amp.GradScaler` without its first argument."""

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


# The files of PyTorch in which these are.
autocast_mode = stand_in(__name__, "autocast_mode", {
    "autocast": autocast, "custom_bwd": custom_bwd, "custom_fwd": custom_fwd,
})  # fmt: skip
grad_scaler = stand_in(__name__, "grad_scaler", {"GradScaler": GradScaler})
