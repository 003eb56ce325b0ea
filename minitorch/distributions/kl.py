"""The Kullback-Leibler divergence of two distributions, where it has a closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from minitorch.distributions.categories import Categorical, OneHotCategorical
from minitorch.distributions.composed import (
    Independent,
)
from minitorch.distributions.counts import Bernoulli, Binomial, Geometric, Poisson
from minitorch.distributions.derived import (
    Gumbel,
    LogNormal,
    Pareto,
)
from minitorch.distributions.distribution import EULER, Distribution, sum_last
from minitorch.distributions.gammas import Beta, Dirichlet, Gamma
from minitorch.distributions.location_scale import (
    Cauchy,
    Exponential,
    HalfNormal,
    Laplace,
    Normal,
    Uniform,
)
from minitorch.distributions.multivariate_normal import (
    MultivariateNormal,
    half_log_det,
    mahalanobis,
)
from minitorch.distributions.transformed import (
    TransformedDistribution,
)
from minitorch.ops.activations import softplus
from minitorch.ops.broadcasting import broadcast_shapes
from minitorch.ops.creation import full
from minitorch.ops.exponential import exp, log
from minitorch.ops.linalg.triangular import solve_triangular
from minitorch.ops.special_functions import digamma, lgamma

_RULES: dict[tuple[type, type], Callable[[Any, Any], Any]] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Any], Any]:
    """A decorator: the function computes `kl_divergence` for these two types.

    Mirrors ``torch.distributions.register_kl``.
    """
    if not (isinstance(type_p, type) and issubclass(type_p, Distribution)):
        raise TypeError(f"register_kl takes types of distributions, got {type_p!r}")
    if not (isinstance(type_q, type) and issubclass(type_q, Distribution)):
        raise TypeError(f"register_kl takes types of distributions, got {type_q!r}")

    def remember(function: Any) -> Any:
        _RULES[type_p, type_q] = function
        return function

    return remember


def _found(p: type, q: type) -> Callable[[Any, Any], Any] | None:
    """The rule for the nearest base classes, those of `p` first."""
    for a in p.__mro__:
        for b in q.__mro__:
            if (a, b) in _RULES:
                return _RULES[a, b]
    return None


def kl_divergence(p: Distribution, q: Distribution) -> Any:
    """``E_p[log p(x) - log q(x)]``, of shape (batch_shape).

    NotImplementedError where no rule is known; `register_kl` adds one.  Mirrors
    ``torch.distributions.kl_divergence``.

    >>> import minitorch
    >>> d = minitorch.distributions
    >>> d.kl_divergence(d.Normal(0.0, 1.0), d.Normal(1.0, 1.0))
    tensor(0.5000)
    """
    rule = _found(type(p), type(q))
    if rule is None:
        raise NotImplementedError(
            f"no closed form of the divergence of {type(p).__name__} from {type(q).__name__} is "
            "known here; register_kl adds one, and log_prob of samples estimates it"
        )
    return rule(p, q)


@register_kl(Normal, Normal)
def _normal(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - log(ratio))


@register_kl(MultivariateNormal, MultivariateNormal)
def _multivariate_normal(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(f"events of {tuple(p.event_shape)} and {tuple(q.event_shape)} differ")
    size = p.event_shape[0]
    batch = (q._factor[..., 0, 0] + p._factor[..., 0, 0]).shape
    ours, theirs = (f._factor.expand((*batch, size, size)) for f in (p, q))
    trace = solve_triangular(theirs, ours, upper=False).pow(2).sum((-2, -1))
    square = mahalanobis(q._factor, q.loc - p.loc)
    return half_log_det(q._factor) - half_log_det(p._factor) + 0.5 * (trace + square - size)


@register_kl(Bernoulli, Bernoulli)
def _bernoulli(p: Any, q: Any) -> Any:
    one = p.probs * (softplus(-q.logits) - softplus(-p.logits))
    one = one.masked_fill(p.probs == 0, 0).masked_fill((q.probs == 0) & (p.probs != 0), math.inf)
    none = (1 - p.probs) * (softplus(q.logits) - softplus(p.logits))
    none = none.masked_fill(p.probs == 1, 0).masked_fill((q.probs == 1) & (p.probs != 1), math.inf)
    return one + none


@register_kl(Binomial, Binomial)
def _binomial(p: Any, q: Any) -> Any:
    if (p.total_count < q.total_count).any():
        raise NotImplementedError("the divergence of a Binomial from one of more trials")
    n = p.total_count
    kl = n * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return kl.masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(Categorical, Categorical)
def _categorical(p: Any, q: Any) -> Any:
    t = p.probs * (p.logits - q.logits)
    t = t.masked_fill((q.probs == 0).expand(t.shape), math.inf)
    return t.masked_fill((p.probs == 0).expand(t.shape), 0).sum(-1)


@register_kl(OneHotCategorical, OneHotCategorical)
def _one_hot(p: Any, q: Any) -> Any:
    return _categorical(p._categorical, q._categorical)


@register_kl(Geometric, Geometric)
def _geometric(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Poisson, Poisson)
def _poisson(p: Any, q: Any) -> Any:
    return p.rate * (log(p.rate) - log(q.rate)) - (p.rate - q.rate)


@register_kl(Exponential, Exponential)
def _exponential(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -log(ratio) + ratio - 1


@register_kl(Gamma, Gamma)
def _gamma(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (
        b * log(p.rate / q.rate) + lgamma(b) - lgamma(a) + (a - b) * digamma(a)
        + (q.rate - p.rate) * (a / p.rate)
    )  # fmt: skip


@register_kl(Exponential, Gamma)
def _exponential_gamma(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    a = q.concentration
    return -a * log(ratio) + ratio + lgamma(a) + a * EULER - (1 + EULER)


@register_kl(Gamma, Exponential)
def _gamma_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - log(q.rate) + q.rate * p.concentration / p.rate


@register_kl(Beta, Beta)
def _beta(p: Any, q: Any) -> Any:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    return (
        lgamma(c) + lgamma(d) + lgamma(a + b) - lgamma(c + d) - lgamma(a) - lgamma(b)
        + (a - c) * digamma(a) + (b - d) * digamma(b) + (c + d - a - b) * digamma(a + b)
    )  # fmt: skip


@register_kl(Dirichlet, Dirichlet)
def _dirichlet(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    norm = lgamma(a.sum(-1)) - lgamma(b.sum(-1)) - (lgamma(a) - lgamma(b)).sum(-1)
    return norm + ((a - b) * (digamma(a) - digamma(a.sum(-1)).unsqueeze(-1))).sum(-1)


@register_kl(Laplace, Laplace)
def _laplace(p: Any, q: Any) -> Any:
    ratio, gap = p.scale / q.scale, (p.loc - q.loc).abs()
    return -log(ratio) + gap / q.scale + ratio * exp(-gap / p.scale) - 1


@register_kl(Cauchy, Cauchy)
def _cauchy(p: Any, q: Any) -> Any:
    square = ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)) / (4 * p.scale * q.scale)
    return log(square)


@register_kl(HalfNormal, HalfNormal)
def _half_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Uniform, Uniform)
def _uniform(p: Any, q: Any) -> Any:
    result = log((q.high - q.low) / (p.high - p.low))
    return result.masked_fill((q.low > p.low) | (q.high < p.high), math.inf)


@register_kl(Uniform, Normal)
def _uniform_normal(p: Any, q: Any) -> Any:
    width = p.high - p.low
    normalizer = log(math.sqrt(2 * math.pi) * q.scale / width)
    square = width.pow(2) / 12 + ((p.high + p.low - 2 * q.loc) / 2).pow(2)
    return normalizer + 0.5 * square / q.scale.pow(2)


@register_kl(Normal, Laplace)
def _normal_laplace(p: Any, q: Any) -> Any:
    gap = (p.loc - q.loc) / p.scale
    spread = math.sqrt(2 / math.pi) * exp(-0.5 * gap.pow(2)) + gap * (gap / math.sqrt(2)).erf()
    return (
        -log(p.scale / q.scale) + p.scale / q.scale * spread - 0.5 * (1 + math.log(0.5 * math.pi))
    )


@register_kl(Laplace, Normal)
def _laplace_normal(p: Any, q: Any) -> Any:
    variance = q.scale.pow(2)
    square = 2 * p.scale.pow(2) + (p.loc - q.loc).pow(2)
    return 0.5 * log(2 * math.pi * variance) + 0.5 * square / variance - p.entropy()


@register_kl(Exponential, Normal)
def _exponential_normal(p: Any, q: Any) -> Any:
    variance = q.scale.pow(2)
    square = p.rate.pow(2)
    return (
        0.5 * log(square * variance * 2 * math.pi) - 1
        + (square.reciprocal() - q.loc / p.rate + q.loc.pow(2) / 2) / variance
    )  # fmt: skip


@register_kl(Gumbel, Gumbel)
def _gumbel(p: Any, q: Any) -> Any:
    ratio, gap = p.scale / q.scale, p.loc / q.scale - q.loc / q.scale
    rest = exp(lgamma(1 + ratio) - gap)
    return -log(ratio) + gap + ratio * EULER + rest - (1 + EULER)


@register_kl(Independent, Independent)
def _independent(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("events of differing numbers of dimensions")
    return sum_last(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(TransformedDistribution, TransformedDistribution)
def _transformed(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("the divergence of differently transformed distributions")
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(LogNormal, LogNormal)
def _log_normal(p: Any, q: Any) -> Any:
    return _normal(p.base_dist, q.base_dist)


@register_kl(Pareto, Pareto)
def _pareto(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    result = q.alpha * log(p.scale / q.scale) - log(ratio) + ratio - 1
    return result.masked_fill(p.scale < q.scale, math.inf)


def _infinite(p: Any, q: Any) -> Any:
    """`p` has values to which `q` gives no probability."""
    return full(broadcast_shapes(p.batch_shape, q.batch_shape), math.inf, dtype=p.mean.dtype)


_TO_THE_LEFT: list[Any] = [Gumbel, Laplace, Normal]
_POSITIVE: list[Any] = [Exponential, Gamma]
_WIDER: list[tuple[Any, list[Any]]] = [
    *((p, [Beta, Uniform, Pareto, *_POSITIVE]) for p in _TO_THE_LEFT),
    *((p, [Beta, Uniform, Pareto]) for p in _POSITIVE),
    (Pareto, [Beta, Uniform]),
    (Beta, [Pareto]),
    (Poisson, [Bernoulli, Binomial]),
]
for _p, _all_q in _WIDER:
    for _q in _all_q:
        register_kl(_p, _q)(_infinite)
