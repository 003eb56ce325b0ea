"""First and second gradients of one op."""

from __future__ import annotations

import warnings
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tests.parity.judge.comparing import Difference, compare_tensor
from tests.parity.judge.lists import GRAD_TOLERANCE
from tests.parity.judge.sides import (
    Converter,
    Missing,
    dtype_name,
    flatten,
    resolve,
    short,
    to_numpy,
    where_from,
)


class GradientChecks:
    """The part of the judge that differentiates."""

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...

    # -- gradients

    def upstream(self, outputs: list[torch.Tensor], seed: str) -> list[torch.Tensor]:
        draw = np.random.RandomState(zlib.crc32(seed.encode()))
        grads = []
        for out in outputs:
            array = draw.standard_normal(tuple(out.shape))
            if out.is_complex():
                array = array + 1j * draw.standard_normal(tuple(out.shape))
            grads.append(torch.from_numpy(np.asarray(array)).to(out.dtype))
        return grads

    def compare_gradients(
        self, sample, ours, expected, actual, dtype, values: bool, second: bool, label: str = ""
    ) -> None:
        """First gradients for random upstream gradients; second ones likewise."""
        module = self.module
        inputs = [
            (t, a)
            for t, a in zip(
                flatten([sample.input, sample.args, sample.kwargs], torch),
                flatten([ours.input, ours.args, ours.kwargs], module),
                strict=True,
            )
            if t.requires_grad
        ]
        inputs = list({id(t): (t, a) for t, a in inputs}.values())
        outs = flatten(self.process(sample, expected, torch), torch)
        keep = [i for i, o in enumerate(outs) if o.requires_grad]
        if not inputs or not keep:
            return
        theirs = flatten(self.process(sample, actual, module), module)
        if len(theirs) != len(outs):
            raise Difference("structure", label + "output_process_fn_grad gave other results")
        outs, theirs = [outs[i] for i in keep], [theirs[i] for i in keep]
        upstream = self.upstream(outs, self.context)
        xs, ys = [t for t, _ in inputs], [a for _, a in inputs]
        first = self.gradients(
            torch, outs, xs, upstream, module, theirs, ys, dtype, values, second, "grad", label
        )
        if first is None or not second:
            return
        gs, hs, upstream_t, upstream_o = first
        keep = [i for i, g in enumerate(gs) if g is not None and g.requires_grad]
        if not keep:
            return
        for i in keep:
            if not getattr(hs[i], "requires_grad", False):
                raise Difference(
                    "gradgrad", f"{label}the gradient of input {i} does not require grad"
                )
        gs, hs = [gs[i] for i in keep], [hs[i] for i in keep]
        self.gradients(
            torch,
            gs,
            xs + upstream_t,
            self.upstream(gs, "second" + self.context),
            module,
            hs,
            ys + upstream_o,
            dtype,
            values,
            False,
            "gradgrad",
            label,
        )

    def gradients(
        self, _, outs, xs, upstream, module, theirs, ys, dtype, values, again, category, label
    ):
        """Gradients on both sides, compared. None where PyTorch has none."""
        converter = Converter(module)
        ups_t = [g.clone().requires_grad_(again) for g in upstream]
        ups_o = [converter(g).requires_grad_(again) for g in upstream]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                gs = torch.autograd.grad(
                    outs, xs, ups_t, create_graph=again, retain_graph=True, allow_unused=True
                )
        except Exception as error:
            torch_error = error
        else:
            torch_error = None
        try:
            hs = resolve(module, "autograd.grad")(
                theirs, ys, ups_o, create_graph=again, retain_graph=True, allow_unused=True
            )
        except Missing:
            raise
        except Exception as error:
            if torch_error is not None:
                return None
            raise Difference(category, label + where_from(error)) from None
        if torch_error is not None:
            return None  # not implemented there
        tolerances = GRAD_TOLERANCE
        factor = self.factor * (10 if category == "gradgrad" else 1)
        for i, (g, h) in enumerate(zip(gs, hs, strict=True)):
            of = f"input {i}" if i < len(xs) else f"upstream gradient {i - len(xs)}"
            what = f"{label}gradient of {of} ({short(xs[i])}): "
            if g is None or h is None:
                if g is not None and not to_numpy(g).any():
                    raise Difference(category, what + "torch zeros, here None")
                if h is not None and not to_numpy(h).any():
                    raise Difference(category, what + "torch None, here zeros")
                if (g is None) != (h is None):
                    side = "torch" if g is None else "here"
                    raise Difference(category, f"{what}None {side} only")
                continue
            try:
                if values:
                    compare_tensor(g, h, module, tolerances, factor, "")
                elif dtype_name(g) != dtype_name(h) or tuple(g.shape) != tuple(h.shape):
                    raise Difference("dtype", "another dtype or shape")
            except Difference as d:
                raise Difference(category, what + str(d)) from None
        return list(gs), list(hs), ups_t, ups_o
