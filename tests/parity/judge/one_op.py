"""One record of PyTorch (OpInfo) against the module under test."""

from __future__ import annotations

import contextlib
import functools
import random
import time
import traceback
import types
import warnings
from typing import Any

import numpy as np
import torch

from tests.parity.judge.comparing import Difference, compare_tensor, compare_tree, mismatch
from tests.parity.judge.errors import (
    _NOTHING,
    ErrorChecks,
    dtype_name_of,
    dtype_name_of_numpy,
    same_values,
)
from tests.parity.judge.forms import FormChecks
from tests.parity.judge.gradients import GradientChecks
from tests.parity.judge.lists import (
    DTYPES,
    GAUGE,
    RANDOM,
    TIES,
    TOLERANCE,
    TOLERANCE_FACTOR,
    UNINITIALISED,
)
from tests.parity.judge.results import Options, Result, _spread, records_of, time_limit
from tests.parity.judge.sides import (
    Converter,
    Missing,
    NoFormat,
    TooSlow,
    Unsupported,
    _is_test_function,
    describe,
    dtype_name,
    flatten,
    rebind,
    resolve,
    to_numpy,
    where_from,
)


class Judge(GradientChecks, FormChecks, ErrorChecks):
    """Checks one record (OpInfo) of PyTorch against the module under test."""

    def __init__(self, record: Any, result: Result, options: Options):
        self.record = record
        self.result = result
        self.options = options
        self.module = options.module
        self.name = record.full_name
        self.random = record.name in RANDOM
        self.factor = TOLERANCE_FACTOR.get(self.name, 1.0)
        self.torch_op = self._torch_op()
        self.context = ""  # the sample at hand, for messages

    # -- names

    def _torch_op(self):
        op = self.record.op
        return rebind(op, torch) if _is_test_function(op) else op

    @functools.cached_property
    def op(self):
        """The module's counterpart of the record's function; raises Missing."""
        op, name = self.record.op, self.record.name
        if _is_test_function(op) or isinstance(op, functools.partial):
            return rebind(op, self.module)
        if name.startswith("__") and name.endswith("__"):
            return resolve(self.module, "Tensor." + name)
        return resolve(self.module, name)

    def variant(self, torch_variant: Any) -> Any:
        """The counterpart of a method or in-place form."""
        if _is_test_function(torch_variant) or isinstance(torch_variant, functools.partial):
            return rebind(torch_variant, self.module)
        if hasattr(torch_variant, "__name__"):
            return resolve(self.module, "Tensor." + torch_variant.__name__)
        raise Unsupported(repr(torch_variant))

    # -- bookkeeping

    def fail(self, category: str, message: str) -> None:
        self.result.fail(self.name, category, f"{self.context}: {message}")

    @contextlib.contextmanager
    def check(self, category: str | None = None, label: str = ""):
        """Books what goes wrong inside, under ``category`` or the difference's own."""
        self.result.checks += 1
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                yield
        except Difference as d:
            kind = category or d.category
            self.fail(kind, f"{label}{'' if kind == d.category else d.category + ': '}{d}")
        except Missing as e:
            self.fail(category or "missing", f"{label}{e}")
        except Unsupported:
            self.result.checks -= 1
            self.result.skipped += 1
        except TooSlow:
            raise
        except RecursionError as e:
            self.fail(category or "raises", f"{label}{type(e).__name__}")
        except Exception as e:
            self.fail(category or "raises", f"{label}{where_from(e)}")

    # -- samples

    def draw(self, kind: str, *args):
        """PyTorch's inputs of a kind; the same whenever they are drawn."""
        torch.default_generator.manual_seed(1)
        random.seed(1)
        # Not record.sample_inputs(...), which walks the stack and seeds every device.
        yield from getattr(self.record, kind + "_func")(self.record, "cpu", *args)

    def samples(self, dtype, requires_grad: bool, cap: int) -> list[tuple[int, Any]]:
        drawn = list(enumerate(self.draw("sample_inputs", dtype, requires_grad)))
        return self._choose(drawn, cap)

    def _choose(self, drawn, cap):
        if self.options.only_sample is not None:
            return [d for d in drawn if d[0] == self.options.only_sample]
        if self.options.all_samples:
            return drawn
        small = [d for d in drawn if self._numel(d[1]) <= self.options.max_numel]
        return _spread(small or drawn[:1], cap)

    @staticmethod
    def _numel(sample) -> int:
        return sum(t.numel() for t in flatten([sample.input, sample.args, sample.kwargs], torch))

    # -- running

    def run(self) -> None:
        """Everything about this op."""
        record, options = self.record, self.options
        try:
            _ = self.op
        except Missing as e:
            self.result.checks += 1
            self.result.fail(self.name, "missing", str(e))
            return
        dtypes = [d for d in options.dtypes if d in record.dtypes]
        backward = set()
        if record.supports_autograd:
            backward = record.supported_backward_dtypes("cpu")
        thorough = {torch.float64, torch.complex128}
        forms = set(dtypes[:1])  # dtypes in which the other forms of the op are tried, too
        forms |= {torch.float64, torch.int64, torch.bool, torch.float32} & set(dtypes)
        for dtype in dtypes:
            grad = dtype in backward
            cap = options.cap if (grad and dtype in thorough) else options.value_cap
            try:
                chosen = self.samples(dtype, grad, cap)
            except Exception as e:
                self.context = f"{dtype_name_of(dtype)} samples"
                self.result.skipped += 1
                if options.only_sample is not None:
                    print("no samples:", self.context, repr(e))
                continue
            for number, (index, sample) in enumerate(chosen):
                self.context = f"{dtype_name_of(dtype)} #{index} ({describe(sample)})"
                self.guard(
                    self.sample,
                    sample,
                    dtype,
                    grad,
                    second=dtype in thorough and record.supports_gradgrad,
                    forms=dtype in forms,
                )
                if number < 4 and dtype in (torch.float64, torch.float32, torch.int64):
                    self.guard(self.noncontiguous, sample, dtype, grad)
        self.reference_samples(dtypes)
        self.errors()
        self.refused_dtypes()
        self.probes(dtypes)

    def guard(self, function, *args, **kwargs) -> None:
        """Runs one check within its time; never lets an exception out."""
        try:
            with time_limit(self.options.seconds):
                function(*args, **kwargs)
        except TooSlow:
            self.fail("timeout", f"more than {self.options.seconds:.0f} s")
        except Unsupported as e:
            self.result.skipped += 1
            if isinstance(e, NoFormat):
                self.fail("format", f"skipped: {e}")
        except Exception as e:
            frames = traceback.extract_tb(e.__traceback__)
            mine = [f"{f.name}:{f.lineno}" for f in frames if "/judge" in f.filename]
            self.fail("harness", f"{where_from(e)} via {' > '.join(mine[-4:])}")

    def call(self, op, sample):
        return op(sample.input, *sample.args, **sample.kwargs)

    def convert(self, sample, exact: bool = False):
        """The sample for the module under test, and its converter."""
        converter = Converter(self.module, exact or self.record.name.startswith("as_strided"))
        new = types.SimpleNamespace(
            input=converter(sample.input),
            args=tuple(converter(a) for a in sample.args),
            kwargs=converter(sample.kwargs),
        )
        return new, converter

    def torch_call(self, op, sample, seed: int = 0):
        """(result, None) or (None, the error)."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if self.random:
                    random.seed(seed)
                return self.call(op, sample), None
        except TooSlow:
            raise
        except Exception as e:
            return None, e

    # -- one sample

    def sample(self, sample, dtype, grad: bool, second: bool, forms: bool) -> None:
        record = self.record
        before = self.input_bytes(sample)
        ours, converter = self.convert(sample)
        for text in converter.left_out:
            self.fail("format", text)
        expected, error = self.torch_call(self.torch_op, sample)
        torch_mutates = self.input_bytes(sample) != before
        if error is not None:
            if "not implemented for" not in str(error):
                with self.check():
                    self.must_raise(self.op, ours, error, type(error))
            return
        if any(t.dtype not in DTYPES for t in flatten(expected, torch)):
            raise Unsupported("a result's dtype")
        values = True
        if self.random:
            values = False
            if not torch_mutates and record.name not in UNINITIALISED:
                again, _ = self.torch_call(self.torch_op, sample, seed=1)
                values = same_values(expected, again)
        snapshot = converter.snapshot()
        actual = _NOTHING
        with self.check():
            random.seed(0)
            actual = self.call(self.op, ours)
        if actual is _NOTHING:
            return
        with self.check():
            self.compare_values(expected, actual, sample, dtype, values, ours)
        if not self.random:
            with self.check("mutated"):
                if not torch_mutates and converter.snapshot() != snapshot:
                    raise Difference("mutated", "an input was changed in place")
                if torch_mutates:  # running statistics
                    self.compare_inputs(sample, ours)
        with self.check():
            self.compare_memory(expected, actual, sample, ours)
        if grad:
            with self.check():
                self.compare_gradients(
                    sample, ours, expected, actual, dtype, values, second and values
                )
        if forms and not torch_mutates:
            self.forms(sample, dtype, expected, values, grad)

    def compare_inputs(self, sample, ours) -> None:
        inputs = [sample.input, sample.args, sample.kwargs]
        theirs = flatten([ours.input, ours.args, ours.kwargs], self.module)
        for i, (e, a) in enumerate(zip(flatten(inputs, torch), theirs, strict=True)):
            what = f"input {i} after the call: "
            compare_tensor(e, a, self.module, TOLERANCE, self.factor, what)

    def input_bytes(self, sample):
        tensors = flatten([sample.input, sample.args, sample.kwargs], torch)
        with contextlib.suppress(Exception):
            return [to_numpy(t).tobytes() for t in tensors]
        return None

    def process(self, sample, result, module):
        function = sample.output_process_fn_grad
        if module is not torch:
            function = rebind(function, module)
        return function(result)

    def compare_values(self, expected, actual, sample, dtype, values: bool, ours=None) -> None:
        module = self.module

        def meta(e, a, what):
            if dtype_name(e) != dtype_name(a):
                raise Difference(
                    "dtype", f"{what}dtype: torch {dtype_name(e)}, here {dtype_name(a)}"
                )
            if tuple(e.shape) != tuple(a.shape):
                raise Difference(
                    "shape", f"{what}shape: torch {list(e.shape)}, here {list(a.shape)}"
                )
            if e.requires_grad != a.requires_grad:
                raise Difference(
                    "requires_grad",
                    f"{what}requires_grad: torch {e.requires_grad}, here {a.requires_grad}",
                )

        def full(e, a, what):
            meta(e, a, what)
            compare_tensor(e, a, module, TOLERANCE, self.factor, what)

        if not values:
            compare_tree(expected, actual, module, meta)
            return
        if self.record.name in GAUGE:
            compare_tree(expected, actual, module, meta)
            expected = self.process(sample, expected, torch)
            actual = self.process(sample, actual, module)
        try:
            compare_tree(expected, actual, module, full)
        except Difference as d:
            if d.category != "value":
                raise
            if self.close_to_truth(sample, dtype, expected, actual):
                return
            if self.only_ties(expected, actual, sample):
                self.fail("ties", str(d))
                return
            raise

    def only_ties(self, expected, actual, sample) -> bool:
        """Do only indices differ, pointing to equal values?"""
        if self.record.name not in TIES:
            return False
        es, as_ = flatten(expected, torch), flatten(actual, self.module)
        for e, a in zip(es, as_, strict=True):
            if e.dtype is torch.int64 and e is es[-1]:
                continue
            if mismatch(to_numpy(e), to_numpy(a), (0.0, 0.0)):
                return False
        indices, got = es[-1], torch.from_numpy(np.array(to_numpy(as_[-1])))
        source = sample.input.detach()
        try:
            if source.ndim == 0 or indices.numel() == 0:
                return bool((got == indices).all())
            if indices.ndim != source.ndim or "pool" in self.record.name:
                if "pool" in self.record.name:
                    source = source.flatten(indices.ndim - int(self.record.name[-2]))
                    indices = indices.flatten(source.ndim - 1)
                    got = got.flatten(source.ndim - 1)
                    return torch.equal(source.gather(-1, indices), source.gather(-1, got))
                dim = next((x for x in sample.args if type(x) is int), None)
                dim = sample.kwargs.get("dim", dim)
                if dim is None:
                    source, dim = source.flatten(), 0
                if self.record.name == "kthvalue" and len(sample.args) > 1:
                    dim = sample.args[1]
                elif self.record.name == "kthvalue":
                    dim = sample.kwargs.get("dim", -1)
                indices, got = indices.unsqueeze(dim), got.unsqueeze(dim)
            else:
                ints = [x for x in sample.args if type(x) is int]
                dim = sample.kwargs.get("dim", ints[-1] if ints else -1)
                if self.record.name == "topk":
                    dim = sample.kwargs.get("dim", ints[1] if len(ints) > 1 else -1)
            return torch.equal(
                source.gather(dim, indices).nan_to_num(7.5),
                source.gather(dim, got).nan_to_num(7.5),
            )
        except Exception:
            return False

    def close_to_truth(self, sample, dtype, expected, actual) -> bool:
        """In low precision: is the result as close to the exact one as PyTorch's?"""
        up = {
            torch.float16: torch.float64,
            torch.float32: torch.float64,
            torch.complex64: torch.complex128,
        }
        if dtype not in up and dtype.is_floating_point | dtype.is_complex:
            return False

        def raise_precision(x):
            if isinstance(x, torch.Tensor):
                return x.detach().to(up[x.dtype]) if x.dtype in up else x.detach()
            return up.get(x, x)

        exact, error = self.torch_call(self.torch_op, sample.transform(raise_precision))
        if error is not None:
            return False
        if self.record.name in GAUGE:
            exact = self.process(sample, exact, torch)
        triples = zip(
            flatten(exact, torch),
            flatten(expected, torch),
            flatten(actual, self.module),
            strict=True,
        )
        for x, e, a in triples:
            truth, e, a = to_numpy(x), to_numpy(e), to_numpy(a)
            if e.dtype.kind not in "fc":
                if not np.array_equal(e, a):
                    return False
                continue
            rtol, atol = TOLERANCE[dtype_name_of_numpy(e)]
            if not mismatch(e, a, (rtol, atol)):
                continue
            with np.errstate(all="ignore"):
                truth = truth.astype(np.complex128 if e.dtype.kind == "c" else np.float64)
                wild = ~np.isfinite(truth) | ~np.isfinite(e) | ~np.isfinite(a)
                if mismatch(np.where(wild, e, 0), np.where(wild, a, 0), (rtol, atol)):
                    return False
                theirs = np.abs(np.where(wild, 0, e - truth)).max(initial=0.0)
                scale = np.abs(np.where(wild, 0, truth)).max(initial=0.0)
                ours = np.abs(np.where(wild, 0, a - truth)).max(initial=0.0)
                unit = float(np.finfo(e.dtype).eps)
                if ours > 4 * theirs + 4 * unit * scale:
                    return False
        return True

    # -- memory

    def compare_memory(self, expected, actual, sample, ours) -> None:
        if self.record.name in UNINITIALISED:
            return
        module = self.module
        inputs = [sample.input, sample.args, sample.kwargs]
        pairs = list(
            zip(
                flatten(inputs, torch),
                flatten([ours.input, ours.args, ours.kwargs], module),
                strict=True,
            )
        )
        outs = list(zip(flatten(expected, torch), flatten(actual, module), strict=True))
        for number, (e, a) in enumerate(outs):
            what = f"result {number}" if len(outs) > 1 else "the result"
            if e.numel() == 0 or e.is_conj() or e.is_neg():
                continue
            for i, (te, ta) in enumerate(pairs):
                if te.numel() == 0 or te.is_conj():
                    continue
                want = e.untyped_storage().data_ptr() == te.untyped_storage().data_ptr()
                got = np.may_share_memory(to_numpy(a), to_numpy(ta))
                if want != got:
                    if want and not np.may_share_memory(to_numpy(e), to_numpy(te)):
                        continue  # disjoint parts of one storage
                    verb = "shares memory with" if want else "does not share memory with"
                    here = "does" if got else "does not"
                    raise Difference("memory", f"in torch {what} {verb} input {i}; here it {here}")
                if want and (e is te) != (a is ta) and self.record.name not in GAUGE:
                    verb = "is" if e is te else "is not"
                    raise Difference(
                        "memory", f"in torch {what} {verb} input {i} itself; here it differs"
                    )
                if want and hasattr(a, "stride") and tuple(e.stride()) != tuple(a.stride()):
                    self.fail(
                        "strides", f"view {number}: torch {e.stride()}, here {tuple(a.stride())}"
                    )


def judge_op(group: str, name: str, options: Options) -> Result:
    """Every check of one op."""
    result = Result(name, group, strict=options.strict)
    start = time.process_time()
    for record in records_of(group, name):
        if time.process_time() - start > options.op_seconds:
            result.fail(record.full_name, "timeout", "no time left for this variant")
            break
        judge = Judge(record, result, options)
        try:
            judge.run()
        except TooSlow:
            judge.fail("timeout", "the op as a whole")
        except Exception as e:
            judge.fail("harness", where_from(e))
    result.seconds = time.process_time() - start
    return result
