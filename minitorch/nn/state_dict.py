"""Saving a module's tensors to a dictionary, and loading them back."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minitorch.engine.clock import stamp
from minitorch.engine.state import wrap
from minitorch.nn.hooks import Hook
from minitorch.nn.lost import check_containers
from minitorch.nn.parameter import Parameter, is_lazy
from minitorch.tensor import Tensor

if TYPE_CHECKING:
    from minitorch.nn.module import Module

EXTRA = "_extra_state"


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: keys that it looked for in vain, and keys without a use."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


def state_dict(
    self: Module,
    *args: Any,
    destination: dict[str, Any] | None = None,
    prefix: str = "",
    keep_vars: bool = False,
) -> dict[str, Any]:
    """All parameters and persistent buffers by their paths, sharing memory with the module.

    With `keep_vars` they are the very tensors, else detached ones.

    >>> import minitorch
    >>> list(minitorch.nn.Linear(2, 1).state_dict())
    ['weight', 'bias']
    """
    if args:  # PyTorch's old positional form
        names = "destination", "prefix", "keep_vars"
        return state_dict(self, **dict(zip(names, args)))
    if destination is None:
        for part in self.modules():
            check_containers(self, part)
        destination = OrderedDict()
        destination._metadata = OrderedDict()  # type: ignore[attr-defined]
    metadata = {"version": self._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in list(self._state_dict_pre_hooks.values()):
        hook(self, prefix, keep_vars)
    self._save_to_state_dict(destination, prefix, keep_vars)
    for name, module in self._modules.items():
        if module is not None:
            module.state_dict(
                destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
            )
    for hook in list(self._state_dict_hooks.values()):
        replacing = isinstance(hook, Hook)
        result = (hook.function if replacing else hook)(self, destination, prefix, metadata)
        if replacing:
            destination = destination if result is None else result
        elif result is not None:
            raise RuntimeError("a state_dict post hook changes the dictionary and returns None")
    return destination


def save_to_state_dict(
    self: Module, destination: dict[str, Any], prefix: str, keep_vars: bool
) -> None:
    """Put this module's own tensors, not those below it, into `destination`; may be overridden.

    >>> from minitorch import nn
    >>> class Doubled(nn.Linear):
    ...     def _save_to_state_dict(self, destination, prefix, keep_vars):
    ...         super()._save_to_state_dict(destination, prefix, keep_vars)
    ...         destination[prefix + "twice"] = 2 * self.weight.detach()
    >>> list(nn.Sequential(Doubled(2, 1)).state_dict())
    ['0.weight', '0.bias', '0.twice']
    """
    tensors: dict[str, Any] = dict(self._parameters)
    tensors.update(
        (n, b) for n, b in self._buffers.items() if n not in self._non_persistent_buffers_set
    )
    for name, tensor in tensors.items():
        if tensor is not None:
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
    if _has_extra(self):
        destination[prefix + EXTRA] = self.get_extra_state()


def get_extra_state(self: Module) -> Any:
    """Override to keep more than tensors in the state dict.

    >>> from minitorch import nn
    >>> class Counter(nn.Module):
    ...     count = 0
    ...     def get_extra_state(self):
    ...         return {"count": self.count}
    ...     def set_extra_state(self, state):
    ...         self.count = state["count"]
    >>> counter, other = Counter(), Counter()
    >>> counter.count = 3
    >>> counter.state_dict()["_extra_state"]
    {'count': 3}
    >>> other.load_state_dict(counter.state_dict()), other.count
    (<All keys matched successfully>, 3)
    """
    raise RuntimeError("only called when a subclass overrides it")


def set_extra_state(self: Module, state: Any) -> None:
    """Override to take back what `get_extra_state` gave.

    >>> from minitorch import nn
    >>> class Named(nn.Module):
    ...     name = ""
    ...     def get_extra_state(self):
    ...         return self.name
    ...     def set_extra_state(self, state):
    ...         self.name = state
    >>> named = Named()
    >>> named.load_state_dict({"_extra_state": "fred"}), named.name
    (<All keys matched successfully>, 'fred')
    """
    raise RuntimeError("a module that overrides get_extra_state must override set_extra_state")


def _has_extra(module: Module) -> bool:
    return type(module).get_extra_state is not get_extra_state


def load_state_dict(
    self: Module, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
) -> IncompatibleKeys:
    """Copy the tensors of `state_dict` into the module's own; all of them, or none.

    `strict`: missing and unexpected keys are errors.  `assign`: take the tensors themselves
    instead of copying.  Every problem is found and reported before anything is changed.

    >>> from minitorch import nn
    >>> first, second = nn.Linear(2, 1), nn.Linear(2, 1)
    >>> second.load_state_dict(first.state_dict())
    <All keys matched successfully>
    >>> second.load_state_dict({"weight": first.weight.detach()}, strict=False)
    _IncompatibleKeys(missing_keys=['bias'], unexpected_keys=[])
    """
    if not isinstance(state_dict, Mapping):
        file = " (read a file with load() first)" if isinstance(state_dict, str) else ""
        raise TypeError(f"expected a dictionary of tensors, got {type(state_dict).__name__}{file}")
    for part in self.modules():
        check_containers(self, part)
    given: Any = OrderedDict(state_dict)
    metadata = getattr(state_dict, "_metadata", None)
    if metadata is not None:
        given._metadata = metadata
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    # Loading is a rehearsal first: it fills these lists and a list of writes, and writes nothing.
    writes: list[tuple[Any, str, Any]] = []
    _walk(self, given, "", metadata, assign, missing, unexpected, errors, writes)
    keys = IncompatibleKeys(missing, unexpected)
    hooked = strict and bool(missing or unexpected) and not errors
    if hooked:  # a hook may forgive them
        _call_post_hooks(self, keys)
    _report(self, keys, strict, errors)
    for module, name, value in writes:
        _write(module, name, value, assign)
    if not hooked:
        _call_post_hooks(self, keys)
        _report(self, keys, strict, errors)  # a hook may have missed something
    return keys


def _report(module: Module, keys: IncompatibleKeys, strict: bool, errors: list[str]) -> None:
    """RuntimeError if there is anything to complain about."""
    problems = [
        f"{kind} key(s) in state_dict: " + ", ".join(f'"{key}"' for key in found) + "."
        for kind, found in (("Missing", keys.missing_keys), ("Unexpected", keys.unexpected_keys))
        if strict and found
    ] + errors
    if problems:
        report = "\n\t".join(problems)
        raise RuntimeError(f"Error(s) in loading state_dict for {module._get_name()}:\n\t{report}")


def _call_post_hooks(module: Module, keys: IncompatibleKeys) -> None:
    """Those of the modules below first."""
    for child in module._modules.values():
        if child is not None:
            _call_post_hooks(child, keys)
    for hook in list(module._load_state_dict_post_hooks.values()):
        if hook(module, keys) is not None:
            raise RuntimeError("a load_state_dict post hook changes the keys and returns None")


def _walk(
    module: Module, given: dict[str, Any], prefix: str, metadata: Any, assign: bool,
    missing: list[str], unexpected: list[str], errors: list[str], writes: list[Any],
) -> None:  # fmt: skip
    local = {} if metadata is None else dict(metadata.get(prefix[:-1], {}))
    if assign:
        local["assign_to_params_buffers"] = True
    local["writes"] = writes
    # True: what is missing is always reported, and `strict` says whether that is an error.
    module._load_from_state_dict(given, prefix, local, True, missing, unexpected, errors)
    for name, child in module._modules.items():
        if child is not None:
            _walk(child, given, f"{prefix}{name}.", metadata, assign,
                  missing, unexpected, errors, writes)  # fmt: skip


def load_from_state_dict(
    self: Module,
    state_dict: dict[str, Any],
    prefix: str,
    local_metadata: dict[str, Any],
    strict: bool,
    missing_keys: list[str],
    unexpected_keys: list[str],
    error_msgs: list[str],
) -> None:
    """Check this module's own entries (not those below it), and note what is to be written.

    May be overridden, to load what was saved under other names:

    >>> from minitorch import nn
    >>> class Renamed(nn.Linear):
    ...     def _load_from_state_dict(self, state_dict, prefix, *rest):
    ...         state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
    ...         super()._load_from_state_dict(state_dict, prefix, *rest)
    >>> old = nn.Linear(2, 1).state_dict()
    >>> nn.Sequential(Renamed(2, 1)).load_state_dict({"0.w": old["weight"], "0.bias": old["bias"]})
    <All keys matched successfully>
    """
    for hook in list(self._load_state_dict_pre_hooks.values()):
        hook(self, state_dict, prefix, local_metadata, strict,
             missing_keys, unexpected_keys, error_msgs)  # fmt: skip
    rehearsed = "writes" in local_metadata  # else called by hand, and written at the end
    writes = local_metadata["writes"] if rehearsed else []
    own: dict[str, Any] = dict(self._parameters)
    own.update(
        (n, b) for n, b in self._buffers.items() if n not in self._non_persistent_buffers_set
    )
    own = {name: tensor for name, tensor in own.items() if tensor is not None}
    for name, tensor in own.items():
        key = prefix + name
        if key not in state_dict:
            if strict:
                missing_keys.append(key)
            continue
        value: Any = state_dict[key]
        known = isinstance(value, Tensor) and not is_lazy(tensor) and not is_lazy(value)
        if known and tensor._data.shape == () and value._data.shape == (1,):
            value = value[0]  # how single numbers were once saved
        if not isinstance(value, Tensor):
            error_msgs.append(
                f'While copying the parameter named "{key}", expected a Tensor from checkpoint '
                f"but received {type(value).__name__}"
            )
        elif is_lazy(tensor):
            if not is_lazy(value):
                writes.append((self, name, value))
        elif is_lazy(value):
            error_msgs.append(f"{key} is an uninitialized parameter in the checkpoint")
        elif value._data.shape != tensor._data.shape:
            error_msgs.append(
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {tensor.shape}."
            )
        else:
            writes.append((self, name, value))
    extra = prefix + EXTRA
    if _has_extra(self):
        if extra in state_dict:
            writes.append((self, EXTRA, state_dict[extra]))
        elif strict:
            missing_keys.append(extra)
    if strict:
        for key in state_dict:
            if key.startswith(prefix) and (key != extra or not _has_extra(self)):
                first, dot, _ = key[len(prefix) :].partition(".")
                if first not in (self._modules if dot else own):
                    unexpected_keys.append(key)
    if not rehearsed:
        for module, name, value in writes:
            _write(module, name, value, local_metadata.get("assign_to_params_buffers", False))


def _write(module: Any, name: str, value: Any, assign: bool) -> None:
    if name == EXTRA:
        module.set_extra_state(value)
        return
    registry = module._parameters if name in module._parameters else module._buffers
    tensor = registry[name]
    if is_lazy(tensor):
        tensor.materialize(value.shape)
    if not assign:
        np.copyto(tensor._data, value._data, casting="unsafe")
        stamp(tensor._data)
    elif registry is module._parameters:
        keep = value if isinstance(value, Parameter) else Parameter(value, tensor.requires_grad)
        registry[name] = keep.requires_grad_(tensor.requires_grad)
    else:
        registry[name] = value if value.is_leaf else wrap(value._data)
