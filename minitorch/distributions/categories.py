"""Distributions over categories: one of several outcomes, and counts of them."""

from __future__ import annotations

from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.counts import Binomial
from minitorch.distributions.distribution import Distribution, derived, logits_of, probs_of
from minitorch.dtypes import finfo
from minitorch.engine.modes import no_grad
from minitorch.ops.broadcasting import broadcast_tensors
from minitorch.ops.creation import arange, full, ones_like, zeros
from minitorch.ops.embedding import one_hot
from minitorch.ops.random import multinomial
from minitorch.ops.reductions import logsumexp
from minitorch.ops.special_functions import lgamma


class Categorical(Distribution):
    """An index, drawn in proportion to `probs` (..., outcomes) or to the exponential of `logits`.

    Mirrors ``torch.distributions.Categorical``.

    >>> import minitorch
    >>> c = minitorch.distributions.Categorical(minitorch.tensor([1.0, 1.0, 2.0]))
    >>> c.log_prob(minitorch.tensor(2)), c.entropy()
    (tensor(-0.6931), tensor(1.0397))
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("give either probs or logits, not both")
        given = logits if probs is None else probs
        if given.dim() < 1:
            raise ValueError("probs and logits need a dimension of outcomes, got a single number")
        if probs is None:
            self._given, value = "logits", logits - logsumexp(logits, -1, keepdim=True)
        else:
            self._given, value = "probs", probs / probs.sum(-1, keepdim=True)
        self.__dict__[self._given] = value
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @property
    def _param(self) -> Any:
        return self.__dict__[self._given]

    @derived
    def logits(self) -> Any:
        return logits_of(self.probs)

    @derived
    def probs(self) -> Any:
        return probs_of(self.logits)

    @property
    def param_shape(self) -> Any:
        return self._param.size()

    @property
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Any:
        return full(self._batch_shape, float("nan"), dtype=self.probs.dtype)

    @property
    def mode(self) -> Any:
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Any:
        return full(self._batch_shape, float("nan"), dtype=self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        count = 1
        for n in sample_shape:
            count *= n
        with no_grad():
            rows = self.probs.detach().reshape(-1, self._num_events)
            return multinomial(rows, count, True).T.reshape(shape)

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        index, logits = value.long().unsqueeze(-1), self.logits
        if value.shape != self._batch_shape:
            index, logits = broadcast_tensors(index, logits)
            index = index[..., :1]
        return logits.gather(-1, index).squeeze(-1)

    def entropy(self) -> Any:
        held = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(held * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        values = arange(self._num_events).reshape([-1] + [1] * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values


class OverCategories(Distribution):
    """Base of those that keep their probabilities in a `Categorical`."""

    arg_constraints = Categorical.arg_constraints
    _categorical: Categorical

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = type(self).__new__(type(self))
        new.__dict__.update(self.__dict__)
        new._categorical = self._categorical.expand(batch_shape)
        new._batch_shape = new._categorical.batch_shape
        return new

    @property
    def probs(self) -> Any:
        return self._categorical.probs

    @property
    def logits(self) -> Any:
        return self._categorical.logits

    @property
    def param_shape(self) -> Any:
        return self._categorical.param_shape


class OneHotCategorical(OverCategories):
    """A `Categorical` whose draws are one-hot vectors.

    Mirrors ``torch.distributions.OneHotCategorical``.

    >>> import minitorch
    >>> minitorch.distributions.OneHotCategorical(minitorch.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def mean(self) -> Any:
        return self.probs

    @property
    def mode(self) -> Any:
        return one_hot(self._categorical.mode, self._event_shape[0]).to(self.probs.dtype)

    @property
    def variance(self) -> Any:
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        index = self._categorical.sample(sample_shape)
        return one_hot(index, self._event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Any:
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Any:
        index = self._categorical.enumerate_support(expand)
        return one_hot(index, self._event_shape[0]).to(self.probs.dtype)


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """Draws are one-hot vectors, with the gradient of the probabilities (Bengio et al., 2013).

    Mirrors ``torch.distributions.OneHotCategoricalStraightThrough``.
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Any:
        samples = self.sample(sample_shape)
        return samples + (self.probs - self.probs.detach())


class Multinomial(OverCategories):
    """How often each outcome is drawn in `total_count` draws.

    Mirrors ``torch.distributions.Multinomial``.

    >>> import minitorch
    >>> minitorch.distributions.Multinomial(8, minitorch.tensor([1.0, 3.0])).mean
    tensor([2., 6.])
    """

    def __init__(
        self, total_count: int = 1, probs: Any = None, logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(total_count, int):
            raise NotImplementedError("total_count of a Multinomial is one number for all")
        self.total_count = total_count
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args=validate_args)

    @property
    def support(self) -> Any:
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Any:
        return self.probs * self.total_count

    @property
    def variance(self) -> Any:
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Any:
        draws = self._categorical.sample((self.total_count, *sample_shape))
        # (draws, sample, batch) -> (sample, batch, draws)
        draws = draws.permute(*range(1, draws.dim()), 0)
        counts = zeros(self._extended_shape(sample_shape), dtype=self.probs.dtype)
        return counts.scatter_add_(-1, draws, ones_like(draws, dtype=self.probs.dtype))

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        logits, value = broadcast_tensors(self.logits, value)
        hidden = (value == 0) & (logits == -float("inf"))
        powers = (logits.masked_fill(hidden, 0.0) * value).sum(-1)
        return lgamma(value.sum(-1) + 1) - lgamma(value + 1).sum(-1) + powers

    def entropy(self) -> Any:
        n = zeros(()) + float(self.total_count)
        counts = Binomial(self.total_count, probs=self.probs, validate_args=False)
        values = counts.enumerate_support(False)[1:]
        weights = counts.log_prob(values).exp()
        ways = (weights * lgamma(values + 1)).sum(0).sum(-1)
        return self.total_count * self._categorical.entropy() - lgamma(n + 1) + ways
