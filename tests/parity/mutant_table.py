"""What `minitorch.testing` and ``torch.autograd.gradcheck`` catch: the table of docs/caught.md.

python -m tests.parity.mutant_table     writes it anew
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch

from tests.mutants import MUTANTS, OPERATORS, Mutant, Operator, as_pair

PAGE = Path(__file__).parents[2] / "docs" / "caught.md"
START, END = "<!-- the table: tests/parity/mutant_table.py -->\n", "<!-- end of the table -->"
SIZES = {"a": 3, "b": 4, "c": 2, "d": 2, "n": 3}
SECOND = ("detached", "second order twice")  # gradients that are right; their own are not


def typical_inputs(mutant: Mutant) -> list[torch.Tensor]:
    """What one gives to gradcheck: a few random numbers of one shape, in double precision."""
    rng = np.random.default_rng(zlib.crc32(mutant.name.encode()))
    made = []
    for argument in mutant.row.arguments:
        shape = tuple(SIZES[name] for name in argument.dims)
        array = rng.uniform(argument.low, argument.high, shape)
        array = array if argument.make is None else argument.make(array)
        made.append(torch.tensor(array, requires_grad=True))
    return made


def in_torch(mutant: Mutant) -> Any:
    """The mutant as PyTorch's ``autograd.Function``, by way of NumPy."""
    forward, backward = as_pair(mutant.row, mutant.operator)

    class Mutated(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *xs):
            ctx.save_for_backward(*xs)
            return torch.from_numpy(np.array(forward(*[x.detach().numpy() for x in xs])))

        @staticmethod
        def backward(ctx, g):
            xs = [x.detach().numpy() for x in ctx.saved_tensors]
            found = backward(g.numpy(), *xs)
            return tuple(None if d is None else torch.from_numpy(np.array(d)) for d in found)

    return Mutated.apply


def gradcheck_catches(mutant: Mutant) -> bool:
    """Whether PyTorch's gradcheck, as it comes, refuses the mutant."""
    try:
        return not torch.autograd.gradcheck(in_torch(mutant), typical_inputs(mutant))
    except Exception:
        return True


def cell(caught: int, of: int) -> str:
    return "yes" if caught == of else "no" if not caught else f"{caught} of {of}"


def line(operator: Operator) -> str:
    mutants = [m for m in MUTANTS if m.operator is operator]
    says = " ".join((operator.mutate.__doc__ or "").split()).rstrip(".")
    named = f"{operator.name} ({says[0].lower()}{says[1:]})" if says else operator.name
    # minitorch.testing catches every one: tests/test_mutants.py fails otherwise.
    theirs = "second order only"
    if operator.name not in SECOND:
        theirs = cell(sum(gradcheck_catches(m) for m in mutants), len(mutants))
    return f"| {named} | {len(mutants)} | yes | {theirs} |"


def table() -> str:
    head = "| the mistake | mutants | `minitorch.testing` | `torch.autograd.gradcheck` |\n"
    return head + "| --- | ---: | --- | --- |\n" + "\n".join(map(line, OPERATORS)) + "\n"


if __name__ == "__main__":
    page = PAGE.read_text(encoding="utf-8")
    before, after = page.split(START)[0], page.split(END)[1]
    PAGE.write_text(before + START + table() + END + after, encoding="utf-8")
