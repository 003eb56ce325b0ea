"""Saving modules and loading them back: all of it or nothing."""

from collections import OrderedDict

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(mt.rand(2))
        self.register_buffer("mean", mt.rand(2))
        self.register_buffer("scratch", mt.rand(2), persistent=False)
        self.register_parameter("none", None)
        self.fc = nn.Linear(2, 3)
        self.tied = nn.Linear(2, 3)
        self.tied.weight = self.fc.weight


KEYS = ["w", "mean", "fc.weight", "fc.bias", "tied.weight", "tied.bias"]


def snapshot(module):
    return {k: v.numpy().copy() for k, v in module.state_dict().items()}


def same(a, b):
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def test_keys_and_sharing():
    net = Net()
    state = net.state_dict()
    assert isinstance(state, OrderedDict) and list(state) == KEYS
    assert not any(t.requires_grad for t in state.values())
    state["w"].zero_()
    assert net.w.tolist() == [0, 0]
    assert net.state_dict(keep_vars=True)["w"] is net.w
    assert next(iter(net.state_dict(prefix="net."))) == "net.w"
    destination = {}
    assert net.state_dict(destination=destination) is destination and list(destination) == KEYS
    assert state._metadata[""] == {"version": 1} and "fc" in state._metadata


def test_round_trip():
    a, b = Net(), Net()
    parameters = list(b.parameters())
    result = b.load_state_dict(a.state_dict())
    assert str(result) == "<All keys matched successfully>" and result == ([], [])
    assert same(snapshot(a), snapshot(b))
    assert all(p is q for p, q in zip(parameters, b.parameters()))  # copied into, not replaced
    a.w.data.zero_()
    assert b.w.any()
    assert b.tied.weight is b.fc.weight


def test_loading_is_seen_by_a_pending_backward():
    net = nn.Linear(2, 1)
    x = mt.ones(1, 2, requires_grad=True)
    y = net(x).sum()
    net.load_state_dict(nn.Linear(2, 1).state_dict())
    with pytest.raises(RuntimeError, match="overwritten .*test_state_dict.py"):
        y.backward()


def broken(change):
    state = Net().state_dict()
    change(state)
    return state


PROBLEMS = {
    "missing": (lambda s: s.pop("fc.bias"), 'Missing key\\(s\\) in state_dict: "fc.bias"'),
    "unexpected": (lambda s: s.update(extra=mt.ones(1)), 'Unexpected key.*"extra"'),
    "unexpected below": (lambda s: s.update({"fc.extra": mt.ones(1)}), '"fc.extra"'),
    "below a parameter": (lambda s: s.update({"w.x": mt.ones(1)}), '"w.x"'),
    "not persistent": (lambda s: s.update(scratch=mt.ones(2)), '"scratch"'),
    "no parameter there": (lambda s: s.update(none=mt.ones(2)), '"none"'),
    "shape": (
        lambda s: s.update({"fc.bias": mt.ones(7)}),
        r"size mismatch for fc.bias.*\[7\].*\[3\]",
    ),
    "type": (lambda s: s.update({"mean": [1, 2]}), '"mean".*received list'),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_problems_are_reported_and_nothing_changes(name):
    change, words = PROBLEMS[name]
    net = Net()
    before = snapshot(net)
    with pytest.raises(RuntimeError, match=words):
        net.load_state_dict(broken(change))
    assert same(before, snapshot(net))


def test_all_problems_at_once():
    def change(s):
        for name in ("missing", "unexpected", "shape"):
            PROBLEMS[name][0](s)
        s["tied.bias"] = mt.ones(9)
        s.pop("mean")

    with pytest.raises(RuntimeError) as caught:
        Net().load_state_dict(broken(change))
    text = str(caught.value)
    for words in ("Net:", "Missing", "mean", "Unexpected", "extra", "tied.bias"):
        assert words in text


def test_not_strict():
    net = Net()
    bias = net.fc.bias.tolist()

    def change(s):
        s.pop("fc.bias")
        s["extra"] = mt.ones(1)

    state = broken(change)
    result = net.load_state_dict(state, strict=False)
    assert result.missing_keys == ["fc.bias"] and result.unexpected_keys == ["extra"]
    assert net.fc.bias.tolist() == bias and net.w.tolist() == state["w"].tolist()
    with pytest.raises(RuntimeError, match="size mismatch"):  # that is an error all the same
        net.load_state_dict({"w": mt.ones(5)}, strict=False)


def test_other_arguments():
    with pytest.raises(TypeError, match="dictionary"):
        Net().load_state_dict([1, 2])
    state = Net().state_dict()
    keys = list(state)
    Net().load_state_dict(state)
    assert list(state) == keys  # the caller's dictionary is left alone
    Net().load_state_dict(dict(state))


def test_dtypes_are_kept_when_copying():
    net = nn.Linear(2, 1)
    net.load_state_dict({k: v.double() for k, v in net.state_dict().items()})
    assert net.weight.dtype is mt.float32


def test_assign():
    net = Net().requires_grad_(False)
    state = {k: v.double() for k, v in Net().state_dict().items()}
    net.load_state_dict(state, assign=True)
    assert isinstance(net.w, nn.Parameter) and net.w.dtype is mt.float64 and not net.w.requires_grad
    assert np.shares_memory(net.w.numpy(), state["w"].numpy()) and net.mean is state["mean"]
    other = Net()
    parameter = nn.Parameter(mt.ones(2))
    other.load_state_dict({**Net().state_dict(), "w": parameter}, assign=True)
    assert other.w is parameter and other.w.requires_grad


class Extra(nn.Linear):
    def __init__(self):
        super().__init__(1, 1)
        self.extra = {"a": 1}

    def get_extra_state(self):
        return self.extra

    def set_extra_state(self, state):
        self.extra = state


def test_extra_state():
    a, b = nn.Sequential(Extra()), nn.Sequential(Extra())
    a[0].extra = {"a": 2}
    state = a.state_dict()
    assert state["0._extra_state"] == {"a": 2}
    b.load_state_dict(state)
    assert b[0].extra == {"a": 2}
    del state["0._extra_state"]
    with pytest.raises(RuntimeError, match="_extra_state"):
        b.load_state_dict(state)
    with pytest.raises(RuntimeError, match="Unexpected"):
        nn.Sequential(nn.Linear(1, 1)).load_state_dict(a.state_dict())


# --- hooks ------------------------------------------------------------------------------------


def test_saving_hooks():
    net = nn.Sequential(nn.Linear(1, 1))
    log = []
    net[0].register_state_dict_pre_hook(lambda m, prefix, keep: log.append((prefix, keep)))
    net.register_state_dict_post_hook(lambda m, state, prefix, meta: state.pop("0.bias") and None)
    assert list(net.state_dict()) == ["0.weight"] and log == [("0.", False)]


def test_loading_hooks():
    net = nn.Sequential(nn.Linear(1, 1))
    log = []

    def rename(module, state, prefix, meta, strict, missing, unexpected, errors):
        state[prefix + "weight"] = state.pop(prefix + "old")

    net[0].register_load_state_dict_pre_hook(rename)
    net[0].register_load_state_dict_post_hook(
        lambda m, keys: log.append(("inner", m.weight.tolist()))  # already loaded
    )
    net.register_load_state_dict_post_hook(lambda m, keys: log.append(("outer", list(keys))))
    state = {"0.old": mt.full((1, 1), 5.0), "0.bias": mt.ones(1)}
    net.load_state_dict(state)
    assert log == [("inner", [[5]]), ("outer", [[], []])] and "0.old" in state


def test_a_post_hook_may_forgive():
    net = nn.Linear(1, 1)
    net.register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    net.load_state_dict({"weight": mt.full((1, 1), 5.0)})
    assert net.weight.item() == 5
    net = nn.Linear(1, 1)
    net.register_load_state_dict_post_hook(lambda m, keys: keys)
    with pytest.raises(RuntimeError, match="returns None"):
        net.load_state_dict(net.state_dict())


def test_loading_one_module_by_hand_writes_at_once():
    layer, missing, unexpected, errors = nn.Linear(2, 1), [], [], []
    given = {"x.weight": mt.full((1, 2), 3.0), "x.more": mt.ones(1)}
    layer._load_from_state_dict(given, "x.", {}, True, missing, unexpected, errors)
    assert layer.weight.tolist() == [[3, 3]]
    assert (missing, unexpected, errors) == (["x.bias"], ["x.more"], [])
