"""Distributions that are moved and stretched: normal, Laplace, Cauchy, uniform, and halves."""

from __future__ import annotations

import math
from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution, share
from minitorch.dtypes import finfo
from minitorch.engine.modes import no_grad
from minitorch.engine.state import TensorState
from minitorch.ops.creation import full_like
from minitorch.ops.exponential import exp, log, log1p
from minitorch.ops.random import normal, rand
from minitorch.ops.special_functions import erf, erfinv
from minitorch.ops.trigonometry import atan, tan

LOC_SCALE = {"loc": constraints.real, "scale": constraints.positive}


class _LocationScale(Distribution):
    """Base of those with ``loc`` and ``scale``; one draw is a real number."""

    arg_constraints = LOC_SCALE
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = share(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def _standard(self, value: Any) -> Any:
        self._check_value(value)
        return (value - self.loc) / self.scale

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc


class Normal(_LocationScale):
    """The normal distribution of mean `loc` and standard deviation `scale`.

    Mirrors ``torch.distributions.Normal``.

    >>> import minitorch
    >>> n = minitorch.distributions.Normal(0.0, 2.0)
    >>> n.log_prob(minitorch.tensor(1.0)), n.entropy()
    (tensor(-1.7371), tensor(2.1121))
    """

    @property
    def stddev(self) -> Any:
        return self.scale

    @property
    def variance(self) -> Any:
        return self.scale.pow(2)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return normal(self.loc.expand(shape), self.scale.expand(shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Any:
        z = self._standard(value)
        return -z * z / 2 - log(self.scale) - math.log(2 * math.pi) / 2

    def cdf(self, value: Any) -> Any:
        return (1 + erf(self._standard(value) / math.sqrt(2))) / 2

    def icdf(self, value: Any) -> Any:
        return self.loc + self.scale * erfinv(2 * value - 1) * math.sqrt(2)

    def entropy(self) -> Any:
        return 0.5 + math.log(2 * math.pi) / 2 + log(self.scale)


def standard_normal(shape: Any, like: Any) -> Any:
    """Standard normal numbers in the dtype of `like`."""
    return like.new_empty(shape).normal_()


class Laplace(_LocationScale):
    """Density ``exp(-|x - loc| / scale) / (2 * scale)``.  Mirrors ``torch.distributions.Laplace``.

    >>> import minitorch
    >>> minitorch.distributions.Laplace(0.0, 1.0).variance
    tensor(2.)
    """

    @property
    def variance(self) -> Any:
        return 2 * self.scale.pow(2)

    @property
    def stddev(self) -> Any:
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        u = self.loc.new_empty(shape).uniform_(finfo(self.loc.dtype).eps - 1, 1)
        return self.loc - self.scale * u.sign() * log1p(-u.abs())

    def log_prob(self, value: Any) -> Any:
        return -self._standard(value).abs() - log(2 * self.scale)

    def cdf(self, value: Any) -> Any:
        z = self._standard(value)
        return 0.5 - 0.5 * z.sign() * (-z.abs()).expm1()

    def icdf(self, value: Any) -> Any:
        term = value - 0.5
        return self.loc - self.scale * term.sign() * log1p(-2 * term.abs())

    def entropy(self) -> Any:
        return 1 + log(2 * self.scale)


class Cauchy(_LocationScale):
    """The ratio of two normal numbers, moved and stretched; it has no mean.

    Mirrors ``torch.distributions.Cauchy``.

    >>> import minitorch
    >>> minitorch.distributions.Cauchy(0.0, 1.0).cdf(minitorch.tensor(1.0))
    tensor(0.7500)
    """

    @property
    def mean(self) -> Any:
        return full_like(self.loc, math.nan)

    @property
    def variance(self) -> Any:
        return full_like(self.loc, math.inf)

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = self.loc.new_empty(self._extended_shape(sample_shape)).cauchy_()
        return self.loc + noise * self.scale

    def log_prob(self, value: Any) -> Any:
        return -math.log(math.pi) - log(self.scale) - log1p(self._standard(value) ** 2)

    def cdf(self, value: Any) -> Any:
        return atan(self._standard(value)) / math.pi + 0.5

    def icdf(self, value: Any) -> Any:
        return tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Any:
        return math.log(4 * math.pi) + log(self.scale)


class Uniform(Distribution):
    """Every number from `low` to `high` alike.  Mirrors ``torch.distributions.Uniform``.

    >>> import minitorch
    >>> minitorch.distributions.Uniform(0.0, 4.0).log_prob(minitorch.tensor(1.0))
    tensor(-1.3863)
    """

    arg_constraints = {"low": constraints.dependent, "high": constraints.dependent}
    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = share(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args and not (self.low < self.high).all():
            raise ValueError(f"low must be below high, got\n{self.low}\nand\n{self.high}")

    @property
    def support(self) -> Any:
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Any:
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Any:
        return math.nan * self.high

    @property
    def stddev(self) -> Any:
        return (self.high - self.low) / math.sqrt(12)

    @property
    def variance(self) -> Any:
        return (self.high - self.low).pow(2) / 12

    def rsample(self, sample_shape: Any = ()) -> Any:
        unit = rand(self._extended_shape(sample_shape), dtype=self.low.dtype)
        return self.low + unit * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        inside = self.low.le(value) & self.high.gt(value)
        return log(inside.type_as(self.low)) - log(self.high - self.low)

    def cdf(self, value: Any) -> Any:
        self._check_value(value)
        return ((value - self.low) / (self.high - self.low)).clamp(min=0, max=1)

    def icdf(self, value: Any) -> Any:
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Any:
        return log(self.high - self.low)


class _Half(Distribution):
    """The absolute value of a draw from `base`, centred at 0."""

    arg_constraints = {"scale": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True
    base_class: type[_LocationScale]

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = share(scale)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @property
    def base_dist(self) -> Any:
        return self.base_class(full_like(self.scale, 0), self.scale, validate_args=False)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape).abs()

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        value = value if isinstance(value, TensorState) else self.scale.new_tensor(value)
        inside = self.base_dist.log_prob(value) + math.log(2)
        return inside.masked_fill(value < 0, -math.inf)

    def cdf(self, value: Any) -> Any:
        self._check_value(value)
        return 2 * self.base_dist.cdf(value) - 1

    def icdf(self, value: Any) -> Any:
        return self.base_dist.icdf((value + 1) / 2)

    def entropy(self) -> Any:
        return self.base_dist.entropy() - math.log(2)

    @property
    def mode(self) -> Any:
        return full_like(self.scale, 0)


class HalfNormal(_Half):
    """The absolute value of a normal number.  Mirrors ``torch.distributions.HalfNormal``.

    >>> import minitorch
    >>> minitorch.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    base_class = Normal

    @property
    def mean(self) -> Any:
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Any:
        return self.scale.pow(2) * (1 - 2 / math.pi)


class HalfCauchy(_Half):
    """The absolute value of a Cauchy number.  Mirrors ``torch.distributions.HalfCauchy``.

    >>> import minitorch
    >>> minitorch.distributions.HalfCauchy(1.0).cdf(minitorch.tensor(1.0))
    tensor(0.5000)
    """

    base_class = Cauchy

    @property
    def mean(self) -> Any:
        return full_like(self.scale, math.inf)

    @property
    def variance(self) -> Any:
        return full_like(self.scale, math.inf)


class Exponential(Distribution):
    """Density ``rate * exp(-rate * x)``: waiting times.

    Mirrors ``torch.distributions.Exponential``.

    >>> import minitorch
    >>> minitorch.distributions.Exponential(2.0).mean
    tensor(0.5000)
    """

    arg_constraints = {"rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = share(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.rate.reciprocal()

    @property
    def mode(self) -> Any:
        return full_like(self.rate, 0)

    @property
    def stddev(self) -> Any:
        return self.rate.reciprocal()

    @property
    def variance(self) -> Any:
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.rate.new_empty(self._extended_shape(sample_shape)).exponential_() / self.rate

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        return log(self.rate) - self.rate * value

    def cdf(self, value: Any) -> Any:
        self._check_value(value)
        return 1 - exp(-self.rate * value)

    def icdf(self, value: Any) -> Any:
        return -log1p(-value) / self.rate

    def entropy(self) -> Any:
        return 1 - log(self.rate)
