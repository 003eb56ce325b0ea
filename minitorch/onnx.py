"""Models for other runtimes, which PyTorch exports.  Mirrors the name of ``torch.onnx``."""

from __future__ import annotations

from typing import Any

__all__ = ["export"]


def export(*args: Any, **kwargs: Any) -> Any:
    """Refused: load the weights into the same model in PyTorch, and export it there."""
    raise NotImplementedError(
        "onnx.export: minitorch does not trace models. Save module.state_dict() with "
        "minitorch.save, load it into the same model in PyTorch, and export from there"
    )
