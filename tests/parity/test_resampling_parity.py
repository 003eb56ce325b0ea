"""Images on other grids, as PyTorch makes them: `scale_factor`, antialiasing, bytes."""

import numpy as np
import pytest
import torch

import minitorch as mt

SIZES = [
    {"size": (3, 4)}, {"size": (12, 2)}, {"scale_factor": 0.37}, {"scale_factor": 1.3},
    {"scale_factor": 2.0}, {"scale_factor": (0.3, 2.2)},
    {"scale_factor": 0.37, "recompute_scale_factor": True},
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.uint8])
@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("align", [False, True])
def test_antialiasing(mode, align, dtype):
    if mode == "lanczos":
        align = None
    for k, option in enumerate(SIZES):
        for shape in (2, 3, 5, 9), (1, 1, 13, 6):
            x = np.random.default_rng(k).uniform(0, 256, shape).astype(dtype)
            results = []
            for fw in torch, mt:
                a = fw.from_numpy(x.copy()).requires_grad_(dtype is not np.uint8)
                y = fw.nn.functional.interpolate(
                    a, mode=mode, align_corners=align, antialias=True, **option
                )
                grads = fw.autograd.grad(y.square().sum(), a) if y.requires_grad else ()
                results.append([t.detach().numpy() for t in (y, *grads)])
            for theirs, ours in zip(*results):
                np.testing.assert_allclose(ours, theirs, 1e-4, 1e-4 * np.abs(theirs).max())


@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_nearest(mode, dims):
    for old in range(1, 8):
        x = np.random.default_rng(old).normal(size=(1, 2, *[old] * dims))
        for scale in 0.4, 0.6, 1.0, 1.1, 1.3, 1.7, 2.0, 2.3, 3.0:
            if int(old * scale):
                theirs, ours = (
                    fw.nn.functional.interpolate(fw.from_numpy(x), scale_factor=scale, mode=mode)
                    for fw in (torch, mt)
                )
                np.testing.assert_array_equal(theirs.numpy(), ours.numpy(), f"{old} x {scale}")
