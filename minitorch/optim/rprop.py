"""Resilient backpropagation."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.ops.signs import sign_of
from minitorch.optim.elementwise import Arrays, Change, Elementwise, full_like
from minitorch.optim.optimizer import check_lr


class Rprop(Elementwise):
    """``p -= size * sign(g)``: each element's `size` grows while its gradient keeps its sign.

    It is multiplied by ``etas[1]`` then, by ``etas[0]`` where the sign has changed (that step is
    left out), and kept within `step_sizes`.  For whole batches, not for noisy gradients.
    Riedmiller & Braun, "A Direct Adaptive Method for Faster Backpropagation Learning", 1993.
    Mirrors ``torch.optim.Rprop``; `capturable` and `foreach` are accepted and ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                f"Invalid eta values: {etas[0]}, {etas[1]} (must be in (0, 1) and above 1)"
            )
        defaults = {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {"prev": np.zeros_like(p), "step_size": full_like(p, float(group["lr"]))}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        (shrink, grow), (smallest, largest) = group["etas"], group["step_sizes"]

        def change(p: np.ndarray, g: np.ndarray, prev: np.ndarray, step_size: np.ndarray) -> None:
            agreement = g * prev
            turned = agreement < 0
            np.multiply(step_size, grow, out=step_size, where=agreement > 0)
            np.multiply(step_size, shrink, out=step_size, where=turned)
            np.clip(step_size, smallest, largest, out=step_size)
            prev[...] = g
            prev[turned] = 0
            p -= sign_of(prev) * step_size

        return change
