"""The random streams that a training program draws from, as plain data."""

from __future__ import annotations

import importlib
import random
import sys
from typing import Any

import numpy as np

from minitorch.engine.state import TensorState
from minitorch.ops.creation import tensor
from minitorch.ops.random import get_rng_state, set_rng_state


def get_streams() -> dict[str, Any]:
    """The states of minitorch's default stream, of `random`, and of ``numpy.random`` if loaded."""
    states = {"minitorch": get_rng_state(), "random": random.getstate()}
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        states["numpy"] = _plain(numpy_random.get_state(legacy=False))
    return states


def set_streams(states: dict[str, Any]) -> None:
    """Let the streams go on from `states`."""
    set_rng_state(states["minitorch"])
    random.setstate(states["random"])
    if "numpy" in states:
        importlib.import_module("numpy.random").set_state(_arrays(states["numpy"]))


def _plain(state: Any) -> Any:
    """NumPy's state without NumPy: its words as a tensor."""
    if isinstance(state, dict):
        return {key: _plain(value) for key, value in state.items()}
    return tensor(state.astype(np.int64)) if isinstance(state, np.ndarray) else state


def _arrays(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _arrays(value) for key, value in state.items()}
    return state._data.astype(np.uint32) if isinstance(state, TensorState) else state
