"""Switches of libraries that PyTorch computes with.  Mirrors ``torch.backends``.

minitorch computes with NumPy alone, so that these libraries are reported as not available; their
switches can be read and set, as programs do, and change nothing.
"""

from minitorch.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]
