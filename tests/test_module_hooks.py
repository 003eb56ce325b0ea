"""Hooks around modules: order, replacement, removal; forward, backward and global."""

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.nn import hooks


class Affine(nn.Module):
    def forward(self, x, scale=1.0, *, shift=0.0):
        return x * scale + shift


@pytest.fixture
def m():
    return Affine()


@pytest.fixture
def x():
    return mt.tensor([1.0, 2.0], requires_grad=True)


def test_forward_hooks_in_order(m, x):
    log = []
    m.register_forward_pre_hook(lambda mod, args: log.append(("pre", mod is m, len(args))))
    m.register_forward_hook(lambda mod, args, out: log.append(("post", out.tolist())))
    m.register_forward_hook(lambda mod, args, out: out * 10)
    m.register_forward_hook(lambda mod, args, out: log.append(("late", out.tolist())))
    m.register_forward_hook(lambda *a: log.append("first"), prepend=True)
    assert m(x, 2.0).tolist() == [20, 40]
    assert log == [("pre", True, 2), "first", ("post", [2, 4]), ("late", [20, 40])]


def test_pre_hooks_replace_arguments(m, x):
    m.register_forward_pre_hook(lambda mod, args: args[0] * 2)  # a single value is wrapped
    m.register_forward_pre_hook(lambda mod, args: (args[0], 10.0))
    assert m(x).tolist() == [20, 40]


def test_hooks_with_keywords(m, x):
    seen = []
    m.register_forward_pre_hook(
        lambda mod, args, kwargs: (args, {**kwargs, "shift": 5.0}), with_kwargs=True
    )
    m.register_forward_hook(lambda mod, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
    assert m(x, shift=1.0).tolist() == [6, 7] and seen == [{"shift": 5.0}]
    m.register_forward_pre_hook(lambda mod, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"None or \(args, kwargs\)"):
        m(x)


def test_removal(m, x):
    handle = m.register_forward_hook(lambda mod, args, out: out * 0)
    with m.register_forward_pre_hook(lambda mod, args: (args[0] * 3,)):
        assert m(x).tolist() == [0, 0]
    handle.remove()
    assert m(x).tolist() == [1, 2]


def test_always_call():
    log = []

    class Fails(nn.Module):
        def forward(self):
            raise KeyError("forward")

    f = Fails()
    f.register_forward_hook(lambda mod, args, out: log.append("ordinary"))
    f.register_forward_hook(lambda mod, args, out: log.append(out), always_call=True)
    with pytest.raises(KeyError):
        f()
    assert log == [None]
    f.register_forward_hook(lambda mod, args, out: 1 / 0, always_call=True)
    with pytest.raises(KeyError), pytest.warns(UserWarning, match="ZeroDivision"):
        f()


# --- backward ---------------------------------------------------------------------------------


def test_backward_hooks(m, x):
    log = []
    m.register_full_backward_pre_hook(lambda mod, g: log.append(("pre", g[0].tolist())))
    m.register_full_backward_hook(lambda mod, gi, go: log.append((gi[0].tolist(), go[0].tolist())))
    m(x, 3.0).sum().backward()
    assert log == [("pre", [1, 1]), ([3, 3], [1, 1])] and x.grad.tolist() == [3, 3]


def test_backward_hooks_replace_gradients(m, x):
    m.register_full_backward_pre_hook(lambda mod, g: (g[0] * 10,))
    m.register_full_backward_hook(lambda mod, gi, go: (gi[0] + go[0], None))
    m(x, 3.0).sum().backward()
    assert x.grad.tolist() == [40, 40]


def test_backward_hooks_where_only_parameters_need_gradients():
    layer = nn.Linear(2, 1)
    log = []
    layer.register_full_backward_hook(lambda mod, gi, go: log.append((gi, go[0].tolist())))
    layer(mt.ones(1, 2)).sum().backward()
    assert log == [((), [[1]])]


def test_arguments_without_gradient_stay_so(m, x):
    seen = {}

    class Mask(nn.Module):
        def forward(self, x, mask, index, flag):
            seen.update(mask=mask.requires_grad, flag=flag)
            return x * mask + index

    mask = Mask()
    mask.register_full_backward_hook(lambda mod, gi, go: seen.update(gi=gi))
    mask(x, mt.ones(2), mt.tensor([1, 2]), "flag").sum().backward()
    assert seen["mask"] is False and seen["flag"] == "flag"
    assert len(seen["gi"]) == 4 and seen["gi"][0].tolist() == [1, 1] and seen["gi"][2] is None


@pytest.mark.parametrize("kind", [tuple, list, mt.return_types.sort._make])
def test_several_outputs(kind, x):
    class Two(nn.Module):
        def forward(self, x):
            return kind([x * 2, x * 3])

    two = Two()
    seen = []
    two.register_full_backward_hook(lambda mod, gi, go: seen.append((gi, go)))
    out = two(x)
    assert type(out) is type(two.forward(x))
    out[1].sum().backward()
    ((gi, go),) = seen
    assert go[0] is None and go[1].tolist() == [1, 1] and gi[0].tolist() == [3, 3]


def test_nothing_to_do_for_other_outputs():
    class Text(nn.Module):
        def forward(self, x):
            return "text"

    t = Text()
    t.register_full_backward_hook(lambda mod, gi, go: None)
    assert t(mt.ones(1, requires_grad=True)) == "text"
    with mt.no_grad():
        assert not Affine()(mt.ones(1, requires_grad=True)).requires_grad


def test_second_derivatives_pass_through(x):
    class Cube(nn.Module):
        def forward(self, x):
            return x**3

    cube = Cube()
    cube.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 2,))
    (g,) = mt.autograd.grad(cube(x).sum(), x, create_graph=True)
    assert g.tolist() == [6, 24]
    (h,) = mt.autograd.grad(g.sum(), x)
    assert h.tolist() == [12, 24]  # not again: this walk does not enter by the outputs


def test_hooked_and_plain_modules_compute_the_same():
    mt.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x = mt.rand(5, 3, requires_grad=True)
    (plain,) = mt.autograd.grad(model(x).square().sum(), x)
    for module in model.modules():
        module.register_full_backward_hook(lambda mod, gi, go: None)
        module.register_forward_hook(lambda mod, args, out: None)
    (hooked,) = mt.autograd.grad(model(x).square().sum(), x)
    np.testing.assert_array_equal(plain.numpy(), hooked.numpy())


# --- global -----------------------------------------------------------------------------------


def test_global_hooks_come_first(m, x):
    log = []
    m.register_forward_pre_hook(lambda *a: log.append("pre"))
    m.register_forward_hook(lambda *a: log.append("post"))
    m.register_full_backward_hook(lambda *a: log.append("backward"))
    handles = [
        hooks.register_module_forward_pre_hook(lambda *a: log.append("global pre")),
        hooks.register_module_forward_hook(lambda *a: log.append("global post")),
        hooks.register_module_full_backward_pre_hook(lambda *a: log.append("global enter")),
        hooks.register_module_full_backward_hook(lambda *a: log.append("global backward")),
    ]
    try:
        m(x).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    assert log == [
        "global pre", "pre", "global post", "post", "global enter", "global backward", "backward",
    ]  # fmt: skip
    log.clear()
    Affine()(x)
    assert log == []


def test_an_error_in_a_hook_names_the_module(m, x):
    m.register_forward_hook(lambda mod, args, out: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        nn.Sequential(m)(x)
    assert caught.value.__notes__ == ["in 0 (Affine) of Sequential"]
