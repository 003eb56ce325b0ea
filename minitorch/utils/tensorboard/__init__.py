"""Curves for TensorBoard, written without it.  Mirrors names of ``torch.utils.tensorboard``."""

from minitorch.utils.tensorboard.writer import SummaryWriter

__all__ = ["SummaryWriter"]
