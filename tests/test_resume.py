"""A run that was killed goes on to the very bits of one that was not."""

import importlib
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import minitorch
from minitorch import nn, optim
from minitorch.serialization import LoadError
from minitorch.utils import Checkpoint
from minitorch.utils.data import DataLoader, Dataset

legacy = importlib.import_module("numpy.random")  # its stream of old is saved, too

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01, momentum=0.5),
    "Muon": lambda p: optim.Muon([q for q in p if q.ndim == 2], lr=0.01),
}


class Shuffled:
    """A loader as plain as can be: another order in each pass."""

    def __init__(self, x, size, generator=None):
        self.x, self.size, self.generator = x, size, generator

    def __iter__(self):
        order = minitorch.randperm(len(self.x), generator=self.generator)
        for part in order.split(self.size):
            yield self.x[part]


class Run:
    """A run with all that is random: dropout, order, noise from three sources."""

    def __init__(self, folder, kind="Adam", own_generator=False):
        minitorch.manual_seed(1)
        legacy.seed(2)
        self.model = nn.Sequential(
            nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.4), nn.Linear(8, 1)
        )
        self.optimizer = OPTIMIZERS[kind](list(self.model.parameters()))
        self.scheduler = optim.lr_scheduler.OneCycleLR(self.optimizer, 0.05, total_steps=40)
        self.generator = minitorch.Generator().manual_seed(3)
        generator = minitorch.Generator().manual_seed(4) if own_generator else None
        self.loader = Shuffled(minitorch.randn(20, 4), 5, generator)
        self.steps = 0
        self.checkpoint = Checkpoint(
            folder / "run.pt", model=self.model, optimizer=self.optimizer,
            scheduler=self.scheduler, noise=self.generator,
        )  # fmt: skip

    def train(self, epochs, save_at=None, save_each_epoch=False):
        for _ in self.checkpoint.epochs(epochs):
            for x in self.checkpoint.batches(self.loader):
                x = x + minitorch.randn(x.shape, generator=self.generator) * legacy.rand()
                loss = self.model(x).square().mean()
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
                self.scheduler.step()
                self.steps += 1
                if self.steps == save_at:
                    self.checkpoint.save(steps=self.steps)
                    return self
            if save_each_epoch:
                self.checkpoint.save(steps=self.steps)
        return self

    def resume(self):
        self.steps = self.checkpoint.load()["steps"]
        return self

    def bits(self):
        tensors = [*self.model.state_dict().values()]
        for state in self.optimizer.state_dict()["state"].values():
            tensors += [v for v in state.values() if isinstance(v, minitorch.Tensor)]
        return [t.numpy().tobytes() for t in tensors] + [self.scheduler.get_last_lr()]


@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("save_at", [1, 3, 4, 7, 12])
def test_bit_by_bit_from_any_step(kind, save_at, tmp_path):
    straight = Run(tmp_path, kind).train(4)
    Run(tmp_path, kind).train(4, save_at=save_at)
    minitorch.rand(7)  # a new process begins with other streams
    legacy.rand(3)
    resumed = Run(tmp_path, kind)
    minitorch.rand(5)
    resumed.resume().train(4)
    assert resumed.steps == straight.steps == 16
    assert resumed.bits() == straight.bits()


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_bit_by_bit_from_the_end_of_an_epoch(epochs, own, tmp_path):
    straight = Run(tmp_path, own_generator=own).train(4, save_each_epoch=False)
    Run(tmp_path, own_generator=own).train(epochs, save_each_epoch=True)
    resumed = Run(tmp_path, own_generator=own).resume().train(4)
    assert resumed.steps == straight.steps
    assert resumed.bits() == straight.bits()


def test_a_loader_with_a_generator_of_its_own(tmp_path):
    straight = Run(tmp_path, own_generator=True).train(3)
    Run(tmp_path, own_generator=True).train(3, save_at=6)
    resumed = Run(tmp_path, own_generator=True).resume().train(3)
    assert resumed.bits() == straight.bits()


class Noisy(Dataset):
    """Draws random numbers for every sample."""

    def __len__(self):
        return 20

    def __getitem__(self, i):
        return minitorch.full((4,), float(i)) + minitorch.rand(4) + legacy.rand()


@pytest.mark.skipif(os.name != "posix", reason="needs fork")
@pytest.mark.parametrize("own_generator", [False, True])
@pytest.mark.parametrize("workers", [(0, 0), (2, 2), (0, 2)])
def test_a_data_loader(workers, own_generator, tmp_path):
    def start(num_workers):
        run = Run(tmp_path)
        run.loader = DataLoader(
            Noisy(), batch_size=5, shuffle=True, num_workers=num_workers,
            multiprocessing_context="fork" if num_workers else None,
            generator=minitorch.Generator().manual_seed(4) if own_generator else None,
        )  # fmt: skip
        return run

    straight = start(workers[0]).train(3)
    start(workers[0]).train(3, save_at=6)
    resumed = start(workers[1]).resume().train(3)
    assert resumed.steps == straight.steps
    assert resumed.bits() == straight.bits()


PROGRAM = """
    import sys
    sys.path[:0] = {paths!r}
    import pathlib, test_resume
    run = test_resume.Run(pathlib.Path({folder!r}), {kind!r})
    if run.checkpoint.exists():
        run.resume()
    for epoch in run.checkpoint.epochs(6):
        for x in run.checkpoint.batches(run.loader):
            loss = run.model(x).square().mean()
            run.optimizer.zero_grad()
            loss.backward()
            run.optimizer.step()
            run.scheduler.step()
            run.steps += 1
            run.checkpoint.save(steps=run.steps)
            print(run.steps, flush=True)
    print("bits", hash(tuple(run.bits()[:-1])), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_killed_in_the_middle(kind, tmp_path):
    here = Path(__file__).resolve()

    def start(folder):
        folder.mkdir(exist_ok=True)
        paths = [str(here.parent), str(here.parent.parent)]
        program = textwrap.dedent(PROGRAM.format(paths=paths, folder=str(folder), kind=kind))
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        return subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
        )

    with start(tmp_path / "straight") as process:
        straight = process.stdout.read().splitlines()
    assert straight[-1].startswith("bits ")
    assert straight[:-1] == [str(n) for n in range(1, 25)]
    for step in ("5", "13"):
        with start(tmp_path / "killed") as process:
            for line in process.stdout:
                if line.strip() == step:
                    process.send_signal(signal.SIGKILL)
                    break
    with start(tmp_path / "killed") as process:
        resumed = process.stdout.read().splitlines()
    assert int(resumed[0]) >= 14
    assert resumed[-1] == straight[-1]


# What it refuses ----------------------------------------------------------------------------------


def test_what_does_not_fit_changes_nothing(tmp_path):
    Run(tmp_path).train(1, save_each_epoch=True)
    run = Run(tmp_path)
    before = run.bits()
    path = tmp_path / "run.pt"
    smaller = nn.Linear(4, 1)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        Checkpoint(path, optimizer=run.optimizer, scheduler=run.scheduler, noise=run.generator,
                   model=smaller).load()  # fmt: skip
    with pytest.raises(LoadError, match="it holds model, optimizer, scheduler, noise"):
        Checkpoint(path, model=run.model).load()
    minitorch.save({"a": 1}, tmp_path / "other.pt")
    with pytest.raises(LoadError, match=r"not written by Checkpoint\.save"):
        Checkpoint(tmp_path / "other.pt", model=run.model).load()
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(LoadError):
        run.checkpoint.load()
    with pytest.raises(FileNotFoundError):
        Checkpoint(tmp_path / "missing.pt").load()
    assert run.bits() == before
    assert minitorch.initial_seed() == 1


def test_wrong_parts():
    with pytest.raises(TypeError, match="losses is a list"):
        Checkpoint("x.pt", losses=[1.0])


def test_one_pass_at_a_time(tmp_path):
    checkpoint = Checkpoint(tmp_path / "x.pt")
    with pytest.raises(RuntimeError, match="one at a time"):
        for _ in checkpoint.batches([1, 2]):
            for _ in checkpoint.batches([1, 2]):
                pass
    assert list(checkpoint.batches([1, 2])) == [1, 2]


def test_notes(tmp_path):
    checkpoint = Checkpoint(tmp_path / "x.pt")
    assert not checkpoint.exists()
    checkpoint.save(history=[(1, 0.5)], best=minitorch.ones(2))
    assert checkpoint.exists()
    minitorch.manual_seed(5)
    assert checkpoint.notes()["history"] == [(1, 0.5)]
    assert minitorch.initial_seed() == 5
    assert checkpoint.load()["best"].tolist() == [1.0, 1.0]
