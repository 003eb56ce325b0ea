"""Adafactor."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from minitorch.dtypes import finfo
from minitorch.engine.state import wrap
from minitorch.numerics.added import add_scaled
from minitorch.numerics.aligned import scratch
from minitorch.numerics.product import with_vector
from minitorch.optim.elementwise import by_tile, scalar
from minitorch.optim.optimizer import Optimizer, check_at_least, check_lr


class Adafactor(Optimizer):
    """Adam without momentum that keeps of a matrix's `v` only its row means and column means.

    ``v = rows @ columns / mean(rows)``, ``u = g / sqrt(v)``, and
    ``p -= min(lr, 1 / sqrt(t)) max(eps[1], rms(p)) u / max(1, rms(u) / d)``.
    The means forget with ``beta2 = 1 - t^beta2_decay``; ``eps[0]`` (the dtype's, if None) keeps `v`
    from zero; `weight_decay` shrinks `p` as in AdamW.  Vectors keep all of `v`.
    Shazeer & Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018.
    Mirrors ``torch.optim.Adafactor``; `foreach` is ignored.
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        check_lr(lr)
        if not beta2_decay <= 0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None:
            check_at_least("epsilon1", eps[0])
        check_at_least("epsilon2", eps[1])
        check_at_least("clipping threshold d", d, 1.0)
        check_at_least("weight_decay value", weight_decay)
        defaults = {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d,
            "weight_decay": weight_decay, "foreach": foreach, "maximize": maximize,
        }  # fmt: skip
        super().__init__(params, defaults)

    def update(self, group: dict[str, Any], params: list[Any], grads: list[np.ndarray]) -> None:
        lr, (eps1, eps2) = float(group["lr"]), group["eps"]
        if any(p._data.dtype.kind == "c" for p in params):
            raise RuntimeError("Adafactor does not support complex parameters")
        for param, g in zip(params, grads):
            p, state = param._data, self.state[param]
            tiny = finfo(param.dtype).eps if eps1 is None else eps1
            if not state:
                state["step"] = wrap(scalar(0.0))
                state.update({name: wrap(a) for name, a in _start(p).items()})
            if group["maximize"]:
                g = -g
            state["step"]._data += 1
            step = state["step"]._data.item()
            new = step ** group["beta2_decay"]
            rate = min(lr, step**-0.5) * max(eps2, _rms(p))
            if group["weight_decay"]:
                p *= 1 - lr * group["weight_decay"]
            u = np.empty(p.shape, p.dtype)
            if p.ndim > 1:
                rows, columns = state["row_var"]._data, state["col_var"]._data
                np.multiply(g, g, out=u)
                rows += new * (_mean(u, -1) - rows)
                columns += new * (_mean(u, -2) - columns)
                v = np.multiply(rows / np.maximum(_mean(rows, -2), tiny), columns, out=u)
            else:
                v = state["variance"]._data
                by_tile(_average, v.reshape(-1), g.reshape(-1), new)
            by_tile(_scale, u.reshape(-1), g.reshape(-1), v.reshape(-1), tiny * tiny)
            add_scaled(p, -rate / max(1.0, _rms(u) / group["d"]), u)


def _average(v: np.ndarray, g: np.ndarray, new: float) -> None:
    """``v += new (g^2 - v)``."""
    t = np.multiply(g, g, scratch(v.size, v.dtype))
    t -= v
    t *= new
    v += t


def _scale(u: np.ndarray, g: np.ndarray, v: np.ndarray, least: float) -> None:
    """``u = g / sqrt(v)``, with `v` not below `least`."""
    np.maximum(v, least, out=u)
    np.sqrt(u, out=u)
    np.divide(g, u, out=u)


def _start(p: np.ndarray) -> dict[str, np.ndarray]:
    if p.ndim < 2:
        return {"variance": np.zeros_like(p)}
    rows, columns = (*p.shape[:-1], 1), (*p.shape[:-2], 1, p.shape[-1])
    return {"row_var": np.zeros(rows, p.dtype), "col_var": np.zeros(columns, p.dtype)}


def _mean(x: np.ndarray, axis: int) -> np.ndarray:
    return np.add.reduce(x, axis=axis, keepdims=True) / x.shape[axis]


def _rms(x: np.ndarray) -> float:
    flat = x.reshape(-1)
    return math.sqrt(float(with_vector(flat, flat)) / max(1, flat.size))
