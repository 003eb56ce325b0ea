"""What must fail: PyTorch's error inputs, spoilt samples, and dtypes that it refuses."""

from __future__ import annotations

import types
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tests.parity.judge.comparing import Difference, mismatch
from tests.parity.judge.lists import NO_PROBES
from tests.parity.judge.results import _spread
from tests.parity.judge.sides import (
    Missing,
    TooSlow,
    describe,
    dtype_name,
    flatten,
    is_tensor,
    to_numpy,
    where_from,
)

_NOTHING = object()


def spoil(sample) -> list[tuple[str, Any]]:
    """The sample with one argument made wrong, in each of several ways."""
    arguments = [sample.input, *sample.args, *sample.kwargs.values()]
    count, names = len(sample.args), list(sample.kwargs)

    def put(i: int, value: Any):
        new = [*arguments]
        new[i] = value
        kwargs = dict(zip(names, new[1 + count :], strict=True))
        return types.SimpleNamespace(input=new[0], args=tuple(new[1 : 1 + count]), kwargs=kwargs)

    found = []
    for i, x in enumerate(arguments):
        which = "input" if i == 0 else f"argument {i}" if i <= count else names[i - 1 - count]
        if isinstance(x, torch.Tensor):
            longer = torch.ones([*x.shape[:-1], (x.shape[-1] if x.ndim else 0) + 7]).to(x.dtype)
            found.append((f"{which} longer", put(i, longer)))
            found.append((f"{which} of higher rank", put(i, torch.ones(2, 3, 1, 4, 1).to(x.dtype))))
            found.append((f"{which} without dimensions", put(i, torch.ones(()).to(x.dtype))))
            other = torch.float32 if not x.dtype.is_floating_point else torch.int64
            found.append((f"{which} of another dtype", put(i, x.to(other))))
            found.append((f"{which} complex", put(i, x.to(torch.complex64))))
            found.append((f"{which} empty", put(i, x.new_empty(0))))
            found.append((f"{which} a string", put(i, "abc")))
            found.append((f"{which} None", put(i, None)))
        elif isinstance(x, bool):
            continue
        elif isinstance(x, int):
            found += [(f"{which} = {v}", put(i, v)) for v in (99, -99, -1, 2.5)]
        elif isinstance(x, list | tuple) and x and all(type(v) is int for v in x):
            found.append((f"{which}[0] = 99", put(i, type(x)((99, *x[1:])))))
            found.append((f"{which}[0] = -99", put(i, type(x)((-99, *x[1:])))))
            found.append((f"{which} longer", put(i, type(x)((*x, *x)))))
            found.append((f"{which} shorter", put(i, type(x)(x[1:]))))
        elif isinstance(x, list | tuple) and x and all(isinstance(v, torch.Tensor) for v in x):
            first = x[0]
            longer = torch.ones([(n + 1) for n in first.shape]).to(first.dtype)
            found.append((f"{which}[0] larger", put(i, type(x)((longer, *x[1:])))))
            found.append((f"{which}[0] of rank 0", put(i, type(x)((torch.ones(()), *x[1:])))))
            found.append((f"{which} no list", put(i, type(x)())))
        elif isinstance(x, str):
            found.append((f"{which} another word", put(i, "nonsense")))
    extra = put(0, arguments[0])
    extra.kwargs["nonsense"] = 1
    found.append(("unknown keyword", extra))
    return found


def sample_dtype(sample) -> torch.dtype:
    tensors = flatten([sample.input, sample.args], torch)
    return tensors[0].dtype if tensors else torch.float32


def sample_like(sample):
    from torch.testing._internal.opinfo.core import SampleInput

    return SampleInput(sample.input, args=sample.args, kwargs=sample.kwargs)


def dtype_name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def dtype_name_of_numpy(array: np.ndarray) -> str:
    return array.dtype.name


def same_values(a: Any, b: Any) -> bool:
    """Are two results of PyTorch equal, bit for bit?"""
    xs, ys = flatten(a, torch), flatten(b, torch)
    if len(xs) != len(ys):
        return False
    for x, y in zip(xs, ys, strict=True):
        if x.shape != y.shape or mismatch(to_numpy(x), to_numpy(y), (1e-5, 1e-6)):
            return False
    return bool(xs) or a == b


def accepts(wanted: type, error: Exception) -> bool:
    """Would ``except wanted`` catch it? LinAlgError counts as the RuntimeError that it is."""
    if wanted is Exception or isinstance(error, wanted):
        return True
    names = {c.__name__ for c in type(error).__mro__}
    if wanted.__name__ in names:
        return True
    # PyTorch's own classes are subclasses of these
    builtin = next((c for c in wanted.__mro__ if c.__module__ == "builtins"), Exception)
    return wanted.__module__ != "builtins" and isinstance(error, builtin)


class ErrorChecks:
    """The part of the judge that expects errors."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    def must_raise(self, function, ours, error, wanted) -> None:
        """The module must raise, and an error that ``except wanted`` would catch."""
        text = f"torch: {type(error).__name__}: {' '.join(str(error).split())[:140]}"
        try:
            got = self.call(function, ours)
        except (Missing, TooSlow):
            raise
        except Exception as e:
            classes = wanted if isinstance(wanted, tuple) else (wanted,)
            classes = (*classes, type(error))
            if not any(accepts(c, e) for c in classes):
                raise Difference("error class", f"{text}; here {where_from(e)}") from None
            return
        kind = type(got).__name__
        if is_tensor(got, self.module):
            kind = f"{dtype_name(got)}{list(got.shape)}"
        raise Difference("error", f"did not raise but returned {kind}. {text}")

    def errors(self) -> None:
        record = self.record
        if record.error_inputs_func is None:
            return
        try:
            drawn = list(enumerate(self.draw("error_inputs")))
        except Exception:
            self.result.skipped += 1
            return
        for index, item in self.only(drawn):
            sample = item.sample_input
            self.context = f"error input #{index} ({describe(sample)})"
            self.guard(self.error, sample, item.error_type)

    def only(self, drawn):
        wanted = self.options.only_sample
        return [d for d in drawn if wanted is None or d[0] == wanted]

    def error(self, sample, wanted) -> None:
        ours, _ = self.convert(sample, exact=True)
        _, error = self.torch_call(self.torch_op, sample)
        if error is None:
            return
        with self.check():
            self.must_raise(self.op, ours, error, wanted)

    def probes(self, dtypes) -> None:
        """Our own error inputs: samples with one argument spoilt (soft)."""
        dtype = next((d for d in (torch.float32, torch.int64) if d in dtypes), None)
        if dtype is None or self.record.name in NO_PROBES:
            return
        try:
            drawn = list(enumerate(self.draw("sample_inputs", dtype, False)))
        except Exception:
            return
        small = [d for d in drawn if self._numel(d[1]) <= 200] or drawn[:1]
        for index, sample in _spread(small, 4):
            for label, spoilt in spoil(sample):
                self.context = f"probe #{index} {label} ({describe(spoilt)})"
                self.guard(self.probe, spoilt)

    def probe(self, sample) -> None:
        ours, _ = self.convert(sample)
        _, error = self.torch_call(self.torch_op, sample)
        usual = IndexError | TypeError | ValueError | RuntimeError
        if not isinstance(error, usual) or "not implemented for" in str(error):
            return
        self.result.checks += 1
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                self.must_raise(self.op, ours, error, type(error))
        except Difference as d:
            self.fail("probe" if d.category == "error" else "probe class", str(d))

    def refused_dtypes(self) -> None:
        """Dtypes that PyTorch refuses (soft: it refuses many for want of a kernel)."""
        for dtype in self.options.dtypes:
            if dtype in self.record.dtypes or self.random:
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    sample = next(self.draw("sample_inputs", dtype, False))
            except Exception:
                continue
            self.context = f"{dtype_name_of(dtype)} refused ({describe(sample)})"
            self.guard(self.refused, sample)

    def refused(self, sample) -> None:
        ours, _ = self.convert(sample)
        _, error = self.torch_call(self.torch_op, sample)
        if error is not None:
            with self.check("dtype error"):
                self.must_raise(self.op, ours, error, Exception)
