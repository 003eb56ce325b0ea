"""One pass over the data of a `DataLoader`: what its ``__iter__`` returns.

`fetch.py` makes a batch, `worker.py` does so in a worker, `processes.py` and `threads.py` keep the
workers; here is only who gets which task, and in which order batches come out.
"""

from __future__ import annotations

import itertools
import warnings
import weakref
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from minitorch.utils.data.collate import default_collate, default_convert
from minitorch.utils.data.dataset import draws_nothing
from minitorch.utils.data.fetch import Fetcher, Recipe
from minitorch.utils.data.randomness import Streams
from minitorch.utils.data.sampler import draw_seed
from minitorch.utils.data.worker import Setup, Task

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

    from minitorch.utils.data.dataloader import DataLoader


class Pass:
    """One pass over the data: what both kinds share.

    It knows what it needs of the loader, not the loader itself, which may hold it: a cycle would
    keep workers alive.
    """

    def __init__(self, loader: DataLoader[Any]) -> None:
        self.recipe = Recipe(
            loader.dataset,
            loader.collate_fn,
            batched=loader.batch_sampler is not None,
            drop_last=loader.drop_last,
            iterable=loader._iterable,
        )
        self.workers = loader.num_workers
        self.draw(loader)

    def draw(self, loader: DataLoader[Any]) -> None:
        """A new order and a new base seed, in the sequence in which PyTorch draws them."""
        self.sampler = loader._keys
        self.keys = iter(self.sampler)
        self.base_seed = draw_seed(loader.generator)
        self.told_length = loader._told_length
        self.asked = self.given = 0  # batches

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        batch = self.load()
        self.given += 1
        if self.told_length is not None and self.given > self.told_length:
            warnings.warn(
                f"Length of IterableDataset {type(self.recipe.dataset).__name__} was reported to "
                f"be {self.told_length}, but {self.given} samples or batches have been fetched"
                + ("; does each worker give its own share only?" if self.workers else ""),
                stacklevel=2,
            )
        return batch

    def load(self) -> Any:
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.sampler)

    def __reduce__(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled: pickle the DataLoader")


class WithoutWorkers(Pass):
    """The program itself loads."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        if loader.timeout != 0:
            raise AssertionError("timeout needs num_workers > 0: only workers can be waited for")
        super().__init__(loader)
        standard = loader.collate_fn in (default_collate, default_convert)
        self.streams = None if standard and draws_nothing(loader.dataset) else Streams(set())
        if self.streams is None:
            self.fetch = Fetcher(self.recipe)
            return
        self.streams.base_seed = self.base_seed
        with self.streams.borrowed():
            self.streams.seed(self.base_seed)
            self.fetch = Fetcher(self.recipe)

    def load(self) -> Any:
        keys = next(self.keys)
        if self.streams is None:
            return self.fetch(keys)
        with self.streams.borrowed():
            self.streams.seed_batch(self.asked)
            self.asked += 1
            return self.fetch(keys)


class WithWorkers(Pass):
    """Hands out tasks in turn, and takes the batches in the same order."""

    def __init__(self, loader: DataLoader[Any]) -> None:
        super().__init__(loader)
        self.in_order = loader.in_order
        self.timeout = loader.timeout
        self.persistent = loader.persistent_workers
        self.ahead = max(1, (loader.prefetch_factor or 0) * self.workers)
        self.epoch = 0
        self.broken = ""  # why there is no more to come
        setup = Setup(
            self.recipe, self.workers, self.base_seed, loader.worker_init_fn, loader.worker_method
        )
        self.pool = _start(setup, loader.multiprocessing_context)
        # The workers end when this iterator is dropped, or at the latest when the program ends.
        self.close = weakref.finalize(self, self.pool.close)
        self.reset()

    def begin(self, loader: DataLoader[Any]) -> None:
        """Another pass with the same workers; what is left of the last one is dropped."""
        self.draw(loader)
        self.epoch += 1
        self.reset()

    def reset(self) -> None:
        self.pending: deque[tuple[int, int]] = deque()  # number and worker of each task
        self.active = set(range(self.workers))  # those not at the end of an iterable dataset
        self.turns = itertools.cycle(range(self.workers))
        for _ in range(self.ahead):
            self.ask()

    def ask(self) -> None:
        """Hand out one more task, if there is one and somebody to do it."""
        if not self.active:
            return
        try:
            keys = next(self.keys)
        except StopIteration:
            return
        worker = next(worker for worker in self.turns if worker in self.active)
        self.pool.submit(worker, Task(self.epoch, self.base_seed, self.asked, keys))
        self.pending.append((self.asked, worker))
        self.asked += 1

    def load(self) -> Any:
        if self.broken:
            raise RuntimeError(self.broken)
        while self.pending:
            workers = [self.pending[0][1]]
            if not self.in_order:
                workers = list({worker: None for _, worker in self.pending})
            try:
                worker, reply = self.pool.receive(workers, self.timeout)
            except BaseException as error:
                if self.pool.closed:
                    self.broken = str(error) or f"the workers were ended by {type(error).__name__}"
                raise
            if reply.epoch != self.epoch:
                continue
            self.pending.remove((reply.number, worker))
            if reply.kind == "end":
                self.active.discard(worker)
            self.ask()
            if reply.kind == "batch":
                return reply.value
            if reply.kind == "failure":
                failure = reply.value
                del reply  # else the exception would hold this frame, and the frame the exception
                try:
                    raise failure.revived()
                finally:
                    del failure
        if not self.persistent:
            self.close()
        raise StopIteration


def _start(setup: Setup, context: BaseContext | None) -> Any:
    # Imported when needed: most programs load without workers.
    if setup.method == "thread":
        from minitorch.utils.data.threads import Threads

        return Threads(setup)
    from minitorch.utils.data.processes import Processes

    return Processes(setup, context)
