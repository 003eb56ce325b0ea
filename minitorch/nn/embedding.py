"""Layers that look up rows of a table: words and other things that are numbered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from minitorch.engine.modes import no_grad
from minitorch.nn import init
from minitorch.nn.module import Module
from minitorch.nn.parameter import Parameter
from minitorch.ops.creation import empty
from minitorch.ops.embedding import embedding, embedding_bag

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _Table(Module):
    """A table `weight` (num_embeddings, embedding_dim), at first normal numbers."""

    weight: Parameter
    padding_idx: int | None

    def _set_padding(self, padding_idx: int | None, count: int) -> None:
        if padding_idx is not None:
            if not -count <= padding_idx < count:
                raise AssertionError(f"padding_idx must be within num_embeddings={count}")
            padding_idx %= count
        self.padding_idx = padding_idx

    def _set_weight(
        self, shape: tuple[int, int], weight: Tensor | None, freeze: bool, device: Any, dtype: Any
    ) -> None:
        if weight is not None and weight._data.shape != shape:
            raise AssertionError(f"the weight must have shape {shape}, got {weight._data.shape}")
        table = empty(shape, device=device, dtype=dtype) if weight is None else weight
        self.weight = Parameter(table, requires_grad=not freeze)
        if weight is None:
            self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the table anew; the padding row is zero."""
        init.normal_(self.weight)
        self._fill_padding_idx_with_zero()

    def _fill_padding_idx_with_zero(self) -> None:
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)


def _rows_and_columns(embeddings: Tensor) -> tuple[int, int]:
    if embeddings._data.ndim != 2:
        raise AssertionError(
            f"embeddings are expected to be 2-dimensional, got shape {embeddings._data.shape}"
        )
    return embeddings._data.shape


class Embedding(_Table):
    """Row ``input[i]`` of a learnt table, for every i: (...) -> (..., embedding_dim).

    Row `padding_idx` is zero at first and gets no gradient; rows longer than `max_norm` are
    shortened when they are used.

    >>> import minitorch
    >>> words = minitorch.nn.Embedding(10, 3)
    >>> words(minitorch.tensor([[1, 2, 4, 5], [4, 3, 2, 9]])).shape
    minitorch.Size([2, 4, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self._set_padding(padding_idx, num_embeddings)
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._set_weight((num_embeddings, embedding_dim), _weight, _freeze, device, dtype)
        self.sparse = sparse

    def forward(self, input: Tensor) -> Tensor:
        return embedding(
            input,
            self.weight,
            self.padding_idx,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.sparse,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None:
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return text + ", sparse=True" if self.sparse is not False else text

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Self:
        """A layer whose table is `embeddings` itself, not learnt if `freeze`.

        >>> import minitorch
        >>> table = minitorch.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> minitorch.nn.Embedding.from_pretrained(table)(minitorch.tensor([1]))
        tensor([[3., 4.]])
        """
        return cls(
            *_rows_and_columns(embeddings),
            _weight=embeddings,
            _freeze=freeze,
            padding_idx=padding_idx,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            sparse=sparse,
        )


class EmbeddingBag(_Table):
    """The "sum", "mean" or "max" of the rows in each bag: (bags, n) -> (bags, embedding_dim).

    Bags of different sizes: one vector of all numbers, and `offsets`, where each bag begins.

    >>> import minitorch
    >>> bags = minitorch.nn.EmbeddingBag(10, 3, mode="sum")
    >>> bags(minitorch.tensor([1, 2, 4, 5]), minitorch.tensor([0, 3])).shape
    minitorch.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_embeddings = num_embeddings
        self.embedding_dim = embedding_dim
        self.max_norm = max_norm
        self.norm_type = norm_type
        self.scale_grad_by_freq = scale_grad_by_freq
        self._set_padding(padding_idx, num_embeddings)
        self._set_weight((num_embeddings, embedding_dim), _weight, False, device, dtype)
        self.mode = mode
        self.sparse = sparse
        self.include_last_offset = include_last_offset

    def forward(
        self,
        input: Tensor,
        offsets: Tensor | None = None,
        per_sample_weights: Tensor | None = None,
    ) -> Tensor:
        return embedding_bag(
            input,
            self.weight,
            offsets,
            self.max_norm,
            self.norm_type,
            self.scale_grad_by_freq,
            self.mode,
            self.sparse,
            per_sample_weights,
            self.include_last_offset,
            self.padding_idx,
        )

    def extra_repr(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        text += f", mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> Self:
        """A layer whose table is `embeddings` itself, not learnt if `freeze`."""
        bag = cls(
            *_rows_and_columns(embeddings),
            _weight=embeddings,
            max_norm=max_norm,
            norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq,
            mode=mode,
            sparse=sparse,
            include_last_offset=include_last_offset,
            padding_idx=padding_idx,
        )
        bag.weight.requires_grad = not freeze
        return bag
