"""The old names of `minitorch.amp`, without effect either.  Mirrors ``torch.cpu.amp``."""

from __future__ import annotations

from typing import Any

from minitorch import amp

__all__ = ["GradScaler", "autocast"]


class autocast(amp.autocast):
    """`minitorch.amp.autocast` without its first argument."""

    def __init__(self, enabled: bool = True, dtype: Any = None, cache_enabled: bool = True) -> None:
        super().__init__("cpu", dtype, enabled, cache_enabled)


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
        super().__init__("cpu", init_scale, growth_factor, backoff_factor, growth_interval, enabled)
