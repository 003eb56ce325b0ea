"""The command line of the judge."""

from __future__ import annotations

import argparse
import collections
import functools
import importlib
import json
import os
import sys
import time
from typing import Any

from tests.parity.judge.errors import dtype_name_of
from tests.parity.judge.lists import DTYPES, HARD, OPERATORS, SOFT
from tests.parity.judge.one_op import judge_op
from tests.parity.judge.results import Options, Result, _spread, database, selected


def _work(job: tuple[str, str, Options]) -> Result:
    group, name, options = job
    if isinstance(options.module, str):
        options.module = load(options.module)
    return judge_op(group, name, options)


@functools.cache
def load(name: str) -> Any:
    return importlib.import_module(name)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--op", action="append", default=[], metavar="NAME", nargs="+")
    parser.add_argument("--group", action="append", default=[], choices=list(OPERATORS))
    parser.add_argument("--dtype", action="append", default=[], help="e.g. float32")
    parser.add_argument("--cap", type=int, default=30, help="samples per dtype with gradients")
    parser.add_argument("--all-samples", action="store_true")
    parser.add_argument("--sample", type=int, help="this sample only")
    parser.add_argument("--against", default="minitorch", help="the module under test")
    parser.add_argument("--summary", action="store_true", help="failing ops and totals only")
    parser.add_argument("--failures", action="store_true", help="show reasons of every failing op")
    parser.add_argument("--category", action="append", default=[], help="show reasons of this kind")
    parser.add_argument("--strict", action="store_true", help="soft categories fail, too")
    parser.add_argument("--limit", type=int, default=4, help="messages per category")
    parser.add_argument("--json", metavar="FILE", help="write everything there")
    parser.add_argument("-j", type=int, default=1, help="processes")
    args = parser.parse_args(argv)

    ops = [name for part in args.op for name in part]
    groups = args.group
    if not groups and not ops:
        groups = ["torch", "Tensor", "linalg", "special"]
    options = Options(
        module=args.against,
        cap=args.cap,
        value_cap=max(1, args.cap * 2 // 5),
        all_samples=args.all_samples,
        only_sample=args.sample,
        strict=args.strict,
    )
    if args.dtype:
        options.dtypes = [d for d in DTYPES if dtype_name_of(d) in args.dtype]
    try:
        load(args.against)
    except ImportError as e:
        print(f"cannot import {args.against}: {e}")
        return 2
    jobs = [(g, n, options) for g, n in selected(groups, ops)]
    start = time.perf_counter()
    database()
    results = []
    detailed = bool(ops) or args.failures
    for result in _map(jobs, args.j):
        results.append(result)
        if not args.summary or not result.passed:
            print(result.line(), flush=True)
        if args.category:
            for category in args.category:
                for message in _spread(result.failures.get(category, []), args.limit):
                    print(f"    {category}: {message}")
        elif detailed and (not result.passed or ops):
            report = result.report(args.limit, soft=bool(ops) or args.strict)
            if report:
                print(report, flush=True)
    _totals(results, time.perf_counter() - start)
    if args.json:
        with open(args.json, "w") as file:
            json.dump(
                {
                    f"{r.group}.{r.name}": {"passed": r.passed, "failures": r.failures}
                    for r in results
                },
                file,
                indent=1,
            )
    return 0 if all(r.passed for r in results) else 1


def _map(jobs, processes: int):
    """The results in order. With several processes each op has its own, which may crash or hang."""
    if processes <= 1 or len(jobs) <= 1:
        yield from map(_work, jobs)
        return
    import multiprocessing
    import multiprocessing.connection

    context = multiprocessing.get_context("fork")
    waiting, running, done = collections.deque(enumerate(jobs)), {}, {}
    following = 0
    while following < len(jobs):
        while waiting and len(running) < processes:
            number, job = waiting.popleft()
            receive, send = context.Pipe(duplex=False)
            process = context.Process(target=_send_work, args=(job, send), daemon=True)
            process.start()
            send.close()
            running[number] = (process, receive, time.perf_counter(), job)
        multiprocessing.connection.wait([r for _, r, _, _ in running.values()], timeout=1.0)
        for number, (process, receive, start, (group, name, options)) in list(running.items()):
            late = time.perf_counter() - start > 5 * options.op_seconds
            if not receive.poll() and not late:
                continue
            if late:
                process.kill()
                done[number] = Result(name, group)
                done[number].fail(name, "timeout", ": the process was ended")
            else:
                try:
                    done[number] = receive.recv()
                except EOFError:
                    process.join()
                    done[number] = Result(name, group)
                    code = process.exitcode
                    done[number].fail(name, "harness", f": the process died (exit code {code})")
            process.join()
            del running[number]
        while following in done:
            yield done.pop(following)
            following += 1


def _send_work(job, send) -> None:
    send.send(_work(job))


def _totals(results: list[Result], seconds: float) -> None:
    print()
    for group in OPERATORS:
        mine = [r for r in results if r.group == group]
        if mine:
            print(f"{group:14} {sum(r.passed for r in mine):4} of {len(mine):4} pass")
    ops = collections.Counter(c for r in results for c in r.counts)
    if ops:
        print("ops failing by category (* soft):")
        for category in [*HARD, *SOFT]:
            if category in ops:
                mark = "*" if category in SOFT else " "
                print(f"  {category:14}{mark} {ops[category]:4}")
    known = sum(sum(r.known.values()) for r in results)
    if known:
        print(f"known differences met: {known}")
    checks, skipped = sum(r.checks for r in results), sum(r.skipped for r in results)
    passed = sum(r.passed for r in results)
    print(
        f"total: {passed} of {len(results)} ops pass, {checks} checks, "
        f"{skipped} samples skipped, {seconds:.0f} s"
    )
    slow = sorted(results, key=lambda r: -r.seconds)[:5]
    if len(results) > 20:
        print("slowest: " + ", ".join(f"{r.name} {r.seconds:.1f} s" for r in slow))


if __name__ == "__main__":
    if "" not in sys.path and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    sys.exit(main())
