"""Strict mode: mistakes that run without an error, and train badly, become errors that explain.

Off by default, and free when off: nothing below is called then.  Entering the mode hooks it in
where every program passes: before each module's forward, around each optimizer's step, and after
the walk of each backward.  Losses and `Optimizer.__init__` look at `mode.strict` themselves, in
places that are not hot.

What has to be remembered from one step to the next is held weakly: a module, an optimizer or a
gradient that the program drops is gone.
"""

from __future__ import annotations

import gc
import inspect
import sys
import threading
import weakref
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

import numpy as np

from minitorch.autograd.function import Function
from minitorch.engine import backward, clock
from minitorch.engine.modes import _Switch, mode
from minitorch.engine.state import RemovableHandle
from minitorch.errors import StrictError
from minitorch.nn.hooks import call_with_hooks, register_module_forward_pre_hook
from minitorch.nn.module import Module
from minitorch.nn.parameter import is_lazy
from minitorch.optim import optimizer as optimizers
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.swa_utils import update_bn

__all__ = ["strict"]


class strict(_Switch):
    """Mistakes that would pass in silence are errors inside: for class, and for debugging.

    A context manager and a decorator; ``MINITORCH_STRICT=1`` in the environment is strict
    everywhere, and ``strict(False)`` makes an exception.  `StrictError`, a RuntimeError, is raised
    for

    - a loss whose input and target would be broadcast,
    - probabilities or log-probabilities given to `cross_entropy`,
    - ``zero_grad()`` forgotten between two steps,
    - parameters of the model that no optimizer holds,
    - an optimizer without parameters, or with only frozen ones,
    - parameters that got no gradient before a step,
    - a module in training mode that is called under `no_grad`.

    >>> import minitorch
    >>> with minitorch.strict():
    ...     minitorch.nn.functional.mse_loss(minitorch.zeros(3, 1), minitorch.zeros(3))
    Traceback (most recent call last):
    minitorch.errors.StrictError: mse_loss(): the input has shape (3, 1) and the target (3,). ...
    """

    def __new__(cls, enabled: Any = True) -> Any:
        self = super().__new__(cls)
        if callable(enabled):  # @strict without brackets
            self.__init__()  # type: ignore[misc]
            return self(enabled)
        return self

    def __init__(self, enabled: bool = True) -> None:
        super().__init__(strict=bool(enabled))

    def __enter__(self) -> None:
        super().__enter__()
        _in_use(+1)

    def __exit__(self, *exc_info: object) -> None:
        _in_use(-1)
        super().__exit__(*exc_info)

    def _anew(self) -> strict:
        return strict(self._wanted["strict"])


def everywhere() -> None:
    """Strict in all threads and for good: what ``MINITORCH_STRICT=1`` does at import."""
    type(mode).strict = True
    _in_use(+1)


# --- hooking in ---------------------------------------------------------------------------------

_lock = threading.Lock()
_users = 0  # how many `strict` blocks are open, in all threads
_hooks: list[RemovableHandle] = []
_run = backward.run


def _in_use(change: int) -> None:
    """Hook in with the first block, and out again after the last."""
    global _users
    with _lock:
        _users += change
        if _users and not _hooks:
            _hooks.append(register_module_forward_pre_hook(_before_forward))
            _hooks.append(optimizers.register_optimizer_step_pre_hook(_before_step))
            _hooks.append(optimizers.register_optimizer_step_post_hook(_after_step))
            backward.run = _watched_run
        elif not _users:
            while _hooks:
                _hooks.pop().remove()
            backward.run = _run


# --- what is remembered -------------------------------------------------------------------------


class _Used:
    """A gradient that an optimizer has used; `added` when backward has added to it since."""

    __slots__ = ("added", "alive")

    def __init__(self, alive: weakref.ref[np.ndarray]) -> None:
        self.alive = alive
        self.added = False


_used: dict[int, _Used] = {}  # by the id of the gradient's array
_runs: dict[frozenset[int], list[weakref.ref[Any]]] = {}  # what each backward reached
_MOST_RUNS = 256  # without a step in between
_models: weakref.WeakSet[Module] = weakref.WeakSet()  # the models that were called
_optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()  # those that are known
_time = 0  # how many steps there were, of any optimizer
_stepped: weakref.WeakKeyDictionary[Optimizer, int] = weakref.WeakKeyDictionary()  # when last
_called: weakref.WeakKeyDictionary[Module, int] = weakref.WeakKeyDictionary()  # when last, recorded


def _watched_run(*args: Any, **kwargs: Any) -> dict[Any, Any]:
    """`backward.run`, which remembers what it reached and what will be added to used gradients."""
    found = _run(*args, **kwargs)
    if kwargs.get("targets") is None:
        _runs[frozenset(map(id, found))] = [weakref.ref(leaf) for leaf in found]
        if len(_runs) > _MOST_RUNS:
            del _runs[next(iter(_runs))]
        for leaf in found:
            grad = None if leaf._grad is None else leaf._grad._data
            entry = _used.get(id(grad))
            if entry is not None:
                if np.any(grad):
                    entry.added = True
                else:  # zeros: a fresh start
                    del _used[id(grad)]
    return found


def _remember_used(grad: np.ndarray) -> None:
    def forget(_: Any, key: int = id(grad)) -> None:
        _used.pop(key, None)

    _used[id(grad)] = _Used(weakref.ref(grad, forget))


def _added_to_used(p: Any) -> bool:
    entry = None if p._grad is None else _used.get(id(p._grad._data))
    return entry is not None and entry.added and bool(np.any(p._grad._data))


# --- a module is called -------------------------------------------------------------------------

# A call from within one of these is no evaluation of the user's: a module calls its parts, a
# Function runs unrecorded by itself, and update_bn() is meant to be in training mode.
_NESTED = {
    call_with_hooks.__code__,
    Function.apply.__func__.__code__,  # type: ignore[attr-defined]
    update_bn.__code__,
}


def _before_forward(module: Module, args: Any) -> None:
    if not mode.strict:
        return
    if mode.recording:
        _called[module] = _time
        if module not in _models and _enclosing() is None:
            _models.add(module)
    elif (outer := _enclosing()) is not None:
        caller = outer.f_locals.get("module")
        if caller is not None and _called.get(caller) == _time:
            _called[module] = _time  # a part of what is recorded, cut off by its no_grad()
    elif module.training and _minds_training(module):
        raise StrictError(_training_message(module))


def _enclosing() -> Any:
    """The frame of the call within which this one is, if any."""
    frame: Any = sys._getframe(3)  # beyond call_with_hooks, which called `_before_forward`
    while frame is not None and frame.f_code not in _NESTED:
        frame = frame.f_back
    return frame


def _minds_training(module: Module) -> bool:
    """Losses and activations do not; nor do lazy modules when they first learn their shapes."""
    parameters = list(module.parameters())
    return bool(parameters or _moody(module)) and not any(map(is_lazy, parameters))


def _moody(module: Module) -> list[str]:
    """The modules in `module` that do something else in training: dropout, batch norm ..."""
    return [
        f"{path or 'it'} ({type(m).__name__})"
        for path, m in module.named_modules()
        if m.training and _reads_training(type(m)) and getattr(m, "dropout", None) != 0
    ]


def _reads_training(kind: type) -> bool:
    return any(
        "training" in method.__code__.co_names
        for cls in kind.__mro__
        if cls not in Module.__mro__
        for method in vars(cls).values()
        if inspect.isfunction(method)
    )


def _training_message(module: Module) -> str:
    moody = _moody(module)
    does = (
        f"So {_some(moody)} would draw random numbers or update statistics"
        if moody
        else "Nothing in it minds so far; the first dropout or batch norm will"
    )
    return (
        f"{type(module).__name__} is in training mode and was called under no_grad(), which looks "
        f"like an evaluation. {does}. Call model.eval() before, and model.train() when training "
        "goes on"
    )


# --- an optimizer takes a step ------------------------------------------------------------------


def _before_step(optimizer: Optimizer, args: Any, kwargs: dict[str, Any]) -> Any:
    """Check what there is to step with; where a closure is to compute it, check after that."""
    _optimizers.add(optimizer)
    if not mode.strict:
        return None
    if not any(p.requires_grad for p in _held(optimizer)):
        raise StrictError(_nothing_to_train(optimizer))
    closure = kwargs.get("closure", args[1] if len(args) > 1 else None)
    if closure is None:
        _check_gradients(optimizer)
        return None

    def checked() -> Any:
        loss = closure()
        _check_gradients(optimizer)
        _after_step(optimizer)  # the next call of the closure must start afresh
        return loss

    if "closure" in kwargs:
        return args, {**kwargs, "closure": checked}
    return (args[0], checked, *args[2:]), kwargs


def _after_step(optimizer: Optimizer, *_: Any) -> None:
    global _time
    _time += 1
    _stepped[optimizer] = _time
    for p in _held(optimizer):
        if p._grad is not None:
            _remember_used(p._grad._data)


def _check_gradients(optimizer: Optimizer) -> None:
    wanted = [p for p in _held(optimizer) if p.requires_grad]
    lost, strangers = _lost(optimizer)
    if lost:
        raise StrictError(_lost_message(optimizer, lost))
    again = [p for p in wanted if _added_to_used(p)]
    if again:
        raise StrictError(_again_message(optimizer, again))
    without = [p for p in wanted if p._grad is None]
    if len(without) == len(wanted):
        raise StrictError(_idle_message(optimizer, strangers))
    if without:
        chosen = _branches_not_taken(_stepped.get(optimizer, 0))
        without = [p for p in without if id(p) not in chosen]
    if without:
        raise StrictError(_without_message(optimizer, without))


def _branches_not_taken(since: int) -> set[int]:
    """The parameters of modules that a forward speaks of, and did not call since that time.

    So it is with experts, layers left out at random, heads for several tasks: another step will
    come to them.  What was called and has no gradient is detached; what forward does not speak of
    is forgotten.
    """
    return {
        id(p)
        for model in list(_models)
        for module in model.modules()
        if _called.get(module, -1) >= since
        for name, child in module.named_children()
        if name in _spoken_of(type(module), "forward", set())
        for p in _uncalled(child, since)
    }


def _uncalled(module: Module, since: int) -> Iterator[Any]:
    """The parameters in `module` of what was not called; a list of modules never is, its items."""
    if not any(_called.get(part, -1) >= since for part in module.modules()):
        yield from module.parameters()
    elif _called.get(module, -1) < since:
        for child in module.children():
            yield from _uncalled(child, since)


def _spoken_of(kind: type, method: str, seen: set[str]) -> set[str]:
    """The attributes that a method names, and the methods that it calls."""
    function = getattr(kind, method, None)
    if (
        method in seen
        or not inspect.isfunction(function)
        or hasattr(Module, method) != (method == "forward")
    ):
        return set()
    seen.add(method)
    names = _names_in(function.__code__)
    return names.union(*[_spoken_of(kind, name, seen) for name in names])


def _names_in(code: CodeType) -> set[str]:
    inner = [c for c in code.co_consts if isinstance(c, CodeType)]
    return set(code.co_names).union(*map(_names_in, inner))


def _held(optimizer: Optimizer) -> Iterator[Any]:
    return (p for group in optimizer.param_groups for p in group["params"])


def _lost(optimizer: Optimizer) -> tuple[list[Any], list[Any]]:
    """Parameters of models that got a gradient since the last step, and that no optimizer holds.

    First those that a backward reached together with parameters of `optimizer`; those runs are
    forgotten now.  Then all others: they may have nothing to do with it.
    """
    mine = {id(p) for p in _held(optimizer)}
    together: dict[int, Any] = {}
    apart: dict[int, Any] = {}
    for run, refs in list(_runs.items()):
        reached = {id(p): p for p in (ref() for ref in refs) if p is not None}
        if mine.isdisjoint(reached):
            apart |= reached
        else:
            together |= reached
            del _runs[run]
    if together.keys() <= mine and not apart:
        return [], []
    of_models = {id(p) for model in list(_models) for p in model.parameters()}

    def lost(reached: dict[int, Any]) -> list[Any]:
        held = {id(p) for known in _optimizers for p in _held(known)}
        return [p for key, p in reached.items() if key in of_models and key not in held]

    if lost(together):  # or is there an optimizer that was made before strict mode began?
        _optimizers.update(o for o in gc.get_objects() if issubclass(type(o), Optimizer))
    return lost(together), lost(apart)


# --- messages -----------------------------------------------------------------------------------


def _kind(optimizer: Optimizer) -> str:
    return type(optimizer).__name__


def _nothing_to_train(optimizer: Optimizer) -> str:
    count = len(list(_held(optimizer)))
    if not count:
        return (
            f"{_kind(optimizer)} holds no parameters: step() would change nothing. "
            "Make it with model.parameters()"
        )
    return (
        f"{_kind(optimizer)} holds {count} parameters, and all have requires_grad=False: step() "
        "would change nothing. Give it parameters that are to be trained, or unfreeze these with "
        "model.requires_grad_()"
    )


def _lost_message(optimizer: Optimizer, lost: list[Any]) -> str:
    return (
        f"no optimizer holds {_named(optimizer, lost)}: backward() gave them gradients, but they "
        "would never change. Make the optimizer with all of model.parameters(), or freeze what is "
        "not to be trained with requires_grad_(False)"
    )


def _again_message(optimizer: Optimizer, again: list[Any]) -> str:
    stamp = clock.stamps.get(id(again[0]._data))
    where = "" if stamp is None else f" at {stamp.where}"
    return (
        f"zero_grad() was forgotten: the last step{where} has used the gradients of "
        f"{_named(optimizer, again)}, and backward() has added to them since. Call "
        "optimizer.zero_grad() once per step, before backward(). (To add up the gradients of "
        "several backward() is fine: step() after the last of them, then zero_grad())"
    )


def _idle_message(optimizer: Optimizer, strangers: list[Any]) -> str:
    guess = (
        f" Gradients did reach {_named(optimizer, strangers)}, which no optimizer holds: was the "
        "model made anew after the optimizer?"
        if strangers
        else ""
    )
    return (
        f"no parameter of this {_kind(optimizer)} has a gradient.{guess} The order is zero_grad(), "
        "loss.backward(), step(); and the loss must depend on the parameters: no detach(), "
        "numpy(), item() or no_grad() on the way"
    )


def _without_message(optimizer: Optimizer, without: list[Any]) -> str:
    return (
        f"{_named(optimizer, without)} got no gradient in this step: the loss does not depend on "
        "them. Does forward() use them, and is nothing on the way detached or made under "
        "no_grad()? What is not to be trained belongs out of the model or frozen, with "
        "requires_grad_(False); what is trained in other steps, into an optimizer of its own"
    )


def _named(optimizer: Optimizer, params: Iterable[Any]) -> str:
    """``Net.fc.weight (3, 2), Net.fc.bias (3,)``: the first three, and how many more."""
    names: dict[int, str] = {}
    for i, p in enumerate(_held(optimizer)):
        names[id(p)] = f"parameter {i}"
    for group in optimizer.param_groups:
        names.update(
            (id(p), name) for p, name in zip(group["params"], group.get("param_names", ()))
        )
    for model in list(_models):
        for name, p in model.named_parameters():
            path = f"{type(model).__name__}.{name}"
            if path.count(".") > names.get(id(p), "").count("."):  # the model, not a part of it
                names[id(p)] = path
    return _some([f"{names.get(id(p), 'a tensor')} {tuple(p._data.shape)}" for p in params])


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
