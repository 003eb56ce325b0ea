"""Plain functions in, plain functions out: gradients, maps, and modules called as functions.

Mirrors ``torch.func``.
"""

from minitorch.func.gradients import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    value_and_grad,
    vjp,
)
from minitorch.func.mapping import vmap
from minitorch.func.modules import functional_call, stack_module_state

__all__ = [
    "functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
    "stack_module_state", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
