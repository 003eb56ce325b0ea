"""The process that times one framework. It does what the driver says, a line of JSON at a time.

`python -m benchmarks.worker MODULE THREADS` reads requests and answers each on standard output;
with ``once`` or ``peak`` and the name of a workload after them, it measures that and ends.
"""

import contextlib
import importlib
import json
import os
import signal
import sys
import time
from statistics import median

PEAK_REPETITIONS = 10
BATCHES = 5  # a turn is timed in this many pieces, of which the median counts


class Worker:
    def __init__(self, module, threads):
        from benchmarks.registry import WORKLOADS

        self.T = importlib.import_module(module)
        if hasattr(self.T, "set_num_threads"):
            self.T.set_num_threads(threads)
        importlib.import_module("benchmarks.workloads")
        self.workloads = WORKLOADS
        self.ready = {}

    def hello(self):
        import numpy as np

        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return {
            "module": self.T.__name__,
            "version": str(self.T.__version__),
            "file": self.T.__file__,
            "numpy": f"{np.__version__} with {blas.get('name')} {blas.get('version')}",
        }

    def prepare(self, name, seconds):
        """Build the workload; find how many repetitions fill a batch."""
        loop = self.workloads[name].setup(self.T)
        result = checksum(loop(1))
        n = 1
        while timed(loop, n) < seconds / BATCHES / 2 and n < 1 << 30:
            n *= 2
        self.ready[name] = loop, n
        return result

    def turn(self, name, seconds):
        """Seconds per repetition: the median of batches, after an untimed one."""
        loop, n = self.ready[name]
        first = timed(loop, n)
        batches = BATCHES if n > 1 else max(1, min(BATCHES, round(seconds / first)))
        return median(timed(loop, n) for _ in range(batches)) / n / self.workloads[name].per

    def once(self, name):
        """Time and peak memory of the very first repetition."""
        loop = self.workloads[name].setup(self.T)
        before = resident()
        seconds = timed(loop, 1)
        peak = peak_resident()
        per = self.workloads[name].per
        memory = None if before is None or peak is None else max(0, peak - before) / per
        return seconds / per, memory

    def peak(self, name):
        """The most memory that this whole process has held, after a few repetitions."""
        self.workloads[name].setup(self.T)(PEAK_REPETITIONS)
        return peak_resident()


def settle():
    """Wait until this process's idle threads no longer spin: they would take the other's cores.

    OpenBLAS's and OpenMP's do, for up to 0.2 s after their last work.
    """
    for _ in range(50):
        began, used = time.perf_counter(), time.process_time()
        time.sleep(0.01)
        if time.process_time() - used < 0.2 * (time.perf_counter() - began):
            break


def timed(loop, n):
    began = time.perf_counter()
    loop(n)
    return time.perf_counter() - began


def checksum(result):
    """A number by which the two frameworks' results are compared."""
    return float(result.detach().abs().sum().item()) if hasattr(result, "detach") else None


def resident():
    """Bytes of memory now in use; starts the watch for the peak. None where it can't be told."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        return status("VmRSS")
    except OSError:
        return peak_resident()


def peak_resident():
    with contextlib.suppress(OSError):
        return status("VmHWM")
    try:
        import resource
    except ImportError:
        return None
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (
        1 if sys.platform == "darwin" else 1024
    )


def status(key):
    with open("/proc/self/status") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1]) * 1024
    raise OSError(key)


def main(module, threads, do=None, name=None):
    # Answers have a channel of their own: what a framework prints must not get between them.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        print(json.dumps(value), file=answers, flush=True)

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the driver's: it ends this process
    worker = Worker(module, int(threads))
    if name:
        answer(getattr(worker, do)(name))
        return
    answer(worker.hello())
    for line in sys.stdin:
        request = json.loads(line)
        try:
            value = getattr(worker, request["do"])(*request["with"])
            settle()
            answer({"value": value})
        except Exception as error:  # one workload's failure must not end the others
            answer({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main(*sys.argv[1:])
