"""Parameters computed from others: `module.weight` is what a parametrization makes of an original.

Mirrors ``torch.nn.utils.parametrize``.  `register_parametrization` moves the parameter to
``module.parametrizations.weight.original``, and gives the module a class of its own on which
``weight`` is a property: reading it calls the parametrizations, one after the other, assigning to
it calls their ``right_inverse``.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from minitorch.engine.modes import no_grad
from minitorch.engine.state import TensorState
from minitorch.nn.containers import ModuleDict, ModuleList
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter

__all__ = [
    "ParametrizationList", "cached", "is_parametrized", "register_parametrization",
    "remove_parametrizations", "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]  # fmt: skip

_depth = 0  # how many `cached` blocks we are in
_cache: dict[tuple[int, str], Any] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Inside the block, every parametrized tensor is computed once, and then kept.

    >>> from minitorch.nn import Linear
    >>> from minitorch.nn.utils import parametrizations, parametrize
    >>> layer = parametrizations.weight_norm(Linear(2, 2))
    >>> with parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if not _depth:
            _cache.clear()


def _register(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _same(what: str, new: Any, old: Any) -> None:
    """ValueError unless `new` is a tensor of the dtype and shape of `old`."""
    if not isinstance(new, TensorState):
        raise ValueError(f"{what} must be a tensor, got {type(new).__name__}")
    if new._data.dtype != old._data.dtype or new._data.shape != old._data.shape:
        raise ValueError(
            f"{what} must have the dtype and shape of the parametrized tensor, unless it is "
            f"registered with unsafe=True: {old._data.dtype} of {old._data.shape}, got "
            f"{new._data.dtype} of {new._data.shape}"
        )


def _check_inverse(tensor: Any, original: Any) -> None:
    """ValueError unless a result of ``right_inverse`` is a tensor of the original's dtype."""
    if not isinstance(tensor, TensorState):
        raise ValueError(f"right_inverse must return tensors, got {type(tensor).__name__}")
    have, want = tensor._data.dtype, original._data.dtype
    if have != want:
        raise ValueError(f"right_inverse may not change the dtype: {want}, got {have}")


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in order, and the original that the first one is given.

    `original`, or, if ``right_inverse`` gives several tensors, `original0`, `original1`, ...
    """

    original: Any

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more parametrizations")
        super().__init__(modules)
        self.unsafe = unsafe
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        pass  # it starts from the original as it is
        self.is_tensor = isinstance(new, TensorState)
        if not self.is_tensor and not isinstance(new, Sequence):
            raise ValueError(
                "right_inverse must return a tensor or a sequence of tensors, "
                f"got {type(new).__name__}"
            )
        news = [new] if self.is_tensor else list(new)
        self.ntensors = len(news)
        for tensor in news:
            _check_inverse(tensor, original)
        before = original.detach()
        if self.is_tensor:
            original.data = new
            _register(self, "original", original)
        else:
            for i, tensor in enumerate(news):
                if isinstance(original, Parameter):
                    tensor = Parameter(tensor, original.requires_grad)
                _register(self, f"original{i}", tensor)
        if not unsafe:
            try:
                _same("the result of a parametrization", self(), before)
            except ValueError:
                original.data = before
                raise

    def _originals(self) -> list[Any]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    @no_grad()
    def right_inverse(self, value: Any) -> None:
        """Set the originals so that `value` comes out: what an assignment to the tensor does."""
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                raise RuntimeError(
                    f"the parametrization {type(module).__name__} has no right_inverse, so its "
                    "tensor cannot be assigned to"
                )
            value = module.right_inverse(value)
        values = [value] if self.is_tensor else value
        if not isinstance(values, Sequence) or len(values) != self.ntensors:
            raise ValueError(f"right_inverse must return {self.ntensors} tensors, got {values!r}")
        for tensor, own in zip(values, self._originals()):
            _check_inverse(tensor, own)
        for tensor, own in zip(values, self._originals()):
            own.data = tensor

    def forward(self) -> Any:
        value: Any = self[0](*self._originals())
        for module in list(self)[1:]:
            value = module(value)
        return value


def _own_class(module: Module) -> None:
    """Give the module a class of its own, on which properties can be put."""
    kind = type(module)

    def getstate(self: Any) -> Any:
        raise RuntimeError(
            "a parametrized module cannot be pickled: save its state_dict(), or call "
            "remove_parametrizations() first"
        )

    def deepcopy(self: Any, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = new = object.__new__(type(self))
            new.__dict__.update(copy.deepcopy(self.__dict__, memo))
        return memo[id(self)]

    members: dict[str, Any] = {"__getstate__": getstate}
    if not hasattr(kind, "__deepcopy__"):
        members["__deepcopy__"] = deepcopy
    module.__class__ = type(f"Parametrized{kind.__name__}", (kind,), members)


def _property(name: str) -> property:
    def get(self: Any) -> Any:
        if not _depth:
            return self.parametrizations[name]()
        key = id(self), name
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def put(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(get, put)


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Make a parameter or buffer of `module` the result of `parametrization`, a module.

    ``parametrization(original)`` gives the tensor.  A method ``right_inverse(tensor)``, if it has
    one, gives the original (or several) when it is registered and when the tensor is assigned to.
    A further one is applied to the result of those before.  `unsafe`: the result may have another
    shape or dtype; else that is a ValueError, and nothing has changed.

    >>> import minitorch
    >>> from minitorch import nn
    >>> from minitorch.nn.utils import parametrize
    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).mT
    >>> layer = parametrize.register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
    >>> minitorch.equal(layer.weight, layer.weight.T), list(layer.state_dict())
    (True, ['bias', 'parametrizations.weight.original'])
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        _append(module, tensor_name, parametrization, unsafe)
    elif tensor_name in module._parameters or tensor_name in module._buffers:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, _property(tensor_name))
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(
            f"{type(module).__name__} has no parameter, buffer or parametrized tensor "
            f"{tensor_name!r}"
        )
    return module


def _append(module: Any, name: str, parametrization: Any, unsafe: bool) -> None:
    if not unsafe:
        with no_grad():
            now = getattr(module, name)
            new = parametrization(now)
            _same("the result of a parametrization", new, now)
            if hasattr(parametrization, "right_inverse"):
                try:
                    back = parametrization.right_inverse(new)
                except NotImplementedError:
                    pass
                else:
                    _same("the result of right_inverse", back, now)
    module.parametrizations[name].append(parametrization)
    module.parametrizations[name].unsafe |= unsafe


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module has a parametrized tensor, or whether this one is."""
    held = module._modules.get("parametrizations")
    if not isinstance(held, ModuleDict):
        return False
    return len(held) > 0 if tensor_name is None else tensor_name in held


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make the tensor a plain parameter or buffer again.

    It keeps the value it has now; with ``leave_parametrized=False`` that of the original, which
    must be one tensor.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"{type(module).__name__} has no parametrization on {tensor_name!r}")
    made: Any = module.parametrizations[tensor_name]
    if not made.is_tensor and not leave_parametrized:
        raise ValueError(
            f"{tensor_name!r} is made of {made.ntensors} tensors: it cannot be left without its "
            "parametrization (leave_parametrized=False)"
        )
    if made.is_tensor:
        left = made.original
        if leave_parametrized:
            left.data = getattr(module, tensor_name).detach()
    else:
        left = getattr(module, tensor_name)
        left = Parameter(left.detach()) if left.requires_grad else left
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, left)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class that the module had, or has if nothing is parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give `to_module` the parametrizations of another, and the tensors that they use.

    Only those of `tensor_name`, if given.  A parameter that `to_module` does not have is copied.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        source: Any = from_module.parametrizations[name]
        if name not in to_module._parameters and not is_parametrized(to_module, name):
            _register(to_module, name, copy.deepcopy(source._originals()[0]))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization, unsafe=source.unsafe)
        target: Any = to_module.parametrizations[name]
        for theirs, own in zip(source._originals(), target._originals(), strict=True):
            own.data = theirs.detach()
    return to_module
