"""The module judge: layers and losses against PyTorch's own module tests.

PyTorch ships one record per module class (``ModuleInfo``), with samples of constructor arguments
and inputs, and with inputs that must fail. Each sample is made by both libraries from one seed, in
training and in evaluation mode, and everything is compared: the first values of parameters,
state-dict keys, repr, outputs, buffers after the call, first and second gradients of inputs and
parameters; and that what PyTorch refuses is refused.

    python -m tests.parity.module_judge                   every class
    python -m tests.parity.module_judge Linear LSTM       these, in detail
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import torch

import minitorch
from tests.parity.judge.comparing import Difference, compare_tensor, compare_tree
from tests.parity.judge.errors import accepts, spoil
from tests.parity.judge.lists import GRAD_TOLERANCE, TOLERANCE
from tests.parity.judge.sides import Converter, flatten, short, where_from

torch.set_num_threads(1)

# Not imitated: class -> reason.
KNOWN_DIFFERENCES: dict[tuple[str, str], str] = {
    ("LinearCrossEntropyLoss", "second gradient"): "PyTorch has none where options are given",
}


@cache
def database() -> dict[str, Any]:
    """PyTorch's records by the name of the class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_modules import module_db
    return {info.module_cls.__name__: info for info in module_db}


def factor_of(dtype: torch.dtype) -> float:
    """Tolerances are wider for whole layers than for single ops."""
    return 10.0 if dtype is torch.float32 else 1.0


class ModuleConverter(Converter):
    """Also carries over what the samples of module classes are made with."""

    def __call__(self, x: Any) -> Any:
        if isinstance(x, torch.nn.LinearCrossEntropyOptions):
            fields = {name: self(getattr(x, name)) for name in x.__slots__}
            return minitorch.nn.LinearCrossEntropyOptions(**fields)
        if isinstance(x, torch.nn.TransformerEncoderLayer):
            attention = x.self_attn
            new = minitorch.nn.TransformerEncoderLayer(
                attention.embed_dim, attention.num_heads, x.linear1.out_features, x.dropout.p,
                self(x.activation), x.norm1.eps, attention.batch_first, x.norm_first,
                x.linear1.bias is not None,
            )  # fmt: skip
            new = new.to(self(x.linear1.weight.dtype)).train(x.training)
            new.load_state_dict({k: self(v) for k, v in x.state_dict().items()})
            return new
        name = getattr(x, "__name__", None)
        if callable(x) and getattr(torch.nn.functional, str(name), None) is x:
            return getattr(minitorch.nn.functional, name)
        return super().__call__(x)


class ModuleJudge:
    """Checks one class; `failures` says what differs."""

    def __init__(self, name: str, cap: int = 10_000) -> None:
        self.name = name
        self.info = database()[name]
        self.cap = cap
        self.failures: list[str] = []
        self.checks = 0

    def run(self) -> list[str]:
        for dtype in (torch.float64, torch.float32):
            for training in (True, False):
                for i, sample in enumerate(self.samples(dtype, training)):
                    where = f"{self.name} {dtype} {'train' if training else 'eval'} #{i}"
                    self.guarded(where, sample, self.check, dtype, training)
        for i, error in enumerate(self.errors()):
            self.guarded(f"{self.name} error #{i}", error, self.check_error)
        return self.failures

    def samples(self, dtype: torch.dtype, training: bool) -> list[Any]:
        torch.manual_seed(0)
        found = self.info.module_inputs_func(
            self.info, device="cpu", dtype=dtype, requires_grad=True, training=training
        )
        found = list(found)
        step = max(1, -(-len(found) // self.cap))
        return found[::step]

    def errors(self) -> list[Any]:
        if self.info.module_error_inputs_func is None:
            return []
        torch.manual_seed(0)
        return list(
            self.info.module_error_inputs_func(
                self.info, device="cpu", dtype=torch.float32, requires_grad=False, training=False
            )
        )

    def guarded(self, where: str, sample: Any, check: Any, *args: Any) -> None:
        self.checks += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check(sample, *args)
        except Difference as e:
            if (self.name, e.category) not in KNOWN_DIFFERENCES:
                self.failures.append(f"{where}: {e.category}: {e} {self.told(sample)}")
        except Exception as e:
            self.failures.append(f"{where}: raises: {where_from(e)} {self.told(sample)}")

    @staticmethod
    def told(sample: Any) -> str:
        sample = getattr(sample, "module_error_input", sample)
        given, call = sample.constructor_input, sample.forward_input
        text = f"| {[*map(short, given.args)]} {short(given.kwargs)}"
        if call is not None:
            text += f" | {[*map(short, call.args)]} {short(call.kwargs)}"
        return text[:500]

    # --- one sample ---------------------------------------------------------------------------

    def make(self, fw: Any, given: Any, dtype: Any, training: bool) -> Any:
        fw.manual_seed(1)
        module = getattr(fw.nn, self.name)(*given[0], **given[1])
        return module.to(getattr(fw, str(dtype).split(".")[1])).train(training)

    def check(self, sample: Any, dtype: torch.dtype, training: bool) -> None:
        given = sample.constructor_input.args, sample.constructor_input.kwargs
        call = sample.forward_input.args, sample.forward_input.kwargs
        convert = ModuleConverter(minitorch)
        ours_given, ours_call = convert(given), convert(call)
        theirs = self.make(torch, given, dtype, training)
        ours = self.make(minitorch, ours_given, dtype, training)
        outputs = []
        for fw, module, (args, kwargs) in (
            (torch, theirs, call),
            (minitorch, ours, ours_call),
        ):
            fw.manual_seed(2)
            outputs.append(module(*args, **kwargs))
        if repr(theirs) != repr(ours):
            raise Difference("repr", f"torch {theirs!r}, here {ours!r}")
        self.same_state(theirs, ours, dtype)
        self.same(outputs[0], outputs[1], TOLERANCE, dtype, "output ")
        self.gradients(theirs, ours, outputs, call, ours_call, dtype)

    def same(self, theirs: Any, ours: Any, tolerance: dict, dtype: Any, what: str) -> None:
        def leaf(e: Any, a: Any, what: str) -> None:
            compare_tensor(e, a, minitorch, tolerance, factor_of(dtype), what)
            if e.requires_grad != a.requires_grad:
                raise Difference("requires_grad", f"{what}: {e.requires_grad} in PyTorch")

        compare_tree(theirs, ours, minitorch, leaf, what)

    def same_state(self, theirs: Any, ours: Any, dtype: Any) -> None:
        """Keys, parameters as they were drawn, and buffers after the call."""
        want, got = theirs.state_dict(), ours.state_dict()
        if list(want) != list(got):
            raise Difference("keys", f"torch {list(want)}, here {list(got)}")
        self.same(list(want.values()), list(got.values()), TOLERANCE, dtype, f"state {list(want)} ")
        for kind in ("named_parameters", "named_buffers"):
            names = [[n for n, _ in getattr(m, kind)()] for m in (theirs, ours)]
            if names[0] != names[1]:
                raise Difference("keys", f"{kind}: torch {names[0]}, here {names[1]}")

    def gradients(
        self, theirs: Any, ours: Any, outputs: list[Any], call: Any, ours_call: Any, dtype: Any
    ) -> None:
        sides = []
        for fw, module, out, arguments in (
            (torch, theirs, outputs[0], call),
            (minitorch, ours, outputs[1], ours_call),
        ):
            wanted = [t for t in flatten(list(arguments), fw) if t.requires_grad]
            wanted += [p for p in module.parameters() if p.requires_grad]
            results = [t for t in flatten(out, fw) if t.requires_grad]
            if not wanted or not results:
                sides.append((None, None))
                continue
            first = self.grads(fw, results, wanted)
            second = None
            if self.info.supports_gradgrad and dtype is torch.float64:
                again = [g for g in first if g is not None and g.requires_grad]
                second = [None] * len(wanted)
                if again:
                    try:
                        second = self.grads(fw, again, wanted)
                    except RuntimeError as e:
                        if "is not implemented" not in str(e):
                            raise
                        second = None
            sides.append((first, second))
        (want, want2), (got, got2) = sides
        self.same_gradients(want, got, dtype, "gradient")
        if want2 is not None:
            self.same_gradients(want2, got2, dtype, "second gradient")

    def grads(self, fw: Any, results: list[Any], wanted: list[Any]) -> list[Any]:
        """The gradients of a weighted sum of the results; the weights are the same every time."""
        random = np.random.default_rng(0)
        weights = [
            fw.from_numpy(random.uniform(0.5, 1.5, tuple(t.shape))).to(t.dtype) for t in results
        ]
        return list(
            fw.autograd.grad(results, wanted, weights, create_graph=True, allow_unused=True)
        )

    def same_gradients(self, want: Any, got: Any, dtype: Any, what: str) -> None:
        for i, (e, a) in enumerate(zip(want or [], got or [], strict=True)):
            if e is None or a is None:  # None and zeros mean the same
                present = e if e is not None else a
                if present is not None and np.any(present.detach().numpy()):
                    missing = "PyTorch" if e is None else "us"
                    raise Difference(what, f"#{i}: None in {missing}")
                continue
            compare_tensor(e.detach(), a.detach(), minitorch, GRAD_TOLERANCE, 1.0, f"{what} #{i} ")

    # --- errors -------------------------------------------------------------------------------

    def check_error(self, error: Any) -> None:
        sample = error.module_error_input
        convert = ModuleConverter(minitorch)
        given = sample.constructor_input.args, sample.constructor_input.kwargs
        call = sample.forward_input
        theirs = self.outcome(torch, given, call and (call.args, call.kwargs))
        ours = self.outcome(
            minitorch, convert(given), call and (convert(call.args), convert(call.kwargs))
        )
        if not isinstance(theirs, Exception):
            return
        if not isinstance(ours, Exception):
            raise Difference("error", f"no error; torch {where_from(theirs)}")
        if not accepts(type(theirs), ours):
            raise Difference("error class", f"{where_from(ours)}; torch {where_from(theirs)}")

    def outcome(self, fw: Any, given: Any, call: Any) -> Any:
        try:
            module = getattr(fw.nn, self.name)(*given[0], **given[1])
            return None if call is None else module(*call[0], **call[1])
        except Exception as e:
            return e

    # --- spoilt samples -----------------------------------------------------------------------

    def probes(self, limit: int = 6) -> Iterator[str]:
        """Arguments made wrong, that PyTorch refuses and we do not."""
        import types

        for sample in self.samples(torch.float64, True)[:limit]:
            for part in ("constructor_input", "forward_input"):
                source = getattr(sample, part)
                as_sample = types.SimpleNamespace(
                    input=source.args[0] if source.args else None,
                    args=source.args[1:],
                    kwargs=source.kwargs,
                )
                for how, wrong in spoil(as_sample):
                    args = [wrong.input, *wrong.args] if source.args else []
                    arguments = {
                        "constructor_input": (
                            sample.constructor_input.args,
                            sample.constructor_input.kwargs,
                        ),
                        "forward_input": (sample.forward_input.args, sample.forward_input.kwargs),
                        part: (args, wrong.kwargs),
                    }
                    yield from self.probe(part, how, arguments)

    def probe(self, part: str, how: str, arguments: dict[str, Any]) -> Iterator[str]:
        convert = ModuleConverter(minitorch)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ours_arguments = convert(list(arguments.values()))
            except Exception:
                return
            theirs = self.outcome(torch, *arguments.values())
            if not isinstance(theirs, Exception):
                return
            ours = self.outcome(minitorch, *ours_arguments)
        if not isinstance(ours, Exception):
            yield f"{self.name} {part} {how}: accepted; torch {where_from(theirs)[:150]}"
        elif not accepts(type(theirs), ours):
            yield f"{self.name} {part} {how}: {where_from(ours)}; torch {where_from(theirs)[:150]}"


def main(names: list[str]) -> int:
    failed = 0
    for name in names or database():
        judge = ModuleJudge(name)
        failures = judge.run()
        failed += bool(failures)
        print(f"{'FAIL' if failures else 'pass'} {name:32} {judge.checks} checks")
        for line in failures[: 200 if names else 3]:
            print("   ", line)
    print(f"{failed} of {len(names or database())} classes differ")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
