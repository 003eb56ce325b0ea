"""What a worker does with a task, be it a process or a thread."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from minitorch.ops.random import default_generator
from minitorch.utils.data.failure import Failure
from minitorch.utils.data.fetch import Fetcher, Recipe
from minitorch.utils.data.randomness import Streams


@dataclass(frozen=True)
class WorkerInfo:
    """Who asks: `id` from 0 to `num_workers` - 1, its `seed`, and its copy of the dataset."""

    id: int
    num_workers: int
    seed: int
    dataset: Any
    worker_method: str = "multiprocessing"


class _Current(threading.local):
    info: WorkerInfo | None = None


current = _Current()


def get_worker_info() -> WorkerInfo | None:
    """Which of a loader's workers runs this code; None in the main program.

    The result has `id`, `num_workers`, `seed`, `dataset` (the worker's own copy) and
    `worker_method`, "multiprocessing" or "thread".

    >>> from minitorch.utils.data import get_worker_info
    >>> print(get_worker_info())
    None
    """
    return current.info


class Task(NamedTuple):
    epoch: int
    base_seed: int
    number: int  # of the batch, in the epoch
    keys: Any


class Reply(NamedTuple):
    epoch: int
    number: int
    kind: str  # "batch", "failure", "end" (of an iterable dataset) or "stale"
    value: Any = None


@dataclass
class Setup:
    """What all workers of a loader are told when they start."""

    recipe: Recipe
    num_workers: int
    base_seed: int
    worker_init_fn: Callable[[int], Any] | None
    method: str  # as in WorkerInfo


class Worker:
    """Answers tasks, each with one reply, in the order in which they come."""

    def __init__(self, setup: Setup, number: int) -> None:
        processes = setup.method == "multiprocessing"
        self.recipe = copy.copy(setup.recipe)
        if not processes:  # a process has a copy of the dataset already
            self.recipe.dataset = _twin(self.recipe.dataset)
        self.where = f"worker {'process' if processes else 'thread'} {number}"
        self.across = processes
        self.id = number
        # Threads share the streams of `random` and `numpy.random` with the program.
        self.streams = Streams(set() if processes else {"random", "numpy"})
        self.epoch = -1
        self.fetch: Fetcher | None = None
        self.broken: Failure | None = None
        seed = setup.base_seed + number
        current.info = WorkerInfo(
            number, setup.num_workers, seed, self.recipe.dataset, setup.method
        )
        self.streams.seed(seed)
        if processes:  # for those who name it
            default_generator.manual_seed(seed)
        if setup.worker_init_fn is not None:
            start = setup.worker_init_fn
            try:
                self.streams.keep_what(lambda: start(number), seed)
            except Exception as error:
                self.broken = Failure(error, self.where, self.across)

    def answer(self, task: Task) -> Reply:
        """The batch of a task, or why there is none."""
        epoch, base_seed, number, keys = task
        if self.broken is not None:
            return Reply(epoch, number, "failure", self.broken)
        try:
            if epoch != self.epoch:
                self.epoch, self.streams.base_seed = epoch, base_seed
                self.fetch = None
                self.streams.seed(base_seed + self.id)
                self.fetch = Fetcher(self.recipe)
            if self.fetch is None:  # the iterator of the dataset could not be made
                return Reply(epoch, number, "end")
            self.streams.seed_batch(number)
            return Reply(epoch, number, "batch", self.fetch(keys))
        except StopIteration:
            return Reply(epoch, number, "end")
        except Exception as error:
            return Reply(epoch, number, "failure", Failure(error, self.where, self.across))


def _twin(dataset: Any) -> Any:
    """A copy that can be configured by itself, and shares what is large."""
    try:
        return copy.copy(dataset)
    except Exception:
        return dataset
