"""Laws of work shared out over threads: all of it is done, once, whatever happens on the way."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import minitorch as mt
from minitorch.numerics import product, threads


@pytest.fixture(params=[1, 2, 3])
def count_of_threads(request):
    before = mt.get_num_threads()
    mt.set_num_threads(request.param)
    yield request.param
    mt.set_num_threads(before)


@pytest.fixture
def two_threads():
    before = mt.get_num_threads()
    mt.set_num_threads(2)
    yield
    mt.set_num_threads(before)


def test_every_number_is_in_one_range(count_of_threads):
    for count in range(9):
        seen = np.zeros(count, int)
        threads.spread(lambda start, stop, seen=seen: np.add.at(seen, slice(start, stop), 1), count)
        assert np.all(seen == 1)
        assert threads.threads() == count_of_threads


@pytest.mark.parametrize("where", [0, 3])  # the caller's share, a helper's
def test_what_is_raised_in_a_thread_is_raised_here(count_of_threads, where):
    def work(start, stop):
        if start <= where < stop:
            raise ValueError("this one")

    for _ in range(20):
        with pytest.raises(ValueError, match="this one"):
            threads.spread(work, 4)
    assert threads.threads() == count_of_threads
    assert len(threads.helpers) <= 2  # an error costs no thread
    test_every_number_is_in_one_range(count_of_threads)


def test_spread_work_may_spread(count_of_threads):
    out = np.zeros((4, 5))

    def row(i):
        def work(start, stop):
            out[i, start:stop] += 1

        return work

    def rows(start, stop):
        for i in range(start, stop):
            threads.spread(row(i), 5)

    threads.spread(rows, 4)
    assert np.all(out == 1)


def test_errstate_holds_in_every_thread(count_of_threads):
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        threads.spread(lambda start, stop: np.ones(9) / np.zeros(9), 4)


def test_a_failed_share_waits_for_the_others(two_threads):
    """Nobody is at work on an array any more when the caller learns of the error."""
    begun, at_work = threading.Event(), []

    def work(start, stop):
        if start == 0:
            assert begun.wait(10)
            raise ValueError
        begun.set()
        time.sleep(0.05)
        at_work.append(False)

    with pytest.raises(ValueError, match="^$"):
        threads.spread(work, 2)
    assert at_work == [False]


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="needs signals")
def test_interrupt_waits_for_the_helpers(two_threads):
    main, ended = threading.main_thread().ident, []

    def work(start, stop):
        if start:
            for _ in range(3):
                signal.pthread_kill(main, signal.SIGINT)
                time.sleep(0.02)
            ended.append(True)
        else:
            threading.Event().wait(0.05)  # the helper begins meanwhile, or it would be done here

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & ignores it
    try:
        for _ in range(3):
            ended.clear()
            with pytest.raises(KeyboardInterrupt):
                threads.spread(work, 2)
            assert ended == [True]
            assert threads.threads() == 2
    finally:
        signal.signal(signal.SIGINT, before)


def test_work_that_no_helper_has_begun_is_done_by_the_caller(two_threads, monkeypatch):
    monkeypatch.setattr(threads._Helper, "start", lambda self, task: None)
    seen = np.zeros(8, int)
    threads.spread(lambda start, stop: np.add.at(seen, slice(start, stop), 1), 8)
    assert np.all(seen == 1)


def test_helpers_without_work_leave_and_are_hired_again(two_threads, monkeypatch):
    monkeypatch.setattr(threads, "_IDLE", 0.01)
    for _ in range(2):
        out, at_work = np.zeros(4, int), []

        def work(start, stop, out=out, at_work=at_work):
            out[start:stop] += 1
            at_work.append(len(threads.helpers))

        threads.spread(work, 4)
        assert out.tolist() == [1] * 4
        assert min(at_work) >= 1
        for helper in list(threads.helpers):
            helper._thread.join(timeout=60)
        assert not threads.helpers


def test_without_permission_to_choose_processors(two_threads, monkeypatch):
    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(threads._Helper, "pins", True)
    monkeypatch.setattr(threads, "helpers", [])
    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    test_every_number_is_in_one_range(2)
    monkeypatch.setattr(threads, "_processor", refuse)
    test_every_number_is_in_one_range(2)


def test_without_threads_to_be_had(two_threads, monkeypatch):
    def refuse(*_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threads, "helpers", [])
    monkeypatch.setattr(threading.Thread, "start", refuse)
    test_every_number_is_in_one_range(2)


def test_many_threads_leave_the_number_of_threads_alone(two_threads):
    x = np.ones((200, 200), np.float32)
    threads.spread(lambda start, stop: None, 2)  # now there is a helper

    def use():
        for _ in range(100):
            threads.spread(lambda start, stop: x.dot(x), 2)
            product.product(x, x)
            with threads.alone:
                assert threads.threads() == 2

    users = [threading.Thread(target=use) for _ in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert mt.get_num_threads() == threads._openblas()[0]() == 2


def test_the_number_set_meanwhile_counts(two_threads):
    with threads.alone:
        mt.set_num_threads(3)
        assert mt.get_num_threads() == 3
        assert threads._openblas()[0]() == 1
    assert mt.get_num_threads() == threads._openblas()[0]() == 3


def test_products_beside_helpers_are_products(count_of_threads):
    threads.spread(lambda start, stop: None, 4)
    rng = np.random.default_rng(0)
    for rows, inner, columns in [(3, 5, 2), (90, 80, 70), (70, 500, 301), (301, 500, 70)]:
        x, y = rng.standard_normal((rows, inner)), rng.standard_normal((inner, columns))
        np.testing.assert_allclose(product.product(x, y), np.einsum("ij,jk", x, y), rtol=1e-9)
        np.testing.assert_allclose(product.with_vector(x, y[:, 0]), (x * y[:, 0]).sum(1), rtol=1e-9)
        np.testing.assert_allclose(product.with_vector(x[0], y), np.einsum("j,jk", x[0], y))
    for stack in [(5,), (3, 4), (1, 2)]:
        x, y = rng.standard_normal((*stack, 90, 170)), rng.standard_normal((*stack, 170, 110))
        for a, b in [(x, y), (x, y.swapaxes(-1, -2).copy().swapaxes(-1, -2))]:
            expected = [u @ v for u, v in zip(a.reshape(-1, 90, 170), b.reshape(-1, 170, 110))]
            found = product.products(a, b)
            assert found.shape == (*stack, 90, 110)
            np.testing.assert_allclose(found.reshape(-1, 90, 110), expected, rtol=1e-9)


AFTER_A_FORK = """
import os
from minitorch.numerics import threads
threads.alone.usual = 2
threads.spread(lambda start, stop: None, 2)
with threads.alone:
    child = os.fork()
    if not child:
        assert threads.threads() == threads._openblas()[0]() == 2, threads.threads()
        done = []
        threads.spread(lambda start, stop: done.append(stop - start), 2)
        os._exit(0 if done == [1, 1] and threads.threads() == 2 else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert threads.threads() == 2
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_while_openblas_is_alone():
    subprocess.run([sys.executable, "-c", AFTER_A_FORK], check=True, timeout=60)
