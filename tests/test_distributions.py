"""Distributions: laws that hold for all of them, without PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

import minitorch as mt
from minitorch import distributions as D
from minitorch.numerics.incomplete_beta import betainc
from minitorch.numerics.reparameterization import beta_sample_slope, gamma_sample_slope


def f(*values):
    return mt.tensor(values, dtype=mt.float64)


CONTINUOUS = [
    D.Normal(f(0.5), f(2.0)), D.Laplace(f(0.5), f(2.0)), D.Gumbel(f(0.5), f(2.0)),
    D.LogNormal(f(0.1), f(0.4)), D.HalfNormal(f(2.0)), D.Uniform(f(-1.0), f(2.0)),
    D.Exponential(f(2.0)), D.Gamma(f(3.0), f(2.0)), D.InverseGamma(f(5.0), f(2.0)),
    D.Chi2(f(4.0)), D.Beta(f(2.0), f(3.0)), D.Kumaraswamy(f(2.0), f(3.0)), D.StudentT(f(9.0)),
    D.FisherSnedecor(f(4.0), f(12.0)), D.Pareto(f(1.0), f(6.0)), D.Weibull(f(2.0), f(1.5)),
]  # fmt: skip
COUNTS = [
    D.Bernoulli(f(0.3)), D.Binomial(5, f(0.3)), D.Geometric(f(0.4)), D.Poisson(f(3.0)),
    D.NegativeBinomial(4.0, f(0.3)), D.Categorical(f(0.2, 0.3, 0.5)),
]  # fmt: skip


def name(d):
    return type(d).__name__


@pytest.mark.parametrize("d", CONTINUOUS, ids=name)
def test_a_density_integrates_to_one_and_has_the_moments_it_says(d):
    low, high = {"Uniform": (-1, 2), "Pareto": (1, 400)}.get(name(d), (-60, 60))
    if d.support.check(f(-1.0)).logical_not().all() and name(d) != "Pareto":
        low = 0
    if name(d) in ("Beta", "Kumaraswamy"):
        high = 1
    x = mt.linspace(low, high, 400_001, dtype=mt.float64)
    inner = (x[1:] + x[:-1]) / 2
    mass = d.log_prob(inner).exp() * (x[1] - x[0])
    assert mass.sum().item() == pytest.approx(1, abs=1e-4)
    assert (mass * inner).sum().item() == pytest.approx(d.mean.item(), rel=5e-3)
    if name(d) != "Pareto":
        spread = (mass * (inner - d.mean) ** 2).sum().item()
        assert spread == pytest.approx(d.variance.item(), rel=2e-2)
        try:
            entropy = d.entropy().item()
        except NotImplementedError:
            return
        finite = mass > 0
        assert -(mass * d.log_prob(inner))[finite].sum().item() == pytest.approx(entropy, rel=1e-3)


@pytest.mark.parametrize("d", CONTINUOUS + COUNTS, ids=name)
def test_samples_have_the_moments_of_the_distribution(d):
    mt.manual_seed(0)
    if name(d) == "Categorical":
        shares = mt.bincount(d.sample((4000,)).flatten()) / 4000
        assert mt.allclose(shares.double(), d.probs, atol=0.04)
        return
    x = d.sample((4000,)).double()
    assert d.support.check(x).all()
    error = 5 * math.sqrt(d.variance.item() / 4000)
    assert abs(x.mean().item() - d.mean.item()) < error


@pytest.mark.parametrize("d", COUNTS, ids=name)
def test_probabilities_add_up_to_one(d):
    values = d.enumerate_support() if d.has_enumerate_support else mt.arange(80.0).double()[:, None]
    assert d.log_prob(values).exp().sum(0).item() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("d", CONTINUOUS, ids=name)
def test_cdf_and_icdf_are_inverse(d):
    u = mt.linspace(0.05, 0.95, 7, dtype=mt.float64)
    try:
        there = d.icdf(u)
        assert mt.allclose(d.cdf(there), u, atol=1e-6)
    except NotImplementedError:
        pass


@pytest.mark.parametrize("d", [d for d in CONTINUOUS if d.has_rsample], ids=name)
def test_rsample_moves_with_the_mean(d):
    """The gradient of the samples' mean is that of the mean, up to the error of sampling."""
    mt.manual_seed(1)
    parameters = {
        k: mt.full((4000,), getattr(d, k).item(), dtype=mt.float64).requires_grad_()
        for k in d.arg_constraints
    }
    many = type(d)(**parameters)
    slopes = mt.autograd.grad(many.rsample().sum(), list(parameters.values()), retain_graph=True)
    truth = mt.autograd.grad(many.mean.sum(), list(parameters.values()), allow_unused=True)
    for a, b in zip(slopes, truth):
        wanted = 0.0 if b is None else b[0].item()
        error = 6 * a.std().item() / math.sqrt(4000) + 1e-9
        assert abs(a.mean().item() - wanted) < error


def test_the_incomplete_beta_function_is_a_binomial_tail():
    n, p = 12, 0.3
    chance = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    k = np.arange(1, n + 1)
    below, above = betainc(k, n - k + 1, p)
    np.testing.assert_allclose(below, [sum(chance[i:]) for i in k], rtol=1e-12)
    np.testing.assert_allclose(below + above, 1, rtol=1e-12)


def test_slopes_of_samples_against_closed_forms():
    z = np.array([0.1, 1.0, 4.0])
    # Gamma(1) is exponential: for small a, z ~ (u * gamma(a + 1))**(1 / a).
    tiny = gamma_sample_slope(np.array([0.01]), np.array([1e-90]))
    a, x = 0.01, 1e-90
    assert tiny[0] == pytest.approx(-x / a * (math.log(x) - (-0.5609)), rel=1e-3)
    # Beta(a, 1): F(x) = x**a, so that dx/da = -x log(x) / a.
    x = np.array([0.1, 0.5, 0.9])
    np.testing.assert_allclose(
        beta_sample_slope(np.array(2.5), np.array(1.0), x), -x * np.log(x) / 2.5, rtol=1e-7
    )
    assert (gamma_sample_slope(np.array(2.0), z) > 0).all()


def test_multivariate_normal_by_its_three_matrices():
    mt.manual_seed(0)
    factor = mt.randn(3, 3, dtype=mt.float64).tril() + 3 * mt.eye(3, dtype=mt.float64)
    covariance = factor @ factor.mT
    loc, x = mt.zeros(3, dtype=mt.float64), mt.randn(5, 3, dtype=mt.float64)
    made = [
        D.MultivariateNormal(loc, covariance),
        D.MultivariateNormal(loc, precision_matrix=covariance.inverse()),
        D.MultivariateNormal(loc, scale_tril=factor.tril()),
    ]
    by_hand = -0.5 * (
        3 * math.log(2 * math.pi) + covariance.logdet()
        + mt.einsum("ni,ij,nj->n", x, covariance.inverse(), x)
    )  # fmt: skip
    for d in made:
        assert mt.allclose(d.log_prob(x), by_hand)
        assert mt.allclose(d.covariance_matrix, covariance)
        assert mt.allclose(d.precision_matrix, covariance.inverse())


def test_divergences_vanish_between_equals_and_can_be_registered():
    for d in [*CONTINUOUS, *COUNTS]:
        try:
            assert D.kl_divergence(d, d).abs().max().item() < 1e-9
        except NotImplementedError as error:
            assert "register_kl" in str(error)

    class Mine(D.Normal):
        pass

    @D.register_kl(Mine, Mine)
    def _mine(p, q):
        return mt.tensor(7.0)

    assert D.kl_divergence(Mine(0.0, 1.0), Mine(1.0, 1.0)).item() == 7
    assert D.kl_divergence(Mine(0.0, 1.0), D.Normal(1.0, 1.0)).item() == 0.5


def test_what_is_derived_under_no_grad_still_has_a_gradient():
    logits = mt.zeros(3, requires_grad=True)
    d = D.RelaxedOneHotCategorical(1.0, logits=logits)
    d.sample()
    d.rsample().max().backward()
    assert logits.grad is not None


def test_checks_can_be_switched_off():
    with pytest.raises(ValueError, match=r"parameter scale .* must satisfy GreaterThan|greater_th"):
        D.Normal(0.0, -1.0)
    D.Normal(0.0, -1.0, validate_args=False)
    D.Distribution.set_default_validate_args(False)
    try:
        D.Normal(0.0, -1.0)
    finally:
        D.Distribution.set_default_validate_args(True)


def test_how_they_are_shown():
    assert repr(D.Normal(0.0, 1.0)) == "Normal(loc: 0.0, scale: 1.0)"
    assert repr(D.Normal(mt.zeros(2), 1.0)) == (
        "Normal(loc: minitorch.Size([2]), scale: minitorch.Size([2]))"
    )
    assert repr(D.Independent(D.Bernoulli(mt.ones(2)), 1)).startswith("Independent(Bernoulli(")


@pytest.mark.parametrize("df", [-1.0, 0.0, float("nan")])
def test_degrees_of_freedom_are_positive(df):
    for make in (mt.distributions.Chi2, mt.distributions.StudentT):
        with pytest.raises(ValueError, match="df"):
            make(df)


@pytest.mark.parametrize(
    ("p", "q"),
    [
        (D.Normal(0.0, 1.0), D.Exponential(1.0)), (D.Gamma(2.0, 1.0), D.Uniform(0.0, 1.0)),
        (D.Pareto(1.0, 2.0), D.Beta(1.0, 1.0)), (D.Pareto(1.0, 2.0), D.Pareto(1.5, 2.0)),
        (D.Poisson(1.0), D.Bernoulli(0.5)),
    ],
)  # fmt: skip
def test_a_divergence_from_less_is_infinite(p, q):
    assert D.kl_divergence(p, q).item() == math.inf


def test_divergence_of_power_laws_is_the_mean_of_its_logarithms():
    p, q = D.Pareto(2.0, 3.0), D.Pareto(1.5, 4.0)
    mt.manual_seed(0)
    x = p.sample((100_000,))
    estimate = (p.log_prob(x) - q.log_prob(x)).mean().item()
    assert D.kl_divergence(p, q).item() == pytest.approx(estimate, rel=0.02)
