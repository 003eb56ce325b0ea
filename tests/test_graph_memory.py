"""What the graph holds: no cycles, no recursion, no memory shared between gradients."""

import gc
import itertools
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn
from minitorch.ops.primitive import primitive
from minitorch.utils.checkpoint import checkpoint


class Scale(mt.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        out = x * 2
        ctx.save_for_backward(x, out, x + 1)
        return out, x

    @staticmethod
    def backward(ctx, g, h):
        return g * 2 + h


PROGRAMS = {
    "primitives": lambda x: (x * x + x.exp()).sum(),
    "views": lambda x: (x[0] * x.t()[1]).sum() + x.reshape(-1)[3],
    "several outputs": lambda x: sum(p.sum() for p in x.unbind(0)) + x.max(dim=0)[0].sum(),
    "fused": lambda x: nn.functional.cross_entropy(
        nn.functional.linear(x, x, x[0]), mt.tensor([0, 1, 2])
    ),
    "in place": lambda x: (x * 2).mul_(3).exp_().sum(),
    "write through a view": lambda x: _write_through_a_view(x * 2),
    "function": lambda x: Scale.apply(x)[0].sum(),
    "checkpoint": lambda x: checkpoint(lambda t: (t * t).exp(), x).sum(),
    "hooks": lambda x: _with_hooks(x * 2),
}


def _write_through_a_view(y):
    y[0].mul_(3)
    return y.sum()


def _with_hooks(y):
    y.register_hook(lambda g: g * 2)
    y.retain_grad()
    return (y * y).sum()


@pytest.fixture
def no_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def nodes_of(tensor):
    found, stack = {}, [tensor._node]
    while stack:
        node = stack.pop()
        if hasattr(node, "inputs") and id(node) not in found:
            found[id(node)] = weakref.ref(node)
            stack.extend(node.inputs)
    return list(found.values())


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("walk", ["no walk", "backward", "retained", "create_graph"])
def test_dropping_the_loss_frees_the_graph(name, walk, no_collector):
    x = mt.rand(3, 3, requires_grad=True)
    loss = PROGRAMS[name](x)
    nodes = nodes_of(loss)
    assert nodes and all(ref() is not None for ref in nodes)
    if walk == "create_graph":
        g = mt.autograd.grad(loss, x, create_graph=True)
        nodes += nodes_of(g[0])
        del g
    elif walk != "no walk":
        loss.backward(retain_graph=walk == "retained")
    del loss
    assert [ref() for ref in nodes if ref() is not None] == []


def test_backward_frees_what_was_saved():
    x = mt.ones(4, requires_grad=True)
    y = x.exp()
    saved = weakref.ref(y._data)
    z = y.sum()
    del y
    assert saved() is not None  # exp's gradient needs it
    z.backward()
    assert saved() is None


@pytest.mark.parametrize("length", [100_000])
def test_long_chains_need_no_recursion(length):
    x = mt.ones(2, requires_grad=True)
    y = x
    for _ in range(length):
        y = y * 1.0
    y.sum().backward()
    assert x.grad.tolist() == [1, 1]
    del y  # frees the chain, node by node
    gc.collect()


def test_a_long_chain_of_several_outputs_is_freed_without_recursion():
    x = mt.ones(2, requires_grad=True)
    y = x
    for _ in range(20_000):
        a, b = y.unbind(0)
        y = mt.stack([a, b])
    del y, a, b


# --- no two gradients in one place ------------------------------------------------------------

LEAVES = 3
SHARING = {
    "add": lambda a, b, c: a + b + c,
    "sub": lambda a, b, c: a - (b - c),
    "one leaf twice": lambda a, b, c: a + a + b + c,
    "reshape": lambda a, b, c: a.reshape(-1) + b.view(-1) + c.flatten(),
    "transpose": lambda a, b, c: a.t() + b.t() + c.permute(1, 0),
    "expand": lambda a, b, c: a.expand(2, 3, 3) + b.expand(2, 3, 3) + c,
    "slices": lambda a, b, c: a[:] + b[...] + c[0:],
    "cat": lambda a, b, c: mt.cat([a, b, c]),
    "stack": lambda a, b, c: mt.stack([a, b, c]),
    "clone": lambda a, b, c: a.clone() + b.clone() + c.contiguous(),
    "squeeze": lambda a, b, c: a.unsqueeze(0).squeeze(0) + b.unsqueeze(-1).squeeze(-1) + c,
    "linear": lambda a, b, c: nn.functional.linear(a, b, c[0]),
    "mse": lambda a, b, c: nn.functional.mse_loss(a, b) + c,
    "where": lambda a, b, c: mt.where(mt.ones(3, 3) > 0, a, b) + c,
    "sort": lambda a, b, c: a.sort()[0] + b.max(dim=0)[0] + c,
    "dtype": lambda a, b, c: a.to(mt.float32) + b.to(mt.float64) + c,
    "function": lambda a, b, c: Scale.apply(a)[1] + Scale.apply(b)[1] + c,
    "unbind": lambda a, b, c: mt.stack(a.unbind()) + mt.stack(b.unbind()) + c,
    "in place": lambda a, b, c: (a * 1).add_(b).add_(c),
}


@pytest.mark.parametrize("name", SHARING)
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("hooked", [False, True])
def test_no_memory_is_shared(name, create_graph, hooked):
    leaves = [mt.rand(3, 3, requires_grad=True) for _ in range(LEAVES)]
    kept = []
    if hooked:
        for t in leaves:
            t.register_hook(kept.append)
    before = [t.detach().clone() for t in leaves]
    out = SHARING[name](*leaves)
    inner = out * 1
    inner.retain_grad()
    root = mt.ones(*inner.shape)
    inner.backward(root, create_graph=create_graph)
    grads = [t.grad for t in (*leaves, inner)]
    everything = [t._data for t in (*grads, *leaves, *kept, out, inner, root)]
    for a, b in itertools.combinations(everything, 2):
        shared = np.shares_memory(a, b)
        assert not shared or not any(a is g._data or b is g._data for g in grads)
    for t, old in zip(leaves, before):
        assert np.array_equal(t.detach().numpy(), old.numpy())
    assert root.tolist() == mt.ones(*root.shape).tolist()


def test_one_hook_result_for_two_leaves():
    a, b = (mt.ones(2, requires_grad=True) for _ in range(2))
    same = mt.ones(2)
    a.register_hook(lambda g: same)
    b.register_hook(lambda g: same)
    (a + b).sum().backward()
    a.grad.zero_()
    assert b.grad.tolist() == [1, 1] and same.tolist() == [1, 1]


def test_neighbours_that_retain_their_gradients():
    x = mt.ones(2, requires_grad=True)
    y = x + 1
    z = y + 1
    y.retain_grad()
    z.retain_grad()
    z.sum().backward(create_graph=True)
    assert not np.shares_memory(y.grad._data, z.grad._data)


def test_a_rule_that_hands_on_one_of_several_gradients():
    @primitive
    def twins(x, /):
        return x.copy(), x * 2

    twins.gradient(x=lambda g: g[0])
    x = mt.ones(2, requires_grad=True)
    root = mt.ones(2)
    twins(x)[0].backward(root)
    assert not np.shares_memory(x.grad._data, root._data)
