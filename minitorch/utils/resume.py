"""`Checkpoint`: all that a training run needs to go on as if it had never stopped."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator
from typing import Any

from minitorch.errors import LoadError
from minitorch.ops.random import Generator
from minitorch.serialization import load, save
from minitorch.utils.streams import get_streams, set_streams

FORMAT = 1
KEYS = {"format", "parts", "streams", "loader", "epoch", "pass", "notes"}


class Checkpoint:
    """Saves and restores a training run in one call each.

    `parts` are whatever changes in training, by names of your choice: modules, optimizers,
    schedulers, generators, anything with ``state_dict()`` and ``load_state_dict()``.  Saved with
    them are the random streams (minitorch's, those of `random` and of ``numpy.random``) and how far
    `epochs` and `batches` have come, so a run that was killed goes on to the bit.

    >>> import minitorch, os, tempfile
    >>> model = minitorch.nn.Linear(2, 1)
    >>> optimizer = minitorch.optim.Adam(model.parameters())
    >>> path = os.path.join(tempfile.mkdtemp(), "run.pt")
    >>> run = minitorch.utils.Checkpoint(path, model=model, optimizer=optimizer)
    >>> if run.exists():
    ...     notes = run.load()
    >>> batches = minitorch.ones(3, 4, 2)
    >>> for epoch in run.epochs(2):
    ...     for x in run.batches(batches):
    ...         loss = model(x).square().mean()
    ...         optimizer.zero_grad()
    ...         loss.backward()
    ...         optimizer.step()
    ...     run.save(loss=loss.item())
    >>> sorted(run.load())
    ['loss']
    """

    def __init__(self, path: str | os.PathLike[str], **parts: Any) -> None:
        for name, part in parts.items():
            methods = hasattr(part, "state_dict") and hasattr(part, "load_state_dict")
            if not methods and not isinstance(part, Generator):
                raise TypeError(
                    f"{name} is a {type(part).__name__}, which has no state_dict() to be saved; "
                    "give other data to save() by name"
                )
        self.path = path
        self.parts = parts
        self.epoch = 0  # the one that `epochs` is in, or comes to next
        self._in_epoch = False
        self._pass: _Pass | None = None  # the one that `batches` is in
        self._rest: dict[str, Any] | None = None  # of a loaded run: the pass that it was in
        self._order: Generator | None = None  # the own stream of the last loader, if it had one
        self._order_state: Any = None  # of a loaded run: how that goes on

    def exists(self) -> bool:
        """Whether there is something to load."""
        return os.path.exists(self.path)

    def save(self, **notes: Any) -> None:
        """Write everything, and `notes` (plain data and tensors, such as the losses so far).

        Within `batches`, the batch at hand counts as done; within `epochs` but outside of
        `batches`, so does the epoch.  The file is at any moment the whole old or whole new one.
        """
        save(
            {
                "format": FORMAT,
                "parts": {name: _state(part) for name, part in self.parts.items()},
                "streams": get_streams(),
                "loader": None if self._order is None else self._order.get_state(),
                "epoch": self.epoch + (self._in_epoch and self._pass is None),
                "pass": None if self._pass is None else self._pass.state(),
                "notes": notes,
            },
            self.path,
            format="pt",
        )

    def notes(self) -> dict[str, Any]:
        """The notes in the file; nothing is restored."""
        return self._read()["notes"]

    def load(self) -> dict[str, Any]:
        """Restore everything and return the notes; what does not fit is an error, changes nothing.

        FileNotFoundError if there is no file; LoadError if it is damaged, or no such file.
        """
        saved = self._read()
        states = saved["parts"]
        if states.keys() != self.parts.keys():
            raise self._error(
                f"it holds {', '.join(states) or 'nothing'}; "
                f"asked for are {', '.join(self.parts) or 'no parts'}"
            )
        before = {name: copy.deepcopy(_state(part)) for name, part in self.parts.items()}
        streams = get_streams()
        try:
            for name, part in self.parts.items():
                _restore(part, states[name])
            set_streams(saved["streams"])
        except BaseException:
            for name, part in self.parts.items():
                _restore(part, before[name])
            set_streams(streams)
            raise
        self.epoch, self._in_epoch = saved["epoch"], False
        self._pass, self._rest, self._order_state = None, saved["pass"], saved["loader"]
        if self._rest is not None:
            self._rest["now"] = saved["streams"]
        return saved["notes"]

    def _read(self) -> dict[str, Any]:
        saved = load(self.path)
        if not isinstance(saved, dict) or set(saved) != KEYS or saved["format"] != FORMAT:
            raise self._error("it was not written by Checkpoint.save()")
        return saved

    def _error(self, problem: str) -> LoadError:
        return LoadError(f"cannot load {os.fspath(self.path)!r}: {problem}")

    def epochs(self, count: int) -> Iterator[int]:
        """The numbers of the epochs from 0 to ``count - 1``, or those left of a loaded run."""
        while self.epoch < count:
            self._in_epoch = True
            yield self.epoch
            self._in_epoch = False
            self.epoch += 1

    def batches(self, loader: Iterable[Any]) -> Iterator[Any]:
        """The batches of `loader` (a DataLoader, or anything to go through), in its order.

        In a loaded run that was saved within a pass, those that it had done are left out.
        """
        if self._pass is not None:
            raise RuntimeError("batches(): the last pass is not over; one at a time")
        own = getattr(loader, "generator", None)
        self._order = own if isinstance(own, Generator) else None
        if self._order is not None and self._order_state is not None:
            self._order.set_state(self._order_state)
        rest, self._rest, self._order_state = self._rest, None, None
        self._pass = current = _Pass(loader, self._order, rest)
        try:
            yield from current
        finally:
            self._pass = None


class _Pass:
    """Goes through a loader, and can say how to come back to where it is.

    The order of the data is drawn when a pass begins.  So the streams of that moment are kept; to
    come back, the pass begins anew from them, and the batches that were done are passed over.
    """

    def __init__(self, loader: Any, order: Generator | None, rest: dict[str, Any] | None) -> None:
        self.loader = loader
        self.order = order
        self.rest = rest
        if rest is None:
            state = None if order is None else order.get_state()
            self.begin: dict[str, Any] = {"streams": get_streams(), "loader": state}
        else:
            self.begin = rest["begin"]
        self.done = 0

    def state(self) -> dict[str, Any]:
        return {"begin": self.begin, "done": self.done}

    def __iter__(self) -> Iterator[Any]:
        if self.rest is not None:
            set_streams(self.begin["streams"])
            if self.order is not None and self.begin["loader"] is not None:
                self.order.set_state(self.begin["loader"])
        batches = iter(self.loader)
        if self.rest is not None:
            for _ in range(self.rest["done"]):
                next(batches, None)
                self.done += 1
            # What the program has drawn since; the loader's own stream is where it belongs.
            set_streams(self.rest["now"])
        for batch in batches:
            self.done += 1
            yield batch


def _state(part: Any) -> Any:
    return part.get_state() if isinstance(part, Generator) else part.state_dict()


def _restore(part: Any, state: Any) -> None:
    if isinstance(part, Generator):
        part.set_state(state)
    else:
        part.load_state_dict(state)
