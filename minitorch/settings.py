"""Switches that PyTorch has for precision, determinism, threads and defaults.

What has an effect here (the number of threads of NumPy's products, the default dtype) has it; what
has none, because minitorch always computes in full precision and the same on every run, is kept
and answered.
"""

from __future__ import annotations

import os
from typing import Any

from minitorch.devices import device, require_cpu
from minitorch.dtypes import BY_NAME, set_default_dtype
from minitorch.engine.state import TensorState
from minitorch.numerics.threads import alone

__all__ = [
    "are_deterministic_algorithms_enabled", "get_default_device", "get_deterministic_debug_mode",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads",
    "is_deterministic_algorithms_warn_only_enabled", "is_storage", "is_warn_always_enabled",
    "set_default_device", "set_default_tensor_type", "set_deterministic_debug_mode",
    "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads",
    "set_num_threads", "set_warn_always", "typename", "use_deterministic_algorithms",
]  # fmt: skip

_kept: dict[str, Any] = {"precision": "highest", "deterministic": False, "warn_only": False}
_kept |= {"interop": 1, "warn_always": False}


def set_float32_matmul_precision(precision: str) -> None:
    """Accept "highest", "high" or "medium"; products are in full float32 precision always."""
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"precision must be 'highest', 'high' or 'medium', got {precision!r}")
    _kept["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told; "highest" at first."""
    return _kept["precision"]


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Accepted: the same seed on the same machine gives the same numbers always."""
    _kept["deterministic"], _kept["warn_only"] = bool(mode), bool(warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told; False at first."""
    return _kept["deterministic"]


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """Whether `use_deterministic_algorithms` was told to warn only."""
    return _kept["warn_only"]


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """0 or "default", 1 or "warn", 2 or "error": see `use_deterministic_algorithms`."""
    names = {"default": 0, "warn": 1, "error": 2}
    number = names.get(debug_mode, debug_mode) if isinstance(debug_mode, str) else debug_mode
    if number not in (0, 1, 2):
        raise RuntimeError(f"debug_mode must be one of {', '.join(names)}, got {debug_mode!r}")
    use_deterministic_algorithms(number > 0, warn_only=number == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2: see `set_deterministic_debug_mode`."""
    return (1 if _kept["warn_only"] else 2) if _kept["deterministic"] else 0


def _positive(name: str, count: Any) -> int:
    if not isinstance(count, int) or count < 1:
        raise RuntimeError(f"{name} expects a positive integer, got {count!r}")
    return count


def set_num_threads(int: int) -> None:
    """How many threads NumPy's matrix products use, and those ops here that share work out.

    Where NumPy was built with a BLAS other than OpenBLAS, set its variable in the environment
    instead: NotImplementedError.
    """
    count = _positive("set_num_threads", int)
    if alone.usual is None:
        raise NotImplementedError(
            "NumPy's BLAS takes its number of threads from the environment: set OMP_NUM_THREADS "
            "(or MKL_NUM_THREADS, VECLIB_MAXIMUM_THREADS) before Python starts"
        )
    alone.usual = count


def get_num_threads() -> int:
    """How many threads NumPy's matrix products use, and those ops here that share work out."""
    return alone.usual or int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)


def set_num_interop_threads(int: int) -> None:
    """Accepted: minitorch runs one op at a time."""
    _kept["interop"] = _positive("set_num_interop_threads", int)


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` was told; 1 at first."""
    return _kept["interop"]


def set_flush_denormal(mode: bool) -> bool:
    """False: NumPy keeps denormal numbers, and cannot be told otherwise."""
    return False


def set_warn_always(b: bool) -> None:
    """Accepted: minitorch has no warnings that it gives only once."""
    _kept["warn_always"] = bool(b)


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was told; False at first."""
    return _kept["warn_always"]


def get_default_device() -> device:
    """Where tensors are made: on the CPU."""
    return require_cpu(None)


def set_default_device(device: Any) -> None:
    """Accepts the CPU (or None); NotImplementedError for others."""
    require_cpu(device)


def set_default_tensor_type(t: Any) -> None:
    """The default dtype by the name of an old constructor, such as "torch.DoubleTensor"."""
    kinds = {"HalfTensor": "float16", "FloatTensor": "float32", "DoubleTensor": "float64"}
    name = t.rpartition(".")[2] if isinstance(t, str) else getattr(t, "__name__", str(t))
    if name not in kinds or (isinstance(t, str) and ".cuda." in t):
        raise TypeError(f"only floating-point types on the CPU can be the default, got {t!r}")
    set_default_dtype(BY_NAME[kinds[name]])


def typename(obj: Any) -> str:
    """The full name of the type of `obj`; of a tensor, that of its old constructor.

    >>> import minitorch
    >>> minitorch.typename(minitorch.ones(2))
    'minitorch.FloatTensor'
    """
    if isinstance(obj, TensorState):
        return obj.type()  # type: ignore[attr-defined]
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = kind.__module__ if kind.__module__ not in (None, "builtins") else ""
    return f"{module}.{kind.__qualname__}" if module else kind.__qualname__


def is_storage(obj: Any) -> bool:
    """Whether `obj` is a storage: False, a tensor's memory is a NumPy array here."""
    return False
