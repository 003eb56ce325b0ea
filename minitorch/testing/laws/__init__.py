"""The laws that functions, pairs and modules are held to, each with its lesson.

`LAWS` has them in the order in which they are tried: plain facts first, so that the failure that is
reported is the one to mend first.
"""

from __future__ import annotations

from typing import Any

from minitorch.testing.laws import gradients, graph, memory, modules, values
from minitorch.testing.laws.law import REGISTRY, Broken, Law, law

__all__ = ["LAWS", "Broken", "Law", "chosen_laws", "law"]

_ORDER = [
    values.value,
    values.finite,
    values.repeatable,
    modules.seeded,
    memory.mutation,
    values.zero_size,
    gradients.gradient,
    gradients.broadcasting,
    graph.own_shapes,
    gradients.linear,
    gradients.subsets,
    values.dtype_kept,
    values.layout,
    memory.aliasing,
    gradients.second_order,
    graph.no_grad,
    graph.second_backward,
    graph.graph_freed,
    graph.pickles,
    graph.wrong_shapes,
    modules.state_dict,
    modules.train_eval,
    modules.batch,
    modules.parameters_used,
    values.torch_agrees,
]
LAWS: dict[str, Law] = {one.name: one for one in _ORDER}


def chosen_laws(laws: Any) -> list[Law]:
    """The laws meant by "all", a name, a `Law`, or several; a name after ``-`` is left out.

    >>> [law.name for law in chosen_laws(["gradient", "linear"])]
    ['gradient', 'linear']
    >>> len(chosen_laws("all")) - len(chosen_laws("all -pickles"))
    1
    """
    wanted = laws.replace(",", " ").split() if isinstance(laws, str) else laws
    wanted = [wanted] if isinstance(wanted, Law) else list(wanted)
    found: dict[str, Law] = {}
    for one in wanted:
        if isinstance(one, Law):
            found[one.name] = one
        elif one == "all":
            found.update(LAWS)
        else:
            name = one.lstrip("-").replace("-", "_")
            if name not in REGISTRY:
                raise ValueError(f"no law is called {name!r}; there are {', '.join(LAWS)}")
            if one.startswith("-"):
                found = found or dict(LAWS)
                found.pop(name, None)
            else:
                found[name] = REGISTRY[name]
    return list(found.values())
