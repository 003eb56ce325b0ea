"""The two sides: names looked up, and values carried over from PyTorch."""

from __future__ import annotations

import contextlib
import functools
import random
import traceback
import types
from typing import Any

import numpy as np
import torch

from tests.parity.judge.lists import DTYPES


class Missing(Exception):
    """The module under test does not have the name."""


class Unsupported(Exception):
    """The sample cannot be carried over (another device, layout or dtype)."""


class NoFormat(Unsupported):
    """The module has no name for a memory format or layout."""


class TooSlow(BaseException):
    """A call ran past its time."""


def resolve(module: Any, path: str) -> Any:
    """``resolve(minitorch, "linalg.det")``, or Missing."""
    obj = module
    done = module.__name__
    for part in path.split("."):
        try:
            obj = getattr(obj, part)
        except AttributeError:
            raise Missing(f"{done} has no {part!r}") from None
        done += "." + part
    return obj


def _is_test_function(f: Any) -> bool:
    return isinstance(f, types.FunctionType) and (f.__module__ or "").startswith(
        ("torch.testing.", "torch.utils._pytree")
    )


def _code_names(code: types.CodeType) -> set[str]:
    names = set(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            names |= _code_names(const)
    return names


def _wrapper_set_seed(module: Any):
    def wrapper_set_seed(op, *args, **kwargs):
        seed = random.randrange(2**31)
        if module is torch:  # torch.manual_seed takes a millisecond
            torch.default_generator.manual_seed(seed)
        elif hasattr(module, "manual_seed"):
            module.manual_seed(seed)
        return op(*args, **kwargs)

    return wrapper_set_seed


def rebind(value: Any, module: Any, seen: dict | None = None) -> Any:
    """The same function with ``torch`` replaced by ``module``: the lambdas of the records."""
    seen = {} if seen is None else seen
    if value is torch:
        return module
    if isinstance(value, functools.partial):
        converter = Converter(module)
        return functools.partial(
            rebind(value.func, module, seen),
            *converter(list(value.args)),
            **converter(dict(value.keywords)),
        )
    if isinstance(value, types.ModuleType) and value.__name__.startswith("torch."):
        if value.__name__.startswith("torch.testing."):
            return value
        return resolve(module, value.__name__.removeprefix("torch."))
    if getattr(value, "__name__", "") == "wrapper_set_seed":
        return _wrapper_set_seed(module)
    if isinstance(value, torch.dtype):
        return Converter(module)(value)
    if value is torch.Tensor:
        return resolve(module, "Tensor")
    if _is_test_function(value):
        if id(value) in seen:
            return seen[id(value)]
        scope = dict(value.__globals__)
        new = types.FunctionType(
            value.__code__, scope, value.__name__, value.__defaults__, None or _cells(value)
        )
        new.__kwdefaults__ = value.__kwdefaults__
        seen[id(value)] = new
        for name in _code_names(value.__code__):
            if name in scope:
                scope[name] = rebind(scope[name], module, seen)
        if value.__closure__:
            for cell, old in zip(new.__closure__, value.__closure__, strict=True):
                with contextlib.suppress(ValueError):
                    cell.cell_contents = rebind(old.cell_contents, module, seen)
        return new
    return _counterpart(value, module)


def _cells(f: types.FunctionType):
    return None if f.__closure__ is None else tuple(types.CellType() for _ in f.__closure__)


def _counterpart(value: Any, module: Any) -> Any:
    """The module's object of the same name as a public function or method of torch."""
    methods = types.MethodDescriptorType | types.WrapperDescriptorType
    if isinstance(value, methods) and issubclass(torch.Tensor, value.__objclass__):
        return resolve(module, "Tensor." + value.__name__)
    if isinstance(value, types.FunctionType | types.BuiltinFunctionType):
        name, home = value.__name__, value.__module__ or ""
        if home.startswith("torch.") and hasattr(resolve_or_none(torch, home[6:]), name):
            return resolve(module, f"{home[6:]}.{name}")
        if home.startswith("torch") and getattr(torch, name, None) is value:
            return resolve(module, name)
        if isinstance(value, types.BuiltinFunctionType):
            if getattr(torch, name, None) is value:
                return resolve(module, name)
            for space in ("linalg", "special", "nn.functional"):
                if getattr(resolve_or_none(torch, space), name, None) is value:
                    return resolve(module, f"{space}.{name}")
        if getattr(torch.Tensor, name, None) is value:
            return resolve(module, "Tensor." + name)
    if isinstance(value, type) and issubclass(value, torch.nn.Module):
        return resolve(module, "nn." + value.__name__)
    return value


def resolve_or_none(module: Any, path: str) -> Any:
    try:
        return resolve(module, path)
    except Missing:
        return None


class Converter:
    """Carries values of torch over to the module under test.

    Tensors keep their values, dtype, strides, offset, requires_grad, and what they share with one
    another: every torch storage becomes one NumPy buffer.
    """

    def __init__(self, module: Any, exact: bool = False):
        self.module = module
        self.exact = exact  # one storage per storage, not only one piece of memory
        self.buffers: dict[int, np.ndarray] = {}
        self.bases: dict[Any, Any] = {}
        self.left_out: list[str] = []
        self.tensors: dict[int, Any] = {}
        self.keep: list[Any] = []  # ids stay valid while the originals live

    def __call__(self, x: Any) -> Any:
        module = self.module
        if isinstance(x, torch.Tensor):
            return self.tensor(x)
        if isinstance(x, torch.Size):
            return getattr(module, "Size", tuple)(x)
        if isinstance(x, torch.dtype):
            name = str(x).removeprefix("torch.")
            if x not in DTYPES and not hasattr(module, name):
                raise Unsupported(name)
            return resolve(module, name)
        if isinstance(x, torch.device):
            if x.type != "cpu":
                raise Unsupported(str(x))
            return resolve(module, "device")(x.type)
        if isinstance(x, torch.memory_format | torch.layout):
            name = str(x).removeprefix("torch.")
            if not hasattr(module, name):
                raise NoFormat(f"{module.__name__} has no {name!r}")
            return getattr(module, name)
        if isinstance(x, torch.Generator):
            return resolve(module, "Generator")()
        if isinstance(x, torch.nn.Module):
            if list(x.parameters()):
                raise Unsupported(type(x).__name__)
            new = resolve(module, "nn." + type(x).__name__)()
            for key, value in vars(x).items():
                if isinstance(value, int | float | bool | str):
                    setattr(new, key, value)
            return new
        if isinstance(x, slice):
            return slice(self(x.start), self(x.stop), self(x.step))
        if isinstance(x, tuple) and hasattr(x, "_fields"):
            return type(x)(*map(self, x))
        if isinstance(x, list | tuple):
            return type(x)(self(y) for y in x)
        if isinstance(x, dict):
            return {k: self(v) for k, v in x.items() if not self.dispensable(v)}
        if callable(x) and not isinstance(x, type):
            return rebind(x, module)
        return x

    def dispensable(self, x: Any) -> bool:
        """Formats that change no value are left out where the module has no name for them."""
        formats = (torch.contiguous_format, torch.preserve_format, torch.strided)
        if not isinstance(x, torch.memory_format | torch.layout) or x not in formats:
            return False
        name = str(x).removeprefix("torch.")
        if hasattr(self.module, name):
            return False
        self.left_out.append(f"{self.module.__name__} has no {name!r}")
        return True

    def tensor(self, t: torch.Tensor) -> Any:
        if id(t) in self.tensors:
            return self.tensors[id(t)]
        if t.layout is not torch.strided or t.device.type != "cpu" or t.is_nested:
            raise Unsupported(f"{t.layout} {t.device}")
        if t.dtype not in DTYPES or t.ndim > 64:  # 64 is NumPy's limit
            raise Unsupported(f"{t.dtype}, {t.ndim} dimensions")
        plain = t.detach()
        if plain.is_conj() or plain.is_neg():
            plain = plain.resolve_conj().resolve_neg().clone()
        storage = plain.untyped_storage()
        self.keep += [t, plain]
        key = storage.data_ptr() or id(t)
        if plain.numel() and not storage.nbytes():
            raise Unsupported("a tensor without memory")
        if key not in self.buffers:
            raw = torch.empty(0, dtype=torch.uint8).set_(storage)
            self.buffers[key] = raw.numpy().copy()
        size = plain.element_size()
        if plain.numel() == 0:
            array = np.empty(tuple(plain.shape), numpy_dtype(plain.dtype))
        else:
            array = np.ndarray(
                tuple(plain.shape),
                numpy_dtype(plain.dtype),
                self.buffers[key],
                plain.storage_offset() * size,
                tuple(s * size for s in plain.stride()),
            )
        whole = plain.numel() * size == storage.nbytes() and plain.is_contiguous()
        if self.exact and not whole and plain.numel() and storage.nbytes() % size == 0:
            if (key, t.dtype) not in self.bases:
                flat = self.buffers[key].view(numpy_dtype(plain.dtype))
                self.bases[key, t.dtype] = self.module.from_numpy(flat)
            new = self.module.as_strided(
                self.bases[key, t.dtype],
                tuple(plain.shape),
                tuple(plain.stride()),
                plain.storage_offset(),
            ).detach()
        elif self.exact and plain.numel() and storage.nbytes() % size == 0:
            if (key, t.dtype) not in self.bases:
                flat = self.buffers[key].view(numpy_dtype(plain.dtype))
                self.bases[key, t.dtype] = self.module.from_numpy(flat)
            new = self.bases[key, t.dtype].view(tuple(plain.shape)).detach()
        else:
            new = self.module.from_numpy(array)
        if t.requires_grad:
            new.requires_grad_(True)
        self.tensors[id(t)] = new
        return new

    def snapshot(self) -> dict[int, bytes]:
        return {key: buffer.tobytes() for key, buffer in self.buffers.items()}


def numpy_dtype(dtype: torch.dtype) -> np.dtype:
    return np.dtype(str(dtype).removeprefix("torch.").replace("bool", "bool_"))


def is_tensor(x: Any, module: Any) -> bool:
    return isinstance(x, module.Tensor)


def dtype_name(t: Any) -> str:
    return str(t.dtype).rsplit(".", 1)[-1].removesuffix("'>")


def to_numpy(t: Any) -> np.ndarray:
    if isinstance(t, torch.Tensor):
        t = t.detach().resolve_conj().resolve_neg()
        return (t.clone() if t._is_zerotensor() else t).numpy()
    array = t.detach().numpy()
    if not isinstance(array, np.ndarray):
        raise TypeError(f"detach().numpy() gave {type(array).__name__}, not an ndarray")
    return array


def flatten(x: Any, module: Any) -> list[Any]:
    """The tensors in x, depth first."""
    if is_tensor(x, module):
        return [x]
    if isinstance(x, list | tuple):
        return [t for y in x for t in flatten(y, module)]
    if isinstance(x, dict):
        return [t for y in x.values() for t in flatten(y, module)]
    return []


def fields_of(x: Any) -> tuple[str, ...]:
    """The names of a named tuple or of one of PyTorch's return types."""
    if hasattr(x, "_fields"):
        return tuple(x._fields)
    if isinstance(x, tuple) and hasattr(type(x), "n_sequence_fields"):
        return tuple(type(x).__match_args__)
    return ()


def short(x: Any) -> str:
    """One argument, compactly."""
    if isinstance(x, torch.Tensor):
        kind = str(x.dtype).removeprefix("torch.").replace("float", "f").replace("complex", "c")
        kind = kind.replace("uf", "uf").replace("uint", "u").replace("int", "i")
        if x.device.type != "cpu" or x.layout is not torch.strided:
            return f"{kind}{list(x.shape)} {x.device} {x.layout}"
        if x.ndim == 0 and not x.is_complex():
            return f"{kind}({x.item():.4g})"
        layout = "" if x.is_contiguous() else f" strides {list(x.stride())}"
        if x.numel() <= 3 and not x.dtype.is_floating_point:
            return f"{kind}{x.tolist()}"
        return f"{kind}{list(x.shape)}{layout}"
    if isinstance(x, tuple) and not isinstance(x, torch.Size):
        return "(" + ", ".join(map(short, x)) + ("," if len(x) == 1 else "") + ")"
    if isinstance(x, list):
        return "[" + ", ".join(map(short, x)) + "]"
    if isinstance(x, dict):
        return ", ".join(f"{k}={short(v)}" for k, v in x.items())
    if isinstance(x, torch.dtype):
        return str(x).removeprefix("torch.")
    if isinstance(x, float):
        return f"{x:.6g}"
    text = repr(x)
    return text if len(text) < 80 else text[:77] + "..."


def describe(sample: Any) -> str:
    parts = [short(sample.input), *map(short, sample.args)]
    if sample.kwargs:
        parts.append(short(sample.kwargs))
    text = ", ".join(parts)
    return text if len(text) < 300 else text[:297] + "..."


def where_from(error: BaseException) -> str:
    """Class, message and the innermost frame outside the judge."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = [f for f in frames if "/judge" not in f.filename]
    message = " ".join(str(error).split())
    place = ""
    if inner:
        name = "/".join(inner[-1].filename.split("/")[-2:])
        place = f" ({name}:{inner[-1].lineno} in {inner[-1].name})"
        ours = [f for f in inner if "minitorch" in f.filename]
        if ours and ours[-1] is not inner[-1]:
            name = "/".join(ours[-1].filename.split("/")[-2:])
            place += f" (from {name}:{ours[-1].lineno})"
    text = f"{type(error).__name__}: {message[:200]}{place}"
    return text
