"""Laws of shuffling, resampling, grids and distances."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minitorch as mt
from minitorch import nn
from minitorch.autograd import gradgradcheck
from minitorch.ops import resampling
from minitorch.ops.grid_sampling import _weighted_rows

F = nn.functional
few = settings(max_examples=20, deadline=None)
MODES = {
    1: ["nearest", "nearest-exact", "area", "linear"],
    2: ["nearest", "nearest-exact", "area", "bilinear", "bicubic"],
    3: ["nearest", "nearest-exact", "area", "trilinear"],
}
modes = st.sampled_from([(d, mode) for d in MODES for mode in MODES[d]])
sizes = st.lists(st.integers(1, 7), min_size=3, max_size=3)


def numbers(*shape):
    return mt.tensor(np.random.default_rng(0).standard_normal(shape))


def test_pixel_shuffle_and_its_inverse():
    x = numbers(2, 12, 3, 5)
    y = F.pixel_shuffle(x, 2)
    assert y.shape == (2, 3, 6, 10)
    assert mt.equal(y[:, 1, 1::2, ::2], x[:, 6])
    assert mt.equal(nn.PixelUnshuffle(2)(nn.PixelShuffle(2)(x)), x)


def test_channel_shuffle_and_its_inverse():
    x = numbers(2, 6, 3)
    assert mt.equal(F.channel_shuffle(F.channel_shuffle(x, 2), 3), x)


@few
@given(kind=modes, new=sizes, align=st.booleans())
def test_interpolate_keeps_constants_and_is_adjoint(kind, new, align):
    dims, mode = kind
    option = {"align_corners": align} if mode[-5:] in ("inear", "cubic") else {}
    old = (4, 3, 5)[:dims]
    flat = F.interpolate(mt.full((1, 2, *old), 3.0), new[:dims], mode=mode, **option)
    assert mt.allclose(flat, mt.full((1, 2, *new[:dims]), 3.0), atol=1e-5)
    x = numbers(1, 2, *old).requires_grad_()
    y = F.interpolate(x, new[:dims], mode=mode, **option)
    g = numbers(*y.shape)
    y.backward(g)
    assert (y * g).sum().item() == pytest.approx((x * x.grad).sum().item())


@few
@given(
    kind=modes,
    new=sizes,
    bad=st.sampled_from([1.0, np.inf, np.nan, 1e308]),
    antialias=st.booleans(),
)
def test_products_with_matrices_give_what_taps_give(kind, new, bad, antialias):
    dims, mode = kind
    options = {"antialias": True} if antialias and mode in ("bilinear", "bicubic") else {}
    values = numbers(2, 2, *(6, 3, 5)[:dims])
    values[..., 1] = values[..., 1] * bad
    found = []
    for short in (64, -1):
        x = values.clone().requires_grad_()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(resampling, "_SHORT", short)
            y = F.interpolate(x, new[:dims], mode=mode, **options)
            g = numbers(*y.shape)
            g[..., :1] = g[..., :1] * bad
            y.backward(g)
        found.append([y.detach().numpy(), x.grad.numpy()])
    for products, taps in zip(*found, strict=True):
        np.testing.assert_allclose(products, taps, rtol=1e-12, atol=1e-12)


@few
@given(kind=modes)
def test_the_same_size_changes_nothing(kind):
    dims, mode = kind
    x = numbers(1, 2, *(4, 3, 5)[:dims])
    y = F.interpolate(x, scale_factor=1, mode=mode)
    assert mt.allclose(y, x) and y is not x


@few
@given(mode=st.sampled_from(["bilinear", "bicubic", "lanczos"]), new=sizes)
def test_antialiasing_keeps_constants_and_is_adjoint(mode, new):
    def smaller(x):
        return F.interpolate(x, new[:2], mode=mode, antialias=True)

    assert mt.allclose(smaller(mt.full((1, 2, 9, 7), 3.0)), mt.full((1, 2, *new[:2]), 3.0))
    x = numbers(1, 2, 9, 7).requires_grad_()
    y = smaller(x)
    g = numbers(*y.shape)
    y.backward(g)
    assert (y * g).sum().item() == pytest.approx((x * x.grad).sum().item())


def test_antialiasing_sees_the_pixels_between():
    stripes = mt.tensor([0.0, 0.0, 0.0, 0.0, 1.0]).repeat(1, 1, 20, 20)
    plain = F.interpolate(stripes, scale_factor=0.2, mode="bilinear")
    averaged = F.interpolate(stripes, scale_factor=0.2, mode="bilinear", antialias=True)
    assert plain.max() == 0 and averaged[..., 1:-1].min() > 0.1


@pytest.mark.parametrize(
    ("scale", "shape", "expected"),
    [(1.3, (2,), [0, 0]), (1.3, (2, 1), [0, 1]), (2.3, (2,), [0, 0, 0, 1]),
     (2.3, (2, 1), [0, 0, 1, 1])],
)  # fmt: skip
def test_nearest_where_the_scale_is_not_the_ratio_of_the_sizes(scale, shape, expected):
    x = mt.arange(2.0).reshape(1, 1, *shape)
    assert F.interpolate(x, scale_factor=(scale, 1)[: len(shape)]).flatten().tolist() == expected


def test_upsampling_layers():
    x = mt.tensor([[[[1.0, 2.0]]]])
    assert nn.UpsamplingNearest2d(scale_factor=2)(x).tolist() == [[[[1, 1, 2, 2]] * 2]]
    assert nn.UpsamplingBilinear2d((1, 3))(x).tolist() == [[[[1, 1.5, 2]]]]
    assert repr(nn.Upsample(scale_factor=2)) == "Upsample(scale_factor=2.0, mode='nearest')"
    with pytest.raises(ValueError, match="align_corners"):
        F.interpolate(x, 3, align_corners=True)
    with pytest.raises(ValueError, match="give one"):
        F.interpolate(x)
    with pytest.raises(ValueError, match="antialias"):
        F.interpolate(x, 3, mode="lanczos")


@pytest.mark.parametrize("align", [True, False])
@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
def test_the_identity_grid_reads_the_image(mode, align):
    x = numbers(2, 3, 4, 5)
    stay = mt.tensor([[[1.0, 0, 0], [0, 1, 0]]] * 2, dtype=mt.float64)
    grid = F.affine_grid(stay, (2, 3, 4, 5), align_corners=align)
    assert mt.allclose(F.grid_sample(x, grid, mode, align_corners=align), x, atol=1e-12)


@pytest.mark.parametrize("padding", ["zeros", "border", "reflection"])
def test_outside_of_the_image(padding):
    x = mt.tensor([[[[1.0, 2.0, 3.0]]]])
    far = mt.tensor([[[[2.0, 0.0], [-7.0, 0.0]]]])
    out = F.grid_sample(x, far, padding_mode=padding, align_corners=True)
    assert (
        out.flatten().tolist() == {"zeros": [0, 0], "border": [3, 1], "reflection": [2, 3]}[padding]
    )


def test_the_gradient_of_a_grid_is_the_slope_of_the_image():
    x = mt.tensor([[[[1.0, 3.0]]]])
    grid = mt.tensor([[[[0.25, 0.0]]]], requires_grad=True)
    F.grid_sample(x, grid, align_corners=True).backward()
    assert grid.grad[0, 0, 0, 0].item() == pytest.approx(1.0)  # 2 per pixel, half a pixel per unit
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="align_corners"):
            F.grid_sample(x, grid)


@few
@given(p=st.sampled_from([0.0, 1.0, 2.0, 3.0, float("inf")]))
def test_distances_agree(p):
    x = numbers(5, 3)
    full = mt.cdist(x, x, p)
    first, second = np.triu_indices(5, 1)
    assert mt.allclose(F.pdist(x, p), full[first, second])
    if p:
        near = F.pairwise_distance(x[1:], x[:-1], p, eps=0.0)
        assert mt.allclose(near, full[range(1, 5), range(4)])


def test_cosine_similarity():
    x, y = numbers(4, 3), numbers(4, 3).flip(0)
    assert mt.allclose(F.cosine_similarity(x, 3 * x), mt.ones(4, dtype=mt.float64))
    expected = (x * y).sum(1) / (x.norm(dim=1) * y.norm(dim=1))
    assert mt.allclose(nn.CosineSimilarity()(x, y), expected)


@few
@given(taps=st.integers(1, 4), channels=st.sampled_from([1, 3, 4]))
def test_the_kernel_of_weighted_rows_is_its_reference(taps, channels):
    rng = np.random.default_rng(0)
    table = mt.tensor(rng.standard_normal((7, channels)), requires_grad=True)
    weights = mt.tensor(rng.standard_normal((taps, 2, 5)), requires_grad=True)
    rows = rng.integers(0, 7, (taps, 2, 5))
    found = []
    for function in (_weighted_rows, _weighted_rows.reference):
        out = function(table, weights, rows)
        g = numbers(*out.shape)
        found.append([out, *mt.autograd.grad(out, (table, weights), g)])
    for mine, textbook in zip(*found, strict=True):
        assert mt.allclose(mine, textbook, rtol=1e-12, atol=1e-12)
    assert gradgradcheck(lambda t, w: _weighted_rows(t, w, rows), (table, weights))
