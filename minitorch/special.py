"""Special functions.  Mirrors ``torch.special``."""

from minitorch.ops.activations import logit
from minitorch.ops.activations import sigmoid as expit
from minitorch.ops.exponential import exp2, expm1, log1p, xlog1py, xlogy
from minitorch.ops.reductions import logsumexp
from minitorch.ops.rounding import round
from minitorch.ops.softmax import log_softmax, softmax
from minitorch.ops.special_functions import (
    digamma,
    entr,
    erf,
    erfc,
    erfcx,
    erfinv,
    i0,
    i0e,
    i1,
    i1e,
    log_ndtr,
    ndtr,
    ndtri,
    polygamma,
    zeta,
)
from minitorch.ops.special_functions import digamma as psi
from minitorch.ops.special_functions import igamma as gammainc
from minitorch.ops.special_functions import igammac as gammaincc
from minitorch.ops.special_functions import lgamma as gammaln
from minitorch.ops.special_functions import mvlgamma as multigammaln
from minitorch.ops.trigonometry import sinc

__all__ = [
    "digamma",
    "entr",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp2",
    "expit",
    "expm1",
    "gammainc",
    "gammaincc",
    "gammaln",
    "i0",
    "i0e",
    "i1",
    "i1e",
    "log1p",
    "log_ndtr",
    "log_softmax",
    "logit",
    "logsumexp",
    "multigammaln",
    "ndtr",
    "ndtri",
    "polygamma",
    "psi",
    "round",
    "sinc",
    "softmax",
    "xlog1py",
    "xlogy",
    "zeta",
]
