"""Parametrizations: orthogonal weights, weight norm and spectral norm.

Mirrors ``torch.nn.utils.parametrizations``; `minitorch.nn.utils.parametrize` has the mechanism.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.modes import no_grad
from minitorch.engine.state import TensorState, wrap
from minitorch.nn.module import Module
from minitorch.nn.utils.parametrize import register_parametrization
from minitorch.nn.utils.spectral_norm import as_matrix, channel_dim, iterate, largest, unit
from minitorch.nn.utils.weight_norm import norm_except_dim, rescaled
from minitorch.ops.comparison import allclose
from minitorch.ops.creation import eye, zeros_like
from minitorch.ops.diagonals import diagonal, tril
from minitorch.ops.joining import cat
from minitorch.ops.linalg.inverses import solve
from minitorch.ops.linalg.powers import householder_product, matrix_exp
from minitorch.ops.linalg.triangular import qr
from minitorch.ops.normalization import normalize
from minitorch.ops.random import randn
from minitorch.ops.signs import sgn

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


# --- orthogonal -----------------------------------------------------------------------------------


class _Orthogonal(Module):
    """Any matrix (..., n, k) -> one with orthogonal columns (or rows, if there are fewer)."""

    base: Tensor | None

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("the householder parametrization is not for complex tensors")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.mT
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            lower = tril(X, -1)
            tau = 2.0 / (1.0 + (lower * lower).sum(-2))
            Q = householder_product(lower, tau)
            Q = Q * diagonal(X, dim1=-2, dim2=-1).int().unsqueeze(-2)
        else:
            X = tril(X)
            if n != k:
                X = cat([X, X.new_zeros((*X.shape[:-1], n - k))], -1)
            A = X - X.mH  # skew: its exponential, and its Cayley transform, are orthogonal
            if self.orthogonal_map == "matrix_exp":
                Q = matrix_exp(A)
            else:
                one = eye(n, dtype=A.dtype)
                Q = solve(one - 0.5 * A, one + 0.5 * A)
            Q = Q[..., :k]
        if "base" in self._buffers:
            Q = self.base @ Q
        return Q.mT if wide else Q

    @no_grad()
    def right_inverse(self, Q: Any) -> Any:
        if Q.shape != self.shape:
            raise ValueError(
                f"expected a matrix or batch of matrices of shape {self.shape}, got {Q.shape}"
            )
        given = Q
        wide = Q.shape[-2] < Q.shape[-1]
        if wide:
            Q = Q.mT
        n, k = Q.shape[-2:]
        if "base" in self._buffers:  # the value goes to the base, and a constant to the original
            if n != k:
                Q = cat([Q, randn(*Q.shape[:-1], n - k, dtype=Q.dtype)], -1)
            self.base = Q.clone() if n == k and _is_orthogonal(Q) else _made_orthogonal(Q)
            minus_one = zeros_like(given)
            diagonal(minus_one, dim1=-2, dim2=-1).fill_(-1.0)
            return minus_one
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                f"no value can be assigned to the {self.orthogonal_map} parametrization with "
                "use_trivialization=False"
            )
        packed, tau = np.linalg.qr(Q._data, mode="raw")
        A = wrap(np.array(packed.swapaxes(-1, -2)))
        signs = np.sign(np.diagonal(A._data, axis1=-2, axis2=-1))
        diagonal(A, dim1=-2, dim2=-1).copy_(wrap(np.where(tau == 0, -signs, signs)))
        return A.mT if wide else A


def _is_orthogonal(Q: Any) -> bool:
    n, k = Q.shape[-2:]
    eps = 10 * n * float(np.finfo(Q._data.dtype).eps)
    return allclose(Q.mH @ Q, eye(k, dtype=Q.dtype), atol=eps)


def _made_orthogonal(A: Any) -> Any:
    """The orthogonal factor of A = QR, with the signs that make the diagonal of R positive."""
    Q, R = qr(A)
    return Q * sgn(diagonal(R, dim1=-2, dim2=-1)).unsqueeze(-2)


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *,
    use_trivialization: bool = True,
) -> Module:  # fmt: skip
    """Keep a matrix (or batch of them) of `module` orthogonal: columns, or rows if fewer.

    `orthogonal_map`: "matrix_exp" (the exponential of a skew matrix; for square ones the default),
    "cayley" or "householder" (a product of reflections; for others the default).  With
    `use_trivialization` the result is multiplied by a fixed orthogonal matrix, which makes any
    orthogonal value assignable (Lezcano-Casado, 2019).

    >>> import minitorch
    >>> layer = minitorch.nn.utils.parametrizations.orthogonal(minitorch.nn.Linear(20, 40))
    >>> Q = layer.weight
    >>> minitorch.allclose(Q.T @ Q, minitorch.eye(20), atol=1e-5)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, TensorState):
        raise ValueError(f"{type(module).__name__} has no parameter or buffer {name!r}")
    if weight._data.ndim < 2:
        raise ValueError(
            f"expected a matrix or batch of matrices, got a tensor of shape {weight._data.shape}"
        )
    matrix: Any = weight
    if orthogonal_map is None:
        square = matrix.shape[-2] == matrix.shape[-1]
        orthogonal_map = "matrix_exp" if square or matrix.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            "orthogonal_map must be 'matrix_exp', 'cayley' or 'householder', "
            f"got {orthogonal_map!r}"
        )
    made = _Orthogonal(matrix, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


# --- weight norm ----------------------------------------------------------------------------------


class _WeightNorm(Module):
    """A length and a direction -> the vector."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        return rescaled(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> Any:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A weight as length times direction: ``w = g * v / |v|`` for each index of `dim`.

    `g` is ``parametrizations.weight.original0``, `v` ``original1``.  State dicts of the older
    ``nn.utils.weight_norm`` (``weight_g``, ``weight_v``) are understood.  `dim` None: one length
    for the whole tensor (Salimans and Kingma, 2016).

    >>> import minitorch
    >>> layer = minitorch.nn.utils.parametrizations.weight_norm(minitorch.nn.Linear(20, 40))
    >>> layer.parametrizations.weight.original0.shape
    minitorch.Size([40, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def from_older(module: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{name}_{part}" for part in "gv"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                new = f"{prefix}parametrizations.{name}.original{i}"
                state_dict[new] = state_dict.pop(key)

    module.register_load_state_dict_pre_hook(from_older)
    return module


# --- spectral norm --------------------------------------------------------------------------------


class _SpectralNorm(Module):
    """A matrix divided by its largest singular value, which is followed by power iteration."""

    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            raise IndexError(f"dim must be in [{-ndim}, {ndim}), got {dim}")
        if n_power_iterations <= 0:
            raise ValueError(f"n_power_iterations must be positive, got {n_power_iterations}")
        self.dim = dim % ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if ndim > 1:
            matrix = as_matrix(weight, self.dim)
            self.register_buffer("_u", unit(matrix, 0, eps))
            self.register_buffer("_v", unit(matrix, 1, eps))
            iterate(matrix, self._u, self._v, 15, eps, u_first=True)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            iterate(matrix, self._u, self._v, self.n_power_iterations, self.eps, u_first=True)
        return weight / largest(matrix, self._u, self._v)

    def right_inverse(self, value: Any) -> Any:
        return value  # that its singular values are at most 1 is taken on trust


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Module:  # fmt: skip
    """Divide a weight by its largest singular value, so that the layer stretches nothing.

    The weight is taken as a matrix whose rows are the indices of `dim` (by default those of the
    output).  In training every use makes `n_power_iterations` steps towards the singular vectors
    ``_u`` and ``_v`` (Miyato et al., 2018).

    >>> import minitorch
    >>> layer = minitorch.nn.utils.parametrizations.spectral_norm(minitorch.nn.Linear(20, 40))
    >>> bool(minitorch.linalg.matrix_norm(layer.weight, 2) < 1.3)
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, TensorState):
        raise ValueError(f"{type(module).__name__} has no parameter or buffer {name!r}")
    dim = channel_dim(module) if dim is None else dim
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )
