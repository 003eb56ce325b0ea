"""The command line: `python -m benchmarks --help`."""

import argparse
import importlib
import os
import sys

from benchmarks.registry import WORKLOADS, Workload

importlib.import_module("benchmarks.workloads")  # fills WORKLOADS

PROCESS_ROUNDS = 4  # what takes a process of its own is slow; even, so that each side leads twice


def arguments(argv):
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time minitorch, side by side with PyTorch where that is installed.",
    )
    parser.add_argument("--only", metavar="TEXT", action="append", help="names containing TEXT")
    parser.add_argument("--rounds", type=int, default=9, metavar="N")
    parser.add_argument("--threads", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--turn", type=float, default=0.1, metavar="SECONDS", help="default: 0.1")
    parser.add_argument("--json", metavar="FILE", help="write every round's figures too")
    parser.add_argument("--list", action="store_true", help="the workloads")
    parser.add_argument("--profile", metavar="NAME", help="cProfile of one workload")
    parser.add_argument("--smoke", action="store_true", help="does everything run? no figures")
    parser.add_argument("--subject", default="minitorch", metavar="SIDE", help="default: minitorch")
    parser.add_argument(
        "--against",
        default=None,
        metavar="SIDE",
        help="torch (the default where installed), none, or minitorch@FOLDER: another clone",
    )
    options = parser.parse_args(argv)
    if options.rounds < 1 or options.threads < 1 or not 0 < options.turn <= 60:
        parser.error("--rounds and --threads start at 1, --turn is above 0 and at most 60")
    if options.profile and options.profile not in WORKLOADS:
        parser.error(f"no workload {options.profile!r}; see --list")
    return parser, options


def main(argv=None):
    parser, options = arguments(argv)
    names = [name for name in WORKLOADS if not options.only or any(t in name for t in options.only)]
    if not names:
        parser.error(f"no workload's name contains {' or '.join(options.only)}; see --list")
    if options.list:
        for name in names:
            print(f"{name:20} {WORKLOADS[name].what}")
        return 0
    if options.profile:
        return profile(options)

    from benchmarks.driver import Plan, Side, measure
    from benchmarks.report import table, write_json

    reference = options.against
    if reference is None and Side("torch", 1).importable():
        reference = "torch"
    if reference == "none":
        reference = None
    for side in filter(None, [options.subject, reference]):
        if not Side(side, 1).importable():
            parser.error(f"there is no {side} to import here")
    plan = Plan(
        names, options.rounds, options.turn, min(options.rounds, PROCESS_ROUNDS), options.threads
    )
    if options.smoke:
        plan.rounds, plan.turn, plan.process_rounds = 1, 0.01, 1
        plan.names = [name for name in names if not getattr(WORKLOADS[name], "heavy", False)]
    rows, facts, yardstick = measure(plan, options.subject, reference, teller())
    print(table(rows, facts, yardstick))
    if options.json:
        write_json(options.json, rows, facts, yardstick)
    return int(any(row.problems for row in rows))


def teller():
    """Shows progress on a terminal's one line, and nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda text: None
    return lambda text: print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def profile(options):
    """Where one workload's time goes, in this process."""
    import cProfile
    import pstats

    from benchmarks.driver import THREAD_VARIABLES

    os.environ.update(dict.fromkeys(THREAD_VARIABLES, str(options.threads)))
    from benchmarks.worker import Worker, timed

    item = WORKLOADS[options.profile]
    if not isinstance(item, Workload):
        print(f"{item.name} times whole processes: try python -X importtime -c 'import minitorch'")
        return 2
    loop = item.setup(Worker(options.subject, options.threads).T)
    n = 1
    while timed(loop, n) < 0.5:
        n *= 2
    profiler = cProfile.Profile()
    profiler.runcall(loop, n)
    print(f"{item.name}: {n} repetitions")
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("\nbenchmarks: stopped", file=sys.stderr)
        sys.exit(130)
