"""Distributions made of gamma-distributed numbers."""

from __future__ import annotations

import math
from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution, share
from minitorch.distributions.location_scale import standard_normal
from minitorch.dtypes import finfo
from minitorch.ops.creation import full_like
from minitorch.ops.exponential import log, log1p, xlogy
from minitorch.ops.joining import stack
from minitorch.ops.random_gamma import sample_dirichlet, standard_gamma
from minitorch.ops.special_functions import digamma, igamma, lgamma
from minitorch.ops.where import where


class Gamma(Distribution):
    """Density ``rate**a * x**(a - 1) * exp(-rate * x) / gamma(a)``, a the `concentration`.

    Gradients of samples are implicit (see `minitorch.numerics.reparameterization`).  Mirrors
    ``torch.distributions.Gamma``.

    >>> import minitorch
    >>> minitorch.distributions.Gamma(3.0, 2.0).mean
    tensor(1.5000)
    """

    arg_constraints = {"concentration": constraints.positive, "rate": constraints.positive}
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = share(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.concentration / self.rate

    @property
    def mode(self) -> Any:
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Any:
        return self.concentration / self.rate.pow(2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        value = standard_gamma(self.concentration.expand(shape)) / self.rate.expand(shape)
        value.detach().clamp_(min=finfo(value.dtype).tiny)
        return value

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        a, rate = self.concentration, self.rate
        return xlogy(a, rate) + xlogy(a - 1, value) - rate * value - lgamma(a)

    def cdf(self, value: Any) -> Any:
        self._check_value(value)
        return igamma(self.concentration, self.rate * value)

    def entropy(self) -> Any:
        a = self.concentration
        return a - log(self.rate) + lgamma(a) + (1 - a) * digamma(a)


class Chi2(Gamma):
    """The sum of `df` squares of standard normal numbers.  Mirrors ``torch.distributions.Chi2``.

    >>> import minitorch
    >>> minitorch.distributions.Chi2(3.0).mean
    tensor(3.)
    """

    arg_constraints = {"df": constraints.positive}

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        super().__init__(0.5 * share(df)[0], 0.5, validate_args=validate_args)

    def _check_parameters(self) -> None:
        self._check_parameter("df", constraints.positive, self.df)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return Chi2((2 * self.concentration).expand(batch_shape), validate_args=False)

    @property
    def df(self) -> Any:
        return self.concentration * 2


class Dirichlet(Distribution):
    """Shares that add up to 1: gamma-distributed numbers, each divided by their sum.

    `concentration` is (..., shares).  Mirrors ``torch.distributions.Dirichlet``.

    >>> import minitorch
    >>> minitorch.distributions.Dirichlet(minitorch.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Any, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("concentration needs a dimension of shares, got a single number")
        self.concentration = concentration
        shape = concentration.shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Any:
        above = (self.concentration - 1).clamp(min=0)
        mode = above / above.sum(-1, True)
        nowhere = (self.concentration < 1).all(-1, True)
        corner = mode.new_zeros(mode.shape).scatter(
            -1, self.concentration.argmax(-1, keepdim=True), 1.0
        )
        return where(nowhere, corner, mode)

    @property
    def variance(self) -> Any:
        total = self.concentration.sum(-1, True)
        return self.concentration * (total - self.concentration) / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return sample_dirichlet(self.concentration.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        a = self.concentration
        return xlogy(a - 1, value).sum(-1) + lgamma(a.sum(-1)) - lgamma(a).sum(-1)

    def entropy(self) -> Any:
        a = self.concentration
        total, k = a.sum(-1), a.shape[-1]
        return (
            lgamma(a).sum(-1) - lgamma(total) - (k - total) * digamma(total)
            - ((a - 1) * digamma(a)).sum(-1)
        )  # fmt: skip


class Beta(Distribution):
    """The first share of a `Dirichlet` of two.  Mirrors ``torch.distributions.Beta``.

    >>> import minitorch
    >>> minitorch.distributions.Beta(2.0, 6.0).mean
    tensor(0.2500)
    """

    arg_constraints = {
        "concentration1": constraints.positive, "concentration0": constraints.positive
    }  # fmt: skip
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self._dirichlet = Dirichlet(stack(share(concentration1, concentration0), -1), False)
        self.__dict__["concentration1"] = self._dirichlet.concentration[..., 0]
        self.__dict__["concentration0"] = self._dirichlet.concentration[..., 1]
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    concentration1: Any
    concentration0: Any

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        one, other = self.concentration1, self.concentration0
        return Beta(one.expand(batch_shape), other.expand(batch_shape), validate_args=False)

    @property
    def mean(self) -> Any:
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Any:
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Any:
        total = self.concentration1 + self.concentration0
        return self.concentration1 * self.concentration0 / (total.pow(2) * (total + 1))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        return self._dirichlet.log_prob(stack([value, 1.0 - value], -1))

    def entropy(self) -> Any:
        return self._dirichlet.entropy()


class StudentT(Distribution):
    """A normal number over the root of a `Chi2` over `df`.

    Mirrors ``torch.distributions.StudentT``.

    >>> import minitorch
    >>> minitorch.distributions.StudentT(4.0).variance
    tensor(2.)
    """

    arg_constraints = {
        "df": constraints.positive, "loc": constraints.real, "scale": constraints.positive
    }  # fmt: skip
    support = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = share(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.loc.masked_fill(self.df <= 1, math.nan)

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        finite = self.scale.pow(2) * self.df / (self.df - 2)
        known = where(self.df > 2, finite, full_like(finite, math.inf))
        return known.masked_fill(self.df <= 1, math.nan)

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.df)
        z = Chi2(self.df, validate_args=False).rsample(sample_shape)
        return self.loc + self.scale * (noise * (z / self.df).rsqrt())

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        y = (value - self.loc) / self.scale
        constant = (
            log(self.scale) + 0.5 * log(self.df) + 0.5 * math.log(math.pi)
            + lgamma(0.5 * self.df) - lgamma(0.5 * (self.df + 1))
        )  # fmt: skip
        return -0.5 * (self.df + 1) * log1p(y * y / self.df) - constant

    def entropy(self) -> Any:
        half, more = 0.5 * self.df, 0.5 * (self.df + 1)
        beta = lgamma(half) + math.log(math.pi) / 2 - lgamma(more)
        return (
            log(self.scale) + more * (digamma(more) - digamma(half)) + 0.5 * log(self.df) + beta
        )  # fmt: skip


class FisherSnedecor(Distribution):
    """The ratio of two `Chi2`, each over its degrees of freedom.

    Mirrors ``torch.distributions.FisherSnedecor``.

    >>> import minitorch
    >>> minitorch.distributions.FisherSnedecor(2.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = share(df1, df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return (self.df2 / (self.df2 - 2)).masked_fill(self.df2 <= 2, math.nan)

    @property
    def mode(self) -> Any:
        mode = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return mode.masked_fill(self.df1 <= 2, math.nan)

    @property
    def variance(self) -> Any:
        a, b = self.df1, self.df2
        value = 2 * b.pow(2) * (a + b - 2) / (a * (b - 2).pow(2) * (b - 4))
        return value.masked_fill(b <= 4, math.nan)

    def rsample(self, sample_shape: Any = ()) -> Any:
        tiny = finfo(self.df1.dtype).tiny
        top = Gamma(self.df1 * 0.5, self.df1, validate_args=False).rsample(sample_shape)
        bottom = Gamma(self.df2 * 0.5, self.df2, validate_args=False).rsample(sample_shape)
        bottom.detach().clamp_(min=tiny)
        ratio = top / bottom
        ratio.detach().clamp_(min=tiny)
        return ratio

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        a, b = self.df1 * 0.5, self.df2 * 0.5
        share_ = self.df1 / self.df2
        return (
            lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(share_) + (a - 1) * log(value)
            - (a + b) * log1p(share_ * value)
        )  # fmt: skip
