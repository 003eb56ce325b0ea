"""The transformer: attention and a small network per place, in layers, encoder and decoder."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from minitorch.nn import init
from minitorch.nn.containers import ModuleList
from minitorch.nn.dropout import Dropout
from minitorch.nn.linear import Linear
from minitorch.nn.module import Module
from minitorch.nn.multihead_attention import MultiheadAttention
from minitorch.nn.normalization import LayerNorm
from minitorch.ops.activations import gelu
from minitorch.ops.creation import full
from minitorch.ops.diagonals import triu
from minitorch.ops.layer_activations import relu
from minitorch.ops.multi_head_attention import canonical_mask

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

Activation = str | Callable[..., Any]


def _activation(activation: Activation) -> Callable[..., Any]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu or gelu, not {activation!r}")
    return relu if activation == "relu" else gelu


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList(copy.deepcopy(layer) for _ in range(count))


def _is_causal(mask: Any, hint: bool | None, x: Any, batch_first: bool) -> bool:
    """The hint, or if there is none: whether the mask is the causal one."""
    if hint is not None or mask is None:
        return hint is True
    size = x._data.shape[1 if batch_first and x._data.ndim == 3 else 0]
    causal = np.triu(np.full((size, size), -np.inf), 1)
    return np.array_equal(mask._data, causal)


class _Layer(Module):
    """What encoder and decoder layers share: self-attention and the network per place."""

    def _add_parts(
        self, d_model: int, nhead: int, dim_feedforward: int, dropout: float,
        activation: Activation, layer_norm_eps: float, batch_first: bool, norm_first: bool,
        bias: bool, device: Any, dtype: Any, attentions: tuple[str, ...],
    ) -> None:  # fmt: skip
        where: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        for name in attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, batch_first=batch_first, **where
            )
            setattr(self, name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, **where)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **where)
        self.norm_first = norm_first
        count = len(attentions) + 1
        for i in range(1, count + 1):
            setattr(self, f"norm{i}", LayerNorm(d_model, eps=layer_norm_eps, **where))
        for i in range(1, count + 1):
            setattr(self, f"dropout{i}", Dropout(dropout))
        self.activation = _activation(activation)

    def _step(self, x: Any, norm: Module, block: Callable[[Any], Any]) -> Any:
        """One residual step, normalised before (`norm_first`) or after."""
        return x + block(norm(x)) if self.norm_first else norm(x + block(x))

    def _sa_block(self, x: Any, attn_mask: Any, key_padding_mask: Any, is_causal: bool) -> Any:
        attended, _ = self.self_attn(
            x,
            x,
            x,
            attn_mask=attn_mask,
            key_padding_mask=key_padding_mask,
            need_weights=False,
            is_causal=is_causal,
        )
        return self.dropout1(attended)

    def _feed(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention, then two linear maps at each place; each with a residual and layer norm.

    (L, N, E) -> the same, (N, L, E) with `batch_first`; without a batch, (L, E).  In masks, true
    means: must not look.  Mirrors ``torch.nn.TransformerEncoderLayer``.

    >>> import minitorch
    >>> layer = minitorch.nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16)
    >>> layer(minitorch.randn(5, 3, 8)).shape
    minitorch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._add_parts(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype, ("self_attn",),
        )  # fmt: skip

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        padding = canonical_mask(
            src_key_padding_mask, "src_key_padding_mask", src._data.dtype, src_mask
        )
        mask = canonical_mask(src_mask, "src_mask", src._data.dtype)
        x = self._step(src, self.norm1, lambda x: self._sa_block(x, mask, padding, is_causal))
        return self._step(x, self.norm2, self._ff_block)

    def _ff_block(self, x: Any) -> Any:
        return self.dropout2(self._feed(x))


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to the encoder's output `memory`, and two linear maps.

    tgt (T, N, E), memory (S, N, E) -> (T, N, E); N first with `batch_first`.  Mirrors
    ``torch.nn.TransformerDecoderLayer``.

    >>> import minitorch
    >>> layer = minitorch.nn.TransformerDecoderLayer(8, nhead=2, dim_feedforward=16)
    >>> layer(minitorch.randn(5, 3, 8), minitorch.randn(7, 3, 8)).shape
    minitorch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._add_parts(
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype, ("self_attn", "multihead_attn"),
        )  # fmt: skip

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def look_at_memory(x: Any) -> Any:
            return self._mha_block(
                x, memory, memory_mask, memory_key_padding_mask, memory_is_causal
            )

        x = self._step(
            tgt,
            self.norm1,
            lambda x: self._sa_block(x, tgt_mask, tgt_key_padding_mask, tgt_is_causal),
        )
        x = self._step(x, self.norm2, look_at_memory)
        return self._step(x, self.norm3, self._ff_block)

    def _mha_block(
        self, x: Any, mem: Any, attn_mask: Any, key_padding_mask: Any, is_causal: bool
    ) -> Any:
        attended, _ = self.multihead_attn(
            x,
            mem,
            mem,
            attn_mask=attn_mask,
            key_padding_mask=key_padding_mask,
            need_weights=False,
            is_causal=is_causal,
        )
        return self.dropout2(attended)

    def _ff_block(self, x: Any) -> Any:
        return self.dropout3(self._feed(x))


class TransformerEncoder(Module):
    """`num_layers` copies of `encoder_layer`, one after the other, then `norm`.

    Mirrors ``torch.nn.TransformerEncoder``; there are no nested tensors, so `enable_nested_tensor`
    and `mask_check` change nothing.

    >>> import minitorch
    >>> layer = minitorch.nn.TransformerEncoderLayer(8, nhead=2, dim_feedforward=16)
    >>> minitorch.nn.TransformerEncoder(layer, num_layers=2)(minitorch.randn(5, 3, 8)).shape
    minitorch.Size([5, 3, 8])
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.mask_check = mask_check

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        dtype = src._data.dtype
        padding = canonical_mask(src_key_padding_mask, "src_key_padding_mask", dtype, mask)
        mask = canonical_mask(mask, "mask", dtype)
        causal = _is_causal(mask, is_causal, src, self.layers[0].self_attn.batch_first)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        return output if self.norm is None else self.norm(output)


class TransformerDecoder(Module):
    """`num_layers` copies of `decoder_layer`, one after the other, then `norm`.

    Mirrors ``torch.nn.TransformerDecoder``.

    >>> import minitorch
    >>> layer = minitorch.nn.TransformerDecoderLayer(8, nhead=2, dim_feedforward=16)
    >>> decoder = minitorch.nn.TransformerDecoder(layer, num_layers=2)
    >>> decoder(minitorch.randn(5, 3, 8), minitorch.randn(7, 3, 8)).shape
    minitorch.Size([5, 3, 8])
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0].self_attn.batch_first)
        output = tgt
        for layer in self.layers:
            output = layer(
                output,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=causal,
                memory_is_causal=memory_is_causal,
            )
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """Encoder and decoder (Vaswani et al., 2017).  Mirrors ``torch.nn.Transformer``.

    src (S, N, E), tgt (T, N, E) -> (T, N, E); N first with `batch_first`.

    >>> import minitorch
    >>> net = minitorch.nn.Transformer(8, 2, 1, 1, dim_feedforward=16)
    >>> net(minitorch.randn(7, 3, 8), minitorch.randn(5, 3, 8)).shape
    minitorch.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        layer: tuple[Any, ...] = (
            d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first,
            norm_first, bias, device, dtype,
        )  # fmt: skip

        def norm() -> LayerNorm:
            return LayerNorm(d_model, eps=layer_norm_eps, bias=bias, device=device, dtype=dtype)

        self.encoder = custom_encoder
        if custom_encoder is None:
            encoder_layer = TransformerEncoderLayer(*layer)
            self.encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm())
        self.decoder = custom_decoder
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*layer)
            self.decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm())
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        source, target = src._data.shape, tgt._data.shape
        over = 0 if self.batch_first else 1
        if len(source) == 3 and source[over] != target[over]:
            raise RuntimeError(
                f"src and tgt must have equal batch sizes, got shapes {source} and {target}"
            )
        if source[-1] != self.d_model or target[-1] != self.d_model:
            raise RuntimeError(
                f"the last size of src and tgt must be d_model = {self.d_model}, "
                f"got shapes {source} and {target}"
            )
        memory = self.encoder(
            src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """(sz, sz): -inf above the diagonal, else 0; each place looks at itself and before.

        >>> import minitorch
        >>> minitorch.nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        return triu(full((sz, sz), float("-inf"), device=device, dtype=dtype), diagonal=1)
