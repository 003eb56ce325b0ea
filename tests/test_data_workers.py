"""A loader's workers: the same batches whoever loads, errors handed over, nothing left behind."""

from __future__ import annotations

import functools
import gc
import importlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np
import pytest

import minitorch as mt
from minitorch.utils.data import DataLoader, TensorDataset, get_worker_info
from minitorch.utils.data.randomness import PythonStream

TESTS = Path(__file__).parent
sys.path.insert(0, str(TESTS))  # spawned workers get it too
programs = importlib.import_module("data_programs")

linux_only = pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="looks into /proc")
WAYS = [
    {"num_workers": 1},
    {"num_workers": 2},
    {"num_workers": 4, "persistent_workers": True},
    {"num_workers": 3, "prefetch_factor": 1},
    {"num_workers": 2, "prefetch_factor": 0},
    {"num_workers": 2, "worker_method": "thread"},
    {"num_workers": 4, "worker_method": "thread", "persistent_workers": True},
]


def plain(batch):
    if isinstance(batch, mt.Tensor):
        return batch.tolist()
    return [plain(part) for part in batch] if isinstance(batch, list) else batch


def children():
    """Living processes that this one started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = path.read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if int(parent) == os.getpid() and state != "Z":
            found.append(path.parent.name)
    return found


def descriptors():
    return len(os.listdir("/proc/self/fd"))


@pytest.fixture
def clean():
    """Nothing is left of the loaders of a test: no process, no file, no shared memory."""
    resource_tracker.ensure_running()  # comes with the first spawned process, and stays
    gc.collect()
    before = children(), descriptors(), os.listdir("/dev/shm")
    yield
    gc.collect()
    assert (children(), descriptors(), os.listdir("/dev/shm")) == before


# The same batches, whoever loads ------------------------------------------------------------------


def two_epochs(dataset, **options):
    """What two passes give, and what the program draws between and after them."""
    mt.manual_seed(3)
    random.seed(1)
    programs.legacy.seed(1)
    programs.legacy.randn()  # NumPy keeps the second of a pair
    loader = DataLoader(dataset, 4, shuffle=True, **options)
    given = []
    for _ in range(2):
        for batch in loader:
            given.append(plain(batch))
            given.append((random.random(), programs.legacy.randn(), mt.rand(1).item()))
    return given


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize(
    "dataset", [programs.Images(21), TensorDataset(mt.arange(21))], ids=["images", "tensors"]
)
def test_any_number_of_workers_gives_the_same_batches(dataset, way):
    assert two_epochs(dataset, **way) == two_epochs(dataset)


@pytest.mark.parametrize("way", WAYS[:5], ids=str)
def test_random_numbers_belong_to_the_batch(way):
    dataset = programs.Drawn(10)
    assert two_epochs(dataset, **way) == two_epochs(dataset)


def test_threads_have_minitorchs_random_numbers_of_the_batch():
    def collate(batch):
        return mt.stack([mt.rand(3) for _ in batch])

    def drawn(**options):
        mt.manual_seed(0)
        loader = DataLoader(programs.Slow(0.001, 40), 2, collate_fn=collate, **options)
        return [batch.tolist() for batch in loader] + [mt.rand(1).item()]

    assert drawn() == drawn(num_workers=3, worker_method="thread") == drawn(num_workers=2)


@pytest.mark.parametrize("way", [{}, *WAYS[:3]], ids=str)
def test_no_batch_and_no_epoch_repeats_random_numbers(way):
    loader = DataLoader(programs.Drawn(24), 2, **way)
    mt.manual_seed(0)
    for column in range(1, 5):
        numbers = np.array([b[column].numpy().ravel() for _ in range(2) for b in loader]).ravel()
        assert len(set(numbers.tolist())) == numbers.size


def test_the_streams_of_the_libraries_differ():
    batch = next(iter(DataLoader(programs.Drawn(8), 8)))
    columns = [batch[1].tolist(), batch[2].tolist(), batch[4][:, 0].tolist()]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        assert not np.isclose(columns[a], columns[b], atol=1e-3).any()


def test_the_seed_decides():
    def drawn(seed):
        mt.manual_seed(seed)
        return [plain(batch) for batch in DataLoader(programs.Drawn(4), 2, num_workers=2)]

    assert drawn(5) == drawn(5) != drawn(6)


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_spawned_workers(method):
    way = {"num_workers": 2, "multiprocessing_context": method}
    assert two_epochs(programs.Drawn(6), **way) == two_epochs(programs.Drawn(6))


def test_a_worker_init_fn_that_seeds_keeps_its_streams():
    def first_numbers(dataset, worker_init_fn):
        mt.manual_seed(0)
        loader = DataLoader(dataset, 2, num_workers=2, worker_init_fn=worker_init_fn)
        return [plain(batch) for batch in loader]

    batch = first_numbers(programs.Drawn(2), programs.seed_for_itself)[0]
    expected = mt.rand(2, generator=mt.Generator().manual_seed(12345))
    assert batch[4][0] == expected.tolist()
    # The recipe in PyTorch's documentation sets workers apart, which they are already.
    advised = first_numbers(programs.Drawn(6), programs.seed_as_pytorch_advises)
    assert advised == first_numbers(programs.Drawn(6), None)


# Order, shares, information -----------------------------------------------------------------------


def test_no_loss_when_batches_come_out_of_order():
    for method in ("multiprocessing", "thread"):
        loader = DataLoader(
            programs.Slow(0.001, 41), 3, num_workers=3, in_order=False, worker_method=method
        )
        assert sorted(key for batch in loader for key in batch.tolist()) == list(range(41))


@pytest.mark.parametrize("method", ["multiprocessing", "thread"])
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_an_iterable_dataset_in_shares_gives_each_item_once(workers, method):
    options = {"num_workers": workers, "worker_method": method, "persistent_workers": True}
    for size in (1, 3, None):
        loader = DataLoader(programs.Stream(10), size, **options)
        for _ in range(2):
            items = [item for b in loader for item in (b.tolist() if size else [b])]
            assert sorted(items) == list(range(10))
            if workers == 1:
                assert items == sorted(items)


def test_an_iterable_dataset_without_shares_is_repeated_by_each_worker():
    loader = DataLoader(programs.Stream(3, shared=False), 1, num_workers=2)
    assert [batch.item() for batch in loader] == [0, 0, 1, 1, 2, 2]
    loader = DataLoader(programs.Stream(3, shared=False), 2, num_workers=2, drop_last=True)
    assert [batch.tolist() for batch in loader] == [[0, 1], [0, 1]]


@pytest.mark.parametrize("method", ["multiprocessing", "thread"])
def test_worker_init_fn_can_configure_the_workers_own_dataset(method):
    dataset = programs.Stream()
    loader = DataLoader(
        dataset, 10, num_workers=2, worker_init_fn=programs.share_of_worker, worker_method=method
    )
    assert [batch.tolist() for batch in loader] == [[0, 1, 2], [0, 1, 2, 3]]
    assert dataset.n == 10


def test_worker_info():
    assert get_worker_info() is None
    mt.manual_seed(4)
    base_seed = int(mt.Generator().manual_seed(4).random((), "int64"))
    for batch in DataLoader(programs.Who(8), 2, num_workers=2):
        index, worker, workers, seed, process = (part.tolist() for part in batch)
        assert worker == [index[0] // 2 % 2] * 2
        assert workers == [2, 2]
        assert seed == [base_seed + worker[0]] * 2
        assert process[0] != os.getpid()
    assert [len(sample) for sample in DataLoader(programs.Who(2), None)] == [1, 1]


def test_persistent_workers_are_the_same_processes():
    def processes(loader):
        return {pid for batch in loader for pid in batch[4].tolist()}

    loader = DataLoader(programs.Who(8), 2, num_workers=2, persistent_workers=True)
    assert processes(loader) == processes(loader)
    loader = DataLoader(programs.Who(8), 2, num_workers=2)
    assert not processes(loader) & processes(loader)


# Shared memory ------------------------------------------------------------------------------------


@linux_only
@pytest.mark.parametrize("method", [None, "spawn"])
def test_large_arrays_arrive_whole_and_can_be_kept_and_changed(method, clean):
    loader = DataLoader(
        programs.Images(90), 2, num_workers=1, multiprocessing_context=method, prefetch_factor=3
    )
    kept = list(loader)  # more than there are shared segments
    for number, (images, labels) in enumerate(kept):
        assert labels.tolist() == [2 * number, 2 * number + 1]
        images += 1
    for number, (images, _) in enumerate(kept):
        assert (images[0] == 2 * number + 1).all()
        assert (images[1] == 2 * number + 2).all()
    del kept, images, labels


@linux_only
def test_shared_memory_is_used_again():
    iterator = iter(DataLoader(programs.Images(100), 2, num_workers=1))
    for images, _ in iterator:
        assert images.sum() >= 0
    assert len(iterator.pool.receivers) == 0
    iterator = iter(DataLoader(programs.Images(100), 2, num_workers=1))
    for _ in range(40):
        next(iterator)
    assert len(iterator.pool.receivers[0].segments) <= 4


@linux_only
def test_spawned_workers_get_a_large_dataset_through_shared_memory(clean):
    x = mt.arange(200_000.0).reshape(1000, 200)
    iterator = iter(
        DataLoader(TensorDataset(x), 250, num_workers=2, multiprocessing_context="spawn")
    )
    assert [len(sender.segments) for sender in iterator.pool.senders] == [1, 1]
    assert mt.cat([rows for (rows,) in iterator]).equal(x)
    del iterator


def test_batches_of_any_make_cross_over():
    batches = [
        {"text": ["a" * 100_000, "b"], "more": (1, None)},
        np.asfortranarray(np.arange(200_000).reshape(400, 500)),
        np.arange(400_000)[::2],
        [mt.arange(50_000).reshape(2, -1).t(), mt.tensor(3)],
        mt.ones(30_000, requires_grad=True),
        np.zeros((0, 5)),
    ]
    loader = DataLoader(
        programs.Numbers(6), 1, num_workers=2, collate_fn=lambda keys: batches[keys[0]]
    )
    for got, want in zip(loader, batches, strict=True):
        for a, b in zip(*(x if isinstance(x, list) else [x] for x in (got, want)), strict=True):
            if not isinstance(a, np.ndarray | mt.Tensor):
                assert a == b
                continue
            assert type(a) is type(b)
            assert a.dtype == b.dtype
            if isinstance(a, mt.Tensor):
                assert a.requires_grad == b.requires_grad
                a, b = a.detach().numpy(), b.detach().numpy()
            assert np.array_equal(a, b)


def test_a_batch_with_history_is_refused():
    loader = DataLoader(
        programs.Numbers(), num_workers=1,
        collate_fn=lambda keys: mt.ones(3, requires_grad=True) * 2,
    )  # fmt: skip
    with pytest.raises(RuntimeError, match="detach"):
        next(iter(loader))


# Errors -------------------------------------------------------------------------------------------


def shown(error):
    return "".join(traceback.format_exception(error))


@pytest.mark.parametrize("way", [{}, {"num_workers": 2}, WAYS[5]], ids=str)
@pytest.mark.parametrize(
    "error",
    [
        ValueError("no good"), KeyError("no good"), KeyError(4), IndexError(),
        OSError(2, "no good"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "no good"), programs.TwoArguments("no good", 3),
        AssertionError("no good"), ZeroDivisionError("no good"), StopIteration("no good"),
    ],
    ids=repr,
)  # fmt: skip
def test_an_exception_arrives_with_type_index_and_traceback(error, way):
    given = []
    with pytest.raises(RuntimeError if isinstance(error, StopIteration) else type(error)) as info:
        for batch in DataLoader(programs.Faulty(error), 5, **way):
            given.append(batch.tolist())
    assert given == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    text = shown(info.value)
    assert "index 13" in text
    assert "__getitem__" in text
    assert "data_programs.py" in text
    if error.args and not isinstance(error, StopIteration):
        assert str(error.args[0]) in text
    if isinstance(error, OSError):
        assert info.value.errno == 2
    if isinstance(error, programs.TwoArguments):
        assert info.value.count == 3
    if way and type(error) in (ValueError, KeyError, IndexError):  # as PyTorch shows it
        assert "Traceback" in str(info.value)
        assert "index 13" in str(info.value)


def test_an_exception_whose_type_cannot_travel_is_told_all_the_same():
    class Local(Exception):
        pass

    with pytest.raises(RuntimeError, match="Local: no good") as info:
        list(DataLoader(programs.Faulty(Local("no good")), 5, num_workers=2))
    assert "index 13" in str(info.value)


@pytest.mark.parametrize("method", ["multiprocessing", "thread"])
def test_after_an_exception_the_next_batch_comes(method):
    iterator = iter(
        DataLoader(programs.Faulty(ValueError()), 4, num_workers=2, worker_method=method)
    )
    given = []
    while len(given) < 4:
        try:
            given.append(next(iterator).tolist())
        except ValueError:
            continue
    assert given == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [16, 17, 18, 19]]


@pytest.mark.parametrize("method", ["multiprocessing", "thread"])
def test_a_worker_that_cannot_start(method):
    loader = DataLoader(
        programs.Numbers(), num_workers=2, worker_init_fn=programs.fail_to_start,
        worker_method=method,
    )  # fmt: skip
    with pytest.raises(ValueError, match="worker 0 does not start"):
        next(iter(loader))


def test_what_cannot_be_pickled_is_told():
    loader = DataLoader(programs.Numbers(), num_workers=1, collate_fn=lambda keys: lambda: 3)
    with pytest.raises(Exception, match="pickle") as info:
        next(iter(loader))
    assert "while the batch was sent" in str(info.value)


@pytest.mark.parametrize("method", ["multiprocessing", "thread"])
def test_timeout(method):
    began = time.monotonic()
    loader = DataLoader(
        programs.Slow(3), num_workers=1, timeout=0.3, worker_method=method, prefetch_factor=1
    )
    with pytest.raises(RuntimeError, match="timed out after 0.3 seconds"):
        next(iter(loader))
    assert time.monotonic() - began < 2.5


# Ends ---------------------------------------------------------------------------------------------

ENDS = {
    "SIGKILL": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "SIGTERM": lambda: os.kill(os.getpid(), signal.SIGTERM),
    "exit code 3": lambda: os._exit(3),
    "exit code 4": lambda: sys.exit(4),
}


@linux_only
@pytest.mark.parametrize("end", ENDS)
def test_a_worker_that_ends_is_an_error_at_once(end, clean):
    began = time.monotonic()
    iterator = iter(DataLoader(programs.Killed(ENDS[end]), 1, num_workers=2))
    with pytest.raises(RuntimeError, match=f"exited unexpectedly.*{end}"):
        list(iterator)
    with pytest.raises(RuntimeError, match="exited unexpectedly"):  # and stays one
        next(iterator)
    assert time.monotonic() - began < 5
    del iterator


@linux_only
@pytest.mark.parametrize("moment", [0, 0.003, 0.02])
@pytest.mark.parametrize("victims", [[0], [1], [0, 1]])
def test_a_killed_worker_at_any_moment(victims, moment, clean):
    iterator = iter(DataLoader(programs.Images(4000), 8, num_workers=2, persistent_workers=True))
    pids = [process.pid for process in iterator.pool.processes]

    def kill():
        time.sleep(moment)
        for victim in victims:
            os.kill(pids[victim], signal.SIGKILL)

    images, labels = next(iterator)
    thread = threading.Thread(target=kill)
    began = time.monotonic()
    thread.start()
    with pytest.raises(RuntimeError, match="SIGKILL"):
        for images, labels in iterator:
            assert (images[:, 0, 0] == labels).all()
    assert time.monotonic() - began < 5
    thread.join()
    del iterator, images, labels


@linux_only
def test_workers_end_when_the_loop_is_left(clean):
    for batch in DataLoader(programs.Images(400), 4, num_workers=2):
        assert batch
        break
    del batch


@linux_only
def test_workers_end_when_an_error_leaves_the_loop_without_the_garbage_collector(clean):
    gc.disable()
    try:
        for way in ({}, {"persistent_workers": True}):
            with pytest.raises(ValueError, match="no good"):
                list(DataLoader(programs.Faulty(ValueError("no good")), 1, num_workers=2, **way))
        loader = DataLoader(programs.Numbers(), 1, num_workers=2, persistent_workers=True)
        list(loader)
        assert children()
        del loader
    finally:
        gc.enable()


@linux_only
def test_a_worker_that_is_busy_is_not_waited_for(clean):
    iterator = iter(DataLoader(programs.Slow(60), 1, num_workers=2))
    began = time.monotonic()
    del iterator
    assert time.monotonic() - began < 5


def test_loaders_side_by_side_and_inside_each_other():
    loader = DataLoader(programs.Numbers(6), 2, num_workers=2)
    assert [(a.tolist(), b.tolist()) for a, b in zip(loader, loader)] == [
        ([i, i + 1],) * 2 for i in (0, 2, 4)
    ]
    assert [(a[0].item(), b[0].item()) for a in loader for b in loader] == [
        (i, j) for i in (0, 2, 4) for j in (0, 2, 4)
    ]


def test_a_persistent_pass_can_be_left_and_begun_anew():
    for method in ("multiprocessing", "thread"):
        loader = DataLoader(
            programs.Images(9), 2, num_workers=2, persistent_workers=True, worker_method=method
        )
        for stop in (1, 3, 9):
            for number, (images, _) in zip(range(stop), loader):
                assert images[0, 0, 0] == 2 * number


def run(program, **keywords):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), *sys.path])}
    return subprocess.Popen(
        [sys.executable, *keywords.pop("arguments", ["-c", textwrap.dedent(program)])],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, **keywords,
    )  # fmt: skip


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@linux_only
@pytest.mark.parametrize("sign", ["SIGKILL", "SIGINT", "SIGTERM"])
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_no_worker_survives_the_program(sign, method):
    program = f"""
        import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
        import data_programs
        from minitorch.utils.data import DataLoader
        first = DataLoader(data_programs.Numbers(400), 1, num_workers=1, persistent_workers=True)
        iter(first)
        iterator = iter(DataLoader(data_programs.Slow(30), 1, num_workers=2,
                                   multiprocessing_context={method!r}))
        pools = first._iterator.pool, iterator.pool
        print(*(p.pid for pool in pools for p in pool.processes), flush=True)
        next(iterator)
    """
    with run(program, start_new_session=True) as process:
        pids = process.stdout.readline().split()
        assert len(pids) == 3
        time.sleep(0.2)
        began = time.monotonic()
        if sign == "SIGINT":  # as a terminal does: to the whole group
            os.killpg(process.pid, signal.SIGINT)
        else:
            process.send_signal(getattr(signal, sign))
        errors = process.stderr.read()  # its end is open in the workers too
        process.wait()
        while any(map(alive, pids)) and time.monotonic() - began < 8:
            time.sleep(0.02)
        assert not any(map(alive, pids))
    if sign == "SIGINT":
        assert errors.count("Traceback") == 1
        assert errors.rstrip().endswith("KeyboardInterrupt")


@linux_only
def test_a_program_may_end_in_the_middle():
    program = """
        import data_programs
        from minitorch.utils.data import DataLoader
        iterator = iter(DataLoader(data_programs.Images(400), 1, num_workers=2))
        batch = next(iterator)
        threads = iter(DataLoader(data_programs.Slow(30), 1, num_workers=2, worker_method="thread"))
    """
    began = time.monotonic()
    with run(program) as process:
        assert process.communicate(timeout=30) == ("", "")
    assert process.returncode == 0
    assert time.monotonic() - began < 8


def test_a_fork_of_the_program_does_not_end_its_workers():
    loader = DataLoader(programs.Numbers(8), 1, num_workers=1)
    iterator = iter(loader)
    assert next(iterator).item() == 0
    if hasattr(os, "fork"):
        pid = os.fork()
        if pid == 0:
            iterator.close()
            os._exit(0)
        os.waitpid(pid, 0)
    assert [batch.item() for batch in iterator] == list(range(1, 8))


def test_an_iterator_is_not_pickled():
    import pickle

    loader = DataLoader(programs.Numbers(4), 2)
    with pytest.raises(NotImplementedError, match="cannot be pickled"):
        pickle.dumps(iter(loader))
    assert len(pickle.loads(pickle.dumps(loader))) == 2


def test_partial_functions_and_bound_methods_reach_spawned_workers():
    loader = DataLoader(
        programs.Numbers(4), 2, num_workers=1, multiprocessing_context="spawn",
        collate_fn=functools.partial(sum, start=100),
    )  # fmt: skip
    assert list(loader) == [101, 105]


# Programs that spawned processes cannot import ----------------------------------------------------

NOTEBOOK = """
import collections, dataclasses, functools, random
import numpy as np
import minitorch as mt
from minitorch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

SCALE = 3
Point = collections.namedtuple("Point", "x y")

@dataclasses.dataclass
class Config:
    size: int = 5

class Slotted:
    __slots__ = ("value",)

class Problem(ValueError):
    pass

@functools.lru_cache
def helper(x):
    return x * SCALE if x < 5 else helper(x - 5)

def shifted(by):
    return lambda x: x + by + SCALE

class Base(Dataset[int]):
    def __init__(self, function=None):
        self.config, self.function = Config(7), function or shifted(100)
        self.slotted = Slotted()
        self.slotted.value = 4

    def __len__(self):
        return dataclasses.replace(self.config).size

class Data(Base):
    def __init__(self, function=None):
        super().__init__(function)

    @property
    def half(self):
        return np.float32(0.5)

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def same(x):
        return x

    def __getitem__(self, index):
        return Point(helper(index) + self.function(index), self.same(self.half))

class Count(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        yield from range(info.id, 6, info.num_workers) if info else range(6)

class Bad(Data):
    def __getitem__(self, index):
        raise Problem("no good")

def everything(**options):
    mt.manual_seed(0)
    collate = lambda samples: (samples, random.random(), SCALE)
    found = [*DataLoader(Data.make(), 3, collate_fn=collate, **options)]
    found += sorted(b.item() for b in DataLoader(Count(), **options))
    try:
        next(iter(DataLoader(Bad(), **options)))
    except Problem as problem:
        found.append(str(problem).split()[0])
    return found

assert everything() == everything(num_workers=2, multiprocessing_context="spawn")
print("the same")
"""


@pytest.mark.parametrize("how", ["stdin", "-c"])
def test_spawned_workers_of_a_program_that_has_no_file(how):
    given = {"arguments": ["-"], "stdin": subprocess.PIPE} if how == "stdin" else {}
    with run(NOTEBOOK, **given) as process:
        output, errors = process.communicate(NOTEBOOK if given else None, timeout=60)
    assert (output, errors) == ("the same\n", "")


def test_a_program_without_a_guard_is_told_what_it_needs(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(
        "from minitorch.utils.data import DataLoader\n"
        "list(DataLoader([1, 2], num_workers=1, multiprocessing_context='spawn'))\n"
    )
    with run("", arguments=[str(path)]) as process:
        _, errors = process.communicate(timeout=60)
    assert "must start under `if __name__ == '__main__':`" in errors.splitlines()[-1]


@linux_only
def test_a_dataset_that_cannot_be_sent_to_spawned_workers_is_told(clean):
    loader = DataLoader([threading.Lock()], num_workers=1, multiprocessing_context="spawn")
    with pytest.raises(TypeError, match="cannot pickle"):
        iter(loader)


def test_functions_that_have_no_name_reach_spawned_workers():
    loader = DataLoader(
        [1, 2, 3], 3, num_workers=1, multiprocessing_context="spawn",
        collate_fn=lambda samples: [x + TESTS_SUM for x in samples],
    )  # fmt: skip
    assert list(loader) == [[11, 12, 13]]


TESTS_SUM = 10


@pytest.mark.parametrize("copied", [True, False], ids=["its memory copied", "its state as numbers"])
def test_pythons_stream_is_lent_and_given_back(copied, monkeypatch):
    if not copied:
        monkeypatch.setattr(PythonStream, "_find", lambda self: None)
    stream = PythonStream(random, np.random)
    random.seed(3)
    random.gauss(0, 1)  # which keeps a second number
    expected = random.getstate()
    held = stream.get()
    stream.seed(7)
    words = np.random.RandomState(7).randint(0, 2**32, 4, dtype=np.uint64)
    drawn = [random.getrandbits(32) for _ in range(4)]
    assert drawn == words.tolist()
    random.gauss(0, 1)
    stream.set(held)
    assert random.getstate() == expected
