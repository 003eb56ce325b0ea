"""Laws of values: the reference's, kept dtype, no NaN of its own, the same every time."""

from __future__ import annotations

from typing import Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.testing.array_layouts import laid_out
from minitorch.testing.example import Example
from minitorch.testing.laws.law import Broken, close, law, same, scale_of
from minitorch.testing.structure import arrays_in, replaced

__all__ = ["dtype_kept", "finite", "layout", "repeatable", "value", "zero_size"]


def _reference(example: Example, leaves: list[np.ndarray]) -> list[np.ndarray]:
    """What the reference, a function of arrays or of Tensors, gives."""
    reference: Any = example.options["reference"]
    given = iter(leaves)
    with np.errstate(all="ignore"):
        if example.options.get("reference_tensors"):
            result = reference(*replaced(example.args, lambda: wrap(next(given).copy())))
        else:
            result = reference(*replaced(example.args, lambda: next(given).copy()))
    if isinstance(result, TensorState | np.ndarray | np.generic | float | int | complex):
        result = (result,)
    return [np.asarray(r._data if isinstance(r, TensorState) else r) for r in result]


@law("reference")
def value(example: Example) -> None:
    """The value is that of the reference.

    A second, plainer way to compute the same: slow, but hard to get wrong.
    """
    expected = _reference(example, example.leaves[: example.inputs])
    got = arrays_in(_flat_result(example))
    if len(expected) != len(got):
        raise Broken(f"the reference returns {len(expected)} results, the function {len(got)}")
    for n, (have, want) in enumerate(zip(got, expected)):
        which = "the value" if len(got) == 1 else f"output {n}"
        if have.shape != want.shape:
            raise Broken(f"{which} has shape {have.shape}, the reference's has {want.shape}")
        size = scale_of(want, *example.leaves[: example.inputs])
        right = close(have, want, example.options.get("value_rtol") or 1e-6, 1e-6 * size)
        if not right.all():
            raise Broken(
                f"{which} is not that of the reference",
                expected=want, got=have, error=np.zeros(want.shape), wrong=~right,
            )  # fmt: skip


def _flat_result(example: Example) -> list[Any]:
    result: Any = getattr(example.run, "result", None)
    return [result] if not isinstance(result, tuple | list) else list(result)


@law("graph", limit=4)
def torch_agrees(example: Example) -> None:
    """minitorch's own functions give PyTorch's values, when PyTorch is there to ask.

    Only functions that PyTorch has under the same name, in the same place, are compared.
    """
    theirs = example.options.get("torch")
    if theirs is None:
        return
    import importlib

    torch: Any = importlib.import_module("torch")
    given = iter(example.leaves)
    args = replaced(example.args, lambda: torch.from_numpy(np.array(next(given))))
    try:
        result = theirs(*args)
    except Exception:
        return
    want = [t.numpy() for t in (result if isinstance(result, tuple | list) else (result,))]
    for have, expected in zip(arrays_in(_flat_result(example)), want):
        right = np.shape(have) == expected.shape and close(have, expected, 1e-6, scale_of(expected))
        if not np.all(right):
            raise Broken("the value is not PyTorch's", expected=expected, got=have)


@law(limit=15)
def dtype_kept(example: Example) -> None:
    """float32 in, float32 out and back, with the numbers of float64 but for rounding.

    Catches gradients that lose precision, mistakes made in one dtype only, and constants and
    buffers that widen everything.  NumPy widens in passing (``np.eye(3) * g`` is float64), which
    loses nothing: a pair is held to the dtype itself only when you ask for this law by name.
    """
    if not example.active or not example.outs or not example.finite:
        return
    for k, i in enumerate(example.active):
        got, leaf = example.gradients[k], example.leaves[i]
        if got is not None and got.dtype.kind in "fc" and got.dtype.itemsize < leaf.dtype.itemsize:
            raise Broken(
                f"the gradient of {example.label(k)}, of {leaf.dtype}, is {got.dtype}: its "
                "precision is lost",
                leaf=k, diagnosis="wrong dtype",
            )  # fmt: skip
    dtypes = {example.leaves[i].dtype for i in example.active}
    strict = example.subject.has_graph or example.options.get("strict_dtype")
    if strict and dtypes == {np.dtype(np.float32)}:
        _kept(example, example.leaves, example.run.outs, example.gradients)
    if len(dtypes) == 1 and dtypes <= set(_NARROW):
        _in_single_precision(example)


_NARROW = {np.dtype(np.float64): np.float32, np.dtype(np.complex128): np.complex64}


def _kept(example: Example, leaves: list[Any], outs: list[Any], gradients: list[Any]) -> None:
    """That nothing is wider than what came in."""
    for out in outs:
        if out.dtype.kind in "fc" and out.dtype not in _NARROW.values():
            raise Broken(f"float32 came in and {out.dtype} came out", diagnosis="wrong dtype")
    for k, i in enumerate(example.active):
        got = gradients[k]
        if got is not None and got.dtype.kind in "fc" and got.size and got.dtype != leaves[i].dtype:
            raise Broken(
                f"the gradient of {example.label(k)}, of {leaves[i].dtype}, is {got.dtype}: "
                "something in backward is wider (return gradient.astype(x.dtype))",
                leaf=k, diagnosis="wrong dtype",
            )  # fmt: skip


def _in_single_precision(example: Example) -> None:
    """The same numbers in float32: the same results, but for rounding."""
    leaves: list[Any] = [a.astype(_NARROW.get(a.dtype, a.dtype)) for a in example.leaves]
    exact = [a.astype(b.dtype) for a, b in zip(leaves, example.leaves)]
    rounded = not all(same(a, b) for a, b in zip(exact, example.leaves))
    reference = example.variant(exact) if rounded else example
    reference.__dict__["gs"] = example.gs
    with example.subject.narrowed():
        try:
            narrow = example.call(leaves)
            gs = [g.astype(out.dtype) for g, out in zip(example.gs, narrow.outs)]
            found = example.pull(narrow, [g.copy() for g in gs])
        except Exception as error:
            said = f"works on float64, but raises on float32: {type(error).__name__}: {error}"
            raise Broken(said) from error
    if example.subject.has_graph:
        _kept(example, leaves, narrow.outs, found)
    elif example.options.get("strict_dtype"):
        _kept(example, leaves, narrow.outs, found)
    for k in range(len(example.active)):
        want, have = reference.got(k, reference.gradients), found[k]
        if have is None:
            have = np.zeros(want.shape)
        if have.shape != want.shape:
            raise Broken(f"the gradient of {example.label(k)} has another shape in float32", leaf=k)
        size = max(scale_of(want), 1e-3 * scale_of(*example.gs))
        right = close(have, want, 5e-3, size) | ~np.isfinite(want)
        if not right.all() and example.random:
            return  # float32 may draw other random numbers
        if not right.all() and not _sensitive(reference, k, have, want, right):
            raise Broken(
                f"the gradient of {example.label(k)} in float32 is not that in float64",
                leaf=k, expected=want, got=have, error=np.full(want.shape, 5e-3 * size),
                wrong=~right, diagnosis="wrong in float32 only",
            )  # fmt: skip


def _sensitive(example: Example, k: int, have: Any, want: Any, right: Any) -> bool:
    """Whether inputs rounded to float32 may explain the difference."""
    rng = np.random.default_rng(example.seed)
    spread = np.zeros(np.shape(want))
    for _ in range(4):
        leaves = list(example.leaves)
        for i in example.active:
            leaves[i] = np.asarray(leaves[i] * (1 + rng.uniform(-1, 1, leaves[i].shape) * 2.0**-23))
        for narrow, was in ((False, want), (True, have)):
            try:
                found = _pulled(example, leaves, narrow)[k]
            except Exception:
                return True
            if found is None:
                return True
            spread = np.maximum(spread, np.abs(found - was))
    return bool(np.all(right | (np.abs(have - want) <= 100 * spread)))


def _pulled(example: Example, leaves: list[Any], narrow: bool) -> list[Any]:
    if not narrow:
        return example.pull(example.call(leaves), example.gs)
    run = example.call([a.astype(_NARROW.get(a.dtype, a.dtype)) for a in leaves])
    return example.pull(run, [g.astype(out.dtype) for g, out in zip(example.gs, run.outs)])


@law(limit=16)
def layout(example: Example) -> None:
    """How numbers lie in memory does not matter.

    A transposed, strided or reversed array has the same numbers as its copy.  Catches ``ravel``,
    ``reshape`` and ``frombuffer`` where order matters, and kernels that trust strides.
    """
    if not example.outs or not any(example.leaves[i].ndim for i in example.active):
        return
    if example.empty:
        return
    plain = [laid_out(a, "contiguous") for a in example.leaves]
    base = example.call(plain)
    if any(not np.isfinite(out).all() for out in base.outs if out.dtype.kind in "fc"):
        return
    outs = [out.copy() for out in base.outs]
    backs = example.pull(base, example.gs)
    backs = [None if g is None else g.copy() for g in backs]
    if example.random:
        return  # random numbers are drawn in the order of memory
    for how in ("transposed", "strided", "reversed"):
        run = example.call([laid_out(a, how) for a in example.leaves])
        for have, want in zip(run.outs, outs):
            if have.shape != want.shape or not close(have, want, 1e-8, scale_of(want)).all():
                raise Broken(
                    f"the value is another when the inputs are {how} in memory",
                    expected=want, got=have, diagnosis="wrong for non-contiguous input",
                )  # fmt: skip
        back = example.pull(run, [laid_out(g, how) for g in example.gs])
        for k in range(len(example.active)):
            have, want = example.got(k, back), example.got(k, backs)
            size = max(scale_of(want), 1e-6 * scale_of(*example.gs))
            right = close(have, want, 1e-6, size) if have.shape == want.shape else False
            if not np.all(right):
                raise Broken(
                    f"the gradient of {example.label(k)} is another when the inputs and the "
                    f"incoming gradient are {how} in memory",
                    leaf=k, expected=want, got=have, error=np.zeros(want.shape),
                    wrong=~np.broadcast_to(right, want.shape),
                    diagnosis="wrong for non-contiguous input",
                )  # fmt: skip


@law()
def zero_size(example: Example) -> None:
    """Empty arrays, and arrays without axes, give gradients of their own shapes, or are refused.

    The last batch of an epoch may be empty; a loss has no axes.  Forward may refuse them with an
    error; when it does not, backward must not either.
    """
    if not example.active or not (example.empty or any(a.ndim == 0 for a in example.leaves)):
        return
    try:
        gradients = example.gradients
    except Exception as error:
        raise Broken(
            f"forward took arrays of shapes {[a.shape for a in example.leaves]}, but backward "
            f"raised {type(error).__name__}: {error}"
        ) from error
    for k, i in enumerate(example.active):
        got = example.got(k, gradients)
        if got.shape != example.leaves[i].shape:
            raise Broken(
                f"the gradient of {example.label(k)} has shape {got.shape}, not "
                f"{example.leaves[i].shape}",
                leaf=k, got=got, gradient=True,
            )  # fmt: skip


@law()
def finite(example: Example) -> None:
    """NaN and infinity come out where they went in, and never from safe, finite numbers.

    Safe are the numbers that the test declared (``elements=reals(lo, hi)``), and those where the
    function itself is finite and smooth.  With a reference, NaN must come out where the reference
    says so.
    """
    if example.empty:
        return
    if example.declared and all(
        np.isfinite(a).all() for a in example.leaves if a.dtype.kind in "fc"
    ):
        for out in example.outs:
            if not np.isfinite(out).all():
                raise Broken(
                    "NaN or infinity came out, though the inputs are finite and inside of what was "
                    "declared",
                    got=out,
                )  # fmt: skip
    if example.options.get("reference") is None or not example.active:
        return
    leaves = [a.copy() for a in example.leaves[: example.inputs]]
    first = leaves[example.active[0]]
    if first.size == 0 or example.active[0] >= example.inputs:
        return
    first[(0,) * first.ndim] = np.nan
    try:
        want = _reference(example, leaves)
        have = example.call([*leaves, *example.leaves[example.inputs :]]).outs
    except Exception:
        return
    for a, b in zip(have, want):
        if a.shape == b.shape and not np.array_equal(np.isnan(a), np.isnan(b)):
            raise Broken(
                "with NaN in the first input, NaN is not where the reference has it",
                expected=b, got=a,
            )  # fmt: skip


@law(limit=10)
def repeatable(example: Example) -> None:
    """The same call gives the same bits, forward and backward.

    Catches hidden state, uninitialized memory (``np.empty``), and random numbers nobody seeded.
    """
    again = example.call()
    for have, want in zip(again.outs, example.outs):
        if not same(have, want):
            raise Broken(
                "two calls with the same inputs give different values", expected=want, got=have
            )
    if not example.active or not example.outs:
        return
    try:
        first = example.pull(again, [g.copy() for g in example.gs])
    except Exception:
        return  # for the law of gradients to tell
    kept: list[Any] = [None if g is None else g.copy() for g in first]
    second = example.pull(again, [g.copy() for g in example.gs])
    for k, (have, want) in enumerate(zip(second, kept)):
        if (have is None) != (want is None) or (have is not None and not same(have, want)):
            raise Broken(
                f"backward, called twice, gives different gradients of {example.label(k)}",
                leaf=k, expected=want, got=have,
            )  # fmt: skip
