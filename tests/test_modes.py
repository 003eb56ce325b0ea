"""Grad modes: contexts, decorators, plain calls; nested, across errors, generators and threads."""

import threading

import pytest

import minitorch as mt
from minitorch.autograd import detect_anomaly, set_detect_anomaly
from minitorch.engine.modes import is_anomaly_enabled, is_inference_mode_enabled

OFF = {
    "no_grad": lambda: mt.no_grad(),
    "inference_mode": lambda: mt.inference_mode(),
    "set_grad_enabled": lambda: mt.set_grad_enabled(False),
}
ON = {
    "enable_grad": lambda: mt.enable_grad(),
    "inference_mode(False)": lambda: mt.inference_mode(False),
    "set_grad_enabled": lambda: mt.set_grad_enabled(True),
}


@pytest.fixture(autouse=True)
def modes_are_left_as_they_were():
    yield
    assert mt.is_grad_enabled() and not is_inference_mode_enabled() and not is_anomaly_enabled()


def recorded():
    return (mt.ones(1, requires_grad=True) * 2).requires_grad


@pytest.mark.parametrize("make", OFF.values(), ids=OFF)
def test_off(make):
    with make():
        assert not mt.is_grad_enabled() and not recorded()
        assert mt.ones(1, requires_grad=True).requires_grad  # leaves can still be made
    assert recorded()


@pytest.mark.parametrize("make", ON.values(), ids=ON)
def test_on_within_off(make):
    with mt.no_grad():
        with make():
            assert recorded()
        assert not recorded()


@pytest.mark.parametrize("make", [*OFF.values(), *ON.values()])
def test_an_exception_restores_the_mode(make):
    for start in (mt.no_grad, mt.enable_grad):
        with start():
            before = mt.is_grad_enabled()
            with pytest.raises(KeyError), make():
                raise KeyError
            assert mt.is_grad_enabled() is before


@pytest.mark.parametrize("make", [*OFF.values(), *ON.values()])
def test_one_object_nested_and_used_again(make):
    context = make()
    for _ in range(2):
        with context:
            inside = mt.is_grad_enabled()
            with context:
                assert mt.is_grad_enabled() is inside
            assert mt.is_grad_enabled() is inside
        assert mt.is_grad_enabled()


def test_set_grad_enabled_as_a_plain_call():
    mt.set_grad_enabled(False)
    assert not recorded()
    mt.set_grad_enabled(True)
    assert recorded()


DECORATORS = {
    "no_grad": mt.no_grad,
    "no_grad()": mt.no_grad(),
    "inference_mode": mt.inference_mode,
    "inference_mode()": mt.inference_mode(),
}


@pytest.mark.parametrize("decorate", DECORATORS.values(), ids=DECORATORS)
def test_decorators_with_and_without_brackets(decorate):
    @decorate
    def f(x, *, y=1):
        """Doc."""
        return mt.is_grad_enabled(), x, y

    assert f(2, y=3) == (False, 2, 3) and f.__name__ == "f" and f.__doc__ == "Doc."
    assert mt.is_grad_enabled()


def test_enable_grad_and_set_grad_enabled_decorate():
    @mt.enable_grad
    def f():
        return mt.is_grad_enabled()

    switch = mt.set_grad_enabled(False)
    assert not mt.is_grad_enabled()

    @switch
    def g():
        return mt.is_grad_enabled()

    assert mt.is_grad_enabled()  # decorating has put the mode back
    again = switch(f)
    assert not g() and again()
    with mt.no_grad():
        assert f()


def test_a_decorated_function_may_recurse_and_raise():
    @mt.no_grad()
    def f(n):
        if n == 0:
            raise KeyError
        assert not mt.is_grad_enabled()
        f(n - 1)

    with pytest.raises(KeyError):
        f(3)
    assert mt.is_grad_enabled()


def test_classes_are_refused():
    with pytest.raises(TypeError, match="methods of A"):

        @mt.no_grad()
        class A:
            pass


def test_generator_functions_hold_the_mode_only_while_they_run():
    log = []

    @mt.no_grad()
    def f():
        try:
            got = yield mt.is_grad_enabled()
            log.append((got, mt.is_grad_enabled()))
            try:
                yield
            except KeyError:
                log.append(("thrown", mt.is_grad_enabled()))
            yield
        finally:
            log.append(("closed", mt.is_grad_enabled()))
        return "unreached"

    g = f()
    assert next(g) is False and mt.is_grad_enabled()
    g.send(5)
    g.throw(KeyError())
    g.close()
    assert log == [(5, False), ("thrown", False), ("closed", False)]

    @mt.no_grad
    def short():
        yield 1
        return "result"

    def outer():
        return (yield from short())

    running = outer()
    next(running)
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "result"


def test_a_thread_begins_in_the_ordinary_mode_and_keeps_its_own():
    seen, ready, go = [], threading.Event(), threading.Event()

    def work():
        seen.append(mt.is_grad_enabled())
        with mt.no_grad():
            ready.set()
            go.wait(10)
            seen.append(mt.is_grad_enabled())
        seen.append(mt.is_grad_enabled())

    with mt.no_grad():
        thread = threading.Thread(target=work)
        thread.start()
        ready.wait(10)
    assert mt.is_grad_enabled()  # whatever the thread is in
    go.set()
    thread.join()
    assert seen == [True, False, True]


def test_backward_does_not_record_unless_asked():
    x = mt.ones(1, requires_grad=True)
    seen = []
    for create_graph in (False, True):
        y = x * 2
        y.register_hook(lambda g: seen.append(mt.is_grad_enabled()))
        y.backward(create_graph=create_graph)
    with mt.no_grad():
        y = mt.enable_grad()(lambda: x * 2)()
        y.register_hook(lambda g: seen.append(mt.is_grad_enabled()))
        y.backward()
    assert seen == [False, True, False]


def test_an_error_in_backward_restores_the_mode():
    x = mt.ones(1, requires_grad=True)

    def fail(g):
        raise KeyError

    x.register_hook(fail)
    with pytest.raises(KeyError):
        (x * 2).backward()
    assert mt.is_grad_enabled()


def test_anomaly_modes():
    with detect_anomaly():
        assert is_anomaly_enabled()
    set_detect_anomaly(True)
    assert is_anomaly_enabled()
    with set_detect_anomaly(False):
        assert not is_anomaly_enabled()
    assert is_anomaly_enabled()
    set_detect_anomaly(False)
