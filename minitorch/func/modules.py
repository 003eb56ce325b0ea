"""Modules as functions: called with parameters from outside, many of them as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from minitorch.engine.modes import no_grad
from minitorch.engine.state import TensorState
from minitorch.nn import Module
from minitorch.ops.joining import stack

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: dict[str, Any] | Sequence[dict[str, Any]],
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """``module(*args, **kwargs)`` with these tensors in place of its own.

    Mirrors ``torch.func.functional_call``.  The module is left as it was; what it does not find in
    the dictionaries it takes from itself.  A buffer that the call replaces is put into the
    dictionary that it came from.

    Args:
        parameter_and_buffer_dicts: from names as in ``named_parameters()`` to tensors; several
            dictionaries must not name the same.
        args: the positional arguments; a single one may stand alone.
        tie_weights: a tensor given for one name of a shared parameter stands for its other names.
        strict: refuse names that the module lacks, and the lack of any that it has.

    Raises:
        KeyError: a name in two dictionaries.
        ValueError: two different tensors for one shared parameter.
        RuntimeError: with `strict`, names too many or too few.
        AttributeError: a name that the module does not have.

    >>> import minitorch
    >>> from minitorch import nn
    >>> from minitorch.func import functional_call
    >>> double = {"weight": 2 * minitorch.eye(2), "bias": minitorch.zeros(2)}
    >>> functional_call(nn.Linear(2, 2), double, minitorch.ones(2))
    tensor([2., 2.])
    """
    many = isinstance(parameter_and_buffer_dicts, Sequence)
    source_of: dict[str, dict[str, Any]] = {}
    for given in parameter_and_buffer_dicts if many else [parameter_and_buffer_dicts]:
        for name, value in given.items():  # type: ignore[union-attr]
            if name in source_of:
                raise KeyError(f"functional_call: {name!r} is in more than one dictionary")
            if not isinstance(value, TensorState):
                raise TypeError(f"functional_call: {name!r} is a {type(value).__name__}, no Tensor")
            source_of[name] = given  # type: ignore[assignment]
    own = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    if strict and own.keys() != source_of.keys():
        raise RuntimeError(
            f"functional_call: unexpected names {sorted(source_of.keys() - own.keys())}, "
            f"missing names {sorted(own.keys() - source_of.keys())}"
        )
    wanted = {name: given[name] for name, given in source_of.items()}
    if tie_weights:
        _tie(wanted, own)
    places = {name: _place(module, name) for name in wanted}
    before = {name: registry[key] for name, (registry, key) in places.items()}
    try:
        for name, (registry, key) in places.items():
            registry[key] = wanted[name]
        arguments = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*arguments, **(kwargs or {}))
    finally:
        for name, (registry, key) in places.items():
            if name in source_of and registry[key] is not wanted[name]:
                source_of[name][name] = registry[key]
            registry[key] = before[name]


def _tie(wanted: dict[str, Any], own: dict[str, Any]) -> None:
    """Let what is given for one name of a shared tensor stand for its other names too."""
    given = {id(own[name]): value for name, value in wanted.items() if name in own}
    for name, tensor in own.items():
        if (
            id(tensor) in given
            and wanted.setdefault(name, given[id(tensor)]) is not given[id(tensor)]
        ):
            raise ValueError(f"functional_call: two values for the shared parameter {name!r}")


def _place(module: Module, name: str) -> tuple[dict[str, Any], str]:
    """The registry that holds the parameter or buffer at path `name`, and its key there."""
    path, _, key = name.rpartition(".")
    owner = module.get_submodule(path)
    for registry in (owner._parameters, owner._buffers):
        if key in registry:
            return registry, key
    raise AttributeError(f"{type(owner).__name__} has no parameter or buffer {name!r}")


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """``(parameters, buffers)`` of several models of one class, each stacked along a new dim 0.

    For ensembles: ``vmap`` over them and `functional_call`.  Mirrors
    ``torch.func.stack_module_state``.

    Raises:
        RuntimeError: no models, models of different classes, or of different modes.
    """
    if not models:
        raise RuntimeError("stack_module_state: there must be at least one model")
    if len({type(model) for model in models}) > 1:
        raise RuntimeError("stack_module_state: the models must be of one class")
    if len({model.training for model in models}) > 1:
        raise RuntimeError("stack_module_state: the models must all train, or all evaluate")
    named = [dict(model.named_parameters()) for model in models]
    parameters = {}
    for name, first in named[0].items():
        with no_grad():
            together = stack([each[name] for each in named])
        parameters[name] = together.requires_grad_(first.requires_grad)
    held = [dict(model.named_buffers()) for model in models]
    buffers = {name: stack([each[name] for each in held]) for name in held[0]}
    return parameters, buffers
