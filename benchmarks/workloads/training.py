"""What training workloads share: the step as a user writes it, and parameters to start from."""

import numpy as np


def step(optimizer, loss_of):
    """zero_grad, forward and loss, backward, optimizer step: `n` times."""

    def loop(n):
        for _ in range(n):
            optimizer.zero_grad()
            loss = loss_of()
            loss.backward()
            optimizer.step()
        return loss

    return loop


def trainer(T, model, optimizer, criterion, x, y):
    """The loop that trains `model` on one batch (arrays) from a start equal for all frameworks."""
    initialize(T, model)
    x, y = T.from_numpy(x), T.from_numpy(y)
    return step(optimizer, lambda: criterion(model(x), y))


def initialize(T, model):
    """The same parameters for every framework, in the order in which the model lists them."""
    rng = np.random.default_rng(0)
    with T.no_grad():
        for p in model.parameters():
            value = rng.uniform(-1, 1, tuple(p.shape)) / np.sqrt(p[0].numel())
            p.copy_(T.from_numpy(value.astype(np.float32)))


def images(channels, size, batch):
    """A batch of images, and a class from 0 to 9 for each."""
    rng = np.random.default_rng(1)
    x = rng.standard_normal((batch, channels, size, size)).astype(np.float32)
    return x, rng.integers(0, 10, batch)
