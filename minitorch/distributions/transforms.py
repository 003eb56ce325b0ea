"""Invertible functions and how they stretch.  Mirrors ``torch.distributions.transforms``.

``t(x)`` maps, ``t.inv(y)`` maps back, and ``t.log_abs_det_jacobian(x, y)`` is the logarithm of the
stretch at ``y = t(x)``, for each event.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.distribution import sum_last
from minitorch.dtypes import finfo
from minitorch.engine.state import TensorState
from minitorch.ops.activations import logsigmoid, softplus
from minitorch.ops.creation import zeros_like
from minitorch.ops.exponential import exp, log, log1p
from minitorch.ops.padding import pad
from minitorch.ops.softmax import softmax

__all__ = [
    "AbsTransform", "AffineTransform", "ComposeTransform", "ExpTransform", "IndependentTransform",
    "PowerTransform", "ReshapeTransform", "SigmoidTransform", "SoftmaxTransform",
    "SoftplusTransform", "StickBreakingTransform", "TanhTransform", "Transform",
    "identity_transform",
]  # fmt: skip


class Transform:
    """A function with an inverse.  `domain` and `codomain` are constraints; `bijective` says
    whether each value has one origin, `sign` whether it rises (1) or falls (-1)."""

    bijective = False
    domain: Any = constraints.real
    codomain: Any = constraints.real
    _inverse: Transform | None = None

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError(f"cache_size must be 0 or 1, got {cache_size!r}")
        self._cache_size = cache_size
        self._cached: tuple[Any, Any] = (None, None)

    @property
    def sign(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} neither rises nor falls throughout")

    @property
    def inv(self) -> Transform:
        """The inverse, as a transform."""
        if self._inverse is None:
            self._inverse = _Inverse(self)
        return self._inverse

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same transform; with a cache, it remembers the last value that it mapped."""
        self._cache_size = cache_size
        return self

    def __call__(self, x: Any) -> Any:
        if self._cache_size and self._cached[0] is x:
            return self._cached[1]
        y = self._call(x)
        self._cached = (x, y) if self._cache_size else (None, None)
        return y

    def _inv_call(self, y: Any) -> Any:
        if self._cache_size and self._cached[1] is y:
            return self._cached[0]
        x = self._back(y)
        self._cached = (x, y) if self._cache_size else (None, None)
        return x

    def _call(self, x: Any) -> Any:
        raise NotImplementedError

    def _back(self, y: Any) -> Any:
        raise NotImplementedError

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        """The logarithm of the stretch at ``y = t(x)``."""
        raise NotImplementedError

    def forward_shape(self, shape: Any) -> Any:
        """The shape of ``t(x)`` for an x of `shape`."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of ``t.inv(y)`` for a y of `shape`."""
        return shape

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = object.__hash__


class _Inverse(Transform):
    def __init__(self, of: Transform) -> None:
        super().__init__()
        self._inverse: Transform = of
        self.bijective = of.bijective

    @property
    def domain(self) -> Any:
        return self._inverse.codomain

    @property
    def codomain(self) -> Any:
        return self._inverse.domain

    @property
    def sign(self) -> Any:
        return self._inverse.sign

    def __call__(self, x: Any) -> Any:
        return self._inverse._inv_call(x)

    def _inv_call(self, y: Any) -> Any:
        return self._inverse(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -self._inverse.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._inverse.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._inverse.forward_shape(shape)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Inverse) and self._inverse == other._inverse

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"{self._inverse!r}.inv"


class _Plain(Transform):
    """Transforms without parameters: all of one kind are equal."""

    bijective = True

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other)

    __hash__ = object.__hash__


class ComposeTransform(Transform):
    """Several transforms, one after the other."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = list(parts)
        self.bijective = all(p.bijective for p in self.parts)

    @property
    def domain(self) -> Any:
        if not self.parts:
            return constraints.real
        first = self.parts[0].domain
        event_dim = self.parts[-1].codomain.event_dim
        for part in reversed(self.parts):
            event_dim = max(
                event_dim + part.domain.event_dim - part.codomain.event_dim, part.domain.event_dim
            )
        extra = event_dim - first.event_dim
        return constraints.independent(first, extra) if extra else first

    @property
    def codomain(self) -> Any:
        if not self.parts:
            return constraints.real
        last = self.parts[-1].codomain
        event_dim = self.parts[0].domain.event_dim
        for part in self.parts:
            event_dim = max(
                event_dim + part.codomain.event_dim - part.domain.event_dim, part.codomain.event_dim
            )
        extra = event_dim - last.event_dim
        return constraints.independent(last, extra) if extra else last

    @property
    def sign(self) -> Any:
        sign: Any = 1
        for part in self.parts:
            sign = sign * part.sign
        return sign

    @property
    def inv(self) -> Transform:
        if self._inverse is None:
            self._inverse = ComposeTransform([p.inv for p in reversed(self.parts)])
            self._inverse._inverse = self
        return self._inverse

    def _call(self, x: Any) -> Any:
        for part in self.parts:
            x = part(x)
        return x

    def _back(self, y: Any) -> Any:
        for part in reversed(self.parts):
            y = part.inv(y)
        return y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        if not self.parts:
            return zeros_like(x)
        values = [x]
        for part in self.parts[:-1]:
            values.append(part(values[-1]))
        values.append(y)
        event_dim = self.domain.event_dim
        total: Any = 0
        for part, before, after in zip(self.parts, values, values[1:], strict=False):
            stretch = part.log_abs_det_jacobian(before, after)
            total = total + sum_last(stretch, event_dim - part.domain.event_dim)
            event_dim += part.codomain.event_dim - part.domain.event_dim
        return total

    def forward_shape(self, shape: Any) -> Any:
        for part in self.parts:
            shape = part.forward_shape(shape)
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        for part in reversed(self.parts):
            shape = part.inverse_shape(shape)
        return shape

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ComposeTransform) and self.parts == other.parts

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"ComposeTransform({self.parts!r})"


class IndependentTransform(Transform):
    """A transform whose last `reinterpreted_batch_ndims` batch dimensions belong to the event."""

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.bijective = base_transform.bijective

    @property
    def domain(self) -> Any:
        return constraints.independent(self.base_transform.domain, self.reinterpreted_batch_ndims)

    @property
    def codomain(self) -> Any:
        return constraints.independent(self.base_transform.codomain, self.reinterpreted_batch_ndims)

    @property
    def sign(self) -> Any:
        return self.base_transform.sign

    def _call(self, x: Any) -> Any:
        return self.base_transform(x)

    def _back(self, y: Any) -> Any:
        return self.base_transform.inv(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        stretch = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_last(stretch, self.reinterpreted_batch_ndims)


class ReshapeTransform(Transform):
    """Events of `in_shape` as events of `out_shape`."""

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.in_shape, self.out_shape = tuple(in_shape), tuple(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError(f"{self.in_shape} and {self.out_shape} differ in number of elements")
        self.domain = constraints.independent(constraints.real, len(self.in_shape))
        self.codomain = constraints.independent(constraints.real, len(self.out_shape))

    def _call(self, x: Any) -> Any:
        return x.reshape((*x.shape[: x.dim() - len(self.in_shape)], *self.out_shape))

    def _back(self, y: Any) -> Any:
        return y.reshape((*y.shape[: y.dim() - len(self.out_shape)], *self.in_shape))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x.new_zeros(x.shape[: x.dim() - len(self.in_shape)])

    def forward_shape(self, shape: Any) -> Any:
        return (*shape[: len(shape) - len(self.in_shape)], *self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return (*shape[: len(shape) - len(self.out_shape)], *self.in_shape)


class ExpTransform(_Plain):
    """``y = exp(x)``."""

    codomain = constraints.positive
    sign = 1

    def _call(self, x: Any) -> Any:
        return exp(x)

    def _back(self, y: Any) -> Any:
        return log(y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return x


class PowerTransform(Transform):
    """``y = x ** exponent``, of positive numbers."""

    domain = codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent

    @property
    def sign(self) -> Any:
        x = self.exponent
        return x.sign() if isinstance(x, TensorState) else (x > 0) - (x < 0)  # type: ignore[attr-defined]

    def _call(self, x: Any) -> Any:
        return x.pow(self.exponent)

    def _back(self, y: Any) -> Any:
        return y.pow(1 / self.exponent)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return log((self.exponent * y / x).abs())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PowerTransform) and _same(self.exponent, other.exponent)

    __hash__ = object.__hash__


def _same(a: Any, b: Any) -> bool:
    equal = a == b
    return bool(equal.all()) if isinstance(equal, TensorState) else bool(equal)  # type: ignore[attr-defined]


class SigmoidTransform(_Plain):
    """``y = 1 / (1 + exp(-x))``; values stay off 0 and 1."""

    codomain = constraints.unit_interval
    sign = 1

    def _call(self, x: Any) -> Any:
        kind = finfo(x.dtype)
        return x.sigmoid().clamp(min=kind.tiny, max=1 - kind.eps)

    def _back(self, y: Any) -> Any:
        kind = finfo(y.dtype)
        y = y.clamp(min=kind.tiny, max=1 - kind.eps)
        return log(y) - log1p(-y)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return -softplus(-x) - softplus(x)


class SoftplusTransform(_Plain):
    """``y = log(1 + exp(x))``."""

    codomain = constraints.positive
    sign = 1

    def _call(self, x: Any) -> Any:
        return softplus(x)

    def _back(self, y: Any) -> Any:
        return log(-(-y).expm1()) + y

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return logsigmoid(x)


class TanhTransform(_Plain):
    """``y = tanh(x)``."""

    codomain = constraints.interval(-1.0, 1.0)
    sign = 1

    def _call(self, x: Any) -> Any:
        return x.tanh()

    def _back(self, y: Any) -> Any:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return 2 * (math.log(2) - x - softplus(-2 * x))


class AbsTransform(_Plain):
    """``y = |x|``; it maps back to the positive origin."""

    codomain = constraints.positive
    bijective = False

    def _call(self, x: Any) -> Any:
        return x.abs()

    def _back(self, y: Any) -> Any:
        return y


class AffineTransform(Transform):
    """``y = loc + scale * x``, of numbers, or of events with `event_dim` dimensions."""

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self.event_dim = loc, scale, event_dim
        if event_dim:
            self.domain = self.codomain = constraints.independent(constraints.real, event_dim)

    @property
    def sign(self) -> Any:
        s = self.scale
        return s.sign() if isinstance(s, TensorState) else (s > 0) - (s < 0)  # type: ignore[attr-defined]

    def _call(self, x: Any) -> Any:
        return self.loc + self.scale * x

    def _back(self, y: Any) -> Any:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        scale = self.scale
        if isinstance(scale, TensorState):
            stretch: Any = log(scale.abs())  # type: ignore[attr-defined]
        else:
            stretch = x.new_tensor(math.log(abs(scale)))
        return sum_last(stretch.expand(x.shape), self.event_dim)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, AffineTransform)
            and _same(self.loc, other.loc)
            and _same(self.scale, other.scale)
        )

    __hash__ = object.__hash__


class SoftmaxTransform(_Plain):
    """``y = softmax(x)``; it maps back to the logarithms."""

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = False

    def _call(self, x: Any) -> Any:
        return softmax(x, -1)

    def _back(self, y: Any) -> Any:
        return log(y)


class StickBreakingTransform(_Plain):
    """Real vectors to shares that add up to 1, one more: each takes its part of what is left."""

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Any) -> Any:
        z = (
            (x - self._offset(x))
            .sigmoid()
            .clamp(min=finfo(x.dtype).tiny, max=1 - finfo(x.dtype).eps)
        )
        left = (1 - z).cumprod(-1)
        return pad(z, [0, 1], value=1) * pad(left, [1, 0], value=1)

    @staticmethod
    def _offset(x: Any) -> Any:
        return log(x.new_ones(x.shape[-1]).cumsum(-1).flip(0))

    def _back(self, y: Any) -> Any:
        part = y[..., :-1]
        left = (1 - part.cumsum(-1)).clamp(min=finfo(y.dtype).tiny)
        return log(part) - log(left) + self._offset(part)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        moved = x - self._offset(x)
        return (-moved + logsigmoid(moved) + log(y[..., :-1])).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: Any) -> Any:
        return (*shape[:-1], shape[-1] - 1)


identity_transform = ComposeTransform([])
