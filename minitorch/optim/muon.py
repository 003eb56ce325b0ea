"""Muon."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.numerics.added import add_scaled
from minitorch.optim.optimizer import Optimizer, check_at_least, check_lr


class Muon(Optimizer):
    """Momentum whose step, a matrix, is made nearly orthogonal: ``p -= lr U V'`` for ``U S V'``.

    ``buffer = momentum buffer + (1 - momentum) g``; `nesterov` looks ahead; `weight_decay` shrinks
    `p` as in AdamW.  `adjust_lr_fn` says how the shape (A, B) scales the rate: "original" (the
    default) by ``sqrt(max(1, A / B))``, "match_rms_adamw" by ``0.2 sqrt(max(A, B))``.
    Jordan et al., "Muon: An optimizer for hidden layers in neural networks", 2024.
    Mirrors ``torch.optim.Muon``: the iteration rounds to bfloat16, as there.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.7750, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        check_at_least("momentum value", momentum)
        check_at_least("weight_decay value", weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Adjust learning rate function {adjust_lr_fn} is not supported: "
                "take 'original' or 'match_rms_adamw'"
            )
        if len(ns_coefficients) != 3 or ns_steps >= 100:
            raise ValueError("Muon takes three ns_coefficients and fewer than 100 ns_steps")
        defaults = {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }  # fmt: skip
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """As `Optimizer.add_param_group`; every parameter must be a matrix."""
        super().add_param_group(param_group)
        for p in self.param_groups[-1]["params"]:
            if p._data.ndim != 2:
                self.param_groups.pop()
                raise ValueError(
                    f"Muon only supports 2D parameters, got one of shape {list(p._data.shape)}: "
                    "give biases and embeddings to AdamW"
                )

    def update(self, group: dict[str, Any], params: list[Any], grads: list[np.ndarray]) -> None:
        if any(p._data.dtype.kind == "c" for p in params):
            raise RuntimeError("Muon does not support complex parameters")
        lr, momentum = float(group["lr"]), group["momentum"]
        for param, g in zip(params, grads):
            p, state = param._data, self.state[param]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = wrap(np.zeros_like(p))
            buffer = state["momentum_buffer"]._data
            buffer += (1 - momentum) * (g - buffer)
            step = g + momentum * (buffer - g) if group["nesterov"] else buffer
            step = orthogonal(step, group["ns_coefficients"], group["ns_steps"], group["eps"])
            if group["adjust_lr_fn"] == "match_rms_adamw":
                scale = 0.2 * math.sqrt(max(p.shape))
            else:
                scale = math.sqrt(max(1, p.shape[0] / p.shape[1]))
            p *= 1 - lr * group["weight_decay"]
            add_scaled(p, -lr * scale, step.astype(p.dtype, copy=False))


def orthogonal(
    x: np.ndarray, coefficients: tuple[float, float, float], steps: int, eps: float
) -> np.ndarray:
    """Near ``U V'`` for ``x = U S V'``, by ``X = a X + (b X X' + c (X X')^2) X``, repeated.

    The quintic drives every singular value to between 0.7 and 1.2; its coefficients are chosen for
    a steep start, not for convergence.
    """
    a, b, c = coefficients
    x = _rounded(x)
    tall = x.shape[0] > x.shape[1]
    if tall:
        x = x.T
    length = _rounded(np.sqrt(np.vdot(x, x)))
    x = _rounded(x / np.maximum(length, _rounded(eps)))
    for _ in range(steps):
        gram = _rounded(x @ x.T)
        x = _rounded(a * x + _rounded(b * gram + c * (gram @ gram)) @ x)
    return x.T if tall else x


def _rounded(x: Any) -> np.ndarray:
    """The nearest bfloat16 numbers, the even one of two, as float32: its upper two bytes."""
    exact = np.asarray(x, np.float32)
    bits = exact.view(np.uint32)
    near = bits >> 16  # in place from here on: memory that is in the cache already
    near &= 1
    near += 0x7FFF
    near += bits
    near &= 0xFFFF0000
    result = near.view(np.float32)
    return result if np.isfinite(exact).all() else np.where(np.isfinite(exact), result, exact)
