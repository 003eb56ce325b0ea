"""Check the built wheel: small, only Python, and it works where there is only NumPy.

Usage: wheel.py FOLDER, where FOLDER/dist holds what `python -m build` made.
"""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

LIMIT = 1_000_000  # bytes

PROBE = """
import sys, warnings
warnings.simplefilter("error")
import minitorch, numpy
from importlib.metadata import distributions, version
assert version("minitorch-np") == minitorch.__version__, minitorch.__version__
others = {d.name.lower() for d in distributions()} - {"minitorch-np", "numpy"}
assert not others, f"more than NumPy is installed: {others}"
assert "site-packages" in minitorch.__file__, minitorch.__file__
x = minitorch.tensor([1.0, 2.0], requires_grad=True)
(x * x).sum().backward()
assert x.grad.tolist() == [2.0, 4.0], x.grad
print(f"minitorch {minitorch.__version__} works on NumPy {numpy.__version__}")
"""


def contents(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    info = wheel.name.split("-")[0] + "-" + wheel.name.split("-")[1] + ".dist-info/"
    strange = [
        name
        for name in names
        if not name.startswith(info)
        and not (name.startswith("minitorch/") and name.endswith((".py", "/py.typed")))
    ]
    size = wheel.stat().st_size
    print(f"{wheel.name}: {size / 1000:.0f} kB, {len(names)} files")
    assert not strange, f"not Python, or not ours: {strange}"
    assert "minitorch/py.typed" in names, "py.typed is missing"
    assert wheel.name.endswith("-py3-none-any.whl"), wheel.name
    assert size < LIMIT, f"{size} bytes is over the limit of {LIMIT}"


def works(wheel, venv):
    """Install the wheel into an empty environment and use it."""
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    newest = [str(wheel)]
    oldest = [str(wheel), "numpy==2.0.*"]  # the lowest we promise; it has no builds past 3.12
    for request in [newest, oldest] if sys.version_info < (3, 13) else [newest]:
        run(sys.executable, "-m", "pip", "--python", str(python), "install", "-q", *request)
        run(str(python), "-I", "-c", PROBE, cwd=venv)
        readme = Path("README.md").resolve()
        run(str(python), "-I", str(Path(".ci/snippets.py").resolve()), str(readme), cwd=venv)


def run(*command, cwd=None):
    subprocess.run(command, check=True, cwd=cwd)


def main(folder):
    (wheel,) = Path(folder, "dist").glob("*.whl")
    contents(wheel)
    works(wheel, Path(folder, "clean"))


if __name__ == "__main__":
    main(sys.argv[1])
