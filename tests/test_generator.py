"""The laws of the random generator; its agreement with PyTorch is tests/parity's."""

import copy
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minitorch.generator import DEFAULT_SEED, Generator, default_generator

DTYPES = ["float16", "float32", "float64"]
sizes = st.lists(st.integers(0, 6), max_size=3).map(tuple)
seeds = st.integers(-(2**63), 2**64 - 1)

# Each takes a generator to an array of `n` numbers.
DRAWS = {
    "uniform": lambda g, n: g.uniform((n,)),
    "uniform of float16": lambda g, n: g.uniform((n,), "float16", -1, 1),
    "uniform of float64": lambda g, n: g.uniform((n,), "float64", 2, 5),
    "normal": lambda g, n: g.normal((n,)),
    "normal of float16": lambda g, n: g.normal((n,), "float16"),
    "normal of complex": lambda g, n: g.normal((n,), "complex64"),
    "normal_of": lambda g, n: g.normal_of(np.arange(n), np.arange(n)),
    "integers": lambda g, n: g.integers(-5, 5, (n,)),
    "wide integers": lambda g, n: g.integers(-(2**63), 2**63, (n,)),
    "random": lambda g, n: g.random((n,), "int8"),
    "permutation": lambda g, n: g.permutation(n),
    "bernoulli": lambda g, n: g.bernoulli(0.3, (n,)),
    "exponential": lambda g, n: g.exponential((n,)),
    "geometric": lambda g, n: g.geometric((n,), 0.3),
    "cauchy": lambda g, n: g.cauchy((n,)),
    "log_normal": lambda g, n: g.log_normal((n,)),
    "poisson": lambda g, n: g.poisson(np.arange(n, dtype="float32")),
    "binomial": lambda g, n: g.binomial(np.arange(float(n)), np.float64(0.4)),
    "multinomial": lambda g, n: g.multinomial(np.arange(1.0, n + 2), n + 1, True),
    "multinomial without replacement": lambda g, n: g.multinomial(np.arange(1.0, n + 2), n + 1),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


def seeded(seed=0):
    return Generator().manual_seed(seed)


# Seed and state -----------------------------------------------------------------------------------


@every_draw
@pytest.mark.parametrize("n", [0, 1, 5, 16, 37])
def test_same_seed_same_numbers_and_fresh_arrays(draw, n):
    first, second = draw(seeded(3), n), draw(seeded(3), n)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == second.dtype
    assert first.flags.writeable
    assert not np.shares_memory(first, second)


@every_draw
@pytest.mark.parametrize("before", [0, 1, 2, 623, 625])
def test_a_state_brings_back_the_stream(draw, before):
    g = seeded(1)
    g.uniform((before,))
    g.normal((before % 2,))  # leaves a spare normal behind
    state = g.get_state()
    expected = draw(g, 19)
    after = g.get_state()
    other = seeded(99)
    other.set_state(state)
    np.testing.assert_array_equal(other.get_state(), state)
    np.testing.assert_array_equal(draw(other, 19), expected)
    np.testing.assert_array_equal(other.get_state(), after)
    assert other.initial_seed() == 1


@given(seeds)
def test_seeds(seed):
    g = Generator()
    assert g.manual_seed(seed) is g
    assert g.initial_seed() == seed % 2**64
    # only the low 32 bits count
    assert g.uniform((1,)) == seeded(seed % 2**32).uniform((1,))


def test_seeding_forgets_the_spare_normal():
    g = seeded(5)
    expected = g.normal((3,))
    np.testing.assert_array_equal(g.manual_seed(5).normal((3,)), expected)


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1])
def test_seeds_out_of_range(seed):
    with pytest.raises(ValueError, match="between -2\\*\\*63 and"):
        Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", [1.0, "1", True, None])
def test_seeds_of_other_types(seed):
    with pytest.raises(TypeError, match="expected an int"):
        Generator().manual_seed(seed)


def test_seed_is_unforeseen():
    g = Generator()
    first, second = g.seed(), g.seed()
    assert first != second == g.initial_seed()
    assert g.uniform((1,)) == seeded(second).uniform((1,))


def test_the_default_generator():
    assert Generator().initial_seed() == DEFAULT_SEED == 67280421310721
    assert default_generator.device == "cpu"


def test_bad_states_change_nothing():
    g = seeded(7)
    g.normal((1,))
    good = g.get_state()
    assert good.shape == (5056,)
    assert good.dtype == np.uint8
    with pytest.raises(TypeError, match="uint8"):
        g.set_state("state")
    with pytest.raises(TypeError, match="float32"):
        g.set_state(good.astype(np.float32))
    with pytest.raises(RuntimeError, match="5056"):
        g.set_state(good[:-1])
    with pytest.raises(RuntimeError, match="5056"):
        g.set_state(good.reshape(2, -1))
    with pytest.raises(RuntimeError, match="not the state of a generator"):
        g.set_state(np.zeros_like(good))
    np.testing.assert_array_equal(g.get_state(), good)


def test_a_state_is_a_copy():
    g = seeded()
    state = g.get_state()
    kept = state.copy()
    g.uniform((1000,))
    np.testing.assert_array_equal(state, kept)
    g.set_state(state)
    state[:] = 0
    np.testing.assert_array_equal(g.get_state(), kept)


@pytest.mark.parametrize(
    "twin",
    [copy.copy, copy.deepcopy, lambda g: pickle.loads(pickle.dumps(g)), Generator.clone_state],
)
def test_copies_go_on_by_themselves(twin):
    g = Generator("somewhere").manual_seed(4)
    g.normal((1,))
    other = twin(g)
    assert other.device == "somewhere"
    expected = g.normal((5,))
    np.testing.assert_array_equal(other.normal((5,)), expected)
    np.testing.assert_array_equal(other.get_state(), g.get_state())


# Streams ------------------------------------------------------------------------------------------


def test_known_numbers():
    # The words of seed 5489 are published with mt19937: 3499211612, 581869302, 3890346734, ...
    g = seeded(5489)
    assert g.integers(0, 2**28, (0,)).shape == (0,)
    assert g.integers(0, 10**8, (3,)).tolist() == [99211612, 81869302, 90346734]
    np.testing.assert_array_equal(
        seeded(0).uniform((3,)),
        np.float32([0.49625658988952637, 0.7682217955589294, 0.08847743272781372]),
    )
    np.testing.assert_allclose(seeded(0).normal((2,)), [1.5409960746765137, -0.293428897857666])
    assert seeded(0).permutation(5).tolist() == [4, 0, 1, 3, 2]


@given(seeds, st.integers(0, 40), st.integers(0, 40), st.sampled_from(DTYPES))
def test_uniforms_form_one_stream(seed, m, n, dtype):
    g = seeded(seed)
    parts = np.concatenate([g.uniform((m,), dtype, -2, 3), g.uniform((n,), dtype, -2, 3)])
    np.testing.assert_array_equal(parts, seeded(seed).uniform((m + n,), dtype, -2, 3))


@given(seeds, st.integers(0, 15), st.integers(0, 15))
def test_a_few_normals_form_one_stream(seed, m, n):
    g, whole = seeded(seed), seeded(seed)
    parts = [*g.normal((m,), "float64"), *g.normal((n,), "float64")]
    assert parts == [whole.normal((), "float64") for _ in parts]


def test_large_arrays_are_made_in_tiles_without_seams():
    n = 2**14 + 5
    g = seeded()
    parts = np.concatenate(
        [g.uniform((7,), "float64", -1, 3), g.uniform((n - 7,), "float64", -1, 3)]
    )
    np.testing.assert_array_equal(seeded().uniform((n,), "float64", -1, 3), parts)
    long, short = seeded().normal((2 * n,)), seeded().normal((160,))
    np.testing.assert_array_equal(long[:160], short)


# Shapes, dtypes, ranges ---------------------------------------------------------------------------


@given(sizes, st.sampled_from([*DTYPES, "complex64", "complex128"]), seeds)
def test_shapes_and_dtypes(size, dtype, seed):
    g = seeded(seed)
    draws = [g.uniform(size, dtype), g.normal(size, dtype)]
    if dtype in DTYPES:
        draws += [g.exponential(size, dtype), g.cauchy(size, dtype), g.log_normal(size, dtype)]
        draws += [g.geometric(size, 0.5, dtype), g.bernoulli(0.5, size, dtype)]
        draws += [
            g.integers(0, 9, size, dtype),
            g.poisson(draws[0]),
            g.binomial(draws[0], draws[0]),
        ]
    for x in draws:
        assert isinstance(x, np.ndarray)
        assert x.shape == size
        assert x.dtype == dtype


@given(st.floats(-100, 100, width=16), st.floats(0, 100, width=16), st.sampled_from(DTYPES), seeds)
def test_uniform_stays_in_its_range(low, width, dtype, seed):
    low, high = np.dtype(dtype).type([low, low + width]).tolist()
    x = seeded(seed).uniform((500,), dtype, low, high)
    assert (x >= low).all()
    assert (x < high).all() or low == high


def test_uniform_never_rounds_up_to_one():
    assert seeded().uniform((200_000,), "float16").max() < 1
    assert seeded().uniform((200_000,)).max() < 1


@given(st.integers(-(2**63), 2**63 - 1), st.integers(1, 2**64), seeds)
def test_integers_stay_in_their_range(low, span, seed):
    high = min(low + span, 2**63)
    x = seeded(seed).integers(low, high, (50,))
    assert all(low <= k < high for k in x.tolist())


@pytest.mark.parametrize("dtype", ["bool", "int8", "uint8", "int16", "int32", "int64"])
def test_integers_fill_their_dtype(dtype):
    low, high = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    x = seeded().integers(low, high + 1, (20_000,), dtype)
    assert x.dtype == dtype
    assert abs(x.astype(float).mean() - (low + high) / 2) < (high - low) / 100
    y = seeded().random((20_000,), dtype)
    assert y.dtype == dtype
    assert abs(y.astype(float).mean() - high / 2) < high / 50


@given(st.integers(0, 300), seeds)
def test_permutation_swaps_one_place_after_another(n, seed):
    g = seeded(seed)
    expected = list(range(n))
    for k in range(n - 1):
        other = k + g.integers(0, n - k, ()).item()
        expected[k], expected[other] = expected[other], expected[k]
    assert seeded(seed).permutation(n).tolist() == expected


@given(seeds, st.integers(1, 30), st.data())
def test_multinomial_without_replacement_repeats_nothing(seed, classes, data):
    # Not subnormal: those vanish when they are divided by a random number, as in PyTorch.
    numbers = st.floats(0, 10, allow_subnormal=False)
    weights = np.array(data.draw(st.lists(numbers, min_size=classes, max_size=classes)))
    weights[data.draw(st.integers(0, classes - 1))] = 1
    drawn = seeded(seed).multinomial(weights, classes)
    assert sorted(drawn) == list(range(classes))
    assert (weights[drawn[: np.count_nonzero(weights)]] > 0).all()  # zero weights come last


def test_multinomial_by_rows():
    weights = np.float32([[0, 1, 0], [0.5, 0, 0.5]])
    drawn = seeded().multinomial(weights, 1000, True)
    assert drawn.shape == (2, 1000)
    assert drawn.dtype == np.int64
    assert set(drawn[0]) == {1}
    assert set(drawn[1]) == {0, 2}
    assert seeded().multinomial(np.ones((0, 3)), 2, True).shape == (0, 2)
    assert seeded().multinomial(np.ones((0, 3)), 2).shape == (0, 2)


def test_bernoulli_of_an_array():
    p = np.array([[0, 1, 0.5]])
    x = seeded().bernoulli(p, (1000, 3), "int64")
    assert x.dtype == np.int64
    assert x[:, 0].max() == 0
    assert x[:, 1].min() == 1
    assert abs(x[:, 2].mean() - 0.5) < 0.1
    assert seeded().bernoulli(p).shape == (1, 3)


def test_certain_outcomes():
    g = seeded()
    np.testing.assert_array_equal(g.normal((20,), "float64", 3, 0), np.full(20, 3.0))
    assert (g.normal((20,), "float64", math.inf) == math.inf).all()
    np.testing.assert_array_equal(g.poisson(np.zeros(3)), np.zeros(3))
    count = np.array([3.0, 3.0, 0.0, math.nan])
    np.testing.assert_array_equal(g.binomial(count, [0.0, 1.0, 0.5, 0.5]), [0, 3, 0, math.nan])


# Distributions ------------------------------------------------------------------------------------

N = 20_000
# name: draw, mean, variance
MOMENTS = {
    "uniform": (lambda g: g.uniform((N,), "float32", -1, 3), 1, 16 / 12),
    "normal": (lambda g: g.normal((N,), "float32", 2, 3), 2, 9),
    "normal of float64": (lambda g: g.normal((N,), "float64", 2, 3), 2, 9),
    "normal pairs": (lambda g: np.concatenate([g.normal((3,)) for _ in range(N // 3)]), 0, 1),
    "normal_of": (lambda g: g.normal_of(np.full(N, 5.0), np.full(N, 2.0)), 5, 4),
    "complex normal": (lambda g: np.abs(g.normal((N,), "complex64", 0, 2)) ** 2, 4, 16),
    "integers": (lambda g: g.integers(-3, 8, (N,)), 2, (11**2 - 1) / 12),
    "bernoulli": (lambda g: g.bernoulli(0.2, (N,)), 0.2, 0.16),
    "exponential": (lambda g: g.exponential((N,), "float32", 0.5), 2, 4),
    "geometric": (lambda g: g.geometric((N,), 0.25), 4, 12),
    "cauchy": (lambda g: np.arctan(g.cauchy((N,), "float64", 2, 3) / 3 - 2 / 3), 0, np.pi**2 / 12),
    "log_normal": (lambda g: np.log(g.log_normal((N,), "float64", -1, 2)), -1, 4),
    "poisson": (lambda g: g.poisson(np.full(N, 3.5)), 3.5, 3.5),
    "large poisson": (lambda g: g.poisson(np.full(N, 250.0)), 250, 250),
    "binomial": (lambda g: g.binomial(np.full(N, 12.0), 0.3), 3.6, 2.52),
    "large binomial": (lambda g: g.binomial(np.full(N, 400.0), 0.9), 360, 36),
    "multinomial": (lambda g: g.multinomial(np.arange(4.0), N, True), 7 / 3, 5 / 9),
    "first of multinomial": (
        lambda g: g.multinomial(np.tile(np.arange(4.0), (N, 1)), 1),
        7 / 3,
        5 / 9,
    ),
}


@pytest.mark.parametrize(("draw", "mean", "variance"), MOMENTS.values(), ids=MOMENTS)
def test_moments(draw, mean, variance):
    x = draw(seeded(11)).astype(np.float64)
    assert abs(x.mean() - mean) < 4 * math.sqrt(variance / N)
    assert abs(x.var() / variance - 1) < 0.1


def test_multinomial_draws_in_proportion_one_after_another():
    weights = np.array([1.0, 2.0, 3.0])
    drawn = seeded().multinomial(np.tile(weights, (N, 1)), 2)
    for first, second in [(0, 1), (2, 0), (2, 1)]:
        chance = weights[first] / 6 * weights[second] / (6 - weights[first])
        found = (drawn == [first, second]).all(1).mean()
        assert abs(found - chance) < 0.015


# Errors -------------------------------------------------------------------------------------------

ones = np.ones(3)
ERRORS = [
    (lambda g: g.uniform((1,), "int64"), TypeError, "int64"),
    (lambda g: g.uniform((1,), "float32", 2, 1), RuntimeError, "low=2 and high=1"),
    (lambda g: g.uniform((1,), "float16", 0, 1e5), RuntimeError, "float16"),
    (lambda g: g.uniform((1,), "float32", -3e38, 3e38), RuntimeError, "distance"),
    (lambda g: g.uniform((1,), "float32", math.nan), RuntimeError, "low=nan"),
    (lambda g: g.normal((1,), "int64"), TypeError, "int64"),
    (lambda g: g.normal((1,), "float32", 0, -1), RuntimeError, "std -1"),
    (lambda g: g.normal((1,), "float32", 0, math.nan), RuntimeError, "std nan"),
    (lambda g: g.normal_of(ones, -ones), RuntimeError, "std"),
    (lambda g: g.normal_of(ones, np.ones(4)), ValueError, "shape"),
    (lambda g: g.integers(5, 5, (1,)), RuntimeError, "low=5 >= high=5"),
    (lambda g: g.integers(0, 257, (1,), "uint8"), RuntimeError, "uint8"),
    (lambda g: g.integers(-1, 2, (1,), "bool"), RuntimeError, "bool"),
    (lambda g: g.integers(0, 70000, (1,), "float16"), RuntimeError, "float16"),
    (lambda g: g.integers(0, 2, (1,), "complex64"), TypeError, "complex64"),
    (lambda g: g.permutation(-1), RuntimeError, "n=-1"),
    (lambda g: g.permutation(257, "uint8"), RuntimeError, "uint8"),
    (lambda g: g.bernoulli(1.5, (1,)), RuntimeError, "p=1.5"),
    (lambda g: g.bernoulli(np.array([0.5, math.nan])), RuntimeError, "nan"),
    (lambda g: g.bernoulli(np.full(3, 0.5), (2,)), ValueError, "broadcast"),
    (lambda g: g.exponential((1,), "float32", 0), RuntimeError, "rate=0"),
    (lambda g: g.exponential((1,), "int64"), TypeError, "int64"),
    (lambda g: g.geometric((1,), 1), RuntimeError, "p=1"),
    (lambda g: g.cauchy((1,), "float32", 0, 0), RuntimeError, "sigma=0"),
    (lambda g: g.log_normal((1,), "float32", 0, 0), RuntimeError, "std=0"),
    (lambda g: g.poisson(-ones), RuntimeError, ">= 0"),
    (lambda g: g.poisson(ones * math.inf), RuntimeError, "finite"),
    (lambda g: g.poisson(np.arange(3)), TypeError, "int64"),
    (lambda g: g.binomial(np.arange(3), ones), TypeError, "int64"),
    (lambda g: g.multinomial(np.arange(3), 1), TypeError, "int64"),
    (lambda g: g.multinomial(np.float64(1), 1), RuntimeError, "1 or 2 dimensions"),
    (lambda g: g.multinomial(np.ones((2, 2, 2)), 1), RuntimeError, "1 or 2 dimensions"),
    (lambda g: g.multinomial(ones, 0), RuntimeError, "0 of 3 classes"),
    (lambda g: g.multinomial(ones, 4), RuntimeError, "4 of 3 classes without"),
    (lambda g: g.multinomial(np.zeros(3), 1), RuntimeError, "sum to 0"),
    (lambda g: g.multinomial(np.zeros((2, 0)), 2, True), RuntimeError, "sum to 0"),
    (lambda g: g.multinomial(np.array([1, -1.0]), 1), RuntimeError, "< 0"),
    (lambda g: g.multinomial(np.array([1, math.nan]), 5, True), RuntimeError, "nan"),
    (lambda g: g.multinomial(np.array([1, math.inf]), 5, True), RuntimeError, "inf"),
]


@pytest.mark.parametrize(("draw", "error", "words"), ERRORS)
def test_errors_take_nothing_from_the_stream(draw, error, words):
    g = seeded()
    before = g.get_state()
    with pytest.raises(error, match=words):
        draw(g)
    np.testing.assert_array_equal(g.get_state(), before)
