"""A program run by PyTorch and by minitorch, which must end the same way."""

import warnings

import numpy as np
import torch

import minitorch

BOTH = (torch, minitorch)
torch.set_num_threads(1)


def plain(x):
    """A result as Python objects, the same for both frameworks."""
    if isinstance(x, torch.Tensor | minitorch.Tensor):
        return [str(x.dtype).split(".")[1], list(x.shape), x.requires_grad, x.detach().tolist()]
    if isinstance(x, tuple | list):
        return [plain(y) for y in x]
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return x


def outcome(program, framework):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return plain(program(framework))
        except Exception as error:
            return "raises", next(
                k for k in (IndexError, KeyError, AttributeError, TypeError, ValueError,
                            NotImplementedError, RuntimeError, Exception) if isinstance(error, k)
            )  # fmt: skip


def close(a, b):
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(close(a[k], b[k]) for k in a)
    if isinstance(a, float | complex) and isinstance(b, float | complex):
        return bool(np.isclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True))
    return a == b


def agree(program):
    theirs, ours = (outcome(program, m) for m in BOTH)
    assert close(theirs, ours), f"PyTorch: {theirs}\nminitorch: {ours}"
