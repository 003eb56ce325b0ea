"""Distributions made of others: with events of more dimensions, and mixed."""

from __future__ import annotations

from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.categories import Categorical
from minitorch.distributions.distribution import Distribution, sum_last
from minitorch.engine.modes import no_grad
from minitorch.ops.reductions import logsumexp
from minitorch.ops.softmax import log_softmax


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
