"""Distributions made of others: transformed, with events of more dimensions, mixed."""

from __future__ import annotations

import math
from typing import Any

from minitorch.distributions import constraints, transforms
from minitorch.distributions.categories import Categorical, OverCategories
from minitorch.distributions.counts import _Odds
from minitorch.distributions.distribution import EULER, Distribution, inside, share, sum_last
from minitorch.distributions.gammas import Gamma
from minitorch.distributions.location_scale import Exponential, Normal, Uniform
from minitorch.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    PowerTransform,
    SigmoidTransform,
    StickBreakingTransform,
    Transform,
)
from minitorch.dtypes import finfo
from minitorch.engine.modes import no_grad
from minitorch.ops.creation import full_like, ones_like
from minitorch.ops.exponential import exp, log, log1p
from minitorch.ops.random import rand
from minitorch.ops.reductions import logsumexp
from minitorch.ops.softmax import log_softmax
from minitorch.ops.special_functions import digamma, lgamma


class Independent(Distribution):
    """`base_distribution` with its last batch dimensions taken as dimensions of an event.

    Mirrors ``torch.distributions.Independent``.

    >>> import minitorch
    >>> d = minitorch.distributions
    >>> n = d.Independent(d.Normal(minitorch.zeros(3, 2), 1.0), 1)
    >>> n.batch_shape, n.event_shape, n.log_prob(minitorch.zeros(2)).shape
    (minitorch.Size([3]), minitorch.Size([2]), minitorch.Size([3]))
    """

    def __init__(
        self, base_distribution: Distribution, reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                f"{reinterpreted_batch_ndims} dimensions cannot be taken from batch {tuple(batch)}"
            )
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        kept = len(batch) - reinterpreted_batch_ndims
        event = (*batch[kept:], *base_distribution.event_shape)
        super().__init__(batch[:kept], event, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        taken = self._event_shape[: self.reinterpreted_batch_ndims]
        base = self.base_dist.expand((*batch_shape, *taken))
        return Independent(base, self.reinterpreted_batch_ndims, validate_args=False)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def has_enumerate_support(self) -> bool:  # type: ignore[override]
        return self.reinterpreted_batch_ndims == 0 and self.base_dist.has_enumerate_support

    @property
    def support(self) -> Any:
        inner = self.base_dist.support
        n = self.reinterpreted_batch_ndims
        return constraints.independent(inner, n) if n else inner

    @property
    def mean(self) -> Any:
        return self.base_dist.mean

    @property
    def mode(self) -> Any:
        return self.base_dist.mode

    @property
    def variance(self) -> Any:
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Any) -> Any:
        return sum_last(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Any:
        return sum_last(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def enumerate_support(self, expand: bool = True) -> Any:
        if self.reinterpreted_batch_ndims:
            raise NotImplementedError("the values of an Independent distribution are too many")
        return self.base_dist.enumerate_support(expand)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist!r}, {self.reinterpreted_batch_ndims})"


class TransformedDistribution(Distribution):
    """What `transforms` make of draws from `base_distribution`, one after the other.

    Its density is the base's, divided by the stretch.  Mirrors
    ``torch.distributions.TransformedDistribution``.

    >>> import minitorch
    >>> d = minitorch.distributions
    >>> t = d.TransformedDistribution(d.Normal(0.0, 1.0), [d.transforms.ExpTransform()])
    >>> t.log_prob(minitorch.tensor(1.0))
    tensor(-0.9189)
    """

    def __init__(
        self, base_distribution: Distribution, transforms: Any, validate_args: bool | None = None
    ) -> None:
        parts = [transforms] if isinstance(transforms, Transform) else list(transforms)
        if not all(isinstance(t, Transform) for t in parts):
            raise ValueError(f"transforms must be Transforms, got {transforms!r}")
        self.transforms = parts
        chain = ComposeTransform(parts)
        shape = (*base_distribution.batch_shape, *base_distribution.event_shape)
        if len(shape) < chain.domain.event_dim:
            raise ValueError(
                f"the transforms need events of {chain.domain.event_dim} dimensions, "
                f"base has {shape}"
            )
        moved = chain.forward_shape(shape)
        back = chain.inverse_shape(moved)
        base = base_distribution
        if tuple(back) != shape:
            base = base.expand(back[: len(back) - len(base.event_shape)])
        lacking = chain.domain.event_dim - len(base.event_shape)
        self.base_dist = Independent(base, lacking, validate_args=False) if lacking > 0 else base
        events = max(
            chain.codomain.event_dim,
            chain.codomain.event_dim + len(base.event_shape) - chain.domain.event_dim,
        )
        cut = len(moved) - events
        super().__init__(moved[:cut], moved[cut:], validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        chain = ComposeTransform(self.transforms)
        whole = chain.inverse_shape((*batch_shape, *self._event_shape))
        base = self.base_dist
        new.base_dist = base.expand(tuple(whole)[: len(whole) - len(base.event_shape)])
        new._batch_shape = type(self._batch_shape)(batch_shape)
        return new

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return self.base_dist.has_rsample

    @property
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        allowed = self.transforms[-1].codomain
        lacking = len(self._event_shape) - allowed.event_dim
        return constraints.independent(allowed, lacking) if lacking > 0 else allowed

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return self._forward(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._forward(self.base_dist.rsample(sample_shape))

    def _forward(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        events = len(self._event_shape)
        total: Any = 0.0
        y = value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            events += transform.domain.event_dim - transform.codomain.event_dim
            stretch = transform.log_abs_det_jacobian(x, y)
            total = total - sum_last(stretch, events - transform.domain.event_dim)
            y = x
        base = self.base_dist.log_prob(y)
        return total + sum_last(base, events - len(self.base_dist.event_shape))

    def _rising(self, value: Any) -> Any:
        """`value`, or its complement where the transforms fall."""
        sign: Any = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5

    def cdf(self, value: Any) -> Any:
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        if self._validate_args:
            self.base_dist._check_value(value)
        return self._rising(self.base_dist.cdf(value))

    def icdf(self, value: Any) -> Any:
        return self._forward(self.base_dist.icdf(self._rising(value)))

    def __repr__(self) -> str:
        shown = ", ".join(f"{n}: {getattr(self, n)}" for n in self.arg_constraints)
        return f"{type(self).__name__}({shown})"


class LogNormal(TransformedDistribution):
    """The exponential of a normal number.  Mirrors ``torch.distributions.LogNormal``.

    >>> import minitorch
    >>> minitorch.distributions.LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.positive

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        super().__init__(Normal(loc, scale, validate_args), ExpTransform(), validate_args)

    @property
    def loc(self) -> Any:
        return self.base_dist.loc  # type: ignore[attr-defined]

    @property
    def scale(self) -> Any:
        return self.base_dist.scale  # type: ignore[attr-defined]

    @property
    def mean(self) -> Any:
        return exp(self.loc + self.scale.pow(2) / 2)

    @property
    def mode(self) -> Any:
        return exp(self.loc - self.scale.square())

    @property
    def variance(self) -> Any:
        square = self.scale.pow(2)
        return square.expm1() * exp(2 * self.loc + square)

    def entropy(self) -> Any:
        return self.base_dist.entropy() + self.loc


class LogisticNormal(TransformedDistribution):
    """Shares made of normal numbers by breaking a stick.

    Mirrors ``torch.distributions.LogisticNormal``.

    >>> import minitorch
    >>> d = minitorch.distributions.LogisticNormal(minitorch.zeros(2), minitorch.ones(2))
    >>> d.event_shape
    minitorch.Size([3])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.simplex

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)

    @property
    def loc(self) -> Any:
        return self.base_dist.base_dist.loc  # type: ignore[attr-defined]

    @property
    def scale(self) -> Any:
        return self.base_dist.base_dist.scale  # type: ignore[attr-defined]


class Gumbel(TransformedDistribution):
    """The largest of many exponential numbers.  Mirrors ``torch.distributions.Gumbel``.

    >>> import minitorch
    >>> minitorch.distributions.Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = share(loc, scale)
        kind = finfo(self.loc.dtype)
        base = Uniform(
            full_like(self.loc, kind.tiny), full_like(self.loc, 1 - kind.eps), validate_args
        )
        falling = AffineTransform(0, -ones_like(self.scale))
        parts = [ExpTransform().inv, falling, ExpTransform().inv]
        super().__init__(base, [*parts, AffineTransform(self.loc, -self.scale)], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Gumbel(self.loc.expand(batch_shape), self.scale.expand(batch_shape), False)

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        y = (self.loc - value) / self.scale
        return (y - y.exp()) - log(self.scale)

    @property
    def mean(self) -> Any:
        return self.loc + self.scale * EULER

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def stddev(self) -> Any:
        return math.pi / math.sqrt(6) * self.scale

    @property
    def variance(self) -> Any:
        return self.stddev.pow(2)

    def entropy(self) -> Any:
        return log(self.scale) + (1 + EULER)


class Pareto(TransformedDistribution):
    """A power law above `scale`.  Mirrors ``torch.distributions.Pareto``.

    >>> import minitorch
    >>> minitorch.distributions.Pareto(1.0, 3.0).mean
    tensor(1.5000)
    """

    arg_constraints = {"alpha": constraints.positive, "scale": constraints.positive}

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = share(scale, alpha)
        base = Exponential(self.alpha, validate_args)
        parts = [ExpTransform(), AffineTransform(loc=0, scale=self.scale)]
        super().__init__(base, parts, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Pareto(self.scale.expand(batch_shape), self.alpha.expand(batch_shape), False)

    @property
    def support(self) -> Any:
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Any:
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        a = self.alpha.clamp(min=2)
        return self.scale.pow(2) * a / ((a - 1).pow(2) * (a - 2))

    def entropy(self) -> Any:
        return log(self.scale / self.alpha) + (1 + self.alpha.reciprocal())


class Weibull(TransformedDistribution):
    """A power of an exponential number.  Mirrors ``torch.distributions.Weibull``.

    >>> import minitorch
    >>> minitorch.distributions.Weibull(2.0, 1.0).mean
    tensor(2.)
    """

    arg_constraints = {"scale": constraints.positive, "concentration": constraints.positive}
    support = constraints.positive

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = share(scale, concentration)
        base = Exponential(ones_like(self.scale), validate_args)
        power = PowerTransform(exponent=self.concentration.reciprocal())
        super().__init__(base, [power, AffineTransform(0, self.scale)], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        parts = (self.scale.expand(batch_shape), self.concentration.expand(batch_shape))
        return Weibull(*parts, validate_args=False)

    @property
    def mean(self) -> Any:
        return self.scale * exp(lgamma(1 + self.concentration.reciprocal()))

    @property
    def mode(self) -> Any:
        k = self.concentration
        return self.scale * ((k - 1) / k) ** k.reciprocal()

    @property
    def variance(self) -> Any:
        inverse = self.concentration.reciprocal()
        spread = exp(lgamma(1 + 2 * inverse)) - exp(2 * lgamma(1 + inverse))
        return self.scale.pow(2) * spread

    def entropy(self) -> Any:
        inverse = self.concentration.reciprocal()
        return EULER * (1 - inverse) + log(self.scale * inverse) + 1


class Kumaraswamy(TransformedDistribution):
    """Much like `Beta`, with a simple cdf.  Mirrors ``torch.distributions.Kumaraswamy``.

    >>> import minitorch
    >>> minitorch.distributions.Kumaraswamy(1.0, 1.0).mean
    tensor(0.5000)
    """

    arg_constraints = {
        "concentration1": constraints.positive, "concentration0": constraints.positive
    }  # fmt: skip
    support = constraints.unit_interval

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = share(concentration1, concentration0)
        base = Uniform(
            full_like(self.concentration0, 0), full_like(self.concentration0, 1), validate_args
        )
        parts = [
            PowerTransform(exponent=self.concentration0.reciprocal()),
            AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]
        super().__init__(base, parts, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        parts = (self.concentration1.expand(batch_shape), self.concentration0.expand(batch_shape))
        return Kumaraswamy(*parts, validate_args=False)

    def _moment(self, n: int) -> Any:
        a, b = self.concentration1, self.concentration0
        first = 1 + n / a
        return exp(log(b) + lgamma(first) + lgamma(b) - lgamma(first + b))

    @property
    def mean(self) -> Any:
        return self._moment(1)

    @property
    def mode(self) -> Any:
        a, b = self.concentration1, self.concentration0
        value = ((a - 1) / (a * b - 1)) ** a.reciprocal()
        return value.masked_fill((a < 1) | (b < 1), math.nan)

    @property
    def variance(self) -> Any:
        return self._moment(2) - self.mean.pow(2)

    def entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        harmonic = digamma(b + 1) + EULER
        return (1 - b.reciprocal()) + (1 - a.reciprocal()) * harmonic - log(a) - log(b)


class InverseGamma(TransformedDistribution):
    """One over a `Gamma` number.  Mirrors ``torch.distributions.InverseGamma``.

    >>> import minitorch
    >>> minitorch.distributions.InverseGamma(3.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.positive

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args)
        inverse = PowerTransform(-base.rate.new_ones(()))
        super().__init__(base, inverse, validate_args)

    @property
    def concentration(self) -> Any:
        return self.base_dist.concentration  # type: ignore[attr-defined]

    @property
    def rate(self) -> Any:
        return self.base_dist.rate  # type: ignore[attr-defined]

    @property
    def mean(self) -> Any:
        mean = self.rate / (self.concentration - 1)
        return mean.masked_fill(self.concentration <= 1, math.inf)

    @property
    def mode(self) -> Any:
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Any:
        a = self.concentration
        value = self.rate.square() / ((a - 1).square() * (a - 2))
        return value.masked_fill(a <= 2, math.inf)

    def entropy(self) -> Any:
        a = self.concentration
        return a + log(self.rate) + lgamma(a) - (1 + a) * digamma(a)


class LogitRelaxedBernoulli(_Odds):
    """The logit of a `RelaxedBernoulli`."""

    support = constraints.real
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self.temperature = temperature
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        p = inside(self.probs.expand(shape))
        u = inside(rand(shape, dtype=p.dtype))
        return (log(u) - log1p(-u) + log(p) - log1p(-p)) / self.temperature

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        logits, value = share(self.logits, value)
        diff = logits - value.mul(self.temperature)
        return log(self.temperature + 0 * logits) + diff - 2 * log1p(exp(diff))


class RelaxedBernoulli(TransformedDistribution):
    """A differentiable stand-in for `Bernoulli`: the cooler, the nearer (Maddison et al., 2017).

    Mirrors ``torch.distributions.RelaxedBernoulli``.
    """

    arg_constraints = _Odds.arg_constraints
    support = constraints.unit_interval

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        base = LogitRelaxedBernoulli(temperature, probs, logits)
        super().__init__(base, SigmoidTransform(), validate_args)

    @property
    def temperature(self) -> Any:
        return self.base_dist.temperature  # type: ignore[attr-defined]

    @property
    def logits(self) -> Any:
        return self.base_dist.logits  # type: ignore[attr-defined]

    @property
    def probs(self) -> Any:
        return self.base_dist.probs  # type: ignore[attr-defined]


class ExpRelaxedCategorical(OverCategories):
    """The logarithm of a `RelaxedOneHotCategorical`."""

    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self.temperature = temperature
        self._categorical = Categorical(probs, logits)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Any:
        u = inside(rand(self._extended_shape(sample_shape), dtype=self.logits.dtype))
        scores = (self.logits - log(-log(u))) / self.temperature
        return scores - logsumexp(scores, -1, keepdim=True)

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        k = self._event_shape[0]
        heat = self.logits.new_full(self._batch_shape, 0.0) + self.temperature
        scale = log(heat) * (k - 1) + math.lgamma(k)
        score = self.logits - value.mul(self.temperature)
        return log_softmax(score, -1).sum(-1) + scale


class RelaxedOneHotCategorical(TransformedDistribution):
    """A differentiable stand-in for `OneHotCategorical` (Jang et al., 2017).

    Mirrors ``torch.distributions.RelaxedOneHotCategorical``.
    """

    arg_constraints = Categorical.arg_constraints
    support = constraints.simplex

    def __init__(
        self, temperature: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, transforms.ExpTransform(), validate_args)

    temperature = RelaxedBernoulli.temperature
    logits = RelaxedBernoulli.logits
    probs = RelaxedBernoulli.probs


class MixtureSameFamily(Distribution):
    """Draws from one of several components, which `mixture_distribution` chooses.

    The components are the last batch dimension of `component_distribution`.  Mirrors
    ``torch.distributions.MixtureSameFamily``.

    >>> import minitorch
    >>> d = minitorch.distributions
    >>> halves = d.Categorical(minitorch.ones(2))
    >>> d.MixtureSameFamily(halves, d.Normal(minitorch.tensor([-1.0, 3.0]), 1.0)).mean
    tensor(1.)
    """

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        self._mixture, self._component = mixture_distribution, component_distribution
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError("the mixture distribution must be a Categorical")
        if not isinstance(component_distribution, Distribution):
            raise ValueError("the component distribution must be a Distribution")
        mixed, components = mixture_distribution.batch_shape, component_distribution.batch_shape
        if not components or tuple(mixed) not in ((), tuple(components[:-1])):
            raise ValueError(f"batch {tuple(mixed)} does not choose among {tuple(components)}")
        if mixture_distribution.param_shape[-1] != components[-1]:
            raise ValueError(
                f"{mixture_distribution.param_shape[-1]} outcomes for {components[-1]} components"
            )
        event = component_distribution.event_shape
        super().__init__(components[:-1], event, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        components = self._component.expand((*batch_shape, self._component.batch_shape[-1]))
        return MixtureSameFamily(self._mixture.expand(batch_shape), components, False)

    @property
    def mixture_distribution(self) -> Any:
        return self._mixture

    @property
    def component_distribution(self) -> Any:
        return self._component

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        return False

    @property
    def support(self) -> Any:
        return self._component.support

    def _weights(self) -> Any:
        """The probabilities of the components, with dimensions for the event behind."""
        probs = self._mixture.probs
        return probs.reshape((*probs.shape, *[1] * len(self._event_shape)))

    @property
    def mean(self) -> Any:
        return (self._weights() * self._component.mean).sum(-1 - len(self._event_shape))

    @property
    def variance(self) -> Any:
        d = -1 - len(self._event_shape)
        weights, means = self._weights(), self._component.mean
        spread = (means - self.mean.unsqueeze(d)).pow(2)
        return (weights * self._component.variance).sum(d) + (weights * spread).sum(d)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            d = len(sample_shape) + len(self._batch_shape)
            choice = self._mixture.expand(self._batch_shape).sample(sample_shape)
            draws = self._component.sample(sample_shape)
            index = choice.reshape((*choice.shape, 1, *[1] * len(self._event_shape)))
            index = index.expand((*choice.shape, 1, *self._event_shape))
            return draws.gather(d, index).squeeze(d)

    def _padded(self, x: Any) -> Any:
        return x.unsqueeze(-1 - len(self._event_shape))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        chances = log_softmax(self._mixture.logits, -1)
        return logsumexp(self._component.log_prob(self._padded(value)) + chances, -1)

    def cdf(self, value: Any) -> Any:
        return (self._component.cdf(self._padded(value)) * self._mixture.probs).sum(-1)

    def __repr__(self) -> str:
        return f"MixtureSameFamily({self._mixture!r}, {self._component!r})"
