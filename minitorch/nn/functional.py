"""The functions behind the layers.  Mirrors ``torch.nn.functional``."""

from minitorch.ops.activations import sigmoid
from minitorch.ops.convolution import (
    conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d,
)  # fmt: skip
from minitorch.ops.linear import linear
from minitorch.ops.losses import cross_entropy, mse_loss, nll_loss
from minitorch.ops.padding import pad
from minitorch.ops.rectifiers import relu
from minitorch.ops.softmax import log_softmax, softmax
from minitorch.ops.trigonometry import tanh
from minitorch.ops.windows import fold, unfold

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "cross_entropy", "fold", "linear", "log_softmax", "mse_loss", "nll_loss", "pad", "relu",
    "sigmoid", "softmax", "tanh", "unfold",
]  # fmt: skip
