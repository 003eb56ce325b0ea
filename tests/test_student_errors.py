"""What students get wrong, and what they are told: the shapes, the place, and what to do.

A row is a mistake, the error that it raises, and words that its message must have.
"""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn, optim
from minitorch.nn import functional as F

X = mt.ones(8, 4)
SCORES, CLASSES = mt.zeros(8, 3), mt.zeros(8, dtype=mt.int64)
SEQUENCE, STATE = mt.ones(7, 2, 3), mt.zeros(1, 2, 5)


def fc():
    return nn.Linear(4, 3)


class Deep(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.ModuleList([nn.Sequential(nn.Linear(4, 16), nn.Linear(32, 3))])

    def forward(self, x):
        return self.encoder[0](x)


class NoSuperNoLayers(nn.Module):
    def __init__(self):
        self.scale = 2

    def forward(self, x):
        return self.scale * x


class NoSuper(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(2, 2)


class WrongName(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(4, 2)

    def forward(self, x):
        return self.fc1(x)


class Misspelt(nn.Module):
    def foward(self, x):
        return x


class PlainList(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(4, 4)]


def leaf():
    return mt.zeros(3, requires_grad=True)


def write_to_a_leaf():
    w = leaf()
    w += 1


def write_to_what_backward_needs():
    y = leaf().exp()
    y += 1
    y.sum().backward()


def backward_twice():
    loss = leaf().exp().sum()
    loss.backward()
    loss.backward()


MISTAKES = {
    # --- layers and shapes
    "the sizes of two layers": (
        lambda: Deep()(X), RuntimeError,
        "(8, 16)", "(3, 32)", "dimension -1 of the input is 16", "in_features is 32",
        "in encoder.0.1 (Linear(32, 3)) of Deep",
    ),
    "an input too wide": (lambda: fc()(mt.ones(8, 5)), RuntimeError, "(8, 5)", "in Linear(4, 3)"),
    "an input not flattened": (
        lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Linear(144, 10))(mt.ones(2, 1, 8, 8)),
        RuntimeError, "(2, 4, 6, 6)", "flatten(1)", "in 1 (Linear(144, 10)) of Sequential",
    ),
    "integers into a layer": (
        lambda: fc()(mt.arange(4)), RuntimeError, "int64 and float32", "to(minitorch.float32)",
    ),
    "doubles into a layer": (
        lambda: fc()(X.double()), RuntimeError, "float64 and float32", "to(minitorch.float32)",
    ),
    "a layer not called": (
        lambda: nn.Softmax(X).sum(), AttributeError, "'Softmax'", "'sum'", "Softmax(...)(x)",
    ),
    "two results taken for one": (
        lambda: X.max(1).sum(), AttributeError, "'max'", "'sum'", "take one first", ".values",
    ),
    "an array into a layer": (
        lambda: fc()(np.ones((8, 4), np.float32)), TypeError, "ndarray", "tensor()", "in Linear",
    ),
    "a list into a layer": (lambda: fc()([1.0, 2.0]), TypeError, "got list", "tensor()"),
    "a number into a layer": (lambda: fc()(mt.tensor(1.0)), RuntimeError, "shape ()", "(3, 4)"),
    "two inputs into a layer": (lambda: fc()(X, X), TypeError, "3 were given", "in Linear(4, 3)"),
    "no input": (lambda: fc()(), TypeError, "missing", "'input'", "in Linear(4, 3)"),
    "a layer made of its input": (
        lambda: fc()(nn.ReLU(X)), TypeError, "got ReLU", "make the module first", "ReLU()(x)",
    ),
    "the output of an LSTM": (
        lambda: nn.Sequential(nn.LSTM(3, 5), nn.Linear(5, 2))(SEQUENCE), TypeError,
        "got tuple", "LSTM", "in 1 (Linear(5, 2)) of Sequential",
    ),
    "a class among the layers": (
        lambda: nn.Sequential(fc(), nn.ReLU), TypeError, "the class ReLU", "write ReLU()",
    ),
    "a function among the layers": (
        lambda: nn.Sequential(fc(), F.relu), TypeError, "function relu", "call it in forward()",
    ),
    "a misspelt option": (lambda: nn.Linear(4, 3, biass=True), TypeError, "Linear", "'biass'"),
    "no size of the output": (lambda: nn.Linear(4), TypeError, "out_features"),
    "a size that is a float": (lambda: nn.Linear(4.0, 3), TypeError, "integers", "[3, 4.0]"),
    "a negative size": (lambda: nn.Linear(-4, 3), RuntimeError, "negative", "[3, -4]"),
    # --- modules
    "super() forgotten": (
        NoSuper, AttributeError, "before Module.__init__()", "NoSuper", "super().__init__()",
    ),
    "the parameters without super()": (
        lambda: list(NoSuperNoLayers().parameters()), AttributeError, "super().__init__()",
    ),
    "a call without super()": (
        lambda: NoSuperNoLayers()(X), AttributeError, "super().__init__()",
    ),
    "a list for Sequential": (
        lambda: nn.Sequential([fc(), fc()]), TypeError, "list", "one by one",
    ),
    "clipping a module": (
        lambda: nn.utils.clip_grad_norm_(fc(), 1.0), TypeError, "Linear", "parameters()",
    ),
    "an optimizer of a dict": (
        lambda: optim.SGD(dict(fc().named_parameters())), TypeError, "got a str", "values()",
    ),
    "backward of an accuracy": (
        lambda: (fc()(X).argmax(1) == 0).float().mean().backward(), RuntimeError, "argmax()",
    ),
    "another name in forward": (
        lambda: WrongName()(X), AttributeError, "'WrongName'", "'fc1'", "in WrongName",
    ),
    "forward misspelt": (
        lambda: Misspelt()(X), NotImplementedError, '"forward"', "'foward'", "in Misspelt",
    ),
    "forward forgotten": (lambda: nn.Module()(X), NotImplementedError, '"forward"', "in Module"),
    "layers in a plain list": (
        lambda: PlainList().parameters().__next__(), TypeError,
        "'layers'", "plain list", "nn.ModuleList",
    ),
    "a tensor for a parameter": (
        lambda: setattr(fc(), "weight", mt.zeros(3, 4)), TypeError, "'weight'", "nn.Parameter",
    ),
    "train('yes')": (lambda: fc().train("yes"), ValueError, "bool", "got str"),
    "a state dict of another model": (
        lambda: fc().load_state_dict(nn.Linear(4, 2).state_dict()), RuntimeError,
        "Linear", "weight", "[2, 4]", "[3, 4]",
    ),
    "missing keys": (
        lambda: fc().load_state_dict({"weight": mt.zeros(3, 4)}), RuntimeError, 'Missing', '"bias"',
    ),
    "a file name for a state dict": (
        lambda: fc().load_state_dict("model.pt"), TypeError, "got str", "load()",
    ),
    # --- convolution, pooling, normalization
    "the channels of two convolutions": (
        lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(16, 8, 3))(mt.ones(2, 3, 8, 8)),
        RuntimeError, "16 input channels", "(2, 8, 6, 6)", "8 in dimension 1",
        "in 1 (Conv2d(16, 8, 3)) of Sequential",
    ),
    "channels last": (
        lambda: nn.Conv2d(3, 8, 3)(mt.ones(2, 32, 32, 3)), RuntimeError,
        "(2, 32, 32, 3)", "channels come before height and width", "permute()",
    ),
    "an image without channels": (
        lambda: nn.Conv2d(1, 8, 3)(mt.ones(28, 28)), RuntimeError, "(28, 28)", "(8, 1, 3, 3)",
    ),
    "a kernel too large": (
        lambda: nn.Conv2d(1, 8, 5)(mt.ones(1, 1, 3, 3)), RuntimeError, "(5, 5)", "(3, 3)",
    ),
    "bytes into a convolution": (
        lambda: nn.Conv2d(1, 8, 3)(mt.zeros(1, 1, 8, 8, dtype=mt.uint8)), RuntimeError,
        "uint8", "to(minitorch.float32)",
    ),
    "groups that do not divide": (
        lambda: nn.Conv2d(3, 8, 3, groups=2), ValueError, "in_channels=3", "groups=2",
    ),
    "a window too large": (
        lambda: nn.MaxPool2d(4)(mt.ones(1, 1, 2, 2)), RuntimeError, "(4, 4)", "(2, 2)", "MaxPool2d",
    ),
    "an image without channels into pooling": (
        lambda: nn.MaxPool2d(2)(mt.ones(8, 8)), RuntimeError, "3 (one sample) or 4", "(8, 8)",
    ),
    "the channels of batch norm": (
        lambda: nn.BatchNorm2d(4)(mt.ones(2, 3, 4, 4)), RuntimeError, "3 channels", "[4]",
    ),
    "the dimensions of batch norm": (
        lambda: nn.BatchNorm2d(4)(mt.ones(2, 4)), ValueError, "4D", "[2, 4]", "(N, C, ...)",
    ),
    "a batch of one": (
        lambda: nn.BatchNorm1d(4)(mt.ones(1, 4)), ValueError, "more than 1", "eval()", "drop_last",
    ),
    "the size of layer norm": (lambda: nn.LayerNorm(5)(X), RuntimeError, "[5]", "[8, 4]"),
    "a probability of two": (lambda: nn.Dropout(2), ValueError, "between 0 and 1", "2"),
    # --- recurrent networks, embeddings, attention
    "the width of an LSTM's input": (
        lambda: nn.LSTM(3, 5)(mt.ones(7, 2, 4)), RuntimeError, "Expected 3, got 4", "[7, 2, 4]",
    ),
    "the size of an LSTM's state": (
        lambda: nn.LSTM(3, 5)(SEQUENCE, (STATE, mt.zeros(1, 2, 4))), RuntimeError,
        "hidden[1]", "(1, 2, 5)", "[1, 2, 4]", "(num_layers * directions, batch, size)",
    ),
    "one state for an LSTM": (
        lambda: nn.LSTM(3, 5)(SEQUENCE, STATE), RuntimeError, "(h_0, c_0)", "[1, 2, 5]",
    ),
    "batch_first forgotten": (
        lambda: nn.LSTM(3, 5)(mt.ones(2, 7, 3), (STATE, STATE)), RuntimeError,
        "(1, 7, 5)", "[1, 2, 5]",
    ),
    "a state for one layer of two": (
        lambda: nn.GRU(3, 5, 2)(SEQUENCE, STATE), RuntimeError, "(2, 2, 5)", "[1, 2, 5]",
    ),
    "four dimensions into a GRU": (
        lambda: nn.GRU(3, 5)(SEQUENCE[None]), ValueError, "2D or 3D", "4D",
    ),
    "a word beyond the table": (
        lambda: nn.Embedding(10, 3)(mt.tensor([1, 10])), IndexError, "index 10", "10 rows",
    ),
    "words that are floats": (
        lambda: nn.Embedding(10, 3)(mt.ones(2)), RuntimeError, "int64", "float32", "long()",
    ),
    "heads that do not divide": (
        lambda: nn.MultiheadAttention(10, 3), AssertionError, "embed_dim 10", "num_heads 3",
    ),
    "the width of attention": (
        lambda: nn.MultiheadAttention(8, 2)(*[mt.ones(3, 2, 6)] * 3), AssertionError,
        "embed_dim = 8", "got 6", "[3, 2, 6]", "in MultiheadAttention",
    ),
    # --- losses
    "classes that are floats": (
        lambda: F.cross_entropy(SCORES, mt.zeros(8)), RuntimeError, "int64", "float32", "long()",
    ),
    "classes that are int32": (
        lambda: F.cross_entropy(SCORES, CLASSES.int()), RuntimeError, "int32", "long()",
    ),
    "classes from 1": (
        lambda: F.cross_entropy(SCORES, CLASSES + 3), IndexError, "Target 3", "3 classes, 0 to 2",
    ),
    "another batch": (
        lambda: F.cross_entropy(SCORES, CLASSES[:7]), ValueError, "batch", "(8, 3)", "(7,)",
    ),
    "a column of classes": (
        lambda: F.cross_entropy(SCORES, CLASSES[:, None]), RuntimeError, "(8, 1)", "squeeze(1)",
    ),
    "one-hot classes": (
        lambda: F.cross_entropy(SCORES, F.one_hot(CLASSES, 3)), RuntimeError,
        "(8, 3)", "argmax(1)", "float()",
    ),
    "classes in the last dimension": (
        lambda: F.cross_entropy(mt.zeros(8, 5, 3), mt.zeros(8, 5, dtype=mt.int64)), RuntimeError,
        "(8, 5, 3)", "(8, 5)", "movedim(-1, 1)",
    ),
    "predicted classes instead of scores": (
        lambda: F.cross_entropy(SCORES.argmax(1), CLASSES), ValueError, "Scores are wanted",
    ),
    "a list of classes": (
        lambda: F.cross_entropy(SCORES[:2], [0, 1]), TypeError, "list", "tensor()",
    ),
    "a loss made of its arguments": (
        lambda: nn.CrossEntropyLoss(SCORES, CLASSES), TypeError, "made first", "(input, target)",
    ),
    "a misspelt reduction": (
        lambda: F.mse_loss(X, X, reduction="avg"), ValueError, "'avg'", "mean",
    ),
    "scores into binary_cross_entropy": (
        lambda: F.binary_cross_entropy(X * 5, X), RuntimeError,
        "[0, 1]", "sigmoid()", "binary_cross_entropy_with_logits()",
    ),
    "a target without its column": (
        lambda: F.binary_cross_entropy_with_logits(mt.ones(8, 1), mt.ones(8)), ValueError,
        "(8,)", "(8, 1)", "reshape(8, 1)",
    ),
    "integers into binary_cross_entropy": (
        lambda: F.binary_cross_entropy(X, X.long()), RuntimeError, "int64", "to(minitorch.float32)",
    ),
    "shapes that do not meet": (
        lambda: F.mse_loss(mt.ones(8, 3), mt.ones(8, 2)), RuntimeError,
        "mse_loss()", "(8, 3)", "(8, 2)", "dimension -1",
    ),
    # --- optimizers
    "an optimizer of a module": (
        lambda: optim.SGD(fc(), lr=0.1), TypeError, "model.parameters()", "Linear",
    ),
    "parameters not called": (
        lambda: optim.SGD(fc().parameters, lr=0.1), TypeError, "method", "call it",
    ),
    "an optimizer of nothing": (
        lambda: optim.SGD([], lr=0.1), ValueError, "empty", "used up", "plain list",
    ),
    "an optimizer of one tensor": (lambda: optim.SGD(leaf(), lr=0.1), TypeError, "single Tensor"),
    "an optimizer of a result": (
        lambda: optim.SGD([leaf() * 2], lr=0.1), ValueError, "non-leaf", "recomputed",
    ),
    "a negative learning rate": (lambda: optim.Adam([leaf()], lr=-1), ValueError, "rate", "-1"),
    "a schedule of a module": (
        lambda: optim.lr_scheduler.StepLR(fc(), 10), TypeError, "Linear", "not an Optimizer",
    ),
    # --- gradients
    "backward of several": (
        lambda: (leaf() * 2).backward(), RuntimeError, "(3,)", ".sum()", "gradient=",
    ),
    "backward of nothing": (
        lambda: X.sum().backward(), RuntimeError, "requires grad", "detach()", "no_grad()",
    ),
    "backward twice": (backward_twice, RuntimeError, "second time", "retain_graph=True"),
    "a write to a leaf": (write_to_a_leaf, RuntimeError, "leaf", "no_grad()", "clone()"),
    "a write to what backward needs": (
        write_to_what_backward_needs, RuntimeError, "ExpBackward0", f"at {__file__}:", "clone()",
    ),
    "numpy() of what requires grad": (
        lambda: leaf().numpy(), RuntimeError, "requires grad", "detach().numpy()",
    ),
    "integers that require grad": (
        lambda: mt.tensor([1, 2], requires_grad=True), RuntimeError, "floating", "int64",
    ),
    # --- tensors
    "a product that does not fit": (
        lambda: mt.ones(3, 4) @ mt.ones(3, 4), RuntimeError, "[3, 4]", "size 4", "size 3",
    ),
    "a product of two dtypes": (
        lambda: mt.ones(3, 4) @ mt.ones(4, 3).long(), RuntimeError, "float32", "int64", "to()",
    ),
    "mm of three dimensions": (
        lambda: mt.mm(mt.ones(2, 3, 4), mt.ones(4, 2)), RuntimeError, "matrix", "[2, 3, 4]",
    ),
    "a sum that does not broadcast": (
        lambda: mt.ones(3, 4) + mt.ones(4, 3), RuntimeError, "(3, 4)", "(4, 3)", "dimension -1",
    ),
    "cat of different widths": (
        lambda: mt.cat([mt.ones(2, 3), mt.ones(2, 4)]), RuntimeError, "[2, 4]", "[2, 3]",
    ),
    "cat without a list": (
        lambda: mt.cat(mt.ones(2, 3), mt.ones(2, 3)), TypeError, "list or tuple", "one Tensor",
    ),
    "stack of different sizes": (
        lambda: mt.stack([mt.ones(2), mt.ones(3)]), RuntimeError, "[3]", "[2]", "equal",
    ),
    "a view of another size": (
        lambda: mt.ones(3, 4).view(5, 2), RuntimeError, "[5, 2]", "[3, 4]", "12 elements",
    ),
    "a view of a transpose": (
        lambda: mt.ones(3, 4).t().view(12), RuntimeError, "without a copy", "reshape()",
    ),
    "an index out of range": (lambda: mt.ones(3, 4)[5], IndexError, "5", "size 3", "[3, 4]"),
    "too many indices": (lambda: mt.ones(3)[0, 0], IndexError, "1-dimensional", "2 were", "[3]"),
    "a dimension too high": (lambda: X.sum(dim=2), IndexError, "dimension 2", "-2 to 1"),
    "a ragged list": (lambda: mt.tensor([[1, 2], [3]]), ValueError, "even", "(2,)", "(1,)"),
    "a tensor of text": (lambda: mt.tensor("abc"), TypeError, "str"),
    "item() of several": (lambda: mt.ones(3).item(), RuntimeError, "(3,)", "3 elements"),
    "if of several": (lambda: bool(mt.ones(3) > 0), RuntimeError, "(3,)", ".any() or .all()"),
    "a device that is none": (lambda: mt.zeros(3, device="gpu"), RuntimeError, "cpu", "'gpu'"),
    "a device that is not there": (
        lambda: mt.zeros(3).to("cuda"), NotImplementedError, "'cuda'", "device='cpu'",
    ),
    "a dtype in quotes": (
        lambda: mt.zeros(3, dtype="float32"), TypeError, "'float32'", "write minitorch.float32",
    ),
    "a misspelt function": (lambda: mt.matmull(X, X), AttributeError, "matmull", "torch.matmul"),
    "gather without a dimension": (
        lambda: X.gather(1, CLASSES), RuntimeError, "gather()", "[8, 4]", "[8]",
    ),
    "a condition of numbers": (lambda: mt.where(X, 1.0, 0.0), RuntimeError, "boolean", "float32"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_says_what_is_wrong_where_and_what_to_do(mistake):
    program, kind, *words = MISTAKES[mistake]
    with pytest.raises(kind) as caught:
        program()
    said = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    assert [word for word in words if word not in said] == [], said


def test_nothing_has_changed_after_an_error():
    layer = fc()
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    other = nn.Linear(4, 2).state_dict() | {"bias": mt.ones(3)}
    with pytest.raises(RuntimeError):
        layer.load_state_dict(other)
    w = leaf()
    with pytest.raises(RuntimeError):
        w += 1
    assert w.tolist() == [0, 0, 0]
    assert all(mt.equal(before[name], value) for name, value in layer.state_dict().items())


def test_python_proposes_the_name_that_was_meant():
    with pytest.raises(AttributeError) as caught:
        WrongName()(X)
    assert caught.value.name == "fc1"
    assert "fc" in dir(caught.value.obj)
