"""Adam and AdamW."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.numerics.aligned import scratch
from minitorch.optim.elementwise import Arrays, Change, Elementwise
from minitorch.optim.optimizer import check_at_least, check_betas, check_lr


class Adam(Elementwise):
    """``m = beta1 m + (1 - beta1) g``, ``v = beta2 v + (1 - beta2) g^2``, ``p -= lr m / sqrt(v)``.

    `m` and `v` start at zero, so at step t they are divided by ``1 - beta^t``; `eps` is added to
    the root.  `amsgrad` takes the largest `v` seen (Reddi et al., 2018).  `weight_decay` is added
    to the gradient, or taken off the parameter if `decoupled_weight_decay`.
    Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2015.
    Mirrors ``torch.optim.Adam``; `foreach`, `capturable` and `fused` are accepted and ignored.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0, 30.0], requires_grad=True)
    >>> optimizer = minitorch.optim.Adam([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([ 0.9000, 29.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check_lr(lr)
        check_at_least("epsilon value", eps)
        check_betas(betas)
        check_at_least("weight_decay value", weight_decay)
        tensors = [isinstance(beta, TensorState) for beta in betas]
        if tensors[0] != tensors[1]:
            raise ValueError("betas must be either both floats or both Tensors")
        if foreach and not capturable and (tensors[0] or isinstance(lr, TensorState)):
            raise ValueError(
                "lr or betas as a Tensor is not supported for capturable=False and foreach=True"
            )
        defaults = {
            "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay,
            "amsgrad": amsgrad, "maximize": maximize, "foreach": foreach,
            "capturable": capturable, "differentiable": differentiable, "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }  # fmt: skip
        super().__init__(params, defaults)

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        names = ["exp_avg", "exp_avg_sq"] + ["max_exp_avg_sq"] * bool(group["amsgrad"])
        return {name: np.zeros_like(p) for name in names}

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        beta1, beta2 = map(float, group["betas"])
        step = scalars["step"].item(0)
        # lr m / (1 - beta1^t) / (sqrt(v / (1 - beta2^t)) + eps), with fewer divisions
        root = (1 - beta2**step) ** 0.5
        rate, eps = float(group["lr"]) * root / (1 - beta1**step), group["eps"] * root
        amsgrad = group["amsgrad"]

        def change(
            p: np.ndarray,
            g: np.ndarray,
            exp_avg: np.ndarray,
            exp_avg_sq: np.ndarray,
            max_exp_avg_sq: Any = None,
        ) -> None:
            t = scratch(p.size, p.dtype)
            np.subtract(g, exp_avg, t)
            t *= 1 - beta1
            exp_avg += t
            np.multiply(g, g, t)
            t *= 1 - beta2
            exp_avg_sq *= beta2
            exp_avg_sq += t
            if amsgrad:
                np.maximum(max_exp_avg_sq, exp_avg_sq, out=max_exp_avg_sq)
            np.sqrt(max_exp_avg_sq if amsgrad else exp_avg_sq, t)
            t += eps
            np.divide(exp_avg, t, t)
            t *= rate
            p -= t

        return change


class AdamW(Adam):
    """Adam whose `weight_decay` shrinks the parameter, ``p *= 1 - lr weight_decay``.

    Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019.
    Mirrors ``torch.optim.AdamW``.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad,
            maximize=maximize, foreach=foreach, capturable=capturable,
            differentiable=differentiable, fused=fused, decoupled_weight_decay=True,
        )  # fmt: skip
