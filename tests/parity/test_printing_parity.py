"""Any array, under any options, prints as PyTorch prints it."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from torch import _tensor_str as torch_printing

from minitorch.printing import format_tensor, get_printoptions, printoptions

FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
EXACT = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"]

# Where a rule changes its mind: powers of ten and the doubles next to them, halves, the special.
PIVOTS = [10.0**e for e in range(-6, 10)] + [1001.0, 1e8 + 1, 9.99995, 99999.95, 0.5, 2.5]
PIVOTS += [float(np.nextafter(p, d)) for p in PIVOTS for d in (0, np.inf)]
SPECIAL = [0.0, -0.0, np.inf, -np.inf, np.nan]

OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "precision": st.integers(0, 8),
        "threshold": st.sampled_from([0, 5, 20, 1000, np.inf]),
        "edgeitems": st.integers(0, 4),
        "linewidth": st.sampled_from([0, 20, 40, 80, 120]),
        "profile": st.sampled_from(["default", "short", "full"]),
        "sci_mode": st.sampled_from([None, True, False]),
    },
)


@st.composite
def magnitudes(draw, shape):
    """Doubles of one character: round, near each other, far apart, at a pivot or special."""
    numbers = draw(
        st.sampled_from(
            [
                st.integers(-1000, 1000).map(float),
                st.integers(-(10**10), 10**10).map(float),
                st.floats(-1, 1),
                st.floats(-1000, 1000),
                st.floats(),
                st.sampled_from(PIVOTS + [-p for p in PIVOTS]),
            ]
        )
    )
    if draw(st.booleans()):
        numbers |= st.sampled_from(SPECIAL)
    return draw(hnp.arrays(np.float64, shape, elements=numbers))


@st.composite
def arrays(draw):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
    dtype = draw(st.sampled_from(FLOATS * 3 + COMPLEX * 3 + EXACT))
    if dtype in EXACT:
        return draw(hnp.arrays(dtype, shape))
    array = draw(magnitudes(shape))
    if dtype in COMPLEX:
        parts = np.empty(shape, np.complex128)  # `a + 1j * b` would spread nans
        parts.real, parts.imag = array, draw(magnitudes(shape))
        array = parts
    with np.errstate(over="ignore"):
        array = array.astype(dtype)
    return array.T if draw(st.booleans()) else array


def both(array, options, grad=None):
    """Our text and PyTorch's. We are told torch's dtype names, for their length moves lines."""
    tensor = torch.from_numpy(array)
    suffixes = []
    if grad and (tensor.is_floating_point() or tensor.is_complex()):
        tensor.requires_grad_()
        suffixes = ["requires_grad=True"]
        if grad == "clone":
            tensor = tensor.clone()
            suffixes = ["grad_fn=<CloneBackward0>"]
    options = {"profile": "default", **options}
    with torch_printing.printoptions(**options), printoptions(**options):
        assert get_printoptions() == torch_printing.get_printoptions()
        ours = format_tensor(
            array,
            dtype=str(tensor.dtype),
            default_dtype=str(torch.get_default_dtype()),
            suffixes=suffixes,
        )
        return ours, repr(tensor)


@settings(max_examples=400, deadline=None)
@given(arrays(), OPTIONS, st.sampled_from([None, "leaf", "clone"]))
def test_prints_as_torch(array, options, grad):
    ours, theirs = both(array, options, grad)
    assert ours == theirs


@settings(max_examples=50, deadline=None)
@given(hnp.array_shapes(max_dims=3, min_side=5, max_side=40), st.sampled_from(FLOATS), OPTIONS)
def test_large_tensors_print_as_torch(shape, dtype, options):
    count = int(np.prod(shape))
    ours, theirs = both((np.arange(count) / 8).reshape(shape).astype(dtype), options)
    assert ours == theirs


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(["float16", "bfloat16", "float32", "float64"]),
    st.sampled_from(FLOATS + COMPLEX + EXACT),
    st.sampled_from([(), (0,), (0, 2), (3,)]),
)
def test_the_default_dtype_matters_as_in_torch(default, dtype, shape):
    before = torch.get_default_dtype()
    torch.set_default_dtype(getattr(torch, default))
    try:
        ours, theirs = both(np.ones(shape, dtype), {})
    finally:
        torch.set_default_dtype(before)
    assert ours == theirs
