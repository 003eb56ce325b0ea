"""utils.data beside PyTorch's: the same batches for the same seed, the same streams afterwards, the
same errors for the same mistakes."""

from __future__ import annotations

import collections
import importlib
import itertools
import random

import numpy as np
import pytest
import torch
import torch.utils.data
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from tests.parity.both import BOTH, agree, plain

pytestmark = pytest.mark.filterwarnings("ignore:.*worker processes in total", "ignore:'pin_memory'")
legacy = importlib.import_module("numpy.random")
Point = collections.namedtuple("Point", "x y")


def data_of(framework):
    return importlib.import_module(f"{framework.__name__}.utils.data")


def both(program, seed=0):
    """`program(framework, utils.data)` gives the same in both, and leaves the same streams."""

    def seeded(framework):
        framework.manual_seed(seed)
        random.seed(seed)
        legacy.seed(seed)
        result = program(framework, data_of(framework))
        after = framework.rand(3), random.random(), float(legacy.rand())
        return plain([result, after])

    theirs, ours = map(seeded, BOTH)
    assert ours == theirs


seeds = st.integers(0, 2**40)
sizes = st.integers(1, 50)


@given(seeds, sizes, sizes, st.booleans(), st.booleans(), st.booleans())
def test_batches_and_streams(seed, n, size, shuffle, drop_last, own):
    def program(T, data):
        dataset = data.TensorDataset(T.arange(n), T.arange(2 * n).reshape(n, 2) / 7)
        loader = data.DataLoader(
            dataset, size, shuffle=shuffle, drop_last=drop_last,
            generator=T.Generator().manual_seed(seed) if own else None,
        )  # fmt: skip
        first = [(batch, T.rand(1)) for batch in loader]
        return [
            first,
            list(loader),
            len(loader),
            T.rand(2),
            own and T.rand(2, generator=loader.generator),
        ]

    both(program, seed % 1000)


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("own", [True, False])
def test_batches_and_streams_with_workers(workers, own):
    def program(T, data):
        dataset = data.TensorDataset(T.arange(23))
        generator = T.Generator().manual_seed(7) if own else None
        loader = data.DataLoader(dataset, 3, shuffle=True, num_workers=workers, generator=generator)
        return [list(loader), list(loader), T.rand(2), own and T.rand(2, generator=generator)]

    both(program)


@given(seeds, sizes, st.integers(1, 100), st.booleans(), st.booleans())
def test_samplers(seed, n, wanted, replacement, own):
    def program(T, data):
        generator = T.Generator().manual_seed(seed) if own else None
        weights = [1 + i % 3 for i in range(n)]
        samplers = [
            data.RandomSampler(range(n), replacement, wanted, generator),
            data.RandomSampler(range(n), generator=generator),
            data.SubsetRandomSampler(range(n, 0, -1), generator),
            data.WeightedRandomSampler(weights, wanted, True, generator),
        ]
        return [(list(s), list(s), len(s)) for s in samplers]

    both(program, seed % 1000)


@given(sizes, st.integers(1, 6), st.booleans(), st.booleans(), seeds, st.integers(0, 3))
def test_distributed_sampler(n, replicas, shuffle, drop_last, seed, epoch):
    def program(T, data):
        given = []
        for rank in range(replicas):
            sampler = data.DistributedSampler(range(n), replicas, rank, shuffle, seed, drop_last)
            sampler.set_epoch(epoch)
            given.append([list(sampler), len(sampler)])
        return given

    both(program)


@given(seeds, st.sampled_from([[3, 7], [10], [0.5, 0.5], [0.33, 0.33, 0.34], [0, 10], [0.2] * 5]))
def test_random_split(seed, lengths):
    def program(T, data):
        parts = data.random_split(range(10), lengths, T.Generator().manual_seed(seed))
        more = data.random_split(range(10), lengths)
        return [list(part) for part in [*parts, *more]]

    both(program)


# Collate ------------------------------------------------------------------------------------------

BATCHES = {
    "tensors": lambda T: [T.tensor([1.0, 2]), T.tensor([3.0, 4])],
    "unequal tensors": lambda T: [T.ones(2), T.ones(3)],
    "mixed dtypes": lambda T: [T.tensor([1]), T.tensor([2.0])],
    "empty tensors": lambda T: [T.ones(0, 3)] * 2,
    "float64": lambda T: [np.float64(1), np.float64(2)],
    "float32": lambda T: [np.float32(1)],
    "int16": lambda T: [np.int16(1)],
    "bool_": lambda T: [np.bool_(True)],
    "bools": lambda T: [True, False],
    "numbers": lambda T: [1, 2.5],
    "floats": lambda T: [1.5, 2],
    "complex": lambda T: [1j],
    "huge": lambda T: [2**62],
    "strings": lambda T: ["a", "b"],
    "bytes": lambda T: [b"a", b"b"],
    "tuples": lambda T: [(1, "a"), (2, "b")],
    "lists": lambda T: [[1, 2], [3, 4]],
    "named tuples": lambda T: [Point(1, 2.0), Point(3, 4.0)],
    "dicts": lambda T: [{"a": {"b": [1, 2]}}, {"a": {"b": [3, 4]}}],
    "ordered dicts": lambda T: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "unlike dicts": lambda T: [{"a": 1}, {"b": 2}],
    "arrays": lambda T: [np.zeros((2, 2), np.uint8)] * 2,
    "0-d arrays": lambda T: [np.array(3), np.array(4)],
    "array of strings": lambda T: [np.array(["a"])],
    "array of objects": lambda T: [np.array([None])],
    "None": lambda T: [None],
    "sets": lambda T: [{1}],
    "unequal lists": lambda T: [[1], [1, 2]],
    "ranges": lambda T: [range(2), range(2)],
    "deques": lambda T: [collections.deque([1, 2])] * 2,
    "empty": lambda T: [],
    "empty lists": lambda T: [[], []],
    "empty dicts": lambda T: [{}],
}


def kinds(x):
    """The types of the containers, which `plain` does not tell apart."""
    if isinstance(x, dict):
        return [type(x).__name__, {key: kinds(value) for key, value in x.items()}]
    if isinstance(x, list | tuple | collections.deque):
        return [type(x).__name__, *map(kinds, x)]
    return None


@pytest.mark.parametrize("name", BATCHES)
@pytest.mark.parametrize("function", ["default_collate", "default_convert"])
def test_collate(name, function):
    def program(T):
        made = getattr(data_of(T), function)(BATCHES[name](T))
        return [made if not isinstance(made, collections.deque) else list(made), kinds(made)]

    agree(program)


# Arguments ----------------------------------------------------------------------------------------


class Few(torch.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(4))


class OurFew(minitorch.utils.data.IterableDataset):
    __iter__ = Few.__iter__


LOADERS = [
    {"batch_size": 0}, {"batch_size": -1}, {"batch_size": 2.0}, {"batch_size": True},
    {"batch_size": "2"}, {"num_workers": -1}, {"timeout": -1}, {"timeout": 1},
    {"prefetch_factor": 2}, {"prefetch_factor": -1, "num_workers": 1}, {"persistent_workers": True},
    {"sampler": [0], "shuffle": True}, {"batch_sampler": [[0]], "batch_size": 2},
    {"batch_sampler": [[0]], "shuffle": True}, {"batch_sampler": [[0]], "sampler": [0]},
    {"batch_sampler": [[0]], "drop_last": True}, {"batch_size": None, "drop_last": True},
    {"batch_size": None}, {"batch_sampler": [[0, 1], [3]]}, {"sampler": [3, 2]},
    {"drop_last": 1}, {"multiprocessing_context": "fork"}, {"pin_memory": True},
    {"multiprocessing_context": "bad", "num_workers": 1}, {"generator": 3, "shuffle": True},
    {"multiprocessing_context": 3, "num_workers": 1}, {"shuffle": None}, {"shuffle": 1},
    {"sampler": []}, {"sampler": [9]}, {"num_workers": "1"}, {"num_workers": None},
    {"collate_fn": len}, {"in_order": False}, {"sampler": [-1]}, {"batch_size": 3},
    {"sampler": [1.0]}, {"sampler": [(0, 1)]}, {"no_such_option": 1},
]  # fmt: skip


@pytest.mark.parametrize("kind", ["range", "tensors", "iterable", "empty"])
@pytest.mark.parametrize("options", LOADERS, ids=str)
def test_arguments(options, kind):
    def program(T):
        data = data_of(T)
        T.manual_seed(0)
        dataset = {
            "range": lambda: range(4),
            "tensors": lambda: data.TensorDataset(T.arange(8).reshape(4, 2)),
            "iterable": lambda: OurFew() if T is minitorch else Few(),
            "empty": list,
        }[kind]()
        loader = data.DataLoader(dataset, **options)
        given = list(loader)
        try:
            length = len(loader)
        except TypeError:
            length = None
        return [given, length, loader.batch_size, loader.drop_last, loader.num_workers]

    agree(program)


PROGRAMS = [
    lambda T, data: data.RandomSampler([]),
    lambda T, data: data.RandomSampler([1], replacement=1),
    lambda T, data: data.RandomSampler([1], num_samples=0),
    lambda T, data: data.RandomSampler([1], num_samples=1.5),
    lambda T, data: data.RandomSampler([1], num_samples=-3),
    lambda T, data: data.WeightedRandomSampler([1.0], 0),
    lambda T, data: data.WeightedRandomSampler([1.0], True),
    lambda T, data: data.WeightedRandomSampler([1.0], 1, replacement=1),
    lambda T, data: data.WeightedRandomSampler([[1.0]], 1),
    lambda T, data: list(data.WeightedRandomSampler([1.0], 2, replacement=False)),
    lambda T, data: list(data.WeightedRandomSampler([-1.0, 2], 2)),
    lambda T, data: list(data.WeightedRandomSampler([0.0, 0], 2)),
    lambda T, data: data.BatchSampler([1], 0, False),
    lambda T, data: data.BatchSampler([1], 1, 0),
    lambda T, data: data.BatchSampler([1], 1.0, False),
    lambda T, data: list(data.BatchSampler("abcde", 2, True)),
    lambda T, data: data.DistributedSampler([1], 2, 2),
    lambda T, data: data.DistributedSampler([1], 2, -1),
    lambda T, data: list(data.Sampler()),
    lambda T, data: data.Dataset()[0],
    lambda T, data: len(data.Dataset()),
    lambda T, data: data.TensorDataset(T.ones(2), T.ones(3)),
    lambda T, data: len(data.TensorDataset(T.ones(2, 3))),
    lambda T, data: data.TensorDataset(T.ones(2))[2],
    lambda T, data: data.TensorDataset(T.arange(4), T.ones(4))[1:3],
    lambda T, data: data.TensorDataset(T.arange(4))[T.tensor([0, 2])],
    lambda T, data: data.ConcatDataset([]),
    lambda T, data: data.ConcatDataset(["ab", "c"])[-4],
    lambda T, data: data.ConcatDataset(["ab", "c"])[3],
    lambda T, data: data.ConcatDataset(["ab", "c"]).cumulative_sizes,
    lambda T, data: data.StackDataset(),
    lambda T, data: data.StackDataset("ab", "c"),
    lambda T, data: data.StackDataset("ab", x="cd"),
    lambda T, data: [data.StackDataset("ab", "cd")[1], data.StackDataset(a="ab")[0]],
    lambda T, data: data.StackDataset("ab", "cd").__getitems__([1, 0]),
    lambda T, data: list(data.ChainDataset([[1]])),
    lambda T, data: len(data.ChainDataset([[1]])),
    lambda T, data: data.Subset("abc", [2, 0])[1],
    lambda T, data: data.Subset("abc", [2, 0])[2],
    lambda T, data: data.random_split([1, 2, 3], [1, 1]),
    lambda T, data: data.random_split([1, 2, 3], [0.5, 0.6]),
    lambda T, data: data.random_split([1, 2, 3], [1.5, -0.5]),
    lambda T, data: [len(p) for p in data.random_split(range(7), [0.1, 0.2, 0.7])],
    lambda T, data: type("Half", (data.Subset,), {"__getitem__": len})([1], [0]),
    lambda T, data: len(data.DataLoader(range(10), 3)),
    lambda T, data: setattr(data.DataLoader([1]), "batch_size", 3),
    lambda T, data: setattr(data.DataLoader([1]), "dataset", 3),
    lambda T, data: setattr(data.DataLoader([1]), "persistent_workers", 3),
    lambda T, data: next(itertools.islice(data.DataLoader([], 3), 0, None), "none"),
]


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_programs(number):
    agree(lambda T: PROGRAMS[number](T, data_of(T)))


def test_the_names_are_pytorchs():
    theirs = {n for n in torch.utils.data.__all__ if not n.startswith("_")}
    pipes = {
        "DFIterDataPipe", "DataChunk", "IterDataPipe", "MapDataPipe", "argument_validation",
        "functional_datapipe", "guaranteed_datapipes_determinism", "non_deterministic",
        "runtime_validation", "runtime_validation_disabled",
    }  # fmt: skip
    assert theirs - pipes <= set(minitorch.utils.data.__all__)


@pytest.mark.parametrize("error", [ValueError, KeyError, FileNotFoundError, ZeroDivisionError])
def test_exceptions_of_workers_keep_their_type(error):
    class Bad:
        def __len__(self):
            return 4

        def __getitem__(self, index):
            raise error("no good")

    for T in BOTH:
        with pytest.raises(error, match="no good") as info:
            list(data_of(T).DataLoader(Bad(), num_workers=1))
        assert "Traceback" in str(info.value)
        assert f"Caught {error.__name__} in DataLoader worker process 0" in str(info.value)
