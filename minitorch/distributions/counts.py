"""Distributions over whole numbers: of outcomes, successes, events and trials."""

from __future__ import annotations

import math
from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution, derived, logits_of, probs_of, share
from minitorch.distributions.gammas import Gamma
from minitorch.dtypes import finfo
from minitorch.engine.modes import no_grad
from minitorch.ops.activations import logsigmoid, softplus
from minitorch.ops.binary_losses import binary_cross_entropy_with_logits
from minitorch.ops.creation import arange, full_like
from minitorch.ops.exponential import log, log1p, xlogy
from minitorch.ops.random import bernoulli, binomial, poisson
from minitorch.ops.special_functions import lgamma
from minitorch.ops.where import where


class _Odds(Distribution):
    """Base of those with either `probs` or `logits`; the other one follows."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}

    def _take(self, probs: Any, logits: Any, *others: Any) -> list[Any]:
        """Keep the one given, in one shape with `others`, which come back."""
        if (probs is None) == (logits is None):
            raise ValueError("give either probs or logits, not both")
        name = "logits" if probs is None else "probs"
        *rest, value = share(*others, logits if probs is None else probs)
        self._given = name
        self.__dict__[name] = value
        return rest

    @property
    def _param(self) -> Any:
        return self.__dict__[self._given]

    @derived
    def logits(self) -> Any:
        return logits_of(self.probs, is_binary=True)

    @derived
    def probs(self) -> Any:
        return probs_of(self.logits, is_binary=True)

    @property
    def param_shape(self) -> Any:
        return self._param.size()


class Bernoulli(_Odds):
    """1 with probability `probs` (or sigmoid of `logits`), else 0.

    Mirrors ``torch.distributions.Bernoulli``.

    >>> import minitorch
    >>> minitorch.distributions.Bernoulli(0.25).log_prob(minitorch.tensor(1.0))
    tensor(-1.3863)
    """

    support = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return mode.masked_fill(self.probs == 0.5, math.nan)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return bernoulli(self.probs.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        logits, value = share(self.logits, value)
        return -binary_cross_entropy_with_logits(logits, value, reduction="none")

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none")

    def enumerate_support(self, expand: bool = True) -> Any:
        return _enumerated(self._param.new_tensor([0.0, 1.0]), self._batch_shape, expand)


def _enumerated(values: Any, batch_shape: Any, expand: bool) -> Any:
    values = values.reshape([-1] + [1] * len(batch_shape))
    return values.expand((-1, *batch_shape)) if expand else values


class Geometric(_Odds):
    """The number of failures before the first success.  Mirrors ``torch.distributions.Geometric``.

    >>> import minitorch
    >>> minitorch.distributions.Geometric(0.25).mean
    tensor(3.)
    """

    support = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._take(probs, logits)
        super().__init__(self._param.shape, validate_args=validate_args)
        if self._validate_args and probs is not None and not (self.probs > 0).all():
            raise ValueError(f"probs of Geometric must be above 0, got\n{self.probs}")

    @property
    def mean(self) -> Any:
        return 1 / self.probs - 1

    @property
    def mode(self) -> Any:
        return full_like(self.probs, 0)

    @property
    def variance(self) -> Any:
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            u = self.probs.new_empty(shape).uniform_(finfo(self.probs.dtype).tiny, 1)
            return (log(u) / log1p(-self.probs)).floor()

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        value, probs = share(value, self.probs)
        held = where((probs == 1) & (value == 0), full_like(probs, 0), probs)
        return value * log1p(-held) + log(self.probs)

    def entropy(self) -> Any:
        return binary_cross_entropy_with_logits(self.logits, self.probs, reduction="none") / (
            self.probs
        )


class Binomial(_Odds):
    """Successes in `total_count` trials.  Mirrors ``torch.distributions.Binomial``.

    >>> import minitorch
    >>> minitorch.distributions.Binomial(10, 0.5).mean
    tensor(5.)
    """

    arg_constraints = {**_Odds.arg_constraints, "total_count": constraints.nonnegative_integer}
    has_enumerate_support = True

    def __init__(
        self, total_count: Any = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Any:
        return self.total_count * self.probs

    @property
    def mode(self) -> Any:
        return ((self.total_count + 1) * self.probs).floor().clamp(max=self.total_count)

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return binomial(self.total_count.expand(shape), self.probs.expand(shape))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        n, x = self.total_count, self.logits
        ways = lgamma(n + 1) - lgamma(value + 1) - lgamma(n - value + 1)
        return value * x + ways - n * softplus(x)

    def entropy(self) -> Any:
        total = int(self.total_count.max())
        if not self.total_count.min() == total:
            raise NotImplementedError("entropy of a Binomial whose total_count varies")
        log_probs = self.log_prob(self.enumerate_support(False))
        return -(log_probs.exp() * log_probs).sum(0)

    def enumerate_support(self, expand: bool = True) -> Any:
        total = int(self.total_count.max())
        if not self.total_count.min() == total:
            raise NotImplementedError("the values of a Binomial whose total_count varies")
        values = arange(1 + total, dtype=self._param.dtype)
        return _enumerated(values, self._batch_shape, expand)


class NegativeBinomial(_Odds):
    """Successes before `total_count` failures.  Mirrors ``torch.distributions.NegativeBinomial``.

    >>> import minitorch
    >>> minitorch.distributions.NegativeBinomial(3.0, 0.5).mean
    tensor(3.)
    """

    arg_constraints = {
        "total_count": constraints.nonnegative,
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self, total_count: Any, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        (count,) = self._take(probs, logits, total_count)
        self.total_count = count.type_as(self._param)
        super().__init__(self._param.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Any:
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0)

    @property
    def variance(self) -> Any:
        return self.mean / (-self.logits).sigmoid()

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            rates = Gamma(self.total_count, (-self.logits).exp(), validate_args=False)
            return poisson(rates.sample(sample_shape))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        n = self.total_count
        plain = n * logsigmoid(-self.logits) + value * logsigmoid(self.logits)
        ways = lgamma(n + value) - lgamma(1 + value) - lgamma(n)
        return plain + ways.masked_fill(n + value == 0, 0.0)


class Poisson(Distribution):
    """Events where `rate` are expected.  Mirrors ``torch.distributions.Poisson``.

    >>> import minitorch
    >>> minitorch.distributions.Poisson(4.0).log_prob(minitorch.tensor(2.0))
    tensor(-1.9206)
    """

    arg_constraints = {"rate": constraints.nonnegative}
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = share(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.rate

    @property
    def mode(self) -> Any:
        return self.rate.floor()

    @property
    def variance(self) -> Any:
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Any:
        with no_grad():
            return poisson(self.rate.expand(self._extended_shape(sample_shape)))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        rate, value = share(self.rate, value)
        return xlogy(value, rate) - rate - lgamma(value + 1)
