"""Modules, layers and losses.  Mirrors ``torch.nn``."""

from minitorch.nn import functional, init
from minitorch.nn.activations import LogSoftmax, ReLU, Sigmoid, Softmax, Tanh
from minitorch.nn.containers import Sequential
from minitorch.nn.flatten import Flatten, Unflatten
from minitorch.nn.linear import Identity, Linear
from minitorch.nn.loss import CrossEntropyLoss, MSELoss, NLLLoss
from minitorch.nn.module import Module
from minitorch.nn.parameter import Buffer, Parameter

__all__ = [
    "Buffer", "CrossEntropyLoss", "Flatten", "Identity", "Linear", "LogSoftmax", "MSELoss",
    "Module", "NLLLoss", "Parameter", "ReLU", "Sequential", "Sigmoid", "Softmax", "Tanh",
    "Unflatten", "functional", "init",
]  # fmt: skip
