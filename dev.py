#!/usr/bin/env python3
"""Run minitorch's jobs from a fresh clone, on a machine that has only Python.

    python3 dev.py digits     train a network on handwritten digits
    python3 dev.py test       run the tests
    python3 dev.py            list every job

The first run makes a virtual environment in .venv and installs what the job
needs; later runs start at once. What follows the job's name is handed to it
(`python3 dev.py test -k broadcast`). Only the standard library is used here.
"""

import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.join(ROOT, ".venv")
WINDOWS = os.name == "nt"
PYTHON = os.path.join(VENV, *(("Scripts", "python.exe") if WINDOWS else ("bin", "python")))
STAMP = os.path.join(VENV, "minitorch-setup.json")
OLDEST = (3, 11)

# name: (what it does, the extras it needs, the commands it runs with .venv's Python)
JOBS = {
    "digits": (
        "train a classifier on scikit-learn's handwritten digits",
        ["examples"],
        [[os.path.join(ROOT, "examples", "digits.py")]],
    ),
    **{
        name: (what, ["examples"], [[os.path.join(ROOT, "examples", name + ".py")]])
        for name, what in {
            "convnet": "a convolutional network on the same digits",
            "gpt": "a transformer that learns to write from a text",
            "lstm": "an LSTM that foretells a time series",
            "vae": "a variational autoencoder that draws digits",
            "reinforce": "an agent that learns to balance a pole",
        }.items()
    },
    "test": (
        "run the tests",
        ["test", "examples"],
        [["-m", "pytest", "-n", "auto"]],
    ),
    "bench": (
        "time minitorch, side by side with PyTorch where that is installed",
        [],
        [["-m", "benchmarks"]],
    ),
    "lint": (
        "check style, types and the import contract",
        ["dev"],
        [
            ["-m", "ruff", "check"],
            ["-m", "ruff", "format", "--check"],
            ["-m", "mypy"],
            ["-c", "from importlinter.cli import lint_imports_command as c; c()"],
        ],
    ),
    "docs": (
        "build the documentation into docs/_build/html; any warning is an error",
        ["docs"],
        [["-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", "docs", "docs/_build/html"]],
    ),
    "setup": (
        "only install; takes the names of extras (python3 dev.py setup dev docs)",
        [],
        [],
    ),
}


def main(argv):
    if sys.version_info < OLDEST:
        fail(
            f"minitorch needs Python {OLDEST[0]}.{OLDEST[1]} or newer;"
            f" this is {sys.version.split()[0]} ({sys.executable}).{newer_python()}"
        )
    if not argv or argv[0] in ("-h", "--help"):
        print(__doc__)
        for name, (what, _, _) in JOBS.items():
            print(f"  {name:9} {what}")
        return 0
    job, extra_args = argv[0], argv[1:]
    if job not in JOBS:
        fail(f"there is no job {job!r}. The jobs: {', '.join(JOBS)}.")
    _, extras, commands = JOBS[job]
    if job == "setup":
        extras, extra_args = extra_args, []
    set_up(extras)
    if not (commands and commands[0][0].endswith(".py")):
        os.chdir(ROOT)  # a script keeps the caller's folder: its arguments may be paths
    for command in commands[:-1]:
        status = subprocess.call([PYTHON, *command])
        if status:
            return status
    return run([PYTHON, *commands[-1], *extra_args]) if commands else 0


def set_up(extras):
    """Make .venv and install minitorch (editable) with these extras, unless that is done."""
    with open(os.path.join(ROOT, "pyproject.toml"), "rb") as file:
        state = {"root": ROOT, "pyproject": hashlib.sha256(file.read()).hexdigest()}
    installed = read_stamp(state)
    if installed is not None and set(extras) <= installed and os.path.exists(PYTHON):
        return
    if not works([PYTHON, "-c", f"import sys; assert sys.version_info >= {OLDEST}"]):
        make_venv()
    extras = sorted(installed | set(extras) if installed else set(extras))
    names = f"[{','.join(extras)}]" if extras else ""
    command = [*installer(), "install", "-q", "-e", ROOT + names]
    say(f"installing minitorch{names} into .venv ...")
    if subprocess.call(command, env=environment()):
        fail("The installation failed; the installer's message is above.")
    with open(STAMP, "w") as file:
        json.dump(dict(state, extras=extras), file)


def make_venv():
    """Make .venv with whatever this machine offers."""
    if os.path.lexists(VENV) and not os.path.exists(os.path.join(VENV, "pyvenv.cfg")):
        fail(f"{VENV} is in the way: it is no virtual environment. Move it, then run this again.")
    say(f"making a virtual environment in .venv (Python {sys.version.split()[0]}) ...")
    ways = []
    if has_module("venv") and has_module("ensurepip"):
        ways.append([sys.executable, "-m", "venv", "--clear", VENV])
    if shutil.which("uv"):
        ways.append(["uv", "venv", "-q", "--clear", "--python", sys.executable, VENV])
    if has_module("venv") and has_module("pip"):  # Debian without python3-venv, say
        ways.append([sys.executable, "-m", "venv", "--clear", "--without-pip", VENV])
    if not any(works(way) for way in ways):
        shutil.rmtree(VENV, ignore_errors=True)
        fail(
            f"This Python ({sys.executable}) cannot make a virtual environment:"
            " it needs ensurepip, pip or uv. On Debian or Ubuntu: apt install python3-venv"
        )


def installer():
    """The command that installs into .venv."""
    if works([PYTHON, "-c", "import pip"]):
        return [PYTHON, "-m", "pip"]
    if shutil.which("uv"):
        os.environ["VIRTUAL_ENV"] = VENV
        return ["uv", "pip"]
    if has_module("pip"):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    fail(f"Neither .venv nor {sys.executable} has pip. Remove .venv, then run this again.")


def environment():
    """This process's environment, less the pip settings that cannot hold inside a venv."""
    return dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")


def read_stamp(state):
    """The extras that .venv holds for this state of the repository; None when it is another."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
        extras = set(stamp.pop("extras"))
        return extras if stamp == state else None
    except (OSError, ValueError, KeyError):
        return None


def run(command):
    """Become the command, so that Ctrl-C and the exit status are its own."""
    if not WINDOWS:
        sys.stdout.flush()
        os.execv(command[0], command)
    process = subprocess.Popen(command)  # Windows has no real exec
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the job got it too and decides what to do


def works(command):
    try:
        return (
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode
            == 0
        )
    except OSError:
        return False


def has_module(name):
    return importlib.util.find_spec(name) is not None


def newer_python():
    names = [f"python3.{minor}" for minor in range(19, OLDEST[1] - 1, -1)]
    found = [name for name in names if works([name, "--version"])]
    return f" Try: {found[0]} dev.py" if found else ""


def say(text):
    print("dev.py: " + text, file=sys.stderr, flush=True)


def fail(text):
    say(text)
    sys.exit(2)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
