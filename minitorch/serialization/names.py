"""What a pickle may name: PyTorch's names for tensors and plain data, and nothing else.

Each function checks its arguments itself, and raises ValueError: they come from the file.
"""

from __future__ import annotations

import contextlib
import functools
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

from minitorch.devices import device
from minitorch.dtypes import ALL, DType
from minitorch.layouts import strided
from minitorch.nn.parameter import Buffer, Parameter
from minitorch.ops.random import Generator
from minitorch.serialization.storage import STORAGE_NAME, tensor_in, with_grad
from minitorch.serialization.unpickler import Call
from minitorch.size import Size
from minitorch.tensor import Tensor

GENERATOR = "minitorch.Generator"  # PyTorch saves no generators, so this name is ours
FROM_TYPE = "torch._tensor._rebuild_from_type_v2"
REBUILD = "torch._utils._rebuild_tensor_v2"
REBUILD_PARAMETER = "torch._utils._rebuild_parameter"


# --- tensors ------------------------------------------------------------------------------------


def _tensor(storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any = False,
            hooks: Any = None, metadata: Any = None) -> Tensor:  # fmt: skip
    _no_hooks(hooks)
    return with_grad(tensor_in(storage, offset, size, stride, None, metadata), requires_grad)


def _tensor_of_dtype(storage: Any, offset: Any, size: Any, stride: Any, requires_grad: Any,
                     hooks: Any, dtype: Any, metadata: Any = None) -> Tensor:  # fmt: skip
    _no_hooks(hooks)
    if not isinstance(dtype, DType):
        raise ValueError(f"a tensor whose dtype is a {type(dtype).__name__}")
    return with_grad(tensor_in(storage, offset, size, stride, dtype, metadata), requires_grad)


def _no_hooks(hooks: Any) -> None:
    if hooks:
        raise ValueError("a tensor with hooks: functions are not loaded")


def _parameter(data: Any, requires_grad: Any = True, hooks: Any = None, state: Any = None) -> Any:
    _no_hooks(hooks)
    if not isinstance(data, Tensor):
        raise ValueError(f"a parameter is made from a tensor, not from {type(data).__name__}")
    made = Parameter(data.detach(), False)
    return _with_attributes(with_grad(made, requires_grad), state or {})


def _of_type(rebuild: Any, kind: Any, args: Any, state: Any) -> Tensor:
    """A tensor with attributes of its own, among them that it is a buffer."""
    if type(rebuild) is not Call or rebuild.name not in TENSORS or rebuild.name == FROM_TYPE:
        raise ValueError("a tensor that is rebuilt by no function for that")
    if type(kind) is not TensorType:
        raise ValueError("a tensor whose type is none")
    if type(args) is not tuple or type(state) is not dict:
        raise ValueError("a tensor whose attributes are no dict")
    made = rebuild.function(*args)
    if state.get("_is_buffer") is True:
        made = Buffer(made, persistent=state.get("persistent") is True)
        state = {k: v for k, v in state.items() if k not in ("_is_buffer", "persistent")}
    return _with_attributes(made, state)


def _with_attributes(tensor: Any, state: Any) -> Any:
    """Give `tensor` the user's attributes; none may stand where the tensor has something."""
    for name in state:
        if type(name) is not str or name.startswith("_") or hasattr(tensor, name):
            raise ValueError("a tensor with an attribute that no user can have given it")
    tensor.__dict__.update(state)
    return tensor


# --- plain data ---------------------------------------------------------------------------------


def _encode(text: Any, encoding: Any) -> bytes:
    """How protocol 2 spells bytes."""
    if type(text) is not str or encoding != "latin1":
        raise ValueError("bytes that are no text in latin1")
    return text.encode("latin1")


def _bytes(*args: Any) -> bytes:
    if args:
        raise ValueError("bytes made from something")
    return b""


def _bytearray(data: Any = b"") -> bytearray:
    if type(data) is not bytes:  # a number would set that much memory aside
        raise ValueError(f"a bytearray made from {type(data).__name__}")
    return bytearray(data)


def _set(items: Any = ()) -> set[Any]:
    if type(items) is not list and items != ():
        raise ValueError(f"a set made from {type(items).__name__}")
    return set(items)


def _frozenset(items: Any = ()) -> frozenset[Any]:
    return frozenset(_set(items))


def _complex(real: Any, imag: Any) -> complex:
    if type(real) is not float or type(imag) is not float:
        raise ValueError("a complex number that is not made of two")
    return complex(real, imag)


def _ordered(items: Any = ()) -> OrderedDict[Any, Any]:
    """Old versions of Python give the items at once, as pairs."""
    made: OrderedDict[Any, Any] = OrderedDict()
    for item in items if type(items) is list else ():
        if type(item) not in (list, tuple) or len(item) != 2 or type(item[0]) is not str:
            raise ValueError("an OrderedDict that is not made of pairs")
        made[item[0]] = item[1]
    return made


def _counter(items: Any = None) -> Counter[Any]:
    if items is not None and type(items) is not dict:
        raise ValueError(f"a Counter made from {type(items).__name__}")
    return Counter(items)


def _size(sizes: Any = ()) -> Size:
    if type(sizes) is not tuple or any(type(n) is not int for n in sizes):
        raise ValueError("a Size that is not made of numbers")
    return Size(sizes)


def _device(kind: Any, index: Any = None) -> device:
    if type(kind) is not str or not (index is None or type(index) is int):
        raise ValueError("a device that is not made of a name and a number")
    try:
        return device(kind, index)
    except RuntimeError as error:
        raise ValueError(str(error)) from None


def _layout(name: Any) -> Any:
    if name != "torch.strided":
        raise ValueError("a layout other than strided, which minitorch does not have")
    return strided


def _generator(state: Any) -> Generator:
    if not isinstance(state, Tensor):
        raise ValueError("a generator whose state is no tensor")
    made = Generator()
    try:
        made.set_state(state)
    except (TypeError, RuntimeError) as error:
        raise ValueError(str(error)) from None
    return made


# --- the table ----------------------------------------------------------------------------------

TENSORS: dict[str, Callable[..., Any]] = {
    "torch._utils._rebuild_tensor": _tensor,
    REBUILD: _tensor,
    "torch._utils._rebuild_tensor_v3": _tensor_of_dtype,
    REBUILD_PARAMETER: _parameter,
    "torch._utils._rebuild_parameter_with_state": _parameter,
    FROM_TYPE: _of_type,
}
STATES = {FROM_TYPE, f"{REBUILD_PARAMETER}_with_state"}  # they copy a tensor's attributes
PLAIN: dict[str, Callable[..., Any]] = {
    "_codecs.encode": _encode,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytearray,
    "builtins.set": _set,
    "builtins.frozenset": _frozenset,
    "builtins.complex": _complex,
    "collections.OrderedDict": _ordered,
    "collections.Counter": _counter,
    "torch.Size": _size,
    "torch.device": _device,
    "torch.serialization._get_layout": _layout,
    GENERATOR: _generator,
}
TYPES = {
    "torch.Tensor": Tensor,
    "torch._tensor.Tensor": Tensor,
    "torch.nn.parameter.Parameter": Parameter,
    "torch.nn.parameter.Buffer": Buffer,
}
STORAGES: dict[str, DType | None] = {f"torch.{name}": d for d, name in STORAGE_NAME.items()}
STORAGES["torch.storage.UntypedStorage"] = None
STORAGES["torch.UntypedStorage"] = None
DTYPES = {f"torch.{dtype.name}": dtype for dtype in ALL}


class TensorType:
    """What a file calls the class of a tensor; it cannot be called."""

    def __init__(self, kind: type[Tensor]) -> None:
        self.kind = kind


class StorageType:
    """What a file calls the kind of a storage."""

    def __init__(self, dtype: DType | None) -> None:
        self.dtype = dtype


@functools.cache
def admitted() -> dict[str, Any]:
    """What each name stands for that a file from a stranger may use."""
    calls = {name: Call(name, function, name in STATES) for name, function in TENSORS.items()}
    calls |= {name: Call(name, function, True) for name, function in PLAIN.items()}
    types = {name: TensorType(kind) for name, kind in TYPES.items()}
    storages = {name: StorageType(dtype) for name, dtype in STORAGES.items()}
    return {**calls, **types, **storages, **DTYPES}


# --- what the user adds to it -------------------------------------------------------------------

_added: dict[str, Any] = {}


def add_safe_globals(safe_globals: list[Any]) -> None:
    """Let files name these classes and functions: for those of your own that you know are harmless.

    An element is a class or function, or a pair of one and the name that it has in files.  Mirrors
    ``torch.serialization.add_safe_globals``.
    """
    for item in safe_globals:
        thing, name = item if isinstance(item, tuple) else (item, None)
        if not callable(thing) or type(name) not in (str, type(None)):
            raise TypeError(f"add_safe_globals() takes classes and functions, got {item!r}")
        _added[name or f"{thing.__module__}.{thing.__qualname__}"] = thing


def get_safe_globals() -> list[Any]:
    """What was added by `add_safe_globals`."""
    return list(_added.values())


def clear_safe_globals() -> None:
    """Forget what was added by `add_safe_globals`."""
    _added.clear()


@contextlib.contextmanager
def safe_globals(safe_globals: list[Any]) -> Iterator[None]:
    """`add_safe_globals` for the length of a ``with`` block."""
    before = dict(_added)
    add_safe_globals(safe_globals)
    try:
        yield
    finally:
        clear_safe_globals()
        _added.update(before)


def find_admitted(name: str) -> Any:
    """What `name` stands for in a file; None for what is not admitted."""
    found = admitted().get(name)
    if found is None and name in _added:
        found = Call(name, _added[name], trusted=True)
    return found


UNSUPPORTED = "torch.uint", "torch.int", "torch.float8", "torch.float4", "torch.q", "torch.bits"


def refusal(name: str) -> str:
    """Why `name` is refused, and what to do."""
    shown = name if len(name) < 200 else name[:200] + "..."
    if name.startswith(UNSUPPORTED) or name.startswith(("torch.sparse", "torch._utils")):
        return f"it holds {shown}, for which minitorch has no kind of tensor"
    return (
        f"it names {shown}, which is neither a tensor nor plain data, so it is not loaded: files "
        "can run any code by such names. If the file is yours (a whole module, an optimizer, a "
        "class of your own), either admit what it names with "
        "minitorch.serialization.add_safe_globals([...]), or trust it altogether with "
        "load(..., weights_only=False). Better: save state_dict()s, which need neither"
    )
