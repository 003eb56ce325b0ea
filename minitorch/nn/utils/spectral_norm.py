"""Spectral norm by a hook: before each forward the weight is divided by its largest singular value.

The older form of `minitorch.nn.utils.parametrizations.spectral_norm`, with its state-dict keys.
"""

from __future__ import annotations

from typing import Any

from minitorch.engine.modes import no_grad
from minitorch.nn.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.nn.utils.weight_norm import hook_of
from minitorch.ops.normalization import normalize

__all__ = ["remove_spectral_norm", "spectral_norm"]


def channel_dim(module: Module) -> int:
    """The dimension of a weight that counts the output channels."""
    return int(isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d))


def as_matrix(weight: Any, dim: int) -> Any:
    """The weight with `dim` as rows, and all other dimensions as columns."""
    return weight.movedim(dim, 0).flatten(1)


@no_grad()
def unit(matrix: Any, dim: int, eps: float) -> Any:
    """A random vector of length 1, as long as a dimension of the matrix."""
    return normalize(matrix.new_empty(matrix.shape[dim]).normal_(0, 1), dim=0, eps=eps)


@no_grad()
def iterate(matrix: Any, u: Any, v: Any, times: int, eps: float, u_first: bool) -> None:
    """Power iteration: turn `u` and `v`, in place, towards the first singular vectors."""
    for _ in range(times):
        if u_first:
            u.copy_(normalize(matrix @ v, dim=0, eps=eps))
        v.copy_(normalize(matrix.mH @ u, dim=0, eps=eps))
        if not u_first:
            u.copy_(normalize(matrix @ v, dim=0, eps=eps))


def largest(matrix: Any, u: Any, v: Any) -> Any:
    """The largest singular value, ``u @ matrix @ v``; u and v count as constants."""
    u, v = u.clone(), v.clone()  # they will be written to before backward
    return u.conj() @ (matrix @ v)


class SpectralNorm:
    """The hook: it sets the weight of its module."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(f"n_power_iterations must be positive, got {n_power_iterations}")
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Any:
        """The weight as it is now."""
        weight, u, v = (getattr(module, self.name + end) for end in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            iterate(matrix, u, v, self.n_power_iterations, self.eps, u_first=False)
        return weight / largest(matrix, u, v)

    def __call__(self, module: Module, inputs: Any) -> None:
        weight = self.compute_weight(module, do_power_iteration=module.training)
        setattr(module, self.name, weight)


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Module:  # fmt: skip
    """Divide a weight, the parameter ``weight_orig``, by its largest singular value.

    See `parametrizations.spectral_norm`, which does the same without a hook.

    >>> import minitorch
    >>> layer = minitorch.nn.utils.spectral_norm(minitorch.nn.Linear(20, 40))
    >>> list(layer.state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    if hook_of(module, SpectralNorm, name):
        raise RuntimeError(f"{name!r} of {type(module).__name__} has a spectral norm already")
    dim = channel_dim(module) if dim is None else dim
    hook = SpectralNorm(name, n_power_iterations, dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"the parameter {name!r} of {type(module).__name__} is None")
    matrix = as_matrix(weight, dim)
    u, v = unit(matrix, 0, eps), unit(matrix, 1, eps)
    del module._parameters[name]
    module.register_parameter(name + "_orig", weight)
    setattr(module, name, weight.detach())
    module.register_buffer(name + "_u", u)
    module.register_buffer(name + "_v", v)
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight an ordinary parameter again, with the value it has now."""
    found = hook_of(module, SpectralNorm, name)
    if found is None:
        raise ValueError(f"spectral_norm of {name!r} not found in {module}")
    key, hook = found
    with no_grad():
        weight = hook.compute_weight(module, do_power_iteration=False)
    for end in ("", "_u", "_v", "_orig"):
        delattr(module, name + end)
    module.register_parameter(name, Parameter(weight.detach()))
    del module._forward_pre_hooks[key]
    return module
