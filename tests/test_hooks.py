"""Hooks on tensors and nodes, and gradients that are retained."""

import pytest

import minitorch as mt


@pytest.fixture
def x():
    return mt.tensor([1.0, 2.0], requires_grad=True)


def test_hooks_see_the_gradient_in_order_and_may_replace_it(x):
    y = x * 2
    log = []
    y.register_hook(lambda g: log.append(("first", g.tolist())))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: log.append(("third", g.tolist())))
    x.register_hook(lambda g: log.append(("leaf", g.tolist())))
    x.register_hook(lambda g: g + 1)
    y.sum().backward()
    assert log == [("first", [1, 1]), ("third", [10, 10]), ("leaf", [20, 20])]
    assert x.grad.tolist() == [21, 21]


def test_a_hook_runs_once_on_the_whole_gradient(x):
    seen = []
    y = x * 1
    y.register_hook(lambda g: seen.append(g.tolist()))
    (y * 2 + y * 3).sum().backward()
    assert seen == [[5, 5]]


def test_removal(x):
    handle = x.register_hook(lambda g: g * 10)
    with x.register_hook(lambda g: g * 100):
        x.sum().backward()
    assert x.grad.tolist() == [1000, 1000]
    x.grad = None
    handle.remove()
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [1, 1]


def test_a_hook_that_removes_itself(x):
    seen = []
    handle = x.register_hook(lambda g: (seen.append(1), handle.remove())[0])
    for _ in range(2):
        x.sum().backward()
    assert seen == [1]


def test_the_leaf_hook_sees_this_walk_only(x):
    seen = []
    x.register_hook(lambda g: seen.append(g.tolist()))
    for _ in range(2):
        (x * 2).sum().backward()
    assert seen == [[2, 2], [2, 2]] and x.grad.tolist() == [4, 4]


def test_hooks_apply_to_grad_and_to_inputs(x):
    y = x * 2
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g * 100)
    gx, gy = mt.autograd.grad(y.sum(), [x, y], retain_graph=True)
    assert gx.tolist() == [2000, 2000] and gy.tolist() == [10, 10]
    y.sum().backward(inputs=[x])
    assert x.grad.tolist() == [2000, 2000]


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (1.0, TypeError),
        (mt.ones(3), RuntimeError),
        (mt.ones(2, dtype=mt.float64), RuntimeError),
    ],
)
def test_what_a_hook_may_not_return(x, result, error):
    (x * 2).sum().backward()
    before = x.grad.tolist()
    x.register_hook(lambda g: result)
    with pytest.raises(error, match="hook"):
        (x * 2).sum().backward()
    assert x.grad.tolist() == before


def test_hooks_need_a_gradient():
    for register in ("register_hook", "register_post_accumulate_grad_hook"):
        with pytest.raises(RuntimeError):
            getattr(mt.ones(1), register)(print)
    with pytest.raises(RuntimeError):
        mt.ones(1).retain_grad()


def test_a_hook_on_a_recorded_walk_is_differentiated(x):
    y = x * x
    y.register_hook(lambda g: g * x)  # dy/dx becomes 2x * x
    (g,) = mt.autograd.grad(y.sum(), x, create_graph=True)
    assert g.tolist() == [2, 8]
    (h,) = mt.autograd.grad(g.sum(), x)
    assert h.tolist() == [4, 8]


def test_complex_gradients_are_shown_in_pytorchs_convention():
    """For a real loss, the gradient is dL/dre + i dL/dim, everywhere that a user sees one."""
    z = mt.tensor([3 + 4j], requires_grad=True)
    seen = {}
    w = z * (2 + 1j)
    w.retain_grad()
    w.register_hook(lambda g: seen.update(tensor=g.item()))
    w.grad_fn.register_prehook(lambda gs: seen.update(before=gs[0].item()))
    w.grad_fn.register_hook(lambda ins, outs: seen.update(i=ins[0].item(), o=outs[0].item()))
    z.register_hook(lambda g: seen.update(leaf=g.item()))
    w.real.sum().backward()
    assert seen == {"tensor": 1, "before": 1, "o": 1, "i": 2 - 1j, "leaf": 2 - 1j}
    assert w.grad.item() == 1 and z.grad.item() == 2 - 1j


def test_complex_hooks_may_replace_the_gradient():
    z = mt.tensor([3 + 4j], requires_grad=True)
    w = z * 1
    w.register_hook(lambda g: g * 1j)
    z.register_hook(lambda g: g + 5j)
    (w.real.sum()).backward()
    assert z.grad.item() == 6j


# --- retain_grad ------------------------------------------------------------------------------


def test_retain_grad(x):
    y = x * 2
    assert not y.retains_grad and y.grad is None
    y.retain_grad()
    y.retain_grad()
    assert y.retains_grad and not x.retains_grad
    (y * y).sum().backward(retain_graph=True)
    assert y.grad.tolist() == [4, 8]
    (y * y).sum().backward()
    assert y.grad.tolist() == [8, 16]
    x.retain_grad()  # a leaf does so anyway


def test_what_is_retained_has_passed_the_hooks(x):
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    y.sum().backward()
    assert y.grad.tolist() == [10, 10]


def test_a_retained_gradient_survives_in_place_writes(x):
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert y.grad.tolist() == [1, 1] and x.grad.tolist() == [6, 6]


# --- post-accumulate hooks --------------------------------------------------------------------


def test_post_accumulate_hooks_see_the_sum(x):
    seen = []
    x.register_post_accumulate_grad_hook(lambda t: seen.append((t is x, t.grad.tolist())))
    for _ in range(2):
        (x * 2).sum().backward()
    assert seen == [(True, [2, 2]), (True, [4, 4])]


def test_a_post_accumulate_hook_may_step(x):
    def step(t):
        t.sub_(t.grad)  # allowed: nothing is recorded here
        t.grad = None

    x.register_post_accumulate_grad_hook(step)
    (x * 3).sum().backward()
    assert x.tolist() == [-2, -1] and x.grad is None and x.is_leaf


def test_post_accumulate_hooks_are_for_leaves(x):
    with pytest.raises(RuntimeError, match="leaves"):
        (x * 2).register_post_accumulate_grad_hook(print)
    seen = []
    handle = x.register_post_accumulate_grad_hook(seen.append)
    mt.autograd.grad((x * 2).sum(), x)  # accumulates nothing
    handle.remove()
    (x * 2).sum().backward()
    assert seen == []


# --- node hooks -------------------------------------------------------------------------------


def test_node_hooks_see_and_replace_gradients(x):
    y = x * 2
    log = []
    y.grad_fn.register_prehook(lambda outs: (outs[0] * 10,))
    y.grad_fn.register_hook(lambda ins, outs: log.append((ins[0].tolist(), outs[0].tolist())))
    y.grad_fn.register_hook(lambda ins, outs: (ins[0] + 1, None))
    y.register_hook(lambda g: log.append(g.tolist()))
    y.sum().backward()
    assert log == [[1, 1], ([20, 20], [10, 10])]  # tensor hooks come first
    assert x.grad.tolist() == [21, 21]


def test_node_hooks_where_an_op_has_several_outputs():
    x = mt.ones(3, requires_grad=True)
    a, b, c = x.unbind(0)
    log = []
    a.grad_fn.register_prehook(lambda outs: (outs[0] * 10, *outs[1:]))
    a.grad_fn.register_hook(
        lambda ins, outs: log.append((ins[0].tolist(), [o and o.item() for o in outs]))
    )
    (a + b * 2).backward()
    assert log == [([10, 2, 0], [10, 2, None])]
    assert x.grad.tolist() == [10, 2, 0]


def test_removed_node_hooks_and_metadata(x):
    y = x * 2
    y.grad_fn.register_hook(lambda ins, outs: (ins[0] * 0, None)).remove()
    y.grad_fn.metadata["note"] = 1
    assert y.grad_fn.metadata == {"note": 1}
    y.sum().backward()
    assert x.grad.tolist() == [2, 2]
