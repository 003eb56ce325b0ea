"""nn.Module against PyTorch, one sentence of its documentation after another."""

import copy
import pickle
from collections import OrderedDict

import pytest

from tests.parity.both import agree


def net(fw):
    nn = fw.nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(fw.ones(2))
            self.register_buffer("steps", fw.zeros(1))
            self.register_buffer("hidden", fw.zeros(3), persistent=False)
            self.register_parameter("none", None)
            self.fc = nn.Linear(2, 3)
            self.inner = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.ReLU())
            self.tied = self.fc

        def forward(self, x):
            return self.inner(self.fc(x * self.w))

    fw.manual_seed(0)
    return Net()


def names(pairs):
    return [name for name, _ in pairs]


def logged(fw, program):
    log = []
    program(log)
    return log


PROGRAMS = {
    # --- registration
    "before init": lambda fw: setattr(fw.nn.Module.__new__(fw.nn.Module), "x", fw.nn.ReLU()),
    "parameter before init": lambda fw: setattr(
        fw.nn.Module.__new__(fw.nn.Module), "x", fw.nn.Parameter(fw.ones(1))
    ),
    "buffer before init": lambda fw: fw.nn.Module.__new__(fw.nn.Module).register_buffer(
        "x", fw.ones(1)
    ),
    "read before init": lambda fw: fw.nn.Module.__new__(fw.nn.Module).nothing,
    "init with arguments": lambda fw: fw.nn.Module(1),
    "registries": lambda fw: [
        list(getattr(net(fw), name)) for name in ("_parameters", "_buffers", "_modules")
    ],
    "dot in a name": lambda fw: net(fw).add_module("a.b", fw.nn.ReLU()),
    "empty name": lambda fw: net(fw).register_buffer("", fw.ones(1)),
    "name is no string": lambda fw: net(fw).register_parameter(3, None),
    "name is taken": lambda fw: net(fw).add_module("w", fw.nn.ReLU()),
    "method's name": lambda fw: net(fw).register_buffer("forward", fw.ones(1)),
    "module is no module": lambda fw: net(fw).add_module("x", 3),
    "parameter is no parameter": lambda fw: net(fw).register_parameter("x", fw.ones(1)),
    "parameter with history": lambda fw: net(fw).register_parameter(
        "x", fw.nn.Parameter(fw.ones(1)) * 1
    ),
    "buffer is no tensor": lambda fw: net(fw).register_buffer("x", 3),
    "tensor for a parameter": lambda fw: setattr(net(fw), "w", fw.ones(2)),
    "number for a module": lambda fw: setattr(net(fw), "fc", 3),
    "number for a buffer": lambda fw: setattr(net(fw), "steps", 3),
    "no such attribute": lambda fw: net(fw).nothing,
    "delete": lambda fw: (
        (m := net(fw)),
        delattr(m, "w"),
        delattr(m, "fc"),
        delattr(m, "steps"),
        names(m.named_parameters()),
        names(m.named_buffers()),
    )[4:],
    "delete nothing": lambda fw: delattr(net(fw), "nothing"),
    "Buffer": lambda fw: (
        (m := fw.nn.Module()),
        setattr(m, "b", fw.nn.Buffer(fw.ones(2))),
        setattr(m, "c", fw.nn.Buffer(fw.ones(2), persistent=False)),
        list(m.state_dict()),
        names(m.named_buffers()),
    )[3:],
    "assign None": lambda fw: (
        (m := net(fw)),
        setattr(m, "w", None),
        setattr(m, "fc", None),
        setattr(m, "steps", None),
        [list(m._parameters), list(m._buffers), list(m._modules), list(m.state_dict())],
    )[4:],
    # --- walking
    "named_parameters": lambda fw: names(net(fw).named_parameters()),
    "named_parameters prefix": lambda fw: names(net(fw).named_parameters("a.b")),
    "named_parameters flat": lambda fw: names(net(fw).named_parameters(recurse=False)),
    "named_parameters twice": lambda fw: names(net(fw).named_parameters(remove_duplicate=False)),
    "named_buffers": lambda fw: names(net(fw).named_buffers("p", True)),
    "named_buffers flat": lambda fw: names(net(fw).named_buffers(recurse=False)),
    "named_modules": lambda fw: names(net(fw).named_modules()),
    "named_modules twice": lambda fw: names(
        net(fw).named_modules(prefix="x", remove_duplicate=False)
    ),
    "modules": lambda fw: [type(m).__name__ for m in net(fw).modules()],
    "named_children": lambda fw: names(net(fw).named_children()),
    "children": lambda fw: [type(m).__name__ for m in net(fw).children()],
    "get_submodule": lambda fw: repr(net(fw).get_submodule("inner.0")),
    "get_submodule of nothing": lambda fw: net(fw).get_submodule("inner.7"),
    "get_submodule of a parameter": lambda fw: net(fw).get_submodule("w"),
    "get_submodule itself": lambda fw: type(net(fw).get_submodule("")).__name__,
    "get_parameter": lambda fw: net(fw).get_parameter("inner.0.weight"),
    "get_parameter of a buffer": lambda fw: net(fw).get_parameter("steps"),
    "get_buffer": lambda fw: net(fw).get_buffer("inner.1.running_var"),
    "get_buffer of a parameter": lambda fw: net(fw).get_buffer("w"),
    "set_submodule": lambda fw: (
        (m := net(fw)),
        m.set_submodule("inner.0", fw.nn.Tanh()),
        m.set_submodule("new", fw.nn.Tanh()),
        repr(m),
    )[3],
    "set_submodule strict": lambda fw: net(fw).set_submodule("new", fw.nn.ReLU(), strict=True),
    "set_submodule nothing": lambda fw: net(fw).set_submodule("", fw.nn.ReLU()),
    "set_submodule no module": lambda fw: net(fw).set_submodule("inner", 3),
    "set_submodule deep": lambda fw: net(fw).set_submodule("a.b.c", fw.nn.ReLU()),
    "dir": lambda fw: [n in dir(net(fw)) for n in ("w", "steps", "fc", "forward", "nothing")],
    # --- changing
    "train": lambda fw: [m.training for m in net(fw).eval().modules()],
    "train no bool": lambda fw: net(fw).train(1),
    "requires_grad_": lambda fw: [
        p.requires_grad for p in net(fw).requires_grad_(False).parameters()
    ],
    "zero_grad": lambda fw: (
        (m := net(fw)),
        (m(fw.randn(4, 2)) ** 3).sum().backward(),
        m.zero_grad(set_to_none=False),
        [p.grad for p in m.parameters()],
        m.zero_grad(),
        [p.grad for p in m.parameters()],
    )[3:],
    "apply": lambda fw: logged(
        fw, lambda log: net(fw).apply(lambda m: log.append(type(m).__name__))
    ),
    "double": lambda fw: list(net(fw).double().state_dict().values()),
    "half": lambda fw: list(net(fw).half().state_dict().values()),
    "float": lambda fw: list(net(fw).double().float().state_dict().values()),
    "to dtype": lambda fw: list(net(fw).to(fw.float64).state_dict().values()),
    "to tensor": lambda fw: list(net(fw).to(fw.ones(1, dtype=fw.float64)).state_dict().values()),
    "to device": lambda fw: list(net(fw).to("cpu", fw.float64).state_dict().values()),
    "to by name": lambda fw: list(net(fw).to(dtype=fw.float16).state_dict().values()),
    "to dtype, not blocking": lambda fw: list(net(fw).to(fw.float64, True).state_dict().values()),
    "type int": lambda fw: net(fw).type(fw.int32),
    "other bases": lambda fw: (
        (base := type("B", (), {"__init__": lambda self, v=7: setattr(self, "v", v)})),
        type("M", (fw.nn.Module, base), {"call_super_init": True})(3).v,
    )[1],
    "to int": lambda fw: net(fw).to(fw.int32),
    "type": lambda fw: list(fw.nn.Linear(2, 1).type(fw.float64).state_dict().values()),
    "to keeps the parameters": lambda fw: (
        (m := net(fw)),
        (before := [id(p) for p in m.parameters()]),
        before == [id(p) for p in m.double().parameters()],
    )[2],
    "to converts gradients": lambda fw: (
        (m := net(fw)),
        (m(fw.randn(4, 2)) ** 3).sum().backward(),
        [p.grad.dtype is fw.float64 for p in m.double().parameters()],
    )[2],
    # --- state dicts
    "state_dict": lambda fw: list(net(fw).state_dict().items()),
    "state_dict prefix": lambda fw: list(net(fw).state_dict(prefix="x.")),
    "state_dict keep_vars": lambda fw: (
        (m := net(fw)),
        m.state_dict(keep_vars=True)["w"] is m.w,
        m.state_dict()["w"] is m.w,
    )[1:],
    "state_dict shares memory": lambda fw: (
        (m := net(fw)),
        m.state_dict()["w"].fill_(7),
        m.w,
    )[2],
    "state_dict kind": lambda fw: isinstance(net(fw).state_dict(), OrderedDict),
    "state_dict metadata": lambda fw: dict(net(fw).state_dict()._metadata),
    "state_dict destination": lambda fw: (
        (d := OrderedDict()),
        net(fw).state_dict(destination=d) is d,
        list(d),
    )[1:],
    "load": lambda fw: str(net(fw).load_state_dict(net(fw).state_dict())),
    "load no dict": lambda fw: net(fw).load_state_dict([1]),
    "load into tied": lambda fw: (
        (m := net(fw)),
        (d := {k: v * 0 + 3 for k, v in m.state_dict().items()}),
        str(m.load_state_dict(d)),
        m.fc is m.tied,
        m.fc.weight,
    )[2:],
    "load other dtype": lambda fw: (
        (m := fw.nn.Linear(1, 1)),
        str(m.load_state_dict({k: v.double() for k, v in m.state_dict().items()})),
        m.weight.dtype is fw.float32,
    )[1:],
    "load assign": lambda fw: (
        (m := fw.nn.Linear(1, 1)),
        (d := {"weight": fw.ones(1, 1, dtype=fw.float64), "bias": fw.zeros(1)}),
        str(m.load_state_dict(d, assign=True)),
        m.weight,
        type(m.weight).__name__,
        m.bias.requires_grad,
    )[2:],
    "load a wrong kind": lambda fw: fw.nn.Linear(1, 1).load_state_dict(
        {"weight": 3, "bias": fw.zeros(1)}
    ),
    "load one element into none": lambda fw: (
        (m := fw.nn.Module()),
        m.register_buffer("x", fw.tensor(1.0)),
        str(m.load_state_dict({"x": fw.tensor([2.0])})),
        m.x,
    )[2:],
    "not strict": lambda fw: tuple(
        fw.nn.Linear(1, 1).load_state_dict({"weight": fw.ones(1, 1), "more": 1}, strict=False)
    ),
    "not strict, wrong size": lambda fw: fw.nn.Linear(1, 1).load_state_dict(
        {"weight": fw.ones(2, 1)}, strict=False
    ),
    "deepcopy": lambda fw: (
        (m := net(fw)),
        (c := copy.deepcopy(m)),
        c.fc is c.tied,
        c.fc is not m.fc,
        list(c.state_dict().values()),
    )[2:],
    "deepcopy keeps gradients": lambda fw: (
        (m := net(fw)),
        (m(fw.randn(4, 2)) ** 3).sum().backward(),
        [p.grad for p in copy.deepcopy(m).parameters()],
    )[2],
    "pickle": lambda fw: (
        (m := fw.nn.Sequential(fw.nn.Linear(2, 2), fw.nn.BatchNorm1d(2))),
        (c := pickle.loads(pickle.dumps(m))),
        repr(c),
        [bool((a == b).all()) for a, b in zip(m.state_dict().values(), c.state_dict().values())],
    )[2:],
    "load, and a hook misses something": lambda fw: (
        (m := fw.nn.Linear(1, 1)),
        m.register_load_state_dict_post_hook(lambda mod, keys: keys.missing_keys.append("x")),
        m.load_state_dict(m.state_dict()),
    )[2],
    "load with a metadata": lambda fw: logged(
        fw,
        lambda log: type(
            "M",
            (fw.nn.Module,),
            {
                "_version": 3,
                "_load_from_state_dict": lambda self, state, prefix, meta, *rest: log.append(
                    [prefix, meta.get("assign_to_params_buffers")]
                ),
            },
        )().load_state_dict({}, assign=bool(log)),
    ),
    "repr": lambda fw: repr(net(fw)),
    "no forward": lambda fw: fw.nn.Module()(1),
    "version": lambda fw: [fw.nn.Linear(1, 1)._version, fw.nn.BatchNorm1d(1)._version],
    # --- containers
    "Sequential of a dict": lambda fw: repr(
        fw.nn.Sequential(OrderedDict(a=fw.nn.ReLU(), b=fw.nn.Tanh()))
    ),
    "Sequential slices": lambda fw: (
        (m := fw.nn.Sequential(*(fw.nn.Linear(i, i + 1) for i in range(1, 6)))),
        repr(m[1:3]),
        repr(m[-1]),
        len(m),
        m.__delitem__(slice(0, 2)),
        repr(m),
        m.__setitem__(0, fw.nn.ReLU()),
        m.insert(1, fw.nn.Tanh()),
        m.append(fw.nn.GELU()),
        m.extend([fw.nn.ReLU()]),
        repr(m.pop(0)),
        repr(m),
        repr(m + m),
        repr(m * 2),
    )[1:6:2],
    "Sequential bad index": lambda fw: fw.nn.Sequential(fw.nn.ReLU())[3],
    "Sequential insert wrong": lambda fw: fw.nn.Sequential().insert(3, fw.nn.ReLU()),
    "ModuleList": lambda fw: (
        (m := fw.nn.ModuleList([fw.nn.Linear(1, 1), fw.nn.ReLU()])),
        m.insert(0, fw.nn.Tanh()),
        repr(m),
        repr(m[1:]),
        m.extend([fw.nn.ReLU()]),
        list(m.state_dict()),
        repr(m.pop(1)),
        m.__delitem__(0),
        repr(m.__add__([fw.nn.GELU()])),
        [len(m), list(m._modules)],
    )[2::1],
    "ModuleDict": lambda fw: (
        (m := fw.nn.ModuleDict({"a": fw.nn.ReLU()})),
        m.update([["b", fw.nn.Linear(1, 1)]]),
        list(m.keys()),
        "a" in m,
        repr(m.pop("a")),
        len(m),
        m.clear(),
        len(m),
    )[2:],
    "ParameterList": lambda fw: (
        (m := fw.nn.ParameterList([fw.ones(2), fw.nn.Parameter(fw.zeros(1))])),
        m.append(fw.ones(3)),
        repr(m),
        list(m.state_dict()),
        [type(p).__name__ for p in m],
        repr(m[1:]),
        m.pop(),
        len(m),
    )[2:],
    "ParameterDict": lambda fw: (
        (m := fw.nn.ParameterDict({"a": fw.ones(2)})),
        m.update({"b": fw.zeros(1)}),
        repr(m),
        list(m.state_dict()),
        list(m.keys()),
        m.pop("a"),
        m.setdefault("c", fw.ones(1)),
        repr(m.copy()),
        "c" in m,
        m.get("nothing"),
    )[2:],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name):
    def program(fw):
        result = PROGRAMS[name](fw)
        if isinstance(result, tuple):
            result = tuple(None if hasattr(r, "named_modules") else r for r in result)
        if hasattr(result, "named_modules"):
            return None
        if name == "ParameterDict":  # its repr names the framework
            return [r.replace(f"{fw.__name__}.", "") if isinstance(r, str) else r for r in result]
        return result

    agree(program)


def test_reports_of_what_does_not_fit():
    """Missing, unexpected and mismatched keys are named, and nothing is changed."""

    def program(fw):
        m = net(fw)
        before = [t.clone() for t in m.state_dict().values()]
        wrong = dict(m.state_dict())
        wrong["w"] = fw.ones(5)
        del wrong["fc.bias"]
        wrong["inner.9.weight"] = fw.ones(1)
        wrong["fc.weight"] = fw.ones(3, 2)
        try:
            m.load_state_dict(wrong)
        except RuntimeError as error:
            text = str(error)
        named = [
            part in text
            for part in (
                "Missing key(s) in state_dict", '"fc.bias"', "Unexpected key(s) in state_dict",
                '"inner.9.weight"', "size mismatch for w",
            )
        ]  # fmt: skip
        changed = [not bool((a == b).all()) for a, b in zip(before, m.state_dict().values())]
        return named, fw.__name__ != "torch" and any(changed)

    agree(program)


def test_hooks_are_called_in_pytorchs_order():
    def program(fw):
        log = []
        nn = fw.nn
        m = nn.Sequential(nn.Linear(2, 2), nn.ReLU())

        def note(text, result=None):
            return lambda *a, **k: (log.append(text), result)[1]

        m.register_forward_pre_hook(note("pre 1"))
        m.register_forward_pre_hook(note("pre 2"), prepend=True)
        m.register_forward_pre_hook(note("pre kw"), with_kwargs=True)
        m.register_forward_hook(note("post 1"))
        m.register_forward_hook(note("post 2"), prepend=True)
        m.register_forward_hook(note("post kw"), with_kwargs=True, always_call=True)
        m.register_full_backward_pre_hook(note("back pre 1"))
        m.register_full_backward_pre_hook(note("back pre 2"), prepend=True)
        m.register_full_backward_hook(note("back 1"))
        m.register_full_backward_hook(note("back 2"), prepend=True)
        m[0].register_full_backward_hook(note("inner back"))
        handle = m[1].register_forward_hook(note("inner post"))
        x = fw.ones(1, 2, requires_grad=True)
        m(x).sum().backward()
        handle.remove()
        log.append("again")
        m(x).sum().backward()
        log.append("fails")
        try:
            m(fw.ones(1, 3))
        except RuntimeError:
            log.append("error")
        return log

    agree(program)


def test_hooks_change_what_passes():
    def program(fw):
        m = fw.nn.Linear(2, 2)
        fw.nn.init.ones_(m.weight), fw.nn.init.zeros_(m.bias)
        m.register_forward_pre_hook(lambda mod, args: args[0] * 2)
        m.register_forward_pre_hook(lambda mod, args, kwargs: (args, {}), with_kwargs=True)
        m.register_forward_hook(lambda mod, args, out: out * 3)
        m.register_full_backward_pre_hook(lambda mod, g: (g[0] * 10,))
        m.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 100,))
        x = fw.ones(1, 2, requires_grad=True)
        y = m(x)
        y.sum().backward()
        return y, x.grad, m.weight.grad

    agree(program)


@pytest.mark.parametrize(
    "program",
    [
        lambda fw, m: m.register_forward_pre_hook(lambda *a: 5, with_kwargs=True),
        lambda fw, m: m.register_full_backward_hook(lambda *a: (1, 2, 3)),
        lambda fw, m: m.register_full_backward_pre_hook(lambda *a: (1, 2, 3)),
        lambda fw, m: m.register_state_dict_post_hook(lambda *a: {}),
    ],
)
def test_what_hooks_may_not_return(program):
    def whole(fw):
        m = fw.nn.Linear(2, 2)
        program(fw, m)
        x = fw.ones(1, 2, requires_grad=True)
        m(x).sum().backward()
        return list(m.state_dict())

    agree(whole)


def test_state_dict_hooks_and_overrides():
    def program(fw):
        log = []
        m = net(fw)
        m.inner.register_state_dict_pre_hook(lambda mod, prefix, keep: log.append(prefix))
        m.inner.register_state_dict_post_hook(
            lambda mod, d, prefix, meta: d.update({prefix + "more": 1})
        )
        m.inner._register_state_dict_hook(lambda mod, d, prefix, meta: log.append(len(d)))
        m.fc.register_load_state_dict_pre_hook(lambda mod, d, prefix, *rest: log.append(prefix))
        m.fc._register_load_state_dict_pre_hook(lambda d, prefix, *rest: log.append(prefix))
        m.fc._register_load_state_dict_pre_hook(
            lambda mod, d, prefix, *rest: log.append(type(mod).__name__), with_module=True
        )
        m.register_load_state_dict_post_hook(lambda mod, keys: log.append(len(keys)))
        m.fc.register_load_state_dict_post_hook(lambda mod, keys: keys.unexpected_keys.clear())
        d = m.state_dict()
        return list(d), tuple(m.load_state_dict(d)), log

    agree(program)


def test_overridden_saving_and_loading():
    def program(fw):
        class Mine(fw.nn.Linear):
            def _save_to_state_dict(self, destination, prefix, keep_vars):
                super()._save_to_state_dict(destination, prefix, keep_vars)
                destination[prefix + "extra"] = fw.ones(1)

            def _load_from_state_dict(self, state_dict, prefix, *rest):
                self.got = state_dict.pop(prefix + "extra")
                super()._load_from_state_dict(state_dict, prefix, *rest)

            def get_extra_state(self):
                return {"a": 1}

            def set_extra_state(self, state):
                self.state = state

        m = fw.nn.Sequential(Mine(2, 1))
        d = m.state_dict()
        found = str(m.load_state_dict(d))
        return list(d), found, m[0].got, m[0].state

    agree(program)
