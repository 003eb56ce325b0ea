"""`LRScheduler`: changes the learning rates of an optimizer's groups, epoch by epoch."""

from __future__ import annotations

import warnings
from typing import Any

from minitorch.engine.state import TensorState
from minitorch.optim.optimizer import Optimizer

EPOCH_IS_DEPRECATED = (
    "scheduler.step(epoch) is deprecated: call scheduler.step() once per epoch, without a number"
)


class LRScheduler:
    """The base of all schedulers.  Mirrors ``torch.optim.lr_scheduler.LRScheduler``.

    A subclass writes ``get_lr()``: the groups' rates for the epoch ``self.last_epoch``, which may
    be worked out from ``group["lr"]``, the rate so far, or from ``self.base_lrs``.
    Making a scheduler sets the rates of the first epoch; call `step` after each epoch's training.
    """

    optimizer: Any
    last_epoch: int
    _is_initial = False  # in the step that the constructor makes
    _get_lr_called_within_step = False
    _last_lr: list[Any]

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        self.optimizer = check_optimizer(optimizer)
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param_groups[{i}] has no 'initial_lr', needed for last_epoch={last_epoch}: "
                    "load the optimizer's state before making the scheduler"
                )
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch(optimizer)
        self._initial_step()

    def get_lr(self) -> list[Any]:
        """The groups' rates for this epoch; for subclasses to write, see `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr()")

    def get_last_lr(self) -> list[Any]:
        """The groups' rates as last set."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch."""
        if self._step_count == 1 and not getattr(self.optimizer, "_opt_called", True):
            warnings.warn(
                "lr_scheduler.step() was called before optimizer.step(): the first learning rate "
                "of the schedule is skipped. Call optimizer.step() first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_IS_DEPRECATED, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def _update_lr(self, epoch: int | None = None) -> None:
        self._get_lr_called_within_step = True
        try:
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = getattr(self, "_get_closed_form_lr", self.get_lr)()
        finally:
            self._get_lr_called_within_step = False
        self._set(rates)

    def _set(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            assign(group, "lr", rate)
        self._last_lr = values(self.optimizer, "lr")

    def _rates(self) -> list[Any]:
        """The groups' present rates; for `get_lr`, which is not for users to call."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "to get the last learning rate computed by the scheduler, use get_last_lr()",
                UserWarning,
                stacklevel=3,
            )
        return values(self.optimizer, "lr")

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer, in PyTorch's layout."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` gave, here or in PyTorch."""
        self.__dict__.update(state_dict)


def check_optimizer(optimizer: Any) -> Any:
    """`optimizer`, or a TypeError."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")
    return optimizer


def _watch(optimizer: Any) -> None:
    """Let ``optimizer._opt_called`` say whether it has made a step."""
    own = type(optimizer).step.__module__.startswith("minitorch.")  # others may not call hooks
    if hasattr(optimizer, "_opt_called") or not own:
        return
    optimizer._opt_called = False

    def called(*_: Any) -> None:
        optimizer._opt_called = True
        handle.remove()  # so that later steps cost nothing more

    handle = optimizer.register_step_post_hook(called)


def per_group(name: str, optimizer: Any, value: Any) -> list[Any]:
    """`value` for each parameter group: a list of them, or one for all."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(groups)]
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups: "
            f"it has {len(value)} values for {groups} groups"
        )
    return [copied(v) for v in value]


def values(optimizer: Any, key: str) -> list[Any]:
    """An option of all groups; tensors are copied."""
    return [copied(group[key]) for group in optimizer.param_groups]


def copied(value: Any) -> Any:
    return value.clone() if isinstance(value, TensorState) else value  # type: ignore[attr-defined]


def assign(group: dict[str, Any], key: str, value: Any) -> None:
    """Set an option; one that is a tensor is changed in place."""
    if isinstance(group[key], TensorState):
        group[key].fill_(float(value))
    else:
        group[key] = value


def state_of(function: Any) -> Any:
    """What is saved of a callable: nothing of a function, the attributes of an object."""
    return None if isinstance(function, type(state_of)) else function.__dict__.copy()
