"""One step of an optimizer over 60 small parameters, whose gradients are there already."""

import numpy as np

from benchmarks.registry import workload


def stepping(T, optimizer_class, **settings):
    rng = np.random.default_rng(0)
    parameters = [
        T.from_numpy(rng.standard_normal(shape).astype(np.float32)).requires_grad_()
        for shape in [(16, 16), (16,)] * 30
    ]
    for p in parameters:
        p.grad = T.from_numpy(rng.standard_normal(tuple(p.shape)).astype(np.float32))
    optimizer = optimizer_class(parameters, lr=1e-4, **settings)

    def loop(n):
        for _ in range(n):
            optimizer.step()

    return loop


@workload("step-sgd", "SGD with momentum, 60 small parameters")
def sgd(T):
    return stepping(T, T.optim.SGD, momentum=0.9)


@workload("step-adam", "Adam, 60 small parameters")
def adam(T):
    return stepping(T, T.optim.Adam)
