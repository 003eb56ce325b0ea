"""Training steps: zero_grad, forward, loss, backward, optimizer step, as a user writes them."""

import numpy as np

from benchmarks.registry import workload


def trainer(T, model, criterion, optimizer, x, y):
    def loop(n):
        for _ in range(n):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
        return loss

    rng = np.random.default_rng(0)  # the same start for every framework
    with T.no_grad():
        for p in model.parameters():
            value = rng.uniform(-1, 1, tuple(p.shape)) / np.sqrt(p.shape[-1])
            p.copy_(T.from_numpy(value.astype(np.float32)))
    return loop


@workload("mlp-small", "step of a 2-16-16-1 MLP, batch 100")
def mlp_small(T):
    nn = T.nn
    rng = np.random.default_rng(1)
    x = rng.standard_normal((100, 2)).astype(np.float32)
    y = np.sin(x[:, :1]) * x[:, 1:]
    model = nn.Sequential(
        nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    optimizer = T.optim.SGD(model.parameters(), lr=0.01)
    return trainer(T, model, nn.MSELoss(), optimizer, T.from_numpy(x), T.from_numpy(y))


@workload("mlp-mnist", "step of a 784-128-64-10 MLP, batch 64")
def mlp_mnist(T):
    nn = T.nn
    rng = np.random.default_rng(1)
    x = rng.uniform(0, 1, (64, 784)).astype(np.float32)
    y = rng.integers(0, 10, 64)
    model = nn.Sequential(
        nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
    )
    optimizer = T.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return trainer(T, model, nn.CrossEntropyLoss(), optimizer, T.from_numpy(x), T.from_numpy(y))
