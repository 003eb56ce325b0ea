"""Adamax, NAdam and RAdam: Adam with another norm, another momentum, another start."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.optim.elementwise import Arrays, Change, Elementwise, scalar
from minitorch.optim.optimizer import check_at_least, check_betas, check_lr


class Adamax(Elementwise):
    """``m = beta1 m + (1 - beta1) g``, ``u = max(beta2 u, |g| + eps)``, ``p -= lr m / u``.

    At step t, `m` is divided by ``1 - beta1^t``.
    Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015, section 7.
    Mirrors ``torch.optim.Adamax``; `foreach` and `capturable` are accepted and ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least("epsilon value", eps)
        check_betas(betas)
        check_at_least("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {"exp_avg": np.zeros_like(p), "exp_inf": np.zeros_like(p)}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        (beta1, beta2), eps = map(float, group["betas"]), group["eps"]
        rate = float(group["lr"]) / (1 - beta1 ** scalars["step"].item(0))

        def change(p: np.ndarray, g: np.ndarray, exp_avg: np.ndarray, exp_inf: np.ndarray) -> None:
            exp_avg += (1 - beta1) * (g - exp_avg)
            exp_inf *= beta2
            np.maximum(exp_inf, np.abs(g) + eps, out=exp_inf)
            p -= rate * (exp_avg / exp_inf)

        return change


class NAdam(Elementwise):
    """Adam with Nesterov's momentum: the step looks one average ahead.

    The weight of the momentum grows with t: ``mu = beta1 (1 - 0.96^(t momentum_decay) / 2)``.
    Dozat, "Incorporating Nesterov Momentum into Adam", 2016.
    Mirrors ``torch.optim.NAdam``; `foreach` and `capturable` are accepted and ignored.
    """

    scalars = ("step", "mu_product")

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least("epsilon value", eps)
        check_betas(betas)
        check_at_least("weight_decay value", weight_decay)
        check_at_least("momentum_decay value", momentum_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "momentum_decay": momentum_decay, "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {
            "mu_product": scalar(1.0),
            "exp_avg": np.zeros_like(p),
            "exp_avg_sq": np.zeros_like(p),
        }

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        (beta1, beta2), lr, eps = map(float, group["betas"]), float(group["lr"]), group["eps"]
        step, slowness = scalars["step"].item(0), group["momentum_decay"]
        mu = beta1 * (1 - 0.5 * 0.96 ** (step * slowness))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * slowness))
        scalars["mu_product"] *= mu
        product = scalars["mu_product"].item(0)
        of_gradient = lr * (1 - mu) / (1 - product)
        of_average = lr * mu_next / (1 - product * mu_next)
        correction = 1 - beta2**step

        def change(
            p: np.ndarray, g: np.ndarray, exp_avg: np.ndarray, exp_avg_sq: np.ndarray
        ) -> None:
            exp_avg += (1 - beta1) * (g - exp_avg)
            exp_avg_sq *= beta2
            exp_avg_sq += (1 - beta2) * (g * g)
            below = np.sqrt(exp_avg_sq / correction) + eps
            p -= (of_gradient * g + of_average * exp_avg) / below

        return change


class RAdam(Elementwise):
    """Adam that waits with ``1 / sqrt(v)`` until `v` has seen enough, and then rectifies it.

    Liu et al., "On the Variance of the Adaptive Learning Rate and Beyond", 2020.
    Mirrors ``torch.optim.RAdam``; `foreach` and `capturable` are accepted and ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least("epsilon value", eps)
        check_betas(betas)
        check_at_least("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "maximize": maximize, "foreach": foreach, "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay, "differentiable": differentiable,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        return {"exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        (beta1, beta2), eps = map(float, group["betas"]), group["eps"]
        step = scalars["step"].item(0)
        rate = float(group["lr"]) / (1 - beta1**step)
        correction = 1 - beta2**step
        longest = 2 / (1 - beta2) - 1
        length = longest - 2 * step * beta2**step / correction  # of the average behind v
        if length > 5:
            above = (length - 4) * (length - 2) * longest
            below = (longest - 4) * (longest - 2) * length
            rate *= (correction * above / below) ** 0.5

        def change(
            p: np.ndarray, g: np.ndarray, exp_avg: np.ndarray, exp_avg_sq: np.ndarray
        ) -> None:
            exp_avg += (1 - beta1) * (g - exp_avg)
            exp_avg_sq *= beta2
            exp_avg_sq += (1 - beta2) * (g * g)
            if length > 5:
                p -= rate * (exp_avg / (np.sqrt(exp_avg_sq) + eps))
            else:
                p -= rate * exp_avg

        return change
