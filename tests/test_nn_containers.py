"""Containers: they register what they hold, and change like lists and dictionaries."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minitorch
from minitorch import nn


def names(module):
    return list(module.state_dict())


@given(st.lists(st.sampled_from("aid"), max_size=12), st.data())
def test_module_list_changes_like_a_list(changes, data):
    plain, row = [], nn.ModuleList()
    for change in changes:
        layer = nn.Linear(1, 1)
        if change == "a" or not plain:
            plain.append(layer)
            row.append(layer)
        elif change == "i":
            at = data.draw(st.integers(0, len(plain)))
            plain.insert(at, layer)
            row.insert(at, layer)
        else:
            at = data.draw(st.integers(-len(plain), len(plain) - 1))
            assert row.pop(at) is plain.pop(at)
    assert list(row) == plain and len(row) == len(plain)
    assert names(row) == [f"{i}.{p}" for i in range(len(plain)) for p in ("weight", "bias")]
    assert list(row[::2]) == plain[::2]


def test_module_list_repr_joins_equal_neighbours():
    row = nn.ModuleList([nn.ReLU(), nn.ReLU(), nn.Tanh()])
    assert repr(row) == "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)"
    assert repr(nn.ModuleList()) == "ModuleList()"


def test_module_dict():
    d = nn.ModuleDict([("b", nn.Linear(1, 1)), ("a", nn.ReLU())])
    assert list(d.keys()) == ["b", "a"] and "a" in d and names(d) == ["b.weight", "b.bias"]
    d.pop("b")
    assert len(d) == 1 and names(d) == []
    with pytest.raises(TypeError):
        d.update(3)
    with pytest.raises(ValueError):
        d.update([(1, 2, 3)])
    with pytest.raises(TypeError):
        d["c"] = 3


@pytest.mark.parametrize("call", [nn.ModuleList(), nn.ModuleDict()])
def test_no_forward(call):
    with pytest.raises(NotImplementedError):
        call(1)


def test_parameter_list():
    row = nn.ParameterList([minitorch.ones(2), 3])
    row.append(minitorch.zeros(1))
    assert names(row) == ["0", "2"] and isinstance(row[0], nn.Parameter) and row[1] == 3
    assert row[-1] is row[2] and len(row[1:]) == 2
    row[0] = minitorch.zeros(4)
    assert row[0].shape == (4,)
    with pytest.raises(IndexError):
        row[3]
    with pytest.raises(RuntimeError):
        row(1)


def test_parameter_dict():
    d = nn.ParameterDict({"b": minitorch.ones(2), "a": minitorch.ones(1)})
    assert list(d) == ["a", "b"]
    assert list(d | {"c": minitorch.ones(3)}) == ["a", "b", "c"] and len(d) == 2
    key, value = d.popitem()
    assert key == "b" and value.shape == (2,) and names(d) == ["a"]
    assert d.setdefault("n", 5) == 5 and d.get("zzz") is None
    d.clear()
    assert len(d) == 0 and names(d) == []
    with pytest.raises(TypeError):
        d[3] = 1


def test_a_sequential_is_repeated_in_place():
    net = same = nn.Sequential(nn.ReLU(), nn.Tanh())
    net *= 2
    assert net is same and [type(m) for m in same] == [nn.ReLU, nn.Tanh] * 2
