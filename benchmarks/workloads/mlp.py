"""Multi-layer perceptrons: a training step, and inference."""

import numpy as np

from benchmarks.registry import workload
from benchmarks.workloads.training import initialize, trainer


def small(T):
    nn = T.nn
    return nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )


def mnist(T):
    nn = T.nn
    return nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )


def points():
    x = np.random.default_rng(1).standard_normal((100, 2)).astype(np.float32)
    return x, np.sin(x[:, :1]) * x[:, 1:]


def digits(batch):
    rng = np.random.default_rng(1)
    return rng.uniform(0, 1, (batch, 784)).astype(np.float32), rng.integers(0, 10, batch)


@workload("mlp-small", "step of a 2-16-16-1 MLP, batch 100")
def mlp_small(T):
    model = small(T)
    optimizer = T.optim.SGD(model.parameters(), lr=0.01)
    return trainer(T, model, optimizer, T.nn.MSELoss(), *points())


@workload("mlp-inference", "its outputs under no_grad, batch 100")
def mlp_inference(T):
    model, x = small(T), T.from_numpy(points()[0])
    initialize(T, model)

    def loop(n):
        with T.no_grad():
            for _ in range(n):
                out = model(x)
        return out

    return loop


def with_momentum(T, batch):
    model = mnist(T)
    optimizer = T.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return trainer(T, model, optimizer, T.nn.CrossEntropyLoss(), *digits(batch))


@workload("mlp-mnist", "step of a 784-128-64-10 MLP, batch 64, SGD with momentum")
def mlp_mnist(T):
    return with_momentum(T, 64)


@workload("mlp-mnist-512", "the same, batch 512", memory=True)
def mlp_mnist_512(T):
    return with_momentum(T, 512)


@workload("mlp-mnist-adam", "the same, batch 64, Adam")
def mlp_mnist_adam(T):
    model = mnist(T)
    optimizer = T.optim.Adam(model.parameters(), lr=0.001)
    return trainer(T, model, optimizer, T.nn.CrossEntropyLoss(), *digits(64))
