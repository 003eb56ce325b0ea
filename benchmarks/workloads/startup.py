"""What a framework costs before it does anything: the time to import it, and its size."""

import io
import os
import subprocess
import sys
import time
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from benchmarks.registry import probe


def process_time(side, code):
    env = dict(side.environment)
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # users' imports find compiled files
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True, env=env, cwd=side.folder)
    return time.perf_counter() - began


# One measurement serves both probes: the second takes what the first left here.
left = {}


def import_times(side):
    if side not in left:  # the first one compiles, and fills the system's file cache
        process_time(side, f"import {side.module}")
    bare, numpy, module = (
        process_time(side, code) for code in ("pass", "import numpy", f"import {side.module}")
    )
    left[side] = module - numpy
    return module - bare, module - numpy


@probe("import", "import in a fresh process, less an empty one")
def import_time(side):
    return import_times(side)[0]


@probe("import-past-numpy", "less a process that imports NumPy")
def import_past_numpy(side):
    past, left[side] = left.get(side), None
    return import_times(side)[1] if past is None else past


@probe("size-installed", "installed, without dependencies", unit="B", once=True)
def size_installed(side):
    if side.module == "minitorch":
        return sum(path.stat().st_size for path in package_files(side))
    try:
        files = distribution(side.module).files or ()
    except PackageNotFoundError:
        return None
    return sum(f.locate().stat().st_size for f in files if os.path.exists(f.locate()))


@probe("size-wheel", "the wheel", unit="B", once=True)
def size_wheel(side):
    if side.module != "minitorch":
        return None
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in package_files(side):
            archive.write(path)
    return packed.tell()


def package_files(side):
    folder = Path(side.folder, "minitorch")
    return [path for path in sorted(folder.rglob("*")) if path.suffix in (".py", ".typed")]
