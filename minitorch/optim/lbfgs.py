"""L-BFGS: a quasi-Newton method for whole batches, with a line search."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from minitorch.engine.clock import stamp_all, users_place
from minitorch.engine.modes import enable_grad, no_grad
from minitorch.engine.state import TensorState, wrap
from minitorch.optim.optimizer import Optimizer, check_lr


class LBFGS(Optimizer):
    """Steps ``t d`` with ``d = -H g``: `H`, the inverse Hessian, is read off the last gradients.

    One `step` makes up to `max_iter` of them and calls `closure`, which clears the gradients, runs
    backward and returns the loss, up to `max_eval` times (by default ``1.25 max_iter``).  It ends
    early where the gradient's largest element is within `tolerance_grad`, or the step or the loss
    changes by less than `tolerance_change`.  `history_size` gradients are kept.  `t` is `lr`, or,
    with ``line_search_fn="strong_wolfe"``, found so that loss and slope have fallen enough.
    Only one parameter group.
    Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", 1980; Nocedal & Wright,
    "Numerical Optimization", 2006, algorithms 7.4, 3.5 and 3.6.
    Mirrors ``torch.optim.LBFGS``.

    >>> import minitorch
    >>> x = minitorch.tensor([3.0], requires_grad=True)
    >>> optimizer = minitorch.optim.LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((x - 1) ** 2).sum()
    ...     loss.backward()
    ...     return loss
    >>> optimizer.step(closure)
    tensor(4., grad_fn=<SumBackward0>)
    >>> x
    tensor([1.], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr, "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change,
            "history_size": history_size, "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support parameter groups: give it one list")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` steps; returns the loss that `closure` gave first."""
        if closure is None:
            raise TypeError("LBFGS needs a closure that computes the loss and its gradients")
        with no_grad():
            return self._minimize(closure)

    def _minimize(self, closure: Callable[[], Any]) -> Any:
        group = self.param_groups[0]
        params, lr = group["params"], float(group["lr"])
        tolerance, smallest = group["tolerance_grad"], group["tolerance_change"]
        search = group["line_search_fn"]
        if search not in (None, "strong_wolfe"):
            raise RuntimeError(f"line_search_fn is None or 'strong_wolfe', got {search!r}")
        where = users_place()
        state = self.state[params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        def evaluate() -> tuple[Any, np.ndarray]:
            with enable_grad():
                loss = closure()
            state["func_evals"] += 1
            return loss, _flat_gradient(params)

        def move(step: float, direction: np.ndarray) -> None:
            first = 0
            for p in params:
                size = p._data.size * (2 if p._data.dtype.kind == "c" else 1)
                part = step * direction[first : first + size]
                p._data += part.view(p._data.dtype).reshape(p._data.shape)
                first += size
            stamp_all(params, where)

        first_loss, g = evaluate()
        if _largest(g) <= tolerance:
            return first_loss
        loss = float(first_loss)
        evaluations = state["func_evals"] - 1  # those of earlier steps
        d, t = _array(state.get("d")), state.get("t")
        history = _History(state, group["history_size"])
        before = _array(state.get("prev_flat_grad"))

        for iteration in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            if before is None:
                d = -g
            else:
                history.add(g - before, float(t) * d)
                d = history.direction(g)
            before, loss_before = g, loss
            first_ever = state["n_iter"] == 1
            t = min(1.0, 1.0 / float(np.abs(g).sum())) * lr if first_ever else lr
            slope = float(g @ d)
            if slope > -smallest:
                break
            if search:
                origin = [p._data.copy() for p in params]

                def at(step: float, d: np.ndarray = d, origin: Any = origin) -> Point:
                    move(step, d)
                    loss, g = evaluate()
                    for p, old in zip(params, origin):
                        p._data[...] = old
                    return Point(step, float(loss), g, float(g @ d))

                left = group["max_eval"] + evaluations - state["func_evals"]
                start = Point(0.0, loss, g, slope)
                t, loss, g, _ = strong_wolfe(at, start, t, _largest(d), smallest, left)
                move(t, d)
            else:
                move(t, d)
                if iteration == group["max_iter"]:
                    break  # the next step will evaluate here
                new_loss, g = evaluate()
                loss = float(new_loss)
            if (
                state["func_evals"] - evaluations >= group["max_eval"]
                or _largest(g) <= tolerance
                or _largest(d) * t <= smallest
                or abs(loss - loss_before) < smallest
            ):
                break

        history.save(state)
        state.update(d=wrap(d), t=t, prev_flat_grad=wrap(before), prev_loss=loss_before)
        return first_loss


class _History:
    """The last changes ``y`` of the gradient and ``s`` of the parameters: an inverse Hessian."""

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.size = size
        self.y = [_array(y) for y in state.get("old_dirs") or []]
        self.s = [_array(s) for s in state.get("old_stps") or []]
        self.ro = [float(r) for r in state.get("ro") or []]  # 1 / y.s
        self.scale = float(state.get("H_diag") or 1.0)

    def add(self, y: np.ndarray, s: np.ndarray) -> None:
        ys = float(y @ s)
        if ys <= 1e-10:  # not convex here: it would make H indefinite
            return
        if len(self.y) == self.size:
            del self.y[0], self.s[0], self.ro[0]
        self.y.append(y)
        self.s.append(s)
        self.ro.append(1.0 / ys)
        self.scale = ys / float(y @ y)

    def direction(self, g: np.ndarray) -> np.ndarray:
        """``-H g``, by the two-loop recursion."""
        d = -g
        alphas = []
        for y, s, ro in zip(reversed(self.y), reversed(self.s), reversed(self.ro)):
            alpha = float(s @ d) * ro
            alphas.append(alpha)
            d -= alpha * y
        d *= self.scale
        for y, s, ro, alpha in zip(self.y, self.s, self.ro, reversed(alphas)):
            d += (alpha - float(y @ d) * ro) * s
        return d

    def save(self, state: dict[str, Any]) -> None:
        state["old_dirs"] = [wrap(y) for y in self.y]
        state["old_stps"] = [wrap(s) for s in self.s]
        dtype = self.y[0].dtype if self.y else np.float32
        state["ro"] = [wrap(np.array(r, dtype)) for r in self.ro]
        state["H_diag"] = wrap(np.array(self.scale, dtype)) if self.y else 1
        state.setdefault("al", [None] * self.size)  # PyTorch's scratch space


class Point(NamedTuple):
    """What is known at step `t` along a direction; `slope` is the derivative by `t`."""

    t: float
    loss: float
    grad: np.ndarray
    slope: float


def strong_wolfe(
    at: Callable[[float], Point],
    start: Point,
    t: float,
    length: float,
    tolerance: float,
    limit: int,
    c1: float = 1e-4,
    c2: float = 0.9,
) -> Point:
    """A point where the loss has fallen by ``c1`` and the slope's size to ``c2`` of the slope's.

    First the steps are lengthened until such a point lies between the last two; then the bracket
    is narrowed, by cubic interpolation.  `limit` bounds the number of further evaluations;
    `length` is the direction's largest element.
    """

    def too_high(point: Point) -> bool:
        return point.loss > start.loss + c1 * point.t * start.slope

    def flat(point: Point) -> bool:
        return abs(point.slope) <= -c2 * start.slope

    last, point = start, at(t)
    tries = 0
    while tries < limit:
        if too_high(point) or (tries > 1 and point.loss >= last.loss):
            break
        if flat(point):
            return point
        if point.slope >= 0:
            break
        t = _lowest(last, point, (point.t + 0.01 * (point.t - last.t), 10 * point.t))
        last, point = point, at(t)
        tries += 1
    else:
        last = start

    low, high = (last, point) if last.loss <= point.loss else (point, last)
    near_border = False
    while tries < limit:
        left, right = min(low.t, high.t), max(low.t, high.t)
        if (right - left) * length < tolerance:
            break
        t = _lowest(low, high, (left, right))
        margin = 0.1 * (right - left)
        if min(right - t, t - left) >= margin:
            near_border = False
        elif near_border or not left < t < right:  # twice: move inwards
            t = right - margin if right - t < t - left else left + margin
            near_border = False
        else:
            near_border = True
        point = at(t)
        tries += 1
        if too_high(point) or point.loss >= low.loss:
            low, high = (low, point) if low.loss <= point.loss else (point, low)
        else:
            if flat(point):
                return point
            if point.slope * (high.t - low.t) >= 0:
                high = low
            low = point
    return low


def _lowest(a: Point, b: Point, bounds: tuple[float, float]) -> float:
    """Where the cubic with these values and slopes is lowest, within `bounds`."""
    if a.t > b.t:
        a, b = b, a
    mean = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t) if a.t != b.t else math.nan
    square = mean * mean - a.slope * b.slope
    if not square >= 0:
        return (bounds[0] + bounds[1]) / 2
    root = math.sqrt(square)
    below = b.slope - a.slope + 2 * root
    if below == 0:
        return (bounds[0] + bounds[1]) / 2
    t = b.t - (b.t - a.t) * ((b.slope + root - mean) / below)
    return min(max(t, bounds[0]), bounds[1])


def _flat_gradient(params: list[Any]) -> np.ndarray:
    """All gradients end to end; complex ones as pairs of real numbers."""
    parts = []
    for p in params:
        g = np.zeros_like(p._data) if p._grad is None else p._grad._data
        g = np.ascontiguousarray(g).reshape(-1)
        parts.append(g.view(g.dtype.char.lower()) if g.dtype.kind == "c" else g)
    return np.concatenate(parts)


def _array(value: Any) -> Any:
    return value._data if isinstance(value, TensorState) else value


def _largest(x: np.ndarray) -> float:
    return float(np.max(np.abs(x), initial=0.0))
