"""Names of PyTorch that are not here, and what to use instead.

Asked for by `minitorch` itself when an attribute is missing, by `minitorch.run`, and by the page
"What of PyTorch is here".
"""

from __future__ import annotations

import difflib
import functools
import importlib
from typing import Any

# The longest name that a missing name starts with is the one that counts.
INSTEAD = {
    "torch.Tensor.to_mkldnn": "leave it out: a tensor's memory is a NumPy array",
    "torch.Tensor.xpu": "leave it out, or use .to('cpu')",
    "torch.Tensor.storage": "use .numpy(), which shares its memory, .nbytes or .data_ptr()",
    "torch.Tensor.untyped_storage": "use .nbytes, .data_ptr() or .numpy()",
    "torch.Tensor.to_sparse_csr": "tensors are dense here: leave it out",
    "torch.Tensor.indices": "tensors are dense here: use nonzero()",
    "torch.Tensor.values": "tensors are dense here: leave it out",
    "torch._C": "it is PyTorch's C++ core",
    "torch._inductor": "nothing is compiled; leave its settings out",
    "torch.ao": "tensors are not quantized here; use PyTorch",
    "torch.classes": "they are PyTorch's C++ extensions; write a minitorch.autograd.Function",
    "torch.cpp": "they are PyTorch's C++ extensions; write a minitorch.autograd.Function",
    "torch.distributed.checkpoint": "minitorch trains in one process; use torch.save",
    "torch.distributed.device_mesh": "minitorch trains in one process; leave it out",
    "torch.distributed.fsdp": "minitorch trains in one process; leave it out",
    "torch.distributed.rpc": "minitorch trains in one process; leave it out",
    "torch.distributed.tensor": "minitorch trains in one process; leave it out",
    "torch.export": "export from PyTorch: docs/pytorch.md tells how to move a model there",
    "torch.fx": "models are not traced; walk module.named_modules(), or use forward hooks",
    "torch.library": "they are PyTorch's C++ extensions; write a minitorch.autograd.Function",
    "torch.masked": "use masked_fill and torch.where",
    "torch.monitor": "use logging",
    "torch.nn.parallel.scatter": "there is one device; leave it out",
    "torch.nn.Container": "use nn.Module, Sequential or ModuleList",
    "torch.nn.CrossMapLRN2d": "use nn.LocalResponseNorm",
    "torch.nn.NLLLoss2d": "use nn.NLLLoss, which takes any number of dimensions",
    "torch.nn.utils.stateless": "use torch.func.functional_call",
    "torch.nn.SyncBatchNorm": "there is one device; use BatchNorm1d, 2d or 3d",
    "torch.nn.qat": "tensors are not quantized here; use PyTorch",
    "torch.nn.quantized": "tensors are not quantized here; use PyTorch",
    "torch.nn.quantizable": "tensors are not quantized here; use PyTorch",
    "torch.ops.aten": "they are PyTorch's C++ operators; use the function of that name in torch",
    "torch.ops.profiler": "use python -m cProfile",
    "torch.optim.SparseAdam": "gradients are dense here; use Adam",
    "torch.package": "use pickle, or a wheel",
    "torch.quantization": "tensors are not quantized here; use PyTorch",
    "torch.quantize": "tensors are not quantized here; use PyTorch",
    "torch.symeig": "use torch.linalg.eigh (PyTorch has dropped it too)",
    "torch.lstsq": "use torch.linalg.lstsq (PyTorch has dropped it too)",
    "torch.solve": "use torch.linalg.solve (PyTorch has dropped it too)",
    "torch.eig": "use torch.linalg.eig (PyTorch has dropped it too)",
    "torch.matrix_rank": "use torch.linalg.matrix_rank (PyTorch has dropped it too)",
    "torch.svd_lowrank": "use torch.linalg.svd",
    "torch.pca_lowrank": "use torch.linalg.svd on centred rows",
    "torch.range": "use torch.arange, whose end is exclusive",
    "torch.storage": "a tensor's memory is a NumPy array: t.numpy() shares it",
    "torch.Storage": "a tensor's memory is a NumPy array: t.numpy() shares it",
    "torch.UntypedStorage": "a tensor's memory is a NumPy array: t.numpy() shares it",
    "torch.TypedStorage": "a tensor's memory is a NumPy array: t.numpy() shares it",
    "torch.sparse_csr_tensor": "tensors are dense here: make one with torch.sparse_coo_tensor",
    "torch.utils.bottleneck": "use python -m cProfile",
    "torch.utils.benchmark": "use timeit",
    "torch.utils.collect_env": "use numpy.show_config()",
    "torch.utils.cpp_extension": "write a minitorch.autograd.Function around NumPy",
    "torch.utils.flop_counter": "count by layer with forward hooks",
    "torch.utils.mobile_optimizer": "export from PyTorch",
    "torchvision": "it needs PyTorch; read images with PIL and NumPy, write layers in torch.nn",
    "torchaudio": "it needs PyTorch; read sound with SciPy or soundfile",
    "torchtext": "it needs PyTorch, and is no longer developed; tokenize in Python",
}  # fmt: skip


def instead(name: str) -> str:
    """What to use for the missing `name` ("torch.fx.Graph"), as a clause, or ""."""
    parts = name.split(".")
    for n in range(len(parts), 0, -1):
        advice = INSTEAD.get(".".join(parts[:n]))
        if advice:
            return advice
    if len(parts) > 1 and (near := _similar(parts[:-1], parts[-1])):
        return f"did you mean {'.'.join([*parts[:-1], near])}?"
    return ""


def _similar(path: list[str], name: str) -> str | None:
    """A public name like `name` in the namespace `path`."""
    try:
        home = functools.reduce(getattr, path[1:], importlib.import_module("minitorch"))
    except (AttributeError, ImportError):
        return None
    names: Any = getattr(home, "__all__", None) or dir(home)
    found = difflib.get_close_matches(name, [n for n in names if n[0] != "_"], 1, 0.8)
    return found[0] if found else None


def message(name: str, where: str = "") -> str:
    """The error for a missing name: ``minitorch has no torch.fx (used at a.py:3); ...``."""
    used = f" (used at {where})" if where else ""
    clause = instead(name) or "docs/pytorch.md lists what of PyTorch is here"
    return f"minitorch has no {name}{used}; {clause}"
