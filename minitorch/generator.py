"""Random numbers: a `Generator` whose streams are those of PyTorch's CPU generator.

Both are a Mersenne Twister (mt19937) seeded with 32 bits, and NumPy gives its 32-bit words; what
makes a stream PyTorch's is how many words a number takes and what is done with them:

- float32 (and the 16-bit floats, rounded from it) takes the low 24 bits of one word; float64 takes
  the low 53 bits of two words, the first of them the high one;
- integers are a word modulo the range (two words from a range of 2**28 on);
- 16 normals or more are made in blocks of 16 from uniforms of their own dtype; fewer are made in
  float64 pairs, and the odd one is kept in the generator, and in its state, for the next call;
- everything else starts from float64 uniforms.

Same seed, same numbers: integers, permutations, choices and uniforms equal PyTorch's bit for bit;
where logarithms and sines enter, the last bits may differ, as PyTorch's do from CPU to CPU.
(On Intel CPUs PyTorch takes `bernoulli` with one probability - so dropout -, `exponential`, and so
`multinomial` without replacement from MKL instead; then only the distribution is the same.)

Every method returns a fresh array. A generator is not safe to share between threads.
"""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, DTypeLike, NDArray

    Array = NDArray[Any]
Size = Sequence[int]

DEFAULT_SEED = 67280421310721
TILE = 2**14  # large arrays are made in pieces that stay in the cache

# The largest number of each real dtype, by its character; "E" is ml_dtypes' bfloat16.
LARGEST = {
    "e": float(np.finfo(np.float16).max),
    "E": (2 - 2.0**-7) * 2.0**127,
    "f": float(np.finfo(np.float32).max),
    "d": float(np.finfo(np.float64).max),
}

# The 5056 bytes of PyTorch's generator state, so that states can be exchanged with it.
STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),  # words until the twister must be turned, plus one
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("words", "<u8", 624),
        ("normal_x", "<f8"),  # unused
        ("spare", "<f8"),  # the second normal of the last pair
        ("normal_rho", "<f8"),  # unused
        ("has_spare", "<i4"),
        ("float_spare", "<f4", 3),  # unused, with padding
    ]
)


class Generator:
    """A stream of random numbers.

    >>> Generator().manual_seed(0).uniform((2,), "float32")
    array([0.4962566, 0.7682218], dtype=float32)
    """

    def __init__(self, device: Any = "cpu") -> None:
        self.device = device
        self.manual_seed(DEFAULT_SEED)

    @functools.cached_property
    def _twister(self) -> Any:
        """Made when first used: numpy.random would be a quarter of the import of minitorch."""
        twister = np.random.MT19937()
        self._seeder = np.random.RandomState(twister)  # used only to seed the twister
        self._seeder.seed(self._seed % 2**32)
        return twister

    # Seed and state

    def manual_seed(self, seed: int) -> Self:
        """Start the stream of ``seed``, from -2**63 to 2**64 - 1; its low 32 bits count."""
        if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
            raise TypeError(f"manual_seed expected an int, but got {type(seed).__name__}")
        if not -(2**63) <= seed < 2**64:
            raise ValueError(f"seed must lie between -2**63 and 2**64 - 1, but got {seed}")
        self._seed = int(seed) % 2**64
        if "_twister" in self.__dict__:
            self._seeder.seed(self._seed % 2**32)
        self._spare: float | None = None
        return self

    def seed(self) -> int:
        """Start a stream that nobody can foretell; return its seed."""
        self.manual_seed(int.from_bytes(os.urandom(8), "little"))
        return self._seed

    def initial_seed(self) -> int:
        """The seed of the current stream (a negative one has become ``seed + 2**64``)."""
        return self._seed

    def get_state(self) -> NDArray[np.uint8]:
        """The state as bytes, shape ``(5056,)``, laid out like PyTorch's."""
        twister: Any = self._twister.state["state"]
        state = np.zeros(1, STATE)
        state["seed"], state["seeded"], state["words"] = self._seed, 1, twister["key"]
        state["left"], state["next"] = 625 - twister["pos"], twister["pos"] % 624
        if self._spare is not None:
            state["spare"], state["has_spare"] = self._spare, 1
        return state.view(np.uint8)

    def set_state(self, state: NDArray[np.uint8]) -> None:
        """Go on from where ``get_state()`` was called, here or in PyTorch."""
        if not isinstance(state, np.ndarray) or state.dtype != np.uint8:
            found = state.dtype if isinstance(state, np.ndarray) else type(state).__name__
            raise TypeError(f"a generator's state is an array of uint8, but got {found}")
        if state.shape != (STATE.itemsize,):
            raise RuntimeError(f"a state has shape ({STATE.itemsize},), but got {state.shape}")
        new = np.frombuffer(state.tobytes(), STATE)[0]
        left, position = int(new["left"]), int(new["next"])
        if new["seeded"] != 1 or not 1 <= left <= 624 or position > 624:
            raise RuntimeError("these bytes are not the state of a generator")
        words = new["words"].astype(np.uint32)
        twister: Any = {"key": words, "pos": 624 if left == 1 else position}
        self._twister.state = {"bit_generator": "MT19937", "state": twister}
        self._seed = int(new["seed"])
        self._spare = float(new["spare"]) if new["has_spare"] else None

    def clone_state(self) -> Self:
        """A new generator that goes on from here by itself."""
        twin = type(self)(self.device)
        Generator.set_state(twin, Generator.get_state(self))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        return {"device": self.device, "state": Generator.get_state(self)}

    def __setstate__(self, saved: dict[str, Any]) -> None:
        Generator.__init__(self, saved["device"])
        Generator.set_state(self, saved["state"])

    # Words and plain uniforms

    def _words(self, n: int) -> NDArray[np.uint64]:
        """The stream's next ``n`` words of 32 bits."""
        return self._twister.random_raw(n)

    def _long_words(self, n: int) -> NDArray[np.uint64]:
        """The next ``n`` words of 64 bits."""
        pairs = self._words(2 * n).reshape(n, 2)
        words = pairs[:, 0] << np.uint64(32)
        words |= pairs[:, 1]
        return words

    def _floats(self, n: int) -> NDArray[np.float32]:
        floats = np.empty(n, np.float32)
        for tile in _tiles(floats):
            words = self._words(len(tile))
            words &= np.uint64(2**24 - 1)
            tile[:] = words.view(np.int64)  # NumPy converts unsigned ones more slowly
            tile *= np.float32(2.0**-24)
        return floats

    def _doubles(self, n: int) -> NDArray[np.float64]:
        doubles = np.empty(n)
        for tile in _tiles(doubles):
            words = self._long_words(len(tile))
            words &= np.uint64(2**53 - 1)
            np.multiply(words.view(np.int64), 2.0**-53, out=tile)
        return doubles

    def _draw(self) -> float:
        """The next float64 uniform, for samplers that cannot know how many they need."""
        word = self._twister.random_raw
        return ((word() << 32 | word()) & (2**53 - 1)) * 2.0**-53

    # Distributions

    def uniform(
        self, size: Size, dtype: DTypeLike = np.float32, low: float = 0.0, high: float = 1.0
    ) -> Array:
        """Floats from ``[low, high)``; of a complex dtype, both parts.

        >>> Generator().manual_seed(0).uniform((2,), "float64", -1, 1)
        array([0.940106  , 0.41563973])
        """
        dtype = np.dtype(dtype)
        if dtype.kind == "c":
            parts = self.uniform((*size, 2), f"f{dtype.itemsize // 2}", low, high)
            return parts.view(dtype)[..., 0]
        largest = LARGEST[_real(dtype).char]
        if not -largest <= low <= high <= largest or high - low > largest:
            raise RuntimeError(
                f"uniform expects low <= high, both and their distance finite in {dtype}, "
                f"but got low={low} and high={high}"
            )
        n = math.prod(size)
        numbers: Array = self._doubles(n) if dtype == np.float64 else self._floats(n)
        if low != 0 or high != 1 or dtype.itemsize == 2:
            bottom, top = numbers.dtype.type(low), numbers.dtype.type(high)
            _scale(numbers, top - bottom, bottom)
            numbers = _rounded(numbers, dtype)
            # Rounding may reach the excluded end; PyTorch moves what does to the other one.
            numbers[numbers == np.asarray(high, dtype)] = bottom
        return numbers.reshape(size)

    def normal(
        self, size: Size, dtype: DTypeLike = np.float32, mean: float = 0.0, std: float = 1.0
    ) -> Array:
        """``mean + std * N(0, 1)``; each part of a complex number has the variance ``std**2 / 2``.

        >>> Generator().manual_seed(0).normal((2,), "float32")
        array([ 1.5409961, -0.2934289], dtype=float32)
        """
        dtype = np.dtype(dtype)
        if not std >= 0:
            raise RuntimeError(f"normal expects std >= 0.0, but found std {std}")
        if dtype.kind == "c":
            parts = self.normal((*size, 2), f"f{dtype.itemsize // 2}", mean, std / math.sqrt(2))
            return parts.view(dtype)[..., 0]
        n, dtype = math.prod(size), _real(dtype)
        numbers = self._normal_blocks(n, dtype) if n >= 16 else self._normal_pairs(n)
        _scale(numbers, numbers.dtype.type(std), numbers.dtype.type(mean))
        return _rounded(numbers, dtype).reshape(size)

    def _normal_pairs(self, n: int) -> Array:
        """Box and Muller's pairs, ``r cos t, r sin t``; the odd one is kept for the next call."""
        kept = 0 if self._spare is None or n == 0 else 1
        pairs = (n - kept + 1) // 2
        v, u = self._doubles(2 * pairs).reshape(pairs, 2).T
        radius, angle = np.sqrt(-2 * np.log1p(-u)), 2 * np.pi * v
        made = np.empty(kept + 2 * pairs)
        if kept:
            made[0] = self._spare
        made[kept::2], made[kept + 1 :: 2] = radius * np.cos(angle), radius * np.sin(angle)
        if n:
            self._spare = float(made[n]) if len(made) > n else None
        return made[:n]

    def _normal_blocks(self, n: int, dtype: np.dtype[Any]) -> Array:
        """``n >= 16`` normals: the first 8 uniforms of a block give radii, the last 8 angles."""
        uniform: Callable[[int], Array] = self._doubles if dtype == np.float64 else self._floats
        whole = n - n % 16
        # Where the numbers are not rounded, the tail's uniforms are drawn as well, and not used.
        made = uniform(whole if dtype.itemsize == 2 else n)
        for tile in _tiles(made[:whole]):
            _box_muller(tile)
        if whole < n:
            tail = uniform(16)  # overlaps the last block
            _box_muller(tail)
            made = np.concatenate([made[: n - 16], tail])
        return made

    def normal_of(self, mean: ArrayLike, std: ArrayLike, dtype: DTypeLike = np.float32) -> Array:
        """``mean + std * N(0, 1)``, element by element, of the shape both broadcast to."""
        if not np.all(np.asarray(std) >= 0):
            raise RuntimeError("normal expects all elements of std >= 0.0")
        size = np.broadcast_shapes(np.shape(mean), np.shape(std))
        if isinstance(std, (int, float)):
            numbers = self.normal(size, dtype, 0.0, std)  # scaled before it is rounded
        else:
            numbers = self.normal(size, dtype)
            numbers *= std
        numbers += mean
        return numbers

    def integers(self, low: int, high: int, size: Size, dtype: DTypeLike = np.int64) -> Array:
        """Whole numbers from ``[low, high)``: PyTorch's ``randint``, ``random_(low, high)``.

        >>> Generator().manual_seed(0).integers(0, 10, (5,))
        array([4, 9, 3, 0, 3])
        """
        dtype = np.dtype(dtype)
        if not low < high:
            raise RuntimeError(f"integers expects low < high, but got low={low} >= high={high}")
        smallest, largest = _bounds(dtype)
        if low < smallest or high - 1 > largest:
            raise RuntimeError(f"integers from [{low}, {high}) do not fit in {dtype}")
        n, span = math.prod(size), high - low
        words = self._words(n) if span < 2**28 else self._long_words(n)
        if span < 2**64:
            words %= np.uint64(span)
            words += np.uint64(low % 2**64)  # wraps around, as two's complement wants
        return words.view(np.int64).astype(dtype, copy=False).reshape(size)

    def random(self, size: Size, dtype: DTypeLike = np.float32) -> Array:
        """PyTorch's ``random_()``: whole numbers from 0 to the largest of an integer dtype, or to
        the one up to which a floating dtype holds them all."""
        dtype = np.dtype(dtype)
        digits = {"?": 1, "e": 11, "E": 8, "f": 24, "d": 53}.get(dtype.char)
        span = int(_bounds(dtype)[1]) + 1 if digits is None else 2**digits + (dtype.char != "?")
        n = math.prod(size)
        words = self._long_words(n) if dtype.itemsize == 8 else self._words(n)
        return (words % np.uint64(span)).astype(dtype).reshape(size)

    def permutation(self, n: int, dtype: DTypeLike = np.int64) -> Array:
        """``0 ... n - 1`` shuffled (PyTorch's numbers for ``n`` below 2**32 / 20).

        >>> Generator().manual_seed(0).permutation(5)
        array([4, 0, 1, 3, 2])
        """
        dtype = np.dtype(dtype)
        if n < 0 or n - 1 > _bounds(dtype)[1]:
            raise RuntimeError(f"permutation expects 0 <= n, and {dtype} to hold n - 1; got n={n}")
        # Fisher and Yates: for k = 0, 1 ... swap the places k and target[k] >= k. Step by step
        # Python would take a second per million, so each step's outcome is looked up instead: a
        # place holds its own number, or what the last swap that had it as target put there.
        step, last = np.arange(n), max(n - 1, 0)
        words = self._words(last) if n < (2**32 - 1) // 20 else self._long_words(last)
        target = step.copy()
        target[:last] += (words % np.arange(n, 1, -1, dtype=np.uint64)).view(np.int64)

        # held[k], what place k holds as step k begins: what the place held whose step swapped with
        # k last (of repeated indices the last is written), and so on back, in ever longer strides.
        held = step.copy()
        swaps = target != step
        held[target[swaps]] = step[swaps]
        while not np.array_equal(held, back := held[held]):
            held = back

        # Step k moves to place k what its target holds: what the latest earlier step with the same
        # target put there, if there is one. Sorting by target, then step, finds it.
        bits = n.bit_length()
        ordered = np.sort(target << bits | step)
        again = np.flatnonzero(np.diff(ordered >> bits) == 0)
        ordered &= (1 << bits) - 1
        target[ordered[again + 1]] = held[ordered[again]]
        return target.astype(dtype, copy=False)

    def bernoulli(
        self, p: ArrayLike, size: Size | None = None, dtype: DTypeLike = np.float32
    ) -> Array:
        """1 with probability ``p``, else 0. ``size`` is the shape of ``p`` if not given.

        A Python number ``p`` and a float64 array draw float64 uniforms, other arrays float32 ones.
        """
        chance = np.asarray(p)
        if not ((chance >= 0) & (chance <= 1)).all():
            raise RuntimeError(f"bernoulli expects p to be in [0, 1], but got p={p!r}")
        size = chance.shape if size is None else size
        if chance.ndim:
            chance = np.broadcast_to(chance, size).ravel()
        double = isinstance(p, (int, float)) or chance.dtype == np.float64
        n = math.prod(size)
        unit: Array = self._doubles(n) if double else self._floats(n)
        return (unit < chance).astype(dtype).reshape(size)

    def exponential(self, size: Size, dtype: DTypeLike = np.float32, rate: float = 1.0) -> Array:
        """Waiting times, of density ``rate * exp(-rate * x)``."""
        if not rate > 0:
            raise RuntimeError(f"exponential expects rate > 0.0, but found rate={rate}")
        dtype, unit = _real(dtype), self._doubles(math.prod(size))
        return _rounded(-1 / rate * np.log1p(-unit), dtype).reshape(size)

    def geometric(self, size: Size, p: float, dtype: DTypeLike = np.float32) -> Array:
        """Trials up to the first success, ``1, 2, ...``: ``P(k) = (1 - p)**(k - 1) * p``."""
        if not 0 < p < 1:
            raise RuntimeError(f"geometric expects p to be in (0, 1), but got p={p}")
        unit = np.maximum(self._doubles(math.prod(size)), 2.0**-54)  # log(0) would be no number
        return np.ceil(np.log(unit) / math.log1p(-p)).astype(dtype).reshape(size)

    def cauchy(
        self, size: Size, dtype: DTypeLike = np.float32, median: float = 0.0, sigma: float = 1.0
    ) -> Array:
        """Density ``sigma / (pi * (sigma**2 + (x - median)**2))``."""
        if not sigma > 0:
            raise RuntimeError(f"cauchy expects sigma > 0.0, but found sigma={sigma}")
        dtype, unit = _real(dtype), self._doubles(math.prod(size))
        numbers = np.tan(np.pi * (unit - 0.5))
        _scale(numbers, sigma, median)
        return _rounded(numbers, dtype).reshape(size)

    def log_normal(
        self, size: Size, dtype: DTypeLike = np.float32, mean: float = 1.0, std: float = 2.0
    ) -> Array:
        """``exp(mean + std * N(0, 1))``."""
        if not std > 0:
            raise RuntimeError(f"log_normal expects std > 0.0, but found std={std}")
        dtype, powers = _real(dtype), self._normal_pairs(math.prod(size))
        _scale(powers, std, mean)
        return _rounded(np.exp(powers), dtype).reshape(size)

    def poisson(self, rate: Array) -> Array:
        """How many events happen where ``rate`` are expected; shape and dtype of ``rate``."""
        rate = np.asarray(rate)
        dtype = _real(rate.dtype)
        if not ((rate >= 0) & np.isfinite(rate)).all():
            raise RuntimeError("poisson expects every rate to be finite and >= 0")
        counts = [_poisson(float(mean), self._draw) for mean in rate.flat]
        return np.array(counts, dtype).reshape(rate.shape)

    def gamma(self, shape: Array) -> Array:
        """Samples of Gamma(``shape``, 1), as float64 (Marsaglia and Tsang, 2000)."""
        shape = np.asarray(shape, np.float64)
        if not (shape >= 0).all():
            raise RuntimeError("gamma expects every shape to be >= 0")
        samples = [_gamma(float(a), self._draw, self._draw_normal) for a in shape.flat]
        return np.array(samples, np.float64).reshape(shape.shape)

    def _draw_normal(self) -> float:
        """The next normal, for samplers that cannot know how many they need."""
        return float(self._normal_pairs(1)[0])

    def binomial(self, count: Array, prob: Array) -> Array:
        """Successes in ``count`` trials of probability ``prob``; dtype of ``count``."""
        count, prob = np.broadcast_arrays(count, prob)
        dtype, pairs = _real(count.dtype), zip(count.flat, prob.flat, strict=True)
        successes = [_binomial(float(n), float(p), self._draw) for n, p in pairs]
        return np.array(successes, dtype).reshape(count.shape)

    def multinomial(
        self, weights: Array, num_samples: int, replacement: bool = False
    ) -> NDArray[np.int64]:
        """Indices drawn in proportion to ``weights``, for each row.

        Shape: ``(classes,) -> (num_samples,)`` or ``(rows, classes) -> (rows, num_samples)``.
        """
        weights = np.asarray(weights)
        dtype = _real(weights.dtype)
        if weights.ndim not in (1, 2):
            raise RuntimeError(f"weights must have 1 or 2 dimensions, but got {weights.shape}")
        classes = weights.shape[-1]
        if num_samples <= 0 or (num_samples > classes and not replacement):
            how = "with" if replacement else "without"
            raise RuntimeError(f"cannot draw {num_samples} of {classes} classes {how} replacement")
        if not (np.isfinite(weights) & (weights >= 0)).all():
            raise RuntimeError("the weights contain inf, nan or an element < 0")
        if not (weights > 0).any(-1).all():
            raise RuntimeError("no class can be drawn: the weights of a row sum to 0")
        if replacement and num_samples > 1:
            wide = weights.astype(np.float32) if dtype.itemsize == 2 else weights
            with np.errstate(over="ignore", invalid="ignore"):
                rows = np.cumsum(wide.reshape(-1, classes), -1)
                rows /= rows[:, -1:]
            unit = self._doubles(len(rows) * num_samples).reshape(len(rows), num_samples)
            pairs = zip(rows.astype(np.float64), unit, strict=True)
            picks = np.array([np.searchsorted(row, u) for row, u in pairs], np.int64)
            return picks.reshape(*weights.shape[:-1], num_samples)
        # A race: each class arrives after an exponential time, sooner the greater its weight; the
        # first to arrive are the draws. Those of weight 0 come last.
        speed = np.zeros_like(weights)
        times = self.exponential(weights.shape, dtype)
        with np.errstate(divide="ignore", over="ignore"):
            np.divide(weights, times, out=speed, where=weights > 0)
        if num_samples == 1:
            return speed.argmax(-1, keepdims=True)
        order = np.argsort(-speed.astype(np.float64), axis=-1, kind="stable")
        return order[..., :num_samples].copy()


# Helpers


def _real(dtype: DTypeLike) -> np.dtype[Any]:
    """``dtype`` as a dtype, refused unless it is a real floating one."""
    dtype = np.dtype(dtype)
    if dtype.char not in LARGEST:
        raise TypeError(f"expected a floating point dtype, but got {dtype}")
    return dtype


def _bounds(dtype: np.dtype[Any]) -> tuple[float, float]:
    """The smallest and the largest number of a boolean, integer or real dtype."""
    if dtype.kind == "b":
        return 0, 1
    if dtype.kind in "iu":
        return np.iinfo(dtype).min, np.iinfo(dtype).max
    return -LARGEST[_real(dtype).char], LARGEST[dtype.char]


def _rounded(numbers: Array, dtype: np.dtype[Any]) -> Array:
    """``numbers`` as ``dtype``; PyTorch rounds to 16 bits by way of float32."""
    if dtype.itemsize == 2:
        numbers = numbers.astype(np.float32, copy=False)
    return numbers.astype(dtype, copy=False)


def _tiles(numbers: Array) -> Iterator[Array]:
    return (numbers[start : start + TILE] for start in range(0, len(numbers), TILE))


def _box_muller(block: Array) -> None:
    """Turn uniforms into normals where they stand: ``u, v -> r cos t, r sin t`` with
    ``r = sqrt(-2 log(1 - u))`` and ``t = 2 pi v``, ``v`` standing 8 places after ``u``."""
    u, v = block.reshape(-1, 2, 8).swapaxes(0, 1)
    # NumPy's float32 logarithm is the one function here less exact than PyTorch's.
    radius = np.sqrt(-2 * np.log(1 - u, dtype=np.float64).astype(u.dtype))
    angle = block.dtype.type(2 * np.pi) * v
    np.multiply(radius, np.cos(angle), out=u)
    np.multiply(radius, np.sin(angle), out=v)


def _scale(numbers: Array, a: Any, b: Any) -> None:
    """``numbers * a + b`` in place and rounded once, like the instruction (fma) PyTorch runs on."""
    if a == 1 and b == 0:
        return
    if b == 0 or math.isinf(b):
        numbers *= a
        numbers += b
        return
    for x in _tiles(numbers):
        if x.dtype == np.float32:
            x[:] = x.astype(np.float64) * float(a) + float(b)
            continue
        # In float64, what the product and the sum lose is computed, and added at the end (Dekker):
        # x and a are cut in halves whose products are exact.
        product = x * a
        total = product + b
        (x1, x2), (a1, a2) = _halves(x), _halves(np.float64(a))
        lost = ((x1 * a1 - product) + x1 * a2 + x2 * a1) + x2 * a2
        back = total - product
        lost += (product - (total - back)) + (b - back)
        np.add(total, lost, out=x)


def _halves(x: Any) -> tuple[Any, Any]:
    high = (np.asarray(x).view(np.int64) & -(2**27)).view(np.float64)
    return high, x - high


def _poisson(mean: float, draw: Callable[[], float]) -> float:
    if mean == 0:
        return 0
    if mean < 10:
        # Knuth: events come at exponential intervals, whose sum is the log of a product.
        count, product, end = 0, draw(), math.exp(-mean)
        while product > end:
            count, product = count + 1, product * draw()
        return count

    def log_chance(k: int) -> float:
        return k * math.log(mean) - mean - math.lgamma(k + 1)

    b = 0.931 + 2.53 * math.sqrt(mean)
    a = -0.059 + 0.02483 * b
    alpha, accept = 1.1239 + 1.1328 / (b - 3.4), 0.9277 - 3.6224 / (b - 2)
    return _rejection(draw, a, b, alpha, accept, mean + 0.43, math.inf, log_chance)


def _gamma(a: float, draw: Callable[[], float], normal: Callable[[], float]) -> float:
    """A cube of a normal, kept or not; below 1, a sample of ``a + 1`` times ``u**(1 / a)``."""
    if a == 0:
        return 0.0
    scale = 1.0
    if a < 1:
        scale, a = (1 - draw()) ** (1 / a), a + 1
    d = a - 1 / 3
    c = 1 / math.sqrt(9 * d)
    while True:
        x = normal()
        y = 1 + c * x
        if y <= 0:
            continue
        v, u = y * y * y, 1 - draw()
        if u < 1 - 0.0331 * x**4 or math.log(u) < 0.5 * x * x + d * (1 - v + math.log(v)):
            return scale * d * v


def _binomial(n: float, p: float, draw: Callable[[], float]) -> float:
    if math.isnan(n) or math.isnan(p):
        return math.nan
    if n <= 0 or p <= 0:
        return 0
    if p >= 1:
        return n
    if p > 0.5:
        return n - _binomial(n, 1 - p, draw)
    if n * p < 10:
        # From success to success: the gaps are geometric.
        successes, trials = -1, 0
        while trials <= n:
            successes += 1
            trials += math.ceil(math.log(draw() or 2.0**-54) / math.log1p(-p))
        return successes
    mode = math.floor((n + 1) * p)

    def log_chance(k: int) -> float:  # relative to the mode's
        ways = math.lgamma(mode + 1) + math.lgamma(n - mode + 1)
        ways -= math.lgamma(k + 1) + math.lgamma(n - k + 1)
        return ways + (k - mode) * math.log(p / (1 - p))

    spread = math.sqrt(n * p * (1 - p))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * p
    alpha, accept = (2.83 + 5.1 / b) * spread, 0.92 - 4.2 / b
    return _rejection(draw, a, b, alpha, accept, n * p + 0.5, n, log_chance)


def _rejection(
    draw: Callable[[], float],
    a: float,
    b: float,
    alpha: float,
    accept: float,
    center: float,
    largest: float,
    log_chance: Callable[[int], float],
) -> int:
    """Hormann's transformed rejection with squeeze (PTRS and BTRS, 1993), with his constants."""
    while True:
        u, v = draw() - 0.5, draw()
        us = 0.5 - abs(u)
        if us == 0 or v == 0:
            continue
        k = math.floor((2 * a / us + b) * u + center)
        if us >= 0.07 and v <= accept:
            return k
        if 0 <= k <= largest and math.log(v * alpha / (a / (us * us) + b)) <= log_chance(k):
            return k


default_generator = Generator()
