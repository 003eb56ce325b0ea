"""Products of vectors and matrices, einsum, tensordot, kron, cross."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.autograd import gradcheck, gradgradcheck

few = settings(max_examples=40, deadline=None)
sizes = st.integers(0, 3)


def grid(*shape, dtype=np.float64, seed=0):
    """Small integers, so that sums are exact in any order and any dtype."""
    numbers = np.random.default_rng(seed).integers(-3, 4, shape)
    return numbers.astype(dtype)


@st.composite
def matmul_shapes(draw):
    """Two shapes that `matmul` takes: vectors, matrices, and batches that broadcast."""
    n, k, m = draw(sizes), draw(sizes), draw(sizes)
    batch = draw(st.lists(sizes, max_size=2))
    hide = st.lists(st.booleans(), min_size=len(batch), max_size=len(batch))
    left = [1 if h else b for h, b in zip(draw(hide), batch)][draw(st.integers(0, len(batch))) :]
    right = [1 if h else b for h, b in zip(draw(hide), batch)][draw(st.integers(0, len(batch))) :]
    first = draw(st.sampled_from([(k,), (n, k), (*left, n, k)]))
    second = draw(st.sampled_from([(k,), (k, m), (*right, k, m)]))
    return first, second


@few
@given(matmul_shapes())
def test_matmul_of_any_shapes_is_numpys(shapes):
    a, b = grid(*shapes[0]), grid(*shapes[1], seed=1)
    out = mt.tensor(a) @ mt.tensor(b)
    assert out.shape == np.matmul(a, b).shape
    np.testing.assert_array_equal(out.numpy(), np.matmul(a, b))


@few
@given(matmul_shapes())
def test_gradients_of_matmul_have_the_shapes_and_values_of_sums(shapes):
    arrays = [grid(*shape, seed=i) for i, shape in enumerate(shapes)]
    a, b = (mt.tensor(x, requires_grad=True) for x in arrays)
    g = grid(*np.matmul(*arrays).shape, seed=2)
    (a @ b).backward(mt.tensor(g))
    # The same product as an explicit sum over pairs of elements, differentiated by hand.
    left = arrays[0] if arrays[0].ndim > 1 else arrays[0][None]
    right = arrays[1] if arrays[1].ndim > 1 else arrays[1][:, None]
    g = g.reshape(np.matmul(left, right).shape)
    for leaf, array, grad in (
        (a, left, np.matmul(g, np.swapaxes(right, -1, -2))),
        (b, right, np.matmul(np.swapaxes(left, -1, -2), g)),
    ):
        while grad.ndim > array.ndim:
            grad = grad.sum(0)
        for i, n in enumerate(array.shape):
            if n == 1:
                grad = grad.sum(i, keepdims=True)
        np.testing.assert_array_equal(leaf.grad.numpy(), grad.reshape(leaf.shape))


@pytest.mark.parametrize(
    "shapes",
    [((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2, 2, 3), (3,)), ((3,), (2, 3, 2)),
     ((2, 3), (2, 3, 2)), ((2, 1, 2, 3), (3, 3, 1)), ((2, 2, 3), (3, 2))],
)  # fmt: skip
@pytest.mark.parametrize("phase", [1.0, 0.6 + 0.8j])
def test_second_gradients_of_matmul(shapes, phase):
    rng = np.random.default_rng(0)
    inputs = [mt.tensor(rng.standard_normal(s) * phase, requires_grad=True) for s in shapes]
    assert gradcheck(mt.matmul, inputs)
    assert gradgradcheck(mt.matmul, inputs)


def test_strided_and_transposed_operands_give_the_same():
    a, b = mt.tensor(grid(6, 8)), mt.tensor(grid(8, 6, seed=1))
    plain = a[::2, ::2].clone() @ b[::2, 1::2].clone()
    assert mt.equal(a[::2, ::2] @ b[::2, 1::2], plain)
    assert mt.equal(b.T @ a.T, (a @ b).T)
    c = mt.tensor(grid(4, 5, 3)).transpose(0, 2)
    assert mt.equal(c @ c.mT, c.clone() @ c.mT.clone())


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "int64", "float16", "complex64"])
def test_dtypes_are_kept(dtype):
    dtype = getattr(mt, dtype)
    a = mt.tensor([[100, 2], [3, 4]]).to(dtype)
    out = a @ a
    assert out.dtype == dtype
    exact = np.array([[100, 2], [3, 4]]) @ np.array([[100, 2], [3, 4]])
    np.testing.assert_array_equal(out.numpy(), exact.astype(dtype.dtype))  # integers wrap around


def test_half_precision_is_summed_in_single():
    a = mt.full((1, 4096), 1.0, dtype=mt.float16)
    assert (a @ a.T).item() == 4096  # summed in float16 it would stop at 2048
    a.requires_grad_()
    (a @ a.detach().T).sum().backward()
    assert a.grad.dtype == mt.float16


ERRORS = [
    (lambda: mt.ones(2, 3) @ mt.ones(2, 3), r"\[2, 3\] and \[2, 3\].*size 3 .*size 2"),
    (lambda: mt.ones(3) @ mt.ones(2), r"\[3\] and \[2\]"),
    (lambda: mt.ones(2, 3, 3) @ mt.ones(4, 3, 3), r"before the last two do not broadcast"),
    (lambda: mt.ones(2) @ mt.tensor(1.0), "neither vector nor matrix"),
    (lambda: mt.tensor(1.0) @ mt.ones(2, 2), "neither vector nor matrix"),
    (lambda: mt.ones(2, 2) @ mt.ones(2, 2, dtype=mt.float64), "float32 and minitorch.float64"),
    (lambda: mt.mm(mt.ones(2), mt.ones(2, 2)), r"a matrix and a matrix .*\[2\] and \[2, 2\]"),
    (lambda: mt.bmm(mt.ones(2, 2, 2), mt.ones(3, 2, 2)), "batch sizes, 2 and 3"),
    (lambda: mt.dot(mt.ones(2), mt.ones(3)), r"\[2\] and \[3\]"),
    (lambda: mt.inner(mt.ones(2, 2), mt.ones(3)), "last dimension"),
    (lambda: mt.addmm(mt.ones(3), mt.ones(2, 2), mt.ones(2, 2)), r"\[3\].*\[2, 2\]"),
    (lambda: mt.addmm(mt.ones(2, dtype=mt.int64), mt.ones(2, 2), mt.ones(2, 2)), "one dtype"),
    (lambda: mt.addmm(mt.ones(2), mt.ones(2, 2), mt.ones(2, 2), alpha=1j), "real"),
    (lambda: mt.addr(mt.ones(2, 2).long(), mt.ones(2).long(), mt.ones(2).long(), beta=0.5), "0.5"),
    (lambda: mt.chain_matmul(mt.ones(2), mt.ones(2, 2)), "takes matrices"),
    (lambda: mt.tensordot(mt.ones(2, 3), mt.ones(2, 3), 1), "sizes|size 3"),
    (lambda: mt.tensordot(mt.ones(2, 3), mt.ones(2, 3), 3), "dims=3"),
    (lambda: mt.linalg.cross(mt.ones(2), mt.ones(2)), "size 3"),
    (lambda: mt.cross(mt.ones(2), mt.ones(2)), "no dimension of size 3"),
]


@pytest.mark.parametrize("call, message", ERRORS)
def test_errors_name_the_shapes(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


def test_booleans_are_refused_and_foreign_types_too():
    b = mt.ones(2, 2, dtype=mt.bool)
    with pytest.raises(NotImplementedError):
        b @ b
    assert mt.outer(b[0], b[1]).dtype == mt.bool
    for call in (lambda: b @ [1], lambda: [1] @ b, lambda: mt.matmul(b, 3), lambda: mt.mm(b, "a")):
        with pytest.raises(TypeError):
            call()


def test_numpys_functions_are_recorded():
    a = mt.tensor(grid(2, 2), requires_grad=True)
    array = grid(2, 2, seed=1)
    for out in (np.matmul(a, array), array @ a, a @ array, np.dot(a, a), np.outer(a, a),
                np.einsum("ij,jk->ik", a, a), np.tensordot(a, a, 1), np.kron(a, a),
                np.inner(a, a), np.vdot(a, a)):  # fmt: skip
        assert isinstance(out, mt.Tensor)
        assert out.requires_grad
    assert np.dot(a, mt.ones(3, 2, 4, dtype=mt.float64)).shape == (2, 3, 4)


# --- sums with products ------------------------------------------------------------------------


@few
@given(st.sampled_from(["addmm", "addmv", "addr", "addbmm", "baddbmm"]), st.integers(0, 2**20))
def test_sums_with_products(name, seed):
    rng = np.random.default_rng(seed)
    n, k, m, b = rng.integers(0, 4, 4)
    beta, alpha = rng.choice([0, 1, 2.5, -1], 2)
    first, second, result = {
        "addmm": ((n, k), (k, m), (n, m)),
        "addmv": ((n, k), (k,), (n,)),
        "addr": ((n,), (m,), (n, m)),
        "addbmm": ((b, n, k), (b, k, m), (n, m)),
        "baddbmm": ((b, n, k), (b, k, m), (b, n, m)),
    }[name]
    x, y = grid(*first, seed=1), grid(*second, seed=2)
    product = np.multiply.outer(x, y) if name == "addr" else np.matmul(x, y)
    product = product.sum(0) if name == "addbmm" else product
    input = grid(*result, seed=3)
    expected = beta * input + alpha * product
    out = getattr(mt, name)(*map(mt.tensor, (input, x, y)), beta=beta, alpha=alpha)
    np.testing.assert_array_equal(out.numpy(), expected)
    target = mt.tensor(input)
    getattr(target, name + "_")(mt.tensor(x), mt.tensor(y), beta=beta, alpha=alpha)
    np.testing.assert_array_equal(target.numpy(), expected)


def test_beta_zero_ignores_nan_but_keeps_the_graph():
    x = mt.full((2, 2), float("nan"), requires_grad=True)
    out = mt.addmm(x, mt.ones(2, 2), mt.ones(2, 2), beta=0)
    assert mt.equal(out, mt.full((2, 2), 2.0))
    out.sum().backward()
    assert mt.equal(x.grad, mt.zeros(2, 2))


def test_addmm_in_one_step_and_in_two_agree_in_gradient():
    leaves = [mt.tensor(grid(*s, seed=i), requires_grad=True) for i, s in
              enumerate([(2,), (3, 4), (4, 2)])]  # fmt: skip
    assert gradgradcheck(mt.addmm, leaves)
    grads = mt.autograd.grad(mt.addmm(*leaves).sum(), leaves)
    doubled = mt.autograd.grad(mt.addmm(*leaves, beta=2, alpha=2).sum(), leaves)
    assert all(mt.equal(2 * a, b) for a, b in zip(grads, doubled))


def test_out_is_written():
    out = mt.empty(2, 2)
    assert mt.mm(mt.ones(2, 3), mt.ones(3, 2), out=out) is out
    assert mt.equal(out, mt.full((2, 2), 3.0))
    mt.matmul(mt.ones(2, 1), mt.ones(1, 2), out=out)
    assert mt.equal(out, mt.ones(2, 2))


# --- einsum ------------------------------------------------------------------------------------


@st.composite
def equations(draw):
    """An einsum expression with one to three operands, and the shape of each."""
    letters = "abcde"
    size = dict(zip(letters, draw(st.lists(st.integers(1, 3), min_size=5, max_size=5))))
    terms = draw(st.lists(st.text(letters, max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(terms)))
    equation = ",".join(terms)
    if draw(st.booleans()):
        kept = draw(st.lists(st.sampled_from(used), unique=True)) if used else []
        equation += "->" + "".join(draw(st.permutations(kept)))
    return equation, [tuple(size[c] for c in term) for term in terms]


@settings(max_examples=200, deadline=None)
@given(equations())
def test_einsum_of_any_expression_is_numpys(case):
    equation, shapes = case
    arrays = [grid(*shape, seed=i) for i, shape in enumerate(shapes)]
    out = mt.einsum(equation, *map(mt.tensor, arrays))
    expected = np.einsum(equation, *arrays)
    assert out.shape == np.shape(expected)
    np.testing.assert_array_equal(out.numpy(), expected)


@pytest.mark.parametrize(
    "equation, shapes",
    [("...ij,...jk->...ik", [(2, 3, 4), (4, 2)]), ("i...,i...->...", [(2, 3), (2, 1)]),
     ("...ii->...i", [(2, 3, 3)]), ("b...->...", [(2, 3)]), ("...a,b", [(2, 3), (4,)]),
     (" a b , b -> a ", [(2, 3), (3,)])],
)  # fmt: skip
def test_einsum_with_an_ellipsis(equation, shapes):
    arrays = [grid(*shape, seed=i) for i, shape in enumerate(shapes)]
    out = mt.einsum(equation, *map(mt.tensor, arrays))
    np.testing.assert_array_equal(out.numpy(), np.einsum(equation.replace(" ", ""), *arrays))


def test_einsum_forms():
    a, b = mt.tensor(grid(2, 3)), mt.tensor(grid(3, 4, seed=1))
    product = a @ b
    assert mt.equal(mt.einsum(a, [0, 1], b, [1, 2], [0, 2]), product)
    assert mt.equal(mt.einsum(a, [..., 0], b, [0, 1], [..., 1]), product)
    assert mt.equal(mt.einsum("ij,jk", [a, b]), product)
    # A dimension of size 1 broadcasts, even where it is summed.
    assert mt.equal(mt.einsum("ij,kj->ik", a, mt.ones(1, 1).double()), a.sum(1, True))
    assert mt.einsum("ij->ji", a)._base is a  # a view


@pytest.mark.parametrize(
    "error, args",
    [(RuntimeError, ("ij,jk", 1)), (RuntimeError, ("i", 1)), (RuntimeError, ("ijk", 1)),
     (RuntimeError, ("ij->ii", 1)), (RuntimeError, ("ij->k", 1)), (RuntimeError, ("i1", 1)),
     (RuntimeError, ("i..j", 1)), (RuntimeError, ("ii->i", 1)), (RuntimeError, ("ij,ji", 2)),
     (ValueError, ("ij", 0)), (TypeError, ("ij", "no tensor"))],
)  # fmt: skip
def test_einsum_refuses(error, args):
    equation, operands = args
    given = [mt.ones(2, 3)] * operands if isinstance(operands, int) else [operands]
    with pytest.raises(error):
        mt.einsum(equation, *given)


@pytest.mark.parametrize(
    "equation, shapes",
    [("ij,jk,kl->il", [(2, 3), (3, 2), (2, 2)]), ("bhqd,bhkd->bhqk", [(2, 1, 2, 2)] * 2),
     ("ii,i->", [(3, 3), (3,)]), ("ab,cb->", [(2, 1), (2, 3)]),
     ("...i,...j->ij", [(2, 2), (2, 3)])],
)  # fmt: skip
def test_second_gradients_of_einsum(equation, shapes):
    rng = np.random.default_rng(0)
    inputs = [mt.tensor(rng.standard_normal(s), requires_grad=True) for s in shapes]
    assert gradgradcheck(lambda *x: mt.einsum(equation, *x), inputs)


# --- tensordot, kron, cross, inner -------------------------------------------------------------


@pytest.mark.parametrize("dims", [0, 1, 2, ([0], [1]), ([-1, 0], [0, 1]), ([], [])])
def test_tensordot_is_numpys(dims):
    a, b = grid(3, 2, 3), grid(3, 3, 2, seed=1)
    if dims == 2:
        a = grid(4, 3, 3)
    out = mt.tensordot(mt.tensor(a), mt.tensor(b), dims)
    np.testing.assert_array_equal(out.numpy(), np.tensordot(a, b, dims))


@pytest.mark.parametrize(
    "shapes", [((2, 3), (3, 2)), ((2,), (3, 2)), ((2, 1, 2), (2,)), ((), (2,))]
)
def test_kron_is_numpys(shapes):
    a, b = (grid(*s, seed=i) for i, s in enumerate(shapes))
    np.testing.assert_array_equal(mt.kron(mt.tensor(a), mt.tensor(b)).numpy(), np.kron(a, b))


def test_cross_is_orthogonal_to_both_and_broadcasts():
    a, b = mt.tensor(grid(4, 3)), mt.tensor(grid(1, 3, seed=1))
    out = mt.linalg.cross(a, b)
    assert mt.equal(mt.linalg.vecdot(out, a), mt.zeros(4).double())
    assert mt.equal(mt.cross(a.T, b.T), out.T)  # the first dimension of size 3
    assert gradgradcheck(mt.linalg.cross, [x.clone().requires_grad_() for x in (a, b)])


@pytest.mark.parametrize("shapes", list(itertools.product([(), (3,), (2, 3), (2, 2, 3)], repeat=2)))
def test_inner_is_numpys(shapes):
    a, b = (grid(*s, seed=i) for i, s in enumerate(shapes))
    np.testing.assert_array_equal(mt.inner(mt.tensor(a), mt.tensor(b)).numpy(), np.inner(a, b))


def test_nothing_has_an_inner_product_and_a_norm():
    assert mt.inner(mt.zeros(3, 0), mt.zeros(2, 4, 0)).tolist() == [[[0.0] * 4] * 2] * 3
    assert mt.linalg.matrix_norm(mt.zeros(2, 0, 3), 2).tolist() == [0.0, 0.0]
