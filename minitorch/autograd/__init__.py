"""Gradients on request, and ops of your own.  Mirrors ``torch.autograd``."""

from minitorch.autograd import functional, profiler
from minitorch.autograd.function import Function, FunctionCtx, once_differentiable
from minitorch.autograd.grad import backward, grad
from minitorch.autograd.gradcheck import GradcheckError, GradReport, gradcheck, gradgradcheck
from minitorch.autograd.variable import Variable
from minitorch.engine.modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "FunctionCtx",
    "GradReport",
    "GradcheckError",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "functional",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "once_differentiable",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
]
