"""Where values and parameters may lie.  Mirrors ``torch.distributions.constraints``.

A constraint's ``check(value)`` answers element by element, or once per event of its `event_dim`
last dimensions.
"""

from __future__ import annotations

from typing import Any

from minitorch.ops.shapes import mT

__all__ = [
    "Constraint", "boolean", "corr_cholesky", "dependent", "dependent_property", "greater_than",
    "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval",
    "is_dependent", "less_than", "lower_cholesky", "lower_triangular", "multinomial",
    "nonnegative", "nonnegative_integer", "one_hot", "positive", "positive_definite",
    "positive_integer", "positive_semidefinite", "real", "real_vector", "simplex", "square",
    "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A set of values: ``check(value)`` says which of them lie in it."""

    is_discrete = False
    event_dim = 0

    def check(self, value: Any) -> Any:
        """True where `value` lies in the set."""
        raise NotImplementedError(f"{type(self).__name__} checks nothing")

    def __repr__(self) -> str:
        name = type(self).__name__.lstrip("_")
        return f"{name}()"


class _Dependent(Constraint):
    """A set that depends on other values: it cannot be checked."""

    def __init__(self, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def __call__(self, *, is_discrete: bool = False, event_dim: int = 0) -> _Dependent:
        return _Dependent(is_discrete=is_discrete, event_dim=event_dim)

    def check(self, x: Any) -> Any:
        raise ValueError("what depends on other values cannot be checked by itself")


def is_dependent(constraint: Any) -> bool:
    """Whether the set depends on other values."""
    return isinstance(constraint, _Dependent)


class dependent_property(property, _Dependent):
    """A property that gives a constraint, made from the values of its instance."""

    def __init__(self, fn: Any = None, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        super().__init__(fn)
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def __call__(self, fn: Any) -> dependent_property:  # type: ignore[override]
        return dependent_property(fn, is_discrete=self.is_discrete, event_dim=self.event_dim)


class independent(Constraint):
    """A constraint that holds for whole events: all of `reinterpreted_batch_ndims` dimensions."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.is_discrete = base_constraint.is_discrete
        self.event_dim = base_constraint.event_dim + reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        result = self.base_constraint.check(value)
        if result.dim() < self.reinterpreted_batch_ndims:
            raise ValueError(
                f"expected at least {self.event_dim} dimensions, got a value of {value.dim()}"
            )
        kept = result.dim() - self.reinterpreted_batch_ndims
        return result.reshape((*result.shape[:kept], -1)).all(-1)

    def __repr__(self) -> str:
        return f"Independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & value.sum(-1).eq(1)


class _Bounds(Constraint):
    """Constraints with one or two bounds, shown with them."""

    names: tuple[str, ...]

    def __init__(self, *bounds: Any) -> None:
        for name, bound in zip(self.names, bounds, strict=True):
            setattr(self, name, bound)

    def __repr__(self) -> str:
        shown = ", ".join(f"{n}={getattr(self, n)}" for n in self.names)
        return f"{type(self).__name__.lstrip('_')}({shown})"


class integer_interval(_Bounds):
    """Whole numbers from `lower_bound` to `upper_bound`."""

    is_discrete = True
    names = ("lower_bound", "upper_bound")

    def check(self, value: Any) -> Any:
        inside = (self.lower_bound <= value) & (value <= self.upper_bound)  # type: ignore[attr-defined]
        return _whole(value, inside)


class _IntegerGreaterThan(_Bounds):
    is_discrete = True
    names = ("lower_bound",)

    def check(self, value: Any) -> Any:
        return _whole(value, value >= self.lower_bound)  # type: ignore[attr-defined]


def _whole(value: Any, inside: Any) -> Any:
    """Where `value` is a whole number and `inside`, too."""
    return (value % 1 == 0) & inside if value.is_floating_point() else inside


class _Real(Constraint):
    def check(self, value: Any) -> Any:
        return value == value  # not nan


class greater_than(_Bounds):
    """Numbers above `lower_bound`."""

    names = ("lower_bound",)

    def check(self, value: Any) -> Any:
        return self.lower_bound < value  # type: ignore[attr-defined]


class greater_than_eq(_Bounds):
    """Numbers from `lower_bound` up."""

    names = ("lower_bound",)

    def check(self, value: Any) -> Any:
        return self.lower_bound <= value  # type: ignore[attr-defined]


class less_than(_Bounds):
    """Numbers below `upper_bound`."""

    names = ("upper_bound",)

    def check(self, value: Any) -> Any:
        return value < self.upper_bound  # type: ignore[attr-defined]


class interval(_Bounds):
    """Numbers from `lower_bound` to `upper_bound`, both included."""

    names = ("lower_bound", "upper_bound")

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value <= self.upper_bound)  # type: ignore[attr-defined]


class half_open_interval(_Bounds):
    """Numbers from `lower_bound` to `upper_bound`, which is not included."""

    names = ("lower_bound", "upper_bound")

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value < self.upper_bound)  # type: ignore[attr-defined]


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class multinomial(Constraint):
    """Counts that add up to at most `upper_bound`."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, x: Any) -> Any:
        return (x >= 0).all(-1) & (x.sum(-1) <= self.upper_bound)


class _LowerTriangular(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        return (value.tril() == value).reshape((*value.shape[:-2], -1)).all(-1)


class _LowerCholesky(_LowerTriangular):
    def check(self, value: Any) -> Any:
        return super().check(value) & (value.diagonal(0, -2, -1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def check(self, value: Any) -> Any:
        tolerance = 10 * value.shape[-1] * _eps(value)
        rows = ((value * value).sum(-1) - 1).abs() <= tolerance
        return super().check(value) & rows.all(-1)


class _Square(Constraint):
    event_dim = 2

    def check(self, value: Any) -> Any:
        square = value.shape[-1] == value.shape[-2]
        return value.new_full(value.shape[:-2], square).bool()


class _Symmetric(_Square):
    def check(self, value: Any) -> Any:
        near = (value - mT(value)).abs() <= 1e-6 + 1e-5 * value.abs()
        return super().check(value) & near.all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        from minitorch.ops.linalg import spectral

        return symmetric & (spectral.eigvalsh(value) >= 0).all(-1) if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        if not symmetric.all():
            return symmetric
        from minitorch.ops.linalg import triangular

        return triangular.cholesky_ex(value).info.eq(0)


def _eps(value: Any) -> float:
    from minitorch.dtypes import finfo

    return finfo(value.dtype).eps


dependent = _Dependent()
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
real = _Real()
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
