"""Random tensors.  The streams are PyTorch's: see `minitorch.generator`."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch import generator as streams
from minitorch.devices import require_cpu
from minitorch.dtypes import default_numpy, from_numpy_dtype, to_numpy_dtype
from minitorch.engine.state import TensorState, wrap
from minitorch.ops.creation import by_name, made, sizes
from minitorch.ops.out import store
from minitorch.ops.primitive import primitive

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "Generator", "bernoulli", "binomial", "default_generator", "get_rng_state", "initial_seed",
    "manual_seed", "multinomial", "normal", "poisson", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "randperm", "seed", "set_rng_state",
]  # fmt: skip


class Generator(streams.Generator):
    """A stream of random numbers.  Mirrors ``torch.Generator``.

    >>> import minitorch
    >>> g = minitorch.Generator().manual_seed(0)
    >>> minitorch.rand(2, generator=g)
    tensor([0.4963, 0.7682])
    """

    def __init__(self, device: Any = "cpu") -> None:
        super().__init__(require_cpu(device))

    def get_state(self) -> Any:
        """The state as a uint8 tensor, laid out as PyTorch's."""
        return wrap(super().get_state())

    def set_state(self, state: Any) -> None:
        """Go on from a state that `get_state` gave, here or in PyTorch."""
        if not isinstance(state, TensorState):
            raise TypeError(f"a generator's state is a uint8 Tensor, got {type(state).__name__}")
        super().set_state(state._data)

    def __repr__(self) -> str:
        return f"<minitorch.Generator seed={self.initial_seed()}>"


default_generator = Generator()


class _Here(threading.local):
    """What stands in for the default stream in this thread: a loader gives each batch its own."""

    generator: Generator | None = None


here = _Here()


def manual_seed(seed: int) -> Generator:
    """Start the default stream anew: same seed, same numbers.

    >>> import minitorch
    >>> _ = minitorch.manual_seed(0)
    >>> minitorch.rand(2)
    tensor([0.4963, 0.7682])
    """
    return stream(None).manual_seed(int(seed))


def seed() -> int:
    """Start the default stream from an unforeseeable seed, and return that."""
    return stream(None).seed()


def initial_seed() -> int:
    """The seed of the default stream."""
    return stream(None).initial_seed()


def get_rng_state() -> Tensor:
    """The state of the default stream, a uint8 tensor."""
    return stream(None).get_state()


def set_rng_state(new_state: Tensor) -> None:
    """Put the default stream into a state that `get_rng_state` gave."""
    stream(None).set_state(new_state)


def stream(generator: Generator | None) -> Generator:
    """The generator to draw from."""
    if generator is None:
        return here.generator or default_generator
    if not isinstance(generator, Generator):
        raise TypeError(f"generator must be a Generator, got {type(generator).__name__}")
    return generator


def _floating(dtype: Any) -> np.dtype[Any]:
    kind = default_numpy() if dtype is None else to_numpy_dtype(dtype)
    if kind.kind not in "fcV":
        raise NotImplementedError(
            f"random floats need a floating dtype, got {from_numpy_dtype(kind)}; "
            "randint() makes integers"
        )
    return kind


def _size(name: str, size: tuple[Any, ...], named: dict[str, Any]) -> tuple[int, ...]:
    return sizes(by_name(name, size, named) if named else size)


def rand(
    *size: Any, generator: Generator | None = None, names: None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Numbers drawn evenly from [0, 1)."""
    numbers = stream(generator).uniform(_size("rand", size, named), _floating(dtype))
    result = made(numbers, device, requires_grad, layout)
    return result if out is None else store(out, result)


def randn(
    *size: Any, generator: Generator | None = None, names: None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False, **named: Any,
) -> Tensor:  # fmt: skip
    """Numbers drawn from the normal distribution with mean 0 and variance 1."""
    numbers = stream(generator).normal(_size("randn", size, named), _floating(dtype))
    result = made(numbers, device, requires_grad, layout)
    return result if out is None else store(out, result)


def randint(
    low: int, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Integers drawn evenly from [low, high).

    ``randint(high, size)`` or ``randint(low, high, size)``.

    >>> import minitorch
    >>> minitorch.randint(10, (2, 3)).shape
    minitorch.Size([2, 3])
    """
    if size is None:
        if isinstance(high, Sequence):
            low, high, size = 0, low, high
        else:
            raise TypeError(
                "randint() needs a size: randint(high, size) or randint(low, high, size)"
            )
    elif high is None:
        low, high = 0, low
    kind = np.dtype(np.int64) if dtype is None else to_numpy_dtype(dtype)
    if isinstance(low, float) or isinstance(high, float):
        raise TypeError(f"randint() takes integers, got {low} and {high}")
    numbers = _integers(stream(generator), int(low), int(high), sizes((size,)), kind)
    result = made(numbers, device, requires_grad, layout)
    return result if out is None else store(out, result)


def _integers(
    source: Generator, low: int, high: int, size: tuple[int, ...], kind: np.dtype[Any]
) -> np.ndarray:
    if kind.kind == "c":
        raise NotImplementedError("there are no complex random integers")
    return source.integers(low, high, size, kind)


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The integers 0 to n - 1 in random order."""
    kind = np.dtype(np.int64) if dtype is None else to_numpy_dtype(dtype)
    result = made(stream(generator).permutation(n, kind), device, requires_grad, layout)
    return result if out is None else store(out, result)


def _like(input: Any, dtype: Any) -> tuple[tuple[int, ...], Any]:
    if not isinstance(input, TensorState):
        raise TypeError(f"expected a Tensor, got {type(input).__name__}")
    return input._data.shape, from_numpy_dtype(input._data.dtype) if dtype is None else dtype


def rand_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`rand` in the shape and dtype of `input`."""
    shape, kind = _like(input, dtype)
    return rand(shape, generator=generator, dtype=kind, device=device, requires_grad=requires_grad)


def randn_like(
    input: Tensor, *, generator: Generator | None = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`randn` in the shape and dtype of `input`."""
    shape, kind = _like(input, dtype)
    return randn(shape, generator=generator, dtype=kind, device=device, requires_grad=requires_grad)


def randint_like(
    input: Tensor, low: int, high: int | None = None, *, generator: Generator | None = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """`randint` in the shape and dtype of `input`."""
    shape, kind = _like(input, dtype)
    first, last = (0, low) if high is None else (low, high)
    return randint(first, last, shape, generator=generator, dtype=kind, device=device,
                   requires_grad=requires_grad)  # fmt: skip


@primitive
def _no_gradient(input, /, drawn):
    """`drawn`, which depends on `input` only by chance: its gradient is zero."""
    return drawn


_no_gradient.gradient(input=lambda g, input_shape: np.zeros_like(g))


@primitive
def _drawn(mean, std, /, numbers):
    """`numbers`, which depend on both only by chance, as PyTorch counts it."""
    return numbers


_drawn.gradient(mean=lambda g: np.zeros_like(g), std=lambda g: np.zeros_like(g))


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers with the given means and standard deviations (numbers or tensors).

    ``normal(0.0, 1.0, (2, 3))`` or ``normal(means, stds)``, which broadcast.
    """
    source = stream(generator)
    if size is not None:
        kind = _floating(dtype)
        numbers = source.normal(sizes((size,)), kind, float(mean), float(std))
        result = made(numbers, device, requires_grad, layout)
        return result if out is None else store(out, result)
    tensors = [t for t in (mean, std) if isinstance(t, TensorState)]
    if not tensors:
        raise TypeError("normal() of two numbers needs a size")
    kind = tensors[0]._data.dtype
    if isinstance(std, TensorState) and std._data.dtype.kind == "c":
        raise RuntimeError("normal() expects standard deviations that are real numbers")
    values = [t._data if isinstance(t, TensorState) else t for t in (mean, std)]
    result = _drawn(mean, std, source.normal_of(values[0], values[1], kind).astype(kind))
    return result if out is None else store(out, result)


def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """1 with probability `input` (element by element), else 0."""
    if not isinstance(input, TensorState):
        raise TypeError(f"bernoulli() needs a Tensor, got {type(input).__name__}")
    data = input._data
    if data.dtype.kind not in "fV" and p is None:
        raise RuntimeError(
            f"probabilities are floating numbers, got {from_numpy_dtype(data.dtype)}"
        )
    numbers = stream(generator).bernoulli(data if p is None else p, data.shape, data.dtype)
    result = _no_gradient(input, numbers)
    return result if out is None else store(out, result)


def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of events where `input` are expected, element by element."""
    return _no_gradient(input, stream(generator).poisson(input._data))


def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """Numbers of successes in `count` trials of probability `prob`."""
    return wrap(stream(generator).binomial(count._data, prob._data))


def multinomial(
    input: Tensor, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """`num_samples` indices from each row, drawn in proportion to its elements.

    Shapes: (classes) -> (num_samples), or (rows, classes) -> (rows, num_samples).
    """
    if not isinstance(input, TensorState):
        raise TypeError(f"multinomial() needs a Tensor, got {type(input).__name__}")
    if input._data.dtype.kind not in "fV":
        raise RuntimeError(
            f"multinomial needs floating weights, got {from_numpy_dtype(input._data.dtype)}"
        )
    if out is not None and out._data.dtype != np.int64:
        raise RuntimeError(f"multinomial writes int64, out is {from_numpy_dtype(out._data.dtype)}")
    result = wrap(stream(generator).multinomial(input._data, num_samples, replacement))
    return result if out is None else store(out, result)
