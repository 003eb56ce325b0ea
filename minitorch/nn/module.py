"""`Module`: parameters, buffers and submodules found by their names, and a call with hooks.

Everything a module holds is in three dictionaries, `_parameters`, `_buffers` and `_modules`;
assigning an attribute sorts the value into the right one.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Self

from minitorch.devices import require_cpu
from minitorch.dtypes import dtype as DType
from minitorch.engine.state import RemovableHandle, TensorState
from minitorch.nn import state_dict as saving
from minitorch.nn.hooks import GLOBAL, Hook, call_with_hooks
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


class Module:
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

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
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

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass writes its own."""
        raise NotImplementedError(f'{type(self).__name__} has no "forward" method')

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """``forward`` between its hooks.  An error says which module it came from."""
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
        """Add a parameter under `name`; None keeps the name without a parameter."""
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
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the state but is not learnt; not `persistent`: not saved."""
        self._check_name(name, "_buffers", "buffer")
        if tensor is not None and not isinstance(tensor, TensorState):
            raise TypeError(
                f"cannot assign a {type(tensor).__name__} as buffer {name!r}: "
                "a Tensor or None is needed"
            )
        self._buffers[name] = tensor
        _set_member(self._non_persistent_buffers_set, name, not persistent)

    def register_module(self, name: str, module: Module | None) -> None:
        """Alias of `add_module`."""
        self.add_module(name, module)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(f"{type(module).__name__} is not a Module subclass")
        self._check_name(name, "_modules", "module")
        self._modules[name] = module

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
        if hasattr(self, name) and name not in self.__dict__[registry]:
            raise KeyError(f"attribute {name!r} already exists")

    def __setattr__(self, name: str, value: Any) -> None:
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
            state["_modules"][name] = value
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
            if isinstance(value, list | tuple | dict | set):
                _refuse_lost(self, type(self), name, value)
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
        # Only reached when normal look-up has failed; parameters, the most wanted, come first.
        state = self.__dict__
        if "_parameters" in state:
            if name in state["_parameters"]:
                return state["_parameters"][name]
            for registry in ("_modules", "_buffers"):
                if name in state[registry]:
                    return state[registry][name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        for registry in _REGISTRIES:
            if name in self.__dict__.get(registry, ()):
                del self.__dict__[registry][name]
                self._non_persistent_buffers_set.discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = [*super().__dir__(), *self._parameters, *self._buffers, *self._modules]
        return sorted({name for name in names if not name[0].isdigit()})

    # --- walking ------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, each with its path; a shared one once."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one, each with its name; a shared one once."""
        seen: set[Module] = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The modules directly below this one."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self, registry: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in modules:
            check_containers(self, module)
            for name, value in getattr(module, registry).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths (``encoder.2.weight``); a shared one once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, for the optimizer; a shared one once."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths; a shared one once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers; a shared one once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as ``encoder.2``; AttributeError if there is none."""
        module: Any = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute {name!r}")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"{name!r} is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at a path; with `strict`, there must be a module already."""
        if not target:
            raise ValueError("cannot set a submodule at the empty path")
        if not isinstance(module, Module):
            raise ValueError(f"{type(module).__name__} is not an nn.Module")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute {name!r}")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"{name!r} is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as ``encoder.2.weight``."""
        return self._get_member(target, "_parameters", "an nn.Parameter")

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as ``norm.running_mean``."""
        return self._get_member(target, "_buffers", "a buffer")

    def _get_member(self, target: str, registry: str, what: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute {name!r}")
        if name not in getattr(module, registry):
            raise AttributeError(f"{name!r} is not {what}")
        return getattr(module, registry)[name]

    # --- changing all of it -------------------------------------------------------------------

    def train(self, mode: bool = True) -> Self:
        """Switch this module and all below it to training (or, with False, to evaluation)."""
        if not isinstance(mode, bool):
            raise ValueError(f"the training mode is a bool, got {type(mode).__name__}")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """``train(False)``: dropout does nothing, batch norm uses its running statistics."""
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Ask for the gradients of all parameters, or no longer (to freeze them)."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget all parameters' gradients, or fill them with zeros."""
        for parameter in self.parameters():
            if set_to_none:
                parameter._grad = None
            elif parameter._grad is not None:
                parameter._grad.detach_().zero_()

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn(module)`` for every module below, then for this one."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn: Callable[[Any], Any], recurse: bool = True) -> Self:
        """Replace the data of every parameter, gradient and buffer by ``fn`` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                parameter.data = fn(parameter.data)
                if parameter._grad is not None:
                    parameter._grad.data = fn(parameter._grad.data)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating and complex parameters and buffers, in place, as ``Tensor.to`` does.

        >>> import minitorch
        >>> minitorch.nn.Linear(2, 1).to(minitorch.float64).weight.dtype
        minitorch.float64
        """
        target = [*args, *kwargs.values()]
        if kinds := [a for a in target if isinstance(a, DType)]:
            if not (kinds[0].is_floating_point or kinds[0].is_complex):
                raise TypeError(
                    f"Module.to() takes floating and complex dtypes only, got {kinds[0]}"
                )

        def convert(t: Any) -> Any:
            if t.is_floating_point() or t.is_complex():
                return t.to(*args, **kwargs)
            others = [a for a in args if not isinstance(a, DType | TensorState)]
            return t.to(
                *others, **{k: v for k, v in kwargs.items() if k not in ("dtype", "tensor")}
            )

        return self._apply(convert)

    def cpu(self) -> Self:
        """Returns the module: it is there already."""
        return self

    def cuda(self, device: Any = None) -> Self:
        """Refused: minitorch computes on the CPU."""
        require_cpu("cuda" if device is None else device)
        return self

    def float(self) -> Self:
        """All floating parameters and buffers to float32."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self) -> Self:
        """All floating parameters and buffers to float64."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self) -> Self:
        """All floating parameters and buffers to float16."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self) -> Self:
        """All floating parameters and buffers to bfloat16 (needs ml_dtypes)."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def type(self, dst_type: Any) -> Self:
        """All parameters and buffers to one dtype."""
        return self._apply(lambda t: t.type(dst_type))

    def share_memory(self) -> Self:
        """Returns the module; accepted for scripts that call it."""
        return self

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: there is no compiler.  See `minitorch.compile`."""

    # --- saving and loading (the work is in `minitorch.nn.state_dict`) --------------------------

    state_dict = saving.state_dict
    load_state_dict = saving.load_state_dict
    _save_to_state_dict = saving.save_to_state_dict
    _load_from_state_dict = saving.load_from_state_dict

    def save(self, path: Any, **options: Any) -> None:
        """``minitorch.save(module.state_dict(), path, **options)``.

        >>> import minitorch, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
        >>> minitorch.nn.Linear(2, 1).save(path)
        >>> minitorch.nn.Linear(2, 1).load(path)
        Linear(in_features=2, out_features=1, bias=True)
        """
        _serialization().save(self.state_dict(), path, **options)

    def load(self, path: Any, strict: bool = True, **options: Any) -> Self:
        """``module.load_state_dict(minitorch.load(path, **options), strict)``; the module itself.

        A file that does not fit changes nothing.
        """
        self.load_state_dict(_serialization().load(path, **options), strict)
        return self

    def get_extra_state(self) -> Any:
        """Override to keep more than tensors in the state dict."""
        raise RuntimeError("only called when a subclass overrides it")

    def set_extra_state(self, state: Any) -> None:
        """Override to take back what `get_extra_state` gave."""
        raise RuntimeError("a module that overrides get_extra_state must override set_extra_state")

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for hooks in _HOOKS:
            self.__dict__.setdefault(hooks, {})

    # --- hooks --------------------------------------------------------------------------------

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments."""
        return _add_hook(self._forward_pre_hooks, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after forward; what it returns replaces the output.

        `always_call`: also when forward raises.
        """
        return _add_hook(self._forward_hooks, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before backward enters; it may replace them."""
        return _add_hook(self._backward_pre_hooks, Hook(hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradient of the inputs is known.

        What it returns replaces ``grad_input``.
        """
        return _add_hook(self._backward_hooks, Hook(hook), prepend)

    register_backward_hook = register_full_backward_hook

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict`."""
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict`."""
        return RemovableHandle(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, ...)`` before this module loads."""
        return RemovableHandle(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after `load_state_dict`."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook)

    # --- showing ------------------------------------------------------------------------------

    def extra_repr(self) -> str:
        """What stands between the brackets of the module's repr; override it."""
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


def _add_hook(hooks: dict[int, Any], hook: Hook, prepend: bool) -> RemovableHandle:
    handle = RemovableHandle(hooks, hook)
    if prepend:
        rest = {key: value for key, value in hooks.items() if key != handle.id}
        hooks_in_order = {handle.id: hook, **rest}
        hooks.clear()
        hooks.update(hooks_in_order)
    return handle


def check_containers(root: Module, module: Module) -> None:
    """TypeError if a plain list or dict of `module` holds what would be lost to `root`."""
    for name, value in module.__dict__.items():
        if isinstance(value, list | tuple | dict | set) and value:
            _refuse_lost(root, type(module), name, value)


def _refuse_lost(root: Module, owner: type, name: str, value: Any) -> None:
    """Parameters and modules in a plain list or dict would be lost to the optimizer.

    Unless they are registered under another name, or the attribute's name begins with ``_``.
    """
    if name.startswith("_"):
        return
    held = list(_members(value, set()))
    if not held:
        return
    modules = list(root.modules()) if "_modules" in root.__dict__ else []
    known = {id(m) for m in modules} | {id(p) for m in modules for p in m._parameters.values()}
    for item in held:
        if id(item) not in known:
            kind = "Parameter" if isinstance(item, Parameter) else "Module"
            wanted = "Dict" if isinstance(value, dict) else "List"
            raise TypeError(
                f"attribute {name!r} of {owner.__name__} is a plain {type(value).__name__} that "
                f"holds a {kind}: parameters() would not find it. Use nn.{kind}{wanted}, or a "
                "name that begins with _ if it is not to be trained or saved"
            )


def _members(value: Any, seen: set[int]) -> Iterator[Any]:
    """The parameters and modules in nested plain containers."""
    if isinstance(value, Parameter | Module):
        yield value
    elif isinstance(value, list | tuple | dict | set) and id(value) not in seen:
        seen.add(id(value))
        for item in value.values() if isinstance(value, dict) else value:
            yield from _members(item, seen)
