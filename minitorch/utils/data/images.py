"""Images in a folder per class, read through Pillow (the extra ``images``)."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minitorch.engine.state import wrap
from minitorch.utils.data.dataset import Dataset
from minitorch.utils.data.readers import AnyPath, BadFile

__all__ = ["ImageFolder", "read_image"]

SUFFIXES = (
    ".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"
)  # fmt: skip


def open_image(path: AnyPath, mode: str = "RGB") -> Any:
    """The Pillow image in a file, decoded to the end and converted to `mode`."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError:
        raise ImportError(
            "reading images needs the optional package Pillow: pip install pillow"
        ) from None
    try:
        # From memory: of a file, Pillow asks for as many bytes as a damaged one says.
        with Image.open(io.BytesIO(Path(path).read_bytes())) as image:
            return image.convert(mode)
    except FileNotFoundError:
        raise BadFile(f"{path} does not exist") from None
    except UnidentifiedImageError:
        raise BadFile(f"{path} is not an image that Pillow knows, or is damaged") from None
    except Image.DecompressionBombError as error:
        raise BadFile(f"{path} is refused: {error}") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        reason = " ".join(str(getattr(error, "strerror", None) or error).split())
        raise BadFile(f"{path} is truncated or damaged: {reason}") from None


def read_image(path: AnyPath, mode: str = "RGB") -> np.ndarray:
    """An image as uint8, channels first: ``(3, H, W)``; with mode "L", gray, ``(1, H, W)``."""
    pixels = np.array(open_image(path, mode))
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))


class ImageFolder(Dataset[Any]):
    """The images in ``root/class/...``: sample `i` is ``(image, class number)``.

    Classes are the folder's subfolders in the order of their names; `classes`, `class_to_idx` and
    `samples` (path and class number of each) list them.  Images are opened when they are asked
    for.  Without a `transform`, an image is a uint8 tensor ``(3, H, W)``; a `transform` gets
    Pillow's image.  Mirrors ``torchvision.datasets.ImageFolder``.

    Raises `BadFile` for a folder without classes, a class without images, a damaged image.
    """

    def __init__(
        self,
        root: AnyPath,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
    ) -> None:
        self.root = Path(root)
        self.transform = transform
        self.target_transform = target_transform
        if not self.root.is_dir():
            what = "is not a folder" if self.root.exists() else "does not exist"
            raise BadFile(f"{self.root} {what}")
        self.classes = sorted(entry.name for entry in os.scandir(self.root) if entry.is_dir())
        if not self.classes:
            raise BadFile(f"{self.root} has no folders: it needs one per class of images")
        self.class_to_idx = {name: i for i, name in enumerate(self.classes)}
        self.samples: list[tuple[str, int]] = []
        for name, i in self.class_to_idx.items():
            paths = sorted(
                path for path in (self.root / name).rglob("*") if path.suffix.lower() in SUFFIXES
            )
            if not paths:
                raise BadFile(f"{self.root / name} has no images ({', '.join(SUFFIXES)})")
            self.samples.extend((str(path), i) for path in paths)
        self.targets = [target for _, target in self.samples]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        path, target = self.samples[index]
        image = wrap(read_image(path)) if self.transform is None else open_image(path)
        if self.transform is not None:
            image = self.transform(image)
        return image, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.samples)
