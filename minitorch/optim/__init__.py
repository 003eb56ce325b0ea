"""Optimizers.  Mirrors ``torch.optim``."""

from minitorch.optim.optimizer import Optimizer
from minitorch.optim.sgd import SGD

__all__ = ["SGD", "Optimizer"]
