"""Adagrad and what grew from it: Adadelta and RMSprop, which forget old gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.optim.elementwise import Arrays, Change, Elementwise, full_like
from minitorch.optim.optimizer import check_at_least, check_lr


class Adagrad(Elementwise):
    """``s += g^2``, ``p -= lr g / (sqrt(s) + eps)``.

    At step t, `lr` is divided by ``1 + (t - 1) lr_decay``; `initial_accumulator_value` is where `s`
    starts.
    Duchi et al., "Adaptive Subgradient Methods for Online Learning", 2011.
    Mirrors ``torch.optim.Adagrad``; `foreach` and `fused` are accepted and ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_at_least("lr_decay value", lr_decay)
        check_at_least("weight_decay value", weight_decay)
        check_at_least("initial_accumulator_value value", initial_accumulator_value)
        check_at_least("epsilon value", eps)
        defaults = {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                self.begin(group, p)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {"sum": full_like(p, group["initial_accumulator_value"])}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        step, eps = scalars["step"].item(0), group["eps"]
        rate = float(group["lr"]) / (1 + (step - 1) * group["lr_decay"])

        def change(p: np.ndarray, g: np.ndarray, **state: np.ndarray) -> None:
            state["sum"] += g * g
            p -= rate * (g / (np.sqrt(state["sum"]) + eps))

        return change


class Adadelta(Elementwise):
    """``p -= lr d`` with ``d = g RMS(d) / RMS(g)``: running root mean squares, `eps` added inside.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method", 2012.
    Mirrors ``torch.optim.Adadelta``; `foreach` and `capturable` are accepted and ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho} (must be in [0, 1])")
        check_at_least("epsilon value", eps)
        check_at_least("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "capturable": capturable, "foreach": foreach,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {"square_avg": np.zeros_like(p), "acc_delta": np.zeros_like(p)}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        lr, rho, eps = float(group["lr"]), group["rho"], group["eps"]

        def change(
            p: np.ndarray, g: np.ndarray, square_avg: np.ndarray, acc_delta: np.ndarray
        ) -> None:
            square_avg *= rho
            square_avg += (1 - rho) * (g * g)
            delta = np.sqrt(acc_delta + eps) / np.sqrt(square_avg + eps) * g
            acc_delta *= rho
            acc_delta += (1 - rho) * (delta * delta)
            p -= lr * delta

        return change


class RMSprop(Elementwise):
    """``v = alpha v + (1 - alpha) g^2``, ``p -= lr g / (sqrt(v) + eps)``.

    `centered` takes the square of the mean gradient off `v`; `momentum` gathers the steps.
    Tieleman & Hinton, lecture 6.5 of "Neural Networks for Machine Learning", 2012; centered:
    Graves, "Generating Sequences With Recurrent Neural Networks", 2013.
    Mirrors ``torch.optim.RMSprop``; `capturable` and `foreach` are accepted and ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least("epsilon value", eps)
        check_at_least("momentum value", momentum)
        check_at_least("weight_decay value", weight_decay)
        check_at_least("alpha value", alpha)
        defaults = {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        names = ["square_avg"]
        if group["momentum"] > 0:
            names.append("momentum_buffer")
        if group["centered"]:
            names.append("grad_avg")
        return {name: np.zeros_like(p) for name in names}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        lr, alpha, eps = float(group["lr"]), group["alpha"], group["eps"]
        momentum, centered = group["momentum"], group["centered"]

        def change(p: np.ndarray, g: np.ndarray, **state: np.ndarray) -> None:
            variance = square_avg = state["square_avg"]
            square_avg *= alpha
            square_avg += (1 - alpha) * (g * g)
            if centered:
                mean = state["grad_avg"]
                mean += (1 - alpha) * (g - mean)
                variance = square_avg - mean * mean
            move = g / (np.sqrt(variance) + eps)
            if momentum > 0:
                buffer = state["momentum_buffer"]
                buffer *= momentum
                buffer += move
                move = buffer
            p -= lr * move

        return change
