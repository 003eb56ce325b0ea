"""The pytest plugin: fixtures and profiles.  Loaded in every run of pytest where minitorch is
installed, so it imports nothing until something of it is used.

Fixtures:

- `seed`: seeds minitorch's, NumPy's and Python's random numbers from the test's name; its value
  is the seed.  ``--minitorch-seed=7`` asks for another
- `strict`: the test runs under ``minitorch.strict()``
- `leaks`: fails the test if graphs that it recorded are alive after it: nodes that something keeps

``--minitorch-profile=dev|ci|deep`` (or MINITORCH_PROFILE) says how thoroughly `check_function` and
its relatives look, and the same of Hypothesis's own tests.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from typing import Any

import pytest


def pytest_addoption(parser: Any) -> None:
    group = parser.getgroup("minitorch")
    group.addoption(
        "--minitorch-profile",
        choices=("dev", "ci", "deep"),
        default=os.environ.get("MINITORCH_PROFILE"),
        help="how thoroughly minitorch.testing looks",
    )
    group.addoption(
        "--minitorch-seed", type=int, default=None, help="the value of the fixture `seed`"
    )


def pytest_configure(config: Any) -> None:
    name = config.getoption("--minitorch-profile", default=None)
    if not name:
        return
    from minitorch.testing.profiles import load_profile

    profile = load_profile(name)
    try:
        from hypothesis import settings
    except ImportError:  # only tests with Hypothesis need it
        return
    settings.register_profile(f"minitorch-{name}", max_examples=profile.examples, deadline=None)
    settings.load_profile(f"minitorch-{name}")


@pytest.fixture
def seed(request: Any) -> int:
    """All random numbers seeded, by the test's name unless ``--minitorch-seed`` says otherwise."""
    import importlib
    import random

    import minitorch as mt

    given = request.config.getoption("--minitorch-seed", default=None)
    value = zlib.crc32(request.node.nodeid.encode()) if given is None else given
    random.seed(value)
    importlib.import_module("numpy.random").seed(value % 2**32)
    mt.manual_seed(value)
    return value


@pytest.fixture
def strict() -> Iterator[None]:
    """The test runs under ``minitorch.strict()``."""
    import minitorch as mt

    with mt.strict():
        yield


@pytest.fixture
def leaks(request: Any) -> Iterator[None]:
    """Fails the test if graph nodes that were made in it are still alive after it."""
    before = _live_nodes()
    yield
    left = [node for key, node in _live_nodes().items() if key not in before]
    # What the test's own local variables hold goes with them; a failed test keeps its frames.
    if left and not getattr(request.node, "_minitorch_failed", False):
        names = sorted({node.name() for node in left})
        pytest.fail(
            f"{len(left)} graph nodes made by this test are still alive: {', '.join(names[:8])}. "
            "Something keeps a result that requires grad (a list, a cache, ctx, a closure): keep "
            "x.detach() or x.item() instead",
            pytrace=False,
        )


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: Any, call: Any) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.when == "call" and report.failed:
        item._minitorch_failed = True


def _live_nodes() -> dict[int, Any]:
    import gc

    from minitorch.engine.state import Node

    gc.collect()
    return {node.order: node for node in gc.get_objects() if isinstance(node, Node)}
