"""Wrong gradients, made from the op table: each an op, a mutation of its gradient, and a form.

A *mutation* below takes the op's right gradient and spoils it in one way.  `MUTANTS` are all that
come of it, as ``autograd.Function``, as a pair of NumPy functions, and inside of a module.  The
mutation `none` spoils nothing: with it, the three forms must pass.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import minitorch as mt
from minitorch import nn
from minitorch.autograd import Function
from minitorch.testing import reals, signature, tensors
from minitorch.testing.op_table import ELEMENTWISE, TABLE, Argument, Row

ROWS = {row.name: row for row in TABLE}
ELEMENTWISE_NAMES = {row.name for row in ELEMENTWISE}
FORMS = ("function", "pair", "module")


# --- arguments ------------------------------------------------------------------------------------


def strategies_of(row: Row) -> list[Any]:
    """What `check_function` is given for a row: tensors of its shapes, inside of its intervals."""
    if row.name in ELEMENTWISE_NAMES:
        return [tensors(elements=reals(a.low, a.high)) for a in row.arguments]
    dims = ",".join(f"({','.join(a.dims)})" for a in row.arguments)
    linked = signature(dims, max_side=3)
    return [_strategy(a, shape) for a, shape in zip(row.arguments, linked)]


def _strategy(argument: Argument, shape: Any) -> Any:
    numbers = tensors(shape=shape, elements=reals(argument.low, argument.high))
    make = _apart if argument.distinct else argument.make
    return numbers if make is None else numbers.map(lambda t: mt.from_numpy(make(t.numpy())))


def _apart(x: np.ndarray) -> np.ndarray:
    """`x` moved less than the distance of its grid, so that no two elements are equal."""
    return x + np.arange(x.size).reshape(x.shape) / 1024


# --- what a mutation is given ---------------------------------------------------------------------


class Call:
    """One backward pass: the inputs `xs` (Tensors), the incoming gradient `g`, and a memory."""

    def __init__(self, row: Row, xs: Sequence[Any], g: Any, wanted: Any, memory: dict) -> None:
        self.row, self.xs, self.g = row, list(xs), g
        self.wanted, self.memory = wanted, memory

    def gradients(self, xs: Any = None, g: Any = None) -> list[Any]:
        """The right gradients, at other inputs or for another incoming gradient if told so."""
        record = mt.is_grad_enabled()
        with mt.enable_grad():
            at = [
                x if x.requires_grad else x.detach().requires_grad_()
                for x in (self.xs if xs is None else xs)
            ]
            out = self.row.function(*at)
            found = mt.autograd.grad(
                out, at, self.g if g is None else g, create_graph=record, allow_unused=True
            )
        return [mt.zeros_like(x) if d is None else d.clone() for d, x in zip(found, at)]

    def out(self) -> Any:
        return self.row.function(*self.xs)


Mutation = Callable[[Call], Sequence[Any]]


@dataclass(frozen=True)
class Operator:
    """A mutation, the rows it is made for, and what its diagnosis must say (if it has a name)."""

    name: str
    mutate: Mutation
    rows: tuple[str, ...]
    named: str = ""
    forms: tuple[str, ...] = FORMS
    spoil_forward: Callable[[list[np.ndarray]], None] | None = None


OPERATORS: list[Operator] = []


def operator(rows: str, named: str = "", forms: str = "function pair module", **kw: Any) -> Any:
    """Declare a mutation for some `rows` (names joined by ``;``)."""

    def declare(mutate: Mutation) -> Mutation:
        name = mutate.__name__.replace("_", " ")
        names = tuple(part.strip() for part in rows.split(";"))
        OPERATORS.append(Operator(name, mutate, names, named, tuple(forms.split()), **kw))
        return mutate

    return declare


def first(grads: Sequence[Any], change: Callable[[Any], Any]) -> list[Any]:
    """`grads` with the first one changed."""
    return [change(grads[0]), *grads[1:]]


def where_first(call: Call, condition: Any, other: Callable[[Any], Any]) -> list[Any]:
    return first(call.gradients(), lambda d: mt.where(condition, other(d), d))


# --- plain mistakes -------------------------------------------------------------------------------


@operator("cos; log; sub; softmax; t; matmul; silu", named="sign")
def sign(call):
    return first(call.gradients(), lambda d: -d)


@operator("square; tanh; mul; mean; linear; cumsum; gelu", named="a factor 2")
def twice(call):
    return first(call.gradients(), lambda d: 2 * d)


@operator("sqrt; logsumexp(1); dot; linalg.inv", named="a factor 1/2")
def half(call):
    return first(call.gradients(), lambda d: d / 2)


@operator("sin; mv; mse_loss; mish", named="factor 1.01")
def one_percent_too_much(call):
    return first(call.gradients(), lambda d: 1.01 * d)


@operator("exp; matmul; sum(0); hypot; flip", named="factor 0.999")
def a_thousandth_too_little(call):
    return first(call.gradients(), lambda d: 0.999 * d)


@operator("square; atan; addcmul; softplus", forms="function pair")
def extra_term(call):
    return first(call.gradients(), lambda d: d + 0.1 * call.xs[0] * call.g.mean())


@operator("tanh; log_softmax; cumprod")
def extra_constant(call):
    return first(call.gradients(), lambda d: d + 0.01)


@operator("softmax; matmul; cumsum; logcumsumexp; kron; linalg.solve")
def missing_term(call):
    """The last output was forgotten."""
    g = call.g.clone()
    with mt.no_grad():
        g.reshape(-1)[-1:].zero_()
    return call.gradients(g=g)


@operator("softmax; log_softmax; linalg.inv; linalg.cholesky; cumprod")
def diagonal_only(call):
    """As if each output depended on the input at the same place alone."""
    total = mt.zeros_like(call.xs[0])
    for k in range(call.g.numel()):
        one = mt.zeros_like(call.g).reshape(-1)
        one[k] = call.g.reshape(-1)[k]
        row = call.gradients(g=one.reshape(call.g.shape))[0]
        kept = mt.zeros(row.numel(), dtype=row.dtype)
        kept[k] = row.reshape(-1)[k]
        total = total + kept.reshape(row.shape)
    return [total, *call.gradients()[1:]]


@operator("exp; tanh; sin; sqrt; softplus; softmax", forms="function pair",
          named="wrong saved value")  # fmt: skip
def at_the_output(call):
    """The output was saved where the input is needed."""
    return call.gradients(xs=[call.out().detach(), *call.xs[1:]])


@operator("mul; square; matmul; bilinear", forms="function pair")
def saved_rounded(call):
    """What was saved lost half of its digits."""
    return call.gradients(xs=[x.to(mt.float16).to(x.dtype) for x in call.xs])


@operator("pow; div; atan2; xlogy; lerp; sub", forms="pair", named="broadcast")
def not_unbroadcast(call):
    """The gradients have the shape of the output."""
    whole = [mt.broadcast_to(x, call.g.shape).clone() for x in call.xs]
    return call.gradients(xs=whole)


@operator("mul; addcdiv; hypot; logaddexp; atan2", forms="function pair")
def broadcast_of_the_second_averaged(call):
    """Averaged over the broadcast axes, not summed."""
    grads = call.gradients()
    return [grads[0], grads[1] * (grads[1].numel() / max(call.g.numel(), 1)), *grads[2:]]


@operator("matmul; linalg.inv; exp; tril; mse_loss; linalg.det; bmm")
def transposed(call):
    def turn(d):
        return d.mT.reshape(d.shape) if d.ndim >= 2 else 2 * d

    return first(call.gradients(), turn)


@operator("outer; kron; stack; cat; mul; div", named="swapped")
def swapped(call):
    a, b = call.gradients()
    if a.shape != b.shape:
        return [a, b]
    return [b, a]


# --- axes and reductions --------------------------------------------------------------------------


@operator("cumsum; softmax; sort; cumprod; flip; diff; roll", named="reversed along axis")
def in_reverse(call):
    return first(call.gradients(), lambda d: mt.flip(d, (0,)))


@operator("sum(0); var(0); prod(1); logsumexp(1); vector_norm(3)", named="along axis")
def shifted(call):
    return first(call.gradients(), lambda d: mt.roll(d, 1, 1))


@operator("amax(1); softmax; matmul; prod(1); linear; cumprod", named="wrong axis")
def averaged_over_an_axis(call):
    """A mean over the wrong axis, broadcast back."""
    return first(call.gradients(), lambda d: d.mean(0, keepdim=True).expand(d.shape).clone())


@operator("square; mul; addcmul; silu", forms="function pair")
def summed_over_the_first_axis(call):
    """As if the input had been broadcast along it."""

    def spread(d):
        return d.sum(0, keepdim=True).expand(d.shape).clone() if d.ndim else d

    return first(call.gradients(), spread)


@operator("sum; sum(0); sum(-1, keepdim); dot; matmul", named="mean instead of sum")
def mean_for_sum(call):
    n = {"matmul": call.xs[0].shape[0], "sum(0)": call.xs[0].shape[0]}.get(
        call.row.name, call.xs[0].numel() if call.row.name != "sum(-1, keepdim)" else None
    )
    n = call.xs[0].shape[-1] if n is None else n
    return first(call.gradients(), lambda d: d / max(n, 1))


@operator("mean; mean((0, 1)); mse_loss", named="sum instead of mean")
def sum_for_mean(call):
    return first(call.gradients(), lambda d: d * max(d.numel(), 1))


@operator("sum(0); logsumexp(1); sum(-1, keepdim); var(0); prod(1)")
def incoming_summed(call):
    """The incoming gradient of one output given to all: the axis was ignored."""
    return call.gradients(g=mt.ones_like(call.g) * call.g.sum())


@operator("amax(1); max; cummax; topk")
def to_every_element(call):
    """A maximum's gradient, given to all elements of the row."""

    def spread(d):
        return d.sum(-1, keepdim=True).expand(d.shape).clone()

    return first(call.gradients(), spread)


# --- the incoming gradient ------------------------------------------------------------------------


@operator("sin; mul; sum(0); softmax; linear; reshape; erf", forms="function pair",
          named="off by the incoming gradient")  # fmt: skip
def without_the_incoming_gradient(call):
    return call.gradients(g=mt.ones_like(call.g))


@operator("cos; matmul; cumsum; asinh", forms="function pair",
          named="off by the incoming gradient")  # fmt: skip
def incoming_gradient_twice(call):
    return call.gradients(g=call.g * call.g)


@operator("sinh; mean; triu; tanhshrink", forms="function pair",
          named="off by the incoming gradient")  # fmt: skip
def incoming_sign_lost(call):
    return call.gradients(g=call.g.abs())


@operator("sin; linear; log_softmax; expand")
def clipped(call):
    """Gradients between -1 and 1: as if nobody had large ones."""
    return [d.clamp(-0.75, 0.75) for d in call.gradients()]


# --- wrong under a condition ----------------------------------------------------------------------


@operator(
    "sin; square; gelu; expm1; mul; cumsum; hardswish", named="zero where the input is negative"
)
def zero_where_negative(call):
    return where_first(call, call.xs[0] < 0, lambda d: 0 * d)


@operator("atan; sinh; leaky_relu; softsign; tanhshrink", named="where the input is negative")
def sign_wrong_where_negative(call):
    return where_first(call, call.xs[0] < 0, lambda d: -d)


@operator("exp; sin; sum; softmax", named="where the input is zero")
def wrong_at_zero(call):
    return where_first(call, call.xs[0] == 0, lambda d: 0.5 * d)


@operator("exp; sigmoid; add; linear", named="NaN where the input is zero")
def nan_at_zero(call):
    return where_first(call, call.xs[0] == 0, lambda d: d * float("nan"))


@operator("maximum; fmin; minimum; fmax", named="equal", forms="function pair")
def both_when_equal(call):
    """Equal inputs both get the whole gradient."""
    a, b = call.xs
    grads = call.gradients()
    if a.shape != b.shape:
        return grads
    return [mt.where(a == b, call.g, d) for d in grads]


@operator("mul; sub; atan2", forms="function pair", named="equal")
def wrong_when_equal(call):
    a, b = call.xs
    return where_first(call, a == b, lambda d: 0 * d) if a.shape == b.shape else call.gradients()


@operator("exp; mean; matmul; cumsum", named="one element")
def wrong_for_one_element(call):
    one = call.xs[0].numel() == 1
    return first(call.gradients(), lambda d: 3 * d if one else d)


@operator("softmax; tanh; matmul; sort")
def wrong_for_axes_of_length_one(call):
    one = call.xs[0].shape[-1:] == (1,)
    return first(call.gradients(), lambda d: d + 1 if one else d)


@operator("mul; add; where; remainder", forms="function pair", named="broadcast")
def wrong_when_broadcast(call):
    stretched = call.xs[0].shape != call.g.shape
    return first(call.gradients(), lambda d: 2 * d if stretched else d)


@operator("exp; softmax; matmul; cumsum; t", forms="function pair", named="contiguous")
def order_of_memory(call):
    """The numbers read in the order in which they lie, not in that of the axes."""

    def read(d):
        x = call.xs[0]
        if x.is_contiguous() or x.ndim < 2:
            return d
        return mt.flip(d, tuple(range(d.ndim)))

    return first(call.gradients(), read)


@operator("exp; sum; mean; logsumexp(1); linear", named="at the last element")
def wrong_at_the_last_element(call):
    def change(d):
        weight = mt.ones(d.numel(), dtype=d.dtype)
        if d.numel():
            weight[-1] = 0.5
        return d * weight.reshape(d.shape)

    return first(call.gradients(), change)


@operator("cos; sum; softmax; matmul", named="everywhere but at the first element")
def right_at_the_first_element_only(call):
    def change(d):
        weight = mt.full((d.numel(),), 0.5, dtype=d.dtype)
        weight[:1] = 1
        return d * weight.reshape(d.shape)

    return first(call.gradients(), change)


@operator("exp; cumsum; matmul; mul", forms="function pair")
def wrong_from_five_elements_on(call):
    large = call.xs[0].numel() >= 5
    return first(call.gradients(), lambda d: 1.5 * d if large else d)


@operator("exp; sigmoid; silu; atan; softplus", named="larger than 1")
def wrong_for_large_numbers(call):
    return where_first(call, call.xs[0].abs() > 1, lambda d: 1.2 * d)


@operator("square; sin; tanh", forms="function pair")
def wrong_at_one_value(call):
    """A table with one wrong entry."""
    return where_first(call, call.xs[0] == -0.5, lambda d: d + 1)


@operator("exp; sum; add", forms="function pair")
def wrong_without_axes(call):
    scalar = call.xs[0].ndim == 0 or (call.row.name == "sum" and call.xs[0].numel() == 2)
    return first(call.gradients(), lambda d: -d if scalar else d)


# --- which inputs ---------------------------------------------------------------------------------


@operator("mul; matmul; linear; pow; mse_loss; sub; bmm", named="missing for the second")
def second_missing(call):
    grads = call.gradients()
    return [grads[0], 0 * grads[1], *grads[2:]]


@operator("div; outer; mv; lerp", named="missing for the second", forms="function pair")
def second_none(call):
    grads = call.gradients()
    return [grads[0], None, *grads[2:]]


@operator("mul; matmul; sub; hypot", forms="function")
def wrong_when_one_is_wanted(call):
    """``needs_input_grad`` misread: with one input wanted, it gets the other one's factor."""
    grads = call.gradients()
    return [2 * d for d in grads] if sum(call.wanted) == 1 else grads


@operator("linear; addcmul; bilinear", named="missing for the third")
def third_missing(call):
    grads = call.gradients()
    return [*grads[:2], 0 * grads[2], *grads[3:]]


# --- second order ---------------------------------------------------------------------------------


@operator("square; tanh; exp; mul; matmul; silu; softmax; log; prod; gelu",
          named="second order", forms="function module")  # fmt: skip
def detached(call):
    """Right gradients that do not know what they depend on."""
    return call.gradients(xs=[x.detach() for x in call.xs])


@operator("square; tanh; div; logsumexp(1)", named="second order", forms="function module")
def second_order_twice(call):
    """The same first derivative, by a formula whose own derivative is twice as large."""
    return [2 * d - d.detach() for d in call.gradients()]


# --- memory and state -----------------------------------------------------------------------------


@operator("exp; softmax; matmul", forms="function pair",
          named="mutates the incoming gradient")  # fmt: skip
def writes_to_the_incoming_gradient(call):
    grads = call.gradients()
    call.g.detach().numpy()[...] *= 2
    return grads


@operator("sin; cumsum; matmul", named="mutates", forms="function pair")
def writes_to_an_input_in_backward(call):
    grads = call.gradients()
    call.xs[0].detach().numpy()[...] += 1
    return grads


def _one_more(arrays):
    arrays[0][...] += 1


@operator("sin; mean; mul", named="mutates", forms="pair", spoil_forward=_one_more)
def writes_to_an_input_in_forward(call):
    return call.gradients()


@operator("add", named="aliased", forms="pair")
def aliased_gradients(call):
    """Two gradients in one array."""
    a, b = call.gradients()
    same = a.shape == b.shape and bool((a == b).all())
    return [_Raw(a.numpy()), _Raw(a.numpy())] if same else [a, b]


@operator("mul; div", forms="pair")
def gradient_made_in_a_saved_value(call):
    """``b *= g`` saves an array, and changes the input."""
    a, b = call.gradients()
    room = call.xs[1].numpy()
    if a.shape != room.shape or not room.flags.writeable:
        return [a, b]
    room[...] = a.numpy()
    return [_Raw(room), b]


@operator("exp; tanh; square; logsumexp(1); matmul", named="stale value")
def stale(call):
    """Saved on the class, where the next forward overwrites it."""
    now = call.memory["now"]
    if [x.shape for x in now] != [x.shape for x in call.xs]:
        return call.gradients()
    return call.gradients(xs=now)


@operator("sin; mean; mul", forms="function pair")
def accumulates(call):
    """Adds to what it returned before: never reset."""
    grads = call.gradients()
    key = ("sum", grads[0].shape)
    call.memory[key] = grads[0].detach() + 0.1 * call.memory.get(key, 0)
    return [call.memory[key], *grads[1:]]


@operator("cos; sum; linear", forms="function pair")
def noisy(call):
    """Random numbers nobody seeded."""
    noise = call.memory.setdefault("rng", np.random.default_rng(1))
    return first(
        call.gradients(),
        lambda d: d * (1 + 1e-3 * mt.tensor(noise.standard_normal(tuple(d.shape))).to(d.dtype)),
    )


# --- dtypes ---------------------------------------------------------------------------------------


class _Raw:
    """An array that a pair returns as it is, not copied."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array


@operator("exp; matmul; softmax; mean", named="float32", forms="function pair")
def wrong_in_float32(call):
    narrow = call.xs[0].dtype == mt.float32
    return first(call.gradients(), lambda d: 1.05 * d if narrow else d)


@operator("square; matmul; mul; mean", named="wrong dtype", forms="pair")
def returned_in_float32(call):
    return [_Raw(d.numpy().astype(np.float32)) for d in call.gradients()]


@operator("square; matmul; sigmoid", forms="function pair")
def through_half_precision(call):
    return [d.to(mt.float16).to(d.dtype) for d in call.gradients()]


@operator("sin; dot; cumsum", forms="function pair")
def rounded_to_two_digits(call):
    return [mt.round(d * 100) / 100 for d in call.gradients()]


@operator("exp; sum(-1, keepdim); mul", forms="pair", named="shape")
def an_axis_too_many(call):
    return [_Raw(call.gradients()[0].numpy()[None]), *call.gradients()[1:]]


# --- the three forms ------------------------------------------------------------------------------


def none(call: Call) -> Sequence[Any]:
    """Nothing is wrong: what must pass."""
    return call.gradients()


def as_function(row: Row, op: Operator) -> type[Function]:
    memory: dict = {}

    class Mutated(Function):
        @staticmethod
        def forward(ctx, *xs):
            memory["now"] = [x.detach().clone() for x in xs]
            ctx.save_for_backward(*xs)
            return row.function(*xs).clone()

        @staticmethod
        def backward(ctx, g):
            xs = ctx.saved_tensors
            return tuple(op.mutate(Call(row, xs, g, ctx.needs_input_grad, memory)))

    Mutated.__name__ = f"{op.name}: {row.name}"
    return Mutated


def as_pair(row: Row, op: Operator) -> tuple[Any, Any]:
    memory: dict = {}

    def forward(*xs):
        memory["now"] = [mt.tensor(x) for x in xs]
        out = row.function(*[mt.tensor(x) for x in xs]).numpy().copy()
        if op.spoil_forward is not None:
            op.spoil_forward(list(xs))
        return out

    def backward(g, *xs):
        with mt.no_grad():
            given = [mt.from_numpy(x) for x in xs]
            grads = op.mutate(Call(row, given, mt.from_numpy(g), [True] * len(xs), memory))
        return tuple(
            d if d is None else d.array if isinstance(d, _Raw) else d.numpy() for d in grads
        )

    return forward, backward


class Mutated(nn.Module):
    """The op among others: its result times a parameter."""

    def __init__(self, op: Any) -> None:
        super().__init__()
        self.op, self.scale = op, nn.Parameter(mt.ones(()))

    def forward(self, *xs):
        return self.op.apply(*xs) * self.scale


@dataclass(frozen=True)
class Mutant:
    operator: Operator
    row: Row
    form: str

    @property
    def name(self) -> str:
        return f"{self.operator.name}, {self.row.name}, {self.form}"

    def subject(self) -> Any:
        """A fresh one: what it remembers is its own."""
        if self.form == "pair":
            return as_pair(self.row, self.operator)
        function = as_function(self.row, self.operator)
        return function if self.form == "function" else lambda: Mutated(function)


def _mutants() -> list[Mutant]:
    """Each operator with each of its rows, in one form; the forms take turns."""
    made = []
    for op in OPERATORS:
        turn = zlib.crc32(op.name.encode())
        for k, name in enumerate(op.rows):
            made.append(Mutant(op, ROWS[name], op.forms[(turn + k) % len(op.forms)]))
    return made


MUTANTS = _mutants()
RIGHT = Operator("right", none, ())
