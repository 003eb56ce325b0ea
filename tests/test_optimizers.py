"""Laws of all optimizers; their values are compared with PyTorch's in tests/parity."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch as mt
from minitorch import optim
from minitorch.numerics.added import add_scaled

# Rates with which each gets down a small bowl.
OPTIMIZERS = {
    "SGD": {"lr": 0.1, "momentum": 0.5},
    "Adam": {"lr": 0.1},
    "AdamW": {"lr": 0.1, "amsgrad": True, "weight_decay": 0.0},
    "NAdam": {"lr": 0.1},
    "RAdam": {"lr": 0.3},
    "Adamax": {"lr": 0.1},
    "Adagrad": {"lr": 0.5},
    "Adadelta": {"lr": 10.0},
    "Adafactor": {"lr": 0.1},
    "RMSprop": {"lr": 0.02, "momentum": 0.5, "centered": True},
    "Rprop": {},
    "ASGD": {"lr": 0.1, "t0": 10},
    "LBFGS": {"line_search_fn": "strong_wolfe"},
    "Muon": {"lr": 0.02, "weight_decay": 0.0},
}
every = pytest.mark.parametrize("name", OPTIMIZERS)


def parameters(seed=0, dtype="float64"):
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (2, 2)]
    return [mt.tensor(rng.standard_normal(s).astype(dtype)).requires_grad_() for s in shapes]


def build(name, params, **options):
    return getattr(optim, name)(params, **{**OPTIMIZERS[name], **options})


def loss_of(params):
    return sum(((p - 0.5) ** 2 * (1 + i)).sum() for i, p in enumerate(params))


def gentle(name, params):
    """A step that moves even when the closure's loss does not."""
    return build(name, params, **({"line_search_fn": None, "lr": 0.1} if name == "LBFGS" else {}))


def train(optimizer, params, steps):
    def closure():
        optimizer.zero_grad()
        loss = loss_of(params)
        loss.backward()
        return loss

    return [float(optimizer.step(closure)) for _ in range(steps)]


def arrays(params):
    return [p.detach().numpy().copy() for p in params]


def same(a, b):
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


@every
def test_goes_down_a_bowl(name):
    params = parameters()
    losses = train(build(name, params), params, 200)
    assert losses[-1] < 0.02 * losses[0]


@every
def test_goes_on_bit_for_bit_from_its_state(name):
    params = parameters()
    optimizer = build(name, params)
    train(optimizer, params, 4)
    again = [p.detach().clone().requires_grad_() for p in params]
    restored = build(name, again)
    restored.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    train(optimizer, params, 4)
    train(restored, again, 4)
    assert same(arrays(params), arrays(again))


@every
def test_a_pickled_or_copied_optimizer_goes_on_bit_for_bit(name):
    params = parameters()
    optimizer = build(name, params)
    train(optimizer, params, 3)
    for other in (pickle.loads(pickle.dumps(optimizer)), copy.deepcopy(optimizer)):
        own = other.param_groups[0]["params"]
        train(other, own, 3)
        fresh = parameters()
        straight = build(name, fresh)
        train(straight, fresh, 6)
        assert same(arrays(own), arrays(fresh))


@every
def test_leaves_gradients_and_missing_gradients_alone(name):
    params = parameters()
    optimizer = gentle(name, params)
    before = arrays(params)
    params[0].grad = mt.ones_like(params[0])

    def closure():
        return mt.tensor(1.0)

    optimizer.step(closure)
    assert (params[0].grad == 1).all()
    assert np.array_equal(before[1], params[1].detach().numpy())
    assert not np.array_equal(before[0], params[0].detach().numpy())


@every
def test_bad_hyperparameters_raise(name):
    for options in ({"lr": -1.0}, {"lr": float("nan")}, {"lr": mt.tensor([0.1, 0.2])}):
        with pytest.raises(ValueError):
            getattr(optim, name)(parameters(), **options)
    with pytest.raises(ValueError, match="empty"):
        getattr(optim, name)([])
    p = parameters()[0]
    with pytest.raises(ValueError, match="twice"):
        getattr(optim, name)([p, p])


@every
def test_graphs_notice_that_parameters_have_changed(name):
    params = parameters()
    optimizer = gentle(name, params)
    train(optimizer, params, 1)
    loss = loss_of(params)
    stale = (params[0] * params[0]).sum()
    loss.backward()
    optimizer.step(lambda: loss_of(params))
    with pytest.raises(RuntimeError, match=r"overwritten|modified|in-place|in place"):
        stale.backward()


ELEMENTWISE = [
    n for n in OPTIMIZERS if issubclass(getattr(optim, n), optim.elementwise.Elementwise)
]


@pytest.mark.parametrize("name", ELEMENTWISE)
@given(sizes=st.lists(st.integers(0, 40_000), min_size=1, max_size=4), late=st.booleans())
def test_each_parameter_steps_as_if_alone(name, sizes, late):
    """Whether small and laid end to end, or large and cut into tiles; whoever joins late."""
    rng = np.random.default_rng(0)
    values = [rng.standard_normal(n).astype("float32") for n in sizes]
    slopes = [rng.standard_normal(n).astype("float32") for n in sizes]

    def run(indices):
        params = {i: mt.tensor(values[i]).requires_grad_() for i in indices}
        optimizer = build(name, list(params.values()))
        for step in range(3):
            for i, p in params.items():
                absent = late and i % 2 and step == 0
                p.grad = None if absent else mt.tensor(slopes[i] * (1 - 0.7 * step))
            optimizer.step()
        return {i: p.detach().numpy() for i, p in params.items()}

    together = run(range(len(sizes)))
    for i in together:
        assert np.array_equal(together[i], run([i])[i])


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_any_memory_layout(name):
    rng = np.random.default_rng(0)
    results = []
    for order in "CF":
        data = np.asarray(rng.standard_normal((200, 100)) * 0 + np.arange(100), order=order)
        p = mt.from_numpy(data).requires_grad_()
        optimizer = build(name, [p])
        for step in range(3):
            p.grad = mt.from_numpy(np.asarray(np.outer(np.arange(200) - step, np.ones(100)),
                                              order="F"))  # fmt: skip
            optimizer.step()
        results.append(p.detach().numpy())
    assert np.array_equal(*results)


def test_states_may_be_replaced_emptied_and_changed_in_place():
    params = parameters()
    optimizer = optim.Adam(params, lr=0.1)
    train(optimizer, params, 2)
    optimizer.state[params[0]]["exp_avg"] = mt.zeros_like(params[0])
    optimizer.state[params[1]]["exp_avg_sq"].mul_(100.0)
    saved = copy.deepcopy(optimizer.state_dict())
    other = [p.detach().clone().requires_grad_() for p in params]
    fresh = optim.Adam(other, lr=0.1)
    fresh.load_state_dict(saved)
    train(optimizer, params, 2)
    train(fresh, other, 2)
    assert same(arrays(params), arrays(other))
    optimizer.state.clear()
    train(optimizer, params, 1)
    assert optimizer.state[params[0]]["step"] == 1


def test_step_is_a_float32_scalar():
    params = parameters()
    for name in ELEMENTWISE:
        optimizer = build(name, params)
        train(optimizer, params, 2)
        step = optimizer.state[params[1]]["step"]
        assert (step.dtype, step.shape, step.item()) == (mt.float32, (), 2.0)


def test_muon_takes_matrices_and_makes_them_orthogonal():
    with pytest.raises(ValueError, match="2D"):
        optim.Muon([mt.zeros(3, requires_grad=True)])
    p = mt.zeros(6, 4, requires_grad=True)
    p.grad = mt.tensor(np.random.default_rng(0).standard_normal((6, 4)).astype("f"))
    optim.Muon([p], lr=1.0, weight_decay=0.0).step()
    sizes = np.linalg.svd(p.detach().numpy(), compute_uv=False) / np.sqrt(6 / 4)
    assert ((sizes > 0.6) & (sizes < 1.3)).all()


def test_lbfgs_solves_rosenbrock():
    p = mt.tensor([-1.2, 1.0], dtype=mt.float64, requires_grad=True)
    optimizer = optim.LBFGS([p], max_iter=60, tolerance_change=1e-15, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2
        loss.backward()
        return loss

    for _ in range(2):
        optimizer.step(closure)
    np.testing.assert_allclose(p.detach().numpy(), [1.0, 1.0], atol=1e-6)
    with pytest.raises(TypeError, match="closure"):
        optimizer.step()
    with pytest.raises(ValueError, match="groups"):
        optim.LBFGS([{"params": [p]}, {"params": [mt.zeros(1, requires_grad=True)]}])


def test_hooks_and_names():
    p, q = parameters()
    with pytest.raises(ValueError, match="names"):
        optim.Adam([("p", p), q])
    with pytest.raises(ValueError, match="names"):
        optim.Adam([{"params": [("p", p)]}, {"params": [q]}])
    optimizer = optim.LBFGS([p])
    calls = []
    optimizer.register_step_pre_hook(lambda *_: calls.append("before"))
    optimizer.register_step_post_hook(lambda *_: calls.append("after"))
    train(optimizer, [p], 1)
    assert calls == ["before", "after"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["SGD", "ASGD", "AdamW", "RMSprop", "Rprop", "Adafactor"])
def test_the_number_of_threads_changes_no_bit(name, dtype, monkeypatch):
    monkeypatch.setattr("minitorch.optim.elementwise.SHARED", 1)
    monkeypatch.setattr("minitorch.numerics.added.SHARED", 1)
    rng = np.random.default_rng(0)
    start = rng.standard_normal(700_001).astype(dtype)
    slopes = [rng.standard_normal(start.size).astype(dtype) for _ in range(2)]
    results, usual = [], mt.get_num_threads()
    try:
        for threads in (1, 2, 3):
            mt.set_num_threads(threads)
            p = mt.tensor(start).requires_grad_()
            optimizer = build(name, [p])
            for slope in slopes:
                p.grad = mt.tensor(slope)
                optimizer.step()
            results.append(p.detach().numpy())
    finally:
        mt.set_num_threads(usual)
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    assert not np.array_equal(results[0], start)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("size", [0, 1, 5, 40_001, 1_100_003])
def test_adding_a_multiple_in_one_pass(size, dtype):
    rng = np.random.default_rng(size)
    y, x = rng.standard_normal((2, size)).astype(dtype)
    exact = y.astype(np.longdouble) + np.longdouble(dtype(-0.1)) * x.astype(np.longdouble)
    x_before = x.copy()
    add_scaled(y, -0.1, x)
    assert np.abs(y - exact).max(initial=0) <= 2 * np.finfo(dtype).eps * np.abs(exact).max(
        initial=1
    )
    assert np.array_equal(x, x_before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("size", [0, 5, 40_001, 1_100_003])
@pytest.mark.parametrize("keep", [0.9, -1.5, 0.0, 1.0])
def test_keeping_a_part_and_adding_a_multiple(keep, size, dtype):
    rng = np.random.default_rng(size)
    y, x = rng.standard_normal((2, size)).astype(dtype)
    wide = np.longdouble
    terms = wide(dtype(keep)) * y.astype(wide), wide(dtype(-0.1)) * x.astype(wide)
    add_scaled(y, -0.1, x, keep=keep)
    allowed = 2 * np.finfo(dtype).eps * (abs(terms[0]) + abs(terms[1]))
    assert (np.abs(y - sum(terms)) <= allowed + np.finfo(dtype).smallest_subnormal).all()


@pytest.mark.parametrize("a, keep", [(0.0, 0.5), (0.5, 0.0), (0.0, 1.0)])
def test_a_factor_of_zero_hides_neither_nan_nor_infinity(a, keep):
    y, x = np.ones((2, 100_000), np.float32)
    y[3], x[5] = np.nan, np.inf
    with np.errstate(invalid="ignore"):
        expected = keep * y + a * x
        add_scaled(y, a, x, keep=keep)
    assert np.array_equal(y, expected, equal_nan=True)


@pytest.mark.parametrize(
    "make", [lambda p: optim.ASGD(p, t0=1, lambd=0.1), lambda p: optim.SGD(p, 0.1, momentum=0.9)]
)
def test_a_large_parameter_steps_as_its_parts_do(make):
    start, slope = np.random.default_rng(1).standard_normal((2, 1_200_000)).astype("f")
    whole = [mt.tensor(start, requires_grad=True)]
    parts = [mt.tensor(piece, requires_grad=True) for piece in np.split(start, 400)]
    for params in (whole, parts):
        optimizer = make(params)
        for _ in range(4):
            for p, g in zip(params, np.split(slope, len(params))):
                p.grad = mt.tensor(g)
            optimizer.step()
    together = np.concatenate([p.detach().numpy() for p in parts])
    np.testing.assert_allclose(whole[0].detach().numpy(), together, rtol=1e-5, atol=1e-6)
    assert not np.array_equal(together, start)


def test_adding_a_multiple_leaves_alone_what_may_not_be_written():
    y = np.zeros(100_000, np.float32)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        add_scaled(y, 1.0, np.ones_like(y))
    with pytest.raises(ValueError, match="broadcast"):
        add_scaled(np.zeros(100_000, np.float32), 1.0, np.ones(100_001, np.float32))
    assert not y.any()


def test_adding_a_multiple_to_every_second_element():
    y = np.zeros(100_000, np.float32)
    add_scaled(y[::2], 3.0, np.ones(50_000, np.float32))
    assert np.array_equal(y, np.tile(np.float32([3, 0]), 50_000))


STEPPED = {
    "step()": (lambda o, closure: o.step(), ("o",), {}),
    "step(closure)": (lambda o, closure: o.step(closure), ("o", "closure"), {}),
    "step(closure=closure)": (lambda o, closure: o.step(closure=closure), ("o",), {"closure": 1}),
}


@pytest.mark.parametrize("step", STEPPED)
@pytest.mark.parametrize("name", ["SGD", "Adam", "Muon"])
def test_step_hooks_get_the_arguments_as_they_were_given(name, step):
    p = mt.ones(2, 2, requires_grad=True)
    p.grad = mt.ones(2, 2)
    optimizer, seen = getattr(optim, name)([p]), []
    optimizer.register_step_pre_hook(lambda *given: seen.append(given))
    optimizer.register_step_post_hook(lambda *given: seen.append(given))

    def closure():
        return (p * p).sum()

    call, args, kwargs = STEPPED[step]
    call(optimizer, closure)
    known = {"o": optimizer, "closure": closure}
    expected = (optimizer, tuple(known[a] for a in args), dict.fromkeys(kwargs, closure))
    assert seen == [expected, expected]


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_switches_that_exclude_each_other(name):
    make, params = getattr(optim, name), [mt.ones(2, requires_grad=True)]
    for harmless in ({"fused": True}, {"foreach": True}, {"fused": False, "foreach": True}):
        make(params, **harmless)
    with pytest.raises(RuntimeError, match="together"):
        make(params, fused=True, foreach=True)
    with pytest.raises(RuntimeError, match="does not support"):
        make(params, fused=True, differentiable=True)
    with pytest.raises(NotImplementedError, match="create_graph"):
        make(params, differentiable=True)


def test_rprop_stays_where_a_gradient_is_nan():
    p = mt.nn.Parameter(mt.ones(2))
    optimizer = mt.optim.Rprop([p])
    for _ in range(3):
        p.grad = mt.tensor([float("nan"), 1.0])
        optimizer.step()
    assert p[0].item() == 1.0 and p[1].item() < 0.98
