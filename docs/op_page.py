"""The tables of the page ``ops.md``, made while the documentation is built, so never stale.

They come from the public namespaces, `Tensor` and the op table.
"""

import importlib
import re

import minitorch
from minitorch.testing.op_table import TABLE

NAMESPACES = ["minitorch", "minitorch.linalg", "minitorch.special", "minitorch.nn.functional"]
PLACE = "<!-- the tables: docs/op_page.py -->"
HEADER = ["function", "what it gives", "method", "in place", "laws"]


def functions(namespace):
    """The public functions of a namespace, by name."""
    module = importlib.import_module(namespace)
    named = {name: getattr(module, name) for name in module.__all__}
    return {n: f for n, f in named.items() if callable(f) and hasattr(f, "__code__")}


def held_to_laws():
    """The ids of the functions that have a row in the op table, found by the row's name."""
    found = set()
    for row in TABLE:
        name = re.match(r"[\w.]*", row.name)[0]
        for namespace in NAMESPACES:
            target = minitorch
            for part in [*namespace.split(".")[1:], *name.split(".")]:
                target = getattr(target, part, None)
            if target is not None:
                found.add(id(target))
                break
    return found


def first_line(function):
    """The first sentence or line of a docstring, as Markdown in a table's cell."""
    lines = (function.__doc__ or "").strip().splitlines()
    text = lines[0].strip() if lines else ""
    text = re.sub(r"(?<!`)`(\w+)`(?!`)", r"``\1``", text)
    return re.sub(r"``(.+?)``", r"`\1`", text).replace("|", r"\|").replace("*args", r"\*args")


def family(function):
    """What the head of the file says in which a function is."""
    head = importlib.import_module(function.__module__).__doc__ or ""
    line = head.strip().splitlines()[0]
    title = re.split(r"(?<!\.)(?:\. |[.:]$)", line)[0]
    return title.replace("``", "`")


def cells(namespace, name, function, laws):
    """One line of a table."""
    bare = name.rstrip("_")
    module = importlib.import_module(namespace)
    same = getattr(minitorch, name, None) is function
    method = name if same and hasattr(minitorch.Tensor, name) else None
    in_place = f"{bare}_" if same and hasattr(minitorch.Tensor, f"{bare}_") else None
    if in_place is None and hasattr(module, f"{bare}_"):
        in_place = f"{bare}_"
    return [
        f"{{py:func}}`{name} <{namespace}.{name}>`",
        first_line(function),
        f"`.{method}`" if method else "",
        f"`{in_place}`" if in_place else "",
        "yes" if id(function) in laws else "",
    ]


def markdown():
    """All tables: a heading per namespace, and in `minitorch` one per family."""
    laws = held_to_laws()
    lines = []
    for namespace in NAMESPACES:
        lines += ["", f"## {namespace}"]
        families = {}
        for name, function in functions(namespace).items():
            families.setdefault(family(function), []).append((name, function))
        for title, members in sorted(families.items()):
            lines += ["", f"### {title}", "", _row(HEADER), _row(["---"] * len(HEADER))]
            lines += [_row(cells(namespace, n, f, laws)) for n, f in sorted(members)]
    return "\n".join(lines)


def _row(texts):
    return "| " + " | ".join(texts) + " |"


def fill(app, document, source):
    """Put the tables where the page asks for them."""
    if document == "ops":
        source[0] = source[0].replace(PLACE, markdown())


def setup(app):
    """Called by Sphinx: conf.py lists this file as an extension."""
    app.connect("source-read", fill)
    return {"parallel_read_safe": True}


if __name__ == "__main__":
    print(markdown())
