"""Optimizers.  Mirrors ``torch.optim``."""

from minitorch.optim import lr_scheduler, swa_utils
from minitorch.optim.adafactor import Adafactor
from minitorch.optim.adagrad import Adadelta, Adagrad, RMSprop
from minitorch.optim.adam import Adam, AdamW
from minitorch.optim.adam_variants import Adamax, NAdam, RAdam
from minitorch.optim.asgd import ASGD
from minitorch.optim.lbfgs import LBFGS
from minitorch.optim.muon import Muon
from minitorch.optim.optimizer import Optimizer
from minitorch.optim.rprop import Rprop
from minitorch.optim.sgd import SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
    "swa_utils",
]
