"""Averages of a model's weights along its training.  Mirrors ``torch.optim.swa_utils``."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from minitorch.dtypes import int64
from minitorch.engine.modes import no_grad
from minitorch.nn import Module
from minitorch.nn.normalization import _BatchNorm
from minitorch.ops.creation import tensor
from minitorch.optim.lr_scheduler.base import LRScheduler, per_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """The exponential moving average ``decay * average + (1 - decay) * new``, for one tensor."""
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay}: it must be in [0, 1]")

    def average(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return average


def get_swa_avg_fn() -> Callable[..., Any]:
    """The mean of all that came so far, for one tensor."""

    def average(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return average


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., None]:
    """The exponential moving average, in place, for lists of tensors."""
    return _in_place(get_ema_avg_fn(decay))


def get_swa_multi_avg_fn() -> Callable[..., None]:
    """The mean of all that came so far, in place, for lists of tensors."""
    return _in_place(get_swa_avg_fn())


def _in_place(average: Callable[..., Any]) -> Callable[..., None]:
    def update(averaged: list[Any], current: list[Any], num_averaged: Any) -> None:
        with no_grad():
            for mean, new in zip(averaged, current, strict=True):
                mean.copy_(average(mean, new, num_averaged))

    return update


class AveragedModel(Module):
    """A copy of `model` whose parameters are the average of those seen by `update_parameters`.

    The mean, or what `avg_fn` (for one tensor) or `multi_avg_fn` (in place, for lists) says, such
    as `get_ema_multi_avg_fn`.  Buffers are averaged if `use_buffers`, and copied otherwise: then
    call `update_bn` at the end.
    Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization", 2018.

    >>> import minitorch
    >>> model = minitorch.nn.Linear(1, 1, bias=False)
    >>> mean = minitorch.optim.swa_utils.AveragedModel(model)
    >>> for value in [1.0, 2.0, 6.0]:
    ...     _ = model.weight.data.fill_(value)
    ...     mean.update_parameters(model)
    >>> mean.module.weight.item()
    3.0
    """

    n_averaged: Any

    def __init__(
        self,
        model: Any,
        device: Any = None,
        avg_fn: Callable[..., Any] | None = None,
        multi_avg_fn: Callable[..., None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("give only one of avg_fn and multi_avg_fn")
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model answers."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Any) -> None:
        """Take the present parameters of `model` into the average."""
        mine, theirs = list(self.module.parameters()), list(model.parameters())
        my_buffers, their_buffers = list(self.module.buffers()), list(model.buffers())
        if self.use_buffers:
            mine, theirs = mine + my_buffers, theirs + their_buffers
        with no_grad():
            averaged = [p.detach() for p in mine]
            current = [p.detach() for p in theirs]
            if self.n_averaged == 0:
                for mean, new in zip(averaged, current, strict=True):
                    mean.copy_(new)
            elif self.avg_fn is not None:
                for mean, new in zip(averaged, current, strict=True):
                    mean.copy_(self.avg_fn(mean, new, self.n_averaged))
            else:
                update = self.multi_avg_fn or get_swa_multi_avg_fn()
                for _, pairs in itertools.groupby(
                    sorted(zip(averaged, current, strict=True), key=_dtype_name), _dtype_name
                ):
                    means, news = zip(*pairs)
                    update(list(means), list(news), self.n_averaged)
            if not self.use_buffers:
                for mean, new in zip(my_buffers, their_buffers, strict=True):
                    mean.copy_(new.detach())
            self.n_averaged += 1


def _dtype_name(pair: tuple[Any, Any]) -> str:
    return str(pair[0].dtype)


def update_bn(loader: Iterable[Any], model: Any, device: Any = None) -> None:
    """Work out the running statistics of the batch norms of `model` anew, from the loader's data.

    For a model whose weights were averaged.  Of a batch that is a list or tuple, the first element
    is the input.
    """
    norms = [m for m in model.modules() if isinstance(m, _BatchNorm)]
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    training = model.training
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
        model.train()
        with no_grad():
            for batch in loader:
                batch = batch[0] if isinstance(batch, (list, tuple)) else batch
                model(batch if device is None else batch.to(device))
    finally:
        for norm, momentum in zip(norms, momenta):
            norm.momentum = momentum
        model.train(training)


class SWALR(LRScheduler):
    """The rate goes from what it is to `swa_lr` in `anneal_epochs` epochs, and stays there."""

    def __init__(
        self,
        optimizer: Any,
        swa_lr: float,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be 'cos' or 'linear', got {anneal_strategy!r}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be a whole number >= 0, got {anneal_epochs}")
        for group, rate in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr)):
            group["swa_lr"] = rate
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way to `swa_lr` lies behind at `step`."""
        done = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return (1 - math.cos(math.pi * done)) / 2 if self._anneal_strategy == "cos" else done

    def get_lr(self) -> list[Any]:
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group, rate in zip(self.optimizer.param_groups, self._rates()):
            end = group["swa_lr"]
            start = end if before == 1 else (rate - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates
