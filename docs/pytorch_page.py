"""The tables of the page ``pytorch.md``, made while the documentation is built, so never stale.

What is here comes from the public namespaces; what is not, from `minitorch.absent`.
"""

import importlib
import inspect
import types

import op_page

import minitorch
from minitorch.absent import INSTEAD

PLACE = "<!-- the tables: docs/pytorch_page.py -->"
# Namespaces that answer for PyTorch's of the same name, in the order of the page.
NAMESPACES = [
    "", "Tensor", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn",
    "nn.utils.parametrize", "nn.attention", "nn.attention.flex_attention", "nn.parallel", "optim",
    "optim.lr_scheduler", "optim.swa_utils", "autograd", "autograd.functional", "func", "linalg",
    "special", "fft", "nested", "sparse", "distributions", "distributions.constraints",
    "distributions.transforms", "random", "utils.data", "utils.checkpoint", "utils.tensorboard",
    "amp", "compiler", "serialization", "jit", "profiler", "onnx", "hub", "cpu", "cuda", "mps",
    "multiprocessing", "xpu",
    "accelerator", "futures", "backends.cudnn", "backends.cuda", "backends.mps", "backends.mkl",
    "distributed", "version",
]  # fmt: skip
# What has PyTorch's name and another behaviour, and why.
DIFFERS = {
    "torch.Tensor": "dense, on the CPU; its memory is a NumPy array that `numpy()` shares",
    "torch.__version__": "minitorch's own; under `minitorch.run` 2.13.0, with it behind a plus",
    "torch.sparse_coo_tensor": "stores every element: same numbers, no memory saved",
    "torch.Tensor.to_sparse": "the tensor itself: every element is stored",
    "torch.spmm": "a product of dense matrices",
    "torch.sparse": "products of dense matrices",
    "torch.nested": "the layout jagged alone, and what treats rows alone, and attention; a nested "
    "tensor is no Tensor, its shape names the ragged dimension",
    "torch.optim.Optimizer": "a parameter given twice is an error, where PyTorch warns and "
    "takes two steps",
    "torch.compile": "gives back what it is given: nothing is compiled",
    "torch.compiler": "nothing is compiled",
    "torch.jit": "`script` and `trace` give back what they are given; nothing is saved or loaded",
    "torch.amp": "casts and scales nothing: a program is computed in float32, as it stands",
    "torch.get_autocast_dtype": "float32: nothing is cast",
    "torch.cuda": "there is none: questions answer no, what needs a GPU is refused",
    "torch.mps": "there is none",
    "torch.xpu": "there is none",
    "torch.accelerator": "there is none",
    "torch.backends": "switches are kept and change nothing",
    "torch.distributed": "one process: questions answer no, starting a group is refused",
    "torch.nn.DataParallel": "calls its module: there is one device",
    "torch.nn.parallel.DistributedDataParallel": "refused when made: there is one process",
    "torch.nn.attention.sdpa_kernel": "there is one kernel, which stays",
    "torch.nn.attention.flex_attention": "functions see all scores at once; trains on the CPU",
    "torch.nn.Module": "refuses to list parameters while a plain list or dict hides some",
    "torch.set_num_threads": "sets the threads of NumPy's products (OpenBLAS)",
    "torch.set_float32_matmul_precision": "kept; products are in full precision",
    "torch.use_deterministic_algorithms": "kept; results are the same on every run anyway",
    "torch.set_flush_denormal": "False: NumPy keeps denormal numbers",
    "torch.Tensor.pin_memory": "itself: there is no device to copy to",
    "torch.Tensor.share_memory_": "itself: processes share no memory this way",
    "torch.Tensor.type": "names begin with `minitorch.`; PyTorch's are understood",
    "torch.tensor": "several rules of PyTorch's, but errors name the place in nested lists",
    "torch.profiler": "only `record_function`, without effect: use Python's cProfile",
    "torch.hub": "nothing is fetched from the network",
    "torch.onnx": "`export` is refused: export from PyTorch",
    "torch.utils.data": "a batch draws its random numbers from a stream of its own, whatever "
    "`num_workers`; so a dataset that draws in `__getitem__` draws others than in PyTorch",
    "torch.utils.tensorboard": "curves of numbers only",
    "torch.distributions": "36 of 42; gamma and beta samples have exact gradients, where "
    "PyTorch approximates to 5e-4",
}


def resolve(path):
    """The object that a name of PyTorch's stands for here; AttributeError if there is none."""
    value = minitorch
    name = "minitorch"
    for part in path.split(".")[1:]:
        name += f".{part}"
        try:
            value = getattr(value, part)
        except AttributeError:
            value = importlib.import_module(name)
    return value


def names(namespace):
    """The public names of a namespace ("nn.init"), without the namespaces in it."""
    home = resolve(f"torch.{namespace}" if namespace else "torch")
    found = dir(home) if isinstance(home, type) else home.__all__
    return [
        n for n in sorted(found, key=str.lower)
        if n[0] != "_" and not isinstance(inspect.getattr_static(home, n, None), types.ModuleType)
    ]  # fmt: skip


def difference(name):
    """What `DIFFERS` says of a name, or of the namespace that it is in."""
    return DIFFERS.get(name, "")


def markdown():
    """The page's tables: what is here, what differs, what is not."""
    lines = ["## What differs", "", "| name | what differs, and why |", "|---|---|"]
    lines += [f"| `{n}` | {why} |" for n, why in sorted(DIFFERS.items())]
    lines += ["", "## What is not here", "", "| name | why, or what to use |", "|---|---|"]
    lines += [f"| `{n}` | {why} |" for n, why in sorted(INSTEAD.items())]
    lines += ["", "## What is here"]
    for namespace in NAMESPACES:
        full = f"torch.{namespace}" if namespace else "torch"
        lines += ["", f"### {full}", ""]
        if full in DIFFERS and full != "torch.Tensor":
            lines += [f"({DIFFERS[full]})", ""]
        lines += ["| name | what it gives |", "|---|---|"]
        home = resolve(full)
        for name in names(namespace):
            value = inspect.getattr_static(home, name, None) or getattr(home, name)
            said = op_page.first_line(value) if _explains(value) else ""
            other = difference(f"{full}.{name}")
            lines.append(f"| `{name}` | {said}{' **Differs:** ' + other if other else ''} |")
    return "\n".join(lines)


def _explains(value):
    """Whether its docstring is about itself, not about the type of a constant."""
    return callable(value) or isinstance(value, property | classmethod | staticmethod)


def fill(app, document, source):
    """Put the tables where the page asks for them."""
    if document == "pytorch":
        source[0] = source[0].replace(PLACE, markdown())


def setup(app):
    """Called by Sphinx: conf.py lists this file as an extension."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    print(markdown())
