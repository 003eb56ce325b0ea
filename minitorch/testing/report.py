"""What a failed check says: the law, the inputs, a table, a diagnosis, and a script to paste."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.autograd.diagnosis import Sample, diagnose
from minitorch.autograd.grad_report import table
from minitorch.autograd.gradcheck import flat
from minitorch.testing.example import Example
from minitorch.testing.laws.law import Broken, Law
from minitorch.testing.source import NoSource, Script, array_text, tensor_text

__all__ = ["LawError", "law_error"]


class LawError(AssertionError):
    """A law does not hold: `law` is its name, `diagnosis` the kind of mistake it looks like.

    `inputs` are the arrays of the smallest example found, `script` a program that reproduces it,
    `table` the numbers that disagree (index, expected with its error bar, got, ratio).
    """

    law = ""
    diagnosis = ""
    script = ""
    table = ""
    inputs: Sequence[np.ndarray] = ()


def law_error(
    law: Law, example: Example, broken: Broken, others: Sequence[tuple[Example, Broken | None]] = ()
) -> LawError:
    """The error to raise when `law` is broken for `example`.

    `others` are more examples of the same check, broken or not: one number says little about the
    kind of a mistake, ten numbers say a lot.
    """
    diagnosis = broken.diagnosis or diagnosed(broken, [(example, broken), *others])
    rows = _table(broken)
    script = script_of(law, example)
    parts = [
        f"{example.subject.name or 'the function'} breaks the law {law.name!r}: {broken.text}",
    ]
    if diagnosis:
        parts.append(f"It looks like this: {diagnosis}.")
    parts.append("Smallest inputs found:\n" + _inputs(example))
    if rows:
        parts.append(rows)
    parts.append("To reproduce:\n\n" + _indented(script))
    parts.append(f"The law: {law.lesson.splitlines()[0]}")
    error = LawError("\n\n".join(parts))
    error.law, error.diagnosis, error.script, error.table = law.name, diagnosis, script, rows
    error.inputs = [a.copy() for a in example.leaves]
    return error


def _indented(text: str) -> str:
    return "\n".join("    " + line if line else "" for line in text.splitlines())


def _inputs(example: Example) -> str:
    lines = []
    for i, a in enumerate(example.leaves):
        name = example.subject.label(i, example.inputs)
        text = array_text(a) if a.size <= 64 else f"shape {a.shape}, {a.dtype}"
        lines.append(f"  {name} = {text}")
    if example.outs and any(out.size for out in example.outs):
        gs = example.gs
        if sum(g.size for g in gs) <= 16:
            lines += [f"  incoming gradient = {array_text(g)}" for g in gs]
    return "\n".join(lines)


def _table(broken: Broken) -> str:
    if broken.expected is None or broken.got is None:
        return ""
    expected, got = np.asarray(broken.expected), np.asarray(broken.got)
    if expected.shape != got.shape:
        return f"expected shape {expected.shape}, got {got.shape}"
    wrong = broken.wrong
    if wrong is None:
        with np.errstate(all="ignore"):
            wrong = ~((expected == got) | (np.isnan(expected) & np.isnan(got)))
    error = np.zeros(expected.shape) if broken.error is None else np.asarray(broken.error)
    return table(expected, np.abs(error), got, np.asarray(wrong), broken.low, broken.high)


# --- the kind of mistake --------------------------------------------------------------------------


def diagnosed(broken: Broken, examples: Sequence[tuple[Example, Broken | None]]) -> str:
    """What the examples together say about the mistake."""
    if not broken.gradient or broken.leaf is None:
        return ""
    samples = []
    for example, other in examples[:12]:
        if other is not None and (not other.gradient or other.leaf != broken.leaf):
            continue
        try:
            samples.append(sample_of(example, broken.leaf))
        except Exception:  # a mistake may also show by an exception; then this one tells nothing
            continue
    return diagnose([s for s in samples if s is not None])


def sample_of(example: Example, k: int) -> Sample:
    """The gradient of active leaf `k` beside everything that it might have been instead."""
    leaf = example.leaves[example.active[k]]
    every = range(len(example.active))
    gots = [example.got(j, example.gradients) for j in every]

    def shaped(j: int, vector: np.ndarray) -> np.ndarray:
        like = example.leaves[example.active[j]]
        if like.dtype.kind == "c":
            return vector.view(np.complex128).reshape(like.shape)
        return vector.reshape(like.shape)

    if any(chosen is not None for chosen in example.chosen):
        return _part_of(example, k, gots[k])
    verdicts = [
        example.verdict(j, gots[j], example.gs)
        if gots[j].shape == example.leaves[example.active[j]].shape
        else None
        for j in every
    ]
    expected = [shaped(j, example.slopes[j].value @ example.flat_g) for j in every]
    verdict = verdicts[k]
    wrong: Any = np.ones(leaf.shape, bool) if verdict is None else verdict.wrong
    error = example.slopes[k].error @ np.abs(example.flat_g)
    if leaf.dtype.kind == "c":
        wrong, error = wrong.reshape(-1, 2).any(axis=1), np.abs(error.view(np.complex128))
    out = example.outs[0] if example.outs else None
    return Sample(
        leaf, expected[k], error.reshape(leaf.shape), gots[k], wrong.reshape(leaf.shape),
        g=example.gs[0] if len(example.gs) == 1 else None, out=out, index=k,
        inputs=[example.leaves[i] for i in example.active],
        all_expected=expected, all_got=gots,
        right=[v is not None and not v.wrong.any() for v in verdicts],
        alternatives=_acted_out(example, k, shaped),
    )  # fmt: skip


def _acted_out(example: Example, k: int, shaped: Any) -> dict[str, np.ndarray]:
    """What the gradient would be after well-known mistakes; only those that make a difference."""
    g, slopes = example.flat_g, example.slopes[k]
    right = shaped(k, slopes.value @ g)
    found: dict[str, np.ndarray] = {}

    def act(said: str, at: Any = None, g: Any = g) -> None:
        try:
            there = slopes if at is None else example.slopes_at(at, k)
        except Exception:
            return
        if there.center.shape == slopes.center.shape and there.kind.max(initial=0) == 0:
            result = shaped(k, there.value @ g)
            if not np.allclose(result, right, rtol=1e-2, atol=0):
                found[said] = result

    leaves, mine = example.leaves, example.active[k]
    gs = example.gs
    stale = "stale value: looks like the gradient at the previous input"
    act(stale, [*example.other_leaves[: example.inputs], *leaves[example.inputs :]])
    if stale not in found:
        act(stale, example.other_leaves)
    act(
        "off by the incoming gradient: it was not multiplied by it",
        g=example.flat_of([np.ones_like(one) for one in gs]),
    )
    act(
        "off by the incoming gradient: it was multiplied by it twice",
        g=example.flat_of([one * one for one in gs]),
    )
    act(
        "off by the incoming gradient: its sign was lost",
        g=example.flat_of([np.abs(one).astype(one.dtype) for one in gs]),
    )
    out = example.outs[0] if len(example.outs) == 1 else None
    if out is not None and out.shape == leaves[mine].shape and out.dtype == leaves[mine].dtype:
        act(
            "wrong saved value: looks like the derivative at the output instead of the input",
            [out if i == mine else a for i, a in enumerate(leaves)],
        )
    for i in example.active:
        a = leaves[i]
        if a.ndim >= 2 and a.shape[-1] == a.shape[-2] > 1:
            turned = [np.swapaxes(b, -1, -2) if j == i else b for j, b in enumerate(leaves)]
            name = example.subject.label(i, example.inputs)
            act(f"transposed: {name} was used where its transpose belongs, or the reverse", turned)
    if out is not None and out.ndim >= 2 and out.shape[-1] == out.shape[-2] > 1:
        act(
            "transposed: the incoming gradient was used where its transpose belongs",
            g=example.flat_of([np.swapaxes(gs[0], -1, -2)]),
        )
    return found


def _part_of(example: Example, k: int, got: np.ndarray) -> Sample:
    """A sample of the numbers that were looked at, of a large array."""
    verdict = example.verdict(k, got, example.gs)
    chosen = example.chosen[k]
    vector = flat(example.leaves[example.active[k]])
    x = vector if chosen is None else vector[chosen]
    return Sample(x, verdict.expected, verdict.error, verdict.got, verdict.wrong, index=k)


# --- the script -----------------------------------------------------------------------------------


def script_of(law: Law, example: Example) -> str:
    """A program that breaks the law again, or says what is missing in it."""
    script = Script()
    options = [f'laws="{law.name}"']
    subject = example.subject
    try:
        if subject.is_module:
            factory = script.expression(example.options["factory_given"])
            script.add_import("from minitorch.testing import check_example, prepared")
            target = "module"
            seed = example.options.get("seed", 0)
            script.definitions.append(f"module = prepared({factory}, seed={seed})")
        else:
            script.add_import("from minitorch.testing import check_example")
            target = script.expression(subject.target)
        for name in ("reference", "batch_dim", "cycles"):
            if example.options.get(name) is not None:
                options.append(f"{name}={script.expression(example.options[name])}")
    except (NoSource, KeyError, RecursionError) as error:
        script = Script()
        script.add_import("from minitorch.testing import check_example")
        target = "function"
        script.definitions.append(
            f"# {subject.name or 'the function'} cannot be copied here ({error}): "
            "put it in the next line\n"
            "function = ..."
        )
    if example.constant:
        options.append(f"constant={list(example.constant)}")
    if any(d is not None for d in example.domains):
        script_domains = [None if d is None else tuple(map(float, d)) for d in example.domains]
        options.append(f"domains={_infinite(repr(script_domains[: example.inputs]))}")
    if example.declared:
        options.append("declared=True")
    names = []
    made: list[str] = []
    write = tensor_text if subject.has_graph else array_text
    for a in example.args:
        names.append(_argument(a, made, write, script))
    lines = "\n".join(made)
    call = f"check_example({', '.join([target, *names, *options])})"
    return f"{script.text()}\n{lines}\n{call}\n"


def _infinite(text: str) -> str:
    return text.replace("inf", "np.inf")


def _argument(a: Any, made: list[str], write: Any, script: Script) -> str:
    if isinstance(a, np.ndarray):
        name = f"x{len(made)}"
        made.append(f"{name} = {write(a)}")
        return name
    if isinstance(a, tuple | list):
        parts = [_argument(part, made, write, script) for part in a]
        inner = ", ".join(parts)
        if isinstance(a, list):
            return f"[{inner}]"
        return f"({inner},)" if len(parts) == 1 else f"({inner})"
    try:
        return script.expression(a)
    except NoSource:
        return repr(a)
