"""Workers that are threads: they start at once and share all memory with the program.

They pay where the time goes into NumPy, decompression or waiting for files, all of which let other
threads run; Python code of a dataset runs in one of them at a time.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from minitorch.utils.data.worker import Reply, Setup, Task, Worker


class Threads:
    """`count` worker threads; used like `Processes`."""

    def __init__(self, setup: Setup) -> None:
        self.state = _State(setup.num_workers)
        self.closed = False
        for number in range(setup.num_workers):
            threading.Thread(
                target=_main,
                args=(self.state, setup, number),
                name=f"DataLoader worker {number}",
                daemon=True,
            ).start()

    def submit(self, worker: int, task: Task) -> None:
        """Hand a task to a worker."""
        with self.state.change:
            self.state.tasks[worker].append(task)
            self.state.newest = task.epoch
            self.state.change.notify_all()

    def receive(self, workers: Sequence[int], timeout: float) -> tuple[int, Reply]:
        """The next reply of one of `workers`, and whose it is; RuntimeError if nothing comes for
        `timeout` seconds (0: wait for ever)."""
        replies = self.state.replies
        with self.state.change:
            came = self.state.change.wait_for(
                lambda: any(replies[worker] for worker in workers), timeout or None
            )
            if not came:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
            worker = next(worker for worker in workers if replies[worker])
            return worker, replies[worker].popleft()

    def close(self) -> None:
        """End the workers, each after the batch that it is at."""
        self.closed = True
        with self.state.change:
            self.state.closed = True
            self.state.change.notify_all()


class _State:
    """What program and threads share: they hold no reference to `Threads` itself."""

    def __init__(self, count: int) -> None:
        self.change = threading.Condition()
        self.tasks: list[deque[Task]] = [deque() for _ in range(count)]
        self.replies: list[deque[Reply]] = [deque() for _ in range(count)]
        self.newest = 0
        self.closed = False


def _main(state: _State, setup: Setup, number: int) -> None:
    """What a worker thread runs."""
    worker = Worker(setup, number)
    tasks = state.tasks[number]
    while True:
        with state.change:
            state.change.wait_for(lambda: state.closed or tasks)
            if state.closed:
                return
            task = tasks.popleft()
            stale = task.epoch != state.newest
        reply = Reply(task.epoch, task.number, "stale") if stale else worker.answer(task)
        with state.change:
            state.replies[number].append(reply)
            state.change.notify_all()
        del reply
