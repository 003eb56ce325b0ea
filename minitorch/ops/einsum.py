"""Sums of products written with subscripts: `einsum`, and `tensordot`.

An expression is worked off one pair of operands after the other, and a pair is one matrix
product: its labels fall into those that both operands share and keep (a batch), those that only
one has (rows, columns), and those that both share and nobody needs later (summed).
"""

from __future__ import annotations

import functools
import math
import string
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minitorch.engine.state import TensorState
from minitorch.ops import bilinear
from minitorch.ops.arithmetic import mul
from minitorch.ops.checks import check_tensor
from minitorch.ops.diagonals import diagonal
from minitorch.ops.dims import check_dims
from minitorch.ops.out import with_out
from minitorch.ops.products import product
from minitorch.ops.reductions import sum as sum_over
from minitorch.ops.shapes import permute, reshape, unsqueeze

if TYPE_CHECKING:
    from minitorch.tensor import Tensor

__all__ = ["einsum", "tensordot"]

Labels = tuple[Any, ...]  # one hashable per dimension; dimensions of an ellipsis are integers


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
    inputs, output = _parse(equation, tuple([x._data.ndim for x in operands]))
    terms = [_diagonals(x, labels) for x, labels in zip(operands, inputs)]
    terms = _align(terms)
    while len(terms) > 1:
        i, j = _cheapest(terms, output) if len(terms) > 2 else (0, 1)
        (b, b_labels), (a, a_labels) = terms.pop(j), terms.pop(i)
        needed = {*output, *(label for _, labels in terms for label in labels)}
        terms.insert(0, _pair("einsum", a, a_labels, b, b_labels, needed))
    result, labels = _sum_out(*terms[0], set(output))
    return _permute(result, [labels.index(label) for label in output])


# --- reading the equation ----------------------------------------------------------------------


@functools.lru_cache(maxsize=1024)
def _parse(equation: str, ndims: tuple[int, ...]) -> tuple[list[Labels], Labels]:
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
    terms = [_letters(numbers) for numbers in args[1::2]]
    equation = ",".join(terms)
    return equation + (f"->{_letters(args[-1])}" if len(args) % 2 else ""), operands


def _letters(numbers: Any) -> str:
    if not isinstance(numbers, list | tuple):
        raise TypeError(f"einsum(): expected a list of subscripts, got {type(numbers).__name__}")
    letters = string.ascii_uppercase + string.ascii_lowercase
    for n in numbers:
        if n is not ... and not 0 <= n < len(letters):
            raise ValueError(f"einsum(): subscripts are from 0 to {len(letters) - 1}, got {n}")
    return "".join("..." if n is ... else letters[n] for n in numbers)


# --- one operand -------------------------------------------------------------------------------


def _diagonals(x: Any, labels: Labels) -> tuple[Any, Labels]:
    """`x` with one dimension for each label."""
    while len(set(labels)) < len(labels):
        label = next(c for c in labels if labels.count(c) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        sizes = x._data.shape
        if sizes[first] != sizes[second]:
            raise RuntimeError(
                f"einsum(): {label!r} is repeated in an operand of shape {list(sizes)}, where the "
                f"sizes differ, {sizes[first]} and {sizes[second]}"
            )
        x = diagonal(x, 0, first, second)
        labels = (*(c for i, c in enumerate(labels) if i not in (first, second)), label)
    return x, labels


def _align(terms: list[tuple[Any, Labels]]) -> list[tuple[Any, Labels]]:
    """Take out dimensions of size 1 that broadcast against the same label elsewhere."""
    size: dict[Any, int] = {}
    for x, labels in terms:
        for label, n in zip(labels, x._data.shape):
            known = size.setdefault(label, n)
            if n != known and n != 1 and known != 1:
                raise RuntimeError(
                    f"einsum(): {label!r} has size {known} in one operand and {n} in another; "
                    f"the shapes are {', '.join(str(list(t._data.shape)) for t, _ in terms)}"
                )
            if n != 1:
                size[label] = n
    aligned = []
    for x, labels in terms:
        shape = x._data.shape
        keep = [i for i, label in enumerate(labels) if shape[i] == size[label]]
        if len(keep) < len(labels):
            x, labels = reshape(x, tuple(shape[i] for i in keep)), tuple(labels[i] for i in keep)
        aligned.append((x, labels))
    return aligned


def _sum_out(x: Any, labels: Labels, needed: set[Any], dtype: Any = None) -> tuple[Any, Labels]:
    """`x` summed over the labels that are not `needed`."""
    extra = tuple([i for i, label in enumerate(labels) if label not in needed])
    if not extra:
        return x, labels
    return sum_over(x, extra, dtype=dtype), tuple([label for label in labels if label in needed])


def _permute(x: Any, order: list[int]) -> Any:
    return x if order == list(range(len(order))) else permute(x, order)


# --- two operands ------------------------------------------------------------------------------


def _pair(
    name: str, a: Any, a_labels: Labels, b: Any, b_labels: Labels, needed: set[Any]
) -> tuple[Any, Labels]:
    """The product of `a` and `b`, summed over the labels that are not `needed`."""
    a, a_labels = _sum_out(a, a_labels, needed.union(b_labels), a.dtype)
    b, b_labels = _sum_out(b, b_labels, needed.union(a_labels), b.dtype)
    shared = [label for label in a_labels if label in b_labels]
    batch = [label for label in shared if label in needed]
    summed = [label for label in shared if label not in needed]
    rows = [label for label in a_labels if label not in shared]
    columns = [label for label in b_labels if label not in shared]
    out = (*batch, *rows, *columns)
    if not summed:
        a = _grouped(a, a_labels, [[c] for c in batch + rows])
        b = _grouped(b, b_labels, [[c] for c in batch + columns])
        for _ in columns if a_labels else ():
            a = unsqueeze(a, -1)
        for _ in rows if batch else ():
            b = unsqueeze(b, len(batch))
        return mul(a, b), out
    size = {**dict(zip(a_labels, a._data.shape)), **dict(zip(b_labels, b._data.shape))}
    each = [[c] for c in batch]
    a = _grouped(a, a_labels, [*each, rows, summed])
    b = _grouped(b, b_labels, [*each, summed, columns])
    result = product(name, bilinear.bmm if batch else bilinear.mm, a, b)
    if len(rows) != 1 or len(columns) != 1:
        result = reshape(result, tuple([size[c] for c in out]))
    return result, out


def _grouped(x: Any, labels: Labels, groups: list[list[Any]]) -> Any:
    """`x` with the dimensions of each group made into one."""
    order = [labels.index(c) for group in groups for c in group]
    x = _permute(x, order)
    if all(len(group) == 1 for group in groups):
        return x
    shape = iter(x._data.shape)
    return reshape(x, tuple([math.prod([next(shape) for _ in group]) for group in groups]))


def _cheapest(terms: list[tuple[Any, Labels]], output: Labels) -> tuple[int, int]:
    """The pair whose product is smallest compared with what it replaces."""

    def growth(i: int, j: int) -> int:
        sizes: dict[Any, int] = {}
        for x, labels in (terms[i], terms[j]):
            sizes.update(zip(labels, x._data.shape))
        others = {c for k, (_, labels) in enumerate(terms) if k not in (i, j) for c in labels}
        made = math.prod([n for c, n in sizes.items() if c in others or c in output])
        return made - terms[i][0]._data.size - terms[j][0]._data.size

    pairs = [(i, j) for j in range(len(terms)) for i in range(j)]
    return min(pairs, key=lambda pair: growth(*pair))


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
    x, y = a._data.shape, b._data.shape
    if isinstance(dims, TensorState):
        dims = dims.tolist()  # type: ignore[attr-defined]
    if isinstance(dims, list | tuple):
        pair = [(d,) if isinstance(d, int) else tuple(d) for d in dims]
        if len(pair) != 2 or len(pair[0]) != len(pair[1]):
            raise RuntimeError(f"tensordot(): dims must be two lists of one length, got {dims}")
        first, second = (check_dims(d, len(shape)) if d else () for d, shape in zip(pair, (x, y)))
    elif not isinstance(dims, int) or not 0 <= dims <= min(len(x), len(y)):
        raise RuntimeError(
            f"tensordot(): dims={dims} is not possible with shapes {list(x)} and {list(y)}"
        )
    else:
        first, second = tuple(range(len(x) - dims, len(x))), tuple(range(dims))
    for i, j in zip(first, second):
        if x[i] != y[j] and x[i] != 1 and y[j] != 1:
            raise RuntimeError(
                f"tensordot(): shapes {list(x)} and {list(y)} differ in the dimensions {i} and "
                f"{j} that are to be summed: sizes {x[i]} and {y[j]}"
            )
    if a._data.dtype != b._data.dtype:
        return product("tensordot", mul, a, b)  # says that the dtypes differ
    a_labels = tuple(("a", i) for i in range(len(x)))
    b_labels = tuple(a_labels[first[second.index(j)]] if j in second else ("b", j)
                     for j in range(len(y)))  # fmt: skip
    needed = {*a_labels, *b_labels} - {a_labels[i] for i in first}
    (a, a_labels), (b, b_labels) = _align([(a, a_labels), (b, b_labels)])
    result, labels = _pair("tensordot", a, a_labels, b, b_labels, needed)
    return _permute(result, [labels.index(c) for c in sorted(labels)])
