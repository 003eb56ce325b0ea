"""Run the Python examples of Markdown files, so that no text promises what does not work.

Each ```python block runs, top to bottom, in one namespace per file. A ```text block right after
one is what it prints. A block marked ```python no-run is left alone.
"""

import contextlib
import io
import re
import sys
import tempfile
import traceback
from pathlib import Path

BLOCK = re.compile(
    r"^```python(?P<mark>[^\n]*)\n(?P<code>.*?)^```\n(?:\n*^```text\n(?P<printed>.*?)^```$)?",
    re.MULTILINE | re.DOTALL,
)


def run(path, text):
    """The number of blocks run, and what went wrong in them."""
    namespace, count, problems = {"__name__": "__main__"}, 0, []
    for block in BLOCK.finditer(text):
        if "no-run" in block["mark"]:
            continue
        count += 1
        line = text.count("\n", 0, block.start()) + 2
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile("\n" * (line - 1) + block["code"], path, "exec"), namespace)
        except Exception:
            problems.append(f"{path}:{line}: {traceback.format_exc(limit=-1)}")
            continue
        expected = block["printed"]
        if expected is not None and printed.getvalue().strip() != expected.strip():
            problems.append(f"{path}:{line}: printed\n{printed.getvalue()}\nnot\n{expected}")
    return count, problems


def main(paths):
    total, problems = 0, []
    for path in paths:
        text = Path(path).read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):  # some write files
            count, wrong = run(path, text)
        total += count
        problems += wrong
    print("\n".join(problems) or f"{total} snippets ran as printed")
    return bool(problems) or not total


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
