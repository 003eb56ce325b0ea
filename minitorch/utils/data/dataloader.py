"""`DataLoader`: goes through a dataset in batches, with workers or without.

Mirrors ``torch.utils.data.DataLoader``.  `fetch.py` makes a batch, `worker.py` does so in a worker,
`processes.py` and `threads.py` keep the workers; here is only who gets which task, and in which
order batches come out.
"""

from __future__ import annotations

import importlib
import itertools
import math
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from minitorch.ops.random import Generator
from minitorch.utils.data.collate import default_collate, default_convert
from minitorch.utils.data.dataset import IterableDataset, draws_nothing
from minitorch.utils.data.fetch import Fetcher, Recipe
from minitorch.utils.data.randomness import Streams
from minitorch.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    draw_seed,
)
from minitorch.utils.data.worker import Setup, Task, get_worker_info

if TYPE_CHECKING:
    from multiprocessing.context import BaseContext

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]

T_co = TypeVar("T_co", covariant=True)
METHODS = ("multiprocessing", "thread")


class DataLoader(Generic[T_co]):
    """Goes through `dataset` in batches: ``for batch in DataLoader(dataset, batch_size=32): ...``

    Args:
        dataset: map-style (indexed) or an `IterableDataset`.
        batch_size: samples per batch; None gives the samples themselves.
        shuffle: a new random order each time.
        sampler: the indices, one by one, instead.
        batch_sampler: lists of indices, instead of all four around it.
        num_workers: how many processes (or threads) load ahead; 0: the program itself loads.
        collate_fn: makes a batch of a list of samples (default: `default_collate`, and
            `default_convert` of a sample where `batch_size` is None).
        pin_memory: accepted; there is no device to copy to.
        drop_last: leave out the last batch if it is not full.
        timeout: seconds to wait for a batch of a worker before that is an error; 0: any time.
        worker_init_fn: called with its number in each worker process or thread as it starts.
        multiprocessing_context: how processes start: "fork", "spawn", "forkserver", or a context
            of `multiprocessing`, whose default is the default.
        generator: of the order, and of the seed for what the dataset draws.
        prefetch_factor: batches that each worker loads ahead (default: 2).
        persistent_workers: keep the workers from one pass to the next.
        pin_memory_device: accepted, like `pin_memory`.
        in_order: False gives batches as they become ready.
        worker_method: "multiprocessing", or "thread" for workers that are threads.  This one
            argument is not PyTorch's.

    The same seed gives the order of PyTorch.  Random numbers that the dataset draws, from
    minitorch, `random` or `numpy.random`, are those of the batch, whoever loads it, so batches do
    not depend on `num_workers`.  (Threads share the streams of `random` and `numpy.random` with
    the program; there that is true of minitorch's own.)

    An exception in a worker arrives with its type, the index of its sample, and the worker's
    traceback.  RuntimeError: a worker died, or `timeout` has passed.

    >>> import minitorch as mt
    >>> from minitorch.utils.data import DataLoader, TensorDataset
    >>> data = TensorDataset(mt.arange(10).reshape(5, 2), mt.arange(5))
    >>> for x, y in DataLoader(data, batch_size=2):
    ...     print(tuple(x.shape), y)
    (2, 2) tensor([0, 1])
    (2, 2) tensor([2, 3])
    (1, 2) tensor([4])
    """

    dataset: Any
    _frozen = False  # whether the attributes below may not be set any more
    _FIXED = (
        "batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"
    )  # fmt: skip

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Sampler[Any] | Iterable[Any] | None = None,
        batch_sampler: Sampler[list[Any]] | Iterable[list[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: str | BaseContext | None = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        worker_method: str = "multiprocessing",
    ) -> None:
        if num_workers < 0:
            raise ValueError(f"num_workers option should be non-negative, got {num_workers}")
        if timeout < 0:
            raise ValueError(f"timeout option should be non-negative, got {timeout}")
        if prefetch_factor is not None and num_workers == 0:
            raise ValueError(
                "prefetch_factor option needs num_workers > 0: only workers load ahead"
            )
        if prefetch_factor is not None and prefetch_factor < 0:
            raise ValueError(
                f"prefetch_factor option should be non-negative, got {prefetch_factor}"
            )
        if persistent_workers and num_workers == 0:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if worker_method not in METHODS:
            raise ValueError(f"worker_method must be one of {METHODS}, got {worker_method!r}")
        self._iterable = iterable = isinstance(dataset, IterableDataset)
        if iterable:
            for name, value in (
                ("shuffle", shuffle or None), ("sampler", sampler), ("batch_sampler", batch_sampler)
            ):  # fmt: skip
                if value is not None:
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option, but "
                        f"got {name}={value}: the dataset itself decides the order"
                    )
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                    "and drop_last"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with "
                "drop_last"
            )
        order: Any = sampler
        if sampler is None:
            if iterable:
                order = _Endless()
            elif shuffle:
                order = RandomSampler(dataset, generator=generator)
            else:
                order = SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(order, batch_size, drop_last)

        self.dataset = dataset
        self.batch_size = batch_size
        self.sampler = order
        self.batch_sampler = batch_sampler
        self.num_workers = num_workers
        self.collate_fn = collate_fn or (
            default_convert if batch_sampler is None else default_collate
        )
        self.pin_memory = pin_memory
        self.drop_last = drop_last
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        self.generator = generator
        self.prefetch_factor = 2 if prefetch_factor is None and num_workers else prefetch_factor
        self.persistent_workers = persistent_workers
        self.pin_memory_device = pin_memory_device
        self.in_order = in_order
        self.worker_method = worker_method
        self._iterator: _WithWorkers | None = None
        self._told_length: int | None = None  # of an iterable dataset, by len(loader)
        self._frozen = True

    def __setattr__(self, name: str, value: Any) -> None:
        if self._frozen and name in self._FIXED:
            raise ValueError(
                f"{name} attribute should not be set after {type(self).__name__} is initialized"
            )
        super().__setattr__(name, value)

    @property
    def multiprocessing_context(self) -> BaseContext | None:
        """How worker processes start; None for the default of `multiprocessing`."""
        return self._context

    @multiprocessing_context.setter
    def multiprocessing_context(self, context: str | BaseContext | None) -> None:
        if context is not None and self.num_workers == 0:
            raise ValueError(
                "multiprocessing_context can only be used with multi-process loading: "
                "num_workers > 0"
            )
        if context is None:
            self._context = None
            return
        multiprocessing = importlib.import_module("multiprocessing")  # takes a while, so only here
        if isinstance(context, str):
            methods = multiprocessing.get_all_start_methods()
            if context not in methods:
                raise ValueError(
                    "multiprocessing_context option should specify a valid start method in "
                    f"{methods!r}, but got multiprocessing_context={context!r}"
                )
            context = multiprocessing.get_context(context)
        if not isinstance(context, multiprocessing.context.BaseContext):
            raise TypeError(
                "multiprocessing_context option should be a context of multiprocessing or the "
                f"name of a start method, but got {context!r}"
            )
        self._context = context

    @property
    def _keys(self) -> Any:
        """What each batch is made of: lists of indices, or single ones."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        if self.num_workers == 0:
            return _WithoutWorkers(self)
        if not self.persistent_workers:
            return _WithWorkers(self)
        if self._iterator is None or self._iterator.broken:
            self._iterator = _WithWorkers(self)
        else:
            self._iterator.begin(self)
        return self._iterator

    def __len__(self) -> int:
        if not self._iterable:
            return len(self._keys)
        length = self._told_length = len(self.dataset)
        if self.batch_size is None:
            return length
        return length // self.batch_size if self.drop_last else math.ceil(length / self.batch_size)


class _Endless(Sampler[None]):
    """The keys of an iterable dataset: it needs none, only to be asked."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class _Pass:
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


class _WithoutWorkers(_Pass):
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


class _WithWorkers(_Pass):
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
