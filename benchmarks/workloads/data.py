"""Loading: one pass over a dataset, per sample, without workers and with 2 and 4 processes.
`-threads` has threads instead, which PyTorch has not: there the same number of processes.

The workers stay from pass to pass (`persistent_workers`), so a pass is loading, not starting.
"""

import importlib
import warnings

import numpy as np

from benchmarks.registry import workload

ROWS, IMAGES = 2048, 256  # samples in a pass


def loader(T, dataset, workers, threads=False, **options):
    data = importlib.import_module(f"{T.__name__}.utils.data")
    warnings.filterwarnings("ignore", "This DataLoader will create", UserWarning)  # more than cores
    if workers:
        options.update(num_workers=workers, persistent_workers=True)
    if threads and T.__name__ != "torch":
        options.update(worker_method="thread")
    return data.DataLoader(dataset(T, data), shuffle=True, **options)


def passes(batches):
    def loop(n):
        for _ in range(n):
            total = 0
            for _, labels in batches:
                total += len(labels)
        assert total == len(batches.dataset)

    return loop


def table(T, data):
    """Rows of 784 numbers in memory, as MNIST."""
    rng = np.random.default_rng(0)
    x = rng.random((ROWS, 784), np.float32)
    return data.TensorDataset(T.from_numpy(x), T.from_numpy(rng.integers(0, 10, ROWS)))


class Rows:
    """The same as a user's own class, sample by sample."""

    def __init__(self, T, data):
        self.x, self.y = table(T, data).tensors

    def __len__(self):
        return ROWS

    def __getitem__(self, index):
        return self.x[index], self.y[index]


class Images:
    """Images that take NumPy some work: contrast, flip, normalization, noise."""

    def __init__(self, size):
        self.pixels = np.random.default_rng(0).integers(0, 255, (16, 3, size, size), np.uint8)

    def __len__(self):
        return IMAGES

    def __getitem__(self, index):
        image = self.pixels[index % 16].astype(np.float32) / 255
        image = np.power(image, 0.8)[:, :, ::-1]
        image = (image - image.mean()) / image.std()
        return image + np.sin(image), index % 10


def add(name, what, samples, dataset, batch_size):
    def one(workers, kind, threads=False):
        @workload(
            f"data-{name}-{workers}{'-threads' if threads else ''}",
            f"load {what}, {workers or 'no'} {kind}, per sample",
            per=samples,
        )
        def setup(T):
            return passes(loader(T, dataset, workers, threads, batch_size=batch_size))

    for workers in (0, 2, 4):
        one(workers, "workers")
    one(2, "threads", threads=True)


add("table", "a TensorDataset of rows, batch 64", ROWS, table, 64)
add("rows", "the rows one by one, batch 64", ROWS, Rows, 64)
add("images", "3x64x64 with NumPy work, batch 32", IMAGES, lambda T, data: Images(64), 32)
add("photos", "3x224x224 with NumPy work, batch 8", IMAGES, lambda T, data: Images(224), 8)
