"""PyTorch's optimizer database: every configuration must step as PyTorch's does."""

import copy
import inspect

import numpy as np
import pytest
import torch
from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db

import minitorch as mt
from minitorch.optim.muon import orthogonal
from tests.parity.both import through_a_file

INFOS = {
    info.optim_cls.__name__: info for info in optim_db if info.optim_cls.__name__ != "SparseAdam"
}
SHAPES = [(3, 4), (5, 2), (1, 1), (130, 140)]
STEPS = 10


CONFIGURATIONS = [
    pytest.param(name, sample.kwargs, id=f"{name}-{sample.desc}".replace(" ", "_"))
    for name, info in INFOS.items()
    for sample in info.optim_inputs_func(device="cpu")
]


def to_mt(value):
    """PyTorch's data as minitorch's, through NumPy."""
    if isinstance(value, torch.Tensor):
        return mt.tensor(value.detach().numpy().copy())
    if isinstance(value, dict):
        return {k: to_mt(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(to_mt(v) for v in value)
    return value


class Run:
    """The same optimizer in one library, on the same parameters and gradients."""

    def __init__(self, lib, name, options, arrays, groups=1, slopes=None):
        self.lib = lib
        self.params = []
        for a in arrays:
            p = lib.tensor(a.copy())
            p.requires_grad_(True)
            self.params.append(p)
        self.slopes = [lib.tensor(1 + abs(a) / 2) for a in slopes or arrays]
        given = self.params
        if groups == 2:
            given = [{"params": self.params[:2]}, {"params": self.params[2:], "lr": 0.02}]
        options = to_mt(options) if lib is mt else copy.deepcopy(options)
        self.optimizer = getattr(lib.optim, name)(given, **options)

    def step(self, grads):
        if type(self.optimizer).__name__ == "LBFGS":
            self.optimizer.step(self.closure)
            return
        for p, g in zip(self.params, grads):
            p.grad = self.lib.tensor(g.copy())
        self.optimizer.step()

    def closure(self):
        """A bowl, steeper in some directions than in others: LBFGS asks more than once a step."""
        loss = 0
        for p, a in zip(self.params, self.slopes):
            p.grad = None
            d = p.abs() if p.is_complex() else p
            loss = loss + (d * d * a).sum() + (d * d * d * d).sum() * 0.1
        loss.backward()
        return loss

    def values(self):
        return [p.detach().numpy().copy() for p in self.params]


def data(dtype, name):
    rng = np.random.default_rng(0)
    shapes = SHAPES[:3] if name == "LBFGS" else SHAPES  # it keeps a hundred copies

    def draw():
        arrays = [rng.standard_normal(s) for s in shapes]
        if np.dtype(dtype).kind == "c":
            arrays = [a + 1j * rng.standard_normal(a.shape) for a in arrays]
        return [a.astype(dtype) for a in arrays]

    start, other = draw(), draw()
    # a gradient that changes, and is exactly zero here and there
    grads = [
        [0.1 * a * (k % 3 - 0.5) * (np.abs(a) > 0.1) + 0.02 * b for a, b in zip(start, other)]
        for k in range(2 * STEPS)
    ]
    return start, [[g.astype(dtype) for g in gs] for gs in grads]


def assert_close(ours, theirs, tolerance=2e-5):
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype and a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def assert_same_state(ours, theirs, tolerance=2e-5):
    if isinstance(theirs, torch.Tensor):
        assert isinstance(ours, mt.Tensor)
        assert_close([ours.detach().numpy()], [theirs.numpy()], tolerance)
    elif isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for k in theirs:
            assert_same_state(ours[k], theirs[k], tolerance)
    elif isinstance(theirs, (list, tuple)):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs):
            assert_same_state(a, b, tolerance)
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=tolerance)
    else:
        assert ours == theirs


# A sum that is rounded to bfloat16 the other way is off by up to 1/256 of the step.
CLOSE = {"Muon": 5e-4}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


# LBFGS takes one group.
GROUPED = [
    pytest.param(*c.values, n, id=f"{c.id}-{n}")
    for c in CONFIGURATIONS
    for n in (1, 2)
    if n == 1 or c.values[0] != "LBFGS"
]


@pytest.mark.parametrize(("name", "options", "groups"), GROUPED)
def test_steps_like_torch(name, options, groups):
    dtypes = ["float32", "float64"]
    if INFOS[name].supports_complex and name not in ("Muon", "Adafactor"):
        dtypes.append("complex64")
    for dtype in dtypes:
        start, grads = data(dtype, name)
        ours = Run(mt, name, options, start, groups)
        theirs = Run(torch, name, options, start, groups)
        for g in grads[:STEPS]:
            ours.step(g)
            theirs.step(g)
        close = 2e-3 if name == "LBFGS" and dtype != "float64" else CLOSE.get(name, 2e-5)
        assert_close(ours.values(), theirs.values(), close)


@pytest.mark.parametrize(("name", "options"), CONFIGURATIONS)
def test_state_goes_both_ways(name, options):
    start, grads = data("float64", name)
    ours, theirs = Run(mt, name, options, start), Run(torch, name, options, start)
    for g in grads[:3]:
        ours.step(g)
        theirs.step(g)
    mine, its = ours.optimizer.state_dict(), theirs.optimizer.state_dict()
    if name == "LBFGS":
        assert mine["state"][0].keys() <= its["state"][0].keys() | {"al"}
    else:
        assert_same_state(mine, its)
    # each goes on from the other's state
    ours2 = Run(mt, name, options, ours.values(), slopes=start)
    ours2.optimizer.load_state_dict(through_a_file(its, torch, mt))
    theirs2 = Run(torch, name, options, theirs.values(), slopes=start)
    theirs2.optimizer.load_state_dict(through_a_file(mine, mt, torch))
    ours3 = Run(mt, name, options, ours.values(), slopes=start)
    ours3.optimizer.load_state_dict(through_a_file(mine, mt, mt))
    for g in grads[3:6]:
        for run in (ours, ours2, ours3, theirs2, theirs):
            run.step(g)
    assert_close(ours2.values(), theirs.values(), CLOSE.get(name, 2e-5))
    assert_close(theirs2.values(), theirs.values(), CLOSE.get(name, 2e-5))
    for a, b in zip(ours3.values(), ours.values(), strict=True):
        assert a.tobytes() == b.tobytes()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (5, 2), (7, 7), (12, 10)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_muon_rounds_like_torch(shape, scale):
    """To the bit: sums this short do not depend on their order, once they are rounded."""
    x = (scale * np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    how = (3.4445, -4.7750, 2.0315), 5, 1e-7
    theirs = torch.optim._muon._zeropower_via_newtonschulz(torch.tensor(x), *how)
    np.testing.assert_array_equal(orthogonal(x, *how), theirs.float().numpy())


ERRORS = [
    pytest.param(name, case, id=f"{name}-{case.optimizer_error_input.desc}".replace(" ", "_"))
    for name, info in INFOS.items()
    for case in info.optim_error_inputs_func(device="cpu", dtype=torch.float32)
]


@pytest.mark.parametrize(("name", "case"), ERRORS)
def test_raises_like_torch(name, case):
    given, expected = case.optimizer_error_input, case.error_type
    if expected is UserWarning:
        expected = ValueError  # a parameter given twice is an error here
    shared = {}

    def convert(value):
        if isinstance(value, torch.Tensor):
            if id(value) not in shared:
                shared[id(value)] = p = to_mt(value).requires_grad_(value.requires_grad)
                if value.grad is not None:
                    p.grad = to_mt(value.grad)
            return shared[id(value)]
        if isinstance(value, dict):
            return {k: convert(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(convert(v) for v in value)
        return value

    params = [mt.zeros(2, 2, requires_grad=True)] if given.params is None else convert(given.params)
    make = getattr(mt.optim, name)
    if case.error_on == OptimizerErrorEnum.CONSTRUCTION_ERROR:
        with pytest.raises(expected):
            make(params, **to_mt(given.kwargs))
    else:
        optimizer = make(params, **to_mt(given.kwargs))
        with pytest.raises(expected):
            optimizer.step()


@pytest.mark.parametrize("name", INFOS)
def test_arguments_are_torchs(name):
    ours = inspect.signature(getattr(mt.optim, name)).parameters.values()
    theirs = inspect.signature(getattr(torch.optim, name)).parameters.values()
    assert [(p.name, p.kind, p.default) for p in ours] == [
        (p.name, p.kind, p.default) for p in theirs
    ]


def hooked(lib):
    """What hooks on state dicts see and change, in order."""
    calls = []
    p = lib.ones(2, requires_grad=True)
    optimizer = lib.optim.SGD([p], lr=0.1, momentum=0.5)

    def saved(o, state):
        calls.append(("saved", o is optimizer, sorted(state)))
        return {**state, "note": 7}

    def loading(o, state):
        calls.append(("loading", state.pop("note")))
        state["param_groups"][0]["lr"] = 0.3
        return state

    optimizer.register_state_dict_pre_hook(lambda o: calls.append("before 1"))
    optimizer.register_state_dict_pre_hook(lambda o: calls.append("before 0"), prepend=True)
    optimizer.register_state_dict_post_hook(saved)
    handle = optimizer.register_load_state_dict_pre_hook(loading)
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("after 1"))
    optimizer.register_load_state_dict_post_hook(lambda o: calls.append("after 0"), prepend=True)
    state = optimizer.state_dict()
    optimizer.load_state_dict(state)
    calls.append((sorted(state), optimizer.param_groups[0]["lr"]))
    handle.remove()
    optimizer.load_state_dict(optimizer.state_dict())
    return calls


def test_hooks_on_state_dicts():
    assert hooked(mt) == hooked(torch)


def test_names_of_parameters():
    def program(lib):
        model = lib.nn.Sequential(lib.nn.Linear(1, 1), lib.nn.Linear(1, 1))
        named = lib.optim.SGD(model.named_parameters(), lr=0.1)
        other = lib.optim.SGD([("x", model[0].weight), ("y", model[0].bias)], lr=0.5)
        plain = lib.optim.SGD(model[1].parameters(), lr=0.3)
        other.load_state_dict(plain.state_dict())  # keeps its names
        seen = [named.state_dict()["param_groups"], other.state_dict()["param_groups"]]
        plain.load_state_dict(other.state_dict())  # gets them
        return [[sorted(g.items(), key=str) for g in groups] for groups in seen] + [
            plain.param_groups[0]["param_names"]
        ]

    assert program(mt) == program(torch)
