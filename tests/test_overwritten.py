"""A value that backward needs was overwritten: an error that names the op and the line."""

import sys

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


def next_line():
    return f"{__file__}:{sys._getframe(1).f_lineno + 1}"


@pytest.fixture
def x():
    return mt.tensor([1.0, 2.0], requires_grad=True)


def refused(y, op, where):
    with pytest.raises(RuntimeError) as caught:
        y.sum().backward()
    text = str(caught.value)
    assert op in text and where in text and "overwritten" in text


def test_an_argument(x):
    h = x * 1
    y = h * h
    where = next_line()
    h.add_(1)
    refused(y, "MulBackward0", where)
    assert x.grad is None


def test_the_result(x):
    y = x.exp()
    z = y * 2
    where = next_line()
    y.mul_(3)
    refused(z, "ExpBackward0", where)


def test_a_leaf_under_no_grad(x):
    y = x * x
    with mt.no_grad():
        where = next_line()
        x[0] = 5
    refused(y, "MulBackward0", where)


def test_through_a_view_a_base_and_a_detached_tensor(x):
    for write in (
        lambda h: h[0].add_(1),
        lambda h: h.view(-1)[1:].zero_(),
        lambda h: h.detach().add_(1),
        lambda h: h.reshape(2, 1).t().mul_(2),
    ):
        h = x * 1
        y = h.square()
        write(h)
        with pytest.raises(RuntimeError, match="PowBackward0|SquareBackward0"):
            y.sum().backward()


def test_a_view_was_saved_and_its_base_written(x):
    h = x * 1
    y = h[0] * h[1]
    h[0] = 7.0
    with pytest.raises(RuntimeError, match="MulBackward0"):
        y.backward()


def test_a_write_before_the_op_is_harmless(x):
    h = x * 1
    h.add_(1)
    (h * h).sum().backward()
    assert x.grad.tolist() == [4, 6]


def test_what_no_gradient_needs_may_be_overwritten(x):
    h = x * 1
    y = h + 1
    z = h * 3
    h.zero_()
    (y + z).sum().backward()
    assert x.grad.tolist() == [4, 4]


def test_the_optimizers_step_names_the_line_of_the_program():
    model = nn.Linear(2, 2)
    model2 = nn.Sequential(model, nn.Linear(2, 1))
    optimizer = mt.optim.SGD(model2.parameters(), lr=0.1)
    x = mt.ones(1, 2, requires_grad=True)
    loss = model2(x).sum()
    loss.backward(retain_graph=True)
    where = next_line()
    optimizer.step()
    refused(loss, "Affine", where)


def test_fused_ops_refuse_only_what_their_kernels_kept():
    layer = nn.Linear(2, 1)
    x = mt.ones(1, 2)
    y = layer(x).sum()
    with mt.no_grad():
        layer.bias.add_(1)
    y.backward(retain_graph=True)
    assert layer.bias.grad.tolist() == [1]
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward(create_graph=True)  # goes through the reference, which reads all of them
    h = mt.ones(2, 3, requires_grad=True) * 1
    loss = nn.functional.cross_entropy(h, mt.tensor([0, 1]))
    h.zero_()
    loss.backward()


def test_out_and_copies_count_as_writes(x):
    for write in (
        lambda h: mt.add(mt.ones(2), 1, out=h.detach()),
        lambda h: h.detach().copy_(mt.ones(2)),
        lambda h: np.add(h.detach(), 1, out=h.detach()),
        lambda h: h.detach().uniform_(),
        lambda h: h.detach().__setitem__(0, 3),
        lambda h: h.detach().fill_(3),
    ):
        h = x * 1
        y = h * h
        write(h)
        with pytest.raises(RuntimeError, match="overwritten"):
            y.sum().backward()


def test_versions_count_writes(x):
    h = x * 1
    before = h._version
    h.add_(1)
    h[0].mul_(2)
    assert h._version == before + 2 == h.detach()._version


def test_a_second_walk_after_a_write(x):
    h = x * 1
    y = (h * h).sum()
    y.backward(retain_graph=True)
    h.add_(1)
    with pytest.raises(RuntimeError, match="overwritten"):
        y.backward()


def test_leaves_that_require_grad_are_not_written(x):
    before = x.tolist()
    for write in (
        lambda: x.add_(1),
        lambda: x[0].add_(1),
        lambda: x.__setitem__(0, 1.0),
        lambda: x.uniform_(),
        lambda: x.view(-1).zero_(),
    ):
        with pytest.raises(RuntimeError, match="leaf"):
            write()
    assert x.tolist() == before
