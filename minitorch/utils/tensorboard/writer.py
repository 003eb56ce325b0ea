"""`SummaryWriter`: numbers to a folder that TensorBoard shows."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from typing import Any

from minitorch.engine.state import TensorState
from minitorch.utils.tensorboard.events import record, scalar_event, version_event


class SummaryWriter:
    """Writes curves to an event file in `log_dir`, ``runs/<date>_<host>`` by default.

    Numbers only (`add_scalar`, `add_scalars`): pictures, histograms and graphs raise
    NotImplementedError.  Mirrors ``torch.utils.tensorboard.SummaryWriter``.

    >>> import tempfile
    >>> with SummaryWriter(tempfile.mkdtemp()) as writer:
    ...     writer.add_scalar("loss", 0.5, global_step=1)
    """

    def __init__(
        self, log_dir: str | os.PathLike[str] | None = None, comment: str = "",
        purge_step: int | None = None, max_queue: int = 10, flush_secs: int = 120,
        filename_suffix: str = "",
    ) -> None:  # fmt: skip
        now = time.strftime("%b%d_%H-%M-%S")
        host = socket.gethostname()
        self.log_dir = os.fspath(log_dir or os.path.join("runs", f"{now}_{host}{comment}"))
        self._suffix = filename_suffix
        self._files: dict[str, str] = {}
        self._write(self.log_dir)

    def _write(self, folder: str, *events: bytes) -> None:
        """Append to the event file of a folder, made when it is first needed."""
        if folder not in self._files:
            os.makedirs(folder, exist_ok=True)
            host = socket.gethostname()
            name = f"events.out.tfevents.{int(time.time())}.{host}.{os.getpid()}{self._suffix}"
            self._files[folder] = os.path.join(folder, name)
            events = (version_event(time.time()), *events)
        with open(self._files[folder], "ab") as file:
            file.writelines(record(event) for event in events)

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None,
        walltime: float | None = None, new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """One number of the curve `tag`, at a step."""
        self._add(self.log_dir, tag, scalar_value, global_step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: Mapping[str, Any], global_step: int | None = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Several numbers at one step, to be shown in one picture."""
        for tag, value in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            self._add(folder, main_tag, value, global_step, walltime)

    def _add(
        self, folder: str, tag: str, value: Any, step: int | None, walltime: float | None
    ) -> None:
        number = value.item() if isinstance(value, TensorState) else float(value)  # type: ignore[attr-defined]
        when = time.time() if walltime is None else walltime
        self._write(folder, scalar_event(tag, number, int(step or 0), when))

    def flush(self) -> None:
        """Nothing to do: what was added is in the file already."""

    def close(self) -> None:
        """The next number begins a new file."""
        self._files.clear()

    def get_logdir(self) -> str:
        """The folder."""
        return self.log_dir

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("add_"):
            raise AttributeError(f"'SummaryWriter' object has no attribute {name!r}")

        def refused(*args: Any, **kwargs: Any) -> None:
            raise NotImplementedError(
                f"SummaryWriter.{name}(): minitorch writes curves of numbers only; the package "
                "tensorboardX writes the rest, from arrays (t.numpy())"
            )

        return refused
