"""Linear algebra, with the names of ``torch.linalg``.  The functions are in `minitorch.ops.linalg`.

>>> import minitorch
>>> A = minitorch.tensor([[2.0, 1.0], [1.0, 3.0]])
>>> minitorch.linalg.solve(A, minitorch.tensor([3.0, 5.0]))
tensor([0.8000, 1.4000])
"""

from minitorch.errors import LinAlgError
from minitorch.ops.linalg.conditioning import cond
from minitorch.ops.linalg.determinants import det, slogdet
from minitorch.ops.linalg.inverses import inv, inv_ex, solve, solve_ex, tensorinv, tensorsolve
from minitorch.ops.linalg.least_squares import lstsq, matrix_rank, pinv
from minitorch.ops.linalg.lu import lu, lu_factor, lu_factor_ex, lu_solve
from minitorch.ops.linalg.powers import (
    householder_product,
    matrix_exp,
    matrix_power,
    multi_dot,
    vander,
)
from minitorch.ops.linalg.spectral import eig, eigh, eigvals, eigvalsh, svd, svdvals
from minitorch.ops.linalg.triangular import cholesky, cholesky_ex, qr, solve_triangular
from minitorch.ops.linalg.vectors import cross, diagonal, vecdot
from minitorch.ops.norms import linalg_norm as norm
from minitorch.ops.norms import matrix_norm, vector_norm
from minitorch.ops.products import matmul

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh",
    "eigvals", "eigvalsh", "householder_product", "inv", "inv_ex", "lstsq", "lu", "lu_factor",
    "lu_factor_ex", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power",
    "matrix_rank", "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_ex",
    "solve_triangular", "svd", "svdvals", "tensorinv", "tensorsolve", "vander", "vecdot",
    "vector_norm",
]  # fmt: skip
