"""Gradients compared with finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from minitorch.autograd.grad import grad
from minitorch.engine.modes import enable_grad, no_grad
from minitorch.engine.state import LEAF, TensorState, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """The gradient and the finite differences disagree."""


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **ignored: Any,
) -> bool:
    """Whether backward agrees with ``(f(x + eps) - f(x - eps)) / (2 eps)``, for every element.

    `inputs` should be float64 or complex128: in float32 the differences are mostly rounding.  A
    disagreement raises GradcheckError, or returns False without `raise_exception`.  Also checked:
    that backward gives the same each time, and gradients of its inputs' shapes.  Mirrors
    ``torch.autograd.gradcheck``; its other options are accepted and ignored.

    >>> import minitorch
    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> minitorch.autograd.gradcheck(lambda x: x.exp() * x, x)
    True
    """
    try:
        _check(func, inputs, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _check(func: Any, inputs: Any, eps: float, atol: float, rtol: float, nondet: float) -> None:
    given = (inputs,) if isinstance(inputs, TensorState) else tuple(inputs)
    checked = [i for i, x in enumerate(given) if isinstance(x, TensorState) and x._node is not None]
    if not checked:
        raise ValueError("gradcheck needs at least one input that requires grad")
    for i in checked:
        if given[i]._data.dtype.itemsize < (16 if given[i]._data.dtype.kind == "c" else 8):
            warnings.warn(
                f"input {i} is {given[i]._data.dtype}: finite differences need float64 or "
                "complex128 to be exact enough",
                stacklevel=4,
            )
    with enable_grad():
        outputs = _outputs(func, given)
        starts = [given[i] for i in checked]
        slopes = [_slopes(func, given, i, eps, outputs) for i in checked]
        for o, out in enumerate(outputs):
            for place, v in _directions(out._data):
                found = _pulled(out, starts, place, v)
                again = _pulled(out, starts, place, v)
                for k, i in enumerate(checked):
                    if np.any(np.abs(found[k] - again[k]) > nondet):
                        raise GradcheckError(
                            f"backward is not deterministic: the gradient of input {i} differs "
                            f"between two calls by up to {np.max(np.abs(found[k] - again[k])):g}"
                        )
                    _compare(found[k], slopes[k][o], place, v, o, i, atol, rtol)


def _outputs(func: Any, given: tuple[Any, ...]) -> list[Any]:
    """The differentiable outputs of the function."""
    result = func(*given)
    parts = result if isinstance(result, tuple | list) else (result,)
    return [t for t in parts if isinstance(t, TensorState) and t._data.dtype.kind in "fc"]


def _directions(out: np.ndarray) -> Iterator[tuple[tuple[int, ...], Any]]:
    """Each element of an output, in the real direction and, if complex, in the imaginary one."""
    for place in np.ndindex(out.shape):
        yield place, 1
        if out.dtype.kind == "c":
            yield place, 1j


def _pulled(out: Any, starts: list[Any], place: tuple[int, ...], v: Any) -> list[np.ndarray]:
    """The gradients of one element of an output; zeros for inputs that it does not depend on."""
    if out._node is None:
        return [np.zeros_like(x._data) for x in starts]
    one = np.zeros_like(out._data)
    one[place] = v
    found = grad(out, starts, wrap(one), retain_graph=True, allow_unused=True)
    for g, x in zip(found, starts):
        if g is not None and g._data.shape != x._data.shape:
            raise GradcheckError(f"a gradient has shape {g.shape}, its input {x.shape}")
    return [np.zeros_like(x._data) if g is None else g._data for g, x in zip(found, starts)]


def _slopes(
    func: Any, given: tuple[Any, ...], i: int, eps: float, outputs: list[Any]
) -> list[np.ndarray]:
    """For each output, d(output)/d(input i) by central differences.

    Shape: (2 or 1, *input shape, *output shape); the first axis is the direction of the step, real
    or imaginary.
    """
    x = given[i]._data
    steps = (eps, eps * 1j) if x.dtype.kind == "c" else (eps,)
    columns: list[list[np.ndarray]] = []
    with no_grad():
        for step in steps:
            for place in np.ndindex(x.shape):
                ends = []
                for sign in (1, -1):
                    moved = x.copy()
                    moved[place] += sign * step
                    args = list(given)
                    args[i] = wrap(moved, LEAF)
                    ends.append([t._data for t in _outputs(func, tuple(args))])
                columns.append([(up - down) / (2 * eps) for up, down in zip(*ends)])
    return [
        np.array([c[o] for c in columns]).reshape(len(steps), *x.shape, *out._data.shape)
        for o, out in enumerate(outputs)
    ]


def _compare(
    found: np.ndarray, slopes: np.ndarray, place: tuple[int, ...], v: Any, o: int, i: int,
    atol: float, rtol: float,
) -> None:  # fmt: skip
    """The gradient of ``Re(conj(v) * output[place])`` against the slopes in each direction."""
    line = slopes[(slice(None),) * (slopes.ndim - len(place)) + place]
    expected = np.real(np.conj(v) * line)
    expected = expected[0] + 1j * expected[1] if len(expected) == 2 else expected[0]
    wrong = ~np.isclose(found, expected, rtol=rtol, atol=atol, equal_nan=True)
    if np.any(wrong):
        where = tuple(int(n) for n in np.argwhere(wrong)[0]) if found.ndim else ()
        raise GradcheckError(
            f"the gradient of output {o}{list(place)} with respect to input {i}{list(where)} is "
            f"{found[where]:g}, but finite differences give {expected[where]:g} "
            f"({int(np.sum(wrong))} of {found.size} elements disagree)"
        )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    **ignored: Any,
) -> bool:
    """`gradcheck` of the gradient itself: whether second derivatives are right.

    The gradients that flow in are drawn at random unless `grad_outputs` gives them.

    >>> import minitorch
    >>> x = minitorch.tensor([0.5, 2.0], dtype=minitorch.float64, requires_grad=True)
    >>> minitorch.autograd.gradgradcheck(lambda x: x.exp() * x, x)
    True
    """
    given = (inputs,) if isinstance(inputs, TensorState) else tuple(inputs)
    outputs = [out for out in _outputs(func, given) if out._node is not None]
    if grad_outputs is None:
        draw = np.random.default_rng(0)
        weights = [_random_like(draw, out._data) for out in outputs]
    else:
        given_grads = (grad_outputs,) if isinstance(grad_outputs, TensorState) else grad_outputs
        weights = [wrap(g._data.copy(), LEAF) for g in given_grads]
    count = len(given)

    def gradient(*args: Any) -> tuple[Any, ...]:
        starts = [a for a in args[:count] if isinstance(a, TensorState) and a._node is not None]
        ends = [out for out in _outputs(func, args[:count]) if out._node is not None]
        with enable_grad():
            return grad(ends, starts, args[count:], create_graph=True, materialize_grads=True)

    return gradcheck(
        _always_recording(gradient),
        (*given, *weights),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
    )


def _always_recording(function: Any) -> Any:
    """`function` with recording on: finite differences are taken of a gradient."""
    return enable_grad()(function)


def _random_like(draw: np.random.Generator, array: np.ndarray) -> Any:
    values = draw.standard_normal(array.shape).astype(array.dtype)
    if array.dtype.kind == "c":
        values = values + 1j * draw.standard_normal(array.shape)
    return wrap(np.asarray(values, array.dtype), LEAF)
