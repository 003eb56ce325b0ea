"""Files are written whole, whatever happens meanwhile."""

import errno
import os
import random
import signal
import stat
import threading
import time

import pytest

import minitorch
from minitorch.serialization import atomic_write

posix_only = pytest.mark.skipif(os.name != "posix", reason="needs POSIX")
FORMATS = ["pt", "safetensors", "npz"]


def state(n):
    """Something that shows at once whether it is whole: about 200 kB."""
    return {str(i): minitorch.full((10_000,), float(n)) for i in range(5)}


def number(path):
    """The `n` of the state in the file."""
    values = {float(v) for tensor in minitorch.load(path).values() for v in tensor[[0, -1]]}
    assert len(values) == 1
    return values.pop()


def parts(folder):
    return [name for name in os.listdir(folder) if name.endswith(".part")]


def in_child(function):
    """Run `function` in a forked process; its process id."""
    pid = os.fork()
    if pid == 0:
        try:
            function()
        finally:
            os._exit(0)
    return pid


@posix_only
@pytest.mark.parametrize("format", FORMATS)
def test_a_writer_killed_at_any_moment_leaves_a_whole_file(format, tmp_path):
    path = tmp_path / f"x.{format}"
    minitorch.save(state(0), path)
    rng = random.Random(0)

    def write_on():
        n = number(path)
        while True:
            n += 1
            minitorch.save(state(n), path)

    last = 0.0
    for _ in range(25):
        child = in_child(write_on)
        time.sleep(rng.uniform(0.001, 0.03))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert number(path) >= last
        last = number(path)
        assert len(parts(tmp_path)) <= 1  # the next writer clears up after the last
    assert last > 0
    minitorch.save(state(-1.0), path)
    assert number(path) == -1
    assert os.listdir(tmp_path) == [path.name]


class FullDisk:
    """Fails after `room` bytes."""

    def __init__(self, file, room):
        self.file, self.room = file, room

    def write(self, data):
        self.room -= memoryview(data).nbytes
        if self.room < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return self.file.write(data)


@posix_only
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("room", [0, 100, 50_000, 150_000])
def test_a_full_disk_leaves_the_old_file(format, room, tmp_path):
    import resource

    path = tmp_path / f"x.{format}"
    minitorch.save(state(1), path)
    before = path.read_bytes()
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, old[1]))
    try:
        with pytest.raises(OSError) as caught:
            minitorch.save(state(2), path)
        assert str(path) in str(caught.value)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_the_last_steps_may_fail(call, tmp_path, monkeypatch):
    path = tmp_path / "x.pt"
    minitorch.save(state(1), path)

    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space"):
        minitorch.save(state(2), path)
    monkeypatch.undo()
    assert number(path) == 1
    assert os.listdir(tmp_path) == ["x.pt"]


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file(error, tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_write(path) as file:
        file.write(b"new")
        raise error
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x.txt"]


def test_what_cannot_be_saved_changes_nothing(tmp_path):
    path = tmp_path / "x.pt"
    minitorch.save(1, path)
    with pytest.raises(Exception, match="pickle"):
        minitorch.save({"a": minitorch.ones(1), "b": lambda: 0}, path)
    assert minitorch.load(path) == 1
    assert os.listdir(tmp_path) == ["x.pt"]


@posix_only
def test_permissions_stay(tmp_path):
    path = tmp_path / "x.pt"
    old = os.umask(0o027)
    try:
        minitorch.save(1, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640  # as open() would
    finally:
        os.umask(old)
    for mode in (0o600, 0o664, 0o755):
        path.chmod(mode)
        minitorch.save(2, path)
        assert stat.S_IMODE(path.stat().st_mode) == mode


@posix_only
def test_links_stay_links(tmp_path):
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "x.pt", tmp_path / "link.pt"
    link.symlink_to(target)
    for value in (1, 2):  # also where the target does not exist yet
        minitorch.save(value, link)
        assert link.is_symlink()
        assert minitorch.load(target) == value
    assert os.listdir(tmp_path / "there") == ["x.pt"]


@posix_only
def test_a_planted_part_is_not_written_to(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".x.pt.0.part").symlink_to(victim)
    minitorch.save(1, tmp_path / "x.pt")
    assert victim.read_bytes() == b"precious"
    assert not (tmp_path / "x.pt").is_symlink()
    assert minitorch.load(tmp_path / "x.pt") == 1


def test_two_writers_at_once(tmp_path):
    path = tmp_path / "x.pt"
    errors = []

    def write(n):
        try:
            for _ in range(10):
                minitorch.save(state(n), path)
                number(path)
        except Exception as error:  # the thread would swallow it
            errors.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert number(path) in range(4)
    assert os.listdir(tmp_path) == ["x.pt"]


def test_folders_that_are_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"missing.x\.pt"):
        minitorch.save(1, tmp_path / "missing" / "x.pt")
    with pytest.raises(IsADirectoryError if os.name == "posix" else PermissionError):
        minitorch.save(1, tmp_path)
    with pytest.raises(FileNotFoundError):
        minitorch.load(tmp_path / "x.pt")


@posix_only
def test_devices_are_written_to():
    minitorch.save(1, "/dev/null")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("room", [10, 5_000])
def test_a_full_file_object(format, room, tmp_path):
    with open(tmp_path / "x", "wb") as file, pytest.raises(OSError, match="No space"):
        minitorch.save(state(1), FullDisk(file, room), format=format)


def test_long_names(tmp_path):
    path = tmp_path / ("ä" * 120)
    minitorch.save(1, path)
    assert minitorch.load(path) == 1
