"""What all losses share: ``reduction=``, how shapes meet, and what strict mode refuses."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from minitorch.engine.modes import mode
from minitorch.engine.state import Node, TensorState
from minitorch.errors import StrictError
from minitorch.ops.checks import check_broadcast, check_tensor
from minitorch.ops.reductions import mean, sum

REDUCTIONS = ("none", "mean", "sum")


def reduction_of(
    reduction: str,
    size_average: bool | None,
    reduce: bool | None,
    choices: tuple[str, ...] = REDUCTIONS,
) -> str:
    """One of `choices`; PyTorch's two old flags still count.  ValueError for anything else."""
    if size_average is None and reduce is None and type(reduction) is str and reduction in choices:
        return reduction  # the usual case, before what only tells mistakes
    if any(isinstance(a, TensorState) for a in (reduction, size_average, reduce)):
        raise TypeError(
            "a loss is made first, with its options, and then called with input and target, as in "
            "MSELoss()(input, target); in functions, options have names: reduction="
        )
    if size_average is not None or reduce is not None:
        warnings.warn("size_average and reduce are deprecated; use reduction=", stacklevel=3)
        if reduce is False:
            return "none"
        return "mean" if size_average in (None, True) else "sum"
    if reduction not in choices:
        raise ValueError(f"{reduction!r} is not a valid value for reduction: {', '.join(choices)}")
    return reduction


def reduced_loss(loss: Any, reduction: str) -> Any:
    """`loss` itself, its mean or its sum."""
    return loss if reduction == "none" else mean(loss) if reduction == "mean" else sum(loss)


def alike(input: Any, target: Any) -> bool:
    """Whether both are Tensors of one shape and one real floating dtype."""
    if not isinstance(input, TensorState) or not isinstance(target, TensorState):
        return False
    x, t = input._data, target._data
    return x.dtype is t.dtype and x.shape == t.shape and x.dtype.kind == "f"


def check_shapes(name: str, input: Any, target: Any) -> None:
    """Warn where `input` and `target` are broadcast: that is nearly always a mistake."""
    check_tensor(name, input, target)
    if input._data.shape != target._data.shape:
        check_broadcast(name, input, target)
        refuse_broadcast(name, input, target)
        warnings.warn(
            f"{name}: the target has shape {target._data.shape} and the input "
            f"{input._data.shape}; they are broadcast, which is rarely meant",
            stacklevel=3,
        )


def check_same_shape(name: str, input: Any, other: Any, what: str = "target") -> None:
    """ValueError unless both have one shape."""
    check_tensor(name, input, other)
    if input._data.shape != other._data.shape:
        same = input._data.size == other._data.size
        raise ValueError(
            f"{name}(): {what} has shape {other._data.shape}, input {input._data.shape}"
            + (f"; call reshape{input._data.shape} on the {what}" if same else "")
        )


# --- what strict mode refuses -------------------------------------------------------------------


def refuse_broadcast(name: str, input: Any, target: Any) -> None:
    """In strict mode, an error unless `input` and `target` have one shape."""
    x, t = tuple(input._data.shape), tuple(target._data.shape)
    if not mode.strict or x == t:
        return
    try:
        wide = np.broadcast_shapes(x, t)
    except ValueError:  # there is an error without strict mode, too
        return
    if math.prod(x) == math.prod(t):
        advice = f"They have as many elements: give the target the input's shape, {x}"
    else:
        advice = "If that is meant, say so: target.expand_as(input)"
    terms = f"{math.prod(wide)} terms instead of {math.prod(x)}" if wide != x else "repeating it"
    raise StrictError(
        f"{name}(): the input has shape {x} and the target {t}. They would be broadcast to {wide}, "
        f"{terms}, and train on pairs that do not belong together. {advice}"
    )


def refuse_probabilities(name: str, input: Any) -> None:
    """An error if `input`, which should be scores, was normalised already.

    Told by the look of it: in every line along the classes the numbers sum to 1, or their
    exponentials do.  A single line might by chance: there the op that made it has a say, too.
    """
    x = input._data
    dim = 0 if x.ndim == 1 else 1
    if x.ndim == 0 or x.size == 0 or x.shape[dim] < 2 or x.dtype.kind != "f":
        return
    maker = input._node.name() if isinstance(input._node, Node) else ""
    lines = x.size // x.shape[dim]
    if lines == 1 and maker and not any(n in maker for n in ("Softmax", "Exp", "Log", "Div")):
        return
    close = max(8 * float(np.finfo(x.dtype).eps), 1e-4 if lines > 1 else 0.0)
    wide = x.astype(np.float64)
    logs = bool(np.all(wide <= 0))
    sums = np.sum(np.exp(wide) if logs else wide, axis=dim)
    if (logs or np.all(wide >= 0)) and np.all(np.abs(sums - 1) <= close):
        what = "log-probabilities" if logs else "probabilities"
        sign = "the exponentials of " if logs else ""
        look = f"in every line {sign}its {x.shape[dim]} classes sum to 1"
    elif maker.startswith("Sigmoid"):
        what, look = "probabilities", "a sigmoid gave them"
    else:
        return
    raise StrictError(
        f"{name}(): the input of shape {tuple(x.shape)} holds {what}: {look}"
        + (f" (made by {maker})" if maker else "")
        + ". It should hold scores, any real numbers, which are also called logits: the loss "
        "applies log_softmax itself. Leave out the softmax, log_softmax or sigmoid at the end of "
        "the model, and apply it only where you want to look at probabilities"
        + (". Or use nll_loss(), which takes log-probabilities" if logs else "")
    )
