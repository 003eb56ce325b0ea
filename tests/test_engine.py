"""The walk: where gradients go, how often, in which dtype and shape, and what it refuses."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch.ops.primitive import primitive


def leaf(*values, dtype=mt.float64):
    return mt.tensor(values if len(values) != 1 else values[0], dtype=dtype, requires_grad=True)


# --- starting ---------------------------------------------------------------------------------


def test_a_single_number_needs_no_gradient():
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4]
    y = leaf(3.0)
    (y * y).reshape(1, 1).backward()  # one element, whatever the shape
    assert y.grad.item() == 6


def test_the_gradient_given_is_the_roots():
    x = leaf(1.0, 2.0)
    (x * x).backward(mt.tensor([1.0, 10.0], dtype=mt.float64))
    assert x.grad.tolist() == [2, 40]


@pytest.mark.parametrize(
    ("gradient", "error", "words"),
    [
        (None, RuntimeError, "shape \\(2,\\)"),
        (mt.ones(3), RuntimeError, "\\(3,\\) and the output has \\(2,\\)"),
        (1.0, TypeError, "Tensor or None, got float"),
        (mt.tensor([1j, 1j]), RuntimeError, "complex gradient"),
    ],
)
def test_gradients_that_do_not_fit(gradient, error, words):
    with pytest.raises(error, match=words):
        (leaf(1.0, 2.0) * 2).backward(gradient)


def test_nothing_to_differentiate():
    with pytest.raises(RuntimeError, match="does not require grad"):
        mt.ones(()).backward()
    with pytest.raises(RuntimeError, match="complex output"):
        mt.tensor(1j, requires_grad=True).backward()


def test_a_gradient_of_another_dtype_is_cast():
    x = mt.ones(2, requires_grad=True)
    seen = []
    y = x * 2
    y.register_hook(lambda g: seen.append(g.dtype))
    y.backward(mt.ones(2, dtype=mt.int64))
    assert seen == [mt.float32] and x.grad.dtype is mt.float32


def test_a_leaf_is_its_own_root():
    x = leaf(2.0)
    x.backward()
    assert x.grad.item() == 1
    given = mt.ones((), dtype=mt.float64)
    x.backward(given)
    assert x.grad.item() == 2 and given.item() == 1


def test_several_roots():
    x = leaf(1.0, 2.0)
    y = x * 3
    mt.autograd.backward([y.sum(), y.sum(), (y * y).sum()])
    assert x.grad.tolist() == [6 + 18, 6 + 36]


# --- going ------------------------------------------------------------------------------------


def test_a_node_is_visited_once_and_after_all_its_users():
    x = leaf(1.0)
    order = []
    a = x * 2
    b, c = a * 3, a * 5
    d = b + c
    for name, t in {"a": a, "b": b, "c": c, "d": d}.items():
        t.register_hook(lambda g, name=name: order.append((name, g.item())))
    d.backward()
    assert order == [("d", 1), ("c", 1), ("b", 1), ("a", 8)]
    assert x.grad.item() == 16


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.booleans()), max_size=15))
def test_random_graphs_agree_with_forward_differentiation(program):
    """Each step adds or multiplies two of the values so far; duals carry the derivative along."""
    x = leaf(0.7)
    values, duals = [x], [(0.7, 1.0)]
    for i, j, multiply in program:
        i, j = i % len(values), j % len(values)
        (a, da), (b, db) = duals[i], duals[j]
        values.append(values[i] * values[j] if multiply else values[i] + values[j])
        duals.append((a * b, da * b + a * db) if multiply else (a + b, da + db))
    values[-1].backward()
    np.testing.assert_allclose(x.grad.item(), duals[-1][1], rtol=1e-10)


@given(st.integers(0, 2), st.integers(0, 2), st.integers(0, 2))
def test_broadcasting_is_undone(i, j, k):
    full = (2, 3, 4)
    shape = tuple(1 if keep else n for n, keep in zip(full, (i == 0, j == 0, k == 0)))[i:]
    x = mt.ones(shape, dtype=mt.float64, requires_grad=True)
    weights = mt.arange(24, dtype=mt.float64).reshape(full)
    (x * weights).sum().backward()
    assert x.grad.shape == x.shape
    expected = weights.numpy()
    lead = len(full) - len(shape)
    expected = expected.sum(axis=tuple(range(lead)))
    for axis, n in enumerate(shape):
        if n == 1:
            expected = expected.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(x.grad.numpy(), expected)


def test_half_precision_is_summed_in_single():
    bias = mt.zeros(2, dtype=mt.float16, requires_grad=True)
    (bias + mt.zeros(5000, 2, dtype=mt.float16)).backward(mt.ones(5000, 2, dtype=mt.float16))
    assert bias.grad.tolist() == [5000, 5000]  # in half, adding ones ends at 2048


def test_gradients_have_the_dtype_and_shape_of_their_tensors():
    a = mt.ones(3, 1, dtype=mt.float16, requires_grad=True)
    b = mt.ones(2, dtype=mt.float64, requires_grad=True)
    c = mt.ones((), dtype=mt.complex64, requires_grad=True)
    n = mt.tensor([[2], [3], [4]])
    y = (a * b * c * n).real.sum()
    y.backward()
    for t in (a, b, c):
        assert t.grad.dtype is t.dtype and t.grad.shape == t.shape
    assert b.grad.tolist() == [9, 9] and n.grad is None


def test_integers_carry_no_gradient():
    n = mt.tensor([1, 2])
    assert not (n * 2).requires_grad
    x = leaf(1.5, 2.5)
    assert not (x > 2).requires_grad and not x.argmax().requires_grad
    with pytest.raises(RuntimeError, match="only floating and complex"):
        n.requires_grad_()


@pytest.mark.parametrize("shape", [(0,), (2, 0, 3), ()])
def test_no_elements_and_no_dimensions(shape):
    x = mt.ones(shape, requires_grad=True)
    ((x * 2 + 1).exp().sum()).backward()
    assert x.grad.shape == shape and isinstance(x.grad._data, np.ndarray)


def test_complex_gradients_are_conjugate():
    z = mt.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z * (2 - 1j)).abs().square().sum().backward()  # |2 - i|^2 |z|^2
    np.testing.assert_allclose(z.grad.numpy(), 10 * z.detach().numpy(), rtol=1e-6)


# --- arriving ---------------------------------------------------------------------------------


def test_gradients_accumulate_in_place():
    x = leaf(1.0, 2.0)
    (x * 2).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    assert x.grad is first and first.tolist() == [4, 6]


def test_accumulation_does_not_reach_into_a_gradient_that_was_kept():
    x = leaf(1.0)
    (x * 2).backward()
    kept = x.grad
    x.grad = None
    (x * 2).backward()
    x.grad.add_(1)
    assert kept.item() == 2


def test_inputs_restrict_where_gradients_go():
    x, w = leaf(2.0), leaf(3.0)
    (x * w).backward(inputs=[w])
    assert x.grad is None and w.grad.item() == 2
    (x * w).backward(inputs=x)
    assert x.grad.item() == 3 and w.grad.item() == 2
    with pytest.raises(RuntimeError, match="empty"):
        (x * w).backward(inputs=[])
    with pytest.raises(RuntimeError, match="does not require grad"):
        (x * w).backward(inputs=[mt.ones(1)])


def test_inputs_may_be_computed_tensors():
    x = leaf(2.0)
    y = x * 3
    (y * y).backward(inputs=[y, y])
    assert y.grad.item() == 12 and x.grad is None


def test_requires_grad_switched_off_after_the_forward_pass():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    x.requires_grad_(False)
    y.backward()
    assert x.grad is None and w.grad.item() == 2


def test_detach_stops_gradients():
    x = leaf(2.0)
    (x.detach() * x).backward()
    assert x.grad.item() == 2
    y = x * x
    y.detach_()
    assert y.is_leaf and not y.requires_grad


# --- twice ------------------------------------------------------------------------------------


def test_a_second_walk_needs_retain_graph():
    x = leaf(2.0)
    y = x.exp()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="ExpBackward0 a second time.*retain_graph=True"):
        y.backward()
    assert x.grad.item() == pytest.approx(2 * np.exp(2))


def test_a_second_walk_is_free_where_nothing_was_saved():
    x = leaf(2.0)
    y = x + x
    y.backward()
    y.backward()
    assert x.grad.item() == 4


def test_create_graph_to_third_order():
    x = leaf(2.0)
    (x**4).backward(create_graph=True)
    first = x.grad
    assert first.item() == 32 and first.requires_grad
    (second,) = mt.autograd.grad(first, x, create_graph=True)
    (third,) = mt.autograd.grad(second, x, create_graph=True)
    (fourth,) = mt.autograd.grad(third, x)
    assert (second.item(), third.item(), fourth.item()) == (48, 48, 24)
    assert not fourth.requires_grad


@pytest.mark.parametrize("dtype", [mt.float64, mt.complex128])
def test_fused_ops_and_their_references_differentiate_alike(dtype):
    """create_graph goes through the reference, an ordinary walk through the kernel."""
    mt.manual_seed(0)
    x, w, b = (mt.randn(*s, dtype=dtype, requires_grad=True) for s in [(4, 3), (2, 3), (2,)])
    y = mt.nn.functional.linear(x, w, b)
    g = mt.randn(4, 2, dtype=dtype)
    plain = mt.autograd.grad(y, (x, w, b), g, retain_graph=True)
    recorded = mt.autograd.grad(y, (x, w, b), g, create_graph=True)
    for one, other in zip(plain, recorded):
        assert other.dtype is one.dtype
        np.testing.assert_allclose(other.detach().numpy(), one.numpy(), rtol=1e-12)


# --- grad -------------------------------------------------------------------------------------


def everything(x, v, w, b, k, scale, shift):
    """Ops of every kind: of one, two, three and many inputs, of many outputs, fused, in a row."""
    F = mt.nn.functional
    model = mt.nn.Sequential(mt.nn.Linear(3, 3), mt.nn.Tanh(), mt.nn.Linear(3, 3))
    named = {"0.weight": w, "0.bias": b, "2.weight": v, "2.bias": b}
    y = mt.func.functional_call(model, named, x)
    y = F.layer_norm(y, (3,), scale, shift) + F.linear(x, w, b)
    y = F.conv1d(y[:, None], k, b[:1]).squeeze(1) * v[0, :2].exp()
    y = mt.cat([y, mt.addmm(b[:2], x, w[:, :2]), mt.where(y > 0, y, shift[:2])])
    first, rest = y.split([1, len(y) - 1])
    return (first * rest).sum() + mt.lerp(scale, shift, b.sigmoid()).square().sum()


@pytest.mark.parametrize("create_graph", [False, True])
@given(asked=st.sets(st.integers(0, 6), min_size=1))
def test_gradients_of_some_inputs_are_those_among_all(create_graph, asked):
    mt.manual_seed(0)
    sizes = [(4, 3), (3, 3), (3, 3), (3,), (1, 1, 2), (3,), (3,)]
    inputs = [mt.randn(*s, dtype=mt.float64, requires_grad=True) for s in sizes]
    out = everything(*inputs)
    every = mt.autograd.grad(out, inputs, create_graph=create_graph, retain_graph=True)
    asked = sorted(asked)
    some = mt.autograd.grad(
        out, [inputs[i] for i in asked], create_graph=create_graph, retain_graph=True
    )
    every_asked = [every[i] for i in asked]
    for one, other in zip(some, every_asked):
        np.testing.assert_allclose(one.detach().numpy(), other.detach().numpy(), rtol=1e-12)
    if create_graph:  # and what leads on from them
        totals = [sum(g.square().sum() for g in grads) for grads in (some, every_asked)]
        one, other = (
            mt.autograd.grad(total, inputs, retain_graph=True, materialize_grads=True)
            for total in totals
        )
        for a, b in zip(one, other):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("create_graph", [False, True])
def test_gradients_that_nobody_asked_for_are_not_computed(create_graph):
    computed = []

    @primitive
    def product(x, w, b, /):
        return x * w + b

    def noted(name, gradient):
        computed.append(name)
        return gradient

    product.gradient(
        x=lambda g, w: noted("x", g * w),
        w=lambda g, x: noted("w", g * x),
        b=lambda g: noted("b", g),
    )
    x, w, b = leaf(2.0), leaf(3.0), leaf(5.0)
    out = product(product(x, w, b), w, b)
    assert mt.autograd.grad(out, x, create_graph=create_graph, retain_graph=True)[0].item() == 9
    assert computed == ["x", "x"]
    computed.clear()
    grads = mt.autograd.grad(out, (w, b), create_graph=create_graph, retain_graph=True)
    assert [g.item() for g in grads] == [2 * 2 * 3 + 5, 3 + 1]
    assert computed == ["x", "w", "b", "w", "b"]
    out.backward()
    assert x.grad.item() == 9


@pytest.mark.parametrize("create_graph", [False, True])
def test_two_threads_may_ask_one_graph_for_different_gradients(create_graph):
    inside, go_on, found = threading.Event(), threading.Event(), []

    @primitive
    def product(x, w, /):
        return x * w

    def slowly(g, w):
        inside.set()
        assert go_on.wait(10)
        return g * w

    product.gradient(x=slowly, w=lambda g, x: g * x)
    x, w = leaf(2.0), leaf(3.0)
    out = product(x, w)

    def grad(of):
        return mt.autograd.grad(out, of, create_graph=create_graph, retain_graph=True)[0].item()

    other = threading.Thread(target=lambda: found.append(grad(x)))
    other.start()
    assert inside.wait(10)
    try:
        assert grad(w) == 2  # while the other thread is at the same node
    finally:
        go_on.set()
        other.join()
    assert found == [3] and grad(w) == 2 and grad(x) == 3


def test_grad_leaves_grad_alone():
    x, w = leaf(2.0), leaf(3.0)
    y = x * w
    z = y * y
    assert [g.item() for g in mt.autograd.grad(z, [w, y, x])] == [24, 12, 36]
    assert x.grad is None and w.grad is None


def test_grad_of_a_tensor_by_itself():
    x = leaf(2.0)
    y = x * 3
    assert mt.autograd.grad(y, y)[0].item() == 1
    assert mt.autograd.grad(x, x)[0].item() == 1


def test_unused_inputs():
    x, w = leaf(2.0), leaf(3.0, 4.0)
    with pytest.raises(RuntimeError, match="input 1 .* not used"):
        mt.autograd.grad(x * 2, [x, w])
    assert mt.autograd.grad(x * 2, [x, w], allow_unused=True)[1] is None
    assert mt.autograd.grad(x * 2, [x, w], materialize_grads=True)[1].tolist() == [0, 0]
    with pytest.raises(ValueError, match="materialize_grads"):
        mt.autograd.grad(x * 2, [x, w], allow_unused=False, materialize_grads=True)


def test_grad_checks_its_arguments():
    x = leaf(2.0)
    with pytest.raises(RuntimeError, match="input 0 .* does not require grad"):
        mt.autograd.grad(x * 2, mt.ones(()))
    with pytest.raises(TypeError, match="input 0 is a float"):
        mt.autograd.grad(x * 2, [1.0])
    with pytest.raises(ValueError, match="at least one"):
        mt.autograd.grad(x * 2, [])
    with pytest.raises(RuntimeError, match="1 tensors were given, but 2"):
        mt.autograd.grad(x * 2, x, [mt.ones(()), mt.ones(())])


# --- the graph as an object -------------------------------------------------------------------


def test_grad_fn_can_be_walked():
    x = leaf(1.0, 2.0)
    y = (x * 2).exp()
    assert y.grad_fn.name() == "ExpBackward0"
    ((product, number),) = y.grad_fn.next_functions
    assert product.name() == "MulBackward0" and number == 0
    assert product.next_functions[0][0].variable is x and product.next_functions[1] == (None, 0)
    assert x.grad_fn is None and (x * 1).grad_fn is not None


def test_the_outputs_of_one_op_share_its_node():
    x = mt.ones(2, 3, requires_grad=True)
    a, b = x.unbind(0)
    assert a.grad_fn is b.grad_fn and a.grad_fn.next_functions[0][0].variable is x
    assert [n for _, n in (a + b).grad_fn.next_functions] == [0, 1]
