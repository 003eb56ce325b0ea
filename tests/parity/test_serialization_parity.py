"""PyTorch's files load here with the same values, and files written here load in PyTorch."""

import io
import zipfile
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch

import minitorch as mt

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
          "float64", "complex64", "complex128"]  # fmt: skip


def numbers(lib, dtype, *shape):
    count = int(np.prod(shape))
    values = [n * 3 % 7 - 2 for n in range(count)]
    if dtype.startswith("complex"):
        values = [complex(v, -v) for v in values]
    if dtype in ("uint8", "bool"):
        values = [*map(abs, values)]
    return lib.tensor(values, dtype=getattr(lib, dtype)).reshape(shape)


def tensors(lib):
    """Tensors of every dtype in every way to lie in memory."""
    found = {}
    for dtype in DTYPES:
        x = numbers(lib, dtype, 4, 6)
        found[dtype] = x
        found[f"{dtype} transposed"] = x.T
        found[f"{dtype} strided"] = numbers(lib, dtype, 4, 6)[1::2, ::3]
        found[f"{dtype} expanded"] = numbers(lib, dtype, 1, 3).expand(2, 3)
        found[f"{dtype} 0-d"] = numbers(lib, dtype, 1)[0]
        found[f"{dtype} empty"] = lib.zeros(0, 3, dtype=getattr(lib, dtype))
        found[f"{dtype} channels_last"] = numbers(lib, dtype, 2, 3, 2, 2).contiguous(
            memory_format=lib.channels_last
        )
    return found


def plain(lib):
    """Nested data of every admitted kind."""
    shared = [1, 2]
    return {
        "numbers": [0, 1, -1, 255, 256, 65535, 65536, 2**31, -(2**31) - 1, 2**63, 2**200, -(2**70)],
        "floats": (0.5, float("inf"), -0.0, 1e300),
        "texts": ["", "ä", "\ud800", "x" * 300, b"", b"\x00\xff", bytearray(b"ab")],
        "constants": [None, True, False],
        "complex": 1 - 2j,
        "tuples": ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
        "set": {1, "a"},
        "ordered": OrderedDict(a=1, b=OrderedDict()),
        "counter": Counter("abca"),
        "dtype": [lib.float32, lib.bool, lib.complex64],
        "device": lib.device("cpu"),
        "size": lib.Size([2, 3]),
        "layout": lib.strided,
        "shared": [shared, shared],
        (1, "key"): 1.5,
        3: {True: None},
        None: 2.5,
    }


def array(tensor):
    tensor = tensor.detach()
    if str(tensor.dtype).endswith("bfloat16"):
        tensor = tensor.float()
    return tensor.resolve_conj().numpy()


def assert_alike(a, b):
    """Equal, whichever of the two libraries each comes from."""
    if isinstance(a, mt.Tensor | torch.Tensor):
        assert str(a.dtype).split(".")[1] == str(b.dtype).split(".")[1]
        assert tuple(a.shape) == tuple(b.shape)
        assert a.numel() == 0 or tuple(a.stride()) == tuple(b.stride())
        assert a.storage_offset() == b.storage_offset()
        assert a.requires_grad == b.requires_grad
        parameter = torch.nn.Parameter, mt.nn.Parameter
        assert isinstance(a, parameter) == isinstance(b, parameter)
        np.testing.assert_array_equal(array(a), array(b), strict=True)
    elif isinstance(a, dict):
        assert type(a) is type(b)
        assert list(a) == list(b)
        for key in a:
            assert_alike(a[key], b[key])
        assert_alike(getattr(a, "_metadata", None), getattr(b, "_metadata", None))
    elif isinstance(a, (list, tuple)):
        assert type(a).__name__ == type(b).__name__
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_alike(x, y)
    elif type(a).__module__.startswith(("torch", "minitorch")):
        assert repr(a).replace("minitorch", "torch") == repr(b).replace("minitorch", "torch")
    else:
        assert type(a) is type(b)
        assert a == b or a != a


def model(lib):
    lib.manual_seed(0)
    nn = lib.nn
    return nn.Sequential(
        nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3), nn.Dropout(0.1)
    )


def tied(lib):
    base = lib.arange(10.0)
    weight = lib.nn.Parameter(lib.ones(2, 2))
    return {"base": base, "view": base[2:5], "odd": base[1::2], "again": base,
            "p": weight, "tied": weight, "leaf": lib.zeros(2, requires_grad=True)}  # fmt: skip


def training(lib, name, **options):
    net = model(lib)
    optimizer = getattr(lib.optim, name)(net.parameters(), **options)
    for i in range(3):
        optimizer.zero_grad()
        net(lib.full((4, 1, 4, 4), 0.1 * i)).square().sum().backward()
        optimizer.step(*([lambda: 0.0] if name == "LBFGS" else []))
    return optimizer


SUBJECTS = {
    "tensors": tensors,
    "plain": plain,
    "tied": tied,
    "state dict": lambda lib: model(lib).state_dict(),
    "one tensor": lambda lib: lib.ones(3),
    "one parameter": lambda lib: lib.nn.Parameter(lib.ones(3), requires_grad=False),
    "buffers": lambda lib: [lib.nn.Buffer(lib.ones(2)),
                           lib.nn.Buffer(lib.ones(1), persistent=False)],
    "none": lambda lib: None,
    "text": lambda lib: "hello",
    "rng": lambda lib: lib.Generator().manual_seed(3).get_state(),
}  # fmt: skip

OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.9},
    "Adam": {"amsgrad": True},
    "AdamW": {},
    "NAdam": {},
    "RAdam": {},
    "Adamax": {},
    "Adagrad": {},
    "Adadelta": {},
    "Adafactor": {},
    "RMSprop": {"momentum": 0.5, "centered": True},
    "Rprop": {},
    "ASGD": {},
}


def torch_saved(obj, **options):
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return file


def mt_saved(obj, **options):
    file = io.BytesIO()
    mt.save(obj, file, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("make", SUBJECTS.values(), ids=SUBJECTS)
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_torchs_files_load_here(make, zipped):
    theirs = make(torch)
    file = torch_saved(theirs, _use_new_zipfile_serialization=zipped)
    assert_alike(mt.load(file), theirs)


@pytest.mark.parametrize("make", SUBJECTS.values(), ids=SUBJECTS)
def test_files_written_here_load_in_torch(make):
    ours = make(mt)
    assert_alike(torch.load(mt_saved(ours), weights_only=True), ours)
    assert_alike(mt.load(mt_saved(ours)), ours)


@pytest.mark.parametrize("make", SUBJECTS.values(), ids=SUBJECTS)
def test_there_and_back_and_there(make, tmp_path):
    once = mt.load(torch_saved(make(torch)))
    again = torch.load(mt_saved(once), weights_only=True)
    assert_alike(again, once)
    mt.save(once, tmp_path / "x.pt")
    assert_alike(torch.load(tmp_path / "x.pt", weights_only=True, mmap=True), once)
    torch.save(again, tmp_path / "y.pth")
    assert_alike(mt.load(tmp_path / "y.pth", mmap=True), once)


def test_shared_memory_stays_shared():
    for loaded in (mt.load(torch_saved(tied(torch))), torch.load(mt_saved(tied(mt)))):
        loaded["base"][2:6] = 100.0
        assert loaded["view"].tolist() == [100.0, 100.0, 100.0]
        assert loaded["odd"].tolist() == [1.0, 100.0, 100.0, 7.0, 9.0]
        assert loaded["again"] is loaded["base"]
        assert loaded["p"] is loaded["tied"]


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_optimizers_go_both_ways(name):
    theirs, ours = training(torch, name, **OPTIMIZERS[name]), training(mt, name, **OPTIMIZERS[name])
    for here, file, there in (
        (ours, torch_saved(theirs.state_dict()), theirs.state_dict()),
        (theirs, mt_saved(ours.state_dict()), ours.state_dict()),
    ):
        load = mt.load if here is ours else lambda f: torch.load(f, weights_only=True)
        here.load_state_dict(load(file))
        after = here.state_dict()
        assert after["state"].keys() == there["state"].keys()
        for i, state in there["state"].items():
            for key, value in state.items():
                np.testing.assert_allclose(array(after["state"][i][key]), array(value), rtol=1e-6)


def schedulers(lib):
    s = lib.optim.lr_scheduler
    o = lib.optim.SGD([lib.zeros(1, requires_grad=True)], lr=0.1, momentum=0.9)
    return [
        s.LambdaLR(o, lambda e: 0.9**e),
        s.MultiplicativeLR(o, lambda e: 0.9),
        s.StepLR(o, 2),
        s.MultiStepLR(o, [1, 3, 3]),
        s.ConstantLR(o),
        s.LinearLR(o),
        s.ExponentialLR(o, 0.9),
        s.PolynomialLR(o),
        s.CosineAnnealingLR(o, 9),
        s.CosineAnnealingWarmRestarts(o, 4),
        s.CyclicLR(o, 0.01, 0.1),
        s.OneCycleLR(o, 0.1, total_steps=20),
        s.ReduceLROnPlateau(o),
        s.ChainedScheduler([s.ConstantLR(o), s.ExponentialLR(o, 0.9)]),
        s.SequentialLR(o, [s.ConstantLR(o), s.MultiStepLR(o, [2, 4])], [3]),
    ]


def test_schedulers_go_both_ways():
    for ours, theirs in zip(schedulers(mt), schedulers(torch), strict=True):
        for _ in range(3):
            for scheduler in (ours, theirs):
                scheduler.optimizer.step()
                scheduler.step(*([0.5] if "Plateau" in type(scheduler).__name__ else []))
        saved = ours.state_dict()
        theirs.load_state_dict(torch.load(mt_saved(saved), weights_only=True))
        saved = mt.load(torch_saved(theirs.state_dict()))
        ours.load_state_dict(saved)
        assert [float(r) for r in ours.get_last_lr()] == [float(r) for r in theirs.get_last_lr()]


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_conjugated_and_negated_tensors(zipped):
    z = torch.tensor([1 + 2j, 3 - 4j])
    for theirs in (z.conj(), z.conj().imag, z):
        ours = mt.load(torch_saved(theirs, _use_new_zipfile_serialization=zipped))
        assert ours.tolist() == theirs.tolist()


def test_attributes_of_tensors():
    theirs = torch.ones(2)
    theirs.note = "mine"
    parameter = torch.nn.Parameter(torch.ones(1))
    parameter.tags = ["a"]
    first, second = mt.load(torch_saved([theirs, parameter]))
    assert first.note == "mine"
    assert second.tags == ["a"]
    first, second = torch.load(mt_saved([first, second]), weights_only=True)
    assert first.note == "mine"
    assert second.tags == ["a"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_newer_pickles_load(protocol):
    theirs = {"a": torch.arange(3.0), "b": [b"x", {1}, frozenset([2]), 2**80, "é" * 300]}
    ours = mt.load(torch_saved(theirs, pickle_protocol=protocol))
    assert ours["a"].tolist() == [0.0, 1.0, 2.0]
    assert ours["b"] == theirs["b"]


@pytest.mark.parametrize("name", ["uint16", "uint32", "uint64", "float8_e4m3fn"])
def test_dtypes_that_are_not_here_are_named(name):
    file = torch_saved({"x": torch.zeros(2, dtype=getattr(torch, name))})
    with pytest.raises(mt.serialization.LoadError, match=name):
        mt.load(file)


def test_sparse_tensors_and_modules_are_named():
    with pytest.raises(mt.serialization.LoadError, match="torch._utils._rebuild_sparse_tensor"):
        mt.load(torch_saved(torch.eye(2).to_sparse()))
    with pytest.raises(mt.serialization.LoadError, match="torch.nn.modules.linear.Linear"):
        mt.load(torch_saved(torch.nn.Linear(1, 1)))


def test_a_models_weights_give_the_same_answers(tmp_path):
    theirs = model(torch).eval()
    torch.save(theirs.state_dict(), tmp_path / "x.pt")
    ours = model(mt).load(tmp_path / "x.pt").eval()
    ours.save(tmp_path / "y.pt")
    theirs.load_state_dict(torch.load(tmp_path / "y.pt", weights_only=True))
    x = np.random.default_rng(0).standard_normal((3, 1, 4, 4)).astype(np.float32)
    np.testing.assert_allclose(
        ours(mt.from_numpy(x)).detach().numpy(),
        theirs(torch.from_numpy(x)).detach().numpy(),
        rtol=1e-5,
        atol=1e-6,
    )


def test_safetensors_package_agrees(tmp_path):
    package = pytest.importorskip("safetensors.torch")
    theirs = {
        name: t.contiguous() for name, t in tensors(torch).items() if "complex128" not in name
    }
    package.save_file(theirs, tmp_path / "theirs.safetensors")
    for options in ({}, {"mmap": True}):
        ours = mt.load(tmp_path / "theirs.safetensors", **options)
        assert ours.keys() == theirs.keys()
        for name, tensor in theirs.items():
            assert str(ours[name].dtype) == f"mini{tensor.dtype}"
            np.testing.assert_array_equal(array(ours[name]), array(tensor), strict=True)
    mt.save(ours, tmp_path / "ours.safetensors")
    back = package.load_file(tmp_path / "ours.safetensors")
    assert back.keys() == theirs.keys()
    for name, tensor in theirs.items():
        assert back[name].dtype == tensor.dtype
        assert torch.equal(back[name], tensor)


@pytest.mark.parametrize("location", ["cuda:0", "mps"])
def test_map_location(location):
    file = torch_saved([torch.ones(2), "cpu", torch.zeros(1)])
    archive = io.BytesIO()  # with the checksums of the new content
    source = zipfile.ZipFile(file)
    with zipfile.ZipFile(archive, "w") as goal:
        for name in source.namelist():
            old = source.read(name)
            new = b"X" + len(location).to_bytes(4, "little") + location.encode()
            goal.writestr(name, old.replace(b"X\x03\x00\x00\x00cpu", new))

    def again(**options):
        archive.seek(0)
        return mt.load(archive, **options)[0].tolist()

    with pytest.raises(RuntimeError, match="map_location='cpu'"):
        again()
    seen = []
    for goal in ("cpu", mt.device("cpu"), {location: "cpu"}, lambda storage, where: storage):
        assert again(map_location=goal) == [1.0, 1.0]
    again(map_location=lambda storage, where: seen.append(where) or storage)
    assert set(seen) == {location}
    with pytest.raises(NotImplementedError, match="no device"):
        again(map_location="cuda")
    with pytest.raises(RuntimeError, match="map_location='cpu'"):
        again(map_location={"elsewhere": "cpu"})
    with pytest.raises(TypeError, match="storage or None"):
        again(map_location=lambda storage, where: 3)
