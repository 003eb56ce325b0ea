"""Nested tuples, lists and dicts as one flat list.  Mirrors ``torch.utils._pytree``.

Programs use it to treat a model's output alike, be it one tensor or many:

>>> import minitorch
>>> from minitorch.utils._pytree import tree_flatten, tree_unflatten
>>> leaves, spec = tree_flatten({"logits": minitorch.zeros(2), "hidden": [1, 2]})
>>> leaves
[tensor([0., 0.]), 1, 2]
>>> tree_unflatten(["a", "b", "c"], spec)
{'logits': 'a', 'hidden': ['b', 'c']}
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["TreeSpec", "tree_flatten", "tree_leaves", "tree_map", "tree_unflatten"]

SEQUENCES = (tuple, list, deque)
MAPPINGS = (dict, OrderedDict, defaultdict)


@dataclass
class TreeSpec:
    """How a tree was nested: a container that has children, or a leaf (`like` is None)."""

    like: Any
    keys: list[Any] | None
    children: list[TreeSpec]

    @property
    def num_leaves(self) -> int:
        return 1 if self.like is None else sum(child.num_leaves for child in self.children)

    def build(self, leaves: Iterable[Any]) -> Any:
        """The tree with the next of `leaves` at each of its places."""
        if self.like is None:
            return next(leaves)  # type: ignore[call-overload]
        parts = [child.build(leaves) for child in self.children]
        kind = type(self.like)
        if self.keys is not None:
            pairs = zip(self.keys, parts, strict=True)
            return (
                defaultdict(self.like.default_factory, pairs)
                if kind is defaultdict
                else kind(pairs)
            )
        if hasattr(kind, "_fields"):
            return kind(*parts)
        return deque(parts, self.like.maxlen) if kind is deque else kind(parts)


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves of `tree`, from left to right, and the `TreeSpec` that puts them back.

    Tuples (named ones too), lists, deques and dicts are nested; all else is a leaf, as is None and
    what `is_leaf` says.  Subclasses of dict and list that Python does not bring are leaves.
    """
    kind = type(tree)
    named = isinstance(tree, tuple) and hasattr(kind, "_fields")
    if (is_leaf is not None and is_leaf(tree)) or not (named or kind in SEQUENCES + MAPPINGS):
        return [tree], TreeSpec(None, None, [])
    keys = list(tree) if kind in MAPPINGS else None
    parts = [tree_flatten(part, is_leaf) for part in (tree if keys is None else tree.values())]
    leaves = [leaf for found, _ in parts for leaf in found]
    return leaves, TreeSpec(_empty(tree), keys, [spec for _, spec in parts])


def _empty(tree: Any) -> Any:
    """A container like `tree` that holds nothing: a spec keeps no tensor alive."""
    kind = type(tree)
    if kind is defaultdict:
        return defaultdict(tree.default_factory)
    if kind is deque:
        return deque(maxlen=tree.maxlen)
    return kind(*[None] * len(tree)) if hasattr(kind, "_fields") else kind()


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> Any:
    """The tree of `treespec` with these `leaves`; ValueError if they are too few or too many."""
    leaves = list(leaves)
    if len(leaves) != treespec.num_leaves:
        raise ValueError(f"the tree has {treespec.num_leaves} leaves, {len(leaves)} were given")
    return treespec.build(iter(leaves))


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of `tree` (see `tree_flatten`)."""
    return tree_flatten(tree, is_leaf)[0]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """`tree` with each leaf replaced by `func` of it, and of the same places in `rests`.

    ValueError if one of `rests` is nested in another way.

    >>> from minitorch.utils._pytree import tree_map
    >>> tree_map(lambda a, b: a + b, [1, (2, 3)], [10, (20, 30)])
    [11, (22, 33)]
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves]
    for rest in rests:
        more, other = tree_flatten(rest, is_leaf)
        if other != spec:
            raise ValueError(f"the trees are nested differently: {spec} and {other}")
        columns.append(more)
    return tree_unflatten(map(func, *columns), spec)
