"""Choices made soft, so that samples have gradients: relaxed Bernoulli and categorical."""

from __future__ import annotations

import math
from typing import Any

from minitorch.distributions import constraints, transforms
from minitorch.distributions.categories import Categorical, OverCategories
from minitorch.distributions.counts import _Odds
from minitorch.distributions.distribution import inside, share
from minitorch.distributions.transformed import TransformedDistribution
from minitorch.distributions.transforms import (
    SigmoidTransform,
)
from minitorch.ops.exponential import exp, log, log1p
from minitorch.ops.random import rand
from minitorch.ops.reductions import logsumexp
from minitorch.ops.softmax import log_softmax


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
