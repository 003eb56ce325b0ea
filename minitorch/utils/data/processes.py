"""Workers that are processes.

Each has a pipe of its own, which nobody shares: a worker that is killed, at whatever moment, takes
nothing along that others wait for, and its end is seen at once.  In the worker, a thread listens:
it takes in tasks, so that the program never waits to hand one out, and it ends the process when
the program is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from multiprocessing import connection, parent_process, resource_tracker
from multiprocessing.context import BaseContext
from typing import Any

from minitorch.utils.data import by_value
from minitorch.utils.data.failure import Failure
from minitorch.utils.data.shared import Receiver, Sender
from minitorch.utils.data.worker import Reply, Setup, Task, Worker

GRACE = 1.0  # seconds that a worker may still work when nobody waits for it any more
LOOK = 1.0  # seconds between two looks at whether the other side is alive

# The program's ends of all pipes.  A forked worker inherits those that are open and closes them:
# held open there, they would hide from other workers that the program is gone.
_ends: weakref.WeakSet[Any] = weakref.WeakSet()


class Processes:
    """`setup.num_workers` worker processes."""

    def __init__(self, setup: Setup, context: BaseContext | None) -> None:
        ways: Any = context or multiprocessing.get_context()
        self.owner = os.getpid()
        self.closed = False
        self.receivers: list[Receiver] = []
        self.senders: list[Sender] = []
        self.processes: list[Any] = []
        self.spawned = ways.get_start_method() != "fork"
        try:
            with _without_ctrl_c(self.spawned), by_value.without_main():
                for number in range(setup.num_workers):
                    ours, theirs = ways.Pipe()
                    _ends.add(ours)
                    process = ways.Process(
                        target=_main,
                        args=(theirs, number, None if self.spawned else setup),
                        daemon=True,
                        name=f"DataLoader worker {number}",
                    )
                    with theirs:
                        process.start()
                    self.processes.append(process)
                    self.receivers.append(Receiver(ours))
            self.senders = [Sender(r.connection) for r in self.receivers if self.spawned]
            for sender in self.senders:
                parcel, handle = sender.pack(setup, by_value.Pickler)
                with contextlib.suppress(OSError):  # dead workers are told of when waited for
                    sender.send(parcel, handle)
        except BaseException:
            self.close()
            raise

    def submit(self, worker: int, task: Task) -> None:
        """Hand a task to a worker."""
        receiver = self.receivers[worker]
        with contextlib.suppress(OSError):
            receiver.connection.send((task, receiver.give_back()))

    def receive(self, workers: Sequence[int], timeout: float) -> tuple[int, Reply]:
        """The next reply of one of `workers`, and whose it is; RuntimeError if a worker has died,
        or if nothing comes for `timeout` seconds (0: wait for ever)."""
        pipes = {self.receivers[worker].connection: worker for worker in workers}
        watched = [*pipes, *(process.sentinel for process in self.processes)]
        patience = timeout if timeout > 0 else LOOK
        while True:
            ready = connection.wait(watched, patience)
            for process in self.processes:
                if process.sentinel in ready or (not ready and not process.is_alive()):
                    raise self._died(process)
            for pipe in ready:
                worker = pipes[pipe]
                return worker, self._read(worker)
            if timeout > 0:
                raise RuntimeError(f"DataLoader timed out after {timeout} seconds")

    def _read(self, worker: int) -> Reply:
        receiver = self.receivers[worker]
        try:
            reply, parcel = receiver.connection.recv()
            if parcel is not None:
                reply = reply._replace(value=receiver.unpack(parcel))
            return reply
        except (EOFError, OSError):
            raise self._died(self.processes[worker]) from None
        except BaseException:  # Ctrl-C in the middle of a message: the rest cannot be understood
            self.close()
            raise

    def _died(self, process: Any) -> RuntimeError:
        process.join(LOOK)
        code = process.exitcode
        how = f"with exit code {code}"
        if code is not None and code < 0:
            with contextlib.suppress(ValueError):
                how = f"killed by {signal.Signals(-code).name}"
            if -code == getattr(signal, "SIGKILL", 9):
                how += " (was the machine out of memory?)"
        elif self.spawned:
            how += (
                "; its message is above. A program that is run by its workers too, as spawned "
                "ones do, must start under `if __name__ == '__main__':`"
            )
        self.close()
        return RuntimeError(f"{process.name} (pid(s) {process.pid}) exited unexpectedly, {how}")

    def close(self) -> None:
        """End the workers, within a little more than GRACE."""
        if os.getpid() != self.owner:  # a fork of the program has no say in its workers
            return
        self.closed = True
        for receiver in self.receivers:
            with contextlib.suppress(OSError):
                receiver.connection.send(None)
            receiver.connection.close()
        self.receivers.clear()
        self.senders.clear()
        end = time.monotonic() + GRACE
        try:
            for process in self.processes:
                process.join(max(0.0, end - time.monotonic()))
        finally:
            for process in self.processes:
                if process.is_alive():
                    process.kill()
                    process.join()


@contextlib.contextmanager
def _without_ctrl_c(spawned: bool) -> Iterator[None]:
    """Processes that start inside do not notice Ctrl-C: it is the program's, which ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    if spawned:  # whose start, where it comes with the first process, would undo what follows
        resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _main(pipe: Any, number: int, setup: Setup | None) -> None:
    """What a worker process runs."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    for end in list(_ends):
        end.close()
    broken = None
    if setup is None:
        try:
            parcel = pipe.recv()
        except (EOFError, OSError):
            return
        try:
            setup = Receiver(pipe).unpack(parcel)
        except Exception as error:
            broken = Failure(error, f"worker process {number}", across=True)
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    newest = [0]  # the epoch of the latest task
    threading.Thread(target=_listen, args=(pipe, inbox, newest), daemon=True).start()
    sender = Sender(pipe)
    worker = None if setup is None else Worker(setup, number)
    while (message := inbox.get()) is not None:
        task, returned = message
        sender.free.extend(returned)
        if broken is not None or worker is None:
            reply = Reply(task.epoch, task.number, "failure", broken)
        elif task.epoch != newest[0]:  # nobody waits for it any more
            reply = Reply(task.epoch, task.number, "stale")
        else:
            reply = worker.answer(task)
        try:
            _post(sender, reply, number)
        except OSError:  # the program is gone, or needs no more
            return
        del message, reply  # the batch is not kept while we wait


def _post(sender: Sender, reply: Reply, number: int) -> None:
    parcel = handle = None
    if reply.kind == "batch":
        try:
            parcel, handle = sender.pack(reply.value)
            reply = reply._replace(value=None)
        except Exception as error:  # it cannot be pickled
            error.add_note("while the batch was sent to the program")
            failure = Failure(error, f"worker process {number}", across=True)
            reply = reply._replace(kind="failure", value=failure)
    sender.send((reply, parcel), handle)


def _listen(pipe: Any, inbox: queue.SimpleQueue[Any], newest: list[int]) -> None:
    program: Any = parent_process()
    parent = os.getppid()
    with contextlib.suppress(EOFError, OSError):
        while True:
            ready = connection.wait([pipe, program.sentinel], LOOK)
            if pipe in ready:
                message = pipe.recv()
                if message is None:
                    break
                newest[0] = message[0].epoch
                inbox.put(message)
            elif ready or os.getppid() != parent:
                break
    inbox.put(None)
    time.sleep(GRACE)
    os._exit(1)  # still at work for nobody
