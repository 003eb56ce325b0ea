"""What every tensor has: attributes, its way to Python and NumPy, copies, pickles, printing."""

import copy
import operator
import pickle

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


def test_attributes():
    t = mt.zeros(2, 3, 4, dtype=mt.float16)
    assert t.shape == t.size() == (2, 3, 4) and isinstance(t.shape, mt.Size)
    assert t.size(1) == t.size(-2) == 3 and t.ndim == t.dim() == 3
    assert t.numel() == t.nelement() == 24 and t.element_size() == t.itemsize == 2
    assert t.nbytes == 48 and t.stride() == (12, 4, 1) and t.stride(0) == 12
    assert t.dtype is mt.float16 and str(t.device) == "cpu" and t.is_cpu and not t.is_cuda
    assert t.is_contiguous() and not t.permute(2, 0, 1).is_contiguous()
    assert t[1, 1:].storage_offset() == 16 and t[1].data_ptr() == t.data_ptr() + 24
    assert t.is_floating_point() and not t.is_complex() and t.is_signed()
    with pytest.raises(IndexError, match="dimension 3"):
        t.size(3)


def test_size():
    s = mt.Size([2, 3])
    assert s.numel() == 6 and s == (2, 3) and isinstance(s[:1], mt.Size) and s[1] == 3
    longer = s + mt.Size([4])
    assert isinstance(longer, mt.Size) and longer == (2, 3, 4) and hash(s) == hash((2, 3))
    assert repr(s) == "minitorch.Size([2, 3])" and isinstance(s * 2, mt.Size)
    assert pickle.loads(pickle.dumps(s)) == s


def test_devices():
    d = mt.device("cuda:1")
    assert (d.type, d.index, str(d)) == ("cuda", 1, "cuda:1") and d == mt.device("cuda", 1)
    assert mt.device("cpu") == mt.zeros(1).device and pickle.loads(pickle.dumps(d)) == d
    assert len({mt.device("cpu"), mt.device("cpu"), d}) == 2
    for bad in ("gpu", "cuda:x"):
        with pytest.raises(RuntimeError):
            mt.device(bad)
    with pytest.raises(NotImplementedError, match="no device 'cuda'"):
        mt.zeros(1, device="cuda")


# --- Python -----------------------------------------------------------------------------------


def test_numbers():
    assert mt.tensor([[2.5]]).item() == 2.5 and type(mt.tensor(2).item()) is int
    assert type(mt.tensor(True).item()) is bool and mt.tensor(1j).item() == 1j
    assert (float(mt.tensor(2)), int(mt.tensor(2.9)), complex(mt.tensor(1j))) == (2.0, 2, 1j)
    assert operator.index(mt.tensor(3)) == 3 and [10, 20][mt.tensor(1)] == 20
    assert mt.tensor([[1, 2]]).tolist() == [[1, 2]] and mt.tensor(1.5).tolist() == 1.5
    for shape in ((2,), (0,)):
        with pytest.raises(RuntimeError, match="cannot be converted"):
            mt.ones(shape).item()
    for t in (mt.tensor(1.5), mt.tensor([1, 2])):
        with pytest.raises(TypeError, match="only integer"):
            operator.index(t)


def test_truth():
    assert mt.tensor([[1]]) and not mt.tensor(0.0)
    for t in (mt.ones(2), mt.ones(0)):
        with pytest.raises(RuntimeError, match="ambiguous"):
            bool(t)


def test_sequences():
    t = mt.arange(6).reshape(3, 2)
    assert len(t) == 3 and [r.tolist() for r in t] == [[0, 1], [2, 3], [4, 5]]
    assert 5 in t and 6 not in t and mt.tensor(5) in t
    assert list(mt.ones(0)) == []
    a, b, c = t
    assert c.tolist() == [4, 5]
    for call in (len, iter):
        with pytest.raises(TypeError, match="0-d"):
            call(mt.tensor(1))
    with pytest.raises(RuntimeError, match="str"):
        assert "x" in t


def test_iteration_is_differentiable():
    x = mt.ones(3, requires_grad=True)
    sum(p * i for i, p in enumerate(x)).backward()
    assert x.grad.tolist() == [0, 1, 2]


def test_index_errors_give_size_and_dimension():
    t = mt.zeros(2, 3)
    for key, words in [((0, 3), "3"), (2, "2"), ((0, 0, 0), "indices")]:
        with pytest.raises(IndexError, match=words):
            t[key]


def test_format():
    t = mt.tensor(3.14159)
    assert f"{t:.2f}" == "3.14" and f"{mt.tensor(2.5)}" == "2.5" and f"{mt.tensor(7):03d}" == "007"
    assert f"{mt.ones(2)}" == "tensor([1., 1.])"
    with pytest.raises(TypeError):
        format(mt.ones(2), ".2f")


def test_tensors_hash_by_identity_and_compare_by_element():
    a, b = mt.ones(2), mt.ones(2)
    assert len({a, b, a}) == 2 and (a == b).tolist() == [True, True]


def test_printing_tells_where_it_comes_from():
    x = mt.ones(2, requires_grad=True)
    assert repr(x) == "tensor([1., 1.], requires_grad=True)"
    assert repr(x.exp()) == "tensor([2.7183, 2.7183], grad_fn=<ExpBackward0>)"
    assert repr(x.unbind()[0]) == "tensor(1., grad_fn=<UnbindBackward0>)"
    assert str(x.detach().double()) == "tensor([1., 1.], dtype=minitorch.float64)"
    assert repr(nn.Parameter(mt.ones(1))).startswith("Parameter containing:\ntensor([1.]")


# --- NumPy and friends ------------------------------------------------------------------------


def test_numpy_shares_memory():
    t = mt.zeros(2)
    a = t.numpy()
    a[0] = 5
    t[1] = 6
    assert t.tolist() == a.tolist() == [5, 6] == np.asarray(t).tolist()
    assert np.shares_memory(np.asarray(t), a) and not np.shares_memory(np.array(t), a)
    assert np.asarray(t, dtype=np.float64).dtype == np.float64


def test_numpy_refuses_what_requires_grad():
    x = mt.ones(2, requires_grad=True)
    for call in (x.numpy, lambda: np.asarray(x)):
        with pytest.raises(RuntimeError, match=r"detach\(\).numpy\(\)"):
            call()
    assert np.shares_memory(x.numpy(force=True), x.detach().numpy())


def test_array_copy_argument():
    t = mt.arange(3)
    assert np.shares_memory(np.array(t, copy=False), t.numpy())
    with pytest.raises(ValueError):
        np.array(t, dtype=np.float32, copy=False)


@pytest.mark.parametrize("dtype", [mt.float32, mt.int64, mt.uint8, mt.complex64, mt.bool])
def test_dlpack_both_ways(dtype):
    t = mt.tensor([[0, 1], [1, 0]]).to(dtype)
    a = np.from_dlpack(t)
    assert a.dtype == dtype.dtype and np.shares_memory(a, t.numpy())
    back = mt.from_dlpack(t.t())
    assert back.dtype is dtype and back.tolist() == t.t().tolist()
    assert np.shares_memory(back.numpy(), t.numpy())
    assert t.__dlpack_device__()[0] == 1


def test_dlpack_refuses_what_requires_grad():
    with pytest.raises(BufferError):
        np.from_dlpack(mt.ones(1, requires_grad=True))


# --- gradient attributes ----------------------------------------------------------------------


def test_requires_grad():
    x = mt.ones(2)
    assert not x.requires_grad and x.is_leaf
    assert x.requires_grad_() is x and x.requires_grad
    x.requires_grad = False
    assert not x.requires_grad
    y = x.requires_grad_() * 2
    with pytest.raises(RuntimeError, match="detach"):
        y.requires_grad = False
    y.requires_grad = True  # it does already
    with pytest.raises(RuntimeError, match="int64"):
        mt.ones(2, dtype=mt.int64, requires_grad=True)


def test_grad_can_be_assigned():
    x = mt.ones(2, requires_grad=True)
    x.grad = mt.ones(2)
    x.sum().backward()
    assert x.grad.tolist() == [2, 2]
    del x.grad
    assert x.grad is None
    for bad, error in [
        (1.0, TypeError),
        (mt.ones(3), RuntimeError),
        (mt.ones(2, dtype=mt.float64), RuntimeError),
        (x, RuntimeError),
    ]:
        with pytest.raises(error):
            x.grad = bad
    assert x.grad is None


def test_data():
    x = mt.ones(2, requires_grad=True)
    x.data.add_(1)
    assert x.tolist() == [2, 2] and not x.data.requires_grad
    x.data = mt.zeros(3)
    assert x.shape == (3,) and x.requires_grad
    with pytest.raises(TypeError):
        x.data = 1.0


def test_detach():
    x = mt.ones(2, requires_grad=True)
    y = (x * 2).detach()
    assert not y.requires_grad and y.grad_fn is None
    d = x.detach()
    with mt.no_grad():
        d[0] = 5
    assert x[0].item() == 5
    with pytest.raises(RuntimeError, match="view"):
        mt.ones(2)[0].detach_()


# --- copies -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [mt.float32, mt.int8, mt.bool, mt.complex128, mt.float16])
def test_pickle(dtype):
    t = mt.tensor([[0, 1], [1, 0]]).to(dtype).t()
    u = pickle.loads(pickle.dumps(t))
    assert u.dtype is dtype and u.tolist() == t.tolist() and not np.shares_memory(u._data, t._data)


def test_pickle_keeps_what_belongs_to_the_user():
    x = mt.ones(2, requires_grad=True)
    x.note = "mine"
    x.register_hook(lambda g: g)  # a lambda could not be pickled
    x[0]
    x.sum().backward()
    y = pickle.loads(pickle.dumps(x))
    assert y.requires_grad and y.is_leaf and y.note == "mine" and y.grad is None
    z = pickle.loads(pickle.dumps(x * 2))  # without its history
    assert z.tolist() == [2, 2] and z.is_leaf and z.requires_grad
    p = pickle.loads(pickle.dumps(nn.Parameter(mt.ones(2), requires_grad=False)))
    assert type(p) is nn.Parameter and not p.requires_grad


def test_deepcopy():
    x = mt.ones(2, requires_grad=True)
    x.sum().backward()
    x.note = ["mine"]
    y = copy.deepcopy(x)
    assert y.requires_grad and y.grad.tolist() == [1, 1] and y.grad is not x.grad
    y.data[0] = 5
    y.grad[0] = 5
    y.note.append(1)
    assert x.tolist() == x.grad.tolist() == [1, 1] and x.note == ["mine"]
    with pytest.raises(RuntimeError, match="leaf"):
        copy.deepcopy(x * 2)


def test_copy_shares_memory():
    x = mt.ones(2)
    y = copy.copy(x)
    y[0] = 5
    assert y is not x and x.tolist() == [5, 1]
    assert copy.copy(mt.float32) is copy.deepcopy(mt.float32) is mt.float32


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(3, 3)
        self.b = nn.Linear(3, 3)
        self.b.weight = self.a.weight
        self.a_again = self.a
        self.register_buffer("steps", mt.zeros(2))


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_modules_keep_their_ties(twin):
    model = Tied()
    other = twin(model)
    assert other.a.weight is other.b.weight and other.a_again is other.a
    assert other.a.weight is not model.a.weight
    assert [n for n, _ in other.named_parameters()] == [n for n, _ in model.named_parameters()]
    for key, value in model.state_dict().items():
        assert other.state_dict()[key].tolist() == value.tolist()
    x = mt.ones(1, 3)
    other.b(other.a(x)).sum().backward()
    assert other.a.weight.grad is not None and model.a.weight.grad is None


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_optimizers_can_be_copied_with_their_model(twin):
    model = nn.Linear(2, 1)
    optimizer = mt.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(mt.ones(1, 2)).sum().backward()
    optimizer.step()
    model2, optimizer2 = twin((model, optimizer))
    assert optimizer2.param_groups[0]["params"][0] is model2.weight
    assert model2.weight in optimizer2.state


def test_an_image_laid_out_anew_is_a_copy_and_one_that_lies_so_is_itself():
    rows = mt.arange(24.0).reshape(2, 4, 3)  # height, width, color: as image files have it
    image = rows.permute(2, 0, 1)[None]
    last = image.to(memory_format=mt.channels_last)
    last.zero_()  # NCHW with one image, in PyTorch: not this memory
    assert rows.sum().item() == 276
    assert last.to(memory_format=mt.channels_last) is last
    part = mt.ones(2, 6, 3, 4).to(memory_format=mt.channels_last)[:, :5]  # with gaps, in order
    assert part.to(memory_format=mt.channels_last) is part
    with pytest.raises(RuntimeError, match="4 dimensions, not 3"):
        rows.to(memory_format=mt.channels_last)
