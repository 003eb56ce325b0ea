"""`save` and `load`: one way to every format."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from minitorch.serialization.archive_reader import ArchiveReader
from minitorch.serialization.atomic import atomic_write
from minitorch.serialization.legacy import is_legacy, read_legacy
from minitorch.serialization.npz import is_npz, read_npz, write_npz
from minitorch.serialization.pickler import PROTOCOL
from minitorch.serialization.pt import pickle_folder, placing, read_pt, write_pt
from minitorch.serialization.safetensors import is_safetensors, read_safetensors, write_safetensors
from minitorch.serialization.source import Source, open_source

WRITERS: dict[str, Callable[..., None]] = {
    "pt": write_pt,
    "safetensors": write_safetensors,
    "npz": write_npz,
}


def save(
    obj: Any,
    f: Any,
    pickle_module: Any = None,
    pickle_protocol: int = PROTOCOL,
    _use_new_zipfile_serialization: bool = True,
    *,
    format: str | None = None,
) -> None:
    """Write `obj` to the path or file object `f`.  Mirrors ``torch.save``.

    `format` is ``"pt"`` (PyTorch's, for tensors and any nested plain data), ``"safetensors"`` or
    ``"npz"`` (both for a dictionary of tensors); left out, the suffix of the path tells, and any
    other suffix means ``"pt"``.  A path is at any moment the whole old file or the whole new one,
    however the program ends (see `minitorch.serialization.atomic`).

    What is not data, such as a whole module, is pickled in a ``"pt"`` file as PyTorch does it; only
    ``load(..., weights_only=False)`` takes it back.

    >>> import io, minitorch
    >>> model = minitorch.nn.Linear(2, 1)
    >>> file = io.BytesIO()
    >>> minitorch.save({"model": model.state_dict(), "epoch": 3}, file)
    >>> file.seek(0)
    0
    >>> minitorch.load(file)["epoch"]
    3
    """
    _check_pickle_module(pickle_module)
    if not _use_new_zipfile_serialization:
        raise NotImplementedError("the format from before PyTorch 1.6 is read but not written")
    path = isinstance(f, (str, os.PathLike))
    if format is None:
        suffix = os.path.splitext(os.fspath(f))[1][1:].lower() if path else "pt"
        format = suffix if suffix in WRITERS else "pt"
    if format not in WRITERS:
        raise ValueError(f"format is one of {', '.join(WRITERS)}, not {format!r}")
    options = {} if pickle_protocol == PROTOCOL else {"protocol": pickle_protocol}
    if path:
        with atomic_write(f) as file:
            WRITERS[format](file, obj, **options)
        return
    if not callable(getattr(f, "write", None)):
        raise AttributeError(
            f"save() needs a path or a file open for writing, got {type(f).__name__}"
        )
    WRITERS[format](f, obj, **options)


def load(
    f: Any,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """What was saved in the path or file object `f`, here or by PyTorch.  Mirrors ``torch.load``.

    The format is told from the content: PyTorch's (also that from before 1.6), safetensors or npz.
    Loading is safe: no file can make it run code, or take much more memory than what it holds.
    Whatever is wrong with a file is a `minitorch.serialization.LoadError`, a RuntimeError.

    `map_location`  where tensors go that were saved from another device: ``"cpu"``, a dictionary of
    names, or a function of a storage and a name.
    `weights_only`  False takes whatever was pickled, and so runs whatever code the file names: for
    files of your own.
    `mmap`  read from the disk only what is used, when it is used (paths only; checksums are not
    looked at).

    >>> import minitorch, tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
    >>> minitorch.save({"weight": minitorch.ones(2)}, path)
    >>> minitorch.load(path)
    {'weight': tensor([1., 1.])}
    """
    _check_pickle_module(pickle_module)
    weights_only = True if weights_only is None else weights_only
    if weights_only and pickle_module is not None:
        raise RuntimeError("weights_only=True uses its own pickle module: leave pickle_module out")
    if mmap and not isinstance(f, (str, os.PathLike)):
        raise ValueError("mmap=True needs a path")
    options = {} if weights_only else pickle_load_args
    with open_source(f) as source:
        return _read(source, map_location, weights_only, bool(mmap), options)


def _read(
    source: Source, map_location: Any, weights_only: bool, mmap: bool, options: dict[str, Any]
) -> Any:
    place = placing(map_location, source.error)
    start = source.read(0, min(source.size, 16))
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        archive = ArchiveReader(source)
        if pickle_folder(archive) is not None:
            return read_pt(archive, place, weights_only, mmap, **options)
        if is_npz(archive):
            return read_npz(archive, mmap)
        raise source.error("it is a zip archive, but neither PyTorch's nor NumPy's")
    if is_safetensors(start):
        return read_safetensors(source, mmap)
    if is_legacy(start):
        if mmap:
            raise source.error("mmap=True cannot read the format from before PyTorch 1.6")
        return read_legacy(source, place, weights_only, **options)
    if not source.size:
        raise source.error("it is empty")
    raise source.error("its content is not PyTorch's, safetensors or npz")


def _check_pickle_module(module: Any) -> None:
    if module is not None and getattr(module, "__name__", None) != "pickle":
        raise NotImplementedError(f"pickle_module can only be Python's own pickle, not {module!r}")
