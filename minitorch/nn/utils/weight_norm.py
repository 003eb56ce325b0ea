"""Weight norm by a hook: before each forward the weight is computed from length and direction.

The older form of `minitorch.nn.utils.parametrizations.weight_norm`, with its state-dict keys.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.norms import norm

if TYPE_CHECKING:
    pass

__all__ = ["remove_weight_norm", "weight_norm"]


def norm_except_dim(v: Any, pow: int = 2, dim: int = 0) -> Any:
    """The norms over all dimensions but one, which are kept with size 1; -1: over all."""
    if dim == -1:
        return norm(v, pow)
    others = [d for d in range(v.ndim) if d != dim % v.ndim]
    return norm(v, pow, others, keepdim=True) if others else v.abs()


def rescaled(v: Any, g: Any, dim: int) -> Any:
    """``v`` brought to the length ``g``."""
    return v * (g / norm_except_dim(v, 2, dim))


class WeightNorm:
    """The hook: it sets the weight of its module."""

    def __init__(self, name: str, dim: int) -> None:
        self.name = name
        self.dim = dim

    def compute_weight(self, module: Module) -> Any:
        """The weight as it is now."""
        v, g = getattr(module, self.name + "_v"), getattr(module, self.name + "_g")
        return rescaled(v, g, self.dim)

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module))


def hook_of(module: Module, kind: type, name: str) -> tuple[int, Any] | None:
    """The number and the function of the forward pre-hook of that kind for a parameter."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook.function, kind) and hook.function.name == name:  # type: ignore[attr-defined]
            return key, hook.function
    return None


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """A weight as length times direction, the parameters ``weight_g`` and ``weight_v``.

    Deprecated in PyTorch: `parametrizations.weight_norm` is the same without a hook.

    >>> import minitorch, warnings
    >>> warnings.simplefilter("ignore")
    >>> layer = minitorch.nn.utils.weight_norm(minitorch.nn.Linear(20, 40))
    >>> list(layer.state_dict())
    ['bias', 'weight_g', 'weight_v']
    """
    warnings.warn(
        "nn.utils.weight_norm is deprecated: use nn.utils.parametrizations.weight_norm",
        FutureWarning,
        stacklevel=2,
    )
    if hook_of(module, WeightNorm, name):
        raise RuntimeError(f"{name!r} of {type(module).__name__} has a weight norm already")
    hook = WeightNorm(name, -1 if dim is None else dim)
    weight = getattr(module, name)
    del module._parameters[name]
    length = norm_except_dim(weight, 2, hook.dim)
    module.register_parameter(name + "_g", Parameter(length.detach()))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight an ordinary parameter again, with the value it has now."""
    found = hook_of(module, WeightNorm, name)
    if found is None:
        raise ValueError(f"weight_norm of {name!r} not found in {module}")
    key, hook = found
    weight = hook.compute_weight(module)
    delattr(module, name)
    del module._parameters[name + "_g"], module._parameters[name + "_v"]
    setattr(module, name, Parameter(weight.detach()))
    del module._forward_pre_hooks[key]
    return module
