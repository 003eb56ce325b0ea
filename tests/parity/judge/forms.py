"""Methods, in-place and out= forms, aliases, and non-contiguous inputs of one op."""

from __future__ import annotations

import random
import types
import warnings
from typing import TYPE_CHECKING, Any

import torch

from tests.parity.judge.comparing import Difference, compare_tensor
from tests.parity.judge.errors import dtype_name_of, same_values, sample_dtype, sample_like
from tests.parity.judge.lists import GAUGE, TIES, TOLERANCE
from tests.parity.judge.sides import Converter, describe, flatten, resolve


class FormChecks:
    """The part of the judge that calls an op in other ways."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    # -- other forms

    def forms(self, sample, dtype, expected, values: bool, grad: bool) -> None:
        record = self.record
        tensor_input = isinstance(sample.input, torch.Tensor)
        if tensor_input and record.method_variant is not None:
            with self.check("method", "method: "):
                self.same_result(self.variant(record.method_variant), sample, expected, values)
        if tensor_input and record.inplace_variant is not None:
            self.inplace(sample, record.inplace_variant, dtype, values, grad)
        operator = record.operator_variant
        if (
            operator is not None
            and tensor_input
            and not sample.kwargs
            and not record.name.startswith("_")
        ):
            wanted, error = self.torch_call(operator, sample)
            if error is None:
                with self.check("operator", f"operator.{operator.__name__}: "):
                    self.same_result(operator, sample, wanted, values)
        for alias in record.aliases:
            wanted, error = self.torch_call(alias.op, sample)
            if error is not None:
                continue
            with self.check("alias", f"{alias.name}: "):
                self.same_result(resolve(self.module, alias.name), sample, wanted, values)
            if tensor_input and alias.method_variant is not None and "." not in alias.name:
                with self.check("alias", f"Tensor.{alias.name}: "):
                    function = self.variant(alias.method_variant)
                    self.same_result(function, sample, expected, values)
            if tensor_input and alias.inplace_variant is not None and "." not in alias.name:
                with self.check("alias", f"Tensor.{alias.name}_: "):
                    self.variant(alias.inplace_variant)
        if record.supports_out and not self.random and "out" not in sample.kwargs:
            self.out(sample, expected)

    def same_result(self, function, sample, expected, values: bool) -> None:
        ours, _ = self.convert(sample)
        random.seed(0)
        actual = self.call(function, ours)
        dtype = flatten([sample.input], torch)[0].dtype if flatten(sample.input, torch) else None
        if dtype is None:
            dtype = torch.float32
        self.compare_values(expected, actual, sample, dtype, values)

    def inplace(self, sample, variant, dtype, values: bool, grad: bool) -> None:
        """``t.op_(...)`` on a clone of the input."""
        name = getattr(variant, "__name__", "in-place")
        theirs = types.SimpleNamespace(
            input=sample.input.clone(), args=sample.args, kwargs=sample.kwargs
        )
        # Where the argument is the input itself, it stays the original.
        handed = theirs.input
        expected, error = self.torch_call(variant, theirs)
        with self.check("inplace", f"{name}: "):
            function = self.variant(variant)
            if error is not None:
                if "not implemented for" in str(error):
                    return
                ours, _ = self.convert(sample)
                ours.input = ours.input.clone()
                self.must_raise(function, ours, error, type(error))
                return
            ours, _ = self.convert(sample)
            mine = ours.input.clone()
            target = types.SimpleNamespace(input=mine, args=ours.args, kwargs=ours.kwargs)
            random.seed(0)
            actual = self.call(function, target)
            if (expected is handed) != (actual is mine):
                raise Difference("structure", "did not return the tensor itself")
            fake = sample_like(sample)
            self.compare_values(expected, actual, fake, dtype, values)
            if handed.numel() and tuple(handed.stride()) != tuple(mine.stride()):
                self.fail("strides", f"{name}: torch {handed.stride()}, here {mine.stride()}")
            if grad and self.record.supports_inplace_autograd and not sample.broadcasts_input:
                self.compare_gradients(fake, ours, expected, actual, dtype, values, False)

    def out(self, sample, expected) -> None:
        """``op(..., out=...)``: filled and returned (a soft category)."""
        tensors = flatten(expected, torch)
        single = isinstance(expected, torch.Tensor)
        if not tensors or any(t.is_conj() or t.is_neg() for t in tensors):
            return
        if not single and not isinstance(expected, tuple):
            return
        with torch.no_grad():
            outs_t = [torch.zeros_like(t, requires_grad=False) for t in tensors]
        plain = sample.transform(lambda x: x.detach() if isinstance(x, torch.Tensor) else x)
        theirs = types.SimpleNamespace(
            input=plain.input,
            args=plain.args,
            kwargs={**plain.kwargs, "out": outs_t[0] if single else tuple(outs_t)},
        )
        wanted, error = self.torch_call(self.torch_op, theirs)
        if error is not None:
            return
        with self.check("out", "out=: "):
            ours, _ = self.convert(plain)
            converter = Converter(self.module)
            outs_o = [converter(torch.zeros_like(t, requires_grad=False)) for t in tensors]
            ours.kwargs["out"] = outs_o[0] if single else tuple(outs_o)
            actual = self.call(self.op, ours)
            for i, (w, o) in enumerate(zip(flatten(wanted, torch), outs_o, strict=True)):
                try:
                    compare_tensor(w, o, self.module, TOLERANCE, self.factor, f"out {i}: ")
                except Difference as d:
                    if d.category != "value" or self.record.name in TIES | GAUGE:
                        raise
                    if not self.close_to_truth(plain, sample_dtype(sample), expected, outs_o):
                        raise
            for w, got, o in zip(
                flatten(wanted, torch), flatten(actual, self.module), outs_o, strict=True
            ):
                if any(w is t for t in outs_t) and got is not o:
                    raise Difference("structure", "did not return the out tensor itself")

    def noncontiguous(self, sample, dtype, grad: bool) -> None:
        """The same with every tensor strided."""
        if self.random:
            return

        def strided(x):
            if isinstance(x, torch.Tensor) and x.numel() > 1:
                new = torch.testing._internal.common_utils.noncontiguous_like(x)
                return new
            return x

        other = sample.transform(strided)
        ours, converter = self.convert(other)
        before = self.input_bytes(other)
        expected, error = self.torch_call(self.torch_op, other)
        if error is not None:
            return
        torch_mutates = self.input_bytes(other) != before
        plain, error = self.torch_call(self.torch_op, sample)
        if error is not None or not same_values(plain, expected):
            return
        with self.check("noncontiguous"):
            snapshot = converter.snapshot()
            actual = self.call(self.op, ours)
            other.output_process_fn_grad = sample.output_process_fn_grad
            self.compare_values(expected, actual, other, dtype, True)
            if converter.snapshot() != snapshot and not torch_mutates:
                raise Difference("mutated", "an input was changed in place")
            if grad:
                self.compare_gradients(other, ours, expected, actual, dtype, True, False)

    # -- further samples and errors

    def reference_samples(self, dtypes) -> None:
        """PyTorch's larger set of inputs (special values, promotion), values only."""
        if self.record.reference_inputs_func is None or self.random:
            return
        for dtype in (torch.float32, torch.int64, torch.complex64, torch.bool, torch.uint8):
            if dtype not in dtypes:
                continue
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    drawn = list(enumerate(self.draw("reference_inputs", dtype, False)))
            except Exception:
                continue
            for index, sample in self._choose(drawn, self.options.value_cap):
                self.context = f"{dtype_name_of(dtype)} reference #{index} ({describe(sample)})"
                self.guard(self.sample, sample, dtype, False, False, False)
