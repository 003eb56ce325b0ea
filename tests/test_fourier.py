"""Fourier transforms: their definition, their inverses, their gradients."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt
from minitorch import fft
from minitorch.autograd import gradcheck, gradgradcheck
from minitorch.ops import fourier


def signal(*shape, kind=complex):
    x = np.random.default_rng(0).normal(size=(2, *shape))
    return mt.tensor((x[0] + 1j * x[1] if kind is complex else x[0]).tolist(), requires_grad=True)


def doubled(x):
    return x.detach().to(mt.complex128 if x.is_complex() else mt.float64).requires_grad_()


def test_the_definition():
    n = np.arange(5)
    matrix = mt.from_numpy(np.exp(-2j * np.pi * np.outer(n, n) / 5))
    x = doubled(signal(3, 5))
    assert mt.allclose(fft.fft(x), x @ matrix)
    assert mt.allclose(fft.fft(x, norm="ortho"), x @ matrix / 5**0.5)


@pytest.mark.parametrize("norm", [None, "ortho", "forward", "backward"])
@pytest.mark.parametrize("there, back", [("fft", "ifft"), ("fft2", "ifft2"), ("fftn", "ifftn")])
def test_the_inverse_undoes(there, back, norm):
    x = signal(2, 3, 4)
    assert mt.allclose(getattr(fft, back)(getattr(fft, there)(x, norm=norm), norm=norm), x)


@pytest.mark.parametrize("n", [4, 5])
@pytest.mark.parametrize("there, back", [("rfft", "irfft"), ("ihfft", "hfft")])
def test_real_signals_come_back_from_half_of_their_transform(n, there, back):
    x = signal(3, n, kind=float)
    half = getattr(fft, there)(x)
    assert half.shape == (3, n // 2 + 1)
    assert mt.allclose(getattr(fft, back)(half, n), x, atol=1e-6)


def test_shifts_are_inverse_and_put_zero_in_the_middle():
    f = fft.fftfreq(5)
    assert fft.fftshift(f).tolist() == sorted(f.tolist())
    assert mt.equal(fft.ifftshift(fft.fftshift(f)), f)


@pytest.mark.parametrize(
    "name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft", "fft2", "irfft2"]
)
def test_gradients(name):
    real = name in ("rfft", "ihfft")
    x = doubled(signal(3, 4, kind=float if real else complex))
    function = getattr(fft, name)
    assert gradcheck(function, x)
    assert gradgradcheck(function, x)
    size = (2, 5) if name.endswith("2") else 5  # cut and filled
    assert gradcheck(lambda x: function(x, size), x)


@pytest.mark.parametrize("norm", ["ortho", "forward", "backward"])
@pytest.mark.parametrize("n", [1, 2, 5, 6])
@pytest.mark.parametrize("dims", [(1,), (0, 1), (1, 0)])
def test_transforms_of_a_half_are_parts_of_the_whole(dims, n, norm):
    shape = [4, 4]
    shape[dims[-1]] = n
    half = list(shape)
    half[dims[-1]] = n // 2 + 1
    for op, x, settings in (
        (fourier._of_real, doubled(signal(*shape, kind=float)), (dims, norm)),
        (fourier._to_real, doubled(signal(*half)), (n, dims, norm)),
    ):
        found = []
        for function in (op, op.reference):
            y = function(x, *settings)
            g = doubled(signal(*y.shape, kind=complex if y.is_complex() else float)).detach()
            found.append([y, *mt.autograd.grad(y, x, g)])
        for mine, textbook in zip(*found, strict=True):
            assert mine.dtype is textbook.dtype and mt.allclose(mine, textbook, rtol=1e-12)


def test_errors():
    with pytest.raises(RuntimeError, match="norm must be one of"):
        fft.fft(signal(3), norm="both")
    with pytest.raises(RuntimeError, match="number of data points"):
        fft.fft(signal(3), 0)
    with pytest.raises(RuntimeError, match="expects real input"):
        fft.rfft(signal(3))
