"""detect_anomaly: backward stops at the first NaN, and shows where it was made."""

import numpy as np
import pytest

import minitorch as mt
from minitorch.autograd import detect_anomaly, set_detect_anomaly


def bad_place(x):
    return x.sqrt() * 0


def test_it_names_the_op_and_the_line_of_the_forward_pass():
    x = mt.zeros(2, requires_grad=True)
    with detect_anomaly():
        y = bad_place(x).sum()
        with pytest.raises(RuntimeError) as caught:
            y.backward()
    text = str(caught.value)
    assert "SqrtBackward0 returned NaN in its gradient number 0" in text
    assert "in bad_place" in text and "return x.sqrt() * 0" in text
    assert x.grad is None


def test_without_it_nan_flows():
    x = mt.zeros(2, requires_grad=True)
    bad_place(x).sum().backward()
    assert np.isnan(x.grad.numpy()).all()


def test_nodes_made_outside_have_no_line():
    y = bad_place(mt.zeros(2, requires_grad=True)).sum()
    with detect_anomaly(), pytest.raises(RuntimeError, match=r"SqrtBackward0 returned NaN[^\n]*$"):
        y.backward()


def test_check_nan_false_only_keeps_the_lines():
    with detect_anomaly(check_nan=False):
        y = bad_place(mt.zeros(2, requires_grad=True))
        y.sum().backward()
    assert "traceback" in y.grad_fn.extra


@pytest.mark.parametrize("create_graph", [False, True])
def test_healthy_programs_pass(create_graph):
    x = mt.rand(3, 3, requires_grad=True)
    n = mt.arange(3)
    with set_detect_anomaly(True):
        a, b, c = x.unbind(0)
        loss = mt.nn.functional.cross_entropy(x, n) + (a * b).sum() + x.max(dim=0)[0].sum()
        loss = loss + mt.cat([a, b]).to(mt.complex64).abs().sum() + x.half().sum()
        loss.backward(create_graph=create_graph)
    assert np.isfinite(x.grad.detach().numpy()).all()
    set_detect_anomaly(False)
