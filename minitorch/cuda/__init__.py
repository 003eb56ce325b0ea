"""What programs ask about CUDA, answered truthfully: there is none.  Mirrors ``torch.cuda``.

Questions answer no, 0 or nothing; seeds and clean-up have nothing to do and do it; what needs a GPU
raises NotImplementedError.  So code that chooses its device chooses the CPU, and runs.
"""

from __future__ import annotations

from typing import Any

__all__ = [
    "Event", "Stream", "amp", "current_device", "current_stream", "device_count", "empty_cache",
    "get_arch_list", "get_device_capability", "get_device_name", "get_device_properties",
    "get_rng_state_all", "init", "ipc_collect", "is_available", "is_bf16_supported",
    "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated",
    "max_memory_reserved", "mem_get_info", "memory_allocated", "memory_reserved", "nccl",
    "reset_peak_memory_stats", "seed", "seed_all", "set_device", "synchronize",
]  # fmt: skip

from minitorch.cuda import amp, nccl


def is_available() -> bool:
    """Whether there is a CUDA device that tensors can live on: False.

    >>> import minitorch
    >>> minitorch.device("cuda" if minitorch.cuda.is_available() else "cpu")
    device(type='cpu')
    """
    return False


_initialized = False  # asked for by programs older than `is_initialized`


def is_initialized() -> bool:
    """Whether CUDA was started: False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """Whether the CUDA device computes in bfloat16: False, there is none."""
    return False


def device_count() -> int:
    """The number of CUDA devices: 0."""
    return 0


def get_arch_list() -> list[str]:
    """The CUDA architectures that this was compiled for: none."""
    return []


def manual_seed(seed: int) -> None:
    """Seeds the stream of the CUDA device, of which there is none."""
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Seeds the streams of all CUDA devices, of which there are none."""
    int(seed)


def seed() -> None:
    """Nothing: there is no CUDA stream to seed."""


def seed_all() -> None:
    """Nothing: there is no CUDA stream to seed."""


def get_rng_state_all() -> list[Any]:
    """The states of the streams of all CUDA devices: an empty list."""
    return []


def synchronize(device: Any = None) -> None:
    """Nothing: a result is computed when its call returns."""


def empty_cache() -> None:
    """Nothing: there is no CUDA memory to give back."""


def ipc_collect() -> None:
    """Nothing: there is no CUDA memory to give back."""


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing: there is no CUDA memory to measure."""


def memory_allocated(device: Any = None) -> int:
    """Bytes of CUDA memory in use: 0."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """The most bytes of CUDA memory that were in use: 0."""
    return 0


def memory_reserved(device: Any = None) -> int:
    """Bytes of CUDA memory held: 0."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """The most bytes of CUDA memory that were held: 0."""
    return 0


def _refused(name: str) -> NotImplementedError:
    return NotImplementedError(
        f"cuda.{name} needs a CUDA device, and minitorch computes on the CPU. "
        "Ask cuda.is_available() first"
    )


def init() -> None:
    """Refused: there is no CUDA device."""
    raise _refused("init()")


def current_device() -> int:
    """Refused: there is no CUDA device."""
    raise _refused("current_device()")


def set_device(device: Any) -> None:
    """Refused: there is no CUDA device."""
    raise _refused("set_device()")


def get_device_name(device: Any = None) -> str:
    """Refused: there is no CUDA device."""
    raise _refused("get_device_name()")


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """Refused: there is no CUDA device."""
    raise _refused("get_device_capability()")


def get_device_properties(device: Any = None) -> Any:
    """Refused: there is no CUDA device."""
    raise _refused("get_device_properties()")


def mem_get_info(device: Any = None) -> tuple[int, int]:
    """Refused: there is no CUDA device."""
    raise _refused("mem_get_info()")


def current_stream(device: Any = None) -> Any:
    """Refused: there is no CUDA device."""
    raise _refused("current_stream()")


class Event:
    """Refused: to measure time on the CPU, use ``time.perf_counter()``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "cuda.Event needs a CUDA device, and minitorch computes on the CPU: "
            "measure time with time.perf_counter()"
        )


class Stream:
    """Refused: there is no CUDA device to queue work on."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise _refused("Stream")
