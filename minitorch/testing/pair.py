"""A pair (forward, backward) of NumPy functions, however backward takes its arguments.

`forward` takes arrays and returns one, or a tuple of them.  `backward` returns the gradient of its
input, or one for each input in a tuple (None for those that have none), and takes::

    backward(g, x, y)         the incoming gradient, then what forward took
    backward(g, out, x, y)    and the output
    backward(x, g), backward(g, y)     or any of these by name: parameters named as forward's are
                              the inputs, one named ``out`` or ``output`` is the output
    backward(g)               alone, when it needs nothing else, or remembers it (a layer's method)
    backward(g, cache)        when ``forward`` returns ``(out, cache)``

With several outputs, `g` is a tuple of their gradients, or there is a parameter for each.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from minitorch.testing.structure import arrays_in

__all__ = ["Pair", "PairError"]

_CACHE = {"cache", "caches", "ctx", "context", "saved", "memo", "tape", "residuals", "res", "state"}
_OUTPUT = {"out", "output", "outputs", "result", "value", "ans", "y_hat", "yhat"}
_INCOMING = {
    "g", "gy", "gz", "gout", "grad", "grad_out", "grad_output", "grad_outputs", "dout", "dy", "dz",
    "d_out", "dl_dy", "dl_dout", "upstream", "upstream_grad", "cotangent", "ct", "gradient",
    "grad_y", "grad_z", "dl", "delta", "gs", "grads", "dl_dz", "out_grad", "output_grad", "dlduot",
}  # fmt: skip


class PairError(TypeError):
    """backward cannot be called, or what it returned is no set of gradients."""


class Pair:
    """How to call `forward` and `backward`."""

    def __init__(self, forward: Any, backward: Any) -> None:
        self._forward, self._backward = forward, backward
        self.names = _parameters(forward)
        self.wants = _parameters(backward)
        self.takes_cache = bool(self.wants) and any(n.lower() in _CACHE for n in self.wants or ())
        if self.names and self.takes_cache and set(self.wants or ()) & _CACHE & set(self.names):
            self.takes_cache = False  # it is the name of an input
        # backward(g) may live on what forward left behind.
        self.remembers = self.wants is not None and len(self.wants) == 1

    def forward(self, given: list[Any]) -> tuple[Any, Any]:
        """The result, and the cache if `forward` returns one."""
        result = self._forward(*given)
        pair = isinstance(result, tuple) and len(result) == 2
        if (
            pair
            and len(self.wants or ()) == 2
            and not isinstance(result[1], np.ndarray | np.generic)
        ):
            self.takes_cache = True  # (out, something that is no output)
        if pair and self.takes_cache:
            return np.asarray(result[0]) if np.isscalar(result[0]) else result[0], result[1]
        if isinstance(result, tuple | list):
            return type(result)(np.asarray(r) if np.isscalar(r) else r for r in result), None
        return np.asarray(result), None

    def backward(
        self, given: list[Any], result: Any, cache: Any, gs: list[np.ndarray], active: Sequence[int]
    ) -> list[Any]:
        """The gradients of the active arrays among `given`."""
        g = gs[0] if len(gs) == 1 and not isinstance(result, tuple | list) else tuple(gs)
        found = self._backward(*self._arguments(given, result, cache, g))
        return self._per_array(found, given, active)

    def _arguments(self, given: list[Any], result: Any, cache: Any, g: Any) -> list[Any]:
        names = self.wants
        if names is None:  # *args, or a signature that cannot be read
            return [g, *given]
        inputs = dict(zip(self.names or [], given))
        if self.takes_cache:
            if not any(n.lower() in _CACHE for n in names):
                return [g, cache]
            return [cache if n.lower() in _CACHE else inputs.get(n, g) for n in names]
        count, several = len(names), isinstance(g, tuple)
        values: dict[str, Any] = {n: inputs[n] for n in names if n in inputs}
        open_names = [n for n in names if n not in values]
        if count == len(given) + 1 and not several and self._in_order(names):
            return [g, *given]
        incoming = [n for n in open_names if n.lower() in _INCOMING or n.lower().startswith("grad")]
        if values or len(given) == 0 or incoming:
            outs = [n for n in open_names if self._is_output(n) and n not in incoming[:1]]
            rest = [n for n in open_names if n not in outs]
            if not outs and len(rest) == 2 and not several and values:
                main = incoming[0] if incoming else rest[0]
                outs, rest = [n for n in rest if n != main], [main]
            if several and len(rest) == len(g):
                gs = dict(zip(rest, g))
                return [values.get(n, gs.get(n, result)) for n in names]
            if len(rest) == 1:
                return [g if n == rest[0] else values.get(n, result) for n in names]
        if count == 1:
            return [g]
        named = [n for n in names if n.lower() in _OUTPUT]
        if len(named) == 1 and count == len(given) + 2 and not several:
            others = [n for n in names if n != named[0]]
            first = incoming[0] if incoming else others[0]
            left = iter(given)
            return [result if n == named[0] else g if n == first else next(left) for n in names]
        if count == len(given) + 1:
            if incoming and names[-1] == incoming[0]:
                return [*given, g]
            return [g, *given]
        if count == len(given) + 2:
            return [g, result, *given]
        if several and count == len(given) + len(g):
            return [*g, *given]
        raise PairError(
            f"backward takes {count} arguments ({', '.join(names)}); it is called as backward(g, "
            f"*inputs) with {len(given)} inputs, backward(g, out, *inputs), backward(g), or by the "
            "names of forward's parameters"
        )

    def _in_order(self, names: Sequence[str]) -> bool:
        """Whether parameters after the first carry no names that say otherwise."""
        known = set(self.names or ())
        return (
            not known & set(names)
            and not any(n.lower() in _INCOMING or n.lower() in _OUTPUT for n in names[1:])
            and not (len(names) == 2 and self._is_output(names[1]))
        )

    def _is_output(self, name: str) -> bool:
        """Whether a parameter of backward that forward does not have is its output."""
        return name.lower() in _OUTPUT or (name == "y" and name not in (self.names or ()))

    def _per_array(self, found: Any, given: list[Any], active: Sequence[int]) -> list[Any]:
        """One gradient for each active array."""
        nested = [arrays_in(a) for a in given]
        count = sum(len(arrays) for arrays in nested)
        if isinstance(found, dict):
            found = [found.get(name) for name in (self.names or [])[: len(given)]]
        if not isinstance(found, tuple | list):
            found = [found]
        flat: list[Any] = []
        for g in found:
            flat += list(g) if isinstance(g, tuple | list) else [g]
        if len(found) == len(given) and len(flat) != count:
            # None or a number for an argument that is no array.
            flat = [g for g, arrays in zip(found, nested) if arrays]
        if len(flat) == count:
            flat = [flat[i] for i in active]
        if len(flat) != len(active):
            raise PairError(
                f"backward returned {len(flat)} gradients for {count} inputs; return one for each, "
                "None where there is none"
            )
        return [None if g is None else np.asarray(g) for g in flat]


def _parameters(function: Any) -> list[str] | None:
    """The names of the positional parameters; None if they are not known or not fixed."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return None
    return [
        p.name for p in parameters
        if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty
    ]  # fmt: skip
