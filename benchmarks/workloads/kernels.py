"""Single operations on arrays large enough for the arithmetic to count: forward and backward."""

import numpy as np

from benchmarks.registry import workload
from benchmarks.workloads.training import initialize


def forward_and_backward(T, function, shape, *parameters):
    """The loop over ``function(x).backward(g)``; gradients start anew each time."""
    rng = np.random.default_rng(0)
    x = T.from_numpy(rng.standard_normal(shape).astype(np.float32)).requires_grad_()
    g = T.from_numpy(rng.standard_normal(tuple(function(x).shape)).astype(np.float32))

    def loop(n):
        for _ in range(n):
            for tensor in (x, *parameters):
                tensor.grad = None
            function(x).backward(g)
        return x.grad

    return loop


def of_module(T, module, shape):
    initialize(T, module)
    return forward_and_backward(T, module, shape, *module.parameters())


@workload("elementwise", "mean(gelu(x) * tanh(x) + exp(-x * x)), a million, f+b")
def elementwise(T):
    gelu = T.nn.functional.gelu
    return forward_and_backward(
        T, lambda x: (gelu(x) * T.tanh(x) + T.exp(-x * x)).mean(), (1_000_000,)
    )


@workload("relu", "relu, a million, f+b")
def relu(T):
    return forward_and_backward(T, T.nn.functional.relu, (1_000_000,))


@workload("gelu", "gelu, a million, f+b")
def gelu(T):
    return forward_and_backward(T, T.nn.functional.gelu, (1_000_000,))


@workload("softmax", "softmax (1024, 1024), f+b")
def softmax(T):
    return forward_and_backward(T, lambda x: T.softmax(x, -1), (1024, 1024))


@workload("layer-norm", "layer norm (4096, 512), f+b")
def layer_norm(T):
    return of_module(T, T.nn.LayerNorm(512), (4096, 512))


@workload("embedding", "32 x 64 rows of a table 10000 x 128, f+b")
def embedding(T):
    numbers = T.from_numpy(np.random.default_rng(1).integers(0, 10_000, (32, 64)))
    return forward_and_backward(
        T, lambda table: T.nn.functional.embedding(numbers, table), (10_000, 128)
    )


@workload("conv-16", "conv 3x3, 16 -> 16 channels, (64, 16, 32, 32), f+b")
def conv_16(T):
    return of_module(T, T.nn.Conv2d(16, 16, 3, padding=1), (64, 16, 32, 32))


@workload("conv-64", "conv 3x3, 64 -> 64 channels, (64, 64, 16, 16), f+b")
def conv_64(T):
    return of_module(T, T.nn.Conv2d(64, 64, 3, padding=1), (64, 64, 16, 16))


@workload("max-pool", "max pool 2x2, (32, 32, 32, 32), f+b")
def max_pool(T):
    return forward_and_backward(T, lambda x: T.nn.functional.max_pool2d(x, 2), (32, 32, 32, 32))


@workload("batch-norm", "batch norm (32, 32, 32, 32), f+b")
def batch_norm(T):
    return of_module(T, T.nn.BatchNorm2d(32), (32, 32, 32, 32))
