"""The op table: differentiable ops, each once, with how to draw arguments for it.

One list for everyone who goes through the ops: the law tests, the documentation, exporters.  A new
op is its definition and its row here.  Nothing but the table lives in this file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import minitorch as mt
from minitorch.ops import activations, rectifiers


@dataclass(frozen=True)
class Argument:
    """A tensor argument: the names of its dimensions, and the numbers it may hold.

    `low`, `high`  the open interval that the numbers come from
    `distinct`     no two elements are equal (for ops that choose elements)
    `make`         turns the array drawn into what the op needs (a positive definite matrix, say)
    """

    dims: str = "ab"
    low: float = -2.0
    high: float = 2.0
    distinct: bool = False
    make: Callable[[np.ndarray], np.ndarray] | None = None


@dataclass(frozen=True)
class Row:
    """An op: `function` takes one Tensor for each of `arguments`; `reference` takes arrays."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[Argument, ...]
    reference: Callable[..., Any] | None = None
    view: bool = False  # the result may look into the argument's memory
    zero_size: bool = True  # works on empty tensors
    float32: float = 1e-4  # relative tolerance between float32 and float64


ANY = Argument()
POSITIVE = Argument(low=0.25, high=3.0)
UNIT = Argument(low=-0.9, high=0.9)
PROBABILITY = Argument(low=0.05, high=0.95)
NONZERO = Argument(low=0.3, high=2.5)
DISTINCT = Argument(distinct=True)


def _positive_definite(x: np.ndarray) -> np.ndarray:
    return x @ np.swapaxes(x, -1, -2) + 2.0 * np.eye(x.shape[-1], dtype=x.dtype)


def _well_conditioned(x: np.ndarray) -> np.ndarray:
    n = x.shape[-1]
    return x * 0.3 + np.diag(np.arange(1, n + 1) * 1.5).astype(x.dtype)


SQUARE = Argument("nn", make=_well_conditioned)
DEFINITE = Argument("nn", make=_positive_definite)


def _unary(name: str, argument: Argument = ANY, reference: Any = None, **kw: Any) -> Row:
    return Row(name, getattr(mt, name), (argument,), reference or getattr(np, name, None), **kw)


def _binary(name: str, first: Argument = ANY, second: Argument = ANY, reference: Any = None) -> Row:
    # Shifted a little, so that the two are never equal where ties have no derivative.
    shifted = Argument(second.dims, second.low + 0.017, second.high + 0.017, second.distinct)
    return Row(name, getattr(mt, name), (first, shifted), reference or getattr(np, name, None))


def _case(name: str, function: Any, *arguments: Argument, reference: Any = None, **kw: Any) -> Row:
    return Row(name, function, arguments or (ANY,), reference, **kw)


ELEMENTWISE = [
    *[_unary(name) for name in (
        "exp", "exp2", "expm1", "sin", "cos", "sinh", "cosh", "tanh", "square", "sinc", "deg2rad",
        "rad2deg", "positive",
    )],
    *[_unary(name, POSITIVE) for name in ("log", "log2", "log10", "sqrt", "reciprocal")],
    _unary("log1p", Argument(low=-0.5, high=2.0)),
    _unary("tan", UNIT), _unary("asin", UNIT, np.arcsin), _unary("acos", UNIT, np.arccos),
    _unary("atan", ANY, np.arctan), _unary("asinh", ANY, np.arcsinh),
    _unary("acosh", Argument(low=1.2, high=4.0), np.arccosh), _unary("atanh", UNIT, np.arctanh),
    _unary("neg", ANY, np.negative), _unary("rsqrt", POSITIVE, lambda x: 1 / np.sqrt(x)),
    _unary("abs", NONZERO), _unary("sigmoid", ANY, lambda x: 1 / (1 + np.exp(-x))),
    _unary("relu", NONZERO, lambda x: np.maximum(x, 0)),
    _unary("erf"), _unary("erfc"), _unary("erfinv", UNIT, float32=1e-3),
    _unary("lgamma", Argument(low=0.6, high=4.0)), _unary("digamma", Argument(low=0.6, high=4.0)),
    _unary("logit", PROBABILITY, lambda x: np.log(x / (1 - x))),
    _unary("frac", Argument(low=0.1, high=0.9), lambda x: x - np.trunc(x)),
    _case("softplus-like logaddexp with 0", lambda x: mt.logaddexp(x, mt.zeros_like(x)),
          reference=lambda x: np.log1p(np.exp(x))),
    _binary("add"), _binary("mul", reference=np.multiply), _binary("sub", reference=np.subtract),
    _binary("div", second=NONZERO, reference=np.divide), _binary("maximum"), _binary("minimum"),
    _binary("fmax"), _binary("fmin"), _binary("pow", POSITIVE, ANY, np.power),
    _binary("atan2", NONZERO, NONZERO, np.arctan2), _binary("hypot", NONZERO, NONZERO),
    _binary("logaddexp"), _binary("logaddexp2"), _binary("copysign", NONZERO, NONZERO),
    _binary("xlogy", ANY, POSITIVE, lambda x, y: x * np.log(y)),
    _binary("remainder", Argument(low=0.1, high=0.9), Argument(low=1.0, high=2.0), np.remainder),
    _case("lerp", mt.lerp, ANY, ANY, ANY, reference=lambda a, b, w: a + w * (b - a)),
    _case("addcmul", mt.addcmul, ANY, ANY, ANY, reference=lambda a, b, c: a + b * c),
    _case("addcdiv", mt.addcdiv, ANY, ANY, NONZERO, reference=lambda a, b, c: a + b / c),
    _case("clamp", lambda x: mt.clamp(x, -10.0, 10.0), reference=lambda x: np.clip(x, -10, 10)),
    _case("where", lambda a, b: mt.where(a.detach() > 0, a, b), NONZERO, ANY,
          reference=lambda a, b: np.where(a > 0, a, b)),
]  # fmt: skip

ACTIVATIONS = [
    _case("gelu", activations.gelu),
    _case("gelu(tanh)", lambda x: activations.gelu(x, "tanh")),
    _case("silu", activations.silu, reference=lambda x: x / (1 + np.exp(-x))),
    _case("mish", activations.mish, reference=lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    _case("softplus", activations.softplus, reference=lambda x: np.log1p(np.exp(x))),
    _case("logsigmoid", activations.logsigmoid, reference=lambda x: -np.log1p(np.exp(-x))),
    _case("elu", activations.elu, NONZERO), _case("selu", activations.selu, NONZERO),
    _case("celu", lambda x: activations.celu(x, 0.7), NONZERO),
    _case("softsign", activations.softsign, reference=lambda x: x / (1 + np.abs(x))),
    _case("tanhshrink", activations.tanhshrink, reference=lambda x: x - np.tanh(x)),
    _case("leaky_relu", rectifiers.leaky_relu, reference=lambda x: np.where(x > 0, x, x * 0.01)),
    _case("hardswish", rectifiers.hardswish), _case("hardsigmoid", rectifiers.hardsigmoid),
    _case("erfcx", mt.special.erfcx), _case("ndtr", mt.special.ndtr),
    _case("ndtri", mt.special.ndtri, PROBABILITY, float32=1e-3),
    _case("log_ndtr", mt.special.log_ndtr), _case("entr", mt.special.entr, POSITIVE),
    _case("i0", mt.special.i0, reference=np.i0), _case("i1e", mt.special.i1e, NONZERO),
]  # fmt: skip

REDUCTIONS = [
    _case("sum", mt.sum, reference=np.sum),
    _case("sum(0)", lambda x: mt.sum(x, 0), reference=lambda x: np.sum(x, 0)),
    _case("sum(-1, keepdim)", lambda x: mt.sum(x, -1, True),
          reference=lambda x: np.sum(x, -1, keepdims=True)),
    _case("mean", mt.mean, reference=np.mean, zero_size=False),
    _case("mean((0, 1))", lambda x: mt.mean(x, (0, 1)), reference=np.mean, zero_size=False),
    _case("prod", mt.prod, NONZERO, reference=np.prod),
    _case("prod(1)", lambda x: mt.prod(x, 1), reference=lambda x: np.prod(x, 1)),
    _case("amax(1)", lambda x: mt.amax(x, 1), DISTINCT, reference=lambda x: np.max(x, 1),
          zero_size=False),
    _case("min(0).values", lambda x: mt.min(x, 0).values, DISTINCT,
          reference=lambda x: np.min(x, 0), zero_size=False),
    _case("max", mt.max, DISTINCT, reference=np.max, zero_size=False),
    _case("median", mt.median, DISTINCT, zero_size=False),
    _case("logsumexp(1)", lambda x: mt.logsumexp(x, 1),
          reference=lambda x: np.log(np.sum(np.exp(x), 1))),
    _case("var(0)", lambda x: mt.var(x, 0, correction=0), reference=lambda x: np.var(x, 0),
          zero_size=False),
    _case("std", lambda x: mt.std(x, correction=0), DISTINCT, reference=np.std, zero_size=False),
    _case("norm", mt.norm, NONZERO, reference=np.linalg.norm, zero_size=False),
    _case("vector_norm(3)", lambda x: mt.linalg.vector_norm(x, 3, 1), NONZERO,
          reference=lambda x: np.linalg.norm(x, 3, 1), zero_size=False),
    _case("softmax", lambda x: mt.softmax(x, 1),
          reference=lambda x: np.exp(x) / np.sum(np.exp(x), 1, keepdims=True)),
    _case("log_softmax", lambda x: mt.log_softmax(x, 1),
          reference=lambda x: x - np.log(np.sum(np.exp(x), 1, keepdims=True))),
    _case("cumsum", lambda x: mt.cumsum(x, 1), reference=lambda x: np.cumsum(x, 1)),
    _case("cumprod", lambda x: mt.cumprod(x, 0), reference=lambda x: np.cumprod(x, 0)),
    _case("logcumsumexp", lambda x: mt.logcumsumexp(x, 1),
          reference=lambda x: np.log(np.cumsum(np.exp(x), 1))),
    _case("cummax", lambda x: mt.cummax(x, 0).values, DISTINCT,
          reference=lambda x: np.maximum.accumulate(x, 0)),
    _case("diff", lambda x: mt.diff(x, dim=1), reference=lambda x: np.diff(x, axis=1),
          zero_size=False),
    _case("sort", lambda x: mt.sort(x, 1).values, DISTINCT, reference=lambda x: np.sort(x, 1)),
    _case("topk", lambda x: mt.topk(x, 1, 1).values, DISTINCT, zero_size=False,
          reference=lambda x: np.max(x, 1, keepdims=True)),
]  # fmt: skip

SHAPES = [
    _case("reshape", lambda x: mt.reshape(x, (-1,)), reference=np.ravel, view=True),
    _case("t", mt.t, reference=np.transpose, view=True),
    _case("unsqueeze", lambda x: mt.unsqueeze(x, 1), view=True,
          reference=lambda x: np.expand_dims(x, 1)),
    _case("expand", lambda x: mt.broadcast_to(x, (2, *x.shape)), view=True,
          reference=lambda x: np.broadcast_to(x, (2, *x.shape))),
    _case("getitem", lambda x: x[:, ::2], reference=lambda x: x[:, ::2], view=True),
    _case("getitem of a list", lambda x: x[[0, 0]], reference=lambda x: x[[0, 0]],
          zero_size=False),
    _case("diagonal", mt.diagonal, reference=np.diagonal, view=True),
    _case("flip", lambda x: mt.flip(x, (0,)), reference=lambda x: np.flip(x, 0)),
    _case("roll", lambda x: mt.roll(x, 1, 0), reference=lambda x: np.roll(x, 1, 0)),
    _case("tril", mt.tril, reference=np.tril), _case("triu", mt.triu, reference=np.triu),
    _case("cat", lambda a, b: mt.cat((a, b)), ANY, ANY,
          reference=lambda a, b: np.concatenate((a, b))),
    _case("stack", lambda a, b: mt.stack((a, b), 1), ANY, ANY,
          reference=lambda a, b: np.stack((a, b), 1)),
    _case("repeat_interleave", lambda x: mt.repeat_interleave(x, 2, 0),
          reference=lambda x: np.repeat(x, 2, 0)),
    _case("tile", lambda x: mt.tile(x, (2, 1)), reference=lambda x: np.tile(x, (2, 1))),
    _case("split", lambda x: mt.split(x, 1)[0], reference=lambda x: x[:1], view=True,
          zero_size=False),
    _case("unbind", lambda x: mt.unbind(x)[-1], reference=lambda x: x[-1], view=True,
          zero_size=False),
    _case("index_select", lambda x: mt.index_select(x, 0, mt.tensor([0, 0])), zero_size=False,
          reference=lambda x: x[[0, 0]]),
    _case("gather", lambda x: mt.gather(x, 0, mt.zeros(1, x.shape[1], dtype=mt.int64)),
          reference=lambda x: x[:1], zero_size=False),
    _case("masked_fill", lambda x: mt.masked_fill(x, x.detach() > 0, 3.0), NONZERO,
          reference=lambda x: np.where(x > 0, 3.0, x)),
]  # fmt: skip

PRODUCTS = [
    _case("matmul", mt.matmul, Argument("ab"), Argument("bc"), reference=np.matmul),
    _case("matmul, batched", mt.matmul, Argument("dab"), Argument("bc"), reference=np.matmul),
    _case("bmm", mt.bmm, Argument("dab"), Argument("dbc"), reference=np.matmul),
    _case("mv", mt.mv, Argument("ab"), Argument("b"), reference=np.matmul),
    _case("dot", mt.dot, Argument("a"), Argument("a"), reference=np.dot),
    _case("outer", mt.outer, Argument("a"), Argument("b"), reference=np.outer),
    _case("einsum", lambda a, b: mt.einsum("ij,kj->ik", a, b), Argument("ab"), Argument("cb"),
          reference=lambda a, b: a @ b.T),
    _case("kron", mt.kron, ANY, ANY, reference=np.kron),
    _case("linear", mt.nn.functional.linear, Argument("ab"), Argument("cb"), Argument("c"),
          reference=lambda x, w, b: x @ w.T + b),
    _case("bilinear", mt.nn.functional.bilinear, Argument("ab"), Argument("ac"), Argument("dbc"),
          Argument("d"), reference=lambda x, y, w, b: np.einsum("ab,dbc,ac->ad", x, w, y) + b),
    _case("linalg.inv", mt.linalg.inv, SQUARE, reference=np.linalg.inv, float32=1e-2),
    _case("linalg.det", mt.linalg.det, SQUARE, reference=np.linalg.det, float32=1e-2),
    _case("linalg.slogdet", lambda x: mt.linalg.slogdet(x)[1], SQUARE, float32=1e-2,
          reference=lambda x: np.linalg.slogdet(x)[1]),
    _case("linalg.solve", mt.linalg.solve, SQUARE, Argument("nc"), reference=np.linalg.solve,
          float32=1e-2),
    # Only one triangle is read; a symmetric argument makes that one function of all elements.
    _case("linalg.cholesky", lambda x: mt.linalg.cholesky((x + x.mT) / 2), DEFINITE,
          reference=np.linalg.cholesky, float32=1e-2),
    _case("linalg.svdvals", mt.linalg.svdvals, SQUARE, float32=1e-2,
          reference=lambda x: np.linalg.svd(x, compute_uv=False)),
]  # fmt: skip

LOSSES = [
    _case("mse_loss", mt.nn.functional.mse_loss, ANY, ANY, zero_size=False,
          reference=lambda a, b: np.mean((a - b) ** 2)),
    _case("cross_entropy",
          lambda x: mt.nn.functional.cross_entropy(x, mt.zeros(len(x), dtype=mt.int64)),
          reference=lambda x: np.mean(np.log(np.sum(np.exp(x), 1)) - x[:, 0]), zero_size=False),
]  # fmt: skip

TABLE: list[Row] = [*ELEMENTWISE, *ACTIVATIONS, *REDUCTIONS, *SHAPES, *PRODUCTS, *LOSSES]
