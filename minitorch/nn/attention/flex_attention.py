"""Attention whose scores pass through a function, and whose mask is one.

PyTorch compiles these functions into its kernel; here they are called once, with the numbers of
all places as tensors that broadcast to (B, H, L, S).  Mirrors
``torch.nn.attention.flex_attention``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from minitorch.ops.broadcasting import broadcast_to
from minitorch.ops.creation import arange
from minitorch.ops.logic import logical_and, logical_or
from minitorch.ops.products import matmul
from minitorch.ops.reductions import logsumexp
from minitorch.ops.repeating import repeat_interleave
from minitorch.ops.shapes import mT
from minitorch.ops.softmax import softmax
from minitorch.ops.where import masked_fill

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "BlockMask", "and_masks", "create_block_mask", "create_mask", "flex_attention", "noop_mask",
    "or_masks",
]  # fmt: skip

MaskMod = Callable[[Any, Any, Any, Any], Any]


@dataclass
class BlockMask:
    """Who may look where: ``mask_mod(b, h, q_idx, kv_idx)`` is true where a query may look.

    PyTorch's keeps a table of blocks too, to skip those that nobody looks at.
    """

    mask_mod: MaskMod
    shape: tuple[int, int, int, int]

    def to(self, device: Any) -> BlockMask:
        """Itself, for the CPU."""
        return self


def _places(shape: Any) -> list[Any]:
    """b, h, q_idx, kv_idx, each along its own dimension."""
    return [arange(n).reshape([-1 if i == d else 1 for i in range(4)]) for d, n in enumerate(shape)]


def noop_mask(batch: Any, head: Any, token_q: Any, token_kv: Any) -> Any:
    """Everyone may look everywhere."""
    return batch.new_ones(()).bool()


def and_masks(*mask_mods: MaskMod) -> MaskMod:
    """Where all masks let look."""

    def both(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        found = noop_mask(b, h, q_idx, kv_idx)
        for mask in mask_mods:
            found = logical_and(found, mask(b, h, q_idx, kv_idx))
        return found

    return both


def or_masks(*mask_mods: MaskMod) -> MaskMod:
    """Where one of the masks lets look."""

    def either(b: Any, h: Any, q_idx: Any, kv_idx: Any) -> Any:
        found = b.new_zeros(()).bool()
        for mask in mask_mods:
            found = logical_or(found, mask(b, h, q_idx, kv_idx))
        return found

    return either


def create_mask(
    mod_fn: MaskMod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = "cpu"
) -> Tensor:
    """The mask as a tensor of bool, (B, H, Q_LEN, KV_LEN).

    >>> from minitorch.nn.attention.flex_attention import create_mask
    >>> create_mask(lambda b, h, q, k: q >= k, 1, 1, 2, 2)[0, 0]
    tensor([[ True, False],
            [ True,  True]])
    """
    shape = (B or 1, H or 1, Q_LEN, KV_LEN)
    return broadcast_to(mod_fn(*_places(shape)), shape)


def create_block_mask(
    mask_mod: MaskMod, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = "cpu",
    BLOCK_SIZE: Any = 128, _compile: bool = False,
) -> BlockMask:  # fmt: skip
    """A `BlockMask` for `flex_attention`."""
    return BlockMask(mask_mod, (B or 1, H or 1, Q_LEN, KV_LEN))


def flex_attention(
    query: Tensor, key: Tensor, value: Tensor, score_mod: Any = None,
    block_mask: BlockMask | None = None, scale: float | None = None, enable_gqa: bool = False,
    return_lse: bool = False, kernel_options: Any = None,
) -> Any:  # fmt: skip
    """``softmax(score_mod(scale * query @ key.T)) @ value``, within the mask.

    `query` (B, H, L, E), `key` (B, H, S, E), `value` (B, H, S, F) -> (B, H, L, F).
    ``score_mod(score, b, h, q_idx, kv_idx)`` is called on all scores at once.  `scale` is
    ``1 / sqrt(E)`` by default.  With `enable_gqa`, several heads of `query` share one of `key`.
    A query that may look nowhere gets zeros.  With `return_lse`, the log of the sum of the
    exponentiated scores comes second.
    """
    q, k, v = query._data.shape, key._data.shape, value._data.shape
    if not len(q) == len(k) == len(v) == 4:
        raise ValueError(f"flex_attention takes 4-dimensional tensors, got {q}, {k} and {v}")
    if enable_gqa and k[1] != q[1]:
        if q[1] % k[1]:
            raise ValueError(f"{q[1]} heads of query cannot share {k[1]} of key")
        key = repeat_interleave(key, q[1] // k[1], 1)
        value = repeat_interleave(value, q[1] // k[1], 1)
    elif k[1] != q[1]:
        raise ValueError(f"query has {q[1]} heads, key {k[1]}; enable_gqa lets them be shared")
    scores = matmul(query, mT(key)) * (1 / math.sqrt(q[3]) if scale is None else scale)
    places = _places(scores._data.shape)
    if score_mod is not None:
        kind = scores.dtype
        scores = score_mod(scores, *places).to(kind)
    seen = None
    if block_mask is not None:
        seen = block_mask.mask_mod(*places)
        scores = masked_fill(scores, ~seen, -math.inf)
    weights = softmax(scores, -1)
    if seen is not None or score_mod is not None:
        nowhere = (scores == -math.inf).all(-1, keepdim=True)
        weights = masked_fill(weights, nowhere, 0.0)
    out = matmul(weights, value)
    return (out, logsumexp(scores, -1)) if return_lse else out
