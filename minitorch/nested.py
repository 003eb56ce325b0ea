"""Batches of sequences that differ in length, without padding.  Mirrors ``torch.nested``.

A nested tensor of the layout `jagged` stands for tensors that differ in one dimension, the ragged
one: (B, j, ...) for B tensors (j_i, ...).  It keeps all of them joined along that dimension, in one
tensor `values`, so that what treats each row alone (linear layers, norms over the last dimensions,
activations, dropout, sums) is one call for all; attention is one call for each.

>>> import minitorch as torch
>>> from minitorch import nn
>>> sequences = [torch.ones(2, 4), torch.ones(3, 4)]
>>> batch = torch.nested.nested_tensor(sequences, layout=torch.jagged)
>>> batch
NestedTensor(size=(2, j1, 4), lengths=[2, 3])
>>> [out.shape for out in nn.Linear(4, 5)(batch).unbind()]
[minitorch.Size([2, 5]), minitorch.Size([3, 5])]

What is not here is an error: `unbind` gives the tensors, `to_padded_tensor` one that is padded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from minitorch.layouts import jagged
from minitorch.ops.attention import scaled_dot_product_attention
from minitorch.ops.creation import as_tensor, full, tensor
from minitorch.ops.dropout import dropout
from minitorch.ops.elsewhere import Elsewhere
from minitorch.ops.joining import cat, stack
from minitorch.ops.op import Op
from minitorch.ops.random import stream
from minitorch.tensor import Tensor

if TYPE_CHECKING:
    from minitorch.layouts import layout as Layout

__all__ = [
    "NestedTensor", "as_nested_tensor", "nested_tensor", "nested_tensor_from_jagged",
    "to_padded_tensor",
]  # fmt: skip


def _whole_rows(args: Any, kwargs: Any) -> int:
    """How many of the last dimensions a norm looks at together."""
    shape = kwargs.get("normalized_shape", args[1] if len(args) > 1 else 1)
    return 1 if isinstance(shape, int) else len(shape)


# Functions that treat what lies in the last dimensions alone, and how many of them they look at.
_ROWWISE: dict[str, Callable[[Any, Any], int]] = {
    **dict.fromkeys(("dropout", "gelu", "hardswish", "mish", "silu"), lambda args, kwargs: 0),
    "layer_norm": _whole_rows,
    "linear": lambda args, kwargs: 1,
    "rms_norm": _whole_rows,
}


class NestedTensor(Elsewhere):
    """Tensors that differ in size in one dimension: (B, j, ...).

    Unlike in PyTorch it is no `Tensor`, so that a function which does not know it refuses it, and
    `shape` has the name "j1" where there is no one size.
    """

    __slots__ = ("_lengths", "_ragged", "_values")
    is_nested = True
    layout = jagged

    def __init__(self, values: Tensor, lengths: Sequence[int], ragged: int = 1) -> None:
        if sum(lengths) != values.shape[ragged - 1] or min(lengths, default=0) < 0:
            raise ValueError(
                f"lengths {list(lengths)} do not add up to dimension {ragged - 1} of values "
                f"{list(values.shape)}"
            )
        self._values, self._lengths, self._ragged = values, tuple(lengths), ragged

    # --- what it is made of ---------------------------------------------------------------------

    def values(self) -> Tensor:
        """All tensors, joined along the ragged dimension."""
        return self._values

    def offsets(self) -> Tensor:
        """Where each tensor begins in `values`, and where the last one ends: (B + 1,)."""
        ends = [0]
        for length in self._lengths:
            ends.append(ends[-1] + length)
        return tensor(ends)

    def unbind(self, dim: int = 0) -> tuple[Tensor, ...]:
        """The tensors."""
        if dim != 0:
            raise NotImplementedError(f"unbind(): nested tensors part along dim 0, not {dim}")
        return self._values.split(list(self._lengths), self._ragged - 1)

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self.unbind())

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def shape(self) -> tuple[Any, ...]:
        """The sizes, with the name "j1" for the ragged dimension."""
        sizes: list[Any] = [len(self._lengths), *self._values.shape]
        sizes[self._ragged] = "j1"
        return tuple(sizes)

    def size(self, dim: int | None = None) -> Any:
        """`shape`, or the size of a dimension other than the ragged one."""
        if dim is None:
            return self.shape
        if self._dim(dim) == self._ragged:
            raise NotImplementedError(f"size({dim}): sizes differ there, see offsets().diff()")
        return self.shape[dim]

    @property
    def ndim(self) -> int:
        """The number of dimensions, that of the batch among them."""
        return self._values.ndim + 1

    def dim(self) -> int:
        """`ndim`."""
        return self.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self._values.numel()

    @property
    def dtype(self) -> Any:
        """That of the elements."""
        return self._values.dtype

    @property
    def device(self) -> Any:
        """Where the elements are."""
        return self._values.device

    @property
    def requires_grad(self) -> bool:
        """Whether gradients are wanted."""
        return self._values.requires_grad

    @property
    def grad(self) -> NestedTensor | None:
        """The gradient of a nested tensor that was made with ``requires_grad=True``."""
        grad = self._values.grad
        return None if grad is None else self._like(grad)

    def __repr__(self) -> str:
        size = ", ".join(map(str, self.shape))
        return f"NestedTensor(size=({size}), lengths={list(self._lengths)})"

    # --- other forms ----------------------------------------------------------------------------

    def to_padded_tensor(self, padding: float, output_size: Any = None) -> Tensor:
        """One tensor of the longest size (or of `output_size`), `padding` where one is shorter."""
        axis, longest = self._ragged - 1, max(self._lengths, default=0)
        size = [*self._values.shape]
        size[axis] = longest
        if output_size is not None:
            expected = [len(self), *size]
            if len(output_size) != len(expected) or any(
                a != b and (i != self._ragged or a < b)
                for i, (a, b) in enumerate(zip(output_size, expected))
            ):
                raise RuntimeError(
                    f"to_padded_tensor(): output_size {list(output_size)} must be {expected}, or "
                    f"larger in dimension {self._ragged}"
                )
            size[axis] = output_size[self._ragged]
        padded = []
        for part, length in zip(self.unbind(), self._lengths):
            fill = [*size]
            fill[axis] = size[axis] - length
            padded.append(cat([part, full(fill, padding, dtype=self.dtype)], axis))
        return stack(padded)

    def to(self, *args: Any, **kwargs: Any) -> NestedTensor:
        """`Tensor.to` of all."""
        return self._like(self._values.to(*args, **kwargs))

    def clone(self) -> NestedTensor:
        """A copy."""
        return self._like(self._values.clone())

    def contiguous(self) -> NestedTensor:
        """The same, its elements row by row in memory."""
        return self._like(self._values.contiguous())

    def detach(self) -> NestedTensor:
        """The same elements, without history."""
        return self._like(self._values.detach())

    # --- dimensions -----------------------------------------------------------------------------

    def transpose(self, dim0: int, dim1: int) -> NestedTensor:
        """Two dimensions swapped, neither that of the batch."""
        a, b = self._dim(dim0), self._dim(dim1)
        self._leave_batch("transpose", a, b)
        ragged = {a: b, b: a}.get(self._ragged, self._ragged)
        return NestedTensor(self._values.transpose(a - 1, b - 1), self._lengths, ragged)

    def unflatten(self, dim: int, sizes: Sequence[int]) -> NestedTensor:
        """One dimension, not the ragged one, as several."""
        at = self._dim(dim)
        self._leave_batch("unflatten", at)
        self._leave_ragged("unflatten", at)
        further = (len(sizes) - 1) * (at < self._ragged)
        return NestedTensor(
            self._values.unflatten(at - 1, sizes), self._lengths, self._ragged + further
        )

    def flatten(self, start_dim: int = 0, end_dim: int = -1) -> NestedTensor:
        """Several dimensions, not the ragged one among them, as one."""
        start, end = self._dim(start_dim), self._dim(end_dim)
        self._leave_batch("flatten", start)
        self._leave_ragged("flatten", *range(start, end + 1))
        nearer = (end - start) * (end < self._ragged)
        return NestedTensor(
            self._values.flatten(start - 1, end - 1), self._lengths, self._ragged - nearer
        )

    def chunk(self, chunks: int, dim: int = 0) -> tuple[NestedTensor, ...]:
        """Equal parts along a dimension, not that of the batch and not the ragged one."""
        at = self._dim(dim)
        self._leave_batch("chunk", at)
        self._leave_ragged("chunk", at)
        return tuple(map(self._like, self._values.chunk(chunks, at - 1)))

    def _dim(self, dim: int) -> int:
        if not -self.ndim <= dim < self.ndim:
            raise IndexError(f"dim {dim} is not among the {self.ndim} of a nested tensor")
        return dim % self.ndim

    def _leave_batch(self, name: str, *dims: int) -> None:
        if 0 in dims:
            raise NotImplementedError(f"{name}(): dim 0 of a nested tensor counts its tensors")

    def _leave_ragged(self, name: str, *dims: int) -> None:
        if self._ragged in dims:
            raise NotImplementedError(f"{name}(): sizes differ in dim {self._ragged}")

    # --- arithmetic and functions ---------------------------------------------------------------

    def _like(self, values: Tensor) -> NestedTensor:
        return NestedTensor(values, self._lengths, self._ragged)

    def _meeting(self, name: str, other: Any) -> Any:
        """`other` as what meets `values` element by element."""
        if isinstance(other, NestedTensor):
            if (other._lengths, other._ragged) != (self._lengths, self._ragged):
                raise RuntimeError(f"{name}(): {self!r} and {other!r} do not match")
            return other._values
        if isinstance(other, Tensor) and other.ndim > self.ndim - 1 - self._ragged:
            raise NotImplementedError(
                f"{name}(): a tensor meets the dimensions after the ragged one of {self!r}, this "
                f"has shape {list(other.shape)}"
            )
        return other

    def answer(self, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
        name = function.__name__
        if name == "scaled_dot_product_attention":
            return _attention(*args, **kwargs)
        op = getattr(function, "op", None)
        alone = _ROWWISE.get(name)
        if isinstance(op, Op) and op.elementwise and op.arity == 1:
            alone = _ROWWISE["dropout"]
        others = (*args[1:], *kwargs.values())
        if alone is None or args[0] is not self or any(isinstance(x, Elsewhere) for x in others):
            raise NotImplementedError(f"{name}() of a nested tensor: call it on each of unbind()")
        if alone(args, kwargs) > self.ndim - 1 - self._ragged:
            raise NotImplementedError(f"{name}(): sizes differ in dim {self._ragged} of {self!r}")
        if name == "dropout":
            function = _drop
        return self._like(function(self._values, *args[1:], **kwargs))

    def __add__(self, other: Any) -> NestedTensor:
        return self._like(self._values + self._meeting("add", other))

    def __radd__(self, other: Any) -> NestedTensor:
        return self + other

    def __sub__(self, other: Any) -> NestedTensor:
        return self._like(self._values - self._meeting("sub", other))

    def __rsub__(self, other: Any) -> NestedTensor:
        return self._like(self._meeting("sub", other) - self._values)

    def __mul__(self, other: Any) -> NestedTensor:
        return self._like(self._values * self._meeting("mul", other))

    def __rmul__(self, other: Any) -> NestedTensor:
        return self * other

    def __truediv__(self, other: Any) -> NestedTensor:
        return self._like(self._values / self._meeting("div", other))

    def __neg__(self) -> NestedTensor:
        return self._like(-self._values)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"nested tensors have no {name} here; use it on each of unbind()")


def _attention(
    query: Any, key: Any, value: Any, attn_mask: Any = None, *args: Any, **kw: Any
) -> Any:
    """Each tensor's queries look at its own keys: (B, H, j, E) each, or (B, j, E)."""
    given = (query, key, value)
    if not all(isinstance(x, NestedTensor) and x._ragged == x.ndim - 2 for x in given):
        raise NotImplementedError(
            "scaled_dot_product_attention(): query, key and value must all be nested, (B, H, j, E)"
        )
    if attn_mask is not None:
        raise NotImplementedError("scaled_dot_product_attention(): no mask for nested tensors")
    if key._lengths != value._lengths or len(query) != len(key):
        raise RuntimeError(f"scaled_dot_product_attention(): {query!r}, {key!r} and {value!r}")
    outs = [
        scaled_dot_product_attention(q, k, v, None, *args, **kw)
        for q, k, v in zip(*(x.unbind() for x in given))
    ]
    return query._like(cat(outs, query._ragged - 1))


def _drop(values: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Dropout that draws as PyTorch's of nested tensors does: row by row, even where p is 0."""
    values = values.contiguous()
    if training and p == 0:
        stream(None).bernoulli(1.0, values._data.shape, values._data.dtype)
    return dropout(values, p, training, inplace)


def _refuse_others(layout: Layout | None) -> None:
    if layout is not jagged:
        raise NotImplementedError("nested tensors have the layout jagged here: layout=torch.jagged")


def as_nested_tensor(
    ts: Any, dtype: Any = None, device: Any = None, layout: Layout | None = None
) -> NestedTensor:
    """A nested tensor of tensors, with their history.  Mirrors ``torch.nested.as_nested_tensor``.

    `ts` is a sequence of tensors, equal in shape but for the first dimension, or one tensor, whose
    rows are taken.  `layout` must be ``torch.jagged``.
    """
    _refuse_others(layout)
    tensors = [as_tensor(t, dtype=dtype, device=device) for t in ts]
    if not tensors:
        raise RuntimeError("a nested tensor needs one tensor or more")
    shapes = [list(t.shape) for t in tensors]
    if not shapes[0] or any(s[1:] != shapes[0][1:] or not s for s in shapes):
        raise RuntimeError(f"tensors must be equal in shape but for dimension 0, got {shapes}")
    return NestedTensor(cat(tensors), [s[0] for s in shapes])


def nested_tensor(
    tensor_list: Any,
    *,
    dtype: Any = None,
    layout: Layout | None = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> NestedTensor:
    """A nested tensor of copies of tensors, without history.  Mirrors
    ``torch.nested.nested_tensor``; `layout` must be ``torch.jagged``.
    """
    made = as_nested_tensor(tensor_list, dtype, device, layout).detach()
    made._values.requires_grad_(requires_grad)
    return made


def nested_tensor_from_jagged(values: Tensor, offsets: Tensor) -> NestedTensor:
    """A nested tensor around `values`, whose first dimension is cut at `offsets` (0 to its size).

    Mirrors ``torch.nested.nested_tensor_from_jagged``.
    """
    return NestedTensor(values, offsets.diff().tolist())


def to_padded_tensor(input: NestedTensor, padding: float, output_size: Any = None) -> Tensor:
    """`NestedTensor.to_padded_tensor`.  Mirrors ``torch.nested.to_padded_tensor``."""
    return input.to_padded_tensor(padding, output_size)
