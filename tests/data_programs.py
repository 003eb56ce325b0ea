"""Datasets for the tests of workers; in a module of their own, for spawned processes to import."""

import importlib
import os
import random
import time

import numpy as np

import minitorch as mt
from minitorch.utils.data import Dataset, IterableDataset, get_worker_info

legacy = importlib.import_module("numpy.random")  # what many datasets draw from


class Numbers(Dataset):
    """0 to n - 1."""

    def __init__(self, n=20):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        return index


class Images(Numbers):
    """Large enough to travel through shared memory: sample `i` is full of `i`."""

    def __getitem__(self, index):
        return np.full((60, 60), index, np.float32), index


class Drawn(Numbers):
    """Samples with random numbers from everywhere."""

    def __getitem__(self, index):
        pair = random.random(), legacy.rand(), legacy.randn()
        return index, *pair, mt.rand(2), legacy.rand(200, 20)


class Faulty(Numbers):
    """Raises `error` at index 13."""

    def __init__(self, error):
        super().__init__()
        self.error = error

    def __getitem__(self, index):
        if index == 13:
            raise self.error
        return index


class Killed(Numbers):
    """Ends its own process at index 5, in the way told."""

    def __init__(self, how):
        super().__init__()
        self.how = how

    def __getitem__(self, index):
        if index == 5:
            self.how()
        return index


class Slow(Numbers):
    def __init__(self, seconds, n=20):
        super().__init__(n)
        self.seconds = seconds

    def __getitem__(self, index):
        time.sleep(self.seconds)
        return index


class Stream(IterableDataset):
    """0 to n - 1, each worker its share, or all of it."""

    def __init__(self, n=10, shared=True):
        self.n = n
        self.shared = shared

    def __iter__(self):
        info = get_worker_info()
        first, step = (info.id, info.num_workers) if info and self.shared else (0, 1)
        return iter(range(first, self.n, step))


class Who(Numbers):
    """Tells who loads: worker, how many, seed, process."""

    def __getitem__(self, index):
        info = get_worker_info()
        return (index, info.id, info.num_workers, info.seed, os.getpid()) if info else (index,)


class TwoArguments(Exception):
    """Does not unpickle the usual way: it keeps other arguments than it takes."""

    def __init__(self, name, count):
        super().__init__(f"{name} {count}")
        self.count = count


def seed_for_itself(worker_id):
    mt.manual_seed(12345)


def seed_as_pytorch_advises(worker_id):
    seed = mt.initial_seed() % 2**32
    legacy.seed(seed)
    random.seed(seed)


def fail_to_start(worker_id):
    raise ValueError(f"worker {worker_id} does not start")


def share_of_worker(worker_id):
    dataset = get_worker_info().dataset
    dataset.n, dataset.shared = 3 + worker_id, False
