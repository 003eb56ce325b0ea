"""Workers that are threads: they start at once and share all memory with the program.

They pay where the time goes into NumPy, decompression or waiting for files, all of which let other
threads run; Python code of a dataset runs in one of them at a time.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from minitorch.utils.data.worker import Reply, Setup, Task, Worker


class Threads:
    """`setup.num_workers` worker threads; used like `Processes`."""

    def __init__(self, setup: Setup) -> None:
        self.state = _State()
        self.tasks: list[queue.SimpleQueue[Any]] = []
        self.early: list[deque[Reply]] = []  # replies that nobody has asked for yet
        for number in range(setup.num_workers):
            self.tasks.append(queue.SimpleQueue())
            self.early.append(deque())
            threading.Thread(
                target=_main,
                args=(self.state, self.tasks[number], setup, number),
                name=f"DataLoader worker {number}",
                daemon=True,
            ).start()

    @property
    def closed(self) -> bool:
        return self.state.closed

    def submit(self, worker: int, task: Task) -> None:
        """Hand a task to a worker."""
        self.state.newest = task.epoch
        self.tasks[worker].put(task)

    def receive(self, workers: Sequence[int], timeout: float) -> tuple[int, Reply]:
        """The next reply of one of `workers`, and whose it is; RuntimeError if nothing comes for
        `timeout` seconds (0: wait for ever)."""
        for worker in workers:
            if self.early[worker]:
                return worker, self.early[worker].popleft()
        end = time.monotonic() + timeout
        while True:
            left = max(0.0, end - time.monotonic()) if timeout > 0 else None
            try:
                worker, reply = self.state.replies.get(timeout=left)
            except queue.Empty:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds") from None
            if worker in workers:
                return worker, reply
            self.early[worker].append(reply)

    def close(self) -> None:
        """End the workers, each after the batch that it is at."""
        self.state.closed = True
        for tasks in self.tasks:
            tasks.put(None)


class _State:
    """What program and threads share: they hold no reference to `Threads` itself."""

    def __init__(self) -> None:
        self.replies: queue.SimpleQueue[tuple[int, Reply]] = queue.SimpleQueue()
        self.newest = 0  # the epoch of the latest task
        self.closed = False


def _main(state: _State, tasks: queue.SimpleQueue[Any], setup: Setup, number: int) -> None:
    """What a worker thread runs."""
    worker = Worker(setup, number)
    while (task := tasks.get()) is not None and not state.closed:
        if task.epoch == state.newest:
            reply = worker.answer(task)
        else:  # nobody waits for it any more
            reply = Reply(task.epoch, task.number, "stale")
        state.replies.put((number, reply))
        del reply  # the batch is not kept while we wait
