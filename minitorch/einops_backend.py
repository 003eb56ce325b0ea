"""Makes einops work on Tensors.

einops looks for a framework among the subclasses of its ``AbstractBackend``.  The one for
minitorch is defined when einops is imported, whether that was before minitorch or comes later;
a program that does not use einops never sees it.
"""

from __future__ import annotations

import importlib.machinery
import sys
from types import ModuleType
from typing import Any

from minitorch.engine.state import TensorState
from minitorch.ops import creation, einsum, joining
from minitorch.ops.extremes import amax, amin

WATCHED = "einops._backends"


def install() -> None:
    """Define the backend now, if einops is there already, or as soon as it is imported."""
    if WATCHED in sys.modules:
        _define(sys.modules[WATCHED])
    else:
        sys.meta_path.insert(0, _Watcher())


class _Watcher:
    """Waits for one module to be imported, and adds to it."""

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != WATCHED:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                load(module)
                _define(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _define(backends: Any) -> None:
    """The backend: einops finds it as a subclass, and asks it for these few operations."""
    if hasattr(backends, "MinitorchBackend"):
        return

    class MinitorchBackend(backends.AbstractBackend):
        framework_name = "minitorch"

        def is_appropriate_type(self, tensor: Any) -> bool:
            return isinstance(tensor, TensorState)

        def from_numpy(self, x: Any) -> Any:
            return creation.from_numpy(x)

        def to_numpy(self, x: Any) -> Any:
            return x.detach().numpy()

        def arange(self, start: int, stop: int) -> Any:
            return creation.arange(start, stop)

        def transpose(self, x: Any, axes: Any) -> Any:
            return x.permute(axes)

        def reduce(self, x: Any, operation: str, axes: Any) -> Any:
            if operation in ("min", "max"):
                return (amin if operation == "min" else amax)(x, axes)
            if operation in ("any", "all", "prod"):  # one dimension at a time
                for axis in sorted(axes, reverse=True):
                    x = getattr(x, operation)(axis)
                return x
            return getattr(x, operation)(axes)

        def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Any:
            return joining.stack(tensors)

        def add_axes(self, x: Any, n_axes: int, pos2len: dict[int, int]) -> Any:
            sizes = [-1] * n_axes
            for position, length in pos2len.items():
                x = x.unsqueeze(position)
                sizes[position] = length
            return x.expand(sizes)

        def concat(self, tensors: list[Any], axis: int) -> Any:
            return joining.cat(tensors, axis)

        def is_float_type(self, x: Any) -> bool:
            return x.is_floating_point() or x.is_complex()

        def einsum(self, pattern: str, *x: Any) -> Any:
            return einsum.einsum(pattern, *x)

    backends.MinitorchBackend = MinitorchBackend  # a list of subclasses does not keep them alive
