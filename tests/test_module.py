"""nn.Module: registration by assignment, walking, changing, showing; errors say where."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(mt.ones(2))
        self.register_buffer("steps", mt.zeros(1))
        self.fc = nn.Linear(2, 3)
        self.inner = nn.Sequential(nn.Linear(3, 3), nn.ReLU())
        self.note = "mine"

    def forward(self, x):
        return self.inner(self.fc(x * self.w))


@pytest.fixture
def net():
    mt.manual_seed(0)  # of one in twenty, no unit is alive
    return Net()


# --- registration -----------------------------------------------------------------------------


def test_assignment_registers(net):
    assert list(net._parameters) == ["w"] and list(net._buffers) == ["steps"]
    assert list(net._modules) == ["fc", "inner"] and net.note == "mine"
    assert net.w is net._parameters["w"] and net.fc is net._modules["fc"]


def test_reassignment_keeps_the_place_and_moves_between_kinds(net):
    net.fc = nn.Linear(2, 3)
    assert list(net._modules) == ["fc", "inner"]
    net.w = None
    assert net.w is None and "w" in net._parameters
    net.w = nn.Parameter(mt.zeros(2))
    net.fc = nn.Parameter(mt.zeros(1))  # a module's name is taken over by a parameter
    assert "fc" not in net._modules and "fc" in net._parameters
    net.note = nn.ReLU()
    assert "note" in net._modules and "note" not in net.__dict__
    net.steps = mt.ones(3)
    assert net._buffers["steps"].shape == (3,)
    net.steps = None
    assert net.steps is None and "steps" in net._buffers


@pytest.mark.parametrize("name", ["w", "fc", "steps"])
def test_a_registered_name_takes_its_own_kind_only(net, name):
    for bad in (5, "text", *([mt.ones(1)] if name != "steps" else [])):
        with pytest.raises(TypeError, match=f"{name}"):
            setattr(net, name, bad)


def test_plain_tensors_are_plain_attributes(net):
    net.plain = mt.ones(2)
    assert "plain" in net.__dict__ and "plain" not in net.state_dict()


def test_deletion(net):
    for name in ("w", "fc", "steps", "note"):
        delattr(net, name)
        assert not hasattr(net, name)
    with pytest.raises(AttributeError, match="missing"):
        del net.missing


def test_missing_attributes(net):
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'missing'"):
        _ = net.missing
    assert "w" in dir(net) and "fc" in dir(net) and "forward" in dir(net)


def test_before_init():
    class Early(nn.Module):
        def __init__(self, value):
            self.x = value

    for value in (nn.Parameter(mt.ones(1)), nn.ReLU(), nn.Buffer(mt.ones(1))):
        with pytest.raises(AttributeError, match=r"super\(\).__init__\(\)"):
            Early(value)
    assert Early(5).x == 5
    with pytest.raises(TypeError, match="takes no arguments"):
        nn.Module(1)


def test_register(net):
    net.register_parameter("p", None)
    net.register_parameter("p", nn.Parameter(mt.ones(1)))
    net.add_module("m", None)
    net.register_module("m", nn.ReLU())
    net.register_buffer("b", None)
    assert net.b is None and isinstance(net.m, nn.ReLU)
    for call, error, words in [
        (lambda: net.register_parameter("a.b", None), KeyError, "\\."),
        (lambda: net.register_parameter("", None), KeyError, "empty"),
        (lambda: net.register_parameter(5, None), TypeError, "string"),
        (lambda: net.register_parameter("note", None), KeyError, "exists"),
        (lambda: net.register_parameter("q", mt.ones(1)), TypeError, "Parameter"),
        (lambda: net.register_buffer("forward", None), KeyError, "exists"),
        (lambda: net.register_buffer("q", 5), TypeError, "Tensor or None"),
        (lambda: net.add_module("q", 5), TypeError, "Module"),
        (lambda: net.add_module("w", nn.ReLU()), KeyError, "exists"),
    ]:
        with pytest.raises(error, match=words):
            call()
    with pytest.raises(TypeError, match="got Tensor|got float|takes a Tensor"):
        nn.Parameter(1.0)


def test_computed_parameters_are_refused(net):
    p = nn.Parameter(mt.ones(2))
    computed = p * 2
    computed.__class__ = nn.Parameter
    with pytest.raises(ValueError, match="grad_fn"):
        net.q = computed


def test_parameters_and_buffers():
    t = mt.ones(2)
    p = nn.Parameter(t)
    t[0] = 5
    assert p.requires_grad and p.is_leaf and p.tolist() == [5, 1] and isinstance(p, mt.Tensor)
    assert not nn.Parameter(t, requires_grad=False).requires_grad
    assert type(p * 2) is mt.Tensor and nn.Parameter().shape == (0,)
    with pytest.raises(RuntimeError):
        nn.Parameter(mt.tensor([1]))
    m = nn.Module()
    m.b, m.c = nn.Buffer(mt.ones(1)), nn.Buffer(mt.ones(1), persistent=False)
    assert [n for n, _ in m.named_buffers()] == ["b", "c"] and list(m.state_dict()) == ["b"]


# --- never silently lost ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "hide",
    [
        lambda x: [x],
        lambda x: (x,),
        lambda x: {"a": x},
        lambda x: {x},
        lambda x: [[1], {"a": (x,)}],
    ],
)
@pytest.mark.parametrize("item", [nn.Parameter(mt.ones(1)), nn.ReLU()])
def test_plain_containers_are_refused(hide, item):
    m = nn.Module()
    m.layers = hide(item)
    for walk in (m.parameters, m.named_parameters, m.state_dict):
        with pytest.raises(TypeError, match="'layers' of Module.*Use nn.(Parameter|Module)"):
            list(walk())


def test_a_container_may_be_set_before_what_it_holds_is_registered():
    m = nn.Module()
    m.hparams = {"layer": nn.Linear(1, 1)}
    m.layer = m.hparams["layer"]
    assert len(list(m.parameters())) == 2


def test_what_was_put_into_a_container_later_is_found():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = []
            for _ in range(2):
                self.layers.append(nn.Linear(1, 1))

    model = nn.Sequential(Late())
    for walk in (model.parameters, model.named_parameters, model.buffers):
        with pytest.raises(TypeError, match="'layers' of Late"):
            list(walk())
    for call in (model.state_dict, lambda: model.load_state_dict({})):
        with pytest.raises(TypeError, match="'layers' of Late"):
            call()


def test_containers_of_what_is_registered_or_private_are_fine(net):
    net.both = [net.fc, net.w]
    net._teacher = [nn.Linear(1, 1)]
    net.vocabulary = {"a": 1, "b": [1, 2]}
    net.loop = loop = []
    loop.append(loop)
    assert len(list(net.parameters())) == 5


# --- walking ----------------------------------------------------------------------------------


def test_names(net):
    assert [n for n, _ in net.named_parameters()] == [
        "w", "fc.weight", "fc.bias", "inner.0.weight", "inner.0.bias",
    ]  # fmt: skip
    assert [n for n, _ in net.named_parameters(prefix="net", recurse=False)] == ["net.w"]
    assert [n for n, _ in net.named_modules()] == ["", "fc", "inner", "inner.0", "inner.1"]
    assert [n for n, _ in net.named_modules(prefix="m")][:2] == ["m", "m.fc"]
    assert [n for n, _ in net.named_children()] == ["fc", "inner"]
    assert [n for n, _ in net.named_buffers()] == ["steps"]
    assert list(net.children()) == [net.fc, net.inner] and next(net.modules()) is net


def test_shared_members_count_once_unless_asked(net):
    net.again = net.fc
    net.w2 = net.w
    assert len(list(net.parameters())) == 5 and len(list(net.modules())) == 5
    names = [n for n, _ in net.named_parameters(remove_duplicate=False)]
    assert "again.weight" in names and "w2" in names and len(names) == 8
    assert ("again", net.fc) in list(net.named_modules(remove_duplicate=False))
    assert set(net.state_dict()) >= {"again.weight", "fc.weight", "w2", "w"}


def test_paths(net):
    assert net.get_submodule("") is net and net.get_submodule("inner.1") is net.inner[1]
    assert net.get_parameter("inner.0.weight") is net.inner[0].weight
    assert net.get_buffer("steps") is net.steps
    net.set_submodule("inner.1", nn.Tanh())
    assert isinstance(net.inner[1], nn.Tanh)
    for call in (
        lambda: net.get_submodule("inner.7"),
        lambda: net.get_submodule("w"),
        lambda: net.get_parameter("fc"),
        lambda: net.get_buffer("w"),
        lambda: net.set_submodule("w", nn.ReLU()),
        lambda: net.set_submodule("new", nn.ReLU(), strict=True),
    ):
        with pytest.raises(AttributeError):
            call()


# --- changing ---------------------------------------------------------------------------------


def test_train_and_eval(net):
    assert net.eval() is net and not any(m.training for m in net.modules())
    net.inner.train()
    assert net.inner[0].training and not net.fc.training
    with pytest.raises(ValueError):
        net.train(1)


def test_gradients(net):
    net(mt.ones(1, 2)).sum().backward()
    assert any(p.grad is not None for p in net.parameters())
    net.zero_grad(set_to_none=False)
    assert all(p.grad is None or not p.grad.any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.requires_grad_(False) is net
    assert not net(mt.ones(1, 2)).requires_grad


def test_apply_goes_from_the_leaves_up(net):
    seen = []
    assert net.apply(seen.append) is net
    assert seen == [net.fc, net.inner[0], net.inner[1], net.inner, net]


def test_to(net):
    net.register_buffer("count", mt.tensor([1]))
    weight = net.fc.weight
    net(mt.ones(1, 2)).sum().backward()
    assert net.to(mt.float64) is net and net.fc.weight is weight
    assert weight.dtype is weight.grad.dtype is net.steps.dtype is mt.float64
    assert net.count.dtype is mt.int64 and weight.is_leaf
    assert net(mt.ones(1, 2, dtype=mt.float64)).dtype is mt.float64
    assert net.float().w.dtype is mt.float32 and net.half().w.dtype is mt.float16
    assert net.double().w.dtype is mt.float64 and net.cpu() is net
    assert net.to("cpu").w.dtype is mt.float64 and net.to(mt.ones(1)).w.dtype is mt.float32
    assert net.to(dtype=mt.float64).count.dtype is mt.int64
    with pytest.raises(TypeError, match="floating"):
        net.to(mt.int64)


# --- calling ----------------------------------------------------------------------------------


def test_forward_is_needed():
    with pytest.raises(NotImplementedError, match="forward"):
        nn.Module()(1)


def test_errors_name_the_path(net):
    model = nn.Sequential(nn.ReLU(), net)
    with pytest.raises(RuntimeError) as caught:
        model(mt.ones(4, 5))
    with pytest.raises(RuntimeError) as deep:
        model[1].inner[0] = nn.Linear(7, 3)
        model(mt.ones(1, 2))
    assert str(deep.value).endswith("\nin 1.inner.0 (Linear(7, 3)) of Sequential")
    assert "(1, 3)" in str(deep.value) and "(3, 7)" in str(deep.value)
    assert str(caught.value).endswith("\nin 1 (Net) of Sequential")


def test_an_error_of_the_user_keeps_its_message_and_gets_a_note():
    class Raises(nn.Module):
        def __init__(self, error):
            super().__init__()
            self.error = error

        def forward(self, x):
            raise self.error

    for error in (ValueError("mine"), KeyError("key"), OSError(2, "none"), RuntimeError()):
        with pytest.raises(type(error)) as caught:
            nn.Sequential(nn.ReLU(), Raises(error))(mt.ones(1))
        assert caught.value is error and error.args == type(error)(*error.args).args
        assert error.__notes__[0].startswith("in 1 (Raises(")


@pytest.mark.parametrize(
    ("layer", "brief"),
    [
        (nn.Linear(16, 4), "Linear(16, 4)"),
        (nn.Linear(16, 4, bias=False), "Linear(16, 4, bias=False)"),
        (nn.Conv2d(3, 8, 5, stride=2, padding=1), "Conv2d(3, 8, 5, stride=2, padding=1)"),
        (nn.Conv2d(3, 8, (5, 3), groups=1), "Conv2d(3, 8, (5, 3))"),
        (nn.BatchNorm1d(4, affine=False), "BatchNorm1d(4, affine=False, bias=False)"),
        (nn.LSTM(3, 4, num_layers=2), "LSTM(3, 4, num_layers=2)"),
        (nn.CrossEntropyLoss(weight=mt.ones(3)), "CrossEntropyLoss(weight=Tensor)"),
    ],
)
def test_a_module_in_an_error_is_shown_as_it_was_made(layer, brief):
    with pytest.raises(Exception) as caught:
        nn.Sequential(layer)(mt.ones(2, 7, 5, 5, 5, 5))
    assert f"in 0 ({brief}) of Sequential" in str(caught.value) + str(
        getattr(caught.value, "__notes__", "")
    )


@pytest.mark.parametrize("make", [lambda: nn.Linear(3, 2), lambda: nn.BatchNorm1d(3)])
def test_an_array_in_the_place_of_a_tensor_is_a_type_error(make):
    with pytest.raises(TypeError, match=r"Tensors, got ndarray: .*tensor\(\)\nin 0 \("):
        nn.Sequential(make())(np.ones((2, 3), np.float32))


def test_an_error_with_slots_passes_unharmed():
    class Strange(Exception):
        __slots__ = ()

        def __setattr__(self, name, value):
            raise AttributeError(name)

    class Fails(nn.Module):
        def forward(self):
            raise Strange

    with pytest.raises(Strange):
        Fails()()


# --- showing ----------------------------------------------------------------------------------


def test_repr(net):
    assert repr(nn.ReLU()) == "ReLU()" and repr(nn.ReLU(inplace=True)) == "ReLU(inplace=True)"
    assert repr(net) == (
        "Net(\n"
        "  (fc): Linear(in_features=2, out_features=3, bias=True)\n"
        "  (inner): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=3, bias=True)\n"
        "    (1): ReLU()\n"
        "  )\n"
        ")"
    )


def test_a_training_step_moves_every_parameter(net):
    mt.manual_seed(0)
    before = [p.detach().clone() for p in net.parameters()]
    optimizer = mt.optim.SGD(net.parameters(), lr=0.5)
    net(mt.rand(64, 2)).square().sum().backward()
    optimizer.step()
    assert all(
        not np.array_equal(a.numpy(), b.detach().numpy()) for a, b in zip(before, net.parameters())
    )


def test_a_module_may_hold_something_called_save_or_load(tmp_path):
    class Gate(nn.Module):
        def __init__(self):
            super().__init__()
            self.save = nn.Linear(1, 1)
            self.load = nn.Parameter(mt.ones(1))
            self.register_buffer("count", mt.zeros(1))

        def forward(self, x):
            return self.save(x) * self.load

    gate = Gate()
    assert [*gate.state_dict()] == ["load", "count", "save.weight", "save.bias"]
    gate(mt.ones(1)).backward()
    assert gate.load.grad is not None and gate.save.weight.grad is not None
    nn.Linear(1, 1).save(tmp_path / "linear.pt")  # others keep the methods
    assert nn.Module.load(nn.Linear(1, 1), tmp_path / "linear.pt").weight.shape == (1, 1)
