"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

from minitorch.distributions import constraints
from minitorch.distributions.distribution import Distribution, derived
from minitorch.distributions.location_scale import standard_normal
from minitorch.ops.broadcasting import broadcast_shapes
from minitorch.ops.creation import eye
from minitorch.ops.exponential import log
from minitorch.ops.linalg.triangular import cholesky, solve_triangular
from minitorch.ops.matrices import cholesky_inverse
from minitorch.ops.products import matmul
from minitorch.ops.repeating import flip
from minitorch.ops.shapes import mT


class MultivariateNormal(Distribution):
    """Normal vectors of mean `loc` (..., d) and one of three (..., d, d) matrices.

    They are the `covariance_matrix`, its inverse, the `precision_matrix`, or its lower triangular
    Cholesky factor, `scale_tril`.  Mirrors ``torch.distributions.MultivariateNormal``.

    >>> import minitorch
    >>> m = minitorch.distributions.MultivariateNormal(minitorch.zeros(2), minitorch.eye(2))
    >>> m.log_prob(minitorch.zeros(2))
    tensor(-1.8379)
    """

    arg_constraints = {
        "loc": constraints.real_vector,
        "covariance_matrix": constraints.positive_definite,
        "precision_matrix": constraints.positive_definite,
        "scale_tril": constraints.lower_cholesky,
    }
    support = constraints.real_vector
    has_rsample = True

    def __init__(
        self, loc: Any, covariance_matrix: Any = None, precision_matrix: Any = None,
        scale_tril: Any = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        named = [n for n, m in given.items() if m is not None]
        if loc.dim() < 1:
            raise ValueError("loc must be a vector, got a single number")
        if len(named) != 1:
            raise ValueError(f"give exactly one of {', '.join(given)}; got {named or 'none'}")
        name, matrix = named[0], given[named[0]]
        if matrix.dim() < 2:
            raise ValueError(f"{name} must be a matrix, got shape {tuple(matrix.shape)}")
        batch = broadcast_shapes(matrix.shape[:-2], loc.shape[:-1])
        self.loc = loc.expand((*batch, loc.shape[-1]))
        self.__dict__[name] = matrix.expand((*batch, *matrix.shape[-2:]))
        super().__init__(batch, self.loc.shape[-1:], validate_args=validate_args)
        if name == "covariance_matrix":
            self._factor = cholesky(matrix)
        elif name == "scale_tril":
            self._factor = matrix
        else:
            self._factor = _factor_of_inverse(matrix)

    def _rebuild(self) -> None:
        """The factor broadcasts: it stays as it is."""

    @derived
    def scale_tril(self) -> Any:
        return self._full(self._factor)

    @derived
    def covariance_matrix(self) -> Any:
        return self._full(matmul(self._factor, mT(self._factor)))

    @derived
    def precision_matrix(self) -> Any:
        return self._full(cholesky_inverse(self._factor))

    def _full(self, matrix: Any) -> Any:
        return matrix.expand((*self._batch_shape, *matrix.shape[-2:]))

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @property
    def variance(self) -> Any:
        return self._factor.pow(2).sum(-1).expand((*self._batch_shape, *self._event_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        noise = standard_normal(self._extended_shape(sample_shape), self.loc)
        return self.loc + matmul(self._factor, noise.unsqueeze(-1)).squeeze(-1)

    def log_prob(self, value: Any) -> Any:
        self._check_value(value)
        size = self._event_shape[0]
        return -0.5 * (
            size * math.log(2 * math.pi) + mahalanobis(self._factor, value - self.loc)
        ) - (half_log_det(self._factor))

    def entropy(self) -> Any:
        size = self._event_shape[0]
        entropy = 0.5 * size * (1 + math.log(2 * math.pi)) + half_log_det(self._factor)
        return entropy.expand(self._batch_shape)


def half_log_det(factor: Any) -> Any:
    """Half the logarithm of the determinant of ``factor @ factor.mT``."""
    return log(factor.diagonal(0, -2, -1)).sum(-1)


def mahalanobis(factor: Any, x: Any) -> Any:
    """``x @ inverse(factor @ factor.mT) @ x``, for vectors along the last dimension."""
    return solve_triangular(factor, x.unsqueeze(-1), upper=False).squeeze(-1).pow(2).sum(-1)


def _factor_of_inverse(precision: Any) -> Any:
    """The lower Cholesky factor of a matrix's inverse: factor it from the far corner."""
    turned = mT(flip(cholesky(flip(precision, (-2, -1))), (-2, -1)))
    identity = eye(precision.shape[-1], dtype=precision.dtype)
    return solve_triangular(turned, identity, upper=False)
