"""Every op of the op table is held to the laws of `minitorch.testing`: its first user.

python tests/test_laws.py 200 0 1 2     every law, 200 examples each, at these seeds
"""

import sys
import time
import warnings
from operator import itemgetter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.testing import LAWS, check_function
from minitorch.testing.op_table import TABLE, Argument, Row

rows = pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)


def draw_array(draw, argument: Argument, sizes: dict[str, int]) -> np.ndarray:
    """Numbers on a grid inside the argument's interval, off its ends and off zero."""
    shape = tuple(sizes[name] for name in argument.dims)
    count = int(np.prod(shape))
    steps = st.integers(0, 63)
    numbers = draw(st.lists(steps, min_size=count, max_size=count, unique=argument.distinct))
    grid = (np.array(numbers, np.float64).reshape(shape) + 0.47) / 64
    array = argument.low + (argument.high - argument.low) * grid
    return array if argument.make is None else argument.make(array)


@st.composite
def arguments(draw, row: Row) -> list[np.ndarray]:
    """An array for each argument of `row`; dimensions of the same name have the same size."""
    names = sorted({name for argument in row.arguments for name in argument.dims})
    sizes = {name: draw(st.integers(2 if name == "n" else 1, 3)) for name in names}
    return [draw_array(draw, argument, sizes) for argument in row.arguments]


def check_row(row: Row, examples: int, seed: int):
    together = st.shared(arguments(row), key=row.name)
    return check_function(
        row.function,
        *[together.map(itemgetter(i)) for i in range(len(row.arguments))],
        reference=row.reference,
        laws=list(LAWS),  # by name: minitorch's own ops are held to the strictest form
        max_examples=examples,
        seconds=1000,
        seed=seed,
        value_rtol=1e-9,
        cycles="refused",
    )


@rows
def test_laws(row):
    report = check_row(row, examples=12, seed=0)
    skipped = {"wrong_shapes", "seeded", "state_dict", "train_eval", "batch", "parameters_used"}
    idle = {name for name, count in report.laws.items() if not count} - skipped
    assert idle <= {"value", "torch_agrees"}  # where there is nothing to compare with


@rows
@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_float32_stays_float32_and_close_to_float64(row, data):
    arrays = data.draw(arguments(row))
    exact, out = (
        row.function(*[mt.tensor(a, dtype=dtype) for a in arrays])
        for dtype in (mt.float64, mt.float32)
    )
    assert out.dtype == mt.float32
    scale = float(np.max(np.abs(exact.numpy()), initial=0.0)) + 1.0
    np.testing.assert_allclose(out.numpy(), exact.numpy(), atol=row.float32 * scale)


@rows
def test_empty_tensors_work(row):
    if not row.zero_size:
        return
    sizes = {name: 0 if name != "n" else 2 for a in row.arguments for name in a.dims}
    inputs = []
    for argument in row.arguments:
        array = np.zeros(tuple(sizes[name] for name in argument.dims))
        inputs.append(
            mt.tensor(array if argument.make is None else argument.make(array), requires_grad=True)
        )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = row.function(*inputs)
        if out.requires_grad:
            out.sum().backward()
            for x in inputs:
                assert x.grad is None or x.grad.shape == x.shape


def main(examples: str, *seeds: str) -> None:
    for seed in seeds or ("0",):
        began, wrong = time.perf_counter(), 0
        for row in TABLE:
            try:
                check_row(row, int(examples), int(seed))
            except AssertionError as error:
                wrong += 1
                print(f"{row.name}: {error}\n")
        spent = time.perf_counter() - began
        print(f"seed {seed}: {len(TABLE)} ops, {examples} examples, {wrong} fail, {spent:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
