"""`Optimizer`: parameters in groups, each with its options, and a state per parameter."""

from __future__ import annotations

import copy
import functools
import inspect
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from minitorch.engine.clock import stamp, stamp_all, users_place
from minitorch.engine.modes import enable_grad, mode
from minitorch.engine.state import RemovableHandle, TensorState, wrap
from minitorch.errors import StrictError

REQUIRED = object()  # an option without a default

# Hooks of every optimizer there is; two dictionaries, so that a step asks once for each kind.
_PRE_HOOKS: dict[int, Any] = {}
_POST_HOOKS: dict[int, Any] = {}


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer.

    `args` begins with the optimizer, as in PyTorch; a hook may return ``(args, kwargs)`` to go on
    with instead.
    """
    return RemovableHandle(_PRE_HOOKS, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return RemovableHandle(_POST_HOOKS, hook)


def _between_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step`, with the hooks called around it: the global ones first, and last.

    They get the arguments as they were given, the optimizer the first of them.
    """

    @functools.wraps(step)
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if not (_PRE_HOOKS or self._step_pre_hooks or _POST_HOOKS or self._step_post_hooks):
            return step(self, *args, **kwargs)
        args = self, *args
        for hook in [*_PRE_HOOKS.values(), *self._step_pre_hooks.values()]:
            result = hook(self, args, kwargs)
            if result is not None:
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        "a step pre-hook returns None or (args, kwargs), got "
                        f"{type(result).__name__}"
                    )
                args, kwargs = result
        loss = step(*args, **kwargs)
        for hook in [*self._step_post_hooks.values(), *_POST_HOOKS.values()]:
            hook(self, args, kwargs)
        return loss

    return hooked


class Optimizer:
    """The base of all optimizers.  Mirrors ``torch.optim.Optimizer``.

    `params` are tensors, (name, tensor) pairs, or dictionaries: groups with options of their own.
    A subclass writes `update(group, params, grads)`, which changes the parameters' arrays.
    """

    # States that are one number per parameter, and keep their dtype when loaded.
    scalars: tuple[str, ...] = ("step",)

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, TensorState):
            raise TypeError(
                "an optimizer takes an iterable of parameters, such as model.parameters(); "
                "got a single Tensor"
            )
        if not isinstance(params, Iterable):
            raise TypeError(
                "an optimizer takes an iterable of parameters, such as model.parameters(); got "
                f"a {type(params).__name__}" + (": call it" if inspect.isroutine(params) else "")
            )
        _check_switches(defaults)
        self.defaults = defaults
        self.state: dict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._step_pre_hooks: dict[int, Any] = {}
        self._step_post_hooks: dict[int, Any] = {}
        self._forget_saving_hooks()
        groups = list(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: was model.parameters() used up, "
                "or were the layers kept in a plain list?"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)
        if mode.strict and not any(group["params"] for group in self.param_groups):
            raise StrictError(
                f"all parameter groups of this {type(self).__name__} are empty: nothing would be "
                "trained. Were the parameters filtered by name or by requires_grad, or was the "
                "iterator used up?"
            )

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:  # hooks are called around a subclass's own step, too
            cls.step = _between_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add parameters with options of their own, such as layers that are unfrozen later."""
        if not isinstance(param_group, dict):
            raise TypeError(f"a parameter group is a dict, got {type(param_group).__name__}")
        given = param_group["params"]
        if isinstance(given, set):
            raise TypeError("parameters must come in a fixed order: a list, not a set")
        members: list[Any] = [given] if isinstance(given, TensorState) else list(given)
        named = bool(members) and isinstance(members[0], tuple)
        if any(isinstance(m, tuple) != named for m in members):
            raise ValueError("all parameters of a group come with names, or all without")
        if any(("param_names" in other) != named for other in self.param_groups):
            raise ValueError("all parameter groups come with names, or all without")
        tensors = [m[1] for m in members] if named else members
        for t in tensors:
            if not isinstance(t, TensorState):
                instead = ": of a dict, give the values()" if isinstance(t, str) else ""
                raise TypeError(f"an optimizer changes Tensors, got a {type(t).__name__}{instead}")
            if not t.is_leaf:  # type: ignore[attr-defined]
                raise ValueError("can't optimize a non-leaf Tensor: it is recomputed, not kept")
        group = {**param_group, "params": tensors}
        if named:
            group["param_names"] = [m[0] for m in members]
        for name, default in self.defaults.items():
            if default is REQUIRED and name not in group:
                raise ValueError(f"the parameter group needs a value for {name!r}")
            group.setdefault(name, default)
        held = {id(p) for other in self.param_groups for p in other["params"]}
        if len({id(t) for t in tensors}) < len(tensors):
            raise ValueError("a parameter group holds the same parameter twice")
        if any(id(t) in held for t in tensors):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)

    @_between_hooks
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change the parameters once.  `closure` recomputes the loss, which is returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        where = users_place()
        recording, mode.recording = mode.recording, False
        try:
            for group in self.param_groups:
                params = [p for p in group["params"] if p._grad is not None]
                self.update(group, params, [p._grad._data for p in params])
                stamp_all(params, where)
        finally:
            mode.recording = recording
        return loss

    def update(self, group: dict[str, Any], params: list[Any], grads: list[np.ndarray]) -> None:
        """Change the arrays of `params` in place; `grads` are their gradients' arrays."""
        raise NotImplementedError(f"{type(self).__name__} has no update()")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros; to be called before each backward.

        >>> import minitorch
        >>> x = minitorch.ones(2, requires_grad=True)
        >>> x.sum().backward()
        >>> minitorch.optim.SGD([x], lr=0.1).zero_grad()
        >>> x.grad is None
        True
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p._grad = None
                elif p._grad is not None:
                    p._grad = p._grad.detach()
                    p._grad._data.fill(0)
                    stamp(p._grad._data)

    # --- hooks --------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return other ones.

        `args` begins with the optimizer, as in PyTorch: ``(optimizer, closure)`` for
        ``step(closure)``.
        """
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    def _forget_saving_hooks(self) -> None:
        self._state_dict_pre_hooks: dict[int, Any] = {}
        self._state_dict_post_hooks: dict[int, Any] = {}
        self._load_state_dict_pre_hooks: dict[int, Any] = {}
        self._load_state_dict_post_hooks: dict[int, Any] = {}

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return RemovableHandle(self._state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` on what was made; it may return another."""
        return RemovableHandle(self._state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before it is loaded; it may return another."""
        return RemovableHandle(self._load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` when a state dict has been loaded."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook, prepend)

    # --- saving -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """State and options, with parameters replaced by their numbers: PyTorch's layout."""
        for hook in list(self._state_dict_pre_hooks.values()):
            hook(self)
        number = {
            id(p): i
            for i, p in enumerate(p for group in self.param_groups for p in group["params"])
        }
        groups = [
            {**{k: v for k, v in group.items() if k != "params"},
             "params": [number[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]  # fmt: skip
        state = {
            (number[id(k)] if isinstance(k, TensorState) else k): v for k, v in self.state.items()
        }
        return _through(self._state_dict_post_hooks, self, {"state": state, "param_groups": groups})

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave, here or in PyTorch; parameters are matched by order."""
        state_dict = _through(self._load_state_dict_pre_hooks, self, dict(state_dict))
        saved = state_dict["param_groups"]
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"the loaded state has {len(saved)} parameter groups, "
                f"this optimizer {len(self.param_groups)}"
            )
        for i, (mine, theirs) in enumerate(zip(self.param_groups, saved)):
            if len(mine["params"]) != len(theirs["params"]):
                raise ValueError(
                    f"group {i} of the loaded state has {len(theirs['params'])} parameters, "
                    f"this optimizer's has {len(mine['params'])}"
                )
        by_number = {
            n: p
            for mine, theirs in zip(self.param_groups, saved)
            for n, p in zip(theirs["params"], mine["params"])
        }
        state: dict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in by_number:
                state[by_number[key]] = {
                    name: _adopt(v, by_number[key], name in self.scalars)
                    for name, v in value.items()
                }
            else:
                state[key] = copy.deepcopy(value)
        for mine, theirs in zip(self.param_groups, saved):
            options = {k: copy.deepcopy(v) for k, v in theirs.items() if k != "params"}
            mine.update(options)
        self.state = state
        for hook in list(self._load_state_dict_post_hooks.values()):
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._step_pre_hooks = {}
        self._step_post_hooks = {}
        self._forget_saving_hooks()

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {k}: {v}" for k, v in sorted(group.items()) if k != "params"]
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"


def _through(hooks: dict[int, Any], optimizer: Any, state: dict[str, Any]) -> dict[str, Any]:
    """`state`, or what the last hook that returned something has returned."""
    for hook in list(hooks.values()):
        result = hook(optimizer, state)
        state = state if result is None else result
    return state


def _adopt(value: Any, param: Any, is_scalar: bool) -> Any:
    """A copy of one entry of a loaded state: floating tensors in the parameter's dtype."""
    if isinstance(value, list):
        return [_adopt(v, param, is_scalar) for v in value]
    if not isinstance(value, TensorState):
        return wrap(np.array(value, np.float32)) if is_scalar else copy.deepcopy(value)
    data, dtype = value._data, param._data.dtype
    keep = is_scalar or data.dtype.kind not in "fcV" or dtype.kind == "c"
    return wrap(data.copy() if keep else data.astype(dtype))


def _check_switches(defaults: dict[str, Any]) -> None:
    """`foreach`, `fused` and `capturable` choose between PyTorch's code paths; here is but one."""
    differentiable = defaults.get("differentiable")
    if defaults.get("fused"):
        if differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if defaults.get("foreach"):
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotImplementedError(
            "differentiable=True is not there: to differentiate through a step, write it as a "
            "formula of tensors, with the gradients of minitorch.autograd.grad(create_graph=True)"
        )


def check_at_least(name: str, value: Any, low: float = 0.0) -> None:
    """ValueError unless ``value >= low`` (so also for NaN)."""
    if not low <= value:
        raise ValueError(f"Invalid {name}: {value} (must be at least {low})")


def check_lr(lr: Any) -> None:
    """ValueError unless `lr` is a number, or a tensor of one element, that is not negative."""
    if isinstance(lr, TensorState) and lr._data.size != 1:
        raise ValueError(f"Tensor lr must be 1-element, got one of shape {list(lr._data.shape)}")
    check_at_least("learning rate", lr)


def check_betas(betas: Sequence[Any]) -> None:
    """ValueError unless all of `betas` are in [0, 1)."""
    for i in range(2):
        beta = betas[i]
        if not 0.0 <= beta < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {beta} (must be in [0, 1))")
