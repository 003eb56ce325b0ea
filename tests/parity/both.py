"""A program run by PyTorch and by minitorch, which must end the same way."""

import io
import warnings

import numpy as np
import torch

import minitorch

BOTH = (torch, minitorch)
torch.set_num_threads(1)


def through_a_file(obj, source, goal):
    """`obj`, saved by one framework and loaded by another (or the same)."""
    file = io.BytesIO()
    source.save(obj, file)
    file.seek(0)
    return goal.load(file, weights_only=True)


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


def differences(a, b, where="result"):
    """Where the two outcomes differ, in words."""
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{where}[{i}]")
    elif isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        for key in a:
            yield from differences(a[key], b[key], f"{where}[{key!r}]")
    elif isinstance(a, float | complex) and isinstance(b, float | complex):
        if not np.isclose(a, b, rtol=1e-5, atol=1e-6, equal_nan=True):
            yield f"{where}: {a} in PyTorch, {b} here"
    elif a != b:
        yield f"{where}: {a} in PyTorch, {b} here"


def close(a, b):
    return not any(differences(a, b))


def agree(program):
    theirs, ours = (outcome(program, m) for m in BOTH)
    found = list(differences(theirs, ours))
    assert not found, f"{len(found)} differences:\n" + "\n".join(found[:20])
