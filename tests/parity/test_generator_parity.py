"""Same seed, same numbers as PyTorch's CPU generator; and the same state afterwards."""

import numpy as np
import pytest
import torch

from minitorch.generator import Generator

SEED = 7
REAL = ["float16", "float32", "float64"]
SIZES = [(0,), (1,), (5,), (15,), (16,), (17,), (3, 5), (4, 0), (2, 4, 4), (1003,), (70_000,)]


def both(torch_draws, ours_draws, ulps=0, seed=SEED, torch_equals=None):
    """Draw after one normal number, so that the spare of its pair lies ready."""
    generator = torch.Generator().manual_seed(seed)
    torch.randn(1, generator=generator)
    theirs = torch_draws(generator).numpy()
    g = Generator().manual_seed(seed)
    g.normal((1,))
    ours = ours_draws(g)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    if ulps:
        if ours.dtype.kind == "c":
            ours, theirs = ours.view(ours.real.dtype), theirs.view(ours.real.dtype)
        np.testing.assert_array_max_ulp(ours, theirs, ulps)
    else:
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(g.get_state(), generator.get_state().numpy())


def empty(size, dtype):
    return torch.empty(size, dtype=getattr(torch, dtype))


def takes_mkl():
    """Whether this PyTorch takes `bernoulli_` and `exponential_` from MKL (on Intel CPUs)."""
    generator = torch.Generator().manual_seed(SEED)
    torch.empty(1000).bernoulli_(0.5, generator=generator)
    g = Generator().manual_seed(SEED)
    g.bernoulli(0.5, (1000,))
    return not np.array_equal(g.get_state(), generator.get_state().numpy())


# Its last bits depend on the instructions of the CPU; these tests name those of today's x86.
fused = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"),
    reason="PyTorch rounds otherwise on this CPU",
)
not_mkl = pytest.mark.skipif(takes_mkl(), reason="PyTorch draws from MKL on this CPU")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [*REAL, "complex64", "complex128"])
def test_rand(size, dtype):
    kind = getattr(torch, dtype)
    both(
        lambda t: torch.rand(size, dtype=kind, generator=t),
        lambda g: g.uniform(size, dtype),
    )


@fused
@pytest.mark.parametrize("bounds", [(0, 0), (-0.0361, 0.0361), (-0.3, 0.07), (3, 5.7), (-1e4, 10)])
@pytest.mark.parametrize("size", [(5,), (70_000,)])
@pytest.mark.parametrize("dtype", REAL)
def test_uniform_(size, dtype, bounds):
    both(
        lambda t: empty(size, dtype).uniform_(*bounds, generator=t),
        lambda g: g.uniform(size, dtype, *bounds),
    )


# Logarithm, sine and cosine differ from PyTorch's in the last bits; what is rounded from float64
# pairs does not.
@fused
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [*REAL, "complex64", "complex128"])
def test_randn(size, dtype):
    kind = getattr(torch, dtype)
    both(
        lambda t: torch.randn(size, dtype=kind, generator=t),
        lambda g: g.normal(size, dtype),
        ulps=5 if np.prod(size) >= 8 else 1,
    )


@pytest.mark.parametrize("size", [(0,), (3,), (15,), (16,), (1003,)])
@pytest.mark.parametrize("dtype", REAL)
def test_normal_(size, dtype):
    generator = torch.Generator().manual_seed(SEED)
    theirs = empty(size, dtype).normal_(-0.3, 0.07, generator=generator)
    ours = Generator().manual_seed(SEED).normal(size, dtype, -0.3, 0.07)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=float(np.finfo(dtype).eps))


@pytest.mark.parametrize("n", [7, 40])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_of_tensors(n, dtype):
    mean, std = np.arange(n, dtype=dtype) - 3, np.arange(n, dtype=dtype) / 4
    generator = torch.Generator().manual_seed(SEED)
    for m, s in [(mean, std), (mean, 0.7), (0.3, std), (mean[:, None], std)]:
        their = [torch.from_numpy(x) if isinstance(x, np.ndarray) else x for x in (m, s)]
        theirs = torch.normal(*their, generator=generator.manual_seed(SEED))
        ours = Generator().manual_seed(SEED).normal_of(m, s, dtype)
        assert ours.dtype == dtype
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=64 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize(
    "bounds",
    [
        *[(0, 1), (0, 10), (-5, 2**28 - 6), (-5, 2**28 - 5), (0, 2**31), (0, 2**32), (-7, 2**40)],
        (-(2**63), 2**63 - 1),
    ],
)
def test_randint(bounds):
    both(
        lambda t: torch.randint(*bounds, (3, 501), generator=t),
        lambda g: g.integers(*bounds, (3, 501)),
    )


def test_random_over_all_of_int64():
    both(
        lambda t: empty(501, "int64").random_(-(2**63), None, generator=t),
        lambda g: g.integers(-(2**63), 2**63, (501,)),
    )


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "bool", *REAL])
def test_dtypes_of_integers(dtype):
    kind, high = getattr(torch, dtype), 2 if dtype == "bool" else 100
    both(
        lambda t: torch.randint(high, (501,), dtype=kind, generator=t),
        lambda g: g.integers(0, high, (501,), dtype),
    )
    both(
        lambda t: empty(501, dtype).random_(generator=t),
        lambda g: g.random((501,), dtype),
    )


@pytest.mark.parametrize("n", [0, 1, 2, 3, 10, 1000, 100_000])
@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_randperm(n, dtype):
    kind = getattr(torch, dtype)
    both(
        lambda t: torch.randperm(n, dtype=kind, generator=t),
        lambda g: g.permutation(n, dtype),
    )


@not_mkl
@pytest.mark.parametrize("p", [0, 0.3, 1])
@pytest.mark.parametrize("dtype", ["bool", "int64", *REAL])
def test_bernoulli_(p, dtype):
    both(
        lambda t: empty(1003, dtype).bernoulli_(p, generator=t),
        lambda g: g.bernoulli(p, (1003,), dtype),
    )


@pytest.mark.parametrize("dtype", REAL)
def test_bernoulli_of_a_tensor(dtype):
    p = np.linspace(0, 1, 350).reshape(50, 7).astype(dtype)
    both(
        lambda t: torch.bernoulli(torch.from_numpy(p), generator=t),
        lambda g: g.bernoulli(p, None, dtype),
    )
    both(
        lambda t: empty((2, 50, 7), "float32").bernoulli_(torch.from_numpy(p), generator=t),
        lambda g: g.bernoulli(p, (2, 50, 7)),
    )


@not_mkl
@pytest.mark.parametrize("dtype", REAL)
def test_exponential_(dtype):
    both(
        lambda t: empty(1003, dtype).exponential_(2.5, generator=t),
        lambda g: g.exponential((1003,), dtype, 2.5),
        ulps=2,
    )


@pytest.mark.parametrize("dtype", [*REAL, "int64"])
def test_geometric_(dtype):
    both(
        lambda t: empty(1003, dtype).geometric_(0.2, generator=t),
        lambda g: g.geometric((1003,), 0.2, dtype),
    )


def test_cauchy_():
    both(
        lambda t: empty(1003, "float32").cauchy_(0.2, 3, generator=t),
        lambda g: g.cauchy((1003,), "float32", 0.2, 3),
        ulps=1,
    )


@pytest.mark.parametrize("n", [1, 1002, 1003])
@pytest.mark.parametrize("dtype", REAL)
def test_log_normal_(n, dtype):
    both(
        lambda t: empty(n, dtype).log_normal_(0.2, 0.3, generator=t),
        lambda g: g.log_normal((n,), dtype, 0.2, 0.3),
        ulps=2,
    )


@pytest.mark.parametrize("scale", [1, 12, 1000])
@pytest.mark.parametrize("dtype", REAL)
def test_poisson(scale, dtype):
    rate = np.linspace(0, scale, 2000).reshape(40, 50).astype(dtype)
    both(
        lambda t: torch.poisson(torch.from_numpy(rate), generator=t),
        lambda g: g.poisson(rate),
    )


@pytest.mark.parametrize("most", [5, 30, 1000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_binomial(most, dtype):
    count = (np.arange(2000) % most).astype(dtype)
    prob = np.linspace(0, 1, 2000).astype(dtype)
    both(
        lambda t: torch.binomial(torch.from_numpy(count), torch.from_numpy(prob), generator=t),
        lambda g: g.binomial(count, prob),
    )


@pytest.mark.parametrize("shape", [(300,), (20, 300)])
@pytest.mark.parametrize("dtype", REAL)
def test_multinomial_with_replacement(shape, dtype):
    weights = np.random.default_rng(0).integers(0, 50, shape).astype(dtype) / 16
    both(
        lambda t: torch.multinomial(torch.from_numpy(weights), 1000, True, generator=t),
        lambda g: g.multinomial(weights, 1000, True),
    )


@not_mkl
@pytest.mark.parametrize("shape", [(300,), (20, 300)])
@pytest.mark.parametrize("num_samples", [1, 5, 200])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_multinomial_without_replacement(shape, num_samples, dtype):
    weights = np.random.default_rng(0).integers(0, 50, shape).astype(dtype) / 16
    both(
        lambda t: torch.multinomial(torch.from_numpy(weights), num_samples, generator=t),
        lambda g: g.multinomial(weights, num_samples),
    )


@pytest.mark.parametrize("words", [0, 1, 5, 623, 624, 625, 1248])
@pytest.mark.parametrize("spare", [0, 1])
def test_states_are_exchanged(words, spare):
    generator = torch.Generator().manual_seed(-3)
    g = Generator().manual_seed(-3)
    assert g.initial_seed() == generator.initial_seed()
    torch.rand(words, generator=generator)
    torch.randn(spare, generator=generator)
    other = Generator()
    other.set_state(generator.get_state().numpy())
    g.uniform((words,))
    g.normal((spare,))
    expected = torch.randn(5, generator=generator, dtype=torch.float64).numpy()
    their = torch.Generator()
    their.set_state(torch.from_numpy(g.get_state()))
    np.testing.assert_allclose(other.normal((5,), "float64"), expected, rtol=1e-14)
    np.testing.assert_array_equal(torch.randn(5, generator=their, dtype=torch.float64), expected)


def test_default_seed():
    assert Generator().initial_seed() == torch.Generator().initial_seed()


SITUATIONS = [
    (lambda t: torch.empty(1).uniform_(2, 1), lambda g: g.uniform((1,), "float32", 2, 1)),
    (lambda t: torch.empty(1).uniform_(0, 1e39), lambda g: g.uniform((1,), "float32", 0, 1e39)),
    (lambda t: torch.empty(1).normal_(0, -1), lambda g: g.normal((1,), "float32", 0, -1)),
    (lambda t: torch.randint(5, 5, (1,)), lambda g: g.integers(5, 5, (1,))),
    (lambda t: torch.empty(1).bernoulli_(1.5), lambda g: g.bernoulli(1.5, (1,))),
    (lambda t: torch.empty(1).exponential_(0), lambda g: g.exponential((1,), "float32", 0)),
    (lambda t: torch.empty(1).geometric_(1), lambda g: g.geometric((1,), 1)),
    (lambda t: torch.empty(1).cauchy_(0, 0), lambda g: g.cauchy((1,), "float32", 0, 0)),
    (lambda t: torch.empty(1).log_normal_(0, 0), lambda g: g.log_normal((1,), "float32", 0, 0)),
    (lambda t: torch.poisson(-torch.ones(1)), lambda g: g.poisson(-np.ones(1))),
    (lambda t: torch.randperm(-1), lambda g: g.permutation(-1)),
    (lambda t: torch.multinomial(torch.zeros(3), 1), lambda g: g.multinomial(np.zeros(3), 1)),
    (lambda t: torch.multinomial(torch.ones(3), 4), lambda g: g.multinomial(np.ones(3), 4)),
    (lambda t: t.manual_seed(2**64), lambda g: g.manual_seed(2**64)),
    (lambda t: t.set_state(torch.zeros(3)), lambda g: g.set_state(np.zeros(3))),
    (lambda t: t.set_state(t.get_state()[1:]), lambda g: g.set_state(g.get_state()[1:])),
]


@pytest.mark.parametrize(("theirs", "ours"), SITUATIONS)
def test_the_same_situations_are_errors(theirs, ours):
    with pytest.raises((RuntimeError, TypeError, ValueError)) as error:
        theirs(torch.Generator())
    with pytest.raises(error.type):
        ours(Generator())
