"""Gradients compared with finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from minitorch.autograd.diagnosis import Sample, diagnose
from minitorch.autograd.grad import grad
from minitorch.autograd.grad_report import GradcheckError, GradReport, number, table
from minitorch.engine.modes import enable_grad, no_grad
from minitorch.engine.state import LEAF, TensorState, wrap
from minitorch.numerics.finite_differences import Slopes
from minitorch.numerics.slope_check import Verdict, judge

__all__ = [
    "GradReport", "GradcheckError", "flat", "gradcheck", "gradgradcheck", "partners", "precision",
    "shaped_like", "sizes", "unflat",
]  # fmt: skip

MANY_SKIPPED = 6  # so many inputs may lie at kinks without being too many


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
    domain: Any = None,
) -> GradReport:
    """Whether backward agrees with finite differences, for every output and every input element.

    Central differences, with steps scaled to each input and extrapolated to zero, give each
    derivative an error bar.  A gradient is right when it is within ``rtol`` of that derivative,
    relative to it, plus the error bar: gradients of 1e-12 are held to the same standard as
    gradients of 1e12.  At a kink (``relu`` at 0) anything between the two one-sided slopes passes,
    and 0; kinks are counted in the report, and more than half of the inputs there are a failure
    (if they are more than 6).

    Returns a `GradReport`, which is true or false; a disagreement raises GradcheckError instead,
    unless `raise_exception` is False.  Mirrors ``torch.autograd.gradcheck``, whose arguments are
    all accepted:

    `eps`     the first step, instead of one scaled to each input
    `atol`    an absolute tolerance beside the relative one: none unless given
    `nondet_tol`  by how much backward may differ from call to call
    `fast_mode`   check the gradient of one random combination of the outputs, not each output
    `domain`  ``(low, high)`` that no step leaves, or one such pair (or None) for each input

    The other options ask for what every check does here, or for modes of PyTorch's that minitorch
    does not have.

    >>> import minitorch
    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> bool(minitorch.autograd.gradcheck(lambda x: x.exp() * x, x))
    True
    """
    given = (inputs,) if isinstance(inputs, TensorState) else tuple(inputs)
    report = GradReport()
    try:
        check = _Check(func, given, eps, atol or 0.0, rtol, nondet_tol, domain, report)
        check.run(fast_mode)
    except GradcheckError as error:
        error.report = report
        report.ok, report.message = False, str(error)
        if raise_exception:
            raise
    return report


class _Check:
    """One run of `gradcheck`."""

    def __init__(
        self, func: Any, given: tuple[Any, ...], eps: float | None, atol: float, rtol: float,
        nondet_tol: float, domain: Any, report: GradReport,
    ) -> None:  # fmt: skip
        self.func, self.given, self.report = func, given, report
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.checked = [
            i for i, x in enumerate(given) if isinstance(x, TensorState) and x._node is not None
        ]
        if not self.checked:
            raise ValueError("gradcheck needs at least one input that requires grad")
        for i in self.checked:
            if precision(given[i]._data) > 2.0**-52:
                warnings.warn(
                    f"input {i} is {given[i]._data.dtype}: finite differences need float64 or "
                    "complex128 to be exact enough",
                    stacklevel=4,
                )
        self.domain = domain
        self.starts = [given[i] for i in self.checked]

    def run(self, fast: bool) -> None:
        with enable_grad():
            outputs = differentiable_outputs(self.func(*self.given))
            slopes, columns = self.slopes(outputs)
            skipped: set[tuple[int, int]] = set()
            for o, out in enumerate(outputs):
                for place, v in _random(out) if fast else _directions(out._data):
                    self.one(o, out, place, v, slopes, columns[o], skipped)
        elements = sum(flat(x._data).size for x in self.starts)
        if len(skipped) > max(MANY_SKIPPED, elements / 2):
            raise GradcheckError(
                f"{len(skipped)} of {elements} input elements lie at kinks or where there is no "
                "slope, so the gradient was hardly tested; choose other inputs"
            )

    def slopes(self, outputs: list[Any]) -> tuple[list[Slopes], list[slice]]:
        """For each checked input, the slopes of all outputs, one after the other."""
        ends = np.cumsum([0] + [flat(t._data).size for t in outputs])
        columns = [slice(int(a), int(b)) for a, b in zip(ends, ends[1:])]
        epsilon = max([precision(t._data) for t in outputs], default=2.0**-52)
        made = []
        for i in self.checked:
            x = self.given[i]._data
            low, high = self.limits(i)

            def function(moved: np.ndarray, i: int = i, x: np.ndarray = x) -> np.ndarray:
                args = list(self.given)
                args[i] = wrap(unflat(moved, x), LEAF)
                with no_grad():
                    parts = differentiable_outputs(self.func(*args))
                return np.concatenate([flat(t._data) for t in parts] or [np.zeros(0)])

            made.append(
                Slopes(
                    function,
                    flat(x),
                    lower=low,
                    upper=high,
                    epsilon=epsilon,
                    step=self.eps,
                    size=sizes(x),
                    partner=partners([t._data for t in outputs]),
                )  # fmt: skip
            )
            again = np.concatenate([flat(t._data) for t in outputs] or [np.zeros(0)])
            if np.any(
                np.abs(again - made[-1].center) > self.nondet_tol + 64 * epsilon * abs(again)
            ):
                raise GradcheckError(
                    "the function is not deterministic: two calls with the same inputs differ by "
                    f"up to {np.max(np.abs(again - made[-1].center)):g}"
                )
        return made, columns

    def limits(self, i: int) -> tuple[float, float]:
        domain = self.domain
        if domain is not None and not np.isscalar(domain[0]):
            domain = domain[i]
        return (-np.inf, np.inf) if domain is None else (domain[0], domain[1])

    def one(
        self, o: int, out: Any, place: Any, v: np.ndarray, slopes: list[Slopes], columns: slice,
        skipped: set[tuple[int, int]],
    ) -> None:  # fmt: skip
        """Check the gradients of ``Re(conj(v) * out)``."""
        found = pulled(out, self.starts, v)
        again = pulled(out, self.starts, v)
        for k, i in enumerate(self.checked):
            with np.errstate(all="ignore"):
                change = np.max(np.abs(found[k] - again[k]), initial=0.0)
            if change > self.nondet_tol:
                raise GradcheckError(
                    f"backward is not deterministic: the gradient of input {i} differs between "
                    f"two calls by up to {change:g}"
                )
            g = np.zeros(slopes[k].center.size)
            g[columns] = flat(v)
            verdict = judge(
                slopes[k], flat(found[k]), g, rtol=self.rtol,
                atol=self.atol + self.nondet_tol, epsilon=precision(found[k]),
            )  # fmt: skip
            self.count(verdict)
            # A slope that is nothing beside `atol` needs no comparison.
            matters = np.maximum(np.abs(verdict.got), verdict.high - verdict.low) > self.atol
            hidden = (verdict.kinks | verdict.edges) & (matters | (self.atol == 0))
            skipped |= {(k, int(n)) for n in np.flatnonzero(hidden)}
            if verdict.wrong.any():
                raise GradcheckError(self.message(verdict, found[k], v, o, place, i))

    def count(self, verdict: Verdict) -> None:
        report = self.report
        report.compared += verdict.got.size
        report.kinks += int(verdict.kinks.sum())
        report.edges += int((verdict.edges & ~verdict.kinks).sum())
        report.unsettled += int((verdict.unsettled & ~verdict.edges & ~verdict.kinks).sum())
        clear = ~verdict.skipped & (verdict.expected != 0)
        if clear.any():
            beyond = np.abs(verdict.got - verdict.expected) - 3 * verdict.error
            relative = beyond[clear] / np.abs(verdict.expected[clear])
            report.largest_error = max(report.largest_error, float(np.max(relative)))

    def message(self, verdict: Verdict, found: Any, v: Any, o: int, place: Any, i: int) -> str:
        like = self.given[i]._data
        shaped = shaped_like(verdict, like)
        wrong = shaped["wrong"]
        where = tuple(int(n) for n in np.argwhere(wrong)[0])
        self.report.failure = {**shaped, "output": o, "input": i, "g": v}
        sample = Sample(like, shaped["expected"], shaped["error"], found, wrong, g=v)
        self.report.diagnosis = diagnose([sample])
        hint = f"\nIt looks like this: {self.report.diagnosis}" if self.report.diagnosis else ""
        rows = table(
            shaped["expected"], shaped["error"], found, wrong, shaped["low"], shaped["high"]
        )
        return (
            f"the gradient of output {o}{'' if place is None else list(place)} with respect to "
            f"input {i}{list(where)} is {number(found[where])}, but finite differences give "
            f"{number(shaped['expected'][where])} ({int(wrong.sum())} of {wrong.size} elements "
            f"disagree){hint}\n{rows}"
        )


def precision(array: np.ndarray) -> float:
    """The relative precision of the dtype of `array`."""
    kind = array.dtype.kind
    return (
        float(np.finfo(array.dtype).eps) if kind in "fc" else 2.0**-8 if kind == "V" else 2.0**-52
    )


def flat(array: np.ndarray) -> np.ndarray:
    """The numbers of `array` as one vector of float64; a complex number as two."""
    if array.dtype.kind == "c":
        return np.ascontiguousarray(array.astype(np.complex128)).reshape(-1).view(np.float64)
    return array.astype(np.float64).reshape(-1)


def sizes(array: np.ndarray) -> np.ndarray:
    """The magnitude that each number of `flat` belongs to, in the precision of `array`."""
    size = np.abs(array).reshape(-1)
    return np.repeat(size, 2) if array.dtype.kind == "c" else size


def partners(arrays: Sequence[np.ndarray]) -> np.ndarray | None:
    """For each number in the `flat` arrays, the other part of its complex number, or itself."""
    if all(a.dtype.kind != "c" for a in arrays):
        return None
    kinds = np.concatenate([np.full(flat(a).size, a.dtype.kind == "c") for a in arrays])
    numbers = np.arange(kinds.size)
    starts = np.concatenate([np.arange(flat(a).size) for a in arrays])
    return np.where(kinds, numbers + 1 - 2 * (starts % 2), numbers)


def unflat(vector: np.ndarray, like: np.ndarray) -> np.ndarray:
    """`flat` undone: an array of the shape and dtype of `like`."""
    if like.dtype.kind == "c":
        return vector.view(np.complex128).reshape(like.shape).astype(like.dtype)
    return vector.reshape(like.shape).astype(like.dtype)


def shaped_like(verdict: Verdict, like: np.ndarray) -> dict[str, Any]:
    """The parts of a verdict that a report shows, in the shape of the input they belong to."""
    names = ("expected", "error", "low", "high", "got")
    shaped: dict[str, Any] = {name: unflat(getattr(verdict, name), like) for name in names}
    wrong = verdict.wrong
    if like.dtype.kind == "c":
        wrong = np.any(wrong.reshape(-1, 2), axis=1)
        shaped.update(low=None, high=None, error=np.abs(shaped["error"]))
    return {**shaped, "wrong": wrong.reshape(like.shape)}


def differentiable_outputs(result: Any) -> list[Any]:
    """The differentiable outputs of a function."""
    parts = result if isinstance(result, tuple | list) else (result,)
    return [t for t in parts if isinstance(t, TensorState) and t._data.dtype.kind in "fcV"]


def _directions(out: np.ndarray) -> Iterator[tuple[tuple[int, ...], np.ndarray]]:
    """Each element of an output, in the real direction and, if complex, in the imaginary one."""
    for place in np.ndindex(out.shape):
        for v in (1, 1j) if out.dtype.kind == "c" else (1,):
            one = np.zeros_like(out)
            one[place] = v
            yield place, one


def _random(out: Any) -> Iterator[tuple[None, np.ndarray]]:
    yield None, _random_like(np.random.default_rng(0), out._data)._data


def pulled(out: Any, starts: list[Any], v: np.ndarray) -> list[np.ndarray]:
    """The gradients of `starts` when `v` flows into `out`; zeros where there are none."""
    if out._node is None:
        return [np.zeros_like(x._data) for x in starts]
    found = grad(out, starts, wrap(v), retain_graph=True, allow_unused=True)
    for g, x in zip(found, starts):
        if g is not None and g._data.shape != x._data.shape:
            raise GradcheckError(f"a gradient has shape {g.shape}, its input {x.shape}")
    return [np.zeros_like(x._data) if g is None else g._data for g, x in zip(found, starts)]


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
    domain: Any = None,
) -> GradReport:
    """`gradcheck` of the gradient itself: whether second derivatives are right.

    The gradients that flow in are drawn at random unless `grad_outputs` gives them.  Mirrors
    ``torch.autograd.gradgradcheck``.

    >>> import minitorch
    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> bool(minitorch.autograd.gradgradcheck(lambda x: x.exp() * x, x))
    True
    """
    given = (inputs,) if isinstance(inputs, TensorState) else tuple(inputs)
    with enable_grad():
        outputs = [t for t in differentiable_outputs(func(*given)) if t._node is not None]
    if grad_outputs is None:
        draw = np.random.default_rng(0)
        weights = [_random_like(draw, out._data) for out in outputs]
    else:
        given_grads = (grad_outputs,) if isinstance(grad_outputs, TensorState) else grad_outputs
        weights = [wrap(g._data.copy(), LEAF) for g in given_grads]
    if gen_non_contig_grad_outputs:
        weights = [wrap(np.repeat(w._data[..., None], 2, -1)[..., 0], LEAF) for w in weights]
    count = len(given)

    def gradient(*args: Any) -> tuple[Any, ...]:
        starts = [a for a in args[:count] if isinstance(a, TensorState) and a._node is not None]
        with enable_grad():
            ends = [t for t in differentiable_outputs(func(*args[:count])) if t._node is not None]
            return grad(ends, starts, args[count:], create_graph=True, materialize_grads=True)

    if domain is not None:
        pairs = [domain] * count if np.isscalar(domain[0]) else list(domain)
        domain = [*pairs, *[None] * len(weights)]
    return gradcheck(
        gradient, (*given, *weights), eps=eps, atol=atol, rtol=rtol,
        raise_exception=raise_exception, nondet_tol=nondet_tol, fast_mode=fast_mode, domain=domain,
    )  # fmt: skip


def _random_like(draw: np.random.Generator, array: np.ndarray) -> Any:
    values = draw.standard_normal(array.shape).astype(array.dtype)
    if array.dtype.kind == "c":
        values = values + 1j * draw.standard_normal(array.shape)
    return wrap(np.asarray(values, array.dtype), LEAF)
