"""NumPy's functions and einops on Tensors: results are Tensors, and differentiable."""

import subprocess
import sys

import numpy as np
import pytest

import minitorch as mt

X = np.array([[0.3, 0.7, 0.2], [0.9, 0.4, 0.5]])

CALLS = {
    "sin": np.sin,
    "exp": np.exp,
    "log1p": np.log1p,
    "tanh": np.tanh,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "negative": np.negative,
    "add": lambda x: np.add(x, 1.5),
    "array first": lambda x: np.ones((2, 3)) * x,
    "array last": lambda x: x - np.ones(3),
    "scalar first": lambda x: np.float64(2) * x,
    "divide": lambda x: np.divide(1.0, x),
    "power": lambda x: np.power(x, 2),
    "maximum": lambda x: np.maximum(x, 0.45),
    "matmul": lambda x: np.matmul(x, X.T),
    "array @ tensor": lambda x: X.T @ x,
    "sum": np.sum,
    "sum axis": lambda x: np.sum(x, axis=0),
    "sum keepdims": lambda x: np.sum(x, axis=(0, 1), keepdims=True),
    "mean": lambda x: np.mean(x, axis=1),
    "prod": lambda x: np.prod(x, axis=0),
    "max": lambda x: np.max(x, axis=1),
    "amin": lambda x: np.amin(x, axis=0),
    "cumsum": lambda x: np.cumsum(x, axis=1),
    "concatenate": lambda x: np.concatenate([x, x * 2], axis=1),
    "concatenate with arrays": lambda x: np.concatenate([x, X]),
    "stack": lambda x: np.stack([x, x], axis=1),
    "reshape": lambda x: np.reshape(x, (3, 2)),
    "transpose": lambda x: np.transpose(x),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(np.expand_dims(x, 1), 1),
    "broadcast_to": lambda x: np.broadcast_to(x, (4, 2, 3)),
    "where": lambda x: np.where(X > 0.45, x, 0.0),
    "clip": lambda x: np.clip(x, 0.35, 0.8),
    "dot": lambda x: np.dot(x, X.T),
    "einsum": lambda x: np.einsum("ij,kj->ik", x, X),
    "outer": lambda x: np.outer(X, x),
    "kron": lambda x: np.kron(x, X),
    "inner": lambda x: np.inner(X, x),
    "tensordot": lambda x: np.tensordot(x, X, axes=([1], [1])),
    "flip": lambda x: np.flip(x, 0),
    "roll": lambda x: np.roll(x, 1, 0),
    "copy": np.copy,
    "zeros_like": np.zeros_like,
}


@pytest.mark.parametrize("name", CALLS)
def test_numpys_functions(name):
    call = CALLS[name]
    expected = call(X)
    t = mt.tensor(X, requires_grad=True)
    result = call(t)
    assert isinstance(result, mt.Tensor) and result.shape == expected.shape
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=1e-12)
    if name != "zeros_like":
        assert mt.autograd.gradcheck(call, t)


def test_unknown_functions_are_refused_not_guessed():
    t = mt.ones(3, requires_grad=True)
    for call, words in [
        (lambda: np.add.reduce(t), "add.reduce"),
        (lambda: np.add(t, 1, where=np.ones(3, bool)), "with where"),
        (lambda: np.spacing(t), "np.spacing"),
        (lambda: np.cov(t), "np.cov|np.average|np.array"),
    ]:
        with pytest.raises((TypeError, RuntimeError), match=words):
            call()


def test_out():
    t = mt.ones(3)
    result = np.exp(mt.zeros(3), out=t)
    assert result is t and t.tolist() == [1, 1, 1]
    with pytest.raises(TypeError, match="out="):
        np.exp(mt.zeros(3), out=np.zeros(3))
    a = np.ones(3)
    with pytest.raises(TypeError):
        a += mt.ones(3, requires_grad=True)


def test_dtypes_meet_by_pytorchs_rules():
    t = mt.ones(3)
    assert np.multiply(t, np.float64(2)).dtype is mt.float32  # NumPy's numbers are weak here
    assert (t * np.ones(3)).dtype is mt.float64
    assert np.zeros(3, mt.float16).dtype == np.float16  # NumPy takes our dtypes


# --- einops -----------------------------------------------------------------------------------

einops = pytest.importorskip("einops")

EINOPS = {
    "rearrange": lambda x: einops.rearrange(x, "a b -> b a"),
    "split and merge": lambda x: einops.rearrange(x, "a (b c) -> (a c) b", c=1),
    "new axis": lambda x: einops.rearrange(x, "a b -> a 1 b"),
    "list": lambda x: einops.rearrange([x, x * 2], "n a b -> a (n b)"),
    "repeat": lambda x: einops.repeat(x, "a b -> a (b k) m", k=2, m=3),
    "sum": lambda x: einops.reduce(x, "a b -> b", "sum"),
    "mean": lambda x: einops.reduce(x, "a b -> ", "mean"),
    "max": lambda x: einops.reduce(x, "a b -> a 1", "max"),
    "min": lambda x: einops.reduce(x, "a b -> b", "min"),
    "prod": lambda x: einops.reduce(x, "a b -> b", "prod"),
    "einsum": lambda x: einops.einsum(x, x * 2, "a b, c b -> a c"),
    "pack": lambda x: einops.pack([x, x], "* b")[0],
    "unpack": lambda x: einops.unpack(x, [(1,), (2,)], "a *")[1],
}


@pytest.mark.parametrize("name", EINOPS)
def test_einops(name):
    call = EINOPS[name]
    t = mt.tensor(X, requires_grad=True)
    result = call(t)
    assert isinstance(result, mt.Tensor)
    np.testing.assert_allclose(result.detach().numpy(), call(X))
    assert mt.autograd.gradcheck(call, t)


def test_einops_helpers():
    t = mt.tensor(X, requires_grad=True)
    assert einops.parse_shape(t, "a b") == {"a": 2, "b": 3}
    assert isinstance(einops.asnumpy(t), np.ndarray)
    assert einops.reduce(t > 0.45, "a b -> a", "any").tolist() == [True, True]
    with pytest.raises(einops.EinopsError):
        einops.rearrange(t, "a b c -> a")


@pytest.mark.parametrize(
    "imports",
    [
        "import minitorch, einops",
        "import einops, minitorch",
        "import minitorch; from einops import rearrange; import einops",
        "import einops, minitorch, importlib; importlib.reload(minitorch)",
    ],
)
def test_einops_may_be_imported_first_or_last(imports):
    use = "print(einops.rearrange(minitorch.ones(2, 3), 'a b -> b a').shape)"
    program = f"{imports}\nimport gc; gc.collect()\n{use}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "minitorch.Size([3, 2])\n", done.stderr


@pytest.mark.parametrize("kind", [np.array, list, mt.tensor])
def test_comparisons_of_a_tensor_with_whatever_numpy_takes(kind):
    other = kind([1.0, np.nan])
    x = mt.tensor([1.0, np.nan], requires_grad=True)
    assert not np.array_equal(x, other)
    assert np.array_equal(x, other, equal_nan=True) and np.array_equal(other, x, equal_nan=True)
    assert not np.allclose(x, other)
    assert np.allclose(other, x, equal_nan=True)
    assert not np.array_equal(x, np.ones(3))


def test_isclose_gives_a_tensor():
    assert np.isclose(mt.tensor([1.0, 2.0]), np.array([1.0, 3.0], np.float32)).tolist() == [
        True,
        False,
    ]
