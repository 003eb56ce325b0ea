"""What this was built with.  Mirrors ``torch.version``.

`cuda`, `hip` and `xpu` are None, as in PyTorch's builds for the CPU.
"""

from __future__ import annotations

import minitorch

__all__ = ["__version__", "cuda", "debug", "hip", "xpu"]

__version__ = minitorch.__version__
debug = False
cuda: str | None = None
hip: str | None = None
xpu: str | None = None
