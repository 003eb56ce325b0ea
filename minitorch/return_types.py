"""The named tuples that ops with several results return.  Mirrors ``torch.return_types``.

>>> import minitorch
>>> minitorch.tensor([[1, 5], [7, 2]]).max(dim=1)
minitorch.return_types.max(
values=tensor([5, 7]),
indices=tensor([1, 0]))
"""

from __future__ import annotations

import collections
from typing import Any

__all__: list[str] = []


def _structure(name: str, fields: str) -> Any:
    """A named tuple that prints as PyTorch's do: one result after the other, on its own lines."""

    def show(self: Any) -> str:
        results = [f"{field}={value!r}" for field, value in zip(self._fields, self)]
        return f"minitorch.return_types.{name}(\n" + ",\n".join(results) + ")"

    def missing(self: Any, attribute: str) -> Any:
        part, hint = self._fields[0], ""
        if attribute[:2] != "__" and hasattr(self[0], attribute):
            hint = f": its parts have, so take one first, such as .{part}"
        raise AttributeError(
            f"{name!r} object has no attribute {attribute!r}{hint}", name=attribute, obj=self
        )

    make: Any = collections.namedtuple  # by its name, mypy would want to see the fields
    kind = make(name, fields, module=__name__)
    kind.__repr__ = show
    kind.__getattr__ = missing
    __all__.append(name)
    return kind


max = _structure("max", "values indices")
min = _structure("min", "values indices")
median = _structure("median", "values indices")
nanmedian = _structure("nanmedian", "values indices")
mode = _structure("mode", "values indices")
kthvalue = _structure("kthvalue", "values indices")
topk = _structure("topk", "values indices")
sort = _structure("sort", "values indices")
cummax = _structure("cummax", "values indices")
cummin = _structure("cummin", "values indices")
aminmax = _structure("aminmax", "min max")
histogram = _structure("histogram", "hist bin_edges")
histogramdd = _structure("histogramdd", "hist bin_edges")
frexp = _structure("frexp", "mantissa exponent")

svd = _structure("svd", "U S V")
qr = _structure("qr", "Q R")
slogdet = _structure("slogdet", "sign logabsdet")
lu_unpack = _structure("lu_unpack", "P L U")
triangular_solve = _structure("triangular_solve", "solution cloned_coefficient")
linalg_cholesky_ex = _structure("linalg_cholesky_ex", "L info")
linalg_eig = _structure("linalg_eig", "eigenvalues eigenvectors")
linalg_eigh = _structure("linalg_eigh", "eigenvalues eigenvectors")
linalg_inv_ex = _structure("linalg_inv_ex", "inverse info")
linalg_lstsq = _structure("linalg_lstsq", "solution residuals rank singular_values")
linalg_lu = _structure("linalg_lu", "P L U")
linalg_lu_factor = _structure("linalg_lu_factor", "LU pivots")
linalg_lu_factor_ex = _structure("linalg_lu_factor_ex", "LU pivots info")
linalg_qr = _structure("linalg_qr", "Q R")
linalg_slogdet = _structure("linalg_slogdet", "sign logabsdet")
linalg_solve_ex = _structure("linalg_solve_ex", "result info")
linalg_svd = _structure("linalg_svd", "U S Vh")
