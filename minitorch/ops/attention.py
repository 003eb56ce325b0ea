"""Attention: each query gets an average of the values, weighted by how well the keys match it.

``softmax(query @ key.T / sqrt(E) + mask) @ value`` (Vaswani et al., 2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.numerics.adding import add_columns
from minitorch.numerics.tiles import BLOCK, over_tiles
from minitorch.ops.checks import check_tensor
from minitorch.ops.copying import cast
from minitorch.ops.dropout import dropout
from minitorch.ops.fused import fused
from minitorch.ops.operators import add, mul
from minitorch.ops.out import takes_tensors
from minitorch.ops.products import matmul
from minitorch.ops.repeating import repeat_interleave
from minitorch.ops.shapes import transpose
from minitorch.ops.softmax import largest, softmax
from minitorch.ops.where import masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["scaled_dot_product_attention"]


def _attention_weights(q: Any, k: Any, mask: Any, scale: float) -> Any:
    """``softmax(scale * q @ k.T + mask)``; a query that may look at nothing has weights 0."""
    scores = matmul(mul(q, scale), transpose(k, -2, -1))
    if mask is None:
        return softmax(scores, -1)
    blind = wrap(np.all(np.isneginf(mask._data), axis=-1, keepdims=True))
    scores = masked_fill(add(scores, mask), blind, 0.0)
    return masked_fill(softmax(scores, -1), blind, 0.0)


def _attention_reference(q: Any, k: Any, v: Any, mask: Any, scale: float, gates: bool) -> Any:
    return matmul(_attention_weights(q, k, mask, scale), v)


def _room(x: np.ndarray, *ends: int) -> np.ndarray:
    """Memory for (..., *ends), with the leading dimensions of `x`.

    Heads (N, H, L, D) lie in it as (N, L, H, D), to be joined without a copy.
    """
    if x.ndim != 4:
        return np.empty((*x.shape[:-2], *ends), x.dtype)
    n, h = x.shape[:2]
    return np.empty((n, ends[0], h, ends[1]), x.dtype).swapaxes(1, 2)


def _for_samples(work: Callable[[Any], None], p: np.ndarray) -> None:
    """``work(part)`` for parts of the first dimension whose weights `p` stay in the cache.

    The parts are the same for one thread and for two: BLAS may add up differently in others.
    """
    if p.ndim < 3:
        work(...)
    else:
        over_tiles(work, len(p), max(1, 4 * BLOCK * len(p) // p.size))


def _harmless(scores: np.ndarray) -> bool:
    """Whether exp(scores), and sums of them, are far from both ends of float32.  NaN is not."""
    return bool(-40 < np.min(scores, initial=0) and np.max(scores, initial=0) < 40)


@fused(reference=_attention_reference)
def _attention(q, k, v, mask, /, scale, gates):
    """`gates`: whether the mask is of 0 and -inf alone, or None.

    Then, unless a score is large, which two fast looks at all of them tell, no row's largest is
    subtracted: to find these and take them off took 60 of 220 us for 2048 rows of 32.
    """
    p = np.empty((*q.shape[:-1], k.shape[-2]), q.dtype)
    out = _room(q, q.shape[-2], v.shape[-1])
    whole = mask is not None and mask.ndim == p.ndim and mask.shape[0] > 1

    def work(part: Any) -> None:
        some = np.matmul(q[part] * q.dtype.type(scale), k[part].swapaxes(-1, -2), out=p[part])
        harmless = gates and _harmless(some)
        if mask is not None:
            some += mask[part] if whole else mask
        if not harmless:
            top = largest(some, p.ndim - 1)
            if mask is not None:
                top[np.isneginf(top)] = 0
            some -= top
        np.exp(some, out=some)
        sums = add_columns(some.reshape(-1, p.shape[-1])).reshape(*some.shape[:-1], 1)
        if mask is not None:
            sums[sums == 0] = 1
        some *= 1 / sums
        np.matmul(some, v[part], out=out[part])

    _for_samples(work, p)
    return out, (q, k, v, p, scale)


@_attention.backward
def _(g, wanted, q, k, v, p, scale):
    for_q, for_k, for_v, _ = wanted  # a mask that is learnt does not come here
    grads: list[Any] = [
        _room(x, *x.shape[-2:]) if w else None for x, w in zip((q, k, v), (for_q, for_k, for_v))
    ]

    def work(part: Any) -> None:
        weights, given = p[part], g[part]
        if for_v:
            np.matmul(weights.swapaxes(-1, -2), given, out=grads[2][part])
        if not (for_q or for_k):
            return
        s = np.matmul(given, v[part].swapaxes(-1, -2))
        s -= np.vecdot(s, weights)[..., np.newaxis]
        s *= weights
        s *= s.dtype.type(scale)
        if for_q:
            np.matmul(s, k[part], out=grads[0][part])
        if for_k:
            np.matmul(s.swapaxes(-1, -2), q[part], out=grads[1][part])

    _for_samples(work, p)
    return *grads, None


@lru_cache(8)
def causal_mask(rows: int, columns: int, dtype: Any) -> np.ndarray:
    """0 up to the diagonal, -inf after it: no query looks at later keys."""
    mask = np.triu(np.full((rows, columns), -np.inf, dtype), 1)
    mask.flags.writeable = False
    return mask


def as_scores(mask: Any, dtype: Any) -> Any:
    """A boolean mask (true: may look) as numbers to add to the scores; others as they are."""
    if mask._data.dtype.kind != "b":
        return mask
    return wrap(np.where(mask._data, dtype.type(0), dtype.type(-np.inf)))


@takes_tensors
def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """``softmax(scale * query @ key.T + mask) @ value``: (..., L, E), (..., S, E), (..., S, V)
    -> (..., L, V).

    `attn_mask` broadcasts to (..., L, S): booleans (true: may look) or numbers to add.
    `is_causal`: query i looks at keys 0 to i.  `scale` is 1 / sqrt(E) by default.  `enable_gqa`:
    several heads of queries (third dimension from the end) share one of keys and values.

    >>> import minitorch
    >>> x = minitorch.tensor([[1.0, 0.0], [0.0, 1.0]])
    >>> minitorch.nn.functional.scaled_dot_product_attention(x, x, x, is_causal=True)
    tensor([[1.0000, 0.0000],
            [0.3302, 0.6698]])
    """
    _check(query, key, value, attn_mask, is_causal)
    q, k, v = query._data, key._data, value._data
    if q.dtype.itemsize == 2:
        halves: list[Any] = [query, key, value, attn_mask]
        if attn_mask is None or attn_mask._data.dtype.kind == "b":
            halves.pop()
        q32, k32, v32, *mask32 = [cast(x, np.dtype(np.float32)) for x in halves]
        masked = mask32[0] if mask32 else attn_mask
        out = scaled_dot_product_attention(
            q32, k32, v32, masked, dropout_p, is_causal, scale, enable_gqa
        )
        return cast(out, q.dtype)
    if enable_gqa:
        key, value = _shared(query, key), _shared(query, value)
        k, v = key._data, value._data
    if scale is None:
        scale = 1 / math.sqrt(q.shape[-1]) if q.shape[-1] else 1.0
    mask: Any = None
    if is_causal:
        mask = wrap(causal_mask(q.shape[-2], k.shape[-2], q.dtype))
    elif attn_mask is not None:
        mask = as_scores(attn_mask, q.dtype)
    if dropout_p == 0 and _usual(q, k, v, mask):
        gates = attn_mask is None or attn_mask._data.dtype.kind == "b"
        return _attention(query, key, value, mask, scale, gates)
    weights = _attention_weights(query, key, mask, scale)
    return matmul(dropout(weights, dropout_p), value)


def _check(query: Any, key: Any, value: Any, mask: Any, is_causal: bool) -> None:
    check_tensor("scaled_dot_product_attention", query, key, value)
    tensors = {"query": query, "key": key, "value": value}
    if len({x._data.dtype for x in tensors.values()}) > 1:
        dtypes = ", ".join(f"{name} {x.dtype}" for name, x in tensors.items())
        raise RuntimeError(f"scaled_dot_product_attention(): the dtypes must be equal: {dtypes}")
    if min(x._data.ndim for x in tensors.values()) < 2:
        shapes = ", ".join(f"{name} {list(x._data.shape)}" for name, x in tensors.items())
        raise RuntimeError(f"scaled_dot_product_attention(): 2 or more dimensions needed: {shapes}")
    if mask is not None:
        check_tensor("scaled_dot_product_attention", mask)
        if is_causal:
            raise RuntimeError("scaled_dot_product_attention(): attn_mask or is_causal, not both")
        if mask._data.dtype.kind != "b" and mask._data.dtype not in (
            query._data.dtype,
            np.float32,
        ):
            raise RuntimeError(
                f"scaled_dot_product_attention(): the mask must be boolean, or {query.dtype} like "
                f"the query; got {mask.dtype}"
            )


def _usual(q: Any, k: Any, v: Any, mask: Any) -> bool:
    """Whether the fused kernel takes it: equal batches, a constant mask that fits, no sizes 0."""
    if not (
        q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
        and q.shape[-1] == k.shape[-1]
        and k.shape[-2] == v.shape[-2]
        and q.size and k.size and v.size
    ):  # fmt: skip
        return False
    if mask is None:
        return True
    if isinstance(mask, TensorState) and mask._node is not None:
        return False
    scores, m = (*q.shape[:-1], k.shape[-2]), mask._data
    if m.dtype != q.dtype or m.ndim > len(scores):
        return False
    return all(a in (1, b) for a, b in zip(m.shape[::-1], scores[::-1]))


def _shared(query: Any, x: Any) -> Any:
    """The heads of `x` repeated, so that there are as many as of `query`."""
    if query._data.ndim < 3 or x._data.ndim < 3 or query._data.shape[-3] % x._data.shape[-3]:
        raise RuntimeError(
            "scaled_dot_product_attention(): the heads of the query must be a multiple of those of "
            f"key and value; got shapes {list(query._data.shape)} and {list(x._data.shape)}"
        )
    times = query._data.shape[-3] // x._data.shape[-3]
    return x if times == 1 else repeat_interleave(x, times, dim=-3)
