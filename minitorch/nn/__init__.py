"""Modules, layers and losses.  Mirrors ``torch.nn``."""

from minitorch.nn import functional, init
from minitorch.nn.activations import (
    CELU, ELU, GELU, GLU, SELU, LogSigmoid, LogSoftmax, Mish, Sigmoid, SiLU, Softmax, Softmax2d,
    Softmin, Softplus, Softsign, Tanh, Tanhshrink,
)  # fmt: skip
from minitorch.nn.containers import Sequential
from minitorch.nn.flatten import Flatten, Unflatten
from minitorch.nn.linear import Identity, Linear
from minitorch.nn.loss import CrossEntropyLoss, MSELoss, NLLLoss
from minitorch.nn.module import Module
from minitorch.nn.normalization import (
    BatchNorm1d, BatchNorm2d, BatchNorm3d, GroupNorm, InstanceNorm1d, InstanceNorm2d,
    InstanceNorm3d, LayerNorm, LocalResponseNorm, RMSNorm,
)  # fmt: skip
from minitorch.nn.padding import (
    CircularPad1d, CircularPad2d, CircularPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d,
    ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReplicationPad1d, ReplicationPad2d,
    ReplicationPad3d, ZeroPad1d, ZeroPad2d, ZeroPad3d,
)  # fmt: skip
from minitorch.nn.parameter import Buffer, Parameter
from minitorch.nn.rectifiers import (
    Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LeakyReLU, PReLU, ReLU, ReLU6, RReLU, Softshrink,
    Threshold,
)  # fmt: skip

__all__ = [
    "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "Buffer", "CELU", "CircularPad1d", "CircularPad2d",
    "CircularPad3d", "ConstantPad1d", "ConstantPad2d", "ConstantPad3d", "CrossEntropyLoss", "ELU",
    "Flatten", "GELU", "GLU", "GroupNorm", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh",
    "Identity", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LayerNorm", "LeakyReLU",
    "Linear", "LocalResponseNorm", "LogSigmoid", "LogSoftmax", "MSELoss", "Mish", "Module",
    "NLLLoss", "PReLU", "Parameter", "RMSNorm", "RReLU", "ReLU", "ReLU6", "ReflectionPad1d",
    "ReflectionPad2d", "ReflectionPad3d", "ReplicationPad1d", "ReplicationPad2d",
    "ReplicationPad3d", "SELU", "Sequential", "SiLU", "Sigmoid", "Softmax", "Softmax2d", "Softmin",
    "Softplus", "Softshrink", "Softsign", "Tanh", "Tanhshrink", "Threshold", "Unflatten",
    "ZeroPad1d", "ZeroPad2d", "ZeroPad3d", "functional", "init",
]  # fmt: skip
