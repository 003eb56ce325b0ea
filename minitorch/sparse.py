"""Products of sparse matrices, which are dense here.  Mirrors names of ``torch.sparse``.

See `minitorch.sparse_coo_tensor`: numbers are PyTorch's, memory is not saved.
"""

from minitorch.ops.reductions import sum
from minitorch.ops.softmax import log_softmax, softmax
from minitorch.ops.sparse import sparse_addmm as addmm
from minitorch.ops.sparse import spmm as mm

__all__ = ["addmm", "log_softmax", "mm", "softmax", "sum"]
