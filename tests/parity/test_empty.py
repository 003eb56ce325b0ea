"""Inputs without elements: empty batches, no channels, windows over nothing.

What PyTorch accepts is accepted and has its shape; what it refuses is refused.
"""

import pytest

from tests.parity.both import agree

SIZES = {"no channel": (2, 0), "one sample without channels": (0,), "no batch": (0, 3)}


def pool(kind, dims, size):
    def program(fw, shape):
        x = fw.zeros((*shape, *[4] * dims))
        return getattr(fw.nn.functional, f"{kind}_pool{dims}d")(x, size)

    return program


def pad(mode, dims):
    return lambda fw, shape: fw.nn.functional.pad(
        fw.zeros((*shape, *[4] * dims)), (1,) * 2 * dims, mode
    )


def norm(kind, dims):
    def program(fw, shape):
        x = fw.zeros((*shape, *[4] * dims))
        layer = getattr(fw.nn, f"{kind}{dims}d")(
            x.shape[1 if x.ndim == dims + 2 else 0], affine=False
        )
        return layer(x), list(layer.state_dict().values())

    return program


PROGRAMS = {
    **{
        f"{kind} pool {dims}d to {size}": pool(kind, dims, size)
        for kind in ("adaptive_avg", "adaptive_max", "avg", "max")
        for dims in (1, 2, 3)
        for size in (2, 3)
    },
    **{
        f"pad {dims}d {mode}": pad(mode, dims)
        for mode in ("constant", "reflect", "replicate", "circular")
        for dims in (1, 2, 3)
    },
    **{
        f"{kind} {dims}d": norm(kind, dims)
        for kind, least in (("BatchNorm", 2), ("InstanceNorm", 1))
        for dims in range(least, 4)
    },
    "area": lambda fw, shape: fw.nn.functional.interpolate(
        fw.zeros((*shape, 4, 4)), scale_factor=2, mode="area"
    ),
}


@pytest.mark.parametrize("shape", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", PROGRAMS)
def test_no_channels_and_no_batch(name, shape):
    agree(lambda fw: PROGRAMS[name](fw, shape))


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_an_image_without_pixels_is_not_convolved(dims):
    agree(lambda fw: getattr(fw.nn, f"Conv{dims}d")(2, 3, 3, padding=2)(
        fw.zeros(1, 2, *[0] * dims)
    ))  # fmt: skip
