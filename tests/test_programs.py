"""What public programs showed to be different from PyTorch, each by a few lines of ours."""

from __future__ import annotations

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


@pytest.mark.parametrize("make", [mt.rand, mt.randn, mt.zeros, mt.ones, mt.empty])
def test_the_size_may_come_as_a_keyword(make):
    assert make(size=(2, 3)).shape == (2, 3)
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        make(2, shape=3)


def test_tensors_in_a_list_count_as_numbers():
    one, two = mt.tensor([1.0]), mt.tensor([[2.0]])
    assert mt.tensor([one, two]).tolist() == [1, 2]
    assert mt.tensor([[one], [two]]).shape == (2, 1)
    assert mt.tensor([mt.tensor(3), 4]).dtype is mt.int64
    with pytest.raises(ValueError, match="only one element tensors"):
        mt.tensor([mt.ones(2), mt.ones(2)])


def test_a_histogram_has_a_hundred_bins_by_default():
    hist, edges = mt.histogram(mt.arange(200.0), density=True)
    assert hist.shape == (100,) and edges.shape == (101,)


def test_numpy_broadcasts_tensors_with_arrays():
    a, b, c = np.broadcast_arrays(mt.ones(2, 1), np.zeros(3), [4])
    assert a.shape == b.shape == c.shape == (2, 3)


def test_the_weights_of_a_recurrent_layer_have_a_flat_list():
    gru = nn.GRU(2, 3, num_layers=2, bidirectional=True)
    assert gru._flat_weights_names == [name for name, _ in gru.named_parameters()]
    assert all(a is b for a, b in zip(gru._flat_weights, gru.parameters()))


def test_a_lazy_layer_can_be_initialized_too_early_to_no_effect():
    layer = nn.LazyLinear(1)
    layer.weight.data.normal_(0, 0.01)
    layer.bias.data.fill_(0)
    assert layer.weight.data.shape == (0,)
    layer(mt.ones(2, 3))
    assert layer.weight.shape == (1, 3)


def test_schedulers_are_of_one_module():
    from minitorch.optim import lr_scheduler

    optimizer = mt.optim.SGD([nn.Parameter(mt.ones(1))], lr=0.1)
    assert lr_scheduler.MultiStepLR(optimizer, [3]).__module__ == lr_scheduler.__name__


def test_layers_that_train_themselves_may_be_kept_in_a_list():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = []
            for _ in range(2):
                self.layers = [*self.layers, nn.Linear(1, 1)]

        def forward(self, x):
            for layer in self.layers:
                x = layer(x)
            return x

    net = Net()
    net(mt.ones(1, 1)).sum().backward()
    assert all(layer.weight.grad is not None for layer in net.layers)
    with pytest.raises(TypeError, match="plain list"):
        list(net.parameters())


def test_loaders_by_the_names_of_pytorchs_files():
    from minitorch.utils.data import DataLoader, DistributedSampler, dataloader, distributed

    assert dataloader.DataLoader is DataLoader
    assert distributed.DistributedSampler is DistributedSampler


def test_what_max_pooling_returns_may_be_written_to():
    x = mt.tensor([[[1.0, 3.0, 2.0, 2.0]]], requires_grad=True)
    y = nn.functional.max_pool1d(x, 2)
    y += 5
    assert y.tolist() == [[[8, 7]]]
    nn.functional.relu_(y).sum().backward()
    assert x.grad.tolist() == [[[0, 1, 1, 0]]]


def test_numpys_axis_is_dim_everywhere():
    x = mt.arange(6.0).reshape(2, 3)
    assert mt.equal(mt.stack([x, x], axis=1), mt.stack([x, x], 1))
    assert mt.equal(mt.cat([x, x], axis=1), mt.cat([x, x], 1))
    assert mt.equal(mt.softmax(x, axis=0), x.softmax(0))
    assert mt.equal(x.log_softmax(axis=0), mt.log_softmax(x, 0))
    assert mt.equal(mt.quantile(x, 0.5, axis=1, keepdims=True), x.quantile(0.5, 1, True))
    assert x.unsqueeze(axis=1).shape == mt.unsqueeze(x, axis=1).shape == (2, 1, 3)
    assert x[:1].squeeze(axis=0).shape == x[:1].squeeze(axis=1)[0].shape == (3,)
    with pytest.raises(TypeError, match="unexpected keyword argument 'axes'"):
        mt.stack([x], axes=0)


def test_distributions_by_the_names_of_pytorchs_files():
    import minitorch.distributions.multinomial
    from minitorch.distributions.normal import Normal

    assert Normal is mt.distributions.Normal
    assert mt.distributions.studentT.StudentT is mt.distributions.StudentT
    assert minitorch.distributions.multinomial.__all__ == ["Multinomial"]


def test_a_whole_transformer_is_saved_and_loaded_by_the_names_of_its_classes(tmp_path):
    # As word_language_model: only the classes that it names may be in the file.
    model = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 8), 1)
    files = nn.modules
    allowed = [
        mt.nn.functional.relu,
        files.activation.MultiheadAttention,
        files.container.ModuleList,
        files.dropout.Dropout,
        files.linear.Linear,
        files.linear.NonDynamicallyQuantizableLinear,
        files.normalization.LayerNorm,
        files.transformer.TransformerEncoder,
        files.transformer.TransformerEncoderLayer,
    ]
    mt.save(model, tmp_path / "model.pt")
    with mt.serialization.safe_globals(allowed):
        back = mt.load(tmp_path / "model.pt")
    x = mt.ones(3, 1, 8)
    assert (back.eval()(x) == model.eval()(x)).all()
