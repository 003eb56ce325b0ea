"""A softmax over many classes, of which few are frequent: the rare ones are kept in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.nn.containers import ModuleList, Sequential
from minitorch.nn.linear import Linear
from minitorch.nn.module import Module
from minitorch.ops.checks import check_tensor
from minitorch.ops.joining import cat
from minitorch.ops.softmax import log_softmax

if TYPE_CHECKING:
    from minitorch.tensor import Tensor


class _ASMoutput(NamedTuple):
    """What `AdaptiveLogSoftmaxWithLoss` returns: log-probabilities of the targets, and the loss."""

    output: Tensor
    loss: Tensor


class AdaptiveLogSoftmaxWithLoss(Module):
    """(N, in_features) and class numbers (N) -> their log-probabilities (N), and the loss.

    Classes are numbered from the most to the least frequent.  Those below ``cutoffs[0]`` have a
    score each in `head`, which also scores the clusters between further `cutoffs`; inside a cluster
    the classes are scored from ``in_features // div_value ** (i + 1)`` numbers.  A single input
    (in_features) with a target () works too (Grave et al., 2017).

    >>> import minitorch
    >>> softmax = minitorch.nn.AdaptiveLogSoftmaxWithLoss(8, 1000, cutoffs=[10, 100], div_value=2.0)
    >>> x = minitorch.randn(5, 8)
    >>> log_p, loss = softmax(x, minitorch.tensor([0, 9, 10, 99, 999]))
    >>> log_p.shape, softmax.log_prob(x).shape, softmax.predict(x).shape
    (minitorch.Size([5]), minitorch.Size([5, 1000]), minitorch.Size([5]))
    """

    def __init__(
        self, in_features: int, n_classes: int, cutoffs: Sequence[int], div_value: float = 4.0,
        head_bias: bool = False, device: Any = None, dtype: Any = None,
    ) -> None:  # fmt: skip
        super().__init__()
        bounds = [0, *cutoffs, n_classes]
        if len(bounds) < 3 or any(a >= b or int(a) != a for a, b in pairwise(bounds)):
            raise ValueError(
                "cutoffs must be integers between 1 and n_classes - 1, one or more, each larger "
                f"than the one before; got {list(cutoffs)} with n_classes={n_classes}"
            )
        self.in_features = in_features
        self.n_classes = n_classes
        self.cutoffs = bounds[1:]
        self.div_value = div_value
        self.head_bias = head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, head_bias, device, dtype)
        self.tail = ModuleList()
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            width = int(in_features // div_value ** (i + 1))
            narrow = Linear(in_features, width, False, device, dtype)
            self.tail.append(Sequential(narrow, Linear(width, high - low, False, device, dtype)))

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        self.head.reset_parameters()
        for cluster in self.tail:
            for layer in cluster.children():
                layer.reset_parameters()

    def forward(self, input_: Tensor, target_: Tensor) -> _ASMoutput:
        input, target = input_, target_
        check_tensor("AdaptiveLogSoftmaxWithLoss", input, target)
        if target.ndim > 1 or input.ndim != target.ndim + 1 or (
            input.shape[:-1] != target.shape
        ):  # fmt: skip
            raise RuntimeError(
                "expected input (N, in_features) and target (N), or (in_features) and (), got "
                f"{list(input.shape)} and {list(target.shape)}"
            )
        if not target.ndim:
            output, loss = self(input.unsqueeze(0), target.unsqueeze(0))
            return _ASMoutput(output.squeeze(0), loss)
        if ((target < 0) | (target >= self.n_classes)).any():
            raise RuntimeError(
                f"Target values should be in [0, {self.n_classes - 1}], but values in range "
                f"[{target.min().item()}, {target.max().item()}] were found."
            )
        place = target.clone()  # in the head: the class itself, or its cluster
        output = input.new_zeros(len(target))
        for i, (low, high) in enumerate(pairwise(self.cutoffs)):
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if rows.numel():
                inside = log_softmax(self.tail[i](input[rows]), 1)
                picked = inside.gather(1, (target[rows] - low).unsqueeze(1)).squeeze(1)
                output = output.index_copy(0, rows, picked)
                place[rows] = self.shortlist_size + i
        of_head = log_softmax(self.head(input), 1).gather(1, place.unsqueeze(1)).squeeze(1)
        output = output + of_head
        return _ASMoutput(output, (-output).mean())

    def log_prob(self, input: Tensor) -> Tensor:
        """The log-probabilities of all classes: (N, in_features) -> (N, n_classes)."""
        head = log_softmax(self.head(input), 1)
        clusters = [
            log_softmax(part(input), 1) + head[:, self.shortlist_size + i, None]
            for i, part in enumerate(self.tail)
        ]
        return cat([head[:, : self.shortlist_size], *clusters], 1)

    def predict(self, input: Tensor) -> Tensor:
        """The likeliest classes: (N, in_features) -> (N).

        Where a frequent class has the highest score of all in the head, no cluster is asked.
        """
        best = self.head(input).argmax(1)
        unsure = best >= self.shortlist_size
        if unsure.any():
            best[unsure] = self.log_prob(input[unsure]).argmax(1)
        return best
