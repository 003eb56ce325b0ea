"""Random programs of views and in-place writes, run by PyTorch and by minitorch, step by step.

A program is a list of lines of Python that say ``torch``; each line is executed on both sides and
everything visible is compared after it: values, shapes, strides, requires_grad, is_leaf, grad_fn,
``.grad``. Where PyTorch raises, minitorch must raise at the same line, and the program ends.

    python -m tests.parity.test_random_programs --n 2000 --seed 0

A disagreement is of one of three kinds:

    WRONG        both ran, and something differs: the worst kind
    permissive   PyTorch raised, minitorch did not
    strict       minitorch raised, PyTorch did not
"""

from __future__ import annotations

import argparse
import collections
import functools
import importlib
import os
import random
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
torch.set_num_threads(1)

PROGRAMS = int(os.environ.get("PROGRAMS", "2000"))
CHUNK = 100
# Errors of PyTorch that say something about PyTorch only: the program ends without a verdict.
NO_VERDICT = {
    "returned an invalid gradient": "t_() and the like under no_grad leave its graph stale",
    "has been detached in-place": "its values are what they were, and so is the gradient",
}
LARGEST = 1e6  # a program whose values grow beyond this says little
HELPERS = """\
def weights(t):
    return torch.linspace(0.5, 1.5, t.numel(), dtype=torch.float64).reshape(t.shape)


def leaf(*shape, grad, seed):
    n = 1
    for s in shape:
        n *= s
    values = [0.5 + 1.5 * ((seed * 7919 + i * 104729) % 1009) / 1009 for i in range(n)]
    t = torch.tensor(values, dtype=torch.float64).reshape(shape).clone()
    return t.requires_grad_(grad)
"""


# ---------------------------------------------------------------------------------------------
# Running a program
# ---------------------------------------------------------------------------------------------


@functools.lru_cache(20000)
def compiled(line: str) -> CodeType:
    return compile(line, "<program>", "exec")


class Run:
    """One side: a namespace in which the lines are executed."""

    def __init__(self, module: Any):
        self.names: dict[str, Any] = {"torch": module}
        self.Tensor = module.Tensor
        exec(compiled(HELPERS), self.names)

    def step(self, line: str) -> Exception | None:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                exec(compiled(line), self.names)
        except Exception as error:
            return error
        return None

    def tensors(self) -> dict[str, Any]:
        """The live tensors by name; those in tuples as g[0], g[1]."""
        found = {}
        for name, value in self.names.items():
            if isinstance(value, self.Tensor):
                found[name] = value
            elif type(value) in (tuple, list) and name != "__builtins__":
                for i, part in enumerate(value):
                    if isinstance(part, self.Tensor):
                        found[f"{name}[{i}]"] = part
        return found


def array(t: Any) -> np.ndarray:
    return t.detach().numpy()


def state_difference(name: str, a: Any, b: Any) -> str:
    """What differs between PyTorch's tensor a and ours, b, in words; '' if nothing."""
    if tuple(a.shape) != tuple(b.shape):
        return f"{name}.shape: torch {tuple(a.shape)}, here {tuple(b.shape)}"
    if str(a.dtype).split(".")[-1] != str(b.dtype).split(".")[-1]:
        return f"{name}.dtype: torch {a.dtype}, here {b.dtype}"
    text = value_difference(array(a), array(b))
    if text:
        return f"{name}: {text}"
    # The layout of gradients is nobody's business; nor are the steps of what has no second entry.
    if a.numel() > 1 and name[0] == "t" and steps(a) != steps(b):
        return f"{name}.stride(): torch {tuple(a.stride())}, here {tuple(b.stride())}"
    try:
        want = (a.requires_grad, a.is_leaf, a.grad_fn is None)
    except RuntimeError:  # a view that PyTorch has lost the history of
        return ""
    got = (b.requires_grad, b.is_leaf, b.grad_fn is None)
    if want != got:
        names = "requires_grad, is_leaf, grad_fn is None"
        return f"{name}'s {names}: torch {want}, here {got}"
    if a.is_leaf or a.retains_grad:
        want, got = a.grad, b.grad
        if (want is None) != (got is None):
            return f"{name}.grad: torch {want}, here {got}"
        if want is not None:
            if tuple(want.shape) != tuple(got.shape):
                return f"{name}.grad.shape: torch {tuple(want.shape)}, here {tuple(got.shape)}"
            text = value_difference(array(want), array(got))
            if text:
                return f"{name}.grad: {text}"
    return ""


def steps(t: Any) -> list[int]:
    return [step for step, size in zip(t.stride(), t.shape, strict=True) if size > 1]


def value_difference(a: np.ndarray, b: np.ndarray) -> str:
    if a.shape != b.shape:
        return f"torch has shape {a.shape}, here {b.shape}"
    if a.dtype.kind != "f":
        same = a == b
    else:
        with np.errstate(all="ignore"):
            same = np.isclose(a, b, rtol=1e-7, atol=1e-9, equal_nan=True)
    if same.all():
        return ""
    place = tuple(int(i) for i in np.argwhere(~same)[0])
    return f"at {list(place)} torch {a[place]!s}, here {b[place]!s}"


@dataclass
class Disagreement:
    """Where and how two runs part."""

    kind: str  # WRONG, permissive or strict
    line: int
    what: str
    program: list[str]

    def script(self) -> str:
        """Paste-able, for either library."""
        lines = ["import torch  # or: import minitorch as torch", "", "", HELPERS, ""]
        for i, line in enumerate(self.program):
            lines.append(line + (f"  # <-- {self.kind}" if i == self.line else ""))
        comment = "\n".join("# " + part for part in self.what.splitlines())
        return "\n".join(lines) + "\n" + comment + "\n"


def headline(error: Exception) -> str:
    text = " ".join(str(error).split())
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "minitorch" in f.filename]
    place = ""
    if frames:
        name = "/".join(frames[-1].filename.split("/")[-2:])
        place = f" ({name}:{frames[-1].lineno} in {frames[-1].name})"
    return f"{type(error).__name__}: {text[:220]}{place}"


def compare(program: list[str], module: Any) -> Disagreement | None:
    """Runs the program on both sides; None if they agree."""
    theirs, ours = Run(torch), Run(module)
    for number, line in enumerate(program):
        expected, actual = theirs.step(line), ours.step(line)
        if expected is not None and actual is not None:
            return None

        def differ(kind: str, what: str, number=number) -> Disagreement:
            return Disagreement(kind, number, what, program)

        if expected is not None:
            if any(text in str(expected) for text in NO_VERDICT):
                return None
            return differ("permissive", f"torch raised {headline(expected)}")
        if actual is not None and "that share memory" in str(actual):
            return None  # what a write to overlapping elements leaves there is a matter of luck
        if actual is not None:
            return differ("strict", f"here {headline(actual)}")
        mine = ours.tensors()
        for name, tensor in theirs.tensors().items():
            if name not in mine:
                return differ("WRONG", f"{name} is not a tensor here")
            try:
                text = state_difference(name, tensor, mine[name])
            except Exception as error:
                text = f"{name} cannot be read: {headline(error)}"
            if "stride()" in text and not tensor._is_view():
                return None  # results of arithmetic may be laid out in another way
            if text and hazard(program[: number + 1], name, mine[name]):
                return None
            if text:
                return differ("WRONG", text)
    return None


class Careful(torch.overrides.TorchFunctionMode):
    """PyTorch with copies of operands that look into the memory that is written to."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        name = getattr(func, "__name__", "")
        if name == "__setitem__" or (name.endswith("_") and not name.endswith("__")):
            args = (args[0], *[self.copied(a, args[0]) for a in args[1:]])
        return func(*args, **(kwargs or {}))

    def copied(self, operand, target):
        if not isinstance(operand, torch.Tensor) or operand is target:
            return operand
        shared = operand.untyped_storage().data_ptr() == target.untyped_storage().data_ptr()
        return operand.detach().clone() if shared else operand


def hazard(program: list[str], name: str, ours: Any) -> bool:
    """Whether PyTorch read a value after it had overwritten it: with copies, do we agree?"""
    run = Run(torch)
    with Careful():
        for line in program:
            if run.step(line) is not None:
                return False
        return not value_difference(array(run.tensors()[name]), array(ours))


def valid(program: list[str]) -> bool:
    """Does it fail, if at all, in the library and not for want of a name?"""
    run = Run(torch)
    for line in program:
        error = run.step(line)
        if error is not None:
            return not isinstance(error, NameError | AttributeError)
    return True


def shrink(found: Disagreement, module: Any) -> Disagreement:
    """The shortest program by leaving lines out that still disagrees in the same way."""
    best = Disagreement(found.kind, found.line, found.what, found.program[: found.line + 1])

    def attempt(program: list[str]) -> Disagreement | None:
        if not valid(program):
            return None
        got = compare(program, module)
        return got if got is not None and got.kind == found.kind else None

    changed = True
    while changed:
        changed = False
        for size in (4, 2, 1):
            i = len(best.program) - 1
            while i >= 0:
                shorter = best.program[:i] + best.program[i + size :]
                got = attempt(shorter) if shorter else None
                if got is not None:
                    got.program = got.program[: got.line + 1]
                    best, changed = got, True
                i -= 1
        for i, line in enumerate(best.program):
            for simpler in simplifications(line):
                got = attempt([*best.program[:i], simpler, *best.program[i + 1 :]])
                if got is not None:
                    got.program = got.program[: got.line + 1]
                    best, changed = got, True
                    break
            else:
                continue
            break
    return best


def simplifications(line: str) -> list[str]:
    """Simpler lines that might do as well."""
    found = []
    if line.startswith("loss = ") and " + " in line:
        terms = line.removeprefix("loss = ").split(" + ")
        found += ["loss = " + " + ".join(terms[:i] + terms[i + 1 :]) for i in range(len(terms))]
    if line.startswith("with torch.no_grad(): "):
        found.append(line.removeprefix("with torch.no_grad(): "))
    return found


# ---------------------------------------------------------------------------------------------
# Making a program
# ---------------------------------------------------------------------------------------------


class Writer:
    """Writes a program line by line, watching PyTorch execute it."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.lines: list[str] = []
        self.run = Run(torch)
        self.count = 0
        self.ended = False

    # -- small choices

    def maybe(self, p: float) -> bool:
        return self.random.random() < p

    def pick(self, items: Any) -> Any:
        return self.random.choice(list(items))

    def live(self) -> dict[str, Any]:
        return {n: t for n, t in self.run.tensors().items() if n[0] == "t" and n[1:].isdigit()}

    def tensor(self) -> tuple[str, Any]:
        """A live tensor, the younger the likelier."""
        live = list(self.live().items())
        if self.maybe(0.5):
            live = live[-3:]
        return self.pick(live)

    def new_name(self) -> str:
        return f"t{self.count}"

    def number(self) -> str:
        return self.pick(["0.5", "2.0", "1.5", "0.25", "-0.5", "3"])

    # -- lines

    def add(self, line: str, keep_error: float = 0.05) -> bool:
        """Executes a line; keeps it if it works, sometimes (as the end) if it raises."""
        error = self.run.step(line)
        if error is None and self.sane():
            self.lines.append(line)
            while f"t{self.count}" in self.run.names:
                self.count += 1
            return True
        if isinstance(error, SyntaxError | NameError | AttributeError):
            raise AssertionError(f"a bad line: {line}: {error}")
        if error is not None and self.maybe(keep_error):
            self.lines.append(line)
            self.ended = True
            return False
        self.run = Run(torch)  # back to where we were
        for old in self.lines:
            self.run.step(old)
        return False

    def sane(self) -> bool:
        for t in self.run.tensors().values():
            a = array(t)
            if a.size > 400 or not np.isfinite(a).all() or (a.size and abs(a).max() > LARGEST):
                return False
        return True

    def program(self) -> list[str]:
        for i in range(self.random.randint(1, 3)):
            rank = self.pick([1, 1, 2, 2, 2, 3])
            shape = [self.pick([1, 2, 2, 3, 3, 4]) for _ in range(rank)]
            grad = self.maybe(0.65) if i else self.maybe(0.85)
            dims = ", ".join(map(str, shape))
            self.add(f"t{self.count} = leaf({dims}, grad={grad}, seed={i + 1})")
        for name in list(self.live()):
            if self.maybe(0.6):  # something that may be written to
                shape = self.run.names[name].shape
                self.add(f"{self.new_name()} = {name} {self.pick('*+')} {self.operand(shape)}")
        steps = self.random.randint(3, 15)
        for _ in range(steps):
            for _ in range(6):  # until a step works
                if self.add(self.step()) or self.ended:
                    break
            if self.ended:
                return self.lines
        self.finish()
        return self.lines

    def step(self) -> str:
        kind = self.random.random()
        if kind < 0.38:
            line = self.view_step()
        elif kind < 0.74:
            line = self.write_step()
        elif kind < 0.90:
            line = self.arithmetic_step()
        else:
            return self.odd_step()
        reshapes = ("transpose_", "t_()", "squeeze_")  # without grad mode the graph goes stale
        if self.maybe(0.08) and not any(word in line for word in reshapes):
            line = "with torch.no_grad(): " + line
        return line

    # -- views

    def index(self, t: Any, views_only: bool = True) -> str:
        """A basic index, as source."""
        parts = []
        for size in t.shape:
            choice = self.random.random()
            if choice < 0.3:
                parts.append(":")
            elif choice < 0.5 and size:
                parts.append(str(self.random.randrange(-size, size)))
            elif choice < 0.6:
                parts.append("::2")
            elif choice < 0.7:
                parts.append("None")
                parts.append(":")
            elif choice < 0.8:
                parts.append("1:")
            elif choice < 0.9:
                parts.append(":-1")
            else:
                start = self.random.randrange(size) if size else 0
                parts.append(f"{start}:{start + 2}")
            if self.maybe(0.3):
                break
        if self.maybe(0.15):
            parts.append("...")
        return ", ".join(parts) or "..."

    def view_of(self, name: str, t: Any) -> str:
        """An expression that is a view of the tensor (or sometimes a copy: reshape, flatten)."""
        rank, n = t.dim(), t.numel()
        dim = self.random.randrange(-rank, rank) if rank else 0
        size = t.shape[dim] if rank else 1
        other = self.random.randrange(-rank, rank) if rank else 0
        options: list[Callable[[], str]] = [
            lambda: f"{name}[{self.index(t)}]",
            lambda: f"{name}[{self.index(t)}]",
            lambda: f"{name}[{self.index(t)}]",
            lambda: f"{name}.unsqueeze({self.random.randint(-rank - 1, rank)})",
            lambda: f"{name}.squeeze({self.pick(['', dim])})" if rank else f"{name}.squeeze()",
            lambda: f"{name}.flatten()",
            lambda: f"{name}.reshape({self.shape_for(n)})",
            lambda: f"{name}.view({self.shape_for(n)})",
            lambda: f"{name}.detach()",
            lambda: f"{name}.view_as({name})",
            lambda: f"{name}.expand(2, {', '.join(['-1'] * rank)})",
        ]
        if rank:
            start = self.random.randrange(size) if size else 0
            length = self.random.randint(0 if self.maybe(0.05) else 1, max(1, size - start))
            options += [
                lambda: f"{name}.transpose({dim}, {other})",
                lambda: f"{name}.transpose({dim}, {other})",
                lambda: f"{name}.permute({', '.join(map(str, self.order(rank)))})",
                lambda: f"{name}.narrow({dim}, {start}, {length})",
                lambda: f"{name}.select({dim}, {start})",
                lambda: f"{name}.movedim({dim}, {other})",
                lambda: f"{name}.unfold({dim}, {min(2, size)}, {self.pick([1, 2])})",
                lambda: f"{name}.unflatten({dim}, ({self.shape_for(size)},))",
                lambda: f"{name}.split({self.random.randint(1, max(1, size))}, {dim})[0]",
                lambda: f"{name}.chunk({self.random.randint(1, 2)}, {dim})[0]",
                lambda: f"{name}.unbind({dim})[{self.pick([0, -1])}]",
                lambda: f"{name}.swapaxes({dim}, {other})",
                lambda: f"{name}.expand({', '.join(map(str, t.shape))})",
            ]
        if rank >= 2:
            dims = self.random.sample(range(rank), 2)
            offset = self.pick([0, 0, 1, -1])
            first = self.random.randrange(rank - 1)
            options += [
                lambda: f"{name}.diagonal({offset}, {dims[0]}, {dims[1]})",
                lambda: f"{name}.flatten({first}, {first + 1})",
                lambda: f"{name}.mT",
                lambda: f"{name}.t()" if rank == 2 else f"{name}.mT",
            ]
        if n >= 2 and self.maybe(0.4):
            options.append(lambda: self.strided(name, t))
        return self.pick(options)()

    def strided(self, name: str, t: Any) -> str:
        """An as_strided within the tensor's own extent."""
        start = t.storage_offset()
        last = start + sum((s - 1) * k for s, k in zip(t.shape, t.stride(), strict=True))
        room = last - start + 1
        if self.maybe(0.5):
            step = self.pick([1, 2])
            length = max(1, (room - 1) // step)
            return f"{name}.as_strided(({length},), ({step},), {start})"
        rows = max(1, room // 3)
        return f"{name}.as_strided(({rows}, 2), ({self.pick([1, 2])}, 1), {start})"

    def shape_for(self, n: int) -> str:
        """A shape of n elements, as arguments."""
        options = [[-1], [n]]
        options += [[k, n // k] for k in range(1, n + 1) if n % k == 0]
        options += [[k, -1] for k in range(1, n + 1) if n % k == 0]
        options += [[k, 1, n // k] for k in range(1, n + 1) if n % k == 0]
        return ", ".join(map(str, self.pick(options)))

    def order(self, rank: int) -> list[int]:
        order = list(range(rank))
        self.random.shuffle(order)
        return order

    def view_step(self) -> str:
        name, t = self.tensor()
        expression = self.view_of(name, t)
        if self.maybe(0.25):  # a view of a view in one line
            got = self.evaluate(expression)
            if got is not None:
                expression = self.view_of(expression, got)
        target = self.new_name() if self.maybe(0.9) or is_leaf(t) else name
        return f"{target} = {expression}"

    def evaluate(self, expression: str) -> Any:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return eval(expression, self.run.names)
        except Exception:
            return None

    # -- writes

    def operand(self, shape: Any) -> str:
        """Something that broadcasts to the shape: a number, a tensor or a piece of one."""
        if self.maybe(0.25):
            return self.number()
        for _ in range(8):
            name, t = self.tensor()
            expression, got = name, t
            if self.maybe(0.4):
                expression = self.view_of(name, t)
                got = self.evaluate(expression)
            elif self.maybe(0.3):
                expression = (
                    f"{name}.{self.pick(['sum()', 'mean()', 'exp()', 'sin()', 'detach()'])}"
                )
                got = self.evaluate(expression)
            if got is not None and (broadcasts(got.shape, shape) or self.maybe(0.02)):
                return expression
        return self.number()

    def place(self) -> tuple[str, Any]:
        """What is written to: a tensor or a view of one made on the spot."""
        name, t = self.tensor()
        if self.maybe(0.3):
            expression = self.view_of(name, t)
            got = self.evaluate(expression)
            if got is not None:
                return expression, got
        return name, t

    def mask(self, name: str, t: Any) -> str:
        return self.pick([f"{name} > 1.0", f"{name} < 0.9", f"{name}.detach() >= 1.2"])

    def write_step(self) -> str:
        name, t = self.place()
        shape = t.shape
        options: list[Callable[[], str]] = [
            lambda: (
                f"{name}.{self.pick(['add_', 'sub_', 'mul_', 'mul_', 'div_'])}"
                f"({self.operand(shape)})"
            ),
            lambda: (
                f"{name}.{self.pick(['add_', 'sub_', 'mul_', 'mul_', 'div_'])}"
                f"({self.operand(shape)})"
            ),
            lambda: (
                f"{name}.{self.pick(['add_', 'mul_', 'copy_'])}({self.operand(shape)})"
                if self.maybe(0.5)
                else f"{name}.add_({self.operand(shape)}, alpha=2)"
            ),
            lambda: f"{name}.copy_({self.tensor_operand(shape)})",
            lambda: f"{name}.{self.pick(['zero_()', f'fill_({self.number()})'])}",
            lambda: f"{name}.{self.pick(UNARY)}",
            lambda: f"{name}.{self.pick(UNARY)}",
            lambda: f"{name}.masked_fill_({self.mask(name, t)}, {self.number()})",
            lambda: f"{name}.addcmul_({self.tensor_operand(shape)}, {self.tensor_operand(shape)})",
            lambda: f"{name}.pow_({self.pick(['2', '3', '0.5', '1'])})",
            lambda: self.set_item(name, t),
            lambda: self.set_item(name, t),
            lambda: self.set_item(name, t),
            lambda: (
                f"{name} {self.pick(['+=', '-=', '*=', '/='])} {self.operand(shape)}"
                if name.isalnum()
                else f"{name}.add_({self.operand(shape)})"
            ),
            lambda: f"{name}.lerp_({self.tensor_operand(shape)}, 0.25)",
        ]
        if t.dim():
            options.append(lambda: self.reshape_in_place(name, t))
            options.append(lambda: self.index_write(name, t))
        return self.pick(options)()

    def tensor_operand(self, shape: Any) -> str:
        for _ in range(6):
            text = self.operand(shape)
            if "t" in text:
                return text
        return self.tensor()[0]

    def set_item(self, name: str, t: Any) -> str:
        if t.dim() == 0:
            return f"{name}[...] = {self.number()}"
        size = t.shape[0]
        choice = self.random.random()
        if choice < 0.6 or size == 0:
            index = self.index(t)
        elif choice < 0.8:
            index = self.mask(name, t)
        else:
            rows = [self.random.randrange(-size, size) for _ in range(self.pick([1, 2]))]
            index = str(rows) if self.maybe(0.5) else f"torch.tensor({rows})"
        got = self.evaluate(f"{name}[{index}]")
        if got is None:
            return f"{name}[...] = {self.number()}"
        value = self.number() if "<" in index or ">" in index else self.operand(got.shape)
        return f"{name}[{index}] {self.pick(['=', '=', '+=', '*=', '-='])} {value}"

    def reshape_in_place(self, name: str, t: Any) -> str:
        rank = t.dim()
        a, b = self.random.randrange(rank), self.random.randrange(rank)
        return self.pick(
            [
                f"{name}.transpose_({a}, {b})",
                f"{name}.unsqueeze_({a})",
                f"{name}.squeeze_()",
                f"{name}.squeeze_({a})",
                f"{name}.t_()" if rank <= 2 else f"{name}.transpose_(0, 1)",
            ]
        )

    def index_write(self, name: str, t: Any) -> str:
        size = t.shape[0]
        if not size:
            return f"{name}.zero_()"
        row = self.random.randrange(size)
        return self.pick(
            [
                f"{name}.index_fill_(0, torch.tensor([{row}]), {self.number()})",
                f"{name}.index_add_(0, torch.tensor([{row}]), {name}.detach()[:1].clone())",
                f"{name}.index_copy_(0, torch.tensor([{row}]), {name}.detach()[:1].clone())",
            ]
        )

    # -- the rest

    def arithmetic_step(self) -> str:
        name, t = self.tensor()
        operand = self.operand(t.shape)
        expression = self.pick(
            [
                f"{name} * {operand}",
                f"{name} + {operand}",
                f"{name} - {operand}",
                f"{name} / 2.0",
                f"{name} * {name}",
                f"{name}.{self.pick(['exp', 'sin', 'sigmoid', 'tanh', 'relu', 'square'])}()",
                f"{name}.sum({self.pick(['', '0']) if t.dim() else ''})",
                f"{name}.clone()",
                f"{name}.clone()",
                f"torch.cat([{name}, {name}])" if t.dim() else f"{name} * 1.0",
                f"torch.where({self.mask(name, t)}, {name}, {name} * 0.5)",
            ]
        )
        return f"{self.new_name()} = {expression}"

    def odd_step(self) -> str:
        name, t = self.tensor()
        return self.pick(
            [
                f"{name}.detach_()",
                f"{name}.requires_grad_({self.pick(['True', 'True', 'False'])})",
                f"{self.new_name()} = {name}.data",
                f"{name}.data.mul_(2.0)",
                f"{name}.detach().mul_(0.5)",
                f"{self.new_name()} = {name}.detach()",
                f"{self.new_name()} = {name}.contiguous()",
                f"with torch.no_grad(): {name}.mul_(0.5)",
                f"with torch.no_grad(): {name}[...] += 0.5",
                f"with torch.no_grad(): {self.new_name()} = {self.view_of(name, t)}",
                f"{name}.retain_grad()",
                f"{self.new_name()} = {name}.new_ones({name}.shape)",
            ]
        )

    def loss(self) -> str:
        live = [(n, t) for n, t in self.live().items() if t.requires_grad]
        if not live:
            live = list(self.live().items())
        chosen = self.random.sample(live, min(len(live), self.random.randint(1, 4)))
        terms = []
        for name, _ in chosen:
            square = f"({name} * {name} * weights({name})).sum()"
            terms.append(self.pick([f"({name} * weights({name})).sum()", square, square]))
        return "loss = " + " + ".join(terms)

    def finish(self) -> None:
        """A loss and its gradients, in one of several ways."""

        def add(line: str) -> bool:
            return self.add(line, keep_error=1.0)

        if not add(self.loss()):
            return
        leaves = [n for n, t in self.live().items() if is_leaf(t) and t.requires_grad]
        inner = [n for n, t in self.live().items() if not is_leaf(t)]
        way = self.random.random()
        if way < 0.45 or not leaves:
            add("loss.backward()")
        elif way < 0.6:
            if not add("loss.backward(retain_graph=True)"):
                return
            if self.maybe(0.3):
                self.add(self.write_step())
                if self.ended:
                    return
            add("loss.backward()")
        elif way < 0.7:
            if add("loss.backward()") and add(self.loss()):
                add("loss.backward()")
        elif way < 0.85:
            wanted = ", ".join(leaves)
            if not add(
                f"g = torch.autograd.grad(loss, [{wanted}], create_graph=True, allow_unused=True)"
            ):
                return
            if not any(x is not None and x.requires_grad for x in self.run.names["g"]):
                return
            if add("loss = sum((x * x).sum() for x in g if x is not None)"):
                add("loss.backward()")
        else:
            some = self.random.sample(inner, min(len(inner), 2)) + leaves[:1]
            wanted = ", ".join(some)
            add(f"g = torch.autograd.grad(loss, [{wanted}], allow_unused=True)")


UNARY = [
    *("exp_()", "sigmoid_()", "tanh_()", "relu_()", "neg_()", "abs_()", "sqrt_()", "sin_()"),
    *("clamp_(0.6, 1.4)", "clamp_(min=0.8)", "clamp_(max=1.1)", "reciprocal_()", "square_()"),
]


def is_leaf(t: Any) -> bool:
    try:
        return t.is_leaf
    except RuntimeError:  # PyTorch has lost its history
        return False


def broadcasts(source: Any, target: Any) -> bool:
    """Can a tensor of shape source be written into one of shape target?"""
    if len(source) > len(target):
        return False
    pairs = zip(reversed(source), reversed(target), strict=False)
    return all(s in (1, t) for s, t in pairs)


def write(seed: int) -> list[str]:
    """The program of a seed."""
    return Writer(seed).program()


# ---------------------------------------------------------------------------------------------
# The tests and the command line
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("first", range(0, PROGRAMS, CHUNK))
def test_random_programs(first):
    minitorch = pytest.importorskip("minitorch")
    for seed in range(first, min(first + CHUNK, PROGRAMS)):
        found = compare(write(seed), minitorch)
        if found is not None:
            smallest = shrink(found, minitorch)
            pytest.fail(f"seed {seed}: {smallest.kind}\n\n{smallest.script()}", pytrace=False)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--n", type=int, default=2000, help="programs")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    parser.add_argument("--against", default="minitorch", help="the module under test")
    parser.add_argument("--show", type=int, default=5, help="print so many shrunk programs")
    parser.add_argument("--kind", choices=["WRONG", "permissive", "strict"], help="only these")
    parser.add_argument("--print", action="store_true", help="print the programs themselves")
    args = parser.parse_args(argv)
    module = importlib.import_module(args.against)
    start = time.perf_counter()
    counts: collections.Counter[str] = collections.Counter()
    reasons: collections.Counter[str] = collections.Counter()
    endings: collections.Counter[str] = collections.Counter()
    shown, lines = 0, 0
    for seed in range(args.seed, args.seed + args.n):
        program = write(seed)
        lines += len(program)
        if args.print:
            print(f"# seed {seed}\n" + "\n".join(program) + "\n")
        found = compare(program, module)
        if found is None:
            counts["agree"] += 1
            endings["raises" if ends_in_error(program) else "runs to its end"] += 1
            continue
        counts[found.kind] += 1
        if args.kind not in (None, found.kind):
            continue
        if shown < args.show:
            shown += 1
            smallest = shrink(found, module)
            print(f"# ---- seed {seed}: {found.kind}\n{smallest.script()}", flush=True)
        reasons[f"{found.kind}: {blur(found.what)}"] += 1
    seconds = time.perf_counter() - start
    for reason, count in reasons.most_common(25):
        print(f"{count:5}  {reason}")
    print(
        f"{args.n} programs ({lines / args.n:.1f} lines each) in {seconds:.0f} s: "
        + ", ".join(f"{k} {counts[k]}" for k in ("agree", "WRONG", "permissive", "strict"))
        + "; of those that agree "
        + ", ".join(f"{n} {k}" for k, n in endings.items())
    )
    return 0 if counts["agree"] == args.n else 1


def ends_in_error(program: list[str]) -> bool:
    run = Run(torch)
    return any(run.step(line) is not None for line in program)


def blur(text: str) -> str:
    """A message without its numbers and names, for counting."""
    words = text.split()
    return " ".join("#" if any(c.isdigit() for c in w) else w for w in words)[:150]


if __name__ == "__main__":
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    sys.exit(main())
