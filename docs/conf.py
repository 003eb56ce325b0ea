"""How the documentation is built: `python3 dev.py docs`. Pages are Markdown, docstrings Google's.

Any warning fails the build. Everything is made from this repository: no network is used.
"""

import re
import sys
from pathlib import Path

import minitorch

sys.path.insert(0, str(Path(__file__).parent))  # where op_page.py is

project = "minitorch"
copyright = "2026, the minitorch authors"
author = "the minitorch authors"
version = release = minitorch.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "op_page",
    "pytorch_page",
]
exclude_patterns = ["_build"]
myst_heading_anchors = 3

default_role = "code"  # `x` in a docstring is code, as in Markdown
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Shape", "notes_style")]

html_theme = "furo"
html_title = f"minitorch {release}"
html_copy_source = False


# In a docstring's prose, add_ is a name and (*, C) a shape; reStructuredText would take the one
# for a link and the other for the start of an emphasis.
CODE = r"``.+?``|`[^`]+`"
TRAILING_UNDERSCORE = re.compile(rf"(?P<code>{CODE})|(?<![\w`.])(\w+_)(?=[\s,.;:)]|$)")
LONE_ASTERISK = re.compile(rf"(?P<code>{CODE})|(?<=[( ])\*(?=\w*[,)])")


def quote_names(app, what, name, obj, options, lines):
    for i, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            line = TRAILING_UNDERSCORE.sub(lambda m: m["code"] or f"``{m[0]}``", line)
            lines[i] = LONE_ASTERISK.sub(lambda m: m["code"] or r"\*", line)


def setup(app):
    app.connect("autodoc-process-docstring", quote_names)
