"""Sums of products written with subscripts: `einsum`, and `tensordot`.

An expression is worked off one pair of operands after the other, and a pair is one matrix
product: its labels fall into those that both operands share and keep (a batch), those that only
one has (rows, columns), and those that both share and nobody needs later (summed).

All thinking is done on labels and shapes, in a plan that is kept for the next call.
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.engine.state import TensorState
from minitorch.ops import bilinear
from minitorch.ops.arithmetic import mul
from minitorch.ops.checks import check_tensor
from minitorch.ops.diagonals import diagonal
from minitorch.ops.dims import check_dims
from minitorch.ops.out import with_out
from minitorch.ops.products import product
from minitorch.ops.promotion import in_dtype
from minitorch.ops.reductions import sum as sum_over
from minitorch.ops.shapes import permute, reshape

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["einsum", "tensordot"]

Shape = tuple[int, ...]
Labels = tuple[Any, ...]  # one hashable per dimension; dimensions of an ellipsis are integers


class Layout(NamedTuple):
    """What is done to one operand, in this order; None: nothing."""

    diagonals: tuple[tuple[int, int], ...] = ()
    summed: Shape | None = None
    order: Shape | None = None
    shape: Shape | None = None

    def of(self, x: Any, dtype: Any = None) -> Any:
        for first, second in self.diagonals:
            x = diagonal(x, 0, first, second)
        if self.summed is not None:
            x = sum_over(x, self.summed, dtype=dtype)
        if self.order is not None:
            x = permute(x, self.order)
        return x if self.shape is None else reshape(x, self.shape)


class Pair(NamedTuple):
    """How two operands are multiplied: numbers `i` and `j` of those that are left."""

    i: int
    j: int
    left: Layout
    right: Layout
    multiply: Callable[[Any, Any], Any]
    result: Layout

    def of(self, name: str, a: Any, b: Any) -> Any:
        if self.multiply is mul:  # promotes, unlike a matrix product
            return mul(self.left.of(a), self.right.of(b))
        a, b = self.left.of(a, a.dtype), self.right.of(b, b.dtype)
        return self.result.of(product(name, self.multiply, a, b))


def einsum(equation: Any, *operands: Any) -> Tensor:
    """The sum of products that `equation` writes with one letter per dimension.

    Letters that the output lacks are summed; a letter repeated in one operand is its diagonal;
    "..." stands for any number of leading dimensions that broadcast.  Without "->" the output has
    the letters that occur once, in alphabetical order.  Instead of letters, lists of numbers may
    follow each operand: ``einsum(a, [0, 1], b, [1, 2], [0, 2])``.

    >>> import minitorch
    >>> a, b = minitorch.ones(5, 2, 3), minitorch.ones(5, 3, 4)
    >>> minitorch.einsum("bij,bjk->bik", a, b).shape, minitorch.einsum("...ii", minitorch.eye(3))
    (minitorch.Size([5, 2, 4]), tensor(3.))
    """
    if not isinstance(equation, str):
        equation, operands = _from_lists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], list | tuple):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum() needs an equation and at least one operand")
    check_tensor("einsum", *operands)
    prepared, pairs, final = _plan(equation, tuple([x._data.shape for x in operands]))
    terms = [layout.of(x) for layout, x in zip(prepared, operands)]
    for pair in pairs:
        b, a = terms.pop(pair.j), terms.pop(pair.i)
        terms.insert(0, pair.of("einsum", a, b))
    return final.of(terms[0])


# --- reading the equation ----------------------------------------------------------------------


def _parse(equation: str, ndims: Sequence[int]) -> tuple[list[Labels], Labels]:
    """The labels of every operand's dimensions, and of the output's."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ndims):
        raise RuntimeError(
            f"einsum(): the equation {equation!r} is for {len(terms)} operands, got {len(ndims)}"
        )
    inputs = [_expand(equation, term, ndim) for term, ndim in zip(terms, ndims)]
    every = [label for labels in inputs for label in labels]
    ellipsis = sorted({label for label in every if isinstance(label, int)})
    if not arrow:
        letters = sorted(c for c in every if isinstance(c, str) and every.count(c) == 1)
        return inputs, (*ellipsis, *letters)
    head, dots, tail = right.partition("...")
    output = (*head, *ellipsis, *tail) if dots else tuple(right)
    for label in output:
        if output.count(label) > 1:
            raise RuntimeError(f"einsum(): {label!r} occurs twice in the output of {equation!r}")
        if label not in every:
            _check_letters(equation, str(label))
            raise RuntimeError(
                f"einsum(): the output of {equation!r} has {label!r}, which no operand has"
            )
    return inputs, output


def _expand(equation: str, term: str, ndim: int) -> Labels:
    """One label per dimension; those of the ellipsis are -1, -2, ... from the last to the first."""
    head, dots, tail = term.partition("...")
    _check_letters(equation, head + tail)
    free = ndim - len(head) - len(tail)
    if free < 0 or (free and not dots):
        raise RuntimeError(
            f"einsum(): {term!r} in the equation {equation!r} does not fit an operand of "
            f"{ndim} dimensions"
        )
    return (*head, *range(-free, 0), *tail)


def _check_letters(equation: str, letters: str) -> None:
    for letter in letters:
        if letter not in string.ascii_letters:
            raise RuntimeError(
                f"einsum(): {letter!r} in the equation {equation!r}: subscripts are letters, and "
                "'...' once per operand"
            )


def _from_lists(args: Sequence[Any]) -> tuple[str, tuple[Any, ...]]:
    """The equation that lists of numbers between the operands stand for."""
    operands = tuple(args[: len(args) // 2 * 2 : 2])
    equation = ",".join([_letters(numbers) for numbers in args[1::2]])
    return equation + (f"->{_letters(args[-1])}" if len(args) % 2 else ""), operands


def _letters(numbers: Any) -> str:
    if not isinstance(numbers, list | tuple):
        raise TypeError(f"einsum(): expected a list of subscripts, got {type(numbers).__name__}")
    letters = string.ascii_uppercase + string.ascii_lowercase
    for n in numbers:
        if n is not ... and not 0 <= n < len(letters):
            raise ValueError(f"einsum(): subscripts are from 0 to {len(letters) - 1}, got {n}")
    return "".join("..." if n is ... else letters[n] for n in numbers)


# --- the plan ----------------------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _plan(equation: str, shapes: tuple[Shape, ...]) -> tuple[list[Layout], list[Pair], Layout]:
    """What to do to each operand, which pairs to multiply, and what to do to the last product."""
    inputs, output = _parse(equation, [len(shape) for shape in shapes])
    diagonals = [_diagonals(labels, shape) for labels, shape in zip(inputs, shapes)]
    size = _sizes("einsum", [(labels, shape) for _, labels, shape in diagonals])
    prepared, terms = [], []
    for pairs_of_dims, labels, shape in diagonals:
        kept, narrower = _without_broadcast(labels, shape, size)
        prepared.append(Layout(pairs_of_dims, shape=narrower))
        terms.append(kept)
    pairs = []
    while len(terms) > 1:
        i, j = _cheapest(terms, output, size) if len(terms) > 2 else (0, 1)
        b, a = terms.pop(j), terms.pop(i)
        needed = {*output, *(label for labels in terms for label in labels)}
        pair, labels = _pair(i, j, a, b, needed, size)
        pairs.append(pair)
        terms.insert(0, labels)
    summed, left = _sum_out(terms[0], set(output))
    return prepared, pairs, Layout(summed=summed, order=_order(left, output))


def _diagonals(labels: Labels, shape: Shape) -> tuple[Any, Labels, Shape]:
    """Which diagonals leave one dimension for each label, and the labels and shape after that."""
    taken = []
    while len(set(labels)) < len(labels):
        label = next(c for c in labels if labels.count(c) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        if shape[first] != shape[second]:
            raise RuntimeError(
                f"einsum(): {label!r} is repeated in one operand, where the sizes of its "
                f"dimensions differ, {shape[first]} and {shape[second]}"
            )
        taken.append((first, second))
        others = [i for i in range(len(labels)) if i not in (first, second)]
        labels = (*[labels[i] for i in others], label)
        shape = (*[shape[i] for i in others], shape[first])
    return tuple(taken), labels, shape


def _sizes(name: str, terms: Sequence[tuple[Labels, Shape]]) -> dict[Any, int]:
    """The size of every label: 1 broadcasts against any other."""
    size: dict[Any, int] = {}
    for labels, shape in terms:
        for label, n in zip(labels, shape):
            known = size.setdefault(label, n)
            if n not in (known, 1) and known != 1:
                raise RuntimeError(
                    f"{name}(): {label!r} has size {known} in one operand and {n} in another; "
                    f"the shapes are {', '.join(str(list(shape)) for _, shape in terms)}"
                )
            if n != 1:
                size[label] = n
    return size


def _without_broadcast(
    labels: Labels, shape: Shape, size: dict[Any, int]
) -> tuple[Labels, Shape | None]:
    """Labels and shape without dimensions of size 1 that broadcast (shape None: there are none)."""
    keep = [i for i, label in enumerate(labels) if shape[i] == size[label]]
    if len(keep) == len(labels):
        return labels, None
    return tuple([labels[i] for i in keep]), tuple([shape[i] for i in keep])


def _sum_out(labels: Labels, needed: set[Any]) -> tuple[Shape | None, Labels]:
    """The dimensions that nobody needs, and the labels of the others."""
    extra = tuple([i for i, label in enumerate(labels) if label not in needed])
    return extra or None, tuple([label for label in labels if label in needed])


def _order(labels: Labels, wanted: Sequence[Any]) -> Shape | None:
    order = tuple([labels.index(label) for label in wanted])
    return None if order == tuple(range(len(order))) else order


def _pair(
    i: int, j: int, a: Labels, b: Labels, needed: set[Any], size: dict[Any, int]
) -> tuple[Pair, Labels]:
    """How to multiply two operands, and the labels of the product."""
    a_summed, a = _sum_out(a, needed.union(b))
    b_summed, b = _sum_out(b, needed.union(a))
    shared = [label for label in a if label in b]
    batch = [label for label in shared if label in needed]
    summed = [label for label in shared if label not in needed]
    rows = [label for label in a if label not in shared]
    columns = [label for label in b if label not in shared]
    labels = (*batch, *rows, *columns)

    def sizes(group: Sequence[Any]) -> Shape:
        return tuple([size[label] for label in group])

    def merged(*groups: list[Any]) -> Shape | None:
        if all(len(group) == 1 for group in groups):
            return None
        return (*sizes(batch), *[math.prod(sizes(group)) for group in groups])

    a_order, b_order = _order(a, batch + rows + summed), _order(b, batch + summed + columns)
    multiply: Any = bilinear.bmm if batch else bilinear.mm
    a_shape, b_shape, shape = merged(rows, summed), merged(summed, columns), merged(rows, columns)
    if shape is not None:
        shape = sizes(labels)
    if not summed:  # element by element: dimensions of size 1 for what the other one has
        multiply, shape = mul, None
        a_shape = (*sizes(batch), *sizes(rows), *[1] * len(columns)) if columns and a else None
        b_shape = (*sizes(batch), *[1] * len(rows), *sizes(columns)) if rows and batch else None
    left, right = (Layout((), *how) for how in (
        (a_summed, a_order, a_shape), (b_summed, b_order, b_shape)
    ))  # fmt: skip
    return Pair(i, j, left, right, multiply, Layout(shape=shape)), labels


def _cheapest(terms: list[Labels], output: Labels, size: dict[Any, int]) -> tuple[int, int]:
    """The pair whose product is smallest compared with what it replaces."""

    def count(labels: Any) -> int:
        return math.prod([size[label] for label in labels])

    def growth(pair: tuple[int, int]) -> int:
        i, j = pair
        others = {c for k, labels in enumerate(terms) if k not in pair for c in labels}
        made = [c for c in {*terms[i], *terms[j]} if c in others or c in output]
        return count(made) - count(terms[i]) - count(terms[j])

    return min([(i, j) for j in range(len(terms)) for i in range(j)], key=growth)


# --- tensordot ---------------------------------------------------------------------------------


@with_out
def tensordot(a: Tensor, b: Tensor, dims: Any = 2) -> Tensor:
    """Sums of products over pairs of dimensions; the others follow one another.

    `dims` is a pair of lists, one for `a` and one for `b`; or a number n: the last n dimensions
    of `a` and the first n of `b`.

    >>> import minitorch
    >>> minitorch.tensordot(minitorch.ones(2, 3, 4), minitorch.ones(4, 3), ([1, 2], [1, 0]))
    tensor([12., 12.])
    """
    check_tensor("tensordot", a, b)
    if isinstance(dims, TensorState):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, list | tuple):
        dims = tuple([(d,) if isinstance(d, int) else tuple(d) for d in dims])
    if a._data.dtype != b._data.dtype:
        return product("tensordot", mul, a, b)  # says that the dtypes differ
    left, right, pair, final = _plan_tensordot(a._data.shape, b._data.shape, dims)
    result = pair.of("tensordot", left.of(a), right.of(b))
    return final.of(in_dtype(result, a._data.dtype))


@functools.lru_cache(maxsize=1024)
def _plan_tensordot(x: Shape, y: Shape, dims: Any) -> tuple[Layout, Layout, Pair, Layout]:
    if isinstance(dims, tuple):
        if len(dims) != 2 or len(dims[0]) != len(dims[1]):
            raise RuntimeError(f"tensordot(): dims must be two lists of one length, got {dims}")
        first, second = (check_dims(d, len(s)) if d else () for d, s in zip(dims, (x, y)))
    elif not isinstance(dims, int) or not 0 <= dims <= min(len(x), len(y)):
        raise RuntimeError(
            f"tensordot(): dims={dims} is not possible with shapes {list(x)} and {list(y)}"
        )
    else:
        first, second = tuple(range(len(x) - dims, len(x))), tuple(range(dims))
    a = tuple(range(len(x)))
    b = tuple([first[second.index(j)] if j in second else len(x) + j for j in range(len(y))])
    size = _sizes("tensordot", [(a, x), (b, y)])
    (a, narrow_a), (b, narrow_b) = _without_broadcast(a, x, size), _without_broadcast(b, y, size)
    pair, labels = _pair(0, 1, a, b, {*a, *b} - {*first}, size)
    final = Layout(order=_order(labels, sorted(labels)))
    return Layout(shape=narrow_a), Layout(shape=narrow_b), pair, final
