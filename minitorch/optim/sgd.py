"""Stochastic gradient descent."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.numerics.added import MANY, add_scaled
from minitorch.numerics.aligned import aligned, scratch
from minitorch.optim.elementwise import SMALL, by_tile
from minitorch.optim.optimizer import Optimizer, check_at_least, check_lr


class SGD(Optimizer):
    """``p -= lr * g``; with momentum, ``buffer = momentum * buffer + (1 - dampening) * g``.

    `weight_decay` adds ``weight_decay * p`` to the gradient; `nesterov` looks ahead, with
    ``g + momentum * buffer``; `maximize` goes up.  The first step takes ``buffer = g``.
    Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.
    Mirrors ``torch.optim.SGD``; `foreach` and `fused` are accepted and ignored.

    >>> import minitorch
    >>> x = minitorch.tensor([1.0], requires_grad=True)
    >>> optimizer = minitorch.optim.SGD([x], lr=0.1)
    >>> (x * x).sum().backward()
    >>> optimizer.step()
    >>> x
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_lr(lr)
        check_at_least("momentum value", momentum)
        check_at_least("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        defaults = {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, group: dict[str, Any], params: list[Any], grads: list[np.ndarray]) -> None:
        lr, momentum, dampening = float(group["lr"]), group["momentum"], group["dampening"]
        weight_decay, nesterov = group["weight_decay"], group["nesterov"]
        maximize, first, dtype = group["maximize"], False, None
        several = momentum or weight_decay or maximize  # passes over an array

        def direction(data: np.ndarray, g: Any, buffer: Any, spare: Any = None) -> Any:
            if maximize:
                g = -g
            if weight_decay:
                g = g + weight_decay * data
            if buffer is not None:
                if first:
                    buffer[...] = g
                elif spare is not None:
                    add_scaled(buffer, 1 - dampening, g, spare, decay)
                else:
                    buffer *= decay
                    buffer += g if dampening == 0 else (1 - dampening) * g
                g = g + decay * buffer if nesterov else buffer
            return g

        def change_tile(data: np.ndarray, g: Any, buffer: Any) -> None:
            spare = scratch(data.size, data.dtype)
            add_scaled(data, rate, direction(data, g, buffer, spare), spare)

        for p, g in zip(params, grads):
            data, buffer = p._data, None
            if data.dtype is not dtype:
                dtype = data.dtype
                rate, decay = as_array(-lr, dtype), as_array(momentum, dtype)
            if momentum:
                state = self.state[p]
                held = state.get("momentum_buffer")
                first = held is None
                if first:
                    flat = data.flags.c_contiguous
                    buffer = aligned(data.shape, dtype) if flat else np.empty_like(data)
                    held = state["momentum_buffer"] = wrap(buffer)
                buffer = held._data
            if several:
                arrays = (data, g, buffer)
                if data.size > SMALL and all(a is None or a.flags.c_contiguous for a in arrays):
                    by_tile(change_tile, *[a if a is None else a.reshape(-1) for a in arrays])
                    continue
                g = direction(data, g, buffer)
            if data.nbytes < MANY:
                data += g * rate  # what add_scaled would do, 0.2 us sooner
            else:
                add_scaled(data, rate, g)


@functools.lru_cache(maxsize=16)
def as_array(number: float, dtype: np.dtype[Any]) -> np.ndarray:
    """`number` as an array, with which a ufunc starts 0.2 us sooner than with a float."""
    return np.array(number, dtype)
