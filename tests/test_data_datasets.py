"""Datasets, samplers, collate and the loader without workers: the laws they keep."""

from __future__ import annotations

import collections
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    random_split,
)

seeds = st.integers(0, 2**32)
sizes = st.integers(1, 60)


def stream(seed):
    return mt.Generator().manual_seed(seed)


# Datasets -----------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 20), min_size=1, max_size=5), seeds)
def test_random_split_is_a_partition(lengths, seed):
    parts = random_split(range(sum(lengths)), lengths, stream(seed))
    assert [len(part) for part in parts] == lengths
    assert sorted(sample for part in parts for sample in part) == list(range(sum(lengths)))
    again = random_split(range(sum(lengths)), lengths, stream(seed))
    assert [part.indices for part in parts] == [part.indices for part in again]


@given(st.integers(4, 200), st.lists(st.integers(1, 9), min_size=1, max_size=4), seeds)
@pytest.mark.filterwarnings("ignore:Length of split")
def test_random_split_by_fractions_is_a_fair_partition(n, weights, seed):
    fractions = [w / sum(weights) for w in weights]
    fractions[0] -= max(0.0, sum(fractions) - 1)  # rounding
    parts = random_split(range(n), fractions, stream(seed))
    assert sorted(sample for part in parts for sample in part) == list(range(n))
    for part, fraction in zip(parts, fractions):
        assert math.floor(n * fraction) <= len(part) <= math.floor(n * fraction) + 1


@given(st.lists(st.lists(st.integers()), min_size=1, max_size=5))
def test_concat_is_the_list_of_all(parts):
    whole = [x for part in parts for x in part]
    joined = ConcatDataset(parts)
    assert [joined[i] for i in range(len(joined))] == whole
    assert [joined[i - len(whole)] for i in range(len(whole))] == whole
    for beyond in (len(whole), -len(whole) - 1):
        with pytest.raises((IndexError, ValueError)):
            joined[beyond]


@given(sizes, st.data())
def test_subsets_of_subsets_compose(n, data):
    table = TensorDataset(mt.arange(n) * 10, mt.arange(2 * n).reshape(n, 2))
    outer = data.draw(st.lists(st.integers(-n, n - 1), min_size=1))
    inner = data.draw(st.lists(st.integers(0, len(outer) - 1), min_size=1))
    subset = Subset(Subset(table, outer), inner)
    expected = [table[outer[i]] for i in inner]
    for i, sample in enumerate(expected):
        assert [t.tolist() for t in subset[i]] == [t.tolist() for t in sample]
    (batch,) = DataLoader(subset, len(inner))
    for part, column in zip(batch, zip(*expected)):
        assert part.tolist() == mt.stack(column).tolist()


def test_a_batch_of_tensors_is_a_copy():
    x = mt.arange(4.0)
    for batch in DataLoader(TensorDataset(x), 2):
        batch[0].zero_()
    assert x.tolist() == [0, 1, 2, 3]


def test_gradients_flow_into_a_tensor_dataset():
    x = mt.arange(4.0, requires_grad=True)
    total = sum((part * part).sum() for (part,) in DataLoader(TensorDataset(x), 2, shuffle=True))
    total.backward()
    assert x.grad.tolist() == [0, 2, 4, 6]


def test_a_subclass_of_tensor_dataset_is_asked_for_its_samples():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return tuple(2 * t for t in super().__getitem__(index))

    for dataset in (Doubled(mt.arange(4)), Subset(Doubled(mt.arange(4)), range(4))):
        assert [b.tolist() for (b,) in DataLoader(dataset, 2)] == [[0, 2], [4, 6]]


def test_a_dataset_that_loads_batches_is_asked_for_batches():
    class Batches(Dataset):
        asked = []

        def __getitems__(self, indices):
            self.asked.append(list(indices))
            return [i * i for i in indices]

        def __len__(self):
            return 5

    dataset = Batches()
    assert [b.tolist() for b in DataLoader(dataset, 2)] == [[0, 1], [4, 9], [16]]
    assert dataset.asked == [[0, 1], [2, 3], [4]]
    stacked = StackDataset(a=Subset(dataset, [4, 3, 2]), b="xyz")
    assert [plain(b) for b in DataLoader(stacked, 2)] == [
        {"a": [16, 9], "b": ["x", "y"]},
        {"a": [4], "b": ["z"]},
    ]


def plain(batch):
    return {key: v.tolist() if isinstance(v, mt.Tensor) else v for key, v in batch.items()}


def test_addition():
    class Few(Dataset):
        def __getitem__(self, index):
            return index

        def __len__(self):
            return 2

    class Stream(IterableDataset):
        def __iter__(self):
            return iter((1, 2))

        def __len__(self):
            return 2

    both = Few() + Few()
    assert isinstance(both, ConcatDataset)
    assert [both[i] for i in range(4)] == [0, 1, 0, 1]
    chain = Stream() + Stream()
    assert isinstance(chain, ChainDataset)
    assert (list(chain), len(chain)) == ([1, 2, 1, 2], 4)
    with pytest.raises(TypeError):
        IterableDataset()  # has no __iter__
    with pytest.raises(NotImplementedError, match="Dataset has to define __getitem__"):
        Dataset()[0]
    assert Dataset[int]


# Samplers -----------------------------------------------------------------------------------------


@given(sizes, sizes, seeds)
def test_random_sampler(n, wanted, seed):
    assert sorted(RandomSampler(range(n), generator=stream(seed))) == list(range(n))
    drawn = list(RandomSampler(range(n), num_samples=wanted, generator=stream(seed)))
    assert len(drawn) == wanted
    counts = collections.Counter(drawn)
    assert max(counts.values()) <= math.ceil(wanted / n)
    drawn = list(RandomSampler(range(n), True, wanted, stream(seed)))
    assert len(drawn) == wanted
    assert set(drawn) <= set(range(n))


@given(sizes, seeds)
def test_two_passes_of_a_random_sampler_differ(n, seed):
    mt.manual_seed(seed)
    sampler = RandomSampler(range(n + 20))
    assert list(sampler) != list(sampler)


@given(st.integers(0, 60), sizes, st.booleans())
def test_batch_sampler_cuts_the_sequence(n, size, drop_last):
    batches = BatchSampler(SequentialSampler(range(n)), size, drop_last)
    assert len(list(batches)) == len(batches)
    flat = [i for batch in batches for i in batch]
    assert flat == list(range(n - n % size if drop_last else n))
    assert all(len(batch) == size for batch in list(batches)[: n // size])


@given(sizes, st.integers(1, 7), st.booleans(), st.booleans(), seeds, st.integers(0, 5))
def test_distributed_samplers_share_everything_out(n, replicas, shuffle, drop, seed, epoch):
    samplers = [
        DistributedSampler(range(n), replicas, r, shuffle, seed, drop) for r in range(replicas)
    ]
    for sampler in samplers:
        sampler.set_epoch(epoch)
    shares = [list(sampler) for sampler in samplers]
    assert {len(share) for share in shares} == {len(samplers[0])}
    given = [i for share in shares for i in share]
    if drop:
        assert len(set(given)) == len(given) == n - n % replicas
    else:
        assert set(given) == set(range(n))


@given(st.lists(st.sampled_from([0.0, 1.0, 2.0]), min_size=2).filter(any), seeds)
def test_weighted_sampler_never_draws_what_weighs_nothing(weights, seed):
    drawn = list(WeightedRandomSampler(weights, 20, generator=stream(seed)))
    assert len(drawn) == 20
    assert all(weights[i] > 0 for i in drawn)


@given(st.lists(st.integers()), seeds)
def test_subset_random_sampler_is_a_permutation(indices, seed):
    assert sorted(SubsetRandomSampler(indices, stream(seed))) == sorted(indices)


# The loader ---------------------------------------------------------------------------------------


@given(st.integers(0, 40), sizes, st.booleans())
def test_each_sample_comes_once_and_len_is_right(n, size, drop_last):
    loader = DataLoader(range(n), size, drop_last=drop_last)
    batches = [batch.tolist() for batch in loader]
    assert len(batches) == len(loader)
    assert [key for batch in batches for key in batch] == list(
        range(n - n % size if drop_last else n)
    )


@given(sizes, sizes, seeds)
def test_the_order_is_that_of_the_seed(n, size, seed):
    def keys(generator):
        loader = DataLoader(range(n), size, shuffle=True, generator=generator)
        return [[k for b in loader for k in b.tolist()] for _ in range(2)]

    first, second = keys(stream(seed))
    assert sorted(first) == sorted(second) == list(range(n))
    assert [first, second] == keys(stream(seed))


def test_a_batch_may_be_anything_that_collate_makes():
    loader = DataLoader(range(4), 2, collate_fn=tuple)
    assert list(loader) == [(0, 1), (2, 3)]
    assert list(DataLoader(range(4), None)) == [0, 1, 2, 3]
    assert list(DataLoader("abc", 2)) == [["a", "b"], ["c"]]
    assert [b.tolist() for b in DataLoader(range(9), batch_sampler=[[8, 0], [3]])] == [[8, 0], [3]]
    assert [b.tolist() for b in DataLoader(range(9), sampler=[2, 2, 5], batch_size=2)] == [
        [2, 2],
        [5],
    ]
    assert list(DataLoader({"a": 1, "b": 2}, None, sampler=["b", "a"])) == [2, 1]


def test_an_iterable_longer_than_it_says_warns():
    class Longer(IterableDataset):
        def __iter__(self):
            return iter(range(5))

        def __len__(self):
            return 3

    loader = DataLoader(Longer(), 2)
    assert len(loader) == 2
    assert [batch.tolist() for batch in loader] == [[0, 1], [2, 3], [4]]  # as many as it says
    loader = DataLoader(Longer(), None)
    assert len(loader) == 3
    with pytest.warns(UserWarning, match="Length of IterableDataset Longer") as seen:
        assert list(loader) == [0, 1, 2, 3, 4]
    assert len(seen) == 2


@pytest.mark.parametrize("name", ["float16", "bfloat16", "uint8", "complex64", "bool"])
def test_a_batch_keeps_its_dtype(name):
    dtype = getattr(mt, name)
    if name == "bfloat16":
        pytest.importorskip("ml_dtypes")
    for shape in ((2,), (), (0, 3)):
        samples = [mt.ones(shape, dtype=dtype)] * 3
        assert default_collate(samples).dtype is dtype


def test_errors_of_collate_say_what_does_not_fit():
    with pytest.raises(RuntimeError, match="number 1 has 3"):
        default_collate([[1, 2], [1, 2, 3]])
    with pytest.raises(RuntimeError, match=r"tensor 1 has shape \[3\]"):
        default_collate([mt.ones(2), mt.ones(3)])
    with pytest.raises(TypeError, match="found <class 'NoneType'>") as info:
        list(DataLoader([1, None], 1))
    assert "default_collate joined the samples [1]" in info.value.__notes__[0]
    with pytest.raises(TypeError, match="object"):
        default_collate([np.array([None])])


def test_settings_that_decide_are_fixed():
    loader = DataLoader(range(3))
    for name in ("batch_size", "sampler", "batch_sampler", "drop_last", "dataset"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set"):
            setattr(loader, name, None)
    loader.collate_fn = list
    assert list(loader) == [[0], [1], [2]]
