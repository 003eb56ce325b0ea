"""Sequences of different lengths as one tensor: padded, or packed.  Mirrors ``torch.nn.utils.rnn``.

Packed, the sequences lie step by step, longest first, without padding: [a0 b0 c0 a1 b1 a2] for
three sequences of lengths 3, 2 and 1, with ``batch_sizes`` [3, 2, 1].
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from minitorch.engine.state import TensorState, wrap
from minitorch.ops.gathering import index_select
from minitorch.ops.joining import cat, stack
from minitorch.ops.padding import pad
from minitorch.ops.selecting import narrow, select, split
from minitorch.ops.shapes import transpose

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence",
    "pad_packed_sequence", "pad_sequence", "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Fields(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Fields):
    """`data`, all steps; `batch_sizes`, how many sequences have each; and how they were sorted.

    Made by `pack_sequence` and `pack_padded_sequence`.
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise AssertionError("without batch_sizes, data is (data, batch_sizes)")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """With the data converted as by ``Tensor.to``."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cpu(self) -> Self:
        """Returns itself: it is there already."""
        return self

    def double(self) -> Self:
        """With float64 data."""
        return type(self)(self.data.double(), *self[1:])

    def float(self) -> Self:
        """With float32 data."""
        return type(self)(self.data.float(), *self[1:])

    def half(self) -> Self:
        """With float16 data."""
        return type(self)(self.data.half(), *self[1:])

    def long(self) -> Self:
        """With int64 data."""
        return type(self)(self.data.long(), *self[1:])

    def int(self) -> Self:
        """With int32 data."""
        return type(self)(self.data.int(), *self[1:])


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The order that undoes an order."""
    if permutation is None:
        return None
    return wrap(np.argsort(permutation._data, kind="stable").astype(permutation._data.dtype))


def pack_padded_sequence(
    input: Tensor,
    lengths: Tensor | Sequence[int],
    batch_first: bool = False,
    enforce_sorted: bool = True,
) -> PackedSequence:
    """Padded sequences, (T, N, ...) or with `batch_first` (N, T, ...), without the padding.

    Without `enforce_sorted` the sequences may come in any order; else the longest comes first.

    >>> import minitorch
    >>> x = minitorch.tensor([[1, 2, 3], [4, 5, 0]])
    >>> minitorch.nn.utils.rnn.pack_padded_sequence(x, [3, 2], batch_first=True).data
    tensor([1, 4, 2, 5, 3])
    """
    given = lengths._data if isinstance(lengths, TensorState) else lengths
    longs = np.asarray(given).astype(np.int64)
    order = None
    if not enforce_sorted:
        ranks = np.argsort(-longs, kind="stable")
        longs, order = longs[ranks], wrap(ranks)
        input = index_select(input, 0 if batch_first else 1, order)
    x: Any = transpose(input, 0, 1) if batch_first else input
    shape = x._data.shape
    if not x._data.size:
        raise RuntimeError(f"cannot pack empty tensors: the input has shape {list(shape)}")
    if longs.shape != (shape[1],):
        raise RuntimeError(
            f"lengths must have one entry for each of {shape[1]} sequences, "
            f"got shape {list(longs.shape)}"
        )
    if longs[-1] <= 0:
        raise RuntimeError(f"all lengths must be greater than 0, got {longs.tolist()}")
    if np.any(longs[1:] > longs[:-1]):
        raise RuntimeError(
            f"lengths must be in descending order, got {longs.tolist()}; "
            "enforce_sorted=False sorts the sequences"
        )
    if longs[0] > shape[0]:
        raise RuntimeError(f"a length of {longs[0]} in sequences padded to {shape[0]}")
    sizes = [int(np.count_nonzero(longs > t)) for t in range(longs[0])]
    data = cat([narrow(select(x, 0, t), 0, 0, n) for t, n in enumerate(sizes)])
    return PackedSequence(data, wrap(np.array(sizes, np.int64)), order)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The padded sequences, (T, N, ...) or with `batch_first` (N, T, ...), and their lengths.

    >>> import minitorch
    >>> from minitorch.nn.utils.rnn import pack_sequence
    >>> packed = pack_sequence([minitorch.tensor([1, 2, 3]), minitorch.tensor([4])])
    >>> minitorch.nn.utils.rnn.pad_packed_sequence(packed, batch_first=True)
    (tensor([[1, 2, 3],
            [4, 0, 0]]), tensor([3, 1]))
    """
    sizes = sequence.batch_sizes.tolist()
    length = len(sizes) if total_length is None else total_length
    if length < len(sizes):
        raise ValueError(
            f"total_length must be at least {len(sizes)}, the length of the longest sequence; "
            f"got {total_length}"
        )
    tail = (0, 0) * (sequence.data.ndim - 1)
    steps = [
        pad(step, (*tail, 0, sizes[0] - n), value=padding_value)
        for step, n in zip(split(sequence.data, sizes), sizes)
    ]
    padded = stack(steps, 1 if batch_first else 0)
    if length > len(sizes):
        more = (0, length - len(sizes))
        rest = (*tail, *more) if batch_first else (*tail, 0, 0, *more)
        padded = pad(padded, rest, value=padding_value)
    longs = wrap(np.greater.outer(sizes, np.arange(sizes[0])).sum(0))
    back = sequence.unsorted_indices
    if back is not None:
        padded = index_select(padded, 0 if batch_first else 1, back)
        longs = wrap(longs._data[back._data])
    return padded, longs


def pad_sequence(
    sequences: Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences (L_i, ...) as one tensor (T, N, ...), (N, T, ...) with `batch_first`.

    >>> import minitorch
    >>> x = [minitorch.ones(3), minitorch.ones(1)]
    >>> minitorch.nn.utils.rnn.pad_sequence(x, batch_first=True)
    tensor([[1., 1., 1.],
            [1., 0., 0.]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(f"pad_sequence() takes an iterable, not {type(sequences).__name__}")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"padding_side must be left or right, got {padding_side!r}")
    parts: list[Any] = list(sequences)
    if not parts:
        raise RuntimeError("pad_sequence() got no sequences")
    longest = max(x._data.shape[0] for x in parts)
    tail = (0, 0) * (parts[0]._data.ndim - 1)

    def padded(x: Any) -> Any:
        missing = longest - x._data.shape[0]
        around = (missing, 0) if padding_side == "left" else (0, missing)
        return pad(x, (*tail, *around), value=padding_value)

    return stack([padded(x) for x in parts], 0 if batch_first else 1)


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded tensor, each at its length."""
    over = 0 if batch_first else 1
    return [
        narrow(select(padded_sequences, over, i), 0, 0, n) for i, n in enumerate(lengths.tolist())
    ]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences (L_i, ...), the longest first unless not `enforce_sorted`.

    >>> import minitorch
    >>> x = [minitorch.tensor([1, 2, 3]), minitorch.tensor([4, 5])]
    >>> minitorch.nn.utils.rnn.pack_sequence(x).batch_sizes
    tensor([2, 2, 1])
    """
    lengths = [x._data.shape[0] for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed, in their first order."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, batch_first=True), True)
