"""Methods: filling a tensor with random numbers, in place."""

from __future__ import annotations

from typing import Any

from minitorch.dtypes import from_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops import random as ops
from minitorch.ops.inplace import check_writable, replace


def _fill(self: Any, draw: Any, kinds: str, name: str) -> Any:
    """Write what ``draw(shape, dtype)`` returns into `self`; its old value has no gradient."""
    if not isinstance(self, TensorState):
        raise TypeError(f"{name}() is a method of Tensors, not of a {type(self).__name__}")
    data = self._data
    if data.dtype.kind not in kinds:
        raise NotImplementedError(f"{name}() is not there for {from_numpy_dtype(data.dtype)}")
    recorded = check_writable(self)
    numbers = draw(data.shape, data.dtype)
    source = self if recorded else wrap(data)
    return replace(self, ops._no_gradient(source, numbers))


def _refuse_more(name: str, kw: dict[str, Any]) -> None:
    """Keywords arrive in a dict only because PyTorch calls one `from`, which Python reserves."""
    if kw:
        raise TypeError(f"{name}() got an unexpected keyword argument {next(iter(kw))!r}")


class RandomMethods(TensorState):
    __slots__ = ()

    bernoulli = ops.bernoulli
    multinomial = ops.multinomial

    def uniform_(
        self, from_: float = 0.0, to: float = 1.0, *, generator: Any = None, **kw: Any
    ) -> Any:
        """Fill with numbers drawn evenly from [from_, to)."""
        low = float(kw.pop("from", from_))
        _refuse_more("uniform_", kw)
        source = ops.stream(generator)
        return _fill(self, lambda s, d: source.uniform(s, d, low, float(to)), "fcV", "uniform_")

    def normal_(self, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        """Fill with normal numbers."""
        source = ops.stream(generator)
        return _fill(
            self, lambda s, d: source.normal(s, d, float(mean), float(std)), "fcV", "normal_"
        )

    def random_(
        self, from_: Any = None, to: Any = None, *, generator: Any = None, **kw: Any
    ) -> Any:
        """Fill with integers from [from_, to), [0, to), or all that the dtype holds."""
        low, high = kw.pop("from", from_), to
        _refuse_more("random_", kw)
        source = ops.stream(generator)
        if high is None and low is not None:
            low, high = 0, low
        if high is None:
            return _fill(self, source.random, "biufV", "random_")
        return _fill(
            self, lambda s, d: source.integers(int(low), int(high), s, d), "biufV", "random_"
        )

    def bernoulli_(self, p: Any = 0.5, *, generator: Any = None) -> Any:
        """Fill with 1 (probability `p`, a number or a tensor) and 0."""
        source = ops.stream(generator)
        chance = p._data if isinstance(p, TensorState) else float(p)
        return _fill(self, lambda s, d: source.bernoulli(chance, s, d), "biufV", "bernoulli_")

    def exponential_(self, lambd: float = 1.0, *, generator: Any = None) -> Any:
        """Fill with waiting times of density ``lambd * exp(-lambd * x)``."""
        source = ops.stream(generator)
        return _fill(
            self, lambda s, d: source.exponential(s, d, float(lambd)), "fV", "exponential_"
        )

    def geometric_(self, p: float, *, generator: Any = None) -> Any:
        """Fill with the numbers of trials up to the first success."""
        source = ops.stream(generator)
        return _fill(self, lambda s, d: source.geometric(s, float(p), d), "iufV", "geometric_")

    def cauchy_(self, median: float = 0.0, sigma: float = 1.0, *, generator: Any = None) -> Any:
        """Fill with numbers of the Cauchy distribution."""
        source = ops.stream(generator)
        return _fill(
            self, lambda s, d: source.cauchy(s, d, float(median), float(sigma)), "fV", "cauchy_"
        )

    def log_normal_(self, mean: float = 1.0, std: float = 2.0, *, generator: Any = None) -> Any:
        """Fill with exponentials of normal numbers."""
        source = ops.stream(generator)
        return _fill(
            self, lambda s, d: source.log_normal(s, d, float(mean), float(std)), "fV", "log_normal_"
        )
