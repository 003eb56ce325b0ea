"""autograd.Function: ops of one's own."""

import gc
import weakref

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import Function, gradcheck, gradgradcheck, once_differentiable


@pytest.fixture
def x():
    return mt.tensor([1.0, 2.0], dtype=mt.float64, requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        out = x.exp()
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, g):
        (out,) = ctx.saved_tensors
        return g * out


class Intermediate(Function):
    """What was saved is neither input nor output: constant for the second derivative."""

    @staticmethod
    def forward(ctx, x):
        slope = 2 * x
        ctx.save_for_backward(slope, None)
        return x * x

    @staticmethod
    def backward(ctx, g):
        slope, nothing = ctx.saved_tensors
        assert nothing is None and not slope.requires_grad
        return g * slope


def make(**methods):
    """A Function from plain functions."""
    return type("Made", (Function,), {k: staticmethod(f) for k, f in methods.items()})


@pytest.mark.parametrize("function", [Cube, Exp, Intermediate])
def test_first_derivative(function, x):
    assert gradcheck(function.apply, x)
    y = function.apply(x)
    assert y.grad_fn.name() == f"{function.__name__}Backward"


@pytest.mark.parametrize("function", [Cube, Exp])
def test_second_derivative(function, x):
    assert gradgradcheck(function.apply, x)


def test_forward_is_not_recorded_and_backward_only_for_create_graph(x):
    modes = []
    f = make(
        forward=lambda ctx, x: (modes.append(mt.is_grad_enabled()), x * 2)[1],
        backward=lambda ctx, g: (modes.append(mt.is_grad_enabled()), g * 2)[1],
    )
    f.apply(x).sum().backward()
    f.apply(x).sum().backward(create_graph=True)
    assert modes == [False, False, False, True]


def test_arguments_that_are_no_tensors(x):
    f = make(
        forward=lambda ctx, t, power, note=None: (setattr(ctx, "args", (power, note)), t * power)[
            1
        ],
        backward=lambda ctx, g: (g * ctx.args[0], None, None),
    )
    f.apply(x, 3, "note").sum().backward()
    assert x.grad.tolist() == [3, 3]


def test_needs_input_grad(x):
    seen = []
    f = make(
        forward=lambda ctx, *a: (seen.append(ctx.needs_input_grad), a[0] * a[2])[1],
        backward=lambda ctx, g: (seen.append(ctx.needs_input_grad), (g, None, None))[1],
    )
    f.apply(x, 5, mt.ones(2, dtype=mt.float64)).sum().backward()
    assert seen == [(True, False, False)] * 2


def test_setup_context(x):
    f = make(
        forward=lambda t, power=3: t**power,
        setup_context=lambda ctx, inputs, output: (
            setattr(ctx, "power", inputs[1]),
            ctx.save_for_backward(inputs[0], output),
        ),
        backward=lambda ctx, g: (g * ctx.power * ctx.saved_tensors[1] / ctx.saved_tensors[0], None),
    )
    assert gradcheck(lambda t: f.apply(t, 2), x) and gradcheck(f.apply, x)
    assert gradgradcheck(f.apply, x)


# --- several outputs --------------------------------------------------------------------------


def two(ctx, a, b):
    ctx.save_for_backward(a, b)
    return a * b, a + b


class Two(Function):
    forward = staticmethod(two)

    @staticmethod
    def backward(ctx, g, h):
        a, b = ctx.saved_tensors
        return g * b + h, g * a + h


def test_several_outputs(x):
    b = mt.tensor([3.0, 4.0], dtype=mt.float64, requires_grad=True)
    assert gradcheck(Two.apply, (x, b)) and gradgradcheck(Two.apply, (x, b))
    product, total = Two.apply(x, b)
    assert product.grad_fn is total.grad_fn
    total.sum().backward()
    assert x.grad.tolist() == [1, 1]


@pytest.mark.parametrize("materialize", [True, False])
def test_gradients_of_unused_outputs(x, materialize):
    seen = []

    def forward(ctx, x):
        ctx.set_materialize_grads(materialize)
        return x * 2, x.float(), 5

    def backward(ctx, *grads):
        seen.extend(grads)
        return grads[0]

    doubled, _, five = make(forward=forward, backward=backward).apply(x)
    assert five == 5
    doubled.sum().backward()
    assert seen[0].tolist() == [1, 1] and seen[2] is None
    if materialize:
        assert seen[1].tolist() == [0, 0] and seen[1].dtype is mt.float32
    else:
        assert seen[1] is None


def test_outputs_without_gradient(x):
    def forward(ctx, x):
        plain = x * 5
        ctx.mark_non_differentiable(plain)
        return x * 2, plain, x.argmax()

    a, plain, index = make(forward=forward, backward=lambda ctx, g, *_: g * 2).apply(x)
    assert a.requires_grad and not plain.requires_grad and not index.requires_grad
    (a * plain).sum().backward()
    assert x.grad.tolist() == [10, 20]


# --- inputs that come out again ---------------------------------------------------------------


def test_returning_an_input(x):
    f = make(forward=lambda ctx, t: t, backward=lambda ctx, g: g * 10)
    y = f.apply(x)
    assert y is not x and x.is_leaf and not y.is_leaf
    y.sum().backward()
    assert x.grad.tolist() == [10, 10]


@pytest.mark.parametrize("view", [lambda t: t, lambda t: t.view(-1), lambda t: t[:1]])
def test_writing_through_an_output_that_looks_into_an_input(x, view):
    h = x * 1
    y = make(forward=lambda ctx, t: view(t), backward=lambda ctx, g: g).apply(h)
    with pytest.raises(RuntimeError, match="custom Function"):
        y.mul_(2)
    assert h.tolist() == [1, 2]


def test_mark_dirty(x):
    def forward(ctx, t):
        t.mul_(2)
        ctx.mark_dirty(t)
        return t

    f = make(forward=forward, backward=lambda ctx, g: g * 2)
    h = x * 1
    y = f.apply(h)
    assert y is h and h.grad_fn.name() == "MadeBackward"
    (h * h).sum().backward()
    assert x.grad.tolist() == [8, 16]
    with pytest.raises(RuntimeError, match="leaf"):
        f.apply(x)


def test_a_dirty_view_rewrites_its_base(x):
    def forward(ctx, t):
        t.mul_(3)
        ctx.mark_dirty(t)
        return t

    h = x * 1
    make(forward=forward, backward=lambda ctx, g: g * 3).apply(h[0:1])
    h.sum().backward()
    assert x.grad.tolist() == [3, 1]


def test_dirty_tensors_must_be_returned(x):
    f = make(forward=lambda ctx, t: (ctx.mark_dirty(t), t * 1)[1], backward=lambda ctx, g: g)
    with pytest.raises(RuntimeError, match="dirty"):
        f.apply(x * 1)


def test_saved_tensors_notice_writes(x):
    for function in (Cube, Exp):
        h = x * 1
        y = function.apply(h)
        z = y * 1
        (h if function is Cube else y).add_(1)
        with pytest.raises(RuntimeError, match=f"{function.__name__}.*overwritten.*test_function"):
            z.sum().backward()


# --- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (lambda g: (), RuntimeError, "0 gradients for the 2"),
        (lambda g: g, RuntimeError, "1 gradients for the 2"),
        (lambda g: (g, g, g), RuntimeError, "3 gradients for the 2"),
        (lambda g: (1.0, g), TypeError, "float for argument 0"),
        (lambda g: (mt.ones(3), None), RuntimeError, "shape \\(3,\\); expected \\(2,\\)"),
    ],
)
def test_wrong_gradients(x, result, error, words):
    f = make(forward=lambda ctx, a, b: a * b, backward=lambda ctx, g: result(g))
    with pytest.raises(error, match=words):
        f.apply(x, 2.0).sum().backward()


def test_extra_gradients_may_be_none(x):
    f = make(forward=lambda ctx, a: a * 2, backward=lambda ctx, g: (g * 2, None, None))
    f.apply(x).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_gradients_are_summed_down_and_cast(x):
    f = make(
        forward=lambda ctx, a: a.expand(3, 2) * 1,
        backward=lambda ctx, g: mt.ones(3, 2, dtype=mt.float32),
    )
    f.apply(x).sum().backward()
    assert x.grad.tolist() == [3, 3] and x.grad.dtype is mt.float64


def test_misuse(x):
    with pytest.raises(RuntimeError, match=r"Cube.apply"):
        Cube()
    with pytest.raises(NotImplementedError):
        make(forward=lambda ctx, x: x * 1).apply(x).sum().backward()
    with pytest.raises(NotImplementedError):
        make(backward=lambda ctx, g: g).apply(x)
    with pytest.raises(TypeError, match="save_for_backward"):
        make(forward=lambda ctx, x: ctx.save_for_backward(5)).apply(x)
    assert make(forward=lambda ctx, x: 5).apply(x) == 5


def test_saved_tensors_are_freed_and_refused_later(x):
    y = Cube.apply(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


# --- once_differentiable ----------------------------------------------------------------------


class Once(Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    @once_differentiable
    def backward(ctx, g):
        return mt.from_numpy(g.numpy() * 2)  # not recorded: numpy() refuses what requires grad


def test_once_differentiable(x):
    y = (Once.apply(x) ** 2).sum()
    (g,) = mt.autograd.grad(y, x, create_graph=True)
    assert g.tolist() == [8, 16] and g.requires_grad
    for allow_unused in (False, True):  # no silent None either
        with pytest.raises(RuntimeError, match="once_differentiable"):
            mt.autograd.grad(g.sum(), x, allow_unused=allow_unused, retain_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


# --- with the rest ----------------------------------------------------------------------------


def test_under_no_grad_nothing_is_recorded(x):
    with mt.no_grad():
        assert not Cube.apply(x).requires_grad
    assert not Cube.apply(mt.ones(2)).requires_grad


def test_complex_follows_pytorchs_convention():
    f = make(
        forward=lambda ctx, z: z * (2 + 1j),
        backward=lambda ctx, g: g * (2 - 1j),  # the conjugate, as a PyTorch program writes it
    )
    z = mt.tensor([1 + 1j, 2 - 3j], dtype=mt.complex128, requires_grad=True)
    assert gradcheck(f.apply, z) and gradgradcheck(f.apply, z)


def test_no_reference_cycle(x):
    gc.collect()
    gc.disable()
    try:
        outputs = [Cube.apply(x), Exp.apply(x), *Two.apply(x, x)]
        refs = [weakref.ref(t._node) for t in outputs] + [weakref.ref(t) for t in outputs]
        del outputs
        assert [r() for r in refs] == [None] * len(refs)
    finally:
        gc.enable()


def test_inside_other_functions(x):
    def backward(ctx, g):
        (t,) = ctx.saved_tensors
        create_graph = mt.is_grad_enabled()
        with mt.enable_grad():
            y = Cube.apply(t).sum()
        return g * mt.autograd.grad(y, t, create_graph=create_graph)[0]

    def forward(ctx, t):
        ctx.save_for_backward(t)
        return Cube.apply(t)

    outer = make(forward=forward, backward=backward)
    assert gradcheck(outer.apply, x) and gradgradcheck(outer.apply, x)
    np.testing.assert_allclose(outer.apply(x).detach().numpy(), [1, 8])
