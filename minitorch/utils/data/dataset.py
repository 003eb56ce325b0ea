"""What can be loaded: datasets, and the ways to join, cut and split them.

A map-style dataset has ``dataset[index]`` and ``len(dataset)``; an `IterableDataset` is read from
its beginning to its end.  Mirrors ``torch.utils.data.dataset``.
"""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from reprlib import repr as shortened
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from minitorch.engine.modes import mode
from minitorch.engine.state import wrap
from minitorch.ops.random import default_generator, randperm

if TYPE_CHECKING:
    from minitorch.ops.random import Generator
    from minitorch.tensor import Tensor

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "StackDataset", "Subset",
    "TensorDataset", "random_split",
]  # fmt: skip

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """Samples by index: subclasses define ``__getitem__``, and usually ``__len__``.

    A subclass may define ``__getitems__(indices)`` too, which gives the list of samples of a whole
    batch at once; a `DataLoader` then calls that.

    >>> from minitorch.utils.data import Dataset
    >>> class Squares(Dataset):
    ...     def __getitem__(self, index):
    ...         return index, index**2
    ...     def __len__(self):
    ...         return 10
    >>> (Squares() + Squares())[12]
    (2, 4)
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} has to define __getitem__")

    def __add__(self, other: Dataset[T_co]) -> Any:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Samples in the order in which they come: subclasses define ``__iter__``.

    Each of a loader's workers iterates over a copy of its own, and all of them would give all
    samples.  `get_worker_info` tells ``__iter__`` which share to give instead:

    >>> from minitorch.utils.data import DataLoader, IterableDataset, get_worker_info
    >>> class Count(IterableDataset):
    ...     def __iter__(self):
    ...         info = get_worker_info()
    ...         first, step = (0, 1) if info is None else (info.id, info.num_workers)
    ...         return iter(range(first, 5, step))
    >>> next(iter(DataLoader(Count(), batch_size=4)))
    tensor([0, 1, 2, 3])
    """

    def __add__(self, other: Dataset[T_co]) -> Any:
        return ChainDataset([self, other])


class TensorDataset(Dataset["tuple[Tensor, ...]"]):
    """The rows of tensors of equal length: sample `i` is ``(tensors[0][i], tensors[1][i], ...)``.

    A `DataLoader` takes the rows of a batch from each tensor in one step.

    >>> import minitorch as mt
    >>> from minitorch.utils.data import TensorDataset
    >>> TensorDataset(mt.arange(6).reshape(3, 2), mt.tensor([7, 8, 9]))[1]
    (tensor([2, 3]), tensor(8))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise IndexError("TensorDataset needs at least one tensor")
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise AssertionError(f"Size mismatch between tensors: their lengths are {sizes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return self.tensors[0].size(0)


class StackDataset(Dataset[Any]):
    """Datasets of equal length side by side: a sample is a tuple, or a dict, of their samples.

    >>> from minitorch.utils.data import StackDataset
    >>> StackDataset([1, 2], "ab")[1], StackDataset(number=[1, 2], letter="ab")[0]
    ((2, 'b'), {'number': 1, 'letter': 'a'})
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError("StackDataset takes datasets by position or by name, not both")
        if not args and not kwargs:
            raise ValueError("StackDataset: at least one dataset should be passed")
        self.datasets = args or kwargs
        sizes = [len(part) for part in self._parts()]
        if len(set(sizes)) > 1:
            raise ValueError(f"Size mismatch between datasets: their lengths are {sizes}")
        self._length = sizes[0]

    def _parts(self) -> Iterable[Any]:
        return self.datasets.values() if isinstance(self.datasets, dict) else self.datasets

    def _sample(self, values: Iterable[Any]) -> Any:
        return dict(zip(self.datasets, values)) if isinstance(self.datasets, dict) else (*values,)

    def __getitem__(self, index: Any) -> Any:
        return self._sample([part[index] for part in self._parts()])

    def __getitems__(self, indices: list[Any]) -> list[Any]:
        columns = [samples_of(part, indices) for part in self._parts()]
        for column in columns:
            if len(column) != len(indices):
                raise ValueError(
                    f"Nested dataset's output size mismatch: {len(indices)} samples were asked "
                    f"for, and its __getitems__ gave {len(column)}"
                )
        return [self._sample(values) for values in zip(*columns)]

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """Datasets one after the other; ``a + b`` makes one too.

    >>> from minitorch.utils.data import ConcatDataset
    >>> both = ConcatDataset(["abc", "de"])
    >>> len(both), both[3], both[-1]
    (5, 'd', 'e')
    """

    @staticmethod
    def cumsum(sequence: Iterable[Any]) -> list[int]:
        """Where each dataset ends."""
        return list(itertools.accumulate(len(part) for part in sequence))

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets: list[Any] = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        if any(isinstance(part, IterableDataset) for part in self.datasets):
            raise AssertionError("ConcatDataset does not support IterableDataset; use ChainDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> T_co:
        if index < 0:
            if -index > len(self):
                raise ValueError(
                    f"absolute value of index should not exceed dataset length: {index} of "
                    f"{len(self)} samples"
                )
            index += len(self)
        part = bisect.bisect_right(self.cumulative_sizes, index)
        if part == len(self.datasets):
            raise IndexError(f"index {index} is out of range for {len(self)} samples")
        start = self.cumulative_sizes[part - 1] if part else 0
        return self.datasets[part][index - start]


class ChainDataset(IterableDataset[T_co]):
    """Iterable datasets one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _parts(self) -> Iterator[Any]:
        for part in self.datasets:
            if not isinstance(part, IterableDataset):
                raise AssertionError(
                    f"ChainDataset only supports IterableDataset, got {type(part).__name__}"
                )
            yield part

    def __iter__(self) -> Iterator[T_co]:
        for part in self._parts():
            yield from part

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts())


class Subset(Dataset[T_co]):
    """The samples of `dataset` at the given indices.

    A subclass that overrides ``__getitem__`` must override ``__getitems__`` too, or a `DataLoader`
    would pass it by.

    >>> from minitorch.utils.data import Subset
    >>> list(Subset("abcde", [4, 0, 0]))
    ['e', 'a', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        kind = type(self)
        if kind.__getitem__ is not Subset.__getitem__ and kind.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{kind.__name__} overrides __getitem__ but not __getitems__, which a DataLoader "
                "calls: define it as `return [self[i] for i in indices]`, say"
            )
        self.dataset = dataset
        self.indices = indices

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]

    def __getitems__(self, indices: list[int]) -> list[Any]:
        return samples_of(self.dataset, [self.indices[i] for i in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Dataset[T],
    lengths: Sequence[int | float],
    generator: Generator | None = default_generator,
) -> list[Subset[T]]:
    """Cut a dataset at random into `Subset` pieces that do not overlap and leave nothing out.

    Fractions that sum to 1 become ``floor(fraction * len(dataset))``, and what is left over goes
    to the pieces in turn, one each.

    >>> import minitorch
    >>> from minitorch.utils.data import random_split
    >>> parts = random_split(range(10), [0.7, 0.3], minitorch.Generator().manual_seed(0))
    >>> [len(part) for part in parts], sorted([*parts[0], *parts[1]]) == list(range(10))
    ([7, 3], True)
    """
    total = len(dataset)  # type: ignore[arg-type]
    sizes: list[Any] = list(lengths)
    if math.isclose(sum(sizes), 1) and sum(sizes) <= 1:
        for i, fraction in enumerate(sizes):
            if not 0 <= fraction <= 1:
                raise ValueError(f"Fraction at index {i} is not between 0 and 1: {fraction}")
        sizes = [math.floor(total * fraction) for fraction in sizes]
        for i in range(total - sum(sizes)):
            sizes[i % len(sizes)] += 1
        for i, size in enumerate(sizes):
            if size == 0:
                warnings.warn(
                    f"Length of split at index {i} is 0: it is an empty dataset", stacklevel=2
                )
    if sum(sizes) != total:
        raise ValueError(
            "Sum of input lengths does not equal the length of the input dataset: "
            f"{sum(sizes)} and {total}"
        )
    if any(size < 0 for size in sizes):
        raise ValueError(f"lengths must not be negative, got {sizes}")
    order = randperm(total, generator=generator).tolist()
    ends = itertools.accumulate(sizes)
    return [Subset(dataset, order[end - size : end]) for end, size in zip(ends, sizes)]


# How a loader takes samples out ------------------------------------------------------------------


def samples_of(dataset: Any, indices: Sequence[Any]) -> list[Any]:
    """The samples at `indices`, by ``__getitems__`` where the dataset has it.

    An exception is noted with the index of the sample that it came from.
    """
    many = getattr(dataset, "__getitems__", None)
    if many is not None:
        with Noted(
            lambda: f"while {type(dataset).__name__} loaded the samples {shortened(indices)}"
        ):
            return many(indices)
    samples: list[Any] = []
    indices = indices if isinstance(indices, (list, tuple)) else list(indices)
    with Noted(lambda: _place(dataset, indices[len(samples)])):
        for index in indices:
            samples.append(dataset[index])
    return samples


def sample_of(dataset: Any, index: Any) -> Any:
    """``dataset[index]``; an exception is noted with the index."""
    with Noted(lambda: _place(dataset, index)):
        return dataset[index]


def _place(dataset: Any, index: Any) -> str:
    return f"while {type(dataset).__name__} loaded the sample at index {index!r}"


class Noted:
    """Adds a line that says where to the exceptions that pass through it."""

    def __init__(self, where: Callable[[], str]) -> None:
        self.where = where

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        if isinstance(error, StopIteration):  # it would end the loop over the batches, unseen
            raise RuntimeError(f"StopIteration was raised {self.where()}") from error
        if isinstance(error, Exception):
            error.add_note(self.where())


def draws_nothing(dataset: Any) -> bool:
    """Whether it is sure that loading from `dataset` takes no random numbers."""
    kind = type(dataset)
    if kind is Subset:
        return draws_nothing(dataset.dataset)
    if kind is ConcatDataset:
        return all(map(draws_nothing, dataset.datasets))
    if kind is StackDataset:
        return all(map(draws_nothing, dataset._parts()))
    return kind is TensorDataset or kind in (list, tuple, range, str) or kind.__name__ == "Tensor"


def rows_of(dataset: Any, indices: Sequence[int]) -> list[Tensor] | None:
    """The samples of a `TensorDataset`, or of `Subset` cut from one, already collated.

    What ``default_collate(samples_of(dataset, indices))`` gives, in one step per tensor; None
    where that would not be the same: for subclasses, and for tensors whose gradient is wanted.
    """
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, [dataset.indices[i] for i in indices]
    if type(dataset) is not TensorDataset or len(indices) == 0:
        return None
    if mode.recording and any(tensor._node is not None for tensor in dataset.tensors):
        return None
    rows = np.asarray(indices)
    if rows.ndim != 1 or rows.dtype.kind not in "iu":  # keys of another kind, from a sampler
        return None
    return [wrap(tensor._data.take(rows, 0)) for tensor in dataset.tensors]
