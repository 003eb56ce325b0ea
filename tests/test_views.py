"""Views share memory; writes through them are differentiated or refused, never wrong."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt

few = settings(max_examples=60, deadline=None)


def leaf(*shape):
    n = int(np.prod(shape))
    return mt.tensor(np.linspace(0.5, 1.5, n).reshape(shape)).requires_grad_()


def weights(t):
    return mt.tensor(np.linspace(1.0, 2.0, t.numel()).reshape(t.shape))


def gradient(x, f):
    """The gradient of the weighted sum of ``f(x)``."""
    y = f(x)
    return mt.autograd.grad((y * weights(y)).sum(), x)[0].numpy()


def slope(x, f):
    """The same by central differences."""
    found = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        for sign in (1, -1):
            moved = x.detach().clone()
            moved[i] = moved[i] + sign * 1e-6
            y = f(moved)
            found[i] += sign * (y * weights(y)).sum().item() / 2e-6
    return found


VIEWS = {
    "getitem": lambda x: x[1:, ::2],
    "row": lambda x: x[1],
    "new axis": lambda x: x[None, ..., 0],
    "select": lambda x: x.select(1, -1),
    "narrow": lambda x: x.narrow(0, 1, 2),
    "transpose": lambda x: x.transpose(0, 1),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "permute": lambda x: x.permute(1, 0),
    "movedim": lambda x: x.movedim(0, -1),
    "view": lambda x: x.view(-1),
    "reshape": lambda x: x.reshape(4, 3),
    "flatten": lambda x: x.flatten(),
    "unflatten": lambda x: x.unflatten(1, (2, 2)),
    "squeeze": lambda x: x[:, :1].squeeze(1),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "diagonal": lambda x: x.diagonal(1),
    "unfold": lambda x: x.unfold(1, 2, 2),
    "as_strided": lambda x: x.as_strided((2, 2), (4, 1), 5),
    "view of a view": lambda x: x.view(2, 6)[1].view(3, 2).t()[0],
    "tensor_split": lambda x: x.tensor_split(2, 1)[1],
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_a_view_shares_memory_with_its_base(view):
    base = mt.zeros(3, 4)
    part = view(base)
    part.fill_(1)
    assert base.sum().item() == part.numel()
    base.fill_(2)
    assert (part == 2).all()
    assert part._base is base


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_writing_through_a_view_is_differentiated(view):
    x = leaf(3, 4)

    def write(x):
        y = x * 1.5
        other = y[0]
        part = view(y)
        part.mul_(part.detach() * 0.5 + x.mean())
        part.add_(2)
        return mt.cat([y.reshape(-1), other * other, view(y).reshape(-1) ** 2])

    x.requires_grad_()
    found = gradient(x, lambda x: write(x))
    # detach() hides a factor from the gradient; the same function with that factor as a constant
    factor = view((x * 1.5).detach()) * 0.5

    def plain(x):
        y = x * 1.5
        part = view(y).clone()
        y = y.clone()
        view(y).copy_(part * (factor + x.mean()) + 2)
        return mt.cat([y.reshape(-1), y[0] * y[0], view(y).reshape(-1) ** 2])

    np.testing.assert_allclose(found, slope(x, plain), atol=1e-7)


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_writing_to_the_base_reaches_the_view(view):
    def write(x):
        y = x * 1
        part = view(y)
        y.mul_(x + 1)
        return part * part

    x = leaf(3, 4)
    np.testing.assert_allclose(gradient(x, write), slope(x, write), atol=1e-7)


PIECES = ["y[0]", "y[:, 1]", "y.t()[1]", "y.view(-1)[::2]", "y.view(2, 6)", "y[1:].t()", "y",
          "y.diagonal()", "y.reshape(6, 2)[:, 0]", "y.unfold(0, 2, 2)[..., 0]"]  # fmt: skip
WRITES = ["{}.mul_(x.mean())", "{}.add_(2)", "{}.zero_()", "{}.exp_()", "{}[1:] = {}[1:] * 2",
          "{}.copy_({}.clone() * x.mean())", "{}[...] = x[0, 0]", "{}.fill_(x[1, 1])",
          "{}.masked_fill_({} > 1, 0.5)", "{}.neg_()", "{}[0] = 3.0"]  # fmt: skip


@few
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(WRITES)), max_size=5),
       st.sampled_from(PIECES))  # fmt: skip
def test_random_writes_agree_with_finite_differences(writes, kept):
    def program(x):
        names = {"x": x, "y": x * 1.25, "mt": mt}
        exec(f"kept = {kept}", names)
        for piece, write in writes:
            exec(f"p = {piece}\n" + write.format("p", "p"), names)
        # Bent, but gently: finite differences cannot follow the sine of an exponential.
        return mt.cat([names["y"].reshape(-1), names["kept"].reshape(-1).square().log1p()])

    x = leaf(3, 4)
    try:
        found = gradient(x, program)
    except RuntimeError as error:  # exp_() needs its result, which a later write may destroy
        assert "overwritten" in str(error) and any("exp_" in write for _, write in writes)
        return
    np.testing.assert_allclose(found, slope(x, program), rtol=1e-5, atol=1e-6)


def test_a_written_constant_becomes_part_of_the_graph():
    w = leaf(2)
    base = mt.zeros(3, 2, dtype=mt.float64)
    row, other = base[0], base[1]
    row.add_(w)
    assert base.requires_grad and row.requires_grad and other.requires_grad
    other.mul_(3)
    (base * 2).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), [2, 2])


def test_second_derivative_through_a_view():
    def f(x):
        y = x * x
        y[0].mul_(x[1])
        return y.sum()

    mt.autograd.gradgradcheck(f, leaf(2, 2))


def refused(write, text):
    with pytest.raises(RuntimeError, match=text):
        write()


def test_leaves_and_their_views_are_refused_and_stay_as_they_are():
    x = leaf(2, 2)
    before = x.detach().clone()
    for write in (
        lambda: x.add_(1),
        lambda: x[0].add_(1),
        lambda: x.__setitem__(0, 1.0),
        lambda: x.view(-1)[1:].zero_(),
        lambda: x.t_(),
        lambda: x.index_add_(0, mt.tensor([0]), x.detach()[:1]),
    ):
        refused(write, "leaf")
    assert mt.equal(x.detach(), before)
    with mt.no_grad():
        x[0] = 7
    assert x.is_leaf and x[0, 0].item() == 7


def test_a_view_made_under_no_grad_is_refused():
    y = leaf(2, 2) * 1
    with mt.no_grad():
        row = y[0]
    refused(lambda: row.mul_(2), "no_grad")
    y.mul_(2)
    refused(lambda: row * 2, "no_grad")
    assert row.detach().shape == (2,)


@pytest.mark.parametrize("take", ["split(1)", "chunk(2)", "unbind()", "split([1, 1])"])
def test_one_of_several_views_is_refused(take):
    y = leaf(2, 2) * 1
    first = eval(f"y.{take}[0]")
    refused(lambda: first.mul_(2), "several")
    y.mul_(2)
    refused(lambda: first + 1, "several")


def test_an_operand_that_is_overwritten_by_the_write_itself():
    y = leaf(3) * 1
    y.mul_(y)
    refused(y.sum().backward, "overwritten")


def test_overlapping_memory_is_refused():
    x = mt.zeros(3)
    refused(lambda: x.expand(2, 3).add_(1), "share memory")
    refused(lambda: mt.arange(5).unfold(0, 2, 1).add_(1), "share memory")
    refused(lambda: x[1:].add_(x[:-1]), "same memory")
    x.expand(2, 3)[0] = 1
    assert x.sum().item() == 3


def test_detach_shares_memory_and_stamps():
    x = leaf(2)
    y = x * 1
    z = y * y
    y.detach().zero_()
    refused(z.sum().backward, "overwritten")


def test_a_view_that_requires_grad_by_itself():
    base = mt.zeros(2, 2, dtype=mt.float64)
    row = base[0].requires_grad_()
    (row * 3).sum().backward()
    np.testing.assert_array_equal(row.grad.numpy(), [3, 3])
    refused(lambda: row.add_(1), "leaf")


@pytest.mark.parametrize(
    "move", ["t_()", "transpose_(0, 1)", "unsqueeze_(0)", "squeeze_()", "swapaxes_(0, 1)"]
)
def test_moving_dimensions_in_place(move):
    same = move.replace("_(", "(")

    def f(x):
        y = x * 1
        row = y[1]
        eval(f"y.{move}")
        row.mul_(x[0])
        eval(f"y.{same}").mul_(x.sum())
        return mt.cat([y.reshape(-1), row])

    x = leaf(2, 3)
    y = x.detach().clone()
    assert eval(f"y.{move}") is y
    assert mt.equal(y, eval(f"x.detach().{same}"))
    np.testing.assert_allclose(gradient(x, f), slope(x, f), atol=1e-7)


def test_a_split_tensor_costs_one_gradient():
    x = leaf(300, 2)
    total = sum(row.sin().sum() for row in x.unbind())
    assert total.grad_fn is not None
    total.backward()
    np.testing.assert_allclose(x.grad.numpy(), np.cos(x.detach().numpy()))
    parts = x.split([100, 200])
    g = mt.autograd.grad(parts[1].sum(), x)[0]
    assert g[:100].sum().item() == 0 and (g[100:] == 1).all()


def test_retain_grad_follows_the_tensor():
    x = leaf(2)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    np.testing.assert_array_equal(y.grad.numpy(), [1, 1])


def test_views_make_no_cycles():
    gc.disable()
    try:
        base = leaf(3, 3) * 1
        view = base[0].view(-1)
        view.mul_(2)
        dead = weakref.ref(base), weakref.ref(view)
        del base, view
        assert [ref() for ref in dead] == [None, None]
    finally:
        gc.enable()


def test_many_short_lived_views_leave_nothing_behind():
    base = mt.zeros(4)
    for _ in range(1000):
        base[1]
    assert len(base._live_views) < 20


@pytest.mark.parametrize("n", [1, 2, 3])
def test_expanding_an_array_that_runs_backwards(n):
    array = np.arange(float(n))[::-1]
    wide = mt.from_numpy(array).expand(2, n)
    np.testing.assert_array_equal(wide.numpy(), np.broadcast_to(array, (2, n)))
    assert np.shares_memory(wide.numpy(), array)


def test_a_strided_view_of_a_view_is_looked_up_in_the_base():
    x = mt.arange(4.0).reshape(2, 2).requires_grad_()
    base = x * 2
    beyond = base.diagonal().as_strided((1, 2), (1, 1), 0)  # reads base[0, 1], too
    with mt.no_grad():
        beyond.mul_(0.5)
    (g,) = mt.autograd.grad(beyond.sum(), base)
    assert g.tolist() == [[1, 1], [0, 0]]


def test_a_strided_view_of_real_parts_keeps_its_numbers():
    z = mt.tensor([1 + 2j, 3 + 4j], requires_grad=True)
    base = z * 1
    parts = mt.view_as_real(base)
    row = parts.as_strided((2,), (1,), 2)
    base.mul_(2)
    assert row.tolist() == [6, 8]
    row.sum().backward()
    assert z.grad.tolist() == [0, 2 + 2j]


def _through_views(x, k):
    """Writes through views of another kind of number; what they make of `x` (n, 2), real."""
    pairs = x * 1
    mt.view_as_complex(pairs).mul_(k)
    z = mt.view_as_complex(pairs * 1) * 1
    z.imag.mul_(3)
    z.real[1:] = z.imag[:-1]
    mt.view_as_real(z)[0, 1] = 0.5
    return mt.view_as_real(z * k)


def _out_of_place(x, k):
    re = x[:, 0] * k.real - x[:, 1] * k.imag
    im = (x[:, 0] * k.imag + x[:, 1] * k.real) * 3
    re = mt.cat([re[:1], im[:-1]])
    im = mt.cat([mt.full((1,), 0.5, dtype=x.dtype), im[1:]])
    return mt.stack([re * k.real - im * k.imag, re * k.imag + im * k.real], 1)


def test_writes_through_views_of_another_kind_of_number_are_differentiated():
    k, weights = 2 - 1.5j, mt.linspace(0.3, 1.7, 6, dtype=mt.float64).reshape(3, 2)
    found = []
    for f in (_through_views, _out_of_place):
        x = mt.linspace(-1, 1, 6, dtype=mt.float64).reshape(3, 2).requires_grad_()
        out = f(x, k)
        total = (out.sin() * weights).sum()
        (first,) = mt.autograd.grad(total, x, create_graph=True)
        (second,) = mt.autograd.grad((first * weights).sum(), x)
        found.append([t.detach().numpy() for t in (out, first, second)])
    for a, b in zip(*found):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_what_is_written_as_complex_gets_pytorchs_gradient():
    real = mt.zeros(2, 2)
    w = mt.tensor([1 + 1j, 2 + 0j], requires_grad=True)
    mt.view_as_complex(real).copy_(w)
    (real * mt.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert w.grad.tolist() == [1 + 2j, 3 + 4j]
