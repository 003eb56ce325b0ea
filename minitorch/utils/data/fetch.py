"""How one batch is made from a dataset, in a worker or without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any

from minitorch.utils.data.collate import default_collate
from minitorch.utils.data.dataset import Noted, rows_of, sample_of, samples_of


@dataclass
class Recipe:
    """What a loader knows about making batches."""

    dataset: Any
    collate_fn: Callable[[Any], Any]
    batched: bool  # whether samples are collected to batches at all
    drop_last: bool
    iterable: bool


class Fetcher:
    """``fetcher(keys)`` is the next batch: `keys` are indices, one per sample.

    Of an iterable dataset only their number counts, and StopIteration says that it is exhausted.
    An exception is noted with the sample that it came from.
    """

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe
        self.samples = iter(recipe.dataset) if recipe.iterable else None
        self.taken = 0
        self.ended = False

    def __call__(self, keys: Any) -> Any:
        recipe = self.recipe
        if self.samples is not None:
            samples = self._from_iterable(keys)
        elif not recipe.batched:
            samples = sample_of(recipe.dataset, keys)
        else:
            if recipe.collate_fn is default_collate:
                rows = rows_of(recipe.dataset, keys)
                if rows is not None:
                    return rows
            samples = samples_of(recipe.dataset, keys)
        with Noted(lambda: f"while {_name(recipe.collate_fn)} joined {self._which(keys)}"):
            return recipe.collate_fn(samples)

    def _which(self, keys: Any) -> str:
        if self.samples is None:
            return f"the samples {shortened(keys)}"
        return f"the samples up to number {self.taken - 1}, counted from 0"

    def _from_iterable(self, keys: Any) -> Any:
        assert self.samples is not None
        if not self.recipe.batched:
            return self._one()
        samples = []
        for _ in keys:
            try:
                samples.append(self._one())
            except StopIteration:
                break
        if not samples or (self.recipe.drop_last and len(samples) < len(keys)):
            raise StopIteration
        return samples

    def _one(self) -> Any:
        if self.ended:
            raise StopIteration
        try:
            sample = next(self.samples)  # type: ignore[arg-type]
        except StopIteration:
            self.ended = True
            raise
        except Exception as error:
            name = type(self.recipe.dataset).__name__
            error.add_note(f"while {name} gave sample number {self.taken}, counted from 0")
            raise
        self.taken += 1
        return sample


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
