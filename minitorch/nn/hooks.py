"""Hooks around a module's call, its own and the global ones: how they are kept and called."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from minitorch.autograd.function import Function
from minitorch.engine.state import RemovableHandle, TensorState

# Hooks of every module there is; one dictionary, so that a call asks once whether there are any.
GLOBAL: dict[int, Hook] = {}
# Those that see what any module registers, by its kind.
REGISTRATION: dict[str, dict[int, Any]] = {"parameter": {}, "buffer": {}, "module": {}}


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, args)`` before every module's forward.

    >>> from minitorch import nn, ones
    >>> from minitorch.nn.modules.module import register_module_forward_pre_hook
    >>> model = nn.Sequential(nn.ReLU(), nn.Tanh())
    >>> with register_module_forward_pre_hook(lambda module, args: print(module._get_name())):
    ...     out = model(ones(2))
    Sequential
    ReLU
    Tanh
    """
    return RemovableHandle(GLOBAL, Hook(hook, kind="forward_pre"))


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every module's forward.

    >>> from minitorch import nn, ones
    >>> from minitorch.nn.modules.module import register_module_forward_hook
    >>> with register_module_forward_hook(lambda module, args, output: output * 10):
    ...     nn.ReLU()(ones(2))
    tensor([10., 10.])
    """
    return RemovableHandle(GLOBAL, Hook(hook, with_kwargs, always_call, "forward"))


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` before the gradient enters any module.

    >>> from minitorch import nn, ones
    >>> from minitorch.nn.modules.module import register_module_full_backward_pre_hook
    >>> x = ones(2, requires_grad=True)
    >>> with register_module_full_backward_pre_hook(lambda module, grad: print(grad)):
    ...     nn.ReLU()(x).sum().backward()
    (tensor([1., 1.]),)
    """
    return RemovableHandle(GLOBAL, Hook(hook, kind="backward_pre"))


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when the gradient has left any module.

    >>> from minitorch import nn, ones
    >>> from minitorch.nn.modules.module import register_module_full_backward_hook
    >>> x = ones(2, requires_grad=True)
    >>> with register_module_full_backward_hook(lambda module, inward, outward: print(inward)):
    ...     nn.Sigmoid()(0 * x).sum().backward()
    (tensor([0.2500, 0.2500]),)
    """
    return RemovableHandle(GLOBAL, Hook(hook, kind="backward"))


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, parameter)`` before any module gets one; it may return another.

    >>> from minitorch import nn
    >>> from minitorch.nn.modules.module import register_module_parameter_registration_hook
    >>> with register_module_parameter_registration_hook(lambda module, name, new: print(name)):
    ...     made = nn.Linear(1, 1)
    weight
    bias
    """
    return RemovableHandle(REGISTRATION["parameter"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, buffer)`` before any module gets one; it may return another.

    >>> from minitorch import nn
    >>> from minitorch.nn.modules.module import register_module_buffer_registration_hook
    >>> with register_module_buffer_registration_hook(lambda module, name, new: print(name)):
    ...     made = nn.BatchNorm1d(1)
    running_mean
    running_var
    num_batches_tracked
    """
    return RemovableHandle(REGISTRATION["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(module, name, submodule)`` before any module gets one; it may return another.

    >>> from minitorch import nn
    >>> from minitorch.nn.modules.module import register_module_module_registration_hook
    >>> with register_module_module_registration_hook(lambda module, name, new: print(name)):
    ...     made = nn.Sequential(nn.ReLU())
    0
    """
    return RemovableHandle(REGISTRATION["module"], hook)


def registered(kind: str, module: Any, name: str, value: Any) -> Any:
    """What `module` is to register under `name`: `value`, or what a hook makes of it."""
    for hook in REGISTRATION[kind].values():
        result = hook(module, name, value)
        value = value if result is None else result
    return value


class Hook:
    """A function and how it wants to be called."""

    __slots__ = ("always_call", "function", "kind", "with_kwargs")

    def __init__(
        self,
        function: Callable[..., Any],
        with_kwargs: bool = False,
        always_call: bool = False,
        kind: str = "",
    ) -> None:
        self.function = function
        self.with_kwargs = with_kwargs
        self.always_call = always_call
        self.kind = kind


def _global(kind: str) -> list[Hook]:
    return [hook for hook in GLOBAL.values() if hook.kind == kind]


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """``module.forward`` between its hooks, in PyTorch's order: global ones first."""
    for hook in [*_global("forward_pre"), *module._forward_pre_hooks.values()]:
        if hook.with_kwargs:
            result = hook.function(module, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        "a forward pre-hook with kwargs returns None or (args, kwargs), "
                        f"got {type(result).__name__}"
                    )
                args, kwargs = result
        else:
            result = hook.function(module, args)
            if result is not None:
                args = result if isinstance(result, tuple) else (result,)
    before = [*_global("backward_pre"), *module._backward_pre_hooks.values()]
    after = [*_global("backward"), *module._backward_hooks.values()]
    gate = _BackwardGate(module, before, after) if before or after else None
    called: set[int] = set()
    output = None
    hooks = [*_global("forward"), *module._forward_hooks.values()]
    try:
        if gate is not None:
            args = gate.enter(args)
        output = module.forward(*args, **kwargs)
        for hook in hooks:
            called.add(id(hook))
            output = _call_forward_hook(hook, module, args, kwargs, output)
        return output if gate is None else gate.leave(output)
    except Exception:
        for hook in hooks:  # always_call: also where forward or a hook failed
            if hook.always_call and id(hook) not in called:
                try:
                    output = _call_forward_hook(hook, module, args, kwargs, output)
                except Exception as second:
                    warnings.warn(
                        f"a forward hook with always_call=True raised {second!r} after forward "
                        "had failed; the first error goes on",
                        stacklevel=2,
                    )
        raise


def _call_forward_hook(hook: Hook, module: Any, args: Any, kwargs: Any, output: Any) -> Any:
    if hook.with_kwargs:
        result = hook.function(module, args, kwargs, output)
    else:
        result = hook.function(module, args, output)
    return output if result is None else result


class _BackwardGate:
    """Sees the gradients that enter a module (those of its outputs) and leave it (its inputs).

    Inputs and outputs pass through one identity op each, so that all their gradients are at hand
    at once.
    """

    def __init__(self, module: Any, before: list[Hook], after: list[Hook]) -> None:
        self.module = module
        self.before = before
        self.after = after
        self.grad_output: tuple[Any, ...] | None = None
        self.input_seen = False

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.count = len(args)
        places = [i for i, a in enumerate(args) if isinstance(a, TensorState)]
        if not self.after or not any(args[i].requires_grad for i in places):
            return args
        self.input_seen = True
        self.places = places
        passed = _Gate.apply(self.leaving, True, *[args[i] for i in places])
        new = list(args)
        for i, t in zip(places, passed):
            new[i] = t
        return tuple(new)

    def leave(self, output: Any) -> Any:
        outputs = output if isinstance(output, tuple | list) else (output,)
        places = [i for i, o in enumerate(outputs) if isinstance(o, TensorState)]
        if not any(outputs[i].requires_grad for i in places):
            return output
        self.out_places, self.out_count = places, len(outputs)
        passed = _Gate.apply(self.entering, False, *[outputs[i] for i in places])
        if isinstance(output, TensorState):
            return passed[0]
        new = list(outputs)
        for i, t in zip(places, passed):
            new[i] = t
        return type(output)(*new) if hasattr(output, "_fields") else type(output)(new)

    def entering(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        full: list[Any] = [None] * self.out_count
        for i, g in zip(self.out_places, grads):
            full[i] = g
        grad_output = tuple(full)
        for hook in self.before:
            result = hook.function(self.module, grad_output)
            grad_output = _replaced("pre-hook", grad_output, result)
        self.grad_output = grad_output
        if not self.input_seen:  # no input requires grad: nothing will leave
            for hook in self.after:
                result = hook.function(self.module, (None,) * self.count, grad_output)
                if result is not None and any(g is not None for g in result):
                    raise RuntimeError(
                        "a backward hook of a module whose inputs need no gradient must return None"
                    )
        return tuple(grad_output[i] for i in self.out_places)

    def leaving(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        if self.grad_output is None:  # a second derivative, which did not enter by the outputs
            return grads
        full: list[Any] = [None] * self.count
        for i, g in zip(self.places, grads):
            full[i] = g
        grad_input = tuple(full)
        for hook in self.after:
            result = hook.function(self.module, grad_input, self.grad_output)
            grad_input = _replaced("hook", grad_input, result)
        self.grad_output = None
        return tuple(grad_input[i] for i in self.places)


def _replaced(kind: str, grads: tuple[Any, ...], result: Any) -> tuple[Any, ...]:
    """What a backward hook makes of the gradients."""
    if result is None:
        return grads
    new = result if isinstance(result, tuple) else (result,)
    if len(new) != len(grads):
        raise RuntimeError(
            f"a backward {kind} must return None or a gradient for each of {len(grads)} tensors, "
            f"got {len(new)}"
        )
    return new


class _Gate(Function):
    """The identity on several tensors; ``see(grads)`` may replace their gradients.

    With `zeros`, the gradient of a tensor that was not used is 0 instead of None.
    """

    @staticmethod
    def forward(ctx: Any, see: Any, zeros: bool, *tensors: Any) -> Any:
        ctx.see = see
        ctx.set_materialize_grads(zeros)
        ctx.mark_non_differentiable(*[t for t in tensors if not t.requires_grad])
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, None, *ctx.see(grads))


class _WithoutModule:
    """A hook that is called without its first argument."""

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook

    def __call__(self, module: Any, *args: Any) -> Any:
        return self.hook(*args)


class Hooked:
    """The part of `Module` where its hooks are registered."""

    if TYPE_CHECKING:
        _forward_pre_hooks: dict[int, Hook]
        _forward_hooks: dict[int, Hook]
        _backward_pre_hooks: dict[int, Hook]
        _backward_hooks: dict[int, Hook]
        _state_dict_pre_hooks: dict[int, Any]
        _state_dict_hooks: dict[int, Any]
        _load_state_dict_pre_hooks: dict[int, Any]
        _load_state_dict_post_hooks: dict[int, Any]

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before forward; what it returns replaces the arguments.

        >>> from minitorch import nn, ones
        >>> model = nn.Identity()
        >>> handle = model.register_forward_pre_hook(lambda module, args: (args[0] * 10,))
        >>> model(ones(2))
        tensor([10., 10.])
        >>> handle.remove()
        >>> model(ones(2))
        tensor([1., 1.])
        """
        return RemovableHandle(self._forward_pre_hooks, Hook(hook, with_kwargs), prepend)

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

        >>> from minitorch import nn, ones
        >>> model = nn.Linear(2, 3)
        >>> def look(module, args, output):
        ...     print(module, output.shape)
        >>> with model.register_forward_hook(look):
        ...     _ = model(ones(5, 2))
        Linear(in_features=2, out_features=3, bias=True) minitorch.Size([5, 3])
        """
        return RemovableHandle(self._forward_hooks, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before backward enters; it may replace them.

        >>> from minitorch import nn, ones
        >>> model, x = nn.ReLU(), ones(2, requires_grad=True)
        >>> with model.register_full_backward_pre_hook(lambda module, grads: (grads[0] * 10,)):
        ...     model(x).sum().backward()
        >>> x.grad
        tensor([10., 10.])
        """
        return RemovableHandle(self._backward_pre_hooks, Hook(hook), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the gradient of the inputs is known.

        What it returns replaces ``grad_input``.

        >>> from minitorch import nn, ones
        >>> model, x = nn.ReLU(), ones(2, requires_grad=True)
        >>> def look(module, grad_input, grad_output):
        ...     print(grad_input, grad_output)
        >>> with model.register_full_backward_hook(look):
        ...     model(x).sum().backward()
        (tensor([1., 1.]),) (tensor([1., 1.]),)
        """
        return RemovableHandle(self._backward_hooks, Hook(hook), prepend)

    register_backward_hook = register_full_backward_hook

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The older form: what the hook returns, if anything, replaces the dictionary."""
        return RemovableHandle(self._state_dict_hooks, Hook(hook))

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """The older form, whose hook does not get the module first."""
        called = hook if with_module else _WithoutModule(hook)
        return RemovableHandle(self._load_state_dict_pre_hooks, called)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before `state_dict`.

        >>> from minitorch import nn
        >>> model = nn.ReLU()
        >>> with model.register_state_dict_pre_hook(lambda m, prefix, keep: print(prefix)):
        ...     _ = nn.Sequential(model).state_dict()
        0.
        """
        return RemovableHandle(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after `state_dict`.

        >>> from minitorch import nn
        >>> model = nn.Linear(2, 1)
        >>> def note(module, state_dict, prefix, local_metadata):
        ...     state_dict[prefix + "note"] = "made by me"
        >>> with model.register_state_dict_post_hook(note):
        ...     list(model.state_dict())
        ['weight', 'bias', 'note']
        """
        return RemovableHandle(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, ...)`` before this module loads.

        >>> from minitorch import nn
        >>> model = nn.Linear(2, 1)
        >>> def rename(module, state_dict, prefix, *rest):
        ...     state_dict[prefix + "weight"] = state_dict.pop(prefix + "w")
        >>> old = {"w": model.weight.detach(), "bias": model.bias.detach()}
        >>> with model.register_load_state_dict_pre_hook(rename):
        ...     model.load_state_dict(old)
        <All keys matched successfully>
        """
        return RemovableHandle(self._load_state_dict_pre_hooks, hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after `load_state_dict`.

        >>> from minitorch import nn
        >>> model = nn.Linear(2, 1)
        >>> def forgive(module, keys):
        ...     keys.missing_keys.clear()
        >>> with model.register_load_state_dict_post_hook(forgive):
        ...     model.load_state_dict({"weight": model.weight.detach()})
        <All keys matched successfully>
        """
        return RemovableHandle(self._load_state_dict_post_hooks, hook)
