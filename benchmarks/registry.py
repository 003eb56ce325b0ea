"""What is measured: workloads, timed inside a worker, and probes, which time whole processes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Runs the workload n times and returns its last result (compared between the two frameworks).
Loop = Callable[[int], Any]


@dataclass(frozen=True)
class Workload:
    name: str
    what: str
    setup: Callable[[Any], Loop]  # takes the framework, T
    per: int = 1  # one turn of the loop counts as this many
    fresh: bool = False  # each measurement in a process of its own; peak memory too
    memory: bool = False  # besides: the peak memory of a whole process that runs it
    heavy: bool = False  # left out of --smoke


@dataclass(frozen=True)
class Probe:
    name: str
    what: str
    measure: Callable[[Any], float | None]  # takes the Side; None: nothing to say about it
    unit: str = "s"
    once: bool = False  # the same in every round


WORKLOADS: dict[str, Workload | Probe] = {}


def workload(name, what, **options):
    """Register `setup(T)`: it builds what the workload needs and returns its loop."""

    def register(setup):
        WORKLOADS[name] = Workload(name, what, setup, **options)
        return setup

    return register


def probe(name, what, **options):
    """Register `measure(side)`, which the driver calls in its own process."""

    def register(measure):
        WORKLOADS[name] = Probe(name, what, measure, **options)
        return measure

    return register
