"""`vmap`: a function of one sample as a function of a batch of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from minitorch.engine.state import TensorState
from minitorch.ops.joining import stack
from minitorch.ops.random import get_rng_state, set_rng_state

__all__ = ["vmap"]

_RANDOMNESS = ("error", "different", "same")


def vmap(
    func: Callable[..., Any],
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """``f`` mapped over a dimension of its arguments.  Mirrors ``torch.vmap``.

    ``vmap(f)(x, y)`` is ``stack([f(x[0], y[0]), f(x[1], y[1]), ...])``, and that is how it is
    computed here: one call of `func` after the other.  It saves writing, not time; gradients flow
    through it, and it nests with `grad`, `vjp` and itself.

    Args:
        in_dims: which dimension of each positional argument is mapped over; None: that argument is
            handed over whole.  One for all, or nested like the arguments.
        out_dims: where the mapped dimension goes in the results.
        randomness: what random numbers inside `func` do: ``"error"``, ``"different"`` for each
            sample, or the ``"same"`` for all.
        chunk_size: accepted, and without effect.

    Raises:
        ValueError: arguments whose mapped dimensions differ in size, or nothing to map over.

    Per-sample gradients:

    >>> import minitorch
    >>> from minitorch.func import grad, vmap
    >>> w, x = minitorch.tensor([1.0, 2.0]), minitorch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> vmap(grad(lambda w, x: (w @ x) ** 2), in_dims=(None, 0))(w, x)
    tensor([[2., 0.],
            [0., 4.],
            [6., 6.]])
    """
    if randomness not in _RANDOMNESS:
        raise RuntimeError(f"vmap: randomness is one of {_RANDOMNESS}, not {randomness!r}")
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"vmap: chunk_size is a positive number or None, not {chunk_size}")

    @functools.wraps(func)
    def mapped(*args: Any, **kwargs: Any) -> Any:
        dims = _dims_like(args, tuple(in_dims) if isinstance(in_dims, list) else in_dims)
        size = _common_size(args, dims)
        state = None if randomness == "different" else get_rng_state()
        results = []
        for i in range(size):
            if randomness == "same" and state is not None:
                set_rng_state(state)
            results.append(func(*_sample(args, dims, i), **kwargs))
            if randomness == "error" and state is not None and not _equal(state, get_rng_state()):
                set_rng_state(state)
                raise RuntimeError(
                    "vmap: the function draws random numbers; say with randomness= whether they "
                    'are to be "different" for each sample or the "same"'
                )
        return _stacked(results, out_dims)

    return mapped


def _equal(a: Any, b: Any) -> bool:
    return a.numpy().tobytes() == b.numpy().tobytes()


def _dims_like(tree: Any, dims: Any) -> Any:
    """`dims` in the structure of `tree`: one number (or None) for each thing in it."""
    if isinstance(tree, tuple | list):
        each = dims if isinstance(dims, tuple | list) else [dims] * len(tree)
        if len(each) != len(tree):
            raise ValueError(f"vmap: in_dims has {len(each)} entries for {len(tree)} arguments")
        return [_dims_like(part, d) for part, d in zip(tree, each)]
    if isinstance(tree, dict):
        if isinstance(dims, dict) and dims.keys() != tree.keys():
            raise ValueError(f"vmap: in_dims has the keys {[*dims]}, the argument {[*tree]}")
        return {
            k: _dims_like(v, dims[k] if isinstance(dims, dict) else dims) for k, v in tree.items()
        }
    if not isinstance(tree, TensorState):
        if dims is not None and dims != 0:
            raise ValueError(f"vmap: in_dims={dims} for a {type(tree).__name__}; only Tensors map")
        return None
    if dims is None:
        return None
    if not isinstance(dims, int):
        raise ValueError(f"vmap: in_dims is made of integers and None, got {dims!r}")
    if not -tree._data.ndim <= dims < tree._data.ndim:
        raise ValueError(f"vmap: in_dim {dims} for a tensor of shape {tuple(tree._data.shape)}")
    return dims


def _common_size(tree: Any, dims: Any) -> int:
    sizes: dict[int, tuple[int, ...]] = {}

    def look(tree: Any, dims: Any) -> None:
        if isinstance(dims, list):
            for part, d in zip(tree, dims):
                look(part, d)
        elif isinstance(dims, dict):
            for key, d in dims.items():
                look(tree[key], d)
        elif dims is not None:
            sizes.setdefault(tree._data.shape[dims], tuple(tree._data.shape))

    look(tree, dims)
    if not sizes:
        raise ValueError("vmap: no argument is mapped over; at least one in_dim must be a number")
    if len(sizes) > 1:
        raise ValueError(
            "vmap: the mapped dimensions differ in size: "
            + ", ".join(f"{n} (of shape {shape})" for n, shape in sizes.items())
        )
    (size,) = sizes
    if size == 0:
        raise ValueError("vmap: there is nothing to map over, the mapped dimension has size 0")
    return size


def _sample(tree: Any, dims: Any, i: int) -> Any:
    if isinstance(dims, list):
        parts = [_sample(part, d, i) for part, d in zip(tree, dims)]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(dims, dict):
        return type(tree)((key, _sample(tree[key], d, i)) for key, d in dims.items())
    return tree if dims is None else tree.select(dims, i)


def _stacked(results: list[Any], dims: Any) -> Any:
    """The results of all samples as one: tensors stacked, containers kept."""
    first = results[0]
    if isinstance(first, tuple | list):
        each = dims if isinstance(dims, tuple | list) else [dims] * len(first)
        if len(each) != len(first):
            raise ValueError(f"vmap: out_dims has {len(each)} entries for {len(first)} results")
        parts = [_stacked(list(column), d) for column, d in zip(zip(*results, strict=True), each)]
        return type(first)(*parts) if hasattr(first, "_fields") else type(first)(parts)
    if isinstance(first, dict):
        return type(first)(
            (k, _stacked([r[k] for r in results], dims[k] if isinstance(dims, dict) else dims))
            for k in first
        )
    if not isinstance(first, TensorState):
        raise ValueError(f"vmap: the function must return Tensors, got a {type(first).__name__}")
    if dims is None:
        return first
    return stack(results, dims)
