"""Pickling with PyTorch's names for tensors, so that PyTorch reads what is written here."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from typing import Any

import numpy as np

from minitorch.devices import device
from minitorch.dtypes import DType, from_numpy_dtype
from minitorch.engine.state import TensorState
from minitorch.layouts import layout
from minitorch.nn.parameter import Buffer, Parameter
from minitorch.ops.random import Generator
from minitorch.serialization import names
from minitorch.serialization.storage import STORAGE_NAME, Storage, memory_of
from minitorch.size import Size
from minitorch.tensor import Tensor

PROTOCOL = 2  # the one that PyTorch reads with weights_only=True


class Name:
    """A dotted name to write, whether or not there is such a thing in this process."""

    def __init__(self, path: str) -> None:
        self.module, _, self.name = path.rpartition(".")

    def __call__(self) -> None:
        """The pickler wants what it writes as a function to be callable."""


class _Kept(Storage):
    """A storage that is written beside the pickle, under `key`."""

    __slots__ = ("key",)

    def __init__(self, data: np.ndarray, dtype: DType, key: str) -> None:
        super().__init__(data, dtype)
        self.key = key


_Pickler: Any = pickle._Pickler  # the one in Python, where names can be chosen


class Pickler(_Pickler):
    """Writes one object to `file`; the memory of its tensors is then in `storages`, by key."""

    dispatch = _Pickler.dispatch.copy()

    def __init__(self, file: Any, protocol: int = PROTOCOL) -> None:
        super().__init__(file, protocol)
        self.storages: dict[str, np.ndarray] = {}
        self._kept: dict[int, _Kept] = {}
        self._names: dict[str, Name] = {}

    def named(self, path: str) -> Name:
        """The same object for the same name: it is written once."""
        return self._names.setdefault(path, Name(path))

    def save_name(self, name: Name) -> None:
        module, short = name.module, name.name
        if module == "builtins" and self.proto < 3:
            module = "__builtin__"
        self.write(pickle.GLOBAL + f"{module}\n{short}\n".encode())
        self.memoize(name)

    dispatch[Name] = save_name

    def persistent_id(self, obj: Any) -> Any:
        """Storages are written beside the pickle; the rest into it (None)."""
        if type(obj) is not _Kept:
            return None
        assert obj.dtype is not None
        kind = self.named(f"torch.{STORAGE_NAME[obj.dtype]}")
        return "storage", kind, obj.key, "cpu", len(obj)

    def reducer_override(self, obj: Any) -> Any:
        """How the objects of minitorch are spelled."""
        if isinstance(obj, TensorState):
            return self._tensor(obj)
        if isinstance(obj, Size):
            return self.named("torch.Size"), (tuple(obj),)
        if isinstance(obj, device):
            args = (obj.type,) if obj.index is None else (obj.type, obj.index)
            return self.named("torch.device"), args
        if isinstance(obj, layout):
            return self.named("torch.serialization._get_layout"), ("torch.strided",)
        if type(obj) is Generator:
            return self.named(names.GENERATOR), (obj.get_state(),)
        if type(obj) is bytes and not obj and self.proto < 3:  # PyTorch does not read `bytes()`
            return self.named("_codecs.encode"), ("", "latin1")
        return NotImplemented

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        """Dtypes are bare names."""
        if isinstance(obj, DType):
            obj = self.named(f"torch.{obj.name}")
        super().save(obj, save_persistent_id)

    # --- tensors --------------------------------------------------------------------------------

    def _tensor(self, tensor: Any) -> Any:
        storage, offset, strides = self._storage(tensor._data)
        args: tuple[Any, ...] = (storage, offset, tuple(tensor._data.shape), strides)
        state = tensor._own()
        if isinstance(tensor, Parameter):
            how, end = names.REBUILD_PARAMETER, (state,) if state else ()
            how = f"{how}_with_state" if state else how
            return self.named(how), (tensor.data, tensor.requires_grad, OrderedDict(), *end)
        args = *args, tensor.requires_grad, OrderedDict()
        if isinstance(tensor, Buffer):
            state["_is_buffer"] = True
        elif type(tensor) is not Tensor:
            raise pickle.PicklingError(f"a {type(tensor).__name__} cannot be saved; save its data")
        rebuild = self.named(names.REBUILD)
        if state:
            return self.named(names.FROM_TYPE), (rebuild, self.named("torch.Tensor"), args, state)
        return rebuild, args

    def _storage(self, data: np.ndarray) -> tuple[_Kept, int, tuple[int, ...]]:
        """The memory that `data` looks into, and where in it: offset and strides in elements."""
        dtype = from_numpy_dtype(data.dtype)
        memory = memory_of(data)
        if memory is None:  # strides that go backwards, or through the middle of elements
            data = np.ascontiguousarray(data)
            memory = data.reshape(-1).view(np.uint8)
        address = memory.__array_interface__["data"][0]
        kept = self._kept.get(address) if memory.size else None
        if kept is None:
            kept = _Kept(memory, dtype, str(len(self.storages)))
            self.storages[kept.key] = memory
            self._kept[address] = kept
        elif kept.dtype is not dtype:
            raise RuntimeError(
                "cannot save tensors that look at the same memory as different dtypes: "
                f"{kept.dtype} and {dtype}. Save a clone() of one"
            )
        offset = (data.__array_interface__["data"][0] - address) // data.itemsize
        strides = tuple(step // data.itemsize for step in data.strides)
        return kept, offset if data.size else 0, strides
