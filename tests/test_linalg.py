"""Linear algebra: factors that multiply to the matrix, gradients, batches, errors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import linalg
from minitorch.autograd import gradcheck, gradgradcheck

few = settings(max_examples=15, deadline=None)
dtypes = st.sampled_from(["float32", "float64", "complex64", "complex128"])
sizes = st.integers(0, 4)
batches = st.sampled_from([(), (2,), (2, 0), (1, 3)])


def matrix(*shape, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape)
    if "complex" in dtype:
        x = x + 1j * rng.standard_normal(shape)
    return mt.tensor(x).to(getattr(mt, dtype))


def definite(n, *, batch=(), dtype="float64", seed=0):
    x = matrix(*batch, n, n, dtype=dtype, seed=seed)
    return x @ x.mH + mt.eye(n, dtype=x.dtype)


def close(a, b):
    a, b = a.detach(), b.detach()
    assert a.shape == b.shape
    assert a.dtype == b.dtype
    tolerance = 1e-4 if a.dtype in (mt.float32, mt.complex64) else 1e-10
    np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=tolerance, atol=tolerance)


def eye_like(x):
    return mt.eye(x.shape[-1], dtype=x.dtype).expand(x.shape).clone()


# --- laws --------------------------------------------------------------------------------------


@few
@given(batches, sizes, sizes, dtypes)
def test_svd_and_qr_and_lu_multiply_to_the_matrix(batch, m, n, dtype):
    a = matrix(*batch, m, n, dtype=dtype)
    for full in (True, False):
        u, s, vh = linalg.svd(a, full_matrices=full)
        k = min(m, n)
        close(u[..., :k] * s.unsqueeze(-2) @ vh[..., :k, :], a)
        close(u.mH @ u, eye_like(u.mH @ u))
        close(mt.svd(a, some=not full).V, vh.mH)
    close(linalg.svdvals(a), s)
    assert not s.is_complex()
    for mode in ("reduced", "complete"):
        q, r = linalg.qr(a, mode)
        close(q @ r, a)
        close(q.mH @ q, eye_like(q.mH @ q))
        assert mt.equal(r, r.triu())
    p, lower, upper = linalg.lu(a)
    close(p @ lower @ upper, a)
    close(mt.lu_unpack(*mt.lu(a)).L, lower)


@few
@given(batches, sizes, dtypes)
def test_square_matrices(batch, n, dtype):
    a = matrix(*batch, n, n, dtype=dtype)
    b = matrix(*batch, n, 2, dtype=dtype, seed=1)
    close(linalg.inv(a) @ a, eye_like(a))
    close(a @ linalg.solve(a, b), b)
    close(linalg.solve(a, b.mT, left=False) @ a, b.mT)
    close(linalg.solve(a, b[..., 0]).unsqueeze(-1), linalg.solve(a, b[..., :1]))
    close(linalg.lu_solve(*linalg.lu_factor(a), b), linalg.solve(a, b))
    close(linalg.lu_solve(*linalg.lu_factor(a), b, adjoint=True), linalg.solve(a.mH, b))
    sign, log = linalg.slogdet(a)
    close(sign * log.exp(), linalg.det(a))
    close(linalg.det(a @ a), linalg.det(a) * linalg.det(a))
    values, vectors = linalg.eig(a)
    close(a.to(vectors.dtype) @ vectors, vectors * values.unsqueeze(-2))
    close(linalg.matrix_power(a, 3), a @ a @ a)
    close(linalg.matrix_power(a, 0), eye_like(a))
    for upper in (False, True):
        triangle = (a.triu() if upper else a.tril()) + 3 * eye_like(a)
        x = linalg.solve_triangular(triangle, b, upper=upper)
        close(triangle @ x, b)
        one = linalg.solve_triangular(a, b, upper=upper, unitriangular=True)
        strict = a.triu(1) if upper else a.tril(-1)
        close((strict + eye_like(a)) @ one, b)


@few
@given(batches, sizes, dtypes)
def test_definite_matrices(batch, n, dtype):
    a = definite(n, batch=batch, dtype=dtype)
    b = matrix(*batch, n, 2, dtype=dtype, seed=1)
    lower = linalg.cholesky(a)
    close(lower @ lower.mH, a)
    close(linalg.cholesky(a, upper=True), lower.mH)
    close(a @ mt.cholesky_solve(b, lower), b)
    close(a @ mt.cholesky_inverse(lower), eye_like(a))
    values, vectors = linalg.eigh(a)
    close(vectors * values.unsqueeze(-2) @ vectors.mH, a)
    close(linalg.eigvalsh(a, "U"), values)
    close(mt.logdet(a).exp().real, linalg.det(a).real)


@few
@given(batches, sizes, sizes, dtypes)
def test_pseudo_inverse_and_least_squares(batch, m, n, dtype):
    a, b = matrix(*batch, m, n, dtype=dtype), matrix(*batch, m, 2, dtype=dtype, seed=1)
    p = linalg.pinv(a)
    close(a @ p @ a, a)
    close(p @ a @ p, p)
    close((a @ p).mH, a @ p)
    x = linalg.lstsq(a, b).solution
    close(a.mH @ (a @ x), a.mH @ b)
    assert (linalg.matrix_rank(a) == min(m, n)).all()


def test_lstsq_returns_what_the_driver_finds():
    a, b = matrix(4, 2), matrix(4, 3, seed=1)
    found = linalg.lstsq(a, b, driver="gelsd")
    close(found.residuals, ((a @ found.solution - b) ** 2).sum(0))
    assert found.rank == 2
    close(found.singular_values, linalg.svdvals(a))
    assert linalg.lstsq(a, b).residuals.numel() == 0
    assert linalg.lstsq(a, b[:, 0]).solution.shape == (2,)


def test_rank_deficient_matrices():
    a = mt.ones(3, 3, dtype=mt.float64)
    close(linalg.pinv(a), a / 9)
    close(linalg.pinv(a, hermitian=True), a / 9)
    assert linalg.matrix_rank(a) == linalg.matrix_rank(a, hermitian=True) == 1
    assert linalg.matrix_rank(mt.diag(mt.tensor([1.0, 0.1])), atol=0.5) == 1
    assert linalg.matrix_rank(mt.diag(mt.tensor([1.0, 0.1])), tol=mt.tensor([0.5, 0.01]))[1] == 2


def test_matrix_exponential():
    t = mt.tensor(0.7, dtype=mt.float64)
    zero = mt.zeros((), dtype=mt.float64)
    turn = mt.stack([mt.stack([zero, -t]), mt.stack([t, zero])])
    close(linalg.matrix_exp(turn)[0], mt.stack([t.cos(), -t.sin()]))
    a = matrix(3, 4, 4) * mt.tensor([0.01, 1.0, 20.0]).double().reshape(3, 1, 1)
    both = linalg.matrix_exp(a) @ linalg.matrix_exp(-a)
    close(both[:2], eye_like(both[:2]))
    values = linalg.eigvals(a).exp().sum(-1).real
    np.testing.assert_allclose(linalg.matrix_exp(a).diagonal(0, 1, 2).sum(-1), values, rtol=1e-8)
    assert linalg.matrix_exp(mt.zeros(0, 0)).shape == (0, 0)


def test_chains_are_bracketed_for_the_fewest_operations():
    factors = [matrix(2, 30), matrix(30, 3, seed=1), matrix(3, 40, seed=2), matrix(40, seed=3)]
    expected = factors[0] @ factors[1] @ factors[2] @ factors[3]
    close(linalg.multi_dot(factors), expected)
    close(linalg.multi_dot([factors[3], factors[2].T]), factors[3] @ factors[2].T)
    close(mt.chain_matmul(*factors[:3]), factors[0] @ factors[1] @ factors[2])


def test_large_triangles_are_solved_by_halves():
    a = (matrix(200, 200) / 20).tril() + 2 * mt.eye(200, dtype=mt.float64)
    b = matrix(200, 3, seed=1)
    close(a @ linalg.solve_triangular(a, b, upper=False), b)
    close(a.T @ linalg.solve_triangular(a.T, b, upper=True), b)


def test_householder_vander_and_tensor_equations():
    a = matrix(4, 3)
    reflectors, tau = np.linalg.qr(a.numpy(), "raw")
    close(
        linalg.householder_product(mt.tensor(reflectors.T.copy()), mt.tensor(tau)), linalg.qr(a).Q
    )
    x = mt.tensor([2, 3])
    assert linalg.vander(x, N=3).tolist() == [[1, 2, 4], [1, 3, 9]]
    assert mt.vander(x).tolist() == [[2, 1], [3, 1]]
    cube = matrix(2, 3, 6)
    close(mt.tensordot(linalg.tensorinv(cube), matrix(2, 3, seed=1)).reshape(6),
          linalg.tensorsolve(cube, matrix(2, 3, seed=1)))  # fmt: skip


# --- gradients ---------------------------------------------------------------------------------

SYMMETRIC = {"cholesky", "eigvalsh", "eigh", "pinv hermitian"}
FUNCTIONS = {
    "inv": linalg.inv,
    "solve": lambda a: linalg.solve(a, a[..., :2] * a[..., :2]),
    "solve, left": lambda a: linalg.solve(a, a[..., :2, :], left=False),
    "solve_triangular": lambda a: linalg.solve_triangular(a, a[..., :2], upper=True),
    "lu_solve": lambda a: linalg.lu_solve(*linalg.lu_factor(a), a[..., :1], adjoint=True),
    "lu": lambda a: linalg.lu(a)[1:],
    "lu, wide": lambda a: linalg.lu(a[..., :2, :])[1:],
    "lu, tall": lambda a: linalg.lu(a[..., :2])[1:],
    "det": linalg.det,
    "slogdet": lambda a: linalg.slogdet(a)[1],
    "the sign": lambda a: linalg.slogdet(a)[0].real,
    "logdet": lambda a: mt.logdet(a @ a.mH).real,
    "cholesky": linalg.cholesky,
    "cholesky, upper": lambda a: linalg.cholesky(a @ a.mH, upper=True),
    "qr": lambda a: tuple(linalg.qr(a[..., :2])),
    "qr, wide": lambda a: tuple(linalg.qr(a[..., :2, :])),
    "pinv": lambda a: linalg.pinv(a[..., :2]),
    "pinv, wide": lambda a: linalg.pinv(a[..., :2, :]),
    "pinv hermitian": lambda a: linalg.pinv(a, hermitian=True),
    "lstsq": lambda a: linalg.lstsq(a[..., :2], a[..., 2:]).solution,
    "svdvals": linalg.svdvals,
    "nuclear norm": lambda a: linalg.matrix_norm(a, "nuc"),
    "spectral norm": lambda a: linalg.matrix_norm(a, 2),
    "cond": linalg.cond,
    "cond, 1": lambda a: linalg.cond(a, 1),
    "eigvalsh": linalg.eigvalsh,
    "eigvals": lambda a: linalg.eigvals(a).abs(),
    "matrix_exp": linalg.matrix_exp,
    "matrix_power": lambda a: linalg.matrix_power(a, -3),
    "householder_product": lambda a: linalg.householder_product(a, a[..., 0]),
    "cross": lambda a: linalg.cross(a, a * a),
}
# Of vectors only what does not depend on their phase has a gradient.
PHASELESS = {
    "svd": lambda a: [(u[..., :2] @ w[..., :2, :]) for u, _, w in [linalg.svd(a[..., :2], False)]],
    "svd, wide": lambda a: [u @ w for u, _, w in [linalg.svd(a[..., :2, :], False)]],
    "svd, full": lambda a: [u[..., :1] @ w[..., :1, :] for u, _, w in [linalg.svd(a[..., :2])]],
    "eigh": lambda a: [v.abs() for v in [linalg.eigh(a).eigenvectors]],
    "eig": lambda a: [v.abs() for v in [linalg.eig(a).eigenvectors]],
}
ALL = FUNCTIONS | PHASELESS


CASES = [(name, dtype) for name in ALL for dtype in ("float64", "complex128")]
CASES.remove(("the sign", "float64"))  # constant


@pytest.mark.parametrize("name, dtype", CASES)
def test_first_and_second_gradients(name, dtype):
    a = matrix(3, 3, dtype=dtype, seed=3)
    if name in SYMMETRIC or name == "logdet":
        a = definite(3, dtype=dtype, seed=3)

    def function(x):
        x = (x + x.mH) / 2 if name in SYMMETRIC else x
        out = ALL[name](x)
        return tuple(out) if isinstance(out, list) else out

    a.requires_grad_()
    assert gradcheck(function, a)
    assert gradgradcheck(function, a, atol=1e-4)


def test_gradients_of_a_batch_are_those_of_its_matrices():
    a, b = matrix(2, 1, 3, 3), matrix(4, 3, 2, seed=1)
    together = [x.clone().requires_grad_() for x in (a, b)]
    linalg.solve(*together).sum().backward()
    apart = [x.clone().requires_grad_() for x in (a, b)]
    for i in range(2):
        for j in range(4):
            linalg.solve(apart[0][i, 0], apart[1][j]).sum().backward()
    for x, y in zip(together, apart):
        close(x.grad, y.grad)


def test_gradient_of_the_determinant_where_it_is_zero():
    a = mt.tensor([[1.0, 2.0], [2.0, 4.0]], requires_grad=True)
    linalg.det(a).backward()
    close(a.grad, mt.tensor([[4.0, -2.0], [-2.0, 1.0]]))  # the cofactors
    zero = mt.zeros(2, 3, 3).requires_grad_()
    linalg.det(zero).sum().backward()
    assert mt.equal(zero.grad, mt.zeros(2, 3, 3))


def test_a_loss_that_depends_on_the_phase_is_refused():
    a = matrix(3, 3, dtype="complex128").requires_grad_()
    for vectors in (linalg.svd(a).U, linalg.eig(a).eigenvectors, linalg.eigh(a).eigenvectors):
        with pytest.raises(RuntimeError, match="phase"):
            vectors.imag.sum().backward()


def test_missing_parts_of_qr_have_no_gradient():
    a = matrix(3, 2).requires_grad_()
    for r in (linalg.qr(a, "r").R, linalg.qr(a, "complete").R):
        with pytest.raises(RuntimeError, match="reduced"):
            r.sum().backward()


# --- errors ------------------------------------------------------------------------------------

SINGULAR = mt.tensor([[1.0, 2.0], [2.0, 4.0]])


def test_singular_matrices():
    assert issubclass(linalg.LinAlgError, RuntimeError)
    pair = mt.stack([mt.eye(2), SINGULAR])
    for call in (
        lambda: linalg.inv(pair),
        lambda: linalg.solve(pair, mt.ones(2, 2)),
        lambda: linalg.cholesky(-pair),
        lambda: linalg.matrix_power(pair, -1),
        lambda: linalg.inv_ex(pair, check_errors=True),
    ):
        with pytest.raises(linalg.LinAlgError):
            call()
    with pytest.raises(linalg.LinAlgError, match=r"number \[1\] of the batch"):
        linalg.inv(pair)
    with pytest.raises(linalg.LinAlgError, match="order 1"):
        linalg.cholesky(mt.full((2, 2), float("nan")))
    inverse, info = linalg.inv_ex(pair)
    assert info.tolist() == [0, 2]
    assert mt.equal(inverse[0], mt.eye(2))
    assert linalg.solve_ex(SINGULAR, mt.eye(2)).info == 2
    assert linalg.lu_factor_ex(pair).info.tolist() == [0, 2]
    assert linalg.cholesky_ex(mt.stack([mt.eye(2), -mt.eye(2)])).info.tolist() == [0, 1]
    assert linalg.det(SINGULAR) == 0
    assert mt.logdet(SINGULAR) == -np.inf
    assert mt.logdet(-mt.eye(3)).isnan()
    assert linalg.cond(SINGULAR, 1) == np.inf
    triangle = mt.tensor([[0.0, 0.0], [1.0, 1.0]])
    assert linalg.solve_triangular(triangle, mt.eye(2), upper=False)[0, 0] == np.inf


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: linalg.inv(mt.ones(2, 3)), r"square matrices.*2 by 3"),
        (lambda: linalg.inv(mt.ones(2)), r"at least 2 dimensions.*\[2\]"),
        (lambda: linalg.det(mt.ones(2, 2, dtype=mt.int64)), "int64"),
        (lambda: linalg.svd(mt.ones(2, 2, dtype=mt.float16)), "float16"),
        (lambda: linalg.solve(mt.eye(2), mt.ones(3, 1)), r"\[2, 2\].*\[3, 1\]"),
        (lambda: linalg.solve(mt.eye(2), mt.ones(2, 1).double()), "one dtype"),
        (lambda: linalg.solve(mt.eye(2).expand(3, 2, 2), mt.ones(4, 2, 1)), "broadcast"),
        (lambda: linalg.qr(mt.eye(2), "full"), "mode"),
        (lambda: linalg.eigh(mt.eye(2), "X"), "UPLO"),
        (lambda: linalg.lstsq(mt.eye(2), mt.eye(2), driver="qr"), "driver"),
        (lambda: linalg.cond(mt.eye(2), 3), "order 3"),
        (lambda: linalg.lu(mt.eye(2), pivot=False), "exchanges"),
        (lambda: linalg.matrix_power(mt.ones(2, 3), 2), "square"),
        (lambda: linalg.multi_dot([mt.eye(2)]), "two tensors"),
        (lambda: linalg.multi_dot([mt.eye(2), mt.ones(2), mt.eye(2)]), "vectors"),
        (lambda: linalg.tensorinv(mt.ones(2, 3), 1), "equal"),
        (lambda: linalg.vander(mt.ones(2), N=1), "greater than 1"),
        (lambda: linalg.householder_product(mt.ones(2, 3), mt.ones(2)), "do not fit"),
    ],
)
def test_errors(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


def test_arguments_that_are_no_tensors():
    for call in (lambda: linalg.inv([[1.0]]), lambda: linalg.solve(mt.eye(2), 1.0),
                 lambda: linalg.matrix_power(mt.eye(2), 1.5)):  # fmt: skip
        with pytest.raises(TypeError):
            call()


def test_results_have_names_and_may_be_written_to_out():
    a = definite(2)
    u, s, vh = linalg.svd(a)
    assert linalg.svd(a)._fields == ("U", "S", "Vh")
    assert mt.svd(a)._fields == ("U", "S", "V")
    assert linalg.slogdet(a)._fields == ("sign", "logabsdet")
    outs = tuple(mt.empty_like(x) for x in (u, s, vh))
    linalg.svd(a, out=outs)
    close(outs[1], s)
    out = mt.empty_like(a)
    assert linalg.inv(a, out=out) is out


def test_numpys_functions_are_recorded():
    a = definite(2).requires_grad_()
    for name in ("inv", "det", "cholesky", "pinv", "eigvalsh", "svdvals", "norm", "cond"):
        out = getattr(np.linalg, name)(a)
        assert isinstance(out, mt.Tensor)
        assert out.requires_grad
    assert np.linalg.solve(a, mt.ones(2).double()).shape == (2,)
    assert np.linalg.svd(a).S.requires_grad
    assert np.linalg.svd(a, compute_uv=False).requires_grad
