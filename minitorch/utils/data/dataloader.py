"""`DataLoader`: goes through a dataset in batches, with workers or without.

Mirrors ``torch.utils.data.DataLoader``.  Here are its arguments; `passes.py` goes through the data.
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from minitorch.ops.random import Generator
from minitorch.utils.data.collate import default_collate, default_convert
from minitorch.utils.data.dataset import IterableDataset
from minitorch.utils.data.passes import WithoutWorkers, WithWorkers
from minitorch.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)
from minitorch.utils.data.worker import get_worker_info

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
        self._iterator: WithWorkers | None = None
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
            return WithoutWorkers(self)
        if not self.persistent_workers:
            return WithWorkers(self)
        if self._iterator is None or self._iterator.broken:
            self._iterator = WithWorkers(self)
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
