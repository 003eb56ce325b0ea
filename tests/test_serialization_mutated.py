"""Damaged files: each loads with the right values or raises LoadError, in little memory."""

import io
import tracemalloc
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch.serialization import LoadError

FORMATS = ["pt", "safetensors", "npz", "npz compressed"]
MUTANTS = 500


def content():
    minitorch.manual_seed(0)
    model = minitorch.nn.Sequential(minitorch.nn.Linear(5, 7), minitorch.nn.BatchNorm1d(7))
    return {**model.state_dict(), "z": minitorch.ones(2, dtype=minitorch.complex64)}


@cache
def good(format):
    file = io.BytesIO()
    if format == "npz compressed":
        np.savez_compressed(file, **{name: t.numpy() for name, t in content().items()})
    elif format == "pt":
        minitorch.save({"model": content(), "epoch": 3, "names": ["a", ("b", 1.5)]}, file)
    else:
        minitorch.save(content(), file, format=format)
    return file.getvalue()


def flat(loaded):
    """What was loaded as comparable pieces."""
    if isinstance(loaded, minitorch.Tensor):
        return [str(loaded.dtype), tuple(loaded.shape), loaded.tolist()]
    if isinstance(loaded, dict):
        return [type(loaded).__name__, *[[key, flat(value)] for key, value in loaded.items()]]
    if isinstance(loaded, (list, tuple)):
        return [type(loaded).__name__, *map(flat, loaded)]
    return loaded


def load(data):
    return flat(minitorch.load(io.BytesIO(data)))


@cache
def honest(format):
    """What the good file holds, and how much memory loading it takes at most."""
    load(good(format))
    tracemalloc.start()
    minitorch.load(io.BytesIO(good(format)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return load(good(format)), peak


def mutate(data, rng):
    """One to eight random changes: bytes flipped, set, cut out, doubled, moved; the end cut off."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 9)):
        a, b = sorted(rng.integers(0, len(data) + 1, 2).tolist())
        short = min(b, a + int(rng.integers(1, 9)))
        kind = rng.integers(0, 8)
        if kind <= 2 and a < len(data):
            data[a] ^= 1 << int(rng.integers(0, 8))
        elif kind == 3:
            data[a:short] = rng.bytes(short - a)
        elif kind == 4:
            data[a:short] = bytes([int(rng.choice([0, 255]))]) * (short - a)
        elif kind == 5 and rng.random() < 0.3:
            del data[a:short]
        elif kind == 6 and rng.random() < 0.3:
            data[a:a] = data[a:short]
        elif kind == 7 and rng.random() < 0.2:
            del data[b:]
        if not data:
            break
    return bytes(data)


@pytest.mark.parametrize("format", FORMATS)
def test_mutants_load_right_or_not_at_all(format):
    right, peak = honest(format)
    rng = np.random.default_rng(FORMATS.index(format))
    refused = 0
    for _ in range(MUTANTS):
        data = mutate(good(format), rng)
        tracemalloc.start()
        try:
            loaded = minitorch.load(io.BytesIO(data))
        except LoadError as error:
            refused += 1
            assert 20 < len(str(error)) < 800
            loaded = None
        finally:
            used = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert used <= 2 * peak + len(data)
        assert loaded is None or flat(loaded) == right
    assert refused > MUTANTS // 2


@pytest.mark.parametrize("format", FORMATS)
@given(seed=st.integers(0, 2**32))
def test_any_mutant(format, seed):
    data = mutate(good(format), np.random.default_rng(seed))
    try:
        assert load(data) == honest(format)[0]
    except LoadError:
        pass


@pytest.mark.parametrize("format", FORMATS)
def test_every_cut_is_noticed(format):
    data = good(format)
    for end in range(0, len(data), 3):
        with pytest.raises(LoadError):
            load(data[:end])


@pytest.mark.parametrize("format", ["pt", "safetensors", "npz"])
def test_a_mutant_changes_nothing(format, tmp_path):
    """A module that fails to load keeps its weights."""
    model = minitorch.nn.Linear(5, 7)
    before = flat(model.state_dict())
    minitorch.save(minitorch.nn.Linear(5, 7).state_dict(), tmp_path / f"x.{format}")
    data = (tmp_path / f"x.{format}").read_bytes()
    for end in range(1, len(data), 97):
        (tmp_path / "cut").write_bytes(data[:end])
        with pytest.raises(LoadError):
            model.load(tmp_path / "cut")
        assert flat(model.state_dict()) == before
