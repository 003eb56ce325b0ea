"""torch.futures: results that come later, from other threads."""

import threading

import pytest

import minitorch as mt
from minitorch.futures import Future, collect_all, wait_all


def test_a_result_is_waited_for_and_set_once():
    later = Future()
    with pytest.raises(RuntimeError, match="no result yet"):
        later.value()
    threading.Timer(0.01, later.set_result, [mt.ones(2)]).start()
    assert later.wait().sum() == 2 and later.done() and later.value() is later.wait()
    with pytest.raises(RuntimeError, match="only once"):
        later.set_result(1)


def test_callbacks_make_further_futures_and_pass_errors_on():
    later, seen = Future(), []
    good, bad = later.then(lambda f: f.wait() + 1), later.then(lambda f: f.wait() / 0)
    further = bad.then(lambda f: f.value())
    later.add_done_callback(lambda f: seen.append(f.value()))
    later.set_result(1)
    assert good.wait() == 2 and seen == [1] and later.then(lambda f: 5).wait() == 5
    for failed in (bad, further):
        with pytest.raises(ZeroDivisionError):
            failed.wait()
    with pytest.raises(AssertionError):
        Future().set_exception("no exception")


def test_several_together():
    several = [Future() for _ in range(3)]
    together = collect_all(several)
    for i in (2, 0, 1):
        assert not together.done()
        several[i].set_result(i)
    assert together.wait() == several and wait_all(several) == [0, 1, 2]
    assert collect_all([]).wait() == [] and wait_all([]) == []
    failing = Future()
    failing.set_exception(KeyError("lost"))
    with pytest.raises(KeyError):
        wait_all([several[0], failing])
