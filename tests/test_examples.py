"""The short examples: they run, learn, draw, say in one line what is wrong, and stay short.

Each short form runs in strict mode, so it is also an example of a correct program.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")
pytest.importorskip("matplotlib")
pytest.importorskip("tqdm")

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"

# name: the options of a short form, the figure that it prints, and what that figure must be within
SHORT = {
    "convnet": (["--epochs", "3"], r"test accuracy: ([\d.]+)%", (90, 100)),
    "gpt": (["--steps", "60", "--length", "40"], r"test loss: ([\d.]+)", (1.5, 2.9)),
    "lstm": (["--steps", "60"], r"test error: ([\d.]+)", (0.01, 0.1)),
    "vae": (["--epochs", "8"], r"loss: ([\d.]+)", (23, 30)),
    "reinforce": (["--updates", "25"], r"stand for (\d+)", (45, 200)),
}


def run(name, *arguments, strict="1", cwd=None):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MINITORCH_STRICT": strict}
    return subprocess.run(
        [sys.executable, EXAMPLES / f"{name}.py", *map(str, arguments)],
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", SHORT)
def test_a_short_form(name, tmp_path):
    options, pattern, (low, high) = SHORT[name]
    picture = tmp_path / "new folder" / "picture.png"
    done = run(name, *options, "--out", picture)
    assert done.returncode == 0, done.stderr
    assert low < float(re.search(pattern, done.stdout)[1]) < high, done.stdout
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 10_000
    assert "100%" in done.stderr  # the progress bar has arrived
    assert "Warning" not in done.stderr


@pytest.mark.parametrize("name", SHORT)
def test_no_longer_than_a_screen_and_true_to_pytorchs_names(name):
    lines = (EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert all(len(line) <= 100 for line in lines)
    # Only this line keeps it from being a program for PyTorch.
    assert [line.split("#")[0].strip() for line in lines if "minitorch" in line] == [
        "import minitorch as torch"
    ]


@pytest.mark.parametrize(
    ("name", "arguments", "words"),
    [
        ("convnet", ["--epochs", "0"], "--epochs: must be a whole number of at least 1, not '0'"),
        ("convnet", ["--epochs", "many"], "at least 1, not 'many'"),
        ("convnet", ["--lr", "nan"], "--lr: must be a number above 0, not 'nan'"),
        ("vae", ["--lr", "-0.1"], "above 0, not '-0.1'"),
        ("vae", ["--seed", "-1"], "at least 0"),
        ("vae", ["--epoch", "3"], "unrecognized arguments: --epoch 3"),
        ("vae", ["--out", "/dev/null/picture.png"], "cannot write /dev/null/picture.png"),
        ("vae", ["--out", "picture"], "--out: 'picture' must end in one of ."),
        ("vae", ["--out", "folder.png"], "cannot write folder.png: Is a directory"),
        ("lstm", ["--series", os.devnull], "must hold at least 500 finite numbers"),
        ("gpt", ["--text", "missing.txt"], "cannot read missing.txt: No such file"),
        ("lstm", ["--series", "missing.txt"], "cannot read missing.txt"),
        ("lstm", ["--series", EXAMPLES / "README.md"], "is not a list of numbers"),
        ("reinforce", ["--gamma", "0"], "above 0, not '0'"),
    ],
)
def test_what_cannot_be_right_gets_one_line(name, arguments, words, tmp_path):
    out = [] if "--out" in arguments else ["--out", tmp_path / "picture.png"]
    (tmp_path / "folder.png").mkdir()
    done = run(name, *arguments, *out, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{name}.py: error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr


def test_texts_and_series_of_the_user(tmp_path):
    text, series = tmp_path / "text.txt", tmp_path / "series.csv"
    text.write_text("abc " * 500, encoding="utf-8")
    done = run("gpt", "--text", text, "--steps", "40", "--length", 8, "--out", tmp_path / "a.png")
    assert done.returncode == 0, done.stderr
    assert set(done.stdout.splitlines()[0]) <= set("abc ")
    text.write_bytes(b"\xff\xfe" * 500)
    assert "is not a text in UTF-8" in run("gpt", "--text", text).stderr
    text.write_text("too short", encoding="utf-8")
    assert "has 9 characters" in run("gpt", "--text", text).stderr
    series.write_text("\n".join(f"{day},{day % 7}" for day in range(600)), encoding="utf-8")
    done = run("lstm", "--series", series, "--steps", 3, "--out", tmp_path / "b.png")
    assert done.returncode == 0, done.stderr
    series.write_text("1\n" * 600, encoding="utf-8")
    assert "not all the same" in run("lstm", "--series", series).stderr
