"""Takes two frameworks through the rounds, in turns, each in a process of its own."""

import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.registry import WORKLOADS, Probe

ROOT = Path(__file__).resolve().parent.parent
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class Side:
    """One framework and the process that runs it: "torch", "minitorch", or "minitorch@FOLDER"
    for the one in another clone."""

    def __init__(self, spec, threads):
        self.name = spec
        self.module, _, folder = spec.partition("@")
        self.folder = str(Path(folder).resolve()) if folder else str(ROOT)
        self.threads = threads
        self.environment = dict(os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads)))
        # The workloads are always this clone's; only the framework may be another's.
        self.environment["PYTHONPATH"] = os.pathsep.join([self.folder, str(ROOT)])
        self.environment["PYTHONSAFEPATH"] = "1"
        self.process = None

    def importable(self):
        found = importlib.util.find_spec(self.module)
        return found is not None or Path(self.folder, self.module).is_dir()

    def command(self, *more):
        return [sys.executable, "-m", "benchmarks.worker", self.module, str(self.threads), *more]

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self.environment,
        )
        self.facts = self.read()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def ask(self, do, *arguments):
        self.process.stdin.write(json.dumps({"do": do, "with": arguments}) + "\n")
        self.process.stdin.flush()
        reply = self.read()
        if "error" in reply:
            raise WorkloadError(f"{self.name}: {reply['error']}")
        return reply["value"]

    def read(self):
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"benchmarks: the {self.name} process ended; its message is above")
        return json.loads(line)

    def alone(self, do, name):
        """What the worker's method `do` says of a workload, in a process of its own."""
        done = subprocess.run(
            self.command(do, name),
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode:
            raise WorkloadError(f"{self.name}: {name} ended with status {done.returncode}")
        return json.loads(done.stdout)


class WorkloadError(Exception):
    pass


@dataclass
class Row:
    """One line of the table: a value per round for each side."""

    name: str
    what: str
    unit: str
    values: dict[str, list[float | None]]
    problems: list[str] = field(default_factory=list)


@dataclass
class Plan:
    names: list[str]
    rounds: int
    turn: float  # seconds
    process_rounds: int  # for what takes a process of its own
    threads: int


def measure(plan, subject, reference, tell):
    """Rows, facts about the machine and both sides, and the yardstick's seconds per round."""
    keys = ["subject"] + (["reference"] if reference else [])
    specs = dict(zip(keys, [subject, reference], strict=False))
    sides = {key: Side(spec, plan.threads) for key, spec in specs.items()}
    rows = {}
    yardstick = [fixed_work()]
    with ExitStack() as stack:
        for side in sides.values():
            stack.enter_context(side)
        ready = [name for name in plan.names if prepare(name, plan, sides, rows, tell)]
        for turn in range(plan.rounds):
            order = keys if turn % 2 == 0 else keys[::-1]
            for name in ready:
                tell(f"round {turn + 1} of {plan.rounds}: {name}")
                one_turn(WORKLOADS[name], plan, turn, order, sides, rows)
            yardstick.append(fixed_work())
        facts = {key: dict(side.facts, name=side.name) for key, side in sides.items()}
    tell("")
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": plan.threads,
        "python": platform.python_version(),
        "system": platform.platform(),
        "rounds": plan.rounds,
        "turn_seconds": plan.turn,
    }
    return list(rows.values()), {"machine": machine, **facts}, yardstick


def prepare(name, plan, sides, rows, tell):
    """Make the workload's rows, and the workload on both sides; False if that failed."""
    tell(f"preparing {name}")
    item = WORKLOADS[name]
    unit = item.unit if isinstance(item, Probe) else "s"
    row = rows[name] = Row(name, item.what, unit, {key: [] for key in sides})
    if isinstance(item, Probe):
        return True
    if item.fresh:
        what = "peak memory of the same"
        rows[name + "-memory"] = Row(name + "-memory", what, "B", {key: [] for key in sides})
        return True
    try:
        results = [side.ask("prepare", name, plan.turn) for side in sides.values()]
    except WorkloadError as error:
        row.problems.append(str(error))
        return False
    if item.memory:
        what = "peak memory of a process that trains so"
        rows[name + "-peak"] = Row(name + "-peak", what, "B", {key: [] for key in sides})
    a, b = results[0], results[-1]
    if None not in results and abs(a - b) > 1e-3 * max(1, abs(a), abs(b)):
        row.problems.append(f"the two sides do not compute the same: {a:g} against {b:g}")
    return True


def one_turn(item, plan, turn, order, sides, rows):
    """Measure one workload once on each side."""
    row = rows[item.name]
    if row.problems and row.problems[-1].startswith("failed"):
        return
    try:
        for key in order:
            side = sides[key]
            if isinstance(item, Probe):
                if turn < (1 if item.once else plan.process_rounds):
                    row.values[key].append(item.measure(side))
            elif item.fresh:
                if turn < plan.process_rounds:
                    seconds, memory = side.alone("once", item.name)
                    row.values[key].append(seconds)
                    rows[item.name + "-memory"].values[key].append(memory)
            else:
                row.values[key].append(side.ask("turn", item.name, plan.turn))
                if item.memory and turn < plan.process_rounds:
                    peaks = rows[item.name + "-peak"].values[key]
                    peaks.append(side.alone("peak", item.name))
    except (WorkloadError, subprocess.CalledProcessError) as error:
        row.problems.append(f"failed: {error}")


def fixed_work():
    """Seconds for a piece of work that is always the same: how steady is this machine?"""
    began = time.perf_counter()
    total = 0
    for i in range(1_000_000):
        total += i & 7
    return time.perf_counter() - began


def processor():
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
