"""`Module`: parameters, buffers and submodules found by their names, and a call with hooks.

Everything a module holds is in three dictionaries, `_parameters`, `_buffers` and `_modules`;
assigning an attribute sorts the value into the right one.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Callable
from types import MethodType
from typing import TYPE_CHECKING, Any, Self

from minitorch.engine import state as engine
from minitorch.engine.state import TensorState
from minitorch.nn import state_dict as saving
from minitorch.nn.converting import Converting
from minitorch.nn.hooks import GLOBAL, Hooked, call_with_hooks, registered
from minitorch.nn.parameter import Buffer, Parameter
from minitorch.nn.where import say_where

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

_REGISTRIES = "_parameters", "_buffers", "_modules"
_HOOKS = (
    "_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks",
    "_state_dict_pre_hooks", "_state_dict_hooks", "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)  # fmt: skip


class _Convenience:
    """A method that PyTorch's Module lacks: it gives way to whatever a module holds by its name."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, module: Any, owner: Any = None) -> Any:
        if module is None:
            return self.function
        for registry in _REGISTRIES:
            held = module.__dict__.get(registry, {})
            if self.name in held:
                return held[self.name]
        return MethodType(self.function, module)


class Module(Converting, Hooked):
    """The base of all layers and models.  Mirrors ``torch.nn.Module``.

    Assign parameters and submodules as attributes in ``__init__`` (after ``super().__init__()``),
    compute in ``forward``.

    >>> import minitorch
    >>> from minitorch import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc = nn.Linear(3, 2)
    ...     def forward(self, x):
    ...         return self.fc(x).relu()
    >>> net = Net()
    >>> net(minitorch.ones(5, 3)).shape
    minitorch.Size([5, 2])
    >>> [name for name, _ in net.named_parameters()]
    ['fc.weight', 'fc.bias']
    """

    training: bool
    _parameters: dict[str, Parameter | None]
    _buffers: dict[str, Any]
    _modules: dict[str, Module | None]
    _version = 1
    call_super_init = False  # True, beside another base class: that gets __init__'s arguments

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make the dictionaries behind the attributes; a subclass calls it first.

        >>> from minitorch import nn
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = nn.Linear(3, 2)
        >>> net = Net()
        >>> net.training, list(net._modules), net._parameters
        (True, ['fc'], {})
        """
        if (args or kwargs) and not self.call_super_init:
            raise TypeError(
                f"{type(self).__name__}: Module.__init__() takes no arguments, "
                f"got {[*args, *kwargs]}"
            )
        put = super().__setattr__
        put("training", True)
        for registry in _REGISTRIES:
            put(registry, {})
        put("_non_persistent_buffers_set", set())
        for hooks in _HOOKS:
            put(hooks, {})
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass writes its own.

        >>> from minitorch import nn, ones
        >>> class Double(nn.Module):
        ...     def forward(self, x):
        ...         return 2 * x
        >>> Double()(ones(2))
        tensor([2., 2.])
        """
        close = difflib.get_close_matches("forward", set(dir(type(self))) - set(dir(Module)), 1)
        meant = f"; is {close[0]!r} meant to be it?" if close else ""
        raise NotImplementedError(f'{type(self).__name__} has no "forward" method{meant}')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``forward`` between its hooks.  An error says which module it came from.

        >>> from minitorch import nn, ones
        >>> try:
        ...     nn.Sequential(nn.ReLU(), nn.Linear(16, 4))(ones(3, 15))
        ... except RuntimeError as error:
        ...     print(str(error).splitlines()[-1])
        in 1 (Linear(16, 4)) of Sequential
        """
        try:
            if (
                self._forward_hooks
                or self._forward_pre_hooks
                or self._backward_hooks
                or self._backward_pre_hooks
                or GLOBAL
            ):
                return call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs) if kwargs else self.forward(*args)
        except Exception as error:
            if (told := say_where(error, self)) is not error:
                raise told from None
            raise

    # --- registration -------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None keeps the name without a parameter.

        >>> from minitorch import nn, ones
        >>> module = nn.Module()
        >>> module.register_parameter("scale", nn.Parameter(ones(2)))
        >>> module.register_parameter("shift", None)
        >>> list(module.state_dict()), module.shift
        (['scale'], None)
        """
        self._check_name(name, "_parameters", "parameter")
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign a {type(param).__name__} as parameter {name!r}: "
                    "nn.Parameter or None is needed"
                )
            if not param.is_leaf:
                raise ValueError(
                    f"parameter {name!r} was computed from others and has a grad_fn; a parameter "
                    "is made once and then changed by the optimizer"
                )
            param = registered("parameter", self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the state but is not learnt; not `persistent`: not saved.

        >>> from minitorch import nn, zeros
        >>> module = nn.Module()
        >>> module.register_buffer("mean", zeros(2))
        >>> module.register_buffer("cache", zeros(2), persistent=False)
        >>> list(module.state_dict()), len(list(module.parameters()))
        (['mean'], 0)
        """
        self._check_name(name, "_buffers", "buffer")
        if tensor is not None and not isinstance(tensor, TensorState):
            raise TypeError(
                f"cannot assign a {type(tensor).__name__} as buffer {name!r}: "
                "a Tensor or None is needed"
            )
        self._buffers[name] = registered("buffer", self, name, tensor)
        _set_member(self._non_persistent_buffers_set, name, not persistent)

    def register_module(self, name: str, module: Module | None) -> None:
        """Alias of `add_module`.

        >>> from minitorch import nn
        >>> model = nn.Module()
        >>> model.register_module("act", nn.ReLU())
        >>> model.act
        ReLU()
        """
        self.add_module(name, module)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`.

        >>> from minitorch import nn
        >>> model = nn.Module()
        >>> for i in range(2):
        ...     model.add_module(f"layer{i}", nn.Linear(2, 2))
        >>> model.layer1
        Linear(in_features=2, out_features=2, bias=True)
        """
        if module is not None and not isinstance(module, Module):
            raise TypeError(_no_module(module))
        self._check_name(name, "_modules", "module")
        self._modules[name] = registered("module", self, name, module)

    def _check_name(self, name: str, registry: str, kind: str) -> None:
        if registry not in self.__dict__:
            raise AttributeError(
                f"cannot assign a {kind} before Module.__init__() was called: "
                f"begin {type(self).__name__}.__init__ with super().__init__()"
            )
        if not isinstance(name, str):
            raise TypeError(f"the name of a {kind} is a string, got {type(name).__name__}")
        if "." in name:
            raise KeyError(f'the name of a {kind} can\'t contain ".", got {name!r}')
        if name == "":
            raise KeyError(f'the name of a {kind} can\'t be an empty string ""')
        if name in self.__dict__[registry] or not hasattr(self, name):
            return
        if not isinstance(Module.__dict__.get(name), _Convenience):
            raise KeyError(f"attribute {name!r} already exists")

    def __setattr__(self, name: str, value: Any) -> None:
        """Register a Parameter, Buffer or Module under `name`; all else is an ordinary attribute.

        >>> from minitorch import nn, ones
        >>> module = nn.Module()
        >>> module.scale, module.act, module.size = nn.Parameter(ones(2)), nn.ReLU(), 3
        >>> list(module._parameters), list(module._modules), "size" in module.__dict__
        (['scale'], ['act'], True)
        """
        state = self.__dict__
        if isinstance(value, Parameter):
            self._forget(name, "_parameters")
            self.register_parameter(name, value)
        elif name in state.get("_parameters", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign a {type(value).__name__} as parameter {name!r}: "
                    "nn.Parameter or None is needed"
                )
            state["_parameters"][name] = None
        elif isinstance(value, Module):
            if "_modules" not in state:
                self._check_name(name, "_modules", "module")
            self._forget(name, "_modules")
            state["_modules"][name] = registered("module", self, name, value)
        elif isinstance(value, Buffer):
            self._forget(name, "_buffers")
            self.register_buffer(name, value, value.persistent)
        elif name in state.get("_modules", ()):
            if value is not None:
                raise TypeError(
                    f"cannot assign a {type(value).__name__} as child module {name!r}: "
                    "nn.Module or None is needed"
                )
            state["_modules"][name] = None
        elif name in state.get("_buffers", ()):
            if value is not None and not isinstance(value, TensorState):
                raise TypeError(
                    f"cannot assign a {type(value).__name__} as buffer {name!r}: "
                    "a Tensor or None is needed"
                )
            state["_buffers"][name] = value
        else:
            super().__setattr__(name, value)

    def _forget(self, name: str, keep: str) -> None:
        """Take `name` out of wherever it is registered, but for `keep`: there it has its place."""
        state = self.__dict__
        for registry in _REGISTRIES:
            if registry != keep and name in state.get(registry, ()):
                del state[registry][name]
                self._non_persistent_buffers_set.discard(name)
        state.pop(name, None)

    def __getattr__(self, name: str) -> Any:
        """The parameter, buffer or module registered under `name`.

        >>> from minitorch import nn
        >>> nn.Sequential(nn.ReLU()).act
        Traceback (most recent call last):
        AttributeError: 'Sequential' object has no attribute 'act'
        """
        # Only reached when normal look-up has failed; parameters, the most wanted, come first.
        state = self.__dict__
        if "_parameters" in state:
            if name in state["_parameters"]:
                return state["_parameters"][name]
            for registry in ("_modules", "_buffers"):
                if name in state[registry]:
                    return state[registry][name]
        elif name[0] == "_":  # what __init__ makes
            raise AttributeError(
                f"{name} is not there, as Module.__init__() was not called: "
                f"begin {type(self).__name__}.__init__ with super().__init__()"
            )
        kind, hint = type(self), ""
        if kind.__module__.startswith(__package__) and hasattr(engine.tensor_class, name):
            layer = kind.__name__
            hint = f": Tensors have. A layer is made first, and then called: {layer}(...)(x)"
        raise AttributeError(
            f"{kind.__name__!r} object has no attribute {name!r}{hint}", name=name, obj=self
        )  # given the name and the object, Python itself asks "did you mean ...?"

    def __delattr__(self, name: str) -> None:
        """Take out what is registered under `name`, or the ordinary attribute.

        >>> from minitorch import nn
        >>> layer = nn.Linear(2, 1)
        >>> del layer.bias
        >>> list(layer.state_dict())
        ['weight']
        """
        for registry in _REGISTRIES:
            if name in self.__dict__.get(registry, ()):
                del self.__dict__[registry][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]
        return sorted({name for name in names if not name[0].isdigit()})

    def compile(self, *args: Any, **kwargs: Any) -> Self:
        """Returns the module as it is: there is no compiler.  See `minitorch.compile`.

        >>> from minitorch import nn
        >>> model = nn.Linear(2, 1)
        >>> model.compile() is model
        True
        """
        return self

    # --- saving and loading (the work is in `minitorch.nn.state_dict`) --------------------------

    state_dict = saving.state_dict
    load_state_dict = saving.load_state_dict
    _save_to_state_dict = saving.save_to_state_dict
    _load_from_state_dict = saving.load_from_state_dict
    get_extra_state = saving.get_extra_state
    set_extra_state = saving.set_extra_state

    @_Convenience
    def save(self, path: Any, **options: Any) -> None:
        """``minitorch.save(module.state_dict(), path, **options)``.

        >>> import minitorch, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
        >>> minitorch.nn.Linear(2, 1).save(path)
        >>> minitorch.nn.Linear(2, 1).load(path)
        Linear(in_features=2, out_features=1, bias=True)
        """
        _serialization().save(self.state_dict(), path, **options)

    @_Convenience
    def load(self, path: Any, strict: bool = True, **options: Any) -> Self:
        """``module.load_state_dict(minitorch.load(path, **options), strict)``; the module itself.

        A file that does not fit changes nothing.

        >>> import minitorch, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
        >>> first = minitorch.nn.Linear(2, 1)
        >>> first.save(path)
        >>> minitorch.equal(minitorch.nn.Linear(2, 1).load(path).weight, first.weight)
        True
        """
        self.load_state_dict(_serialization().load(path, **options), strict)
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for hooks in _HOOKS:
            self.__dict__.setdefault(hooks, {})

    # --- showing ------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets of the module's repr; override it.

        >>> from minitorch import nn
        >>> class Scale(nn.Module):
        ...     def __init__(self, factor):
        ...         super().__init__()
        ...         self.factor = factor
        ...     def extra_repr(self):
        ...         return f"factor={self.factor}"
        >>> nn.Sequential(Scale(3))
        Sequential(
          (0): Scale(factor=3)
        )
        """
        return ""

    def _get_name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        extra = self.extra_repr().split("\n") if self.extra_repr() else []
        children = [
            f"({name}): " + repr(module).replace("\n", "\n  ")
            for name, module in self._modules.items()
        ]
        lines = extra + children
        if len(extra) == 1 and not children:
            return f"{self._get_name()}({extra[0]})"
        body = "\n  " + "\n  ".join(lines) + "\n" if lines else ""
        return f"{self._get_name()}({body})"


def _serialization() -> Any:
    """The floor above, where files are known; asked for only when a file is."""
    return importlib.import_module("minitorch.serialization")


def _set_member(members: set[str], name: str, inside: bool) -> None:
    (members.add if inside else members.discard)(name)


def _no_module(value: Any) -> str:
    """What to say of `value`, which is to be a submodule and is none."""
    if isinstance(value, type) and issubclass(value, Module):
        name = value.__name__
        return f"the class {name} is not a Module, what it makes is: write {name}()"
    if callable(value):
        return (
            f"{_name_of(value)} is not a Module subclass: call it in forward(), or use its module"
        )
    if isinstance(value, list | tuple):
        return (
            f"{type(value).__name__} is not a Module subclass: give its modules one by one, *layers"
        )
    return f"{type(value).__name__} is not a Module subclass"


def _name_of(function: Any) -> str:
    return f"{type(function).__name__} {getattr(function, '__name__', '')}".strip()
