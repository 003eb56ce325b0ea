"""How tensors print, pinned by example. Expected texts are what PyTorch 2.13 prints;
``parity/test_printing_parity.py`` compares with PyTorch itself on drawn tensors."""

import tracemalloc

import numpy as np
import pytest

from minitorch.printing import format_tensor, get_printoptions, printoptions, set_printoptions

nan, inf = float("nan"), float("inf")


@pytest.fixture(autouse=True)
def _default_options():
    with printoptions(profile="default"):
        yield


def show(values, dtype="float32", **kwargs):
    kwargs = {"dtype": f"minitorch.{dtype}", **kwargs}
    return format_tensor(np.asarray(values, dtype), **kwargs)


@pytest.mark.parametrize(
    "values, text",
    [
        ([1, 2], "tensor([1., 2.])"),
        (1.5, "tensor(1.5000)"),
        ([0, -0.0], "tensor([0., -0.])"),
        ([1, 2.5], "tensor([1.0000, 2.5000])"),
        ([-1, 100], "tensor([ -1., 100.])"),
        ([nan, 1], "tensor([nan, 1.])"),
        ([nan, 1.5, -inf], "tensor([   nan, 1.5000,   -inf])"),
        # fixed notation at the edge of each rule, scientific just beyond it
        ([1000, 1], "tensor([1000.,    1.])"),
        ([1001, 1], "tensor([1.0010e+03, 1.0000e+00])"),
        (1e8, "tensor(100000000.)"),
        (1e8 + 8, "tensor(1.0000e+08)"),
        (1.2e-4, "tensor(0.0001)"),
        (9e-5, "tensor(9.0000e-05)"),
        ([1e-5, 0, nan], "tensor([1.0000e-05, 0.0000e+00,        nan])"),
    ],
)
def test_floats(values, text):
    assert show(values) == text


@pytest.mark.parametrize(
    "values, dtype, text",
    [
        ([-1, 100], "int64", "tensor([ -1, 100])"),
        ([1, 2], "int8", "tensor([1, 2], dtype=minitorch.int8)"),
        ([True, False], "bool", "tensor([ True, False])"),
        ([0.5], "float64", "tensor([0.5000], dtype=minitorch.float64)"),
        ([1 + 2j, 3.5 - 4j], "complex64", "tensor([1.0000+2.j, 3.5000-4.j])"),
        ([1j], "complex128", "tensor([0.+1.j], dtype=minitorch.complex128)"),
        ([], "float32", "tensor([])"),
        ([], "int64", "tensor([], dtype=minitorch.int64)"),
        (np.zeros((0, 3)), "float32", "tensor([], size=(0, 3))"),
    ],
)
def test_dtypes_and_sizes(values, dtype, text):
    assert show(values, dtype) == text


def test_the_default_dtype_goes_without_saying():
    assert show([1.0], "float64", default_dtype="minitorch.float64") == "tensor([1.])"
    assert show([1.0], "complex128", default_dtype="minitorch.float64") == "tensor([1.+0.j])"
    assert "minitorch.float32" in show([1.0], "float32", default_dtype="minitorch.float64")


def test_matrices_align_and_are_set_apart():
    lines = [
        "tensor([[[1., 1.],",
        "         [1., 1.]],",
        "",
        "        [[1., 1.],",
        "         [1., 1.]]])",
    ]
    assert show(np.ones((2, 2, 2))).split("\n") == lines


def test_long_rows_wrap():
    assert show(np.full(10, 1.5)) == (
        "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000,\n"
        "        1.5000])"
    )


def test_large_tensors_are_summarised():
    assert show(range(2000), "int64") == "tensor([   0,    1,    2,  ..., 1997, 1998, 1999])"
    assert show(np.ones((1000, 2))) == (
        "tensor([[1., 1.],\n"
        "        [1., 1.],\n"
        "        [1., 1.],\n"
        "        ...,\n"
        "        [1., 1.],\n"
        "        [1., 1.],\n"
        "        [1., 1.]])"
    )


def test_hidden_items_have_no_say():
    values = np.ones(2000)
    values[1000] = 1e30
    assert show(values) == "tensor([1., 1., 1.,  ..., 1., 1., 1.])"


def test_suffixes_come_in_order_and_wrap():
    facts = {"device": "cuda:0", "suffixes": ["requires_grad=True"]}
    assert show([1.0], "float64", **facts) == (
        "tensor([1.], device='cuda:0', dtype=minitorch.float64, requires_grad=True)"
    )
    assert show(np.full(8, 1.5), **facts) == (
        "tensor([1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000, 1.5000],\n"
        "       device='cuda:0', requires_grad=True)"
    )


def test_a_prefix_sets_the_indent():
    assert show(np.ones((2, 1)), prefix="array(") == "array([[1.],\n       [1.]])"


def test_printing_changes_nothing_and_takes_any_layout():
    values = np.arange(6.0).reshape(2, 3)
    values.flags.writeable = False
    assert show(values.T[::-1]) == "tensor([[2., 5.],\n        [1., 4.],\n        [0., 3.]])"


def test_options():
    set_printoptions(precision=2, sci_mode=True)
    assert show([1, 2]) == "tensor([1.00e+00, 2.00e+00])"
    set_printoptions(sci_mode=False)
    assert show([1e10, 0.5]) == "tensor([10000000000.00,           0.50])"
    set_printoptions(threshold=5, edgeitems=1)
    assert get_printoptions() == {
        "precision": 2,
        "threshold": 5,
        "edgeitems": 1,
        "linewidth": 80,
        "sci_mode": None,
    }
    assert show(range(6), "int64") == "tensor([0,  ..., 5])"
    set_printoptions(profile="default", linewidth=10)
    assert show([1, 2]) == "tensor([1.,\n        2.])"


def test_without_edgeitems_the_size_is_said():
    set_printoptions(threshold=0, edgeitems=0)
    assert show(np.ones((2, 3))) == "tensor([...], size=(2, 3))"


def test_the_context_manager_restores_even_after_an_error():
    set_printoptions(sci_mode=True)
    before = get_printoptions()
    with pytest.raises(KeyError), printoptions(profile="full", precision=1):
        assert get_printoptions()["threshold"] == inf
        raise KeyError
    assert get_printoptions() == before


@pytest.mark.parametrize("wrong", [{"profile": "shrt"}, {"precision": -1}, {"edgeitems": 2.5}])
def test_nonsense_is_refused_and_changes_nothing(wrong):
    before = get_printoptions()
    with pytest.raises(ValueError, match=next(iter(wrong))):
        set_printoptions(**wrong)
    assert get_printoptions() == before


@pytest.mark.parametrize("shape", [(4_000_000,), (2000, 2000), (5, 800_000)])
def test_printing_costs_what_is_shown(shape):
    values = np.ones(shape, np.float32)
    tracemalloc.start()
    try:
        show(values)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000  # of all, it would be 16 MB and more
    finally:
        tracemalloc.stop()
