"""How the documentation is built: `python3 dev.py docs`. Pages are Markdown, docstrings Google's.

Any warning fails the build. Everything is made from this repository: no network is used.
"""

import re

import minitorch

project = "minitorch"
copyright = "2026, the minitorch authors"
author = "the minitorch authors"
version = release = minitorch.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
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


# In a docstring's prose, add_ is a name; reStructuredText would take it for a link.
TRAILING_UNDERSCORE = re.compile(r"(?<![\w`.])(\w+_)(?=[\s,.;:)]|$)")


def quote_names(app, what, name, obj, options, lines):
    lines[:] = [
        line
        if line.lstrip().startswith((">>>", "..."))
        else TRAILING_UNDERSCORE.sub(r"``\1``", line)
        for line in lines
    ]


def setup(app):
    app.connect("autodoc-process-docstring", quote_names)
