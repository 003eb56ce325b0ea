"""PyTorch's files of layers by their names there: ``torch.nn.modules.dropout.Dropout``.

Programs mostly write ``nn.Dropout``, but some spell out the file that it stands in, say to list the
classes that a saved model may hold.  Each of these modules hands out the classes of `minitorch.nn`.

>>> import minitorch
>>> from minitorch.nn.modules.dropout import Dropout
>>> Dropout is minitorch.nn.Dropout
True
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from minitorch import nn
from minitorch.file_names import stand_in
from minitorch.nn import hooks
from minitorch.nn.conv import _ConvNd
from minitorch.nn.dropout import _Dropout
from minitorch.nn.loss import Loss
from minitorch.nn.multihead_attention import NonDynamicallyQuantizableLinear
from minitorch.nn.normalization import _BatchNorm, _InstanceNorm, _RunningNorm

FILES = {
    "activation": (
        "CELU ELU GELU GLU Hardshrink Hardsigmoid Hardswish Hardtanh LeakyReLU LogSigmoid "
        "LogSoftmax Mish MultiheadAttention PReLU RReLU ReLU ReLU6 SELU SiLU Sigmoid Softmax "
        "Softmax2d Softmin Softplus Softshrink Softsign Tanh Tanhshrink Threshold"
    ),
    "adaptive": "AdaptiveLogSoftmaxWithLoss",
    "batchnorm": (
        "BatchNorm1d BatchNorm2d BatchNorm3d LazyBatchNorm1d LazyBatchNorm2d LazyBatchNorm3d"
    ),
    "channelshuffle": "ChannelShuffle",
    "container": "ModuleDict ModuleList ParameterDict ParameterList Sequential",
    "conv": (
        "Conv1d Conv2d Conv3d ConvTranspose1d ConvTranspose2d ConvTranspose3d LazyConv1d "
        "LazyConv2d LazyConv3d LazyConvTranspose1d LazyConvTranspose2d LazyConvTranspose3d"
    ),
    "distance": "CosineSimilarity PairwiseDistance",
    "dropout": "AlphaDropout Dropout Dropout1d Dropout2d Dropout3d FeatureAlphaDropout",
    "flatten": "Flatten Unflatten",
    "fold": "Fold Unfold",
    "instancenorm": (
        "InstanceNorm1d InstanceNorm2d InstanceNorm3d LazyInstanceNorm1d LazyInstanceNorm2d "
        "LazyInstanceNorm3d"
    ),
    "linear": "Bilinear Identity LazyLinear Linear",
    "linear_cross_entropy_options": "LinearCrossEntropyOptions",
    "loss": (
        "BCELoss BCEWithLogitsLoss CTCLoss CosineEmbeddingLoss CrossEntropyLoss "
        "GaussianNLLLoss HingeEmbeddingLoss HuberLoss KLDivLoss L1Loss LinearCrossEntropyLoss "
        "MSELoss MarginRankingLoss MultiLabelMarginLoss MultiLabelSoftMarginLoss "
        "MultiMarginLoss NLLLoss PoissonNLLLoss SmoothL1Loss SoftMarginLoss TripletMarginLoss "
        "TripletMarginWithDistanceLoss"
    ),
    "module": "Module",
    "normalization": "GroupNorm LayerNorm LocalResponseNorm RMSNorm",
    "padding": (
        "CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d ConstantPad3d "
        "ReflectionPad1d ReflectionPad2d ReflectionPad3d ReplicationPad1d ReplicationPad2d "
        "ReplicationPad3d ZeroPad1d ZeroPad2d ZeroPad3d"
    ),
    "pixelshuffle": "PixelShuffle PixelUnshuffle",
    "pooling": (
        "AdaptiveAvgPool1d AdaptiveAvgPool2d AdaptiveAvgPool3d AdaptiveMaxPool1d "
        "AdaptiveMaxPool2d AdaptiveMaxPool3d AvgPool1d AvgPool2d AvgPool3d "
        "FractionalMaxPool2d FractionalMaxPool3d LPPool1d LPPool2d LPPool3d MaxPool1d "
        "MaxPool2d MaxPool3d MaxUnpool1d MaxUnpool2d MaxUnpool3d"
    ),
    "rnn": "GRU GRUCell LSTM LSTMCell RNN RNNBase RNNCell RNNCellBase",
    "sparse": "Embedding EmbeddingBag",
    "transformer": (
        "Transformer TransformerDecoder TransformerDecoderLayer TransformerEncoder "
        "TransformerEncoderLayer"
    ),
    "upsampling": "Upsample UpsamplingBilinear2d UpsamplingNearest2d",
}


def _ntuple(n: int, name: str = "parse") -> Callable[[Any], Any]:
    """A function that makes `n` of one number, and a tuple of what can be iterated."""

    def parse(x: Any) -> Any:
        return tuple(x) if hasattr(x, "__iter__") else tuple(itertools.repeat(x, n))

    parse.__name__ = name
    return parse


# What begins with _ there and is known to programs all the same.
INTERNAL: dict[str, dict[str, Any]] = {
    "batchnorm": {"_BatchNorm": _BatchNorm, "_NormBase": _RunningNorm},
    "conv": {"_ConvNd": _ConvNd},
    "dropout": {"_DropoutNd": _Dropout},
    "instancenorm": {"_InstanceNorm": _InstanceNorm},
    "linear": {"NonDynamicallyQuantizableLinear": NonDynamicallyQuantizableLinear},
    "loss": {"_Loss": Loss},
    "module": {
        name: getattr(hooks, name)
        for name in (
            "register_module_buffer_registration_hook",
            "register_module_forward_hook",
            "register_module_forward_pre_hook",
            "register_module_full_backward_hook",
            "register_module_full_backward_pre_hook",
            "register_module_module_registration_hook",
            "register_module_parameter_registration_hook",
        )
    },
    "utils": {
        "_ntuple": _ntuple,
        "_single": _ntuple(1, "_single"),
        "_pair": _ntuple(2, "_pair"),
        "_triple": _ntuple(3, "_triple"),
        "_quadruple": _ntuple(4, "_quadruple"),
    },
}


def _file(name: str) -> ModuleType:
    """The module ``nn.modules.name``, and its classes here."""
    classes = {n: getattr(nn, n) for n in FILES.get(name, "").split()}
    globals().update(classes)
    return stand_in(__name__, name, classes | INTERNAL.get(name, {}))


__path__: list[str] = []  # the import system then looks for nn.modules.dropout in sys.modules
globals().update({name: _file(name) for name in FILES | INTERNAL})
__all__ = [name for names in FILES.values() for name in names.split()]
