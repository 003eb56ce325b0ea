"""One model on many devices: on the CPU, the model itself.  Mirrors ``torch.nn.parallel``."""

from __future__ import annotations

from typing import Any

from minitorch.nn.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """Calls its `module`, as PyTorch's does on a machine without GPUs.

    Its state dict has the names of `module`'s, with ``module.`` in front.  Mirrors
    ``torch.nn.DataParallel``.

    >>> import minitorch
    >>> model = minitorch.nn.DataParallel(minitorch.nn.Linear(2, 1))
    >>> model(minitorch.ones(3, 2)).shape, list(model.state_dict())
    (minitorch.Size([3, 1]), ['module.weight', 'module.bias'])
    """

    def __init__(
        self, module: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.dim = dim
        self.module = module
        self.device_ids: list[int] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """Refused: minitorch trains in one process.  Programs import the name before they ask."""

    def __init__(self, module: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__()
        raise NotImplementedError(
            "DistributedDataParallel: minitorch trains in one process; train the module itself"
        )


def data_parallel(
    module: Any, inputs: Any, device_ids: Any = None, output_device: Any = None, dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """``module(*inputs)``: there is one device.  Mirrors ``torch.nn.parallel.data_parallel``."""
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*inputs, **(module_kwargs or {}))
