"""Averaged stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minitorch.numerics.added import add_scaled
from minitorch.numerics.aligned import scratch
from minitorch.optim.elementwise import Arrays, Change, Elementwise, scalar
from minitorch.optim.optimizer import check_at_least, check_lr


class ASGD(Elementwise):
    """``p = (1 - lambd eta) p - eta g``; the state `ax` is the average of `p` from step `t0` on.

    ``eta = lr / (1 + lambd lr t)^alpha`` falls with the step t.
    Polyak & Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.
    Mirrors ``torch.optim.ASGD``; `foreach` and `capturable` are accepted and ignored.
    """

    scalars = ("step", "eta", "mu")

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {"eta": scalar(float(group["lr"])), "mu": scalar(1.0), "ax": np.zeros_like(p)}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        return self._formula(group, scalars, _in_numpy)

    def formula_alone(self, group: dict[str, Any], scalars: Arrays) -> Change:
        return self._formula(group, scalars, add_scaled)

    def _formula(self, group: dict[str, Any], scalars: Arrays, add: Callable[..., None]) -> Change:
        lr, lambd, step = float(group["lr"]), group["lambd"], scalars["step"].item(0)
        eta, mu = scalars["eta"].item(0), scalars["mu"].item(0)
        scalars["eta"].fill(lr / (1 + lambd * lr * step) ** group["alpha"])
        scalars["mu"].fill(1 / max(1, step - group["t0"]))

        def change(p: np.ndarray, g: np.ndarray, ax: np.ndarray) -> None:
            t = scratch(p.size, p.dtype)
            add(p, -eta, g, t, 1 - lambd * eta)
            if mu == 1:
                ax[...] = p
            else:
                np.subtract(p, ax, t)
                t *= mu
                ax += t

        return change


def _in_numpy(y: np.ndarray, a: float, x: np.ndarray, spare: np.ndarray, keep: float) -> None:
    """`add_scaled` that rounds every element alike, wherever it lies."""
    y *= keep
    y += np.multiply(x, a, spare)
