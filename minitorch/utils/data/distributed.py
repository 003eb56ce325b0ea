"""The share of one process of many.  Mirrors ``torch.utils.data.distributed``."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

from minitorch.ops.random import Generator, randperm
from minitorch.utils.data.sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler[int]):
    """The share of one of `num_replicas` processes: every `num_replicas`-th index from `rank` on.

    All shares are equally long: the first indices are repeated at the end until they are, or with
    `drop_last` the last are left out.  Call `set_epoch` before each epoch, or the order is the
    same in all of them.

    >>> from minitorch.utils.data import DistributedSampler
    >>> [list(DistributedSampler("abcde", 2, rank, shuffle=False)) for rank in (0, 1)]
    [[0, 2, 4], [1, 3, 0]]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        if num_replicas is None or rank is None:
            raise RuntimeError(
                "DistributedSampler needs num_replicas and rank: there is no process group here "
                "to ask for them"
            )
        if not 0 <= rank < num_replicas:
            raise ValueError(
                f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]"
            )
        n = len(dataset)
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last
        self.num_samples = n // num_replicas if drop_last else math.ceil(n / num_replicas)
        self.total_size = self.num_samples * num_replicas

    def __iter__(self) -> Iterator[int]:
        n = len(self.dataset)
        if self.shuffle:
            source = Generator().manual_seed(self.seed + self.epoch)
            indices = randperm(n, generator=source).tolist()
        else:
            indices = list(range(n))
        endless = itertools.cycle(indices)
        return itertools.islice(endless, self.rank, self.total_size, self.num_replicas)

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Shuffle the next passes as those of `epoch`."""
        self.epoch = epoch
