"""Nested containers as flat lists, and back."""

from collections import OrderedDict, defaultdict, deque, namedtuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch.utils._pytree import tree_flatten, tree_leaves, tree_map, tree_unflatten

Pair = namedtuple("Pair", "a b")

trees = st.recursive(
    st.integers() | st.none() | st.text(max_size=2),
    lambda part: st.one_of(
        st.lists(part, max_size=3),
        st.lists(part, max_size=3).map(tuple),
        st.lists(part, max_size=3).map(deque),
        st.dictionaries(st.text(max_size=2), part, max_size=3),
        st.dictionaries(st.text(max_size=2), part, max_size=3).map(OrderedDict),
        st.dictionaries(st.integers(), part, max_size=3).map(lambda d: defaultdict(list, d)),
        st.builds(Pair, part, part),
    ),
    max_leaves=12,
)


@given(trees)
def test_flattening_can_be_undone(tree):
    leaves, spec = tree_flatten(tree)
    assert len(leaves) == spec.num_leaves
    again = tree_unflatten(leaves, spec)
    assert again == tree
    assert type(again) is type(tree)


@given(trees)
def test_mapping_keeps_the_nesting(tree):
    doubled = tree_map(lambda a, b: (a, b)[0] is b, tree, tree)
    assert all(leaf is True for leaf in tree_leaves(doubled))
    assert tree_flatten(doubled)[1] == tree_flatten(tree)[1]


def test_tensors_are_leaves_and_a_leaf_can_be_declared():
    out = {"logits": minitorch.ones(2), "sizes": (1, 2)}
    assert [type(x) for x in tree_leaves(out)] == [minitorch.Tensor, int, int]
    assert tree_leaves(out, is_leaf=lambda t: isinstance(t, tuple))[1] == (1, 2)


def test_leaves_that_do_not_fit_are_refused():
    leaves, spec = tree_flatten([1, (2, 3)])
    with pytest.raises(ValueError, match="3 leaves, 2 were given"):
        tree_unflatten(leaves[:2], spec)
    with pytest.raises(ValueError, match="nested differently"):
        tree_map(lambda a, b: a, [1, 2], [1, [2]])
