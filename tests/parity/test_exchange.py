"""Weights travel both ways: a state dict through NumPy, and the same outputs on the other side."""

import numpy as np
import pytest
import torch

import minitorch


def mlp(nn):
    return nn.Sequential(
        nn.Linear(6, 16), nn.LayerNorm(16), nn.GELU(), nn.Dropout(0.3), nn.Linear(16, 4)
    )


def resnet(nn):
    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(outputs)
            self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(outputs)
            self.shortcut = nn.Sequential()
            if stride != 1 or inputs != outputs:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
                )

        def forward(self, x):
            y = nn.functional.relu(self.bn1(self.conv1(x)))
            return nn.functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    class ResNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem = nn.Sequential(
                nn.Conv2d(3, 8, 7, 2, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
                nn.MaxPool2d(3, 2, 1),
            )  # fmt: skip
            self.layers = nn.ModuleList([Block(8, 8, 1), Block(8, 16, 2), Block(16, 16, 1)])
            self.head = nn.Linear(16, 5)

        def forward(self, x):
            x = self.stem(x)
            for layer in self.layers:
                x = layer(x)
            return self.head(nn.functional.adaptive_avg_pool2d(x, 1).flatten(1))

    return ResNet()


def transformer(nn):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.embed = nn.Embedding(20, 16)
            self.body = nn.Transformer(16, 4, 2, 2, 32, batch_first=True)
            self.head = nn.Linear(16, 20)

        def forward(self, source, target):
            mask = nn.Transformer.generate_square_subsequent_mask(target.shape[1])
            hidden = self.body(self.embed(source), self.embed(target), tgt_mask=mask)
            return self.head(hidden)

    return Model()


def lstm(nn):
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 8, 2, batch_first=True, dropout=0.2, bidirectional=True)
            self.head = nn.Linear(16, 2)

        def forward(self, x):
            return self.head(self.lstm(x)[0][:, -1])

    return Model()


def numbers(*shape):
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def words(*shape):
    return np.random.default_rng(1).integers(0, 20, shape)


MODELS = {
    "mlp": (mlp, [numbers(5, 6)]),
    "resnet": (resnet, [numbers(4, 3, 32, 32)]),
    "transformer": (transformer, [words(3, 7), words(3, 5)]),
    "lstm": (lstm, [numbers(4, 9, 3)]),
}


def one_step(fw, model, inputs):
    """A step of training, which also moves what batch norm remembers."""
    optimizer = fw.optim.SGD(model.parameters(), lr=0.05)
    model(*[fw.from_numpy(x) for x in inputs]).square().mean().backward()
    optimizer.step()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("direction", ["from PyTorch", "to PyTorch"])
def test_state_dicts_through_numpy(name, direction):
    make, inputs = MODELS[name]
    giver, taker = (torch, minitorch) if direction == "from PyTorch" else (minitorch, torch)
    giver.manual_seed(0)
    source, target = make(giver.nn), make(taker.nn)
    one_step(giver, source, inputs)
    arrays = {key: t.numpy().copy() for key, t in source.state_dict().items()}
    found = target.load_state_dict({k: taker.from_numpy(a) for k, a in arrays.items()})
    assert not found.missing_keys and not found.unexpected_keys
    assert list(arrays) == list(target.state_dict())
    outputs = [
        model.eval()(*[fw.from_numpy(x) for x in inputs]).detach().numpy()
        for fw, model in ((giver, source), (taker, target))
    ]
    size = np.abs(outputs[0]).max()
    np.testing.assert_allclose(outputs[1], outputs[0], rtol=1e-5, atol=2e-6 * size)


@pytest.mark.parametrize("name", MODELS)
def test_one_seed_one_training(name):
    """From the same seed: the same first weights, dropout, losses and last weights."""
    make, inputs = MODELS[name]
    losses, weights = [], []
    for fw in (torch, minitorch):
        fw.manual_seed(3)
        model = make(fw.nn)
        optimizer = fw.optim.AdamW(model.parameters(), lr=1e-3)
        history = []
        for _ in range(8):
            optimizer.zero_grad()
            loss = model(*[fw.from_numpy(x) for x in inputs]).square().mean()
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        losses.append(history)
        weights.append([p.detach().numpy() for p in model.parameters()])
    np.testing.assert_allclose(losses[1], losses[0], rtol=2e-5)
    for ours, theirs in zip(weights[1], weights[0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", ["dropout", "alpha_dropout", "dropout2d"])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (1, 0, 2, 3), (0, 2, 3, 1), (3, 2, 1, 0)])
def test_dropout_draws_as_the_elements_lie(name, order):
    results = []
    for fw in (torch, minitorch):
        fw.manual_seed(0)
        x = fw.from_numpy(numbers(2, 3, 4, 5)).permute(order)
        results.append(getattr(fw.nn.functional, name)(x, 0.4, training=True).numpy())
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6, atol=1e-6)
