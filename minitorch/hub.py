"""Models from the network, which minitorch does not fetch.  Mirrors names of ``torch.hub``."""

from __future__ import annotations

import os
from typing import Any

__all__ = [
    "download_url_to_file", "get_dir", "help", "list", "load", "load_state_dict_from_url",
    "set_dir",
]  # fmt: skip

_directory: str | None = None


def get_dir() -> str:
    """The folder where programs keep what they download: ``~/.cache/torch/hub`` by default.

    The environment's ``TORCH_HOME`` and ``XDG_CACHE_HOME`` move it, as in PyTorch.
    """
    if _directory is not None:
        return _directory
    cache = os.getenv("XDG_CACHE_HOME", os.path.join("~", ".cache"))
    home = os.getenv("TORCH_HOME", os.path.join(cache, "torch"))
    return os.path.join(os.path.expanduser(home), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Use another folder."""
    global _directory
    _directory = os.path.expanduser(d)


def _refused(name: str, instead: str) -> NotImplementedError:
    return NotImplementedError(f"hub.{name}: minitorch fetches nothing from the network. {instead}")


_CODE = "The code of a hub model is PyTorch's: build the module here and load its weights"


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> Any:
    """Refused: a hub's model is a program for PyTorch."""
    raise _refused("load", _CODE)


def list(github: str, *args: Any, **kwargs: Any) -> Any:
    """Refused: see `load`."""
    raise _refused("list", _CODE)


def help(github: str, model: str, *args: Any, **kwargs: Any) -> Any:
    """Refused: see `load`."""
    raise _refused("help", _CODE)


def load_state_dict_from_url(url: str, *args: Any, **kwargs: Any) -> Any:
    """Refused: download the file, then `minitorch.load` it."""
    raise _refused("load_state_dict_from_url", "Download the file and use minitorch.load(path)")


def download_url_to_file(url: str, dst: str, *args: Any, **kwargs: Any) -> None:
    """Refused: Python's ``urllib.request.urlretrieve(url, dst)`` does the same."""
    raise _refused("download_url_to_file", "Use urllib.request.urlretrieve(url, dst)")
