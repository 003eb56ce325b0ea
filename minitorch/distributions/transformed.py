"""`TransformedDistribution`: what a chain of transforms makes of another distribution's samples."""

from __future__ import annotations

from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.composed import Independent
from minitorch.distributions.distribution import Distribution, sum_last
from minitorch.distributions.transforms import (
    ComposeTransform,
    Transform,
)
from minitorch.engine.modes import no_grad


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
