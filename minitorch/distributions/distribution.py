"""`Distribution`: what all of them have."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

from minitorch.distributions import constraints
from minitorch.dtypes import finfo
from minitorch.engine.modes import enable_grad, no_grad
from minitorch.engine.state import TensorState
from minitorch.ops.broadcasting import broadcast_shapes, broadcast_tensors
from minitorch.ops.creation import tensor
from minitorch.ops.exponential import log, log1p
from minitorch.ops.softmax import softmax
from minitorch.size import Size

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

EULER = 0.5772156649015329


def share(*values: Any) -> list[Any]:
    """The parameters as tensors of one shape; Python numbers take the dtype of the tensors."""
    kinds = [v.dtype for v in values if isinstance(v, TensorState)]  # type: ignore[attr-defined]
    for v in values:
        if not isinstance(v, TensorState | int | float):
            raise ValueError(f"parameters are Tensors or numbers, got {type(v).__name__}")
    made = [
        v if isinstance(v, TensorState) else tensor(float(v), dtype=kinds[0] if kinds else None)
        for v in values
    ]
    return list(broadcast_tensors(*made))


def derived(function: Any) -> Any:
    """A property that is computed once, and recorded even if first asked for under `no_grad`."""
    return functools.cached_property(enable_grad()(function))


def sum_last(value: Any, count: int) -> Any:
    """The sum over the last `count` dimensions."""
    return value.sum(tuple(range(-count, 0))) if count else value


def inside(probs: Any) -> Any:
    """Probabilities kept off 0 and 1, where logarithms are infinite."""
    eps = finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def logits_of(probs: Any, is_binary: bool = False) -> Any:
    """The logits of probabilities: log odds for two outcomes, logarithms for more."""
    held = inside(probs)
    return log(held) - log1p(-held) if is_binary else log(held)


def probs_of(logits: Any, is_binary: bool = False) -> Any:
    """The probabilities of logits."""
    return logits.sigmoid() if is_binary else softmax(logits, -1)


class Distribution:
    """Base of all distributions, over events of shape `event_shape`, `batch_shape` of them.

    Samples are (sample_shape, batch_shape, event_shape), log-probabilities
    (sample_shape, batch_shape).  Parameters are checked against `arg_constraints`, values against
    `support`, unless ``validate_args=False``: ValueError.  Mirrors
    ``torch.distributions.Distribution``.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: ClassVar[dict[str, Any]] = {}
    _validate_args = True

    def __init__(
        self,
        batch_shape: Sequence[int] = (),
        event_shape: Sequence[int] = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            if constraints.is_dependent(constraint) or name not in self.__dict__:
                continue  # the other one of probs and logits is computed when it is asked for
            self._check_parameter(name, constraint, self.__dict__[name])

    def _check_parameter(self, name: str, constraint: Any, value: Any) -> None:
        if not constraint.check(value).all():
            raise ValueError(
                f"parameter {name} of shape {tuple(value.shape)} of {type(self).__name__} "
                f"must satisfy {constraint!r}, but holds\n{value}"
            )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check their parameters and values, if not told otherwise."""
        if value not in (True, False):
            raise ValueError(f"expected True or False, got {value!r}")
        Distribution._validate_args = value

    # --- shapes ---------------------------------------------------------------------------------

    @property
    def batch_shape(self) -> Size:
        """The shape of the parameters: how many distributions this is."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw from one of them."""
        return self._event_shape

    def _extended_shape(self, sample_shape: Sequence[int] = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def expand(self, batch_shape: Sequence[int], _instance: Any = None) -> Self:
        """The same with its parameters expanded to `batch_shape`."""
        new = type(self).__new__(type(self)) if _instance is None else _instance
        shape = Size(batch_shape)
        for name, constraint in self.arg_constraints.items():
            if name in self.__dict__:
                value = self.__dict__[name]
                tail = tuple(value.shape[value.dim() - self._tail_of(constraint) :])
                new.__dict__[name] = value.expand((*shape, *tail))
        for name, value in self.__dict__.items():
            new.__dict__.setdefault(name, value)
        new._batch_shape = shape
        new._rebuild()
        return new

    def _tail_of(self, constraint: Any) -> int:
        """How many last dimensions of a parameter belong to one event."""
        return constraint.event_dim

    def _rebuild(self) -> None:
        """Called after `expand`, where something is derived from the parameters."""

    # --- what a distribution says ---------------------------------------------------------------

    support: Any

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise NotImplementedError(f"{type(self).__name__} has no mean")

    @property
    def mode(self) -> Tensor:
        """The most probable value."""
        raise NotImplementedError(f"{type(self).__name__} has no mode")

    @property
    def variance(self) -> Tensor:
        """The expected square of the distance from the mean."""
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws, without a gradient: (sample_shape, batch_shape, event_shape)."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws whose gradients go to the parameters."""
        raise NotImplementedError(f"{type(self).__name__} has no differentiable samples")

    def sample_n(self, n: int) -> Tensor:
        """``sample((n,))``, by its older name."""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or probability, at `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw up to `value`."""
        raise NotImplementedError(f"{type(self).__name__} has no cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        raise NotImplementedError(f"{type(self).__name__} has no icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values that can be drawn, along a new first dimension."""
        raise NotImplementedError(f"{type(self).__name__} has infinitely many values")

    def entropy(self) -> Tensor:
        """The expected ``-log_prob`` of a draw."""
        raise NotImplementedError(f"{type(self).__name__} has no closed entropy")

    def perplexity(self) -> Tensor:
        """``exp(entropy)``."""
        return self.entropy().exp()

    def _check_value(self, value: Any) -> None:
        """ValueError unless `value` fits the shapes and lies in the support."""
        if not self._validate_args:
            return
        if not isinstance(value, TensorState):
            raise ValueError(f"a value is a Tensor, got {type(value).__name__}")
        shape: Any = value._data.shape
        events = len(self._event_shape)
        if shape[len(shape) - events :] != tuple(self._event_shape):
            raise ValueError(
                f"events have shape {tuple(self._event_shape)}; got a value of shape {shape}"
            )
        try:
            broadcast_shapes(shape, tuple(self._batch_shape) + tuple(self._event_shape))
        except RuntimeError:
            raise ValueError(
                f"a value of shape {shape} does not broadcast with batch {tuple(self._batch_shape)}"
                f" and event {tuple(self._event_shape)}"
            ) from None
        try:
            allowed = self.support
        except (AttributeError, NotImplementedError):
            return
        if not allowed.check(value).all():
            raise ValueError(
                f"a value of {type(self).__name__} must satisfy {allowed!r}, but got\n{value}"
            )

    def __repr__(self) -> str:
        shown = [n for n in self.arg_constraints if n in self.__dict__]
        parts = []
        for name in shown:
            value = self.__dict__[name]
            parts.append(f"{name}: {value if value.numel() == 1 else value.size()}")
        return f"{type(self).__name__}({', '.join(parts)})"
