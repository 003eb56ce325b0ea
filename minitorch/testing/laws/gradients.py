"""Laws of gradients: first, second, of each subset of the inputs, linear, broadcast."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.autograd.gradcheck import flat, partners, shaped_like, sizes
from minitorch.engine.state import LEAF, wrap
from minitorch.numerics.finite_differences import SMOOTH, Slopes
from minitorch.numerics.slope_check import Verdict, judge
from minitorch.testing.example import OUTSIDE, Example
from minitorch.testing.hidden_kinks import direction_has_hidden_kink, hidden_kinks
from minitorch.testing.laws.law import Broken, close, law, scale_of

__all__ = ["broadcasting", "gradient", "linear", "second_order", "shape_said", "subsets"]


@law()
def gradient(example: Example) -> None:
    """The gradient is what finite differences say.

    Move one number of the input a little to both sides, and see how the output moves: that is the
    derivative, whatever the backward pass says.  Catches every plain mistake: a sign, a factor, a
    term, an axis, a value saved too early or too late, a sum forgotten.
    """
    if not example.outs or not example.active:
        return
    example.slopes  # noqa: B018  before backward: other calls lie between it and its forward
    try:
        gradients = example.gradients
    except OUTSIDE:
        raise
    except Exception as error:
        said = f"backward raised {type(error).__name__}: {error}"
        raise Broken(said, diagnosis=shape_said(error)) from error
    kinked = False
    for k, leaf in enumerate(example.active):
        got = example.got(k, gradients)
        want_shape = example.leaves[leaf].shape
        if got.shape != want_shape:
            raise Broken(
                f"the gradient of {example.label(k)} has shape {got.shape}, but {example.label(k)} "
                f"has shape {want_shape}",
                leaf=k, got=got, gradient=True,
            )  # fmt: skip
        if got.dtype.kind not in "fciub" or (
            got.dtype.kind == "c" and example.leaves[leaf].dtype.kind != "c"
        ):
            raise Broken(f"the gradient of {example.label(k)} is an array of {got.dtype}", leaf=k)
        verdict = example.verdict(k, got, example.gs)
        if verdict.wrong.any():
            verdict = example.verdict(k, folded(example, k, example.slopes[k], got), example.gs)
        tally = example.options.get("tally")
        if tally is not None:
            tally.add(verdict)
        kinked |= bool(verdict.kinks.any())
        if verdict.wrong.any() and not (tally and _flat_here(verdict, tally.steepest)):
            if np.isfinite(got).all() and hidden_kinks(example, k, verdict.wrong):
                kinked = True
                if tally is not None:
                    tally.kinks += int(verdict.wrong.sum())
                continue
            raise wrong_gradient(example, k, got, verdict, "finite differences")
    if kinked:
        _along_kinks(example, gradients)


def _flat_here(verdict: Any, steepest: float) -> bool:
    """Whether what is wrong is no more than rounding leaves of slopes met in other examples.

    Where a tanh is saturated, ``1 - tanh(x)**2`` is a few bits of noise, and so is its slope.
    """
    slopes = np.maximum(np.abs(verdict.expected), np.abs(verdict.got))
    return bool(np.all(slopes[verdict.wrong] <= 4096 * 2.0**-52 * steepest))


def _rate(example: Example, gradients: list[Any], directions: dict[int, Any]) -> float:
    """What the gradients say about the output's slope in a direction."""
    return sum(
        float(np.sum(flat(example.got(k, gradients)) * flat(directions[i])))
        for k, i in enumerate(example.active) if i in directions
    )  # fmt: skip


def _rounded(example: Example, directions: dict[int, Any], got: float, apart: float) -> bool:
    """Whether the gradient is mere rounding here, as that of ``std`` where all numbers are equal.

    Then it is another one when every number is a little larger, though equal ones stay equal.
    """
    for k in range(1, 9):
        leaves = [
            np.asarray(a * (1 + k**3 * 2.0**-40), a.dtype) if i in example.active else a
            for i, a in enumerate(example.leaves)
        ]
        found = _rate(example, example.pull(example.call(leaves), example.gs), directions)
        if not abs(found - got) < 0.1 * apart:
            return True
    return False


def folded(example: Example, k: int, slopes: Slopes, got: np.ndarray) -> np.ndarray:
    """`got`, its triangles added up where symmetric matrices of which one triangle is read came in.

    ``cholesky`` and ``eigh`` read one triangle, and the customary gradient is shared out evenly.
    """
    x = example.leaves[example.active[k]]
    square = x.ndim >= 2 and x.shape[-1] == x.shape[-2] > 1 and x.dtype.kind == "f"
    if not square or example.chosen[k] is not None:
        return got
    turned = np.swapaxes(x, -1, -2)
    unread = (np.abs(slopes.value).max(axis=1) == 0).reshape(x.shape)
    for triangle in (np.triu, np.tril):
        mask = triangle(np.ones(x.shape, bool), 1 if triangle is np.triu else -1)
        if np.array_equal(x, turned) and unread[mask].all() and not unread.all():
            other = np.swapaxes(got, -1, -2)
            return np.where(mask, 0, got + np.where(np.swapaxes(mask, -1, -2), other, 0))
    return got


def shape_said(error: Exception) -> str:
    """The mistake, if it is that of a gradient of a wrong shape which was refused."""
    text = str(error)
    if "shape" not in text or "gradient" not in text:
        return ""
    found = [
        tuple(int(n) for n in one.split(",") if n.strip())
        for one in re.findall(r"[(\[]((?:\d+,? *)*)[)\]]", text)
    ]
    if len(found) >= 2 and _broadcasts(found[-1], found[-2]) | _broadcasts(found[-2], found[-1]):
        return "the broadcast was not undone: " + text
    return "wrong shape: " + text


def _broadcasts(small: tuple[int, ...], large: tuple[int, ...]) -> bool:
    try:
        return small != large and np.broadcast_shapes(small, large) == large
    except ValueError:
        return False


def wrong_gradient(example: Example, k: int, got: Any, verdict: Any, source: str) -> Broken:
    """The failure, with what the report's table needs."""
    shaped = _shaped(verdict, example.leaves[example.active[k]], example.chosen[k])
    count = int(np.sum(shaped["wrong"]))
    return Broken(
        f"the gradient of {example.label(k)} is not that of {source} "
        f"({count} of {np.size(shaped['wrong'])} numbers)",
        leaf=k, gradient=True, **shaped,
    )  # fmt: skip


def _along_kinks(example: Example, gradients: list[Any]) -> None:
    """Where single numbers sit at kinks (ties, say), all together may not: move them together."""
    directions = {i: np.ones_like(example.leaves[i]) for i in example.active}
    choices = [directions]
    if len(directions) > 1:
        choices += [{i: d} for i, d in directions.items()]
    for chosen in choices:
        got = _rate(example, gradients, chosen)
        slopes = example.along(chosen)
        slopes.refine(0)
        if np.any(slopes.kind != SMOOTH) or not np.isfinite(got):
            continue
        verdict = judge(
            slopes, np.array([got]), example.flat_g, rtol=example.rtol, epsilon=example.precision
        )
        size = sum(scale_of(example.got(k, gradients)) for k in range(len(example.active)))
        apart = abs(got - verdict.expected[0])
        if verdict.wrong.any() and apart > 1e-6 * size:
            if direction_has_hidden_kink(example, chosen) or _rounded(example, chosen, got, apart):
                continue
            names = " and ".join(
                example.label(k) for k, i in enumerate(example.active) if i in chosen
            )
            raise Broken(
                f"when all numbers of {names} move together the output moves at a rate of "
                f"{verdict.expected[0]:.6g}, but their gradients add up to {got:.6g}: at equal "
                "inputs, the gradient must go to one of them or be shared out",
                diagnosis="wrong where the inputs are equal",
            )  # fmt: skip


@law("graph", limit=12)
def second_order(example: Example) -> None:
    """The gradient of the gradient is what finite differences of the gradient say.

    A backward pass that uses a detached or intermediate value gives right first derivatives and
    wrong second ones, silently.  Refusing to be differentiated twice is fine: the law then rests.
    """
    if not example.outs or not example.active or example.empty or not example.finite:
        return
    run: Any = example.call()
    gs = [wrap(g.copy(), LEAF) for g in example.gs]
    starts = [run.leaves[i] for i in example.active]
    ends = [(t, g) for t, g in zip(run.tensors, gs) if t._node is not None]
    try:
        first = mt.autograd.grad(
            [t for t, _ in ends], starts, [g for _, g in ends], create_graph=True, allow_unused=True
        )
        live = [k for k, g in enumerate(first) if g is not None and g._node is not None]
        if not live:
            return
        rng = np.random.default_rng(example.seed)
        weights = {k: rng.integers(32, 128, first[k].shape) / 64.0 for k in live}
        second = mt.autograd.grad(
            [first[k] for k in live], [*starts, *gs],
            [wrap(np.asarray(weights[k], first[k]._data.dtype)) for k in live], allow_unused=True,
        )  # fmt: skip
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return  # refused, aloud
    totals = [0.0 if g is None else g._data for g in second[: len(starts)]]
    weight = np.concatenate([flat(weights[k].astype(first[k]._data.dtype)) for k in live])

    for k, i in enumerate(example.active):
        chosen = example.chosen[k]
        whole = flat(example.leaves[i])
        if chosen is None and whole.size > 24:
            chosen = np.sort(rng.choice(whole.size, 24, replace=False))
        start = whole if chosen is None else whole[chosen]

        def function(vector: np.ndarray, i: int = i, chosen: Any = chosen) -> np.ndarray:
            found = example.pull(example.call(example.moved(i, vector, chosen)), example.gs)
            return np.concatenate(
                [flat(np.zeros(first[j].shape) if found[j] is None else found[j]) for j in live]
            )

        low, high = example.domains[i] or (-np.inf, np.inf)
        size = sizes(example.leaves[i])
        slopes = Slopes(
            function, start.copy(), lower=low, upper=high, epsilon=example.epsilon,
            size=size if chosen is None else size[chosen],
            partner=partners([example.leaves[example.active[j]] for j in live]),
        )  # fmt: skip
        got = flat(
            np.broadcast_to(np.asarray(totals[k], example.leaves[i].dtype), example.leaves[i].shape)
        )
        vector = got if chosen is None else got[chosen]
        if chosen is None and example.leaves[i].dtype.kind == "f":
            vector = flat(folded(example, k, slopes, got.reshape(example.leaves[i].shape)))
        verdict = judge(slopes, vector, weight, rtol=10 * example.rtol, epsilon=example.epsilon)
        verdict.wrong &= np.isfinite(verdict.got)  # a formula of its own may end at a point
        tally = example.options.get("tally")
        if tally is not None:
            tally.meet(verdict)
        if verdict.wrong.any() and not (tally and _flat_here(verdict, tally.steepest)):
            where = " (it does not depend on it at all)" if second[k] is None else ""
            raise Broken(
                f"the second derivative by {example.label(k)} is not that of finite differences of "
                f"the gradient{where}; was a value detached, or computed in forward and saved, "
                "that depends on the input?",
                leaf=k,
                **_shaped(verdict, example.leaves[i], chosen),
                diagnosis="right at first order, wrong at second order",
            )


def _shaped(verdict: Verdict, like: np.ndarray, chosen: np.ndarray | None) -> dict[str, Any]:
    if chosen is None:
        return shaped_like(verdict, like)
    names = ("expected", "error", "low", "high", "got", "wrong")
    return {name: getattr(verdict, name) for name in names}


@law("graph", limit=8)
def subsets(example: Example) -> None:
    """Each input's gradient is the same, whichever inputs require one.

    Catches a backward pass that looks at ``needs_input_grad`` wrongly, or returns gradients in the
    wrong places when one of them is not wanted.
    """
    if len(example.active) < 2 or not example.outs:
        return
    whole = example.gradients
    n = len(example.active)
    choices = [c for size in range(1, n) for c in itertools.combinations(range(n), size)]
    for chosen in choices[:8]:
        active = [example.active[k] for k in chosen]
        try:
            run = example.call(active=active)
        except Exception:
            continue  # it differentiates inside, and needs them all
        found = example.pull(run, example.gs)
        for place, k in enumerate(chosen):
            want = example.got(k, whole)
            have = found[place] if found[place] is not None else np.zeros_like(want)
            right = close(have, want, 1e-6, 1e-6 * max(scale_of(want), scale_of(*example.gs)))
            if np.shape(have) != want.shape or not right.all():
                names = " and ".join(example.label(j) for j in chosen)
                raise Broken(
                    f"the gradient of {example.label(k)} is another when only {names} "
                    f"require{'s' if len(chosen) == 1 else ''} one",
                    leaf=k, expected=want, got=have, error=np.zeros_like(want), wrong=~right,
                )  # fmt: skip


@law(limit=12)
def linear(example: Example) -> None:
    """Backward is linear in the incoming gradient: back(2 u + v) = 2 back(u) + back(v).

    Catches a backward pass that ignores what comes in, squares it, or adds something of its own.
    """
    if not example.outs or not example.active:
        return
    u, v = example.gs, example.draw_gs(1)
    run = example.run if not example.subject.is_module else example.call()
    backs = []
    for gs in (u, v, [2 * a + b for a, b in zip(u, v)]):
        back = example.pull(run, [g.copy() for g in gs])
        backs.append([None if g is None else g.copy() for g in back])
    # What cancels to nothing in one gradient is as large as another's.
    most = max(scale_of(example.got(k, back)) for back in backs for k in range(len(back)))
    for k in range(len(example.active)):
        a, b, both = (example.got(k, back) for back in backs)
        want = 2 * a + b
        if not (np.isfinite(a).all() and np.isfinite(b).all()) or np.shape(both) != np.shape(want):
            continue
        size = max(scale_of(2 * a), scale_of(b), 1e-6 * scale_of(*u, *v), 1e-4 * most)
        right = close(both, want, max(1e-7, 200 * example.epsilon), size)
        if not right.all():
            raise Broken(
                f"the gradient of {example.label(k)} is not linear in the incoming gradient: for "
                "2 u + v it is not twice that for u and that for v",
                leaf=k, expected=want, got=both, error=np.zeros(want.shape), wrong=~right,
                gradient=True,
            )  # fmt: skip


@law(limit=10)
def broadcasting(example: Example) -> None:
    """The gradient of a broadcast input is summed over what it was stretched along.

    ``x + bias`` uses each number of the bias once per row; its gradient is the sum of the rows'.
    Catches a missing sum, or one over the wrong axis, and says so.
    """
    if len(example.active) < 2 or len(example.outs) != 1 or example.subject.is_module:
        return
    shapes = [example.leaves[i].shape for i in example.active]
    try:
        whole = np.broadcast_shapes(*shapes)
    except ValueError:
        return
    if whole != example.outs[0].shape or all(shape == whole for shape in shapes):
        return
    try:
        stretched = example.call(_stretched(example, whole))
    except Exception:
        return
    if len(stretched.outs) != 1 or stretched.outs[0].shape != whole:
        return
    if not close(stretched.outs[0], example.outs[0], 1e-9, scale_of(example.outs[0])).all():
        return  # not a function that broadcasts
    ordinary = example.probe(0)  # zeros hide that
    try:
        plain, wide = ordinary.outs[0], example.call(_stretched(ordinary, whole)).outs[0]
    except Exception:
        return
    if not close(wide, plain, 1e-9, scale_of(plain)).all():
        return
    try:
        found = example.pull(stretched, example.gs)
    except Exception:
        return  # not written for these shapes
    for k, i in enumerate(example.active):
        if found[k] is None or np.shape(found[k]) != whole:
            continue
        got, want = example.got(k, example.gradients), _summed(found[k], example.leaves[i].shape)
        right = close(got, want, 1e-6, scale_of(found[k])) if got.shape == want.shape else False
        if not np.all(right):
            raise Broken(
                f"the gradient of {example.label(k)}, of shape {example.leaves[i].shape}, is not "
                f"the sum of that of the same numbers broadcast to {whole}",
                leaf=k, expected=want, got=got, error=np.zeros(want.shape),
                wrong=~np.broadcast_to(right, want.shape), gradient=True,
            )  # fmt: skip


def _stretched(example: Example, shape: tuple[int, ...]) -> list[np.ndarray]:
    return [
        np.array(np.broadcast_to(a, shape)) if i in example.active else a
        for i, a in enumerate(example.leaves)
    ]


def _summed(g: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    extra = g.ndim - len(shape)
    axes = tuple(i for i in range(g.ndim) if i < extra or shape[i - extra] == 1)
    return np.sum(g, axis=axes, keepdims=True).reshape(shape)
