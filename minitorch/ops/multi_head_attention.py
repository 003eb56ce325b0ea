"""Several attentions side by side, each on its own projection of queries, keys and values."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.ops.attention import as_scores, scaled_dot_product_attention
from minitorch.ops.broadcasting import expand
from minitorch.ops.dropout import dropout
from minitorch.ops.joining import cat
from minitorch.ops.linear import linear
from minitorch.ops.operators import add, mul
from minitorch.ops.padding import pad
from minitorch.ops.products import matmul
from minitorch.ops.reductions import mean
from minitorch.ops.selecting import chunk, split
from minitorch.ops.shapes import permute, reshape, squeeze, transpose, unsqueeze
from minitorch.ops.softmax import softmax

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["multi_head_attention_forward"]


def require(holds: Any, why: str) -> None:
    """AssertionError, which is what PyTorch raises here, unless `holds`."""
    if not holds:
        raise AssertionError(why)


def canonical_mask(mask: Any, name: str, dtype: Any, other: Any = None) -> Any:
    """A mask (true: must *not* look) as numbers to add to the scores; None stays None."""
    if mask is None:
        return None
    kind = mask._data.dtype.kind
    require(kind in "bfV", f"{name} must be boolean or floating, got {mask.dtype}")
    if other is not None and other._data.dtype != mask._data.dtype:
        warnings.warn(
            f"{name} and the attention mask should have one dtype, got {mask.dtype} and "
            f"{other.dtype}",
            stacklevel=4,
        )
    return as_scores(wrap(~mask._data), dtype) if kind == "b" else mask


def _check_shapes(query: Any, key: Any, value: Any, padding: Any, mask: Any, heads: int) -> None:
    ndim = query._data.ndim
    require(
        ndim in (2, 3), f"query must be 2-D (unbatched) or 3-D, got shape {list(query._data.shape)}"
    )
    for name, x in (("key", key), ("value", value)):
        require(
            x._data.ndim == ndim,
            f"{name} must be {ndim}-D like the query, got shape {list(x._data.shape)}",
        )
    if padding is not None:
        require(
            padding._data.ndim == ndim - 1,
            f"key_padding_mask must be {ndim - 1}-D with a {ndim}-D query, got shape "
            f"{list(padding._data.shape)}",
        )
    if mask is not None:
        require(mask._data.ndim in (2, 3), f"attn_mask must be 2-D or 3-D, not {mask._data.ndim}-D")
        if ndim == 2 and mask._data.ndim == 3:
            wanted = (heads, query._data.shape[0], key._data.shape[0])
            require(
                mask._data.shape == wanted,
                f"attn_mask must have shape {wanted}, got {tuple(mask._data.shape)}",
            )


def _project(query: Any, key: Any, value: Any, weight: Any, separate: Any, bias: Any) -> Any:
    """The inputs times their weights, which lie packed in one matrix or come `separate`."""
    if separate is None and query is key is value:
        return chunk(linear(query, weight, bias), 3, -1)
    if separate is None and key is value:
        size = query._data.shape[-1]
        for_q, for_kv = split(weight, [size, 2 * size])
        biases: Any = (None, None) if bias is None else split(bias, [size, 2 * size])
        return linear(query, for_q, biases[0]), *chunk(linear(key, for_kv, biases[1]), 2, -1)
    weights = chunk(weight, 3) if separate is None else separate
    biases = (None, None, None) if bias is None else chunk(bias, 3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _widen(mask: Any) -> Any:
    """A mask for one more key, which may be looked at."""
    return None if mask is None else pad(mask, (0, 1))


def _given(x: Any, name: str, batch: int, heads: int, size: int) -> Any:
    """Keys or values that are given projected, (N * H, S, D) -> (N, H, S, D)."""
    n, length, d = x._data.shape
    require(n == batch * heads, f"{name}.size(0) must be {batch * heads}, got {n}")
    require(d == size, f"{name}.size(2) must be {size}, got {d}")
    return reshape(x, (batch, heads, length, d))


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
    *,
    batch_first: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """The computation of `nn.MultiheadAttention`: (L, N, E), (S, N, Ek), (S, N, Ev) -> (L, N, E).

    Also returns the weights, (N, L, S) or one (N, H, L, S) per head, if `need_weights`.
    `batch_first` (not in PyTorch's function, only in its module): (N, L, E) and so on.
    """
    _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not (batched := query._data.ndim == 3):
        at = 0 if batch_first else 1
        same = key is query, value is key  # equal inputs are projected together
        query = unsqueeze(query, at)
        key = query if same[0] else unsqueeze(key, at)
        value = key if same[1] else unsqueeze(value, at)
        if key_padding_mask is not None:
            key_padding_mask = unsqueeze(key_padding_mask, 0)
    along, over = (1, 0) if batch_first else (0, 1)  # the sequence's dimension, the batch's
    shape, dtype = query._data.shape, query._data.dtype
    length, batch, size = shape[along], shape[over], shape[2]
    keys = key._data.shape[along]
    key_padding_mask = canonical_mask(key_padding_mask, "key_padding_mask", dtype, attn_mask)
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "is_causal is a hint about attn_mask, which is needed too: see "
            "nn.Transformer.generate_square_subsequent_mask"
        )
    if is_causal and key_padding_mask is None and not need_weights:
        attn_mask = None
    else:
        attn_mask = canonical_mask(attn_mask, "attn_mask", dtype)
        is_causal = False

    require(
        size == embed_dim_to_check,
        f"dimension -1 of query must be embed_dim = {embed_dim_to_check}, got {size} in shape "
        f"{list(shape)}",
    )
    head = size // num_heads
    require(head * num_heads == size, f"embed_dim {size} is not divisible by num_heads {num_heads}")
    k_shape, v_shape = list(key._data.shape), list(value._data.shape)
    separate = None
    if use_separate_proj_weight:
        separate = q_proj_weight, k_proj_weight, v_proj_weight
        require(
            all(w is not None for w in separate),
            "use_separate_proj_weight needs q_proj_weight, k_proj_weight and v_proj_weight",
        )
        k_shape, v_shape = k_shape[:2], v_shape[:2]
    else:
        require(in_proj_weight is not None, "in_proj_weight is needed")
    require(k_shape == v_shape, f"shapes of key {k_shape} and value {v_shape} differ")
    if key._data.shape[over] != batch:
        raise RuntimeError(
            f"query, of shape {list(shape)}, and key, of shape {list(key._data.shape)}, differ in "
            f"dimension {over}, the batch"
        )
    q, k, v = _project(query, key, value, in_proj_weight, separate, in_proj_bias)

    if attn_mask is not None:
        have = tuple(attn_mask._data.shape)
        wanted = (length, keys) if len(have) == 2 else (batch * num_heads, length, keys)
        if have != wanted:
            raise RuntimeError(f"attn_mask must have shape {wanted}, got {have}")
        if len(have) == 3:
            attn_mask = reshape(attn_mask, (batch, num_heads, length, keys))

    require((bias_k is None) == (bias_v is None), "bias_k and bias_v must come together")
    if bias_k is not None:
        require(static_k is None and static_v is None, "static keys and values take no bias")
        one = (batch, 1, size) if batch_first else (1, batch, size)
        extra: Any = (k, bias_k), (v, bias_v)
        k, v = (cat([x, expand(b, one)], along) for x, b in extra)
        attn_mask, key_padding_mask = _widen(attn_mask), _widen(key_padding_mask)

    def heads_of(x: Any) -> Any:  # -> (N, H, length, D)
        parted = reshape(x, (*x._data.shape[:2], num_heads, head))
        return permute(parted, (over, 2, along, 3))

    q = heads_of(q)
    k = heads_of(k) if static_k is None else _given(static_k, "static_k", batch, num_heads, head)
    v = heads_of(v) if static_v is None else _given(static_v, "static_v", batch, num_heads, head)
    if add_zero_attn:
        nothing = wrap(np.zeros((batch, num_heads, 1, head), dtype))
        k, v = cat([k, nothing], 2), cat([v, nothing], 2)
        attn_mask, key_padding_mask = _widen(attn_mask), _widen(key_padding_mask)
    if key_padding_mask is not None:
        have, wanted = tuple(key_padding_mask._data.shape), (batch, k._data.shape[2])
        require(have == wanted, f"key_padding_mask must have shape {wanted}, got {have}")
        padding = reshape(key_padding_mask, (batch, 1, 1, wanted[1]))
        attn_mask = padding if attn_mask is None else add(attn_mask, padding)

    weights: Any = None
    p = dropout_p if training else 0.0
    if need_weights:
        scores = matmul(mul(q, math.sqrt(1 / head)), transpose(k, -2, -1))
        weights = softmax(scores if attn_mask is None else add(scores, attn_mask), -1)
        weights = dropout(weights, p)
        out = matmul(weights, v)
    else:
        out = scaled_dot_product_attention(q, k, v, attn_mask, p, is_causal)
    # The sequence first even if the batch is to be: PyTorch's layout, which dropout draws by.
    out = reshape(permute(out, (2, 0, 1, 3)), (length, batch, size))
    out = linear(out, out_proj_weight, out_proj_bias)
    if batch_first:
        out = transpose(out, 0, 1)
    if weights is not None and average_attn_weights:
        weights = mean(weights, 1)
    if not batched:
        out = squeeze(out, over)
        weights = None if weights is None else squeeze(weights, 0)
    return out, weights
