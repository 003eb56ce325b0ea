"""The random numbers that a dataset draws: a fresh stream for each batch.

The stream of batch `k` is seeded from the loader's base seed and `k`, whoever loads it: so a
batch's numbers are the same with any number of workers, none included; no two batches share them;
and loading takes nothing from the streams of the training program.  This holds for minitorch's
default stream, `random` and `numpy.random`.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import pickle
import random
import struct
from collections.abc import Callable, Iterator
from typing import Any

from minitorch.ops.random import Generator, here, stream

STEP = 0x9E3779B9  # odd, so the low 32 bits, which decide a stream, repeat after 2**32 batches
USED_UP = struct.pack("=i", 624)  # the place behind the last word: new ones are made first
TWISTER_BYTES = 4 * 624 + 4  # of NumPy's MT19937 in memory: its words, and the place among them
# NumPy turns a seed into the same twister as minitorch does, so theirs are others.
FOR_NUMPY, FOR_PYTHON = 0x5BD1E995, 0x7F4A7C15


class PythonStream:
    """The stream of `random`, whose functions all share one twister.

    Its state can be had as a tuple of 625 numbers, which takes 6 us to make, more than many a
    batch.  So the memory of the twister is copied instead, if it lies where CPython has it.
    """

    def __init__(self, random_module: Any, numpy_random: Any) -> None:
        self._random = random_module
        self._twister: Any = random_module.getstate.__self__
        self._address = self._find()
        source = numpy_random.MT19937()
        self._source: Any = source  # as `_words` is in its memory
        self._seeder = numpy_random.RandomState(source)
        self._words = source.ctypes.state_address

    def _find(self) -> int | None:
        """Where the place among the words is, which the words follow."""
        start = object.__basicsize__
        if type(self._twister).__basicsize__ < start + TWISTER_BYTES:
            return None
        *words, place = self._random.getstate()[1]
        found = ctypes.string_at(id(self._twister) + start, TWISTER_BYTES)
        is_there = found == struct.pack("=i624I", place, *words)
        return id(self._twister) + start if is_there else None

    def get(self) -> Any:
        """The state, for `set`."""
        if self._address is None:
            return self._random.getstate()
        return ctypes.string_at(self._address, TWISTER_BYTES), self._twister.gauss_next

    def set(self, state: Any) -> None:
        """Go on from there."""
        if self._address is None:
            self._random.setstate(state)
            return
        twister, self._twister.gauss_next = state
        ctypes.memmove(self._address, twister, TWISTER_BYTES)

    def seed(self, seed: int) -> None:
        """Start anew, with the words that NumPy makes of `seed`: `random` itself takes longer."""
        self._seeder.seed(seed)
        words = ctypes.string_at(self._words, 4 * 624)
        if self._address is None:
            self._random.setstate((3, (*struct.unpack("=624I", words), 624), None))
        else:
            self.set((USED_UP + words, None))


class Streams:
    """Seeds what this thread draws from, but for the streams in `kept`."""

    def __init__(self, kept: set[str]) -> None:
        self.base_seed = 0
        self.kept = kept
        # Its functions share one stream, from which datasets written for NumPy draw.
        self._numpy: Any = importlib.import_module("numpy.random")
        self._python = PythonStream(random, self._numpy)
        self._own = Generator()
        self._twister: Any = None

    def seed(self, seed: int) -> None:
        """Start all streams from `seed`."""
        if "minitorch" not in self.kept:
            here.generator = self._own.manual_seed(seed % 2**63)
        if "random" not in self.kept:
            self._python.seed((seed ^ FOR_PYTHON) % 2**32)
        if "numpy" not in self.kept:
            with contextlib.suppress(TypeError):  # the program put a generator of its own there
                self._numpy.seed((seed ^ FOR_NUMPY) % 2**32)

    def seed_batch(self, number: int) -> None:
        """Start the streams of batch `number`."""
        self.seed(self.base_seed + STEP * (number + 1))

    @contextlib.contextmanager
    def borrowed(self) -> Iterator[None]:
        """Seed inside as you like; afterwards the program's own streams go on undisturbed."""
        stand_in, python = here.generator, self._python.get()
        numpy = self._numpy.get_bit_generator()
        kept_normal = self._take_kept_normal(numpy)
        if self._twister is None:
            self._twister = self._numpy.MT19937()
        self._numpy.set_bit_generator(self._twister)
        try:
            yield
        finally:
            here.generator = stand_in
            self._python.set(python)
            self._numpy.set_bit_generator(numpy)
            if kept_normal is not None:
                state: Any = self._numpy.get_state(legacy=False)
                self._numpy.set_state({**state, "has_gauss": 1, "gauss": kept_normal})

    def keep_what(self, seeds: Callable[[], None], seed: int) -> None:
        """Call `seeds` (a worker_init_fn); whichever streams it has seeded are its own from now on.

        Unless it did so from the worker's own `seed`: that only sets workers apart, which they are
        already, and whoever follows PyTorch's recipe for it need not lose equal batches.
        """
        before = self._states()
        seeds()
        after = self._states()
        with self.borrowed():
            random.seed(seed % 2**32)
            self._numpy.seed(seed % 2**32)
            recipe = self._states()
            recipe["minitorch"] = before["minitorch"]
        self.kept |= {n for n, state in after.items() if state not in (before[n], recipe[n])}

    def _take_kept_normal(self, generator: Any) -> float | None:
        """The second normal of NumPy's last pair, if it keeps one: it would forget it when its bit
        generator is exchanged.

        NumPy tells only together with its whole state, which takes longer than all else that is
        done here for a batch.  So a normal is drawn: if that has moved the twister, none was kept,
        and the twister is put back.
        """
        if type(generator) is not self._numpy.MT19937:
            state: Any = self._numpy.get_state(legacy=False)
            return state["gauss"] if state["has_gauss"] else None
        address = generator.ctypes.state_address
        before = ctypes.string_at(address, TWISTER_BYTES)
        normal = self._numpy.standard_normal()
        if ctypes.string_at(address, TWISTER_BYTES) == before:
            return normal
        ctypes.memmove(address, before, TWISTER_BYTES)
        return None

    def _states(self) -> dict[str, bytes]:
        states = (stream(None).get_state()._data, random.getstate(), self._numpy.get_state())
        return dict(zip(("minitorch", "random", "numpy"), map(pickle.dumps, states)))
