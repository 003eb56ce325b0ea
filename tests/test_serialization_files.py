"""save and load: formats, files and file objects, modules, and what is trusted."""

import io
import os
import pickle
import socket
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minitorch
from minitorch import nn
from minitorch.serialization import (
    LoadError,
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    safe_globals,
)

FORMATS = ["pt", "safetensors", "npz"]
DTYPES = [d for d in minitorch.dtypes.ALL if d is not minitorch.bfloat16]


def again(obj, **options):
    file = io.BytesIO()
    minitorch.save(obj, file, **options)
    file.seek(0)
    return minitorch.load(file)


def arrays():
    kinds = st.sampled_from([d.dtype for d in DTYPES])
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
    return kinds.flatmap(lambda kind: hnp.arrays(kind, shapes))


@pytest.mark.parametrize("format", FORMATS)
@given(data=st.data())
def test_every_tensor_comes_back(format, data):
    array = data.draw(arrays())
    if format == "safetensors" and array.dtype == np.complex128:
        array = array.astype(np.complex64)
    axes = data.draw(st.permutations(range(array.ndim)))
    name = data.draw(st.text(st.characters(codec="utf-8", exclude_characters="\0/\\:.")))
    x = minitorch.from_numpy(array).permute(*axes) if axes else minitorch.from_numpy(array)
    loaded = again({name: x}, format=format)
    assert list(loaded) == [name]
    y = loaded[name]
    assert y.dtype is x.dtype
    assert y.shape == x.shape
    assert y.numpy().tobytes() == x.numpy().tobytes()
    y.zero_()  # the memory is writable, and its own


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
    | st.binary() | st.complex_numbers(allow_nan=False),
    lambda inner: st.lists(inner) | st.tuples(inner, inner)
    | st.dictionaries(st.text() | st.integers(-9, 2**62) | st.tuples(st.integers(0, 9)), inner)
    | st.sets(st.text() | st.integers(0, 2**40)),
    max_leaves=20,
)  # fmt: skip


@given(PLAIN)
def test_plain_data_comes_back(data):
    assert again(data) == data


@pytest.mark.parametrize(
    ("name", "magic"),
    [("x.pt", b"PK"), ("x.pth", b"PK"), ("x.safetensors", b"{"), ("x.npz", b"PK"), ("x", b"PK"),
     ("x.SAFETENSORS", b"{"), ("x.tar.gz", b"PK")],
)  # fmt: skip
def test_the_suffix_tells_the_format_and_the_content_is_what_counts(name, magic, tmp_path):
    minitorch.save({"a": minitorch.ones(2)}, tmp_path / name)
    content = (tmp_path / name).read_bytes()
    assert content[8 if magic == b"{" else 0 :].startswith(magic)
    (tmp_path / "other").write_bytes(content)
    assert minitorch.load(str(tmp_path / "other"))["a"].tolist() == [1.0, 1.0]
    minitorch.save({"a": minitorch.ones(2)}, tmp_path / name, format="npz")
    assert np.load(tmp_path / name)["a"].tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="pt, safetensors, npz"):
        minitorch.save({}, tmp_path / name, format="json")


@pytest.mark.parametrize("format", FORMATS)
def test_equal_contents_make_equal_files(format, tmp_path):
    for name in ("a", "b"):
        minitorch.manual_seed(0)
        minitorch.save(nn.Linear(3, 3).state_dict(), tmp_path / name, format=format)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("format", ["safetensors", "npz"])
@pytest.mark.parametrize("obj", [[1], {"a": 1}, {1: minitorch.ones(1)}, {"a": {}}])
def test_other_formats_hold_tensors_by_name(format, obj):
    with pytest.raises(TypeError, match=r"use '\.pt'"):
        minitorch.save(obj, io.BytesIO(), format=format)


def test_dtypes_that_a_format_lacks():
    with pytest.raises(TypeError, match=r"'a' is complex128.*use '\.pt'"):
        minitorch.save({"a": minitorch.ones(1).to(minitorch.complex128)}, io.BytesIO(),
                       format="safetensors")  # fmt: skip
    pytest.importorskip("ml_dtypes")
    half = minitorch.ones(2, dtype=minitorch.bfloat16)
    with pytest.raises(TypeError, match=r"bfloat16.*use '\.pt'"):
        minitorch.save({"a": half}, io.BytesIO(), format="npz")
    for format in ("pt", "safetensors"):
        loaded = again({"a": half}, format=format)["a"]
        assert loaded.dtype is minitorch.bfloat16
        assert loaded.tolist() == [1.0, 1.0]


def test_numpys_npz_in_and_out(tmp_path):
    x = {
        "file": np.arange(6.0).reshape(2, 3),
        "f": np.asfortranarray(np.eye(3, 2)),
        "n": np.int8(3),
    }
    np.savez(tmp_path / "a.npz", x=x["file"], f=x["f"], n=x["n"])
    np.savez_compressed(tmp_path / "b.npz", x=x["file"], f=x["f"], n=x["n"])
    for name in ("a.npz", "b.npz"):
        for mmap in (False, True):
            loaded = minitorch.load(tmp_path / name, mmap=mmap)
            assert loaded["x"].tolist() == x["file"].tolist()
            assert loaded["f"].tolist() == x["f"].tolist()
            assert loaded["n"].dtype is minitorch.int8
            assert loaded["n"].item() == 3
    minitorch.save({k: minitorch.tensor(v) for k, v in x.items()}, tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz") as back:
        assert {k: v.tolist() for k, v in back.items()} == {k: v.tolist() for k, v in x.items()}


# Files and file objects ---------------------------------------------------------------------------


class Pipe:
    """A file that only reads, as a socket does."""

    def __init__(self, content):
        self.read = io.BytesIO(content).read


class Sink:
    """A file that only writes."""

    def __init__(self):
        self.content = b""

    def write(self, data):
        self.content += bytes(data)


@pytest.mark.parametrize("format", FORMATS)
def test_any_file_object_will_do(format, tmp_path):
    sink = Sink()
    minitorch.save({"a": minitorch.arange(3)}, sink, format=format)
    assert minitorch.load(Pipe(sink.content))["a"].tolist() == [0, 1, 2]
    left, right = socket.socketpair()
    with left, right:
        left.sendall(sink.content)
        left.close()
        with right.makefile("rb") as file:
            assert minitorch.load(file)["a"].tolist() == [0, 1, 2]
    with open(tmp_path / "x", "w+b") as file:
        file.write(b"head")
        minitorch.save({"a": minitorch.arange(3)}, file, format=format)
        file.seek(4)
        assert minitorch.load(file)["a"].tolist() == [0, 1, 2]


def test_what_is_no_file():
    for wrong in (3, None, [1]):
        with pytest.raises(AttributeError, match="path or a file"):
            minitorch.save(1, wrong)
        with pytest.raises(AttributeError, match="path or a file"):
            minitorch.load(wrong)
    with pytest.raises(TypeError, match="binary"):
        minitorch.load(io.StringIO("text"))


@pytest.mark.parametrize("format", FORMATS)
def test_mmap_reads_lazily_and_writes_nothing_back(format, tmp_path):
    path = tmp_path / f"x.{format}"
    minitorch.save({"a": minitorch.arange(1000.0), "b": minitorch.zeros(0)}, path)
    before = path.read_bytes()
    loaded = minitorch.load(path, mmap=True)
    a = loaded["a"]
    assert a.sum().item() == 499500
    assert a.numpy().flags.aligned
    a.fill_(7.0)
    loaded["b"].add_(1)
    assert path.read_bytes() == before
    minitorch.save(loaded, path)  # over the file that it looks into
    assert minitorch.load(path)["a"].tolist() == [7.0] * 1000
    assert path.stat().st_size == len(before)
    with pytest.raises(ValueError, match="path"):
        minitorch.load(io.BytesIO(before), mmap=True)


def test_a_write_to_one_mapped_tensor_is_none_to_the_others(tmp_path):
    minitorch.save({"a": minitorch.ones(8), "b": minitorch.ones(8)}, tmp_path / "x.pt")
    loaded = minitorch.load(tmp_path / "x.pt", mmap=True)
    x = minitorch.ones(8, requires_grad=True)
    y = (x * loaded["a"]).sum()
    loaded["b"].add_(1)
    y.backward()  # needs `a` as it was
    assert x.grad.tolist() == [1.0] * 8


def test_a_large_file_is_not_read_twice(tmp_path):
    import tracemalloc

    size = 8_000_000
    path = tmp_path / "x.pt"
    minitorch.save({"a": minitorch.zeros(size // 8, dtype=minitorch.float64)}, path)
    for mmap, most in ((False, 1.1 * size), (True, 0.1 * size)):
        tracemalloc.start()
        minitorch.load(path, mmap=mmap)
        assert tracemalloc.get_traced_memory()[1] < most
        tracemalloc.stop()
    tracemalloc.start()
    minitorch.save(minitorch.load(path, mmap=True), path)
    assert tracemalloc.get_traced_memory()[1] < 0.1 * size
    tracemalloc.stop()


# What is saved ------------------------------------------------------------------------------------


def test_state_dicts_keep_their_type_and_their_versions():
    model = nn.Sequential(nn.BatchNorm1d(2))
    loaded = again(model.state_dict())
    assert type(loaded) is OrderedDict
    assert loaded._metadata == model.state_dict()._metadata
    assert str(model.load_state_dict(loaded)) == "<All keys matched successfully>"


def test_generators_go_on():
    generator = minitorch.Generator().manual_seed(5)
    minitorch.randn(3, generator=generator)
    copy = again({"g": generator})["g"]
    assert minitorch.equal(
        minitorch.rand(4, generator=copy), minitorch.rand(4, generator=generator)
    )


def test_views_stay_views_and_ties_stay_ties():
    base = minitorch.arange(6.0)
    p = nn.Parameter(minitorch.ones(2))
    loaded = again([base, base[2:], base[::2], p, p, base])
    loaded[0][4] = 99.0
    assert loaded[1].tolist() == [2.0, 3.0, 99.0, 5.0]
    assert loaded[2].tolist() == [0.0, 2.0, 99.0]
    assert loaded[3] is loaded[4]
    assert loaded[5] is loaded[0]
    assert isinstance(loaded[3], nn.Parameter)
    assert loaded[3].requires_grad


def test_memory_that_goes_backwards():
    x = minitorch.from_numpy(np.arange(6.0)[::-1])
    assert again(x).tolist() == [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]


def test_memory_under_two_dtypes():
    x = minitorch.ones(2)
    with pytest.raises(RuntimeError, match="float32 and minitorch.int32"):
        again([x, x.view(minitorch.int32)])


def test_what_is_nested_too_deeply():
    deep = []
    for _ in range(10_000):
        deep = [deep]
    with pytest.raises(ValueError, match="deep"):
        minitorch.save(deep, io.BytesIO())


@pytest.mark.parametrize("format", FORMATS)
def test_module_save_and_load(format, tmp_path):
    path = tmp_path / f"m.{format}"
    one, two = nn.Linear(2, 3), nn.Linear(2, 3)
    one.save(path)
    assert two.load(path) is two
    assert minitorch.equal(one.weight, two.weight)
    with pytest.raises(RuntimeError, match="size mismatch"):
        nn.Linear(2, 2).load(path)
    with pytest.raises(RuntimeError, match="Missing key"):
        nn.Sequential(two).load(path)
    nn.Sequential(two).load(path, strict=False)


# What is trusted ----------------------------------------------------------------------------------


class Settings:
    def __init__(self, rate):
        self.rate = rate

    def __eq__(self, other):
        return type(other) is Settings and other.rate == self.rate


def test_whole_modules_only_when_trusted(tmp_path):
    path = tmp_path / "model.pt"
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Dropout(0.5)).eval()
    minitorch.save(model, path)
    with pytest.raises(LoadError, match="weights_only=False") as caught:
        minitorch.load(path)
    assert isinstance(caught.value, RuntimeError)
    assert isinstance(caught.value, pickle.UnpicklingError)
    for mmap in (False, True):
        loaded = minitorch.load(path, weights_only=False, mmap=mmap)
        x = minitorch.ones(1, 2)
        assert minitorch.equal(loaded(x), model(x))
        assert not loaded.training


def test_optimizers_and_schedulers_when_trusted():
    model = nn.Linear(2, 2)
    optimizer = minitorch.optim.Adam(model.parameters())
    model(minitorch.ones(1, 2)).sum().backward()
    optimizer.step()
    file = io.BytesIO()
    minitorch.save([model, optimizer], file)
    file.seek(0)
    model2, optimizer2 = minitorch.load(file, weights_only=False)
    assert optimizer2.param_groups[0]["params"][0] is model2.weight
    for m, o in ((model, optimizer), (model2, optimizer2)):
        o.zero_grad()
        m(minitorch.ones(1, 2)).sum().backward()
        o.step()
    assert minitorch.equal(model.weight, model2.weight)


def test_everything_when_trusted():
    x = minitorch.ones(2)
    x.note = "mine"
    parts = [x, nn.Parameter(x), nn.Buffer(x, persistent=False), Settings(x), minitorch.float16,
             minitorch.Size([1]), {1, 2}, 1j, minitorch.device("cpu"), bytearray(b"a")]  # fmt: skip
    file = io.BytesIO()
    minitorch.save(parts, file)
    file.seek(0)
    loaded = minitorch.load(file, weights_only=False)
    assert [type(part) for part in loaded] == [type(part) for part in parts]
    assert loaded[0].note == loaded[3].rate.note == "mine"
    assert not loaded[2].persistent
    assert loaded[4:] == parts[4:]


def test_classes_that_the_user_admits():
    with pytest.raises(LoadError, match=r"test_serialization_files\.Settings"):
        again(Settings(3))
    with safe_globals([Settings]):
        assert again({"a": Settings(3)})["a"] == Settings(3)
    with pytest.raises(LoadError):
        again(Settings(3))
    add_safe_globals([Settings])
    try:
        assert get_safe_globals() == [Settings]
        assert again(Settings([minitorch.ones(1)])).rate[0].item() == 1
    finally:
        clear_safe_globals()
    with pytest.raises(LoadError):
        again(Settings(3))
    with pytest.raises(TypeError, match="classes and functions"):
        add_safe_globals([3])


def test_pickle_modules():
    file = io.BytesIO()
    minitorch.save(1, file, pickle)
    file.seek(0)
    with pytest.raises(RuntimeError, match="pickle_module"):
        minitorch.load(file, pickle_module=pickle, weights_only=True)
    file.seek(0)
    assert minitorch.load(file, None, pickle, weights_only=False) == 1
    with pytest.raises(NotImplementedError, match="os"):
        minitorch.load(file, pickle_module=os, weights_only=False)
