"""`Elementwise`: what all optimizers share whose formula treats every element by itself.

Such a formula may be applied to any stretch of numbers.  So small parameters are laid end to end
and changed together, in a few NumPy calls for all of them, and large ones tile by tile, in the
cache.  The states of small parameters are views of one long array per name.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minitorch.dtypes import default_numpy
from minitorch.engine.state import wrap
from minitorch.numerics.aligned import LINE, TILE_BYTES, aligned
from minitorch.numerics.threads import threads
from minitorch.numerics.tiles import over_tiles
from minitorch.optim.optimizer import Optimizer

SMALL = 1 << 14  # elements: smaller parameters are worked on together
SHARED = 1 << 20  # elements: larger ones are shared out over threads, which takes up to 0.1 ms

Arrays = dict[str, np.ndarray]
Change = Callable[..., None]


class Elementwise(Optimizer):
    """The base of optimizers that are one formula per element.

    A subclass writes ``start(group, p)``, the first states of a parameter, and
    ``formula(group, scalars)``, which works out the constants of this step and returns
    ``change(p, g, **states)``: it changes one-dimensional `p` and states in place.  `maximize` and
    `weight_decay` have been seen to by then; complex numbers come as pairs of real ones.
    States named in `scalars` are one number per parameter; in `formula`, arrays of equal numbers.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self._bundles: dict[int, tuple[list[int], list[Bundle]]] = {}
        super().__init__(params, defaults)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._bundles = {}

    def start(self, group: dict[str, Any], p: np.ndarray) -> Arrays:
        """The states of a parameter at the outset, besides `step`."""
        raise NotImplementedError

    def formula(self, group: dict[str, Any], scalars: Arrays) -> Change:
        """One step, as a function of one-dimensional arrays."""
        raise NotImplementedError

    def formula_alone(self, group: dict[str, Any], scalars: Arrays) -> Change:
        """The same for a large parameter, which is not laid end to end with others.

        Only here may a result depend, in its last bit, on where in the stretch an element is.
        """
        return self.formula(group, scalars)

    def begin(self, group: dict[str, Any], p: Any) -> None:
        """Give `p` the states that it lacks."""
        state = self.state[p]
        if "step" not in state:
            state["step"] = wrap(scalar(0.0))
        for name, value in self.start(group, p._data).items():
            if name not in state:
                state[name] = wrap(value)

    def update(self, group: dict[str, Any], params: list[Any], grads: list[np.ndarray]) -> None:
        known, bundles = self._bundles.get(id(group), ([], []))
        # A parameter may have come or gone, a state may have been loaded, replaced or deleted.
        if known != self._held(params) or not known:
            for p in params:
                self.begin(group, p)
            bundles = self._tie(params)
            self._bundles[id(group)] = self._held(params), bundles
        for bundle in bundles:
            self._change(group, bundle, [grads[i] for i in bundle.places])

    def _held(self, params: list[Any]) -> list[int]:
        state = self.state
        arrays = [id(value._data) for p in params for value in state[p].values()]
        return [*map(id, params), *arrays]

    def _tie(self, params: list[Any]) -> list[Bundle]:
        """Bundles of small parameters that are alike, and every other parameter for itself."""
        alike: dict[Any, list[int]] = {}
        for i, p in enumerate(params):
            data, state = p._data, self.state[p]
            whole = data.size > SMALL and data.flags.c_contiguous
            numbers = tuple(float(state[name]._data) for name in self.scalars)
            key = i if whole else (data.dtype, tuple(sorted(state)), numbers)
            alike.setdefault(key, []).append(i)
        return [
            Bundle(places, [params[i] for i in places], [self.state[params[i]] for i in places],
                   self.scalars, gathered=not isinstance(key, int))
            for key, places in alike.items()
        ]  # fmt: skip

    def _change(self, group: dict[str, Any], bundle: Bundle, grads: list[np.ndarray]) -> None:
        p, g = bundle.gather(grads)
        bundle.scalars["step"] += 1
        formula = self.formula if bundle.gathered else self.formula_alone
        change = formula(group, bundle.scalars)
        decay, up = group.get("weight_decay", 0), group.get("maximize", False)
        decoupled = group.get("decoupled_weight_decay", False)
        names = tuple(bundle.arrays)

        def one_tile(p: np.ndarray, g: np.ndarray, *states: np.ndarray) -> None:
            if up:
                g = -g
            if decay:
                if decoupled:
                    p *= 1 - float(group["lr"]) * decay
                else:
                    g = g + decay * p
            change(p, g, **dict(zip(names, states)))

        by_tile(one_tile, p, g, *bundle.arrays.values())
        if bundle.gathered:
            bundle.scatter()


class Bundle:
    """Parameters that are changed by one call, and their states, laid end to end.

    `places`   their numbers among the parameters of the group's step
    `scalars`  for each state that is one number: the numbers of all, which are equal
    `arrays`   for each other state: its elements, complex ones as pairs of real ones
    """

    __slots__ = ("_g", "_p", "_real", "_views", "arrays", "gathered", "params", "places", "scalars")

    def __init__(
        self,
        places: list[int],
        params: list[Any],
        states: list[dict[str, Any]],
        scalars: Sequence[str],
        gathered: bool,
    ) -> None:
        self.places, self.params, self.gathered = places, params, gathered
        dtype = params[0]._data.dtype
        self._real = np.dtype(dtype.char.lower()) if dtype.kind == "c" else dtype
        self.scalars: Arrays = {}
        self.arrays: Arrays = {}
        for name in states[0]:
            tensors = [state[name] for state in states]
            shapes = [t._data.shape for t in tensors]
            flat = _end_to_end([t._data for t in tensors])
            for t, view in zip(tensors, _split(flat, shapes)):
                t._data = view  # the same Tensor, so that whoever holds it sees it change
            if name in scalars:
                self.scalars[name] = flat
            else:
                self.arrays[name] = flat.view(self._real)
        if gathered:
            self._p = _end_to_end([p._data for p in params])
            self._g = aligned(self._p.shape, dtype)
            self._views = _split(self._p, [p._data.shape for p in params])

    def gather(self, grads: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        """Parameters and gradients, one-dimensional and real."""
        if self.gathered:
            p, g = self._p, self._g
            np.concatenate([param._data for param in self.params], axis=None, out=p)
            np.concatenate(grads, axis=None, out=g)
        else:
            p, g = self.params[0]._data.reshape(-1), grads[0].reshape(-1)
        return p.view(self._real), g.view(self._real)

    def scatter(self) -> None:
        """Write the gathered parameters back to their places."""
        for param, view in zip(self.params, self._views):
            param._data[...] = view


def _end_to_end(arrays: Sequence[np.ndarray]) -> np.ndarray:
    flat = aligned((sum(a.size for a in arrays),), arrays[0].dtype)
    return np.concatenate(arrays, axis=None, out=flat)


def _split(flat: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> list[np.ndarray]:
    views, first = [], 0
    for shape in shapes:
        last = first + math.prod(shape)
        views.append(flat[first:last].reshape(shape))
        first = last
    return views


def scalar(value: float) -> np.ndarray:
    """A state that is one number."""
    return np.array(value, np.float64 if default_numpy() == np.float64 else np.float32)


def full_like(p: np.ndarray, value: float) -> np.ndarray:
    """`value` in every element: in both parts of complex ones."""
    return np.full_like(p, complex(value, value) if p.dtype.kind == "c" else value)


def by_tile(change: Callable[..., Any], *arrays: Any) -> None:
    """``change(*stretches)`` for the same stretches of flat arrays, that fit into the cache.

    What is no array stays as it is.  Of very large arrays, several threads take a share each.
    """
    whole: Any = arrays[0]

    def work(piece: slice) -> None:
        change(*[a[piece] if isinstance(a, np.ndarray) else a for a in arrays])

    step = TILE_BYTES // whole.itemsize
    if len(arrays) < 4:  # fewer arrays, larger tiles
        step *= 2
    if whole.size >= SHARED:
        # Threads meet after every call of NumPy: fewer, longer calls more than make up for the L2.
        step = (step if threads() == 1 else 4 * step) // LINE

        def lines(part: slice) -> None:
            work(slice(LINE * part.start, LINE * part.stop))

        over_tiles(lines, -(-whole.size // LINE), step)
        return
    for start in range(0, whole.size, step):
        work(slice(start, start + step))
