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
    assert log == [((None,), [[1]])]


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
    gi = seen["gi"]  # zeros for what needs no gradient, as in PyTorch; None for what is no tensor
    assert [g.tolist() for g in gi[:3]] == [[1, 1], [0, 0], [0, 0]] and gi[3:] == (None,)


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


# --- what PyTorch hands to hooks in odd cases ----------------------------------------------------


def test_always_call_has_the_output_that_another_hook_failed_on(m, x):
    seen = []
    m.register_forward_hook(lambda mod, args, out: 1 / 0)
    m.register_forward_hook(lambda mod, args, out: seen.append(out), always_call=True)
    with pytest.raises(ZeroDivisionError):
        m(x)
    assert seen[0].tolist() == [1, 2]


def test_gradients_that_nothing_asked_for_are_zeros_for_inputs_and_none_for_outputs():
    class Two(nn.Module):
        def forward(self, x, y):
            return x * 2, y * 3

    seen, two = [], Two()
    two.register_full_backward_hook(lambda mod, given, taken: seen.append((given, taken)))
    x, y = mt.ones(2, requires_grad=True), mt.ones(2, requires_grad=True)
    two(x, y)[0].sum().backward()
    (given, taken) = seen[0]
    assert [g.tolist() for g in given] == [[2, 2], [0, 0]]
    assert taken[0].tolist() == [1, 1] and taken[1] is None


def test_a_module_without_inputs_that_need_gradients_has_none_for_each():
    seen, linear = [], nn.Linear(2, 1)
    linear.register_full_backward_hook(lambda mod, given, taken: seen.append(given))
    linear(mt.ones(3, 2)).sum().backward()
    assert seen == [(None,)]


def test_registration_hooks_see_and_replace_what_any_module_registers():
    places, log = nn.modules.module, []

    def frozen(module, name, parameter):
        return parameter.requires_grad_(False)

    handles = [
        places.register_module_parameter_registration_hook(frozen),
        places.register_module_buffer_registration_hook(lambda m, name, b: log.append(name)),
        places.register_module_module_registration_hook(lambda m, name, c: log.append(name)),
    ]
    norm, outer = nn.BatchNorm1d(2), nn.Module()
    outer.child = norm
    for handle in handles:
        handle.remove()
    assert not norm.weight.requires_grad and nn.Linear(1, 1).weight.requires_grad
    assert log == ["running_mean", "running_var", "num_batches_tracked", "child"]


def test_layers_by_their_longer_name():
    from minitorch.nn.modules import Linear
    from minitorch.nn.modules.module import Module

    assert Linear is nn.Linear and Module is nn.Module
    assert nn.modules.conv.Conv2d is nn.Conv2d and not hasattr(nn.modules, "Linaer")


def test_a_backward_hook_of_a_module_whose_input_needs_no_gradient_may_return_nones():
    layer, x = nn.Linear(2, 1), mt.ones(3, 2)
    handle = layer.register_full_backward_hook(lambda mod, gi, go: tuple(None for _ in gi))
    layer(x).sum().backward()
    assert layer.bias.grad.item() == 3
    handle.remove()
    layer.register_full_backward_hook(lambda mod, gi, go: (mt.ones(3, 2),))
    with pytest.raises(RuntimeError, match="must return None"):
        layer(x).sum().backward()
