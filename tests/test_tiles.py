"""Laws of large arrays: tiles and threads change nothing but the time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch.nn import functional as F
from minitorch.numerics.tiles import LARGE, in_tiles
from minitorch.ops.activations import _elu, _gelu, _glu, _mish
from minitorch.ops.attention import _attention
from minitorch.ops.rectifiers import _hardswish
from minitorch.ops.standardizing import (
    standardized_channels,
    standardized_groups,
    standardized_rows,
)

ROOM = LARGE + 4321  # elements: more than one tile, and no multiple of anything


@pytest.fixture(params=[1, 2, 3])
def count_of_threads(request):
    before = mt.get_num_threads()
    mt.set_num_threads(request.param)
    yield request.param
    mt.set_num_threads(before)


def draws(*shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.int64])
@pytest.mark.parametrize("function", [np.exp, np.add, lambda x, y=2: x * y + x])
def test_in_tiles_is_the_function(count_of_threads, function, dtype):
    x = (10 * draws(ROOM)).astype(dtype)
    y = draws(ROOM, seed=1).astype(dtype)
    others = [(y,), (3,), (y[:1],), (y[0],)] if getattr(function, "nin", 2) == 2 else [()]
    for other in others:
        with np.errstate(all="ignore"):
            expected, found = function(x, *other), in_tiles(function, x, *other)
        assert found.dtype == expected.dtype and found.base is None
        np.testing.assert_array_equal(found, expected)


@given(st.sampled_from([(3, -1), (-1, 3), (2, 1, -1)]), st.booleans())
@settings(max_examples=10, deadline=None)
def test_in_tiles_of_any_layout(shape, turned):
    x = draws(3 * (ROOM // 6) * 2)[: 6 * (ROOM // 6)].reshape(shape)
    x = x.T if turned else x
    row = draws(x.shape[-1], seed=1)
    np.testing.assert_array_equal(in_tiles(np.multiply, x, x), x * x)
    np.testing.assert_array_equal(in_tiles(np.multiply, x, row), x * row)
    np.testing.assert_array_equal(in_tiles(np.multiply, x[:, ::2], x[:, ::2]), (x * x)[:, ::2])


# --- kernels where they are cut ----------------------------------------------------------------


def softmax_reference(x):
    e = mt.exp(x - x.detach().max(-1, keepdim=True)[0])
    return e / e.sum(-1, keepdim=True)


def gelu_tanh_reference(x):
    return 0.5 * x * (1 + mt.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


IN_PIECES = {
    "gelu": (_gelu, _gelu.reference, [(ROOM,)]),
    "softmax": (lambda x: mt.softmax(x, -1), softmax_reference, [(601, 512)]),
    "log_softmax": (
        lambda x: mt.log_softmax(x, -1),
        lambda x: softmax_reference(x).log(),
        [(601, 512)],
    ),
    "gelu_tanh": (lambda x: F.gelu(x, "tanh"), gelu_tanh_reference, [(ROOM,)]),
    "mish": (_mish, _mish.reference, [(ROOM,)]),
    "selu": (
        F.selu,
        lambda x: _elu.reference(x, 1.6732632423543772, 1.0507009873554805, 1),
        [(ROOM,)],
    ),
    "hardswish": (_hardswish, _hardswish.reference, [(ROOM,)]),
    "glu": (F.glu, lambda x: _glu.reference(x, 1), [(701, 402)]),
    "product": (lambda x, y: x * y, lambda x, y: (x[None] * y[None])[0], [(ROOM,), (ROOM,)]),
    "layer_norm": (
        lambda x, w, b: standardized_rows(x, w, b, (1,), 1e-5),
        lambda x, w, b: standardized_rows.reference(x, w, b, (1,), 1e-5),
        [(703, 300), (300,), (300,)],
    ),
    "batch_norm": (
        lambda x, w, b: standardized_channels(x, w, b, 1e-5, None),
        lambda x, w, b: standardized_channels.reference(x, w, b, 1e-5, None),
        [(9, 13, 43, 42), (13,), (13,)],
    ),
    "batch_norm of short lines": (
        lambda x, w, b: standardized_channels(x, w, b, 1e-5, None),
        lambda x, w, b: standardized_channels.reference(x, w, b, 1e-5, None),
        [(301, 61, 3, 3), (61,), (61,)],
    ),
    "group_norm": (
        lambda x, w, b: standardized_groups(x, w, b, 3, 1e-5),
        lambda x, w, b: standardized_groups.reference(x, w, b, 3, 1e-5),
        [(19, 15, 43, 44), (15,), (15,)],
    ),
    "group_norm of short lines": (
        lambda x, w, b: standardized_groups(x, w, b, 7, 1e-5),
        lambda x, w, b: standardized_groups.reference(x, w, b, 7, 1e-5),
        [(701, 91, 3, 3), (91,), (91,)],
    ),
    "attention": (
        lambda q, k, v: _attention(q, k, v, None, 0.3, True),
        lambda q, k, v: _attention.reference(q, k, v, None, 0.3, True),
        [(5, 3, 120, 8), (5, 3, 130, 8), (5, 3, 130, 7)],
    ),
}


def value_and_gradients(function, arrays):
    leaves = [mt.tensor(a, requires_grad=True) for a in arrays]
    out = function(*leaves)
    g = mt.tensor(draws(*out.shape, dtype=arrays[0].dtype, seed=99))
    grads = mt.autograd.grad(out, leaves, g)
    return [x.detach().numpy() for x in (out, *grads)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", IN_PIECES)
def test_pieces_give_the_reference(name, dtype):
    function, reference, shapes = IN_PIECES[name]
    arrays = [draws(*shape, dtype=dtype, seed=i) for i, shape in enumerate(shapes)]
    tolerance = 2e-4 if dtype == np.float32 else 1e-10
    for found, expected in zip(
        value_and_gradients(function, arrays), value_and_gradients(reference, arrays), strict=True
    ):
        assert found.dtype == dtype
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", [*IN_PIECES, "conv2d"])
def test_threads_change_no_result(name):
    shapes = [(9, 17, 40, 41), (12, 17, 3, 3), (12,)]
    function = F.conv2d
    if name != "conv2d":
        function, _, shapes = IN_PIECES[name]
    arrays = [draws(*shape, dtype=np.float32, seed=i) for i, shape in enumerate(shapes)]
    before, results = mt.get_num_threads(), []
    try:
        for count in (1, 2, 3):
            mt.set_num_threads(count)
            results.append(value_and_gradients(function, arrays))
    finally:
        mt.set_num_threads(before)
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(a, b)
